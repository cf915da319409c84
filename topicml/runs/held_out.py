"""Scores of a fit on its validation documents, which training did not read."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus
    from topicml.models import TopicModel

MIN_DOCUMENTS = 50
"""Validation documents with words that scores need; on fewer they would be noise."""

SUFFIX = "_held_out"
"""End of the names of these scores in ``scores.json``."""


def held_out_scores(model: "TopicModel", corpus: "Corpus", theta: "np.ndarray", topn: int = 10) -> dict[str, Any]:
    """Coherence and coverage on the validation documents of a fit.

    The validation documents choose the best epoch, but neither the start nor training reads them. Scores on documents
    that the fit used are higher: topics describe their chance co-occurrences as well.

    Parameters
    ----------
    model : TopicModel
        Fitted on `corpus`.
    corpus : Corpus
        The documents of the fit.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions of all documents.
    topn : int
        Words per topic; all words if there are fewer.

    Returns
    -------
    scores : dict
        ``c_npmi_held_out`` (``npmi_doc_held_out`` without word order) and ``document_coverage_held_out``, with their
        protocol; empty if fewer than `MIN_DOCUMENTS` documents were held out.
    """
    from topicml import metrics

    rows = model.validation_rows_
    topn = min(topn, corpus.n_words)
    if len(rows) < MIN_DOCUMENTS or topn < 2:
        return {}
    held_out = corpus[rows]
    topics = model.topics(topn)
    coherence = metrics.coherence(topics, held_out, "c_npmi" if corpus.has_order else "npmi_doc", topn)
    scores = [coherence, metrics.document_coverage(topics, held_out, theta[rows], topn)]
    records = {}
    for score in scores:
        record = score.to_dict() | {"measure": score.measure + SUFFIX, "reference": "validation documents"}
        # In the report, `coverage` is that of the documents of the fit.
        record["words_in_reference"] = record.pop("coverage", None)
        records[score.measure + SUFFIX] = {key: value for key, value in record.items() if value is not None}
    return records
