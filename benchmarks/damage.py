"""Damage saved models, corpora, runs and checkpoints: each must work or be refused in words.

    python benchmarks/damage.py --mutations 5000 --out benchmarks/results/damage.md

Every mutation changes one or two places of a small folder: bits and bytes of any file, values of the JSON files, the
headers of arrays and of weights, whole files; or a model is changed so that its checksum fits: weights of other values
and types, shares, calibration and ranking. A child process opens and uses the folder, in an address space that has room
for a fixed amount more than a whole folder needs. Counted are crashes of the interpreter, errors other than
`InputError`, children that ran out of memory, models that give NaN, and checkpoints that were accepted with another
content. There must be none.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import struct
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from machine import report_counts
from safetensors.numpy import load_file, save_file

import topicml
from topicml.corpus import Corpus, Preprocessor
from topicml.errors import InputError
from topicml.runs import FitSettings, Reading, fit_run
from topicml.training.checkpoint import Checkpoint, EpochSums, TrainingState

ROOM = 512 << 20
"""Bytes of address space that a child may take more than it has when it starts."""
SECONDS = 60
_IDENTITY = {"model": "ProdLDA", "seed": 0}
_WORDS = ["rocket", "orbit", "launch", "moon", "court", "law", "judge", "crime", "oven", "butter", "flour", "sugar"]
_VALUES = (
    *(None, True, False, 0, 1, -1, 2, 7, 255, 30_000, 10**7, 2**31 - 1, 2**31, 2**40, 2**63, 10**30, 0.5, -0.0, 1e308),
    *(float("nan"), float("inf"), "", "a", "\x1b[31m", "../../etc/passwd", "x" * 10_000, [], {}, [[]], [None], [1, 2]),
    *({"a": 1}, ["a", "a"], "\ud800", "en_core_web_sm", "antigravity", {"object": "Start", "settings": {}}),
)


def main() -> None:
    """Parse the arguments, damage, and report the counts; exit with 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="Markdown")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="topicml-damage-") as base:
        counts, faults = damage_many(Path(base), arguments.mutations, arguments.seed)
    report_counts("Damaged models, corpora, runs and checkpoints", counts, faults, arguments.out)


def damage_many(base: Path, n: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Damage `n` folders.

    Parameters
    ----------
    base : Path
        An empty folder.
    n : int
        Number of mutations, spread evenly over the kinds of folders.
    seed : int
        Seed of the mutations.

    Returns
    -------
    counts : Counter
        What became of them.
    faults : list of str
        The mutations that did not work and were not refused in words, with what happened.
    """
    warnings.simplefilter("ignore")
    use = make_folders(base / "whole")
    for kind, function in use.items():
        function(base / "whole" / kind)  # whole folders work; and all libraries are loaded before children start
    counts, faults = Counter[str](), list[str]()
    kinds = list(use)
    number = 0
    while number < n:
        number = _batch(base, kinds, use, number, n, seed, counts, faults)
    return counts, faults


def make_folders(base: Path) -> dict[str, Callable[[Path], None]]:
    """Write a whole folder of each kind.

    Parameters
    ----------
    base : Path
        The folder that gets them.

    Returns
    -------
    dict of str to function
        The name of each folder, and a function that opens and uses it.
    """
    base.mkdir(parents=True)
    draw = np.random.default_rng(0)
    tokens = [list(draw.choice(_WORDS, 12)) for _ in range(60)]
    texts = [" ".join(each) for each in tokens]
    fields = {"label": ["x", "y", None] * 20, "n": range(60), "v": draw.random((60, 2)), "day": ["2024-01-01"] * 60}
    Corpus.from_texts(texts, Preprocessor(max_df=1.0), fields=fields).save(base / "corpus")
    Corpus.from_counts(Corpus.from_tokens(tokens).counts, sorted(_WORDS)).save(base / "counts")
    model = topicml.ProdLDA(n_topics=3, hidden=8, max_epochs=1, random_state=0, device="cpu")
    model.fit(Corpus.from_texts(texts, Preprocessor(max_df=1.0))).save(base / "model")
    if model.calibration_ is None or model._word_vectors is None:
        raise AssertionError("the model lacks parts that are to be damaged")
    (base / "texts.txt").write_text("\n".join(texts), "utf-8")
    parameters = {"n_topics": 2, "hidden": 8, "max_epochs": 1, "random_state": 0, "device": "cpu"}
    fit_run(
        FitSettings(Reading(str(base / "texts.txt"), preprocessing={"max_df": 1.0}), "ETM", parameters),
        base / "run",
        progress=False,
    )
    (base / "checkpoint").mkdir()
    _checkpoint(base / "checkpoint").write(_state())
    return {
        "corpus": use_corpus,
        "counts": use_corpus,
        "model": use_model,
        "run": use_run,
        "checkpoint": use_checkpoint,
    }


def use_corpus(folder: Path) -> None:
    """Open a corpus, and use all its parts as indices."""
    corpus = Corpus.open(folder)
    documents = [corpus.document(i) for i in range(0, len(corpus), 7)]
    counts = corpus.counts
    (counts.T @ counts).sum()
    counts[np.arange(len(corpus))[::-1]].sum(axis=1)
    for part in (corpus[3:9], corpus[[5, 1]]):
        part.counts.sum()
        _ = part.fingerprint
    for name in corpus.fields:
        corpus.fields[name].tolist()
    torch.bincount(torch.as_tensor(counts.indices.copy()).long(), minlength=corpus.n_words)
    if corpus.preprocessor is not None:
        corpus.preprocessor.tokens(["The rocket is in orbit"])
    del documents


def use_model(folder: Path) -> None:
    """Load a model, and use it: what it returns must be numbers."""
    model = topicml.load(folder, device="cpu")
    model.topics(2)
    theta = model.transform(["The rocket is in orbit", ""])
    sure = theta if model.calibration_ is None else model.calibration_.confidence(theta)
    shares = [1.0] if model.topic_shares_ is None else model.topic_shares_
    if not all(np.isfinite(each).all() for each in (theta, sure, model.components_, shares)):
        raise AssertionError("accepted, and gives NaN")
    model.score(Corpus.from_tokens([["rocket", "orbit", "moon"], ["oven", "butter"]]))
    repr(model)
    model.diagnostics_.warn()


def use_run(folder: Path) -> None:
    """Open a run, and read all its parts."""
    run = topicml.open_run(folder, progress=False)
    _ = run.record, run.scores, run.theta, run.documents.message
    run.topics(5)
    run.topic_shares()
    run.model.topics(2)


def use_checkpoint(folder: Path) -> None:
    """Read a checkpoint; one that is accepted must be the one that was written."""
    read, written = _checkpoint(folder).read(), _state()
    if read is None:
        return
    same = all(torch.equal(value, read.network.get(name, torch.empty(0))) for name, value in written.network.items())
    if not same or (read.step, read.history, read.sums) != (written.step, written.history, written.sums):
        raise AssertionError("accepted with another content")


def mutate(folder: Path, draw: random.Random) -> str:
    """Damage a folder in place.

    Parameters
    ----------
    folder : Path
        A copy of a whole folder.
    draw : random.Random
        Decides what is damaged.

    Returns
    -------
    str
        What was done.
    """
    file = draw.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    kinds: list[Callable[[Path, random.Random], str]] = [_bits, _byte, _cut, _insert, _swap, _whole_file]
    if file.suffix == ".json":
        kinds = [_json, _json, _json, _json, *kinds]
    elif file.suffix == ".npy":
        kinds = [_npy_header, _npy_value, _npy_value, *kinds]
    elif file.suffix == ".safetensors":
        kinds = [_safetensors_header, _safetensors_header, *kinds]
    if (folder / "model.json").is_file() and draw.random() < 0.3:
        kinds = [_weight, _weight, _numbers_of_topics, _ranking]
    return f"{file.relative_to(folder)}: {draw.choice(kinds)(file, draw)}"


def _bits(file: Path, draw: random.Random) -> str:
    data = bytearray(file.read_bytes())
    for _ in range(draw.choice((1, 1, 1, 8))):
        if data:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    file.write_bytes(data)
    return "bits flipped"


def _byte(file: Path, draw: random.Random) -> str:
    data = bytearray(file.read_bytes())
    if data:  # near the beginning, where headers are, or anywhere
        data[draw.randrange(min(len(data), draw.choice((64, 1024, len(data)))))] = draw.choice(
            (0, 255, draw.randrange(256))
        )
    file.write_bytes(data)
    return "a byte changed"


def _cut(file: Path, draw: random.Random) -> str:
    data = file.read_bytes()
    file.write_bytes(data[: draw.randrange(len(data) + 1)])
    return "cut"


def _insert(file: Path, draw: random.Random) -> str:
    data = file.read_bytes()
    at = draw.randrange(len(data) + 1)
    file.write_bytes(data[:at] + draw.randbytes(draw.choice((1, 4, 8, 100))) + data[at:])
    return "bytes inserted"


def _swap(file: Path, draw: random.Random) -> str:
    data = file.read_bytes()
    a, b = sorted((draw.randrange(len(data) + 1), draw.randrange(len(data) + 1)))
    file.write_bytes(data[b:] + data[a:b] + data[:a])
    return "parts swapped"


def _whole_file(file: Path, draw: random.Random) -> str:
    what = draw.choice(("removed", "empty", "a folder", "another file", "zeros", "a link to itself"))
    data = file.read_bytes()
    others = sorted(path for path in file.parent.iterdir() if path.is_file() and path != file) or [file]
    other = draw.choice(others).read_bytes()
    file.unlink()
    if what == "a folder":
        file.mkdir()
    elif what == "a link to itself":
        file.symlink_to(file.name)
    elif what != "removed":
        file.write_bytes({"empty": b"", "another file": other, "zeros": bytes(len(data))}[what])
    return what


def _json(file: Path, draw: random.Random) -> str:
    value = json.loads(file.read_text("utf-8"))
    done = _changed(value, draw)
    file.write_text(json.dumps(value), "utf-8")
    return done


def _changed(root: Any, draw: random.Random) -> str:
    """Change one value anywhere in a JSON value, in place."""
    places: list[tuple[Any, Any, str]] = []

    def walk(value: Any, path: str) -> None:
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        for key in list(keys)[:50]:
            places.append((value, key, f"{path}/{key}"))
            walk(value[key], f"{path}/{key}")

    walk(root, "")
    if not places:
        return "nothing"
    # Values near the root as often as the many words and numbers of lists.
    depth = draw.choice(sorted({path.count("/") for _, _, path in places}))
    holder, key, path = draw.choice([place for place in places if place[2].count("/") == depth])
    action = draw.choice(("value", "value", "value", "value", "removed", "added", "copied"))
    if action == "removed":
        del holder[key]
    elif action == "added":
        holder.insert(key, draw.choice(_VALUES)) if isinstance(holder, list) else holder.update(
            new=draw.choice(_VALUES)
        )
    elif action == "copied":
        holder[key] = draw.choice(places)[0].copy()
    else:
        holder[key] = draw.choice(_VALUES)
        action = f"{holder[key]!r:.30}"
    return f"{path} {action}"


def _npy_header(file: Path, draw: random.Random) -> str:
    data = file.read_bytes()
    end = 10 + struct.unpack("<H", data[8:10])[0]
    shape = draw.choice(("(-1,)", "(10000000000000,)", "(0,)", "()", "(2, 2)", "(60, 1)", "(True,)", "('a',)", "1"))
    kind = draw.choice(("<i4", "<i4", ">i4", "<i8", "<f8", "|O", "<U9999", "|V0", "<M8[s]"))
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    file.write_bytes(data[:10] + text.ljust(end - 11).encode()[: end - 11] + b"\n" + data[end:])
    return f"header {kind} {shape}"


def _npy_value(file: Path, draw: random.Random) -> str:
    array = np.load(file)
    if not len(array):
        return "nothing"
    i = draw.randrange(len(array))
    value = draw.choice((-1, 0, 1, 2**31 - 1, -(2**31), 12, 60, int(array[i]) + 1))
    array[i] = value
    np.save(file, array)
    return f"[{i}] = {value}"


def _safetensors_header(file: Path, draw: random.Random) -> str:
    data = file.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    done = _changed(header, draw)
    text = json.dumps(header).encode("utf-8", "replace")
    file.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size :])
    return done


def _weight(file: Path, draw: random.Random) -> str:
    """Other values or another type of one array of a model, with a header that fits them."""
    file = file.parent / "weights.safetensors"
    weights = load_file(file)
    name = draw.choice(["ranking.word_vectors", *sorted(weights)])
    array = weights[name].astype(draw.choice(("<f4", "<f4", "<f8", "<f2", "<i8", "?")))
    value = draw.choice((0, 1, -1, 1e30, 3e38, 1e200, float("inf"), float("nan")))
    with np.errstate(all="ignore"):
        if draw.random() < 0.5 or not array.size:
            array = np.full_like(array, np.float64(value).astype(array.dtype))
        else:
            array.flat[draw.randrange(array.size)] = np.float64(value).astype(array.dtype)
    save_file({**weights, name: array}, file)
    header = json.loads((file.parent / "model.json").read_text("utf-8"))
    header["weights_sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (file.parent / "model.json").write_text(json.dumps(header), "utf-8")
    return f"{name} {array.dtype} {value}"


def _numbers_of_topics(file: Path, draw: random.Random) -> str:
    """Numbers of the topics of a model that are none, or of another number of topics."""
    file = file.parent / "model.json"
    header = json.loads(file.read_text("utf-8"))
    number = draw.choice((float("inf"), float("nan"), -1.0, 2.0, 0.0, 1e308, "0.3", True, None, [0.3]))
    holder, name = draw.choice(
        [(header, "topic_shares"), *((header["calibration"] or {}, each) for each in ("noise", "share"))]
    )
    values = list(holder.get(name) or [0.3] * 3)
    if draw.random() < 0.3:
        values = draw.choice((values[:-1], [*values, 0.1], [], values * 2, number))
    else:
        values[draw.randrange(len(values))] = number
    holder[name] = values
    file.write_text(json.dumps(header), "utf-8")
    return f"{name} {values!r:.60}"


def _ranking(file: Path, draw: random.Random) -> str:
    """Another ranking of words, with numbers of all sizes."""
    from topicml.models import WordRanking

    file = file.parent / "model.json"
    header = json.loads(file.read_text("utf-8"))
    name = draw.choice(sorted(WordRanking().settings()))
    value = draw.choice((0, 1, -1, 0.5, 1e6, 1e9, 1e308, 1e-308, float("nan"), float("inf"), "x", None))
    settings = {**WordRanking().settings(), name: value}
    header["parameters"]["ranking"] = {"object": "WordRanking", "settings": settings}
    file.write_text(json.dumps(header), "utf-8")
    return f"ranking {name}={value!r}"


def _batch(
    base: Path,
    kinds: list[str],
    use: dict[str, Callable[[Path], None]],
    first: int,
    n: int,
    seed: int,
    counts: Counter[str],
    faults: list[str],
) -> int:
    """Damage folders in a child process until it dies or is done; return the number of the next mutation."""
    log = base / "log.jsonl"
    log.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            _limit()
            with open(log, "a", encoding="utf-8") as stream:
                for number in range(first, min(first + 100, n)):
                    _report(stream, _one(base, kinds, use, number, seed, stream))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    started = [line for line in lines if "started" in line]
    for line in lines:
        if "outcome" in line:
            counts[f"{line['kind']}: {line['outcome']}"] += 1
            if line["outcome"] == "FAULT":
                faults.append(f"{line['number']} {line['what']}: {line['why']}")
    if os.WIFSIGNALED(status):
        last = started[-1]
        name = signal.Signals(os.WTERMSIG(status)).name
        counts[f"{last['kind']}: {name}"] += 1
        faults.append(f"{last['started']} {last['what']}: {name}")
    return max(line["started"] for line in started) + 1


def _one(
    base: Path, kinds: list[str], use: dict[str, Callable[[Path], None]], number: int, seed: int, stream: Any
) -> dict[str, Any]:
    draw = random.Random(f"{seed} {number}")
    kind = kinds[number % len(kinds)]
    folder = base / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base / "whole" / kind, folder)
    what: list[str] = []
    for _ in range(draw.choice((1, 1, 1, 1, 2))):
        with suppress(Exception):  # what was drawn cannot be done: a value in itself, a file that is no JSON any more
            what.append(mutate(folder, draw))
    _report(stream, {"started": number, "kind": kind, "what": f"{kind} {what}"})
    signal.alarm(SECONDS)
    result: dict[str, Any] = {"number": number, "kind": kind, "what": f"{kind} {what}"}
    try:
        use[kind](folder)
        return {**result, "outcome": "works"}
    except InputError as error:
        if not str(error).strip():
            return {**result, "outcome": "FAULT", "why": "an empty message"}
        return {**result, "outcome": "refused"}
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return {
            **result,
            "outcome": "FAULT",
            "why": f"{type(error).__name__}: {str(error)[:150]} ({Path(where.filename).name}:{where.lineno})",
        }
    finally:
        signal.alarm(0)


def _report(stream: Any, record: dict[str, Any]) -> None:
    stream.write(json.dumps(record) + "\n")
    stream.flush()


def _limit() -> None:
    """Bound the address space, so that a bomb ends in MemoryError and is counted."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        now = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _checkpoint(folder: Path) -> Checkpoint:
    return Checkpoint(folder / "training.safetensors", _IDENTITY)


def _state() -> TrainingState:
    generator = torch.Generator().manual_seed(0)
    network = {name: torch.randn(shape, generator=generator) for name, shape in (("a", (3, 4)), ("b", (5,)))}
    history = [{"epoch": 1, "loss": 2.5}]
    return TrainingState(
        step=7,
        network=network,
        best={name: value.clone() for name, value in network.items()},
        optimizer={"0.step": torch.ones(1)},
        best_bound=3.0,
        history=history,
        sums=EpochSums({"elbo": 1.5}, 3, 0),
    )


if __name__ == "__main__":
    main()
