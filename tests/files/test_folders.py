"""Folders are replaced in one step, by one process at a time, and what a kill leaves is recovered."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from topicml.errors import InputError
from topicml.files import atomic_folder, claim, clean_leftovers, exchange, folders, recover, replace_folder, staging

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from topicml.files import atomic_folder, folders
how, path = sys.argv[1:]
rename = Path.rename
if how != "exchange":
    folders.exchange = lambda first, second: False
def renamed(self, target):
    if how == "before" or (how == "second" and self.name == "new"):
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.rename = renamed
with atomic_folder(path, overwrite=True, mark="mark") as temporary:
    (temporary / "mark").write_text("new")
    if how == "building":
        os.kill(os.getpid(), signal.SIGKILL)
"""


def write(path, text, **options):
    with atomic_folder(path, overwrite=True, mark="mark", **options) as temporary:
        (temporary / "mark").write_text(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is Linux's")
def test_an_overwrite_is_one_exchange_of_names(tmp_path, monkeypatch):
    write(tmp_path / "a", "old")
    monkeypatch.setattr(Path, "rename", None)  # there is no moment at which the name is free
    write(tmp_path / "a", "new")
    assert (tmp_path / "a" / "mark").read_text() == "new" and names(tmp_path) == ["a"]


@pytest.mark.parametrize("how", ["building", "before", "second"])
def test_a_kill_leaves_the_old_folder_or_the_new_one_and_the_next_one_cleans(tmp_path, how):
    write(tmp_path / "a", "old")
    subprocess.run([sys.executable, "-c", WRITE_AND_DIE, how, tmp_path / "a"], check=False)
    assert ".a.topicml-new" in names(tmp_path)
    if how == "second":
        assert not (tmp_path / "a").exists(), "the moment between two renames"
    recover(tmp_path / "a")
    assert (tmp_path / "a" / "mark").read_text() == "old" and names(tmp_path) == ["a"]


def test_a_kill_is_recovered_by_the_next_overwrite_too(tmp_path):
    write(tmp_path / "a", "old")
    subprocess.run([sys.executable, "-c", WRITE_AND_DIE, "second", tmp_path / "a"], check=False)
    with pytest.raises(InputError, match="exists already"), atomic_folder(tmp_path / "a"):
        pass
    write(tmp_path / "a", "newer")
    assert (tmp_path / "a" / "mark").read_text() == "newer" and names(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_second_rename_that_fails_gives_the_old_folder_back(tmp_path, monkeypatch, error):
    write(tmp_path / "a", "old")
    monkeypatch.setattr(folders, "exchange", lambda first, second: False)
    rename, calls = Path.rename, []

    def fails(self, target):
        calls.append(self.name)
        if len(calls) == 2:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(type(error)):
        write(tmp_path / "a", "new")
    assert calls[:2] == ["a", "new"]
    assert (tmp_path / "a" / "mark").read_text() == "old" and names(tmp_path) == ["a"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_without_exchange_is_told_by_false(monkeypatch, tmp_path, number):
    monkeypatch.setattr(exchange, "_call", lambda: lambda first, second: -1)
    monkeypatch.setattr(exchange.ctypes, "get_errno", lambda: number)
    assert exchange.exchange(tmp_path / "a", tmp_path / "b") is False
    monkeypatch.setattr(exchange.ctypes, "get_errno", lambda: errno.EBUSY)
    with pytest.raises(OSError, match="busy"):
        exchange.exchange(tmp_path / "a", tmp_path / "b")


def test_two_writers_of_one_folder_exclude_each_other(tmp_path):
    told = []

    def second():
        try:
            write(tmp_path / "a", "second")
        except InputError as error:
            told.append(str(error))

    with atomic_folder(tmp_path / "a") as temporary:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        code = f"from topicml.files import atomic_folder\nwith atomic_folder({str(tmp_path / 'a')!r}): pass"
        process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        (temporary / "mark").write_text("first")
    assert "Another process or thread is writing" in told[0] and "Another process or thread" in process.stderr
    assert (tmp_path / "a" / "mark").read_text() == "first" and names(tmp_path) == ["a"]


def test_a_staging_folder_of_a_running_process_stays(tmp_path):
    with atomic_folder(tmp_path / "a") as temporary:
        recover(tmp_path / "a")
        clean_leftovers(tmp_path)
        assert temporary.is_dir()


def test_only_staging_folders_of_topicml_are_cleaned(tmp_path):
    mine = [".bash_history.2024.gz", ".vimrc.bak.old", ".a.topicml-old", ".a.topicml-notes", ".topicml-new"]
    for name in mine:
        (tmp_path / name).write_text("precious")
    (tmp_path / ".inputs").mkdir()
    (tmp_path / ".b.topicml-new").mkdir()
    (tmp_path / ".b.topicml-new" / "letter").write_text("precious")  # no lock: not ours
    clean_leftovers(tmp_path)
    recover(tmp_path / "b")
    assert names(tmp_path) == sorted([*mine, ".b.topicml-new", ".inputs"])
    (tmp_path / ".c.topicml-0123abcd").mkdir()  # killed before it made the lock
    clean_leftovers(tmp_path)
    assert ".c.topicml-0123abcd" not in names(tmp_path)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_are_those_of_the_umask_whatever_the_writer_set(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with atomic_folder(tmp_path / "a") as temporary:
            (temporary / "weights").write_text("")
            (temporary / "weights").chmod(0o600)  # as safetensors does
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a" / "weights").stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o777 & ~umask


def test_a_private_folder_stays_private(tmp_path):
    write(tmp_path / "a", "old")
    (tmp_path / "a").chmod(0o700)
    (tmp_path / "a" / "mark").chmod(0o600)
    write(tmp_path / "a", "new")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "mark").stat().st_mode) == 0o600


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    write(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "mark").read_text() == "new"


def test_a_finished_folder_that_was_not_put_in_place_gets_its_name_back(tmp_path, monkeypatch):
    for name in ("a", "a.partial"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mark").write_text(name)

    def killed(first, second):
        raise SystemExit

    monkeypatch.setattr(folders, "exchange", killed)
    monkeypatch.setattr(staging.Staging, "undo", lambda self: None)
    monkeypatch.setattr(staging.Staging, "remove", lambda self: self.release())
    with pytest.raises(SystemExit):
        replace_folder(tmp_path / "a.partial", tmp_path / "a")
    monkeypatch.undo()
    assert names(tmp_path) == [".a.topicml-new", "a"]
    recover(tmp_path / "a")
    assert names(tmp_path) == ["a", "a.partial"]
    assert (tmp_path / "a" / "mark").read_text() == "a"
    replace_folder(tmp_path / "a.partial", tmp_path / "a")
    assert names(tmp_path) == ["a"] and (tmp_path / "a" / "mark").read_text() == "a.partial"


def test_a_name_as_long_as_the_file_system_allows(tmp_path):
    path = tmp_path / ("é" * 127)
    write(path, "old")
    write(path, "new")
    assert (path / "mark").read_text() == "new" and len(names(tmp_path)) == 1


def test_a_lock_file_that_names_a_place_elsewhere_moves_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "precious").mkdir()
    with claim(tmp_path / "in" / "a") as held:
        held.new.mkdir()
        held.note_origin(held.new)
        record = (held.folder / "lock").read_text().replace(b"new".hex(), b"../precious2".hex())
        (held.folder / "lock").write_text(record)
    assert names(tmp_path) == ["in", "precious"] and names(tmp_path / "in") == []
