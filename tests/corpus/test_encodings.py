"""Encodings of text files: marks, cp1252 and Latin-1, and bytes that do not fit."""

import gzip
import re

import pytest

from topicml.corpus import Corpus
from topicml.corpus.sources.decoding import open_text, read_lines
from topicml.corpus.sources.wordlists import read_stop_words
from topicml.errors import InputError, TopicWarning

TEXT = "text,n\nI don\u2019t,1\n\u201ccafé\u201d,2\n"
FIRST = "I don\u2019t"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_mark_is_recognised(tmp_path, encoding, name):
    data = TEXT.encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert Corpus.read(tmp_path / name, preprocessor=False).fields["text"][0] == FIRST


def test_utf_16_of_the_other_order_is_recognised_by_its_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xfe\xff" + "one two".encode("utf-16-be"))
    assert read_lines(tmp_path / "a.txt") == ["one two"]


def test_a_mark_wins_over_a_wrong_encoding_and_says_so(tmp_path):
    (tmp_path / "a.csv").write_text(TEXT, encoding="utf-16")
    with pytest.warns(TopicWarning, match="begins with the mark of UTF-16, so it was read as UTF-16, not as iso8859-1"):
        corpus = Corpus.read(tmp_path / "a.csv", encoding="latin-1", preprocessor=False)
    assert corpus.fields["text"][0] == FIRST


def test_the_advice_for_a_windows_file_is_cp1252_and_shows_the_text(tmp_path):
    (tmp_path / "a.csv").write_text(TEXT, encoding="cp1252")
    message = r"line 2 has the byte 0x92 after 'I don'.*encoding='cp1252'.*reads 'I don\u2019t"
    with pytest.raises(InputError, match=message):
        Corpus.read(tmp_path / "a.csv")
    assert Corpus.read(tmp_path / "a.csv", encoding="cp1252", preprocessor=False).fields["text"][0] == FIRST


def test_latin_1_has_no_control_characters(tmp_path):
    (tmp_path / "a.txt").write_bytes(bytes(range(0x80, 0x100)) + b"\n")
    line = read_lines(tmp_path / "a.txt", "latin-1")[0]
    assert line.encode("cp1252", "replace")[:2] == b"\x80?" and len(line) == 128
    assert line[0x12] == "\u2019" and line[0x60:] == bytes(range(0xE0, 0x100)).decode("latin-1")
    assert line[1] == "\x81"  # which cp1252 does not define


def test_an_odd_byte_of_utf_16_is_an_error_in_words(tmp_path):
    (tmp_path / "a.csv").write_bytes(TEXT.encode("utf-16") + b"x")
    with pytest.raises(InputError, match=r"a\.csv is not UTF-16: line 4 has the byte 0x78"):
        Corpus.read(tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"a\.csv is not UTF-16"):
        Corpus.read(tmp_path / "a.csv", encoding="utf-16")


@pytest.mark.parametrize(("codec", "advised"), [("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")])
def test_utf_16_without_a_mark_is_not_read_as_words_with_nul(tmp_path, codec, advised):
    (tmp_path / "a.txt").write_bytes("one two three four".encode(codec))
    for encoding in ("utf-8", "latin-1"):
        with pytest.raises(InputError, match=f"bytes are 0.*encoding='{advised}'"):
            read_lines(tmp_path / "a.txt", encoding)
    assert read_lines(tmp_path / "a.txt", codec) == ["one two three four"]
    with pytest.raises(InputError, match=r"BOM.*--encoding utf-16-le"):
        read_lines(tmp_path / "a.txt", "utf-16")


@pytest.mark.parametrize("encoding", ["undefined", "utf\0", None, 8, "idna"])
def test_what_is_no_encoding_of_files_is_an_error_in_words(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 \x80\n")
    with pytest.raises(InputError):
        read_lines(tmp_path / "a.txt", encoding)


def test_a_folder_in_the_place_of_a_file_is_an_error_in_words(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(InputError, match=r"a\.txt cannot be read: Is a directory"), open_text(tmp_path / "a.txt"):
        pass


class TestStopWords:
    def test_the_mark_is_no_part_of_the_first_word(self, tmp_path):
        (tmp_path / "a.txt").write_text("bank\r\nloan\r\n\r\nbank\r\n", encoding="utf-8-sig")
        assert read_stop_words(tmp_path / "a.txt") == ["bank", "loan"]
        (tmp_path / "a.txt").write_text("bank\nloan\n", encoding="utf-16")
        assert read_stop_words(tmp_path / "a.txt") == ["bank", "loan"]

    def test_a_line_of_several_words_does_not_remove_each_of_them(self, tmp_path):
        (tmp_path / "a.txt").write_text("new car\nbank\ninterest rate\n")
        with pytest.warns(TopicWarning, match=r"several words on one line \('new car'\), and 1 more such lines"):
            assert read_stop_words(tmp_path / "a.txt") == ["bank"]
        (tmp_path / "a.txt").write_text("a an the\n")
        with pytest.raises(InputError, match=r"several words on one line.*Write one stop word on each line"):
            read_stop_words(tmp_path / "a.txt")

    def test_cp1252_is_read_and_said(self, tmp_path):
        (tmp_path / "a.txt").write_text("bank\ncafé\n", encoding="cp1252")
        with pytest.warns(TopicWarning, match="was read as cp1252, with words such as 'café'"):
            assert read_stop_words(tmp_path / "a.txt") == ["bank", "café"]

    def test_a_missing_or_empty_file_is_an_error_in_words(self, tmp_path):
        with pytest.raises(InputError, match="There is no file"):
            read_stop_words(tmp_path / "a.txt")
        (tmp_path / "a.txt").write_text("\n\n")
        with pytest.raises(InputError, match="has no word"):
            read_stop_words(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("content", "kind", "advice"),
    [
        (gzip.compress(b"text,n\nrocket,1\n", mtime=0), "a gzip file", r"\.gz"),
        (b"\x28\xb5\x2f\xfd\x04\x00\x41\x00", "a Zstandard file", r"\.zst"),
        (b"PK\x03\x04\x14\x00\x06\x00", "a zip archive or an Excel file", r"\.xlsx"),
        (b"PAR1\x15\x04\x15\x10", "a Parquet file", r"\.parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file", "Save it as CSV"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF file", "Extract"),
    ],
)
def test_a_file_that_is_no_text_is_named_and_no_encoding_is_advised(tmp_path, content, kind, advice):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"data\.csv is {re.escape(kind)}.*not text\..*{advice}") as raised:
        Corpus.read(path)
    assert "encoding" not in str(raised.value)


def test_texts_that_begin_like_such_a_file_are_read(tmp_path):
    path = tmp_path / "plain.txt"
    path.write_text("PAR1 rocket moon\nBZh orbit planet\n(µ/ý engine\n")
    assert len(Corpus.read(path)) == 3
