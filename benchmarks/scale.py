"""Training and reading at scale: several processes, streams, more documents, and large files.

    python benchmarks/scale.py --part processes --out benchmarks/results/scale-processes.md
    python benchmarks/scale.py --part stream --out benchmarks/results/scale-stream.md
    python benchmarks/scale.py --part size --out benchmarks/results/scale-size.md
    python benchmarks/scale.py --part reading --out benchmarks/results/scale-reading.md

*Processes*: documents per second of one process and of two, each with one thread, that make the same steps of ProdLDA
with 50 topics on synthetic documents of 60 words. They take turns; speeds and ratios are medians over turns. A message
is what one of two processes sends in a step: the gradients of its words (of the topics and the bias), three numbers for
each document, and the gradients of theta and of its covariance. Of P processes, each sends (P - 1) / P of the gradients
of all words. What 16 and 256 processes would give is computed: from the time that is not shared out, from that which
is, and from the message at 10 Gbit/s.

*Stream*: ten parts of documents with words of 20 topics, and a topic that appears in the sixth, read by
`partial_fit(part, grow=True)`. Memory is that of the process after each part.

*Size*: the documents of `million.py`, 50,000 words, by number of documents: a corpus from JSON lines, and a fit of 50
topics of one epoch with theta of all documents, without labelled rows. Seconds are of the processor, in user mode, of
all processes, each with one thread; memory is the peak PSS, with the pages of mapped files while they are in memory,
and without them: the kernel can take these pages back. An epoch reads 50,000 documents at most, so that further epochs
cost the same whatever the number of documents (`million.md`). The last row is a line through the others.

*Reading*: tables with the columns id, section and text, of titles of StackOverflow and descriptions of Debian packages
from which every fifth word is left out at random, so that all rows differ; short rows have about 16 words, long ones
about 39. Each command is a process of its own, with its imports; `topicml corpus` starts two more. Memory is the peak
of the proportional set size (PSS) of a process and all that it started, added up ten times a second; it counts a page
of a file or library that several share once. Files that are mapped count while their pages are in memory. While other
processes use the same libraries, PSS is up to 100 MB less than a process takes alone. Seconds are of the processor, in
user mode, of all processes.
"""

import argparse
import csv
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp
import torch
from machine import ROOT, peak_megabytes, provenance
from million import proportional_set_size, write_documents

import topicml
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.files import atomic_file
from topicml.nn.ranks import is_first, launched, together
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import BatchSampler, Step, Training

N_TOPICS, LENGTH = 50, 60
WORDS = {"short": 25, "long": 75}  # of a row, before words are left out
BYTES_PER_SECOND = 10e9 / 8

_COLUMNS = ("--text-column", "text", "--label-column", "section", "-q")
COMMANDS = {
    "read": (
        "-c",
        "import sys; from topicml import Corpus; Corpus.read(sys.argv[1], 'text', 'section')",
        "SOURCE",
    ),
    "corpus": ("-m", "topicml", "corpus", "SOURCE", "--out", "FOLDER", "--jobs", "2", *_COLUMNS),
    "fit": (
        *("-m", "topicml", "fit", "SOURCE", "--out", "FOLDER", "--topics", "20", "--epochs", "1", *_COLUMNS),
        *("--documents", "none", "--no-report"),
    ),
}


def main() -> None:
    arguments = parse_arguments()
    if arguments.measure:
        measure(*arguments.measure)
        return
    paragraphs = (__doc__ or "").strip().split("\n\n")
    if arguments.part == "processes":
        body = [processes(n_words, arguments) for n_words in arguments.words]
    elif arguments.part == "size":
        body = [size(arguments)]
    elif arguments.part == "reading":
        body = [reading(arguments)]
    else:
        body = [stream(arguments.documents)]
    of_part = next(text for text in paragraphs if text.lower().startswith(f"*{arguments.part}*"))
    text = "\n\n".join([f"# Scale: {arguments.part}", provenance(), of_part, *body]) + "\n"
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--part", choices=("processes", "stream", "size", "reading"), default="processes")
    add("--words", nargs="+", type=int, default=[20_000], metavar="V", help="vocabularies")
    add("--batches", nargs="+", type=int, default=[200, 1000], metavar="B", help="documents per step")
    add("--turns", type=int, default=5, help="turns of each number of processes")
    add("--steps", type=int, default=10, help="steps of a turn")
    add("--documents", type=int, default=2000, help="documents of a part of the stream")
    add("--sizes", nargs="+", type=int, default=[100_000, 300_000, 1_000_000], metavar="N", help="numbers of documents")
    add("--extrapolate", type=int, default=10_000_000, metavar="N", help="number of documents to compute")
    add("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora", help="folder of the corpora")
    add("--work", type=Path, default=ROOT / "runs" / "reading", help="folder of the files to read; removed")
    add("--megabytes", nargs="+", type=int, default=[100, 300], metavar="MB", help="sizes of the files to read")
    add("--formats", nargs="+", default=["csv", "jsonl", "parquet"], metavar="NAME", help="csv, jsonl, parquet")
    add("--rows", nargs="+", choices=WORDS, default=list(WORDS), help="lengths of the rows to read")
    add("--commands", nargs="+", choices=COMMANDS, default=list(COMMANDS), help="what reads the files")
    add("--out", type=Path, help="write the tables here too (Markdown)")
    add("--measure", nargs=3, type=int, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def reading(arguments: argparse.Namespace) -> str:
    """The table of files, and of what reads them."""
    lines = [
        "| file | MB | rows | command | peak (MB) | peak / size of the file | processor (s) |",
        "|---|---|---|---|---|---|---|",
    ]
    arguments.work.mkdir(parents=True, exist_ok=True)
    for length in arguments.rows:
        for name in arguments.formats:
            for megabytes in arguments.megabytes:
                path = arguments.work / f"{length}.{name}"
                n_rows = write_rows(path, rows_of(arguments.corpora, length, megabytes * 1_000_000))
                size = path.stat().st_size / 1e6
                for command in arguments.commands:
                    folder = arguments.work / "out"
                    given = {"SOURCE": str(path), "FOLDER": str(folder)}
                    peak, _, seconds = peak_of([sys.executable, *(given.get(each, each) for each in COMMANDS[command])])
                    shutil.rmtree(folder, ignore_errors=True)
                    lines.append(
                        f"| {length} rows, {name} | {size:,.0f} | {n_rows:,} | {command} | {peak:,.0f} | "
                        f"{peak / size:.1f} | {seconds:,.0f} |"
                    )
                    print(lines[-1], file=sys.stderr, flush=True)
                path.unlink()
    return "\n".join(lines)


def peak_of(command: Sequence[str]) -> tuple[float, float, float]:
    """The most memory that a command and the processes that it starts take, and the seconds of the processor.

    Returns
    -------
    peak, unmapped, seconds : float
        Megabytes (10^6 bytes, PSS); those without the pages of mapped files, which may have their peak at another time.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process, peak, unmapped = subprocess.Popen(command, env=environment), 0, 0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        total, own = 0, 0
        try:
            for each in [root, *root.children(recursive=True)]:
                total += proportional_set_size(each.pid)
                own += proportional_set_size(each.pid, "Pss_Anon")
        except (psutil.Error, OSError, StopIteration):  # one of them has just ended
            pass
        peak, unmapped = max(peak, total), max(unmapped, own)
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed.")
    return peak / 1e6, unmapped / 1e6, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def rows_of(corpora: Path, length: str, n_bytes: int) -> Iterator[dict[str, object]]:
    """Rows with about so many bytes."""
    texts: list[tuple[list[str], str]] = []
    with open(corpora / "StackOverflow-raw" / "titles.csv", encoding="utf-8") as stream:
        titles = [(row["title"].split(), row["tag"]) for row in csv.DictReader(stream)]
    with gzip.open(corpora / "debian-descriptions" / "descriptions.jsonl.gz", "rt", encoding="utf-8") as stream:
        described = [(row["en"].split(), row["section"]) for row in map(json.loads, stream)]
    size, together = WORDS[length], WORDS[length] // 12
    for i in range(0, len(titles) - together, together):
        texts.append(([word for words, _ in titles[i : i + together] for word in words], titles[i][1]))
    texts += [(words[i : i + size], section) for words, section in described for i in range(0, len(words), size)]
    random, written, number = np.random.default_rng(0), 0, 0
    while written < n_bytes:
        words, section = texts[int(random.integers(len(texts)))]
        kept = random.random(len(words)) > 0.2
        text = " ".join(word for word, is_kept in zip(words, kept.tolist(), strict=True) if is_kept)
        number, written = number + 1, written + len(text) + len(section) + 10
        yield {"id": number, "section": section, "text": text}


def write_rows(path: Path, rows: Iterator[dict[str, object]]) -> int:
    """Write a table in the format of its suffix; return its number of rows."""
    n_rows = 0
    if path.suffix == ".parquet":
        schema = pa.schema([("id", pa.int64()), ("section", pa.string()), ("text", pa.string())])
        with pq.ParquetWriter(path, schema) as writer:
            while part := list(islice(rows, 50_000)):
                writer.write_table(pa.Table.from_pylist(part, schema))
                n_rows += len(part)
        return n_rows
    with open(path, "w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, ("id", "section", "text"))
        if path.suffix == ".csv":
            table.writeheader()
        for row in rows:
            if path.suffix == ".csv":
                table.writerow(row)
            else:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            n_rows += 1
    return n_rows


def processes(n_words: int, arguments: argparse.Namespace) -> str:
    """The table of one vocabulary."""
    lines = [
        f"## {n_words:,} words\n",
        "| batch | one process (documents/s) | two | ratio | message (MB) | 16 processes (ratio) | 256 |",
        "|---|---|---|---|---|---|---|",
    ]
    for batch in arguments.batches:
        speeds: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(arguments.turns):
            for n_ranks, found in speeds.items():
                found.append(started(n_ranks, n_words, batch, arguments.steps))
        ratio = median(two / one for one, two in zip(speeds[1], speeds[2], strict=True))
        one = batch / median(speeds[1])
        shared = min(one, 2 * one * (1 - 1 / ratio))  # of a step, in seconds
        expected = [
            one / (one - shared + shared / p + message(n_words, batch, p) / BYTES_PER_SECOND) for p in (16, 256)
        ]
        lines.append(
            f"| {batch:,} | {median(speeds[1]):,.0f} | {median(speeds[2]):,.0f} | {ratio:.2f} | "
            f"{message(n_words, batch, 2) / 1e6:.1f} | {expected[0]:.1f} | {expected[1]:.1f} |"
        )
    return "\n".join(lines)


def message(n_words: int, batch: int, n_processes: int) -> float:
    """Bytes that one of so many processes sends in a step of ProdLDA: parts are gathered, and sums are reduced."""
    gathered, reduced = (N_TOPICS + 1) * n_words, batch * N_TOPICS + N_TOPICS**2
    return 4 * ((gathered + 2 * reduced) * (n_processes - 1) / n_processes + 3 * batch * (n_processes - 1))


def started(n_ranks: int, n_words: int, batch: int, steps: int) -> float:
    """Documents per second of so many processes."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={n_ranks}"]
    command = [sys.executable, *launcher, __file__, "--measure", *map(str, (n_words, batch, steps))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout.split()[-1])


def measure(n_words: int, batch: int, steps: int) -> None:
    """One process: make steps, and print documents per second."""
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    words = np.sort((random.pareto(1.0, (4 * batch, LENGTH)) * n_words / 100).astype(np.int64) % n_words, axis=1)
    indptr = np.arange(len(words) + 1) * LENGTH
    counts = sp.csr_matrix((np.ones(words.size, np.float32), words.ravel(), indptr), shape=(len(words), n_words))
    counts.sum_duplicates()
    story = ProdLDAStory(n_topics=N_TOPICS, init="random")
    documents = Documents(counts)
    torch.manual_seed(0)
    network = story.network(**story.starting_values(documents, 0))
    step = Step(network, story.losses(), Training(), rates=story.rates(network), seed=0, device=torch.device("cpu"))
    sampler = BatchSampler(counts, np.arange(len(words)), batch_size=batch, seed=0)
    network.train()
    with launched("cpu"), together():
        for number in range(2 + steps):
            if number == 2:
                begin = time.perf_counter()
            step(sampler.batch(number // len(sampler), number % len(sampler)), number, 0.5)
        if is_first():
            print(batch * steps / (time.perf_counter() - begin))


def size(arguments: argparse.Namespace) -> str:
    """The table of numbers of documents."""
    work, found = arguments.work, []
    topicml_, columns = [sys.executable, "-m", "topicml"], ["--text-column", "text", "--label-column", "label", "-q"]
    for n_docs in arguments.sizes:
        work.mkdir(parents=True)
        source, corpus, run = (str(work / name) for name in ("documents.jsonl", "corpus", "run"))
        write_documents(Path(source), work / "drawn", n_docs)
        reading = ["corpus", source, "--out", corpus, "--jobs", "2", "--max-features", "50000", *columns]
        fit = ["fit", corpus, "--topics", str(N_TOPICS), "--epochs", "1", "--out", run, "-q"]
        read = peak_of([*topicml_, *reading])
        fitted = peak_of([*topicml_, *fit, "--documents", "none", "--no-report"])
        found.append((n_docs, *read, *fitted))
        print(found[-1], file=sys.stderr, flush=True)
        shutil.rmtree(work)
    measured = np.array(found, dtype=float)
    n_docs = arguments.extrapolate
    found.append((n_docs, *(np.polyval(np.polyfit(measured[:, 0], each, 1), n_docs) for each in measured[:, 1:].T)))
    rows = [
        "| documents | corpus, peak (MB) | without files | seconds | fit, theta: peak (MB) | without files | seconds |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows += [f"| {each[0]:,} | " + " | ".join(f"{value:,.0f}" for value in each[1:]) + " |" for each in found]
    return "\n".join(rows)


def stream(n_docs: int) -> str:
    """The table of ten parts."""
    lines = [
        "| part | topics | words | new topics | matched words of old topics | right words of the new topic | seconds | "
        "memory (MB) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    model = topicml.ProdLDA(n_topics=20, random_state=0)
    before: list[set[str]] = []
    for number in range(1, 11):
        begin = time.perf_counter()
        model.partial_fit(part_of_stream(number, n_docs), grow=True)
        seconds = time.perf_counter() - begin
        topics = [set(words) for words in model.topics(10)]
        before = topics if number <= 5 else before
        matched = np.mean([len(one & other) / 10 for one, other in zip(before, topics, strict=False)])
        right = [sum(word.startswith("t20_") for word in topics[k]) for k in range(20, len(topics))]
        lines.append(
            f"| {number} | {len(topics)} | {len(model.vocabulary_):,} | {len(model.changes_.new_topics or {})} | "
            f"{matched:.2f} | {', '.join(map(str, right)) or '-'} | {seconds:.1f} | {peak_megabytes():,.0f} |"
        )
    return "\n".join(lines)


def part_of_stream(number: int, n_docs: int) -> Corpus:
    """Documents of one topic each; from the sixth part, one in ten is of a new topic."""
    random = np.random.default_rng(number)
    frequency = 1 / np.arange(4, 104)
    texts = []
    for i in range(n_docs):
        topic = 20 if number >= 6 and i % 10 == 0 else int(random.integers(20))
        words = random.choice(100, size=20, p=frequency / frequency.sum())
        texts.append([f"t{topic}_{word}" for word in words] + [f"c_{word}" for word in random.choice(500, size=10)])
    return Corpus.from_tokens(texts)


if __name__ == "__main__":
    main()
