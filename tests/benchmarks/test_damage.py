"""Kills while folders are overwritten, and damaged folders: a part of what the scripts in benchmarks/ do."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # the scripts import each other as siblings, as when they are run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and bounds the address space as Linux does")


def in_a_process(code):
    """Run code in a process of its own, which may fork: this one has threads."""
    import os
    import subprocess

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(BENCHMARKS), str(BENCHMARKS.parent)])
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_a_kill_leaves_the_old_folder_or_the_new_one_and_nothing_beside_it():
    done = in_a_process(
        "import kills; counts, faults = kills.kill_many(24, 7); print(sum(counts.values())); print(faults)"
    )
    total, faults = done.stdout.splitlines()
    assert faults == "[]" and int(total) >= 48, done.stderr


def test_damaged_folders_work_or_are_refused_in_words(tmp_path):
    code = (
        "import damage; from pathlib import Path\n"
        f"counts, faults = damage.damage_many(Path({str(tmp_path)!r}), 150, 7)\nprint(dict(counts)); print(faults)"
    )
    done = in_a_process(code)
    counts, faults = done.stdout.splitlines()
    assert faults == "[]", faults
    assert "checkpoint: refused" in counts and "corpus: refused" in counts and "model: refused" in counts


def test_the_script_finds_faults(tmp_path):
    """A folder whose use crashes or raises another error is counted as a fault."""
    code = (
        "import damage, os, signal; from pathlib import Path\n"
        "def use_nothing(folder): pass\n"
        "def crash(folder):\n    os.kill(os.getpid(), signal.SIGSEGV) if folder.name == 'damaged' else None\n"
        "def wrong(folder):\n    [] [1] if folder.name == 'damaged' else None\n"
        "make = damage.make_folders\n"
        "damage.make_folders = lambda base: {**make(base), 'corpus': crash, 'counts': wrong}\n"
        f"counts, faults = damage.damage_many(Path({str(tmp_path)!r}), 5, 7)\nprint(len(faults)); print(faults)"
    )
    done = in_a_process(code)
    assert done.stdout.startswith("2\n") and "SIGSEGV" in done.stdout and "IndexError" in done.stdout, done.stderr
