"""`fitted`: read the fitted model of any package."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from topicml.errors import InputError
from topicml.integrations.fitted_topics import Fitted

# Package of the model's class to the module that reads it. The package itself is imported only then.
READERS = {
    "topicml": "topicml.integrations.native",
    "sklearn": "topicml.integrations.sklearn",
    "gensim": "topicml.integrations.gensim",
    "tomotopy": "topicml.integrations.tomotopy",
    "bertopic": "topicml.integrations.bertopic",
    "fastopic": "topicml.integrations.topmost",
    "topmost": "topicml.integrations.topmost",
}


def fitted(model: Any, documents: Any = None, *, vocabulary: Iterable[str] | Any = None, topn: int = 10) -> Fitted:
    """Read the topics of a fitted model of any package.

    Parameters
    ----------
    model : object
        - topicml: any model;
        - scikit-learn: LDA, NMF, TruncatedSVD, or a pipeline of a vectorizer and one of these;
        - gensim: ``LdaModel``, ``Nmf``, ``HdpModel``, ``LsiModel`` and any other model with ``get_topics``;
        - tomotopy: ``LDAModel`` and its relatives; the live topics of an ``HDPModel``;
        - BERTopic: topics from 0 on, without the outlier topic -1;
        - TopMost: a trainer after ``train()``, or a ``FASTopic``;
        - OCTIS: a model's output dictionary.
    documents : Corpus, matrix, or list of raw texts, optional
        The documents of `theta`. By default those that the model was fitted on, if it keeps them (tomotopy, BERTopic,
        TopMost); otherwise `theta` is None. BERTopic, FASTopic and models with a vectorizer read raw texts.
    vocabulary : sequence of str or vectorizer, optional
        Words of the model's columns, or the fitted vectorizer that made them, for models that do not keep their words.
    topn : int
        Words per topic.

    Returns
    -------
    Fitted
        `model` itself if it is one.

    Raises
    ------
    InputError
        If the model is of an unsupported package or not fitted, if its words are unknown, or if it cannot read the
        documents.

    Examples
    --------
    >>> import topicml
    >>> from sklearn.decomposition import NMF
    >>> from topicml.integrations import fitted
    >>> corpus = topicml.Corpus.read("lee")
    >>> nmf = NMF(5, random_state=0).fit(corpus.counts)
    >>> result = fitted(nmf, corpus, topn=5)
    >>> len(result.topics), result.theta.shape == (corpus.n_docs, 5)
    (5, True)
    """
    if isinstance(model, Fitted):
        return model
    if isinstance(model, Mapping):
        from topicml.integrations.octis.outputs import from_output

        return from_output(model, vocabulary, topn=topn)
    package = next((name for name in map(_package, type(model).__mro__) if name in READERS), None)
    if package is None:
        raise InputError(
            f"Cannot read a {type(model).__module__}.{type(model).__name__}. Supported are models of "
            f"{', '.join(READERS)}, and OCTIS's model outputs."
        )
    return import_module(READERS[package]).read(model, documents, vocabulary, topn)


def _package(kind: type) -> str:
    """The top-level package of a class."""
    return kind.__module__.partition(".")[0]
