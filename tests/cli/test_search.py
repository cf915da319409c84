"""``topicml search``: topics and documents near to words or a text."""

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest

import topicml as package


@pytest.fixture(scope="module")
def topic_of(run_folder):
    """Number of the topic that a word is likeliest in."""
    model = package.load(run_folder / "model")
    column = {word: i for i, word in enumerate(model.vocabulary_)}
    return lambda word: int(model.components_[:, column[word]].argmax())


def found(outcome):
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_words_find_their_topic_with_bayes_rule(topicml, run_folder, topic_of):
    rows = found(topicml("search", run_folder, "rocket", "moon", "--format", "json"))
    assert rows[0]["topic"] == topic_of("rocket")
    assert sum(row["score"] for row in rows) == pytest.approx(1), "p(topic | word) of all three topics"
    model = package.load(run_folder / "model")
    theta = np.asarray(pq.read_table(run_folder / "doc_topics.parquet").to_pandas())
    mass = theta[:, 1:].mean(axis=0)
    words = [list(model.vocabulary_).index(word) for word in ("rocket", "moon")]
    joint = mass[:, None] * model.components_[:, words]
    expected = (joint / joint.sum(axis=0)).mean(axis=1)
    np.testing.assert_allclose([row["score"] for row in rows], expected[[row["topic"] for row in rows]], rtol=1e-6)


def test_a_text_finds_what_transform_gives(topicml, run_folder):
    text = "The goal of the match: teams and players"
    rows = found(topicml("search", run_folder, text, "--text", "--format", "json"))
    theta = package.load(run_folder / "model").transform([text])[0]
    np.testing.assert_allclose([row["score"] for row in rows], theta[[row["topic"] for row in rows]], atol=1e-6)
    assert rows[0]["topic"] == int(theta.argmax())


def test_words_are_treated_as_the_models_were(topicml, run_folder):
    assert topicml("search", run_folder, "ROCKETS").out == topicml("search", run_folder, "rocket").out


def test_documents_that_hold_the_words_come_first(topicml, run_folder, documents):
    rows = found(topicml("search", run_folder, "garlic", "onion", "--documents", "-n", "8", "--format", "json"))
    assert len(rows) == 8 and [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    texts = [line.split(",")[1].split() for line in documents.read_text().splitlines()[1:]]
    assert all(row["text"].split() == texts[row["document"]] for row in rows)
    both = {i for i, words in enumerate(texts) if {"garlic", "onion"} <= set(words)}
    assert rows[0]["document"] in both and set(rows[0]["words"]) == {"garlic", "onion"}
    out = topicml("search", run_folder, "garlic", "--documents", "-n", "2").out
    assert len(re.findall(r"^  line \d+, score", out, re.MULTILINE)) == 2 and "garlic" in out


def test_a_saved_model_is_searched_too(topicml, run_folder, topic_of):
    rows = found(topicml("search", run_folder / "model", "oven", "--format", "json"))
    assert rows[0]["topic"] == topic_of("oven")


def test_unknown_words_are_named_with_what_is_near(topicml, run_folder):
    outcome = topicml("search", run_folder, "rockt", "zzzz")
    assert outcome.refused and "'rockt' (similar: rocket" in outcome.err and "'zzzz' (no similar word)" in outcome.err
    outcome = topicml("search", run_folder, "rocket", "zzzz")
    assert outcome.code == 0 and "'zzzz' (no similar word)" in outcome.err
    outcome = topicml("search", run_folder, "the", "of")
    assert outcome.refused and "stop words" in outcome.err
    assert topicml("search", run_folder).refused


def test_documents_are_asked_for_where_there_are_none(topicml, run_folder):
    outcome = topicml("search", run_folder / "model", "rocket", "--documents")
    assert outcome.refused and "keeps no documents" in outcome.err and "--source FILE" in outcome.err
