"""The blind reading: what readers see and do not see, their forms, and the mean ratings."""

import csv
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.corpus.synthetic import short_text
from topicml.experiment import runner
from topicml.experiment.outcome import Outcome

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import reading
import reading_result
from systems import GROUPS

SYSTEMS = ("ProdLDA", "scikit-learn NMF")
N_TOPICS = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A corpus of raw texts, and one of words in order."""
    place = tmp_path_factory.mktemp("corpora")
    drawn = short_text(n_docs=200, n_topics=4, n_words=100, min_length=8, max_length=12, random_state=1).corpus
    drawn.save(place / "AGNews")
    (place / "StackOverflow-raw").mkdir()
    with open(place / "StackOverflow-raw" / "titles.csv", "w", encoding="utf-8", newline="") as stream:
        names = ["table", "query", "thread", "lambda", "widget", "socket", "kernel", "cursor", "branch", "commit"]
        names += ["string", "pixel", "server", "folder", "parser", "filter"]
        titles = [f"How do I {a} a {b}, {c}?" for a in names for b in names for c in names if len({a, b, c}) == 3]
        csv.writer(stream).writerows([("title", "tag"), *((title, title[9]) for title in titles[::16])])
    return place


@pytest.fixture
def drawn(folder, tmp_path, monkeypatch):
    """The folder of a sheet of 16 topics, from made-up fits."""
    monkeypatch.setattr(reading, "FOLDER", folder)
    monkeypatch.setattr(reading.grid, "__defaults__", (folder,))

    def made_up(run, place, *, held_out, **options):
        train, judged = Corpus.open(place / "corpus"), Corpus.open(held_out)
        rng = np.random.default_rng(len(run.model.name))
        topics = [list(rng.permutation(list(train.vocabulary)))[:25] for _ in range(N_TOPICS)]
        thetas = [rng.dirichlet(np.full(N_TOPICS, 0.1), each.n_docs).astype(np.float32) for each in (judged, train)]
        cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "peak_mb": 100.0, "process_s": 2.0, "versions": {}}
        return Outcome(topics, thetas[0], None, cost, {}, training_theta=thetas[1])

    monkeypatch.setattr(runner, "fit_in_process", made_up)
    draw(tmp_path / "sheet", tmp_path / "runs")
    return tmp_path / "sheet"


def draw(out, runs, *more, topics=16):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = ["--systems", *SYSTEMS, "--corpora", "StackOverflow-raw", "AGNews", "--n-topics", str(N_TOPICS)]
        reading.main(["draw", "--out", str(out), "--runs", str(runs), "--topics", str(topics), *names, *more])


def topics_of(drawn):
    return [reading.Topic(**each) for each in json.loads((drawn / "key.json").read_text())]


def form(path, ratings, name="a name"):
    with open(path, "w", encoding="utf-8", newline="") as stream:
        rows = [(i, words, documents, name) for i, (words, documents) in enumerate(ratings, 1)]
        csv.writer(stream).writerows([reading.COLUMNS, *rows])
    return path


def test_the_sheet_names_no_source(drawn):
    sheet = (drawn / "sheet.md").read_text()
    for entries in GROUPS.values():
        assert not any(entry.name.removesuffix(" †") in sheet for entry in entries)
    assert not any(name in sheet for name in ("StackOverflow", "AGNews", "topicml", "LDA", "NMF"))
    assert (drawn / "ratings.csv").read_text().splitlines()[1] == "1,,,"


def test_as_many_topics_of_each_system_and_corpus_in_random_order(drawn):
    cells = [(topic.system, topic.corpus) for topic in topics_of(drawn)]
    assert {cells.count(cell) for cell in cells} == {4} and len(set(cells)) == 4
    assert cells != sorted(cells) and len(set(cells[:4])) > 1
    numbers = [(topic.system, topic.corpus, topic.number) for topic in topics_of(drawn)]
    assert len(set(numbers)) == 16


def test_the_sheet_has_the_words_and_held_out_documents_of_the_key(drawn, folder):
    blocks = (drawn / "sheet.md").read_text().split("## Topic ")[1:]
    unseen = {}
    for name, (source, options) in {"AGNews": ("AGNews", {}), **reading.SOURCES}.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, held_out = Corpus.read(folder / source, **options).split(0.6, 1234)
        unseen[name] = {reading.text_of(held_out, row) for row in range(held_out.n_docs)}
    for block, topic in zip(blocks, topics_of(drawn), strict=True):
        lines = block.splitlines()
        assert lines[2] == f"**{', '.join(topic.words)}**" and len(topic.words) == 10
        assert [line[2:] for line in lines if line.startswith("- ")] == topic.documents
        assert 1 <= len(topic.documents) <= 5 and {*topic.documents} <= unseen[topic.corpus]
        assert len({*topic.documents}) == len(topic.documents)
    assert any(document.startswith("How do I ") for topic in topics_of(drawn) for document in topic.documents)


def test_documents_are_led_by_their_topic_and_not_empty():
    counts = np.array([[1, 0], [0, 0], [0, 2], [3, 0]])
    held_out = Corpus.from_tokens([["a"], [], ["b", "b"], ["a", "a", "a"]])
    theta = np.array([[0.9, 0.1, 0], [0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.4, 0]])
    assert held_out.counts.sum() == counts.sum()
    outcome = Outcome([["a"], ["b"], ["c"]], theta, None, {})
    topics = reading.drawn_topics(outcome, held_out, 2, np.random.default_rng(0), system="s", corpus="c")
    assert {topic.number: sorted(topic.documents) for topic in topics} == {0: ["a", "a a a"], 1: ["b b"]}
    with pytest.raises(SystemExit, match="Only 2 topics of s lead a held-out document of c; 3 are to be drawn"):
        reading.drawn_topics(outcome, held_out, 3, np.random.default_rng(0), system="s", corpus="c")


def test_long_documents_are_cut():
    corpus = Corpus.from_tokens([["w"] * 60, ["w"] * 61])
    assert [len(reading.text_of(corpus, row).split()) for row in (0, 1)] == [60, 61]
    assert reading.text_of(corpus, 1).endswith("w …") and not reading.text_of(corpus, 0).endswith("…")


def test_a_drawn_sheet_is_not_overwritten(drawn, tmp_path):
    with pytest.raises(SystemExit, match="exists; readers may have its sheet"):
        draw(drawn, tmp_path / "runs")


def test_the_number_of_topics_must_be_even_over_systems_and_corpora(tmp_path):
    with pytest.raises(SystemExit, match="multiple of 4"):
        draw(tmp_path / "new", tmp_path / "runs", topics=18)


def test_means_of_each_system(drawn, tmp_path):
    topics = topics_of(drawn)
    first = form(tmp_path / "1.csv", [(5, 4) if topic.system == "ProdLDA" else (2, 3) for topic in topics])
    second = form(tmp_path / "2.csv", [(4, 4) if topic.system == "ProdLDA" else (2, 1) for topic in topics], "None")
    reading.main(["rate", "--drawn", str(drawn), "--out", str(tmp_path / "reading.md"), str(first), str(second)])
    page = (tmp_path / "reading.md").read_text()
    assert "| ProdLDA | 4.50 [4.50, 4.50] | 4.00 [4.00, 4.00] | 50% |  |  |" in page
    assert "| scikit-learn NMF | 2.00 [2.00, 2.00] | 2.00 [2.00, 2.00] | 50% | +2.50 [+2.50, +2.50] | +2.00" in page
    documents = [text for topic in topics for text in topic.documents]
    assert "16 topics, 8 of each system" in page and not any(text in page for text in documents)
    assert f"| 1 | {topics[0].system} | {topics[0].corpus} | {', '.join(topics[0].words)} |" in page


def test_the_interval_is_over_topics():
    text = reading_result.with_interval([1, 5] * 8)
    mean, low, high = (float(part.strip("[],")) for part in text.split())
    assert mean == 3 and 1.9 < low < 2.2 and 3.8 < high < 4.1  # the standard error is 2 / sqrt(16) = .5


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 3, 5], [1, 3, 5], 1.0),
        ([4, 4, 4], [4, 4, 4], 1.0),
        ([1, 5, 1, 5], [5, 1, 5, 1], -1.0),
        ([1, 5], [3, 3], 0.0),
    ],
)
def test_agreement_is_weighted_kappa(first, second, expected):
    assert reading_result.kappa(first, second) == pytest.approx(expected)


def test_one_reader_has_no_agreement():
    assert reading_result.agreement_part([[{"words": 1, "documents": 1}]]) == "There is one reader, so no agreement."


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["topic,words,documents", "1,3,3"], "needs the columns"),
        ([], "needs the columns"),
        (["1,6,3,a", "2,3,3,a"], "line 2: words must be 1 to 5; received '6'"),
        (["1,3,,a", "2,3,3,a"], "line 2: documents must be 1 to 5; received ''"),
        (["1,3,2.5,a", "2,3,3,a"], r"documents must be 1 to 5; received '2\.5'"),
        (["1,3,3,a", "3,3,3,a"], "line 3: topic must be 1 to 2; received '3'"),
        (["1,3,3, ", "2,3,3,a"], "line 2: the name is missing. Write none"),
        (["1,3,3,a", "1,3,3,a"], "line 3: topic 1 is there twice"),
        (["1,3,3,a"], "has no rating of topic 2"),
    ],
)
def test_a_form_that_is_not_complete_is_refused(tmp_path, rows, message):
    lines = rows if not rows or rows[0].startswith("topic") else [",".join(reading.COLUMNS), *rows]
    (tmp_path / "form.csv").write_text("\n".join(lines))
    with pytest.raises(SystemExit, match=message):
        reading_result.read_form(tmp_path / "form.csv", 2)


def test_a_changed_key_is_refused(drawn, tmp_path):
    path = form(tmp_path / "1.csv", [(3, 3)] * 16)
    key = (drawn / "key.json").read_text()
    (drawn / "key.json").write_text(key.replace("ProdLDA", "LDAProd", 1))
    with pytest.raises(SystemExit, match="is not the key of"):
        reading.main(["rate", "--drawn", str(drawn), "--out", str(tmp_path / "reading.md"), str(path)])
