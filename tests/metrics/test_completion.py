import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import LatentDirichletAllocation

from topicml import Corpus
from topicml.errors import InputError
from topicml.metrics import completion_perplexity, perplexity, split_tokens

RNG = np.random.default_rng(0)
THETA, BETA = RNG.dirichlet(np.ones(3), 5), RNG.dirichlet(np.ones(7), 3)
COUNTS = sp.csr_matrix(RNG.poisson(1.0, (5, 7)))


def test_perplexity_is_its_definition():
    log_p = np.log(THETA @ BETA)
    expected = np.exp(-(COUNTS.toarray() * log_p).sum() / COUNTS.sum())
    score = completion_perplexity(THETA, BETA, COUNTS)
    assert score.mean == pytest.approx(expected)
    assert score.protocol["held_out_words"] == COUNTS.sum()


def test_guessing_evenly_is_as_perplexed_as_there_are_words():
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


def test_a_fitted_model_is_less_perplexed_than_one_of_noise():
    corpus = Corpus.read("lee")
    train, test = corpus.counts[:250], corpus.counts[250:]
    model = LatentDirichletAllocation(5, max_iter=4, random_state=0).fit(train)
    score = perplexity(model, test, seed=1)
    assert score.mean < corpus.n_words
    assert score == perplexity(model, test, seed=1)
    assert score.protocol["decoder"] == "mixture"
    model.components_ = np.random.default_rng(0).permuted(model.components_, axis=1)
    assert perplexity(model, test, seed=1).mean > score.mean


def test_a_model_that_knows_how_it_decodes_is_asked():
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
        (lambda: completion_perplexity(2 * THETA, BETA, COUNTS), "Document 0 of theta adds up to 2"),
        (lambda: completion_perplexity(THETA, BETA, COUNTS.toarray()), "Corpus or a sparse matrix"),
        (lambda: split_tokens(COUNTS * 0.5), "counts must be whole"),
        (lambda: split_tokens(-COUNTS), "not negative"),
        (lambda: perplexity(object(), COUNTS), "object has neither"),
        (
            lambda: perplexity(LatentDirichletAllocation(2).fit(COUNTS), sp.eye(7).tocsr()),
            "No document holds two words",
        ),
    ],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(InputError, match=match):
        call()
