"""Scores of a fit on its validation documents, which it holds out of training."""

import warnings
from typing import TYPE_CHECKING, Any

from topicml.errors import TopicWarning
from topicml.runs.scoring import by_language

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

    Training does not read the validation documents, except to choose the best epoch, and neither does the start of the
    topics. Their words are part of the vocabulary; `Corpus.split` holds documents out of everything.

    Coherence is lower on few documents than on many, because rare words do not occur together in them. So the coherence
    on an equal number of training documents is next to it, to compare with: topics that describe chance co-occurrences
    of the training documents lose most.

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
        protocol; ``equal_training_sample`` of each is the value on as many training documents. Empty if fewer than
        `MIN_DOCUMENTS` documents were held out, or fewer remained.
    """
    records: dict[str, Any] = {}
    for end, topics, of_language in by_language(model, corpus, topn):
        records |= _scores(model, corpus, theta, topics, end, of_language)
    return records


def _scores(
    model: "TopicModel",
    corpus: "Corpus",
    theta: "np.ndarray",
    topics: list[list[str]],
    end: str,
    of_language: "np.ndarray | None",
) -> dict[str, Any]:
    """The scores of topics on the validation documents, or on those of one language."""
    import numpy as np

    from topicml import metrics
    from topicml.corpus.mapped import rows_of

    rows = model.validation_rows_
    topn = len(topics[0])
    is_trained_on = corpus.lengths > 0
    is_trained_on[rows] = False
    trained_on = np.flatnonzero(is_trained_on)
    if of_language is not None:
        rows, trained_on = np.intersect1d(rows, of_language), np.intersect1d(trained_on, of_language)
    if not MIN_DOCUMENTS <= len(rows) <= len(trained_on) or topn < 2:
        return {}
    sample = np.sort(np.random.default_rng(0).choice(trained_on, len(rows), replace=False))
    measure = "c_npmi" if corpus.has_order else "npmi_doc"

    def scores_of(rows: np.ndarray) -> list[metrics.Score]:
        part = corpus.borrowed(rows)
        covered = metrics.document_coverage(topics, part, rows_of(theta, rows), topn)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TopicWarning)  # few documents do not contain all words
            return [metrics.coherence(topics, part, measure, topn), covered]

    records = {}
    for score, of_training in zip(scores_of(rows), scores_of(sample), strict=True):
        record = score.to_dict() | {"measure": score.measure + SUFFIX, "reference": "validation documents"}
        record["equal_training_sample"] = of_training.mean
        # In the report, `coverage` is that of the documents of the fit.
        record["words_in_reference"] = record.pop("coverage", None)
        kept = {key: value for key, value in record.items() if value is not None}
        records[score.measure + end + SUFFIX] = kept
    return records
