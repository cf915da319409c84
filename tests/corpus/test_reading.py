"""`Corpus.read`: recognised formats, messages for the others, and named corpora."""

import codecs
import dataclasses
import functools
import http.server
import pickle
import threading
import tomllib
from pathlib import Path

import pytest

from topicml.corpus import Corpus, named
from topicml.errors import InputError, TopicWarning

CARDS = Path(__file__).parents[2] / "corpora"


def test_a_saved_corpus_is_recognised(tmp_path):
    Corpus.from_tokens([["a", "b"], ["b"]]).save(tmp_path / "c")
    corpus = Corpus.read(tmp_path / "c")
    assert list(corpus) == [["a", "b"], ["b"]]
    assert not corpus.tokens.flags.writeable


@pytest.mark.parametrize(
    ("make", "arguments", "unused"),
    [
        (lambda folder: (folder / "corpus.tsv").write_text("a b\n"), {"preprocessor": False}, "preprocessor"),
        (lambda folder: (folder / "corpus.tsv").write_text("a b\n"), {"text_column": "t"}, "text_column"),
        (lambda folder: (folder / "a.txt").write_text("a b\n"), {"preprocessor": False, "split": "test"}, "split"),
    ],
)
def test_the_warning_names_arguments_that_do_not_apply(tmp_path, make, arguments, unused):
    make(tmp_path)
    with pytest.warns(TopicWarning, match=rf"For .*, an? .*folder of (tokens|text files), {unused} had no effect"):
        assert list(Corpus.read(tmp_path, **arguments)) == [["a", "b"]]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.csv", r"no file or folder absent\.csv.*Named corpora: .*lee"),
        ("20newsgroupss", r"Did you mean '20newsgroups'\?"),
        ("", "empty string"),
        ("bbc-news", r"Did you mean 'BBC_News'\?"),
    ],
)
def test_a_missing_source_raises_with_the_nearest_name(name, message):
    with pytest.raises(InputError, match=message):
        Corpus.read(name)


def test_an_unknown_format_raises(tmp_path):
    (tmp_path / "notes.docx").write_text("x")
    with pytest.raises(InputError, match=r"contains notes\.docx\. Known formats: a saved corpus"):
        Corpus.read(tmp_path)
    with pytest.raises(InputError, match=r"suffix \'\.docx\'.*\.csv, \.tsv"):
        Corpus.read(tmp_path / "notes.docx")
    with pytest.raises(InputError, match=r"takes a path or a name, not a list.*from_texts"):
        Corpus.read(["a text"])


def test_a_source_without_words_raises(tmp_path):
    (tmp_path / "a.txt").write_text("\n \n\t\n")
    with pytest.raises(InputError, match="None of 3 documents has a word"):
        Corpus.read(tmp_path / "a.txt", preprocessor=False)


def test_an_empty_text_file_raises(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(InputError, match=r"a\.txt is empty"):
        Corpus.read(tmp_path / "a.txt")


class TestNamed:
    def test_cards_are_complete(self):
        assert {card.name for card in named.cards()} == {
            *("lee", "20newsgroups", "20NewsGroup", "BBC_News", "DBLP", "M10", "DBPedia_IT", "Europarl_IT"),
        }
        for card in named.cards():
            assert card.documents > 0
            assert card.reader in {"gensim", "sklearn", "octis"}
            assert all([card.title, card.licence, card.source, card.description, card.language])
            assert card.reader == "gensim" or card.url.startswith("https://")

    def test_each_card_has_a_file_of_its_name(self):
        assert {path.stem for path in CARDS.glob("*.toml")} == {
            tomllib.loads(path.read_text("utf-8"))["name"] for path in CARDS.glob("*.toml")
        }

    def test_names_of_any_case(self):
        assert named.card("LEE").name == "lee"
        with pytest.raises(InputError, match="No corpus is named 'x'; the named corpora are 20NewsGroup, 20newsgroups"):
            named.card("x")

    def test_lee_needs_no_network(self):
        corpus = Corpus.read("lee", preprocessor=False)
        assert len(corpus) == named.card("lee").documents == 300
        assert corpus.document(0)[:4] == ["Hundreds", "of", "people", "have"]
        assert corpus.fields["text"][0].startswith("Hundreds of people have been forced")

    def test_a_folder_takes_precedence_over_a_named_corpus(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path("lee").mkdir()
        Path("lee/a.txt").write_text("mine")
        assert list(Corpus.read("lee", preprocessor=False)) == [["mine"]]

    @pytest.fixture
    def served(self, tmp_path, monkeypatch):
        """Serve a folder as OCTIS's M10 on this machine, with a home of its own."""
        monkeypatch.setenv("TOPICML_HOME", str(tmp_path / "home"))
        (tmp_path / "served").mkdir()

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

        handler = functools.partial(Quiet, directory=str(tmp_path / "served"))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}"
            cards = [dataclasses.replace(card, url=url) if card.name == "M10" else card for card in named.cards()]
            monkeypatch.setattr("topicml.corpus.cards.cards", lambda: tuple(cards))
            yield tmp_path / "served"
            server.shutdown()

    def test_octis_is_downloaded_once(self, served, tmp_path):
        (served / "corpus.tsv").write_text("b a\ttrain\tx\na\ttest\ty\n")
        (served / "vocabulary.txt").write_text("a\nb\n")
        corpus = Corpus.read("M10")
        assert list(corpus) == [["b", "a"], ["a"]]
        assert sorted(path.name for path in (tmp_path / "home/corpora/M10").iterdir()) == [
            "corpus.tsv",
            "vocabulary.txt",
        ]
        (served / "corpus.tsv").unlink()
        assert named.load("m10", split="test").fields["label"].tolist() == ["y"]

    def test_a_failed_download_names_file_and_place(self, served, tmp_path):
        (served / "corpus.tsv").write_text("a\n")
        place = tmp_path / "home/corpora/M10/vocabulary.txt"
        with pytest.raises(InputError, match=rf"M10 could not be downloaded \(.*http.*vocabulary\.txt as {place}"):
            Corpus.read("M10")
        place.write_text("a\n")
        assert list(Corpus.read("M10")) == [["a"]]

    def test_twenty_newsgroups_is_read_by_scikit_learn(self, tmp_path, monkeypatch):
        from sklearn.utils import Bunch

        monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
        parts = {
            split: Bunch(
                data=[f"From: me\nSubject: x\n\nText {split} {i}" for i in range(2)],
                target=[i % 2 for i in range(2)],
                target_names=["sci.space", "rec.autos"],
                filenames=["a", "b"],
            )
            for split in ("train", "test")
        }
        packed = codecs.encode(pickle.dumps(parts), "zlib_codec")
        (tmp_path / "20news-bydate_py3.pkz").write_bytes(packed)
        corpus = Corpus.read("20newsgroups", preprocessor=False)
        assert list(corpus) == [["Text", split, str(i)] for split in ("train", "test") for i in range(2)]
        assert corpus.fields["label"].tolist() == ["sci.space", "rec.autos"] * 2
        assert corpus.fields["partition"].tolist() == ["train"] * 2 + ["test"] * 2
        assert len(named.load("20newsgroups", preprocessor=False, split="test")) == 2

    def test_twenty_newsgroups_without_a_network(self, tmp_path, monkeypatch):
        import urllib.error

        def no_network(**_: object) -> None:
            raise urllib.error.URLError("no route to host")

        monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
        monkeypatch.setattr("sklearn.datasets.fetch_20newsgroups", no_network)
        place = tmp_path / "20news_home" / "20news-bydate.tar.gz"
        with pytest.raises(InputError, match=rf"\(no route to host\).*figshare\.com/files/5975967 as {place}"):
            Corpus.read("20newsgroups")
