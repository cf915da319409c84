"""Models with a preprocessor of the user's own: saved without it, and loaded with it."""

import re
import warnings

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

import topicml
from topicml.errors import InputError, TopicWarning

TEXTS = ["cats dogs birds", "dogs birds cats", "stars moon sun", "moon sun stars"] * 10


class Own:
    def tokens(self, texts):
        return [re.findall(r"\w+", text) for text in texts]

    def fit_tokens(self, texts):
        documents = self.tokens(texts)
        return documents, sorted({word for document in documents for word in document})


def fitted(preprocessor):
    return topicml.ProdLDA(n_topics=2, random_state=0, max_epochs=2, preprocessor=preprocessor).fit(TEXTS)


@pytest.mark.filterwarnings("ignore:The parameter 'token_pattern'")
@pytest.mark.parametrize(
    ("preprocessor", "at_fit"),
    [
        (Own(), "Own has no method to_config"),
        (CountVectorizer(tokenizer=lambda text: text.split()), "tokenizer=<function"),
    ],
    ids=["object", "function"],
)
def test_a_model_with_its_own_preprocessor_is_saved_told_and_loaded_with_it(preprocessor, at_fit, tmp_path):
    with pytest.warns(TopicWarning, match=at_fit):
        model = fitted(preprocessor)
    with pytest.warns(TopicWarning, match=r"saved without what cannot be written.*load\(folder, preprocessor"):
        model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert loaded.topics(3) == model.topics(3)
    with pytest.raises(InputError, match=r"load\(folder, preprocessor=\.\.\.\)"):
        loaded.transform(TEXTS[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("error", TopicWarning)
        again = topicml.load(tmp_path / "model", preprocessor=preprocessor)
    np.testing.assert_allclose(again.transform(TEXTS[:2]), model.transform(TEXTS[:2]), atol=1e-6)


def test_a_corpus_with_its_own_preprocessor_is_saved_and_opened(tmp_path):
    with pytest.warns(TopicWarning, match="Own has no method to_config"):
        corpus = topicml.Corpus.from_texts(TEXTS, preprocessor=Own())
    with pytest.warns(TopicWarning, match="saved without what cannot be written"):
        corpus.save(tmp_path / "corpus")
    assert topicml.Corpus.open(tmp_path / "corpus").fingerprint == corpus.fingerprint


def test_a_batch_without_texts_has_no_rows():
    model = fitted(CountVectorizer())
    assert model.transform([]).shape == (0, 2)
    assert model.transform(()).shape == (0, 2)
