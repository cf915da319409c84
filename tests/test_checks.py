import pytest

from topicml.checks import check_choice, check_known, did_you_mean, nearest, require
from topicml.errors import InputError


def test_a_value_out_of_range_raises_an_error_with_the_range():
    require(True, "rate", 0.5, "positive")
    with pytest.raises(InputError, match=r"rate must be positive; received -1\."):
        require(False, "rate", -1, "positive")


def test_similar_names_ignore_case():
    assert nearest("prodlda", ["ProdLDA", "ETM"]) == ["ProdLDA"]
    assert nearest("zzz", ["ProdLDA", "ETM"]) == []
    assert did_you_mean("elb0", ["elbo", "iwae"]) == " Did you mean 'elbo'?"
    assert did_you_mean("zzz", ["elbo", "iwae"]) == ""


def test_an_unknown_name_raises_an_error_with_similar_names_or_all():
    check_known("ETM", ["ETM"], "There is no model")
    with pytest.raises(InputError, match=r"^There is no model 'ETN'\. Did you mean ETM\? Write it so\.$"):
        check_known("ETN", ["ProdLDA", "ETM"], "There is no model", "Write it so.")
    with pytest.raises(InputError, match=r"^There is no model 'qqq'\. Known: ProdLDA, ETM\.$"):
        check_known("qqq", ["ProdLDA", "ETM"], "There is no model")


@pytest.mark.parametrize("value", ["infonc", 3, None, ["set"]])
def test_an_unknown_choice_raises_an_error_with_all_choices(value):
    check_choice("set", ["set", "infonce"], "contrast")
    with pytest.raises(InputError) as error:
        check_choice(value, ["set", "infonce"], "contrast", ", or give an object")
    assert str(error.value) == f"contrast={value!r} is unknown. Choose one of set, infonce, or give an object."
