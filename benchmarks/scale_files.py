"""A million documents of raw text in many files: read and labelled by two workers of which one is killed, and reported.

    python benchmarks/scale_files.py --out benchmarks/results/scale-files.md

The documents are those of `million.py`, in 20 Parquet files. `topicml corpus` builds a corpus of them in one process,
in two, and with two local workers of Dask (`--cluster local`); when half of the documents are counted, the worker that
has worked most is killed (SIGKILL). Then all files of the corpus are compared. A model of 50 topics is fitted to them
(one epoch; the number of epochs matters for nothing here). `topicml transform` labels the files in one process, and
again with two local workers, of which one is killed when half of the files are written. Then all rows are compared. The
scores are those of `topicml evaluate`, and the report that of `topicml report`, of all documents; the report judges the
words of topics on a sample of 200,000. Each command is a process of its own, with its imports. Memory is the peak of
the proportional set size (PSS) of a process and all that it started.
"""

import argparse
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq
from machine import ROOT, provenance
from million import N_TOPICS, measured, write_documents

from topicml.files import atomic_file

N_FILES = 20
TOPICML = (sys.executable, "-m", "topicml")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "files", help="folder for all files; removed")
    parser.add_argument("--out", type=Path, help="write the table here too (Markdown)")
    arguments = parser.parse_args()
    work = arguments.work
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    paragraph = (__doc__ or "").strip().split("\n\n")[-1]
    parts = ["# A million documents in files", provenance(), paragraph, table(arguments.documents, work)]
    shutil.rmtree(work)
    text = "\n\n".join(parts) + "\n"
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def table(n_docs: int, work: Path) -> str:
    """Measure, and return the table and what was compared."""
    sources, corpus, run = work / "data", work / "corpus", work / "run"
    write_files(sources, work, n_docs)
    columns = ["--text-column", "text", "--label-column", "label"]
    fit = ["--topics", N_TOPICS, "--epochs", 1, "--out", run, "--documents", "none", "--no-report"]
    lines = ["| step | seconds | documents/s | peak (MB) |", "|---|---:|---:|---:|"]

    def step(name: str, *command: object) -> None:
        seconds, peak = measured([*TOPICML, *command])
        lines.append(f"| {name} | {seconds:,.0f} | {n_docs / seconds:,.0f} | {peak:,.0f} |")
        print(lines[-1], file=sys.stderr, flush=True)

    def with_a_kill(name: str, done: Callable[[], float], *command: object) -> str:
        seconds, said = killed_half_way(done, *command, "--cluster", "local")
        lines.append(f"| {name}, two workers, one killed | {seconds:,.0f} | {n_docs / seconds:,.0f} | |")
        print(lines[-1], file=sys.stderr, flush=True)
        return f"In {name}, {said}"

    build = ("corpus", sources, *columns, "-q", "--out")
    step("corpus, one process", *build, work / "one process", "--jobs", 1)
    step("corpus, two processes", *build, corpus, "--jobs", 2)
    counted = work / "workers.partial" / "building"
    said = with_a_kill("corpus", lambda: len([*counted.glob("counted-*-*[0-9]")]) / N_FILES, *build, work / "workers")
    said += f" {compared_corpora(work / 'one process', corpus, work / 'workers')}"
    step("fit, one epoch", "fit", corpus, *fit, "-q")
    step("scores", "evaluate", run, "--reference", corpus)
    step("report", "report", run, "--out", work / "report.html")
    pattern, out = f"{sources}/*.parquet", work / "two"
    transform = ("transform", run, pattern, "--text-column", "text", "--out")
    step("transform, one process", *transform, work / "one")
    said += "\n\n" + with_a_kill("transform", lambda: len([*out.glob("*.parquet")]) / N_FILES, *transform, out)
    return "\n".join(lines) + f"\n\n{said} {compared(work / 'one', out, n_docs)}"


def write_files(folder: Path, work: Path, n_docs: int) -> None:
    """Write the documents as Parquet files with the columns id, label and text."""
    folder.mkdir()
    write_documents(work / "documents.jsonl", work / "drawn", n_docs)
    documents = pj.read_json(work / "documents.jsonl")
    size = -(-n_docs // N_FILES)
    for number in range(N_FILES):
        pq.write_table(documents.slice(number * size, size), folder / f"part-{number:02}.parquet")
    (work / "documents.jsonl").unlink()


def killed_half_way(done: Callable[[], float], *command: object) -> tuple[float, str]:
    """Run a command of topicml, and kill one of its workers half-way; return the seconds, and what was killed.

    Parameters
    ----------
    done : function
        The share of the work that is done.
    *command : object
        The arguments.
    """
    begin = time.perf_counter()
    process = subprocess.Popen([*TOPICML, *map(str, command)])
    killed = ""
    while process.poll() is None:
        share = done()
        if not killed and share >= 0.5:
            workers = psutil.Process(process.pid).children(recursive=True)
            busiest = max(workers, key=lambda each: each.cpu_times().user)
            seconds = busiest.cpu_times().user
            busiest.send_signal(signal.SIGKILL)
            killed = f"a worker was killed after {share:.0%} of the files and {seconds:,.0f} s of processor time."
        time.sleep(0.2)
    if process.returncode or not killed:
        raise SystemExit(f"{command[0]} failed, or ended before a worker was killed.")
    return time.perf_counter() - begin, killed


def compared_corpora(*folders: Path) -> str:
    """Say whether all files of several corpora are the same."""
    contents: list[dict[str, object]] = []
    for folder in folders:
        files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
        header = json.loads(files.pop("corpus.json").read_text("utf-8"))
        del header["signature"]  # of the times of the files
        digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
        contents.append({**digests, "corpus.json": header})
    if any(content != contents[0] for content in contents):
        raise SystemExit("The corpora differ.")
    return (
        f"All {len(contents[0]):,} files of the three corpora are then the same, to the bit, but for the signature in "
        "corpus.json, which is of the times of the files."
    )


def compared(one: Path, two: Path, n_docs: int) -> str:
    """Say whether the files of two folders have each document once, and the same columns."""
    tables: list[pa.Table] = []
    for folder in (one, two):
        paths = sorted(folder.glob("*.parquet"))
        if len(paths) != N_FILES:
            raise SystemExit(f"{folder} has {len(paths)} files, not {N_FILES}.")
        tables.append(pa.concat_tables([pq.read_table(path) for path in paths]))
    if sorted(tables[1]["id"].to_pylist()) != list(range(n_docs)):
        raise SystemExit("Some documents are missing, or there twice.")
    if not tables[0].equals(tables[1]):
        raise SystemExit("The rows differ from those of one process.")
    return f"The files then have each of the {n_docs:,} documents once, and equal those of one process in all columns."


if __name__ == "__main__":
    main()
