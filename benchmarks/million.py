"""A million documents from raw text to topics, beside one pass of gensim's LdaMulticore over the same words.

    python benchmarks/million.py --out benchmarks/results/million.md
    python benchmarks/million.py --documents 100000 300000        # to see how time and memory grow

Documents are drawn from LDA with 50 topics, 60 words each, over 50,000 words, and written as JSON lines; words are made
of syllables. topicml reads the file (`topicml corpus --max-features 50000`; by default it keeps 20,000 words), fits 50
topics at the defaults and labels all documents (`topicml fit`, without a report). gensim gets the word counts of the
finished corpus, and its time is that of the fit alone. Each is a process of its own, on all cores, one after the other.
Memory is the peak of the proportional set size of a process and all that it started. NMI compares the leading topics of
20,000 documents with those that they were drawn from.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
from machine import ROOT, provenance
from sklearn.metrics import normalized_mutual_info_score

from topicml.corpus import Corpus, synthetic
from topicml.files import atomic_file

N_TOPICS, N_WORDS, LENGTH, JUDGED = 50, 50_000, 60, 20_000
CONSONANTS, VOWELS = "bdfgklmnprtvz", "aeiou"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--documents", nargs="+", type=int, default=[1_000_000], metavar="N")
    add(
        "--max-features",
        type=int,
        default=N_WORDS,
        metavar="N",
        help="words of the vocabulary; 20000: topicml's default",
    )
    add("--work", type=Path, default=ROOT / "runs" / "million", help="folder for all files; removed")
    add("--without-gensim", action="store_true")
    add("--out", type=Path, help="write the table here too (Markdown)")
    add("--gensim", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.gensim:
        fit_gensim(*map(Path, arguments.gensim))
        return
    lines = [
        "| documents | system | step | seconds | peak (MB) | NMI with the known topics |",
        "|---:|---|---|---:|---:|---:|",
    ]
    for n_docs in arguments.documents:
        for row in rows(n_docs, arguments.work, arguments.max_features, with_gensim=not arguments.without_gensim):
            lines.append(f"| {n_docs:,} | {row}")
            print(lines[-1], file=sys.stderr, flush=True)
        shutil.rmtree(arguments.work)
    paragraph = (__doc__ or "").strip().split("\n\n")[-1]
    text = "\n\n".join(["# A million documents", provenance(), paragraph, "\n".join(lines)]) + "\n"
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def rows(n_docs: int, work: Path, max_features: int, *, with_gensim: bool) -> Iterator[str]:
    """The rows of one number of documents."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    source, corpus, run = work / "documents.jsonl", work / "corpus", work / "run"
    labels = write_documents(source, work / "drawn", n_docs)
    topicml = [sys.executable, "-m", "topicml"]
    columns = ["--text-column", "text", "--label-column", "label", "-q"]
    steps = {
        "corpus from JSON lines": [
            *(*topicml, "corpus", source, "--out", corpus, "--jobs", "2", "--max-features", max_features),
            *columns,
        ],
        "fit and theta": [
            *(*topicml, "fit", corpus, "--topics", N_TOPICS, "--out", run),
            *("--documents", "none", "--no-report", "-q"),
        ],
    }
    total, highest = 0.0, 0.0
    for name, command in steps.items():
        seconds, peak = measured(command)
        total, highest = total + seconds, max(highest, peak)
        yield f"topicml | {name} | {seconds:,.0f} | {peak:,.0f} | |"
    theta = pq.read_table(run / "doc_topics.parquet").slice(0, JUDGED).to_pandas().filter(like="theta_").to_numpy()
    yield f"topicml | all | {total:,.0f} | {highest:,.0f} | {agreement(theta, labels):.3f} |"
    if with_gensim:
        seconds, peak = measured([sys.executable, __file__, "--gensim", corpus, work / "theta.npy"])
        seconds = float((work / "seconds").read_text("utf-8"))
        nmi = agreement(np.load(work / "theta.npy"), labels)
        yield f"gensim LdaMulticore | fit | {seconds:,.0f} | {peak:,.0f} | {nmi:.3f} |"


def agreement(theta: np.ndarray, labels: np.ndarray) -> float:
    """NMI of leading topics with the labels of the first documents."""
    return float(normalized_mutual_info_score(labels[: len(theta)], theta.argmax(axis=1)))


def write_documents(path: Path, folder: Path, n_docs: int) -> np.ndarray:
    """Write texts and labels as JSON lines; return the labels."""
    drawn = synthetic.lda(n_docs, N_TOPICS, N_WORDS, mean_length=LENGTH, folder=folder).corpus
    tokens, offsets, labels = drawn.tokens, drawn.offsets, np.asarray(drawn.fields["label"])
    assert tokens is not None
    syllables = [consonant + vowel for consonant in CONSONANTS for vowel in VOWELS]
    n = len(syllables)
    words = [syllables[i // n**2] + syllables[i // n % n] + syllables[i % n] for i in range(N_WORDS)]
    with open(path, "w", encoding="utf-8") as stream:
        for i in range(n_docs):
            text = " ".join([words[each] for each in tokens[offsets[i] : offsets[i + 1]].tolist()])
            stream.write(json.dumps({"id": i, "label": int(labels[i]), "text": text}) + "\n")
    shutil.rmtree(folder)
    return labels


def measured(command: Sequence[object]) -> tuple[float, float]:
    """Seconds that a command takes, and the megabytes (10^6 bytes, PSS) of it and the processes that it starts."""
    begin, peak = time.perf_counter(), 0
    process = subprocess.Popen([str(each) for each in command])
    root = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            together = [root, *root.children(recursive=True)]
            peak = max(peak, sum(proportional_set_size(each.pid) for each in together))
        except (psutil.Error, OSError):  # one of them has just ended
            pass
        time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed.")
    return time.perf_counter() - begin, peak / 1e6


def proportional_set_size(pid: int, name: str = "Pss") -> int:
    """Bytes of a process, by the sums of Linux: psutil reads every mapping, which slows the process down.

    ``Pss_Anon`` is without the pages of mapped files.
    """
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


class BagsOfWords:
    """The documents of a count matrix as gensim reads them."""

    def __init__(self, corpus: Corpus) -> None:
        self.counts = corpus.counts

    def __len__(self) -> int:
        return int(self.counts.shape[0])

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        indptr, indices, data = self.counts.indptr, self.counts.indices, self.counts.data
        for begin, end in zip(indptr[:-1].tolist(), indptr[1:].tolist(), strict=True):
            yield list(zip(indices[begin:end].tolist(), data[begin:end].astype(int).tolist(), strict=True))


def fit_gensim(folder: Path, out: Path) -> None:
    """Fit LdaMulticore in one pass; write theta of the first documents, and the seconds of the fit."""
    from gensim.models import LdaMulticore

    corpus = Corpus.open(folder)
    documents = BagsOfWords(corpus)
    names = dict(enumerate(corpus.vocabulary))
    begin = time.perf_counter()
    model = LdaMulticore(documents, num_topics=N_TOPICS, id2word=names, workers=2, passes=1, random_state=0)
    (out.parent / "seconds").write_text(str(time.perf_counter() - begin), "utf-8")
    theta = np.zeros((min(JUDGED, len(documents)), N_TOPICS), dtype=np.float32)
    for i, document in zip(range(len(theta)), documents, strict=False):
        for topic, share in model.get_document_topics(document, minimum_probability=0):
            theta[i, topic] = share
    np.save(out, theta)


if __name__ == "__main__":
    main()
