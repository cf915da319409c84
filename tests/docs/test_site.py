"""The website of the documentation builds without warnings, has every public name, and does not use the network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

pytest.importorskip("mkdocs", reason="the site needs topicml[docs]")
pytest.importorskip("mkdocstrings", reason="the site needs topicml[docs]")
pytest.importorskip("material", reason="the site needs topicml[docs]")

PUBLIC = ("topicml", "topicml.metrics", "topicml.explore", "topicml.experiment", "topicml.pareto", "topicml.objectives")
# Tables of names, which the guides describe, and rooms, which are pages.
NO_ENTRY = {"BOUNDS", "CONTRASTS", "MEASURES", "NAMES", "USUAL_MEASURES", "contrast_from", "metrics", "pareto"}
# Attributes whose files a browser fetches when it opens a page.
FETCHED = {
    ("img", "src"),
    ("script", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("object", "data"),
}
LOADING = {"stylesheet", "preconnect", "preload", "dns-prefetch", "icon", "manifest", "modulepreload", "prefetch"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    ended = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


class _Fetches(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.ids.add(attributes.get("id") or "")
        self.addresses += [value for name, value in attrs if (tag, name) in FETCHED and value]
        if tag == "link" and LOADING & set((attributes.get("rel") or "").split()):
            self.addresses.append(attributes.get("href") or "")


def _read(page: Path) -> _Fetches:
    parser = _Fetches()
    parser.feed(page.read_text("utf-8"))
    return parser


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        for address in _read(page).addresses:
            assert not re.match(r"(https?:)?//", address), f"{page.name} fetches {address}"
            if not address.startswith("data:"):
                assert (page.parent / address.split("?")[0].split("#")[0]).exists() or page.name == "404.html"
    for sheet in site.rglob("*.css"):
        addresses = re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')]+)""", sheet.read_text("utf-8"))
        assert not addresses, f"{sheet.name} fetches {addresses}"


@pytest.mark.parametrize("room", PUBLIC)
def test_every_public_name_has_an_entry_in_the_reference(site: Path, room: str) -> None:
    entries = {
        entry.rpartition(".")[2]
        for page in (site / "reference").glob("*.html")
        for entry in _read(page).ids
        if entry.startswith("topicml.")
    }
    assert set(import_module(room).__all__) - NO_ENTRY <= entries


@pytest.mark.parametrize(
    "model", ["prodlda.ProdLDA", "etm.ETM", "ecrtm.ECRTM", "lda2vec.LDA2Vec", "tsctm.TSCTM", "docnade.DocNADE"]
)
def test_the_reference_of_a_model_has_its_parameters_with_defaults(site: Path, model: str) -> None:
    page = (site / "reference" / "models.html").read_text("utf-8")
    start = page.index(f'id="topicml.stories.{model}"')
    text = " ".join(re.sub(r"<[^>]+>", "", page[start:].split('class="doc doc-object doc-class"')[0]).split())
    for name, description in (("init", "starting topics"), ("hidden", "encoder"), ("max_epochs", "number of epochs")):
        assert re.search(rf"{name}: [^,]+ = ", text), name
        assert re.search(rf"{name} \(.{{,80}}default: .{{,300}}{description}", text), name


def test_contributing_and_the_architecture_have_all_rooms() -> None:
    rooms = [path.parent.name for path in (ROOT / "topicml").glob("*/__init__.py")]
    for page in ("CONTRIBUTING.md", "docs/architecture.md"):
        text = (ROOT / page).read_text("utf-8")
        assert [room for room in rooms if f"`{room}`" not in text] == []
