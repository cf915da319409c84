"""The script of the mutants: what it changes, what it refuses, and that every hand-written mutant still applies."""

import ast
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # the scripts import each other as siblings, as when they are run

import mutants  # noqa: E402
import mutations  # noqa: E402

SOURCE = b'''
"""A docstring with a 3."""
class Knob:
    size: int = 2

    def __init__(self, size=2):
        self.size = size

    def turn(self, by: int = 1):
        if by < 0:
            raise ValueError(f"by={by} is below 0")
        self.size += by
        self.log(by, sign=True)
        return min(self.size, 7)
'''


def changed(operator):
    """The lines that mutants of an operator make, without those that stay."""
    before = SOURCE.decode().splitlines()
    found = []
    for mutant in mutations.mutants_of(SOURCE, "knob.py", ()):
        after = mutant.mutated(SOURCE).decode()
        ast.parse(after)
        if mutant.group == operator:
            found += [line.strip() for old, line in zip(before, after.splitlines(), strict=True) if line != old]
    return found


def test_operators_change_one_place_and_leave_docstrings_messages_and_constructors():
    assert changed("comparison swapped") == ["if by <= 0:"]
    assert changed("condition negated") == ["if (not (by < 0)):"]
    assert changed("keyword dropped") == ["self.log(by)"]
    assert changed("statement dropped") == ["pass", "pass", "pass"]
    assert changed("constant changed") == [
        "size: int = 3",
        "def __init__(self, size=3):",
        "def turn(self, by: int = 2):",
        "if by < 1:",
        "self.log(by, sign=False)",
        "return min(self.size, 8)",
    ]


def test_every_mutant_of_the_wiring_applies_and_gives_a_module():
    named = mutations.named_mutants(BENCHMARKS / "mutants.toml")
    assert len(named) > 50
    for mutant in named:
        source = (mutations.ROOT / mutant.file).read_bytes()
        compile(mutant.mutated(source), mutant.file, "exec")
        for test in mutant.tests:
            assert not test.startswith("tests/") or (mutations.ROOT / test).exists(), test


@pytest.mark.parametrize(("text", "times"), [("x = 1\nx = 1\n", 2), ("x = 2\n", 0)])
def test_a_mutant_whose_old_text_is_not_there_once_is_an_error(tmp_path, text, times):
    (tmp_path / "module.py").write_text(text)
    specification = tmp_path / "mutants.toml"
    specification.write_text(
        "[tests]\nall = []\n[[mutant]]\n"
        'group = "breaks"\nfile = "module.py"\nold = "x = 1"\nnew = "x = 3"\ntests = "all"\n'
    )
    with pytest.raises(SystemExit, match=f"module.py has the old text of a mutant {times} times, not once: 'x = 1'"):
        mutations.named_mutants(specification, tmp_path)


def test_the_sample_is_the_same_for_a_seed_and_has_all_operators():
    one, again, other = (mutations.sampled_mutants(10, seed=seed) for seed in (0, 0, 1))
    assert one == again != other
    assert {mutant.group for mutant in one} == {*mutations.OPERATORS}
    assert all(mutant.tests for mutant in one)


def test_a_mutant_is_killed_by_the_first_test_that_fails_or_survives(tmp_path, monkeypatch):
    folder, root = tmp_path / "copy", tmp_path / "root"
    for each in (folder, root):
        each.mkdir()
        (each / "module.py").write_text("x = 1\ny = 1\n")
    (folder / "test_module.py").write_text(
        "import module\ndef test_y():\n    pass\ndef test_x():\n    assert module.x == 1\n"
    )
    monkeypatch.setattr(mutants, "ROOT", root)
    for name in ("PYTHONPATH", "OMP_NUM_THREADS"):  # `Tests` sets them
        monkeypatch.setenv(name, "")
    monkeypatch.syspath_prepend(str(folder))
    made = [
        mutations.Mutant("breaks", "module.py", at, at + 5, new, ("test_module.py",))
        for at, new in ((0, "x = 2"), (6, "y = 2"))
    ]
    outcomes = list(mutants.run(made, mutants.Tests(folder, imports=[])))
    assert [each.killer for each in outcomes] == ["test_module.py::test_x", None]
    assert (folder / "module.py").read_text() == "x = 1\ny = 1\n"
    text = mutants.report(outcomes, [], 0)
    assert "1 of 2 mutants of the wiring" in text
    assert "| breaks | module.py:1: `x = 1` → `x = 2` | test_module.py::test_x |" in text
    assert "**survived**" in text
