"""A corpus converted to OCTIS's objects and folders and back is unchanged."""

import json
import warnings

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from topicml import Corpus
from topicml.corpus.sources.octis import columns_of, read_octis
from topicml.errors import InputError
from topicml.integrations.octis import folders, from_dataset, read_folder, to_dataset, write_folder

dataset = pytest.importorskip("octis.dataset.dataset", reason="OCTIS is not installed")

WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(lambda w: w.split() == [w])
ODD = st.sampled_from(
    ['"', '"quoted"', '"a', "1", "1.5", "nan", "NA", "null", "True", "#", ",", "'", "\ufeff", "-", "é"]
)
LABELS = st.one_of(
    st.lists(st.none() | WORD | ODD | st.just("two words"), min_size=30, max_size=30),
    st.lists(st.integers(-5, 5), min_size=30, max_size=30),
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=30, max_size=30),
    st.lists(st.booleans(), min_size=30, max_size=30),
)


@st.composite
def corpora(draw):
    words = draw(st.lists(WORD | ODD, min_size=1, max_size=8, unique=True))
    documents = draw(st.lists(st.lists(st.sampled_from(words), max_size=6), min_size=1, max_size=12))
    n = len(documents)
    fields = {}
    if draw(st.booleans()):
        rest = draw(st.lists(st.sampled_from(["train", "val", "test"]), min_size=n - 1, max_size=n - 1))
        fields["partition"] = draw(st.permutations(["train", *rest]))
    if draw(st.booleans()):
        fields["label"] = pa.array(draw(LABELS)[:n])
    corpus = Corpus.from_tokens(documents, words, fields)
    return Corpus.from_counts(corpus.counts, words, fields) if draw(st.booleans()) else corpus


def assert_same(one, other):
    assert one.vocabulary == other.vocabulary
    assert one.has_order == other.has_order
    assert list(one) == list(other)
    assert sorted(one.fields) == sorted(other.fields)
    for name in one.fields:
        assert one.fields.table.column(name).to_pylist() == other.fields.table.column(name).to_pylist()


ODDEST = Corpus.from_tokens(
    [['"a', "b"], [], ["1"], ["nan"], ["\ufeff"], ['"']],
    ["\ufeff", '"a', "b", "1", "nan", '"'],
    {"partition": ["test", "train", "val", "train", "test", "train"], "label": ['"x', None, "1", "NA", "a b", "é"]},
)


@settings(max_examples=50)
@given(corpora())
@example(ODDEST)
def test_a_corpus_is_the_same_after_a_dataset(corpus):
    assert_same(from_dataset(to_dataset(corpus)), corpus)


@settings(max_examples=50)
@given(corpora())
@example(ODDEST)
def test_a_corpus_is_the_same_after_a_folder(tmp_path_factory, corpus):
    folder = tmp_path_factory.mktemp("octis") / "corpus"
    write_folder(corpus, folder)
    assert_same(read_folder(folder), corpus)


@settings(max_examples=30)
@given(corpora())
@example(ODDEST)
def test_octis_reads_the_folder_as_it_was_meant(tmp_path_factory, corpus):
    """OCTIS's loader reorders rows to train, val, test; words and original order must be recoverable."""
    folder = tmp_path_factory.mktemp("octis") / "corpus"
    write_folder(corpus, folder)
    theirs = dataset.Dataset()
    theirs.load_custom_dataset_from_folder(str(folder))
    ours = to_dataset(corpus)
    assert theirs.get_corpus() == ours.get_corpus()
    assert [word.strip() for word in theirs.get_vocabulary()] == ours.get_vocabulary()
    assert theirs.get_partitioned_corpus() == ours.get_partitioned_corpus()
    if ours.get_labels() is not None:
        for result, label in zip(theirs.get_labels(), ours.get_labels(), strict=True):
            assert_label(result, label)
    without_labels = dataset.Dataset(theirs.get_corpus(), theirs.get_vocabulary(), None, theirs.get_metadata())
    assert list(from_dataset(without_labels)) == list(corpus)


def assert_label(result, label):
    """pandas reads a missing label as NaN and a column of numbers as numbers; others are text, maybe with a guard."""
    if label in (None, ""):
        assert result != result
    elif isinstance(result, str) or not isinstance(label, str):
        assert (result.strip() if isinstance(result, str) else result) == (
            str(label) if isinstance(result, str) else pytest.approx(label, rel=1e-9)
        )
    else:
        assert str(result) == label or float(result) == pytest.approx(float(label))


def test_all_missing_values_of_pandas_are_listed():
    parsers = pytest.importorskip("pandas._libs.parsers", reason="pandas is not installed")
    assert parsers.STR_NA_VALUES - {""} <= folders._MISSING


def test_documents_and_labels_that_pandas_takes_for_missing_are_octis_s_too(tmp_path):
    labels = ["NA", "None", "x", "null", '"x', "<NA>"]
    words = [["#N/A", "N/A"], ["nan"], ["NULL"], [], ["None", "x"], ["-nan"]]
    corpus = Corpus.from_tokens(words, fields={"label": labels})
    write_folder(corpus, tmp_path / "folder")
    theirs = dataset.Dataset()
    theirs.load_custom_dataset_from_folder(str(tmp_path / "folder"))
    assert theirs.get_corpus() == words
    assert [label.strip() for label in theirs.get_labels()] == labels
    assert_same(read_folder(tmp_path / "folder"), corpus)


def test_partitions_and_labels_of_a_dataset_lie_row_by_row(planted):
    theirs = to_dataset(planted, name="planted")
    train, val, test = theirs.get_partitioned_corpus()
    parts = planted.fields["partition"]
    for documents, name in ((train, "train"), (val, "val"), (test, "test")):
        assert documents == list(planted[parts == name])
    expected = [label for name in ("train", "val", "test") for label in planted.fields["label"][parts == name]]
    assert theirs.get_labels() == expected
    assert theirs.get_metadata()["info"]["name"] == "planted"
    assert theirs.get_metadata()["total_documents"] == 240


def test_a_folder_that_octis_saved_itself_comes_back_in_our_order(planted, tmp_path):
    """Without empty documents, because OCTIS cannot read those that it wrote."""
    filled = planted[planted.lengths > 0]
    theirs = to_dataset(filled)
    theirs.save(str(tmp_path / "saved"))
    back = read_folder(tmp_path / "saved")
    assert list(back) == list(filled)
    assert back.fields["label"].tolist() == filled.fields["label"].tolist()


@settings(max_examples=30)
@given(corpora())
@example(
    Corpus.from_tokens([['"a', "b"], ["1"], ["nan"], ["\ufeff"], ['"'], ["é", "'"]], fields={"label": list("\"'#,1-")})
)
def test_odd_words_that_octis_saved_itself_are_read_as_they_were(tmp_path_factory, corpus):
    """pandas quotes columns that contain quotation marks; the words must be those that OCTIS wrote."""
    corpus = corpus[corpus.lengths > 0]
    assume(corpus.n_docs)
    theirs = to_dataset(corpus, partition=None)
    # OCTIS writes no guard before a byte-order mark, and the first one in a file is lost.
    assume(not corpus.vocabulary[0].startswith("\ufeff") and not theirs.get_corpus()[0][0].startswith("\ufeff"))
    folder = tmp_path_factory.mktemp("octis") / "saved"
    theirs.save(str(folder))
    assert list(read_octis(folder)) == theirs.get_corpus()


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ('"say ""yes"" twice"\ttrain\tx', ['say "yes" twice', "train", "x"]),
        ('a\ttrain\t"x ""y"""', ["a", "train", 'x "y"']),
        ('"lone mark\ttrain\tx', ['"lone mark', "train", "x"]),
        ('"closed" early\ttrain', ['"closed" early', "train"]),
        ("5\" disk\ttrain\t'x", ['5" disk', "train", "'x"]),
        ('"\ttrain\t"', ["\ttrain\t"]),
        ("NA\tval\t", ["NA", "val", ""]),
    ],
)
def test_quotation_marks_are_read_as_pandas_wrote_them(line, columns):
    assert columns_of(line) == columns


def test_a_lone_mark_does_not_swallow_the_rows_that_follow(tmp_path):
    (tmp_path / "corpus.tsv").write_text('"a b\ttrain\tx\nc d\ttest\ty\n"e"\ttrain\tx\n')
    corpus = Corpus.read(tmp_path)
    assert list(corpus) == [['"a', "b"], ["c", "d"], ["e"]]
    assert corpus.fields["label"].tolist() == ["x", "y", "x"]


def test_corpus_read_takes_the_folder_too(planted, tmp_path):
    write_folder(planted, tmp_path / "folder")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the empty document
        back = Corpus.read(tmp_path / "folder")
        train = Corpus.read(tmp_path / "folder", split="train")
    assert list(back) == list(planted)
    assert back.fields["label"].tolist() == planted.fields["label"].tolist()
    assert list(read_folder(tmp_path / "folder", split="train")) == list(train)


def test_a_folder_of_others_is_read_without_metadata_of_ours(tmp_path):
    (tmp_path / "corpus.tsv").write_text("b a\ttest\tx\na\ttrain\ty\n")
    (tmp_path / "metadata.json").write_text(json.dumps({"total_documents": 2}))
    corpus = read_folder(tmp_path)
    assert list(corpus) == [["b", "a"], ["a"]]
    assert corpus.fields["partition"].tolist() == ["test", "train"]


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        (Corpus.from_tokens([["new york"]]), "'new york' is empty or contains white space"),
        (Corpus.from_tokens([["a", ""]]), "'' is empty or contains white space"),
        (Corpus.from_tokens([[]]), "has no words"),
        (Corpus.from_tokens([["a"]], fields={"label": ["x\ty"]}), "label of document 0 is 'x\\\\ty'"),
        (Corpus.from_tokens([["a"]], fields={"label": [" x"]}), "label of document 0 is ' x'"),
        (Corpus.from_tokens([["a"]], fields={"label": np.zeros((1, 2))}), "cannot be a label in OCTIS"),
        (Corpus.from_tokens([["a"], ["a"]], fields={"partition": ["train", "dev"]}), "Document 1 has .* 'dev'"),
    ],
)
def test_what_a_folder_cannot_hold_is_refused_and_nothing_is_written(tmp_path, corpus, message):
    with pytest.raises(InputError, match=message):
        write_folder(corpus, tmp_path / "folder")
    assert not list(tmp_path.iterdir())


def test_wrong_input_of_datasets():
    with pytest.raises(InputError, match="OCTIS dataset is empty"):
        from_dataset(dataset.Dataset())
    with pytest.raises(InputError, match="'label' has 1 values, but there are 2 documents"):
        from_dataset(dataset.Dataset([["a"], ["b"]], ["a", "b"], ["x"], {}))
    with pytest.raises(InputError, match="No document is in the partition 'train'"):
        to_dataset(Corpus.from_tokens([["a"]], fields={"partition": ["test"]}))


def test_damaged_metadata_is_named(tmp_path):
    write_folder(Corpus.from_tokens([["a"]]), tmp_path / "folder")
    (tmp_path / "folder" / "metadata.json").write_text("{")
    with pytest.raises(InputError, match=r"metadata\.json is damaged"):
        read_folder(tmp_path / "folder")
