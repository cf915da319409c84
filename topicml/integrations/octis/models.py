"""topicml's models as OCTIS models, and OCTIS's models trained on a topicml corpus."""

import json
from typing import Any

import numpy as np
from sklearn.base import clone

from topicml.checks import check_known
from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError
from topicml.integrations.fitted_topics import Fitted
from topicml.integrations.octis.datasets import NEEDS, to_dataset
from topicml.integrations.octis.outputs import from_output
from topicml.models import TopicModel

try:
    from octis.models.model import AbstractModel
except ImportError as error:
    raise MissingExtraError(f"OctisModel {NEEDS}") from error


class OctisModel(AbstractModel):
    """A topicml model that OCTIS trains, scores and optimises.

    Parameters
    ----------
    estimator : TopicModel
        The model and its settings. Trainings fit copies of it.
    use_partitions : bool
        Fit on the training documents, and also return the topics of the test documents; validation documents are left
        out, as by OCTIS's models. If false, fit on all documents.

    Attributes
    ----------
    hyperparameters : dict
        The estimator's settings. ``num_topics`` is accepted for ``n_topics``.
    trained_model : TopicModel
        The model that the last training fitted.

    Raises
    ------
    InputError
        If `estimator` is not a topicml model.

    Notes
    -----
    Repeated trainings of one instance with the same settings (OCTIS's ``model_runs``) have the seeds ``random_state``,
    ``random_state + 1``, …; with one seed all results would be equal. OCTIS's ``Optimizer.resume_optimization`` cannot
    resume with this model, because it only searches OCTIS's folder of models.

    Examples
    --------
    >>> import topicml
    >>> from topicml.integrations.octis import OctisModel, to_dataset
    >>> model = OctisModel(topicml.ProdLDA(10, random_state=0))
    >>> output = model.train_model(to_dataset(topicml.Corpus.read("lee")), {"num_topics": 5})
    >>> output["topic-document-matrix"].shape[0]
    5
    """

    def __init__(self, estimator: TopicModel, use_partitions: bool = True) -> None:
        super().__init__()
        if not isinstance(estimator, TopicModel):
            raise InputError(f"OctisModel takes a topicml model, such as ProdLDA(50); received {estimator!r:.80}.")
        self.estimator = estimator
        self.use_partitions = use_partitions
        self.hyperparameters = estimator.get_params(deep=False)
        self._trainings: dict[str, int] = {}

    def info(self) -> dict[str, str]:
        """Return the model's description for OCTIS."""
        return {"name": f"topicml's {type(self.estimator).__name__}"}

    def set_hyperparameters(self, **kwargs: Any) -> None:
        """Set settings of the estimator; `InputError` if a name is unknown."""
        self.hyperparameters.update(self._renamed(kwargs))

    def partitioning(self, use_partitions: bool, update_with_test: bool = False) -> None:
        """Choose whether to fit on the training documents alone.

        Parameters
        ----------
        use_partitions : bool
            As in the constructor.
        update_with_test : bool
            Must be false.

        Raises
        ------
        InputError
            If `update_with_test` is true.
        """
        if update_with_test:
            raise InputError(
                "A topicml model does not learn from test documents. To fit on all documents, set use_partitions=False."
            )
        self.use_partitions = use_partitions

    def train_model(
        self, dataset: Any, hyperparameters: dict[str, Any] | None = None, top_words: int = 10
    ) -> dict[str, Any]:
        """Fit the model on an OCTIS dataset.

        Parameters
        ----------
        dataset : octis.dataset.dataset.Dataset
            Its vocabulary determines the columns and their order.
        hyperparameters : dict, optional
            Settings to change in `self.hyperparameters` before training.
        top_words : int
            Words per topic; 0 for no ``topics``.

        Returns
        -------
        dict
            ``topics``; ``topic-word-matrix`` (n_topics, n_words), rows sum to 1; ``topic-document-matrix``
            (n_topics, n_docs) of the documents of the fit; with partitions, ``test-topic-document-matrix``.

        Raises
        ------
        InputError
            If a setting is unknown or out of range, or the dataset has no training documents.
        """
        self.hyperparameters.update(self._renamed(hyperparameters or {}))
        train, test = self._documents(dataset)
        vocabulary = dataset.get_vocabulary()
        corpus = Corpus.from_tokens(train, vocabulary)
        model: TopicModel = clone(self.estimator).set_params(**self._with_next_seed())
        model.fit(corpus)
        self.trained_model = model
        output: dict[str, Any] = {"topic-word-matrix": model.components_}
        if top_words > 0:
            output["topics"] = model.topics(top_words)
        output["topic-document-matrix"] = model.transform(corpus).T
        if self.use_partitions:
            test_corpus = Corpus.from_tokens(test, corpus.vocabulary)
            empty = np.zeros((0, model.n_topics), dtype=np.float32)
            output["test-topic-document-matrix"] = (model.transform(test_corpus) if test_corpus.n_docs else empty).T
        return output

    def _documents(self, dataset: Any) -> tuple[list[list[str]], list[list[str]]]:
        """The training and the test documents."""
        if not self.use_partitions:
            return dataset.get_corpus(), []
        parts = dataset.get_partitioned_corpus(use_validation=False) if dataset.get_metadata() else None
        if parts is None:
            raise InputError(
                "The dataset has no training documents. To fit on all documents, call model.partitioning(False)."
            )
        return parts

    def _renamed(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Settings under the estimator's names, as plain Python values."""
        parameters = self.estimator.get_params(deep=False)
        renamed = {"n_topics" if name == "num_topics" else name: value for name, value in settings.items()}
        for name in renamed:
            check_known(name, parameters, f"{type(self.estimator).__name__} has no hyperparameter")
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in renamed.items()}

    def _with_next_seed(self) -> dict[str, Any]:
        """The settings of the next training."""
        settings = dict(self.hyperparameters)
        seed = settings["random_state"]
        if isinstance(seed, int):
            key = json.dumps({name: repr(value) for name, value in settings.items()}, sort_keys=True)
            settings["random_state"] = seed + self._trainings.get(key, 0)
            self._trainings[key] = self._trainings.get(key, 0) + 1
        return settings


def train(
    model: Any,
    corpus: Corpus,
    hyperparameters: dict[str, Any] | None = None,
    *,
    topn: int = 10,
    logits: bool = False,
) -> Fitted:
    """Train one of OCTIS's models on all documents of a corpus.

    Parameters
    ----------
    model : octis.models.model.AbstractModel
        The model. Its partitions are switched off, and it forgets the documents of an earlier training (OCTIS's gensim
        models would train on those again).
    corpus : Corpus
        Row i of theta is its document i.
    hyperparameters : dict, optional
        The model's settings, by OCTIS's names.
    topn : int
        Words per topic.
    logits : bool
        As in `from_output`: true for OCTIS's ProdLDA.

    Returns
    -------
    Fitted

    Raises
    ------
    InputError
        As `from_output`; always for OCTIS's NeuralLDA, whose topics are not those of its normalized matrix.
    """
    output = train_octis(model, corpus, hyperparameters, topn=topn)
    return from_output(output, corpus.vocabulary, model=model, logits=logits)


def train_octis(
    model: Any, corpus: Corpus, hyperparameters: dict[str, Any] | None = None, *, topn: int = 10
) -> dict[str, Any]:
    """Train as `train` does, and return OCTIS's model output unchanged."""
    if hasattr(model, "partitioning"):
        model.partitioning(use_partitions=False)
    model.use_partitions = False
    dataset = to_dataset(corpus, partition=None)
    # Passed by position: the third argument is called top_words, except in HDP, where it is called topics.
    output: dict[str, Any] = model.train_model(dataset, dict(hyperparameters or {}), topn)
    return output
