"""`TopicModel`: a scikit-learn estimator composed of a story, contrasts with their balance, and training settings."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from topicml.corpus.documents import Documents
from topicml.corpus.embeddings import warn_of_another_encoder
from topicml.corpus.grouping import Grouping
from topicml.corpus.model_matrix import ModelMatrix
from topicml.errors import InputError, warn
from topicml.identity import describe
from topicml.models.calibration import Calibration, calibration_of
from topicml.models.composition import Composition, add_covariates, count_present, embeddings_of, prepare
from topicml.models.covariates import covariates_of
from topicml.models.diagnostics import Diagnostics, diagnose
from topicml.models.documents import UNKNOWN_WORDS, documents_to_fit, documents_to_transform, in_model_words, with_views
from topicml.models.filtering import add_slices, new_slices
from topicml.models.growth import Changes, Memory, growth_from
from topicml.models.identity import model_identity
from topicml.models.inference import CHUNK, infer_theta, shares_sample
from topicml.models.notebook import ShownInNotebooks
from topicml.models.prediction import PredictsWords
from topicml.models.response import PredictsResponse, with_response
from topicml.models.storage import SavedModel, save_model
from topicml.models.story import Story
from topicml.models.stream import grown_by, started_by
from topicml.models.weights import GROUP_VECTORS
from topicml.models.words import WordsOfTopics
from topicml.nn.document_vectors import reading
from topicml.nn.network import TopicNetwork
from topicml.nn.ranks import check_same, from_first, jointly
from topicml.nn.seeding import seeded
from topicml.objectives.embedding_space import knowledge_of
from topicml.settings import with_checked_arguments
from topicml.starting import dictionary_from, seeds_from
from topicml.training import (
    BatchSampler,
    Callback,
    Checkpoint,
    Step,
    Trainer,
    Training,
    WithCovariates,
    choose_device,
    evaluate,
    split_rows,
)

# The other parameters may change between two calls of partial_fit.
_NOT_OF_STORY = {"contrast", "balance", "ranking", "training", "preprocessor", "verbose", "random_state"}
_NOT_OF_STORY |= set(Training().settings())


class TopicModel(
    WordsOfTopics,
    PredictsWords,
    PredictsResponse,
    ShownInNotebooks,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """A topic model: a generative story, contrastive objectives, and training settings.

    `topicml.ProdLDA`, `topicml.ETM` and the other named models have a fixed story and take all settings as keyword
    arguments. This class takes the parts as objects, so that any story can be fitted.

    Parameters
    ----------
    story : Story
        The generative model, such as ``topicml.stories.prodlda.ProdLDAStory(n_topics=20)``.
    contrast : None, str, Contrast, or sequence of these
        Contrastive objectives that are trained together with the losses of the story: names of
        `topicml.objectives.CONTRASTS` (``set``, ``infonce``, ...) or objects such as
        ``topicml.SetContrast(set_size=8)``.
    balance : str, Balance or weighting
        How the gradients of contrasts are weighted against those of the losses of the story: ``pareto`` (a step lowers
        the contrast at 1.5 / L of the rate of the bound, at most 0.3, for documents with a mean of L words; less if
        their gradients agree), ``sum``, the name of a weighting of TorchJD, or an object of `topicml.pareto`. Without a
        contrast it has no effect.
    training : Training, optional
        The training settings; by default ``Training()``.
    ranking : str, float or WordRanking
        How `components_` and `topics` rank the words of a topic. ``smoothed``: by the weights of the decoder, smoothed
        over similar words, and by the training documents that the topic leads; as exclusive as needed so that 85 % of
        the 25 first words of all topics are distinct.
        ``decoder``: by the weights of the decoder. A number is another share of distinct words: 0.7 gives more frequent
        words that describe more documents. A `topicml.models.WordRanking` has all options. The ranking does not change
        training or `transform`; `rank_words` changes it after the fit.
    preprocessor : Preprocessor or scikit-learn vectorizer, optional
        Turns raw texts into words if `fit` receives raw texts.
    verbose : bool, optional
        Whether to show a progress bar; None shows it only at a terminal.
    random_state : int, RandomState or None
        Seed. With an int, fits have the same bits on the same machine with the same number of threads.

    Attributes
    ----------
    components_ : ndarray, (n_topics, n_words)
        Weights of the words of each topic by which `topics` ranks them (see `ranking`); rows sum to 1.
        ``network_.topic_word()`` returns those of the decoder.
    vocabulary_ : tuple of str or None
        The words; None if the model was fitted on a matrix without names of columns.
    preprocessor_ : object or None
        Turns raw texts into words.
    history_ : list of dict
        A record per epoch: objectives in nats per document, learning rate, seconds, documents per second, and
        ``skipped``, the number of steps with a loss or gradient that was not finite. With a contrast also the means
        over steps of the weights (``weight_*``) and norms (``norm_*``) of the gradients, their ``cosine``, and the
        ``stationarity`` gap (see `topicml.pareto.Balance`).
    diagnostics_ : Diagnostics
        Signs of collapsed, dead and near-duplicate topics.
    network_ : TopicNetwork
        The trained network, which is a Pyro model and guide.
    n_features_in_ : int
        Number of words.
    validation_rows_ : ndarray of int, (n_validation,)
        Rows of the documents that `fit` held out of training to choose the best epoch. A loaded model does not
        have this attribute.
    n_iter_ : int
        Number of epochs.
    calibration_ : Calibration or None
        How theta becomes a calibrated confidence; fitted on the validation documents first. None if there were too few
        documents, if the encoder reads embeddings (halves of texts, to which it is fitted, have none), or if an earlier
        version of topicml saved the model.
    smoothing_ : Smoothing or None
        How much the words of all documents count in the predictions of `perplexity`; fitted on the validation documents
        if there are enough. None in the cases of `calibration_`.
    topic_shares_ : ndarray, (n_topics,), or None
        Mean topic proportions of (at most 5,000 of) the documents of the fit. None if an earlier version of topicml
        saved the model.
    outside_knowledge_ : str or None
        What gave the model knowledge from outside the documents of its fit: the name of the encoder of the embeddings
        that its encoder, its start or a contrast read (`topicml.Corpus.with_embeddings`). None if it saw the documents
        only. Of a model that reconstructs targets with such knowledge and reads no embeddings, it names the targets.
        Tables mark such models with a dagger (†). Word vectors that a model started from are not counted.
    model_matrix_ : ModelMatrix or None
        How the fields of documents become the covariates of the prior (`prevalence` of the story).
    response_ : LinearResponse or None
        How topics predict the field `response` of the story.
    groups_ : Slices, Levels or None
        The slices of time, or the levels, in which topics differ (`time` and `content` of the story).
    topic_names_ : tuple of str or None
        The names of the seeds of the first topics; None for each topic without seeds.
    phrases_ : tuple of tuples of str, or None
        Phrases and words that name each topic; `topicml fit` and `TopicView.with_phrases` find them in the texts.
    parents_ : ndarray of int, (n_topics,), or None
        The parent of each topic in the tree that the fit learned (`parents` of the story).
    parent_names_ : tuple of str or None
        The names that seeds gave to the parents.
    changes_ : Changes
        What the last call of `partial_fit` with `grow` changed.
    edits_ : dict or None
        Edits of the topics that were saved with the model; `topicml.explore.TopicView` applies them.

    Examples
    --------
    >>> import topicml
    >>> from topicml.models import TopicModel
    >>> from topicml.stories.prodlda import ProdLDAStory
    >>> from topicml.training import Training
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = TopicModel(ProdLDAStory(n_topics=10), contrast="set", training=Training(max_epochs=5), random_state=0)
    >>> model.fit(corpus).transform(corpus).shape
    (300, 10)
    """

    diagnostics_: Diagnostics
    calibration_: Calibration | None
    edits_: dict[str, Any] | None = None
    outside_knowledge_: str | None = None
    model_matrix_: ModelMatrix | None = None
    groups_: Grouping | None = None
    folder_: str | None = None  # where it was loaded from or saved to
    _trainer: Trainer
    topic_shares_: np.ndarray | None
    changes_: Changes
    _memory: Memory
    _n_documents: int = 5000  # read by `partial_fit`; of a fit or a loaded model, the number is not known

    @with_checked_arguments
    def __init__(
        self,
        story: Story | None = None,
        *,
        contrast: Any = None,
        balance: Any = "pareto",
        training: Training | None = None,
        ranking: Any = "smoothed",
        preprocessor: Any = None,
        verbose: bool | int | None = False,
        random_state: Any = None,
    ) -> None:
        self.story = story
        self.contrast = contrast
        self.balance = balance
        self.training = training
        self.ranking = ranking
        self.preprocessor = preprocessor
        self.verbose = verbose
        self.random_state = random_state

    @property
    def n_topics(self) -> int:
        """Number of topics, K."""
        return self.composition().story.n_topics

    @property
    def reads_embeddings(self) -> bool:
        """Whether the encoder reads embeddings of documents (``encoder_input``), so that `transform` needs them."""
        return self._fitted().composition().story.reads_embeddings

    @property
    def topic_names_(self) -> tuple[str | None, ...]:
        """The name of each topic of the fitted model: those of the seeds, then None for topics without seeds."""
        check_is_fitted(self, "components_")
        return self._fitted().composition().story.topic_names

    def composition(self) -> Composition:
        """Check the story and the training settings and return the parts of the model.

        Raises
        ------
        InputError
            If `story` is not a `Story`, `training` is not a `Training`, or a setting is out of range.
        """
        if not isinstance(self.story, Story):
            raise InputError(
                f"story={self.story!r} is not a Story. Give one, such as ProdLDAStory(n_topics=20) of "
                "topicml.stories.prodlda, or use topicml.ProdLDA(n_topics=20)."
            )
        if not isinstance(self.training, Training | None):
            raise InputError(f"training={self.training!r} is not a Training. Give topicml.training.Training(...).")
        return Composition(self.story, self.training or Training(), self.contrast, self.balance, self.ranking)

    def check_parameters(self) -> None:
        """Raise `InputError` if a parameter is out of range; `fit` calls this before it reads the documents."""
        parts = self.composition()
        parts.contrasts()
        parts.balance()
        parts.ranking()

    @jointly
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
        """Learn topics from documents.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents. A matrix (dense or sparse) holds word counts, which may be fractional.
        y : array-like, (n_docs,), optional
            For a model with a `response`, its values: labels as text, or numbers, in place of the field of this name.
            Other models ignore it, as scikit-learn passes it to every transformer.
        views : sequence of Corpus, of raw texts, or of matrices, optional
            Other texts of the same documents, row by row (paraphrases, augmentations, translations), for contrastive
            objectives.
        checkpoint : path, optional
            Folder for the state of training. If it has the state of an interrupted run of the same fit, training
            continues from it and ends with the same bits.
        checkpoint_seconds : float
            Shortest time between two checkpoints.
        callbacks : sequence of functions
            Called with the record of each epoch; training stops if one returns a true value.

        Returns
        -------
        TopicModel
            The model itself.

        Raises
        ------
        InputError
            If there are fewer than two documents or no words, a parameter is out of range, `y` lacks values or has
            others than labels or numbers, or the checkpoint belongs to another fit.
        """
        self.check_parameters()
        self.__dict__.pop("_trainer", None)  # an earlier partial_fit trained another network
        documents = documents_to_fit(self, X, self.preprocessor)
        documents = with_response(documents, self.composition().story.balanced().get("response"), y)
        if views is not None:
            documents = with_views(documents, views)
        _warn_of_size(self.n_topics, documents)
        check_same(lambda: model_identity(self, documents, threads=torch.get_num_threads()))
        parts, seed = self.composition(), from_first(self._seed)
        parts.story.check_documents(documents)
        training = parts.training
        rows, held_out = split_rows(
            documents.not_empty, training.validation_fraction, seed=seed, max_held_out=training.max_held_out
        )
        documents = replace(documents, rows=rows)
        model_matrix, grouping = parts.story.model_matrix(documents), parts.story.grouping(documents)
        documents = replace(documents, covariates=covariates_of(model_matrix, grouping, documents))
        network, shapes = parts.network(documents, seed, model_matrix, grouping)
        step = parts.step(network, documents, training, seed=seed, device=choose_device(training.device))
        if documents.views:
            _warn_of_unread_views(step)
        epochs = training.epochs(len(rows), times=parts.story.times_epochs)
        trainer = Trainer(
            step,
            epochs=epochs,
            patience=training.patience_of(epochs),
            callbacks=callbacks,
            checkpoint=None if checkpoint is None else self._checkpoint(checkpoint, documents, checkpoint_seconds),
        )
        validation = parts.with_parts(_in_order(documents, held_out, seed=seed), documents) if len(held_out) else None
        batches = training.in_epochs(parts.sampler(documents, rows, seed=seed))
        with reading(embeddings_of(documents)):
            self.history_ = trainer.run(batches, validation, verbose=self.verbose)
        self.validation_rows_, self.model_matrix_, self.groups_ = held_out, model_matrix, grouping
        self.response_, self.outside_knowledge_ = parts.response(step), _knowledge(parts, step, documents)
        # Moments of Adam, the best weights and the order of documents: memory that the word vectors can have.
        del trainer, step, batches
        self._story_parameters = self._parameters_of_story()
        self._word_vectors, self._ranking = parts.word_vectors(documents, seed), parts.ranking()
        self._count_documents_led(parts, network, documents)
        self.edits_, self.folder_ = None, None  # those of an earlier fit were of other topics
        self._keep(network, shapes, documents, held_out)
        self._fit_smoothing(documents, held_out)
        self.diagnostics_.warn({**parts.story.settings(), **training.settings()})
        return self

    @jointly
    def partial_fit(self, X: Any, y: Any = None, *, grow: Any = False) -> Self:
        """Train one epoch on these documents, at a constant learning rate. The first call initialises the model.

        If no document has a word of the model, the model stays as it is, with a `TopicWarning`. If topics move over
        `time` and documents are later than the last slice, the model gets their slices: it learns the topics of these
        by as many epochs as a fit has, with those of the slice before as the prior, and all else stays what it is.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents. The first call sets the vocabulary; later calls ignore unknown words, unless the model grows.
        y : array-like, (n_docs,), optional
            As in `fit`.
        grow : bool or Growth
            Whether later calls add new words and topics; old ones keep their numbers, and `n_topics` is then the new
            number. `changes_` says what is new and what fades. A `topicml.models.Growth` has the options. ProdLDA can
            grow; it must have words with names.

        Returns
        -------
        TopicModel
            The model itself.

        Raises
        ------
        InputError
            If a parameter is out of range, the documents of the first call cannot be fitted (see `fit`), or the model
            cannot grow. The model is then what it was.
        """
        growth, before = growth_from(grow), dict(self.__dict__)
        try:
            if growth is None:
                return self._partial_fit(X, y)
            self.check_parameters()
            return grown_by(self, X, growth) if hasattr(self, "network_") else started_by(self, X, y, growth)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _partial_fit(self, X: Any, y: Any = None, *, memory: Memory | None = None) -> Self:
        """See `partial_fit`; documents in memory are trained on, too."""
        self.check_parameters()
        started = hasattr(self, "network_")
        documents = documents_to_transform(self, X) if started else documents_to_fit(self, X, self.preprocessor)
        documents = replace(in_model_words(documents), rows=documents.not_empty)
        documents = with_response(documents, self._fitted().composition().story.balanced().get("response"), y)
        topics = describe(self.components_) if started else None
        check_same(lambda: model_identity(self, documents, threads=torch.get_num_threads(), topics=topics))
        if not len(documents.not_empty):
            warn(
                "None of these documents has a word of the model, so partial_fit did not change it.",
                cause=UNKNOWN_WORDS,
            )
            return self
        if started and (slices := new_slices(self, documents)) is not None:
            add_slices(self, documents, slices)
            self._rank(self._ranking)
            return self
        parts, seed = self._fitted().composition(), from_first(self._seed)
        if not started:
            parts.story.check_documents(documents)
            self.model_matrix_, self.groups_ = parts.story.model_matrix(documents), parts.story.grouping(documents)
        documents = replace(documents, covariates=covariates_of(self.model_matrix_, self.groups_, documents))
        if not started:
            self.network_, self._start_shapes = parts.network(documents, seed, self.model_matrix_, self.groups_)
            self.vocabulary_, self.preprocessor_ = documents.vocabulary, documents.preprocessor
            self.history_ = []
            self._story_parameters = self._parameters_of_story()
            self._word_vectors, self._ranking = parts.word_vectors(documents, seed), parts.ranking()
        rows = documents.not_empty
        if len(rows) > 1:
            trained = documents if memory is None else memory.with_part(documents)
            trainer = self._continued(parts, trained, seed)
            before = getattr(self, "outside_knowledge_", None)
            self.outside_knowledge_ = _knowledge(parts, trainer.step, documents) or before
            with reading(embeddings_of(trained)):
                trainer.run_epoch(parts.sampler(trained, trained.training_rows, seed=seed))
            self.response_ = parts.response(trainer.step)
        if started and len(rows) > 1 and self.network_.deviations is not None:
            count_present(self.network_.deviations, documents)
        if len(rows) > 1 or not started:
            self._count_documents_led(parts, self.network_, documents, add=started)
        shares = getattr(self, "topic_shares_", None) if started else None
        calibration = getattr(self, "calibration_", None) if started else None
        self._keep(self.network_, self._start_shapes, documents)
        # What a few documents say does not replace what all earlier ones said.
        self.calibration_ = self.calibration_ or calibration
        if not started or self.smoothing_ is None:
            self._fit_smoothing(documents)
        if shares is not None and self.topic_shares_ is not None:
            share = len(rows) / (len(rows) + self._n_documents)
            self.topic_shares_ = share * self.topic_shares_ + (1 - share) * shares
        self._n_documents = len(rows) + (self._n_documents if started else 0)
        return self

    def score(self, X: Any, y: Any = None) -> float:
        """Compute the evidence lower bound of documents, with the same noise at every call.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents.
        y : ignored
            For compatibility with scikit-learn.

        Returns
        -------
        float
            Nats per document; higher is better.

        Raises
        ------
        InputError
            If no document has a word of the model.
        """
        check_is_fitted(self, "network_")
        documents = documents_to_transform(self, X)
        rows = documents.not_empty
        if not len(rows):
            raise InputError("None of these documents has a word of the model.")
        bound = next(iter(self._fitted().composition().story.losses().values()))
        device = next(self.network_.parameters()).device
        documents = replace(documents, covariates=covariates_of(self.model_matrix_, self.groups_, documents))
        sampler = _in_order(documents, rows, seed=0)
        with reading(embeddings_of(documents)):
            return -evaluate(self.network_, bound, sampler, seed=0, device=device)

    def transform(self, X: Any) -> np.ndarray:
        """Infer the topic proportions of documents: the softmax of the posterior mean, with the evidence of the words.

        The mean is that of the encoder, moved towards topics whose training documents contain the words of the document
        (parameter ``evidence_words`` of the model). The result is deterministic. Documents are inferred in batches of
        one size, so the result for a document has the same bits whatever the other documents of the call are, on one
        device with the same number of threads.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents. Unknown words are ignored, with a `TopicWarning`. If the encoder reads embeddings, it must be a
            Corpus that has them (`Corpus.with_embeddings`).

        Returns
        -------
        theta : ndarray, float32, (n_docs, n_topics)
            Rows sum to 1. A document without known words gets the prior mean, unless the encoder reads its embedding.

        Raises
        ------
        InputError
            If the encoder reads embeddings, and the documents have none, or have those of another length.

        Warns
        -----
        TopicWarning
            If words are unknown, or the embeddings are those of another encoder than in the fit, by its name.
        """
        check_is_fitted(self, "network_")
        documents = documents_to_transform(self, X)
        if self.reads_embeddings:
            warn_of_another_encoder(embeddings_of(documents), self.outside_knowledge_)
        with reading(embeddings_of(documents)):
            return infer_theta(
                self.network_,
                documents.counts,
                np.arange(documents.counts.shape[0]),
                covariates=covariates_of(self.model_matrix_, self.groups_, documents),
                verbose=self.verbose,
            )

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Save the model as JSON and safetensors files; `topicml.load` loads it.

        Parameters
        ----------
        folder : path
            The folder to create, or to replace in one step.
        overwrite : bool
            Whether to replace a model in `folder`.

        Raises
        ------
        InputError
            If `folder` exists and `overwrite` is false, if it is not empty and not a model, if the class of the model
            is not registered (`topicml.models.register`), or if the preprocessor cannot be written.
        """
        check_is_fitted(self, "network_")
        save_model(self, folder, overwrite=overwrite)

    def _continued(self, parts: Composition, documents: Documents, seed: int) -> Trainer:
        """The trainer of `partial_fit`, with objectives prepared for these documents."""
        if hasattr(self, "_trainer"):
            step = self._trainer.step
            prepare(step.losses, documents, self.network_, parts.training.batch_size, seed)
            prepare(step.contrasts, documents, self.network_, parts.training.batch_size, seed)
            return self._trainer
        constant = Training(**{**parts.training.settings(), "decay": False})
        device = choose_device(constant.device)
        step = parts.step(self.network_, documents, constant, seed=seed, device=device, response=self.response_)
        self._trainer = Trainer(step, epochs=1, patience=1)
        self._trainer.state.history = self.history_
        return self._trainer

    def _checkpoint(self, folder: str | os.PathLike[str], documents: Documents, seconds: float) -> Checkpoint:
        identity = model_identity(self, documents, threads=torch.get_num_threads())
        return Checkpoint(Path(folder) / "training.safetensors", identity, seconds=seconds)

    def _count_documents_led(
        self, parts: Composition, network: TopicNetwork, documents: Documents, *, add: bool = False
    ) -> None:
        """Set, or add, the training documents that each topic leads, and the evidence of words; set the tree."""
        led, before = parts.documents_led(network, documents), self._documents_led if add else None
        self._documents_led = led if before is None else before + led
        by_group, earlier = parts.led_by_group(network, documents), self._led_by_group if add else None
        self._led_by_group = by_group if by_group is None or earlier is None else earlier + by_group
        network.evidence = parts.evidence(self._documents_led, network.word_blocks)
        network.to(network.prior_loc.device)
        if network.tree is not None and not add:
            network.tree.grow_from(torch.as_tensor(parts.words_of_topics(network, documents)))

    def _keep(
        self,
        network: TopicNetwork,
        shapes: dict[str, list[int]],
        documents: Documents,
        held_out: np.ndarray | None = None,
    ) -> None:
        """Set the attributes of a fitted model; `held_out` are rows that training did not read."""
        self.network_ = network.eval()
        self._start_shapes = shapes
        self.vocabulary_ = documents.vocabulary
        self.preprocessor_ = documents.preprocessor or getattr(self, "preprocessor_", None)
        self.n_iter_ = len(self.history_)
        self._rank(self._ranking)
        sample = shares_sample(documents.not_empty)
        with reading(embeddings_of(documents)):
            theta = infer_theta(network, documents.counts, sample, covariates=documents.covariates)
        self.diagnostics_ = diagnose(theta, self._top_ids(min(10, self.n_features_in_)), self.n_features_in_)
        self.topic_shares_ = theta.mean(axis=0, dtype=np.float64)
        # Both halves of a text would get the embedding of the whole text, and agree because of it.
        self.calibration_ = None if self.reads_embeddings else calibration_of(network, documents, held_out)

    def _restore(self, saved: SavedModel, device: str) -> None:
        """Set the attributes of a fitted model from the content of a folder."""
        self.n_features_in_ = saved.n_words
        if saved.feature_names and saved.vocabulary is not None:
            self.feature_names_in_ = np.array(saved.vocabulary, dtype=object)
        self.vocabulary_ = saved.vocabulary
        self.preprocessor_ = saved.preprocessor
        self.history_ = saved.history
        self.n_iter_ = len(self.history_)
        self.diagnostics_ = saved.diagnostics
        self._start_shapes = saved.start
        self._story_parameters = self._parameters_of_story()
        story = self.composition().story
        with seeded(0):  # the weights are replaced; the caller's random numbers stay as they are
            network = story.network_of(**{name: np.ones(shape) for name, shape in saved.start.items()})
        self.model_matrix_, self.groups_ = saved.model_matrix, saved.groups
        vectors = None if saved.groups is None else saved.weights[GROUP_VECTORS].numpy()
        add_covariates(network, story, saved.model_matrix, saved.groups, vectors)
        network.load_state_dict(saved.weights)
        if network.tree is not None:
            network.tree.check()
        if network.translation is not None:
            network.translation.check(saved.n_words)
        network.word_blocks = self.composition().word_blocks(saved.vocabulary)
        network.evidence = self.composition().evidence(saved.documents_led, network.word_blocks)
        network.set_constants(saved.constants)
        self.network_ = network.to(choose_device(device)).eval()
        self._word_vectors, self._documents_led = saved.word_vectors, saved.documents_led
        self._led_by_group = saved.led_by_group
        self.rank_words()

    def _parameters_of_story(self) -> dict[str, Any]:
        """The parameters that decide what the network is."""
        values = {name: value for name, value in self.get_params(deep=False).items() if name not in _NOT_OF_STORY}
        for name, read in (("seeds", seeds_from), ("dictionary", dictionary_from)):
            if name in values:
                values[name] = read(values[name])  # not the name of a file, which may change
        return values

    def _fitted(self) -> "TopicModel":
        """Return the model with the story of its fit: what `set_params` changes of it applies at the next fit."""
        of_fit = getattr(self, "_story_parameters", {})
        return type(self)(**{**self.get_params(deep=False), **of_fit})

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state) % 2**32
        return int(check_random_state(self.random_state).randint(2**31))

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def __getstate__(self) -> dict:
        state: dict = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_trainer", "_memory", "folder_")}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _in_order(documents: Documents, rows: np.ndarray, *, seed: int) -> Any:
    """Batches of documents for evaluation."""
    batches = BatchSampler(documents.counts, rows, batch_size=CHUNK, seed=seed)
    return batches if documents.covariates is None else WithCovariates(batches, documents.covariates)


def _warn_of_size(n_topics: int, documents: Documents) -> None:
    n_docs, n_words = len(documents.not_empty), documents.counts.shape[1]
    if n_topics > min(n_docs, n_words):
        warn(
            f"n_topics={n_topics} is more than the {n_docs} documents with words, or the {n_words} words: some topics "
            "will be nearly the same. Use a smaller n_topics."
        )


def _knowledge(parts: Composition, step: Step, documents: Documents) -> str | None:
    """The source of embeddings with outside knowledge, if something reads them; else that of such targets."""
    story = parts.story
    objectives = [*step.losses.values(), *step.contrasts.values()]
    read = story.fit_reads_embeddings or any(getattr(each, "reads_embeddings", False) for each in objectives)
    knowledge, targets = knowledge_of(documents) if read else None, story.targets_of(documents)
    if knowledge is None and targets is not None and targets.outside_knowledge:
        knowledge = f"targets of {targets.source}"
    return knowledge


def _warn_of_unread_views(step: Step) -> None:
    if not any(getattr(each, "reads_views", False) for each in {**step.losses, **step.contrasts}.values()):
        warn(
            "No objective reads the views. Set contrast='set' or another contrast, by name or as an object with "
            "view='user'."
        )
