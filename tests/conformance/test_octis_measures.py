"""All measures of OCTIS 1.14 on topics of real corpora: equal numbers, or the fault that makes OCTIS's differ."""

from types import SimpleNamespace

import numpy as np
import pytest
from gensim.models import KeyedVectors
from sklearn.decomposition import NMF

from topicml import Corpus
from topicml.errors import InputError
from topicml.metrics import (
    classification,
    coherence,
    embedding_coherence,
    embedding_rbo,
    embedding_similarity,
    inverted_embedding_rbo,
    inverted_rbo,
    jaccard,
    kl_background,
    kl_divergence,
    kl_uniform,
    kl_vacuous,
    log_odds_ratio,
    rbo,
    topic_diversity,
    weighted_embedding_similarity,
)
from topicml.starting import word_vectors

pytest.importorskip("octis", reason="OCTIS is not installed (pip install --no-deps octis==1.14.0)")
from octis.evaluation_metrics import (
    classification_metrics,
    coherence_metrics,
    diversity_metrics,
    similarity_metrics,
    topic_significance_metrics,
    word_embeddings_rbo_centroid,
)

CORPORA = ("lee", "BBC_News", "SearchSnippets")
N_TOPICS, N_DOCS = 6, 1500
EXACT = {"rel": 0, "abs": 1e-9}


@pytest.fixture(scope="module", params=CORPORA)
def real(request):
    """A fitted NMF on a real corpus: OCTIS's model output, with labels and word vectors."""
    name = request.param
    corpus = Corpus.read(name if name == "lee" else request.getfixturevalue("shared_corpora") / name)
    rows = np.random.default_rng(0).permutation(corpus.n_docs)[:N_DOCS]
    counts = corpus.counts[rows].astype(np.float64)
    model = NMF(N_TOPICS, init="nndsvda", max_iter=40, tol=1e-2)
    weights = model.fit_transform(counts) + 1e-3
    theta = weights / weights.sum(axis=1, keepdims=True)
    beta = model.components_ + 1e-4
    beta /= beta.sum(axis=1, keepdims=True)
    topics = [[corpus.vocabulary[i] for i in np.argsort(-row)[:12]] for row in beta]
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    labels = np.where(lengths > np.median(lengths), "long", "short") if name == "lee" else corpus.fields["label"]
    labels = list(labels) if name == "lee" else [labels[int(i)] for i in rows]
    n_train = len(rows) * 3 // 4
    output = {
        "topics": topics,
        "topic-word-matrix": beta,
        "topic-document-matrix": theta[:n_train].T,
        "test-topic-document-matrix": theta[n_train:].T,
    }
    words = sorted({word for row in topics for word in row})
    of_words = word_vectors(corpus, dimension=40, seed=0)[[corpus.vocabulary.index[word] for word in words]]
    of_words = of_words * np.random.default_rng(1).uniform(0.5, 3, (len(words), 1))  # different lengths
    return SimpleNamespace(
        corpus=corpus, output=output, labels=labels, n_train=n_train, vectors=keyed(words, of_words.astype(float))
    )


def keyed(words, rows):
    """gensim's vectors in double precision."""
    vectors = KeyedVectors(rows.shape[1], dtype=np.float64)
    vectors.add_vectors(list(words), np.asarray(rows, dtype=np.float64))
    return vectors


def octis_with(kind, vectors, tmp_path, **options):
    """A metric of OCTIS, which reads vectors in single precision from a file, with a copy of them in double precision.

    It needs a copy because gensim's `similarity` scales double-precision vectors in place.
    """
    path = tmp_path / "vectors.txt"
    vectors.save_word2vec_format(str(path))
    metric = kind(word2vec_path=str(path), binary=False, **options)
    setattr(metric, "_wv" if hasattr(metric, "_wv") else "wv", keyed(vectors.index_to_key, vectors.vectors.copy()))
    return metric


@pytest.mark.parametrize("measure", ["u_mass", "c_uci", "c_npmi", "c_v"])
def test_coherence(real, measure):
    texts = [real.corpus.document(i) for i in range(min(real.corpus.n_docs, 800))]
    theirs = coherence_metrics.Coherence(texts=texts, topk=10, processes=1, measure=measure)
    words = {word for text in texts for word in text}
    topics = [row for row in real.output["topics"] if words.issuperset(row)]
    assert len(topics) > 2
    assert coherence(topics, texts, measure).mean == pytest.approx(theirs.score({"topics": topics}), **EXACT)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (topic_diversity, diversity_metrics.TopicDiversity),
        (inverted_rbo, diversity_metrics.InvertedRBO),
        (rbo, similarity_metrics.RBO),
        (jaccard, similarity_metrics.PairwiseJaccardSimilarity),
    ],
)
@pytest.mark.parametrize("topn", [5, 10])
def test_word_lists(real, ours, theirs, topn):
    assert ours(real.output, topn).mean == pytest.approx(theirs(topk=topn).score(real.output), **EXACT)


def test_significance(real):
    theirs = topic_significance_metrics
    uniform = kl_uniform(real.output)
    assert uniform.mean == pytest.approx(theirs.KL_uniform().score(real.output), **EXACT)
    np.testing.assert_allclose(
        uniform.per_topic, theirs.KL_uniform().score(real.output, per_topic=True), rtol=0, atol=1e-9
    )
    assert kl_vacuous(real.output).mean == pytest.approx(theirs.KL_vacuous().score(real.output), **EXACT)
    assert kl_background(real.output).mean == pytest.approx(theirs.KL_background().score(real.output), **EXACT)


def test_log_odds(real):
    theirs = diversity_metrics.LogOddsRatio().score(real.output)
    assert log_odds_ratio(real.output).mean == pytest.approx(theirs, **EXACT)


def test_kl_divergence_is_the_mean_of_octis_numbers_for_both_orders_of_the_topics(real):
    metric = diversity_metrics.KLDivergence()
    forward = metric.score(real.output)
    backward = metric.score({"topic-word-matrix": real.output["topic-word-matrix"][::-1]})
    assert abs(forward - backward) > 1e-3, "OCTIS's number depends on the arbitrary order of topics"
    assert kl_divergence(real.output).mean == pytest.approx((forward + backward) / 2, **EXACT)


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [
        ("pairwise", similarity_metrics.WordEmbeddingsPairwiseSimilarity),
        ("centroid", similarity_metrics.WordEmbeddingsCentroidSimilarity),
    ],
)
def test_embedding_similarity(real, tmp_path, kind, theirs):
    expected = octis_with(theirs, real.vectors, tmp_path).score(real.output)
    assert embedding_similarity(real.output, real.vectors, kind=kind).mean == pytest.approx(expected, **EXACT)
    few = keyed(real.vectors.index_to_key[::2], real.vectors.vectors[::2])  # half the words have no vector
    expected = octis_with(theirs, few, tmp_path).score(real.output)
    assert embedding_similarity(real.output, few, kind=kind).mean == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize("angular", [True, False])
def test_embedding_rbo_match(real, tmp_path, angular):
    options = {"topk": 8, "normalize": angular}
    theirs = octis_with(diversity_metrics.WordEmbeddingsInvertedRBO, real.vectors, tmp_path, **options)
    expected = theirs.score(real.output)
    ours = inverted_embedding_rbo(real.output, real.vectors, 8, angular=angular)
    assert ours.mean == pytest.approx(expected, **EXACT)
    assert embedding_rbo(real.output, real.vectors, 8, angular=angular).mean == pytest.approx(1 - expected, **EXACT)


def test_embedding_rbo_centroid_with_octis_agreement_corrected(real, tmp_path, monkeypatch):
    theirs = octis_with(diversity_metrics.WordEmbeddingsInvertedRBOCentroid, real.vectors, tmp_path)
    ours = inverted_embedding_rbo(real.output, real.vectors, kind="centroid")
    assert theirs.score(real.output) > ours.mean + 0.1
    similarity = word_embeddings_rbo_centroid.embeddings_overlap

    def scaled(one, other, depth, *rest, **more):
        agreement, *sizes = similarity(one, other, depth, *rest, **more)
        return agreement * depth, *sizes

    monkeypatch.setattr(word_embeddings_rbo_centroid, "embeddings_overlap", scaled)
    assert ours.mean == pytest.approx(theirs.score(real.output), **EXACT)


def test_identical_lists_are_not_diverse(tmp_path):
    words = list("abcdefghij")
    vectors = keyed(words, np.random.default_rng(0).normal(size=(10, 5)))
    same = {"topics": [words, words]}
    theirs = octis_with(diversity_metrics.WordEmbeddingsInvertedRBOCentroid, vectors, tmp_path).score(same)
    assert theirs == pytest.approx(0.73, abs=0.01)
    assert inverted_embedding_rbo(same, vectors, kind="centroid").mean == pytest.approx(0, abs=1e-12)
    assert inverted_embedding_rbo(same, vectors, kind="match").mean == pytest.approx(0, abs=1e-12)


def test_embedding_coherence_of_vectors_with_positive_sums(real, tmp_path):
    positive = np.abs(real.vectors.vectors)
    vectors = keyed(real.vectors.index_to_key, positive / np.linalg.norm(positive, axis=1, keepdims=True))
    theirs = octis_with(coherence_metrics.WECoherencePairwise, vectors, tmp_path).score(real.output)
    assert embedding_coherence(real.output, vectors).mean == pytest.approx(theirs, **EXACT)
    distance = octis_with(coherence_metrics.WECoherenceCentroid, vectors, tmp_path).score(real.output)
    assert embedding_coherence(real.output, vectors, kind="centroid").mean == pytest.approx(1 - distance, **EXACT)


def test_embedding_coherence_octis_inverts_vectors_with_negative_sums(tmp_path):
    """OCTIS divides a vector by the sum of its components, not by its length."""
    vectors = keyed(["a", "b"], np.array([[1.0, -0.6], [0.4, -0.5]]))
    one, other = vectors.vectors
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    pair = {"topics": [["a", "b"]]}
    theirs = octis_with(coherence_metrics.WECoherencePairwise, vectors, tmp_path, topk=2).score(pair)
    assert cosine > 0.9
    assert theirs == pytest.approx(-cosine)
    assert embedding_coherence(pair, vectors, 2).mean == pytest.approx(cosine)
    # The distance to the centroid should be small for a coherent topic; OCTIS's is large, as a vector is inverted.
    distance = octis_with(coherence_metrics.WECoherenceCentroid, vectors, tmp_path, topk=2).score(pair)
    assert distance > 0.9
    assert embedding_coherence(pair, vectors, 2, kind="centroid").mean > 0.9


def test_weighted_similarity_octis_cannot_return(real, tmp_path):
    """OCTIS reads a key that no model writes, compares each topic with itself, and divides by a count that stays 0."""
    words = real.vectors.index_to_key
    beta = np.random.default_rng(0).dirichlet(np.full(len(words), 0.1), 3)
    theirs = octis_with(
        similarity_metrics.WordEmbeddingsWeightedSumSimilarity, real.vectors, tmp_path, id2word=dict(enumerate(words))
    )
    with pytest.raises(KeyError, match="topic-word-distribution"):
        theirs.score(real.output)
    with np.errstate(invalid="ignore"):
        assert np.isnan(theirs.score({"topic-word-distribution": beta}))
    means = beta @ real.vectors.vectors
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    expected = (means @ means.T)[np.triu_indices(3, 1)].mean()
    assert weighted_embedding_similarity(beta, real.vectors, words).mean == pytest.approx(expected, **EXACT)


def test_match_octis_fails_on_words_without_a_vector(tmp_path):
    vectors = keyed(["a", "b"], np.eye(2))
    topics = {"topics": [["a", "b", "zebra"], ["b", "a", "zebra"]]}
    with pytest.raises(KeyError, match="zebra"):
        octis_with(diversity_metrics.WordEmbeddingsInvertedRBO, vectors, tmp_path, topk=3).score(topics)
    score = embedding_rbo(topics, vectors, 3)
    assert score.protocol["coverage"] == pytest.approx(2 / 3)
    assert 0.5 < score.mean < 1


def test_weight_1_is_out_of_range():
    topics = {"topics": [["a", "b"], ["b", "c"]]}
    with pytest.raises(ValueError, match=r"math domain error|expected a positive input"):
        diversity_metrics.InvertedRBO(topk=2, weight=1).score(topics)
    with pytest.raises(InputError, match="weight must be between 0 and 1, both excluded; received 1"):
        inverted_rbo(topics, 2, weight=1)


def test_logits_are_not_distributions():
    logits = {"topic-word-matrix": np.random.default_rng(0).normal(size=(3, 5))}
    with np.errstate(invalid="ignore"):
        assert np.isnan(diversity_metrics.KLDivergence().score(logits))
    for measure in (kl_divergence, log_odds_ratio, kl_uniform):
        with pytest.raises(InputError, match="logits"):
            measure(logits)


def test_counts_are_not_distributions():
    """OCTIS's KL of rows that do not sum to 1 grows with their scale."""
    counts = np.array([[3.0, 1.0, 1.0], [1.0, 1.0, 3.0]])
    theirs = diversity_metrics.KLDivergence()
    assert theirs.score({"topic-word-matrix": 10 * counts}) > 9 * theirs.score({"topic-word-matrix": counts})
    with pytest.raises(InputError, match="sums to 5, not to 1"):
        kl_divergence(counts)
    assert kl_divergence(10 * counts, normalize=True).mean == pytest.approx(kl_divergence(counts / 5).mean)


def test_log_odds_of_a_word_with_probability_0_in_one_topic():
    """OCTIS takes the logarithm of 0; Chaney & Blei's indicators leave the word out."""
    beta = np.array([[0.5, 0.25, 0.25], [0.5, 0.5, 0.0]])
    with np.errstate(divide="ignore"):
        assert np.isinf(diversity_metrics.LogOddsRatio().score({"topic-word-matrix": beta}))
    assert log_odds_ratio(beta).mean == pytest.approx(np.log(2) / 3)


def test_a_topic_without_documents_has_no_part_in_the_vacuous_topic():
    """OCTIS gives it the weight 1 / n_docs, so that the weights sum to more than 1."""
    beta = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    theta = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    without = kl_vacuous(beta[:2], theta[:, :2]).per_topic
    np.testing.assert_allclose(kl_vacuous(beta, theta).per_topic[:2], without)
    theirs = topic_significance_metrics.KL_vacuous()
    output = {"topic-word-matrix": beta, "topic-document-matrix": theta.T}
    assert abs(theirs.score(output) - kl_vacuous(beta, theta).mean) > 0.1


class Labels:
    """The part of OCTIS's Dataset that its classification reads."""

    def __init__(self, labels):
        self.labels = labels

    def get_labels(self):
        return self.labels


PARTS = {
    "f1": classification_metrics.F1Score,
    "precision": classification_metrics.PrecisionScore,
    "recall": classification_metrics.RecallScore,
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("average", ["micro", "macro"])
def test_classification(real, average, monkeypatch):
    monkeypatch.setattr(classification_metrics, "stored_model_output_hash", None)
    n_train = real.n_train
    ours = classification(real.output, real.labels[:n_train], test_labels=real.labels[n_train:])
    dataset = Labels(real.labels)
    for name, metric in PARTS.items():
        theirs = metric(dataset, average=average).score(real.output)
        assert getattr(ours, f"{name}_{average}") == pytest.approx(theirs, **EXACT)
    assert ours.accuracy == pytest.approx(classification_metrics.AccuracyScore(dataset).score(real.output), **EXACT)


def test_classification_octis_returns_the_scores_of_another_model(monkeypatch):
    """OCTIS caches under the printed matrix, and NumPy prints only the edges of a large one."""
    monkeypatch.setattr(classification_metrics, "stored_model_output_hash", None)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 2000)
    good = rng.dirichlet(np.ones(8), 2000)
    good[:, 3] = labels
    poor = good.copy()
    poor[10:-10, 3] = 0.5  # only the printed documents keep the column that equals the labels
    outputs = [{"topic-document-matrix": x[:1500].T, "test-topic-document-matrix": x[1500:].T} for x in (good, poor)]
    dataset = Labels([str(label) for label in labels])
    theirs = [classification_metrics.AccuracyScore(dataset).score(output) for output in outputs]
    ours = [classification(output, labels[:1500], test_labels=labels[1500:]).accuracy for output in outputs]
    assert ours[0] == theirs[0] == theirs[1] == 1.0
    assert ours[1] < 0.7
