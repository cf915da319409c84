"""Topic-semantic contrast against loops in float64, and in its special cases."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn import BagEncoder, Batch, ProductDecoder, TopicNetwork
from topicml.objectives.contrast.topic_semantic import TopicSemantic, topic_semantic_loss
from topicml.stories.tsctm import QuantisedNetwork

RNG = np.random.default_rng(0)


def loops(vectors, codes, temperature, same_weight):
    """METHODS' formulas, word for word: `vectors` (m, n, K), `codes` (n,)."""
    m, n = vectors.shape[:2]
    texts = [(v, d) for v in range(m) for d in range(n)]
    unit = {t: vectors[t] / np.linalg.norm(vectors[t]) for t in texts}
    total = 0.0
    for i in texts:
        s = {j: float(unit[i] @ unit[j]) / temperature for j in texts}
        positives = [j for j in texts if codes[j[1]] == codes[i[1]]]
        negatives = [j for j in texts if codes[j[1]] != codes[i[1]]]
        if not negatives:
            continue
        log_n = np.log(sum(np.exp(s[j]) for j in negatives) + 1e-10)
        if m == 1:
            total -= sum(s[j] - log_n for j in positives) / len(positives)
        else:
            views = [j for j in texts if j[1] == i[1] and j != i]
            others = [j for j in positives if j != i]
            total -= sum(s[j] - log_n for j in views) / len(views)
            total -= same_weight * sum(s[j] - log_n for j in others) / len(others)
    return total / n


@given(st.integers(1, 3), st.integers(2, 9), st.integers(1, 4), st.integers(0, 1000), st.floats(0.07, 2))
def test_the_loss_is_its_formula(n_texts, n_docs, n_codes, seed, temperature):
    rng = np.random.default_rng(seed)
    vectors, codes = rng.normal(size=(n_texts, n_docs, 5)), rng.integers(n_codes, size=n_docs)
    loss = topic_semantic_loss(
        torch.from_numpy(vectors), torch.from_numpy(codes), temperature=temperature, same_weight=0.1
    )
    np.testing.assert_allclose(float(loss), loops(vectors, codes, temperature, 0.1), rtol=1e-9, atol=1e-12)


@given(st.integers(1, 3), st.integers(0, 1000))
def test_the_gradient_is_that_of_the_formula(n_texts, seed):
    rng = np.random.default_rng(seed)
    vectors, codes = torch.from_numpy(rng.normal(size=(n_texts, 5, 3))), torch.from_numpy(rng.integers(3, size=5))
    torch.autograd.gradcheck(
        lambda v: topic_semantic_loss(v, codes, temperature=0.5, same_weight=0.1), vectors.requires_grad_()
    )


def test_with_labels_for_codes_it_is_supervised_contrast_without_positives_in_the_denominator():
    vectors, labels = RNG.normal(size=(8, 5)), np.array([0, 0, 1, 1, 2, 2, 3, 3])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    s = unit @ unit.T / 0.5
    # Khosla et al. 2020, equation 2, for pairs; the denominator holds other labels only, and the self pair, a
    # constant of half the weight, stays.
    supervised = np.mean([-(s[i, i ^ 1] - np.log(np.exp(s[i][labels != labels[i]]).sum())) for i in range(8)])
    itself = np.mean([-(2.0 - np.log(np.exp(s[i][labels != labels[i]]).sum())) for i in range(8)])
    loss = topic_semantic_loss(
        torch.from_numpy(vectors)[None], torch.from_numpy(labels), temperature=0.5, same_weight=0.0
    )
    np.testing.assert_allclose(float(loss), (supervised + itself) / 2)


def test_when_every_document_has_its_own_code_views_give_decoupled_infonce():
    vectors = RNG.normal(size=(2, 6, 4))
    loss = topic_semantic_loss(torch.from_numpy(vectors), torch.arange(6), temperature=0.3, same_weight=0.0)
    unit = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    texts = unit.reshape(12, 4)
    s = texts @ texts.T / 0.3
    each = [-s[i, (i + 6) % 12] + np.log(sum(np.exp(s[i, j]) for j in range(12) if j % 6 != i % 6)) for i in range(12)]
    np.testing.assert_allclose(float(loss), np.sum(each) / 6)


@pytest.mark.parametrize("n_texts", [1, 2])
def test_documents_of_one_code_do_not_draw_each_other_into_collapse(n_texts):
    vectors = torch.randn(n_texts, 5, 4, requires_grad=True)
    loss = topic_semantic_loss(vectors, torch.zeros(5, dtype=torch.int64), temperature=0.5, same_weight=0.1)
    loss.backward()
    assert loss == 0
    assert torch.equal(vectors.grad, torch.zeros_like(vectors))


@given(st.integers(0, 100), st.floats(0.1, 10))
def test_only_the_direction_of_topic_vectors_counts(seed, scale):
    rng = np.random.default_rng(seed)
    vectors, codes = torch.from_numpy(rng.normal(size=(2, 6, 4))), torch.from_numpy(rng.integers(3, size=6))
    given_ = topic_semantic_loss(vectors, codes, temperature=0.2, same_weight=0.1)
    order = torch.from_numpy(rng.permutation(6))
    other = topic_semantic_loss(scale * vectors[:, order], codes[order], temperature=0.2, same_weight=0.1)
    torch.testing.assert_close(given_, other)


# ------------------------------------------------------------------ as an objective


COUNTS = sp.csr_matrix(RNG.poisson(0.5, size=(12, 20)) + np.eye(12, 20, dtype=int))


def network_of(kind):
    torch.manual_seed(0)
    encoder, decoder = BagEncoder(20, 4, dropout=0.0), ProductDecoder(RNG.normal(size=(4, 20)))
    if kind == "plain":
        return TopicNetwork(encoder, decoder, n_topics=4, alpha=0.1)
    network = QuantisedNetwork(encoder, decoder, n_topics=4)
    with torch.no_grad():
        network.quantiser.codebook[:] = network.quantiser.codebook[[1, 2, 0, 3]]
    return network


def prepared(network, views=(), **settings):
    objective = TopicSemantic(**settings)
    objective.prepare(Documents(COUNTS, views=tuple(views)), network=network, batch_size=12)
    return objective


@pytest.mark.parametrize("kind", ["plain", "quantised"])
def test_the_codes_are_the_networks_or_the_largest_topics(kind):
    network = network_of(kind)
    batch = Batch.from_counts(COUNTS, np.array([3, 1, 7, 8, 0]))
    posterior = network.encode(batch)
    largest = posterior.loc.argmax(dim=-1).numpy()
    codes = largest if kind == "plain" else np.array([2, 0, 1, 3])[largest]
    expected = loops(posterior.loc.detach().double().numpy()[None], codes, 0.5, 0.001)
    np.testing.assert_allclose(float(prepared(network)(batch, posterior, network).value), expected, rtol=1e-5)


def test_the_users_views_are_those_of_the_same_rows():
    network = network_of("quantised")
    views = [sp.csr_matrix(RNG.poisson(0.5, size=(12, 20)) + np.eye(12, 20, dtype=int)) for _ in range(2)]
    rows = np.array([9, 2, 4, 11])
    batch = Batch.from_counts(COUNTS, rows)
    objective = prepared(network, views)
    posterior = network.encode(batch)
    other = copy.deepcopy(network)
    vectors = [posterior.loc, *(other.encode(Batch.from_counts(view, rows)).loc for view in views)]
    expected = loops(
        torch.stack(vectors).detach().double().numpy(), network.quantiser.codes(posterior.theta_mean), 0.07, 0.001
    )
    np.testing.assert_allclose(float(objective(batch, posterior, network).value), 3 * expected, rtol=1e-4)


def test_an_empty_view_stands_for_the_document_itself():
    network = network_of("quantised")
    batch = Batch.from_counts(COUNTS, np.arange(12))
    posterior = network.encode(batch)
    half = sp.vstack([sp.csr_matrix((6, 20)), COUNTS[6:]]).tocsr()
    own = prepared(network, [COUNTS])(batch, posterior, network).value
    torch.testing.assert_close(prepared(network, [half])(batch, posterior, network).value, own)


def test_a_named_view_is_taken():
    network = network_of("plain")
    batch = Batch.from_counts(COUNTS, np.arange(12))
    posterior = network.encode(batch)
    same_text = prepared(network, view="dropout", weight=1.0, temperature=0.5)  # no dropout: the same text
    expected = loops(posterior.loc.detach().double().numpy()[None].repeat(2, 0), posterior.loc.argmax(-1), 0.5, 0.001)
    np.testing.assert_allclose(float(same_text(batch, posterior, network).value), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, r"temperature must be positive; received 0\.0"),
        ({"weight": -1.0}, r"weight must not be negative; received -1\.0"),
        ({"same_weight": -0.5}, r"same_weight must not be negative; received -0\.5"),
        ({"view": "mirror"}, r"view='mirror' is unknown. Choose one of .*halves"),
        ({"vector": "beta"}, r"vector='beta' is unknown. Choose one of theta"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(InputError, match=message):
        TopicSemantic(**settings)


def test_views_of_other_documents_are_refused():
    network = network_of("plain")
    with pytest.raises(InputError, match="View 0 holds 11 documents of 20 words; the documents are 12 of 20"):
        prepared(network, [COUNTS[:11]])


def test_it_prints_as_its_call():
    assert repr(TopicSemantic(weight=2.0)) == "TopicSemantic(weight=2.0)"
