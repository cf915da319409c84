"""Effects of fields of documents on the shares of topics, with intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse import csr_matrix, hstack

from topicml.checks import require
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.corpus.model_matrix import ModelMatrix
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.figures import COLOURS, finished, graph_objects
from topicml.explore.frames import frame_of
from topicml.explore.view import TopicView
from topicml.models.covariates import covariates_of
from topicml.nn.batch import Batch
from topicml.nn.document_vectors import reading
from topicml.training import deterministic

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_CHUNK = 256  # documents at a time
_SAMPLE = 5000  # documents over whose other fields contrasts and courses are averaged
_INTERCEPT = "Intercept"


@dataclass(frozen=True)
class Effects:
    """Linear effects of fields on the shares of topics: ``E[theta_k | fields] = intercept_k + columns @ effects_k``.

    Attributes
    ----------
    view : TopicView
        The topics and the documents.
    model_matrix : ModelMatrix
        The formula and its columns.
    rows : ndarray of int
        The documents with words and with all fields.
    estimate : ndarray, (n_columns + 1, n_topics)
        Effects; the first row is the intercept.
    composition, bootstrap : ndarray, (n_draws, n_columns + 1, n_topics)
        Draws by the method of composition, and by the bootstrap over documents.
    level : float
        Level of the intervals.
    """

    view: BaseView
    model_matrix: ModelMatrix
    rows: np.ndarray
    estimate: np.ndarray
    composition: np.ndarray
    bootstrap: np.ndarray
    level: float

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the intercept and of the columns."""
        return (_INTERCEPT, *self.model_matrix.columns)

    def table(self, topics: Sequence[int] | None = None, *, frame: str = "pandas") -> Any:
        """The effect of each term on each topic, as R's `estimateEffect` prints them.

        Parameters
        ----------
        topics : sequence of int, optional
            Topics; by default all that the view shows.
        frame : {"pandas", "polars"}
            Kind of data frame.

        Returns
        -------
        table : DataFrame
            topic, label, term, estimate, std_error, low, high (method of composition), low_bootstrap, high_bootstrap,
            and p, the share of draws on the other side of 0, times two.

        Raises
        ------
        InputError
            If a topic does not exist.
        """
        rows = [(term, np.eye(len(self.terms))[i]) for i, term in enumerate(self.terms)]
        return frame_of(self._columns("term", rows, topics), frame)

    def contrast(
        self, field: str, value: Any, against: Any, topics: Sequence[int] | None = None, *, frame: str = "pandas"
    ) -> Any:
        """How the share of each topic differs between two values of a field, the other fields as they are.

        Parameters
        ----------
        field : str
            A field of the formula.
        value, against : object
            Two levels, or two numbers.
        topics : sequence of int, optional
            Topics; by default all that the view shows.
        frame : {"pandas", "polars"}
            Kind of data frame.

        Returns
        -------
        table : DataFrame
            As `table`, with a column ``contrast``.

        Raises
        ------
        InputError
            If the formula does not read the field, or it cannot have a value.
        """
        weights = self._at(field, value) - self._at(field, against)
        return frame_of(self._columns("contrast", [(f"{field}: {value} - {against}", weights)], topics), frame)

    def marginal(
        self,
        field: str,
        values: Sequence[Any] | None = None,
        topics: Sequence[int] | None = None,
        *,
        frame: str = "pandas",
    ) -> Any:
        """The expected share of each topic by the values of a field, the other fields as they are.

        Parameters
        ----------
        field : str
            A field of the formula.
        values : sequence, optional
            Levels or numbers; by default all levels, or up to 30 numbers from the smallest to the largest.
        topics : sequence of int, optional
            Topics; by default all that the view shows.
        frame : {"pandas", "polars"}
            Kind of data frame.

        Returns
        -------
        table : DataFrame
            As `table`, with the field as a column.

        Raises
        ------
        InputError
            If the formula does not read the field, or it cannot have a value.
        """
        values = self._values(field) if values is None else list(values)
        return frame_of(self._columns(field, [(value, self._at(field, value)) for value in values], topics), frame)

    def plot(self, field: str, topics: Sequence[int] | None = None, *, template: str = "light") -> "Figure":
        """Plot `marginal` with the intervals of the method of composition.

        Parameters
        ----------
        field : str
            A field of the formula.
        topics : sequence of int, optional
            Topics; by default the four that the field changes most.
        template : {"light", "dark"}
            Colours of the background and text.

        Returns
        -------
        figure : plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If the formula does not read the field.
        MissingExtraError
            If plotly is not installed.
        """
        graph = graph_objects()
        values = self._values(field)
        weights = np.array([self._at(field, value) for value in values])
        if topics is None:
            change = np.ptp(weights @ self.estimate, axis=0)
            topics = [k for k in np.argsort(-change, kind="stable").tolist() if k in {*self.view.shown}][:4]
        shown = values
        if self.model_matrix.has_dates(self._corpus, field):  # dates are days since 1970 in the formula
            shown = (np.array(values) * 86_400).astype("datetime64[s]").tolist()
        figure = graph.Figure()
        for number, k in enumerate(self._topics(topics)):
            means = weights @ self.estimate[:, k]
            low, high = self._interval(self.composition[:, :, k] @ weights.T)
            colour = COLOURS[number % len(COLOURS)]
            figure.add_scatter(
                x=shown,
                y=means,
                name=self.view.labels[k],
                mode="markers" if field in self.model_matrix.levels else "lines+markers",
                line={"color": colour},
                marker={"color": colour},
                error_y={"type": "data", "symmetric": False, "array": high - means, "arrayminus": means - low},
            )
        title = f"Expected shares of topics by {field}"
        description = f"Means and {self.level:.0%} intervals for {len(values)} values, other fields as they are."
        return finished(figure, title, description, template, x=field, y="Share of topic")

    @property
    def _corpus(self) -> Corpus:
        corpus = self.view.corpus
        assert corpus is not None  # checked by `effects`
        return corpus

    def _topics(self, topics: Sequence[int] | None) -> list[int]:
        return list(self.view.shown) if topics is None else [self.view.topic(k) for k in topics]

    def _interval(self, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ends = [(1 - self.level) / 2, (1 + self.level) / 2]
        low, high = np.quantile(draws, ends, axis=0, method="weibull")  # a further draw lies between by `level`
        return low, high

    def _columns(
        self, name: str, rows: Sequence[tuple[Any, np.ndarray]], topics: Sequence[int] | None
    ) -> dict[str, list[Any]]:
        """Columns of a table: a row for each topic and each combination of effects (key, weights)."""
        shown, labels = self._topics(topics), self.view.labels
        weights = np.array([each for _, each in rows])  # (n_rows, n_columns + 1)
        estimate = weights @ self.estimate
        composition = np.einsum("rc,sck->srk", weights, self.composition)
        low, high = self._interval(composition)
        low_bootstrap, high_bootstrap = self._interval(np.einsum("rc,sck->srk", weights, self.bootstrap))
        deviation = composition.std(axis=0, ddof=1)
        n_draws = len(composition)
        tail = np.minimum((composition <= 0).sum(axis=0), (composition >= 0).sum(axis=0))
        p = np.minimum(1.0, 2 * (tail + 1) / (n_draws + 1))
        pairs = [(i, k) for k in shown for i in range(len(rows))]
        numbers = {"estimate": estimate, "std_error": deviation, "low": low, "high": high}
        numbers |= {"low_bootstrap": low_bootstrap, "high_bootstrap": high_bootstrap, "p": p}
        return {
            "topic": [k for _, k in pairs],
            "label": [labels[k] for _, k in pairs],
            name: [rows[i][0] for i, _ in pairs],
            **{key: [float(each[pair]) for pair in pairs] for key, each in numbers.items()},
        }

    def _at(self, field: str, value: Any) -> np.ndarray:
        """Mean row of the model matrix, with the intercept, if a field has a value in all documents."""
        part = self.rows[:: -(-len(self.rows) // _SAMPLE)]
        return np.concatenate([[1.0], self.model_matrix.with_value(self._corpus, part, field, value)])

    def _values(self, field: str) -> list[Any]:
        matrix = self.model_matrix
        if field in matrix.levels:
            return list(matrix.levels[field])
        present = np.unique(matrix.numbers(self._corpus, self.rows, field))
        return (present if len(present) <= 30 else np.linspace(present[0], present[-1], 30)).tolist()


def effects(
    model: Any,
    documents: Any = None,
    *,
    formula: str | None = None,
    draws: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> Effects:
    """Estimate the effect of fields of documents on the share of each topic, with intervals.

    The shares of the topics are regressed on the columns of the formula. As theta is uncertain, each of `draws`
    regressions has other theta: samples of the posterior of each document. Two intervals say how sure the effects are:
    by the method of composition, the effects of a regression are sampled from their own normal distribution; by the
    bootstrap, documents are resampled, which assumes less about the residuals. Both take the topics as given. A further
    draw would lie in an interval with the probability `level`.

    Parameters
    ----------
    model : TopicModel or TopicView
        Fitted, best with the fields in the formula of its prior (``prevalence``): without them, theta of short
        documents is near the mean of all, and effects are too small. Shares are those of words in a mixture (`ETM`,
        ``ProdLDA(decoder="mixture")``); in the product of `ProdLDA` they are weights.
    documents : Corpus, optional
        The documents, with the fields of the formula; not with a view that has documents.
    formula : str, optional
        By default the formula of the model, with its levels and knots.
    draws : int
        Number of draws for each interval.
    level : float
        Level of the intervals, between 0 and 1.
    seed : int
        Seed of the draws.

    Returns
    -------
    Effects
        With a `table`, contrasts, marginal shares and a plot.

    Raises
    ------
    InputError
        If there is no formula, documents have no words or no fields, they are fewer than the columns of the formula, or
        the columns depend on each other.

    References
    ----------
    Roberts, Stewart & Tingley, stm: An R package for structural topic models, 2019 (estimateEffect); Treier & Jackman,
    Democracy as a latent variable, 2008 (method of composition).
    """
    require(draws >= 2, "draws", draws, "at least 2")
    require(0 < level < 1, "level", level, "between 0 and 1")
    view = _view(model, documents)
    matrix, columns, rows = _design(view, formula)
    columns = csr_matrix(hstack([np.ones((len(rows), 1)), columns], dtype=np.float64))
    _check_rank(matrix, columns)
    sums = _Sums(columns.shape[1], view.n_topics, draws)
    for start, loc, scale in _posteriors(view, rows):
        rng = np.random.default_rng([seed, start])
        chunk = slice(start, start + len(loc))
        words, x = view.counts[rows[chunk]], columns[chunk].toarray()
        for draw in range(draws):
            z = loc + scale * rng.standard_normal(loc.shape)
            theta = np.exp(z - z.max(axis=1, keepdims=True))
            theta = view.changed(theta / theta.sum(axis=1, keepdims=True), words)
            sums.add(draw, x, theta, rng.poisson(1.0, len(loc)))
    estimate, composition, bootstrap = sums.solved(np.random.default_rng([seed, len(rows), 1]))
    return Effects(view, matrix, rows, estimate, composition, bootstrap, level)


class _Sums:
    """Sums over documents from which each draw's regression follows, so that no theta of all documents is kept."""

    def __init__(self, n_columns: int, n_topics: int, draws: int) -> None:
        self.n_docs = 0
        self.gram = np.zeros((n_columns, n_columns))
        self.products = np.zeros((draws, n_columns, n_topics))
        self.squares = np.zeros((draws, n_topics))
        self.weighted_gram = np.zeros((draws, n_columns, n_columns))
        self.weighted_products = np.zeros((draws, n_columns, n_topics))

    def add(self, draw: int, x: np.ndarray, theta: np.ndarray, weights: np.ndarray) -> None:
        """Add documents: their columns, the theta of a draw, and how often the bootstrap has each."""
        if draw == 0:
            self.n_docs += len(x)
            self.gram += x.T @ x
        self.products[draw] += x.T @ theta
        self.squares[draw] += (theta**2).sum(axis=0)
        weighted = x * weights[:, None]
        self.weighted_gram[draw] += weighted.T @ x
        self.weighted_products[draw] += weighted.T @ theta

    def solved(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the mean effects, the draws of the method of composition, and those of the bootstrap."""
        inverse = np.linalg.pinv(self.gram, hermitian=True)
        effects = inverse @ self.products  # (draws, n_columns, n_topics)
        freedom = max(1, self.n_docs - len(self.gram))
        residuals = self.squares - np.einsum("sck,sck->sk", effects, self.products)
        deviation = np.sqrt(np.maximum(residuals, 0.0) / freedom)
        values, vectors = np.linalg.eigh(inverse)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        noise = root @ rng.standard_normal(effects.shape)
        bootstrap = np.linalg.pinv(self.weighted_gram, hermitian=True) @ self.weighted_products
        return effects.mean(axis=0), effects + noise * deviation[:, None, :], bootstrap


def _view(model: Any, documents: Any) -> BaseView:
    if isinstance(model, BaseView):
        if documents is not None:
            raise InputError("The view has its own documents: leave `documents` out, or pass the model.")
        view = model
    else:
        view = TopicView.of(model, documents)
    view.require_documents("effects")
    if view.corpus is None:
        raise InputError("effects needs fields of the documents. Give a Corpus that has them.")
    if not hasattr(getattr(view.model, "network_", None), "prior_mean"):
        raise InputError(f"{type(view.model).__name__} has no posterior of documents, which effects needs.")
    return view


def _design(view: BaseView, formula: str | None) -> tuple[ModelMatrix, csr_matrix, np.ndarray]:
    """The model matrix, its columns, and the rows of the documents with words and with all fields."""
    corpus = view.corpus
    assert corpus is not None  # checked by `_view`
    has_words = np.flatnonzero(view.has_words)
    if not len(has_words):
        raise InputError("No document has words of the model, so there are no shares. Give documents with such words.")
    matrix: ModelMatrix | None = getattr(view.model, "model_matrix_", None)
    if formula is not None:
        matrix = ModelMatrix.of(formula, corpus, has_words)
    if matrix is None:
        raise InputError("The model has no formula of covariates (prevalence). Give one: formula='~ treatment'.")
    if not matrix.has_fields(corpus):
        raise InputError(f"The documents lack a field of the formula {matrix.formula!r}: {', '.join(matrix.fields)}.")
    columns, unknown = matrix.matrix(corpus)
    unknown = np.intersect1d(unknown, has_words)
    if len(unknown):
        raise InputError(
            f"{matrix.unknown_values(corpus, unknown)}. Leave these documents out (corpus[rows]), or give another "
            "formula."
        )
    return matrix, columns[has_words], has_words


def _check_rank(matrix: ModelMatrix, columns: csr_matrix) -> None:
    n_docs, n_columns = columns.shape
    if n_docs < n_columns:
        raise InputError(
            f"The formula {matrix.formula!r} has {n_columns} columns with the intercept, and too few documents have "
            f"words of the model: {n_docs}. Give more documents, or leave a term out."
        )
    gram = (columns.T @ columns).toarray()
    lengths = np.maximum(np.sqrt(np.diagonal(gram)), 1e-12)
    rank = np.linalg.matrix_rank(gram / np.outer(lengths, lengths), tol=1e-11, hermitian=True)
    if rank < n_columns:
        raise InputError(
            f"The columns of the formula {matrix.formula!r} depend on each other: of {n_columns} with the "
            f"intercept, {rank} are independent in {n_docs:,} documents, so their effects cannot be told "
            "apart. Leave a term out."
        )


@torch.no_grad()
def _posteriors(view: BaseView, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield the start of each chunk of rows, and the mean and scale of z of its documents.

    The evidence that `transform` adds to the encoder sharpens theta. It finds the leading topic more often, but its
    means are not those of the posterior, on which the effects and their intervals rest.
    """
    network = view.model.network_
    network.eval()
    device = next(network.parameters()).device
    covariates = covariates_of(
        getattr(view.model, "model_matrix_", None),
        getattr(view.model, "groups_", None),
        Documents(view.counts, corpus=view.corpus),
    )
    for start in range(0, len(rows), _CHUNK):
        batch = Batch.from_counts(view.counts, rows[start : start + _CHUNK]).with_covariates(covariates).to(device)
        with deterministic(device), reading(None if view.corpus is None else view.corpus.embeddings):
            posterior = network.encode(batch)
        yield start, posterior.loc.double().cpu().numpy(), posterior.scale.double().cpu().numpy()
