"""Kill processes while they overwrite a corpus, a model or a run: the old or the new folder must stand, whole.

    python benchmarks/kills.py --kills 1000 --out benchmarks/results/kills.md

Each child process overwrites one folder again and again until it is killed (SIGKILL), interrupted (SIGINT), or a rename
fails. Half of the children cannot exchange two names in one step, as on file systems without it, and wait between
renames, so that many are killed there. Then the folder is opened and overwritten once more. Counted are folders that do
not open, that mix two versions, and files that were left behind. There must be none.
"""

import argparse
import json
import os
import random
import shutil
import signal
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from machine import report_counts

import topicml
from topicml.corpus import Corpus
from topicml.files import folders
from topicml.runs.folder import RunWriter, read_record

TARGETS = ("corpus", "model", "run")
HOW = ("SIGKILL", "SIGINT", "failing rename")


class Folder:
    """A folder that is overwritten by the versions 0, 1, 2 and so on.

    Parameters
    ----------
    path : Path
        The folder.
    kind : str
        One of `TARGETS`.
    model : TopicModel, optional
        A fitted model, for the kind "model".
    """

    def __init__(self, path: Path, kind: str, model: Any = None) -> None:
        self.path, self.kind, self.model = path, kind, model

    def write(self, version: int) -> None:
        """Overwrite the folder."""
        if self.kind == "corpus":
            Corpus.from_tokens([[f"v{version}", "word"]] * 40, fields={"n": [version] * 40}).save(
                self.path, overwrite=True
            )
        elif self.kind == "model":
            self.model.history_ = [{"epoch": version}]
            with_version = {name: value.clone() for name, value in self.model.network_.state_dict().items()}
            with_version["prior_loc"].fill_(float(version))
            self.model.network_.load_state_dict(with_version)
            self.model.save(self.path, overwrite=True)
        else:
            reading = {"source": "lee"}
            writer = RunWriter.begin(self.path, {"reading": reading, "model": "ProdLDA"}, overwrite=True)
            for name in ("topics.json", "scores.json"):
                (writer.partial / name).write_text(json.dumps(version), "utf-8")
            writer.finish(version=version)

    def version(self) -> int:
        """Open the folder, and return its version; raise an error if it is not whole."""
        if self.kind == "corpus":
            corpus = Corpus.open(self.path)
            found = {int(corpus.document(0)[0][1:]), *corpus.fields["n"].tolist()}
        elif self.kind == "model":
            model = topicml.load(self.path)
            found = {model.history_[0]["epoch"], int(model.network_.state_dict()["prior_loc"][0])}
        else:
            topicml.open_run(self.path)
            found = {json.loads((self.path / name).read_text("utf-8")) for name in ("topics.json", "scores.json")}
            found.add(read_record(self.path)["version"])
        if len(found) != 1:
            raise ValueError(f"mixed versions: {found}")
        return found.pop()


def main() -> None:
    """Parse the arguments, kill, and report the counts; exit with 1 if a folder was damaged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="Markdown")
    arguments = parser.parse_args()
    counts, faults = kill_many(arguments.kills, arguments.seed)
    report_counts("Processes killed while they overwrite a folder", counts, faults, arguments.out)


def kill_many(n: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Kill `n` children.

    Parameters
    ----------
    n : int
        Number of children.
    seed : int
        Seed of what they write, how they end and when.

    Returns
    -------
    counts : Counter
        How children ended, and which folder stood there.
    faults : list of str
        Each folder that was damaged, or beside which something was left.
    """
    warnings.simplefilter("ignore")
    draw, counts, faults = random.Random(seed), Counter[str](), list[str]()
    corpus = Corpus.from_tokens([["a", "b", "c"], ["d", "e", "f"]] * 20)
    model = topicml.ProdLDA(n_topics=2, hidden=4, max_epochs=1, random_state=0, device="cpu").fit(corpus)
    base = Path(tempfile.mkdtemp(prefix="topicml-kills-"))
    try:
        for number in range(n):
            kind, how = draw.choice(TARGETS), draw.choice(HOW)
            exchanges = how != "failing rename" and draw.random() < 0.5
            folder = Folder(base / str(number) / "out", kind, model)
            folder.path.parent.mkdir()
            what = f"{kind}, {how}, {'exchange' if exchanges else 'two renames'}"
            counts[what] += 1
            if fault := _one(folder, how, exchanges, draw, counts):
                faults.append(f"{number}: {what}: {fault}")
            shutil.rmtree(folder.path.parent)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return counts, faults


def _one(folder: Folder, how: str, exchanges: bool, draw: random.Random, counts: Counter[str]) -> str | None:
    """Kill one child; return what is wrong afterwards."""
    folder.write(0)
    delay, child_seed = draw.uniform(0, 0.06), draw.randrange(2**32)
    ready, begun = os.pipe()
    child = os.fork()
    if child == 0:
        _overwrite_for_ever(folder, how, exchanges, child_seed, begun)
    os.close(begun)
    os.read(ready, 1)
    os.close(ready)
    if how != "failing rename":
        time.sleep(delay)
        os.kill(child, signal.SIGKILL if how == "SIGKILL" else signal.SIGINT)
    os.waitpid(child, 0)
    left = [each.name for each in folder.path.parent.iterdir() if each.name.startswith(".")]
    counts[f"a staging folder stood there until the next opening ({how})"] += bool(left)
    try:
        counts["version 0 stands" if folder.version() == 0 else "a newer version stands"] += 1
        left = [each.name for each in folder.path.parent.iterdir() if each.name not in ("out", "out.partial")]
        if left:
            return f"left after opening: {left}"
        folder.write(10_000)
        if folder.version() != 10_000:
            return "cannot be overwritten again"
    except Exception as error:  # whatever is wrong is the result
        return f"{type(error).__name__}: {error}; {sorted(each.name for each in folder.path.parent.iterdir())}"
    left = [each.name for each in folder.path.parent.iterdir() if each.name != "out"]
    return f"left at the end: {left}" if left else None


def _overwrite_for_ever(folder: Folder, how: str, exchanges: bool, seed: int, begun: int) -> None:
    """Overwrite until this process is killed, interrupted, or a rename fails; never returns."""
    draw = random.Random(seed)
    if not exchanges:
        folders.exchange = lambda first, second: False  # type: ignore[assignment]
    rename: Callable[..., Path] = Path.rename
    fails_at = draw.randrange(1, 12)
    calls = [0]

    def slow_rename(self: Path, target: Any) -> Path:
        calls[0] += 1
        if how == "failing rename" and calls[0] == fails_at:
            raise OSError(5, "Input/output error")
        time.sleep(draw.uniform(0, 0.004))
        renamed = rename(self, target)
        time.sleep(draw.uniform(0, 0.004))
        return renamed

    Path.rename = slow_rename  # type: ignore[method-assign]
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.write(begun, b".")
        for version in range(1, 100):
            folder.write(version)
    except (KeyboardInterrupt, OSError):
        pass
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
