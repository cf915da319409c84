"""What every fitted topic model answers: scikit-learn's contract around one network."""

import os
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from topicml.errors import InputError, MissingExtraError
from topicml.metrics.completion import rows_in_both, split_counts
from topicml.models.diagnostics import Diagnostics
from topicml.models.documents import documents_to_transform
from topicml.models.notebook import ShownInNotebooks
from topicml.models.storage import save_model
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.training import choose_device, deterministic
from topicml.training.progress import documents_bar

CHUNK = 256  # documents at a time outside training: their logits are dense
_LONG = 10_000  # documents from which on inference is long enough for a bar


class FittedTopicModel(ShownInNotebooks, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Topics, and the topics of documents; storage. `TopicModel` adds how they are learned.

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

    n_topics: int
    verbose: bool | int | None
    network_: TopicNetwork
    diagnostics_: Diagnostics

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
        verbose = self.verbose if len(rows) >= _LONG else False
        with deterministic(device), documents_bar("Topics of documents", len(rows), verbose=verbose) as done:
            for start in range(0, len(rows), CHUNK):
                batch = Batch.from_counts(counts, rows[start : start + CHUNK]).to(device)
                mean = network.encode(batch).theta_mean
                mean[batch.lengths == 0] = torch.softmax(network.prior_loc, dim=-1)
                theta[start : start + CHUNK] = mean.cpu().numpy()
                done(len(mean))
        return theta

    @torch.no_grad()
    def perplexity(self, X: Any, *, seed: int = 0) -> float:
        """Held-out perplexity by document completion.

        Each document's tokens are split at random (`topicml.metrics.completion.split_counts`, also for fractional
        counts): theta is inferred from one half, the other is scored.

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
        for start in range(0, counts.shape[0], CHUNK):
            halves = split_counts(counts[start : start + CHUNK], rng)
            rows = rows_in_both(*halves)
            if not len(rows):
                continue
            seen, held_out = (Batch.from_counts(half, rows).to(device) for half in halves)
            with deterministic(device):
                words = network.words(network.encode(seen).theta_mean)
                log_likelihood += float(words.log_prob(held_out).sum())
            n_words += float(held_out.lengths.sum())
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
            If `folder` exists and `overwrite` is false, it holds something else than a model, or the preprocessor
            cannot be written.
        """
        check_is_fitted(self, "network_")
        save_model(self, folder, overwrite=overwrite)

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

    @torch.no_grad()
    def _set_components(self) -> None:
        self.components_ = self.network_.topic_word().double().cpu().numpy()
        self.components_ /= self.components_.sum(axis=1, keepdims=True)

    def __getstate__(self) -> dict:
        hidden = ("_trainer", "_documents")
        return {name: value for name, value in super().__getstate__().items() if name not in hidden}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags
