"""All metric classes of OCTIS 1.14, on topics of two real corpora: long articles and short headlines.

Each class returns topicml's number to 1e-9. If the class is faulty, topicml's number is compared with the definition in
the source, computed independently.
"""

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import isabstract
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gensim.models import KeyedVectors
from scipy.special import rel_entr
from sklearn.decomposition import NMF
from sklearn.metrics.pairwise import cosine_similarity

from topicml import Corpus
from topicml.metrics import MEASURES, classification, evaluate
from topicml.starting import word_vectors

octis = pytest.importorskip("octis", reason="OCTIS is not installed (pip install --no-deps octis==1.14.0)")
from octis import evaluation_metrics  # noqa: E402
from octis.evaluation_metrics import classification_metrics  # noqa: E402
from octis.evaluation_metrics.metrics import AbstractMetric  # noqa: E402

N_TOPICS, N_DOCS, TOPN, N_TRAIN = 6, 900, 10, 675


def documents(name, folder):
    """A part of a real corpus, shuffled, as tokens and labels."""
    if name == "GoogleNews-T":
        tokens = [line.split() for line in (folder / name / "train_texts.txt").read_text().splitlines()]
        labels = (folder / name / "train_labels.txt").read_text().split()
    else:
        corpus = Corpus.read(folder / name)
        tokens, labels = list(corpus), list(corpus.fields["label"])
    often = {label for label in set(labels) if labels.count(label) > 200} or set(labels)
    chosen = [i for i in np.random.default_rng(0).permutation(len(tokens)) if labels[i] in often][:N_DOCS]
    return [tokens[i] for i in chosen], [labels[i] for i in chosen]


@pytest.fixture(scope="module", params=["BBC_News", "GoogleNews-T"])
def real(request, tmp_path_factory):
    """Topics of NMF as OCTIS's model output, with labels, and word vectors of different lengths."""
    tokens, labels = documents(request.param, request.getfixturevalue("shared_corpora"))
    corpus = Corpus.from_tokens(tokens)
    model = NMF(N_TOPICS, init="nndsvda", max_iter=40, tol=1e-2)
    theta = model.fit_transform(corpus.counts.astype(np.float64)) + 1e-3
    beta = model.components_ + 1e-4
    theta, beta = (rows / rows.sum(axis=1, keepdims=True) for rows in (theta, beta))
    words = list(corpus.vocabulary)
    rows = word_vectors(corpus, dimension=20, seed=0).astype(np.float64)
    rows *= np.random.default_rng(1).uniform(0.5, 3, (len(words), 1))
    rows[~rows.any(axis=1)] = 1e-3
    path = tmp_path_factory.mktemp("vectors") / "vectors.txt"
    keyed(words, rows).save_word2vec_format(str(path))
    topics = [[words[i] for i in np.argsort(-row)[:12]] for row in beta]
    output = {
        "topics": topics,
        "topic-word-matrix": beta,
        "topic-document-matrix": theta[:N_TRAIN].T,
        "test-topic-document-matrix": theta[N_TRAIN:].T,
    }
    return SimpleNamespace(
        tokens=tokens, corpus=corpus, labels=labels, words=words, rows=rows, path=str(path), output=output, beta=beta
    )


def keyed(words, rows):
    vectors = KeyedVectors(rows.shape[1], dtype=np.float64)
    vectors.add_vectors(words, rows.copy())  # gensim's `similarity` scales double-precision vectors in place
    return vectors


@dataclass(frozen=True)
class Row:
    """A metric class with arguments, topicml's measure, and the value by definition if the class is faulty."""

    module: str
    kind: str
    ours: str
    arguments: dict[str, Any]
    by_definition: Any = None  # function of the real corpus, if OCTIS's number is wrong

    def theirs(self, real):
        """OCTIS's number."""
        metric_class = getattr(import_module(f"octis.evaluation_metrics.{self.module}"), self.kind)
        arguments = dict(self.arguments)
        if self.module == "classification_metrics":
            classification_metrics.stored_model_output_hash = None
            return metric_class(SimpleNamespace(get_labels=lambda: real.labels), **arguments).score(real.output)
        if self.kind == "Coherence":
            arguments |= {"texts": real.tokens, "processes": 1}
        if "WordEmbeddings" in self.kind or self.kind.startswith("WE"):
            arguments |= {"word2vec_path": real.path, "binary": False}
        if self.kind == "WordEmbeddingsWeightedSumSimilarity":
            arguments["id2word"] = dict(enumerate(real.words))
        metric = metric_class(**arguments)
        for name in {"_wv", "wv"} & set(vars(metric)):  # the same vectors in double precision
            setattr(metric, name, keyed(real.words, real.rows))
        return metric.score(real.output)

    def mine(self, real):
        """topicml's number, from OCTIS's output."""
        inputs = {"topics": real.output, "reference": real.corpus, "vectors": keyed(real.words, real.rows)}
        inputs |= {"labels": real.labels[:N_TRAIN], "test_labels": real.labels[N_TRAIN:], "vocabulary": real.words}
        options = {self.ours: {"topn": TOPN}} if MEASURES[self.ours].default_topn else {}
        return evaluate([self.ours], options=options, **inputs)[self.ours].mean


def units(real, topic):
    rows = np.array([real.rows[real.corpus.vocabulary.index[word]] for word in topic[:TOPN]])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def mean_cosine_of_words(real):
    each = [cosine_similarity(units(real, topic))[np.triu_indices(TOPN, 1)].mean() for topic in real.output["topics"]]
    return np.mean(each)


def mean_cosine_with_the_centroid(real):
    rows = [units(real, topic) for topic in real.output["topics"]]
    return np.mean([cosine_similarity(row, row.mean(axis=0, keepdims=True)).mean() for row in rows])


def mean_divergence_both_ways(real):
    smoothed = real.beta + 1e-5
    pairs = [(i, j) for i in range(N_TOPICS) for j in range(N_TOPICS) if i != j]
    return np.mean([rel_entr(smoothed[i], smoothed[j]).sum() for i, j in pairs])


def overlap_of_centroids(real):
    """Extrapolated RBO (Webber et al. 2010, equation 32) with the similarity of centroids as agreement."""
    p, values = 0.9, []
    vector = {word: real.rows[real.corpus.vocabulary.index[word]] for topic in real.output["topics"] for word in topic}
    for one, other in combinations(real.output["topics"], 2):
        agreement = []
        for depth in range(1, TOPN + 1):
            means = [np.mean([vector[word] for word in topic[:depth]], axis=0) for topic in (one, other)]
            cosine = np.clip(cosine_similarity(means)[0, 1], -1, 1)
            agreement.append(1 - np.arccos(cosine) / np.pi)
        terms = [p ** (depth - 1) * (1 - p) * value for depth, value in enumerate(agreement, 1)]
        values.append(sum(terms) + p**TOPN * agreement[-1])
    return np.mean(values)


def cosine_of_weighted_means(real):
    return cosine_similarity(real.beta @ real.rows)[np.triu_indices(N_TOPICS, 1)].mean()


TOPK = {"topk": TOPN}
DIVERSE, SIMILAR, SIGNIFICANT = "diversity_metrics", "similarity_metrics", "topic_significance_metrics"
COHERENT, CLASSIFIED = "coherence_metrics", "classification_metrics"
ROWS = [
    *(Row(COHERENT, "Coherence", name, {"measure": name, **TOPK}) for name in ("u_mass", "c_v", "c_uci", "c_npmi")),
    Row(COHERENT, "WECoherencePairwise", "embedding_coherence_pairwise", TOPK, mean_cosine_of_words),
    Row(COHERENT, "WECoherenceCentroid", "embedding_coherence_centroid", TOPK, mean_cosine_with_the_centroid),
    Row(DIVERSE, "TopicDiversity", "topic_diversity", TOPK),
    Row(DIVERSE, "InvertedRBO", "inverted_rbo", TOPK),
    Row(DIVERSE, "WordEmbeddingsInvertedRBO", "inverted_embedding_rbo_match", TOPK),
    Row(
        *(DIVERSE, "WordEmbeddingsInvertedRBOCentroid", "inverted_embedding_rbo_centroid", TOPK),
        lambda real: 1 - overlap_of_centroids(real),
    ),
    Row(DIVERSE, "LogOddsRatio", "log_odds_ratio", {}),
    Row(DIVERSE, "KLDivergence", "kl_divergence", {}, mean_divergence_both_ways),
    Row(SIMILAR, "RBO", "rbo", TOPK),
    Row(SIMILAR, "PairwiseJaccardSimilarity", "jaccard", TOPK),
    Row(SIMILAR, "WordEmbeddingsRBOMatch", "embedding_rbo_match", TOPK),
    Row(SIMILAR, "WordEmbeddingsRBOCentroid", "embedding_rbo_centroid", TOPK, overlap_of_centroids),
    Row(SIMILAR, "WordEmbeddingsPairwiseSimilarity", "embedding_similarity_pairwise", TOPK),
    Row(SIMILAR, "WordEmbeddingsCentroidSimilarity", "embedding_similarity_centroid", TOPK),
    Row(
        *(SIMILAR, "WordEmbeddingsWeightedSumSimilarity", "weighted_embedding_similarity", TOPK),
        cosine_of_weighted_means,
    ),
    Row(SIGNIFICANT, "KL_uniform", "kl_uniform", {}),
    Row(SIGNIFICANT, "KL_vacuous", "kl_vacuous", {}),
    Row(SIGNIFICANT, "KL_background", "kl_background", {}),
    Row(CLASSIFIED, "AccuracyScore", "accuracy_svm", {}),
    *(
        Row(CLASSIFIED, f"{kind}Score", f"{kind.lower()}_{average}_svm", {"average": average})
        for kind in ("F1", "Precision", "Recall")
        for average in ("micro", "macro")
    ),
]
BASES = {"ClassificationScore"}  # returns predicted labels, not a number; see the last test


@cache
def classes():
    """The names of OCTIS's metric classes, from all modules of its package."""
    for module in pkgutil.iter_modules(evaluation_metrics.__path__):
        import_module(f"octis.evaluation_metrics.{module.name}")
    names, queue = set(), [AbstractMetric]
    while queue:
        kind = queue.pop()
        queue += kind.__subclasses__()
        if kind.__module__.startswith("octis.evaluation_metrics") and not isabstract(kind):
            names.add(kind.__name__)
    return names


def test_all_classes_are_tested():
    assert {row.kind for row in ROWS} | BASES == classes()


def name_of(row):
    return f"{row.kind}-{row.ours}"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("row", [row for row in ROWS if row.by_definition is None], ids=name_of)
def test_the_number_equals_octis_s(real, row):
    assert row.mine(real) == pytest.approx(row.theirs(real), rel=0, abs=1e-9)


@pytest.mark.parametrize("row", [row for row in ROWS if row.by_definition is not None], ids=name_of)
def test_if_octis_is_wrong_the_number_equals_its_definition(real, row):
    assert row.mine(real) == pytest.approx(row.by_definition(real), rel=0, abs=1e-9)
    if row.kind == "WordEmbeddingsWeightedSumSimilarity":
        with pytest.raises(KeyError, match="topic-word-distribution"):  # no model of OCTIS writes this key
            row.theirs(real)
    else:
        assert abs(row.theirs(real) - row.mine(real)) > 1e-3


def test_the_classifier_is_as_accurate_as_octis_s(real):
    metric = classification_metrics.ClassificationScore(SimpleNamespace(get_labels=lambda: real.labels))
    truth, predicted = metric.score(real.output)
    ours = classification(real.output, real.labels[:N_TRAIN], test_labels=real.labels[N_TRAIN:])
    assert ours.accuracy == pytest.approx(np.mean(np.equal(truth, predicted)), rel=0, abs=1e-9)
    assert 0.2 < ours.accuracy < 1, "topics predict some of the labels"
