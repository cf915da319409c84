"""Saved models that are damaged, or anybody's: refused in words, and never with more memory than their files."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

import topicml
from topicml import Corpus
from topicml.errors import InputError

NAMES = ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM"]
LOAD_IN_LITTLE_ROOM = """
import json, resource, sys, torch, topicml
from pathlib import Path
folder = Path(sys.argv[1])
topicml.load(folder)
header = json.loads((folder / "model.json").read_text())
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + (400 << 20),) * 2)
changes = [("parameters", "hidden", 30_000), ("parameters", "hidden", 300_000), ("parameters", "n_topics", 10**7),
           ("parameters", "n_topics", 10**10), ("start", "beta", [4, 10**10]), ("start", "beta", [2**31, 2**31])]
for part, name, value in changes:
    changed = {**header, part: {**header[part], name: value}}
    (folder / "model.json").write_text(json.dumps(changed))
    try:
        topicml.load(folder)
        print("loaded", name)
    except topicml.errors.InputError as error:
        print(error)
"""


@pytest.fixture
def folder(planted, tmp_path):
    model = topicml.ProdLDA(n_topics=4, random_state=0, max_epochs=1).fit(Corpus.from_tokens(planted[0]))
    model.save(tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder, **changes):
    header = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**header, **changes}))


@pytest.mark.skipif(sys.platform != "linux", reason="bounds the address space as Linux does")
def test_one_number_in_the_header_does_not_decide_how_much_memory_loading_takes(folder):
    command = [sys.executable, "-c", LOAD_IN_LITTLE_ROOM, str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(told) == 6 and all("is damaged" in line for line in told)
    assert "encoder.bias is of the shape (200,) in its weights, and of the shape (30000,)" in told[0]
    assert "its n_topics is 10000000, and its weights have 4 topics" in told[2]
    assert "the shape [4, 10000000000]" in told[4]


@pytest.mark.parametrize("name", NAMES)
def test_every_model_is_described_without_memory_and_loads(name, planted, tmp_path):
    from topicml.models import weights

    corpus = Corpus.from_tokens(planted[0])
    model = getattr(topicml, name)(n_topics=4, random_state=0, max_epochs=1).fit(corpus)
    model.save(tmp_path / "model")
    header = json.loads((tmp_path / "model" / "model.json").read_text())
    network = weights._described_network(header, model.composition().story)
    assert all(value.is_meta for value in network.state_dict().values())
    rewrite(tmp_path / "model", parameters={**header["parameters"], "n_topics": 5})
    with pytest.raises(InputError, match="its n_topics is 5, and its weights have 4 topics"):
        topicml.load(tmp_path / "model")


def test_weights_that_are_not_those_that_were_saved_are_damage(folder):
    weights = load_file(folder / "weights.safetensors")
    save_file({**weights, "prior_loc": weights["prior_loc"] + 1}, folder / "weights.safetensors")
    with pytest.raises(InputError, match="its weights are not those that were saved with it"):
        topicml.load(folder)
    rewrite(folder, weights_sha256=None)  # as older versions wrote it
    topicml.load(folder)
    save_file({**weights, "prior_loc": torch.full((4,), float("nan"))}, folder / "weights.safetensors")
    with pytest.raises(InputError, match="its weights prior_loc are not all numbers"):
        topicml.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_words": True}, "its n_words is True"),
        ({"n_words": 2**70}, "its n_words is"),
        ({"history": [3]}, r"its history has 3"),
        ({"history": [{"epoch": []}]}, r"its history has"),
        ({"feature_names": None}, "its feature_names is None"),
        ({"diagnostics": {"information": "x", "dead": [], "duplicates": []}}, "its diagnostics are"),
        ({"diagnostics": {"information": 1.0, "dead": [None], "duplicates": []}}, "its diagnostics are"),
        ({"diagnostics": {"information": 1.0, "dead": [], "duplicates": [[1]]}}, "its diagnostics are"),
        ({"diagnostics": {"information": 1.0, "dead": [], "duplicates": 7}}, "its diagnostics are"),
        ({"start": []}, "its start or its constants are not a table"),
        ({"start": {"beta": "4"}}, "its start 'beta' has the shape '4'"),
        ({"constants": None}, "its start or its constants are not a table"),
        ({"parameters": {"n_topics": {}}}, "its n_topics is {}"),
        ({"preprocessor": {"kind": ["spacy"]}}, r"must have a 'kind'"),
        ({"preprocessor": {"kind": "spacy", "format": "x"}}, "configuration is damaged"),
        ({"preprocessor": {"kind": "vectorizer", "format": []}}, "configuration is damaged"),
    ],
    ids=str,
)
def test_values_of_other_kinds_are_named(folder, changes, message):
    rewrite(folder, **changes)
    with pytest.raises(InputError, match=message):
        topicml.load(folder)


def test_an_entry_that_is_missing_is_named(folder):
    header = json.loads((folder / "model.json").read_text())
    for name in ("history", "n_words", "start", "constants", "diagnostics"):
        (folder / "model.json").write_text(json.dumps({key: value for key, value in header.items() if key != name}))
        with pytest.raises(InputError, match=rf"it has no '{name}'|n_words|start"):
            topicml.load(folder)


def test_a_pipeline_of_somebody_else_is_opened_only_when_trusted(folder, monkeypatch):
    import spacy

    opened = []
    monkeypatch.setattr(spacy, "load", lambda name: opened.append(name) or spacy.blank("en"))
    rewrite(folder, preprocessor={**topicml.Preprocessor(pipeline="antigravity", lemmatize=False).to_config()})
    model = topicml.load(folder)
    assert len(model.topics(3)) == 4
    with pytest.raises(InputError, match=r"the spaCy pipeline 'antigravity'.*trust=True"):
        model.transform(["apple boat"])
    assert not opened
    topicml.load(folder, trust=True).transform(["apple1 boat2"])
    assert opened == ["antigravity"]
