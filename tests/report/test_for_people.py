"""What a reader meets: the order of the page, the summary, what changed, marks, examples, and tables to download."""

import base64
import csv
import io
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from topicml import explore
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.explore.words import contributions
from topicml.report import render
from topicml.report.courses import courses_of
from topicml.report.examples import examples_of
from topicml.report.excerpts import Surfaces, excerpt
from topicml.report.groups import group_name, over_time
from topicml.report.names import short_names
from topicml.report.reliability import drawn, reliability_of

MONTHS = np.arange("2023-01", "2025-01", dtype="datetime64[M]").astype("datetime64[D]")


def words_of(paragraph_html):
    return re.sub(r"<[^>]+>", "", paragraph_html)


def summary(html):
    head = html[html.index('id="summary"') : html.index('id="topics"')]
    return [words_of(each) for each in re.findall(r'<p class="lead">(.*?)</p>', head, re.DOTALL)]


def view_of_shares(shares, n_docs, times):
    """A view whose documents of period t have leading topics drawn from shares[t]."""
    rng = np.random.default_rng(0)
    leading = np.concatenate([rng.choice(shares.shape[1], n_docs, p=row) for row in shares])
    words = [f"w{k}" for k in range(shares.shape[1])]
    theta = np.eye(len(words))[leading]
    corpus = Corpus.from_tokens([[words[k]] for k in leading], words, {"date": np.repeat(times, n_docs)})
    model = SimpleNamespace(components_=np.eye(len(words)), vocabulary_=tuple(words), transform=lambda X: theta)
    return TopicView.of(model, corpus)


@pytest.fixture(scope="module")
def burst():
    """Twelve topics: eleven of equal size, and one of share .02 that has .21 in April 2024."""
    rng = np.random.default_rng(1)
    leading = []
    for month in range(24):
        share = 0.21 if month == 15 else 0.02
        leading.append(rng.choice(12, 150, p=[*[(1 - share) / 11] * 11, share]))
    leading = np.concatenate(leading)
    words = [f"word{k:02}{letter}" for k in range(12) for letter in "abcdefgh"]
    tokens = [[words[8 * k + w] for w in rng.integers(0, 8, 10)] for k in leading]
    beta = np.full((12, 96), 1e-4)
    for k in range(12):
        beta[k, 8 * k : 8 * k + 8] = np.arange(18, 10, -1)
    theta = np.full((len(leading), 12), 0.02)
    theta[np.arange(len(leading)), leading] = rng.uniform(0.3, 0.9, len(leading))
    fields = {"text": [" ".join(each) for each in tokens], "date": np.repeat(MONTHS, 150)}
    model = SimpleNamespace(
        components_=beta / beta.sum(axis=1, keepdims=True),
        vocabulary_=tuple(words),
        transform=lambda X: theta / theta.sum(axis=1, keepdims=True),
    )
    return TopicView.of(model, Corpus.from_tokens(tokens, words, fields))


@pytest.fixture(scope="module")
def html(burst):
    return render(burst, over="date", unit="month", title="Planted")


def test_topics_come_first_and_scores_last(html):
    order = ["summary", "topics", "changes", "maps", "details", "trust", "tables", "training", "made"]
    places = [html.index(f'<section id="{name}"') for name in order]
    assert places == sorted(places)
    assert html.index("<h3>Scores</h3>") > html.index('id="topic-0"')
    assert "Coherence" not in html[: html.index('id="maps"')]


def test_a_planted_burst_stands_first_in_the_changes_and_in_the_summary(html):
    changes = html[html.index('<section id="changes"') : html.index('<section id="maps"')]
    first = re.search(r'<h3><a href="#topic-(\d+)">', changes)
    assert first[1] == "11"
    burst = r"as at 2\d% of the documents \(Apr 2024\), against [12]\.\d% before and [12]\.\d% after"
    assert re.search(f"W{burst}", changes)
    assert re.search(f"largest change is that of “word11a, word11b, word11c”: it w{burst}", summary(html)[1])
    assert "the other 11 topics are no larger than chance could make" in changes


def test_the_summary_is_half_a_page_of_sentences(html):
    paragraphs = summary(html)
    text = " ".join(paragraphs)
    assert 40 < len(text.split()) < 200 and len(paragraphs) == 3
    assert "sorts 3,600 documents" in text and "from Jan 2023 to Dec 2024 into 12 topics" in text
    assert "the largest topics are “word" in paragraphs[0] and paragraphs[2].startswith("No check found a fault.")
    assert not re.search(r"NPMI|theta|Hellinger|nats|\d\.\d{3}", text)


def test_the_summary_says_what_to_doubt(view_of_themes):
    view = view_of_themes(n_topics=6)
    doubts = summary(render(view))[-1]
    assert doubts.startswith("What to doubt: 3 topics lead no document; ")
    assert "pairs of topics are nearly the same" in doubts and "no topic has half" not in doubts
    mixed = TopicView.of(view.model, view.corpus, theta=np.full((60, 6), 1 / 6))
    assert "in 100% of the documents no topic has half of the text" in summary(render(mixed))[-1]


def test_topics_of_similar_size_are_not_called_large(html, view_of_themes):
    assert "None stands out by its size; the largest topics are" in summary(html)[0]
    assert "None stands out" not in summary(render(view_of_themes(n_topics=6)))[0]


def test_a_lasting_rise_is_not_told_as_a_burst():
    shares = np.linspace(0.05, 0.4, 10)
    view = view_of_shares(np.column_stack([shares, 1 - shares]), 200, MONTHS[:10])
    times = over_time(view, "date", unit="month", named=True)
    first = courses_of(view, "date", times, short_names(view)).changes[0]
    assert re.search(
        r"^(rose|fell) from .* of the documents \(Jan 2023[^)]*\) to .* \([^)]*Oct 2023\)$", first.sentence
    )


def test_doubtful_topics_are_marked_in_the_list(view_of_themes, html):
    assert 'class="flag"' not in html
    html = render(view_of_themes(n_topics=6))  # topics 3 to 5 are those of 0 to 2 again, and lead no document
    rows = re.findall(r'<tr data-topic="(\d)".*?</tr>', html, re.DOTALL)
    marked = re.findall(r'<tr data-topic="(\d)"(?:(?!</tr>).)*class="flag"', html, re.DOTALL)
    assert sorted(rows) == sorted(marked) == list("012345")


def test_without_a_change_the_summary_says_so(burst):
    rng = np.random.default_rng(0)
    shuffled = burst.corpus.fields["date"][rng.permutation(3600)]
    fields = {"text": burst.corpus.fields["text"].tolist(), "date": shuffled}
    corpus = Corpus.from_counts(burst.counts, burst.vocabulary, fields=fields)
    html = render(burst.model, corpus, theta=burst.theta)
    assert "no topic changed by more than chance alone could make" in html


def test_periods_of_dates_have_names_of_the_calendar(burst):
    times = over_time(burst, "date", named=True)
    assert times.unit == "month" and [share.group for share in times.shares[0][:2]] == ["Jan 2023", "Feb 2023"]
    quarters = over_time(burst, "date", unit="quarter", named=True)
    assert [share.group for share in quarters.shares[0]][-1] == "Q4 2024"
    assert group_name(np.datetime64("2024-05-31T14:00", "s").item(), "hour") == "2024-05-31 14:00"
    assert group_name(np.datetime64("2024-05-27", "s").item(), "week") == "2024-05-27"
    assert group_name(np.datetime64("2024-01-01", "s").item(), "year") == "2024"


def test_a_card_has_ten_documents_strong_typical_and_weak(burst, html):
    examples = examples_of(burst, [3, 11])
    for k, chosen in examples.items():
        assert [each.kind for each in chosen] == ["strong"] * 4 + ["typical"] * 3 + ["weak"] * 3
        rows = [each.row for each in chosen]
        assert len(set(rows)) == 10 and (burst.leading(burst.theta[rows]) == k).all()
        led = np.sort(burst.theta[burst.leading(burst.theta) == k, k])
        ranks = np.searchsorted(led, [each.proportion for each in chosen]) / len(led)
        assert (ranks[:4] > 0.5).all() and (abs(ranks[4:7] - 0.5) < 0.15).all() and (ranks[7:] < 0.12).all()
        assert chosen[-1].proportion == pytest.approx(led[0])
    card = html[html.index('<article class="topic" id="topic-3"') :]
    card = card[: card.index("</article>")]
    assert card.count("<blockquote") == 10 and "Weak: it leads them by a small margin" in card


def test_few_documents_are_shown_once_each(view_of_themes):
    examples = examples_of(view_of_themes(12), [0])[0]
    assert sorted(each.row for each in examples) == [0, 3, 6, 9]


def test_few_words_are_marked_and_those_that_speak_for_the_topic_most():
    beta = np.array([[0.3, 0.2, 0.1, 0.4, 0, 0], [0.01, 0, 0, 0.4, 0.3, 0.29]])
    speaks = contributions(beta)[0]
    assert speaks[0] > speaks[1] > speaks[2] > 0 and speaks[3] == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(
        contributions(beta).sum(axis=1),
        [np.sum(p[p > 0] * np.log(p[p > 0] / beta.mean(axis=0)[p > 0])) for p in beta],
    )
    weights = {f"key{i}": 1 - i / 40 for i in range(40)} | {"faint": 0.04}
    text = " ".join(f"key{i} filler{i}" for i in range(40)) + " faint"
    passage = excerpt(text, weights, Surfaces(None), limit=2000)
    marked = [(piece, level) for piece, level in passage.pieces if level]
    assert [piece for piece, _ in marked] == [f"key{i}" for i in range(12)]  # 15% of 81 words
    assert [level for _, level in marked] == [3] * 4 + [2] * 8  # 5% strongly
    few = excerpt("plain words and one faint", weights, Surfaces(None))
    assert [(piece, level) for piece, level in few.pieces if level] == [("faint", 1)]


def test_a_marked_word_longer_than_the_passage_is_passed_over():
    """A long line of letters, such as a sequence of DNA, is one word."""
    text, weights = f"{'z' * 900} {'one filler ' * 40}a key word {'z' * 900}", {"z" * 900: 1.0, "key": 0.5}
    passage = excerpt(text, weights, Surfaces(None), limit=100)
    assert "key" in [piece for piece, level in passage.pieces if level]
    whole = excerpt("z" * 900, weights, Surfaces(None), limit=100)
    assert whole.pieces == (("z" * 100, 0),) and whole.after


def test_marks_are_few_on_a_page(html):
    quotes = re.findall(r"<blockquote[^>]*>(.*?)</blockquote>", html, re.DOTALL)
    marked = sum(quote.count("<mark") for quote in quotes)
    assert 0 < marked <= 0.35 * sum(len(words_of(quote).split()) for quote in quotes)  # three of ten words each


def test_maps_have_names_and_not_numbers(html):
    for place in ("topic-map", "document-map"):
        drawing = html[html.index(f'<svg id="{place}"') :]
        drawing = drawing[: drawing.index("</svg>")]
        names = re.findall(r">([^<>]+)</text>", drawing)
        assert names.count("word11a, word11b") == 1 and sum("word" in name for name in names) >= 12


def tables(html):
    found = re.findall(r'<a download="([\w.]+)" href="data:text/csv;charset=utf-8;base64,([^"]+)"', html)
    return {name: list(csv.DictReader(io.StringIO(base64.b64decode(data).decode("utf-8-sig")))) for name, data in found}


def test_tables_are_in_the_page(burst, html):
    found = tables(html)
    assert set(found) == {"topics.csv", "words.csv", "examples.csv", "time.csv"}
    assert len(found["topics.csv"]) == 12 and len(found["time.csv"]) == 12 * 24
    led = burst.leading_counts()
    assert {int(row["topic"]): int(row["documents"]) for row in found["topics.csv"]} == dict(enumerate(led))
    first = next(row for row in found["words.csv"] if row["topic"] == "11" and row["rank"] == "1")
    assert (first["word"], float(first["probability"])) == ("word11a", pytest.approx(burst.beta[11, 88], rel=1e-5))
    assert len(found["examples.csv"]) == 120


def test_a_table_holds_no_formula(view_of_themes):
    view = view_of_themes(fields={"class": ["=HYPERLINK(1)", "+1"] * 30}).rename(0, "=cmd|calc")
    found = tables(render(view, by="class"))
    assert {row["class"] for row in found["classes.csv"]} == {"'=HYPERLINK(1)", "'+1"}
    assert "'=cmd|calc" in {row["label"] for row in found["topics.csv"]}


def test_names_are_labels_or_enough_words_to_differ(view_of_themes):
    view = view_of_themes(n_topics=6).rename(0, "Space " * 20)
    names = short_names(view, 2)
    assert len(names[0]) <= 48 and names[0].endswith("…")
    assert names[1] != names[2] and names[1].count(",") >= 1


def test_the_largest_topic_stands_first_and_its_size_is_told_by_one_number(html, burst):
    led = burst.leading_counts()
    rows = [int(k) for k in re.findall(r'<tr data-topic="(\d+)"', html)]
    assert [led[k] for k in rows] == sorted(led, reverse=True)
    assert (
        f"“word{rows[0]:02}a, word{rows[0]:02}b, word{rows[0]:02}c” ({led[rows[0]] / 3600:.1%} of the documents)"
        in summary(html)[0]
    )


def test_reliability_has_its_place_when_the_data_is_there(view_of_themes, monkeypatch):
    table = pd.DataFrame(
        {
            "documents": [100, 300],
            "confidence": [0.4, 0.9],
            "right": [0.4, 0.8],
            "low": [0.3, 0.75],
            "high": [0.5, 0.84],
        }
    )
    assert "Can the confidences be trusted?" not in render(view_of_themes().model)  # without documents
    monkeypatch.setattr(explore, "reliability", lambda view: table, raising=False)
    html = render(view_of_themes())
    assert html.index('id="details"') < html.index("Can the confidences be trusted?") < html.index("<h3>Scores</h3>")
    found = drawn(table, "Right is right.")  # |.4 - .4| of 100 and |.9 - .8| of 300 documents
    assert "by 7.5% on average" in found.sentence and "mostly too high" in found.sentence
    assert [(p.x, p.y) for p in found.points] == [(46 + 260 * 0.4, 10 + 260 * 0.6), (46 + 260 * 0.9, 62)]
    monkeypatch.setattr(explore, "reliability", refusing, raising=False)
    assert "Can the confidences be trusted?" not in render(view_of_themes())


def test_reliability_is_by_the_labels_that_the_view_is_calibrated_to(view_of_themes):
    noisy = [None if i % 4 else f"team {(i + i // 20) % 3}" for i in range(240)]
    view = view_of_themes(240, fields={"team": noisy})
    meaning = "A document is right if it has the most frequent label (team) of the documents of its topic."
    assert reliability_of(view.calibrate("team")).meaning == meaning
    assert meaning in render(view.calibrate("team"))
    assert reliability_of(view.calibrate(noisy)) is None  # the page has not these labels


def refusing(view):
    raise InputError("reliability needs a model of topicml")
