"""Hostile clients: hostile requests, slow and lying ones, too many connections, and words that nobody had before."""

import contextlib
import json
import logging
import random
import resource
import socket
import sys
import time
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from topicml.errors import InputError
from topicml.json_text import escaped, json_text
from topicml.serve import Limits, create_app
from topicml.serve.connections import OnceAMinute, affordable
from topicml.serve.limits import TooLargeError
from topicml.serve.uploads import read_upload

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import server_fuzz

INVISIBLE = ["\u202e", "\u2066", "\x7f", "\x9b", "\u2028", "\u200b", "\x00", "\x1b"]


def upload(client, content: bytes, name: str, **form):
    return client.post("/transform/file", files={"file": (name, content)}, data=form)


# ---------------------------------------------------------------- requests


def test_300_hostile_requests_get_no_5xx_and_a_short_log(model_folder, tmp_path):
    with server_fuzz.server(model_folder, tmp_path / "log", "--max-seconds", "2", "--max-mb", "1") as (port, _):
        statuses, wrong = server_fuzz.fuzz(port, 300, seed=1)
        assert not wrong
        assert statuses[200] > 20 and statuses[422] > 20, statuses
        assert httpx.get(f"http://127.0.0.1:{port}/health").json()["status"] == "ok"
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")
    assert (tmp_path / "log").stat().st_size < 20_000


@pytest.mark.parametrize("origin", ["http://[::1", "http://[zz]", "http://]", "["])
def test_an_origin_that_is_no_address_is_another_site(client, origin):
    answer = client.post("/transform", json={"documents": ["moon"]}, headers={"origin": origin})
    assert answer.status_code == 403 and "another site" in answer.json()["reason"]


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl", "a.json"])
@pytest.mark.parametrize("content", [b"\xff\xfet\x00e", b"t", b"\xfe\xff\xd8\x00"])
def test_half_a_character_of_utf_16_is_refused_in_words(client, name, content):
    answer = upload(client, content, name, encoding="utf-16")
    assert answer.status_code == 422 and "UTF-16" in answer.json()["reason"].upper()


@pytest.mark.parametrize("mark", INVISIBLE)
def test_answers_hold_no_invisible_character(client, mark):
    word = f"ro{mark}cket"
    for answer in (
        client.post("/transform", json={"documents": [f"{word} moon"]}),
        upload(client, f"text\n{word}".encode(), "a.csv", text_column=f"te{mark}xt"),
        client.get("/topics", params={"words": word}),
    ):
        assert all(each.isprintable() for each in answer.text), answer.text
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize("mark", [*INVISIBLE, "\ud800", "\U000e0041", "\n", "é", "日本", "🚀"])
def test_escaped_json_has_the_same_value(mark):
    value = {"a" + mark: [mark, 1.5, None]}
    text = json_text(value)
    assert text.isprintable() and json.loads(text) == value
    assert escaped(text) == text
    assert ("é" in text) == (mark == "é")


# ---------------------------------------------------------------- sizes


MANY = 2_000_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"\n" * MANY),
        ("a.txt", b"\r" * MANY),
        ("a.csv", b"text\n" + b"a\n" * MANY),
        ("a.csv", b"id,text\n" + b'1,"a\nb"\n' * (MANY // 4)),
        ("a.csv", b"id\ttext\n" + b"1\ta\n" * (MANY // 2)),
        ("a.jsonl", b'{"text": "a"}\n' * (MANY // 10)),
        ("a.jsonl", b"{}\n" * MANY),
        ("a.json", b"[" + b"{}," * MANY + b"{}]"),
        ("a.json", b"[" + b"1 , " * MANY),
    ],
)
def test_too_many_documents_are_refused_before_they_are_read(name, content):
    begin = time.process_time()
    with pytest.raises(TooLargeError, match="documents; this server takes 1,000"):
        read_upload(content, name, Limits())
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    ("name", "content", "n_docs"),
    [
        ("a.txt", b"moon\n" * 1_000, 1_000),
        ("a.txt", b"moon\r\n" * 999 + b"moon", 1_000),
        ("a.csv", b"n,text\n" + b'1,"moon\nrocket\n\nmoon, rocket"\n' * 1_000, 1_000),
        ("a.csv", b"n;text\n" + b'1;"moon\nrocket\n\nmoon; rocket"\n' * 1_000, 1_000),
        ("a.jsonl", b'{"text": "moon"}\n\n' * 1_000, 1_000),
        ("a.json", b'[ {"text": "moon"}' + b' , {"text": "moon"}' * 999 + b" ]", 1_000),
        ("a.json", b'{"text": "moon"}', 1),
    ],
)
def test_as_many_documents_as_allowed_are_read(name, content, n_docs):
    texts, _ = read_upload(content, name, Limits())
    assert texts is not None and len(texts) == n_docs


def test_limits_must_be_positive():
    for limit in ({"max_seconds": 0.0}, {"header_seconds": -1.0}, {"max_connections": 0}, {"max_bytes": 0}):
        with pytest.raises(InputError, match=next(iter(limit))):
            Limits(**limit)


# ---------------------------------------------------------------- memory


def test_words_of_requests_are_not_kept_for_ever(model, monkeypatch):
    from topicml.serve.served import ServedModel

    monkeypatch.setattr("topicml.serve.served._KEPT_WORDS", 2_000)
    served = ServedModel.without_documents(model)
    draw = random.Random(0)
    known = served.classify(["rocket moon orbit"])[0].theta
    most = 0
    for _ in range(10):
        served.classify([" ".join("".join(draw.choices("abcdefghij", k=9)) for _ in range(700))])
        reader = served.preprocessor._reader
        most = max(most, 0 if reader is None else reader.n_words)
    assert most < 2_000
    assert served.classify(["rocket moon orbit"])[0].theta == known


# ---------------------------------------------------------------- connections


@pytest.fixture(scope="module")
def slow_server(model_folder, tmp_path_factory):
    log = tmp_path_factory.mktemp("slow") / "log"
    with server_fuzz.server(model_folder, log, "--max-seconds", "2", "--max-connections", "40") as (port, _):
        yield port


def test_slow_clients_are_cut_off_and_others_are_answered_meanwhile(slow_server):
    begin = time.monotonic()
    clients = server_fuzz.slow_clients(slow_server, 120)
    assert httpx.get(f"http://127.0.0.1:{slow_server}/health", timeout=5).status_code == 200
    while server_fuzz.still_open(clients):
        assert time.monotonic() - begin < 40, "slow clients are still connected"
        time.sleep(0.5)


def test_a_body_that_does_not_come_is_answered_with_408(slow_server):
    for path, kind in (("/transform", b"application/json"), ("/transform/file", b"multipart/form-data; boundary=b")):
        head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: 900\r\n\r\n--b\r\n"
        with socket.create_connection(("127.0.0.1", slow_server), timeout=30) as client:
            client.sendall(head % (path.encode(), kind))
            answer = b""
            while chunk := client.recv(65_536):  # until the server closes the connection
                answer += chunk
        assert answer.startswith(b"HTTP/1.1 408") and b"did not arrive within 2 seconds" in answer


def test_a_client_that_sends_a_byte_now_and_then_is_cut_off(slow_server):
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", slow_server), timeout=30) as client:
        try:
            for letter in b"GET / HTTP/1.1\r\nX: " + b"y" * 60:
                client.sendall(bytes([letter]))
                time.sleep(0.5)
        except OSError:
            pass
    assert 5 < time.monotonic() - begin < 25


def test_a_client_that_reads_no_answer_is_cut_off(slow_server):
    one = len(httpx.get(f"http://127.0.0.1:{slow_server}/openapi.json").content)
    n = 20_000_000 // one  # more than the buffers of the system
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(12)
        client.connect(("127.0.0.1", slow_server))
        with contextlib.suppress(OSError):  # the server stops reading
            client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * n)
        time.sleep(5)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while chunk := client.recv(65_536):
                received += len(chunk)
    assert received < n * one / 2


def test_the_log_does_not_grow_when_the_process_has_few_file_handles(model_folder, tmp_path):
    log = tmp_path / "log"
    with server_fuzz.server(model_folder, log, handles=100) as (port, _):
        clients = server_fuzz.slow_clients(port, 250)
        time.sleep(3)
        for client in clients:
            client.close()
        assert httpx.get(f"http://127.0.0.1:{port}/health", timeout=20).status_code == 200
    assert log.stat().st_size < 5_000


def test_no_more_connections_than_file_handles(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))
    assert 1 <= affordable(Limits()).max_connections < 30
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100_000, 100_000))
    assert affordable(Limits()).max_connections == Limits().max_connections


def test_an_entry_of_the_log_is_written_once_a_minute(monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    once = OnceAMinute()

    def passes(message, error=None):
        return once.filter(logging.LogRecord("uvicorn.error", 30, "", 0, message, (), error and (error, error(), None)))

    assert passes("Invalid") and not passes("Invalid")
    assert passes("Other") and passes("Invalid", ValueError) and not passes("Invalid", ValueError)
    now[0] += 61
    assert passes("Invalid")


def test_pages_do_not_wait_for_texts(model, monkeypatch):
    import threading

    from starlette.testclient import TestClient

    from topicml.serve.served import ServedModel

    busy, done = threading.Event(), threading.Event()

    def classify(self, texts):
        busy.set()
        assert done.wait(30)
        return []

    monkeypatch.setattr(ServedModel, "classify", classify)
    with TestClient(create_app(model), base_url="http://127.0.0.1:8000") as client:
        waiting = threading.Thread(target=client.post, args=("/transform",), kwargs={"json": {"documents": ["moon"]}})
        waiting.start()
        assert busy.wait(30)
        answer = client.get("/topics")
        done.set()
        waiting.join()
    assert answer.status_code == 200


@pytest.mark.parametrize("size", [50, 1_500_000])
def test_a_full_disk_of_temporary_files_is_not_the_fault_of_the_upload(model, monkeypatch, tmp_path, size):
    app = create_app(model, limits=Limits(max_documents=10_000, max_characters=10_000_000))
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "removed"))
    answer = upload(client, b"moon " * (size // 5), "a.txt")
    assert answer.status_code == 503 and "TMPDIR" in answer.json()["reason"]
    monkeypatch.undo()
    assert upload(client, b"moon", "a.txt").status_code == 200


def test_reasons_of_uploads_name_no_options_of_the_program(client):
    answer = upload(client, "text\ncafé\n".encode("cp1252"), "a.csv")
    assert answer.status_code == 422 and "cp1252" in answer.json()["reason"] and "--" not in answer.json()["reason"]
