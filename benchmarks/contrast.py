"""Contrasts on unseen documents: what each adds to a model without contrast, as a plain sum and as a Pareto balance.

    python benchmarks/contrast.py                  # all of it: hours; continues after a kill
    python benchmarks/contrast.py --finished       # only finished runs, without any fit

The corpora, the split and the measures are those of unseen.py. `screen` has every contrast with ProdLDA and one seed;
`finalists` has InfoNCE and sets with more models and three seeds. Writes contrast.md and contrast.csv.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev

import pyarrow.csv as pacsv
from machine import ROOT, provenance
from scipy.stats import ttest_1samp
from tidy import runs_of
from unseen import CORPORA, FOLDER, HELD_OUT_SHARE, MEASURES, SPLIT_SEED

from topicml.experiment import CorpusEntry, Experiment, ModelEntry, Progress, finished_results, run_experiment
from topicml.files import atomic_file
from topicml.objectives import CONTRASTS

HERE = Path(__file__).resolve().parent
FINALISTS = ("ProdLDA", "ETM", "LDA2Vec", "TSCTM")
SHORT = ("SearchSnippets", "GoogleNews-T", "StackOverflow", "AGNews")


def grids(
    corpora: Sequence[str], seeds: Sequence[int], parts: Sequence[str], names: Sequence[str], balances: Sequence[str]
) -> Iterator[Experiment]:
    """The experiments: their cells are models with a contrast and a balance."""
    entries = [
        CorpusEntry(name, str(FOLDER / name), held_out_share=HELD_OUT_SHARE, split_seed=SPLIT_SEED) for name in corpora
    ]
    if "finalists" in parts:
        models = [cell(model) for model in names]
        models += [
            cell(model, contrast, balance) for model in names for contrast in ("infonce", "set") for balance in balances
        ]
        yield Experiment(entries, models, topics=[50], seeds=seeds, measures=MEASURES)
    if "screen" in parts:
        others = [name for name in CONTRASTS if name not in ("infonce", "set")]
        models = [cell("ProdLDA", contrast, balance) for balance in balances for contrast in others]
        yield Experiment(entries, models, topics=[50], seeds=seeds[:1], measures=MEASURES)


def cell(model: str, contrast: str | None = None, balance: str | None = None) -> ModelEntry:
    """A model with a contrast, named after its parts."""
    if contrast is None:
        return ModelEntry(model, model=model)
    return ModelEntry(
        f"{model}, {contrast}, {balance}", model=model, parameters={"contrast": contrast, "balance": balance}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--corpora", nargs="+", default=list(CORPORA), metavar="CORPUS")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    add("--parts", nargs="+", default=["finalists", "screen"], choices=["finalists", "screen"])
    add("--models", nargs="+", default=list(FINALISTS), choices=FINALISTS, help="of the finalists")
    add("--balances", nargs="+", default=["pareto", "sum"], choices=["pareto", "sum"])
    add("--jobs", type=int, default=1, help="runs at a time, with one thread each")
    add("--finished", action="store_true", help="fit nothing: report finished runs")
    add("--runs", type=Path, default=ROOT / "runs" / "unseen", help="folder of finished runs, shared with unseen.py")
    add("--out", type=Path, default=HERE / "results" / "contrast.md", help="Markdown; the CSV is next to it")
    arguments = parser.parse_args()
    runs = []
    chosen = (arguments.corpora, arguments.seeds, arguments.parts, arguments.models, arguments.balances)
    for i, experiment in enumerate(grids(*chosen)):
        if arguments.finished:
            results = finished_results(experiment, arguments.runs)
        else:
            progress = Progress(print)
            results = run_experiment(
                experiment, arguments.runs, jobs=arguments.jobs, on_start=progress.start, on_run=progress.run
            )
        runs += [run for run in runs_of(results) if "error" not in run]
        with atomic_file(arguments.out.with_suffix(f".{i}.csv" if i else ".csv")) as temporary:
            pacsv.write_csv(results.table, temporary)
    text = page(runs)
    print(text)
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(text, encoding="utf-8")


def page(runs: Sequence[dict]) -> str:
    """The report in Markdown."""
    by_model = {model: [run for run in runs if run["model"].split(",")[0] == model] for model in FINALISTS}
    tables = [f"## {model}\n\n{table(of)}" for model, of in by_model.items() if any("," in run["model"] for run in of)]
    return "\n\n".join(["# Contrasts on unseen documents", provenance(), READING, *tables]) + "\n"


READING = """Fit on 60 % of each corpus, judged on the other 40 %, K = 50. Each number of NMI, coverage, perplexity and
coherence is the difference from the same model without contrast, with the same corpus and seed: mean over corpora and
seeds. **short**: the gain in NMI on the short texts (SearchSnippets, GoogleNews-T, StackOverflow, AGNews), with the
standard deviation over seeds of their mean; **p**: of a t test of the gains per corpus and seed against 0, two-sided.
**worst**: the largest loss of NMI on any corpus, mean over seeds. `infonce` is the contrast of single documents."""


def table(runs: Sequence[dict]) -> str:
    """A row per contrast and balance: gains over the model without contrast."""
    base = {(run["corpus"], run["seed"]): run["scores"] for run in runs if "," not in run["model"]}
    rows = ["| contrast | balance | fits | NMI, short | p | NMI, long | worst | coverage | perplexity | coherence |"]
    rows.append("|---|---|---:" + "|---:" * 7 + "|")
    for name in dict.fromkeys(run["model"] for run in runs if "," in run["model"]):
        of_cell = [run for run in runs if run["model"] == name and (run["corpus"], run["seed"]) in base]
        if not of_cell:
            continue
        gains = {
            (run["corpus"], run["seed"]): {
                measure: run["scores"][measure] - base[run["corpus"], run["seed"]][measure]
                for measure in run["scores"].keys() & base[run["corpus"], run["seed"]].keys()
            }
            | {"relative": run["scores"]["perplexity"] / base[run["corpus"], run["seed"]]["perplexity"] - 1}
            for run in of_cell
        }
        short = [gain["nmi"] for (corpus, _), gain in gains.items() if corpus in SHORT]
        long = [gain["nmi"] for (corpus, _), gain in gains.items() if corpus not in SHORT]
        seeds = {seed for _, seed in gains}
        per_seed = [mean(g["nmi"] for (c, s), g in gains.items() if s == seed and c in SHORT) for seed in seeds]
        corpora = dict.fromkeys(corpus for corpus, _ in gains)
        worst = min((mean(g["nmi"] for (c, _), g in gains.items() if c == corpus), corpus) for corpus in corpora)
        coherence = mean(gain["npmi_doc" if corpus == "20NG" else "c_npmi"] for (corpus, _), gain in gains.items())
        _, contrast, balance = name.split(", ")
        spread = f" ± {stdev(per_seed):.3f}" if len(per_seed) > 1 else ""
        p = f"{ttest_1samp(short, 0).pvalue:.3f}" if len(short) > 4 else ""
        rows.append(
            f"| {contrast} | {balance} | {len(gains)} | {mean(short):+.3f}{spread} | {p} | {mean(long or [0]):+.3f} | "
            f"{worst[0]:+.3f} {worst[1]} | {mean(g['document_coverage'] for g in gains.values()):+.3f} | "
            f"{mean(g['relative'] for g in gains.values()):+.1%} | {coherence:+.3f} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
