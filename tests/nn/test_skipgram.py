import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.special import log_expit

from topicml.nn.batch import Batch
from topicml.nn.skipgram import SkipGram
from topicml.nn.windows import OrderedBatch
from topicml.stories.lda2vec import TopicVectors, topics_among_words

N_WORDS, DIMENSION = 8, 3
DOCUMENTS = [[0, 3, 3, 5, 1], [2, 7], [4], [6, 6, 0, 1, 2, 3, 5]]


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    noise = rng.dirichlet(np.ones(N_WORDS))
    return {
        "documents": rng.normal(size=(len(DOCUMENTS), DIMENSION)),
        "words": rng.normal(size=(N_WORDS, DIMENSION)),
        "pivots": rng.normal(size=(N_WORDS, DIMENSION)),
        "bias": rng.normal(size=N_WORDS),
        "noise": noise,
    }


def likelihood(numbers, **options):
    tensors = {name: torch.tensor(value, dtype=torch.float32) for name, value in numbers.items()}
    settings = {"negatives": 4, "n_pairs": 800, "n_noise": 800, "window": 2, "alone": 0.3} | options
    return SkipGram(tensors.pop("documents"), **tensors, **settings)


def batch(ordered=True):
    offsets = np.concatenate([[0], np.cumsum([len(d) for d in DOCUMENTS])])
    tokens = np.concatenate(DOCUMENTS)
    counts = sp.csr_matrix((np.ones(len(tokens)), tokens, offsets), shape=(len(DOCUMENTS), N_WORDS))
    counts.sum_duplicates()
    bag = Batch.from_counts(counts, np.arange(len(DOCUMENTS)))
    return OrderedBatch.from_tokens(bag, tokens, np.diff(offsets)) if ordered else bag


def sgns(numbers, context, target, negatives=4):
    """log sigmoid(s_t) + k sum_v noise_v log sigmoid(-s_v), by definition."""
    scores = numbers["words"] @ context + numbers["bias"]
    return log_expit(scores[target]) + negatives * numbers["noise"] @ log_expit(-scores)


def by_definition(numbers, alone, pairs_of):
    values = []
    for vector, document in zip(numbers["documents"], DOCUMENTS, strict=True):
        value = np.mean([sgns(numbers, vector, target) for target in document])
        pairs = pairs_of(document)
        if pairs:
            of_pairs = [sgns(numbers, vector + numbers["pivots"][p], t) * w for p, t, w in pairs]
            value = alone * value + (1 - alone) * np.sum(of_pairs) / np.sum([w for *_, w in pairs])
        values.append(len(document) * value)
    return np.array(values)


def in_windows(document):
    places = range(len(document))
    return [(document[i], document[j], 1.0) for i in places for j in places if 0 < abs(i - j) <= 2]


def in_bag(document):
    counts = np.bincount(document, minlength=N_WORDS)
    n = len(document)
    words = np.flatnonzero(counts)
    return [(p, t, counts[p] / n * counts[t] / (n - counts[p])) for p in words for t in words if p != t]


def test_the_document_term_is_exact(numbers):
    value = likelihood(numbers, alone=1.0).log_prob(batch())
    np.testing.assert_allclose(value, by_definition(numbers, 1.0, in_windows), rtol=1e-5)


@pytest.mark.parametrize(("ordered", "pairs_of"), [(True, in_windows), (False, in_bag)])
def test_the_score_equals_its_definition(numbers, ordered, pairs_of):
    torch.manual_seed(0)
    scores = torch.stack([likelihood(numbers).log_prob(batch(ordered)) for _ in range(20)])
    error = scores.std(dim=0).numpy() / np.sqrt(len(scores))
    np.testing.assert_array_less(
        np.abs(scores.mean(dim=0).numpy() - by_definition(numbers, 0.3, pairs_of)), 4 * error + 1e-4
    )
    assert (error < 0.3).all()


def test_few_pairs_estimate_the_same_value_without_bias(numbers):
    torch.manual_seed(0)
    scores = torch.stack([likelihood(numbers, n_pairs=2, n_noise=3).log_prob(batch()) for _ in range(4000)])
    error = scores.std(dim=0).numpy() / np.sqrt(len(scores))
    np.testing.assert_array_less(
        np.abs(scores.mean(dim=0).numpy() - by_definition(numbers, 0.3, in_windows)), 4 * error + 1e-4
    )


def test_noise_is_proportional_to_frequency_to_the_power_three_quarters():
    frequency = np.array([1.0, 16.0, 81.0])
    decoder = TopicVectors(
        np.zeros((2, 2)), np.zeros((3, 2)), frequency, negatives=5, n_pairs=1, n_noise=1, window=1, alone=0.5
    )
    np.testing.assert_allclose(decoder.noise, np.array([1, 8, 27]) / 36, rtol=1e-6)
    # With a document vector of zero, the word probabilities are the relative frequencies of the corpus.
    words = decoder(torch.full((1, 2), 0.5)).word_log_prob().exp()
    np.testing.assert_allclose(words.detach()[0], frequency / 98, rtol=1e-5)


def test_each_sample_of_the_documents_is_scored(numbers):
    one = likelihood(numbers)
    two = likelihood({**numbers, "documents": np.stack([numbers["documents"], -numbers["documents"]])})
    torch.manual_seed(3)
    first = one.log_prob(batch())
    torch.manual_seed(3)
    both = two.log_prob(batch())
    assert both.shape == (2, len(DOCUMENTS))
    np.testing.assert_allclose(both[0], first, rtol=1e-5)
    torch.manual_seed(3)
    np.testing.assert_allclose(one.expand([3, len(DOCUMENTS)]).log_prob(batch())[2], first, rtol=1e-5)


def test_gradients_reach_words_and_documents(numbers):
    decoder = TopicVectors(
        np.eye(2, DIMENSION),
        numbers["words"],
        np.ones(N_WORDS),
        negatives=3,
        n_pairs=4,
        n_noise=5,
        window=2,
        alone=0.5,
    )
    theta = torch.full((len(DOCUMENTS), 2), 0.5, requires_grad=True)
    torch.manual_seed(0)
    decoder.skipgram(theta).log_prob(batch()).sum().backward()
    for gradient in (theta.grad, *(p.grad for p in decoder.parameters())):
        assert gradient is not None
        assert torch.isfinite(gradient).all()
        assert gradient.abs().sum() > 0


def test_without_pivots_the_optimum_is_the_word_distribution_of_each_document():
    """A property of noise-contrastive estimation, here with one free vector per document."""
    rng = np.random.default_rng(0)
    expected = rng.dirichlet(np.ones(6), size=3)
    counts = sp.csr_matrix(expected * 1000)
    bag = Batch.from_counts(counts, np.arange(3))
    decoder = TopicVectors(
        rng.normal(size=(3, 6)), np.eye(6), np.ones(6), negatives=5, n_pairs=1, n_noise=1, window=1, alone=1.0
    )
    optimizer = torch.optim.LBFGS([decoder.topics], lr=1, max_iter=300, tolerance_grad=1e-9, tolerance_change=1e-12)

    def loss():
        optimizer.zero_grad()
        value = -decoder.skipgram(torch.eye(3)).log_prob(bag).sum() / 1000
        value.backward()
        return value

    optimizer.step(loss)
    np.testing.assert_allclose(decoder(torch.eye(3)).word_log_prob().exp().detach(), expected, atol=2e-3)


def test_topics_are_the_nearest_words_and_their_rows_sum_to_one():
    words = np.array([[1.0, 0], [0.9, 0.1], [0, 1], [-1, 0]])
    decoder = TopicVectors(
        np.array([[3.0, 0], [0, 3]]), words, np.ones(4), negatives=1, n_pairs=1, n_noise=1, window=1, alone=1
    )
    topics = decoder.topic_word().detach().numpy()
    np.testing.assert_allclose(topics.sum(axis=1), 1, rtol=1e-6)
    assert topics.argmax(axis=1).tolist() == [0, 2]
    np.testing.assert_allclose(np.log(topics[0, 0] / topics[0]), 3 * (words[0, 0] - words[:, 0]), rtol=1e-5)


def test_topics_among_words_is_ridge_regression():
    rng = np.random.default_rng(0)
    words, beta = rng.normal(size=(30, 4)), rng.normal(size=(5, 30))
    from sklearn.linear_model import Ridge

    alpha = 0.01 * np.trace(words.T @ words) / 4
    expected = Ridge(alpha=alpha, fit_intercept=False).fit(words, beta.T).coef_
    np.testing.assert_allclose(topics_among_words(beta, words), expected, rtol=1e-6)
