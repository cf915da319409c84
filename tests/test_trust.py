"""Signatures of this user: values that were written here, and nothing else."""

import stat

import pytest

from topicml import trust


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_only_the_same_value_is_signed(home):
    signature = trust.sign({"source": "/a", "n": 1})
    assert trust.is_signed({"n": 1, "source": "/a"}, signature)
    for value, given in (({"source": "/b", "n": 1}, signature), ({"source": "/a", "n": 1}, "0" * 64)):
        assert not trust.is_signed(value, given)
    for given in (None, 3, "é", "\ud800", []):
        assert not trust.is_signed({"source": "/a", "n": 1}, given)


def test_another_user_has_another_key_that_nobody_else_can_read(home, tmp_path, monkeypatch):
    signature = trust.sign("a")
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["key"]
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path / "other"))
    assert not trust.is_signed("a", signature) and not (tmp_path / "other").exists()
    assert trust.sign("a") != signature


def test_without_a_place_for_a_key_nothing_is_signed(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TOPICML_HOME", str(tmp_path / "file" / "home"))
    assert trust.sign("a") is None and not trust.is_signed("a", None)
