"""Contrast towards embeddings: its formula, whose vectors it reads, and that only training documents decide them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from topicml.corpus import Corpus
from topicml.corpus.covariates import Covariates
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn import BagEncoder, Batch, ProductDecoder, TopicNetwork
from topicml.nn.seeding import seeded
from topicml.objectives import SetContrast
from topicml.objectives.contrast import Neighbours
from topicml.objectives.contrast.logits import cosines
from topicml.objectives.embedding_space import EmbeddingSpace, knowledge_of

N_DOCS, N_THEMES = 60, 3
RNG = np.random.default_rng(0)
THEME = np.arange(N_DOCS) % N_THEMES
VECTORS = (np.eye(N_THEMES)[THEME] + 0.1 * RNG.normal(size=(N_DOCS, N_THEMES))).astype(np.float32)
CORPUS = Corpus.from_tokens([[f"w{i}" for i in RNG.integers(0, 12, 6)] for _ in range(N_DOCS)])
GIVEN = CORPUS.with_embeddings(VECTORS)


def documents_of(corpus=GIVEN, rows=None):
    return Documents(corpus.counts, tuple(corpus.vocabulary), corpus=corpus, rows=rows)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    encoder = BagEncoder(CORPUS.n_words, 4, hidden=8)
    return TopicNetwork(encoder, ProductDecoder(RNG.normal(size=(4, CORPUS.n_words))), n_topics=4, alpha=0.1)


def prepared(network, documents=None, **options):
    contrast = Neighbours(**{"set_size": 2, "clusters": N_THEMES, "set_clusters": N_THEMES, **options})
    with seeded(0):
        contrast.prepare(documents or documents_of(), network, batch_size=20)
    return contrast


def batch_of(rows, corpus=GIVEN):
    return Batch.from_counts(corpus.counts, np.asarray(rows))


def is_theme(clusters, rows=slice(None)):
    """Whether clusters are the themes, under any names."""
    return len({*zip(clusters.tolist(), THEME[rows].tolist(), strict=True)}) == N_THEMES


def test_clusters_are_those_of_the_embeddings(network):
    contrast = prepared(network)
    assert is_theme(contrast._fine) and is_theme(contrast._coarse)


def test_sets_are_of_one_cluster(network):
    """A batch has 18 documents of three themes of six, so all sets of two can be of one theme."""
    contrast = prepared(network)
    contrast._rows = torch.arange(18)
    with seeded(0):
        sets = contrast._draw_sets(18, 9, torch.device("cpu"))
    assert sets.shape == (4, 9, 2)
    assert all(sorted(shuffle.flatten().tolist()) == list(range(18)) for shuffle in sets)
    mixed = sum(THEME[a] != THEME[b] for shuffle in sets for a, b in shuffle.tolist())
    assert mixed <= 4 * N_THEMES  # only where the cut falls within a theme
    assert len({tuple(map(tuple, shuffle.tolist())) for shuffle in sets}) == 4


def test_the_second_term_is_the_cross_entropy_with_the_documents_of_the_cluster(network):
    contrast = prepared(network, soft_weight=0.7)
    rows = torch.tensor([0, 3, 1, 7, 2, 5])
    anchor, positive = torch.rand(6, 4), torch.rand(6, 4)
    with seeded(1):
        both = contrast.loss(anchor, positive, batch_of(rows))
    with seeded(1):
        contrast.soft_weight = 0.0
        of_sets = contrast.loss(anchor, positive, batch_of(rows))
    logits = (cosines(anchor, positive) / 0.5).double().numpy()
    expected = 0.0
    for matrix in (logits, logits.T):
        log_p = matrix - np.log(np.exp(matrix).sum(axis=1, keepdims=True))
        expected -= np.mean([log_p[i, THEME[rows] == THEME[rows[i]]].mean() for i in range(6)]) / 2
    assert float(both - of_sets) == pytest.approx(0.7 * expected, rel=1e-5)


def test_neighbours_are_the_nearest_of_the_coarse_cluster(network):
    """Those of scikit-learn among the documents of the cluster."""
    contrast = prepared(network, neighbours=4, word_weight=0)
    vectors = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    vectors = vectors - vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for code in range(N_THEMES):
        rows = np.flatnonzero(contrast._coarse.numpy() == code)
        expected = rows[NearestNeighbors(n_neighbors=4).fit(vectors[rows]).kneighbors(return_distance=False)]
        assert np.array_equal(np.sort(contrast._nearest[rows]), np.sort(expected))


def test_neighbours_repeat_in_a_small_cluster_and_a_lone_document_is_its_own():
    documents = documents_of(GIVEN[:6])
    space = EmbeddingSpace(5, "x")
    space.prepare(documents)
    found = space.neighbours(documents, np.array([0, 0, 0, 1, -1, 1]), 4)
    assert found[3:].tolist() == [[5] * 4, [4] * 4, [3] * 4]
    assert [sorted({*each}) for each in found[:3].tolist()] == [[1, 2], [0, 2], [0, 1]]


def test_the_positive_is_the_view_of_a_neighbour(network):
    batch, rows = batch_of(range(20)), np.arange(20)
    with seeded(0):
        posterior = network.encode(batch)
    contrast, of_itself = prepared(network, view="dropout"), prepared(network, view="dropout", neighbours=0)
    drawn = np.array([contrast._positives_of(batch, posterior, network)[0].rows.numpy() for _ in range(200)])
    for row in rows:
        assert {*drawn[:, row].tolist()} == {*contrast._nearest[row].tolist()}
    (first,) = contrast._positives_of(batch, posterior, network)
    assert torch.equal(first.counts, batch_of(first.rows.numpy()).counts)
    assert torch.equal(of_itself._positives_of(batch, posterior, network)[0].rows, batch.rows)


def test_neighbours_have_their_own_covariates(network):
    contrast = prepared(
        network, replace(documents_of(), covariates=Covariates(groups=np.arange(N_DOCS))), view="dropout"
    )
    batch = batch_of(range(20))
    (found,) = contrast._positives_of(batch, network.encode(batch), network)
    assert torch.equal(found.groups, found.rows)


def test_by_default_there_are_fifteen_neighbours_with_embeddings_and_none_without(network):
    assert prepared(network)._nearest.shape == (N_DOCS, 15)
    assert prepared(network, documents_of(CORPUS))._nearest is None
    assert prepared(network, documents_of(CORPUS), neighbours=3)._nearest.shape == (N_DOCS, 3)


def test_words_count_beside_embeddings(network):
    """The words tell two halves of the documents apart, which the embeddings do not."""
    half = np.arange(N_DOCS) // 30
    words = [[f"w{i}{j}" for j in RNG.integers(0, 4, 5)] for i in half]
    documents = documents_of(Corpus.from_tokens(words).with_embeddings(VECTORS))
    blocks = [
        next(prepared(network, documents, word_weight=w)._space._blocks(documents, np.arange(N_DOCS)))[1]
        for w in (0, 1)
    ]
    agreement = [(each @ each.T)[np.ix_(THEME == 0, THEME == 0)] for each in blocks]
    same = half[THEME == 0][:, None] == half[THEME == 0]
    assert blocks[0].shape[1] == N_THEMES < blocks[1].shape[1]
    gaps = [each[same].mean() - each[~same].mean() for each in agreement]
    assert abs(gaps[0]) < 0.05 and gaps[1] > 0.5


def test_without_embeddings_vectors_are_learned_from_the_words(network):
    lists = [[f"w{3 * j + i % 3}" for j in RNG.integers(0, 4, 5)] for i in range(N_DOCS)]
    corpus = Corpus.from_tokens(lists)
    contrast = prepared(network, documents_of(corpus))
    assert is_theme(contrast._fine)
    assert knowledge_of(documents_of(corpus)) is None


def test_documents_that_are_not_trained_on_decide_nothing(network):
    rows = np.arange(40)
    changed = VECTORS.copy()
    changed[40:] = RNG.normal(size=(20, N_THEMES)) * 9
    same = [prepared(network, documents_of(CORPUS.with_embeddings(each), rows)) for each in (VECTORS, changed)]
    assert torch.equal(same[0]._fine, same[1]._fine)
    assert set(same[0]._fine[40:].tolist()) == {-1}
    words = RNG.integers(0, 12, (20, 6))
    other = Corpus.from_tokens(
        [CORPUS.document(i) for i in range(40)] + [[f"w{j}" for j in each] for each in words], CORPUS.vocabulary
    )
    learned = [prepared(network, documents_of(each, rows), clusters=4) for each in (CORPUS, other)]
    assert torch.equal(learned[0]._fine, learned[1]._fine)


def test_a_document_without_a_vector_has_no_neighbours(network):
    vectors = VECTORS.copy()
    vectors[[0, 3, 6]] = 0
    with pytest.warns(UserWarning, match="rows 0, 3, 6"):
        corpus = CORPUS.with_embeddings(vectors)
    contrast = prepared(network, documents_of(corpus))
    assert contrast._fine[[0, 3, 6]].tolist() == [-1] * 3
    anchor = torch.eye(4)[[0, 1, 2]]
    contrast.soft_weight = 1.0
    alone = contrast.loss(anchor, anchor, batch_of([0, 3, 6]))
    assert torch.isfinite(alone)


def test_only_zero_vectors_are_an_error(network):
    with pytest.warns(UserWarning, match="zero"):
        corpus = CORPUS.with_embeddings(np.zeros((N_DOCS, 2)))
    with pytest.raises(InputError, match="Neighbours needs embeddings, and those of all training documents are zero"):
        prepared(network, documents_of(corpus))


def test_later_documents_get_clusters_of_the_same_space(network):
    contrast = prepared(network)
    before = contrast._fine
    contrast.prepare(documents_of(GIVEN[::-1]), network, batch_size=20)
    assert torch.equal(contrast._fine, before.flip(0))
    for other, message in ((CORPUS, "have none"), (CORPUS.with_embeddings(np.ones((N_DOCS, 7))), "of size 7")):
        with pytest.raises(
            InputError, match=f"prepared with embeddings of size 3, and these documents {message}|{message}"
        ):
            contrast.prepare(documents_of(other), network, batch_size=20)


def test_vectors_are_read_in_blocks(network, monkeypatch):
    largest = []
    kind = type(GIVEN.embeddings)
    original = kind.__getitem__
    monkeypatch.setattr(kind, "__getitem__", lambda self, rows: largest.append(len(rows)) or original(self, rows))
    monkeypatch.setattr("topicml.objectives.embedding_space._BLOCK", 16)
    assert is_theme(prepared(network)._fine) and max(largest) == 16


def test_float16_is_enough(network):
    assert is_theme(prepared(network, documents_of(CORPUS.with_embeddings(VECTORS.astype(np.float16))))._fine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clusters": 1}, "clusters"),
        ({"set_clusters": 0}, "set_clusters"),
        ({"soft_weight": -1}, "soft_weight"),
        ({"dimension": 0}, "dimension"),
        ({"neighbours": -1}, "neighbours"),
        ({"word_weight": -0.1}, "word_weight"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        Neighbours(**options)


def test_not_prepared():
    with pytest.raises(InputError, match="Neighbours has not seen the documents"):
        Neighbours().loss(torch.rand(4, 4), torch.rand(4, 4), batch_of(range(4)))


def test_few_documents_have_few_clusters(network):
    space = EmbeddingSpace(5, "x")
    documents = documents_of(GIVEN[:12])
    space.prepare(documents)
    assert set(space.clusters(documents, 200).tolist()) == {0, 1}
    assert not SetContrast.reads_embeddings and Neighbours.reads_embeddings
