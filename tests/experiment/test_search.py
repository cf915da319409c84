import json
from importlib import import_module

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment import tune
from topicml.experiment.outcome import Outcome
from topicml.experiment.tune import split_documents


def test_parts_are_disjoint_and_whole():
    parts = split_documents(103, (0.2, 0.3), 5)
    assert [len(part) for part in parts] == [53, 20, 30]
    assert sorted(np.concatenate(parts).tolist()) == list(range(103))
    assert all(np.array_equal(a, b) for a, b in zip(parts, split_documents(103, (0.2, 0.3), 5), strict=True))
    with pytest.raises(InputError, match=r"5 documents cannot be split by the shares 0.2, 0.2"):
        split_documents(5, (0.2, 0.2), 0)


def test_a_search_goes_on_where_it_was_and_its_final_score_is_of_unseen_documents(
    tmp_path, corpus, monkeypatch, fits_here
):
    pytest.importorskip("optuna", reason="the search needs the extra tune")
    module = import_module("topicml.experiment.tune")
    seen = []

    def noted(run, handed_over, *, held_out, **options):
        rows = {
            name: Corpus.open(path).fingerprint for name, path in (("fit", handed_over / "corpus"), ("of", held_out))
        }
        seen.append((run.corpus, dict(run.parameters), run.seed, rows))
        return fits_here(run, handed_over, held_out=held_out, **options)

    monkeypatch.setattr(module, "fit_in_process", noted)
    space = {"learning_rate": {"low": 1e-5, "high": 0.05, "log": True}}
    arguments = {"measure": "nmi", "folder": tmp_path, "n_topics": 3, "parameters": {"max_epochs": 2}, "final_seeds": 1}
    first = tune(corpus, space, n_trials=1, **arguments)
    assert [each[0] for each in seen] == ["search", "final", "final"]
    found = tune(corpus, space, n_trials=2, **arguments)
    assert [each[0] for each in seen[3:]] == ["search", "final", "final"]

    assert found.trials[0] == first.trials[0] and len(found.trials) == 2
    assert found.trials[0]["parameters"] != found.trials[1]["parameters"]
    assert found.value == max(each["value"] for each in found.trials)
    train, valid, test = (corpus[rows] for rows in split_documents(120, (0.2, 0.2), 0))
    rest = corpus[np.sort(np.concatenate(split_documents(120, (0.2, 0.2), 0)[:2]))]
    for part, _, _, rows in seen:
        expected = (train, valid) if part == "search" else (rest, test)
        assert (rows["fit"], rows["of"]) == tuple(each.fingerprint for each in expected)
    assert seen[-1][1] == {"max_epochs": 2} and seen[-2][1] == found.parameters
    assert (found.final.n, found.default.n) == (1, 1)


@pytest.mark.parametrize("measure", ["npmi_doc", "nmi", "used_topics"])
def test_trials_see_no_document_of_the_final_split(tmp_path, monkeypatch, measure):
    """Every document has a word of its own: none of those of the final split is near any trial, in two calls."""
    pytest.importorskip("optuna", reason="the search needs the extra tune")
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=80)
    texts = [[f"{'abc'[k]}{i}" for i in rng.integers(9, size=8)] + [f"own{n}"] for n, k in enumerate(labels)]
    corpus = Corpus.from_tokens(texts, fields={"label": labels})
    seen = {"search": set(), "final": set()}
    measured = {"search": set(), "final": set()}

    def own(folder):
        return {word for document in Corpus.open(folder) for word in document if word.startswith("own")}

    def made_up(run, place, *, held_out, **options):
        for folder in (place / "corpus", held_out):
            seen[run.corpus] |= own(folder)
        measured[run.corpus] |= own(held_out)
        if run.corpus == "search":
            assert [each.name for each in place.parent.iterdir()] == ["search"]
        theta = np.random.default_rng(run.parameters.get("hidden", 0)).dirichlet(np.ones(3), len(Corpus.open(held_out)))
        topics = [[f"{each}{i}" for i in range(9)] for each in "abc"]
        return Outcome(topics, theta.astype(np.float32), None, {"fit_s": 0.0, "fit_cpu_s": 0.0, "peak_mb": 0.0})

    monkeypatch.setattr(import_module("topicml.experiment.tune"), "fit_in_process", made_up)
    for n_trials in (3, 6):
        tune(
            corpus, {"hidden": {"low": 8, "high": 90}}, measure=measure, folder=tmp_path, n_topics=3,
            parameters={"batch_size": 16}, n_trials=n_trials, final_seeds=1, jobs=2,
        )  # fmt: skip
    assert len(measured["final"]) == 16 and len(seen["search"]) == 64
    assert not seen["search"] & measured["final"]
    assert seen["search"] | measured["final"] == {f"own{n}" for n in range(80)}


def test_perplexity_can_be_tuned_for_and_lower_is_better(tmp_path, corpus):
    pytest.importorskip("optuna", reason="the search needs the extra tune")
    found = tune(
        corpus, {"max_epochs": [1, 20]}, measure="perplexity", folder=tmp_path, n_topics=3, n_trials=2, final_seeds=1
    )  # fmt: skip
    by_epochs = {each["parameters"]["max_epochs"]: each["value"] for each in found.trials}
    assert found.value == min(by_epochs.values())
    assert json.loads(json.dumps(found.parameters)) == {"max_epochs": min(by_epochs, key=by_epochs.get)}
    assert 1 < found.final.mean < 36  # better than the uniform distribution over the 36 words


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "nothing to search"),
        ({"learning_rat": [0.1]}, "has no parameter 'learning_rat'. Did you mean learning_rate"),
        ({"hidden": {"low": 5, "hihg": 10}}, "The range of hidden has no key 'hihg'. Did you mean high"),
        ({"hidden": {"low": 5, "high": 5}}, "needs low < high"),
        ({"learning_rate": {"low": 0, "high": 1, "log": True}}, "low > 0"),
        ({"hidden": 5}, "The choices of hidden are 5; pass a list"),
        ({"alpha": [0.1]}, "alpha is both fixed and searched"),
    ],
)
def test_a_wrong_space_is_refused(tmp_path, corpus, space, message):
    with pytest.raises(InputError, match=message):
        tune(corpus, space, measure="nmi", folder=tmp_path, parameters={"alpha": 0.2})


def test_a_wrong_measure_is_refused(tmp_path, corpus):
    with pytest.raises(InputError, match=r"no measure to tune on: 'c_nmpi'. Did you mean c_npmi"):
        tune(corpus, {"hidden": [1]}, measure="c_nmpi", folder=tmp_path)
