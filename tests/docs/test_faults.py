"""The page of faults names tests that exist."""

import ast
import re
from functools import cache

from tests.docs.pages import ROOT

LINES = [line for line in (ROOT / "docs/develop/faults.md").read_text("utf-8").splitlines() if line.startswith("| ")]
ROWS = [line for line in LINES if line != "| fault | test |"]


@cache
def names_of(path: str) -> set[str]:
    """The tests of a file, those of classes as ``Class::test``."""
    found = set()
    for node in ast.parse((ROOT / "tests" / path).read_text("utf-8")).body:
        found.add(getattr(node, "name", ""))
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return found


def test_each_fault_has_a_test_that_exists():
    assert len(ROWS) > 200
    missing = []
    for row in ROWS:
        _, fault, tests, _ = re.split(r" *\| *", row)
        named = re.findall(r"`([^`]+)`", tests)
        missing += [fault] * (not named)
        for test in named:
            path, _, name = test.partition("::")
            missing += [test] * (not name.rpartition("::")[2].startswith("test_") or name not in names_of(path))
    assert missing == []
