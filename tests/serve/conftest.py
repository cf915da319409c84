"""A small model with three clear topics: as a folder, in the application, and behind a real server."""

import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import topicml
from topicml.explore import TopicView
from topicml.serve import Limits, create_app

pytest.importorskip("fastapi", reason="topicml serve needs the extra: pip install 'topicml[serve]'")
from starlette.testclient import TestClient

THEMES = {
    "space": "rocket orbit moon astronaut launch satellite planet engine telescope mission comet crater",
    "kitchen": "oven butter flour sugar onion garlic recipe pepper salad cheese soup bread",
    "sport": "goal match team player coach league score stadium tennis race medal referee",
}
LIMITS = Limits(max_bytes=200_000, max_documents=50, max_characters=5_000)


def texts_of(n_docs: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(THEMES[list(THEMES)[i % 3]].split(), k=15)) for i in range(n_docs)]


@pytest.fixture(scope="session")
def themes() -> dict[str, str]:
    return THEMES


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Documents that the model was not fitted on."""
    return texts_of(200, seed=1)


@pytest.fixture(scope="session")
def limits() -> Limits:
    return LIMITS


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = topicml.ProdLDA(n_topics=3, max_epochs=20, hidden=16, batch_size=32, random_state=0)
    folder = tmp_path_factory.mktemp("served") / "model"
    model.fit(texts_of(90, seed=0)).save(folder)
    return folder


@pytest.fixture(scope="session")
def model(model_folder: Path) -> topicml.models.TopicModel:
    return topicml.load(model_folder)


@pytest.fixture(scope="session")
def client(model: topicml.models.TopicModel) -> Iterator[TestClient]:
    """The application with documents to show, without a network."""
    app = create_app(TopicView.of(model, texts_of(30, seed=2)), limits=LIMITS)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture(scope="session")
def address(model_folder: Path) -> Iterator[str]:
    """A server in a separate process, started from the command line."""
    arguments = [sys.executable, "-m", "topicml", "serve", str(model_folder), "--port", "0", "--max-mb", "1"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        if found is None:
            process.kill()  # a server that runs never ends its messages
            pytest.fail(said + process.stderr.read())
        yield found[0]
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "Stopped.\n")
