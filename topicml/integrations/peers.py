"""`fitted`: what a model of any package learned."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from topicml.errors import InputError
from topicml.integrations.learned import Fitted

# Package of the model's class to the module whose `read` knows it. None of them is imported to find out.
READERS = {
    "topicml": "topicml.integrations.own",
    "sklearn": "topicml.integrations.sklearn",
    "gensim": "topicml.integrations.gensim",
    "tomotopy": "topicml.integrations.tomotopy",
    "bertopic": "topicml.integrations.bertopic",
    "fastopic": "topicml.integrations.topmost",
    "topmost": "topicml.integrations.topmost",
}


def fitted(model: Any, documents: Any = None, *, vocabulary: Iterable[str] | Any = None, topn: int = 10) -> Fitted:
    """What a fitted topic model learned, in one form.

    Parameters
    ----------
    model
        - topicml: any model;
        - scikit-learn: LDA, NMF, TruncatedSVD, or a pipeline of a vectorizer and one of those;
        - gensim: ``LdaModel``, ``Nmf``, ``HdpModel``, ``LsiModel`` and whatever else has ``get_topics``;
        - tomotopy: ``LDAModel`` and its kin; of an ``HDPModel`` the live topics;
        - BERTopic: topics from 0 up; the outlier topic -1 is none;
        - TopMost: a trainer after ``train()``; a ``FASTopic``;
        - OCTIS: a model's output dictionary.
    documents : Corpus, matrix, or list of raw texts, optional
        What `theta` is of. By default the documents that the model was fitted on, where it remembers them (tomotopy,
        BERTopic, TopMost); else `theta` is None. Raw texts for BERTopic, FASTopic and models with a vectorizer.
    vocabulary : sequence of str or vectorizer, optional
        Words of the model's columns, where it does not know them, or the fitted vectorizer that made them.
    topn : int
        Words a topic.

    Raises
    ------
    InputError
        If the model is of no known kind or not fitted, its words are not known, or the documents are not what it reads.
    """
    if isinstance(model, Fitted):
        return model
    if isinstance(model, Mapping):
        from topicml.integrations.octis.outputs import from_output

        return from_output(model, vocabulary, topn=topn)
    package = next((name for name in map(_package, type(model).__mro__) if name in READERS), None)
    if package is None:
        raise InputError(
            f"{type(model).__module__}.{type(model).__name__} is no model that is known here. Known are models of "
            f"{', '.join(READERS)}, and OCTIS's model outputs."
        )
    return import_module(READERS[package]).read(model, documents, vocabulary, topn)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]
