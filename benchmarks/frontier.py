"""Coherence at equal diversity: a model of topicml at several values of one parameter, next to peers.

Coherence and diversity trade: a system with fewer distinct words has it easier. So each peer is compared with the value
whose td25 is nearest to its own.
"""

import argparse
import json
from collections.abc import Sequence
from statistics import mean

from tidy import spread
from unseen_tables import values_of

from topicml.experiment import ModelEntry

PEERS = ("scikit-learn NMF", "tomotopy LDA", "BERTopic †")
WITHIN = 0.02
"""Difference of td25 up to which two systems count as equally diverse."""


def parameter_values(text: str) -> tuple[str, list[object]]:
    """Parse "exclusivity=0,0.5,auto": the name of a parameter and its values, numbers where they are numbers."""
    name, _, values = text.partition("=")
    if not name.isidentifier() or not all(values.split(",")):
        raise argparse.ArgumentTypeError(f"must be PARAMETER=VALUE,VALUE,...; received {text!r}")
    return name, [_plain(value) for value in values.split(",")]


def _plain(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return value


def frontier_entries(model: str, parameter: str, values: Sequence[object]) -> list[ModelEntry]:
    """An entry of the model for each value of the parameter."""
    return [ModelEntry(f"{model}, {parameter} {value}", model=model, parameters={parameter: value}) for value in values]


def frontier_part(runs: Sequence[dict], corpora: Sequence[str], names: Sequence[str]) -> str:
    """Compare each peer with the entry whose mean td25 is nearest.

    Parameters
    ----------
    runs : sequence of dict
        Runs with ``coherence`` and ``td25``, as `unseen_tables.with_coherence` makes them.
    corpora : sequence of str
        Their corpora, in the order of the table.
    names : sequence of str
        Names of the entries.

    Returns
    -------
    str
        A Markdown section; empty if no corpus has both an entry and a peer.
    """
    rows = []
    for corpus in corpora:
        values = values_of([run for run in runs if run["corpus"] == corpus and "error" not in run])
        ours = {name: values[name] for name in names if name in values}
        for peer in PEERS if ours else ():
            if peer not in values:
                continue
            theirs = values[peer]
            near = min(ours, key=lambda name: abs(mean(ours[name]["td25"]) - mean(theirs["td25"])))
            gap = mean(ours[near]["td25"]) - mean(theirs["td25"])
            gain = mean(ours[near]["coherence"]) - mean(theirs["coherence"])
            cells = [corpus, peer, spread(theirs["td25"]), spread(theirs["coherence"])]
            cells += [near, spread(ours[near]["td25"]) + ("" if abs(gap) <= WITHIN else " (!)")]
            rows.append([*cells, spread(ours[near]["coherence"]), f"{gain:+.3f}"])
    if not rows:
        return ""
    titles = ["corpus", "peer", "its td25", "its coherence", "nearest of topicml", "td25", "coherence", "difference"]
    lines = [
        "| " + " | ".join(each) + " |" for each in (titles, ["---", "---", "---:", "---:", "---", *["---:"] * 3], *rows)
    ]
    about = (
        "Coherence and diversity trade, so each peer is compared with the value of the parameter whose td25 is nearest "
        f"to its own. (!): they differ by more than {WITHIN}."
    )
    return f"## At equal diversity\n\n{about}\n\n" + "\n".join(lines)
