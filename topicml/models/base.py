"""How every topic model is fitted: one network, its objectives, and the documents."""

import math
import os
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from topicml.corpus.documents import Documents
from topicml.errors import InputError, TopicWarning
from topicml.models.diagnostics import Diagnostics, diagnose
from topicml.models.documents import documents_to_fit, documents_to_transform, in_model_words, with_views
from topicml.models.fingerprint import run_fingerprint
from topicml.models.fitted import CHUNK, FittedTopicModel
from topicml.models.parameters import check_numbers
from topicml.nn.network import TopicNetwork
from topicml.nn.seeding import seeded
from topicml.objectives import contrast_from
from topicml.objectives.contrast import Contrast
from topicml.pareto import balance_from
from topicml.starting import Start, start_from, starting_topics
from topicml.training import BatchSampler, Schedule, Trainer, choose_device, repeatable, split_rows
from topicml.training.device import check_precision
from topicml.training.loop import Callback, Objective


class TopicModel(FittedTopicModel):
    """Base of the topic models: fitting. A model adds its hyper-parameters, its network and its objectives."""

    batch_size: int
    exclusivity: float | str
    init: Any
    learning_rate: float
    max_epochs: int | None
    patience: int | None
    topic_rate: float
    validation_fraction: float

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
        rates = self._rates(network)
        apart = {id(parameter) for parameter, _ in rates}
        others = [p for p in network.parameters() if p.requires_grad and id(p) not in apart]
        return [{"params": others}, *({"params": [parameter], "scale": scale} for parameter, scale in rates)]

    @abstractmethod
    def _rates(self, network: TopicNetwork) -> list[tuple[Tensor, float]]:
        """Parameters that learn at a rate of their own, as a share of `learning_rate`; topics are the first."""

    @property
    def _start(self) -> Start:
        """How topics and word vectors start."""
        return start_from(self.init, self.exclusivity)

    @property
    def _start_rate(self) -> float:
        """Rate of the topics: those that start at random have farther to go."""
        return 1.0 if self._start.is_random else self.topic_rate

    def _starting_topics(self, seed: int) -> np.ndarray:
        """Centred log-weights of the topics that training starts from, (n_topics, n_words)."""
        return starting_topics(self._documents, self.n_topics, self._start, seed=seed)

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
        self.check_parameters()
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
        if documents.views:
            _warn_of_unread_views(trainer)
        trainer.callbacks = callbacks
        if checkpoint is not None:
            trainer.checkpoint = Path(checkpoint) / "training.safetensors"
            trainer.checkpoint_seconds = checkpoint_seconds
            trainer.fingerprint = run_fingerprint(self, documents)
        held = BatchSampler(documents.counts, held_out, batch_size=CHUNK, seed=seed) if len(held_out) else None
        self.history_ = trainer.run(self._sampler(documents, rows, seed), held, verbose=self.verbose)
        self._learned(network, documents)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One more epoch on these documents, at a constant learning rate; the first call starts the model.

        The words are those of the first call: a later `Corpus` or raw text may hold others, which are ignored.
        """
        self.check_parameters()
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

    def score(self, X: Any, y: Any = None) -> float:
        """Evidence lower bound in nats a document: higher is better; the same at every call."""
        check_is_fitted(self, "network_")
        documents = documents_to_transform(self, X)
        rows = documents.not_empty
        if not len(rows):
            raise InputError("None of these documents holds a word that the model knows.")
        trainer = self._make_trainer(self.network_, Schedule(1, self.learning_rate), seed=0)
        with repeatable(trainer.device):
            return -trainer.evaluate(BatchSampler(documents.counts, rows, batch_size=CHUNK, seed=0))

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
        with seeded(seed):
            for contrast in contrasts.values():
                contrast.prepare(self._documents, network=network, batch_size=self.batch_size)

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
        self.diagnostics_: Diagnostics = diagnose(
            theta, self._top_ids(min(10, self.n_features_in_)), self.n_features_in_
        )

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

    def check_parameters(self) -> None:
        """Raise `InputError` for a hyper-parameter out of range, as `fit` does before it reads the documents."""
        contrast_from(self.contrast)
        balance_from(self.balance)
        check_numbers(self)
        start_from(self.init, self.exclusivity)
        check_precision(self.precision)


def _warn_of_unread_views(trainer: Trainer) -> None:
    if not any(getattr(each, "reads_views", False) for each in (trainer.objectives | trainer.contrasts).values()):
        warnings.warn(
            "Views of the documents were given, and nothing reads them. Give contrast='set' or another contrast, by "
            "name or with view='user'.",
            TopicWarning,
            stacklevel=4,
        )
