"""Quality of topics: results of `quality.toml` in Markdown, a table per corpus, and the verdicts on the targets.

topicml benchmark benchmarks/quality.toml --out runs/quality
python benchmarks/quality_table.py runs/quality --out benchmarks/results/quality.md
"""

import tomllib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import mean

from targets import COLLAPSED, OURS, TARGETS, Means, checks, is_peer, verdict
from tidy import how_made, parse_arguments, runs_of, spread, unique, write

from topicml.experiment import Results
from topicml.experiment.grid import system_of

MEASURES = ("c_npmi", "c_v", "npmi_doc", "td25", "purity", "nmi")
COLUMNS = (*MEASURES, "topics", "fit_s", "peak_mb")
NOTHING = "-"
DIGITS = {"topics": 0, "fit_s": 1, "peak_mb": 0}
BEST_PEERS = Path(__file__).resolve().parent / "best_peers.toml"

Values = dict[str, dict[str, list[float]]]  # model -> measure -> one value per seed


def main() -> None:
    arguments = parse_arguments(__doc__)
    results = Results.read(*arguments.results)
    runs = [{**run, "model": system_of(run)} for run in runs_of(results)]
    text = report(runs, how_made(arguments.results, arguments.about))
    write(arguments.out, text, results, arguments.results)


def report(runs: list[dict], provenance: str) -> str:
    """The whole report of some runs, in Markdown; `best_peers.toml` has the values to reach."""
    earlier = tomllib.loads(BEST_PEERS.read_text(encoding="utf-8"))
    by_corpus = {name: values_of([run for run in runs if run["corpus"] == name]) for name in unique(runs, "corpus")}
    means = {
        name: {model: {m: mean(v) for m, v in scores.items()} for model, scores in values.items()}
        for name, values in by_corpus.items()
    }
    parts = ["# Quality of topics", header(runs, provenance), verdicts(means, earlier)]
    parts += [section(name, values, earlier.get(name, {})) for name, values in by_corpus.items()]
    return "\n\n".join([*parts, *failed(runs)]) + "\n"


def failed(runs: list[dict]) -> list[str]:
    """The section on fits that failed; empty without failures."""
    lines = [f"- {run['corpus']}, {run['model']}, seed {run['seed']}: {run['error']}" for run in runs if "error" in run]
    return ["## Fits that failed\n\n" + "\n".join(lines)] if lines else []


def header(runs: list[dict], provenance: str) -> str:
    """Say how the numbers were made."""
    topics = ", ".join(str(k) for k in unique(runs, "n_topics"))
    seeds = ", ".join(str(seed) for seed in sorted(unique(runs, "seed")))
    costs = [
        "`fit_s`: from counts to topics and theta. `peak_mb`: resident memory of the fit's whole process.",
    ]
    return "\n".join(
        [
            f"K = {topics}; mean ± standard deviation over seeds {seeds}; each model with its defaults.",
            "Coherence of the top 10 words, diversity (`td25`) of the top 25; the corpus itself is the reference.",
            "`topics`: those that are the largest of some document. Bold: best of a column, collapsed models aside.",
            *(costs if any(run.get("cost") for run in runs) else []),
            "",
            provenance,
        ]
    )


def section(name: str, values: Values, earlier: dict, *, called: Callable[[str], str] | None = None) -> str:
    """The table of one corpus; its last row has the best earlier values of peers. `called` makes names of models."""
    columns = [c for c in COLUMNS if any(c in scores for scores in values.values())]
    best = {c: best_mean(values, c) for c in columns if c in MEASURES}
    rows = ["| model | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for model in values:
        collapsed = is_collapsed(values[model])
        bold_from = {} if collapsed else best
        cells = [cell(values[model].get(c, []), DIGITS.get(c, 3), bold_from.get(c)) for c in columns]
        rows.append(f"| {(called or title)(model)}{' (collapsed)' if collapsed else ''} | " + " | ".join(cells) + " |")
    if "best" in earlier:
        cells = [f"{earlier['best'][c]:.3f}" if c in earlier["best"] else "" for c in columns]
        rows.append("| *best peer of earlier fits, measure by measure* | " + " | ".join(cells) + " |")
    return f"## {name}\n\n" + "\n".join(rows)


def verdicts(means: dict[str, Means], earlier: dict) -> str:
    """The table of targets: topicml's value on each corpus, its bound, and whether enough corpora pass."""
    checked = {name: checks(models, earlier.get(name, {})) for name, models in means.items() if OURS in models}
    rows = ["| target | " + " | ".join(checked) + " | verdict |", "|---" * (len(checked) + 2) + "|"]
    for title in TARGETS:
        row = [each.get(title) for each in checked.values()]
        cells = [f"{c.value:.3f} / {c.bound:.3f} {'✓' if c.passes else '✗'}" if c else NOTHING for c in row]
        rows.append(f"| {title} | " + " | ".join(cells) + f" | {verdict(title, [c.passes for c in row if c])} |")
    note = (
        "Value / bound on each corpus; on counts alone `npmi_doc` stands for `c_npmi`. The best peer's bound is the\n"
        "higher value of peers in this table and of earlier fits; TopMost's ProdLDA is that of this table if run."
    )
    return f"## Targets of topicml's ProdLDA\n\n{note}\n\n" + "\n".join(rows)


def values_of(runs: list[dict]) -> Values:
    """Scores and costs of the runs on one corpus: model -> measure -> one value per seed."""
    values: Values = defaultdict(lambda: defaultdict(list))
    for run in sorted(runs, key=lambda run: run["seed"]):
        if "error" not in run:
            costs = {name: run["cost"][name] for name in ("fit_s", "peak_mb") if name in run["cost"]}
            for measure, value in {**run["scores"], **costs}.items():
                values[run["model"]][measure].append(value)
    return values


def is_collapsed(scores: dict[str, list[float]]) -> bool:
    """Whether the theta of a model has almost no information on the labels."""
    return bool(scores.get("nmi")) and mean(scores["nmi"]) < COLLAPSED


def best_mean(values: Values, measure: str) -> float | None:
    """The highest mean of a measure among models that did not collapse."""
    return max((mean(m[measure]) for m in values.values() if m.get(measure) and not is_collapsed(m)), default=None)


def cell(values: list[float], digits: int, best: float | None) -> str:
    """Mean ± standard deviation, bold if it is the best."""
    if not values:
        return NOTHING
    shown = spread(values, digits)
    return f"**{shown}**" if best is not None and mean(values) >= best else shown


def title(model: str) -> str:
    """Name of a model in the tables; topicml's are bold."""
    return model if is_peer(model) else f"**topicml {model}**"


if __name__ == "__main__":
    main()
