"""The program in poor surroundings: closed streams, other encodings, full disks, missing rights, and Ctrl-C at once."""

import builtins
import errno
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import SafetensorError

from topicml.cli import system_errors
from topicml.files import claim, shown_place

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def received(run_folder, tmp_path):
    return shutil.copytree(run_folder, tmp_path / "run")


def program(*arguments, before=None, closed=(), python=("-m", "topicml"), cwd=None, **environment):
    def prepare():
        for number in closed:
            os.close(number)
        if before is not None:
            before()

    given = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    command = [sys.executable, *python, *map(str, arguments)]
    return subprocess.run(
        command, env=given, capture_output=True, check=False, preexec_fn=prepare, cwd=cwd, stdin=subprocess.DEVNULL
    )


# ---------------------------------------------------------------- streams


def test_a_closed_standard_error_does_not_send_messages_to_the_output(received):
    done = program("topics", received / "nowhere", closed=(2,))
    assert done.returncode == 2 and done.stdout == b""


def test_rows_are_complete_without_standard_error(received, documents):
    arguments = ("transform", received, documents, "--text-column", "body text")
    done, usual = program(*arguments, closed=(2,)), program(*arguments)
    assert done.returncode == 0 and done.stdout == usual.stdout != b""


def test_a_closed_standard_output_is_no_bug(received):
    done = program("topics", received, closed=(1,))
    assert done.returncode == 0 and done.stderr == b""


def test_a_closed_standard_input_is_an_empty_one(received):
    done = program("transform", received, "-", closed=(0,))
    assert done.returncode == 2 and b"standard input" in done.stderr and b"Traceback" not in done.stderr


def test_a_fit_needs_no_streams(documents, tmp_path):
    small = ("--topics", 2, "--epochs", 1, "--set", "hidden=8", "--text-column", "body text", "--no-report")
    assert program("fit", documents, *small, "--out", tmp_path / "run", closed=(0, 1, 2)).returncode == 0
    assert (tmp_path / "run" / "topics.csv").is_file()


# ---------------------------------------------------------------- encodings


def test_json_and_rows_for_programs_survive_an_ascii_locale(received, tmp_path):
    text = "rocket orbit moon – “Bücher” 🚀"
    (tmp_path / "new.txt").write_text(f"{text}\n" * 4, "utf-8")
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    done = program("docs", received, "--source", tmp_path / "new.txt", "--format", "json", **ascii_only)
    assert text in {row["text"] for row in json.loads(done.stdout)}, done.stderr.decode()
    done = program("transform", received, tmp_path / "new.txt", **ascii_only)
    assert text in done.stdout.decode("utf-8")


# ---------------------------------------------------------------- disks and rights


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl"])
def test_no_room_for_the_output_is_told_and_leaves_the_old_one(received, documents, tmp_path, suffix):
    out = tmp_path / "out" / f"rows{suffix}"
    out.parent.mkdir()
    out.write_text("old")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))

    arguments = ("transform", received, documents, "--text-column", "body text", "--out", out, "--overwrite")
    done = program(*arguments, before=limit)
    assert done.returncode == 1 and b"File too large" in done.stderr and b"Traceback" not in done.stderr, done.stderr
    assert list(out.parent.iterdir()) == [out] and out.read_text() == "old"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some space"),
        (errno.EFBIG, "ulimit"),
        (errno.EROFS, "another folder"),
        (errno.EACCES, "Change the permissions"),
    ],
)
def test_errors_of_the_system_say_what_to_do(number, advice):
    told = system_errors.in_words(OSError(number, os.strerror(number), "/data/run"))
    assert told.startswith("/data/run: ") and advice in told
    assert advice in system_errors.in_words(OSError(number, os.strerror(number)))
    assert advice in system_errors.in_words(SafetensorError(f"I/O error: failed (os error {number})"))


def test_messages_name_no_staging_folder(tmp_path):
    with claim(tmp_path / "run") as staging:
        assert shown_place(staging.new / "model") == str(tmp_path) == shown_place(staging.folder)
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / ".run.topicml-new"))
    assert system_errors.in_words(error).startswith(f"{tmp_path}: Permission denied")


def test_no_folder_for_temporary_files_is_told():
    error = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/var/tmp']")
    assert "TMPDIR" in system_errors.in_words(error) and "/var/tmp" in system_errors.in_words(error)


@pytest.mark.parametrize(
    "name", ["run.json", "labels.csv", "model/model.json", "model/edits.json", "model/weights.safetensors"]
)
def test_what_may_not_be_read_is_not_called_damaged(topicml, received, monkeypatch, name):
    assert topicml("rename", received, 0, "Space").code == 0
    opened = io.open

    def guarded(path, *arguments, **options):
        if isinstance(path, (str, os.PathLike)) and str(path).endswith(f"run/{name}"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(io, "open", guarded)
    monkeypatch.setattr(builtins, "open", guarded)
    outcome = topicml("topics", received)
    assert outcome.refused and name in outcome.err and "Permission denied" in outcome.err
    for wrong in ("damaged", "it again", "remove it", "UTF-8", "Fit again"):
        assert wrong not in outcome.err


def test_a_removed_current_folder_is_told(documents, tmp_path):
    (tmp_path / "gone").mkdir()

    def remove():
        os.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()

    done = program("check", documents, before=remove)
    assert done.returncode == 2 and b"current folder" in done.stderr and b"Traceback" not in done.stderr


# ---------------------------------------------------------------- sources


def test_devices_and_pipes_are_told_to_use_standard_input(topicml):
    outcome = topicml("check", "/dev/stdin")
    assert outcome.refused and "pass - as the source" in outcome.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password"),
        (b"id,text\n1,moon\n", "no Excel workbook"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_workbook_is_told_by_its_content(topicml, tmp_path, content, told):
    (tmp_path / "survey.xlsx").write_bytes(content)
    outcome = topicml("check", tmp_path / "survey.xlsx")
    assert outcome.refused and told in outcome.err and "BadZipFile" not in outcome.err


# ---------------------------------------------------------------- Ctrl-C


def test_ctrl_c_while_the_program_is_imported():
    code = (
        "import os, signal, sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'topicml.cli.app': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from topicml.__main__ import main\n"
        "main()\n"
    )
    done = program(python=("-c", code), before=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    assert done.returncode == -signal.SIGINT and done.stderr == b""  # which shells report as 130


@pytest.mark.parametrize(("arguments", "status"), [(["--version"], 0), (["fit", "--topics", "0"], 2)])
@pytest.mark.parametrize("is_rank", [True, False])
def test_a_process_of_torchrun_ends_without_taking_the_interpreter_apart(arguments, status, is_rank):
    code = (
        "import atexit, sys\n"
        "atexit.register(print, 'taken apart')\n"
        "from topicml.__main__ import main\n"
        f"sys.argv = ['topicml', *{arguments}]\n"
        "main()\n"
    )
    environment = {**os.environ, "RANK": "1", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}
    environment.pop("TORCHELASTIC_RUN_ID", None)
    if is_rank:
        environment["TORCHELASTIC_RUN_ID"] = "run"
        code = code.replace(
            "from topicml", "from torch import distributed\ndistributed.is_available = lambda: False\nfrom topicml"
        )
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ended.returncode == status
    assert ("taken apart" in ended.stdout) is not is_rank
    assert ("topicml" in ended.stdout + ended.stderr) or status
