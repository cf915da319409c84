"""A run by two processes of torchrun, one of which is killed: both end, and the run resumes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
FIT = ["-m", "topicml", "fit", "lee", "--topics", "5", "--seed", "0", "--epochs", "100", "--no-report"]


def second_rank(launcher: int) -> int | None:
    """The process of rank 1 that `launcher` started."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == launcher and b"\0RANK=1\0" in (folder / "environ").read_bytes():
                return int(folder.name)
        except OSError:
            continue
    return None


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to find the process")
def test_a_run_with_a_killed_rank_resumes(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = tmp_path / "run"
    launcher = subprocess.Popen(
        [*TORCHRUN, *FIT, "--set", "patience=100", "--out", str(run)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    record = tmp_path / "run.partial" / "run.json"
    deadline = time.monotonic() + 200
    # The documents are recorded before training begins.
    while not (record.exists() and "fingerprint" in record.read_text()) and time.monotonic() < deadline:
        assert launcher.poll() is None, launcher.stderr.read()
        time.sleep(0.2)
    os.kill(second_rank(launcher.pid), signal.SIGKILL)
    _, message = launcher.communicate(timeout=100)
    assert launcher.returncode != 0
    assert "topicml fit --resume" in message or "exitcode" in message
    subprocess.run([*TORCHRUN, "-m", "topicml", "fit", "--resume", str(run)], env=environment, check=True, timeout=300)
    finished = json.loads((run / "run.json").read_text())
    history = json.loads((run / "model" / "model.json").read_text())["history"]
    assert finished["state"] == "finished" and len(history) == 100
