"""Saved models that are damaged, or anybody's: refused in words, and never with more memory than their files."""

import json
import math
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

import topicml
from topicml import Corpus
from topicml.errors import InputError
from topicml.models.weights import sha256_of
from topicml.nn import encoder

NAMES = ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE"]
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
    with pytest.raises(InputError, match="its weights prior_loc are not all finite numbers"):
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


@pytest.mark.parametrize(
    "shares",
    [
        [float("inf"), 0.0, 0.0, 0.0],
        [float("nan"), 0.5, 0.25, 0.25],
        [0.5, 0.5],
        [0.25] * 5,
        [0.5, 0.5, 0.5, 0.5],
        [-1.0, 1.0, 1.0, 0.0],
        ["0.25"] * 4,
        [[0.25]] * 4,
        [True, False, False, False],
        {"0": 1.0},
        1.0,
    ],
    ids=str,
)
def test_shares_of_topics_that_are_no_shares_are_refused(folder, shares):
    rewrite(folder, topic_shares=shares)
    with pytest.raises(InputError, match=r"its topic_shares are .*, not 4 shares of the documents"):
        topicml.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "x"}, "the target 'x'"),
        ({"held_out": 10**6}, "held out"),
        ({"documents": -1}, "-1 documents"),
    ],
    ids=str,
)
def test_a_calibration_of_other_values_is_refused(folder, changes, message):
    stored = {"temperature": 1.0, "noise": [0.1] * 4, "share": [0.25] * 4, "documents": 60, "held_out": 0}
    rewrite(folder, calibration={**stored, "target": "halves", **changes})
    with pytest.raises(InputError, match=message):
        topicml.load(folder)


@pytest.mark.parametrize(
    "diagnostics", [{"dead": [4]}, {"duplicates": [[0, 9]]}, {"information": float("nan")}], ids=str
)
def test_diagnostics_name_topics_that_exist(folder, diagnostics):
    stored = {"information": 0.5, "dead": [], "duplicates": [], "n_topics": 4}
    rewrite(folder, diagnostics={**stored, **diagnostics})
    with pytest.raises(InputError, match="its diagnostics"):
        topicml.load(folder)


def replace_weights(folder, **changes):
    file = folder / "weights.safetensors"
    save_file({**load_file(file), **changes}, file)
    rewrite(folder, weights_sha256=sha256_of(file))


@pytest.mark.parametrize("name", ["ranking.word_vectors", "prior_loc"])
@pytest.mark.parametrize(("value", "kind"), [(1e200, torch.float64), (float("inf"), torch.float32), (1, torch.int64)])
def test_weights_that_the_network_cannot_hold_are_refused(folder, name, value, kind):
    shape = load_file(folder / "weights.safetensors")[name].shape
    replace_weights(folder, **{name: torch.full(shape, value, dtype=kind)})
    with pytest.raises(InputError, match=f"is damaged .*{name}"):
        topicml.load(folder)


def test_weights_of_double_precision_that_single_precision_holds_are_read(folder):
    topics = topicml.load(folder).topics(3)
    weights = load_file(folder / "weights.safetensors")
    replace_weights(folder, **{name: each.double() for name, each in weights.items() if each.is_floating_point()})
    assert topicml.load(folder).topics(3) == topics


def test_a_posterior_without_variance_is_refused_in_words(folder, monkeypatch):
    variances = torch.full((4,), 3e38)  # the normalised logarithm of the variance is far below 0
    replace_weights(folder, **{"encoder.log_variance_norm.running_mean": variances})
    monkeypatch.setattr(encoder, "LEAST_LOG_VARIANCE", -math.inf)  # as in an encoder of a user
    with pytest.raises(
        InputError, match=r"bound of documents cannot be computed. Weights of the network are too large"
    ):
        topicml.load(folder).score(Corpus.from_tokens([["apple1", "boat2"], ["apple2", "boat1"]]))


def test_proportions_that_are_no_numbers_are_an_error_instead_of_nan(folder):
    weights = load_file(folder / "weights.safetensors")
    name = next(name for name in weights if name.startswith("encoder") and weights[name].ndim == 2)
    replace_weights(folder, **{name: torch.full_like(weights[name], 3e38)})
    with pytest.raises(InputError, match=r"topic proportions of 1 of 1 documents .* are not numbers"):
        topicml.load(folder).transform(Corpus.from_tokens([["apple1", "apple2", "boat2"] * 3]))


@pytest.mark.parametrize("settings", [{"frequency_power": 1e6}, {"max_exclusivity": 1e9}], ids=str)
def test_a_ranking_that_overflows_is_refused(folder, settings):
    with pytest.raises(InputError, match=r"power 1000000.0 is not a finite|max_exclusivity must be"):
        model = topicml.ProdLDA(
            n_topics=2, max_epochs=1, ranking=topicml.models.WordRanking(**settings), random_state=0
        )
        model.fit(Corpus.from_tokens([["a", "b", "c"], ["a", "c", "d"], ["a", "b", "e"]] * 10))
