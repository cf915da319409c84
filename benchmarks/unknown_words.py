"""Whether the confidence of documents with unknown words is right as often as it says.

    python benchmarks/unknown_words.py --out benchmarks/results/unknown_words.md

A part of the known words of each unseen document is hidden: each stands for a word that the model does not know. As in
`calibration.py`, a document is right if it has the label that most documents of its leading topic have, decided on the
training documents; ECE is the mean of |share that is right - confidence| over 15 bins, weighted by documents. "Halves"
is the confidence of a fit, "labels" that after `view.calibrate(labels)`.
"""

import argparse
import csv
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from calibration import _label, judged, read
from machine import ROOT, provenance
from scipy.sparse import csr_matrix

import topicml
from topicml.corpus import Corpus
from topicml.explore import TopicView
from topicml.explore.rows import counts_of_texts
from topicml.files import atomic_file

HIDDEN = (0.0, 0.25, 0.5, 0.75)
BOUNDS = (0.0, 0.25, 0.45, 0.6, 1.0)  # of the share of unknown words, each included
LEFT_OUT = ("excel", "hibernate", "linq", "magento", "svn")
HEAD = "| {} | documents | right | halves | ECE | labels | ECE |\n|---|---|---|---|---|---|---|"


class Judge:
    """A model and its two confidences, and whether documents have the label of their topic."""

    def __init__(self, train: Corpus, n_topics: int, seed: int) -> None:
        train = train[np.flatnonzero(train.lengths)]
        self.model = topicml.ProdLDA(n_topics=n_topics, random_state=seed).fit(train)
        self.view = TopicView.of(self.model, train)
        labels = _labels_of(train)
        self.calibrated = self.view.calibrate(labels)
        names, codes = np.unique(labels, return_inverse=True)
        table = np.zeros((n_topics, len(names)), dtype=int)
        np.add.at(table, (self.view.inferred.argmax(axis=1), codes), 1)
        self.topic_labels = names[table.argmax(axis=1)]

    def of(self, counts: csr_matrix, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Whether documents are right, and their confidences."""
        theta = self.model.transform(Corpus.from_counts(counts, self.model.vocabulary_))
        leading, rows = theta.argmax(axis=1), np.arange(len(theta))
        sure = [view.confidence(theta, counts)[rows, leading].astype(float) for view in (self.view, self.calibrated)]
        return self.topic_labels[leading] == labels, *sure


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the tables here too (Markdown)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    parts = ["# Confidence and unknown words", __doc__.split("\n\n", 2)[2].strip(), provenance()]
    for part in sections(arguments.corpora, arguments.seed):
        parts.append(part)
        print(part, flush=True)
        if arguments.out:
            with atomic_file(arguments.out) as temporary:
                temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def sections(corpora: Path, seed: int) -> Iterator[str]:
    """The tables, one after the other."""
    with open(corpora / "StackOverflow-raw" / "titles.csv", encoding="utf-8", newline="") as stream:
        titles = [(row["title"], row["tag"]) for row in csv.DictReader(stream)]
    order = np.random.default_rng(1234).permutation(len(titles))
    fitted, unseen = ([titles[i] for i in part] for part in np.split(order, [int(0.8 * len(order))]))
    judge = Judge(_corpus(fitted), 20, seed)
    yield hidden_words("StackOverflow titles, 20 topics", judge, *_counts(judge, unseen), seed)
    for name, n_topics in (("StackOverflow", 20), ("AGNews", 10)):
        train, test = read(corpora / name).split(0.8, seed=1234)
        judge = Judge(train, n_topics, seed)
        given = test.counts, test.lengths, _labels_of(test)
        yield hidden_words(f"{name} (words of the vocabulary only), {n_topics} topics", judge, *given, seed)
    judge = Judge(_corpus([title for title in fitted if title[1] not in LEFT_OUT]), 15, seed)
    counts, words, labels = _counts(judge, [title for title in unseen if title[1] in LEFT_OUT])
    yield "## StackOverflow titles of five tags that the fit never saw, 15 topics\n\n" + by_share(
        judge, [(counts, words, labels)]
    )


def hidden_words(title: str, judge: Judge, counts: csr_matrix, words: np.ndarray, labels: np.ndarray, seed: int) -> str:
    """How often documents are right, by the part of their words that is hidden and by the share of unknown words."""
    rng, lines, all_hidden = np.random.default_rng(seed), [HEAD.format("hidden")], []
    for part in HIDDEN:
        left = csr_matrix(counts, copy=True)
        left.data = rng.binomial(left.data.astype(np.int64), 1 - part).astype(np.int32)
        left.eliminate_zeros()
        all_hidden.append((left, words, labels))
        has_words = np.asarray(left.sum(axis=1)).ravel() > 0
        lines.append(_row(f"{part:.0%}", *judge.of(left[has_words], labels[has_words])))
    return f"## {title}\n\n" + "\n".join(lines) + "\n\n" + by_share(judge, all_hidden)


def by_share(judge: Judge, documents: Iterable[tuple[csr_matrix, np.ndarray, np.ndarray]]) -> str:
    """How often documents are right, by their number of known words and the share of unknown ones."""
    found = []
    for counts, words, labels in documents:
        known = np.asarray(counts.sum(axis=1)).ravel()
        keep = known > 0
        share = 1 - known[keep] / np.maximum(words[keep], known[keep])
        found.append((known[keep], share, *judge.of(counts[keep], labels[keep])))
    known, share, *judged_ones = (np.concatenate(each) for each in zip(*found, strict=True))
    lines = [HEAD.format("known words, share unknown")]
    for least, most in ((1, 1), (2, 2), (3, 4), (5, 10**6), (1, 10**6)):
        for low, high in zip((-1.0, *BOUNDS), BOUNDS, strict=False):
            rows = (known >= least) & (known <= most) & (share > low) & (share <= high)
            name = "all" if (least, most) == (1, 10**6) else f"{least} or more" if most > 4 else f"{least} to {most}"
            name = str(least) if least == most else name
            unknown = "none" if high == 0 else f"up to {high:.0%}"
            if rows.sum() >= 50:
                lines.append(_row(f"{name}, {unknown}", *(each[rows] for each in judged_ones)))
    return "\n".join(lines)


def _row(name: str, is_right: np.ndarray, halves: np.ndarray, labels: np.ndarray) -> str:
    cells = [f"{len(is_right):,}", f"{is_right.mean():.3f}"]
    for sure in (halves, labels):
        cells += [f"{sure.mean():.3f}", f"{judged(sure, is_right)[0]:.3f}"]
    return f"| {name} | {' | '.join(cells)} |"


def _corpus(titles: list[tuple[str, str]]) -> Corpus:
    return Corpus.from_texts([text for text, _ in titles], fields={"label": [tag for _, tag in titles]})


def _labels_of(corpus: Corpus) -> np.ndarray:
    return np.array([str(label) for label in corpus.fields[_label(corpus)]])


def _counts(judge: Judge, titles: list[tuple[str, str]]) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    counts, words = counts_of_texts(judge.model, [text for text, _ in titles])
    return counts, words, np.array([tag for _, tag in titles])


if __name__ == "__main__":
    main()
