"""``topicml serve`` as a process: many requests at once, a port in use, other hosts, and Ctrl-C."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from topicml.cli.serve import allowed_hosts
from topicml.errors import InputError


def refused(*arguments: str) -> str:
    found = subprocess.run(
        [sys.executable, "-m", "topicml", "serve", *arguments], capture_output=True, text=True, timeout=60
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert "Traceback" not in found.stderr
    return found.stderr


def test_200_requests_at_once_get_the_theta_of_their_own_documents(address, model, texts):
    """Each request has other documents and another number of them, so that a mixed-up answer is detected."""
    asked = [texts[i : i + 1 + i % 3] for i in range(200)]
    with httpx.Client(base_url=address, timeout=60, limits=httpx.Limits(max_connections=200)) as client:

        def ask(documents: list[str]) -> httpx.Response:
            return client.post("/transform", json={"documents": documents})

        with ThreadPoolExecutor(200) as threads:
            answers = list(threads.map(ask, asked))
    assert {answer.status_code for answer in answers} == {200}
    for documents, answer in zip(asked, answers, strict=True):
        theta = np.array([each["theta"] for each in answer.json()["documents"]], dtype=np.float32)
        assert_array_equal(theta, model.transform(documents))


def test_the_reason_arrives_while_the_body_is_still_being_sent(address):
    for content in (b" " * 20_000_000, (b" " * 100_000 for _ in range(200))):
        answer = httpx.post(
            f"{address}/transform", content=content, headers={"content-type": "application/json"}, timeout=30
        )
        assert answer.status_code == 413
        assert "1,000,000 bytes" in answer.json()["reason"]
    assert httpx.get(f"{address}/health").json()["status"] == "ok"


def test_it_listens_on_this_machine_only(address):
    port = int(address.rpartition(":")[2])
    with socket.socket() as other:
        other.settimeout(5)
        assert other.connect_ex(("127.0.0.2", port)) != 0
    assert httpx.get(f"{address}/health", headers={"host": "evil.example"}).status_code == 400
    assert "server" not in httpx.get(f"{address}/health").headers


def test_a_port_in_use_is_reported_before_anything_is_read(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(str(tmp_path / "nothing"), "--port", str(port))
    assert f"Port {port} of 127.0.0.1 is in use" in said and "--port 0" in said


def test_wrong_folders_and_hosts_are_refused_with_a_reason(tmp_path):
    assert "There is no folder" in refused(str(tmp_path / "nothing"), "--port", "0")
    assert "is not an address of this machine" in refused(str(tmp_path), "--port", "0", "--host", "192.0.2.1")
    assert "--allow-host" in refused(str(tmp_path), "--port", "0", "--allow-host", "*")


def test_hosts_that_are_allowed():
    local = {"127.0.0.1", "localhost", "::1", "[::1]"}
    assert set(allowed_hosts("127.0.0.1", [])) == local
    assert set(allowed_hosts("0.0.0.0", ["topics.example.org"])) == {*local, socket.gethostname(), "topics.example.org"}
    assert "10.0.0.7" in allowed_hosts("10.0.0.7", [])
    for name in ("*", "*.example.org", "http://a", "", " a"):
        with pytest.raises(InputError, match="--allow-host"):
            allowed_hosts("127.0.0.1", [name])


def test_access_from_other_machines_prints_a_warning(model_folder):
    arguments = [sys.executable, "-m", "topicml", "serve", str(model_folder), "--host", "0.0.0.0", "--port", "0"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        process.terminate()
        process.communicate(timeout=30)
    assert "Warning: 0.0.0.0 can be reached from other machines" in said
    assert "no password" in said and "--allow-host" in said


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn", "python_multipart"])
def test_a_missing_library_names_the_extra(missing, model_folder):
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from topicml.cli import main; "
        f"main(['serve', {str(model_folder)!r}, '--port', '0'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert found.returncode == 2, found.stderr
    assert "pip install 'topicml[serve]'" in found.stderr and "Traceback" not in found.stderr
