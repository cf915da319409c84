"""The ranking of words: its formulas against scikit-learn and SciPy, its options, and saved models."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from scipy.special import softmax
from sklearn.linear_model import Ridge

import topicml
from topicml.corpus import synthetic
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models import RANKINGS, WordRanking
from topicml.models.inference import documents_led, infer_theta

ROWS = np.arange(300)
pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")


@pytest.fixture(scope="module")
def corpus():
    return synthetic.short_text(300, 6, 200, random_state=0).corpus


@pytest.fixture(scope="module")
def model(corpus):
    return topicml.ProdLDA(n_topics=6, max_epochs=3, random_state=0).fit(corpus)


def topics_and_vectors(seed=0, n_topics=5, n_words=80, dimension=6):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(n_words, 0.3), size=n_topics), rng.normal(size=(n_words, dimension))


def distinct(weights, n=25):
    first = np.argsort(-weights, axis=1, kind="stable")[:, :n]
    return len(np.unique(first)) / first.size


def test_the_decoder_ranking_is_the_decoder():
    topics, _ = topics_and_vectors()
    np.testing.assert_allclose(RANKINGS["decoder"](topics), topics, rtol=1e-10)


def test_smoothing_is_the_mean_of_the_weights_and_their_ridge_regression():
    topics, vectors = topics_and_vectors()
    log = np.log(topics)
    log -= log.mean(axis=1, keepdims=True)
    penalty = 0.01 * np.trace(vectors.T @ vectors) / 6 + 1e-9
    predicted = Ridge(alpha=penalty, fit_intercept=False).fit(vectors, log.T).predict(vectors).T
    ranking = WordRanking(diversity=None, smoothing=0.3)
    np.testing.assert_allclose(ranking(topics, vectors), softmax(0.7 * log + 0.3 * predicted, axis=1), rtol=1e-8)


def test_documents_are_averaged_with_the_weights_of_the_decoder():
    topics, _ = topics_and_vectors()
    led = np.random.default_rng(0).poisson(2.0, size=topics.shape)
    counted = led + 0.3 * led.sum(axis=0) / len(topics)
    expected = topics**0.6 * counted**0.4
    ranking = WordRanking(diversity=None, smoothing=0, documents=0.4, documents_prior=0.3)
    np.testing.assert_allclose(ranking(topics, None, led), expected / expected.sum(axis=1, keepdims=True), rtol=1e-8)
    assert (WordRanking(documents=0.4)(topics) == WordRanking(documents=0)(topics)).all()


def test_a_word_without_documents_comes_last():
    topics, _ = topics_and_vectors()
    led = np.ones(topics.shape)
    led[:, 7] = 0
    assert (WordRanking(diversity=None, smoothing=0)(topics, None, led).argmin(axis=1) == 7).all()


def test_documents_led_are_counted_in_the_training_documents(corpus):
    model = topicml.ProdLDA(n_topics=6, max_epochs=3, random_state=0, validation_fraction=0.3)
    model.fit(corpus)
    rows = np.setdiff1d(np.flatnonzero(np.diff(corpus.counts.indptr)), model.validation_rows_)
    leading = infer_theta(model.network_, corpus.counts, rows, evidence=False).argmax(axis=1)
    present = (corpus.counts[rows].toarray() > 0).astype(float)
    expected = np.array([present[leading == k].sum(axis=0) for k in range(6)])
    np.testing.assert_array_equal(model._documents_led, expected)


def test_documents_led_do_not_depend_on_the_size_of_the_pieces(corpus, model, monkeypatch):
    rows = np.flatnonzero(np.diff(corpus.counts.indptr))
    whole = documents_led(model.network_, corpus.counts, rows)
    monkeypatch.setattr("topicml.models.inference._LONG", 70)
    np.testing.assert_array_equal(documents_led(model.network_, corpus.counts, rows), whole)


def test_the_documents_come_first_in_the_words_of_a_topic(corpus):
    model = topicml.ProdLDA(n_topics=6, max_epochs=3, random_state=0).fit(corpus)
    theta = model.transform(corpus)

    def covered():
        return float(topicml.metrics.document_coverage(model.topics(10), corpus, theta, topn=2))

    with_documents = covered()
    model.rank_words(WordRanking(documents=0))
    assert with_documents > covered()


def test_partial_fit_adds_the_documents_of_each_call(corpus):
    model = topicml.ProdLDA(n_topics=6, random_state=0).partial_fit(corpus)
    first = model._documents_led.sum()
    model.set_params(ranking="decoder").partial_fit(corpus[:50])  # keeps the ranking that the model has
    present = np.count_nonzero(corpus.counts[:50].data)
    assert model._documents_led.sum() == first + present


def test_a_model_without_documents_says_so(corpus, model, tmp_path):
    model.save(tmp_path / "model")
    weights = load_file(tmp_path / "model" / "weights.safetensors")
    del weights["ranking.documents_led"]  # as an earlier version saved it
    save_file(weights, tmp_path / "model" / "weights.safetensors")
    header = json.loads((tmp_path / "model" / "model.json").read_text())
    del header["weights_sha256"]
    (tmp_path / "model" / "model.json").write_text(json.dumps(header))
    loaded = topicml.load(tmp_path / "model")
    assert loaded.ranking.documents == 0
    assert loaded.topics(5) == model.rank_words(WordRanking(documents=0)).topics(5)
    model.rank_words("smoothed")
    with pytest.raises(InputError, match="counts the documents that each topic leads, which this model does not have"):
        loaded.rank_words("smoothed")
    assert (loaded.transform(corpus) == infer_theta(model.network_, corpus.counts, ROWS, evidence=False)).all()


@pytest.mark.parametrize("array", [np.ones((6, 3)), np.ones(6), np.ones((6, 200), dtype=np.int64)], ids=str)
def test_documents_of_another_shape_are_damage(model, tmp_path, array):
    model.save(tmp_path / "model")
    weights = load_file(tmp_path / "model" / "weights.safetensors")
    weights["ranking.documents_led"] = array
    save_file(weights, tmp_path / "model" / "weights.safetensors")
    header = json.loads((tmp_path / "model" / "model.json").read_text())
    del header["weights_sha256"]
    (tmp_path / "model" / "model.json").write_text(json.dumps(header))
    with pytest.raises(InputError, match="documents_led is"):
        topicml.load(tmp_path / "model")


def test_exclusivity_is_a_power_of_the_share_of_the_topic_in_the_word():
    topics, _ = topics_and_vectors()
    relative = topics / np.exp(np.log(topics).mean(axis=1, keepdims=True))
    expected = topics * (relative / relative.sum(axis=0)) ** 1.5
    ranked = WordRanking(diversity=None, exclusivity=1.5, smoothing=0)(topics)
    np.testing.assert_allclose(ranked, expected / expected.sum(axis=1, keepdims=True), rtol=1e-8)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), target=st.floats(0.3, 0.9))
def test_the_smallest_exclusivity_with_the_wanted_diversity_is_chosen(seed, target):
    topics, vectors = topics_and_vectors(seed, n_topics=5, n_words=400)
    topics = 0.5 * topics + 0.5 * topics.mean(axis=0)  # topics share words
    ranked = WordRanking(diversity=target)(topics, vectors)
    most = distinct(WordRanking(diversity=None, exclusivity=4.0)(topics, vectors))
    assert distinct(ranked) >= (target if target <= most else most - 0.01)
    hardly_reachable = WordRanking(diversity=most)(topics, vectors)
    assert distinct(hardly_reachable) == most
    least = WordRanking(diversity=0.0)(topics, vectors)
    if distinct(least) >= target:
        np.testing.assert_allclose(ranked, least)


def test_equal_topics_do_not_drive_the_exclusivity_to_its_end():
    topics, _ = topics_and_vectors(n_topics=4, n_words=300)
    ranked = WordRanking(diversity=0.99, smoothing=0)(np.vstack([topics, topics]))
    np.testing.assert_allclose(ranked[:4], ranked[4:])
    assert np.isfinite(ranked).all()


def test_a_lower_diversity_has_more_frequent_words(corpus):
    model = topicml.ProdLDA(n_topics=20, max_epochs=3, random_state=0).fit(corpus)
    frequency = dict(zip(corpus.vocabulary, np.asarray((corpus.counts > 0).sum(axis=0)).ravel(), strict=True))

    def median():
        return np.median([frequency[word] for topic in model.topics(10) for word in topic])

    distinct_words = model.rank_words(WordRanking(diversity=0.95)) and median()
    assert median() == distinct_words
    model.rank_words(WordRanking(diversity=0.3))
    assert median() > distinct_words


def test_the_length_of_a_word_vector_grows_with_document_frequency(corpus):
    documents = Documents(corpus.counts)
    frequency = np.bincount(corpus.counts.indices, minlength=corpus.n_words)
    seen = frequency > 0
    lengths = [np.linalg.norm(WordRanking(frequency_power=p).vectors(documents, 0), axis=1)[seen] for p in (0.0, 0.8)]
    assert np.std(lengths[0]) < 1e-5
    np.testing.assert_allclose(lengths[1] / lengths[1][0], (frequency[seen] / frequency[seen][0]) ** 0.8, rtol=1e-4)
    assert WordRanking(dimension=7).vectors(documents, 0).shape == (corpus.n_words, 7)
    assert WordRanking(smoothing=0).vectors(documents, 0) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"diversity": 0.3}),
        ({}, {"diversity": None, "exclusivity": 1.0}),
        ({}, {"smoothing": 0.9}),
        ({}, {"documents": 0.9}),
        ({}, {"documents_prior": 5.0}),
        ({}, {"frequency_power": 1.0}),
        ({}, {"dimension": 2}),
        ({}, {"penalty": 10.0}),
        ({}, {"top_words": 5}),
        ({"diversity": 1.0}, {"diversity": 1.0, "max_exclusivity": 0.0}),
        ({"diversity": 0.0}, {"diversity": 0.0, "min_exclusivity": 0.0}),
    ],
)
def test_every_option_changes_the_ranking(corpus, before, after):
    topics, _ = topics_and_vectors(n_topics=12, n_words=corpus.n_words)
    topics = 0.3 * topics + 0.7 * topics.mean(axis=0)
    documents = Documents(corpus.counts)
    led = np.random.default_rng(1).poisson(3.0, size=topics.shape)
    ranked = [r(topics, r.vectors(documents, 0), led) for r in (WordRanking(**before), WordRanking(**after))]
    assert np.abs(ranked[0] - ranked[1]).max() > 1e-9


def test_the_ranking_changes_neither_training_nor_theta(corpus, model):
    other = topicml.ProdLDA(n_topics=6, max_epochs=3, random_state=0, ranking="decoder").fit(corpus)
    assert (other.transform(corpus) == model.transform(corpus)).all()
    decoder = other.network_.topic_word().detach().double().numpy()
    np.testing.assert_allclose(other.components_, decoder / decoder.sum(axis=1, keepdims=True), rtol=1e-6)
    assert np.abs(other.components_ - model.components_).max() > 1e-4


def test_ranking_again_after_a_fit_is_the_same_as_a_fit_with_that_ranking(corpus, model):
    fitted = topicml.ProdLDA(n_topics=6, max_epochs=3, random_state=0, ranking=WordRanking(diversity=0.5)).fit(corpus)
    again = topicml.ProdLDA(n_topics=6, max_epochs=3, random_state=0).fit(corpus).rank_words(WordRanking(diversity=0.5))
    assert (again.components_ == fitted.components_).all()
    assert again.get_params()["ranking"].diversity == 0.5
    assert (again.rank_words("decoder").rank_words(0.5).components_ == fitted.components_).all()


def test_a_saved_model_ranks_with_the_same_bits_and_can_rank_again(corpus, model, tmp_path):
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert (loaded.components_ == model.components_).all()
    loaded.rank_words(WordRanking(diversity=0.5))
    loaded.save(tmp_path / "again")
    assert topicml.load(tmp_path / "again").topics(10) == loaded.topics(10)


def test_a_model_of_an_earlier_version_keeps_the_ranking_of_its_decoder(model, tmp_path):
    model.save(tmp_path / "model")
    header = json.loads((tmp_path / "model" / "model.json").read_text())
    del header["parameters"]["ranking"]
    header.pop("weights_sha256", None)  # of later versions
    (tmp_path / "model" / "model.json").write_text(json.dumps(header))
    weights = load_file(tmp_path / "model" / "weights.safetensors")
    del weights["ranking.word_vectors"], weights["ranking.documents_led"]
    save_file(weights, tmp_path / "model" / "weights.safetensors")
    loaded = topicml.load(tmp_path / "model")
    decoder = loaded.network_.topic_word().detach().double().numpy()
    np.testing.assert_allclose(loaded.components_, decoder, rtol=1e-5)
    with pytest.raises(ValueError, match="word vectors, which this model does not have"):
        loaded.rank_words("smoothed")


def test_partial_fit_ranks_with_the_word_vectors_of_the_first_call(corpus):
    model = topicml.ProdLDA(n_topics=6, random_state=0).partial_fit(corpus)
    first = model._word_vectors
    model.partial_fit(corpus[:50])
    assert model._word_vectors is first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"diversity": 1.5}, "diversity must be None or in"),
        ({"diversity": None, "exclusivity": -1}, "exclusivity must be from 0 to 1000"),
        ({"smoothing": 2}, "smoothing must be in"),
        ({"documents": -0.1}, "documents must be in"),
        ({"documents_prior": 0}, "documents_prior must be greater than 0"),
        ({"frequency_power": -1}, "frequency_power must be at least 0"),
        ({"max_exclusivity": -0.6}, "max_exclusivity must be at least min_exclusivity"),
        ({"min_exclusivity": -1}, "min_exclusivity must be more than -1"),
        ({"dimension": 0}, "dimension must be at least 1"),
        ({"penalty": 0}, "penalty must be positive"),
        ({"top_words": 0}, "top_words must be at least 1"),
        ({"exclusivity": 1}, "both set the exclusivity"),
    ],
)
def test_a_wrong_option_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        WordRanking(**options)


def test_an_unknown_ranking_is_refused_before_the_fit():
    with pytest.raises(ValueError, match=r"ranking='frex' is unknown\. Choose one of smoothed, decoder"):
        topicml.ProdLDA(ranking="frex").fit(["a b c"] * 10)


def test_a_loaded_model_has_the_topics_of_memory_whatever_the_parameter_was_set_to(corpus, tmp_path):
    model = topicml.ProdLDA(n_topics=6, max_epochs=2, random_state=0, ranking="decoder").fit(corpus)
    model.set_params(ranking=0.7).save(tmp_path / "a")  # applies at the next fit
    assert (topicml.load(tmp_path / "a").components_ == model.components_).all()
    smoothed = topicml.ProdLDA(n_topics=6, max_epochs=2, random_state=0).fit(corpus)
    smoothed.set_params(ranking="decoder").save(tmp_path / "b")
    assert (topicml.load(tmp_path / "b").components_ == smoothed.components_).all()
    model.partial_fit(corpus)  # keeps the ranking that the model has
    decoder = model.network_.topic_word().detach().double().numpy()
    np.testing.assert_allclose(model.components_, decoder, rtol=1e-5)


def test_a_subclass_of_a_ranking_is_saved_with_its_settings(corpus, tmp_path):
    class Mine(WordRanking):
        pass

    model = topicml.ProdLDA(n_topics=6, max_epochs=2, random_state=0, ranking=Mine(diversity=None, smoothing=0.0))
    model.fit(corpus).save(tmp_path / "a")
    loaded = topicml.load(tmp_path / "a")
    assert (loaded.components_ == model.components_).all()
    assert loaded.ranking.smoothing == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"smoothing": 1.0, "vectors": 1e200}, "weights that are not finite numbers. Use values nearer"),
        ({"vectors": np.inf}, "word vectors that .* ranks by are not all finite"),
        ({"topics": np.nan}, "topics that .* ranks by are not all finite"),
    ],
    ids=str,
)
def test_no_ranking_is_not_a_number(changes, message):
    topics, vectors = topics_and_vectors()
    if "topics" in changes:
        topics[0, 0] = changes.pop("topics")
    vectors = vectors * changes.pop("vectors", 1.0)
    with pytest.raises(InputError, match=message):
        WordRanking(**changes)(topics, vectors)


def test_exclusivities_are_bounded():
    with pytest.raises(InputError, match="max_exclusivity must be at least min_exclusivity, and at most 1000"):
        WordRanking(max_exclusivity=1e9)
    with pytest.raises(InputError, match="exclusivity must be from 0 to 1000"):
        WordRanking(diversity=None, exclusivity=1e308)
