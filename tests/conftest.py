"""Fixtures and settings that all tests share."""

import os
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process a core; read when numpy and torch are first imported

import pytest
from hypothesis import settings

settings.register_profile("topicml", deadline=None)  # the first example of a test pays for imports
settings.load_profile("topicml")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "corpora"


@pytest.fixture(scope="session")
def shared_corpora() -> Path:
    """Folder of the real corpora; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("TOPICML_CORPORA", SHARED))
    if not folder.is_dir():
        pytest.skip(f"the real corpora are not at {folder} (set TOPICML_CORPORA to their folder)")
    return folder
