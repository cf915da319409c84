"""Topics judged on documents that the model did not see: fit on 60 % of each corpus, judge on the other 40 %.

    python benchmarks/unseen.py                                            # all of it: hours; continues after a kill
    python benchmarks/unseen.py --corpora BBC_News --systems ProdLDA "tomotopy LDA" --seeds 0 --out /tmp/unseen.md
    python benchmarks/unseen.py --finished                                 # only finished runs, without any fit
    python benchmarks/unseen.py --frontier                                 # and ProdLDA at the diversity of peers
    python benchmarks/unseen.py --finished --merge OTHER_RUNS benchmarks/results/unseen_peers.csv      # and others

Writes unseen.md and, next to it, unseen.csv (a row per run and measure). The split is `Corpus.split(0.6, seed=1234)`,
the same for all seeds of the fits. Peers that are in the environment of the tests are run by the current interpreter,
the others by that of .peers (requirements.txt), if it exists. Corpora are read from ../shared/corpora, or from
$TOPICML_CORPORA. A run that --merge finds in several places counts once: in --runs, then in the order of the command.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
from frontier import frontier_part, matched_experiments
from machine import ROOT, provenance
from systems import ALL, ELSEWHERE, PEERS_PYTHON, WITH_STATIC_VECTORS, placed
from tidy import NAMES, runs_of, versions_used
from unseen_tables import READING, corpus_part, means_part, with_coherence

from topicml.experiment import (
    CorpusEntry,
    Experiment,
    Progress,
    Results,
    finished_results,
    run_experiment,
)
from topicml.experiment.records import Records
from topicml.experiment.results import SCHEMA
from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("TOPICML_CORPORA", ROOT.parent / "shared" / "corpora"))

CORPORA = ("SearchSnippets", "GoogleNews-T", "StackOverflow", "AGNews", "BBC_News", "20NG")
HELD_OUT_SHARE, SPLIT_SEED = 0.4, 1234
SPLIT = f"{HELD_OUT_SHARE:g} held out, seed {SPLIT_SEED}"

MEASURES = (
    *("c_npmi", "c_v", "npmi_doc", "topic_diversity", "document_coverage", "topic_document_agreement"),
    *("top_word_frequency", "nmi", "purity", "perplexity", "unigram_perplexity", "learned_overlap", "used_topics"),
)


def main() -> None:
    arguments = parse_arguments()
    experiment, skipped = grid(arguments)
    os.environ.setdefault("TOPICML_EMBEDDINGS", str(arguments.runs.absolute() / "embeddings"))
    results = merged(experiment, results_of(experiment, arguments), arguments.merge)
    matched = []
    if arguments.frontier:
        for each in matched_experiments(experiment, finished_runs(results)):
            matched += finished_runs(results_of(each, arguments))
    text = page(experiment, results, skipped, [arguments.runs, *arguments.merge], matched)
    print(text)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    with atomic_file(arguments.out.with_suffix(".csv")) as temporary:
        pacsv.write_csv(results.table, temporary)


def results_of(experiment: Experiment, arguments: argparse.Namespace) -> Results:
    """Fit what is missing, unless --finished is given."""
    if arguments.finished:
        return finished_results(experiment, arguments.runs)
    progress = Progress(print)
    return run_experiment(
        experiment,
        arguments.runs,
        jobs=arguments.jobs,
        timeout=arguments.timeout,
        retry_failed=arguments.retry_failed,
        on_start=progress.start,
        on_run=progress.run,
    )


def finished_runs(results: Results) -> list[dict]:
    """The runs that did not fail, with the coherence of the tables."""
    return [with_coherence(run) for run in runs_of(results) if "error" not in run]


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [entry.name for entry in ALL]
    add = parser.add_argument
    add("--corpora", nargs="+", default=list(CORPORA), metavar="CORPUS", help=f"any folders of {FOLDER.name}")
    of_page = [entry.name for entry in ALL if entry not in WITH_STATIC_VECTORS]
    add("--systems", nargs="+", default=of_page, choices=names, metavar="SYSTEM", help=", ".join(names))
    add("--frontier", action="store_true", help="also the first model at the diversity of NMF, LDA and BERTopic")
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
    has_peers = PEERS_PYTHON.exists() or arguments.finished  # runs of elsewhere can be merged without them
    python = {entry.name: str(PEERS_PYTHON) for entry in ELSEWHERE if PEERS_PYTHON.exists()}
    chosen = [entry for entry in ALL if entry.name in arguments.systems]
    skipped = [entry.name for entry in chosen if entry in ELSEWHERE and not has_peers]
    models = [
        entry if entry.adapter is None else placed(entry, python.get(entry.name))
        for entry in chosen
        if entry.name not in skipped
    ]
    experiment = Experiment(corpora, models, topics=arguments.topics, seeds=arguments.seeds, measures=MEASURES)
    return experiment, skipped


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


def page(
    experiment: Experiment,
    results: Results,
    skipped: Sequence[str],
    sources: Sequence[Path],
    matched: Sequence[dict] = (),
) -> str:
    """The report in Markdown.

    Parameters
    ----------
    experiment : Experiment
        The grid.
    results : Results
        Its results.
    skipped : sequence of str
        Systems that cannot be run here.
    sources : sequence of path
        Where the results are from; the folders among them have the versions of the fits.
    matched : sequence of dict
        Runs at the diversity of peers (`frontier.matched_experiments`).

    Returns
    -------
    str
        The text.
    """
    runs = [with_coherence(run) for run in runs_of(results)]
    n_finished = sum("error" not in run for run in runs)
    n_all = sum(1 for _ in experiment.runs())
    used = versions_of(results, sources)
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
    corpora = [entry.name for entry in experiment.corpora]
    for n_topics in experiment.topics:
        of_k = [run for run in runs if run["n_topics"] == n_topics]
        tables = [corpus_part(name, of_k) for name in corpora]
        if len(corpora) > 1:
            tables.insert(0, means_part(of_k))
        finished = [run for run in of_k if "error" not in run]
        tables.append(frontier_part(finished, [run for run in matched if run["n_topics"] == n_topics], corpora))
        heading = f"# K = {n_topics}\n\n" if len(experiment.topics) > 1 else ""
        parts.append(heading + "\n\n".join(filter(None, tables)))
    if failed := [run for run in runs if "error" in run]:
        rows = [f"- {run['corpus']}, {run['model']}, seed {run['seed']}: {run['error']}" for run in failed]
        parts.append("## Failed runs\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def versions_of(results: Results, sources: Sequence[Path]) -> str:
    """Versions that the folders among the sources recorded, and those in results from CSV files."""
    records = [record for source in sources if source.is_dir() for record in Records(source).all()]
    for version in dict.fromkeys(row["version"] for row in results.rows if row["version"]):
        records.append({"cost": {"versions": dict(each.rsplit(" ", 1) for each in version.split(", "))}})
    return versions_used(records)


if __name__ == "__main__":
    main()
