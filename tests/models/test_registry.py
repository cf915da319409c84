import sys

import pytest

import topicml
from topicml.errors import InputError
from topicml.experiment.entries import ModelEntry
from topicml.models import TopicModel, model_class, model_names, register, registry
from topicml.runs import FitSettings, Reading


@pytest.fixture(autouse=True)
def only_built_in_models(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})


def test_the_models_of_topicml_are_known_by_name_in_any_case():
    assert model_names() == ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE"]
    assert model_class("ETM") is model_class("etm") is topicml.ETM


def test_a_registered_model_is_known_by_its_class_name():
    @register
    class Mine(topicml.ProdLDA):
        pass

    assert "Mine" in model_names()
    assert model_class("mine") is Mine


def test_registering_again_replaces_the_class_and_another_of_its_name_is_refused():
    def made(module):
        return type("Mine", (topicml.ProdLDA,), {"__module__": module, "__qualname__": "Mine"})

    register(made("one"))
    again = register(made("one"))
    assert model_class("Mine") is again
    with pytest.raises(InputError, match=r"A model called Mine is registered already \(module one\)"):
        register(made("two"))
    with pytest.raises(InputError, match=r"A model called ETM is registered already \(module topicml"):
        register(type("ETM", (TopicModel,), {}))


def test_a_name_that_differs_in_case_alone_is_refused():
    with pytest.raises(InputError, match=r"A model called ETM is registered already"):
        register(type("Etm", (topicml.ETM,), {}))
    assert model_class("ETM") is model_class("etm") is topicml.ETM


@pytest.mark.parametrize("thing", [3, dict, "ProdLDA"])
def test_only_topic_models_can_be_registered(thing):
    with pytest.raises(InputError, match="not a subclass of"):
        register(thing)


def test_an_unknown_name_comes_with_similar_names():
    with pytest.raises(InputError, match=r"There is no model 'prodlad'\. Did you mean ProdLDA\?"):
        model_class("prodlad")


def test_a_model_is_imported_from_its_module(tmp_path, monkeypatch):
    (tmp_path / "my_models.py").write_text("import topicml\nclass Mine(topicml.ProdLDA):\n    pass\nx = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert model_class("my_models:Mine") is sys.modules["my_models"].Mine
    assert "Mine" in model_names()
    for name in ("my_models:Other", "no_such_module:Mine", ":Mine"):
        with pytest.raises(InputError, match="cannot be imported"):
            model_class(name)
    with pytest.raises(InputError, match="not a subclass"):
        model_class("my_models:x")


def test_a_model_of_a_known_name_is_refused_before_it_is_fitted(tmp_path, monkeypatch):
    (tmp_path / "their_models.py").write_text("import topicml\nclass ETM(topicml.ETM):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"A model called ETM is registered already .* Rename the class"):
        model_class("their_models:ETM")
    assert model_class("topicml:ETM") is topicml.ETM


def test_a_module_that_fails_is_named_with_its_error(tmp_path, monkeypatch):
    (tmp_path / "unfinished_models.py").write_text("def (:\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match=r"'unfinished_models:Mine' cannot be imported \(SyntaxError"):
        model_class("unfinished_models:Mine")


@pytest.mark.parametrize("name", ["prevalence", "time", "content", "parents"])
def test_a_setting_of_other_models_is_told_with_their_names(name):
    with pytest.raises(
        TypeError, match=rf"TSCTM has no argument '{name}'\. Models that have it: ProdLDA, .*ETM"
    ) as told:
        topicml.TSCTM(**{name: "x"})
    assert "TSCTM" not in str(told.value).partition("Models")[2]
    with pytest.raises(InputError, match=f"TSCTM has no parameter '{name}'. Models that have it: ProdLDA"):
        FitSettings(Reading("lee"), "tsctm", {name: "x"}).build()
    with pytest.raises(InputError, match=f"has no parameter '{name}'. Models that have it: ProdLDA"):
        ModelEntry("T", model="TSCTM", parameters={name: "x"}).check_names([name])


def test_an_unknown_setting_is_still_told_with_similar_ones():
    with pytest.raises(TypeError, match="Did you mean n_topics"):
        topicml.TSCTM(n_topic=3)
