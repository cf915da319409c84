import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError
from topicml.explore import (
    TopicView,
    plot_coherence_diversity,
    plot_document_map,
    plot_hierarchy,
    plot_similarity,
    plot_term_rank,
    plot_topic,
    plot_topic_map,
    plot_topics_over_time,
    plot_topics_per_class,
    plot_training,
    plot_word_cloud,
    topics_per_class,
)
from topicml.explore.projections import classical_scaling, document_positions
from topicml.explore.topics import similarities
from topicml.metrics import coherence
from topicml.report.maps import document_map

pytest.importorskip("plotly", reason="needs pip install 'topicml[plots]'")


@pytest.fixture(scope="module")
def view():
    rng = np.random.default_rng(0)
    words = [f"w{i:02}" for i in range(20)]
    beta, theta = rng.dirichlet(np.full(20, 0.3), 3), rng.dirichlet(np.ones(3), 60)
    tokens = [[words[w] for w in rng.choice(20, 12, p=row @ beta)] for row in theta]
    corpus = Corpus.from_tokens(tokens, words, {"kind": ["a", "b", "c"] * 20, "year": [1, 2] * 30})
    model = SimpleNamespace(components_=beta, vocabulary_=tuple(words), transform=lambda X: theta)
    return TopicView.of(model, corpus)


HISTORY = [{"epoch": e, "loss": 9.0 / e, "kl": 0.1 * e, "weight_model": 0.5, "cosine": -0.1 * e} for e in (1, 2, 3)]

ALL = {
    "topic": lambda v, **o: plot_topic(v, 0, **o),
    "ranks": plot_term_rank,
    "map": plot_topic_map,
    "documents": plot_document_map,
    "similarity": plot_similarity,
    "hierarchy": plot_hierarchy,
    "time": lambda v, **o: plot_topics_over_time(v, "year", **o),
    "class": lambda v, **o: plot_topics_per_class(v, "kind", **o),
    "training": lambda v, **o: plot_training(HISTORY, **o),
    "coherence": lambda v, **o: plot_coherence_diversity(v, topn=5, **o),
}


@pytest.mark.parametrize("name", ALL)
def test_every_figure_has_a_title_names_of_axes_a_text_alternative_and_a_dark_form(view, name):
    figure = ALL[name](view)
    assert figure.layout.meta["description"].startswith(figure.layout.title.text)
    axes = figure.to_dict()["layout"]
    assert all(axes[key]["title"]["text"] for key in axes if key.startswith("yaxis"))
    assert any(axes[key].get("title") for key in axes if key.startswith("xaxis"))
    dark = ALL[name](view, template="dark")
    assert dark.layout.template.layout.paper_bgcolor != figure.layout.template.layout.paper_bgcolor
    with pytest.raises(InputError, match="'light' or 'dark'"):
        ALL[name](view, template="pink")


def test_bars_are_the_words(view):
    bars = plot_topic(view, 1, 5).data[0]
    assert list(zip(bars.y, bars.x, strict=True)) == view.show_topic(1, 5)


def test_ranks_are_sorted_probabilities(view):
    figure = plot_term_rank(view)
    np.testing.assert_array_equal([t.y for t in figure.data], -np.sort(-view.beta, axis=1))


def test_three_topics_lie_on_the_map_at_their_distances(view):
    trace = plot_topic_map(view).data[0]
    places = np.stack([trace.x, trace.y], axis=1)
    distance = (1 - similarities(view.beta))[np.triu_indices(3, 1)]
    np.testing.assert_allclose(pdist(places), distance, atol=1e-8)  # three points lie in a plane
    np.testing.assert_allclose(trace.marker.size, view.theta.mean(axis=0))


def test_maps_of_many_topics_keep_distances_that_two_axes_can_hold():
    places = np.random.default_rng(0).normal(size=(600, 2))
    distance = np.linalg.norm(places[:, None] - places, axis=2)
    found = classical_scaling(distance)
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), distance, atol=1e-9)
    assert not classical_scaling(np.zeros((600, 600))).any()


def test_document_map_of_topics_is_pca_and_says_when_it_samples(view):
    from sklearn.decomposition import PCA

    figure = plot_document_map(view, method="pca")
    rows = np.concatenate([t.customdata for t in figure.data])
    places = np.stack([np.concatenate([t.x for t in figure.data]), np.concatenate([t.y for t in figure.data])], axis=1)
    expected = PCA(2).fit_transform(np.sqrt(view.theta))[rows]
    np.testing.assert_allclose(np.abs(places), np.abs(expected), atol=1e-8)
    for k, trace in enumerate(figure.data):
        assert (view.theta[trace.customdata].argmax(axis=1) == k).all()
    sampled = plot_document_map(view, max_documents=10)
    assert sum(len(t.x) for t in sampled.data) == 10
    assert "10 of 60 documents, sampled" in sampled.layout.title.text


def test_document_map_places_texts_by_their_words_whatever_the_topics_are():
    rng = np.random.default_rng(0)
    words = [f"w{i:02}" for i in range(40)]
    kinds = np.repeat([0, 1, 2, 3], 40)
    tokens = [[words[10 * kind + w] for w in rng.integers(0, 10, 15)] for kind in kinds]
    theta = rng.dirichlet(np.ones(3), 160)  # knows nothing of the texts
    model = SimpleNamespace(
        components_=rng.dirichlet(np.ones(40), 3), vocabulary_=tuple(words), transform=lambda X: theta
    )
    view = TopicView.of(model, Corpus.from_tokens(tokens, words))
    rows, positions, _ = document_positions(view)
    nearest = cKDTree(positions).query(positions, 4)[1][:, 1:]
    assert (kinds[rows][nearest] == kinds[rows][:, None]).mean() > 0.95
    by_topic = document_positions(view, method="pca")[1]
    nearest = cKDTree(by_topic).query(by_topic, 4)[1][:, 1:]
    assert (kinds[nearest] == kinds[:, None]).mean() < 0.5
    np.testing.assert_array_equal(positions, document_positions(view)[1])


def test_document_map_places_texts_by_their_embeddings_if_they_have_some():
    rng = np.random.default_rng(0)
    kinds = np.arange(120) % 4  # of which the words know nothing
    corpus = Corpus.from_tokens(
        [[f"w{w}" for w in rng.integers(0, 10, 15)] for _ in kinds], [f"w{w}" for w in range(10)]
    )
    corpus = corpus.with_embeddings(5 * np.eye(6)[kinds] + rng.normal(size=(120, 6)))
    model = SimpleNamespace(components_=np.full((2, 10), 0.1), vocabulary_=tuple(corpus.vocabulary))
    view = TopicView.of(model, corpus, theta=np.full((120, 2), 0.5))
    rows, positions, _ = document_positions(view)
    nearest = cKDTree(positions).query(positions, 4)[1][:, 1:]
    assert (kinds[rows][nearest] == kinds[rows][:, None]).mean() > 0.9
    assert document_map(view).of == "embeddings" and document_map(view, method="pca").of == "topics"


@pytest.mark.parametrize(("n_docs", "n_words"), [(1, 3), (2, 1), (5, 2), (9, 4)])
def test_a_map_of_few_documents_or_words_has_finite_places(n_docs, n_words):
    words = [f"w{i}" for i in range(n_words)]
    tokens = [[words[(i + j) % n_words] for j in range(3)] for i in range(n_docs)]
    model = SimpleNamespace(
        components_=np.full((2, n_words), 1 / n_words),
        vocabulary_=tuple(words),
        transform=lambda X: np.full((n_docs, 2), 0.5),
    )
    positions = document_positions(TopicView.of(model, Corpus.from_tokens(tokens, words)))[1]
    assert positions.shape == (n_docs, 2) and np.isfinite(positions).all()


def test_heat_map(view):
    np.testing.assert_allclose(plot_similarity(view, "cosine").data[0].z, similarities(view.beta, "cosine"))
    np.testing.assert_allclose(plot_similarity(view, "correlation").data[0].z, np.corrcoef(view.theta.T), atol=1e-6)
    assert np.shape(plot_similarity(view.hide(2)).data[0].z) == (2, 2)


def test_the_tree_joins_at_average_distances(view):
    distance = 1 - similarities(view.beta)
    closest = distance[np.triu_indices(3, 1)].min()
    i, j = np.argwhere(np.isclose(distance, closest))[0]
    k = 3 - i - j
    heights = sorted(max(t.x) for t in plot_hierarchy(view).data)
    np.testing.assert_allclose(heights, [closest, (distance[i, k] + distance[j, k]) / 2])
    with pytest.raises(InputError, match="two topics"):
        plot_hierarchy(view.hide(0).hide(1))


def test_bars_of_classes_are_the_table(view):
    table = topics_per_class(view, "kind", interval="wilson")
    for k, trace in enumerate(plot_topics_per_class(view, "kind", interval="wilson").data):
        of_topic = table[table["topic"] == k]
        np.testing.assert_allclose(trace.y, of_topic["value"])
        np.testing.assert_allclose(np.add(trace.y, trace.error_y.array), of_topic["high"], atol=1e-12)
        np.testing.assert_allclose(np.subtract(trace.y, trace.error_y.arrayminus), of_topic["low"], atol=1e-12)


def test_lines_over_time_are_the_means(view):
    for k, trace in enumerate(plot_topics_over_time(view, "year").data):
        np.testing.assert_allclose(trace.y, [view.theta[::2, k].mean(), view.theta[1::2, k].mean()])


def test_training_curves_are_the_history():
    lines = {t.name: list(t.y) for t in plot_training(HISTORY).data}
    assert lines == {key.replace("_", " "): [r[key] for r in HISTORY] for key in HISTORY[0] if key != "epoch"}
    with pytest.raises(InputError, match="history is empty"):
        plot_training([])


def test_coherence_against_diversity(view):
    words = [[word for word, _ in view.show_topic(k, 5)] for k in range(3)]
    trace = plot_coherence_diversity(view, topn=5).data[0]
    np.testing.assert_allclose(trace.y, coherence(words, view.corpus, "c_npmi", 5).per_topic)
    shares = [sum(all(w not in words[j] for j in range(3) if j != i) for w in words[i]) / 5 for i in range(3)]
    assert list(trace.x) == shares


def test_the_word_cloud_draws_the_words(view):
    pytest.importorskip("wordcloud")
    figure = plot_word_cloud(view, 0, 5)
    assert np.unique(np.reshape(figure.data[0].z, (-1, 3)), axis=0).shape[0] > 2
    assert view.show_topic(0, 1)[0][0] in figure.layout.meta["description"]


@pytest.mark.parametrize(("package", "plot"), [("plotly", plot_term_rank), ("umap", plot_document_map)])
def test_a_missing_package_is_named(view, monkeypatch, package, plot):
    monkeypatch.setitem(sys.modules, package, None)
    options = {"method": "umap"} if package == "umap" else {}
    with pytest.raises(MissingExtraError, match=package):
        plot(view, **options)
