"""Samples of the documents of a sweep: their entries in the grid, and the agreement of their runs."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from topicml.corpus import Corpus
from topicml.experiment.entries import CorpusEntry
from topicml.experiment.halves import agreement_of
from topicml.experiment.measures import HELD_OUT_MEASURES
from topicml.experiment.parts import HELD_OUT_SHARE
from topicml.experiment.records import Records
from topicml.experiment.results import Results
from topicml.metrics.leading import leading_topics


def sample_entries(corpus: Corpus, seeds: Sequence[int]) -> list[CorpusEntry]:
    """Entries of a grid: "sample 0", ...; a model is fitted to 60 % of the documents and judged on the others.

    Parameters
    ----------
    corpus : Corpus
        All documents.
    seeds : sequence of int
        Seeds of the samples.

    Returns
    -------
    list of CorpusEntry
    """
    return [CorpusEntry(_name(seed), corpus, held_out_share=HELD_OUT_SHARE, split_seed=seed) for seed in seeds]


def _name(seed: int) -> str:
    return f"sample {seed}"


def values_by_sample(results: Results, measure: str, n_topics: int) -> dict[str, float]:
    """Values of a measure for a number of topics.

    Parameters
    ----------
    results : Results
        Results of one system.
    measure : str
        The measure.
    n_topics : int
        Number of topics.

    Returns
    -------
    dict
        Name of the sample to value; empty if the measure was not computed.
    """
    (values,) = results.values(measure, n_topics=n_topics).values() if measure in results.measures else ({},)
    return {block[0]: value for block, value in values.items()}


def sample_agreements(
    results: Results, records: Records, corpus: Corpus, seeds: Sequence[int]
) -> dict[int, dict[str, float]]:
    """The agreement of the models of different samples, on words and on all documents.

    Parameters
    ----------
    results : Results
        Results of the grid of `sample_entries`.
    records : Records
        Its runs, with arrays.
    corpus : Corpus
        All documents.
    seeds : sequence of int
        Seeds of the samples.

    Returns
    -------
    dict
        Number of topics to the mean agreement of each sample with the others, by name.
    """
    n_docs, has_words = corpus.n_docs, np.diff(corpus.counts.indptr) > 0
    runs: dict[int, dict[str, str]] = {}
    for row in results.rows:
        if row["error"] is None:
            runs.setdefault(row["n_topics"], {})[row["corpus"]] = row["run"]
    order = {_name(seed): np.random.default_rng(seed).permutation(n_docs) for seed in seeds}
    found: dict[int, dict[str, float]] = {}
    for n_topics, by_sample in runs.items():
        parts: dict[str, tuple[list[list[str]], np.ndarray]] = {}
        for sample, run in by_sample.items():
            outcome = records.outcome(run)
            if outcome is None or outcome.training_theta is None:
                continue
            n_train = len(outcome.training_theta)
            leading = np.empty(n_docs, dtype=np.int64)  # of all documents, as `Corpus.split` divided them
            leading[np.sort(order[sample][:n_train])] = leading_topics(outcome.training_theta)
            leading[np.sort(order[sample][n_train:])] = leading_topics(outcome.theta)
            parts[sample] = outcome.topics, np.where(has_words, leading, -1)
        values: dict[str, list[float]] = {sample: [] for sample in parts}
        for a, b in combinations(parts, 2):
            one = agreement_of((parts[a][0], parts[b][0]), (parts[a][1], parts[b][1]), n_topics).score
            values[a].append(one)
            values[b].append(one)
        if len(parts) > 1:
            found[n_topics] = {sample: float(np.mean(each)) for sample, each in values.items()}
    return found


def unhelpful_numbers(results: Results, topics: Sequence[int]) -> tuple[int, ...]:
    """Numbers of topics whose models predict held-out words no better than the unigram model, in the mean of samples.

    Parameters
    ----------
    results : Results
        With perplexity and unigram_perplexity.
    topics : sequence of int
        Numbers of topics.

    Returns
    -------
    tuple of int
    """
    found = []
    for n_topics in topics:
        ours, unigram = (values_by_sample(results, name, n_topics) for name in HELD_OUT_MEASURES)
        ratios = [np.log(ours[sample] / unigram[sample]) for sample in ours if sample in unigram]
        if ratios and float(np.mean(ratios)) >= 0:
            found.append(n_topics)
    return tuple(found)
