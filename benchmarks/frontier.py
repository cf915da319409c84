"""Coherence at equal diversity: topicml's first model at the td25 of each of three peers.

Coherence and diversity trade: a system with fewer distinct words has it easier. `ranking=0.7` ranks the words of a
model to a diversity of 0.7, so the model is fitted once more for each peer, and ranked to its td25.
"""

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean

from systems import OURS
from tidy import spread
from unseen_tables import values_of

from topicml.experiment import Experiment, ModelEntry

PEERS = ("scikit-learn NMF", "tomotopy LDA", "BERTopic †")
WITHIN = 0.02
"""Difference of td25 up to which two systems count as equally diverse."""


def matched_name(peer: str) -> str:
    """The name of topicml's first model at the diversity of a peer."""
    return f"{OURS[0].name} as diverse as {peer}"


def matched_experiments(experiment: Experiment, runs: Sequence[dict]) -> list[Experiment]:
    """The fits of the comparison, an experiment for each corpus and number of topics.

    Parameters
    ----------
    experiment : Experiment
        The grid of the peers: corpora, numbers of topics, seeds, measures.
    runs : sequence of dict
        Its runs with ``td25``, as `unseen_tables.with_coherence` makes them.

    Returns
    -------
    list of Experiment
        Each peer that has a run gives an entry. Its diversity is the mean td25 of the peer, to two decimals.
    """
    experiments = []
    for corpus in experiment.corpora:
        for n_topics in experiment.topics:
            values = values_of([run for run in runs if (run["corpus"], run["n_topics"]) == (corpus.name, n_topics)])
            entries = [
                ModelEntry(
                    matched_name(peer),
                    model=OURS[0].model,
                    parameters={**OURS[0].parameters, "ranking": round(mean(values[peer]["td25"]), 2)},
                )
                for peer in PEERS
                if peer in values
            ]
            if entries:
                experiments.append(replace(experiment, corpora=[corpus], models=entries, topics=[n_topics]))
    return experiments


def frontier_part(runs: Sequence[dict], matched: Sequence[dict], corpora: Sequence[str]) -> str:
    """Compare each peer with the model at its diversity.

    Parameters
    ----------
    runs, matched : sequence of dict
        Runs of the peers and of `matched_experiments`, with ``coherence`` and ``td25``.
    corpora : sequence of str
        Names of the corpora, in the order of the table.

    Returns
    -------
    str
        A Markdown section; empty if nothing is matched.
    """
    rows = []
    for corpus in corpora:
        theirs, ours = (values_of([run for run in each if run["corpus"] == corpus]) for each in (runs, matched))
        for peer in PEERS:
            if (name := matched_name(peer)) in ours and peer in theirs:
                gap = abs(mean(ours[name]["td25"]) - mean(theirs[peer]["td25"]))
                gain = mean(ours[name]["coherence"]) - mean(theirs[peer]["coherence"])
                cells = [
                    spread(each[measure]) for measure in ("td25", "coherence") for each in (theirs[peer], ours[name])
                ]
                cells[1] += "" if gap <= WITHIN else " (!)"
                rows.append([corpus, peer, *cells, f"{gain:+.3f}"])
    if not rows:
        return ""
    titles = ["corpus", "peer", "td25, peer", "td25, topicml", "coherence, peer", "coherence, topicml", "difference"]
    lines = ["| " + " | ".join(each) + " |" for each in (titles, ["---", "---", *["---:"] * 5], *rows)]
    about = (
        f"{OURS[0].name} with its words ranked to the td25 of a peer (`ranking=0.7` for a td25 of .7), because "
        f"coherence and diversity trade. (!): td25 still differs by more than {WITHIN}."
    )
    return f"## At equal diversity\n\n{about}\n\n" + "\n".join(lines)
