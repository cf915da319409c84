import copy
import inspect

import numpy as np
import pytest

from topicml import ProdLDA
from topicml.errors import InputError
from topicml.models import TopicModel
from topicml.settings import Settings


class Knobs(Settings):
    def __init__(self, size: int, *, rate: float = 0.5, limit: int | None = None, name: str = "a", on: bool = True):
        self.size, self.rate, self.limit, self.name, self.on = size, rate, limit, name, on
        if size < 1:
            raise InputError("size must be at least 1")


class MoreKnobs(Knobs):
    def __init__(self, depth: float | None = None):
        super().__init__(2)
        self.depth = depth


class Plain(Settings):
    pass


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 2.5}, r"size must be a whole number; received 2\.5"),
        ({"size": "4"}, "size must be a whole number; received '4'"),
        ({"size": True}, "size must be a whole number; received True"),
        ({"size": None}, "size must be a whole number; received None"),
        ({"size": 0}, "size must be at least 1"),
        ({"size": 1, "rate": "fast"}, "rate must be a finite number; received 'fast'"),
        ({"size": 1, "rate": float("nan")}, "rate must be a finite number; received nan"),
        ({"size": 1, "rate": float("inf")}, "rate must be a finite number; received inf"),
        ({"size": 1, "limit": 1.0}, r"limit must be None or a whole number; received 1\.0"),
    ],
)
def test_numbers_that_are_none_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        Knobs(**arguments)


def test_numbers_of_any_library_are_taken():
    knobs = Knobs(np.int64(3), rate=np.float32(0.25), limit=np.uint8(7))
    assert (knobs.size, knobs.rate, knobs.limit) == (3, 0.25, 7)
    assert Knobs(3, rate=1).rate == 1
    with pytest.raises(InputError, match="depth must be None or a finite number"):
        MoreKnobs("deep")


def test_what_is_no_argument_is_pythons_to_refuse():
    for wrong in ({}, {"size": 1, "colour": "red"}):
        with pytest.raises(TypeError):
            Knobs(**wrong)


def test_arguments_that_do_not_match_are_named_with_the_class():
    with pytest.raises(TypeError, match=r"^ProdLDA: too many positional arguments; without a name it takes n_topics\."):
        ProdLDA(4, 5)
    with pytest.raises(TypeError, match=r"^ProdLDA: multiple values for argument 'n_topics'"):
        ProdLDA(4, n_topics=5)
    with pytest.raises(TypeError, match=r"TopicModel has no argument 'stroy'\. Did you mean story\?"):
        TopicModel(stroy=1)


def test_the_checks_leave_signature_settings_and_copies_as_they_are():
    assert list(inspect.signature(Knobs).parameters) == ["size", "rate", "limit", "name", "on"]
    assert Knobs(3, rate=0.1).settings() == {"size": 3, "rate": 0.1, "limit": None, "name": "a", "on": True}
    assert repr(Knobs(3, rate=0.1)) == repr(copy.deepcopy(Knobs(3, rate=0.1))) == "Knobs(size=3, rate=0.1)"
    assert (repr(Plain()), repr(MoreKnobs(1.5))) == ("Plain()", "MoreKnobs(depth=1.5)")


def test_numbers_are_checked_where_annotations_are_strings():
    source = (
        "from __future__ import annotations\n"
        "from typing import Optional\n"
        "from topicml.settings import Settings\n"
        "class Late(Settings):\n"
        "    def __init__(self, size: int, other: Unknown = None, *, rate: Optional[float] = None):\n"
        "        self.size, self.other, self.rate = size, other, rate\n"
    )
    names = {"__name__": "late"}
    exec(source, names)
    assert names["Late"](3, rate=None).settings() == {"size": 3, "other": None, "rate": None}
    with pytest.raises(InputError, match=r"size must be a whole number; received 2\.5"):
        names["Late"](2.5)
    with pytest.raises(InputError, match="rate must be None or a finite number; received 'fast'"):
        names["Late"](2, rate="fast")
