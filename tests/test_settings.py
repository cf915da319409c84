import copy
import inspect

import numpy as np
import pytest

from topicml.errors import InputError
from topicml.settings import Settings


class Options(Settings):
    def __init__(self, size: int, *, rate: float = 0.5, limit: int | None = None, name: str = "a", on: bool = True):
        self.size, self.rate, self.limit, self.name, self.on = size, rate, limit, name, on
        if size < 1:
            raise InputError("size must be at least 1")


class MoreOptions(Options):
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
def test_arguments_that_are_not_numbers_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Options(**arguments)


def test_numbers_of_numpy_are_accepted():
    options = Options(np.int64(3), rate=np.float32(0.25), limit=np.uint8(7))
    assert (options.size, options.rate, options.limit) == (3, 0.25, 7)
    assert Options(3, rate=1).rate == 1
    with pytest.raises(InputError, match="depth must be None or a finite number"):
        MoreOptions("deep")


def test_missing_and_unknown_arguments_raise_a_type_error():
    for wrong in ({}, {"size": 1, "colour": "red"}):
        with pytest.raises(TypeError):
            Options(**wrong)


def test_the_checks_do_not_change_signature_settings_and_copies():
    assert list(inspect.signature(Options).parameters) == ["size", "rate", "limit", "name", "on"]
    assert Options(3, rate=0.1).settings() == {"size": 3, "rate": 0.1, "limit": None, "name": "a", "on": True}
    assert repr(Options(3, rate=0.1)) == repr(copy.deepcopy(Options(3, rate=0.1))) == "Options(size=3, rate=0.1)"
    assert (repr(Plain()), repr(MoreOptions(1.5))) == ("Plain()", "MoreOptions(depth=1.5)")


def test_numbers_are_checked_if_annotations_are_strings():
    source = (
        "from __future__ import annotations\n"
        "from topicml.settings import Settings\n"
        "class Late(Settings):\n"
        "    def __init__(self, size: int, other: Unknown = None, *, rate: float | None = None):\n"
        "        self.size, self.other, self.rate = size, other, rate\n"
    )
    names = {"__name__": "late"}
    exec(source, names)
    assert names["Late"](3, rate=None).settings() == {"size": 3, "other": None, "rate": None}
    with pytest.raises(InputError, match=r"size must be a whole number; received 2\.5"):
        names["Late"](2.5)
    with pytest.raises(InputError, match="rate must be None or a finite number; received 'fast'"):
        names["Late"](2, rate="fast")
