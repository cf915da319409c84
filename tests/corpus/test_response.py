"""The response of documents as targets."""

import numpy as np
import pytest

from topicml.corpus.fields import Fields
from topicml.corpus.response import Response, field_of_response
from topicml.errors import InputError

FIELDS = {"party": ["b", "a", None, "b", "c"], "age": [1.0, 3.0, float("nan"), 5.0, 99.0], "n": [1, 2, 1, 2, 3]}
GIVEN = Fields.of({**FIELDS, "one": [1] * 5, "vector": np.eye(5)}, 5)
ROWS = np.arange(4)


def test_levels_of_the_training_documents():
    found = Response.of("party", GIVEN, ROWS)
    assert found == Response("party", ("a", "b")) and found.n_outputs == 2
    np.testing.assert_array_equal(found.targets(GIVEN), [1, 0, np.nan, 1, np.nan])  # c is no level of the fit


def test_numbers_are_standardised_by_the_training_documents():
    found = Response.of("age", GIVEN, ROWS)
    known = np.array([1.0, 3.0, 5.0])
    np.testing.assert_allclose((found.mean, found.scale), (known.mean(), known.std()))
    wanted = (np.array(FIELDS["age"]) - known.mean()) / known.std()
    np.testing.assert_allclose(found.targets(GIVEN), wanted)
    assert found.n_outputs == 1 and found.levels is None


def test_numbers_as_levels():
    assert Response.of("C(n)", GIVEN, ROWS).levels == ("1", "2")
    assert field_of_response(" C( n ) ") == field_of_response("n") == "n"


def test_as_json():
    for response in ("party", "age"):
        found = Response.of(response, GIVEN, ROWS)
        assert Response.from_dict(found.to_dict()) == found
    for change in ({"scale": 0}, {"levels": ["a", "a"]}, {"levels": 3}, {"field": 1}, {"mean": "x"}):
        with pytest.raises(ValueError, match=r"its response|levels of its response"):
            Response.from_dict({**Response.of("party", GIVEN, ROWS).to_dict(), **change})


@pytest.mark.parametrize(
    "response, fields, message",
    [
        ("rating", GIVEN, "no field 'rating'"),
        ("one", GIVEN, "no two different numbers"),
        ("C(one)", GIVEN, "1 different values"),
        ("vector", GIVEN, "holds vectors"),
        ("party", None, "these documents have no fields"),
        ("", GIVEN, "not the name of a field"),
    ],
)
def test_what_cannot_be_predicted_is_refused(response, fields, message):
    with pytest.raises(InputError, match=message):
        Response.of(response, fields, ROWS)


def test_a_number_that_is_text_in_other_documents_is_refused():
    other = Fields.of({"age": ["old"]}, 1)
    with pytest.raises(InputError, match="was a number in the fit"):
        Response.of("age", GIVEN, ROWS).targets(other)
