"""All scores that apply to a corpus, in one call."""

from collections.abc import Iterable
from typing import Any

from topicml.corpus import Corpus
from topicml.metrics.clusters import clustering
from topicml.metrics.coherence import WINDOWS, coherence
from topicml.metrics.diversity import inverted_rbo, topic_diversity, topic_uniqueness
from topicml.metrics.reference import Reference
from topicml.metrics.result import Scores
from topicml.metrics.table import evaluate, known_words
from topicml.metrics.topics import Topics, checked_topics, topic_lists


def score(
    topics: Topics,
    reference: Corpus | Reference,
    theta: Any = None,
    labels: Any = None,
    topn: int = 10,
    *,
    measures: str | Iterable[str] | None = None,
    beta: Any = None,
    vectors: Any = None,
    has_words: Any = None,
) -> dict[str, dict[str, Any]]:
    """Compute the default measures that the corpus allows, or the measures in `measures`.

    The defaults are coherence over documents and, if the corpus has word order, over windows; diversity; and, if
    `theta` and `labels` are given, agreement with the labels.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first. Diversity uses the first 25 of them, or all if there are fewer.
    reference : Corpus or Reference
        The documents in which words are counted.
    theta : array, optional
        Topic proportions of the labelled documents, (n_docs, n_topics).
    labels : sequence, optional
        Labels of those documents.
    topn : int
        Number of words per topic for coherence.
    measures : "all" or iterable of str, optional
        Names in `topicml.metrics.MEASURES` to compute instead of the defaults; "all": all that the input allows.
    beta : array, (n_topics, n_words), optional
        Word distributions of topics, for measures that need them.
    vectors : gensim KeyedVectors or mapping, optional
        Word vectors, for measures that need them; by default learned from the reference.
    has_words : ndarray of bool, (n_docs,), optional
        Whether each document of theta has a word that the model knows. The others have no topic and are left out of
        agreement with the labels. By default judged by the reference, if it has as many documents as theta.

    Returns
    -------
    scores : dict
        A measure's name to a JSON-able dict with ``mean``, ``per_topic`` and the protocol.

    Raises
    ------
    InputError
        If a measure is unknown or lacks an input, or an input is not valid.
    """
    corpus = reference if isinstance(reference, Reference) else Reference(reference)
    checked_topics(topics, 1)
    rows = topic_lists(topics)
    if measures is not None:
        names = None if measures == "all" else [measures] if isinstance(measures, str) else measures
        inputs = {"reference": corpus, "theta": theta, "labels": labels, "beta": beta, "vectors": vectors}
        inputs["has_words"] = has_words
        computed = evaluate(names, topn=topn, topics=topics, **inputs)
        return Scores({name: {**each.to_dict(), "measure": name} for name, each in computed.items()})
    shortest = min(map(len, rows))
    topn = min(topn, shortest)
    scores: Scores[dict[str, Any]] = Scores()
    for measure in ("c_npmi", "c_v", "npmi_doc", "u_mass", "c_uci"):
        if (WINDOWS[measure] is None or corpus.corpus.has_order) and topn > 1:
            scores[measure] = coherence(rows, corpus, measure, topn).to_dict()
    scores["topic_diversity"] = topic_diversity(rows, min(25, shortest)).to_dict()
    scores["topic_uniqueness"] = topic_uniqueness(rows, min(15, shortest)).to_dict()
    if len(rows) > 1:
        scores["inverted_rbo"] = inverted_rbo(rows, topn).to_dict()
    if theta is not None and labels is not None:
        known = known_words(corpus.corpus, theta) if has_words is None else {"has_words": has_words}
        agreement = clustering(theta, labels, **known)
        for name in ("purity", "nmi", "ari"):
            scores[name] = agreement.score(name).to_dict()
    return scores
