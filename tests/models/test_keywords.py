"""Every keyword argument of the named models has the default of the story or of training, and reaches the fit."""

import inspect

import numpy as np
import pytest

import topicml
from topicml.corpus import Preprocessor, synthetic
from topicml.errors import InputError
from topicml.identity import describe
from topicml.models import TopicModel, model_class
from topicml.models.identity import model_parameters
from topicml.objectives import IWAE
from topicml.starting import Start, seeds_from
from topicml.training import Training

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")

MODELS = ("ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE")
SEEDS = seeds_from({"first": ["w00", "w03"]})
BASE = {"n_topics": 4, "hidden": 8, "max_epochs": 2, "batch_size": 30, "random_state": 0, "device": "cpu"}

# Every keyword of the models: a value that must change the fit, and the other keywords that make it matter.
STORY = {
    "n_topics": (5, {}),
    "init": (Start(threshold=0.3), {}),
    "exclusivity": (0.0, {}),
    "hidden": (9, {}),
    "dropout": (0.5, {}),
    "topic_rate": (0.5, {}),
    "evidence_words": (1.0, {}),
    "seeds": (SEEDS, {}),
    "seed_strength": (100.0, {"seeds": SEEDS}),
    "against": ("label=0", {"salient": 1}),
    "salient": (2, {"against": "label=0", "n_topics": 8}),
    "against_strength": (100.0, {"against": "label=0", "salient": 1}),
    "response": ("C(label)", {}),
    "response_strength": (0.1, {"response": "C(label)"}),
    "prevalence": ("~ label", {}),
    "prevalence_penalty": (1e6, {"prevalence": "~ label"}),
    "time": ("label", {}),
    "by": (2, {"time": "label"}),
    "content": ("label", {}),
    "deviation": (1.0, {"content": "label"}),
    "encoder_input": ("both", {}),
    "neighbour_share": (0.5, {}),
    "reconstruct": ("targets", {}),
    "parents": (2, {}),
    "parents_strength": (9.0, {"parents": 2}),
    "alpha": (1.0, {}),
    "theta_dropout": (0.5, {}),
    "bound": (IWAE(k=2), {}),
    "kl_warmup": (0.5, {}),
    "free_bits": (2.0, {}),
    "few_topics": (2, {}),
    "decoder": ("mixture", {}),
    "sampled_words": (10, {}),
    "embeddings": ("word2vec", {}),
    "embedding_size": (3, {}),
    "train_embeddings": (True, {}),
    "embedding_rate": (1.0, {"train_embeddings": True}),
    "temperature": (0.4, {}),
    "clustering": (1.0, {}),
    "sharpness": (0.5, {"topic_rate": 1.0}),
    "vectors": ("random", {}),
    "vector_size": (3, {}),
    "window": (1, {}),
    "negatives": (5, {}),
    "pairs": (3, {}),
    "noise_words": (10, {}),
    "pivot_dropout": (0.0, {}),
    "frequency_power": (1.0, {}),
    "train_vectors": (False, {}),
    "vector_rate": (1.0, {}),
    "sparsity": (10.0, {}),
    "commitment": (5.0, {}),
    "units": (7, {}),
    "units_dropout": (0.1, {}),
    "semantic_weight": (0.0, {}),
    "same_weight": (1.0, {"views": True}),
}
TRAINING = {
    "max_epochs": (3, {}),
    "epoch_size": (20, {}),
    "batch_size": (20, {}),
    "learning_rate": (0.05, {}),
    "clip": (1e-9, {}),
    "validation_fraction": (0.5, {}),
    "patience": (1, {"max_epochs": 40, "learning_rate": 0.5, "validation_fraction": 0.5, "batch_size": 10}),
    "precision": ("bfloat16", {}),
}
CONTRAST = {
    "contrast": ("infonce", {}),
    "balance": ("sum", {"contrast": "infonce"}),
    "ranking": ("decoder", {}),
}
GROUPS = ("time", "by", "content", "deviation")
# They need documents of several languages: tests/models/test_languages.py.
LANGUAGES = {"languages", "translations", "dictionary", "translation_strength"}
# Where a fit is made and what it prints change nothing of it; texts and seeds have tests of their own.
OTHERS = {"device", "preprocessor", "verbose", "random_state"}


def cases(*tables):
    found = [(model, name) for model in MODELS for table in tables for name in table if name in defaults(model)]
    refused = [("LDA2Vec", "reconstruct"), ("LDA2Vec", "neighbour_share"), ("DocNADE", "reconstruct")]
    return [each for each in found if each not in refused]  # tests/models/test_reconstruction.py


def defaults(model):
    return {name: each.default for name, each in inspect.signature(model_class(model)).parameters.items()}


@pytest.fixture(scope="module")
def drawn():
    corpus = synthetic.short_text(90, 4, 40, random_state=0).corpus
    corpus = corpus.with_embeddings(np.random.default_rng(0).normal(size=(90, 5)))
    return corpus.with_targets(corpus.counts + corpus.counts[::-1])


@pytest.fixture(scope="module")
def fit(drawn):
    """Fit a model; a fit with the same options as an earlier one is that one."""
    fits = {}

    def fitted(name, **options):
        key = name, repr(sorted(options.items()))
        if key not in fits:
            views = [drawn[::-1]] if options.pop("views", False) else None
            fits[key] = getattr(topicml, name)(**{**BASE, **options}).fit(drawn, views=views)
        return fits[key]

    return fitted


@pytest.mark.parametrize("model", MODELS)
def test_every_keyword_is_tried(model):
    assert {*defaults(model)} <= {*STORY, *LANGUAGES, *TRAINING, *CONTRAST, *OTHERS}
    assert {*inspect.signature(model_class(model).story_class).parameters} <= {*STORY, *LANGUAGES}
    assert {*LANGUAGES, *TRAINING, *CONTRAST, *OTHERS} <= {*defaults(model)}


@pytest.mark.parametrize("model", MODELS)
def test_defaults_are_those_of_the_story_of_training_and_of_topic_model(model):
    parts = getattr(topicml, model)().composition()
    assert describe(parts.story) == describe(model_class(model).story_class())
    assert describe(parts.training) == describe(Training())
    estimator = {name: each.default for name, each in inspect.signature(TopicModel).parameters.items()}
    for name in (*CONTRAST, "preprocessor", "verbose", "random_state"):
        assert defaults(model)[name] == estimator[name]


@pytest.mark.parametrize(("model", "name"), cases(STORY, TRAINING, CONTRAST))
def test_a_keyword_reaches_the_part_it_belongs_to_and_no_other(model, name):
    value, others = {**STORY, **TRAINING, **CONTRAST}[name]
    others = {key: each for key, each in others.items() if key != "views"}
    before = getattr(topicml, model)(**others)
    after = getattr(topicml, model)(**others).set_params(**{name: value})
    assert getattr(after, name) is value
    one, other = describe(model_parameters(before)), describe(model_parameters(after))
    part = "story" if name in STORY else "training" if name in TRAINING else name.replace("contrast", "contrasts")
    if name in ("contrast", "response"):  # without one of them there is no balance
        one.pop("balance"), other.pop("balance")
    assert [key for key in one if one[key] != other[key]] == [part]
    if part in ("story", "training"):
        settings = [getattr(each.composition(), part).settings() for each in (before, after)]
        assert settings[1][name] is value
        changed = {key for key in settings[0] if repr(settings[0][key]) != repr(settings[1][key])}
        assert changed == {name}


@pytest.mark.parametrize(("model", "name"), cases(STORY, TRAINING, CONTRAST))
def test_a_keyword_changes_the_fit(fit, drawn, model, name):
    value, others = {**STORY, **TRAINING, **CONTRAST}[name]
    if name in GROUPS and model in ("ECRTM", "LDA2Vec"):
        with pytest.raises(InputError, match="cannot differ by group"):
            fit(model, **{**others, name: value})
        return
    before, after = fit(model, **others), fit(model, **{**others, name: value})
    thetas = [each.transform(drawn) for each in (before, after)]
    if name == "n_topics":
        assert thetas[1].shape == (90, value)
    elif name == "patience":
        assert after.n_iter_ < before.n_iter_
    elif name == "ranking":
        assert (thetas[0] == thetas[1]).all()
        assert np.abs(before.components_ - after.components_).max() > 1e-5
    else:
        assert np.abs(thetas[0] - thetas[1]).max() > 1e-5


def test_the_device_is_where_the_network_is():
    assert topicml.ProdLDA(device="cpu").composition().training.device == "cpu"
    with pytest.raises(ValueError, match="device='nonsense' cannot be used"):
        topicml.ProdLDA(n_topics=2, device="nonsense").fit(np.ones((4, 3)))


@pytest.mark.parametrize("model", MODELS)
def test_raw_texts_are_read_by_the_preprocessor_of_the_model(model):
    texts = ["Cats chase mice.", "Dogs chase cats!", "Stocks and markets fell.", "Markets: stocks rose"] * 10
    preprocessor = Preprocessor(stop_words=["chase"])
    options = {**BASE, "n_topics": 2, "max_epochs": 1}
    fitted = getattr(topicml, model)(**options, preprocessor=preprocessor).fit(texts)
    assert fitted.preprocessor_ is not None
    assert "chase" not in fitted.vocabulary_


@pytest.mark.parametrize("model", MODELS)
def test_a_progress_bar_is_shown_if_asked(model, drawn, capsys):
    options = {**BASE, "max_epochs": 1}
    getattr(topicml, model)(**options, verbose=False).fit(drawn)
    assert capsys.readouterr().err == ""
    getattr(topicml, model)(**options, verbose=True).fit(drawn)
    assert capsys.readouterr().err != ""
