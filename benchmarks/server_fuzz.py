"""Hostile requests to `topicml serve`: no 5xx, flat memory, and slow clients cut off.

    python benchmarks/server_fuzz.py --requests 5000 --out benchmarks/results/server_fuzz.md

A server is a separate process with a small model. Half of the requests are ordinary, so that refusals and answers
alternate; all come from a seed.
"""

import argparse
import contextlib
import itertools
import json
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machine import provenance

FLAT_MB = 64  # allocators keep some memory, and the tokeniser 50,000 words
LETTERS = "abcdefghijklmnopqrstuvwxyz"
THEMES = (
    "rocket orbit moon astronaut launch satellite planet engine telescope mission comet crater",
    "oven butter flour sugar onion garlic recipe pepper salad cheese soup bread",
    "goal match team player coach league score stadium tennis race medal referee",
)
# fmt: off
ODD = [
    "\u202e", "\x00", "\x9b", "\ud83d", "\u2028",
    "é", "日本", "\x1b[2J", "İ", "ﬁ", "\ufeff", "'", '"', "\\", "</script>",
]
ORIGINS = [
    "http://[::1", "http://[zz]", "null", "", "//", "http://127.0.0.1:1", "http://\x80", "[", "http://a:b:c", "\t",
]
ENCODINGS = [
    "utf-8", "utf-16", "latin-1", "cp1252", "gb18030", "big5", "shift_jis", "euc_kr", "rot13", "x" * 300, "\x00",
]
NAMES = [
    "a.txt", "a.csv", "a.tsv", "a.jsonl", "a.json", "a.ndjson", "a.parquet", "a.csv.gz", "", "../../a.csv", "\x00.csv",
]
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW", "get", "CONNECT"]
HEADERS = ["Expect: 100-continue", "Range: bytes=0-1", "X: " + "y" * 70_000, "Connection: upgrade", "Cookie:"]
ENDS = ["?words=-1", "?words=9e9", "?q=%ff%00", "/../../x", "%2e%2e/", "/٣", "\x7f", "?q=" + "%41" * 99]
# fmt: on
PATHS = ["/", "/health", "/topics", "/topics/0", "/topic/1", "/docs", "/openapi.json", "/transform", "/transform/file"]


def requests(seed: int) -> Iterator[bytes]:
    """Endless requests as bytes; the same for the same seed."""
    draw = random.Random(seed)
    while True:
        kind = draw.choice([texts, texts, upload, upload, page, anything])
        content = kind(draw)
        yield mutated(draw, content) if draw.random() < 0.25 else content


def words(draw: random.Random, n: int) -> str:
    """Words, most of which no earlier request had."""
    known = THEMES[draw.randrange(3)].split()

    def word() -> str:
        return draw.choice(known) if draw.random() < 0.3 else "".join(draw.choices(LETTERS, k=9))

    return " ".join(word() for _ in range(n))


def odd(draw: random.Random) -> str:
    return "".join(draw.choice(ODD) for _ in range(draw.randrange(4))) + words(draw, draw.randrange(8))


def texts(draw: random.Random) -> bytes:
    """A request to /transform: half of them as they should be."""
    document: list = [lambda: words(draw, draw.randrange(60)), lambda: odd(draw), lambda: "x" * draw.randrange(200_000)]
    document += [lambda: None, lambda: 1e999, lambda: {"a": []}]
    if draw.random() < 0.5:
        value: object = {"documents": [words(draw, draw.randrange(1, 200)) for _ in range(draw.randrange(1, 20))]}
    else:
        value = {"documents": [draw.choice(document)() for _ in range(draw.randrange(60))]}
        value = draw.choice([value, value, [value], value["documents"], {**value, "x": 1}, None, 7, "text", {}])
    body = json.dumps(value).encode()
    if draw.random() < 0.1:
        wrong = [b"[" * 100_000, b'{"documents": ["\\ud800"]}', body[: len(body) // 2], bytes(range(256)), b""]
        body = draw.choice(wrong)
    return request(draw, "/transform", body, content_type="application/json")


def upload(draw: random.Random) -> bytes:
    """A file to /transform/file."""
    rows = [words(draw, draw.randrange(1, 30)) for _ in range(draw.randrange(1, 30))]
    if draw.random() < 0.3:
        rows += [odd(draw), '"' + rows[0], ",,,;\t|", "\r", "9" * 400]
    name, encoding = draw.choice(NAMES[:6]), "utf-8"
    if draw.random() < 0.3:
        name, encoding = draw.choice(NAMES), draw.choice(ENCODINGS)
    separator = draw.choice([",", ";", "\t", "|"])
    if name.endswith(("csv", "tsv")):
        rows = [separator.join(["id", "text"])] + [separator.join([str(i), row]) for i, row in enumerate(rows)]
    if "json" in name:
        rows = [json.dumps(draw.choice([{"text": row}, {"text": row, "n": 1}, row, [row]])) for row in rows]
        rows = ["[" + ",".join(rows) + "]"] if draw.random() < 0.4 else rows
    text = "\n".join(rows)
    with contextlib.suppress(LookupError, UnicodeError, ValueError):
        content = text.encode(draw.choice([encoding, encoding, "utf-16", "utf-8"]), "surrogatepass")
        if draw.random() < 0.3:
            end = draw.choice([b"", b"\xff", b"\x00", b"\xff\xfe\x00"])
            content = content[: draw.randrange(len(content) + 1)] + end
        return request(draw, "/transform/file", form(draw, name, content, encoding), content_type=FORM)
    content = text.encode("utf-8", "replace")
    return request(draw, "/transform/file", form(draw, name, content, encoding), content_type=FORM)


FORM = "multipart/form-data; boundary=limit"


def form(draw: random.Random, name: str, content: bytes, encoding: str) -> bytes:
    fields = {"encoding": encoding}
    if draw.random() < 0.3:
        fields["text_column"] = draw.choice(["text", "id", "", "x" * 300, odd(draw)])
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode("utf-8", "replace")
        for key, value in fields.items()
    ]
    head = f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    parts.append(head.encode() + content + b"\r\n")
    draw.shuffle(parts)
    return b"".join(parts) + draw.choice([b"--limit--\r\n", b"--limit--\r\n", b"--limit--\r\n", b"", b"--limi"])


def page(draw: random.Random) -> bytes:
    """A request without a body."""
    path = draw.choice(PATHS)
    if draw.random() < 0.5:
        path += draw.choice(ENDS)
    return request(draw, path, b"", method=draw.choice(["GET", "GET", "HEAD", "POST"]))


def anything(draw: random.Random) -> bytes:
    """Any method, path, body and length of the body."""
    body = draw.choice([b"", b"x" * 100, b"{}", draw.randbytes(50)])
    length = draw.choice([str(len(body)), "0", "-1", "1e3", "9" * 30, str(len(body) + 50), "", "5, 5"])
    return request(draw, draw.choice(PATHS), body, method=draw.choice(METHODS), length=length)


def request(
    draw: random.Random,
    path: str,
    body: bytes,
    *,
    method: str = "POST",
    content_type: str = "",
    length: str | None = None,
) -> bytes:
    lines = [f"{method} {path} HTTP/1.{draw.choice('1110')}", "Connection: close"]
    lines.append(f"Host: {draw.choice(['127.0.0.1'] * 12 + ['localhost', 'evil.example', '[', ''])}")
    if draw.random() < 0.15:
        lines.append(f"Origin: {draw.choice(ORIGINS)}")
    if draw.random() < 0.1:
        lines.append(draw.choice(HEADERS))
    if content_type:
        kinds = [content_type] * 9 + ["text/plain", content_type + "; charset=utf-99"]
        lines.append(f"Content-Type: {draw.choice(kinds)}")
    if draw.random() < 0.1 and length is None:
        lines.append("Transfer-Encoding: chunked")
        body = f"{len(body):x}\r\n".encode() + body + draw.choice([b"\r\n0\r\n\r\n", b"\r\nzz\r\n", b""])
    elif body or length:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def mutated(draw: random.Random, content: bytes) -> bytes:
    """A request with a few bytes changed, removed or repeated."""
    changed = bytearray(content)
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(changed) + 1)
        size = draw.choice([1, 1, 2, 10, 200])
        edit = draw.choice([b"", draw.randbytes(size), bytes(changed[at : at + size]) * 2, b"\r\n", b"\x00"])
        changed[at : at + size] = edit
        if not changed:
            break
    return bytes(changed)


def status_of(port: int, content: bytes, *, seconds: float = 120) -> int:
    """Send a request and return the status of its answer; 0 if the connection is closed without one."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(content)
        with contextlib.suppress(ConnectionResetError):
            while not is_complete(received) and (chunk := connection.recv(65_536)):
                received += chunk
    found = re.findall(rb"HTTP/1\.1 (\d\d\d)", received)
    return int(next((each for each in found if each != b"100"), b"0"))


def is_complete(received: bytes) -> bool:
    """Whether an answer has arrived; one without a length ends with the connection."""
    head, _, body = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\ncontent-length: (\d+)", head)
    return length is not None and len(body) >= int(length[1])


@contextlib.contextmanager
def server(folder: Path, log: Path, *options: str, handles: int | None = None) -> Iterator[tuple[int, int]]:
    """Context manager: a server of a small model; yields its port and process id. Standard error goes to `log`."""
    if not folder.exists():
        import topicml

        draw = random.Random(0)
        documents = [" ".join(draw.choices(THEMES[i % 3].split(), k=15)) for i in range(90)]
        topicml.ProdLDA(n_topics=3, max_epochs=10, hidden=16, random_state=0).fit(documents).save(folder)
    command = [sys.executable, "-m", "topicml", "serve", str(folder), "--port", "0", *options]
    limit = None if handles is None else lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (handles, handles))
    with log.open("wb") as errors, subprocess.Popen(command, stderr=errors, preexec_fn=limit) as process:
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text("utf-8", "replace"))):
                assert process.poll() is None, log.read_text("utf-8", "replace")
                time.sleep(0.05)
            yield int(found[1]), process.pid
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def fuzz(port: int, n: int, *, seed: int = 0, threads: int = 64) -> tuple[Counter[int], list[tuple[int, bytes]]]:
    """Send `n` requests; the number of answers of each status, and the first requests that got a 5xx."""
    contents = list(itertools.islice(requests(seed), n))
    with ThreadPoolExecutor(threads) as pool:
        statuses = list(pool.map(lambda content: status_of(port, content), contents))
    wrong = [(status, content) for status, content in zip(statuses, contents, strict=True) if status >= 500]
    return Counter(statuses), wrong[:10]


def resident_megabytes(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
    assert found is not None
    return int(found[1]) / 1024


def slow_clients(port: int, n: int) -> list[socket.socket]:
    """Open connections that send part of a header, a header without its body, or read nothing of an answer."""
    beginnings = [
        b"",
        b"GET / HT",
        b"POST /transform HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /hea",
    ]
    clients = []
    for i in range(n):
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        with contextlib.suppress(OSError):
            client.sendall(beginnings[i % len(beginnings)])
        clients.append(client)
    return clients


def still_open(clients: list[socket.socket]) -> list[socket.socket]:
    """The connections that the server has not closed."""
    left = []
    for client in clients:
        client.settimeout(0.01)
        try:
            while client.recv(65_536):
                pass
        except TimeoutError:
            left.append(client)
        except OSError:
            pass
    return left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with server(Path(folder) / "model", log, "--max-seconds", "2", "--max-mb", "1") as (port, pid):
            statuses: Counter[int] = Counter()
            wrong, memory = [], []
            part = max(1, arguments.requests // 10)
            for number in range(10):
                told, failed = fuzz(port, part, seed=arguments.seed + number)
                statuses += told
                wrong += failed
                memory.append(resident_megabytes(pid))
                print(f"{part * (number + 1):,} requests, {memory[-1]:.0f} MB", file=sys.stderr)
            clients = slow_clients(port, 200)
            time.sleep(15)
            left = len(still_open(clients))
        log_bytes = log.stat().st_size
    lines = [
        "# Hostile requests to the server",
        "",
        provenance(),
        "",
        "| status | answers |",
        "|---|---|",
        *(f"| {status or 'closed without an answer'} | {n:,} |" for status, n in sorted(statuses.items())),
        "",
        f"Resident memory after each tenth (MB): {', '.join(f'{each:.0f}' for each in memory)}.",
        "",
        f"Of 200 slow clients (nothing, half a header, a body that does not come, half a second header), {left} were "
        "still connected after 15 seconds.",
        "",
        f"The server wrote {log_bytes:,} bytes to its log.",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    for status, content in wrong:
        print(status, content[:3000], file=sys.stderr)
    if arguments.out:
        from topicml.files import atomic_file

        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")
    grown = max(memory[5:]) - max(memory[:5])
    if wrong or left or grown > FLAT_MB:
        sys.exit(f"failed: {len(wrong)} answers of 5xx, {left} slow clients left, memory grew by {grown:.0f} MB")


if __name__ == "__main__":
    main()
