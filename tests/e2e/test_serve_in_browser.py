"""The page of ``topicml serve`` in a real browser: texts and files are classified, and nothing else is executed."""

import csv
import json
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need playwright (the extra: test)")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python (extra: test)")

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium")

THEMES = (
    "rocket orbit moon astronaut launch satellite planet engine telescope mission comet crater",
    "oven butter flour sugar onion garlic recipe pepper salad cheese soup bread",
    "goal match team player coach league score stadium tennis race medal referee",
)
HOSTILE = (
    "<script>document.title = 'executed'</script><img src=x onerror=\"document.title='executed'\"> ‮שלום \u0007 漢字 😀"
)
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of a run whose documents hold markup and odd Unicode."""
    folder = tmp_path_factory.mktemp("browser")
    draw = random.Random(0)
    documents = [" ".join(draw.choices(THEMES[i % 3].split(), k=15)) + f" {HOSTILE}" for i in range(90)]
    lines = (json.dumps({"text": text}) for text in documents)
    (folder / "documents.jsonl").write_text("\n".join(lines), "utf-8")
    program = [sys.executable, "-m", "topicml"]
    fit = [
        "fit",
        folder / "documents.jsonl",
        "--topics",
        "3",
        "--epochs",
        "20",
        "--set",
        "hidden=16",
        "-q",
        "--no-report",
    ]
    fit += ["--preprocess", "markup=true", "--set", "batch_size=32", "--out", folder / "run"]
    subprocess.run([*program, *map(str, fit)], check=True, timeout=600)
    arguments = [*program, "serve", str(folder / "run"), "--port", "0"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while (found := re.search(r"Serving .* at (http://127\.0\.0\.1:\d+)", said)) is None:
            line = process.stderr.readline()
            assert line, said
            said += line
        yield found[1]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    playwright.expect.set_options(timeout=30_000)  # a busy machine is no fault of the page
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width} px")
def page(request, browser, address):
    """A page that must log no error, and load nothing but what the server gives."""
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    context.set_default_timeout(60_000)
    page, wrong = context.new_page(), []
    # Chromium itself logs each request that the server refuses; the page shows the reason.
    page.on(
        "console",
        lambda said: (
            wrong.append(said.text)
            if said.type in ("error", "warning") and "422 (Unprocessable" not in said.text
            else None
        ),
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request", lambda asked: None if asked.url.startswith((address, "data:", "blob:")) else wrong.append(asked.url)
    )
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.goto(address)
    yield page
    assert "executed" not in page.title()
    assert wrong == []
    context.close()


def faults(page) -> list[str]:
    """Serious and critical accessibility faults, as axe-core has it."""
    found = axe.Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


def fits(page) -> bool:
    """Whether nothing stands out of the window to the right."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def classify(page, text: str, *, by_line: bool = False) -> None:
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_label("Each line is a document").set_checked(by_line)
    page.get_by_role("button", name="Show its topics").click()


def test_pasted_text_shows_its_topics(page):
    classify(page, "The rocket left its orbit for the moon, xyzzy.")
    item = page.locator("#documents > li")
    playwright.expect(item).to_contain_text("in the vocabulary")
    playwright.expect(item).to_contain_text("Not in the vocabulary: leave, xyzzy")
    rows = item.locator("tbody tr")
    playwright.expect(rows).to_have_count(3)
    playwright.expect(rows.first).to_contain_text("rocket · orbit · moon")
    shares = [float(each.removeprefix("< ").rstrip("%")) for each in rows.locator(".number").all_text_contents()]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(100, abs=2)
    assert rows.first.locator("svg rect.fill").bounding_box()["width"] > 20
    assert fits(page)
    assert faults(page) == []


def test_each_line_is_a_document_and_empty_ones_are_told(page):
    classify(page, "oven bread butter\n\nqwerty plugh", by_line=True)
    items = page.locator("#documents > li")
    playwright.expect(items).to_have_count(2)
    playwright.expect(items.nth(1)).to_contain_text("0 of 2 words in the vocabulary")
    playwright.expect(items.nth(1)).to_contain_text("None of the 2 words is in the vocabulary")
    classify(page, "   ")
    playwright.expect(page.get_by_role("alert")).to_contain_text("There is no text yet")
    assert faults(page) == []


def test_markup_in_a_text_is_shown_and_not_executed(page):
    classify(page, f"{HOSTILE} rocket moon")
    playwright.expect(page.locator("#documents .text")).to_contain_text("<script>document.title")
    assert page.locator("#documents script, #documents img").count() == 0
    page.goto(page.url.split("#")[0].rstrip("/") + "/topic/0")
    playwright.expect(page.locator(".documents .text").first).to_contain_text("<script>document.title")
    assert page.locator("main script, main img").count() == 0


def test_a_file_is_classified_and_saved(page, tmp_path):
    page.get_by_text("Or upload a file").click()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"id,body\n1,rocket moon orbit\n2,oven bread soup\n"}
    )
    page.get_by_role("button", name="Show their topics").click()
    playwright.expect(page.locator("#documents > li")).to_have_count(2)
    playwright.expect(page.locator("#results-summary")).to_contain_text("2 documents")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    download.value.save_as(tmp_path / "saved.json")
    saved = json.loads((tmp_path / "saved.json").read_text("utf-8"))
    assert [each["n_known"] for each in saved["documents"]] == [3, 3]
    assert faults(page) == []


def test_a_file_is_saved_as_rows_for_a_spreadsheet(page, tmp_path):
    page.get_by_text("Or upload a file").click()
    body = b'text\n"rocket, ""moon"" orbit"\nqwerty\n=rocket(1) moon\n'
    page.get_by_label("File", exact=True).set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": body})
    page.get_by_role("button", name="Show their topics").click()
    playwright.expect(page.locator("#results-title")).to_have_text("Topics of a.csv")
    playwright.expect(page.locator("#documents > li").first).to_contain_text("confidence")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    download.value.save_as(tmp_path / "saved.csv")
    with open(tmp_path / "saved.csv", encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [
        "document",
        "text",
        "topic",
        "label",
        "confidence",
        "second_topic",
        "unknown_share",
        "note",
    ]
    assert [row["text"] for row in rows] == ['rocket, "moon" orbit', "qwerty", "'=rocket(1) moon"]
    assert "rocket" in rows[0]["label"] and 0 < float(rows[0]["confidence"]) <= 1 and rows[0]["document"] == "1"
    assert (rows[1]["topic"], rows[1]["label"], rows[1]["second_topic"]) == ("-1", "", "-1")
    assert float(rows[1]["unknown_share"]) == 1 and rows[1]["note"]
    # What is refused later leaves these results, under the name of their file.
    page.get_by_label("Column of the text").fill("body")
    page.get_by_role("button", name="Show their topics").click()
    playwright.expect(page.get_by_role("alert")).to_contain_text("There is no column 'body'")
    playwright.expect(page.locator("#results-title")).to_have_text("Topics of a.csv")
    assert fits(page) and faults(page) == []


def test_a_search_leaves_the_topics_that_it_finds(page):
    shown = page.locator("#topic-list > li:visible")
    playwright.expect(shown).to_have_count(3)
    page.get_by_label("Search topics by words").fill("rocket")
    playwright.expect(shown).to_have_count(1)
    playwright.expect(page.locator("#topics-count")).to_have_text("1 topic for “rocket”")
    page.get_by_label("Search topics by words").fill("")
    playwright.expect(shown).to_have_count(3)


def test_topics_and_the_api_can_be_read(page, address):
    page.locator("#topic-list a").first.click()
    playwright.expect(page.get_by_role("heading", name="Nearest topics")).to_be_visible()
    assert page.locator("table.weights tbody tr").count() == 25
    assert page.locator(".documents > li").count() == 5
    assert fits(page) and faults(page) == []
    page.get_by_role("link", name="API").click()
    playwright.expect(page.get_by_role("heading", name="POST /transform", exact=True)).to_be_visible()
    playwright.expect(page.locator("pre").first).to_have_text(f"curl {address}/health")
    assert fits(page) and faults(page) == []


def test_it_can_be_used_by_keyboard(page):
    page.keyboard.press("Tab")
    playwright.expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    playwright.expect(page.get_by_label("Text", exact=True)).to_be_focused()
    page.keyboard.type("tennis race medal")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#results")).to_be_focused()
