"""Tables of texts: files of every format, frames of every library, and malformed ones."""

import csv
import gzip
import json
import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.corpus import Corpus
from topicml.corpus.sources.delimited import read_delimited
from topicml.errors import InputError, TopicWarning

TEXTS = ['the cat, the "mat"', "two\nlines", "ünïcödé ☃"]
TAGS = ["a", "b", "a"]
YEARS = [2001, 2002, 2003]


def frame_as(kind):
    if kind == "pandas":
        import pandas

        return pandas.DataFrame({"title": TEXTS, "tag": TAGS, "year": YEARS}, index=[7, 8, 9])
    if kind == "pandas categories":
        import pandas

        return pandas.DataFrame({"title": TEXTS, "tag": pandas.Categorical(TAGS), "year": YEARS})
    if kind in ("polars", "polars lazy", "polars categories"):
        import polars

        frame = polars.DataFrame({"title": TEXTS, "tag": TAGS, "year": YEARS})
        if kind == "polars categories":
            frame = frame.with_columns(polars.col("tag").cast(polars.Categorical))
        return frame.lazy() if kind == "polars lazy" else frame
    if kind in ("datasets", "datasets chosen rows"):
        import datasets

        if kind == "datasets":
            return datasets.Dataset.from_dict({"title": TEXTS, "tag": TAGS, "year": YEARS})
        backwards = {"title": TEXTS[::-1], "tag": TAGS[::-1], "year": YEARS[::-1]}
        return datasets.Dataset.from_dict(backwards).select([2, 1, 0])
    table = pa.table({"title": TEXTS, "tag": TAGS, "year": YEARS})
    return table if kind == "arrow" else table.to_pydict()


KINDS = [
    "pandas",
    "pandas categories",
    "polars",
    "polars lazy",
    "polars categories",
    "datasets",
    "datasets chosen rows",
]


def write(path, kind):
    if kind == "csv":
        with open(path, "w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([["title", "tag", "year"], *zip(TEXTS, TAGS, YEARS, strict=True)])
    elif kind == "jsonl":
        rows = [{"title": a, "tag": b, "year": c} for a, b, c in zip(TEXTS, TAGS, YEARS, strict=True)]
        path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    elif kind == "json":
        rows = [{"title": a, "tag": b, "year": c} for a, b, c in zip(TEXTS, TAGS, YEARS, strict=True)]
        path.write_text(json.dumps(rows, indent=1), "utf-8")
    elif kind == "parquet":
        pq.write_table(pa.table({"title": TEXTS, "tag": TAGS, "year": YEARS}), path)


def check(corpus):
    assert corpus.fields["text"].tolist() == TEXTS
    assert corpus.fields["tag"].tolist() == corpus.fields["label"].tolist() == TAGS
    assert corpus.fields["year"].tolist() == YEARS
    assert set(corpus.fields) == {"text", "tag", "year"}
    assert list(corpus) == [text.split() for text in TEXTS]


@pytest.mark.parametrize("kind", [*KINDS, "arrow", "dict"])
def test_every_frame_gives_the_same_corpus(kind):
    if kind.partition(" ")[0] not in ("arrow", "dict"):
        pytest.importorskip(kind.partition(" ")[0])
    check(Corpus.from_frame(frame_as(kind), "title", "tag", preprocessor=False))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_every_file_gives_the_same_corpus(tmp_path, kind):
    path = tmp_path / f"texts.{kind}"
    write(path, kind)
    check(Corpus.read(path, text_column="title", label_column="tag", preprocessor=False))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
@pytest.mark.parametrize("end", ["gz", "zst"])
def test_compressed_files_are_recognised_by_their_suffix(tmp_path, kind, end):
    write(tmp_path / f"texts.{kind}", kind)
    content = (tmp_path / f"texts.{kind}").read_bytes()
    compress = gzip.compress if end == "gz" else pytest.importorskip("zstandard").ZstdCompressor().compress
    path = tmp_path / f"texts.{kind}.{end}"
    path.write_bytes(compress(content))
    check(Corpus.read(path, text_column="title", label_column="tag", preprocessor=False))
    path.write_bytes(compress(content)[:-10])
    with pytest.raises(InputError, match=r"is not a complete (gzip|zstd) file: "):
        Corpus.read(path, text_column="title", preprocessor=False)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=12)] * 2), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, rows, delimiter):
    path = tmp_path_factory.getbasetemp() / "round.csv"
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([["title", "note"], *rows])
    table = read_delimited(path, delimiter=None if delimiter != "\t" else "\t")
    for i, name in enumerate(["title", "note"]):
        column = table.column(name)
        if column.type == pa.large_string():  # else every value was a number or a date, and reads back as the same
            assert column.to_pylist() == [row[i] for row in rows]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", ""], pa.int64()),
        (["1", "2.5"], pa.float64()),
        (["007", "008"], pa.large_string()),
        (["12345678901234567890"], pa.large_string()),
        (["2020-01-31", "2021-12-01"], pa.date32()),
        (["2020-01-31 10:00:00", "2021-12-01 11:30:00"], pa.timestamp("us")),
        (["1", "two"], pa.large_string()),
        (["", ""], pa.large_string()),
        (["1_000", "2"], pa.large_string()),
    ],
)
def test_columns_of_a_csv_get_a_type_that_loses_no_information(tmp_path, values, kind):
    (tmp_path / "a.csv").write_text("text,value\n" + "".join(f"x,{value}\n" for value in values))
    assert read_delimited(tmp_path / "a.csv").column("value").type == kind


def test_tsv_with_and_without_quotes(tmp_path):
    (tmp_path / "plain.tsv").write_text('text\tn\n"Hello" he said\t1\nan 8" disk\t2\n')
    corpus = Corpus.read(tmp_path / "plain.tsv", preprocessor=False)
    assert corpus.fields["text"].tolist() == ['"Hello" he said', 'an 8" disk']
    (tmp_path / "quoted.tsv").write_text('text\tn\n"a ""b""\tc"\t1\n')
    assert Corpus.read(tmp_path / "quoted.tsv", preprocessor=False).fields["text"].tolist() == ['a "b"\tc']


def test_a_long_document_and_a_byte_order_mark(tmp_path):
    (tmp_path / "a.csv").write_text("text\n" + "word " * 100_000 + "\n", "utf-8-sig")
    assert Corpus.read(tmp_path / "a.csv", preprocessor=False).n_tokens == 100_000


class TestTextColumn:
    @pytest.mark.parametrize(
        ("columns", "found"),
        [
            ({"title": ["a"], "text": ["b"], "url": ["a longer one"]}, "text"),
            ({"Title": ["a"], "Body": ["b"]}, "Body"),
            ({"id": ["1"], "remarks": ["a long remark"], "name": ["x"]}, "remarks"),
            ({"id": ["1"], "body": ["a b"]}, "body"),
            ({"team": ["sport"], "parts": [["a", "b", "c", "d"]]}, "parts"),
            ({"tags": [["a", "b"]], "question": ["how does one do it"]}, "question"),
        ],
    )
    def test_it_is_found_by_name_else_by_length(self, columns, found, caplog):
        with caplog.at_level(logging.INFO, logger="topicml"):
            corpus = Corpus.from_frame(columns, preprocessor=False)
        texts = columns[found][0]
        assert list(corpus) == [texts.split() if isinstance(texts, str) else texts]
        assert f"column {found!r}" in caplog.text

    def test_a_clashing_column_name_gets_an_underscore(self):
        corpus = Corpus.from_frame(
            {"text": ["x"], "text_": ["y"], "body": ["the body"], "label": ["l"], "tag": ["t"]},
            text_column="body",
            label_column="tag",
            preprocessor=False,
        )
        assert {name: corpus.fields[name][0] for name in corpus.fields} == {
            **{"text": "the body", "label": "l", "tag": "t"},
            **{"text__": "x", "text_": "y"},
        }
        assert corpus.fields.label_name == "tag" and corpus.fields.labels.tolist() == ["t"]

    def test_text_and_label_may_have_each_others_names(self):
        corpus = Corpus.from_frame({"text": ["l"], "label": ["the text"]}, "label", "text", preprocessor=False)
        assert corpus.fields["text"].tolist() == ["the text"]
        assert corpus.fields["label"].tolist() == ["l"]
        assert list(corpus.fields) == ["text_", "text"]

    def test_lists_of_tokens_are_not_preprocessed(self):
        corpus = Corpus.from_frame({"words": [["A", "the", "a b"], None, []], "n": [1, 2, 3]}, "words")
        assert list(corpus) == [["A", "the", "a b"], [], []]
        assert list(corpus.fields) == ["n"]

    def test_a_missing_text_is_an_empty_document(self):
        with pytest.warns(TopicWarning, match=r"1 of 3 documents has no words \(row 1 counted from 0\)"):
            corpus = Corpus.from_frame({"text": ["a b", None, "c"]}, preprocessor=False)
        assert corpus.empty.tolist() == [1]
        assert corpus.fields["text"].tolist() == ["a b", "", "c"]


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.csv", "", r"a\.csv is empty"),
            ("a.csv", "\n\ntext\n", r"a\.csv is empty, or its first line is"),
            ("a.csv", "text,n\n", r"no rows in .*a\.csv"),
            ("a.csv", "text,n\nx,1\ny,2,3\n", r"The row in line 3 of .*a\.csv has 3 values, but there are 2 columns"),
            ("a.csv", 'text,n\n"x\ny",1\n\nz\n', r"The row in line 5 of .*a\.csv has 1 values, but there are 2"),
            ("a.csv", 'text,n\n"x,1\n', r"a\.csv: the row that begins in line 2: .*quot"),
            ("a.csv", 'text,n\n"x"y,1\n', r"a\.csv: the row that begins in line 2"),
            ("a.csv", "text,text\nx,y\n", r"more than one column 'text'"),
            ("a.csv", "n,m\n1,2\n", r"No column of .*a\.csv contains text.*'n', 'm'"),
            ("a.jsonl", "", r"a\.jsonl is empty"),
            ("a.jsonl", '{"text": "x"}\n{"text": \n', r"Line 2 of .*a\.jsonl is not JSON"),
            ("a.jsonl", '{"text": "x"}\n[1]\n', r"Line 2 of .*a\.jsonl is \[1\], not a JSON object"),
            ("a.json", "[]", r"a\.json is empty"),
            ("a.parquet", "PAR1", r"cannot be read as Parquet"),
        ],
    )
    def test_the_message_names_file_and_row(self, tmp_path, name, content, message):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=message):
            Corpus.read(tmp_path / name, preprocessor=False)

    def test_a_misspelt_column_raises_with_the_nearest_and_all_columns(self):
        for argument in ("text_column", "label_column"):
            with pytest.raises(InputError, match=r"no column 'Titel'.*Did you mean 'title'\?.*'title', 'tag', 'year'"):
                Corpus.from_frame(frame_as("arrow"), **{argument: "Titel"})

    def test_a_text_column_of_numbers_raises(self):
        with pytest.raises(InputError, match=r"Column 'year' of the table has the type int64, not text.*'title'"):
            Corpus.from_frame(frame_as("arrow"), "year")

    def test_one_column_cannot_be_both(self):
        with pytest.raises(InputError, match="both text and label"):
            Corpus.from_frame(frame_as("arrow"), "title", "title")

    def test_a_wrong_encoding_raises_with_its_line_and_the_right_one_works(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_bytes("text,n\nplain,1\ncafé au lait,2\n".encode("latin-1"))
        with pytest.raises(InputError, match=r"a\.csv is not UTF-8: line 3 has the byte 0xe9 after 'caf'.*encoding="):
            Corpus.read(path)
        assert Corpus.read(path, encoding="latin-1", preprocessor=False).document(1) == ["café", "au", "lait"]
        for none in ("latin-99", "rot13"):
            with pytest.raises(InputError, match=f"no encoding '{none}'"):
                Corpus.read(path, encoding=none)

    def test_utf_16_works_when_given(self, tmp_path):
        (tmp_path / "a.csv").write_text("text,n\ncafé,2\n", "utf-16")
        assert Corpus.read(tmp_path / "a.csv", encoding="utf-16", preprocessor=False).document(0) == ["café"]
        assert Corpus.read(tmp_path / "a.csv", preprocessor=False).document(0) == ["café"]

    @pytest.mark.parametrize("frame", [3, [1], np.zeros(3)])
    def test_an_unsupported_frame_raises(self, frame):
        with pytest.raises(InputError, match="not a supported frame"):
            Corpus.from_frame(frame)

    def test_a_dict_of_splits_names_them(self):
        datasets = pytest.importorskip("datasets")
        both = datasets.DatasetDict({"train": frame_as("datasets"), "test": frame_as("datasets")})
        with pytest.raises(InputError, match=r"choose one of its splits: 'train', 'test'"):
            Corpus.from_frame(both)

    def test_pandas_column_names_may_be_numbers_but_must_be_unique(self):
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame([["a b", "x"], ["c", "y"]])
        corpus = Corpus.from_frame(frame, text_column=0, label_column=1, preprocessor=False)
        assert list(corpus) == [["a", "b"], ["c"]] and corpus.fields["label"].tolist() == ["x", "y"]
        with pytest.raises(InputError, match=r"no column '2' in the table.*'0', '1'"):
            Corpus.from_frame(frame, text_column=2)
        frame.columns = ["text", "text"]
        with pytest.raises(InputError, match=r"more than one column 'text'"):
            Corpus.from_frame(frame)


def test_json_keys_that_objects_lack_are_missing_and_mixed_values_become_json(tmp_path):
    rows = [{"text": "a", "id": 1}, {"text": "b", "id": "two", "more": {"k": [1]}}, {"text": "\ud83d c", "id": None}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    corpus = Corpus.read(tmp_path / "a.jsonl", preprocessor=False)
    assert corpus.fields["id"].tolist() == ["1", "two", None]
    assert corpus.fields["more"].tolist() == [None, {"k": [1]}, None]
    assert corpus.fields["text"].tolist() == ["a", "b", "\ufffd c"]


def test_stack_overflow_titles(shared_corpora):
    corpus = Corpus.read(shared_corpora / "StackOverflow-raw" / "titles.csv", "title", "tag", preprocessor=False)
    assert len(corpus) == 20_000
    assert len(set(corpus.fields["label"])) == 20
    assert corpus.fields["text"][0] == "How do I fill a DataSet or a DataTable from a LINQ query resultset ?"
    assert corpus.document(0)[:4] == ["How", "do", "I", "fill"]
