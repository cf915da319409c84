"""`Preprocessor`: rows, vocabulary, phrases, processes, pipelines, invalid input, saving."""

import copy
import csv
import json
import pickle
import subprocess
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import spacy
from gensim.models.phrases import Phrases
from gensim.test.utils import datapath
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from topicml.corpus.preprocessing import Preprocessor, preprocessor_from_config, reading
from topicml.corpus.preprocessing.phrases import join_phrases, learn_phrases
from topicml.corpus.preprocessing.saved import UntrustedPreprocessor
from topicml.corpus.preprocessing.selection import document_limits, select_vocabulary
from topicml.errors import InputError


@pytest.fixture(scope="module")
def news() -> list[str]:
    with open(datapath("lee_background.cor"), encoding="utf-8") as stream:
        return stream.read().splitlines()


def through_json(preprocessor, *, trust=False):
    return preprocessor_from_config(json.loads(json.dumps(preprocessor.to_config())), trust=trust)


# Rows and vocabulary


def test_documents_keep_their_rows_and_words_their_order():
    texts = ["Zebras chase apples", "", "the of and", "apples, zebras; apples", "!!!"]
    documents, vocabulary = Preprocessor().fit_tokens(texts)
    assert documents == [["zebra", "chase", "apple"], [], [], ["apple", "zebra", "apple"], []]
    assert vocabulary == ["apple", "chase", "zebra"]


def test_a_generator_is_read_once_and_fields_of_frames_work(news):
    expected = Preprocessor().fit_tokens(news)
    assert Preprocessor().fit_tokens(iter(news)) == expected
    assert Preprocessor().fit_tokens(pd.Series(news)) == expected
    assert Preprocessor().fit_tokens(np.array(news)) == expected  # numpy.str_


def test_new_text_is_treated_like_the_corpus(news):
    preprocessor = Preprocessor(min_df=1, max_df=1.0, max_features=None)
    documents, _ = preprocessor.fit_tokens(news)
    assert preprocessor.tokens(news) == documents
    assert preprocessor.tokens(["Unheard wombats"]) == [["unheard", "wombat"]]
    assert preprocessor.tokens([]) == []


def test_remaining_tokens_are_counted_after_every_step():
    preprocessor = Preprocessor(min_df=2, max_df=1.0)
    preprocessor.fit_tokens(["The 3 cats! http://x.org/y @me a", "cats I"])
    assert preprocessor.remaining_ == {
        "texts": 9,
        "symbols": 8,
        "urls": 7,
        "mentions": 6,
        "numbers": 5,
        "pos": 5,
        "stop_words": 2,
        "min_length": 2,
        "min_df": 2,
        "max_df": 2,
        "max_features": 2,
    }


words = st.sampled_from("abcdefghij")
share_or_count = st.one_of(st.integers(1, 6), st.floats(0, 1))


@given(st.lists(st.lists(words, max_size=8), min_size=1, max_size=12), share_or_count, share_or_count)
def test_document_frequency_limits_are_scikit_learns(documents, min_df, max_df):
    try:
        vectorizer = CountVectorizer(analyzer=list, min_df=min_df, max_df=max_df).fit(documents)
        expected = vectorizer.get_feature_names_out().tolist()
    except ValueError:
        expected = []  # nothing is left, or max_df is below min_df
    try:
        assert select_vocabulary(documents, min_df, max_df, None)[0] == expected
    except InputError as error:
        assert expected == []
        assert "Raise max_df or lower min_df" in str(error)


@given(st.lists(st.lists(words, max_size=8), min_size=1, max_size=12), st.integers(1, 12))
def test_max_features_keeps_the_most_frequent_words(documents, size):
    vocabulary, remaining = select_vocabulary(documents, 1, 1.0, size)
    counts = Counter(word for document in documents for word in document)
    assert vocabulary == sorted(sorted(counts, key=lambda word: (-counts[word], word))[:size])
    assert remaining["max_features"] == sum(counts[word] for word in vocabulary)


def test_max_features_as_a_share():
    assert select_vocabulary([list("aaabbcd")], 1, 1.0, 0.5)[0] == ["a", "b"]


@pytest.mark.parametrize(
    ("n_docs", "limits"), [(1, (1, 10)), (50, (1, 25)), (300, (4, 150)), (400, (5, 200)), (10**6, (5, 500_000))]
)
def test_default_limits_suit_the_size_of_the_corpus(n_docs, limits):
    assert document_limits(n_docs, None, None) == limits


# Phrases


@pytest.mark.parametrize("scoring", ["npmi", "default"])
def test_phrases_are_gensims(news, scoring):
    documents = [[word for word in document if "_" not in word] for document in Preprocessor().tokens(news)]
    threshold = {"npmi": 0.4, "default": 20.0}[scoring]
    tables = learn_phrases(documents, scoring=scoring, threshold=threshold, min_count=5, passes=2)
    first = Phrases(documents, min_count=5, threshold=threshold, scoring=scoring)
    once = [first[document] for document in documents]
    assert [join_phrases(document, tables[:1]) for document in documents] == once
    assert len(tables[0]) > 20
    second = Phrases(once, min_count=5, threshold=threshold, scoring=scoring, delimiter="+")
    twice = [[word.replace("+", "_") for word in second[document]] for document in once]
    assert [join_phrases(document, tables) for document in documents] == twice


def test_phrases_join_only_words_adjacent_in_the_text():
    texts = ["New York is big", "the New York", "new and York"] * 20
    preprocessor = Preprocessor(phrases={"threshold": 0.1, "min_count": 5}, min_df=1, max_df=1.0)
    documents, vocabulary = preprocessor.fit_tokens(texts)
    assert documents[:3] == [["new_york", "big"], ["new_york"], ["new", "york"]]
    assert preprocessor.tokens(["New\nYork, new, York"]) == [["new_york", "new", "york"]]
    assert "new_york" in vocabulary
    assert preprocessor.remaining_["phrases"] == preprocessor.remaining_["min_length"] - 40


def test_phrases_of_words_with_an_underscore():
    documents = [["foo_bar", "baz", "x"], ["y", "foo_bar", "baz"]] * 10
    (table,) = learn_phrases(documents, scoring="npmi", threshold=0.1, min_count=2, passes=1)
    assert ("foo_bar", "baz") in table
    assert join_phrases(["foo", "bar", "baz"], [table]) == ["foo", "bar", "baz"]


def test_phrases_must_be_learned_first():
    with pytest.raises(InputError, match="call fit_tokens"):
        Preprocessor(phrases=True).tokens(["new york"])


# Several processes, progress


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(reading, "_CHUNK_TEXTS", 25)
    monkeypatch.setattr(reading, "_CHUNKS_WORTH_STARTING", 2)


@pytest.mark.parametrize("phrases", [False, {"threshold": 0.3}])
def test_the_number_of_processes_changes_nothing(news, small_chunks, phrases):
    one, two = Preprocessor(phrases=phrases), Preprocessor(phrases=phrases, n_jobs=2)
    assert one.fit_tokens(news) == two.fit_tokens(news)
    assert one.tokens(news) == two.tokens(news)
    assert one.remaining_ == two.remaining_
    assert one.phrases_ == two.phrases_


def test_a_wrong_text_far_down_is_named_in_several_processes_too(small_chunks):
    texts = ["cats and dogs"] * 500
    texts[400] = None
    with pytest.raises(InputError, match="Text 400 "):
        Preprocessor(n_jobs=2).fit_tokens(iter(texts))


def test_importing_does_not_load_heavy_packages():
    code = "import sys, topicml.corpus.preprocessing; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "topicml.corpus.preprocessing" in modules
    assert not {"spacy", "gensim", "sklearn", "joblib", "rich", "torch"} & set(modules)


def test_chunks_change_nothing(news, monkeypatch):
    whole = Preprocessor().fit_tokens(news)
    monkeypatch.setattr(reading, "_CHUNK_CHARACTERS", 1)
    assert Preprocessor().fit_tokens(news) == whole


def test_progress_is_shown_on_standard_error_only(capsys):
    quiet = Preprocessor().fit_tokens(["Cats purr", "Dogs bark"])
    assert capsys.readouterr() == ("", "")
    assert Preprocessor(progress=True).fit_tokens(["Cats purr", "Dogs bark"]) == quiet
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2" in err


# Pipelines


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A pipeline with parts of speech and lemmas, made of spaCy's attribute ruler; and the folder that holds it."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("attribute_ruler")
    for word, pos, lemma in [("cats", "NOUN", "cat"), ("ran", "VERB", "run"), ("Paris", "PROPN", "Paris")]:
        ruler.add(patterns=[[{"ORTH": word}]], attrs={"POS": pos, "LEMMA": lemma})
    folder = tmp_path_factory.mktemp("pipeline") / "en_ruled"
    nlp.to_disk(folder)
    return nlp, str(folder)


TAGGED = ["Nine cats ran to Paris", "cats ran", "words without tags"]


def test_a_pipeline_gives_lemmas_and_parts_of_speech(tagger):
    nlp, folder = tagger
    for pipeline in (nlp, folder):
        assert Preprocessor(pipeline=pipeline, pos=["NOUN", "PROPN"]).tokens(TAGGED) == [["cat", "paris"], ["cat"], []]
        assert Preprocessor(pipeline=pipeline).tokens(TAGGED)[0] == ["cat", "run", "paris"]


def test_a_tagged_document_of_a_megabyte_is_read_in_pieces(tagger):
    text = "cats ran to Paris " * 60_000
    assert Preprocessor(pipeline=tagger[1], pos=["NOUN", "PROPN"]).tokens([text, "cats"]) == [
        ["cat", "paris"] * 60_000,
        ["cat"],
    ]


def test_a_pipeline_runs_in_several_processes(tagger, small_chunks):
    texts = TAGGED * 20
    nlp, folder = tagger
    expected = Preprocessor(pipeline=folder, pos=["NOUN"], max_df=1.0).fit_tokens(texts)
    assert Preprocessor(pipeline=folder, pos=["NOUN"], max_df=1.0, n_jobs=2).fit_tokens(texts) == expected
    assert Preprocessor(pipeline=nlp, pos=["NOUN"], max_df=1.0, n_jobs=2).fit_tokens(texts) == expected


def test_a_blank_language_object_equals_its_language_code(news):
    assert Preprocessor(pipeline=spacy.blank("en")).fit_tokens(news[:20]) == Preprocessor().fit_tokens(news[:20])


def test_parts_of_speech_need_a_tagger():
    with pytest.raises(InputError, match="pos needs a pipeline"):
        Preprocessor(pos=["NOUN"])
    with pytest.raises(InputError, match="does not"):
        Preprocessor(pipeline=spacy.blank("en"), pos=["NOUN"]).tokens(["cats"])


def test_a_missing_pipeline_says_how_to_get_it():
    with pytest.raises(InputError, match="spacy download en_core_web_nope"):
        Preprocessor(pipeline="en_core_web_nope").tokens(["cats"])


def test_a_language_object_is_saved_by_its_package_only(tagger, tmp_path, monkeypatch):
    nlp, folder = tagger
    with pytest.raises(InputError, match="to_disk"):
        Preprocessor(pipeline=nlp).to_config()
    assert Preprocessor(pipeline=folder).to_config()["pipeline"] == folder

    package = tmp_path / "en_ruled"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n"
        "def load(**overrides):\n    return load_model_from_init_py(__file__, **overrides)\n"
    )
    named = spacy.load(folder)
    named.meta.update(name="ruled", version="1.0")
    named.to_disk(package / "en_ruled-1.0")
    (package / "meta.json").write_text(json.dumps(named.meta))
    (tmp_path / "en_ruled-1.0.dist-info").mkdir()
    (tmp_path / "en_ruled-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: en_ruled\nVersion: 1.0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    of_package = Preprocessor(pipeline=spacy.load("en_ruled"), pos=["NOUN"])
    assert isinstance(through_json(of_package), UntrustedPreprocessor)  # not one that spaCy publishes
    saved = through_json(of_package, trust=True)
    assert saved.pipeline == "en_ruled"
    assert saved.tokens(TAGGED) == [["cat"], ["cat"], []]
    changed = spacy.load("en_ruled")
    changed.add_pipe("sentencizer")
    with pytest.raises(InputError, match="to_disk"):
        Preprocessor(pipeline=changed).to_config()
    sys.modules.pop("en_ruled", None)


# Wrong input


@pytest.mark.parametrize("missing", [None, float("nan"), 3.5, b"bytes", ["a", "list"]], ids=repr)
@pytest.mark.parametrize("method", ["fit_tokens", "tokens"])
def test_a_text_that_is_not_a_string_raises_with_its_row(missing, method):
    with pytest.raises(InputError, match=r"Text 2 \(counting from 0\) is .*not a string.*''"):
        getattr(Preprocessor(), method)(["cats", "dogs", missing])


@pytest.mark.parametrize("texts", ["one string", b"bytes", 7])
def test_texts_must_be_an_iterable_of_strings(texts):
    with pytest.raises(InputError, match="one string per document"):
        Preprocessor().fit_tokens(texts)


def test_no_texts_raise():
    with pytest.raises(InputError, match="no texts"):
        Preprocessor().fit_tokens([])


@pytest.mark.parametrize(
    ("texts", "given", "step"),
    [
        (["!!! ...", "😀"], {}, "symbols"),
        (["http://a.org/x"], {}, "urls"),
        (["@me @you"], {}, "mentions"),
        (["12 13", "@x 14"], {}, "numbers"),
        (["the of", "and 12"], {}, "stop_words"),
        (["cat dog"], {"min_length": 9}, r"min_length \(min_length=9\)"),
        (["cat dog", "bird fish"], {"min_df": 2}, r"min_df \(min_df=2\)"),
        (["cat", "cat", "cat"], {"max_df": 0.5, "min_df": 1}, r"max_df \(max_df=0.5\)"),
    ],
)
def test_no_word_left_names_the_step(texts, given, step):
    with pytest.raises(InputError, match=f"No word is left.*step {step}.* removed the last ones.*in the texts"):
        Preprocessor(**given).fit_tokens(texts)


def test_empty_texts_leave_no_word():
    with pytest.raises(InputError, match=r"No word is left.*2 texts are empty"):
        Preprocessor().fit_tokens(["", " \n"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"min_df": 1.5}, "share"),
        ({"min_df": -1}, "min_df is -1"),
        ({"max_df": "half"}, "count"),
        ({"max_df": True}, "count"),
        ({"max_features": 0}, "max_features is 0"),
        ({"min_length": 0}, "at least 1"),
        ({"min_length": 2.0}, "integer"),
        ({"n_jobs": 0}, "other than 0"),
        ({"lowercase": "yes"}, "True or False"),
        ({"stop_words": "the"}, "list of words"),
        ({"stop_words": [1]}, "list of words"),
        ({"lemmatize": "lookup"}, "dict of forms"),
        ({"pos": ["NOUNS"], "pipeline": "x"}, "'NOUNS' is not a universal part of speech"),
        ({"phrases": "npmi"}, "dict"),
        ({"phrases": {"scoring": "pmi"}}, "'default'"),
        ({"phrases": {"min_count": 0}}, "at least 1"),
    ],
    ids=str,
)
def test_invalid_settings_raise_in_the_constructor(given, says):
    with pytest.raises(InputError, match=says):
        Preprocessor(**given)


# Saving


@pytest.fixture(scope="module")
def saved_pairs():
    """Preprocessors and what becomes of them in a file."""
    plain = Preprocessor()
    loose = Preprocessor("xx", lemmatize=False, stop_words=False, min_length=1, lowercase=False, numbers=True)
    return [(preprocessor, through_json(preprocessor)) for preprocessor in (plain, loose)]


@given(texts=st.lists(st.text(), max_size=4))
def test_a_saved_preprocessor_gives_the_same_words(saved_pairs, texts):
    for preprocessor, saved in saved_pairs:
        assert saved.tokens(texts) == preprocessor.tokens(texts)


odd_words = st.text(st.characters(categories=["L", "N"], include_characters="_-.'\u0301"), min_size=1, max_size=3)


@given(st.lists(odd_words, min_size=2, max_size=4, unique=True), st.data())
@settings(max_examples=40)
def test_learned_phrases_survive_saving(vocabulary, data):
    texts = data.draw(st.lists(st.lists(st.sampled_from(vocabulary), max_size=6).map(" ".join), min_size=3, max_size=6))
    preprocessor = Preprocessor(
        "xx",
        lemmatize=False,
        phrases={"threshold": -1.0, "min_count": 1, "passes": 2},
        stop_words=False,
        min_length=1,
        min_df=0,
        max_df=1.0,
    )
    try:
        preprocessor.fit_tokens(texts)
    except InputError:
        return  # no word left
    saved = through_json(preprocessor)
    assert saved.phrases_ == preprocessor.phrases_
    assert saved.tokens(texts) == preprocessor.tokens(texts)
    assert saved == preprocessor


def test_every_setting_is_saved_except_n_jobs_and_progress():
    preprocessor = Preprocessor(
        "de",
        lowercase=False,
        lemmatize={"ä": "b"},
        stop_words={"x", "y"},
        min_length=3,
        numbers=True,
        urls=True,
        mentions=True,
        markup=True,
        phrases={"threshold": 0.2},
        min_df=np.int64(3),
        max_df=np.float64(0.25),
        max_features=0.5,
        n_jobs=2,
        progress=True,
    )
    config = preprocessor.to_config()
    saved = preprocessor_from_config(json.loads(json.dumps(config)))
    assert saved.to_config() == config
    assert (saved.n_jobs, saved.progress) == (1, False)
    assert (saved.min_df, saved.max_df, saved.stop_words) == (3, 0.25, ["x", "y"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "other"}, "kind"),
        ({"format": 3}, "newer topicml"),
        ({"unheard": 1}, "damaged"),
        ({"min_df": "x"}, "damaged"),
        ({"learned_phrases": [[["a"]]]}, "damaged"),
    ],
)
def test_a_foreign_or_damaged_configuration_raises(change, says):
    with pytest.raises(InputError, match=says):
        preprocessor_from_config(Preprocessor().to_config() | change)


def test_an_incomplete_configuration_raises():
    config = Preprocessor().to_config()
    del config["learned_phrases"]
    with pytest.raises(InputError, match="damaged"):
        preprocessor_from_config(config)
    with pytest.raises(InputError, match="kind"):
        preprocessor_from_config([])


def test_copies_and_pickles_exclude_the_pipeline():
    preprocessor = Preprocessor(phrases={"min_count": 1, "threshold": 0.0})
    preprocessor.fit_tokens(["new york"] * 3)
    assert len(pickle.dumps(preprocessor)) < 10_000
    assert copy.deepcopy(preprocessor).tokens(["New York"]) == preprocessor.tokens(["New York"])


def test_a_changed_setting_takes_effect():
    preprocessor = Preprocessor()
    assert preprocessor.tokens(["the cats"]) == [["cat"]]
    preprocessor.stop_words = False
    assert preprocessor.tokens(["the cats"]) == [["the", "cat"]]


def test_the_vocabulary_of_raw_titles_has_their_tags(shared_corpora):
    with open(shared_corpora / "StackOverflow-raw" / "titles.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    documents, vocabulary = Preprocessor().fit_tokens(row["title"] for row in rows)
    assert len(documents) == len(rows) == 20_000
    assert {row["tag"] for row in rows} - set(vocabulary) <= {"osx", "visual-studio"}
    assert sum(not document for document in documents) < 200
