"""A checkpoint continues the same fit and no other."""

import numpy as np
import pytest

import topicml
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.objectives import SetContrast
from topicml.objectives.contrast import InfoNCE
from topicml.pareto import Balance
from topicml.starting import Start

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")

RNG = np.random.default_rng(0)
TEXTS = [[f"w{i}" for i in RNG.integers(6 * k, 6 * k + 6, size=7)] for k in RNG.integers(2, size=24)]
LABELS = [text[0] for text in TEXTS]
SMALL = {"n_topics": 2, "hidden": 4, "max_epochs": 3, "random_state": 0}


def corpus(texts=TEXTS, labels=LABELS):
    return Corpus.from_tokens(texts, vocabulary=[f"w{i}" for i in range(12)], fields={"label": labels})


class Stopped(Exception):
    pass


def stop(record):
    """Stop in the second epoch: the checkpoint has the first."""
    if record["epoch"] == 2:
        raise Stopped


def other_texts(k=1):
    return Corpus.from_tokens([text[k:] for text in TEXTS], vocabulary=[f"w{i}" for i in range(12)])


BY_LABEL = InfoNCE(view="label_mates")

# What the first fit was, and what the one that resumes it is.
CHANGES = {
    "documents": ({}, {"texts": [*TEXTS[1:], TEXTS[0]]}, r"documents\.corpus"),
    "views": (
        {"contrast": "set", "views": [other_texts()]},
        {"contrast": "set", "views": [other_texts(2)]},
        r"documents\.views",
    ),
    "no views": ({"contrast": "set", "views": [other_texts()]}, {"contrast": "set"}, r"documents\.views"),
    "labels": ({"contrast": BY_LABEL}, {"contrast": BY_LABEL, "labels": LABELS[::-1]}, "documents"),
    "seed": ({}, {"random_state": 1}, r"parameters\.random_state"),
    "story": ({}, {"alpha": 0.2}, r"parameters\.story\.settings\.alpha"),
    "training": ({}, {"learning_rate": 0.01}, r"parameters\.training\.settings\.learning_rate"),
    "contrast": ({"contrast": "set"}, {"contrast": SetContrast(set_size=3)}, r"parameters\.contrasts"),
    "balance": ({"contrast": "set"}, {"contrast": "set", "balance": Balance(every=2)}, r"parameters\.balance"),
    "start": ({}, {"init": Start(threshold=0.2)}, r"parameters\.story\.settings\.init"),
    "given topics": ({"init": np.ones((2, 12))}, {"init": np.eye(2, 12) + 1}, r"parameters\.story\.settings\.init"),
}


def fit(folder, *, texts=TEXTS, labels=LABELS, views=None, callbacks=(), **options):
    model = topicml.ProdLDA(**{**SMALL, **options})
    return model.fit(corpus(texts, labels), views=views, checkpoint=folder, checkpoint_seconds=0, callbacks=callbacks)


@pytest.mark.parametrize("name", CHANGES)
def test_another_fit_does_not_continue_a_checkpoint(tmp_path, name):
    before, after, differs = CHANGES[name]
    with pytest.raises(Stopped):
        fit(tmp_path, callbacks=[stop], **before)
    with pytest.raises(InputError, match=f"belongs to another fit. What differs: .*{differs}"):
        fit(tmp_path, **after)
    assert len(fit(tmp_path, **before).history_) == 3


def test_fields_that_nothing_reads_do_not_matter(tmp_path):
    with pytest.raises(Stopped):
        fit(tmp_path, callbacks=[stop])
    assert len(fit(tmp_path, labels=LABELS[::-1]).history_) == 3
