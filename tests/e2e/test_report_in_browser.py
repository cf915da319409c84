"""The report in a real browser: headless Chromium, opened from disk, the network off."""

import os
import re
import shutil
import time

import pytest

from topicml import Corpus, ProdLDA
from topicml.report import write_report

CHROMIUM = os.environ.get("TOPICML_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = {"wide": 1280, "phone": 390}


@pytest.fixture(scope="module")
def browser():
    """Chromium; skipped where it or Playwright is not installed."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (pip install playwright)")
    if CHROMIUM is None:
        pytest.skip("there is no chromium (apt-get install chromium, or set TOPICML_CHROMIUM)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """`opened(path, width)`: the page, which may ask for nothing but itself; complaints make the test fail."""
    contexts, complaints = [], []

    def open_page(path, width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        inside = (path.as_uri(), "data:text/csv;")  # the page, and its tables when they are saved
        page.on("request", lambda it: it.url.startswith(inside) or complaints.append(f"asked: {it.url}"))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def report(shared_corpora, tmp_path_factory):
    """The report of a model of BBC_News."""
    corpus = Corpus.read(shared_corpora / "BBC_News")
    model = ProdLDA(n_topics=10, max_epochs=8, hidden=50, contrast="set", random_state=0).fit(corpus)
    return write_report(model, tmp_path_factory.mktemp("report") / "report.html", corpus, title="BBC News")


def until(page, expression, seconds=60):
    """Wait until JavaScript holds; Playwright's own waiting evaluates strings in the page, which its policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(50)


def faults(page):
    """Serious and critical faults that axe finds; of the topics' sections, which are alike, it reads three."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page, context={"exclude": [["article:nth-of-type(n+4)"]]}).response["violations"]
    return [(fault["id"], fault["nodes"][0]["html"]) for fault in found if fault["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_every_plot_has_marks_and_the_page_its_width(opened, report, width):
    page = opened(report, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    drawn = page.evaluate(
        """() => [...document.querySelectorAll('svg[role=img]')].map(svg => {
            svg.closest('article')?.scrollIntoView();
            const marks = [...svg.querySelectorAll('circle, .line, .cloud, .tree path')];
            const box = svg.getBoundingClientRect();
            return [svg.querySelector('title').textContent, marks.length, box.width, box.height,
                    marks.filter(mark => mark.getBBox().width + mark.getBBox().height > 0).length];
        })"""
    )
    names = [name for name, *_ in drawn]
    assert {"Map of topics", "Map of documents", "Tree of topics", "Bound and reconstruction", "Contrast"} <= set(names)
    assert all(marks and shown and wide > 60 and high > 60 for name, marks, wide, high, shown in drawn), drawn
    assert page.locator(".bubble").count() == 10
    dots = page.evaluate(
        "[...document.querySelectorAll('.cloud')].map(c => c.getAttribute('d').split('h0').length - 1)"
    )
    assert sum(dots) == 2225
    covered = page.evaluate(
        """() => [...document.querySelectorAll('.names, .ticks')].flatMap(group => {
            const boxes = [...group.children].map(text => text.getBoundingClientRect()).filter(box => box.width);
            return boxes.flatMap((a, i) => boxes.slice(i + 1).filter(b =>
                a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom));
        }).length"""
    )
    assert covered == 0
    layer = ".narrow" if width == WIDTHS["phone"] else ".roomy"
    for place in ("#topic-map", "#document-map"):
        names = page.locator(f"{place} .names{layer} text:visible").all_text_contents()
        assert len(names) >= 8 and sum("," in name for name in names) >= 6, names
        assert page.locator(f"{place} .names text:visible").count() == len(names)
    bars = page.evaluate("[...document.querySelectorAll('.bar rect')].map(r => r.getBoundingClientRect().width)")
    assert len(bars) == 10 + 10 * 15 and min(bars) > 0
    page.screenshot()


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_search_sorting_and_navigation(opened, report, width):
    page = opened(report, width)
    rows = page.locator("#list tbody tr:visible")
    word = page.locator("#list tbody tr").nth(4).locator("bdi").first.inner_text()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_label("Search topics").fill(word)
    assert 1 <= rows.count() < 10
    assert page.get_by_role("status").inner_text() == f"{rows.count()} of 10 topics"
    assert page.locator("article:visible").count() == rows.count()
    hidden = page.evaluate("document.querySelector('article[hidden]').id")
    page.evaluate("id => { location.hash = id }", hidden)  # a link to what the search hides shows it again
    until(page, f"!document.getElementById({hidden!r}).hidden")
    assert rows.count() == 10
    page.get_by_label("Search topics").fill("no such word at all")
    assert rows.count() == 0 and page.get_by_text("No topic matches").is_visible()
    page.get_by_label("Search topics").press("Escape")
    assert rows.count() == 10

    page.get_by_role("button", name="Topic").press("Enter")
    links = page.locator("#list tbody th a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert links == [f"#topic-{k}" for k in range(10)]
    assert page.locator("#list th[aria-sort]").get_attribute("aria-sort") == "ascending"
    page.locator("#list tbody a").nth(7).press("Enter")
    until(page, "location.hash === '#topic-7'")
    until(page, "[document.getElementById('topic-7').getBoundingClientRect().top].every(top => top > -5 && top < 450)")
    page.locator("#topic-7 .pager a", has_text="All topics").press("Enter")
    until(page, "location.hash === '#topics'")


def test_choosing_a_topic_fades_the_documents_of_others(opened, report):
    page = opened(report)
    page.get_by_label("Show", exact=True).select_option(index=3)
    clouds = page.locator("#document-map .cloud").count()
    assert page.locator("#document-map .cloud.faint").count() == clouds - 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_axe_finds_no_serious_fault(opened, report, width, scheme):
    assert faults(opened(report, width, color_scheme=scheme)) == []


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_topics_are_within_the_first_screen(opened, report, width):
    page = opened(report, width)
    top = page.evaluate("document.querySelector('#list tbody tr').getBoundingClientRect().top")
    assert top < 844 and page.locator("#topics h2").bounding_box()["y"] < 600
    assert page.evaluate("document.getElementById('trust').offsetTop") > page.evaluate(
        "document.getElementById('details').offsetTop"
    )


def test_prints_all_topics_on_few_pages(opened, report):
    page = opened(report)
    page.emulate_media(media="print")
    assert page.locator(".contents").is_hidden() and page.locator(".search").is_hidden()
    assert page.locator("article:visible").count() == 10
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert 1 < len(pages) <= 6  # 30 before the style sheet for print


def test_tables_are_saved_as_files(opened, report):
    page = opened(report)
    with page.expect_download() as saved:
        page.locator("a[download='topics.csv']").click()
    lines = saved.value.path().read_text("utf-8-sig").splitlines()
    assert saved.value.suggested_filename == "topics.csv"
    assert lines[0].startswith("topic,label,words") and len(lines) == 11


def test_reads_without_its_script(opened, report):
    page = opened(report, java_script_enabled=False)
    assert page.locator("article:visible").count() == 10 and page.locator("#search").is_hidden()


def test_hostile_documents_execute_nothing(opened, tmp_path):
    nasty = [
        "rocket <script>document.title = 'hacked'; alert(1)</script> orbit moon",
        "oven </script></style><img src=x onerror=alert(1)><svg onload=alert(1)> butter flour",
        "goal <a href='javascript:alert(1)'>match</a> team \u202e \u2028 \u0000 \U0001f680 שלום 火箭 كرة",
    ]
    tokens = [["rocket", "orbit", "moon"], ["oven", "butter", "flour"], ["goal", "match", "team"]]
    fields = {"text": nasty * 20, "label": ["<img src=y onerror=alert(2)>", "</td>", "‮abc"] * 20}
    corpus = Corpus.from_tokens([words * 3 for words in tokens * 20], fields=fields)
    model = ProdLDA(n_topics=3, max_epochs=3, hidden=8, random_state=0).fit(corpus)
    path = write_report(model, tmp_path / "report.html", corpus, title="<script>alert(3)</script>")
    for width in WIDTHS.values():
        page = opened(path, width)
        assert page.title() == "<script>alert(3)</script>"
        assert page.locator("img, svg [onload], a[href^=javascript]").count() == 0
        assert page.locator("script").count() == 1
        assert page.locator("blockquote", has_text="document.title = 'hacked'").count() >= 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults(page) == []
