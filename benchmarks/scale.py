"""Training at scale: several processes, and streams.

    python benchmarks/scale.py --part processes --out benchmarks/results/scale-processes.md
    python benchmarks/scale.py --part stream --out benchmarks/results/scale-stream.md

*Processes*: documents per second of one process and of two, each with one thread, that make the same steps of ProdLDA
with 50 topics on synthetic documents of 60 words. They take turns; speeds and ratios are medians over turns. A message
is what a process adds up with the others in one step: the gradients of the topics and of the bias of words, those of
theta, and the likelihoods. Each process sends 2 (P - 1) / P of it. What 16 and 256 processes would give is computed:
from the time that is not shared out, from that which is, and from the message at 10 Gbit/s.

*Stream*: ten parts of documents with words of 20 topics, and a topic that appears in the sixth, read by
`partial_fit(part, grow=True)`. Memory is that of the process after each part.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import scipy.sparse as sp
import torch
from machine import peak_megabytes, provenance

import topicml
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.files import atomic_file
from topicml.nn.ranks import is_first, launched, together
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import BatchSampler, Step, Training

N_TOPICS, LENGTH = 50, 60
BYTES_PER_SECOND = 10e9 / 8


def main() -> None:
    arguments = parse_arguments()
    if arguments.measure:
        measure(*arguments.measure)
        return
    paragraphs = (__doc__ or "").strip().split("\n\n")
    if arguments.part == "processes":
        body = [processes(n_words, arguments) for n_words in arguments.words]
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
    add("--part", choices=("processes", "stream"), default="processes")
    add("--words", nargs="+", type=int, default=[20_000], metavar="V", help="vocabularies")
    add("--batches", nargs="+", type=int, default=[200, 1000], metavar="B", help="documents per step")
    add("--turns", type=int, default=5, help="turns of each number of processes")
    add("--steps", type=int, default=10, help="steps of a turn")
    add("--documents", type=int, default=2000, help="documents of a part of the stream")
    add("--out", type=Path, help="write the tables here too (Markdown)")
    add("--measure", nargs=3, type=int, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


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
        size = message(n_words, batch)
        one = batch / median(speeds[1])
        shared = min(one, 2 * one * (1 - 1 / ratio))  # of a step, in seconds
        expected = [one / (one - shared + shared / p + 2 * (p - 1) / p * size / BYTES_PER_SECOND) for p in (16, 256)]
        lines.append(
            f"| {batch:,} | {median(speeds[1]):,.0f} | {median(speeds[2]):,.0f} | {ratio:.2f} | {size / 1e6:.1f} | "
            f"{expected[0]:.1f} | {expected[1]:.1f} |"
        )
    return "\n".join(lines)


def message(n_words: int, batch: int) -> int:
    """Bytes that one process adds up with the others in a step of ProdLDA."""
    return 4 * (N_TOPICS * n_words + n_words + batch * N_TOPICS + batch)


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
