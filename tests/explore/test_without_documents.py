"""A view without documents: what reads only topics works, and what reads documents says so."""

from types import SimpleNamespace

import numpy as np
import pytest

from topicml import explore
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.explore.base import BaseView

WORDS = ["apple", "bus", "cat", "dog", "egg"]
RNG = np.random.default_rng(0)
BETA = RNG.dirichlet(np.ones(5), 4)
THETA = RNG.dirichlet(np.ones(4), 30)
CORPUS = Corpus.from_counts(RNG.poisson(2, (30, 5)), WORDS, {"kind": ["a", "b"] * 15})


@pytest.fixture
def model():
    return SimpleNamespace(
        components_=BETA, vocabulary_=tuple(WORDS), transform=lambda X: np.tile(THETA[0], (X.n_docs, 1))
    )


@pytest.fixture
def alone(model):
    return TopicView.of(model)


def test_tables_and_plots_of_topics_are_those_of_a_view_with_documents(model, alone):
    beside = TopicView.of(model, CORPUS, theta=THETA)
    assert explore.topic_similarity(alone).equals(explore.topic_similarity(beside))
    for by in ("probability", "frex", "score"):
        assert explore.top_words(alone, 3, by).equals(explore.top_words(beside, 3, by))
    assert explore.nearest_topics(alone, topic=1).equals(explore.nearest_topics(beside, topic=1))
    assert alone.get_topic(2) == beside.get_topic(2) and alone.labels == beside.labels
    np.testing.assert_array_equal(alone.transform(CORPUS), beside.transform(CORPUS))


def test_hiding_renaming_and_splitting_by_words_need_no_documents(alone):
    view = alone.hide(3).rename(0, "first").split(1, words=["cat"])
    assert (view.shown, view.labels[0], view.n_topics) == ([0, 1, 2, 4], "first", 5)
    again = TopicView.from_dict(view.to_dict(), view.model)
    np.testing.assert_array_equal(again.beta, view.beta)
    assert again.labels == view.labels and view.undo().undo().undo() is alone


def test_it_shows_that_it_has_no_documents(alone):
    assert not alone.has_documents and alone.corpus is None and alone.mass is None
    assert repr(alone) == "TopicView(SimpleNamespace, 4 topics, no documents)"
    assert "leads" not in alone._repr_html_() and "mass" not in alone._repr_html_()
    assert [k for k, _ in alone.show_topics(-1)] == [0, 1, 2, 3]


NEED_DOCUMENTS = {
    "theta": lambda v: v.theta,
    "counts": lambda v: v.counts,
    "topic_sizes": explore.topic_sizes,
    "topic_correlation": explore.topic_correlation,
    "document_info": explore.document_info,
    "representative documents": explore.representative_documents,
    "by='lift'": lambda v: explore.top_words(v, 3, "lift"),
    "by='relevance'": lambda v: explore.top_words(v, 3, "relevance"),
    "Field 'kind'": lambda v: explore.topics_per_class(v, "kind"),
    "Field 'year'": lambda v: explore.topics_over_time(v, "year"),
    "nearest_topics(document=...)": lambda v: explore.nearest_topics(v, document=0),
    "nearest_documents": lambda v: explore.nearest_documents(v, ["cat"]),
    "split without words=": lambda v: v.split(0),
    "map of documents": explore.plot_document_map,
}


@pytest.mark.parametrize("name", NEED_DOCUMENTS)
def test_what_needs_documents_names_itself_and_what_to_give(alone, name):
    with pytest.raises(InputError) as error:
        NEED_DOCUMENTS[name](alone)
    assert name in str(error.value)
    assert "needs documents, but this view has no documents" in str(error.value)
    assert "TopicView.of(model, documents)" in str(error.value)


NEED_MASS = {
    "nearest_topics(words=...)": lambda v: explore.nearest_topics(v, words=["cat"]),
    "Merging": lambda v: v.merge([0, 1]),
    "map of topics": explore.plot_topic_map,
}


@pytest.mark.parametrize("name", NEED_MASS)
def test_what_needs_sizes_works_with_mass_alone(model, alone, name):
    with pytest.raises(InputError, match="needs the sizes of topics"):
        NEED_MASS[name](alone)
    NEED_MASS[name](TopicView.of(model, mass=THETA.mean(axis=0)))


def test_mass_gives_the_results_of_the_documents_it_was_computed_on(model):
    with_documents = TopicView.of(model, CORPUS, theta=THETA)
    with_mass = TopicView.of(model, mass=with_documents.mass)
    query = {"words": ["cat", "dog"]}
    assert explore.nearest_topics(with_mass, **query).equals(explore.nearest_topics(with_documents, **query))
    np.testing.assert_allclose(with_mass.merge([0, 2]).beta, with_documents.merge([0, 2]).beta)
    np.testing.assert_allclose(with_mass.merge([0, 2]).mass, with_documents.merge([0, 2]).mass)
    split = with_mass.split(1, words=["cat"])
    np.testing.assert_allclose(split.mass @ split.beta, with_mass.mass @ with_mass.beta)
    assert "mass" in with_mass._repr_html_()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theta": THETA}, "pass documents as well"),
        ({"documents": CORPUS, "mass": THETA[0]}, "leave mass out"),
        ({"mass": [0.5, 0.5]}, r"mass has shape \(2,\); it must be \(4,\)"),
    ],
)
def test_contradictory_arguments_are_refused(model, options, message):
    with pytest.raises(InputError, match=message):
        TopicView.of(model, **options)


def test_leading_counts_leave_out_hidden_topics_and_documents_without_words(model):
    counts = CORPUS.counts.toarray()
    counts[:10] = 0
    view = BaseView.of(model, Corpus.from_counts(counts, WORDS), theta=THETA)
    np.testing.assert_array_equal(view.leading_counts(), np.bincount(THETA[10:].argmax(axis=1), minlength=4))
    np.testing.assert_array_equal(
        view.leading_counts(np.arange(10)), np.bincount(THETA[:10].argmax(axis=1), minlength=4)
    )
    hidden = TopicView.of(model, CORPUS, theta=THETA).hide(0).leading_counts()
    np.testing.assert_array_equal(hidden, np.bincount(THETA[:, 1:].argmax(axis=1) + 1, minlength=4))
