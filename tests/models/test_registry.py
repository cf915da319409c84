import sys

import pytest

import topicml
from topicml.errors import InputError
from topicml.models import TopicModel, model_class, model_names, register, registry


@pytest.fixture(autouse=True)
def only_built_in_models(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})


def test_names_of_models_ignore_case():
    assert model_names() == ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM"]
    assert model_class("ETM") is model_class("etm") is topicml.ETM


def test_a_registered_model_has_the_name_of_its_class():
    @register
    class Mine(topicml.ProdLDA):
        pass

    assert "Mine" in model_names()
    assert model_class("mine") is Mine


def test_registering_a_class_again_replaces_it_and_another_class_of_the_same_name_is_refused():
    def mine(module):
        return type("Mine", (topicml.ProdLDA,), {"__module__": module, "__qualname__": "Mine"})

    register(mine("one"))
    again = register(mine("one"))
    assert model_class("Mine") is again
    with pytest.raises(InputError, match=r"A model called Mine is already registered \(module one\)"):
        register(mine("two"))
    with pytest.raises(InputError, match=r"A model called ETM is already registered \(module topicml"):
        register(type("ETM", (TopicModel,), {}))


@pytest.mark.parametrize("value", [3, dict, "ProdLDA"])
def test_only_topic_models_can_be_registered(value):
    with pytest.raises(InputError, match="not a subclass of"):
        register(value)


def test_an_unknown_name_is_refused_with_similar_names():
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
