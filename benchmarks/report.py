"""The report of a large corpus: seconds and megabytes, for 50,000 documents and 100 topics.

    python benchmarks/report.py --out benchmarks/results/report.md

Documents are drawn from LDA, with texts, classes and dates; the model is fitted for a few epochs, which is not timed.
The report is written in its own process: this script, started again with ``--step write``.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from machine import ROOT, peak_megabytes, provenance

SECONDS_LIMIT = 20
MEGABYTES_LIMIT = 5


def main() -> None:
    arguments = parse_arguments()
    if arguments.step:
        STEP[arguments.step](arguments)
        return
    run("prepare", arguments)
    text = report(json.loads(run("write", arguments).splitlines()[-1]), arguments)
    print(text)
    if arguments.out:
        from topicml.files import atomic_file

        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--documents", type=int, default=50_000)
    add("--topics", type=int, default=100)
    add("--work", type=Path, default=ROOT / "runs" / "report", help="folder of corpus, model and report")
    add("--out", type=Path, help="write the table here too (Markdown)")
    add("--step", choices=("prepare", "write"), help=argparse.SUPPRESS)
    return parser.parse_args()


def run(step: str, arguments: argparse.Namespace) -> str:
    """Run a step in its own process, and return what it prints."""
    options = [
        "--documents",
        str(arguments.documents),
        "--topics",
        str(arguments.topics),
        "--work",
        str(arguments.work),
    ]
    command = [sys.executable, str(Path(__file__).resolve()), "--step", step, *options]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def prepare(arguments: argparse.Namespace) -> None:
    """Draw the corpus and fit the model, unless both exist."""
    import numpy as np

    from topicml import Corpus, ProdLDA
    from topicml.corpus.synthetic import lda

    folder = arguments.work / f"{arguments.documents}-{arguments.topics}"
    if (folder / "model").exists():
        return
    synthetic = lda(
        n_docs=arguments.documents, n_topics=arguments.topics, n_words=10_000, mean_length=80, random_state=0
    ).corpus
    documents = [synthetic.document(row) for row in range(synthetic.n_docs)]
    rng = np.random.default_rng(0)
    fields = {
        "text": [" ".join(words) for words in documents],
        "label": [f"class {i}" for i in rng.integers(0, 10, len(documents))],
        "date": np.datetime64("2015-01-01") + rng.integers(0, 3650, len(documents)),
    }
    corpus = Corpus.from_tokens(documents, vocabulary=synthetic.vocabulary, fields=fields)
    corpus.save(folder / "corpus", overwrite=True)
    model = ProdLDA(n_topics=arguments.topics, max_epochs=3, random_state=0).fit(corpus)
    model.save(folder / "model")


def write(arguments: argparse.Namespace) -> None:
    """Open both and write the report; theta and scores, which a fresh fit has already, are computed again."""
    import topicml
    from topicml.report import write_report

    folder = arguments.work / f"{arguments.documents}-{arguments.topics}"
    model, corpus = topicml.load(folder / "model"), topicml.Corpus.open(folder / "corpus")
    begin, begin_cpu = time.perf_counter(), time.process_time()
    path = write_report(model, folder / "report.html", corpus)
    measurements = {
        "seconds": time.perf_counter() - begin,
        "cpu_seconds": time.process_time() - begin_cpu,
        "megabytes": path.stat().st_size / 1e6,
        "peak_mb": peak_megabytes(),
    }
    print(json.dumps(measurements))


STEP = {"prepare": prepare, "write": write}


def report(measurements: dict[str, float], arguments: argparse.Namespace) -> str:
    """The table, and whether the limits hold, in Markdown."""
    rows = [
        "| documents | topics | seconds | processor seconds | report MB | peak memory MB |",
        "|---|---|---|---|---|---|",
        f"| {arguments.documents:,} | {arguments.topics} | {measurements['seconds']:.1f} "
        f"| {measurements['cpu_seconds']:.1f} | {measurements['megabytes']:.2f} | {measurements['peak_mb']:.0f} |",
    ]
    verdicts = [
        f"- Seconds: limit {SECONDS_LIMIT}: {'pass' if measurements['seconds'] <= SECONDS_LIMIT else 'FAIL'}.",
        f"- Megabytes: limit {MEGABYTES_LIMIT}: {'pass' if measurements['megabytes'] <= MEGABYTES_LIMIT else 'FAIL'}.",
    ]
    note = "The seconds include topic proportions and scores, which a fresh fit has already."
    return "\n\n".join(["# The report", provenance(), "\n".join(rows), note, "\n".join(verdicts)]) + "\n"


if __name__ == "__main__":
    main()
