"""The API gives the same results as the model in Python."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from starlette.testclient import TestClient

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.models import ProdLDA
from topicml.serve import Limits, create_app


def theta_of(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.array([each["theta"] for each in answer.json()["documents"]], dtype=np.float32)


def test_health_has_the_model_and_the_limits(client, model, limits):
    health = client.get("/health").json()
    assert (health["status"], health["model"], health["n_topics"]) == ("ok", "ProdLDA", 3)
    assert health["n_words"] == len(model.vocabulary_)
    assert (health["max_bytes"], health["max_documents"]) == (limits.max_bytes, limits.max_documents)
    assert health["raw_text"] and health["has_documents"]


def test_topics_are_the_models_and_their_shares_sum_to_one(client, model):
    topics = client.get("/topics", params={"words": 7}).json()["topics"]
    assert [each["words"] for each in topics] == model.topics(7)
    assert [each["topic"] for each in topics] == [0, 1, 2]
    assert sum(each["share"] for each in topics) == pytest.approx(1)


def test_a_search_finds_the_topics_that_have_all_words(client, model, themes):
    space = next(k for k, words in enumerate(model.topics(5)) if set(words) <= set(themes["space"].split()))
    assert [each["topic"] for each in client.get("/topics", params={"q": "Rocket orb"}).json()["topics"]] == [space]
    assert client.get("/topics", params={"q": "rocket butter"}).json()["topics"] == []
    assert client.get("/topics", params={"q": "<script>"}).json()["topics"] == []


def test_a_topic_has_its_words_neighbours_and_documents(client, model, themes):
    detail = client.get("/topics/1").json()
    column = {word: i for i, word in enumerate(model.vocabulary_)}
    assert [each["word"] for each in detail["words"][:10]] == model.topics(10)[1]
    for each in detail["words"]:
        assert each["probability"] == pytest.approx(model.components_[1, column[each["word"]]])
    assert {each["topic"] for each in detail["neighbours"]} == {0, 2}
    theme = next(words.split() for words in themes.values() if detail["words"][0]["word"] in words.split())
    assert len(detail["documents"]) == 5
    for each in detail["documents"]:
        assert set(each["text"].split()) <= set(theme)
        assert set(each["words"]) <= set(theme)


def test_theta_is_that_of_transform_to_the_bit(client, model, texts):
    assert_array_equal(theta_of(client.post("/transform", json={"documents": texts[:50]})), model.transform(texts[:50]))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "{0}\n{1}\n"),
        ("A.CSV", "id,body\n1,{0}\n2,{1}\n"),
        ("a.tsv", "id\tbody\n1\t{0}\n2\t{1}\n"),
        ("a.jsonl", '{{"n": 1, "content": "{0}"}}\n{{"n": 2, "content": "{1}"}}\n'),
        ("a.json", '[{{"n": 1, "content": "{0}"}}, {{"n": 2, "content": "{1}"}}]'),
        ("words.jsonl", '{{"text": ["moon"]}}\n{{"text": ["oven", "bread"]}}'),
    ],
)
def test_a_file_has_the_theta_of_its_texts(client, model, texts, name, content):
    answer = client.post("/transform/file", files={"file": (name, content.format(*texts).encode())})
    expected = model.transform(["moon", "oven bread"] if name == "words.jsonl" else texts[:2])
    assert_array_equal(theta_of(answer), expected)


def test_a_file_names_its_column_and_encoding(client, model):
    content = "title;étiquette\nrocket moon;a\nbread oven;b\n".encode("latin-1")
    form = {"text_column": "title", "encoding": "latin-1"}
    answer = client.post("/transform/file", files={"file": ("a.csv", content)}, data=form)
    assert_array_equal(theta_of(answer), model.transform(["rocket moon", "bread oven"]))


def test_the_answer_counts_known_and_unknown_words(client, model):
    documents = ["The rocket's orbit, xyzzy!", "", "qwerty plugh", "rocket orbit moon"]
    found = client.post("/transform", json={"documents": documents}).json()["documents"]
    assert [(each["n_words"], each["n_known"]) for each in found] == [(3, 2), (0, 0), (2, 0), (3, 3)]
    assert [each["unknown"] for each in found] == [["xyzzy"], [], ["qwerty", "plugh"], []]
    assert "2 of 3 words" in found[0]["note"]
    assert "No words are left" in found[1]["note"] and "None of the 2 words" in found[2]["note"]
    assert found[3]["note"] is None
    assert [each["topic"] is None for each in found] == [False, True, True, False]
    assert found[1]["leading"] == found[2]["leading"] == []
    assert_array_equal(found[1]["theta"], found[2]["theta"])


def test_the_leading_topics_are_thetas_largest_with_their_words(client, model):
    found = client.post("/transform", json={"documents": ["rocket orbit moon crater"]}).json()["documents"][0]
    order = np.argsort(-np.array(found["theta"]))
    assert [each["topic"] for each in found["leading"]] == order.tolist()
    assert [each["proportion"] for each in found["leading"]] == [found["theta"][k] for k in order]
    assert set(found["leading"][0]["words"]) == {"rocket", "orbit", "moon", "crater"}
    assert found["topic"] == order[0]


def test_steps_of_a_view_are_served(model, texts):
    view = TopicView.of(model, texts[:30]).merge([0, 1]).rename(0, "<b>merged</b>").hide(1)
    with TestClient(create_app(view), base_url="http://localhost") as client:
        assert [(each["topic"], each["label"]) for each in client.get("/topics").json()["topics"]] == [
            (0, "<b>merged</b>")
        ]
        assert client.get("/topics/1").status_code == 404
        assert "&lt;b&gt;merged" in client.get("/").text and "<b>merged" not in client.get("/").text
        answer = client.post("/transform", json={"documents": texts[:4]})
        assert_array_equal(theta_of(answer), view.transform(texts[:4]).astype(np.float32))
        assert {each["topic"] for each in answer.json()["documents"]} == {0}


def test_a_model_of_tokens_takes_text_at_white_space(texts):
    corpus = Corpus.from_tokens([text.split() for text in texts[:60]])
    model = ProdLDA(n_topics=2, max_epochs=2, hidden=8, random_state=0).fit(corpus)
    with TestClient(create_app(model), base_url="http://localhost") as client:
        assert client.get("/health").json()["raw_text"] is False
        assert "split at white space" in client.get("/").text
        found = client.post("/transform", json={"documents": ["rocket  moon\nMoon"]}).json()["documents"][0]
        assert (found["n_words"], found["n_known"], found["unknown"]) == (3, 2, ["Moon"])
        detail = client.get("/topics/0").json()
        assert detail["documents"] is detail["leads"] is None
        assert "This server has no documents" in client.get("/topic/0").text


def test_a_model_of_columns_without_names_is_refused():
    model = ProdLDA(n_topics=2, max_epochs=1, hidden=8, random_state=0).fit(np.eye(20, 8) + 1)
    with pytest.raises(InputError, match="columns have no names"):
        create_app(model)


def test_limits_must_be_positive():
    with pytest.raises(InputError, match="max_documents must be at least 1; received 0"):
        Limits(max_documents=0)
