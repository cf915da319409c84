"""Mutants of the core: change the package in one place, and report which test fails.

Two kinds: those of ``mutants.toml``, written by hand with the tests that must fail; and automatic ones, a sample of
small changes of the syntax tree of the core rooms (`mutations.py`). Each is made in a temporary copy of the package.
mutmut and cosmic-ray make automatic mutants only; the wiring needs the others, so a script of our own is simpler.
"""

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from machine import ROOT, provenance
from mutations import OPERATORS, Mutant, named_mutants, sampled_mutants

COPIED = ("topicml", "tests", "corpora", "benchmarks", "pyproject.toml", "setup.cfg", "constraints.txt")
SLOW = "not scikit_learns_checks and not all_topics_lead and not real_topics and not another_process"
IMPORTS = ("torch", "pyro", "sklearn.decomposition", "pandas", "gensim.models")
SECONDS = 400  # of the tests of a mutant; longer counts as killed: the mutant does not end


@dataclass(frozen=True)
class Outcome:
    """How a mutant ended: the first test that failed, or None if it survived."""

    mutant: Mutant
    killer: str | None
    seconds: float


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
    parser.add_argument("--minutes", type=float, default=40, help="no automatic mutant is started later than this")
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
            if selected and (failed := tests.first_failure(selected, 4 * SECONDS)) is not None:
                sys.exit(f"{failed} fails without a mutant.")
        outcomes = [list(_printed(run(named, tests))), list(_printed(run(sampled, tests, until=until)))]
        killers = dict.fromkeys(each.killer for each in outcomes[1] if each.killer and "::" in each.killer)
        if killers and (failed := tests.first_failure(tuple(killers), 4 * SECONDS)) is not None:
            sys.exit(f"{failed} fails without a mutant, so it shows nothing of the automatic ones.")
    outcomes[1].sort(key=lambda each: (each.mutant.file, each.mutant.start))
    text = report(*outcomes, len(sampled))
    print(text)
    if arguments.out is not None:
        arguments.out.write_text(text, "utf-8")
    survivors = [each for each in outcomes[0] if each.killer is None]
    if survivors:
        sys.exit(f"{len(survivors)} mutants of the wiring survived.")


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


if __name__ == "__main__":
    main()
