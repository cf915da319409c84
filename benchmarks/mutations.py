"""Mutants: changes of one place of the package, written by hand or drawn from all small changes of the syntax tree."""

import ast
import random
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from machine import ROOT

COMMON = ("tests/models/test_keywords.py", "tests/models/test_wiring.py")
# A room, and the tests of it that run in seconds; test files named after a mutated file run first.
ROOMS = {
    "topicml/identity.py": (
        "tests/test_identity.py",
        "tests/models/test_identity.py",
        "tests/models/test_checkpoint.py",
    ),
    "topicml/settings.py": ("tests/test_settings.py", "tests/training/test_loop.py", "tests/models/test_keywords.py"),
    "topicml/models": (*COMMON, "tests/models", "tests/stories/test_prodlda.py"),
    "topicml/stories": (
        *COMMON,
        *(f"tests/stories/test_{name}.py" for name in ("embedded_decoders", "quantiser", "ordered_sampler")),
        "tests/conformance/test_elbo_pyro.py",
    ),
    "topicml/training": ("tests/training", *COMMON, "tests/models"),
    "topicml/starting": ("tests/starting", *COMMON, "tests/stories/test_etm.py"),
    "topicml/pareto": ("tests/pareto", "tests/models/test_contrast.py", "tests/conformance/test_pareto_torchjd.py"),
    "topicml/objectives/objective.py": ("tests/objectives/test_objective.py", *COMMON),
    "topicml/objectives/elbo.py": (
        "tests/conformance/test_elbo_pyro.py",
        "tests/objectives/test_objective.py",
        *COMMON,
    ),
    "topicml/objectives/contrast/base.py": ("tests/objectives", "tests/models/test_contrast.py"),
    "topicml/objectives/contrast/set_contrast.py": (
        "tests/objectives/contrast/test_set_contrast.py",
        "tests/objectives",
        "tests/models/test_contrast.py",
    ),
}
SHOWN_ONLY = {"notebook.py", "docstrings.py", "progress.py"}  # what they show has no other effect
SWAPPED = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
OPERATORS = ("statement dropped", "comparison swapped", "constant changed", "condition negated", "keyword dropped")


@dataclass(frozen=True)
class Mutant:
    """A change of one place of a file, and the arguments of pytest that should fail with it."""

    group: str
    file: str
    start: int
    end: int
    new: str
    tests: tuple[str, ...]

    def mutated(self, source: bytes) -> bytes:
        """The source with the change."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def shown(self, source: bytes) -> str:
        """The line and the change, for a cell of a table."""
        line = source[: self.start].count(b"\n") + 1
        old = _short(source[self.start : self.end].decode())
        return f"{self.file}:{line}: `{old}` → " + (f"`{_short(self.new)}`" if self.new.strip() else "removed")


def named_mutants(specification: Path, root: Path = ROOT) -> list[Mutant]:
    """Read mutants written by hand.

    Parameters
    ----------
    specification : Path
        A file such as ``mutants.toml``.
    root : Path
        Folder that the names of files in it are relative to.

    Returns
    -------
    list of Mutant

    Raises
    ------
    SystemExit
        If the old text of a mutant does not occur exactly once in its file.
    """
    read = tomllib.loads(specification.read_text("utf-8"))
    mutants = []
    for each in read["mutant"]:
        source, old = (root / each["file"]).read_bytes(), each["old"].encode()
        if source.count(old) != 1:
            sys.exit(
                f"{each['file']} has the old text of a mutant {source.count(old)} times, not once: {each['old']!r}"
            )
        start = source.index(old)
        tests = tuple(read["tests"][each["tests"]])
        mutants.append(Mutant(each["group"], each["file"], start, start + len(old), each["new"], tests))
    return mutants


def sampled_mutants(number: int, *, seed: int, root: Path = ROOT) -> list[Mutant]:
    """Draw automatic mutants of the rooms, equally many of each operator.

    Parameters
    ----------
    number : int
        How many.
    seed : int
        Seed of the sample.
    root : Path
        Folder of the package.

    Returns
    -------
    list of Mutant
        In random order, so that the first of them are a sample too.
    """
    every = [mutant for room in ROOMS for mutant in _mutants_of_room(room, root)]
    rng = random.Random(seed)
    chosen: list[Mutant] = []
    for i, operator in enumerate(OPERATORS):
        candidates = [mutant for mutant in every if mutant.group == operator]
        share = number // len(OPERATORS) + (i < number % len(OPERATORS))
        chosen += rng.sample(candidates, min(share, len(candidates)))
    rng.shuffle(chosen)
    return chosen


def mutants_of(source: bytes, file: str, tests: tuple[str, ...]) -> Iterator[Mutant]:
    """All automatic mutants of a module.

    Parameters
    ----------
    source : bytes
        The module.
    file, tests
        See `Mutant`.

    Yields
    ------
    Mutant
        Annotations, docstrings, messages of errors, and assignments in constructors stay as they are.
    """
    offsets = [0]
    for line in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))

    def span(node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        return offsets[node.lineno - 1] + node.col_offset, offsets[node.end_lineno - 1] + node.end_col_offset

    def walk(node: ast.AST, function: str) -> Iterator[tuple[str, int, int, str]]:
        if isinstance(node, ast.Raise):
            yield "statement dropped", *span(node), "pass"
            return
        if isinstance(node, ast.FunctionDef):
            function = node.name
            children: Iterable[ast.AST] = [*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body]
        elif isinstance(node, ast.AnnAssign):
            children = [node.value] if node.value is not None else []
        elif isinstance(node, ast.ClassDef):
            children = node.body
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        else:
            children = ast.iter_child_nodes(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield "statement dropped", *span(node), "pass"
        if isinstance(node, ast.AugAssign) or (isinstance(node, ast.Assign) and function != "__init__"):
            target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
            if isinstance(node, ast.AugAssign) or isinstance(target, ast.Attribute | ast.Subscript):
                yield "statement dropped", *span(node), "pass"
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            old, new = SWAPPED[type(node.ops[0])]
            start, end = span(node.left)[1], span(node.comparators[0])[0]
            at = re.search(rf"(?<![<>=!]){re.escape(old)}".encode(), source[start:end])
            if at is not None:
                yield "comparison swapped", start + at.start(), start + at.end(), new
        if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            value = node.value
            new = (
                str(not value) if isinstance(value, bool) else repr(value + 1 if isinstance(value, int) else value * 2)
            )
            yield "constant changed", *span(node), "1.0" if new == "0.0" else new
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            start, end = span(node.test)
            yield "condition negated", start, end, f"(not ({source[start:end].decode()}))"
        if isinstance(node, ast.Call):
            for keyword in (each for each in node.keywords if each.arg is not None):
                start, end = span(keyword)
                after = re.match(rb"\s*,\s*", source[end:])
                before = re.search(rb",\s*$", source[:start])
                if after is not None:
                    yield "keyword dropped", start, end + after.end(), ""
                elif before is not None:
                    yield "keyword dropped", before.start(), end, ""
        for child in children:
            yield from walk(child, function)

    for group, start, end, new in walk(ast.parse(source), ""):
        yield Mutant(group, file, start, end, new, tests)


def _mutants_of_room(room: str, root: Path) -> Iterator[Mutant]:
    path = root / room
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    for file in files:
        if file.name in SHOWN_ONLY:
            continue
        own = [str(each.relative_to(root)) for each in (root / "tests" / path.stem).rglob(f"test_{file.stem}.py")]
        tests = [each for each in (*own, *ROOMS[room]) if (root / each).exists()]
        yield from mutants_of(file.read_bytes(), str(file.relative_to(root)), tuple(dict.fromkeys(tests)))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else f"{line[:67]}..."
