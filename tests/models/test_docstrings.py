import inspect
import re

import pytest

from topicml.models import NamedModel, Story, model_class
from topicml.models.docstrings import with_parameters

SOURCE = """A class.

Parameters
----------
size : int
    Its size.
low, high : float
    Bounds.
other
    See elsewhere.

Returns
-------
none : None
"""


def test_parameters_come_in_the_order_of_the_signature_before_the_first_section():
    made = with_parameters("Made.\n\nNotes\n-----\nText.", ["high", "low", "size"], [SOURCE])
    assert made == (
        "Made.\n\nParameters\n----------\nlow, high : float\n    Bounds.\nsize : int\n    Its size.\n\n"
        "Notes\n-----\nText.\n"
    )


def test_the_first_docstring_that_describes_a_parameter_is_used():
    other = SOURCE.replace("Its size.", "Another size.")
    assert "Another size." in with_parameters("Made.", ["size"], [None, other, SOURCE])


def test_a_section_that_is_there_is_replaced():
    made = with_parameters(SOURCE, ["size", "more"], [SOURCE])
    parameters = "Parameters\n----------\nsize : int\n    Its size.\nmore : object\n"
    assert made == f"A class.\n\n{parameters}\nReturns\n-------\nnone : None\n"
    assert with_parameters(made, ["size", "more"], [made]) == made


def test_a_parameter_without_an_entry_has_its_name_alone():
    assert with_parameters("Made.", ["other", "size"], [SOURCE]).count("other : object\n") == 1

    class Bare(Story):
        extra: int = 3

    class Named(NamedModel, story=Bare):
        pass

    assert "extra : object" in Named.__doc__ and Named(extra=4).extra == 4


@pytest.mark.parametrize("name", ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE"])
def test_every_parameter_of_topicmls_models_has_a_text(name):
    model = model_class(name)
    for parameter in inspect.signature(model).parameters:
        assert re.search(rf"^(\w+, )*{parameter}(, \w+)* : .+\n    \S", model.__doc__, re.MULTILINE), parameter
