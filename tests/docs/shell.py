"""What a shell block of the documentation asks for: topicml's commands are run, others are looked up."""

import configparser
import re
import shlex

from tests.docs.pages import ROOT
from topicml.cli import main

# These run until they are stopped; their options are checked by asking for help beside them.
ENDLESS = {"serve"}


def run_command(line: str) -> None:
    """Run or check one command; AssertionError says what is wrong with it."""
    words = shlex.split(line)
    program = words[0].removeprefix(".venv/bin/")
    if program == "topicml":
        _run_topicml(words[1:])
    elif program == "make":
        targets = [word for word in words[1:] if "=" not in word]
        makefile = (ROOT / "Makefile").read_text("utf-8")
        for target in targets:
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"the Makefile has no target {target}"
    elif program in ("pip", "python", "python3") and ("pip" in words or "venv" in words):
        for extras in re.findall(r"\[([\w,]+)\]", line):
            assert set(extras.split(",")) <= _extras(), f"setup.cfg does not have the extras {extras}"
    elif program == "python" and words[1].endswith(".py"):
        assert (ROOT / words[1]).is_file(), f"there is no {words[1]}"
    elif program not in ("git", "cd"):
        raise AssertionError(f"it is not known here how to check {line!r}")


def _run_topicml(arguments: list[str]) -> None:
    grids = [each for each in arguments if each.startswith("benchmarks/") and each.endswith(".toml")]
    for grid in grids:  # hours: that they can be read is tests/benchmarks'
        assert (ROOT / grid).is_file(), f"there is no {grid}"
    if arguments[0] in ENDLESS or grids:
        arguments = [*arguments, "--help"]
    try:
        main(arguments)
    except SystemExit as end:
        assert end.code in (0, None), f"topicml {shlex.join(arguments)} ended with {end.code}"


def _extras() -> set[str]:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    return set(settings["options.extras_require"])
