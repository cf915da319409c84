"""Commands replace only output files that they wrote."""

import pytest

from topicml.errors import InputError
from topicml.files import Outputs


def write(outputs, text):
    with outputs.writing() as temporary:
        for name in outputs.names:
            (temporary / name).write_text(text)


def test_its_own_files_are_replaced_and_others_only_when_told(tmp_path):
    outputs = Outputs(tmp_path / "out", ("report.html", "results.csv"))
    outputs.check(overwrite=False)
    for text in ("first", "second"):
        write(outputs, text)
        outputs.check(overwrite=False)
    (tmp_path / "out" / "results.csv").write_text("edited by hand")
    with pytest.raises(InputError, match=r"has results\.csv, which this command did not write.*--overwrite"):
        outputs.check(overwrite=False)
    outputs.check(overwrite=True)
    (tmp_path / "out" / ".topicml.json").unlink()
    with pytest.raises(InputError, match=r"has report\.html, results\.csv"):
        outputs.check(overwrite=False)


def test_a_kill_between_two_files_leaves_only_its_own(tmp_path, monkeypatch):
    outputs = Outputs(tmp_path, ("a", "b"))
    write(outputs, "first")
    import topicml.files.outputs as module

    put, calls = module.put_file, []

    def killed(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        put(*arguments, **options)

    monkeypatch.setattr(module, "put_file", killed)
    with pytest.raises(KeyboardInterrupt):
        write(outputs, "second")
    assert [(tmp_path / name).read_text() for name in "ab"] == ["second", "first"]
    outputs.check(overwrite=False)
    monkeypatch.undo()
    write(outputs, "third")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".topicml.json", "a", "b"]


def test_a_damaged_record_makes_all_files_foreign(tmp_path):
    outputs = Outputs(tmp_path, ("a",))
    write(outputs, "mine")
    for text in ("", "[]", '{"files": 3}', '{"files": {"a": 3}}'):
        (tmp_path / ".topicml.json").write_text(text)
        with pytest.raises(InputError, match="did not write"):
            outputs.check(overwrite=False)
