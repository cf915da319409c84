"""Mutants of the core: change the package in one place, and report which test fails.

Two kinds: those of ``mutants.toml``, written by hand with the tests that must fail; and automatic ones, a sample of
small changes of the syntax tree of the rooms in `ROOMS`. Each is made in a temporary copy of the package. mutmut and
cosmic-ray make automatic mutants only; the wiring needs the others, so a script of our own is simpler.
"""

import argparse
import ast
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from machine import ROOT, provenance

COPIED = ("topicml", "tests", "corpora", "benchmarks", "pyproject.toml", "setup.cfg", "constraints.txt")
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
    "topicml/stories": (*COMMON, "tests/stories", "tests/conformance/test_elbo_pyro.py"),
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
SLOW = "not scikit_learns_checks and not all_topics_are_used and not real_topics and not another_process"
IMPORTS = ("torch", "pyro", "sklearn.decomposition", "pandas", "gensim.models")
SECONDS = 240  # of the tests of a mutant; longer counts as killed: the mutant does not end
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


@dataclass(frozen=True)
class Outcome:
    """How a mutant ended: the first test that failed, or None if it survived."""

    mutant: Mutant
    killer: str | None
    seconds: float


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
        By file and place.
    """
    every = [mutant for room in ROOMS for mutant in _mutants_of_room(room, root)]
    rng = random.Random(seed)
    chosen: list[Mutant] = []
    for i, operator in enumerate(OPERATORS):
        candidates = [mutant for mutant in every if mutant.group == operator]
        share = number // len(OPERATORS) + (i < number % len(OPERATORS))
        chosen += rng.sample(candidates, min(share, len(candidates)))
    return sorted(chosen, key=lambda mutant: (mutant.file, mutant.start))


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


class Tests:
    """Runs tests in processes that are forked from one with the heavy imports done.

    Parameters
    ----------
    folder : Path
        A copy of the package and of its tests.
    imports : iterable of str
        Modules to import once, outside of the package.
    """

    def __init__(self, folder: Path, imports: Iterable[str] = IMPORTS) -> None:
        self.folder = folder
        os.environ |= {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(list(imports))

    def first_failure(self, tests: tuple[str, ...], seconds: float = SECONDS) -> str | None:
        """The first test that fails, or why the tests did not end; None if all pass."""
        receiver, sender = self._processes.Pipe(duplex=False)
        process = self._processes.Process(target=run_tests, args=(tests, str(self.folder), sender))
        process.start()
        sender.close()
        try:
            if not receiver.poll(seconds):
                return f"no end within {seconds} s"
            status, failed = receiver.recv()
        except EOFError:
            return "the process of the tests died"
        finally:
            process.kill()
            process.join()
        if status == 0:
            return None
        if failed is None:
            sys.exit(f"pytest ended with {status} and no test failed: {' '.join(tests)}")
        return failed


def run(mutants: list[Mutant], tests: Tests, *, until: float = float("inf")) -> Iterator[Outcome]:
    """Apply mutants one after the other in a copy of the package, and run their tests.

    Parameters
    ----------
    mutants : list of Mutant
        Of files in `ROOT`.
    tests : Tests
        The copy and its tests.
    until : float
        Time (`time.monotonic`) after which no further mutant is tried.

    Yields
    ------
    Outcome
    """
    for mutant in mutants:
        if time.monotonic() > until:
            return
        source = (ROOT / mutant.file).read_bytes()
        (tests.folder / mutant.file).write_bytes(mutant.mutated(source))
        started = time.monotonic()
        try:
            killer = tests.first_failure(mutant.tests)
        finally:
            (tests.folder / mutant.file).write_bytes(source)
        yield Outcome(mutant, killer, time.monotonic() - started)


def run_tests(tests: tuple[str, ...], folder: str, sender: Connection) -> None:
    """Run tests in a folder until one fails, and send the status of pytest and the name of the test."""
    import pytest

    class FirstFailure:
        name: str | None = None

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                self.name = self.name or report.nodeid

        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                self.name = self.name or report.nodeid

    os.chdir(folder)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-W", "ignore"]
    options += [] if "-k" in tests else ["-k", SLOW]
    first = FirstFailure()
    status = pytest.main([*options, *tests], plugins=[first])
    sender.send((int(status), first.name))


def report(named: list[Outcome], sampled: list[Outcome], drawn: int) -> str:
    """The results in Markdown."""
    lines = [
        "# Mutants of the core",
        "",
        *_purpose(named, sampled, drawn),
        "",
        provenance(),
        "",
        "## Of the wiring",
        "",
    ]
    lines += ["| breaks | mutant | first test that fails |", "|---|---|---|"]
    lines += [f"| {each.mutant.group} | {_cell(each)} |" for each in named]
    lines += ["", "## Automatic", "", "| operator | killed | of |", "|---|---:|---:|"]
    for operator in OPERATORS:
        those = [each for each in sampled if each.mutant.group == operator]
        lines.append(f"| {operator} | {_killed(those)} | {len(those)} |")
    lines += ["", "Survivors, which may mean the same as the original:", ""]
    lines += [f"- {_cell(each, killer=False)}" for each in sampled if each.killer is None] or ["none"]
    lines += ["", "| operator | mutant | first test that fails |", "|---|---|---|"]
    lines += [f"| {each.mutant.group} | {_cell(each)} |" for each in sampled if each.killer is not None]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the mutants and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=60, help="automatic mutants to draw")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument("--minutes", type=float, default=25, help="no automatic mutant is started later than this")
    parser.add_argument("--only", default="", help="only mutants of mutants.toml with this text in their group or file")
    parser.add_argument("--out", type=Path, help="file for the report")
    arguments = parser.parse_args()
    until = time.monotonic() + 60 * arguments.minutes
    named = [
        each for each in named_mutants(ROOT / "benchmarks/mutants.toml") if arguments.only in each.group + each.file
    ]
    sampled = sampled_mutants(arguments.sample, seed=arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "package"
        _copy(folder)
        tests = Tests(folder)
        files = dict.fromkeys(test for each in named for test in each.tests if "-k" not in each.tests)
        for selected in (tuple(files), *{each.tests for each in named if "-k" in each.tests}):
            if selected and (failed := tests.first_failure(selected, 10 * SECONDS)) is not None:
                sys.exit(f"{failed} fails without a mutant.")
        outcomes = [list(_printed(run(named, tests))), list(_printed(run(sampled, tests, until=until)))]
    text = report(*outcomes, len(sampled))
    print(text)
    if arguments.out is not None:
        arguments.out.write_text(text, "utf-8")
    survivors = [each for each in outcomes[0] if each.killer is None]
    if survivors:
        sys.exit(f"{len(survivors)} mutants of the wiring survived.")


def _mutants_of_room(room: str, root: Path) -> Iterator[Mutant]:
    path = root / room
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    for file in files:
        if file.name in SHOWN_ONLY:
            continue
        own = [str(each.relative_to(root)) for each in sorted((root / "tests").rglob(f"test_{file.stem}.py"))]
        tests = [each for each in (*own, *ROOMS[room]) if (root / each).exists()]
        yield from mutants_of(file.read_bytes(), str(file.relative_to(root)), tuple(dict.fromkeys(tests)))


def _copy(folder: Path) -> None:
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
        else:
            shutil.copy(source, folder / name)


def _printed(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    for each in outcomes:
        shown = each.mutant.shown((ROOT / each.mutant.file).read_bytes())
        print(f"{each.killer or 'SURVIVED'} ({each.seconds:.0f} s): {shown}", file=sys.stderr, flush=True)
        yield each


def _purpose(named: list[Outcome], sampled: list[Outcome], drawn: int) -> list[str]:
    return [
        "One place of the package is changed at a time; a mutant is killed if a fast test fails. Killed:",
        f"{_killed(named)} of {len(named)} mutants of the wiring (`mutants.toml`), and {_killed(sampled)} of",
        f"{len(sampled)} automatic mutants of the core rooms ({drawn} drawn with a fixed seed).",
    ]


def _killed(outcomes: list[Outcome]) -> int:
    return sum(each.killer is not None for each in outcomes)


def _cell(outcome: Outcome, *, killer: bool = True) -> str:
    shown = outcome.mutant.shown((ROOT / outcome.mutant.file).read_bytes()).replace("|", "\\|")
    return shown + (f" | {outcome.killer or '**survived**'}" if killer else "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else f"{line[:67]}..."


if __name__ == "__main__":
    main()
