"""gensim: its queries on a fitted topicml model, inputs of its `CoherenceModel`, and its models read."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from gensim import matutils, utils
from gensim.corpora import Dictionary

from topicml.corpus import Corpus, Vocabulary
from topicml.errors import InputError
from topicml.integrations.learned import Fitted, best_words, counts_over, learned
from topicml.metrics import coherence as coherence_of
from topicml.metrics.topics import Topics, checked_topics
from topicml.models import TopicModel

_CHUNK = 2048  # documents inferred at a time


def bow(corpus: Corpus) -> matutils.Sparse2Corpus:
    """The corpus as gensim's bags of words: lists of (word id, count), empty ones included; nothing is copied."""
    return matutils.Sparse2Corpus(corpus.counts, documents_columns=False)


def dictionary(corpus: Corpus | Vocabulary | Sequence[str]) -> Dictionary:
    """Return the dictionary of a corpus or of words: id i is word i; document and word frequencies are the corpus's."""
    words = corpus.vocabulary if isinstance(corpus, Corpus) else corpus
    made = Dictionary()
    made.token2id = {word: i for i, word in enumerate(words)}
    made.id2token = dict(enumerate(words))
    if isinstance(corpus, Corpus):
        documents = np.bincount(corpus.counts.indices, minlength=corpus.n_words)
        occurrences = np.asarray(corpus.counts.sum(axis=0)).ravel()
        made.dfs = {i: n for i, n in enumerate(documents.tolist()) if n}
        made.cfs = {i: n for i, n in enumerate(occurrences.tolist()) if n}
        made.num_docs, made.num_pos, made.num_nnz = corpus.n_docs, corpus.n_tokens, int(corpus.counts.nnz)
    return made


def coherence_inputs(topics: Topics | Fitted | TopicModel, corpus: Corpus, topn: int = 20) -> dict[str, Any]:
    """What gensim's ``CoherenceModel`` takes: ``CoherenceModel(**coherence_inputs(model, corpus), coherence="c_v")``.

    Parameters
    ----------
    topics : lists of words, Fitted, OCTIS's model output, or a fitted TopicModel
        What to score.
    corpus : Corpus
        The reference. Where it knows the order of words it is passed as ``texts``, else as ``corpus``, which serves
        ``u_mass`` alone.
    topn : int
        Words a topic.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words, or holds one that the corpus does not know (gensim would fail).
    """
    lists: Any = topics
    if isinstance(topics, TopicModel):
        lists = topics.topics(topn)
    elif isinstance(topics, Fitted):
        lists = topics.topics
    words = checked_topics(lists, topn)
    for number, topic in enumerate(words):
        strange = [word for word in topic if word not in corpus.vocabulary]
        if strange:
            raise InputError(f"Topic {number} holds {strange[0]!r}, which the corpus does not know. Leave it out.")
    reference = {"texts": corpus} if corpus.has_order else {"corpus": bow(corpus)}
    return {"topics": words, "dictionary": dictionary(corpus), "topn": topn, **reference}


class GensimModel:
    """A fitted topicml model that answers as gensim's ``LdaModel`` does.

    Parameters
    ----------
    model : TopicModel
        Fitted on a corpus, on texts, or on a matrix with names of columns.
    minimum_probability : float
        Smaller topics of a document are left out of `get_document_topics`.

    Attributes
    ----------
    id2word : gensim.corpora.Dictionary
        Word ids are the columns of the model. ``id2word.doc2bow(tokens)`` makes a bag of words for the model.
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
        """Word distributions, (n_topics, n_words)."""
        return self.model.components_

    def get_topic_terms(self, topicid: int, topn: int = 10) -> list[tuple[int, float]]:
        """Word ids of a topic and their probabilities, best first."""
        row = self.model.components_[self._number(topicid)]
        return [(int(i), float(row[i])) for i in np.argsort(-row, kind="stable")[:topn]]

    def show_topic(self, topicid: int, topn: int = 10) -> list[tuple[str, float]]:
        """Words of a topic and their probabilities, best first."""
        return [(self.id2word.id2token[i], weight) for i, weight in self.get_topic_terms(topicid, topn)]

    def print_topic(self, topicno: int, topn: int = 10) -> str:
        """Return a topic as gensim prints it: ``0.043*"word" + …``."""
        return " + ".join(f'{weight:.3f}*"{word}"' for word, weight in self.show_topic(topicno, topn))

    def show_topics(self, num_topics: int = 10, num_words: int = 10, formatted: bool = True) -> list[tuple[int, Any]]:
        """Number and words of the first `num_topics` topics (all for -1), as strings or as (word, probability)."""
        n = self.num_topics if num_topics < 0 else min(num_topics, self.num_topics)
        show = self.print_topic if formatted else self.show_topic
        return [(k, show(k, num_words)) for k in range(n)]

    def print_topics(self, num_topics: int = 20, num_words: int = 10) -> list[tuple[int, str]]:
        """Return the first topics as strings."""
        return self.show_topics(num_topics, num_words)

    def get_document_topics(self, bow: Iterable[Any], minimum_probability: float | None = None) -> Any:
        """Topics of a document: a list of (topic, proportion); of a corpus of them: an iterable of such lists.

        Parameters
        ----------
        bow : list of (word id, count), or an iterable of such
            A bag of words, or a corpus of them, which is read again at each iteration.
        minimum_probability : float, optional
            Smaller proportions are left out; by default the object's own.

        Raises
        ------
        InputError
            If a word id is none of the model's.
        """
        least = self.minimum_probability if minimum_probability is None else minimum_probability
        many, documents = utils.is_corpus(bow)
        proportions = _Proportions(self, documents if many else [bow], least)
        return proportions if many else next(iter(proportions))

    def __getitem__(self, bow: Iterable[Any]) -> Any:
        """Topics of a document or of a corpus, as `get_document_topics`."""
        return self.get_document_topics(bow)

    def get_term_topics(self, word_id: int | str, minimum_probability: float | None = None) -> list[tuple[int, float]]:
        """Topics that hold a word, and its probability in them."""
        least = self.minimum_probability if minimum_probability is None else minimum_probability
        column = self.id2word.token2id.get(word_id, -1) if isinstance(word_id, str) else int(word_id)
        if not 0 <= column < len(self.id2word):
            raise InputError(f"The model has no word {word_id!r}.")
        weights = self.model.components_[:, column]
        return [(k, float(weight)) for k, weight in enumerate(weights) if weight >= max(least, 1e-8)]

    def top_topics(
        self, corpus: Corpus, coherence: str = "u_mass", topn: int = 20
    ) -> list[tuple[list[tuple[float, str]], float]]:
        """Topics as [(probability, word)] with their coherence on `corpus`, the most coherent first.

        The coherence is `topicml.metrics.coherence`, which equals gensim's.
        """
        scores = coherence_of(self.model.topics(topn), corpus, coherence, topn=topn).per_topic
        assert scores is not None
        shown = [[(weight, word) for word, weight in self.show_topic(k, topn)] for k in range(self.num_topics)]
        return [(shown[k], float(scores[k])) for k in np.argsort(-scores, kind="stable")]

    def _number(self, topic: int) -> int:
        if not -self.num_topics <= topic < self.num_topics:
            raise InputError(f"There is no topic {topic}; the model has {self.num_topics}.")
        return topic


class _Proportions:
    """Topic proportions of a stream of bags of words, chunk by chunk."""

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
    ids = np.array([i for document in chunk for i, _ in document], dtype=np.int64)
    counts = np.array([n for document in chunk for _, n in document], dtype=np.float64)
    strange = ids[(ids < 0) | (ids >= n_words)]
    if len(strange):
        raise InputError(f"The word id {strange[0]} is none of the model's {n_words:,}. Use its id2word.doc2bow.")
    offsets = np.cumsum([0, *(len(document) for document in chunk)])
    return sp.csr_matrix((counts, ids, offsets), shape=(len(chunk), n_words))


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a fitted gensim model; see `topicml.integrations.fitted`.

    Columns without a word (gensim leaves gaps of ids) are left out. LSI has signed loadings, which are no
    distributions: beta and theta are None, and a topic's words are those of the largest absolute loading.
    """
    if not hasattr(model, "get_topics"):
        raise InputError(f"gensim's {type(model).__name__} is no topic model: it has no get_topics.")
    weights = np.asarray(model.get_topics(), dtype=np.float64)
    named = dict(enumerate(vocabulary)) if vocabulary is not None else model.id2word
    ids = [i for i in range(weights.shape[1]) if i in named] if hasattr(named, "keys") else range(weights.shape[1])
    words = [str(named[i]) for i in ids]
    weights = weights[:, list(ids)]
    if weights.min() < 0:
        return Fitted(best_words(np.abs(weights), words, topn), None, None, tuple(words))
    theta = None if documents is None else _theta(model, documents, words, np.array(ids))
    return learned(weights, theta, words, topn)


def _theta(model: Any, documents: Any, words: Sequence[str], ids: np.ndarray) -> np.ndarray:
    bags: Iterable[Any] = documents
    if isinstance(documents, Corpus) or sp.issparse(documents):
        counts = counts_over(documents, words)
        shape = counts.shape[0], int(ids[-1]) + 1
        ours = sp.csr_matrix((counts.data, ids[counts.indices], counts.indptr), shape=shape)
        bags = matutils.Sparse2Corpus(ours, documents_columns=False)
    rows = []
    for chunk in utils.grouper(bags, _CHUNK):
        if hasattr(model, "inference"):
            gamma = model.inference(chunk)
            rows.append(np.asarray(gamma[0] if isinstance(gamma, tuple) else gamma))
        else:
            shares = [model.get_document_topics(document, minimum_probability=0) for document in chunk]
            rows.append(matutils.corpus2dense(shares, num_terms=len(model.get_topics())).T)
    return np.concatenate(rows)
