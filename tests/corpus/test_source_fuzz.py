"""Damaged and odd sources: each is read, or refused by an error of topicml; never by a traceback of another library.

``python tests/corpus/test_source_fuzz.py 3000`` tries many more mutations than the test does.
"""

import collections
import contextlib
import gzip
import json
import random
import shutil
import sys
import tempfile
import traceback
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.corpus.times import times_of
from topicml.errors import InputError

WORDS = ["match", "goal", "team", "oven", "butter", "flour", "rocket", "orbit", "planet", "bank", "café", "数据"]
COLUMNS = ("id", "text", "team", "date", "score")

# What people and programs write, and what parsers trip over.
PIECES = [
    *(
        b'"',
        b"'",
        b",",
        b"\t",
        b";",
        b"|",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b"null",
    ),
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 400,
        b"9" * 5000,
        b"0" * 20,
        b"-",
        b"true",
        b"\\ud83d",
        b"\\u0000",
        b"[" * 1500,
    ),
    *(
        b"\0",
        b"\0\0\0\0",
        b"\xff",
        b"\xfe\xff",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xc3",
        b"\x92",
        b"\xed\xa0\x80",
        b"\x80\x81",
    ),
    *(
        b"sep=;\n",
        b"2024-13-45",
        b"2024-01-01T00:00:00+99:99",
        b"today",
        b"9999-99-99",
        b"20240582",
        b"<?xml",
        b"PK\x03\x04",
    ),
]


VALUES = [
    *(None, True, 0, -1, 10**25, 1.5, 1e308, float("nan"), float("inf"), "", " ", "NaN", "\ud83d", "\0", "x" * 100_000),
    *([], [[]], ["a", None], ["a", 1], {}, {"": 1}, {"a": {"b": [1, "x"]}}, "2024-01-01T00:00:00+99:99", "20240582"),
]
ARRAYS = [
    pa.array([1, None, 3] * 4, pa.int8()),
    pa.array([b"\xff", None, b"a"] * 4),
    pa.array([10**9] * 12, pa.int32()).cast(pa.date32()),
    pa.array([2**62] * 12, pa.timestamp("ms")),
    pa.array([2**62] * 12, pa.timestamp("us", "Europe/Berlin")),
    pa.array([0] * 12, pa.timestamp("us", "+05:30")),
    pa.array([1, None] * 6, pa.duration("s")),
    pa.array([1, None] * 6, pa.time64("us")),
    pa.array([1, None] * 6).cast(pa.decimal128(30, 2)),
    pa.array([[1, 2], None] * 6),
    pa.array([[{"a": 1}], []] * 6),
    pa.array([{"a": "x"}, None] * 6),
    pa.array([["a", None], []] * 6),
    pa.array([[("k", 1)], None] * 6, pa.map_(pa.string(), pa.int32())),
    pa.array([None, "a"] * 6).dictionary_encode(),
    pa.DictionaryArray.from_arrays(pa.array([1, 0, None] * 4, pa.int8()), pa.array(["b", "a"]), ordered=True),
    pa.array([True, None] * 6),
    pa.nulls(12),
    pa.FixedSizeListArray.from_arrays(pa.array(range(24), pa.float32()), 2),
    pa.FixedSizeListArray.from_arrays(pa.array(["a"] * 24), 2),
]


def rows(draw):
    for i in range(12):
        text = " ".join(draw.choices(WORDS, k=draw.randint(0, 8)))
        yield (
            i,
            text,
            draw.choice(["sport", "cook", ""]),
            f"2024-0{i % 9 + 1}-01T00:00:00+02:00",
            draw.choice([1, 2.5, ""]),
        )


def delimited(path, draw):
    sign = draw.choice([",", "\t", ";", "|"])
    lines = [sign.join(COLUMNS), *(sign.join(f'"{cell}"' for cell in row) for row in rows(draw))]
    path.write_text("\n".join(lines) + "\n", draw.choice(["utf-8", "utf-8-sig", "utf-16"]))


def json_lines(path, draw):
    records = [dict(zip(COLUMNS, row, strict=True)) for row in rows(draw)]
    records[3]["more"] = {"a": [1, {"b": None}]}
    spoil(records, draw)
    path.write_text(
        "\n".join(json.dumps(record, ensure_ascii=draw.random() < 0.5) for record in records), "utf-8", "surrogatepass"
    )


def json_array(path, draw):
    records = [dict(zip(COLUMNS, row, strict=True)) for row in rows(draw)]
    spoil(records, draw)
    path.write_text(json.dumps(records), "utf-8")


def spoil(records, draw):
    """Put values of other types in the place of some."""
    for _ in range(draw.choice([0, 0, 1, 3])):
        draw.choice(records)[draw.choice(COLUMNS)] = draw.choice(VALUES)


def parquet(path, draw):
    columns = list(zip(*rows(draw), strict=True))
    text = draw.choice([pa.string(), pa.large_string(), pa.binary()])
    table = pa.table(
        {
            "text": pa.array([t.encode() for t in columns[1]]).cast(text),
            "team": pa.array(columns[2]).dictionary_encode(),
            "date": pa.array(np.arange(12), pa.timestamp("us", "Europe/Berlin")),
            "tokens": [t.split() for t in columns[1]],
        }
    )
    for i, array in enumerate(draw.sample(ARRAYS, draw.choice([0, 1, 3]))):
        table = table.append_column(f"x{i}", array)
    if draw.random() < 0.3:
        table = table.drop_columns(draw.sample(table.column_names, 2))
    pq.write_table(table, path, compression=draw.choice(["none", "snappy"]))


def excel(path, draw):
    openpyxl = pytest.importorskip("openpyxl")
    workbook = openpyxl.Workbook()
    for row in [COLUMNS, *rows(draw)]:
        workbook.active.append(row)
    workbook.save(path)


def lines(path, draw):
    path.write_text("\n".join(row[1] for row in rows(draw)), draw.choice(["utf-8", "utf-16", "cp1252"]), "replace")


def zipped(write):
    def compressed(path, draw):
        write(path, draw)
        path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))

    return compressed


def octis(path, draw):
    path.mkdir()
    tsv = (f"{row[1]}\t{draw.choice(['train', 'val', 'test'])}\t{row[2]}\n" for row in rows(draw))
    (path / "corpus.tsv").write_text("".join(tsv), "utf-8")
    (path / "vocabulary.txt").write_text("\n".join(WORDS), "utf-8")


def topmost(path, draw):
    path.mkdir()
    (path / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
    (path / "train_texts.txt").write_text("\n".join(row[1] for row in rows(draw)), "utf-8")
    (path / "train_labels.txt").write_text("\n".join("ab"[row[0] % 2] for row in rows(draw)), "utf-8")
    sp.save_npz(path / "train_bow.npz", sp.random(12, len(WORDS), 0.3, "csr", random_state=draw.randint(0, 9)).ceil())


def classes(path, draw):
    for row in rows(draw):
        file = path / (row[2] or "art") / f"{row[0]}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(row[1], "utf-8")


SOURCES = {
    "a.csv": delimited,
    "a.tsv": delimited,
    "a.jsonl": json_lines,
    "a.json": json_array,
    "a.parquet": parquet,
    "a.xlsx": excel,
    "a.txt": lines,
    "a.csv.gz": zipped(delimited),
    "a.jsonl.gz": zipped(json_lines),
    "octis": octis,
    "topmost": topmost,
    "classes": classes,
}


def mutated(data, draw):
    """Bytes after one to four changes."""
    data = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        at = draw.randint(0, len(data))
        to = min(len(data), at + draw.choice([1, 1, 2, 8, 64]))
        change = draw.randrange(6)
        if change == 0:
            data[at:to] = draw.choice(PIECES)
        elif change == 1:
            data[at:at] = draw.choice(PIECES)
        elif change == 2:
            del data[at:to]
        elif change == 3:
            data[at:at] = data[at:to] * draw.randint(1, 3)
        elif change == 4 and at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        else:
            del data[at if draw.random() < 0.3 else len(data) :]
    return bytes(data)


def damage(file, draw):
    """Mutate a file, or what is compressed in it."""
    data = file.read_bytes()
    if file.suffix == ".gz" and draw.random() < 0.7:
        file.write_bytes(gzip.compress(mutated(gzip.decompress(data), draw), mtime=0))
    elif file.suffix in (".xlsx", ".npz") and draw.random() < 0.7:
        with zipfile.ZipFile(file) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        name = draw.choice(sorted(parts))
        parts[name] = mutated(parts[name], draw)
        with zipfile.ZipFile(file, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
    else:
        file.write_bytes(mutated(data, draw))


def options(draw):
    chosen = {}
    if draw.random() < 0.3:
        chosen["encoding"] = draw.choice(
            ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-7", "gb18030", "unicode_escape"]
        )
    if draw.random() < 0.3:
        chosen["text_column"] = draw.choice(COLUMNS)
    if draw.random() < 0.3:
        chosen["label_column"] = draw.choice(COLUMNS)
    if draw.random() < 0.1:
        chosen["delimiter"] = draw.choice([",", "tab", "\\", " "])
    if draw.random() < 0.1:
        chosen["sheet"] = draw.choice(["1", "Sheet", 2])
    return chosen


def use(corpus, folder):
    """Do what every later step does with a corpus and its fields."""
    repr(corpus), corpus._repr_html_()
    for name in corpus.fields:
        values = corpus.fields[name]
        assert len(values) == corpus.n_docs
        for read in (lambda name=name: corpus.fields.classes(name), lambda v=values, n=name: times_of(v, n)):
            with contextlib.suppress(InputError):
                read()
    corpus.save(folder / "saved", overwrite=True)
    assert list(Corpus.open(folder / "saved")) == list(corpus)


def attempt(seed, folder):
    """Read one mutated source; return how that ended, and the traceback of an error that is not topicml's."""
    draw = random.Random(seed)
    name = draw.choice(list(SOURCES))
    path = folder / name
    SOURCES[name](path, draw)
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    file = draw.choice(files)
    if draw.random() < 0.8:
        damage(file, draw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            use(Corpus.read(path, preprocessor=False, **options(draw)), folder)
        except InputError:
            return name, "refused", ""
        except Exception:
            return name, "traceback", traceback.format_exc()
        finally:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return name, "read", ""


@pytest.mark.parametrize("block", range(6))
def test_a_mutated_source_is_read_or_refused_in_words(tmp_path, block):
    for seed in range(block * 25, block * 25 + 25):
        name, ended, trace = attempt(seed, tmp_path)
        assert ended != "traceback", f"seed {seed}, {name}:\n{trace}"


def main(n, first=1_000_000):
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + n):
            name, ended, trace = attempt(seed, Path(folder))
            counts[name, ended] += 1
            if trace:
                print(f"seed {seed}, {name}:\n{trace}")
    for key, count in sorted(counts.items()):
        print(*key, count)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
