"""Documents per second of the preprocessor, from raw strings to words and vocabulary, with its start-up.

    python benchmarks/preprocessing.py [TITLES.csv] [--repeat 5] [--n-jobs 1 2]

The file is a CSV with a column ``title`` (or the first column): by default the 20,000 raw StackOverflow titles in the
folder TOPICML_CORPORA. Every run uses a new `Preprocessor`, which opens spaCy's pipeline and lemma tables again; the
import of spaCy is timed separately. Prints a Markdown table with the median over the runs.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from topicml.corpus import Preprocessor

DEFAULT = Path(os.environ.get("TOPICML_CORPORA", "../shared/corpora")) / "StackOverflow-raw" / "titles.csv"
_RUN = """
import sys, time
sys.path[:0] = {path!r}
from benchmarks.preprocessing import read_titles, seconds_of_run
texts = read_titles({file!r})
start = time.perf_counter()
import spacy
print(time.perf_counter() - start, *seconds_of_run(texts, {n_jobs}))
"""


def read_titles(path: str | Path) -> list[str]:
    with open(path, encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        column = "title" if "title" in (rows.fieldnames or ()) else next(iter(rows.fieldnames or ()))
        return [row[column] for row in rows]


def seconds_of_run(texts: list[str], n_jobs: int) -> tuple[float, float]:
    """Seconds of `fit_tokens` with a new preprocessor, and of `tokens` afterwards."""
    preprocessor = Preprocessor(n_jobs=n_jobs)
    start = time.perf_counter()
    preprocessor.fit_tokens(texts)
    fitted = time.perf_counter()
    preprocessor.tokens(texts)
    return fitted - start, time.perf_counter() - fitted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    if not arguments.file.is_file():
        parser.error(f"{arguments.file} does not exist. Give the CSV, or set TOPICML_CORPORA to the folder of corpora.")
    n_texts = len(read_titles(arguments.file))
    print(
        f"| corpus | documents | processes | fit_tokens | documents/s | tokens (warm) | import spacy |\n|{'---|' * 7}"
    )
    for n_jobs in arguments.n_jobs:
        runs = [_in_new_process(arguments.file, n_jobs) for _ in range(arguments.repeat)]
        imported, fit, warm = map(statistics.median, zip(*runs, strict=True))
        print(
            f"| {arguments.file.parent.name} | {n_texts:,} | {n_jobs} | {fit:.2f} s | {n_texts / fit:,.0f} "
            f"| {n_texts / warm:,.0f}/s | {imported:.2f} s |"
        )


def _in_new_process(file: Path, n_jobs: int) -> tuple[float, ...]:
    code = _RUN.format(path=[str(Path(__file__).resolve().parents[1])], file=str(file), n_jobs=n_jobs)
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return tuple(map(float, finished.stdout.split()))


if __name__ == "__main__":
    main()
