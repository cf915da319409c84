"""Words of neighbours in the likelihood: who is a neighbour, what reads their words, and what does not."""

from dataclasses import replace

import numpy as np
import pytest

import topicml
from topicml.models import composition
from topicml.models.composition import Composition
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.objectives.embedding_space import EmbeddingSpace
from topicml.starting import document_vectors
from topicml.stories.lda2vec import LDA2VecStory
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import WithNeighbours

N_DOCS, N_WORDS = 80, 12
OPTIONS = {"n_topics": 3, "max_epochs": 2, "batch_size": 20, "hidden": 16, "random_state": 0}
MODELS = [topicml.ProdLDA, topicml.ETM, topicml.ECRTM, topicml.TSCTM, topicml.DocNADE]


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(0)
    return topicml.Corpus.from_tokens(
        [[f"w{j % 4 + 4 * (i % 3):02}" for j in rng.integers(0, 40, 4 + i % 9)] for i in range(N_DOCS)]
    )


def weights_of(model):
    return np.concatenate([each.detach().numpy().ravel() for each in model.network_.state_dict().values()])


def documents_of(corpus, rows=None):
    return replace(documents_to_fit(topicml.ProdLDA(**OPTIONS), corpus, None), rows=rows)


def test_neighbours_are_the_nearest_documents_that_are_trained_on(corpus):
    rows = np.setdiff1d(np.arange(N_DOCS), [5, 17])
    found = ProdLDAStory(3, neighbour_share=0.5).neighbours_of(documents_of(corpus, rows))
    assert found.shape == (N_DOCS, 15) and not np.isin(found[rows], [5, 17]).any()
    assert (found[[5, 17]] == np.array([[5], [17]])).all()
    vectors = document_vectors(corpus.counts[rows], seed=0)[:].astype(np.float64)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    position = {row: i for i, row in enumerate(rows)}
    for i, row in enumerate(rows):  # by cosines, because equal vectors may come in any order
        nearest = np.sort(cosines[i])[::-1][:15]
        np.testing.assert_allclose(np.sort(cosines[i, [position[j] for j in found[row]]])[::-1], nearest, atol=1e-5)
    assert ProdLDAStory(3).neighbours_of(documents_of(corpus)) is None


def test_of_many_documents_neighbours_are_of_the_same_cluster(corpus, monkeypatch):
    story = ProdLDAStory(3, neighbour_share=0.5)
    monkeypatch.setattr("topicml.models.parts.neighbours.EXACT", N_DOCS - 1)
    monkeypatch.setattr("topicml.models.parts.neighbours._IN_CLUSTER", 20)
    space = EmbeddingSpace(50, "a test")
    space.prepare(documents_of(corpus))
    clusters = space.clusters(documents_of(corpus), 4)
    found = story.neighbours_of(documents_of(corpus))
    assert len(np.unique(clusters)) == 4
    assert (clusters[found] == clusters[:, None]).all()


def test_neighbours_are_those_of_the_embeddings_beside_the_words(corpus):
    vectors = np.eye(4)[np.arange(N_DOCS) % 4]  # 20 documents of each
    same = np.arange(N_DOCS)[:, None] % 4
    agreement = [
        (ProdLDAStory(3, neighbour_share=0.5).neighbours_of(documents_of(given)) % 4 == same).mean()
        for given in (corpus.with_embeddings(vectors), corpus)
    ]
    assert agreement[0] > 0.6 > agreement[1]


@pytest.mark.parametrize("kind", MODELS)
def test_words_of_neighbours_reach_the_fit_by_their_share(kind, corpus, monkeypatch):
    options = OPTIONS | {"validation_fraction": 0.3}
    of_counts, of_neighbours = kind(**options).fit(corpus), kind(neighbour_share=0.5, **options).fit(corpus)
    assert not np.array_equal(weights_of(of_counts), weights_of(of_neighbours))
    monkeypatch.setattr(
        composition, "WithNeighbours", lambda *args, share, seed: WithNeighbours(*args, share=0.0, seed=seed)
    )
    without = kind(neighbour_share=0.5, **options).fit(corpus)
    assert np.array_equal(weights_of(of_counts), weights_of(without))
    assert [each["held_out"] for each in of_counts.history_] == [each["held_out"] for each in without.history_]


def test_the_share_reaches_the_fit(corpus):
    fitted = [weights_of(topicml.ProdLDA(neighbour_share=share, **OPTIONS).fit(corpus)) for share in (0.2, 0.9)]
    assert not np.array_equal(*fitted)


def test_with_targets_those_of_a_neighbour_are_reconstructed(corpus):
    def fit(targets, reconstruct="targets"):
        model = topicml.ProdLDA(neighbour_share=0.5, reconstruct=reconstruct, **OPTIONS)
        return weights_of(model.fit(corpus.with_targets(targets)))

    assert np.array_equal(fit(corpus.counts), fit(corpus.counts, "counts"))
    assert not np.array_equal(fit(corpus.counts), fit(corpus.counts + corpus.counts[::-1]))


def test_held_out_documents_are_judged_by_their_own_words(corpus, monkeypatch):
    judged = []
    batches = Composition.with_parts
    monkeypatch.setattr(Composition, "with_parts", lambda *args: judged.append(batches(*args)) or judged[-1])
    topicml.ProdLDA(neighbour_share=0.5, **OPTIONS | {"validation_fraction": 0.3}).fit(corpus)
    validation, _ = judged
    assert validation.batch(0, 0).targets is None


def test_the_same_seed_draws_the_same_neighbours_after_an_interruption(corpus, tmp_path):
    def stop(record):
        raise KeyboardInterrupt

    def fit(seed=0, **options):
        model = topicml.ProdLDA(**OPTIONS | {"neighbour_share": 0.5, "random_state": seed})
        return weights_of(model.fit(corpus, **options))

    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint=tmp_path, checkpoint_seconds=0.0, callbacks=[stop])
    assert np.array_equal(fit(checkpoint=tmp_path), fit())


def test_a_model_of_neighbours_fits_matrices_and_parts_and_grows(corpus):
    options = OPTIONS | {"neighbour_share": 0.5}
    of_matrix = topicml.ProdLDA(**options).fit(corpus.counts)
    assert np.array_equal(weights_of(of_matrix), weights_of(topicml.ProdLDA(**options).fit(corpus)))
    model = topicml.ProdLDA(**options).partial_fit(corpus[:40])
    other = topicml.ProdLDA(**OPTIONS).partial_fit(corpus[:40])
    assert not np.array_equal(weights_of(model), weights_of(other))
    before = weights_of(model)
    model.partial_fit(topicml.Corpus.from_tokens([["w00", "new"], ["w01", "new"]] * 15), grow=True)
    assert len(weights_of(model)) > len(before)


def test_two_documents_are_enough(corpus):
    with pytest.warns(topicml.errors.TopicWarning):
        fitted = topicml.ProdLDA(neighbour_share=0.5, **OPTIONS).fit(corpus[:2])
    assert np.isfinite(weights_of(fitted)).all()


def test_a_model_knows_that_neighbours_came_from_an_encoder(corpus):
    vectors = np.eye(3)[np.arange(N_DOCS) % 3]

    def fit(given):
        model = topicml.ProdLDA(neighbour_share=0.5, **OPTIONS)
        return model.fit(given).outside_knowledge_, model_identity(model, documents_of(given))

    source, identity = fit(corpus.with_embeddings(vectors))
    assert source == "array" and "embeddings" in identity
    assert fit(corpus.with_embeddings(vectors[::-1]))[1] != identity
    source, identity = fit(corpus)
    assert source is None and "embeddings" not in identity
    assert "embeddings" not in model_identity(topicml.ProdLDA(**OPTIONS), documents_of(corpus.with_embeddings(vectors)))


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_the_share_is_a_probability(share):
    with pytest.raises(topicml.errors.InputError, match="neighbour_share must be"):
        topicml.ProdLDA(neighbour_share=share).check_parameters()


def test_a_story_of_words_in_order_has_no_neighbours():
    with pytest.raises(topicml.errors.InputError, match="LDA2Vec predicts words from those around them"):
        LDA2VecStory(3, neighbour_share=0.5)
    assert LDA2VecStory(3).neighbour_share == 0


@pytest.mark.parametrize("tokens", [[["ant", "bee"]] * 6, [["ant"], ["bee"]] * 4], ids=["the same", "single words"])
@pytest.mark.parametrize("exact", [25_000, 4], ids=["few", "many"])
def test_documents_that_are_equally_near_keep_their_own_words(monkeypatch, tokens, exact):
    monkeypatch.setattr("topicml.models.parts.neighbours.EXACT", exact)
    monkeypatch.setattr("topicml.models.parts.neighbours._IN_CLUSTER", 3)
    corpus = topicml.Corpus.from_tokens(tokens)
    with pytest.warns(topicml.errors.TopicWarning, match="neighbour_share=0.5 has no effect here"):
        found = ProdLDAStory(3, neighbour_share=0.5).neighbours_of(documents_of(corpus))
    assert (found == np.arange(len(tokens))[:, None]).all()


def test_a_part_without_neighbours_does_not_end_a_stream(corpus):
    model = topicml.ProdLDA(neighbour_share=0.5, **OPTIONS).partial_fit(corpus)
    with pytest.warns(topicml.errors.TopicWarning, match="has no effect here"):
        model.partial_fit(topicml.Corpus.from_tokens([["w00", "w01"]] * 4))
    assert len(model.history_) == 2
