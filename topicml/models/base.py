"""The estimator that every topic model shares: scikit-learn's contract around one network."""

import hashlib
import json
import math
import os
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from topicml.corpus.passages import passage_counts
from topicml.errors import InputError, MissingExtraError, TopicWarning
from topicml.models.diagnostics import Diagnostics, diagnose
from topicml.models.documents import Documents, documents_to_fit, documents_to_transform, in_model_words, with_views
from topicml.models.storage import save_model
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.spectral import initial_topics
from topicml.objectives import contrast_from
from topicml.objectives.contrast import Contrast
from topicml.pareto import balance_from
from topicml.settings import Settings
from topicml.training import BatchSampler, Schedule, Trainer, choose_device, split_rows
from topicml.training.loop import Callback, Objective

_CHUNK = 256  # documents at a time outside training: their logits are dense


class TopicModel(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of the topic models; a model adds its hyper-parameters, its network and its objectives.

    Attributes
    ----------
    components_ : ndarray, (n_topics, n_words)
        Word distributions of the topics; rows sum to 1.
    vocabulary_ : tuple of str or None
        The columns' words; None when fitted on a matrix without names.
    preprocessor_ : object or None
        What makes words of raw text.
    history_ : list of dict
        A record an epoch: objectives in nats a document, learning rate, seconds, documents a second, and `skipped`
        steps where something was not finite. With a contrast also, as means over steps, ``weight_*`` and ``norm_*`` of
        the losses' gradients, their ``cosine``, and the ``stationarity`` gap (see `topicml.pareto.Balance`).
    diagnostics_ : Diagnostics
        Signs of collapsed, dead and duplicate topics.
    network_ : TopicNetwork
        The trained network, a Pyro model and guide.
    n_features_in_ : int
        Number of words.
    """

    @abstractmethod
    def _build_network(self, counts: csr_matrix, seed: int) -> TopicNetwork:
        """An untrained network for these documents."""

    @abstractmethod
    def _empty_network(self, n_words: int) -> TopicNetwork:
        """A network of the right shape, to load weights into."""

    @abstractmethod
    def _objectives(self) -> dict[str, Objective]:
        """The losses to minimise; the first is the bound."""

    def _parameter_groups(self, network: TopicNetwork) -> list[dict]:
        """Adam's parameter groups; ``scale`` multiplies a group's learning rate."""
        return [{"params": list(network.parameters())}]

    def _starting_topics(self, counts: csr_matrix, seed: int) -> np.ndarray:
        """Centred log-weights of the topics that training starts from, (n_topics, n_words).

        Where the order of words is known, long documents count as passages of 40 words: words that stand near each
        other are about the same thing more often than words of the same long text.
        """
        corpus = self._documents.corpus
        if self.init == "npmi" and corpus is not None and corpus.has_order:
            counts = passage_counts(corpus, 40)
        return initial_topics(counts, self.n_topics, method=self.init, exclusivity=self.exclusivity, seed=seed)

    # ------------------------------------------------------------------ fitting

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        views: Sequence[Any] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_seconds: float = 10.0,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Learn topics.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents. A matrix (dense or sparse) holds word counts; fractional weights are taken as such.
        y : ignored
            For scikit-learn's sake.
        views : sequence of Corpus, of raw texts, or of matrices, optional
            Other texts of the same documents, row by row (a paraphrase, an augmentation, a translation of the words),
            for contrastive objectives.
        checkpoint : path, optional
            Folder for the state of training. Where it holds that of an interrupted run with the same configuration and
            documents, training continues from it and ends with the same bits.
        checkpoint_seconds : float
            Time between checkpoints, at least.
        callbacks : sequence of functions
            Called with each epoch's record; a true result stops training.

        Raises
        ------
        InputError
            If there are fewer than two documents or no words, a hyper-parameter is out of range, or the checkpoint
            belongs to another run.
        """
        self._check_parameters()
        self.__dict__.pop("_trainer", None)  # that of an earlier partial_fit, which trains another network
        documents = documents_to_fit(self, X, self.preprocessor)
        if views is not None:
            documents = with_views(documents, views)
        try:
            self._documents = documents
            self._fit(documents, checkpoint, checkpoint_seconds, callbacks)
        finally:
            del self._documents
        self.diagnostics_.warn()
        return self

    def _fit(
        self,
        documents: Documents,
        checkpoint: str | os.PathLike[str] | None,
        checkpoint_seconds: float,
        callbacks: Sequence[Callback],
    ) -> None:
        self._warn_of_size(documents)
        seed = self._seed()
        rows, held_out = split_rows(documents.not_empty, self.validation_fraction, seed=seed)
        documents = self._documents = replace(documents, rows=rows)
        network, trainer = self._prepare(documents, seed, len(rows))
        trainer.callbacks = callbacks
        if checkpoint is not None:
            trainer.checkpoint = Path(checkpoint) / "training.safetensors"
            trainer.checkpoint_seconds = checkpoint_seconds
            trainer.fingerprint = self._fingerprint(documents)
        held = BatchSampler(documents.counts, held_out, batch_size=_CHUNK, seed=seed) if len(held_out) else None
        self.history_ = trainer.run(self._sampler(documents, rows, seed), held, verbose=self.verbose)
        self._learned(network, documents)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One more epoch on these documents, at a constant learning rate; the first call starts the model.

        The words are those of the first call: a later `Corpus` or raw text may hold others, which are ignored.
        """
        self._check_parameters()
        known = hasattr(self, "network_")
        documents = documents_to_transform(self, X) if known else documents_to_fit(self, X, self.preprocessor)
        documents = replace(in_model_words(documents), rows=documents.not_empty)
        try:
            self._documents = documents
            self._fit_more(documents, known=known)
        finally:
            del self._documents
        return self

    def _fit_more(self, documents: Documents, *, known: bool) -> None:
        if not known:
            self.network_ = self._build_network(documents.counts, self._seed())
            self.vocabulary_, self.preprocessor_ = documents.vocabulary, documents.preprocessor
            self.history_ = []
        rows = documents.not_empty
        if len(rows) > 1:
            if not hasattr(self, "_trainer"):
                schedule = Schedule(1, self.learning_rate, decay=False)
                self._trainer = self._make_trainer(self.network_, schedule, self._seed())
                self._trainer.state.history = self.history_
            else:
                self._prepare_contrasts(self._trainer.contrasts, self.network_, self._seed())
            self._trainer.run_epoch(self._sampler(documents, rows, self._seed()))
        self._learned(self.network_, documents)

    def _prepare(self, documents: Documents, seed: int, n_rows: int) -> tuple[TopicNetwork, Trainer]:
        network = self._build_network(documents.counts, seed)
        steps = math.ceil(n_rows / self.batch_size)
        epochs = max(15, math.ceil(300 / steps)) if self.max_epochs is None else self.max_epochs
        patience = math.ceil(epochs / 3) if self.patience is None else self.patience
        schedule = Schedule(epochs, self.learning_rate, clip=self.clip, patience=patience)
        return network, self._make_trainer(network, schedule, seed)

    def _make_trainer(self, network: TopicNetwork, schedule: Schedule, seed: int) -> Trainer:
        return Trainer(
            network,
            self._objectives(),
            self._parameter_groups(network),
            schedule,
            seed=seed,
            device=choose_device(self.device),
            precision=self.precision,
            contrasts=self._contrasts(network, seed),
            balance=balance_from(self.balance) if self.contrast is not None else None,
        )

    def _contrasts(self, network: TopicNetwork, seed: int) -> dict[str, Contrast]:
        """The contrastive objectives, ready for the documents of this fit; none outside of one."""
        documents: Documents | None = getattr(self, "_documents", None)
        if documents is None:
            return {}
        contrasts = contrast_from(self.contrast, with_views=bool(documents.views))
        self._prepare_contrasts(contrasts, network, seed)
        return contrasts

    def _prepare_contrasts(self, contrasts: Mapping[str, Contrast], network: TopicNetwork, seed: int) -> None:
        given = self._documents
        batch_size = min(self.batch_size, given.counts.shape[0] if given.rows is None else len(given.rows))
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            for contrast in contrasts.values():
                contrast.prepare(given.counts, given.corpus, given.views, network=network, batch_size=batch_size)

    def _sampler(self, documents: Documents, rows: np.ndarray, seed: int) -> BatchSampler:
        return BatchSampler(documents.counts, rows, batch_size=self.batch_size, seed=seed)

    def _learned(self, network: TopicNetwork, documents: Documents) -> None:
        self.network_ = network.eval()
        self.vocabulary_ = documents.vocabulary
        self.preprocessor_ = documents.preprocessor or getattr(self, "preprocessor_", None)
        self.n_iter_ = len(self.history_)
        self._set_components()
        sample = documents.not_empty
        sample = sample[np.linspace(0, len(sample) - 1, min(len(sample), 5000)).astype(int)]
        theta = self._theta(documents.counts, sample)
        self.diagnostics_: Diagnostics = diagnose(theta, self._top_ids(min(10, self.n_features_in_)))

    @torch.no_grad()
    def _set_components(self) -> None:
        self.components_ = self.network_.topic_word().double().cpu().numpy()
        self.components_ /= self.components_.sum(axis=1, keepdims=True)

    def _warn_of_size(self, documents: Documents) -> None:
        n_docs, n_words = len(documents.not_empty), documents.counts.shape[1]
        if self.n_topics > min(n_docs, n_words):
            warnings.warn(
                f"n_topics={self.n_topics} is more than the {n_docs} documents with words, or the {n_words} words: "
                "topics will be alike. A smaller n_topics would do.",
                TopicWarning,
                stacklevel=4,
            )

    def _seed(self) -> int:
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state) % 2**32
        return int(check_random_state(self.random_state).randint(2**31))

    def _fingerprint(self, documents: Documents) -> str:
        parameters = {name: _told(value) for name, value in self.get_params(deep=False).items()}
        parameters = {name: value for name, value in parameters.items() if name not in ("verbose", "preprocessor")}
        parameters["threads"] = str(torch.get_num_threads())
        digest = hashlib.sha256(json.dumps([type(self).__name__, parameters], sort_keys=True).encode())
        if documents.corpus is not None:
            digest.update(documents.corpus.fingerprint.encode())
        for view in documents.views:
            digest.update(view.data.tobytes() + view.indices.tobytes() + view.indptr.tobytes())
        if documents.corpus is None:
            for array in (documents.counts.indptr, documents.counts.indices, documents.counts.data):
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    # ------------------------------------------------------------------ using

    def transform(self, X: Any) -> np.ndarray:
        """Topic proportions of documents.

        The posterior's mean (softmax of the mean of z): deterministic, and the same whatever stands beside a document.
        A document without known words gets the prior's mean.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents in the model's words; unknown words are ignored, with a `TopicWarning`.

        Returns
        -------
        theta : ndarray, float32, (n_docs, n_topics)
            Rows sum to 1.
        """
        check_is_fitted(self, "network_")
        counts = documents_to_transform(self, X).counts
        return self._theta(counts, np.arange(counts.shape[0]))

    @torch.no_grad()
    def _theta(self, counts: csr_matrix, rows: np.ndarray) -> np.ndarray:
        network = self.network_.eval()
        device = next(network.parameters()).device
        theta = np.empty((len(rows), self.n_topics), dtype=np.float32)
        for start in range(0, len(rows), _CHUNK):
            batch = Batch.from_counts(counts, rows[start : start + _CHUNK]).to(device)
            mean = network.encode(batch).theta_mean
            mean[batch.lengths == 0] = torch.softmax(network.prior_loc, dim=-1)
            theta[start : start + _CHUNK] = mean.cpu().numpy()
        return theta

    def score(self, X: Any, y: Any = None) -> float:
        """Evidence lower bound in nats a document: higher is better; the same at every call."""
        check_is_fitted(self, "network_")
        documents = documents_to_transform(self, X)
        rows = documents.not_empty
        if not len(rows):
            raise InputError("None of these documents holds a word that the model knows.")
        trainer = self._make_trainer(self.network_, Schedule(1, self.learning_rate), seed=0)
        with torch.random.fork_rng(devices=[]):
            return -trainer.evaluate(BatchSampler(documents.counts, rows, batch_size=_CHUNK, seed=0))

    @torch.no_grad()
    def perplexity(self, X: Any, *, seed: int = 0) -> float:
        """Held-out perplexity by document completion.

        Each document's tokens are split at random: theta is inferred from one half, the other is scored.

        Returns
        -------
        perplexity : float
            ``exp(-sum log p(held-out word) / held-out words)``; lower is better.

        References
        ----------
        Wallach et al. 2009, section 5.1; Rosen-Zvi et al. 2004.
        """
        check_is_fitted(self, "network_")
        counts = documents_to_transform(self, X).counts
        rng = np.random.default_rng(seed)
        network = self.network_.eval()
        device = next(network.parameters()).device
        log_likelihood, n_words = 0.0, 0.0
        for start in range(0, counts.shape[0], _CHUNK):
            chunk = counts[start : start + _CHUNK]
            seen = rng.binomial(np.rint(chunk.data).astype(np.int64), 0.5)
            halves = [_reweighted(chunk, values) for values in (seen, np.rint(chunk.data) - seen)]
            rows = np.flatnonzero((np.diff(halves[0].indptr) > 0) & (np.diff(halves[1].indptr) > 0))
            if not len(rows):
                continue
            given, held = (Batch.from_counts(half, rows).to(device) for half in halves)
            words = network.words(network.encode(given).theta_mean)
            log_likelihood += float(words.log_prob(held).sum())
            n_words += float(held.lengths.sum())
        if not n_words:
            raise InputError("No document holds two known words, so none can be split into a seen and a held-out half.")
        return float(np.exp(-log_likelihood / n_words))

    def topics(self, n: int = 10) -> list[list[str]]:
        """The `n` most probable words of each topic.

        Raises
        ------
        InputError
            If there are fewer than `n` words.
        """
        check_is_fitted(self, "components_")
        if not 1 <= n <= self.n_features_in_:
            raise InputError(f"n={n} words a topic were asked for; the vocabulary holds {self.n_features_in_}.")
        names = self.vocabulary_ or tuple(f"x{i}" for i in range(self.n_features_in_))
        return [[names[i] for i in row] for row in self._top_ids(n)]

    def topics_frame(self, n: int = 10) -> Any:
        """The `n` most probable words of each topic as a pandas frame: topic, rank, word, probability."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("topics_frame needs pandas: pip install 'topicml[frames]'.") from error
        words = self.topics(n)
        ids = self._top_ids(n)
        return pd.DataFrame(
            {
                "topic": np.repeat(np.arange(self.n_topics), n),
                "rank": np.tile(np.arange(1, n + 1), self.n_topics),
                "word": [word for topic in words for word in topic],
                "probability": np.take_along_axis(self.components_, ids, axis=1).ravel(),
            }
        )

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the model to `folder` (JSON and safetensors); `topicml.load` opens it.

        Raises
        ------
        InputError
            If `folder` exists and `overwrite` is false, or the preprocessor cannot be written.
        """
        check_is_fitted(self, "network_")
        save_model(self, folder, overwrite=overwrite)

    # ------------------------------------------------------------------ scikit-learn and storage

    def _top_ids(self, n: int) -> np.ndarray:
        return np.argsort(-self.components_, axis=1, kind="stable")[:, :n]

    @property
    def _n_features_out(self) -> int:
        return self.n_topics

    def _restore(
        self, header: dict, vocabulary: tuple[str, ...] | None, weights: dict[str, Tensor], device: str
    ) -> None:
        self.n_features_in_ = header["n_words"]
        if header["feature_names"] and vocabulary is not None:
            self.feature_names_in_ = np.array(vocabulary, dtype=object)
        self.vocabulary_ = vocabulary
        self.preprocessor_ = None
        self.history_ = header["history"]
        self.n_iter_ = len(self.history_)
        stored = header["diagnostics"]
        self.diagnostics_ = Diagnostics(**{**stored, "duplicates": [tuple(pair) for pair in stored["duplicates"]]})
        network = self._empty_network(header["n_words"])
        network.load_state_dict(weights)
        self.network_ = network.to(choose_device(device)).eval()
        self._set_components()

    def __getstate__(self) -> dict:
        hidden = ("_trainer", "_documents")
        return {name: value for name, value in super().__getstate__().items() if name not in hidden}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _check_parameters(self) -> None:
        """Raise `InputError` for a hyper-parameter out of range."""
        contrast_from(self.contrast)
        balance_from(self.balance)
        _require(self.n_topics >= 2, "n_topics", self.n_topics, "at least 2")
        _require(self.batch_size >= 2, "batch_size", self.batch_size, "at least 2")
        _require(self.max_epochs is None or self.max_epochs >= 1, "max_epochs", self.max_epochs, "None or at least 1")
        _require(self.learning_rate > 0, "learning_rate", self.learning_rate, "positive")
        _require(0 <= self.validation_fraction < 1, "validation_fraction", self.validation_fraction, "in [0, 1)")
        _require(self.patience is None or self.patience >= 1, "patience", self.patience, "None or at least 1")


def _told(value: Any) -> str:
    """A hyper-parameter as text that differs where the value does; numpy abbreviates large arrays."""
    if isinstance(value, np.ndarray):
        return hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, Settings):
        return f"{type(value).__name__}({', '.join(f'{k}={_told(v)}' for k, v in value.settings().items())})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_told, value))}]"
    return repr(value)


def _require(holds: bool, name: str, value: Any, wanted: str) -> None:
    if not holds:
        raise InputError(f"{name} must be {wanted}; received {value!r}.")


def _reweighted(counts: csr_matrix, data: np.ndarray) -> csr_matrix:
    matrix = csr_matrix((data.astype(np.float32), counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
    matrix.eliminate_zeros()
    return matrix
