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

EPSILON = 1e-12  # the same as gensim's
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

    ``u_mass``: mean over pairs of log((P(w_i, w_j) + e) / P(w_j)), j before i, over documents (Mimno et al. 2011).
    ``c_uci``: mean pointwise mutual information, over windows of 10 words (Newman et al. 2010).
    ``c_npmi``: mean normalised pointwise mutual information, over windows of 10 words (Bouma 2009; Aletras & Stevenson
    2013).
    ``c_v``: mean cosine of each word's NPMI vector with the topic's, over windows of 110 words (Roeder et al. 2015).
    ``npmi_doc``: mean NPMI over documents; -1 for a pair that never occurs together.

    Co-occurrences are counted once for each reference: pass the same `Corpus` or `Reference` to reuse the counts.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic, best first; or OCTIS's model output.
    reference : Corpus, Reference or iterable of token lists
        The documents in which co-occurrences are counted.
    measure : {"u_mass", "c_uci", "c_npmi", "c_v", "npmi_doc"}
        As above. The c_ measures need word order.
    topn : int
        Number of words per topic.
    window : int, optional
        Number of words in a window, for the c_ measures; by default as above.
    unseen : {"apart", "skip", "error"}
        Treatment of words that do not occur in the reference. ``apart``: count the word as if it occurred once, with
        no other word, so that it lowers the score. ``skip``: leave out its pairs; a topic with fewer than two seen
        words is NaN and not part of the mean. ``error``: raise. gensim silently drops words that are not in its
        dictionary before it takes the first `topn`, and divides by zero for words that are only in the dictionary.
    repeats : {"gensim", "boolean"}
        Treatment of a word that occurs twice in a window. ``gensim``: as gensim, which drops the word when its first
        occurrence leaves the window. ``boolean``: as the measures are defined (Roeder et al. 2015). See
        `topicml.metrics.runs`.

    Returns
    -------
    score : Score
        ``coverage`` is the share of the topics' words that occur in the reference.

    Raises
    ------
    InputError
        If a topic has fewer than `topn` words or repeats one, a c_ measure gets a reference without word order, or an
        argument is out of range.
    """
    require(measure in WINDOWS, "measure", measure, f"one of {', '.join(WINDOWS)}")
    require(unseen in UNSEEN, "unseen", unseen, f"one of {', '.join(UNSEEN)}")
    require(repeats in REPEATS, "repeats", repeats, f"one of {', '.join(REPEATS)}")
    if topn < 2:
        raise InputError(f"Coherence compares words: topn must be at least 2; received {topn}.")
    if window is not None and (WINDOWS[measure] is None or window < 1):
        raise InputError(
            f"window={window} does not fit {measure}: only the c_ measures take a window, of at least 1 word."
        )
    rows = checked_topics(topics, topn)
    corpus = reference if isinstance(reference, Reference) else Reference(reference)
    ids = corpus.ids(rows)
    width = window or WINDOWS[measure]
    counts = corpus.cooccurrence(width, repeats)
    together = counts.count(ids)
    diagonal = np.arange(topn)
    seen = together[:, diagonal, diagonal] > 0
    if unseen == "error" and not seen.all():
        topic, word = np.argwhere(~seen)[0]
        raise InputError(
            f"The word {rows[topic][word]!r} of topic {topic} does not occur in the reference "
            f"({(~seen).sum()} such words). Pass unseen='apart' or 'skip' to score the topics anyway."
        )
    if unseen == "apart":
        together[:, diagonal, diagonal] += ~seen
    single = together[:, diagonal, diagonal]
    per_topic = _MEASURES[measure](single, together, counts.n_windows, seen if unseen == "skip" else np.ones_like(seen))
    protocol: dict[str, Any] = {
        "topn": topn,
        "window": "document" if width is None else width,
        "repeats": repeats,
        "unseen": unseen,
        "coverage": float(seen.mean()),
        "reference_documents": corpus.corpus.n_docs,
        "reference_windows": counts.n_windows,
        "reference_fingerprint": corpus.corpus.fingerprint,
        "version": __version__,
    }
    defined = per_topic[~np.isnan(per_topic)]
    return Score(measure, float(defined.mean()) if len(defined) else float("nan"), per_topic, protocol)


def _pmi(single: np.ndarray, together: np.ndarray, n_units: int) -> np.ndarray:
    """log((P(i, j) + e) / (P(i) P(j))), (n_topics, topn, topn)."""
    share = single / n_units
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log((together / n_units + EPSILON) / (share[:, :, None] * share[:, None, :]))


def _npmi(single: np.ndarray, together: np.ndarray, n_units: int) -> np.ndarray:
    """PMI / -log(P(i, j) + e), (n_topics, topn, topn)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _pmi(single, together, n_units) / -np.log(together / n_units + EPSILON)


def _pair_mean(values: np.ndarray, used: np.ndarray, pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Mean of `values` over the `pairs` of used words, (n_topics,); NaN for a topic without such a pair."""
    i, j = pairs
    counted = used[:, i] & used[:, j]
    total = np.where(counted, values[:, i, j], 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / counted.sum(axis=1)


def _u_mass(single: np.ndarray, together: np.ndarray, n_units: int, used: np.ndarray) -> np.ndarray:
    """Mean log conditional probability of a word given an earlier one, (n_topics,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        conditional = np.log((together / n_units + EPSILON) / (single[:, None, :] / n_units))  # row i given column j
    return _pair_mean(conditional, used, np.tril_indices(single.shape[1], -1))


def _c_uci(single: np.ndarray, together: np.ndarray, n_units: int, used: np.ndarray) -> np.ndarray:
    """Mean PMI of pairs, (n_topics,)."""
    return _pair_mean(_pmi(single, together, n_units), used, np.triu_indices(single.shape[1], 1))


def _c_npmi(single: np.ndarray, together: np.ndarray, n_units: int, used: np.ndarray) -> np.ndarray:
    """Mean NPMI of pairs, (n_topics,)."""
    return _pair_mean(_npmi(single, together, n_units), used, np.triu_indices(single.shape[1], 1))


def _c_v(single: np.ndarray, together: np.ndarray, n_units: int, used: np.ndarray) -> np.ndarray:
    """Mean cosine of the words' NPMI vectors with their sum, (n_topics,)."""
    vectors = np.where(used[:, :, None] & used[:, None, :], _npmi(single, together, n_units), 0.0)
    of_topic = vectors.sum(axis=1)  # (n_topics, topn)
    norms = np.linalg.norm(vectors, axis=2) * np.linalg.norm(of_topic, axis=1)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.where(norms > 0, np.einsum("tij,tj->ti", vectors, of_topic) / norms, 0.0)
        mean = np.where(used, cosine, 0.0).sum(axis=1) / used.sum(axis=1)
    return np.where(used.sum(axis=1) > 1, mean, np.nan)


def _npmi_doc(single: np.ndarray, together: np.ndarray, n_units: int, used: np.ndarray) -> np.ndarray:
    """Mean NPMI of pairs without epsilon, (n_topics,): -1 if a pair never occurs together, 1 if it always does."""
    joint, share = together / n_units, single / n_units
    with np.errstate(divide="ignore", invalid="ignore"):
        npmi = np.log(joint / (share[:, :, None] * share[:, None, :])) / -np.log(joint)
    npmi = np.where(joint == 0, -1.0, np.where(joint == 1, 1.0, npmi))
    return _pair_mean(npmi, used, np.triu_indices(single.shape[1], 1))


_MEASURES = {"u_mass": _u_mass, "c_uci": _c_uci, "c_npmi": _c_npmi, "c_v": _c_v, "npmi_doc": _npmi_doc}
