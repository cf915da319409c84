"""How good the topics and theta of one fit are, by topicml's metrics on the corpus they were fitted to."""

import numpy as np

from topicml.corpus import Corpus
from topicml.metrics import clustering, coherence, topic_diversity

ORDERED = ("c_npmi", "c_v")
MEASURES = (*ORDERED, "npmi_doc", "td25", "purity", "nmi")


def scores(topics: list[list[str]], theta: np.ndarray, corpus: Corpus) -> dict[str, float | int]:
    """Return the measures that the corpus allows, and the number of topics that are some document's largest.

    ``c_npmi`` and ``c_v`` (windows) need word order, ``purity`` and ``nmi`` the field "label". Top 10 words for
    coherence, top 25 for ``td25``. All documents count, empty ones too.
    """
    found: dict[str, float | int] = {}
    for measure in (*(ORDERED if corpus.has_order else ()), "npmi_doc"):
        found[measure] = float(coherence(topics, corpus, measure=measure, topn=10).mean)
    found["td25"] = float(topic_diversity(topics, topn=25))
    if "label" in corpus.fields:
        clusters = clustering(theta, corpus.fields["label"])
        found["purity"], found["nmi"] = float(clusters.purity), float(clusters.nmi)
    found["topics"] = len(np.unique(theta.argmax(axis=1)))
    return found
