"""`Corpus.split`: training and held-out documents of one vocabulary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicml import Corpus
from topicml.errors import InputError

LEE = Corpus.read("lee")


def by_hand(documents, share, seed, min_df):
    """The words of both parts, with plain lists."""
    rows = np.random.default_rng(seed).permutation(len(documents))
    n_train = int(share * len(documents))
    parts = [sorted(rows[:n_train]), sorted(rows[n_train:])]
    df = {}
    for row in parts[0]:
        for word in set(documents[row]):
            df[word] = df.get(word, 0) + 1
    kept = {word for word, n in df.items() if n >= min_df}
    return parts, kept, [[[word for word in documents[i] if word in kept] for i in part] for part in parts]


texts = st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), min_size=4, max_size=10)


@given(texts, st.sampled_from([0.5, 0.6, 0.75]), st.integers(0, 50), st.integers(0, 3))
def test_the_parts_equal_their_definition(documents, share, seed, min_df):
    corpus = Corpus.from_tokens(documents, list("abcdef"), fields={"row": np.arange(len(documents))})
    parts, kept, expected = by_hand(documents, share, seed, min_df)
    if min_df == 0:
        kept = set("abcdef")
    if min(map(len, parts)) < 2 or not kept:
        with pytest.raises(InputError):
            corpus.split(share, seed, min_df=min_df)
        return
    if min_df == 0:
        expected = [[documents[i] for i in part] for part in parts]
    for ordered in (corpus, Corpus.from_counts(corpus.counts, corpus.vocabulary, corpus.fields)):
        found = ordered.split(share, seed, min_df=min_df)
        for part, rows, words in zip(found, parts, expected, strict=True):
            assert isinstance(part, Corpus)
            assert [sorted(document) for document in part] == [sorted(document) for document in words]
            assert part.fields["row"].tolist() == rows
            assert set(part.vocabulary) == kept and list(part.vocabulary) == sorted(kept)
            assert part.counts.has_canonical_format and part.counts.dtype == np.int32
            assert (Corpus.from_counts(part.counts.toarray(), part.vocabulary).counts != part.counts).nnz == 0
            if ordered.has_order:
                assert list(part) == words


def test_the_split_is_that_of_the_seed():
    train, held_out = LEE.split()
    order = np.random.default_rng(1234).permutation(LEE.n_docs)
    assert (train.n_docs, held_out.n_docs) == (180, 120)
    assert train.fields["text"].tolist() == [LEE.fields["text"][i] for i in sorted(order[:180])]
    assert train.vocabulary == held_out.vocabulary and train.preprocessor is LEE.preprocessor
    again, other = LEE.split(), LEE.split(seed=1)
    assert [part.fingerprint for part in again] == [train.fingerprint, held_out.fingerprint]
    assert other[0].fingerprint != train.fingerprint


def test_a_saved_corpus_is_split_in_the_same_way(tmp_path):
    LEE.save(tmp_path / "lee")
    opened = Corpus.open(tmp_path / "lee").split()
    assert [part.fingerprint for part in opened] == [part.fingerprint for part in LEE.split()]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"share": 1}, "share must be greater than 0 and less than 1; received 1"),
        ({"share": 0.001}, "both parts need at least two documents"),
        ({"share": 0.999}, "both parts need at least two documents"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"min_df": 1.5}, "min_df must be a whole number"),
        ({"min_df": 1000}, "No word occurs in min_df=1000 of the 180 training documents"),
    ],
)
def test_bad_input_is_named(options, match):
    with pytest.raises(InputError, match=match):
        LEE.split(**options)
