"""gensim: its interface to a fitted topicml model, the inputs of its `CoherenceModel`, and its fitted models."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from gensim import matutils, utils
from gensim.corpora import Dictionary

from topicml.corpus import Corpus, Vocabulary
from topicml.errors import InputError
from topicml.integrations.documents import counts_over
from topicml.integrations.fitted_topics import Fitted, best_words
from topicml.metrics import coherence as coherence_of
from topicml.metrics.topics import Topics, checked_topics
from topicml.models import TopicModel

_CHUNK = 2048  # documents per inference


def bow(corpus: Corpus) -> matutils.Sparse2Corpus:
    """Return a corpus as gensim's bags of words: one list of (word id, count) per document, without a copy."""
    return matutils.Sparse2Corpus(corpus.counts, documents_columns=False)


def dictionary(corpus: Corpus | Vocabulary | Sequence[str]) -> Dictionary:
    """Return gensim's dictionary of a corpus or of words.

    Parameters
    ----------
    corpus : Corpus or sequence of str
        Id i is word i. Document and word frequencies are those of a corpus, and 0 for words alone.

    Returns
    -------
    gensim.corpora.Dictionary
    """
    words = corpus.vocabulary if isinstance(corpus, Corpus) else corpus
    result = Dictionary()
    result.token2id = {word: i for i, word in enumerate(words)}
    result.id2token = dict(enumerate(words))
    if isinstance(corpus, Corpus):
        documents = np.bincount(corpus.counts.indices, minlength=corpus.n_words)
        occurrences = np.asarray(corpus.counts.sum(axis=0)).ravel()
        result.dfs = {i: n for i, n in enumerate(documents.tolist()) if n}
        result.cfs = {i: n for i, n in enumerate(occurrences.tolist()) if n}
        result.num_docs, result.num_pos, result.num_nnz = corpus.n_docs, corpus.n_tokens, int(corpus.counts.nnz)
    return result


def coherence_inputs(topics: Topics | Fitted | TopicModel, corpus: Corpus, topn: int = 20) -> dict[str, Any]:
    """Return the arguments of gensim's coherence model.

    Use as ``CoherenceModel(**coherence_inputs(model, corpus), coherence="c_v")``.

    Parameters
    ----------
    topics : lists of words, Fitted, OCTIS's model output, or a fitted TopicModel
        What to score.
    corpus : Corpus
        The reference. With word order it is passed as ``texts``; without it as ``corpus``, which only ``u_mass`` reads.
    topn : int
        Words per topic.

    Returns
    -------
    dict
        ``topics``, ``dictionary``, ``topn``, and ``texts`` or ``corpus``.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words, or a word that is not in the corpus (gensim would fail).
    """
    lists: Any = topics
    if isinstance(topics, TopicModel):
        lists = topics.topics(topn)
    elif isinstance(topics, Fitted):
        lists = topics.topics
    words = checked_topics(lists, topn)
    for number, topic in enumerate(words):
        unknown = [word for word in topic if word not in corpus.vocabulary]
        if unknown:
            raise InputError(f"Topic {number} has the word {unknown[0]!r}, which the corpus lacks. Leave it out.")
    reference = {"texts": corpus} if corpus.has_order else {"corpus": bow(corpus)}
    return {"topics": words, "dictionary": dictionary(corpus), "topn": topn, **reference}


class GensimModel:
    """A fitted topicml model with the methods of gensim's ``LdaModel``.

    Parameters
    ----------
    model : TopicModel
        Fitted on a corpus, on texts, or on a matrix with column names.
    minimum_probability : float
        `get_document_topics` leaves out topics with a smaller proportion.

    Attributes
    ----------
    id2word : gensim.corpora.Dictionary
        Word ids are the columns of the model; ``id2word.doc2bow(tokens)`` makes a bag of words for it.
    num_topics : int
        Number of topics.

    Raises
    ------
    InputError
        If the model is not fitted or its words have no names.
    """

    def __init__(self, model: TopicModel, minimum_probability: float = 0.01) -> None:
        if not hasattr(model, "components_"):
            raise InputError(f"{type(model).__name__} is not fitted. Call fit first.")
        if model.vocabulary_ is None:
            raise InputError("The model's words have no names: it was fitted on a matrix. Fit it on a Corpus.")
        self.model = model
        self.minimum_probability = minimum_probability
        self.num_topics = model.components_.shape[0]
        self.id2word = dictionary(model.vocabulary_)

    def get_topics(self) -> np.ndarray:
        """Return the word distributions, (n_topics, n_words)."""
        return self.model.components_

    def get_topic_terms(self, topicid: int, topn: int = 10) -> list[tuple[int, float]]:
        """Return the top `topn` words of a topic as (word id, probability), best first."""
        row = self.model.components_[self._number(topicid)]
        return [(int(i), float(row[i])) for i in np.argsort(-row, kind="stable")[:topn]]

    def show_topic(self, topicid: int, topn: int = 10) -> list[tuple[str, float]]:
        """Return the top `topn` words of a topic as (word, probability), best first."""
        return [(self.id2word.id2token[i], weight) for i, weight in self.get_topic_terms(topicid, topn)]

    def print_topic(self, topicno: int, topn: int = 10) -> str:
        """Return the top `topn` words of a topic as gensim prints them: ``0.043*"word" + …``."""
        return " + ".join(f'{weight:.3f}*"{word}"' for word, weight in self.show_topic(topicno, topn))

    def show_topics(self, num_topics: int = 10, num_words: int = 10, formatted: bool = True) -> list[tuple[int, Any]]:
        """Return the first topics with their numbers.

        Parameters
        ----------
        num_topics : int
            Number of topics; -1 for all.
        num_words : int
            Words per topic.
        formatted : bool
            Return strings, as `print_topic`; otherwise lists, as `show_topic`.

        Returns
        -------
        list of (int, str) or of (int, list of (str, float))
        """
        n = self.num_topics if num_topics < 0 else min(num_topics, self.num_topics)
        show = self.print_topic if formatted else self.show_topic
        return [(k, show(k, num_words)) for k in range(n)]

    def print_topics(self, num_topics: int = 20, num_words: int = 10) -> list[tuple[int, str]]:
        """Return the first topics with their numbers, as strings; see `show_topics`."""
        return self.show_topics(num_topics, num_words)

    def get_document_topics(self, bow: Iterable[Any], minimum_probability: float | None = None) -> Any:
        """Return the topics of a document, or of each document of a corpus.

        Parameters
        ----------
        bow : list of (word id, count), or iterable of such lists
            A bag of words, or a corpus of them, which is read again at each iteration.
        minimum_probability : float, optional
            Leave out smaller proportions; by default the model's `minimum_probability`.

        Returns
        -------
        list of (topic, proportion), or iterable of such lists

        Raises
        ------
        InputError
            If a word id is not one of the model's.
        """
        least = self.minimum_probability if minimum_probability is None else minimum_probability
        many, documents = utils.is_corpus(bow)
        proportions = _Proportions(self, documents if many else [bow], least)
        return proportions if many else next(iter(proportions))

    def __getitem__(self, bow: Iterable[Any]) -> Any:
        """Return the topics of a document or of a corpus, as `get_document_topics`."""
        return self.get_document_topics(bow)

    def get_term_topics(self, word_id: int | str, minimum_probability: float | None = None) -> list[tuple[int, float]]:
        """Return the topics of a word.

        Parameters
        ----------
        word_id : int or str
            The word or its id.
        minimum_probability : float, optional
            Leave out smaller probabilities; by default the model's `minimum_probability`.

        Returns
        -------
        list of (topic, probability of the word in it)

        Raises
        ------
        InputError
            If the model does not have the word.
        """
        least = self.minimum_probability if minimum_probability is None else minimum_probability
        column = self.id2word.token2id.get(word_id, -1) if isinstance(word_id, str) else int(word_id)
        if not 0 <= column < len(self.id2word):
            raise InputError(f"The model has no word {word_id!r}.")
        weights = self.model.components_[:, column]
        return [(k, float(weight)) for k, weight in enumerate(weights) if weight >= max(least, 1e-8)]

    def top_topics(
        self, corpus: Corpus, coherence: str = "u_mass", topn: int = 20
    ) -> list[tuple[list[tuple[float, str]], float]]:
        """Return the topics with their coherence, the most coherent first.

        Parameters
        ----------
        corpus : Corpus
            The reference.
        coherence : str
            A measure of `topicml.metrics.coherence`, whose values equal gensim's.
        topn : int
            Words per topic.

        Returns
        -------
        list of (list of (probability, word), coherence)
        """
        scores = coherence_of(self.model.topics(topn), corpus, coherence, topn=topn).per_topic
        assert scores is not None
        shown = [[(weight, word) for word, weight in self.show_topic(k, topn)] for k in range(self.num_topics)]
        return [(shown[k], float(scores[k])) for k in np.argsort(-scores, kind="stable")]

    def _number(self, topic: int) -> int:
        """The topic; `InputError` if there is no topic of this number."""
        if not -self.num_topics <= topic < self.num_topics:
            raise InputError(f"There is no topic {topic}; the model has {self.num_topics}.")
        return topic


class _Proportions:
    """An iterable over the topics of documents, computed in chunks."""

    def __init__(self, model: GensimModel, documents: Iterable[Any], least: float) -> None:
        self.model, self.documents, self.least = model, documents, least

    def __iter__(self) -> Iterator[list[tuple[int, float]]]:
        n_words = len(self.model.id2word)
        for chunk in utils.grouper(self.documents, _CHUNK):
            for row in self.model.model.transform(_counts(chunk, n_words)):
                yield [(k, float(row[k])) for k in np.flatnonzero(row >= max(self.least, 1e-8)).tolist()]

    def __len__(self) -> int:
        return len(self.documents)  # type: ignore[arg-type]


def _counts(chunk: Sequence[Sequence[tuple[int, float]]], n_words: int) -> sp.csr_matrix:
    """Bags of words as a matrix of counts."""
    ids = np.array([i for document in chunk for i, _ in document], dtype=np.int64)
    counts = np.array([n for document in chunk for _, n in document], dtype=np.float64)
    unknown = ids[(ids < 0) | (ids >= n_words)]
    if len(unknown):
        raise InputError(
            f"The word id {unknown[0]} is not in the model, which has {n_words:,} words. Use its id2word.doc2bow."
        )
    offsets = np.cumsum([0, *(len(document) for document in chunk)])
    return sp.csr_matrix((counts, ids, offsets), shape=(len(chunk), n_words))


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a fitted gensim model.

    Columns without a word are left out (gensim's ids may have gaps). LSI has signed loadings, which are not
    distributions: beta and theta are None, and the words of a topic are those of largest absolute loading.

    Parameters
    ----------
    model, documents, vocabulary, topn
        As in `topicml.integrations.fitted`. Documents may also be gensim's bags of words.

    Returns
    -------
    Fitted

    Raises
    ------
    InputError
        If the model is not a topic model, or it cannot read the documents.
    """
    if not hasattr(model, "get_topics"):
        raise InputError(f"gensim's {type(model).__name__} is not a topic model: it has no get_topics.")
    weights = np.asarray(model.get_topics(), dtype=np.float64)
    words_by_id = dict(enumerate(vocabulary)) if vocabulary is not None else model.id2word
    ids = (
        [i for i in range(weights.shape[1]) if i in words_by_id]
        if hasattr(words_by_id, "keys")
        else range(weights.shape[1])
    )
    words = [str(words_by_id[i]) for i in ids]
    weights = weights[:, list(ids)]
    if weights.min() < 0:
        return Fitted(best_words(np.abs(weights), words, topn), None, None, tuple(words))
    theta = None if documents is None else _theta(model, documents, words, np.array(ids))
    return Fitted.from_weights(weights, theta, words, topn)


def _theta(model: Any, documents: Any, words: Sequence[str], ids: np.ndarray) -> np.ndarray:
    """Topic weights of documents, (n_docs, n_topics)."""
    bags: Iterable[Any] = documents
    if isinstance(documents, Corpus) or sp.issparse(documents):
        counts = counts_over(documents, words)
        shape = counts.shape[0], int(ids[-1]) + 1
        renumbered = sp.csr_matrix((counts.data, ids[counts.indices], counts.indptr), shape=shape)
        bags = matutils.Sparse2Corpus(renumbered, documents_columns=False)
    rows = []
    for chunk in utils.grouper(bags, _CHUNK):
        if hasattr(model, "inference"):
            gamma = model.inference(chunk)
            rows.append(np.asarray(gamma[0] if isinstance(gamma, tuple) else gamma))
        else:
            proportions = [model.get_document_topics(document, minimum_probability=0) for document in chunk]
            rows.append(matutils.corpus2dense(proportions, num_terms=len(model.get_topics())).T)
    return np.concatenate(rows)
