import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import LatentDirichletAllocation

from topicml import ETM, Corpus
from topicml.errors import InputError
from topicml.metrics import completion_perplexity, perplexity, split_counts, split_tokens, unigram_perplexity
from topicml.metrics.completion import rows_in_both
from topicml.models.inference import infer_theta

RNG = np.random.default_rng(0)
THETA, BETA = RNG.dirichlet(np.ones(3), 5), RNG.dirichlet(np.ones(7), 3)
COUNTS = sp.csr_matrix(RNG.poisson(1.0, (5, 7)))
MANY = sp.csr_matrix(np.random.default_rng(1).poisson(0.7, (600, 20)))  # more documents than a model reads at once
FRACTIONAL = MANY.multiply(np.random.default_rng(2).random(20) + 0.2).tocsr()  # word weights, as in tf-idf


class Foreign:
    """A model of any other package: topic proportions and word distributions, without a perplexity."""

    def __init__(self, transform, components):
        self.transform, self.components_ = transform, components


def test_perplexity_equals_its_definition():
    log_p = np.log(THETA @ BETA)
    expected = np.exp(-(COUNTS.toarray() * log_p).sum() / COUNTS.sum())
    score = completion_perplexity(THETA, BETA, COUNTS)
    assert score.mean == pytest.approx(expected)
    assert score.protocol["held_out_words"] == COUNTS.sum()


def test_perplexity_of_a_uniform_guess_is_the_number_of_words():
    assert completion_perplexity(THETA, np.full((3, 7), 1 / 7), COUNTS).mean == pytest.approx(7)
    assert completion_perplexity(5 * THETA, np.ones((3, 7)), COUNTS, normalize=True).mean == pytest.approx(7)
    without = np.array([[1.0, 0, 0, 0, 0, 0, 0]] * 3)
    assert completion_perplexity(THETA, without, COUNTS).mean == np.inf


@given(st.permutations(range(3)), st.permutations(range(7)), st.permutations(range(5)))
def test_the_order_of_topics_words_and_documents_does_not_matter(topics, words, documents):
    again = completion_perplexity(
        THETA[np.ix_(documents, topics)], BETA[np.ix_(topics, words)], COUNTS[documents][:, words]
    )
    assert again.mean == pytest.approx(completion_perplexity(THETA, BETA, COUNTS).mean)


@given(st.integers(0, 10**6))
def test_halves_add_up_to_the_documents(seed):
    seen, held_out = split_tokens(COUNTS, seed)
    assert (seen + held_out != COUNTS).nnz == 0
    assert min(seen.data.min(), held_out.data.min()) > 0
    again, _ = split_tokens(Corpus.from_counts(COUNTS, list("abcdefg")), seed)
    assert (again != seen).nnz == 0


@given(st.integers(0, 10**6))
def test_fractional_halves_add_up_to_the_documents(seed):
    seen, held_out = split_tokens(FRACTIONAL, seed)
    np.testing.assert_allclose((seen + held_out).toarray(), FRACTIONAL.toarray(), rtol=1e-12)
    assert min(seen.data.min(), held_out.data.min()) > 0


def test_whole_counts_are_split_by_one_binomial_draw_each():
    """Published perplexities depend on these draws."""
    seen, held_out = split_tokens(MANY, 3)
    expected = MANY.copy()
    expected.data = np.random.default_rng(3).binomial(MANY.data, 0.5)
    assert (seen != expected).nnz == 0 and (held_out != MANY - expected).nnz == 0
    assert seen.dtype == held_out.dtype == np.int64


def test_a_fractional_count_is_tokens_of_equal_weight():
    counts = sp.csr_matrix(np.tile([0.4, 2.4, 3.0], (2000, 1)))
    seen, held_out = (half.toarray() for half in split_counts(counts, np.random.default_rng(0)))
    for values in (seen, held_out):
        assert set(np.unique(values[:, 0]).round(12)) == {0, 0.4}
        assert set(np.unique(values[:, 1]).round(12)) == {0, 0.8, 1.6, 2.4}
        assert set(np.unique(values[:, 2])) == {0, 1, 2, 3}
        np.testing.assert_allclose(values.mean(axis=0), [0.2, 1.2, 1.5], atol=0.08)


@pytest.mark.parametrize("counts", [MANY, FRACTIONAL], ids=["whole", "fractional"])
@pytest.mark.parametrize("size", [1, 7, 256])
def test_blocks_of_documents_get_the_halves_of_the_whole(counts, size):
    rng = np.random.default_rng(5)
    blocks = [split_counts(counts[start : start + size], rng) for start in range(0, counts.shape[0], size)]
    for half, parts in zip(split_tokens(counts, 5), zip(*blocks, strict=True), strict=True):
        assert (sp.vstack(parts) != half).nnz == 0


def test_rounding_errors_of_whole_counts_do_not_change_the_split():
    off = MANY.astype(np.float32)
    off.data += np.float32(1e-7)
    for half, expected in zip(split_tokens(off, 1), split_tokens(MANY, 1), strict=True):
        assert half.dtype == np.int64 and (half != expected).nnz == 0


@pytest.fixture(scope="module")
def etm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # documents of random words have no topics
        model = ETM(n_topics=3, max_epochs=3, random_state=0).fit(MANY)
    model.smoothing_ = None  # the words of all documents are no part of theta @ beta
    return model


@pytest.mark.parametrize("counts", [MANY, FRACTIONAL], ids=["whole", "fractional"])
@pytest.mark.parametrize("seed", [0, 4])
def test_a_models_own_perplexity_is_that_of_its_theta_and_beta(etm, counts, seed):
    """ETM's words are a mixture of distributions, so the same halves give the same number in both ways."""
    with torch.no_grad():
        beta = etm.network_.words(torch.eye(3)).word_log_prob().exp().numpy()  # with the background, unlike components_
    own = perplexity(etm, counts, seed=seed)  # with theta fitted to the observed half

    def by_encoder(half):
        return infer_theta(etm.network_, half, np.arange(half.shape[0]), evidence=False)

    mixture = perplexity(Foreign(by_encoder, beta), counts, seed=seed)
    assert (own.protocol["decoder"], mixture.protocol["decoder"]) == ("model", "mixture")
    assert etm.perplexity(counts, seed=seed, steps=0) == pytest.approx(mixture.mean, rel=1e-5)
    assert own.mean == etm.perplexity(counts, seed=seed) < mixture.mean


@pytest.mark.parametrize("counts", [MANY, FRACTIONAL], ids=["whole", "fractional"])
def test_other_models_see_one_half_and_predict_the_other(counts):
    model = LatentDirichletAllocation(3, max_iter=2, random_state=0).fit(counts)
    read = []

    def transform(documents):
        read.append(documents)
        return model.transform(documents)

    score = perplexity(Foreign(transform, model.components_), counts, seed=2)
    seen, held_out = split_tokens(counts, 2)
    rows = rows_in_both(seen, held_out)
    assert (read[0] != seen[rows]).nnz == 0
    assert score.protocol["held_out_words"] == pytest.approx(held_out[rows].sum())
    expected = completion_perplexity(model.transform(seen[rows]), model.components_, held_out[rows], normalize=True)
    assert score == expected == perplexity(model, counts, seed=2)


def test_a_fitted_model_has_a_lower_perplexity_than_shuffled_topics():
    corpus = Corpus.read("lee")
    train, test = corpus.counts[:250], corpus.counts[250:]
    model = LatentDirichletAllocation(5, max_iter=4, random_state=0).fit(train)
    score = perplexity(model, test, seed=1)
    assert score.mean < corpus.n_words
    assert score == perplexity(model, test, seed=1)
    assert score.protocol["decoder"] == "mixture"
    model.components_ = np.random.default_rng(0).permuted(model.components_, axis=1)
    assert perplexity(model, test, seed=1).mean > score.mean


def test_a_models_own_perplexity_has_precedence():
    class Model:
        def perplexity(self, documents, *, seed=0):
            return 10.0 + seed

    score = perplexity(Model(), COUNTS, seed=2)
    assert (score.mean, score.protocol["decoder"]) == (12, "model")


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: completion_perplexity(THETA, BETA, COUNTS[:2]), "Shapes do not match"),
        (lambda: completion_perplexity(THETA, BETA, COUNTS * 0), "No word is held out"),
        (lambda: completion_perplexity(THETA, np.log(BETA), COUNTS), "logits"),
        (lambda: completion_perplexity(2 * THETA, BETA, COUNTS), "Document 0 of theta sums to 2"),
        (lambda: completion_perplexity(THETA, BETA, COUNTS.toarray()), "Corpus or a sparse matrix"),
        (lambda: split_tokens(-COUNTS), "is negative: -.* finite and not negative"),
        (lambda: split_tokens(COUNTS * np.nan), "is NaN"),
        (lambda: split_tokens(COUNTS * 1e30), "is more than"),
        (lambda: perplexity(object(), COUNTS), "object has neither"),
        (
            lambda: perplexity(LatentDirichletAllocation(2).fit(COUNTS), sp.eye(7).tocsr()),
            "No document has two words",
        ),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(InputError, match=match):
        call()


class TestUnigram:
    def test_it_equals_its_definition_on_the_halves_of_perplexity(self):
        train = MANY[:400]
        p = train.toarray().sum(axis=0) + 0.01
        p = p / p.sum()
        seen, held_out = split_tokens(MANY[400:], 3)
        rows = rows_in_both(seen, held_out)
        half = held_out[rows].toarray()
        expected = np.exp(-(half * np.log(p)).sum() / half.sum())
        assert unigram_perplexity(train, MANY[400:], seed=3).mean == pytest.approx(expected)
        constant = Foreign(lambda counts: np.ones((counts.shape[0], 1)), p[None])
        assert perplexity(constant, MANY[400:], seed=3).mean == pytest.approx(expected)

    def test_words_without_a_training_count(self):
        train, documents = sp.csr_matrix([[3, 0], [2, 0]]), sp.csr_matrix(np.full((40, 2), 2))
        assert unigram_perplexity(train, documents, smoothing=0).mean == np.inf
        assert unigram_perplexity(train, documents).mean > 2

    @given(st.permutations(range(20)))
    def test_the_order_of_training_documents_and_uniform_counts(self, order):
        again = unigram_perplexity(MANY[order], MANY[:50])
        assert again.mean == pytest.approx(unigram_perplexity(MANY[:20], MANY[:50]).mean)
        assert unigram_perplexity(sp.csr_matrix(np.ones((3, 20))), MANY).mean == pytest.approx(20)

    @pytest.mark.parametrize(
        ("train", "documents", "match"),
        [
            (MANY[:, :5], MANY, "5 words and the documents 20"),
            (MANY * 0, MANY, "No training document has words"),
            (MANY, sp.csr_matrix(np.eye(20)), "No document has two words"),
            (Corpus.from_counts(MANY, map(str, range(20))), Corpus.from_counts(MANY, map(str, range(1, 21))), "same"),
        ],
    )
    @pytest.mark.filterwarnings("ignore")
    def test_bad_input_is_named(self, train, documents, match):
        if match.startswith("No training"):
            train = sp.csr_matrix(train.shape)
            with pytest.raises(InputError, match=match):
                unigram_perplexity(train, documents, smoothing=0)
            return
        with pytest.raises(InputError, match=match):
            unigram_perplexity(train, documents)

    def test_smoothing_is_not_negative(self):
        with pytest.raises(InputError, match="smoothing must be at least 0"):
            unigram_perplexity(MANY, MANY, smoothing=-1)
