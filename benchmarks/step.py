"""A step of training, before and after: documents per second of processor time, and peak memory, by vocabulary.

    python benchmarks/step.py --out benchmarks/results/step.md

ProdLDA with 50 topics on synthetic documents of 60 words, batches of 200, one thread. "Before" has the formulas of the
version before: logits of documents by words, batch normalisation of them, and Adam of all word vectors. "Now" is the
default, which samples 10,000 words of vocabularies of 40,000 or more; "exact" has `sampled_words=None`. They take turns
in one process; speeds and ratios are medians over turns. Peak memory is that of a process with one of them, beyond the
peak before the first step. The losses are those of the last step; all have had the same batches.
"""

import argparse
import json
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

from topicml import SetContrast
from topicml.corpus.documents import Documents
from topicml.files import atomic_file
from topicml.nn import BagOfWords, ProductDecoder
from topicml.pareto import Balance
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import BatchSampler, Step, Training

N_TOPICS, N_DOCS, LENGTH, BATCH = 50, 4000, 60, 200
VARIANTS = ("before", "exact", "now")


class PlainDecoder(ProductDecoder):
    """The decoder before: an array of documents by words, and a batch normalisation of it."""

    def forward(self, theta: torch.Tensor) -> BagOfWords:  # type: ignore[override]
        """Return the word distributions of documents."""
        return BagOfWords(self.norm(theta @ self.beta))


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)
    if arguments.memory:
        print(json.dumps(memory_of(arguments.memory, arguments.words[0], contrast=arguments.contrast)))
        return
    parts = ["# A step of training", provenance(), (__doc__ or "").split("\n\n", 2)[2].strip()]
    for contrast in (False, True):
        rows = [row(n_words, contrast, arguments) for n_words in arguments.words]
        parts.append(f"## {'Set contrast, Pareto balance' if contrast else 'The bound alone'}\n\n{table(rows)}")
    text = "\n\n".join(parts) + "\n"
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--words", nargs="+", type=int, default=[5_000, 20_000, 50_000, 200_000], metavar="V", help="vocabularies")
    add("--turns", type=int, default=7, help="turns of each")
    add("--steps", type=int, default=4, help="steps of a turn")
    add("--out", type=Path, help="write the tables here too (Markdown)")
    add("--memory", choices=VARIANTS, help=argparse.SUPPRESS)
    add("--contrast", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def documents(n_words: int, n_docs: int = N_DOCS) -> sp.csr_matrix:
    """Counts of documents of one topic each: 70 % of the words are the topic's, the others are frequent words."""
    random = np.random.default_rng(0)
    frequency = 1 / np.arange(1, n_words + 1)
    steps = np.cumsum(frequency / frequency.sum())
    of_topic = np.stack([random.permutation(n_words) for _ in range(N_TOPICS)])
    ranks = np.searchsorted(steps, random.random((n_docs, LENGTH))).clip(max=n_words - 1)
    topics = random.integers(N_TOPICS, size=(n_docs, 1))
    words = np.where(random.random(ranks.shape) < 0.7, of_topic[topics, ranks], ranks)
    rows = np.repeat(np.arange(n_docs), LENGTH)
    counts = sp.csr_matrix((np.ones(words.size, np.int32), (rows, words.ravel())), shape=(n_docs, n_words))
    counts.sum_duplicates()
    return counts


def step_of(variant: str, counts: sp.csr_matrix, *, contrast: bool) -> Step:
    """A step of the untrained model."""
    torch.manual_seed(0)
    story = ProdLDAStory(n_topics=N_TOPICS, sampled_words="auto" if variant == "now" else None)
    beta = np.random.default_rng(1).standard_normal((N_TOPICS, counts.shape[1]), dtype=np.float32)
    frequency = np.asarray(counts.sum(axis=0)).ravel() + 0.5
    background = np.log(frequency / frequency.sum())
    network = story.network(beta=beta, background=background)
    if variant == "before":
        network.decoder = PlainDecoder(beta, background)
    contrasts = {}
    if contrast:
        contrasts["contrast"] = SetContrast()
        contrasts["contrast"].prepare(Documents(counts), network, batch_size=BATCH)
    return Step(
        network.train(),
        story.losses(),
        Training(),
        rates=story.rates(network),
        contrasts=contrasts,
        balance=Balance().for_length(LENGTH),
        seed=0,
        device=torch.device("cpu"),
        **({"many_words": counts.shape[1] + 1} if variant == "before" else {}),
    )


def row(n_words: int, contrast: bool, arguments: argparse.Namespace) -> dict:
    """Measure one vocabulary."""
    counts = documents(n_words)
    sampler = BatchSampler(counts, np.arange(N_DOCS), batch_size=BATCH, seed=0)
    steps = {variant: step_of(variant, counts, contrast=contrast) for variant in VARIANTS}
    seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    losses: dict[str, float] = {}
    for turn in range(arguments.turns + 1):
        for variant, step in steps.items():
            begin = time.process_time()
            for i in range(arguments.steps):
                number = turn * arguments.steps + i
                record = step(sampler.batch(0, number % len(sampler)), number, 0.1)
            if turn:  # the first one allocates
                seconds[variant].append((time.process_time() - begin) / arguments.steps)
            losses[variant] = record["loss"]
    ratios = {
        variant: [before / now for before, now in zip(seconds["before"], values, strict=True)]
        for variant, values in seconds.items()
    }
    result = {
        "n_words": n_words,
        "speed": {variant: BATCH / median(values) for variant, values in seconds.items()},
        "ratio": {variant: (median(values), min(values), max(values)) for variant, values in ratios.items()},
        "memory": {variant: measured_memory(variant, n_words, contrast) for variant in VARIANTS},
        "loss": losses,
    }
    print(result, file=sys.stderr, flush=True)
    return result


def measured_memory(variant: str, n_words: int, contrast: bool) -> float:
    """`memory_of`, in its own process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--memory", variant, "--words", str(n_words)]
    done = subprocess.run([*command, *(["--contrast"] if contrast else [])], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def memory_of(variant: str, n_words: int, *, contrast: bool) -> float:
    """Peak memory of five steps in MB, beyond the peak before them, in this process."""
    counts = documents(n_words, 1000)
    step = step_of(variant, counts, contrast=contrast)
    sampler = BatchSampler(counts, np.arange(1000), batch_size=BATCH, seed=0)
    before = peak_megabytes()
    for number in range(5):
        step(sampler.batch(0, number), number, 0.1)
    return peak_megabytes() - before


def table(rows: Sequence[dict]) -> str:
    """Markdown of the rows."""
    lines = [
        "| words | step | documents/s | of before (lowest to highest turn) | peak memory, MB | loss of the last step |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for each in rows:
        for variant in VARIANTS:
            ratio, lowest, highest = each["ratio"][variant]
            times = "1" if variant == "before" else f"**{ratio:.1f}** ({lowest:.1f} to {highest:.1f})"
            lines.append(
                f"| {each['n_words']:,} | {variant} | {each['speed'][variant]:,.0f} | {times} "
                f"| {each['memory'][variant]:,.0f} | {each['loss'][variant]:.3f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
