"""Requests that are too large, malformed or from other sites are refused; names in requests are never paths."""

import io
import json
import zipfile

import pytest


def reason(answer, status: int) -> str:
    assert answer.status_code == status, (answer.status_code, answer.text[:300])
    assert set(answer.json()) == {"reason"}
    return answer.json()["reason"]


def upload(client, content: bytes, name: str = "a.csv", **form):
    return client.post("/transform/file", files={"file": (name, content)}, data=form)


# ---------------------------------------------------------------- too large


def test_a_body_that_declares_too_much(client, limits):
    answer = client.post("/transform", json={"documents": ["x" * limits.max_bytes]})
    assert f"larger than {limits.max_bytes:,} bytes" in reason(answer, 413)


@pytest.mark.parametrize("path", ["/transform", "/transform/file"])
def test_a_body_that_grows_too_much_without_declaring(client, limits, path):
    kind = "application/json" if path == "/transform" else "multipart/form-data; boundary=b"
    given = 0

    def chunks():
        nonlocal given
        yield (
            b'{"documents": ["'
            if path == "/transform"
            else b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
        )
        for _ in range(300):
            given += 10_000
            yield b"x" * 10_000

    answer = client.post(path, content=chunks(), headers={"content-type": kind})
    assert "larger than" in reason(answer, 413)


def test_too_many_documents_or_too_long_ones(client, limits):
    assert "at most 50 items" in reason(client.post("/transform", json={"documents": ["a"] * 51}), 422)
    assert "at most 5000 characters" in reason(client.post("/transform", json={"documents": ["b" * 5_001]}), 422)
    assert "51 documents; this server takes 50" in reason(upload(client, b"rocket\n" * 51, "a.txt"), 413)
    assert "Document 1 has 5,001" in reason(upload(client, b"moon\n" + b"x" * 5_001, "a.txt"), 413)
    many = b'{"text": "moon"}\n' * 51
    assert "more than 50 documents" in reason(upload(client, many, "a.jsonl"), 413)
    assert client.post("/transform", json={"documents": ["b" * 5_000] * 2}).status_code == 200


def test_tables_of_very_many_columns(client):
    """A cell costs a byte in the file and far more once it is a column; keys of objects make cells of every row."""
    assert "columns" in reason(upload(client, b"," * 150_000 + b"\n"), 413)
    sparse = b"\n".join(json.dumps({f"key{i}": 1}).encode() for i in range(50))
    assert upload(client, sparse, "a.jsonl").status_code == 422
    wide = json.dumps({f"k{i}": 1 for i in range(1_001)}).encode()
    for name, content in (("a.jsonl", wide), ("a.json", b"[" + wide + b"]")):
        assert "1,001 columns" in reason(upload(client, content, name), 413)
    assert "1,001 columns" in reason(upload(client, wide.decode().encode("utf-16"), "a.jsonl", encoding="utf-16"), 413)
    assert "1,001 columns" in reason(upload(client, wide.decode().encode("utf-16"), "a.jsonl"), 413)
    for head in (b"|" * 150_000, b"sep=;\n" + b";" * 150_000, b"sep=#\n" + b"#" * 150_000):
        assert "columns" in reason(upload(client, head + b"\n"), 413)
    assert "columns" in reason(upload(client, ("|" * 90_000 + "\n").encode("utf-16")), 413)


# ---------------------------------------------------------------- malformed


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", 400, "not JSON"),
        (b"", 422, "body"),
        (b"[]", 422, "body"),
        (b'{"documents": []}', 422, "at least 1 item"),
        (b'{"documents": "rocket"}', 422, "valid list"),
        (b'{"documents": [1]}', 422, "body.documents.0"),
        (b'{"documents": [null]}', 422, "body.documents.0"),
        (b'{"documents": ["a"], "path": "/etc/passwd"}', 422, "body.path"),
        (b'{"documents": ["\\ud800"]}', 422, "body.documents.0"),
        (b'{"documents": ' + b"[" * 90_000, 400, "body"),
        (b"\xff\xfe", 400, "body"),
    ],
)
def test_bodies_that_are_not_documents(client, body, status, told):
    assert told in reason(client.post("/transform", content=body, headers={"content-type": "application/json"}), status)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"text\nmoon\nmoon,rocket\n", "The row in line 3 of the file has 2 values"),
        ("a.csv", b"", "The file is empty"),
        ("a.csv", b"n\n1\n", "No column of the file contains text"),
        ("a.txt", b"", "The file is empty"),
        ("a.txt", b"caf\xe9", "The file is not UTF-8: line 1"),
        ("a.jsonl", b'{"text": "moon"}\n{', "Line 2 of the file is not JSON"),
        ("a.jsonl", b"[1, 2]", "not a JSON object"),
        ("a.jsonl", b"[" * 90_000, "nested too deeply"),
        ("a.parquet", b"PAR1", "'.parquet' is not read here"),
        ("a.csv.gz", b"\x1f\x8b", "'.gz' is not read here"),
        ("noname", b"moon", "(none)"),
    ],
)
def test_files_that_cannot_be_read(client, name, content, told):
    answer = upload(client, content, name)
    assert told in reason(answer, 422)
    assert "/tmp" not in answer.text and "topicml-upload" not in answer.text


def test_columns_and_encodings_that_are_not_there(client):
    answer = upload(client, b"title\nmoon\n", text_column="titel")
    assert "Did you mean 'title'?" in reason(answer, 422)
    for encoding in ("zlib", "../../x", "utf-8\x00"):
        assert "encoding" in reason(upload(client, b"text\nmoon\n", encoding=encoding), 422)


def test_topics_that_are_not_there(client):
    assert "topics are 0 to 2" in reason(client.get("/topics/3"), 404)
    assert "path.k" in reason(client.get("/topics/-1"), 422)
    assert "path.k" in reason(client.get("/topics/first"), 422)
    assert client.get("/topics/" + "9" * 400).status_code in (404, 422)
    assert "query.words" in reason(client.get("/topics", params={"words": 0}), 422)
    assert client.get("/topic/3").status_code == 404
    assert "topics are 0 to 2" in client.get("/topic/3").text


# ---------------------------------------------------------------- from elsewhere


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8000", "[::2]", "", "a b"])
@pytest.mark.parametrize("path", ["/", "/health", "/topics", "/openapi.json", "/style.css"])
def test_other_host_names_are_refused(client, host, path):
    """DNS rebinding: a site points its domain to this machine, so that its page can read the answers."""
    answer = client.get(path, headers={"host": host})
    assert (answer.status_code, answer.text) == (400, "Invalid host header")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "[::1]:8000", "LOCALHOST"])
def test_own_host_names_are_served(client, host):
    assert client.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_pages_of_other_sites_cannot_send(client, headers):
    for path, body in (
        ("/transform", {"json": {"documents": ["moon"]}}),
        ("/transform/file", {"files": {"file": b""}}),
    ):
        assert "another site" in reason(client.post(path, headers=headers, **body), 403)


def test_the_own_page_and_programs_can_send(client):
    own = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    for headers in (own, {}):
        assert client.post("/transform", json={"documents": ["moon"]}, headers=headers).status_code == 200


def test_json_must_say_that_it_is_json(client):
    """A form of another site can send text/plain without a preflight request, but not JSON."""
    body = json.dumps({"documents": ["moon"]})
    answer = client.post("/transform", content=body, headers={"content-type": "text/plain"})
    assert "body" in reason(answer, 422)


@pytest.mark.parametrize("path", ["/", "/topic/0", "/docs", "/health", "/page.js", "/topics/99", "/nothing"])
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/", "/topic/0", "/docs"])
def test_pages_name_no_other_server_and_hold_no_script_of_their_own(client, path):
    page = client.get(path).text
    assert "//" not in page.replace("http://127.0.0.1", "")
    assert page.count("<script") == 1 and '<script src="/page.js" defer></script>' in page
    assert "style=" not in page and "onclick" not in page


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/static/../app.py",
        "/page.js/../app.py",
        "/style.css%00.html",
        "/topics/..%2f..%2fetc%2fpasswd",
        "/topic/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/templates/page.html",
    ],
)
def test_paths_of_requests_lead_to_no_file(client, path):
    answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text and "import" not in answer.text


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/tmp/evil.csv", "..\\evil.csv", "a\x00b.csv", "x" * 3_000 + ".csv"]
)
def test_a_files_name_is_never_a_path(client, tmp_path, monkeypatch, name):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    answer = upload(client, b"text\nrocket moon\n", name)
    assert answer.status_code in (200, 400, 422)
    assert [path.name for path in tmp_path.rglob("*")] == ["temporary"]  # nothing elsewhere, and nothing left


def test_an_archive_under_a_text_name_is_only_text(client):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", "0" * 10_000_000)
    assert upload(client, held.getvalue(), "a.txt").status_code in (200, 422)
