"""The result of a blind reading (`reading.py`): the task of readers, their forms, and the page of mean ratings."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from machine import provenance
from scipy.stats import bootstrap
from sklearn.metrics import cohen_kappa_score
from systems import ALL
from unseen import HELD_OUT_SHARE, SPLIT_SEED

TOP_WORDS, DOCUMENTS, LONGEST = 10, 5, 60
QUESTIONS = ("words", "documents")
COLUMNS = ("topic", *QUESTIONS, "name")
NO_NAME = "none"
TASK = f"""Each topic below has ten words and up to five documents. They come from several sources in random order. Rate
each topic by itself, in the order of the sheet; do not go back to a rating.

1. **words**: do the words belong together, as the words of one subject? 1 (not at all) to 5 (fully).
2. **documents**: do the documents match the words: would you expect them under this topic? 1 (none) to 5 (all).
3. **name**: a name of one to four words for the subject, or `{NO_NAME}` if there is none.

Write the answers into a copy of ratings.csv. Use no search and no other help. Words and documents are as a program
prepared them: some lack common words, endings or capitals, and long documents are cut after {LONGEST} words."""


@dataclass(frozen=True)
class Topic:
    """A topic of the sheet, and where it comes from."""

    system: str
    corpus: str
    number: int
    words: list[str]
    documents: list[str]


def read_form(path: Path, n_topics: int) -> list[dict[str, Any]]:
    """Read a filled-in form.

    Parameters
    ----------
    path : Path
        A CSV with the columns `COLUMNS`.
    n_topics : int
        Number of topics on the sheet.

    Returns
    -------
    list of dict
        For each topic the ratings (int), and ``name``: text, or None if there is no name.

    Raises
    ------
    SystemExit
        If a topic is missing or there twice, a rating is not a whole number from 1 to 5, or a name is empty.
    """
    with open(path, encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or any(name not in rows[0] for name in COLUMNS):
        raise SystemExit(
            f"{path} needs the columns {', '.join(COLUMNS)}; it has {', '.join(rows[0]) if rows else 'none'}."
        )
    by_topic: dict[int, dict[str, Any]] = {}
    for line, row in enumerate(rows, 2):
        cells = {name: (row[name] or "").strip() for name in COLUMNS}
        for name in ("topic", *QUESTIONS):
            last = n_topics if name == "topic" else 5
            if not cells[name].isdecimal() or not 1 <= int(cells[name]) <= last:
                raise SystemExit(f"{path}, line {line}: {name} must be 1 to {last}; received {cells[name]!r}.")
        if not cells["name"]:
            raise SystemExit(f"{path}, line {line}: the name is missing. Write {NO_NAME} if the topic has none.")
        if int(cells["topic"]) in by_topic:
            raise SystemExit(f"{path}, line {line}: topic {cells['topic']} is there twice.")
        name = None if cells["name"].lower() == NO_NAME else cells["name"]
        by_topic[int(cells["topic"])] = {**{each: int(cells[each]) for each in QUESTIONS}, "name": name}
    if missing := [str(number) for number in range(1, n_topics + 1) if number not in by_topic]:
        raise SystemExit(f"{path} has no rating of topic {', '.join(missing)}.")
    return [by_topic[number] for number in range(1, n_topics + 1)]


def page(topics: Sequence[Topic], forms: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """The result in Markdown; no document is in it."""
    systems = list(dict.fromkeys(topic.system for topic in sorted(topics, key=order)))
    corpora = list(dict.fromkeys(topic.corpus for topic in sorted(topics, key=order)))
    n_readers, n_each = len(forms), len(topics) // len(systems)
    facts = [
        provenance(),
        f"- {len(topics)} topics, {n_each} of each system, from {', '.join(corpora)}; {n_readers} "
        f"reader{'s' if n_readers > 1 else ''}",
    ]
    protocol = (
        f"Each system is fitted on {1 - HELD_OUT_SHARE:.0%} of the documents of a corpus (seed {SPLIT_SEED}). Topics "
        "that lead a held-out document are drawn at random, as many of each system and corpus, in random order. "
        f"A reader sees the {TOP_WORDS} first words of a topic and {DOCUMENTS} held-out documents, drawn at random "
        "among those that it leads (fewer if it leads fewer), and no source. The task, as readers got it:\n\n"
        + quoted(TASK)
    )
    parts = [
        "# A blind reading of topics",
        "\n".join(facts),
        protocol,
        "## Ratings",
        ratings_part(topics, forms, systems),
    ]
    parts += ["## Agreement of readers", agreement_part(forms), "## All topics", topics_part(topics, forms)]
    return "\n\n".join(parts) + "\n"


def order(topic: Topic) -> tuple[int, str]:
    """Systems in the order of `unseen.ALL`, then corpora."""
    return [entry.name for entry in ALL].index(topic.system), topic.corpus


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def ratings_part(topics: Sequence[Topic], forms: Sequence[Sequence[Mapping[str, Any]]], systems: Sequence[str]) -> str:
    """Mean ratings per system, with intervals, and differences from the first system."""
    values = {
        question: {
            system: [
                mean(form[i][question] for form in forms) for i, each in enumerate(topics) if each.system == system
            ]
            for system in systems
        }
        for question in QUESTIONS
    }
    rows = [
        "| system | words | documents | named | words, difference | documents, difference |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for system in systems:
        of_system = [i for i, each in enumerate(topics) if each.system == system]
        named = mean(form[i]["name"] is not None for form in forms for i in of_system)
        means = [with_interval(values[question][system]) for question in QUESTIONS]
        gaps = [
            "" if system == systems[0] else with_interval(values[question][systems[0]], values[question][system])
            for question in QUESTIONS
        ]
        rows.append("| " + " | ".join([system, *means, f"{named:.0%}", *gaps]) + " |")
    about = (
        "Means over topics of the mean over readers, 1 to 5, with the 95 % interval of 9,999 bootstrap samples of "
        f"topics. named: share of names other than `{NO_NAME}`. difference: {systems[0]} minus the system of the row; "
        "an interval without 0 tells them apart."
    )
    return "\n".join(rows) + f"\n\n{about}"


def with_interval(values: Sequence[float], subtracted: Sequence[float] | None = None) -> str:
    """The mean, or the difference of two means, with its bootstrap interval over topics."""
    samples = [np.array(values)] if subtracted is None else [np.array(values), np.array(subtracted)]

    def statistic(*samples: np.ndarray, axis: int = -1) -> Any:
        means = [sample.mean(axis=axis) for sample in samples]
        return means[0] - means[1] if len(means) > 1 else means[0]

    found = bootstrap(samples, statistic, method="percentile", vectorized=True, rng=np.random.default_rng(0))
    low, high = found.confidence_interval
    sign = "" if subtracted is None else "+"
    return f"{statistic(*samples):{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def agreement_part(forms: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """Quadratically weighted kappa, mean over pairs of readers."""
    if len(forms) < 2:
        return "There is one reader, so no agreement."
    rows = [
        "| question | weighted kappa | lowest pair | highest pair | same rating | within 1 |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for question in QUESTIONS:
        ratings = [[rating[question] for rating in form] for form in forms]
        pairs = list(combinations(ratings, 2))
        kappas = [kappa(*pair) for pair in pairs]
        gaps = np.abs([np.subtract(*pair) for pair in pairs])
        shown = [f"{value:.2f}" for value in (mean(kappas), min(kappas), max(kappas))]
        rows.append(
            "| " + " | ".join([question, *shown, f"{(gaps == 0).mean():.0%}", f"{(gaps <= 1).mean():.0%}"]) + " |"
        )
    return (
        "\n".join(rows)
        + "\n\nCohen's kappa with quadratic weights, of each pair of readers: 0 is chance, 1 is agreement."
    )


def kappa(first: Sequence[int], second: Sequence[int]) -> float:
    """Quadratically weighted kappa of two readers; 1 if both gave one and the same rating to all topics."""
    if len({*first, *second}) == 1:
        return 1.0  # kappa is 0/0 there
    return float(cohen_kappa_score(first, second, labels=range(1, 6), weights="quadratic"))


def topics_part(topics: Sequence[Topic], forms: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """Each topic with its source, mean ratings and names."""
    rows = [
        "| topic | system | corpus | words | rated words | rated documents | names |",
        "|---:|---|---|---|---:|---:|---|",
    ]
    for i, topic in enumerate(topics):
        means = [f"{mean(form[i][question] for form in forms):.1f}" for question in QUESTIONS]
        names = "; ".join((form[i]["name"] or NO_NAME).replace("|", "/") for form in forms)
        rows.append(
            f"| {i + 1} | {topic.system} | {topic.corpus} | {', '.join(topic.words)} | {' | '.join(means)} | {names} |"
        )
    return "\n".join(rows)
