"""Labels from a list, search by a text, and near copies: by an encoder whose vectors are known."""

import numpy as np
import pandas as pd
import pytest

import topicml
from topicml.errors import InputError
from topicml.explore import (
    ClosestLabel,
    TopicToLabel,
    TopicView,
    near_copies,
    nearest_by_encoder,
    nearest_topics_by_encoder,
)

WORDS = ("moon", "rocket", "oven")


def encode(texts):
    """A number for each word; so the cosine is that of word counts."""
    return np.array([[text.count(word) for word in WORDS] for text in texts], dtype=float) + 1e-3


class Told:
    """A model with fixed topics."""

    components_ = np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])
    vocabulary_ = WORDS


TEXTS = ["moon moon", "rocket oven", "oven oven oven rocket", "moon moon moon"]


@pytest.fixture
def corpus():
    made = topicml.Corpus.from_tokens([text.split() for text in TEXTS], vocabulary=WORDS, fields={"text": TEXTS})
    return made.with_embeddings(encode)


@pytest.fixture
def view(corpus):
    return TopicView.of(Told(), corpus, theta=np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.8, 0.2]]))


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


class TestClosestLabel:
    def test_the_cosine_is_that_of_words_and_documents(self):
        topic = TopicToLabel(["moon", "rocket"], topic=0, documents=["moon", "oven rocket"], neighbours=[])
        words, documents = unit(encode(["moon, rocket"])[0]), unit(encode(["moon", "oven rocket"])).mean(axis=0)
        expected = unit(encode(["moon", "oven"])) @ unit(words + unit(documents))
        closest = ClosestLabel(encode, ["moon", "oven"])
        assert closest.cosines(topic) == pytest.approx(expected, abs=1e-6)
        assert closest(topic) == "moon"

    def test_without_documents_the_words_decide(self):
        topic = TopicToLabel(["oven", "moon"], topic=0, documents=[], neighbours=[])
        expected = unit(encode(["oven"])) @ unit(encode(["oven, moon"])[0])
        assert ClosestLabel(encode, ["oven"]).cosines(topic) == pytest.approx(expected, abs=1e-6)

    def test_a_view_is_labelled_by_descriptions(self, view):
        labelled = view.label(ClosestLabel(encode, {"kitchen": "oven", "space": "moon rocket"}), topn=1)
        assert labelled.labels == ["space", "kitchen"]

    def test_far_topics_keep_their_automatic_label(self, view):
        labelled = view.label(ClosestLabel(encode, ["oven"], threshold=0.9), topn=1, n_documents=1)
        assert labelled.given_labels == (None, "oven")

    @pytest.mark.parametrize(
        ("labels", "options", "message"),
        [
            ([], {}, "labels must be a list"),
            ("sport", {}, "labels must be a list"),
            (["sport", " "], {}, "labels must be a list"),
            ({"sport": ""}, {}, "labels must be a list"),
            ([1], {}, "labels must be a list"),
            (["sport", "sport"], {}, "given once"),
            (["sport"], {"threshold": 1.5}, "threshold is a cosine"),
        ],
    )
    def test_bad_input(self, labels, options, message):
        with pytest.raises(InputError, match=message):
            ClosestLabel(encode, labels, **options)

    def test_an_encoder_by_a_wrong_name(self):
        with pytest.raises(InputError, match="There is no encoder 'minilmm'"):
            ClosestLabel("minilmm", ["sport"])


class TestNearest:
    def test_documents(self, view):
        found = nearest_by_encoder(view, "oven", encode, n=2)
        expected = unit(encode(TEXTS)) @ unit(encode(["oven"])[0])
        assert found["document"].tolist() == [2, 1]
        assert found["score"].tolist() == pytest.approx(expected[[2, 1]], abs=1e-6)
        assert found["topic"].tolist() == [1, 0] and found["text"].tolist() == [TEXTS[2], TEXTS[1]]

    def test_topics(self, view):
        found = nearest_topics_by_encoder(view, "oven", encode)
        expected = unit(view.theta.T @ unit(encode(TEXTS))) @ unit(encode(["oven"])[0])
        assert found["topic"].tolist() == [1, 0]
        assert found["score"].tolist() == pytest.approx(expected[[1, 0]], abs=1e-6)
        assert nearest_topics_by_encoder(view.hide(1), "oven", encode, n=1)["topic"].tolist() == [0]

    @pytest.mark.parametrize("function", [nearest_by_encoder, nearest_topics_by_encoder])
    def test_bad_input(self, view, corpus, function):
        with pytest.raises(InputError, match="the documents of this view have none"):
            function(TopicView.of(Told(), corpus.counts, theta=view.theta), "oven", encode)
        with pytest.raises(InputError, match="returns 2 numbers, and the embeddings of the documents have 3"):
            function(view, "oven", lambda texts: np.ones((len(texts), 2)))
        with pytest.raises(InputError, match="one text that is not empty"):
            function(view, " ", encode)
        with pytest.raises(InputError, match="n must be at least 1"):
            function(view, "oven", encode, n=0)


class TestNearCopies:
    def test_pairs_above_the_threshold_the_most_similar_first(self, corpus):
        found = near_copies(corpus, threshold=0.9)
        vectors = unit(encode(TEXTS))
        assert found[["copy", "original"]].values.tolist() == [[3, 0]]
        assert found["score"][0] == pytest.approx(vectors[3] @ vectors[0], abs=1e-6)
        assert (found["copy_text"][0], found["original_text"][0]) == (TEXTS[3], TEXTS[0])
        assert near_copies(corpus, threshold=0.5)["score"].is_monotonic_decreasing

    def test_every_copy_is_found_once_with_an_earlier_document(self):
        """Of a group that is larger than the number of neighbours, too."""
        rng = np.random.default_rng(0)
        group = rng.integers(0, 6, 60)
        vectors = np.eye(6)[group]
        made = topicml.Corpus.from_tokens([["a", "b"]] * 60).with_embeddings(vectors)
        found = near_copies(made, threshold=1.0, n_neighbours=2)
        assert (found["original"] < found["copy"]).all() and not found.duplicated(["copy", "original"]).any()
        assert (group[found["original"]] == group[found["copy"]]).all()
        assert set(found["copy"]) | set(found["original"]) == set(range(60))

    def test_words_and_counts_have_no_texts(self, corpus):
        words = topicml.Corpus.from_tokens(list(corpus)).with_embeddings(corpus.embeddings[:])
        assert near_copies(words)["copy_text"].tolist() == [TEXTS[3]]
        assert isinstance(near_copies(corpus, threshold=1.0), pd.DataFrame)

    def test_bad_input(self, corpus):
        with pytest.raises(InputError, match="this corpus has none"):
            near_copies(topicml.Corpus.from_tokens([["a"], ["b"]]))
        with pytest.raises(InputError, match="threshold"):
            near_copies(corpus, threshold=0)
        with pytest.raises(InputError, match="n_neighbours"):
            near_copies(corpus, n_neighbours=0)
