"""Text files and folders, OCTIS, TopMost, gensim: real corpora, and malformed small ones."""

import gzip
import json

import numpy as np
import pytest
import scipy.sparse as sp

from topicml.corpus import Corpus, Preprocessor
from topicml.errors import InputError, TopicWarning

REAL = [
    ("BBC_News", 2_225, 2_949, 5),
    ("DBLP", 54_595, 1_513, 4),
    ("SearchSnippets", 12_294, 4_634, 8),
    ("StackOverflow", 16_392, 2_300, 20),
    ("GoogleNews-T", 11_066, 2_451, 152),
    ("AGNews", 10_000, 5_000, 4),
    ("20NG", 11_314, 5_000, 20),
]


@pytest.mark.filterwarnings("ignore:.*documents ha(s|ve) no words:topicml.errors.TopicWarning")
@pytest.mark.parametrize(("name", "documents", "words", "labels"), REAL)
def test_real_corpora_are_read_completely(shared_corpora, name, documents, words, labels):
    corpus = Corpus.read(shared_corpora / name)
    assert corpus.shape == (documents, words)
    assert len(set(corpus.fields["label"])) == labels
    assert corpus.has_order == (name != "20NG")


@pytest.mark.parametrize("name", ["BBC_News", "SearchSnippets"])
def test_octis_rows_are_those_of_its_file(shared_corpora, name):
    corpus = Corpus.read(shared_corpora / name)
    rows = [line.split("\t") for line in (shared_corpora / name / "corpus.tsv").read_text().splitlines()]
    known = set((shared_corpora / name / "vocabulary.txt").read_text().split())
    assert list(corpus) == [[word for word in row[0].split() if word in known] for row in rows]
    assert corpus.fields["partition"].tolist() == [row[1] for row in rows]
    assert corpus.fields["label"].tolist() == [row[2] for row in rows]
    part = Corpus.read(shared_corpora / name, split="train")
    assert list(part) == [document for document, row in zip(corpus, rows, strict=True) if row[1] == "train"]


@pytest.mark.parametrize("name", ["20NG", "AGNews"])
def test_topmost_counts_are_those_of_its_matrices(shared_corpora, name):
    parts = {split: sp.load_npz(shared_corpora / name / f"{split}_bow.npz") for split in ("train", "test")}
    for split, matrix in parts.items():
        assert (Corpus.read(shared_corpora / name, split=split).counts != matrix).nnz == 0
    whole = Corpus.read(shared_corpora / name, split="all")
    assert (whole.counts != sp.vstack(list(parts.values()))).nnz == 0
    n_train = parts["train"].shape[0]
    assert (whole.fields["partition"] == "train").sum() == n_train
    labels = (shared_corpora / name / "test_labels.txt").read_text().split()
    assert whole.fields["label"][n_train:].tolist() == labels


def test_topmost_texts_give_the_order(shared_corpora):
    corpus = Corpus.read(shared_corpora / "AGNews")
    known = set(corpus.vocabulary)
    first = (shared_corpora / "AGNews" / "train_texts.txt").read_text().splitlines()[0]
    assert corpus.document(0) == [word for word in first.split() if word in known]


class TestTextFiles:
    def test_a_line_is_a_document_and_a_blank_line_an_empty_one(self, tmp_path):
        (tmp_path / "a.txt").write_text("one two\n\nthree\u2028four\r\n")
        with pytest.warns(TopicWarning, match=r"1 of 3 documents has no words \(line 2\)"):
            corpus = Corpus.read(tmp_path / "a.txt", preprocessor=False)
        assert list(corpus) == [["one", "two"], [], ["three", "four"]]
        assert corpus.fields["text"].tolist() == ["one two", "", "three\u2028four"]

    def test_gzip(self, tmp_path):
        (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one two\nthree"))
        assert list(Corpus.read(tmp_path / "a.txt.gz", preprocessor=False)) == [["one", "two"], ["three"]]
        (tmp_path / "b.txt.gz").write_bytes(b"no gzip at all")
        with pytest.raises(InputError, match=r"b\.txt\.gz is not a complete gzip file"):
            Corpus.read(tmp_path / "b.txt.gz")

    def test_a_folder_of_files(self, tmp_path):
        for name, text in {"b.txt": "two words", "a.txt": "one\nword", ".hidden.txt": "no", "notes.md": "no"}.items():
            (tmp_path / name).write_text(text)
        corpus = Corpus.read(tmp_path, preprocessor=False)
        assert list(corpus) == [["one", "word"], ["two", "words"]]
        assert corpus.fields["file"].tolist() == ["a.txt", "b.txt"]
        assert "label" not in corpus.fields

    def test_folders_in_a_folder_are_labels(self, tmp_path):
        for name in ["sport/1.txt", "art/x/2.txt", "art/1.txt"]:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        corpus = Corpus.read(tmp_path, preprocessor=False)
        assert corpus.fields["file"].tolist() == ["art/1.txt", "art/x/2.txt", "sport/1.txt"]
        assert corpus.fields["label"].tolist() == ["art", "art", "sport"]

    def test_a_file_of_another_encoding_in_a_folder_is_named(self, tmp_path):
        (tmp_path / "a.txt").write_text("fine")
        (tmp_path / "b.txt").write_bytes(b"\n\ncaf\xe9")
        with pytest.raises(InputError, match=r"b\.txt is not UTF-8: line 3"):
            Corpus.read(tmp_path)

    def test_texts_are_preprocessed_and_empty_ones_named(self):
        texts = ["Cats and dogs play", "the and of", "Dogs and cats sleep"]
        with pytest.warns(TopicWarning, match=r"1 of 3 documents .* after preprocessing \(row 1 counted from 0\)"):
            corpus = Corpus.from_texts(texts, Preprocessor(min_df=1, max_df=1.0), fields={"label": [1, 2, 3]})
        assert corpus.document(1) == []
        assert corpus.document(0) == ["cat", "dog", "play"]
        assert corpus.fields["label"].tolist() == [1, 2, 3]
        assert corpus.fields["text"].tolist() == texts
        assert isinstance(corpus.preprocessor, Preprocessor)

    def test_a_vectorizer_replaces_the_preprocessor(self):
        from sklearn.feature_extraction.text import CountVectorizer

        texts = ["Cats and dogs", "dogs and mice"]
        vectorizer = CountVectorizer(stop_words=["and"])
        corpus = Corpus.from_texts(texts, vectorizer)
        assert (corpus.counts != vectorizer.fit_transform(texts)).nnz == 0
        assert corpus.document(0) == ["cats", "dogs"]
        assert corpus.preprocessor.tokens(["mice and men"]) == [["mice", "men"]]

    def test_a_field_named_text_is_kept(self):
        corpus = Corpus.from_texts(["a b"], preprocessor=False, fields={"text": ["mine"]})
        assert corpus.fields["text"].tolist() == ["mine"]

    @pytest.mark.parametrize(
        ("texts", "message"),
        [
            ("one text", "texts is one string"),
            (["a", None], "Text 1 is None, a NoneType"),
            ([["a", "b"]], r"Text 0 is \['a', 'b'\], a list.*from_tokens"),
        ],
    )
    def test_invalid_texts_raise(self, texts, message):
        with pytest.raises(InputError, match=message):
            Corpus.from_texts(texts)


class TestOctis:
    def write(self, folder, rows, vocabulary=None):
        (folder / "corpus.tsv").write_text("\n".join(rows) + "\n")
        if vocabulary is not None:
            (folder / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n")
        return folder

    def test_rows_stay_and_no_partition_is_dropped(self, tmp_path):
        self.write(tmp_path, ["b a\ttest\tx", "a c\tdev\t", "\ttrain\ty", "b"], ["a", "b", "unused"])
        with pytest.warns(TopicWarning, match=r"1 of 4 documents has no words"):
            corpus = Corpus.read(tmp_path)
        assert corpus.vocabulary == ["a", "b", "unused"]
        assert list(corpus) == [["b", "a"], ["a"], [], ["b"]]
        assert corpus.fields["partition"].tolist() == ["test", "dev", "train", None]
        assert corpus.fields["label"].tolist() == ["x", None, "y", None]
        assert len(Corpus.read(tmp_path, split="dev")) == 1
        with pytest.raises(InputError, match=r"partition 'val'; partitions: 'test', 'dev', 'train'"):
            Corpus.read(tmp_path, split="val")

    def test_a_file_of_tokens_alone(self, tmp_path):
        corpus = Corpus.read(self.write(tmp_path, ["b a", "a"]))
        assert list(corpus) == [["b", "a"], ["a"]]
        assert not len(corpus.fields)

    @pytest.mark.parametrize(
        ("rows", "vocabulary", "message"),
        [
            (["a\ttrain\tx\ty"], None, r"Line 1 of .*corpus\.tsv has 4 columns"),
            (["a"], ["a", "b", "a"], r"Lines 1 and 3 of .*vocabulary\.txt have the same word, 'a'"),
            (["a"], ["a", "", "b"], r"Line 2 of .*vocabulary\.txt is blank"),
        ],
    )
    def test_malformed_input_raises(self, tmp_path, rows, vocabulary, message):
        with pytest.raises(InputError, match=message):
            Corpus.read(self.write(tmp_path, rows, vocabulary))

    def test_octis_reads_the_same_words(self, tmp_path):
        dataset = pytest.importorskip("octis.dataset.dataset")
        self.write(tmp_path, ["b a a\ttrain\tx", "a c\tval\ty", "c c\ttest\tx"], ["a", "b", "c"])
        (tmp_path / "metadata.json").write_text(json.dumps({}))
        theirs = dataset.Dataset()
        theirs.load_custom_dataset_from_folder(str(tmp_path))
        corpus = Corpus.read(tmp_path)
        assert list(corpus) == theirs.get_corpus()
        assert corpus.fields["label"].tolist() == theirs.get_labels()


class TestTopmost:
    def write(self, folder, texts=None, counts=None, words=("a", "b", "c"), labels=None):
        (folder / "vocab.txt").write_text("\n".join(words) + "\n")
        if texts is not None:
            (folder / "train_texts.txt").write_text("\n".join(texts) + "\n")
        if counts is not None:
            sp.save_npz(folder / "train_bow.npz", sp.csr_matrix(counts))
        if labels is not None:
            (folder / "train_labels.txt").write_text("\n".join(labels) + "\n")
        return folder

    def test_texts_alone(self, tmp_path):
        corpus = Corpus.read(self.write(tmp_path, ["c a x", "b"], labels=["0", "1"]))
        assert list(corpus) == [["c", "a"], ["b"]]
        assert corpus.fields["label"].tolist() == ["0", "1"]

    def test_texts_with_equal_counts_give_the_order_and_others_do_not(self, tmp_path):
        counts = np.array([[1, 0, 1], [0, 1, 0]])
        corpus = Corpus.read(self.write(tmp_path, ["c a x", "b"], counts))
        assert corpus.document(0) == ["c", "a"]
        corpus = Corpus.read(self.write(tmp_path, ["c a", "b b"], counts))
        assert not corpus.has_order
        assert (corpus.counts.toarray() == counts).all()

    def test_malformed_input_raises(self, tmp_path):
        with pytest.raises(InputError, match=r"train_labels\.txt has 1 lines, but there are 2 documents"):
            Corpus.read(self.write(tmp_path, ["a", "b"], labels=["0"]))
        with pytest.raises(InputError, match=r"no test split"):
            Corpus.read(tmp_path, split="test")
        with pytest.raises(InputError, match=r"split is 'val'"):
            Corpus.read(tmp_path, split="val")
        with pytest.raises(InputError, match=r"train_bow\.npz: .*4 columns but the vocabulary has 3 words"):
            Corpus.read(self.write(tmp_path, counts=np.ones((1, 4))))
        (tmp_path / "train_bow.npz").write_bytes(b"PK\x03\x04 no zip")
        with pytest.raises(InputError, match=r"train_bow\.npz cannot be read as a SciPy sparse matrix"):
            Corpus.read(tmp_path)


class TestGensim:
    DOCUMENTS = (("b", "a", "b"), (), ("c", "a"))

    def test_a_dictionary_and_its_bags(self):
        dictionary = pytest.importorskip("gensim.corpora").Dictionary(map(list, self.DOCUMENTS))
        corpus = Corpus.from_bow([dictionary.doc2bow(document) for document in self.DOCUMENTS], dictionary)
        assert [sorted(document) for document in corpus] == [sorted(document) for document in self.DOCUMENTS]
        assert not corpus.has_order

    def test_ids_may_have_gaps_as_filtering_leaves_them(self):
        corpus = Corpus.from_bow([[(7, 2)], [(3, 1.0), (7, 1)]], {7: "x", 3: "y"}, fields={"label": [1, 2]})
        assert corpus.vocabulary == ["y", "x"]
        assert corpus.counts.toarray().tolist() == [[0, 2], [1, 1]]
        assert corpus.fields["label"].tolist() == [1, 2]

    def test_a_streamed_matrix_market_file(self, tmp_path):
        gensim = pytest.importorskip("gensim.corpora")
        bow = [[(0, 1), (2, 3)], [], [(1, 2)]]
        gensim.MmCorpus.serialize(str(tmp_path / "a.mm"), bow)
        corpus = Corpus.from_bow(gensim.MmCorpus(str(tmp_path / "a.mm")), ["a", "b", "c"])
        assert corpus.counts.toarray().tolist() == [[1, 0, 3], [0, 0, 0], [0, 2, 0]]

    @pytest.mark.parametrize(
        ("bow", "message"),
        [
            ([[(0, 1)], [], [(0, 1), (5, 1)]], r"Document 2 has the word id 5, which is not in id2word"),
            ([[(0, 1)], [(1, 0.3)]], r"row 1, column 1 \(word 'b'\) is not a whole number: 0.3"),
            ([["a", "b"]], r"Document 0 is \['a', 'b'\], not a list of \(word id, count\)"),
        ],
    )
    def test_malformed_input_raises(self, bow, message):
        with pytest.raises(InputError, match=message):
            Corpus.from_bow(bow, ["a", "b"])
