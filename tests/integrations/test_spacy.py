"""The spaCy component returns the model's topics, and is saved with its pipeline."""

import numpy as np
import pytest
import spacy

from topicml import Preprocessor, ProdLDA
from topicml.errors import InputError
from topicml.integrations.spacy import TopicComponent


@pytest.fixture(scope="module")
def of_texts(planted):
    """A model fitted on raw texts, with their preprocessor."""
    settings = {"max_epochs": 4, "batch_size": 24, "hidden": 16, "random_state": 0}
    return ProdLDA(3, preprocessor=Preprocessor(min_df=1), **settings).fit(TEXTS * 20)


TEXTS = [
    "The cats chased mice across gardens.",
    "Banks lend money to companies.",
    "Ships sailed beyond distant oceans.",
    "Kittens chased mice and cats.",
    "Companies borrow money from banks.",
    "Oceans carried ships past islands.",
]
pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")


def pipeline(model, /, **config):
    nlp = spacy.blank("en")
    nlp.add_pipe("topicml", config=config)
    if model is not None:
        nlp.get_pipe("topicml")._model = model
    return nlp


def test_topics_are_those_of_transform(of_texts):
    texts = [*TEXTS, "Unknown zebras everywhere.", ""]
    expected = of_texts.transform(texts)
    nlp = pipeline(of_texts)
    np.testing.assert_allclose([nlp(text)._.topics for text in texts], expected, atol=1e-6)
    np.testing.assert_allclose([doc._.topics for doc in nlp.pipe(texts, batch_size=3)], expected, atol=1e-6)


def test_words_can_be_the_pipeline_s_tokens(planted, model):
    nlp = pipeline(model, words="lower")
    expected = model.transform(planted[:4])
    result = [nlp(" ".join(planted.document(i)).upper())._.topics for i in range(4)]
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_it_opens_a_saved_model_and_travels_with_the_pipeline(of_texts, tmp_path):
    of_texts.save(tmp_path / "saved")
    nlp = pipeline(None, model=str(tmp_path / "saved"))
    expected = nlp(TEXTS[0])._.topics
    nlp.to_disk(tmp_path / "pipeline")
    (tmp_path / "saved").rename(tmp_path / "moved")  # the pipeline has its own copy
    again = spacy.load(tmp_path / "pipeline")
    np.testing.assert_allclose(again(TEXTS[0])._.topics, expected, atol=1e-6)


def test_wrong_configurations(tmp_path, model):
    with pytest.raises(InputError, match="words='stem' is unknown"):
        TopicComponent(words="stem")
    with pytest.raises(InputError, match="component has no model"):
        pipeline(None)("text")
    with pytest.raises(InputError, match="is not a topicml model"):
        pipeline(None, model=str(tmp_path))("text")
    with pytest.raises(InputError, match="has no preprocessor for raw text"):
        pipeline(model)("text")
