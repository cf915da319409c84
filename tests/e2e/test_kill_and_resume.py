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
        [sys.executable, "-W", "ignore", str(VICTIM), *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    process = run(folder / "checkpoint", folder / "model")
    lines = process.communicate(timeout=300)[0].split()
    assert process.returncode == 0
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
    done = process.communicate(timeout=300)[0].split()
    assert process.returncode == 0
    assert int(done[0]) > 1, "the last run began anew instead of resuming"
    assert (tmp_path / "model" / "weights.safetensors").read_bytes() == weights
