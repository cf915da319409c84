"""Files are replaced in one step; what is no file is written in place or refused."""

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from topicml.cli.wording import in_options
from topicml.errors import InputError
from topicml.files import atomic_file, check_absent, clean_leftovers, file_json, shown, temporary_folder


def write(path, text):
    with atomic_file(path) as temporary:
        temporary.write_text(text, "utf-8")


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link.csv").symlink_to("real/t.csv")
    for text in ("first", "second"):  # the file is absent at first
        write(tmp_path / "link.csv", text)
        assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "real" / "t.csv").read_text() == text
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(InputError, match="leads back to itself"):
        write(tmp_path / "circle", "text")


def test_a_private_file_stays_private_and_a_new_one_follows_the_umask(tmp_path):
    (tmp_path / "secret").write_text("old")
    (tmp_path / "secret").chmod(0o600)
    before = os.umask(0o027)
    try:
        write(tmp_path / "secret", "new")
        write(tmp_path / "fresh", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "secret"]


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path):
    pipe, got = tmp_path / "pipe.csv", []
    os.mkfifo(pipe)
    check_absent(pipe, overwrite=False)  # nothing is replaced
    with pytest.raises(InputError, match="a pipe that nothing reads"):
        write(pipe, "lost")
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    while not got:
        try:
            write(pipe, "text")
            break
        except InputError:  # the reader has not opened it yet
            continue
    reader.join(10)
    assert got == ["text"] and stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_in_place(tmp_path):
    write("/dev/null", "text")
    assert Path("/dev/null").is_char_device()


def test_standard_output_goes_on_where_it_was(tmp_path):
    code = (
        "from topicml.files import atomic_file\nprint('before')\n"
        "with atomic_file('/dev/stdout') as temporary: temporary.write_text('text\\n')\nprint('after')"
    )
    with open(tmp_path / "out", "w") as stream:
        subprocess.run([sys.executable, "-c", code], stdout=stream, check=True)
    assert (tmp_path / "out").read_text() == "before\ntext\nafter\n"


def test_a_socket_and_a_folder_are_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s"))
        with pytest.raises(InputError, match="is a socket"):
            write(tmp_path / "s", "text")
    with pytest.raises(InputError, match="is a folder, and the output is a file"):
        write(tmp_path, "text")


def test_what_killed_writers_left_is_cleaned_by_the_next_one(tmp_path):
    code = (
        "import os, signal, sys\nfrom topicml.files import atomic_file, temporary_folder\n"
        "with temporary_folder('upload', sys.argv[1]), atomic_file(sys.argv[1] + '/a.csv') as temporary:\n"
        "    temporary.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    write(tmp_path / "b.csv", "text")
    assert len(list(tmp_path.iterdir())) == 3, "those of other names stay"
    write(tmp_path / "a.csv", "text")
    clean_leftovers(tmp_path, "upload")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_temporary_folders_are_private(tmp_path):
    with temporary_folder("upload", tmp_path) as folder:
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert not list(tmp_path.iterdir())


def test_text_of_others_is_escaped_for_terminals_and_kept_in_files():
    name = "a\x1b]0;x\x07\u202eb\udcffé\n"
    assert shown(name) == "a\\x1b]0;x\\x07\\u202eb\\udcffé\n"
    import json

    text = file_json({"name": name})
    assert json.loads(text.encode("utf-8")) == {"name": name} and "é" in text


def test_the_way_to_replace_a_file_is_named_once_in_python_and_on_the_command_line(tmp_path):
    with pytest.raises(InputError) as caught:
        check_absent(tmp_path, overwrite=False)
    told = str(caught.value)
    assert told.endswith("allow replacing it: overwrite=True.") and "--overwrite" not in told
    assert in_options(told).endswith("allow replacing it: --overwrite.")
