"""The effect of contrast and balance: results of `ablation.toml` as Markdown tables and a plot.

topicml benchmark benchmarks/ablation.toml --out runs/ablation --jobs 2
python benchmarks/ablation_table.py runs/ablation --out benchmarks/results/ablation.md
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from quality_table import BEST_PEERS
from scipy.stats import wilcoxon
from tidy import how_made, parse_arguments, runs_of, spread, unique, write

from topicml.experiment import Results

MEASURES = ("c_npmi", "c_v", "npmi_doc", "td25", "purity", "nmi")
BASE, CHOSEN = "none", "set, Pareto"


def main() -> None:
    arguments = parse_arguments(__doc__)
    results = Results.read(*arguments.results)
    text = report(runs_of(results), how_made(arguments.results, arguments.about), arguments.out)
    write(arguments.out, text, results, arguments.results)


def report(runs: list[dict], provenance: str, out: Path | None) -> str:
    """The whole report in Markdown; with `out`, a plot is written next to it."""
    good = [run for run in runs if "error" not in run]
    seeds = ", ".join(str(seed) for seed in sorted(unique(good, "seed")))
    parts = [
        "# What contrast and its balance bring",
        f"K = 50, defaults; mean ± standard deviation over seeds {seeds}. Measures as in quality.md; `mean of three`\n"
        "is the mean of c_npmi (npmi_doc without word order), td25 and nmi.\n\n"
        f"{provenance}",
        effects(good),
        against_peers(good),
    ]
    if out is not None:
        plot(good, out.with_suffix(".svg"))
        parts.append(f"![Change of the mean of three on every corpus]({out.with_suffix('.svg').name})")
    parts += [section(good, name) for name in unique(good, "corpus")]
    failed = [
        f"- {r['corpus']}, {r['model']}, {r['settings']}, seed {r['seed']}: {r['error']}" for r in runs if "error" in r
    ]
    if failed:
        parts.append("## Fits that failed\n\n" + "\n".join(failed))
    return "\n\n".join(parts) + "\n"


def three(run: dict) -> float:
    """Mean of coherence, diversity and NMI."""
    scores = run["scores"]
    return mean([scores.get("c_npmi", scores["npmi_doc"]), scores["td25"], scores["nmi"]])


def value(run: dict, measure: str) -> float:
    """A measure of a run."""
    if measure == "mean of three":
        return three(run)
    if measure == "coherence":
        return run["scores"].get("c_npmi", run["scores"]["npmi_doc"])
    return run["scores"][measure]


def effects(runs: list[dict]) -> str:
    """The table of changes against no contrast, paired over corpora and seeds."""
    shown = ("mean of three", "coherence", "td25", "nmi", "purity")
    rows = [
        "| model | variant | " + " | ".join(shown) + " | worse by more than a std on |",
        "|---" * (len(shown) + 3) + "|",
    ]
    for model in unique(runs, "model"):
        for variant in unique(runs, "settings"):
            if variant == BASE:
                continue
            cells = [paired(runs, model, variant, measure) for measure in shown]
            worse = ", ".join(worsened(runs, model, variant)) or "none"
            rows.append(f"| {model} | {variant} | " + " | ".join(cells) + f" | {worse} |")
    note = (
        "Mean change against the same model, corpus and seed without contrast, its bootstrap 95 % interval, and p of\n"
        "the two-sided Wilcoxon signed-rank test over corpora x seeds. `coherence`: c_npmi, or npmi_doc on counts."
    )
    return f"## Change by contrast\n\n{note}\n\n" + "\n".join(rows)


def paired(runs: list[dict], model: str, variant: str, measure: str) -> str:
    """Mean change, interval and p, as text. The bootstrap is kept as it was when the tables were made."""
    pairs = differences(runs, model, variant, measure)
    if len(pairs) < 2:
        return "-"
    change = np.array(pairs)
    rng = np.random.default_rng(0)
    means = rng.choice(change, size=(5000, len(change))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    p = wilcoxon(change).pvalue if np.any(change) else 1.0
    return f"{change.mean():+.4f} [{low:+.4f}, {high:+.4f}] p={p:.2g}"


def differences(runs: list[dict], model: str, variant: str, measure: str, corpus: str | None = None) -> list[float]:
    """Variant minus no contrast, for every corpus and seed that both have."""
    by_key = {(r["corpus"], r["seed"], r["settings"]): r for r in runs if r["model"] == model}
    return [
        value(run, measure) - value(by_key[name, seed, BASE], measure)
        for (name, seed, each), run in by_key.items()
        if each == variant and (name, seed, BASE) in by_key and corpus in (None, name)
    ]


def worsened(runs: list[dict], model: str, variant: str) -> Iterable[str]:
    """Yield corpora and measures whose mean falls by more than one standard deviation of no contrast."""
    for corpus in unique(runs, "corpus"):
        for measure in ("coherence", "td25", "nmi"):
            base = [
                value(r, measure) for r in runs if (r["corpus"], r["model"], r["settings"]) == (corpus, model, BASE)
            ]
            change = differences(runs, model, variant, measure, corpus)
            if len(base) > 1 and change and mean(change) < -stdev(base):
                yield f"{corpus} ({measure} {mean(change):+.3f})"


def against_peers(runs: list[dict]) -> str:
    """The table of configurations that reach the best peers, measure by measure."""
    earlier = tomllib.loads(BEST_PEERS.read_text(encoding="utf-8"))
    corpora = unique(runs, "corpus")
    rows = ["| model | variant | " + " | ".join(corpora) + " | all four hold on |", "|---" * (len(corpora) + 3) + "|"]
    for model in unique(runs, "model"):
        for variant in unique(runs, "settings"):
            cells, n_reached = [], 0
            for corpus in corpora:
                variant_runs = [r for r in runs if (r["corpus"], r["model"], r["settings"]) == (corpus, model, variant)]
                if not variant_runs or corpus not in earlier:
                    cells.append("-")
                    continue
                best = earlier[corpus]["best"]
                measures = (
                    ["c_npmi", "c_v", "td25", "nmi"]
                    if "c_npmi" in variant_runs[0]["scores"]
                    else ["npmi_doc", "td25", "nmi"]
                )
                short = [m for m in measures if mean(value(r, m) for r in variant_runs) < best[m]]
                n_reached += not short
                cells.append(
                    "✓"
                    if not short
                    else "short: "
                    + ", ".join(f"{m} {mean(value(r, m) for r in variant_runs):.3f}/{best[m]:.3f}" for m in short)
                )
            rows.append(f"| {model} | {variant} | " + " | ".join(cells) + f" | {n_reached} of {len(corpora)} |")
    note = (
        "The best value of each measure on each corpus among peers that see only the corpus (`best_peers.toml`),\n"
        "against c_npmi, c_v, td25 and nmi together; on counts alone npmi_doc, td25 and nmi."
    )
    return f"## Against the best peers\n\n{note}\n\n" + "\n".join(rows)


def section(runs: list[dict], corpus: str) -> str:
    """The table of one corpus."""
    here = [run for run in runs if run["corpus"] == corpus]
    columns = [m for m in MEASURES if m in here[0]["scores"]]
    rows = ["| model | variant | " + " | ".join(columns) + " | topics | fit s |", "|---" * (len(columns) + 4) + "|"]
    for model in unique(here, "model"):
        for variant in unique(here, "settings"):
            variant_runs = [r for r in here if (r["model"], r["settings"]) == (model, variant)]
            if variant_runs:
                cells = [spread([r["scores"][m] for r in variant_runs]) for m in columns]
                seconds = [r["cost"]["fit_s"] for r in variant_runs if "fit_s" in r["cost"]]  # empty if machines differ
                cells.append(f"{mean(r['scores']['topics'] for r in variant_runs):.0f}")
                cells.append(f"{mean(seconds):.0f}" if seconds else "-")
                rows.append(f"| {model} | {variant} | " + " | ".join(cells) + " |")
    return f"## {corpus}\n\n" + "\n".join(rows)


def plot(runs: list[dict], path: Path) -> None:
    """Plot the change of the mean of three on every corpus, a panel per model."""
    import matplotlib.pyplot as plt

    plt.rcParams["svg.hashsalt"] = "topicml"  # the same runs give the same file
    models, corpora = unique(runs, "model"), unique(runs, "corpus")
    variants = [each for each in unique(runs, "settings") if each != BASE]
    figure, axes = plt.subplots(1, len(models), figsize=(3.4 * len(models), 3.6), sharey=True, squeeze=False)
    colours = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7")  # Okabe and Ito: distinct with any colour vision
    for axis, model in zip(axes[0], models, strict=True):
        for i, variant in enumerate(variants):
            changes = [differences(runs, model, variant, "mean of three", corpus) for corpus in corpora]
            centres = np.arange(len(corpora)) + 0.2 * (i - (len(variants) - 1) / 2)
            heights = [mean(each) if each else np.nan for each in changes]
            errors = [stdev(each) if len(each) > 1 else 0 for each in changes]
            axis.errorbar(centres, heights, errors, fmt="o", markersize=4, color=colours[i], label=variant)
        axis.axhline(0, color="0.6", linewidth=0.8)
        axis.set_title(model)
        axis.set_xticks(range(len(corpora)), corpora, rotation=45, ha="right", fontsize=8)
    axes[0][0].set_ylabel("change of the mean of coherence,\ndiversity and NMI (± std over seeds)")
    axes[0][-1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
