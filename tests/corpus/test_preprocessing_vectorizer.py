"""`VectorizerPreprocessor`: a scikit-learn vectorizer as preprocessor."""

import json
import sys
import types
import warnings

import pytest
from gensim.test.utils import datapath
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer

from topicml import Corpus
from topicml.corpus.preprocessing import Preprocessor, VectorizerPreprocessor, preprocessor_from_config
from topicml.errors import InputError, TopicWarning


@pytest.fixture(scope="module")
def news() -> list[str]:
    with open(datapath("lee_background.cor"), encoding="utf-8") as stream:
        return stream.read().splitlines()


def through_json(preprocessor):
    return preprocessor_from_config(json.loads(json.dumps(preprocessor.to_config())))


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(),
        CountVectorizer(stop_words="english", min_df=3, max_df=0.4, max_features=500),
        TfidfVectorizer(ngram_range=(1, 2), min_df=5, lowercase=False),
        CountVectorizer(analyzer="char_wb", ngram_range=(3, 3), min_df=10),
        CountVectorizer(vocabulary=["police", "fire", "the"]),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:Of the TfidfVectorizer")
def test_words_and_counts_are_the_vectorizers(news, vectorizer):
    preprocessor = VectorizerPreprocessor(vectorizer)
    documents, vocabulary = preprocessor.fit_tokens(news)
    assert not hasattr(vectorizer, "vocabulary_")  # the user's object is left alone
    alone = CountVectorizer(**{k: v for k, v in vectorizer.get_params().items() if k in CountVectorizer().get_params()})
    expected = alone.fit_transform(news)
    assert vocabulary == alone.get_feature_names_out().tolist()
    counts = CountVectorizer(analyzer=list, vocabulary=vocabulary).transform(documents)
    assert (counts != expected).nnz == 0
    saved = through_json(preprocessor)
    assert saved.tokens(news[:9]) == preprocessor.tokens(news[:9])
    assert saved.fit_tokens(news) == (documents, vocabulary)
    assert saved.to_config() == preprocessor.to_config()


def test_a_fitted_one_keeps_its_vocabulary():
    fitted = CountVectorizer().fit(["cats dogs"])
    documents, vocabulary = VectorizerPreprocessor(fitted).fit_tokens(["dogs chase birds", "", "cats"])
    assert documents == [["dogs"], [], ["cats"]]
    assert vocabulary == ["cats", "dogs"]
    again = VectorizerPreprocessor(CountVectorizer())
    again.fit_tokens(["cats dogs"])
    assert again.fit_tokens(["birds sing"])[1] == ["birds", "sing"]  # an unfitted one learns each corpus anew


@pytest.mark.filterwarnings("ignore:Upper case characters")
@given(st.lists(st.text(), min_size=1, max_size=4))
@settings(max_examples=40)
def test_saving_keeps_odd_words(texts):
    preprocessor = VectorizerPreprocessor(CountVectorizer(token_pattern=r"(?u)\S"))
    try:
        documents, vocabulary = preprocessor.fit_tokens(texts)
    except InputError:
        return  # no word left
    assert through_json(preprocessor).fit_tokens(texts) == (documents, vocabulary)


def test_no_word_left_says_why():
    with pytest.raises(InputError, match=r"2 texts.*gave 0 words; loosen token_pattern"):
        VectorizerPreprocessor(CountVectorizer()).fit_tokens(["!", "?"])
    with pytest.raises(InputError, match=r"gave 2 words; loosen min_df"):
        VectorizerPreprocessor(CountVectorizer(min_df=2)).fit_tokens(["cats", "dogs"])
    with pytest.raises(InputError, match="none of the vectorizer's 1 words"):
        VectorizerPreprocessor(CountVectorizer(vocabulary=["cats"])).fit_tokens(["dogs"])


@pytest.mark.parametrize("method", ["fit_tokens", "tokens"])
def test_texts_are_checked(method):
    with pytest.raises(InputError, match="Text 1 "):
        getattr(VectorizerPreprocessor(CountVectorizer()), method)(["cats", None])


@pytest.mark.parametrize(
    "thing", [object(), str.split, CountVectorizer, HashingVectorizer(), CountVectorizer(input="filename")]
)
def test_other_objects_than_vectorizers_raise(thing):
    with pytest.raises(InputError):
        VectorizerPreprocessor(thing)


def split(text):
    return text.split()


class OwnVectorizer(CountVectorizer):
    pass


@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern'")
@pytest.mark.parametrize("name", ["tokenizer", "preprocessor", "analyzer"])
def test_an_importable_function_is_saved_by_its_path_and_not_imported_unasked(name, monkeypatch):
    module = types.ModuleType("my_words")
    exec("def split(text):\n    return text.split() if isinstance(text, str) else text", module.__dict__)
    monkeypatch.setitem(sys.modules, "my_words", module)
    function = str.lower if name == "preprocessor" else module.split
    preprocessor = VectorizerPreprocessor(CountVectorizer(**{name: function}))
    with warnings.catch_warnings():
        warnings.simplefilter("error", TopicWarning)
        documents, vocabulary = preprocessor.fit_tokens(["cats dogs"])
    saved = through_json(preprocessor)
    if name != "preprocessor":
        assert preprocessor.to_config()["functions"] == {name: "my_words:split"}
    with pytest.raises(InputError, match=rf"{name}=.*preprocessor=\.\.\."):
        saved.tokens(["cats"])
    assert saved.to_config() == preprocessor.to_config()
    assert saved.import_functions().fit_tokens(["cats dogs"]) == (documents, vocabulary)


@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern'")
def test_a_function_that_cannot_be_imported_is_told_at_the_fit():
    preprocessor = VectorizerPreprocessor(CountVectorizer(tokenizer=lambda text: text.split()))
    with pytest.warns(TopicWarning, match=r"tokenizer=<function .*lambda.*module of its own.*preprocessor=") as caught:
        preprocessor.fit_tokens(["cats dogs"])
    assert len([each for each in caught if each.category is TopicWarning]) == 1
    saved = through_json(preprocessor)
    with pytest.raises(InputError, match="a function without a name"):
        saved.tokens(["cats"])
    with pytest.raises(InputError, match="cannot be imported"):
        saved.import_functions()


def test_a_vectorizer_of_another_class_has_no_configuration():
    with pytest.raises(InputError, match="OwnVectorizer cannot be saved"):
        VectorizerPreprocessor(OwnVectorizer()).to_config()


def test_binary_counts_each_word_of_a_document_once():
    corpus = Corpus.from_texts(["cats cats dogs", "dogs", "cats"], preprocessor=CountVectorizer(binary=True))
    assert corpus.counts.toarray().tolist() == [[1, 1], [0, 1], [1, 0]]
    assert through_json(corpus.preprocessor).tokens(["dogs dogs"]) == [["dogs"]]


def test_weights_that_a_corpus_does_not_use_are_told():
    with pytest.warns(TopicWarning, match=r"only the words are used, not the weights.*fit_transform") as caught:
        Corpus.from_texts(["cats dogs", "dogs"], preprocessor=TfidfVectorizer())
    assert len([each for each in caught if each.category is TopicWarning]) == 1


@pytest.mark.parametrize("change", [{"format": 9}, {"class": "OneHotEncoder"}, {"parameters": {}}, {"vocabulary": 3}])
def test_a_foreign_or_damaged_configuration_raises(change):
    config = VectorizerPreprocessor(CountVectorizer()).to_config() | change
    with pytest.raises(InputError, match=r"newer|damaged"):
        preprocessor_from_config(config)


def test_preprocessor_from_config_recognises_both_kinds():
    assert isinstance(preprocessor_from_config(Preprocessor().to_config()), Preprocessor)
    assert isinstance(through_json(VectorizerPreprocessor(TfidfVectorizer())).vectorizer, TfidfVectorizer)
