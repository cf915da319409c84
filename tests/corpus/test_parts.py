"""A corpus of many parts: the same corpus, to the bit, as one of one part; a part that is missing or wrong is named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from topicml.corpus import Corpus, joined
from topicml.corpus.parts import Before, write_manifest, write_part
from topicml.errors import InputError
from topicml.nn.batch import Batch


def made(n_docs=900, seed=0):
    rng = np.random.default_rng(seed)
    documents = [[f"w{i}" for i in rng.integers(0, 200, rng.integers(0, 40))] for _ in range(n_docs)]
    fields = {"n": range(n_docs), "label": [None if i % 7 == 0 else f"l{i % 3}" for i in range(n_docs)]}
    return Corpus.from_tokens(documents, fields=fields)


@pytest.fixture(scope="module")
def corpus():
    whole = made()
    return whole.with_embeddings(np.random.default_rng(1).normal(size=(len(whole), 3)).astype(np.float32))


@pytest.fixture(scope="module")
def folders(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    corpus.save(folder / "one")
    corpus.save(folder / "many", shard_rows=250)
    return folder


@pytest.fixture
def copied(folders, tmp_path):
    return shutil.copytree(folders / "many", tmp_path / "many")


def same(first, second):
    assert first.vocabulary == second.vocabulary
    assert first.fingerprint == second.fingerprint
    for name in ("tokens", "offsets"):
        a, b = getattr(first, name), getattr(second, name)
        assert (a is None and b is None) or (a.dtype == b.dtype and np.array_equal(a, b))
    for name in ("data", "indices", "indptr"):
        a, b = getattr(first.counts, name), getattr(second.counts, name)
        assert a.dtype == b.dtype and np.array_equal(a, b)
    assert first.fields.table.equals(second.fields.table)
    assert (first.embeddings is None) == (second.embeddings is None)
    if first.embeddings is not None:
        assert np.array_equal(first.embeddings[:], second.embeddings[:])


def test_many_parts_are_the_corpus_of_one_part_to_the_bit(folders):
    same(Corpus.open(folders / "one"), Corpus.open(folders / "many"))


@pytest.mark.parametrize("shard_rows", [1, 7, 1000])
def test_any_size_of_the_parts_gives_the_same_corpus(tmp_path, shard_rows):
    whole = made(40)
    whole.save(tmp_path / "many", shard_rows=shard_rows)
    same(whole, Corpus.open(tmp_path / "many"))


def test_parts_with_counts_only_are_one_corpus(tmp_path):
    ordered = made(60)
    whole = Corpus.from_counts(ordered.counts, ordered.vocabulary)
    whole.save(tmp_path / "many", shard_rows=25)
    same(whole, Corpus.open(tmp_path / "many"))


def test_an_empty_corpus_has_one_part(tmp_path):
    made(3)[:0].save(tmp_path / "many", shard_rows=5)
    assert len(Corpus.open(tmp_path / "many")) == 0


def test_selections_splits_and_batches_are_the_same(folders):
    one, many = Corpus.open(folders / "one"), Corpus.open(folders / "many")
    rows = np.random.default_rng(2).permutation(len(one))[:300]
    for select in (lambda c: c[rows], lambda c: c[100:800], lambda c: c[c.lengths > 5]):
        same(select(one), select(many))
    for a, b in zip(one.split(), many.split(), strict=True):
        same(a, b)
    first, second = (Batch.from_counts(each.counts, rows) for each in (one, many))
    for name in ("rows", "word_ids", "counts", "offsets", "lengths"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_a_corpus_of_many_parts_can_be_saved_as_one(folders, tmp_path):
    Corpus.open(folders / "many").save(tmp_path / "again")
    same(Corpus.open(folders / "one"), Corpus.open(tmp_path / "again"))


def test_pages_of_the_parts_are_mapped_and_not_copied(folders, monkeypatch):
    if joined._mmap() is None or joined.mmap.PAGESIZE > joined.PAGE:
        pytest.skip("this system cannot map files side by side, or has larger pages")
    monkeypatch.setattr(joined, "_copied", lambda *_: pytest.fail("the files were copied"))
    tokens = Corpus.open(folders / "many").tokens
    maps = [line for line in Path("/proc/self/maps").read_text().splitlines() if str(folders / "many") in line]
    assert len({line.split("/")[-2] for line in maps if "tokens.npy" in line}) == 4
    assert not tokens.flags.writeable


def test_files_that_cannot_be_mapped_side_by_side_are_copied(folders, monkeypatch):
    monkeypatch.setattr(joined, "_side_by_side", lambda *_: None)
    same(Corpus.open(folders / "one"), Corpus.open(folders / "many"))


def test_entries_that_are_not_aligned_are_not_mapped_in_the_wrong_place(folders, copied):
    for name in ("tokens", "counts_data"):  # as another program would write them
        np.save(copied / "part-00001" / f"{name}.npy", np.load(copied / "part-00001" / f"{name}.npy"))
    same(Corpus.open(folders / "one"), Corpus.open(copied))


def test_a_missing_part_is_named(copied):
    shutil.rmtree(copied / "part-00002")
    with pytest.raises(InputError, match="4 parts, and part-00002 is missing"):
        Corpus.open(copied)


@pytest.mark.parametrize("name", ["tokens.npy", "counts_indptr.npy", "fields.arrow", "embeddings.npy"])
def test_a_half_written_part_is_named(copied, name):
    file = copied / "part-00001" / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(InputError, match="part-00001"):
        Corpus.open(copied)


def test_a_part_with_other_columns_is_refused(folders, copied):
    other = copied / "part-00003" / "fields.arrow"
    table = pa.ipc.open_file(other.read_bytes()).read_all()
    changed = table.set_column(0, "n", table.column("n").cast(pa.float64()))
    with pa.ipc.new_file(str(other), changed.schema) as sink:
        sink.write_table(changed)
    with pytest.raises(InputError, match="part-00003 has other columns than part-00000: n: double"):
        Corpus.open(copied)


def test_parts_with_other_columns_get_no_manifest(tmp_path):
    vocabulary, before, parts = made(10).vocabulary, Before(), []
    for number, fields in enumerate(({"n": [1]}, {"m": [1]})):
        (tmp_path / f"part-{number:05d}").mkdir()
        part = Corpus.from_tokens([["w1"]], vocabulary, fields)
        parts.append(write_part(tmp_path / f"part-{number:05d}", part, before))
        before.add(parts[-1])
    with pytest.raises(InputError, match="part-00001 has other columns"):
        write_manifest(tmp_path, vocabulary, None, parts)
    assert not (tmp_path / "corpus.json").exists()


def test_words_of_a_part_that_changed_are_refused(copied):
    tokens = np.lib.format.open_memmap(copied / "part-00002" / "tokens.npy", "r+")
    tokens[0] = 0 if tokens[0] else 1
    tokens.flush()
    with pytest.raises(InputError, match="not those that were saved"):
        Corpus.open(copied)


def test_a_word_id_outside_the_vocabulary_names_its_part(copied):
    tokens = np.lib.format.open_memmap(copied / "part-00002" / "tokens.npy", "r+")
    tokens[5] = 10_000
    tokens.flush()
    with pytest.raises(InputError, match=r"part-00002/tokens.npy: entry 5 is 10000"):
        Corpus.open(copied)


@pytest.mark.parametrize("name", ["../one", "part-0001", "part-00001"])
def test_a_manifest_cannot_name_other_folders(copied, name):
    header = json.loads((copied / "corpus.json").read_text())
    header["parts"][0]["name"] = name
    (copied / "corpus.json").write_text(json.dumps(header))
    with pytest.raises(InputError, match="the name of part 0"):
        Corpus.open(copied)


def test_sizes_that_do_not_add_up_are_refused(copied):
    header = json.loads((copied / "corpus.json").read_text())
    header["parts"][0]["n_docs"] += 1
    (copied / "corpus.json").write_text(json.dumps(header))
    with pytest.raises(InputError, match="do not add up"):
        Corpus.open(copied)


def test_a_part_needs_at_least_one_document(tmp_path):
    with pytest.raises(InputError, match="shard_rows"):
        made(5).save(tmp_path / "many", shard_rows=0)


def test_opening_one_part_names_the_whole_corpus(folders):
    with pytest.raises(InputError, match=r"is a part of a corpus; open the whole corpus, .*many\."):
        Corpus.open(folders / "many" / "part-00001")
