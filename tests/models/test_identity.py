"""What makes two fits the same fit, and what a checkpoint refuses."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import topicml
from topicml import Corpus, ProdLDA, SetContrast
from topicml.errors import InputError
from topicml.identity import digest
from topicml.models import TopicModel
from topicml.models.documents import documents_to_fit, with_views
from topicml.models.identity import model_identity
from topicml.objectives.contrast import InfoNCE
from topicml.objectives.views import LabelMates
from topicml.pareto import Balance, MinNorm
from topicml.starting import Start
from topicml.stories.prodlda import ProdLDAStory
from topicml.training import Training

TOKENS = [["moon", "rocket", "orbit"], ["oven", "sugar", "flour"]] * 20
OPTIONS = {"n_topics": 2, "max_epochs": 4, "hidden": 8, "random_state": 0}


def corpus(labels=None):
    return Corpus.from_tokens(TOKENS, fields={"label": labels or ["a", "b"] * 20, "other": list(range(40))})


def identity(model, X=None, views=None):
    documents = documents_to_fit(model, corpus() if X is None else X, None)
    if views is not None:
        documents = with_views(documents, views)
    return digest(model_identity(model, documents))


def test_defaults_names_and_objects_that_mean_the_same_are_the_same_fit():
    assert identity(ProdLDA(**OPTIONS)) == identity(ProdLDA(**OPTIONS, alpha=0.1, init="npmi"))
    assert identity(ProdLDA(**OPTIONS)) == identity(ProdLDA(**OPTIONS, init=Start()))
    by_name = ProdLDA(**OPTIONS, contrast="set", balance="pareto")
    assert identity(by_name) == identity(ProdLDA(**OPTIONS, contrast="set", balance=Balance(MinNorm())))
    assert identity(by_name) == identity(ProdLDA(**OPTIONS, contrast=SetContrast(), balance=Balance()))


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": 0.2},
        {"max_epochs": 5},
        {"random_state": 1},
        {"contrast": SetContrast(set_size=2)},
        {"contrast": "set", "balance": "sum"},
        {"init": np.eye(2, 6) + 0.1},
    ],
)
def test_a_parameter_that_decides_the_result_makes_another_fit(change):
    base = {**OPTIONS, **({"contrast": "set"} if "contrast" in change else {})}
    assert identity(ProdLDA(**base)) != identity(ProdLDA(**{**base, **change}))


def test_verbose_and_an_unused_balance_do_not_matter():
    assert identity(ProdLDA(**OPTIONS)) == identity(ProdLDA(**OPTIONS, verbose=True, balance="sum"))


@pytest.mark.parametrize("contrast", [InfoNCE(view=LabelMates("label")), SetContrast(view=LabelMates("label"))])
def test_the_fields_that_a_contrast_reads_decide(contrast):
    others = ["b", "a"] * 20
    labelled = ProdLDA(**OPTIONS, contrast=contrast)
    assert identity(labelled) != identity(labelled, corpus(others))
    assert identity(ProdLDA(**OPTIONS)) == identity(ProdLDA(**OPTIONS), corpus(others))


def test_views_and_counts_decide():
    model = ProdLDA(**OPTIONS, contrast="set")
    view = corpus().counts
    assert len({identity(model), identity(model, views=[view]), identity(model, views=[view[::-1]])}) == 3
    assert identity(model, view) != identity(model, view[::-1])


def test_a_contrast_by_name_reads_views_and_an_object_need_not():
    views = [corpus().counts]
    by_name = identity(ProdLDA(**OPTIONS, contrast="set"), views=views)
    assert by_name == identity(ProdLDA(**OPTIONS, contrast=SetContrast(view="user")), views=views)
    assert by_name != identity(ProdLDA(**OPTIONS, contrast=SetContrast()), views=views)


def test_names_of_columns_decide():
    counts = corpus().counts.toarray()
    one, other = (pd.DataFrame(counts, columns=list(letters)) for letters in ("abcdef", "fedcba"))
    model = ProdLDA(**OPTIONS)
    assert identity(model, one) != identity(model, other)


class Sharper(ProdLDA):
    def __init__(self, n_topics=2, *, sharpness=1.0):
        super().__init__(n_topics, max_epochs=4)
        self.sharpness = sharpness


def test_parameters_that_a_subclass_adds_decide():
    assert identity(Sharper(sharpness=2)) == identity(Sharper(sharpness=2.0)) != identity(Sharper(sharpness=3.0))


def test_the_version_decides(monkeypatch):
    before = identity(ProdLDA(**OPTIONS))
    monkeypatch.setattr("topicml.identity.__version__", "9.9")
    assert identity(ProdLDA(**OPTIONS)) != before


def test_a_checkpoint_of_other_labels_is_refused(tmp_path):
    def fit(labels, **options):
        model = ProdLDA(**OPTIONS, contrast=SetContrast(view=LabelMates("label")))
        return model.fit(corpus(labels), checkpoint=tmp_path, checkpoint_seconds=0, **options)

    fit(["a", "b"] * 20, callbacks=[lambda record: record["epoch"] == 3])
    with pytest.raises(InputError, match=r"another fit\. What differs: documents\.fields\.label"):
        fit(["b"] * 20 + ["a"] * 20)


def test_a_fit_with_keyed_vectors_resumes_in_another_process(tmp_path):
    source = (
        "import sys, numpy as np, topicml\n"
        "from gensim.models import KeyedVectors\n"
        "tokens = [['moon', 'rocket', 'orbit'], ['oven', 'sugar', 'flour']] * 20\n"
        "keyed = KeyedVectors(4)\n"
        "words = sorted({word for each in tokens for word in each})\n"
        "keyed.add_vectors(words, np.random.default_rng(0).normal(size=(6, 4)))\n"
        "model = topicml.ETM(n_topics=2, embeddings=keyed, hidden=8, max_epochs=4, random_state=0)\n"
        "stop = [lambda record: record['epoch'] == int(sys.argv[2])]\n"
        "model.fit(topicml.Corpus.from_tokens(tokens), checkpoint=sys.argv[1], checkpoint_seconds=0, callbacks=stop)\n"
        "print(model.n_iter_, model.components_.tobytes().hex()[:64])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}

    def run(folder, until):
        command = [sys.executable, "-W", "ignore", "-c", source, str(folder), str(until)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout.split()

    run(tmp_path / "interrupted", 1)
    # The stopped run has used up its patience: continuing it shows that its checkpoint is accepted.
    assert run(tmp_path / "interrupted", 4)[0] == "1"


def test_a_composed_model_is_the_named_one_to_the_bit():
    story = ProdLDAStory(n_topics=2, hidden=8)
    composed = TopicModel(story, contrast="set", training=Training(max_epochs=4), random_state=0).fit(corpus())
    named = ProdLDA(**OPTIONS, contrast="set").fit(corpus())
    np.testing.assert_array_equal(composed.transform(corpus()), named.transform(corpus()))
    assert (composed.n_topics, named.n_topics) == (2, 2)
    assert topicml.models.model_class("ProdLDA").story_class is ProdLDAStory


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((), r"story=None is not a Story\. Give one, such as ProdLDAStory"),
        (("prodlda",), "story='prodlda' is not a Story"),
        ((ProdLDAStory(), {"max_epochs": 3}), r"training=\{'max_epochs': 3\} is not a Training"),
    ],
)
def test_parts_of_another_kind_are_named(parts, message):
    model = TopicModel(*parts[:1], **({"training": parts[1]} if len(parts) > 1 else {}))
    with pytest.raises(InputError, match=message):
        model.fit(corpus())


@pytest.mark.parametrize("make", [ProdLDA, ProdLDAStory, Training])
def test_an_unknown_option_comes_with_similar_names(make):
    wrong, right = ("max_epoch", "max_epochs") if make is Training else ("alhpa", "alpha")
    with pytest.raises(TypeError, match=rf"{make.__name__} has no argument '{wrong}'\. Did you mean {right}"):
        make(**{wrong: 1})
