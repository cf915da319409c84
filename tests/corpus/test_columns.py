"""Columns of frames of every kind, the order of classes, and the column of labels."""

import datetime
import decimal
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from topicml.corpus import Corpus
from topicml.corpus.columns import column_of
from topicml.corpus.fields import ORIGINAL_NAME
from topicml.errors import InputError, TopicWarning

TEXTS = ["a cat", "a dog", "a bird", "a cow"]


def fields_of(**columns):
    return Corpus.from_frame({"text": TEXTS, **columns}, preprocessor=False).fields


def frame_of(**columns):
    return pytest.importorskip("pandas").DataFrame({"text": TEXTS, **columns})


def test_values_of_several_kinds_become_text_and_cost_nothing_else():
    frame = frame_of(id=[1, "12a", None, 2.5], mixed=[{"a": 1}, 2, float("nan"), [1, "x"]], n=[1, 2, 3, 4])
    fields = Corpus.from_frame(frame, preprocessor=False).fields
    assert fields["id"].tolist() == ["1", "12a", None, "2.5"]
    assert fields["mixed"].tolist() == ['{"a": 1}', "2", None, '[1, "x"]']
    assert fields["n"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, "x", None, True], ["1", "x", None, "True"]),
        ([1 + 2j, 0j, 1j, 2j], ["(1+2j)", "0j", "1j", "2j"]),
        ([object, 1, b"caf\xc3\xa9", "\ud83d"], ["<class 'object'>", "1", "café", "\ufffd"]),
        ([decimal.Decimal("1.5"), "x", datetime.date(2024, 1, 2), np.float32(2)], ["1.5", "x", "2024-01-02", "2.0"]),
        ([b"caf\xc3\xa9", b"x", None, b""], ["café", "x", None, ""]),
        (pa.array(["x", None, "y", "x"]).dictionary_encode(), ["x", None, "y", "x"]),
        (pa.nulls(4), [None] * 4),
        (iter([1, 2, 3, 4]), [1, 2, 3, 4]),
    ],
)
def test_a_column_of_any_values_is_read(values, expected):
    assert fields_of(x=values)["x"].tolist() == expected


def test_json_that_is_nested_deeply_becomes_text():
    deep = [1]
    for _ in range(200):
        deep = [deep]
    assert fields_of(x=[deep, [1], None, [2]])["x"][0] == json.dumps(deep)


def test_pandas_intervals_categories_periods_and_sparse_values():
    pandas = pytest.importorskip("pandas")
    frame = frame_of(
        cut=pandas.cut([95, 9, 20, 9], [0, 10, 100]),
        interval=pandas.arrays.IntervalArray.from_tuples([(10, 20), (9, 10), (10, 20), (0, 9)]),
        size=pandas.Categorical(["small", "large", None, "large"], categories=["small", "medium", "large"]),
        month=pandas.period_range("2024-01", periods=4, freq="M"),
        sparse=pandas.arrays.SparseArray([0, 0, 1, 0]),
    )
    fields = Corpus.from_frame(frame, preprocessor=False).fields
    assert fields["cut"].tolist() == ["(10, 100]", "(0, 10]", "(10, 100]", "(0, 10]"]
    assert fields.classes("cut")[0] == ["(0, 10]", "(10, 100]"]
    assert fields.classes("interval")[0] == ["(0, 9]", "(9, 10]", "(10, 20]"]
    names, codes = fields.classes("size")
    assert names == ["small", "large"] and codes.tolist() == [0, 1, -1, 1]
    assert fields["size"].tolist() == ["small", "large", None, "large"]
    assert fields["month"][3] == np.datetime64("2024-04-01")
    assert fields["sparse"].tolist() == [0, 0, 1, 0]


def test_polars_enums_keep_their_order_and_objects_are_their_text():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {"text": TEXTS, "size": ["s", "l", None, "l"], "o": [1, "x", (2,), None]},
        schema={"text": polars.String, "size": polars.Enum(["s", "m", "l"]), "o": polars.Object},
    )
    fields = Corpus.from_frame(frame, preprocessor=False).fields
    assert fields.classes("size")[0] == ["s", "l"]
    assert fields["o"].tolist() == ["1", "x", "[2]", None]


def test_missing_categories_of_several_chunks_stay_missing():
    parts = [
        pa.DictionaryArray.from_arrays(pa.array([1, None], pa.int8()), pa.array(names), ordered=True)
        for names in (["small", "large"], ["small", "large"])
    ]
    fields = fields_of(size=pa.chunked_array(parts))
    assert fields["size"].tolist() == ["large", None, "large", None]
    assert fields.classes("size")[1].tolist() == [0, -1, 0, -1]


def test_an_order_survives_selection_and_saving(tmp_path):
    pandas = pytest.importorskip("pandas")
    size = pandas.Categorical(["small", "large", None, "large"], categories=["small", "large"])
    corpus = Corpus.from_frame(frame_of(size=size), label_column="size", preprocessor=False)
    corpus[[3, 2, 0]].save(tmp_path / "c")
    fields = Corpus.open(tmp_path / "c").fields
    assert fields["size"].tolist() == ["large", None, "small"]
    assert fields.classes("size")[0] == ["small", "large"]
    assert fields.label_name == "size"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([10, 9, 100, 9], ["9", "10", "100"]),
        ([10.0, None, 2.0, 10.0], ["2", "10"]),
        ([2.5, 10.0, 2.0, None], ["2", "2.5", "10"]),
        (["10", "9", "100", "-1"], ["-1", "9", "10", "100"]),
        (["week 10", "week 9", "b", "a"], ["a", "b", "week 9", "week 10"]),
        ([True, False, None, True], ["False", "True"]),
        ([datetime.date(2024, 5, 1), datetime.date(2023, 5, 1)] * 2, ["2023-05-01", "2024-05-01"]),
        ([{"a": 1}, {"a": 2}, None, {"a": 1}], ["{'a': 1}", "{'a': 2}"]),
    ],
)
def test_classes_are_in_the_order_of_their_values(values, names):
    found, codes = fields_of(x=values).classes("x")
    assert found == names
    assert [None if code < 0 else found[code] for code in codes] == [
        None if value is None else str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in values
    ]


def test_integer_labels_with_a_gap_have_no_point_from_csv_and_pandas(tmp_path):
    (tmp_path / "a.csv").write_text("text,tag\na cat,1\na dog,\na cow,10\na bird,2\n")
    for corpus in (
        Corpus.read(tmp_path / "a.csv", preprocessor=False),
        Corpus.from_frame(frame_of(tag=[1, None, 10, 2]), preprocessor=False),
    ):
        assert corpus.fields.classes("tag")[0] == ["1", "2", "10"]


class TestTexts:
    def test_tokens_beside_labels_are_the_texts(self):
        frame = frame_of(tokens=[text.split() for text in TEXTS], team=["x", "y"] * 2).drop(columns="text")
        corpus = Corpus.from_frame(frame)
        assert list(corpus) == [text.split() for text in TEXTS]
        assert list(corpus.fields) == ["team"]

    @pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.string(), pa.string_view(), pa.large_string()])
    def test_parquet_with_binary_text(self, tmp_path, kind):
        table = pa.table({"text": pa.array([t.encode() for t in TEXTS]).cast(kind), "team": ["a very long label"] * 4})
        pq.write_table(table, tmp_path / "a.parquet")
        corpus = Corpus.read(tmp_path / "a.parquet", preprocessor=False)
        assert corpus.fields["text"].tolist() == TEXTS

    def test_binary_text_that_is_not_utf_8_is_not_passed_over_in_silence(self, tmp_path):
        table = pa.table({"text": pa.array([b"caf\xe9"] * 4), "team": ["x", "y", "x", "y"]})
        with pytest.warns(TopicWarning, match="Column 'text' of the table has the type binary, not text.*'team'"):
            Corpus.from_frame(table, preprocessor=False)
        with pytest.raises(InputError, match="Column 'text' of the table has the type binary"):
            Corpus.from_frame(table, "text")

    def test_parquet_with_strings_that_are_not_utf_8_is_refused_in_words(self, tmp_path):
        broken = pa.Array.from_buffers(
            pa.string(), 1, [None, pa.py_buffer(np.array([0, 4], "<i4")), pa.py_buffer(b"caf\xe9")]
        )
        pq.write_table(pa.table({"text": broken}), tmp_path / "a.parquet")
        with pytest.raises(InputError, match=r"cannot be read as Parquet.*UTF"):
            Corpus.read(tmp_path / "a.parquet", preprocessor=False)

    def test_nested_text_is_not_passed_over_in_silence(self):
        with pytest.warns(TopicWarning, match=r"'text' of the table has the type struct.*were read from 'team'"):
            Corpus.from_frame({"text": [{"en": text} for text in TEXTS], "team": TEXTS}, preprocessor=False)

    def test_a_column_that_looks_like_labels_is_told(self):
        columns = {"n": range(40), "team": ["sport", "cooking"] * 20}
        with pytest.warns(TopicWarning, match="from column 'team'.*looks like labels"):
            Corpus.from_frame(columns, preprocessor=False)

    def test_a_first_row_that_is_a_text_is_told(self, tmp_path):
        (tmp_path / "a.csv").write_text("how do I fill a data set,linq\nwhat is a cat,pets\n")
        with pytest.warns(TopicWarning, match="looks like a text. The first row must name the columns"):
            Corpus.read(tmp_path / "a.csv", preprocessor=False)

    @pytest.mark.parametrize("orient", ["columns", "records", "index"])
    def test_json_as_pandas_writes_it(self, tmp_path, orient):
        frame_of(n=[1, 2, 3, 4]).to_json(tmp_path / "a.json", orient=orient)
        corpus = Corpus.read(tmp_path / "a.json", preprocessor=False)
        assert corpus.fields["text"].tolist() == TEXTS and corpus.fields["n"].tolist() == [1, 2, 3, 4]

    def test_json_of_named_rows_is_ambiguous(self, tmp_path):
        (tmp_path / "a.json").write_text('{"first": {"text": "a cat"}, "second": {"text": "a dog"}}')
        with pytest.raises(InputError, match=r"is an object of objects.*orient='records'"):
            Corpus.read(tmp_path / "a.json")
        (tmp_path / "a.json").write_text('{\n"text": "a cat",\n"n": 1\n}')
        assert Corpus.read(tmp_path / "a.json", preprocessor=False).fields["text"].tolist() == ["a cat"]

    def test_the_label_is_not_taken_for_the_text(self):
        corpus = Corpus.from_frame(
            {"remarks": TEXTS, "team": ["a long name of a team"] * 2 + ["another"] * 2}, None, "team", False
        )
        assert corpus.fields["text"].tolist() == TEXTS

    def test_categories_may_be_texts(self):
        pandas = pytest.importorskip("pandas")
        corpus = Corpus.from_frame(pandas.DataFrame({"text": pandas.Categorical(TEXTS)}), preprocessor=False)
        assert corpus.fields["text"].tolist() == TEXTS

    def test_a_name_with_blanks_is_found(self):
        fields = Corpus.from_frame({" body ": TEXTS, "team": TEXTS[::-1]}, "body", "team ", False).fields
        assert fields["text"].tolist() == TEXTS and fields.label_name == "team"

    def test_missing_values_of_json(self, tmp_path):
        rows = [{"text": t, "tag": "x", "n": 1.5} for t in TEXTS] + [
            {"text": float("nan"), "tag": float("nan"), "n": 1}
        ]
        rows.append({"text": "NaN", "tag": None, "n": float("inf")})
        (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
        with pytest.warns(TopicWarning, match=r"1 of 6 documents has no words \(line 5\)"):
            corpus = Corpus.read(tmp_path / "a.jsonl", label_column="tag", preprocessor=False)
        assert corpus.fields["text"].tolist() == [*TEXTS, "", "NaN"]
        assert corpus.fields["tag"].tolist() == ["x"] * 4 + [None, None]
        assert corpus.fields["n"].tolist() == [1.5] * 4 + [1, np.inf]


class TestLabelColumn:
    def test_renamed_columns_keep_their_name_in_the_source(self, tmp_path):
        columns = {"text": ["x"] * 4, "body": TEXTS, "tag": [1, 2, 1, 2]}
        corpus = Corpus.from_frame(columns, "body", "tag", False)[[1, 2]]
        corpus.save(tmp_path / "c")
        for fields in (corpus.fields, Corpus.open(tmp_path / "c").fields):
            names = {field.name: (field.metadata or {}).get(ORIGINAL_NAME) for field in fields.table.schema}
            assert names == {"text_": b"text", "text": b"body", "tag": None}
            assert fields.label_name == "tag"

    def test_it_keeps_its_name_and_is_the_label(self, tmp_path):
        corpus = Corpus.from_frame({"text": TEXTS, "tag": ["x", "y", "x", "y"]}, None, "tag", False)
        assert list(corpus.fields) == ["text", "tag"] and "label" in corpus.fields
        assert corpus.fields.label_name == "tag"
        assert corpus.fields["label"].tolist() == corpus.fields.labels.tolist() == ["x", "y", "x", "y"]
        assert corpus.fields.classes("label")[0] == ["x", "y"]
        assert corpus[[3]].fields.labels.tolist() == ["y"]
        assert corpus.split(min_df=1)[0].fields.label_name == "tag"
        corpus.save(tmp_path / "c")
        assert Corpus.open(tmp_path / "c").fields.labels.tolist() == ["x", "y", "x", "y"]

    def test_a_field_named_label_is_the_label_without_one(self):
        corpus = Corpus.from_texts(TEXTS, preprocessor=False, fields={"label": [1, 2, 1, 2]})
        assert corpus.fields.label_name == "label" and corpus.fields.labels.tolist() == [1, 2, 1, 2]
        assert Corpus.from_texts(TEXTS, preprocessor=False).fields.labels is None

    def test_tokens_have_labels_too(self):
        corpus = Corpus.from_frame({"words": [t.split() for t in TEXTS], "tag": [1, 2, 1, 2]}, "words", "tag")
        assert corpus.fields.label_name == "tag" and list(corpus.fields) == ["tag"]


class TestWrongCalls:
    @pytest.mark.parametrize(
        ("received", "instead"),
        [
            ({"text": TEXTS}, r"Corpus\.from_frame\("),
            (pa.table({"text": TEXTS}), r"Corpus\.from_frame\("),
            (TEXTS, r"Corpus\.from_texts\("),
            ([["a", "cat"]], r"Corpus\.from_tokens\("),
            ("a.csv", r"Corpus\.read\("),
            (np.zeros((2, 2)), r"Corpus\.from_counts\("),
            (None, r"Corpus\.from_texts\("),
        ],
    )
    def test_corpus_of_documents_says_what_to_call(self, received, instead):
        with pytest.raises(InputError, match=f"Make the corpus with {instead}"):
            Corpus(received)

    def test_corpus_of_a_pandas_frame_says_what_to_call(self):
        with pytest.raises(InputError, match=r"received pandas.*DataFrame.*Corpus\.from_frame"):
            Corpus(frame_of())

    def test_corpus_of_a_vocabulary_alone_says_what_is_missing(self):
        with pytest.raises(InputError, match="pass tokens and offsets, or counts"):
            Corpus(Corpus.from_texts(TEXTS, preprocessor=False).vocabulary)

    @pytest.mark.parametrize(
        ("texts", "message"),
        [
            ({"text": TEXTS}, "texts is a dict.*from_frame"),
            (set(TEXTS), "a set has no order"),
            (pa.table({"text": TEXTS}), "texts is a Table.*from_frame"),
            (b"a cat", "one string"),
            (3, "texts is 3, a int"),
            (None, "texts is None"),
        ],
    )
    def test_texts_that_are_no_list_are_refused(self, texts, message):
        with pytest.raises(InputError, match=message):
            Corpus.from_texts(texts)

    def test_texts_of_a_whole_frame_are_refused(self):
        with pytest.raises(InputError, match=r"texts is a DataFrame.*from_frame"):
            Corpus.from_texts(frame_of())

    def test_texts_of_an_arrow_column_are_read(self):
        assert Corpus.from_texts(pa.chunked_array([TEXTS]), preprocessor=False).n_docs == 4

    def test_columns_of_different_lengths_are_named(self):
        with pytest.raises(InputError, match=r"different numbers of values: 'text' 4, 'tag' 3"):
            Corpus.from_frame({"text": TEXTS, "tag": [1, 2, 3]})

    def test_a_column_that_is_one_string_is_refused(self):
        with pytest.raises(InputError, match="'text' cannot be a column: it is one string, 'a cat'"):
            Corpus.from_frame({"text": "a cat"})

    def test_a_column_of_vectors_is_no_text(self):
        with pytest.raises(InputError, match=r"No column of the table contains text"):
            Corpus.from_frame({"v": np.zeros((4, 2))})
        assert column_of("v", np.zeros((4, 2))).type.list_size == 2


class TestLabelsInOtherRooms:
    @pytest.fixture
    def corpus(self):
        frame = {"text": ["a cat and a dog", "a bank and a loan"] * 8, "tag": ["pets", "money"] * 8}
        return Corpus.from_frame(frame, None, "tag", False)

    def test_scores_of_a_grid_read_the_column(self, corpus):
        from topicml.experiment.scoring import labels, missing_input

        assert labels(corpus).tolist() == ["pets", "money"] * 8
        assert missing_input("nmi", corpus) is None

    def test_octis_gets_the_labels(self, corpus, tmp_path):
        from topicml.integrations.octis.folders import read_folder, write_folder

        write_folder(corpus, tmp_path / "octis")
        assert read_folder(tmp_path / "octis").fields["label"].tolist() == ["pets", "money"] * 8

    def test_contrasts_read_the_column_as_label(self, corpus):
        import topicml

        contrast = topicml.SetContrast(view="label_mates")
        model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, hidden=8, random_state=0).fit(corpus)
        assert "contrast" in model.history_[0]

    def test_a_run_reads_the_column(self, corpus, tmp_path):
        from topicml.runs import Reading

        (tmp_path / "a.csv").write_text("text,tag,label\na cat,x,1\na dog,y,1\n")
        reading = Reading(str(tmp_path / "a.csv"), label_column="tag", tokenized=True)
        assert reading.labels(reading.corpus()).tolist() == ["x", "y"]
