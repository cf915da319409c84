"""`label_rows`: the topics of documents beside their own columns."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import topicml
from topicml import explore
from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.explore import TopicView
from topicml.runs.rows import COLUMNS
from topicml.runs.tables import original_columns

NEW = ["the team and the coach won the match", "best pizza in Naples", "", None, "rocket orbit planet comet galaxy"]


@pytest.fixture
def view(saved):
    return TopicView.of(saved)


INDEXES = {
    "repeated": ["a", "a", "b", "b", "a"],
    "descending": [9, 7, 5, 3, 1],
    "times": pd.date_range("2024-01-01", periods=5)[::-1],
    "two levels": pd.MultiIndex.from_product([["x"], range(5)]),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_rows_join_a_frame_of_any_index(view, kind):
    frame = pd.DataFrame({"id": range(5), "text": NEW}, index=INDEXES[kind])
    labelled = view.label_rows(frame)
    assert labelled.index.equals(frame.index) and list(labelled) == ["id", "text", *COLUMNS]
    assert labelled["id"].tolist() == [0, 1, 2, 3, 4] and list(frame) == ["id", "text"]
    plain = view.label_rows(NEW[:3])
    assert labelled["topic"].tolist()[:3] == plain["topic"].tolist()
    series = view.label_rows(frame["text"])
    assert series.index.equals(frame.index) and series["topic"].tolist() == labelled["topic"].tolist()


def test_a_frame_of_polars_stays_one(view):
    labelled = view.label_rows(pl.DataFrame({"id": range(5), "text": NEW}))
    assert labelled.columns == ["id", "text", *COLUMNS]
    assert labelled["confidence"].to_list()[1] is None and labelled["topic"].to_list()[1] == -1


def test_texts_without_a_known_word_are_nothing(view):
    rows = view.label_rows(NEW, shares=True)
    nothing = [1, 2, 3]
    assert (rows["topic"][nothing] == -1).all() and (rows["second_topic"][nothing] == -1).all()
    assert rows["label"][nothing].isna().all() and rows["confidence"][nothing].isna().all()
    assert rows[[f"theta_{k}" for k in range(4)]].iloc[nothing].isna().all().all()
    assert rows["note"].tolist()[1:4] == ["no known word", "no words", "no words"]
    assert rows["unknown_share"][1] == 1 and np.isnan(rows["unknown_share"][2])
    assert rows["topic"][0] >= 0 and rows["topic"][4] >= 0 and rows["unknown_share"][4] == 0


def test_an_empty_text_is_nothing_after_a_merge_too(view):
    merged = view.merge([0, 1]).merge([0, 1])  # the prior's largest share is then the merged topic's
    assert merged.transform([""]).argmax() == 0
    assert merged.label_rows([""])["topic"].tolist() == [-1]


def test_below_min_confidence_a_document_is_unclear(view, texts):
    plain = view.label_rows(texts)
    least = float(plain["confidence"].quantile(0.3))
    rows = view.label_rows(texts, min_confidence=least)
    unclear = rows["label"] == "unclear"
    assert 0 < unclear.sum() < len(rows)
    np.testing.assert_array_equal(unclear, plain["confidence"] < least)
    assert (rows["topic"][unclear] == -1).all() and rows["note"][unclear].str.startswith("unclear: 0.").all()
    assert rows[~unclear].equals(plain[~unclear])


def test_leading_topic_and_unknown_share_are_those_of_theta_and_the_vocabulary(view, texts):
    rows = view.label_rows([*texts[:20], f"{texts[20]} zzzz yyyy xxxx wwww"], shares=True)
    theta = view.transform(texts[:20])
    np.testing.assert_array_equal(rows["topic"][:20], theta.argmax(axis=1))
    np.testing.assert_array_equal(rows["second_topic"][:20], np.argsort(-theta, axis=1)[:, 1])
    np.testing.assert_allclose(rows[[f"theta_{k}" for k in range(4)]].to_numpy()[:20], theta, atol=1e-6)
    assert rows["unknown_share"][20] == 0.25


def test_hidden_topics_get_no_document(view, texts):
    hidden = view.hide(2)
    assert 2 in view.label_rows(texts)["topic"].tolist() and 2 not in hidden.label_rows(texts)["topic"].tolist()


def test_columns_of_the_documents_keep_their_names(view, texts):
    frame = pd.DataFrame({"topic": ["mine", "too"], "text": texts[:2], "label": [1, 2]})
    with pytest.warns(TopicWarning, match="topic, label already"):
        labelled = view.label_rows(frame)
    assert labelled["topic"].tolist() == ["mine", "too"] and labelled["label"].tolist() == [1, 2]
    assert {"topicml_topic", "topicml_label", "confidence"} <= set(labelled)


def test_the_documents_of_the_view_need_no_argument(saved, texts):
    corpus = Corpus.from_texts(texts, fields={"number": list(range(len(texts)))})
    rows = TopicView.of(saved, corpus).label_rows()
    assert set(rows) == {"number", "text", *COLUMNS} and rows["text"].tolist() == texts
    np.testing.assert_array_equal(rows["topic"], saved.transform(texts).argmax(axis=1))


def test_views_of_raw_texts_have_their_texts(saved, texts):
    view = TopicView.of(saved, texts)
    assert set(explore.representative_documents(view)["text"]) <= set(texts)
    assert explore.document_info(view)["text"].tolist() == texts
    assert view.label_rows()["text"].tolist() == texts


def test_confidence_is_that_of_document_info_before_and_after_edits(saved, texts):
    view = TopicView.of(saved, texts)
    for each in (view, view.merge([0, 2]), view.split(1, n_parts=2).order([3, 0])):
        info = explore.document_info(each)
        np.testing.assert_allclose(each.label_rows()["confidence"], info["confidence"].round(4))
        np.testing.assert_allclose(each.label_rows(texts)["confidence"], info["confidence"].round(4), atol=2e-4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda v: v.label_rows(), "no documents"),
        (lambda v: v.label_rows("one text"), "list of texts"),
        (lambda v: v.label_rows([1, 2]), "Row 0 is a int"),
        (lambda v: v.label_rows(["a"], text_column="text"), "not a data frame"),
        (lambda v: v.label_rows(pd.DataFrame({"text": ["a"]}), text_column="txt"), "no column 'txt'"),
        (lambda v: v.label_rows(pd.DataFrame([["a", "b"]], columns=["t", "t"]), text_column="t"), "more than one"),
        (lambda v: v.label_rows(["a"], min_confidence=2), "from 0 to 1; received 2"),
        (lambda v: v.label_rows(["a"], min_confidence="high"), "number from 0 to 1"),
    ],
)
def test_wrong_arguments_are_refused_with_a_reason(view, wrong, message):
    with pytest.raises(InputError, match=message):
        wrong(view)


def test_no_documents_give_no_rows(view):
    assert list(view.label_rows([])) == ["text", *COLUMNS] and len(view.label_rows([])) == 0


def test_corpora_know_the_words_that_their_vocabulary_leaves_out(texts):
    corpus = Corpus.from_texts([*texts, "xylophone quokka"])
    assert corpus.words_read.tolist()[-1] > corpus.lengths[-1] == 0
    assert corpus[-1:].words_read.tolist() == corpus.words_read.tolist()[-1:]
    assert topicml.Corpus.from_tokens([["a", "b"]], vocabulary=["a"]).words_read.tolist() == [2]


def test_columns_have_their_names_in_the_source_again(texts, tmp_path):
    frame = pd.DataFrame({"body text": texts[:9], "n": range(9), "text": "other"})
    corpus = Corpus.from_frame(frame, text_column="body text")
    corpus[[3, 1]].save(tmp_path / "corpus")
    table = original_columns(Corpus.open(tmp_path / "corpus"))
    assert table.column_names == ["body text", "n", "text"] and table["body text"].to_pylist() == [texts[3], texts[1]]
    tokens = Corpus.from_tokens([["a", "b"], ["c"]], fields={"id": [7, 8]})
    assert original_columns(tokens).to_pydict() == {"text": ["a b", "c"], "id": [7, 8]}


def test_every_missing_text_is_an_empty_one(view):
    for texts in ([pd.NA, None, np.nan, pd.NaT], pd.Series(["", None, pd.NA, None], dtype="string")):
        assert view.label_rows(texts)["topic"].tolist() == [-1] * 4


def test_min_confidence_may_be_a_number_of_numpy(view, texts):
    rows = view.label_rows(texts[:20], min_confidence=np.float32(0.5))
    assert rows.equals(view.label_rows(texts[:20], min_confidence=0.5))
    for wrong in (np.bool_(True), np.nan, np.float32("inf")):
        with pytest.raises(InputError, match="from 0 to 1"):
            view.label_rows(texts[:20], min_confidence=wrong)


@pytest.mark.parametrize("documents", [{"text": ["garlic", "onion"]}, {"garlic", "onion"}, b"garlic"])
def test_a_mapping_a_set_and_bytes_are_no_documents(view, documents):
    with pytest.raises(InputError, match=f"The documents are a {type(documents).__name__}"):
        view.label_rows(documents)


def test_a_frame_with_two_columns_of_one_name_or_without_rows_is_refused_in_words(view):
    frame = pd.DataFrame([["garlic onion", 1, 2]], columns=["text", "n", "n"])
    with pytest.raises(InputError, match="more than one column 'n' in the frame"):
        view.label_rows(frame)
    with pytest.raises(InputError, match="no rows in the frame"):
        view.label_rows(frame[:0][["text"]])


FIELDS = {"size": [float(i % 5) for i in range(240)]}


@pytest.fixture(scope="module")
def predicting(texts, subjects):
    """A model that predicts a field by its levels, and one that predicts numbers with a prior that depends on them."""
    corpus = Corpus.from_texts(texts, fields={"text": texts, "subject": subjects, **FIELDS})
    options = {"random_state": 0, "max_epochs": 15, "hidden": 32, "device": "cpu"}
    levels = topicml.ProdLDA(4, response="subject", **options).fit(corpus)
    numbers = topicml.ETM(4, response="size", prevalence="~ size", **{**options, "max_epochs": 3}).fit(corpus)
    return corpus, levels, numbers


def test_a_predicted_response_stands_after_the_topics(predicting, texts, subjects):
    corpus, model, _ = predicting
    view = TopicView.of(model, corpus)
    rows = view.label_rows(shares=True)
    names = ["text", "subject", "size", *COLUMNS, "predicted_subject", *(f"theta_{k}" for k in range(4))]
    assert list(rows) == names
    assert rows["predicted_subject"].tolist() == model.predict_response(corpus).tolist()
    assert (rows["predicted_subject"] == np.array(subjects)).mean() > 0.8
    merged = view.merge([0, 1]).label_rows(corpus)  # the prediction is that of the model
    assert merged["predicted_subject"].tolist() == rows["predicted_subject"].tolist()
    new = view.label_rows([texts[0], "", "zzzz"])
    assert new["predicted_subject"][0] == rows["predicted_subject"][0]
    assert new["predicted_subject"].isna().tolist() == [False, True, True]
    assert view.label_rows(pl.DataFrame({"text": texts[:2]}))["predicted_subject"].to_list()[0] == new.iloc[0, -1]
    assert view.label_rows(pd.DataFrame({"text": texts[:2]}))["predicted_subject"].tolist()[0] == new.iloc[0, -1]
    assert "predicted_subject" in view.label_rows([])
    taken = pd.DataFrame({"text": texts[:2], "predicted_subject": [1, 2]})
    with pytest.warns(TopicWarning, match="columns named predicted_subject already"):
        assert "topicml_predicted_subject" in view.label_rows(taken)


def test_predicted_numbers_and_shares_read_the_fields_of_the_formula(predicting, texts):
    corpus, _, model = predicting
    rows = TopicView.of(model).label_rows(corpus, shares=True)
    np.testing.assert_array_equal(rows["predicted_size"], model.predict_response(corpus))
    np.testing.assert_array_equal(rows[[f"theta_{k}" for k in range(4)]], model.transform(corpus))
    for frame in (pd.DataFrame, pl.DataFrame, lambda columns: pl.DataFrame(columns).lazy()):
        again = TopicView.of(model).label_rows(frame({"text": texts, **FIELDS}), text_column="text", shares=True)
        np.testing.assert_array_equal(again["theta_0"], rows["theta_0"])
        np.testing.assert_array_equal(again["predicted_size"], rows["predicted_size"])
    assert np.isnan(TopicView.of(model).label_rows([""])["predicted_size"][0])


def test_a_view_of_counts_has_the_prediction_too(predicting):
    corpus, model, _ = predicting
    rows = TopicView.of(model, corpus.counts).label_rows()
    assert rows["predicted_subject"].tolist() == model.predict_response(corpus).tolist()


def test_rows_of_a_corpus_read_its_embeddings(texts):
    vectors = np.random.default_rng(0).normal(size=(240, 4)).astype(np.float32)
    corpus = Corpus.from_texts(texts).with_embeddings(vectors)
    options = {"encoder_input": "both", "max_epochs": 1, "hidden": 16, "random_state": 0, "device": "cpu"}
    model = topicml.ProdLDA(4, **options).fit(corpus)
    rows = TopicView.of(model).label_rows(corpus[:20], shares=True)
    np.testing.assert_array_equal(rows[[f"theta_{k}" for k in range(4)]], model.transform(corpus[:20]))
