"""Draw the pictures of the report: ``python docs/report_pictures.py`` (needs chromium, playwright, pillow).

Two reports, at the widths of a desk (1280 pixels) and of a phone (390): of gensim's Lee corpus, and of synthetic
texts of two years in which one small topic has a burst. The burst is planted, so that the picture can be checked.
"""

import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from topicml import Corpus, ProdLDA
from topicml.corpus import named
from topicml.report import write_report

IMAGES = Path(__file__).parent / "images"
CHROMIUM = os.environ.get("TOPICML_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
WIDE, PHONE = 1280, 390

SUBJECTS = {
    "space": "rocket orbit moon astronaut launch satellite planet engine telescope mission comet crater",
    "kitchen": "oven butter flour sugar onion garlic recipe pepper salad cheese soup bread",
    "sport": "goal match team player coach league score stadium tennis race medal referee",
    "money": "bank loan interest mortgage credit inflation market stock dividend budget currency pension",
    "garden": "seed soil rose lawn hedge compost spade bulb pruning greenhouse tulip moss",
    "health": "doctor nurse hospital fever vaccine clinic patient surgery diet therapy allergy dose",
    "music": "guitar concert song album orchestra melody drum choir opera rhythm violin jazz",
    "storm": "storm flood wind rain roof damage river shelter warning rescue sandbag evacuation",
}


def dated_corpus(seed: int = 0) -> Corpus:
    """Texts of 24 months: 100 in each, 2% on storms, and 21% in April 2024."""
    rng = np.random.default_rng(seed)
    names, months = list(SUBJECTS), np.arange("2023-01", "2025-01", dtype="datetime64[M]")
    texts, dates = [], []
    for month in months:
        storm = 0.21 if month == np.datetime64("2024-04") else 0.02
        shares = [*[(1 - storm) / (len(names) - 1)] * (len(names) - 1), storm]
        for name in rng.choice(names, 100, p=shares):
            other = SUBJECTS[str(rng.choice(names))].split()
            words = [*rng.choice(SUBJECTS[name].split(), 11), *rng.choice(other, 2)]
            texts.append(" ".join(words))
            dates.append(month.astype("datetime64[D]") + rng.integers(0, 28))
    return Corpus.from_texts(texts, fields={"text": texts, "date": np.array(dates)})


def shot(page: Page, path: Path, width: int, height: int, anchor: str | None, name: str) -> None:
    """Write what a screen of this size shows, from an element on."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(path.as_uri())
    if anchor is not None:
        page.evaluate("anchor => document.querySelector(anchor).scrollIntoView()", anchor)
        page.wait_for_timeout(200)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.save(IMAGES / f"{name}.webp", quality=72, method=6)


def report_of(corpus: Corpus, n_topics: int, path: Path, **options: Any) -> Path:
    """The report of a model of a corpus."""
    model = ProdLDA(n_topics=n_topics, contrast="set", random_state=0).fit(corpus)
    return write_report(model, path, corpus, **options)


def main() -> None:
    """Fit both models, write both reports, and take the pictures."""
    folder = Path(tempfile.mkdtemp())
    lee = report_of(named.load("lee"), 10, folder / "lee.html", title="News of 2001")
    dated = report_of(dated_corpus(), 8, folder / "dated.html", title="Letters of two years", over="date", unit="month")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        shot(page, lee, WIDE, 900, None, "report-wide")
        shot(page, lee, PHONE, 844, None, "report-phone")
        shot(page, lee, WIDE, 1000, "article", "report-topic")
        shot(page, lee, WIDE, 860, "#document-map", "report-map")
        shot(page, lee, PHONE, 844, "#maps", "report-maps-phone")
        shot(page, dated, WIDE, 1000, None, "report-time")
        shot(page, dated, WIDE, 620, "#changes", "report-changes")
        browser.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
