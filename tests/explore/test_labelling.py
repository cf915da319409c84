"""Labels by a function: what it receives, retries, labels that are kept when it fails, and a server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from topicml.errors import InputError
from topicml.explore import LabellingError, LabelServer, TopicToLabel, TopicView, labelling_cost


@pytest.fixture(scope="module")
def view(fitted_once, texts):
    return TopicView.of(fitted_once, texts)


def test_a_function_receives_words_documents_and_neighbours(view, texts):
    seen = []

    def name(topic):
        seen.append(topic)
        return f"topic {topic.topic}"

    assert view.label(name, topn=5, n_documents=2, n_neighbours=1).labels == [f"topic {k}" for k in range(4)]
    words = [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(5)]
    assert [list(each) for each in seen] == words and isinstance(seen[0], list)
    assert all(len(each.documents) == 2 and set(each.documents) <= set(texts) for each in seen)
    assert all(len(each.neighbours) == 1 and each.neighbours[0] in words for each in seen)
    assert all(list(each) not in each.neighbours for each in seen)


def test_without_documents_there_are_no_texts(fitted_once):
    TopicView.of(fitted_once).label(lambda topic: "none" if not topic.documents else pytest.fail("has texts"))


def test_a_function_that_fails_is_tried_again(view):
    calls = []

    def name(topic):
        calls.append(topic.topic)
        if len(calls) < 3:
            raise TimeoutError
        return "named"

    assert view.label(name, retries=2, pause=0).labels == ["named"] * 4
    assert calls == [0, 0, 0, 1, 2, 3]


def test_labels_before_a_failure_are_kept(view):
    def fails_at_two(topic):
        if topic.topic == 2:
            raise TimeoutError("too slow")
        return f"first {topic.topic}"

    with pytest.raises(LabellingError, match=r"topic 2 could not be made .TimeoutError: too slow") as stopped:
        view.label(fails_at_two, retries=1, pause=0)
    assert stopped.value.view.given_labels == ("first 0", "first 1", None, None)
    finished = stopped.value.view.label(lambda topic: f"second {topic.topic}", only_missing=True)
    assert finished.labels == ["first 0", "first 1", "second 2", "second 3"]


def test_an_answer_that_is_no_text_is_told(view):
    with pytest.raises(LabellingError, match="must be text that is not empty"):
        view.label(lambda topic: " ")


@pytest.mark.parametrize("option", ["retries", "pause", "n_documents", "n_neighbours"])
def test_numbers_out_of_range(view, option):
    with pytest.raises(InputError, match=f"{option} must be at least 0"):
        view.label(lambda topic: "x", **{option: -1})


def test_the_cost_is_known_before_a_call(view):
    words = sum(len(view.vocabulary[i]) + 1 for ids in view.top_word_ids(10) for i in ids)
    cost = labelling_cost(view, n_documents=0, n_neighbours=0)
    assert cost == {"calls": 4, "characters": words, "tokens": -(-words // 4)}
    assert labelling_cost(view, n_documents=2)["tokens"] > cost["tokens"]


@pytest.fixture
def server():
    """A server that answers with the number of the question, or with what `answers` says."""
    received, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.path, self.headers.get("Authorization"), body))
            label = {"choices": [{"message": {"content": f'Thinking.\n"Label {len(received)}"\n'}}]}
            status, content = answers.pop(0) if answers else (200, json.dumps(label))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *arguments):
            pass

    running = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/v1/", received, answers
    running.shutdown()
    running.server_close()


TOPIC = TopicToLabel(["rain", "wind"], topic=0, documents=["It rains. " * 90], neighbours=[["sun", "heat"]])


def test_a_server_is_asked_with_words_documents_and_neighbours(server):
    url, received, _ = server
    assert LabelServer(url, "small", max_characters=20)(TOPIC) == "Label 1"
    path, authorization, body = received[0]
    question = body["messages"][0]["content"]
    assert (path, authorization, body["model"]) == ("/v1/chat/completions", None, "small")
    assert "rain, wind" in question and "sun, heat" in question
    assert "It rains. It rains. \n" in question and question.count("It rains") == 2


def test_a_key_comes_from_the_environment_alone(server, monkeypatch):
    url, received, _ = server
    asks = LabelServer(url, "small", key_variable="KEY_OF_TEST")
    with pytest.raises(InputError, match="variable KEY_OF_TEST is not set"):
        asks(TOPIC)
    monkeypatch.setenv("KEY_OF_TEST", "secret")
    asks(TOPIC)
    assert received[0][1] == "Bearer secret" and "secret" not in repr(asks) + repr(asks.settings())


def test_a_server_that_fails_is_asked_again_and_one_that_refuses_is_not(server, view):
    url, received, answers = server
    answers += [(503, "busy"), (200, "{}"), (200, '{"choices": []}')]
    labelled = view.label(LabelServer(url, "small"), retries=3, pause=0)
    assert labelled.labels == ["Label 4", "Label 5", "Label 6", "Label 7"]
    answers += [(404, "no such model")]
    with pytest.raises(LabellingError, match=r"refused the question .404.: no such model"):
        view.label(LabelServer(url, "large"), retries=3, pause=0)
    assert len(received) == 8


def test_a_server_that_is_not_there():
    with pytest.raises(ConnectionError, match="does not answer"):
        LabelServer("http://127.0.0.1:9", "small", timeout=2.0)(TOPIC)


def test_addresses_and_prompts_are_checked():
    with pytest.raises(InputError, match="url must be an address"):
        LabelServer("localhost:8080", "small")
    with pytest.raises(InputError, match="The prompt has the field or brace 'topic'"):
        LabelServer("http://localhost", "small", prompt="Name {topic}")
