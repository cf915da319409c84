"""Covariates: a known treatment, intervals that cover planted effects, and perplexity on unseen documents.

    python benchmarks/structure_covariates.py                # all of it; finished corpora are kept
    python benchmarks/structure_covariates.py --corpora 200  # as many planted corpora

`section` is the part of structure.md on covariates. Finished planted corpora are rows of a CSV file in --runs.
"""

import argparse
import csv
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from machine import ROOT, provenance
from scipy.optimize import linear_sum_assignment

import topicml
from topicml import Corpus
from topicml.corpus.fields import Fields
from topicml.explore import effects
from topicml.files import atomic_file

SHARED = ROOT.parent / "shared" / "corpora"
MODELS: dict[str, dict[str, Any]] = {"ETM": {}, "ProdLDA": {"decoder": "mixture"}}
N_TOPICS, N_WORDS, N_DOCUMENTS, LENGTH = 4, 120, 300, 60
COLUMNS = ("model", "seed", "topic", "matched", "true", "estimate", "low", "high", "low_bootstrap", "high_bootstrap")


def planted(seed: int) -> tuple[Corpus, np.ndarray, np.ndarray]:
    """Documents whose topics depend on a treatment and a number; their theta, and the effect of the treatment.

    ``z ~ N(gamma x, 1)``: the treatment adds 1 to topic 0, the number half of itself to topic 1. The effect is the
    difference of the mean theta of treated and other documents in the population, not in the sample.
    """
    rng = np.random.default_rng(seed)
    x = np.stack([rng.integers(0, 2, N_DOCUMENTS), rng.normal(size=N_DOCUMENTS)], axis=1).astype(float)
    gamma = np.zeros((N_TOPICS, 2))
    gamma[0, 0], gamma[1, 1] = 1.0, 0.5
    theta = _softmax(x @ gamma.T + rng.normal(size=(N_DOCUMENTS, N_TOPICS)))
    beta = rng.dirichlet(np.full(N_WORDS, 0.05), N_TOPICS)
    words = np.array([f"w{i}" for i in range(N_WORDS)])
    documents = [words[rng.choice(N_WORDS, size=LENGTH, p=row @ beta)].tolist() for row in theta]
    fields = {"treatment": np.where(x[:, 0] > 0, "yes", "no").tolist(), "number": x[:, 1].tolist()}
    population = np.random.default_rng(1)
    number, noise = population.normal(size=200_000), population.normal(size=(200_000, N_TOPICS))
    means = [
        _softmax(np.stack([np.full(len(number), value), number], axis=1) @ gamma.T + noise).mean(axis=0)
        for value in (0, 1)
    ]
    return Corpus.from_tokens(documents, fields=fields), theta, means[1] - means[0]


def coverage_rows(model: str, seed: int, epochs: int) -> Iterator[dict[str, Any]]:
    """The intervals of the effects of the treatment in a planted corpus; fitted topics are matched by theta."""
    corpus, theta, truth = planted(seed)
    fitted = getattr(topicml, model)(
        N_TOPICS, prevalence="~ treatment + number", max_epochs=epochs, random_state=0, **MODELS[model]
    ).fit(corpus)
    similarity = np.corrcoef(theta.T, fitted.transform(corpus).T)[:N_TOPICS, N_TOPICS:]
    _, order = linear_sum_assignment(-similarity)
    table = effects(fitted, corpus, draws=200).contrast("treatment", "yes", "no").set_index("topic").loc[order]
    for k, row in enumerate(table.itertuples()):
        numbers = {name: getattr(row, name) for name in COLUMNS[5:]}
        yield {
            "model": model,
            "seed": seed,
            "topic": k,
            "matched": similarity[k, order[k]],
            "true": truth[k],
            **numbers,
        }


def coverage(folder: Path, n_corpora: int, epochs: int) -> list[dict[str, str]]:
    """The rows of all planted corpora; those that the CSV file in `folder` has are not fitted again."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"covariates_planted_{epochs}.csv"
    rows: list[dict[str, Any]] = list(csv.DictReader(file.open(encoding="utf-8"))) if file.is_file() else []
    done = {(row["model"], int(row["seed"])) for row in rows}
    for seed in range(n_corpora):
        for model in MODELS:
            if (model, seed) not in done:
                rows += coverage_rows(model, seed, epochs)
                with atomic_file(file) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
                    writer = csv.DictWriter(stream, COLUMNS)
                    writer.writeheader()
                    writer.writerows(rows)
    return [row for row in rows if int(row["seed"]) < n_corpora]


def coverage_table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "| model | corpora | composition | bootstrap | mean error | mean width | topics not found |"
    yield "|---|---|---|---|---|---|---|"
    for model in MODELS:
        own = [{key: float(row[key]) for key in COLUMNS[1:]} for row in rows if row["model"] == model]
        if not own:
            continue
        covered = [
            np.mean([row[f"low{kind}"] <= row["true"] <= row[f"high{kind}"] for row in own])
            for kind in ("", "_bootstrap")
        ]
        error = np.mean([row["estimate"] - row["true"] for row in own if row["topic"] == 0])
        width = np.mean([row["high"] - row["low"] for row in own])
        lost = sum(row["matched"] < 0.7 for row in own)
        n_corpora = len({row["seed"] for row in own})
        yield (
            f"| {model} | {n_corpora} | {covered[0]:.1%} | {covered[1]:.1%} | {error:+.3f} | {width:.3f} | "
            f"{lost} of {len(own)} |"
        )


def gadarian_table(seeds: list[int]) -> Iterator[str]:
    """The effect of the treatment on the topic of crime and costs, in models with three topics."""
    corpus = Corpus.read(str(SHARED / "gadarian" / "responses.csv"), text_column="response")
    yield "| model | seed | first words of the topic | effect | composition | bootstrap |"
    yield "|---|---|---|---|---|---|"
    for model in MODELS:
        for seed in seeds:
            fitted = getattr(topicml, model)(
                3, prevalence="~ treatment + pid_rep", random_state=seed, **MODELS[model]
            ).fit(corpus)
            fear = [words.index("crime") if "crime" in words else 99 for words in fitted.topics(20)]
            row = effects(fitted, corpus).contrast("treatment", 1, 0, [int(np.argmin(fear))]).iloc[0]
            words = ", ".join(fitted.topics(6)[row.topic])
            yield (
                f"| {model} | {seed} | {words} | {row.estimate:+.3f} | [{row.low:+.3f}, {row.high:+.3f}] | "
                f"[{row.low_bootstrap:+.3f}, {row.high_bootstrap:+.3f}] |"
            )


def perplexity_table(seeds: list[int], epochs: int) -> Iterator[str]:
    """Document completion of unseen posts of poliblog5k, with and without rating and day, 20 topics."""
    import pyarrow.csv as pacsv

    corpus = Corpus.read(str(SHARED / "poliblog5k"))
    fields = pacsv.read_csv(SHARED / "poliblog5k" / "documents.csv")
    corpus = corpus.replaced(fields=Fields.of(fields.select(["rating", "day"]), corpus.n_docs))
    held_out = np.random.default_rng(0).random(corpus.n_docs) < 0.2
    train, test = corpus[np.flatnonzero(~held_out)], corpus[np.flatnonzero(held_out)]
    yield "| model | seed | without covariates | ~ rating + s(day) |"
    yield "|---|---|---|---|"
    for model in MODELS:
        for seed in seeds:
            values = []
            for formula in (None, "~ rating + s(day)"):
                make = getattr(topicml, model)
                fitted = make(20, prevalence=formula, random_state=seed, max_epochs=epochs, **MODELS[model]).fit(train)
                values.append(fitted.perplexity(test))
            yield f"| {model} | {seed} | {values[0]:.1f} | {values[1]:.1f} |"


def section(folder: Path, *, corpora: int = 100, seeds: tuple[int, ...] = (0, 1, 2), epochs: int = 60) -> str:
    """The section of structure.md: intervals on planted corpora, gadarian, and poliblog5k where they are there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", topicml.errors.TopicWarning)
        lines = [
            "## Covariates",
            "",
            f"{corpora} planted corpora of {N_DOCUMENTS} documents of {LENGTH} words, {N_TOPICS} topics, "
            f'`prevalence="~ treatment + number"`, {epochs} epochs: share of 95 % intervals of the treatment\'s effect '
            "on the four topics that hold the effect in the population. Mean error is that of the topic that the "
            "treatment moves (true effect +0.173). A topic is not found if its theta correlates less than .7 with the "
            "planted one; its intervals count, too.",
            "",
            *coverage_table(coverage(folder, corpora, epochs)),
            "",
        ]
        if (SHARED / "gadarian").is_dir():
            lines += [
                "gadarian (341 answers on immigration; the treated were asked what worries them): effect of the "
                "treatment on the share of the topic in which `crime` is first, three topics, `~ treatment + pid_rep`.",
                "",
                *gadarian_table(list(seeds)),
                "",
            ]
        if (SHARED / "poliblog5k").is_dir():
            lines += [
                "poliblog5k: perplexity of the words of 20 % unseen posts by document completion, 20 topics; lower is "
                "better.",
                "",
                *perplexity_table(list(seeds), epochs),
                "",
            ]
    return "\n".join(lines)


def _softmax(z: np.ndarray) -> np.ndarray:
    exponential = np.exp(z - z.max(axis=1, keepdims=True))
    share: np.ndarray = exponential / exponential.sum(axis=1, keepdims=True)
    return share


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpora", type=int, default=100, help="planted corpora")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "structure", help="folder of finished fits")
    parser.add_argument("--out", type=Path, help="Markdown; by default it is printed")
    arguments = parser.parse_args()
    text = section(arguments.runs, corpora=arguments.corpora, seeds=tuple(arguments.seeds), epochs=arguments.epochs)
    text += f"\n{provenance()}\n"
    if arguments.out is None:
        print(text)
    else:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
