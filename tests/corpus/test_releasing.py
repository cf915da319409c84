"""What was read from memory-mapped fields is let go of, and read again when it is needed."""

import mmap
import pickle
from pathlib import Path

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.runs.phrases import topic_phrases

N_DOCS = 2000


def mapped_kilobytes(name):
    """Kilobytes in memory of the mapped files of a name."""
    total, is_file = 0, False
    for line in Path("/proc/self/smaps").read_text("utf-8", errors="replace").splitlines():
        if "-" in line.split(" ", 1)[0] and ":" not in line.split(" ", 1)[0]:
            is_file = line.endswith(name)
        elif is_file and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total


@pytest.fixture(params=[None, 500])
def corpus(tmp_path, request):
    texts = [f"red apple {i} " + "x" * 5000 for i in range(N_DOCS)]
    whole = Corpus.from_tokens([["apple"]] * N_DOCS, fields={"text": texts, "n": range(N_DOCS)})
    options = {} if request.param is None else {"shard_rows": request.param}
    whole.save(tmp_path / "corpus", **options)
    return Corpus.open(tmp_path / "corpus")


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells what is in memory of a file")
@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="the system has no MADV_DONTNEED")
def test_pages_of_texts_are_released_and_read_again(corpus):
    texts = corpus.fields.only("text")
    before = texts.take(np.arange(0, N_DOCS, 3)).column("text").to_pylist()
    assert mapped_kilobytes("fields.arrow") > 5000
    texts.release()
    assert mapped_kilobytes("fields.arrow") < 1000
    assert texts.take(np.arange(0, N_DOCS, 3)).column("text").to_pylist() == before
    assert corpus.fields["n"].tolist() == list(range(N_DOCS))
    corpus.fields.release()
    assert corpus.fields.column("text")[7].as_py().startswith("red apple 7 ")


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells what is in memory of a file")
def test_phrases_leave_no_texts_in_memory(corpus):
    corpus.fields.release()
    theta, leading = np.ones((N_DOCS, 1)), np.zeros(N_DOCS, dtype=int)
    assert topic_phrases([["apple"]], corpus, theta, leading, None) is not None
    assert mapped_kilobytes("fields.arrow") < 1000


def test_fields_of_a_file_can_be_copied_to_another_process(corpus):
    copied = pickle.loads(pickle.dumps(corpus.fields))
    assert copied.table.equals(corpus.fields.table)
    copied.release()  # has no files
    Corpus.from_tokens([["a"]], fields={"n": [1]}).fields.release()
