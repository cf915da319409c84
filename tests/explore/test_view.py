from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView

WORDS = ["apple", "bus", "cat", "dog", "egg"]


def random_view(seed=0, n_docs=30, n_topics=4):
    rng = np.random.default_rng(seed)
    beta = rng.dirichlet(np.ones(5), n_topics)
    theta = rng.dirichlet(np.ones(n_topics), n_docs)
    corpus = Corpus.from_counts(rng.poisson(2, (n_docs, 5)), WORDS)
    model = SimpleNamespace(components_=beta, vocabulary_=tuple(WORDS), transform=lambda X: theta.copy())
    return TopicView.of(model, corpus)


@given(st.integers(0, 1000), st.sets(st.integers(0, 3), min_size=2))
def test_merging_adds_theta_and_averages_beta_by_mass(seed, topics):
    view = random_view(seed)
    chosen = sorted(topics)
    merged = view.merge(chosen)
    np.testing.assert_allclose(merged.theta.sum(axis=1), 1)
    np.testing.assert_allclose(merged.theta[:, chosen[0]], view.theta[:, chosen].sum(axis=1))
    mean = np.average(view.beta[chosen], axis=0, weights=view.theta[:, chosen].sum(axis=0))
    np.testing.assert_allclose(merged.beta[chosen[0]], mean)
    # so the mixture's words over all documents are what they were
    np.testing.assert_allclose(merged.theta.sum(0) @ merged.beta, view.theta.sum(0) @ view.beta)
    assert merged.sources[chosen[0]] == tuple(chosen)
    kept = [k for k in range(4) if k not in chosen]
    assert [merged.sources.index((k,)) for k in kept] == sorted(merged.sources.index((k,)) for k in kept)


@pytest.mark.parametrize("arguments", [{"words": ["cat", "dog"]}, {"n_parts": 3}])
def test_the_parts_of_a_split_are_the_topic_again(arguments):
    view = random_view()
    split = view.split(1, **arguments)
    parts = [1, *range(4, split.n_topics)]
    weights = split.changes[-1].weights
    np.testing.assert_allclose(weights.sum(), 1)
    np.testing.assert_allclose(weights @ split.beta[parts], view.beta[1])
    np.testing.assert_allclose(split.beta.sum(axis=1), 1)
    np.testing.assert_allclose(split.theta[:, parts].sum(axis=1), view.theta[:, 1])
    np.testing.assert_array_equal(np.delete(split.theta, parts, axis=1), np.delete(view.theta, 1, axis=1))


def test_splitting_off_words_leaves_none_of_them():
    split = random_view().split(0, words=["cat", "dog"])
    assert split.beta[0, [2, 3]].tolist() == [0, 0]
    assert split.beta[4, [0, 1, 4]].tolist() == [0, 0, 0]


def test_undo_and_stored_steps_restore_every_bit():
    view = random_view()
    steps = [view, view.rename(2, "pets")]
    steps.append(steps[-1].merge([0, 3]))
    steps.append(steps[-1].hide(1))
    steps.append(steps[-1].split(0, n_parts=2, seed=3))
    again = TopicView.from_dict(steps[-1].to_dict(), view.model, view.corpus)
    for one, other in [(again, steps[-1]), *[(b.undo(), a) for a, b in pairwise(steps)]]:
        assert one.theta.tobytes() == other.theta.tobytes()
        assert one.beta.tobytes() == other.beta.tobytes()
        assert (one.labels, one.hidden, one.sources) == (other.labels, other.hidden, other.sources)
    assert view.model.components_.shape == (4, 5)
    assert steps[-1].labels[2] == "pets"
    assert steps[-1].shown == [0, 2, 3]
    np.testing.assert_array_equal(steps[-1].transform(view.corpus), steps[-1].theta)


def test_several_merges_at_once_are_numbered_as_before():
    topics = random_view().as_bertopic()
    topics.merge_topics([""] * 30, [[0, 1], [2, 3]])
    assert topics.view.sources == ((0, 1), (2, 3))


def test_labels_by_hand_by_a_function_and_of_words():
    view = random_view()
    first = [view.vocabulary[i] for i in view.beta.argmax(axis=1)]
    assert view.label(lambda words: words[0].upper()).labels == [word.upper() for word in first]
    assert view.labels[0].startswith(f"{first[0]}, ") and view.numbered_labels[0] == f"0: {view.labels[0]}"
    topics = view.as_bertopic()
    topics.set_topic_labels({1: "one"})
    assert topics.view.given_labels == (None, "one", None, None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda v: v.merge([1]), "two topics at least"),
        (lambda v: v.merge([1, 9]), "no topic 9; topics are 0 to 3"),
        (lambda v: v.split(0, words=["zebra"]), "zebra"),
        (lambda v: v.split(0, words=WORDS), "but not all"),
        (lambda v: v.split(0, n_parts=1), "at least 2; received 1"),
        (lambda v: v.rename(0, " "), "not empty"),
        (lambda v: v.undo(), "no step to undo"),
        (lambda v: v.hide(0).hide(1).hide(2).hide(3), "last topic"),
        (lambda v: v.as_bertopic().set_topic_labels(["a"]), "1 labels were given for 4"),
        (lambda v: TopicView.from_dict({"version": 9, "n_topics": 4}, v.model, v.corpus), "version 9"),
        (lambda v: TopicView.of(SimpleNamespace(), v.corpus), "not fitted"),
        (lambda v: TopicView.of(v.model, v.corpus, theta=np.ones((2, 2))), r"shape \(2, 2\)"),
    ],
)
def test_wrong_arguments_are_refused_with_a_reason(wrong, message):
    with pytest.raises(InputError, match=message):
        wrong(random_view())
