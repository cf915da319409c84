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


def interrupted(folder):
    with pytest.raises(Stopped):
        fit(folder, callbacks=[stop])
    return folder / "training.safetensors"


def test_a_checkpoint_whose_bits_changed_is_refused(tmp_path):
    path = interrupted(tmp_path)
    data = path.read_bytes()
    for at in (-1, -200, data.index(b'\\"stale\\": 0') + 11, data.index(b'\\"best_bound\\": ') + 18):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + (data[at:][1:]))
        with pytest.raises(InputError, match=r"is not a complete checkpoint \(its content is not what was written"):
            fit(tmp_path)
    path.write_bytes(data)
    assert fit(tmp_path).n_iter_ == 3


@pytest.mark.parametrize(
    ("part", "value"),
    [("step", "7"), ("step", -1), ("stale", None), ("sums", 3), ("sums", {"a": 1}), ("other", 1)],
    ids=str,
)
def test_a_checkpoint_of_other_kinds_of_values_is_refused_whatever_its_checksum(tmp_path, part, value):
    import json

    from safetensors import safe_open
    from safetensors.torch import save_file

    from topicml.training import checkpoint

    path = interrupted(tmp_path)
    with safe_open(path, framework="pt") as file:
        header, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header["state"] = json.dumps({**json.loads(header["state"]), part: value})
    save_file(tensors, path, metadata=header | {"sha256": checkpoint._digest(header, tensors)})
    with pytest.raises(InputError, match="is not a complete checkpoint"):
        fit(tmp_path)
    fewer = {name: each for name, each in tensors.items() if name != "network/prior_loc"}
    header["state"] = json.dumps({name: each for name, each in json.loads(header["state"]).items() if name != "other"})
    if part == "other":
        save_file(fewer, path, metadata=header | {"sha256": checkpoint._digest(header, fewer)})
        with pytest.raises(InputError, match=r"is not a complete checkpoint \(Error.* in loading state_dict"):
            fit(tmp_path)
