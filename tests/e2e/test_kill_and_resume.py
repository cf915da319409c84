"""SIGKILL at random moments, then resume: the same weights to the bit."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

VICTIM = Path(__file__).with_name("fit_with_checkpoint.py")


def run(*arguments):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", str(VICTIM), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    process = run(folder / "checkpoint", folder / "model")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    lines = out.split()
    return (folder / "model" / "weights.safetensors").read_bytes(), len(lines)


def test_killed_at_random_moments_a_fit_ends_with_the_same_bits(whole, tmp_path):
    weights, n_epochs = whole
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    for after in sorted(rng.sample(range(1, n_epochs), 3)):
        process = run(tmp_path / "checkpoint", tmp_path / "model")
        for line in process.stdout:
            if int(line) >= after:
                time.sleep(rng.random() * 0.1)
                process.send_signal(signal.SIGKILL)
                break
        process.wait(timeout=60)
    process = run(tmp_path / "checkpoint", tmp_path / "model")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert int(out.split()[0]) > 1, "the last run started again instead of resuming"
    assert (tmp_path / "model" / "weights.safetensors").read_bytes() == weights


def topicml(*arguments):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "topicml", *map(str, arguments)], stderr=subprocess.PIPE, text=True
    )


def begun(process, folder):
    """Wait until a command has written the record that it resumes from; return the time."""
    while not (folder / "run.json").exists() and process.poll() is None:
        time.sleep(0.05)
    return time.monotonic()


def test_a_killed_command_resumes_to_the_same_bits(tmp_path):
    fit = ("fit", "lee", "--topics", 5, "--seed", 0, "--epochs", 60, "--quiet")
    process = topicml(*fit, "--out", tmp_path / "whole")
    start = begun(process, tmp_path / "whole.partial")
    assert process.wait(timeout=300) == 0, process.stderr.read()
    seconds = time.monotonic() - start
    process, kills = topicml(*fit, "--out", tmp_path / "killed"), 0
    rng = random.Random()
    while kills < 3:
        begun(process, tmp_path / "killed.partial")
        time.sleep(rng.uniform(0, seconds / 3))
        if process.poll() is not None:
            break
        process.kill()
        process.wait(timeout=60)
        kills += 1
        assert not (tmp_path / "killed").exists()
        process = topicml("fit", "--resume", tmp_path / "killed", "--quiet")
    assert process.wait(timeout=300) == 0, process.stderr.read()
    assert kills > 0
    for name in ("model/weights.safetensors", "doc_topics.parquet", "topics.json", "scores.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
