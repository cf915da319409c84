"""Folders of classes with notes beside them, OCTIS's row numbers, and the home folder."""

import pytest

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning


def classes(folder, names=("sport/1.txt", "sport/2.txt", "art/1.txt")):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"about {name}")
    return folder


class TestClassFolders:
    @pytest.mark.parametrize("note", ["README.txt", "readme.de.txt", "LICENSE.txt"])
    def test_a_note_beside_them_is_left_out_and_told(self, tmp_path, note):
        classes(tmp_path)
        (tmp_path / note).write_text("about this data set")
        with pytest.warns(TopicWarning, match=f"{note} describes the data, and was left out"):
            corpus = Corpus.read(tmp_path, preprocessor=False)
        assert corpus.fields["label"].tolist() == ["art", "sport", "sport"]
        assert corpus.fields["file"].tolist() == ["art/1.txt", "sport/1.txt", "sport/2.txt"]

    def test_a_document_beside_them_has_no_label_and_is_told(self, tmp_path):
        classes(tmp_path)
        (tmp_path / "stray.txt").write_text("a document")
        with pytest.warns(TopicWarning, match=r"stray\.txt is in no subfolder, and has no label"):
            corpus = Corpus.read(tmp_path, preprocessor=False)
        assert corpus.fields["label"].tolist() == ["art", "sport", "sport", None]

    def test_a_readme_in_a_folder_without_classes_is_a_document(self, tmp_path):
        classes(tmp_path, ("README.txt", "a.txt", "more/b.txt"))
        corpus = Corpus.read(tmp_path, preprocessor=False)
        assert corpus.n_docs == 3 and "label" not in corpus.fields


class TestOctisRowNumbers:
    @pytest.mark.parametrize("header", ["", "\t0\t1\t2\n"])
    @pytest.mark.parametrize("first", [0, 1])
    def test_they_are_left_out_and_told(self, tmp_path, header, first):
        rows = "".join(f"{i + first}\tone two\t{part}\tx\n" for i, part in enumerate(["train", "val", "test"]))
        (tmp_path / "corpus.tsv").write_text(header + rows)
        with pytest.warns(TopicWarning, match=r"first column of .*corpus\.tsv counts the rows, and was left out"):
            corpus = Corpus.read(tmp_path)
        assert list(corpus) == [["one", "two"]] * 3
        assert corpus.fields["partition"].tolist() == ["train", "val", "test"]
        assert corpus.fields["label"].tolist() == ["x"] * 3

    def test_documents_that_are_numbers_stay(self, tmp_path):
        (tmp_path / "corpus.tsv").write_text("0\ttrain\n1\ttest\n")
        assert list(Corpus.read(tmp_path)) == [["0"], ["1"]]


class TestHome:
    def test_reading_saving_and_opening_mean_the_same_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path)
        corpus = Corpus.from_tokens([["a", "b"], ["b"]])
        corpus.save("~/c")
        assert {path.name for path in (tmp_path / "home").iterdir()} <= {"c", ".cache"}  # .cache has the key of `trust`
        assert (tmp_path / "home" / "c").is_dir()
        assert not (tmp_path / "~").exists()
        assert list(Corpus.open("~/c")) == list(Corpus.read("~/c")) == list(corpus)
        with pytest.raises(InputError, match="exists already"):
            corpus.save("~/c")

    def test_a_user_who_does_not_exist_is_an_error_in_words(self):
        with pytest.raises(InputError, match="There is no file or folder ~nobody-of-this-name"):
            Corpus.read("~nobody-of-this-name/a.csv")


@pytest.mark.parametrize("name", ["a" * 5000 + ".csv", "a\0.csv"])
def test_a_name_that_no_system_takes_is_an_error_in_words(name):
    with pytest.raises(InputError):
        Corpus.read(name)


@pytest.mark.parametrize(
    ("suffix", "advice"), [(".xls", r"Save it as \.xlsx or \.csv"), (".pdf", r"Save its text as \.txt")]
)
def test_formats_that_are_not_read_say_what_to_do(tmp_path, suffix, advice):
    (tmp_path / f"a{suffix}").write_bytes(b"x")
    with pytest.raises(InputError, match=advice):
        Corpus.read(tmp_path / f"a{suffix}")
