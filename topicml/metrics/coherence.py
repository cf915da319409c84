"""Topic coherence: u_mass, c_uci, c_npmi and c_v, equal to gensim's and OCTIS's, and document-level NPMI."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from topicml import __version__
from topicml.checks import require
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score
from topicml.metrics.runs import REPEATS
from topicml.metrics.topics import Topics, checked_topics
from topicml.metrics.unseen import report_unseen

EPSILON = 1e-12  # gensim's value
WINDOWS = {"u_mass": None, "c_uci": 10, "c_npmi": 10, "c_v": 110, "npmi_doc": None}
UNSEEN = ("apart", "skip", "error")


def coherence(
    topics: Topics,
    reference: Corpus | Reference | Iterable[Sequence[str]],
    measure: str = "c_npmi",
    topn: int = 10,
    *,
    window: int | None = None,
    unseen: str = "apart",
    repeats: str = "gensim",
) -> Score:
    """Score topics by the co-occurrence of their words in a reference corpus.

    A probability P is the share of documents, or of sliding windows, that contain a word or both words of a pair.

    - ``u_mass``: mean of log((P(w_i, w_j) + e) / P(w_j)) over pairs with w_j before w_i in the topic; documents (Mimno
      et al. 2011).
    - ``c_uci``: mean pointwise mutual information (PMI) of pairs; windows of 10 words (Newman et al. 2010).
    - ``c_npmi``: mean normalised PMI of pairs; windows of 10 words (Bouma 2009; Aletras & Stevenson 2013).
    - ``c_v``: mean cosine of each word's vector of NPMI values with the sum of these vectors; windows of 110 words
      (Roeder et al. 2015).
    - ``npmi_doc``: mean NPMI of pairs; documents. A pair that never occurs together has -1.

    Co-occurrences are counted once for each reference: pass the same `Corpus` or `Reference` to reuse the counts.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    reference : Corpus, Reference or iterable of token lists
        The documents in which co-occurrences are counted.
    measure : {"u_mass", "c_uci", "c_npmi", "c_v", "npmi_doc"}
        One of the measures above. Those whose name begins with c_ need word order.
    topn : int
        Number of words per topic.
    window : int, optional
        Number of words in a window of a c_ measure; the defaults are above.
    unseen : {"apart", "skip", "error"}
        Treatment of words that do not occur in the reference. ``apart``: such a word never raises a score. Each of its
        pairs has the lowest value of the measure (-1 for NPMI, log(1e-12) = -27.6 for ``c_uci`` and ``u_mass``); in
        ``c_v``, its cosine is 0, and it is not part of the vectors of other words. ``skip``: leave out its pairs; a
        topic with fewer than two words in the reference is NaN and not part of the mean. ``error``: raise. gensim
        silently drops words that are not in its dictionary before it takes the first `topn`, and divides by zero for
        words that are only in the dictionary.
    repeats : {"gensim", "boolean"}
        Treatment of a word that occurs twice in a window. ``gensim``: as gensim, which drops the word when its first
        occurrence leaves the window. ``boolean``: as the measures are defined (Roeder et al. 2015). See
        `topicml.metrics.runs`.

    Returns
    -------
    score : Score
        Mean over topics, with one value per topic; ``coverage`` is the share of the topics' words that occur in the
        reference, and ``protocol["unseen_words"]`` the number of those that do not.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, a c_ measure gets a reference without word order, or an
        argument is out of range.

    Warns
    -----
    TopicWarning
        If fewer than half of a topic's words occur in the reference: it is not the reference of these topics.
    """
    require(measure in WINDOWS, "measure", measure, f"one of {', '.join(WINDOWS)}")
    require(unseen in UNSEEN, "unseen", unseen, f"one of {', '.join(UNSEEN)}")
    require(repeats in REPEATS, "repeats", repeats, f"one of {', '.join(REPEATS)}")
    if topn < 2:
        raise InputError(f"Coherence compares words: topn must be at least 2; received {topn}.")
    if window is not None and (WINDOWS[measure] is None or window < 1):
        raise InputError(
            f"window={window} is not valid for {measure}: only the c_ measures have windows, of at least 1 word."
        )
    rows = checked_topics(topics, topn)
    reference = reference if isinstance(reference, Reference) else Reference(reference)
    ids = reference.ids(rows)
    width = window or WINDOWS[measure]
    counts = reference.cooccurrence(width, repeats)
    joint_counts = counts.count(ids)
    diagonal = np.arange(topn)
    in_reference = joint_counts[:, diagonal, diagonal] > 0
    if unseen == "error" and not in_reference.all():
        topic, word = np.argwhere(~in_reference)[0]
        raise InputError(
            f"The word {rows[topic][word]!r} of topic {topic} does not occur in the reference "
            f"({(~in_reference).sum()} such words). Pass unseen='apart' or 'skip' to score the topics anyway."
        )
    report_unseen(rows, in_reference, reference)
    word_counts = joint_counts[:, diagonal, diagonal]
    per_topic = _MEASURES[measure](word_counts, joint_counts, counts.n_windows, in_reference, unseen == "apart")
    protocol: dict[str, Any] = {
        "topn": topn,
        "window": "document" if width is None else width,
        "repeats": repeats,
        "unseen": unseen,
        "coverage": float(in_reference.mean()),
        "unseen_words": int((~in_reference).sum()),
        "reference_documents": reference.corpus.n_docs,
        "reference_windows": counts.n_windows,
        "reference_fingerprint": reference.corpus.fingerprint,
        "version": __version__,
    }
    valid = per_topic[~np.isnan(per_topic)]
    return Score(measure, float(valid.mean()) if len(valid) else float("nan"), per_topic, protocol)


def _pmi(word_counts: np.ndarray, joint_counts: np.ndarray, n_units: int) -> np.ndarray:
    """log((P(i, j) + e) / (P(i) P(j))), (n_topics, topn, topn)."""
    probability = word_counts / n_units
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log((joint_counts / n_units + EPSILON) / (probability[:, :, None] * probability[:, None, :]))


def _npmi(word_counts: np.ndarray, joint_counts: np.ndarray, n_units: int) -> np.ndarray:
    """PMI / -log(P(i, j) + e), (n_topics, topn, topn)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _pmi(word_counts, joint_counts, n_units) / -np.log(joint_counts / n_units + EPSILON)


def _pair_mean(
    values: np.ndarray, mask: np.ndarray, pairs: tuple[np.ndarray, np.ndarray], lowest: float | None
) -> np.ndarray:
    """Mean of `values` over the `pairs`, (n_topics,).

    A pair with a word outside the `mask` has the value `lowest`, or is left out if that is None; then a topic without
    another pair is NaN.
    """
    i, j = pairs
    pair_mask = mask[:, i] & mask[:, j]
    total = np.where(pair_mask, values[:, i, j], 0.0 if lowest is None else lowest).sum(axis=1)
    if lowest is not None:
        return total / len(i)
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / pair_mask.sum(axis=1)


def _u_mass(
    word_counts: np.ndarray, joint_counts: np.ndarray, n_units: int, mask: np.ndarray, apart: bool
) -> np.ndarray:
    """Mean log conditional probability of a word given an earlier one, (n_topics,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        conditional = np.log(
            (joint_counts / n_units + EPSILON) / (word_counts[:, None, :] / n_units)
        )  # row i given column j
    lowest = float(np.log(EPSILON)) if apart else None
    return _pair_mean(conditional, mask, np.tril_indices(word_counts.shape[1], -1), lowest)


def _c_uci(
    word_counts: np.ndarray, joint_counts: np.ndarray, n_units: int, mask: np.ndarray, apart: bool
) -> np.ndarray:
    """Mean PMI of pairs, (n_topics,)."""
    pairs = np.triu_indices(word_counts.shape[1], 1)
    return _pair_mean(_pmi(word_counts, joint_counts, n_units), mask, pairs, float(np.log(EPSILON)) if apart else None)


def _c_npmi(
    word_counts: np.ndarray, joint_counts: np.ndarray, n_units: int, mask: np.ndarray, apart: bool
) -> np.ndarray:
    """Mean NPMI of pairs, (n_topics,)."""
    pairs = np.triu_indices(word_counts.shape[1], 1)
    return _pair_mean(_npmi(word_counts, joint_counts, n_units), mask, pairs, -1.0 if apart else None)


def _c_v(word_counts: np.ndarray, joint_counts: np.ndarray, n_units: int, mask: np.ndarray, apart: bool) -> np.ndarray:
    """Mean cosine of the words' NPMI vectors with their sum, (n_topics,); the vectors have only words of the mask."""
    vectors = np.where(mask[:, :, None] & mask[:, None, :], _npmi(word_counts, joint_counts, n_units), 0.0)
    topic_vectors = vectors.sum(axis=1)  # (n_topics, topn)
    norms = np.linalg.norm(vectors, axis=2) * np.linalg.norm(topic_vectors, axis=1)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.where(norms > 0, np.einsum("tij,tj->ti", vectors, topic_vectors) / norms, 0.0)
        total = np.where(mask, cosine, 0.0).sum(axis=1)
        of_seen = np.where(mask.sum(axis=1) > 1, total / mask.sum(axis=1), np.nan)
    if not apart:
        return of_seen
    # A negative mean of the seen words must not rise towards the 0 of the others.
    return np.where(np.isnan(of_seen), 0.0, np.minimum(of_seen, total / mask.shape[1]))


def _npmi_doc(
    word_counts: np.ndarray, joint_counts: np.ndarray, n_units: int, mask: np.ndarray, apart: bool
) -> np.ndarray:
    """Mean NPMI of pairs without epsilon, (n_topics,): -1 if a pair never occurs together, 1 if it always does."""
    joint_probability, probability = joint_counts / n_units, word_counts / n_units
    with np.errstate(divide="ignore", invalid="ignore"):
        npmi = np.log(joint_probability / (probability[:, :, None] * probability[:, None, :])) / -np.log(
            joint_probability
        )
    npmi = np.where(joint_probability == 0, -1.0, np.where(joint_probability == 1, 1.0, npmi))
    return _pair_mean(npmi, mask, np.triu_indices(word_counts.shape[1], 1), -1.0 if apart else None)


_MEASURES = {"u_mass": _u_mass, "c_uci": _c_uci, "c_npmi": _c_npmi, "c_v": _c_v, "npmi_doc": _npmi_doc}
