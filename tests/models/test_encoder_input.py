"""Models whose encoder reads embeddings, and models that start from clusters of embeddings."""

import json
import threading
import warnings
from unittest.mock import Mock

import numpy as np
import pytest
import torch

import topicml
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.explore.calibration import reliability
from topicml.explore.uncertainty import theta_samples
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.models.inference import infer_theta
from topicml.models.parts import base
from topicml.starting import Start, topics
from topicml.stories.prodlda import ProdLDAStory

N_DOCS = 90
OPTIONS = {"n_topics": 3, "max_epochs": 2, "batch_size": 30, "hidden": 16, "random_state": 0}


@pytest.fixture(scope="module")
def corpus():
    """Documents of three themes by their vectors; one of three words says something about the theme."""
    rng = np.random.default_rng(0)
    of_all = [[f"w{j}" for j in rng.integers(0, 12, 6)] for _ in range(N_DOCS)]
    words = [[*each, *(f"w{j + 4 * (i % 3)}" for j in rng.integers(0, 4, 3))] for i, each in enumerate(of_all)]
    vectors = np.eye(5)[np.arange(N_DOCS) % 3] + 0.1 * rng.normal(size=(N_DOCS, 5))
    return topicml.Corpus.from_tokens(words).with_embeddings(vectors)


@pytest.fixture(scope="module", params=["embeddings", "both"])
def model(request, corpus):
    return topicml.ProdLDA(encoder_input=request.param, init="clusters", **OPTIONS).fit(corpus)


def themes_found(theta):
    """Share of documents whose leading topic is that of most documents of their theme."""
    leading, theme = theta.argmax(axis=1), np.arange(len(theta)) % 3
    return np.mean([np.bincount(leading[theme == each]).max() / (theme == each).sum() for each in range(3)])


def test_topics_are_those_of_the_embeddings(corpus, model):
    theta = model.transform(corpus)
    assert themes_found(theta) > 0.95
    assert len(np.unique(theta.argmax(axis=1))) == 3


def test_the_rows_of_a_selection_keep_their_vectors(corpus, model):
    rows = np.array([5, 1, 44])
    assert np.allclose(model.transform(corpus[rows]), model.transform(corpus)[rows], atol=1e-6)


@pytest.mark.parametrize("given", ["matrix", "corpus"])
def test_transform_asks_for_missing_embeddings(corpus, model, given):
    bare = topicml.Corpus.from_tokens(list(corpus), corpus.vocabulary)
    with pytest.raises(InputError, match=r"reads embeddings of 5 numbers, and these documents have none.*with_embed"):
        model.transform(bare if given == "corpus" else bare.counts)


def test_transform_refuses_embeddings_of_another_length(corpus, model):
    with pytest.raises(InputError, match="reads embeddings of 5 numbers, and those of these documents have 4"):
        model.transform(corpus.with_embeddings(np.ones((N_DOCS, 4))))


def test_embeddings_of_another_encoder_are_told(corpus, tmp_path):
    """Of the same length, so nothing else would show it. A renamed array or a file may be of the same encoder."""

    def encoder(name):
        return type("Encoder", (), {"name": name, "encode": lambda self, texts: corpus.embeddings[:][: len(texts)]})()

    model = topicml.ProdLDA(encoder_input="both", init="clusters", **OPTIONS)
    model.fit(corpus.with_embeddings(encoder("first"), batch_size=N_DOCS))
    with pytest.warns(topicml.errors.TopicWarning, match="embeddings of second, and the model .* those of first"):
        model.transform(corpus.with_embeddings(encoder("second"), batch_size=N_DOCS))
    np.save(tmp_path / "vectors.npy", corpus.embeddings[:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for given in (encoder("first"), corpus.embeddings[:], tmp_path / "vectors.npy"):
            options = {"batch_size": N_DOCS} if hasattr(given, "encode") else {}
            model.transform(corpus.with_embeddings(given, **options))


@pytest.mark.parametrize("name", ["ProdLDA", "ETM", "ECRTM", "TSCTM", "LDA2Vec", "DocNADE"])
def test_every_model_reads_embeddings_and_is_saved(corpus, name, tmp_path):
    fitted = getattr(topicml, name)(encoder_input="embeddings", init="clusters", **OPTIONS).fit(corpus)
    fitted.save(tmp_path / "model")
    opened = topicml.load(tmp_path / "model")
    assert np.array_equal(opened.transform(corpus), fitted.transform(corpus))
    assert opened.reads_embeddings and opened.outside_knowledge_ == "array"


def test_fit_needs_embeddings_if_the_encoder_reads_them(corpus):
    with pytest.raises(InputError, match=r"encoder_input='both' needs a corpus with embeddings"):
        topicml.ProdLDA(encoder_input="both", **OPTIONS).fit(corpus.counts)


def test_an_encoder_of_another_kind_is_refused():
    class OtherStory(ProdLDAStory):
        def encoder(self, n_words):
            return torch.nn.Linear(n_words, self.n_topics)

    with pytest.raises(InputError, match="the encoder of OtherStory is a Linear"):
        OtherStory(n_topics=2, encoder_input="both").network_of(
            beta=np.ones((2, 3)), background=np.ones(3), document_vectors=np.ones(4)
        )


def test_an_unknown_input_is_refused():
    with pytest.raises(InputError, match="encoder_input"):
        topicml.ProdLDA(encoder_input="vectors", **OPTIONS).check_parameters()


def test_documents_of_unknown_words_get_topics_by_their_embeddings(corpus, model):
    foreign = topicml.Corpus.from_tokens([["mot"]] * N_DOCS).with_embeddings(corpus.embeddings[:])
    with pytest.warns(topicml.errors.TopicWarning, match="vocabulary"):
        theta = model.transform(foreign)
    assert themes_found(theta) > 0.95
    with pytest.warns(topicml.errors.TopicWarning):
        nothing = model.transform(topicml.Corpus.from_tokens([["mot"]]).with_embeddings(np.zeros((1, 5))))
    assert np.allclose(nothing, torch.softmax(model.network_.prior_loc, -1))


def test_two_threads_read_their_own_embeddings(corpus, model):
    parts = [corpus[:45], corpus[45:]]
    expected, found = [model.transform(part) for part in parts], {}
    threads = [
        threading.Thread(target=lambda i=i: found.update({i: [model.transform(parts[i]) for _ in range(5)]}))
        for i in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert all(np.array_equal(theta, expected[i]) for i in range(2) for theta in found[i])


def test_halves_of_texts_do_not_calibrate_a_model_of_embeddings(corpus, model):
    """Both halves have the embedding of the whole text, and agree because of it."""
    assert model.calibration_ is None
    view = TopicView.of(model, corpus)
    assert view.calibration is None
    with pytest.raises(InputError, match="Pass labels"):
        reliability(view)


def test_samples_of_theta_read_the_embeddings_of_the_view(corpus, model):
    samples = theta_samples(TopicView.of(model, corpus), n_samples=20)
    assert themes_found(samples.mean(axis=0)) > 0.9


def test_score_and_perplexity_read_embeddings(corpus, model):
    assert np.isfinite([model.score(corpus), model.perplexity(corpus)]).all()


@pytest.mark.parametrize("contrast", ["set", "neighbours"])
def test_views_of_a_document_have_its_embedding(corpus, contrast):
    fitted = topicml.ProdLDA(encoder_input="both", init="clusters", contrast=contrast, **OPTIONS).fit(corpus)
    assert themes_found(fitted.transform(corpus)) > 0.9


def test_partial_fit_reads_embeddings(corpus):
    model = topicml.ProdLDA(encoder_input="embeddings", init="clusters", **OPTIONS)
    model.partial_fit(corpus[:60]).partial_fit(corpus[60:])
    assert themes_found(model.transform(corpus)) > 0.9


def test_an_interrupted_fit_continues_to_the_same_bits(corpus, model, tmp_path):
    class Killed(Exception):
        pass

    def kill(record):
        raise Killed

    def make():
        return topicml.ProdLDA(encoder_input=model.encoder_input, init="clusters", **OPTIONS)

    with pytest.raises(Killed):
        make().fit(corpus, checkpoint=tmp_path, checkpoint_seconds=0, callbacks=[kill])
    assert np.array_equal(make().fit(corpus, checkpoint=tmp_path).transform(corpus), model.transform(corpus))


@pytest.mark.parametrize("settings", [{"init": "clusters"}, {"init": "npmi+clusters"}, {"encoder_input": "both"}, {}])
def test_the_identity_has_the_embeddings_if_they_are_read(corpus, settings):
    estimator = topicml.ProdLDA(**settings, **OPTIONS)
    identity = model_identity(estimator, documents_to_fit(estimator, corpus, None))
    assert ("embeddings" in identity) == bool(settings)


def test_a_start_from_clusters_teaches_an_encoder_of_words(corpus):
    """The model stays one of words: its topics start from the clusters, and `transform` reads no embeddings."""
    themed = topicml.Corpus.from_tokens([[f"w{i % 3}{j}" for j in range(4)] for i in range(N_DOCS)])
    fitted = topicml.ProdLDA(init="clusters", **OPTIONS).fit(themed.with_embeddings(corpus.embeddings[:]))
    assert themes_found(fitted.transform(themed)) > 0.95
    assert not fitted.reads_embeddings and fitted.outside_knowledge_ == "array"
    of_words = topicml.ProdLDA(init="clusters", **OPTIONS).fit(themed)
    assert themes_found(of_words.transform(themed)) > 0.95 and of_words.outside_knowledge_ is None


def test_the_encoder_starts_from_the_votes_of_clusters(corpus):
    """Topics start as with npmi; the encoder knows those of the themes before training."""
    words = [[f"w{i % 3}{j}" for j in np.random.default_rng(i).integers(0, 6, 4)] for i in range(N_DOCS)]
    themed = topicml.Corpus.from_tokens(words).with_embeddings(corpus.embeddings[:])
    start = topicml.ProdLDA(init="npmi+clusters", **OPTIONS).set_params(max_epochs=1, learning_rate=1e-9).fit(themed)
    plain = topicml.ProdLDA(**OPTIONS).set_params(max_epochs=1, learning_rate=1e-9).fit(themed)
    topics = [each.network_.decoder.log_topics().detach() for each in (start, plain)]
    assert np.allclose(*topics, atol=1e-4)
    found = [infer_theta(each.network_, themed.counts, np.arange(N_DOCS), evidence=False) for each in (start, plain)]
    assert themes_found(found[0]) > 0.95 > themes_found(found[1]) and len(np.unique(found[0].argmax(axis=1))) == 3
    assert not start.reads_embeddings and start.outside_knowledge_ == "array"


def test_the_number_of_clusters_that_vote_is_that_of_the_start(corpus, monkeypatch):
    seen = []
    original = base.document_clusters

    def recorded(documents, n, *, seed, word_weight):
        seen.append((n, word_weight))
        return original(documents, n, seed=seed, word_weight=word_weight)

    monkeypatch.setattr(base, "document_clusters", recorded)
    for init in ("npmi+clusters", Start(encoder_clusters=3.4, word_weight=0.5), Start(encoder_clusters=0.1), Start()):
        topicml.ProdLDA(init=init, **OPTIONS).fit(corpus)
    assert seen == [(6, 1), (10, 0.5), (1, 1)]


@pytest.mark.parametrize("init", ["npmi+clusters", "clusters"])
@pytest.mark.parametrize("make", [topicml.ProdLDA, topicml.ETM])
def test_the_network_and_the_encoder_start_from_what_is_computed_once(corpus, make, init, monkeypatch):
    places = [(topics, "spectral_topics"), (base, "document_clusters"), (topics, "document_clusters")]
    spies = [Mock(wraps=getattr(*place)) for place in places]
    for place, spy in zip(places, spies, strict=True):
        monkeypatch.setattr(*place, spy)
    model = make(init=init, **OPTIONS)
    for n_fits in (1, 2):  # a fit remembers nothing of an earlier one
        model.fit(corpus)
        assert [spy.call_count for spy in spies] == [n_fits * (init != "clusters"), n_fits, 0]


def test_what_was_computed_for_other_documents_or_seeds_is_computed_again(corpus):
    story = ProdLDAStory(n_topics=3).starting_once()
    parts = [Documents(corpus[rows].counts) for rows in (slice(0, 45), slice(45, 90))]
    found = [story.starting_topics(part, seed) for part in parts for seed in (0, 1)]
    assert found[0] is story.starting_topics(parts[0], 0)
    assert not any(np.array_equal(found[0], other) for other in found[1:])


def test_words_decide_no_cluster_for_an_encoder_of_embeddings_alone():
    starts = [
        ProdLDAStory(init=init, encoder_input=kind).start
        for init in ("clusters", Start(method="clusters"))
        for kind in ("words", "both", "embeddings")
    ]
    assert [each.word_weight for each in starts] == [1, 1, 0] * 2


def test_embeddings_that_nothing_reads_change_no_bit(corpus):
    fits = [topicml.ProdLDA(**OPTIONS).fit(each) for each in (corpus, topicml.Corpus.from_tokens(list(corpus)))]
    assert np.array_equal(*(each.components_ for each in fits))


def test_a_saved_model_of_an_earlier_version_reads_words(corpus, tmp_path):
    fitted = topicml.ProdLDA(**OPTIONS).fit(corpus)
    fitted.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    header = json.loads(path.read_text())
    del header["parameters"]["encoder_input"]
    path.write_text(json.dumps(header))
    assert np.array_equal(topicml.load(tmp_path / "model").transform(corpus), fitted.transform(corpus))


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["start"].pop("document_vectors"),
        lambda header: header["start"].update(document_vectors=[4]),
        lambda header: header["start"].update(document_vectors=[]),
        lambda header: header["parameters"].update(encoder_input="words"),
    ],
)
def test_a_damaged_description_of_the_encoder_is_refused(model, change, tmp_path):
    model.save(tmp_path / "model")
    path = tmp_path / "model" / "model.json"
    header = json.loads(path.read_text())
    change(header)
    path.write_text(json.dumps(header))
    with pytest.raises(InputError, match="damaged"):
        topicml.load(tmp_path / "model")
