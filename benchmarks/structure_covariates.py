"""Covariates: intervals that cover planted effects, a known treatment, effects beside topica's STM, and perplexity.

`structure.py --part covariates` runs it. The peer is in an environment of its own (peers/stm.py).
"""

import subprocess
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pacsv
import scipy.sparse as sp
from machine import provenance
from scipy.optimize import linear_sum_assignment
from scipy.special import softmax
from structure_runs import file_of, kept, peers_python

import topicml
from topicml import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import TopicWarning
from topicml.explore import effects

HERE = Path(__file__).resolve().parent
OURS: dict[str, tuple[str, dict[str, Any]]] = {
    "ETM": ("ETM", {}),
    "ProdLDA, mixture": ("ProdLDA", {"decoder": "mixture"}),
}
PEERS: dict[str, str] = {"topica STM": "stm.py"}
N_PLANTED, N_TOPICS, N_WORDS, N_DOCUMENTS, LENGTH, EPOCHS, DRAWS = 200, 4, 120, 300, 60, 60, 200
N_BLOG_TOPICS, N_POINTS = 20, 20
FOUND, SAME = 0.7, 0.5  # correlation of theta from which a planted topic is found, and two fits have the same topic


@dataclass(frozen=True)
class Question:
    """A formula, and the two values of a field whose effect is asked for; perhaps a field whose course is, too."""

    formula: str
    field: str
    values: tuple[Any, Any]
    course: str | None = None


PLANTED = Question("~ treatment + number", "treatment", ("yes", "no"))
GADARIAN = Question("~ treatment + pid_rep", "treatment", (1, 0))
BLOGS = Question("~ rating + s(day)", "rating", ("Conservative", "Liberal"), "day")


def answered(system: str, corpus: Corpus, n_topics: int, question: Question, seed: int) -> dict[str, Any]:
    """Fit a system: theta, first words, the effect on each topic with its interval, and the course."""
    if system in PEERS:
        return by_peer(corpus, n_topics, question, seed, PEERS[system])
    name, settings = OURS[system]
    model = getattr(topicml, name)(
        n_topics, prevalence=question.formula, max_epochs=EPOCHS, random_state=seed, **settings
    ).fit(corpus)
    found = effects(model, corpus, draws=DRAWS)
    table = found.contrast(question.field, *question.values)
    columns = ("estimate", "low", "high", "low_bootstrap", "high_bootstrap")
    answer = {"theta": model.transform(corpus), "words": model.topics(15)}
    answer |= {column: table[column].to_numpy() for column in columns}
    if question.course:
        values = np.asarray(corpus.fields[question.course])
        grid = np.linspace(values.min(), values.max(), N_POINTS)
        course = found.marginal(question.course, grid.tolist())
        answer["shares"] = course.pivot(index="topic", columns=question.course, values="estimate").to_numpy()
    return answer


def by_peer(corpus: Corpus, n_topics: int, question: Question, seed: int, script: str) -> dict[str, Any]:
    """The same by a process of the environment of the peers; documents without words are left out of its fit."""
    rows = np.flatnonzero(corpus.lengths > 0)
    counts = sp.csr_matrix(corpus.counts)[rows]
    names = [name for name in corpus.fields if name in question.formula]
    fields = {f"field_{name}": np.array(np.asarray(corpus.fields[name])[rows].tolist()) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        task, result = Path(folder) / "task.npz", Path(folder) / "result.npz"
        np.savez(
            task,
            data=counts.data,
            indices=counts.indices,
            indptr=counts.indptr,
            vocabulary=np.array(list(corpus.vocabulary)),
            n_topics=n_topics,
            seed=seed,
            formula=question.formula,
            fields=np.array(names),
            field=question.field,
            values=np.array(question.values),
            **fields,
            **({"course": question.course} if question.course else {}),
        )
        subprocess.run([peers_python(), HERE / "peers" / script, task, result], check=True)
        with np.load(result) as arrays:
            answer = dict(arrays)
    theta = np.full((corpus.n_docs, n_topics), 1 / n_topics)
    theta[rows] = answer["theta"]
    return {**answer, "theta": theta, "words": answer["words"].tolist()}


def planted(seed: int) -> tuple[Corpus, np.ndarray, np.ndarray]:
    """Documents whose topics depend on a treatment and a number; their theta, and the effect of the treatment.

    ``z ~ N(gamma x, 1)``: the treatment adds 1 to topic 0, the number half of itself to topic 1. The effect is the
    difference of the mean theta of treated and other documents in the population, not in the sample.
    """
    rng = np.random.default_rng(seed)
    x = np.stack([rng.integers(0, 2, N_DOCUMENTS), rng.normal(size=N_DOCUMENTS)], axis=1).astype(float)
    gamma = np.zeros((N_TOPICS, 2))
    gamma[0, 0], gamma[1, 1] = 1.0, 0.5
    theta = softmax(x @ gamma.T + rng.normal(size=(N_DOCUMENTS, N_TOPICS)), axis=1)
    beta = rng.dirichlet(np.full(N_WORDS, 0.05), N_TOPICS)
    words = np.array([f"w{i}" for i in range(N_WORDS)])
    documents = [words[rng.choice(N_WORDS, size=LENGTH, p=row @ beta)].tolist() for row in theta]
    fields = {"treatment": np.where(x[:, 0] > 0, "yes", "no").tolist(), "number": x[:, 1].tolist()}
    population = np.random.default_rng(1)
    number, noise = population.normal(size=200_000), population.normal(size=(200_000, N_TOPICS))
    means = [
        softmax(np.stack([np.full(len(number), value), number], axis=1) @ gamma.T + noise, axis=1).mean(axis=0)
        for value in (0, 1)
    ]
    return Corpus.from_tokens(documents, fields=fields), theta, means[1] - means[0]


def on_planted(system: str, seed: int) -> dict[str, Any]:
    """The intervals of the treatment's effect on the topics of a planted corpus, in the order of the planted ones."""
    corpus, theta, truth = planted(seed)
    answer = answered(system, corpus, N_TOPICS, PLANTED, 0)
    order, similarity = matched(theta, answer["theta"])
    kinds = [kind for kind in ("", "_bootstrap") if f"low{kind}" in answer]
    covered = {
        f"covered{kind}": ((answer[f"low{kind}"][order] <= truth) & (truth <= answer[f"high{kind}"][order])).tolist()
        for kind in kinds
    }
    error = float(answer["estimate"][order[0]] - truth[0])
    width = float(np.mean(answer["high"] - answer["low"]))
    return {**covered, "error": error, "width": width, "found": (similarity >= FOUND).tolist()}


def matched(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The topic of `other` for each topic of `one`, one to one, by the correlation of theta; and the correlations."""
    correlations = np.corrcoef(one.T, other.T)[: one.shape[1], one.shape[1] :]
    rows, columns = linear_sum_assignment(-correlations)
    return columns, correlations[rows, columns]


def planted_table(runs: Path, systems: Sequence[str], *, finished: bool) -> list[str]:
    lines = ["| system | corpora | composition | bootstrap | mean error | mean width | topics not found |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    for system in systems:
        made = [
            kept(file_of(runs, "planted", system, seed), lambda s=system, n=seed: on_planted(s, n), finished=finished)
            for seed in range(N_PLANTED)
        ]
        known = [each for each in made if each is not None]
        if known:
            covered = [
                f"{np.mean([each[key] for each in known]):.1%}" if key in known[0] else "-"
                for key in ("covered", "covered_bootstrap")
            ]
            error, width = (np.mean([each[key] for each in known]) for key in ("error", "width"))
            lost = sum(not each for run in known for each in run["found"])
            lines.append(
                f"| {system} | {len(known)} | {' | '.join(covered)} | {error:+.3f} | {width:.3f} | "
                f"{lost} of {N_TOPICS * len(known)} |"
            )
    return lines


def on_gadarian(corpora: Path, system: str, seed: int) -> dict[str, Any]:
    """The effect of the treatment on the topic in which crime is first, in three topics."""
    corpus = Corpus.read(str(corpora / "gadarian" / "responses.csv"), text_column="response")
    answer = answered(system, corpus, 3, GADARIAN, seed)
    topic = int(np.argmin([words.index("crime") if "crime" in words else 99 for words in answer["words"]]))
    numbers = {key: float(answer[key][topic]) for key in answer if key.split("_")[0] in ("estimate", "low", "high")}
    return {**numbers, "words": answer["words"][topic][:6]}


def gadarian_table(
    corpora: Path, runs: Path, systems: Sequence[str], seeds: Sequence[int], *, finished: bool
) -> list[str]:
    lines = ["| system | seed | first words of the topic | effect | composition | bootstrap |"]
    lines.append("|---|---:|---|---:|---:|---:|")
    for system in systems:
        for seed in seeds:
            file = file_of(runs, "gadarian", system, seed)
            found = kept(file, lambda s=system, n=seed: on_gadarian(corpora, s, n), finished=finished)
            if found is not None:
                intervals = [
                    f"[{found['low' + kind]:+.3f}, {found['high' + kind]:+.3f}]" if "low" + kind in found else "-"
                    for kind in ("", "_bootstrap")
                ]
                words = ", ".join(found["words"])
                lines.append(f"| {system} | {seed} | {words} | {found['estimate']:+.3f} | {' | '.join(intervals)} |")
    return lines


def blogs(corpora: Path) -> Corpus:
    """poliblog5k with rating and day."""
    corpus = Corpus.read(str(corpora / "poliblog5k"))
    fields = pacsv.read_csv(corpora / "poliblog5k" / "documents.csv").select(["rating", "day"])
    return corpus.replaced(fields=Fields.of(fields, corpus.n_docs))


def on_blogs(corpora: Path, system: str, seed: int) -> dict[str, Any]:
    """Topics of all posts, with the effect of the rating and the course over the days."""
    answer = answered(system, blogs(corpora), N_BLOG_TOPICS, BLOGS, seed)
    return {key: np.round(value, 5).tolist() if key != "words" else value for key, value in answer.items()}


def compared(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[float]:
    """Agreement of the effects of two fits.

    Topics in common, the correlation of the effects of the rating on these, and the topics in common whose intervals
    lie on one side of 0 in both fits, on how many of which the two have the same sign; last, the median correlation
    of the courses of the topics in common.
    """
    order, similarity = matched(np.array(one["theta"]), np.array(other["theta"]))
    same = similarity >= SAME
    first = {key: np.array(one[key])[same] for key in ("estimate", "low", "high", "shares")}
    second = {key: np.array(other[key])[order[same]] for key in first}
    sure = np.all([each["low"] * each["high"] > 0 for each in (first, second)], axis=0)
    signs = (np.sign(first["estimate"]) == np.sign(second["estimate"]))[sure]
    courses = [np.corrcoef(a, b)[0, 1] for a, b in zip(first["shares"], second["shares"], strict=True)]
    agreement = np.corrcoef(first["estimate"], second["estimate"])[0, 1]
    return [int(same.sum()), float(agreement), int(sure.sum()), int(signs.sum()), float(np.median(courses))]


def blogs_table(
    corpora: Path, runs: Path, systems: Sequence[str], seeds: Sequence[int], *, finished: bool
) -> list[str]:
    """Each system beside the peer with the same seed."""
    answers = {
        (system, seed): kept(
            file_of(runs, "blogs", system, seed),
            lambda s=system, n=seed: on_blogs(corpora, s, n),
            finished=finished,
            quiet=True,
        )
        for system in systems
        for seed in seeds
    }
    lines = ["| system | seed | topics in common | effects of rating, r | signs that agree | courses over days, r |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    for system in systems:
        for seed in seeds:
            peer, own = answers.get(("topica STM", seed)), answers[system, seed]
            if system not in PEERS and peer is not None and own is not None:
                common, agreement, sure, signs, course = compared(own, peer)
                lines.append(f"| {system} | {seed} | {common} | {agreement:.2f} | {signs} of {sure} | {course:.2f} |")
    return lines


def perplexities(corpora: Path, system: str, seed: int) -> dict[str, float]:
    """Document completion of unseen posts of poliblog5k, with and without rating and day."""
    name, settings = OURS[system]
    train, unseen = blogs(corpora).split(0.8, seed=1234)
    found = {}
    for key, formula in {"without": None, "with": BLOGS.formula}.items():
        make = getattr(topicml, name)
        model = make(N_BLOG_TOPICS, prevalence=formula, random_state=seed, max_epochs=EPOCHS, **settings).fit(train)
        found[key] = model.perplexity(unseen)
    return found


def perplexity_table(
    corpora: Path, runs: Path, systems: Sequence[str], seeds: Sequence[int], *, finished: bool
) -> list[str]:
    lines = ["| system | seed | without covariates | `~ rating + s(day)` |", "|---|---:|---:|---:|"]
    for system in systems:
        for seed in seeds if system in OURS else ():
            file = file_of(runs, "perplexity", system, seed)
            found = kept(file, lambda s=system, n=seed: perplexities(corpora, s, n), finished=finished)
            if found is not None:
                lines.append(f"| {system} | {seed} | {found['without']:.1f} | {found['with']:.1f} |")
    return lines


def section(corpora: Path, runs: Path, seeds: Sequence[int], systems: Sequence[str], *, finished: bool) -> str:
    """Run what is missing, and describe it in Markdown; see `structure_seeds.section`."""
    warnings.simplefilter("ignore", TopicWarning)
    chosen = corpora, runs, systems, seeds
    parts = [
        INTRODUCTION.strip(),
        f"### {N_PLANTED} planted corpora",
        "\n".join(planted_table(runs, systems, finished=finished)),
        "### gadarian: the topic of crime",
        "\n".join(gadarian_table(*chosen, finished=finished)),
        "### poliblog5k: effects beside topica's STM",
        "\n".join(blogs_table(*chosen, finished=finished)),
        "### poliblog5k: perplexity of unseen posts",
        "\n".join(perplexity_table(*chosen, finished=finished)),
    ]
    return "\n\n".join([*parts, provenance()]) + "\n"


INTRODUCTION = f"""
## Covariates

    python benchmarks/structure.py --part covariates

- planted corpora: {N_DOCUMENTS} documents of {LENGTH} words, {N_TOPICS} topics, `prevalence="~ treatment + number"`,
  {EPOCHS} epochs. Share of 95 % intervals of the treatment's effect on the four topics that hold the effect in the
  population, by the method of composition and by the bootstrap. Mean error is that of the topic that the treatment
  moves (true effect +0.173). A topic is not found if its theta correlates less than {FOUND} with the planted one; its
  intervals count, too. The ends of intervals became a little wider (a further draw lies between them with their level):
  those of ETM and of gadarian are the new ones, and those of "ProdLDA, mixture" and of poliblog5k the narrower ones. On
  the same 200 corpora, ETM had 90.0 % and 89.2 % with these.
- gadarian: 341 answers on immigration; the treated were asked what worries them. Effect of the treatment on the share
  of the topic in which `crime` is first, three topics, `~ treatment + pid_rep`. R's `stm` is not at hand; topica's STM,
  which follows it, is.
- effects beside topica's STM: {N_BLOG_TOPICS} topics, `~ rating + s(day)`, all posts. Topics are matched by theta; two
  fits have a topic in common from a correlation of {SAME}. Correlation of the effects of the rating over these topics,
  and how many effects, of those whose intervals exclude 0 in both, have the same sign; last, the median correlation of
  a topic's course over the days.
- perplexity: document completion, on 20 % of the posts; lower is better.
"""
