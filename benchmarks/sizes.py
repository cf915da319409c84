"""Small corpora: every model fitted on 500, 1,000 and 2,500 documents and on 60 % of each corpus.

    python benchmarks/sizes.py                                       # all of it: hours; continues after a kill
    python benchmarks/sizes.py --corpora M10 --seeds 0 --out /tmp/sizes.md
    python benchmarks/sizes.py --finished                            # only finished runs, without any fit

Writes sizes.md and sizes.csv. To fit on n documents, n / 0.6 documents are drawn (seed 0) and split as in unseen.py; a
corpus that has not so many is left out. Runs on 60 % are shared with unseen.py.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import pyarrow as pa
import pyarrow.csv as pacsv
from machine import ROOT, provenance
from systems import OURS
from tidy import runs_of, spread
from unseen import CORPORA, FOLDER, HELD_OUT_SHARE, MEASURES, SPLIT_SEED

from topicml import Corpus
from topicml.experiment import CorpusEntry, Experiment, Progress, finished_results, run_experiment
from topicml.experiment.results import SCHEMA
from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
SIZES = (500, 1000, 2500)
MODELS = ("ProdLDA", "ProdLDA + set", "ETM", "ECRTM", "LDA2Vec", "TSCTM")
READING = """K = 50; all numbers are of documents that the model did not see, mean ± standard deviation over seeds.
**topics**: number of topics that lead an unseen document, the least over seeds. A model has *collapsed* if fewer than
half of its topics lead a document, or its NMI is less than two thirds of the median of the models on these documents.
**LDA2Vec - ProdLDA**: the difference of their mean NMI."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--corpora", nargs="+", default=[*CORPORA, "M10", "DBLP"], metavar="CORPUS")
    add("--models", nargs="+", default=list(MODELS), choices=MODELS, metavar="MODEL", help=", ".join(MODELS))
    add("--sizes", nargs="+", type=int, default=list(SIZES), metavar="N", help="documents to fit on, besides 60 %%")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    add("--jobs", type=int, default=1, help="runs at a time, with one thread each")
    add("--finished", action="store_true", help="fit nothing: report finished runs")
    add("--runs", type=Path, default=ROOT / "runs" / "unseen", help="folder of finished runs, shared with unseen.py")
    add("--out", type=Path, default=HERE / "results" / "sizes.md", help="Markdown; the CSV is next to it")
    arguments = parser.parse_args()
    models = [entry for entry in OURS if entry.name in arguments.models]
    experiment = Experiment(
        [entry for name in arguments.corpora for entry in parts_of(name, arguments.sizes)],
        models,
        topics=[50],
        seeds=arguments.seeds,
        measures=MEASURES,
    )
    if arguments.finished:
        results = finished_results(experiment, arguments.runs)
    else:
        progress = Progress(print)
        results = run_experiment(
            experiment, arguments.runs, jobs=arguments.jobs, on_start=progress.start, on_run=progress.run
        )
    text = page(runs_of(results), [entry.name for entry in experiment.corpora], [entry.name for entry in models])
    print(text)
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    with atomic_file(arguments.out.with_suffix(".csv")) as temporary:
        pacsv.write_csv(pa.Table.from_pylist(results.table.to_pylist(), schema=SCHEMA), temporary)


def parts_of(name: str, sizes: Sequence[int], folder: Path = FOLDER) -> list[CorpusEntry]:
    """A corpus at each size that it has, then the whole corpus as in unseen.py.

    Parameters
    ----------
    name : str
        A folder of the corpora.
    sizes : sequence of int
        Numbers of documents to fit on.
    folder : path
        The folder of the corpora.

    Returns
    -------
    list of CorpusEntry
        Named "M10, 500 documents"; the last has the name of the corpus.
    """
    corpus = Corpus.read(folder / name)
    entries = []
    for size in sizes:
        drawn = round(size / (1 - HELD_OUT_SHARE))
        if drawn < corpus.n_docs:
            part, _ = corpus.split((drawn + 0.5) / corpus.n_docs, seed=0, min_df=1)
            entries.append(CorpusEntry(f"{name}, {size} documents", part, {}, HELD_OUT_SHARE, SPLIT_SEED))
    whole = CorpusEntry(name, str(folder / name), held_out_share=HELD_OUT_SHARE, split_seed=SPLIT_SEED)
    return [*entries, whole]


def page(runs: Sequence[dict], corpora: Sequence[str], models: Sequence[str]) -> str:
    """The report in Markdown.

    Parameters
    ----------
    runs : sequence of dict
        Runs, as `tidy.runs_of` makes them; failed ones are listed.
    corpora, models : sequence of str
        The rows and the columns, in their order.

    Returns
    -------
    str
        The text.
    """
    scores: dict[tuple[str, str], list[dict]] = {}
    for run in runs:
        if "error" not in run:
            scores.setdefault((run["corpus"], run["model"]), []).append(run["scores"])
    collapsed, worst = [], 0.0
    head = ["| fitted on | " + " | ".join(models) + " | LDA2Vec - ProdLDA |", "|---|" + "---:|" * (len(models) + 1)]
    nmi_rows, topic_rows = [*head], [head[0].rsplit(" |", 2)[0] + " |", head[1][: -len("---:|")]]
    for corpus in corpora:
        of_models = {model: scores[corpus, model] for model in models if (corpus, model) in scores}
        if not of_models:
            continue
        nmi = {model: [each["nmi"] for each in of] for model, of in of_models.items()}
        least = {model: min(each["topics"] for each in of) for model, of in of_models.items()}
        middle = sorted(map(mean, nmi.values()))[len(nmi) // 2]
        collapsed += [f"{m} on {corpus}" for m in nmi if least[m] < 25 or min(nmi[m]) < 2 / 3 * middle]
        difference = ""
        if {"LDA2Vec", "ProdLDA"} <= nmi.keys():
            gap = mean(nmi["LDA2Vec"]) - mean(nmi["ProdLDA"])
            worst, difference = min(worst, gap), f"{gap:+.3f}"
        nmi_rows.append(
            f"| {corpus} | " + " | ".join(spread(nmi[m]) if m in nmi else "" for m in models) + f" | {difference} |"
        )
        topic_rows.append(f"| {corpus} | " + " | ".join(f"{least[m]:.0f}" if m in least else "" for m in models) + " |")
    n_fits = sum(map(len, scores.values()))
    facts = [
        provenance(),
        f"- {n_fits} of {len(runs)} runs are finished",
        f"- collapsed: {', '.join(collapsed) or 'none'}",
        f"- LDA2Vec below ProdLDA by at most {-worst:.3f}",
    ]
    parts = ["# Small corpora", "\n".join(facts), READING]
    parts += ["## NMI", "\n".join(nmi_rows), "## Topics", "\n".join(topic_rows)]
    if failed := [run for run in runs if "error" in run]:
        parts.append("\n".join(f"- {run['corpus']}, {run['model']}, {run['seed']}: {run['error']}" for run in failed))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
