"""Every block of code in the documentation runs, in the order of its page and from what the page itself made.

Fits of this process stop after a few epochs: that a block runs is what is shown here, not how good its topics are.
"""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.docs.inputs import copy_inputs, write_inputs
from tests.docs.pages import LANGUAGES, PAGES, ROOT, Block, blocks_of, commands_of
from tests.docs.shell import run_command
from topicml.models import registry
from topicml.training import Training

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
RUNNABLE = {
    name: page
    for name, page in zip(NAMES, PAGES, strict=True)
    if any(block.language in ("python", "bash", "toml") for block in blocks_of(page))
}


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    write_inputs(folder)
    return folder


@pytest.fixture
def few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    epochs = Training.epochs
    monkeypatch.setattr(Training, "epochs", lambda self, n_docs, **options: min(epochs(self, n_docs, **options), 4))


@pytest.mark.usefixtures("few_epochs", "fits_here")
@pytest.mark.parametrize("name", RUNNABLE)
def test_the_blocks_of_a_page_run(name: str, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_inputs(inputs, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_registered", {})
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(RUNNABLE[name]):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _run(block, names)
        except Exception as error:
            error.add_note(f"{name}, the block at line {block.line}")
            raise


def _run(block: Block, names: dict[str, Any]) -> None:
    titled = re.match(r"# (\w+\.(?:py|toml))\n", block.code)
    if titled:  # a block that begins with the name of a file is that file
        Path(titled[1]).write_text(block.code, "utf-8")
    elif block.language == "python":
        exec(compile("\n" * (block.line - 1) + block.code, "<page>", "exec"), names)
    elif block.language == "bash":
        for line in commands_of(block):
            run_command(line)
    elif block.language == "toml":  # the first line names the file: # benchmark.toml
        raise AssertionError("the first line of a TOML block is a comment with the file's name")


@pytest.mark.parametrize("name", NAMES)
def test_every_block_says_its_language(name: str) -> None:
    assert {block.language for block in blocks_of(ROOT / name)} <= LANGUAGES


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_is_there_and_has_a_text(name: str) -> None:
    page = ROOT / name
    for text, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).is_file(), f"{target} is missing"
        assert len(text) > 10, f"{target} has no text for those who cannot see it"
