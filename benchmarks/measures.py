"""All measures of 100 topics in one call, and each of OCTIS's measures compared with OCTIS itself.

    python benchmarks/measures.py --out benchmarks/results/measures.md

The topics are those of scikit-learn's NMF. topicml's times begin with a corpus without cached counts; OCTIS's include
the construction of its metric object (which builds gensim's dictionary, or reads the word vectors) and ``score``.
Neither includes reading the corpus. ``--only`` selects the rows that have one of these measures.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from gensim.models import KeyedVectors
from machine import provenance
from octis.dataset.dataset import Dataset
from octis.evaluation_metrics import (
    classification_metrics,
    coherence_metrics,
    diversity_metrics,
    similarity_metrics,
    topic_significance_metrics,
)
from sklearn.decomposition import MiniBatchNMF

from topicml import Corpus
from topicml.files import atomic_file
from topicml.metrics import evaluate
from topicml.starting import word_vectors

TOPN, KEPT = 10, 25  # words that measures take, as in OCTIS; words that topics hold
SHARE_TO_LEARN = 0.8  # of the documents whose labels a classifier learns
PARTS = ("AccuracyScore", "F1Score", "PrecisionScore", "RecallScore")


@dataclass(frozen=True)
class Model:
    """Topics of a model on a corpus, and the input of OCTIS's metrics."""

    texts: list[list[str]]
    words: list[str]
    topics: list[list[str]]
    beta: np.ndarray
    theta: np.ndarray
    labels: list[str]
    vectors: str

    @property
    def n_train(self) -> int:
        """Number of documents, from the first, that a classifier is trained on."""
        return int(len(self.texts) * SHARE_TO_LEARN)

    def corpus(self) -> Corpus:
        """A corpus without cached counts."""
        return Corpus.from_tokens(self.texts, self.words)

    def output(self) -> dict[str, object]:
        """OCTIS's model output."""
        return {
            "topics": self.topics,
            "topic-word-matrix": self.beta,
            "topic-document-matrix": self.theta[: self.n_train].T,
            "test-topic-document-matrix": self.theta[self.n_train :].T,
        }


@dataclass(frozen=True)
class Time:
    """Seconds of a call: by the clock, and of the processor (all threads)."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Row:
    """topicml's measures, and the OCTIS metrics that should return the same numbers."""

    ours: tuple[str, ...]
    theirs: Callable[[Model], list[float]]
    fault: str = ""
    vectors: bool = False


def fitted(corpus: Corpus, n_topics: int, vectors: Path) -> Model:
    """Fit NMF, and write the corpus's own word vectors for OCTIS to read."""
    model = MiniBatchNMF(n_topics, init="nndsvda", max_iter=20, batch_size=4096, random_state=0)
    weights = model.fit_transform(corpus.counts.astype(np.float64))
    theta, beta = _distributions(weights), _distributions(model.components_)
    words = list(corpus.vocabulary)
    keyed = KeyedVectors(100)
    keyed.add_vectors(words, word_vectors(corpus, dimension=100, seed=0))
    keyed.save_word2vec_format(str(vectors))
    mixed = np.random.default_rng(0).permutation(corpus.n_docs)
    return Model(
        texts=[corpus.document(int(i)) for i in mixed],
        words=words,
        topics=[[words[i] for i in np.argsort(-row)[:KEPT]] for row in beta],
        beta=beta,
        theta=theta[mixed],
        labels=[corpus.fields["label"][int(i)] for i in mixed],
        vectors=str(vectors),
    )


def _distributions(weights: np.ndarray) -> np.ndarray:
    """Rows that add up to 1, without zeros: OCTIS's log-odds ratio would be infinite."""
    weights = weights + 1e-6 * max(weights.mean(), 1e-12)
    return weights / weights.sum(axis=1, keepdims=True)


def rows() -> list[Row]:
    """All OCTIS measures but its weighted-sum similarity, which returns NaN for any input."""
    order = "depends on the order of topics"
    depth = "centroids are not scaled by depth"
    sums = "vectors are divided by their sums"
    similar, diverse, significant = similarity_metrics, diversity_metrics, topic_significance_metrics
    table = [
        Row((name,), lambda fit, name=name: [_score(fit, coherence_metrics.Coherence(fit.texts, TOPN, 1, name))])
        for name in ("u_mass", "c_uci", "c_npmi", "c_v")
    ]
    for name, kind in (
        ("topic_diversity", diverse.TopicDiversity),
        ("inverted_rbo", diverse.InvertedRBO),
        ("rbo", similar.RBO),
        ("jaccard", similar.PairwiseJaccardSimilarity),
    ):
        table.append(Row((name,), lambda fit, kind=kind: [_score(fit, kind(topk=TOPN))]))
    for name, kind, fault in (
        ("embedding_coherence_pairwise", coherence_metrics.WECoherencePairwise, sums),
        ("embedding_coherence_centroid", coherence_metrics.WECoherenceCentroid, sums),
        ("inverted_embedding_rbo_match", diverse.WordEmbeddingsInvertedRBO, ""),
        ("inverted_embedding_rbo_centroid", diverse.WordEmbeddingsInvertedRBOCentroid, depth),
        ("embedding_rbo_match", similar.WordEmbeddingsRBOMatch, ""),
        ("embedding_rbo_centroid", similar.WordEmbeddingsRBOCentroid, depth),
        ("embedding_similarity_pairwise", similar.WordEmbeddingsPairwiseSimilarity, ""),
        ("embedding_similarity_centroid", similar.WordEmbeddingsCentroidSimilarity, ""),
    ):
        score = lambda fit, kind=kind: [_score(fit, kind(word2vec_path=fit.vectors, binary=False, topk=TOPN))]  # noqa: E731
        table.append(Row((name,), score, fault, vectors=True))
    for name, kind, fault in (
        ("kl_divergence", diverse.KLDivergence, order),
        ("log_odds_ratio", diverse.LogOddsRatio, ""),
        ("kl_uniform", significant.KL_uniform, ""),
        ("kl_vacuous", significant.KL_vacuous, ""),
        ("kl_background", significant.KL_background, ""),
    ):
        table.append(Row((name,), lambda fit, kind=kind: [_score(fit, kind())], fault))
    return [*table, Row(("accuracy_svm", "f1_micro_svm", "precision_micro_svm", "recall_micro_svm"), _classified)]


def _score(fit: Model, metric: object) -> float:
    return float(metric.score(fit.output()))  # type: ignore[attr-defined]


def _classified(fit: Model) -> list[float]:
    """The four OCTIS metrics that share one classifier."""
    classification_metrics.stored_model_output_hash = None
    dataset = Dataset(labels=fit.labels)
    return [_score(fit, getattr(classification_metrics, part)(dataset)) for part in PARTS]


def timed(call: Callable[[], object]) -> tuple[object, Time]:
    """The result of a call, and its time."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return result, Time(time.perf_counter() - wall, time.process_time() - cpu)


def middle(times: Iterable[Time]) -> Time:
    """The medians."""
    times = list(times)
    return Time(median(one.wall for one in times), median(one.cpu for one in times))


def ratio(theirs: Time, mine: Time) -> str:
    """Ratio of wall times, OCTIS over topicml."""
    times = theirs.wall / mine.wall
    return f"{times:.0f}x" if times >= 10 else f"{times:.1f}x"


def ours(row: Row, fit: Model, corpus: Corpus) -> list[float]:
    """Numbers of topicml for a row, from the same input as OCTIS."""
    inputs = {
        "topics": fit.topics,
        "reference": corpus,
        "beta": fit.beta,
        "theta": fit.theta[: fit.n_train],
        "labels": fit.labels[: fit.n_train],
        "test_theta": fit.theta[fit.n_train :],
        "test_labels": fit.labels[fit.n_train :],
    }
    if row.vectors:
        inputs["vectors"] = KeyedVectors.load_word2vec_format(fit.vectors, binary=False)
    options = {"topic_diversity": {"topn": TOPN}}
    return [score.mean for score in evaluate(row.ours, topn=TOPN, options=options, **inputs).values()]


def everything(fit: Model, runs: int) -> tuple[int, Time]:
    """Number of measures of one call, and its time, which includes learning word vectors."""
    times = []
    for _ in range(runs):
        corpus = fit.corpus()
        inputs = {"reference": corpus, "beta": fit.beta, "theta": fit.theta, "labels": fit.labels}
        scores, spent = timed(lambda inputs=inputs: evaluate(topics=fit.topics, **inputs))
        times.append(spent)
    return len(scores), middle(times)  # type: ignore[arg-type]


def line(row: Row, fit: Model, runs: int) -> tuple[str, Time, Time]:
    """One line of the table, and the times of OCTIS and topicml."""
    expected, theirs = timed(lambda: row.theirs(fit))
    times = []
    for _ in range(runs):
        corpus = fit.corpus()
        numbers, spent = timed(lambda corpus=corpus: ours(row, fit, corpus))
        times.append(spent)
    mine = middle(times)
    difference = np.abs(np.subtract(expected, numbers)).max()  # type: ignore[arg-type]
    shown = f"{difference:.0e}" if not row.fault else f"{difference:.0e}: OCTIS's {row.fault}"
    text = (
        f"| {', '.join(row.ours)} | {theirs.wall:.2g} | {theirs.cpu:.2g} | {mine.wall:.2g} | {mine.cpu:.2g} "
        f"| {ratio(theirs, mine)} | {shown} |"
    )
    return text, theirs, mine


def main() -> None:
    """Print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "corpora")
    parser.add_argument("--corpus", default="DBLP")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="*", metavar="MEASURE")
    parser.add_argument("--out", type=Path, help="write the table here too (Markdown)")
    arguments = parser.parse_args()
    corpus = Corpus.read(arguments.corpora / arguments.corpus)
    with tempfile.TemporaryDirectory() as folder:
        fit = fitted(corpus, arguments.topics, Path(folder) / "vectors.txt")
        n_measures, whole = everything(fit, arguments.runs)
        lines = [
            f"# All measures of {arguments.topics} topics on {arguments.corpus} ({corpus.n_docs:,} documents)",
            "",
            provenance(),
            f"- topics: scikit-learn's MiniBatchNMF, {KEPT} words each; ours: median of {arguments.runs} runs; "
            "OCTIS 1.14.0: one run",
            "",
            f"`topicml.metrics.evaluate(topics=…, reference=…, beta=…, theta=…, labels=…)`: {n_measures} measures in "
            f"**{whole.wall:.2f} s** ({whole.cpu:.2f} s of the processor), word vectors learned and two classifiers "
            "trained in it.",
            "",
            "OCTIS's measures one by one, in seconds, nothing shared between the rows. Word vectors are read from the "
            "same file in single precision, so those rows agree to that; an SVM is drawn at random in OCTIS.",
            "",
            "| measure | OCTIS wall | OCTIS CPU | ours wall | ours CPU | ratio of walls | difference |",
            "|---|---|---|---|---|---|---|",
        ]
        print("\n".join(lines), flush=True)
        totals: list[tuple[Time, Time]] = []
        for row in rows():
            if arguments.only and not set(row.ours) & set(arguments.only):
                continue
            text, theirs, mine = line(row, fit, arguments.runs)
            totals.append((theirs, mine))
            lines.append(text)
            print(text, flush=True)
    theirs_all, ours_all = (
        Time(sum(t.wall for t in part), sum(t.cpu for t in part)) for part in zip(*totals, strict=True)
    )
    closing = [
        f"| sum of the rows | {theirs_all.wall:.1f} | {theirs_all.cpu:.1f} | {ours_all.wall:.2f} | {ours_all.cpu:.2f} "
        f"| {ratio(theirs_all, ours_all)} | |",
        ""
        if arguments.only
        else "\n"
        f"OCTIS's rows together take {theirs_all.wall:.0f} s; our one call, with measures that OCTIS does not have, "
        f"{whole.wall:.2f} s: **{ratio(theirs_all, whole)}**.",
    ]
    print("\n".join(closing))
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text("\n".join([*lines, *closing, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
