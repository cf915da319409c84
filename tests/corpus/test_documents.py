"""`Documents`: the part that training, and only training, may read."""

from dataclasses import replace

import numpy as np
import pytest

from topicml import Corpus
from topicml.corpus.documents import Documents
from topicml.corpus.fields import Fields
from topicml.models import model_class

TOKENS = [["a", "b"], ["b", "c", "c"], [], ["a"], ["c", "d"]]


@pytest.fixture
def corpus():
    return Corpus.from_tokens(TOKENS, fields={"label": list("vwxyz")})


def test_the_training_part_has_the_training_rows_of_counts_and_corpus(corpus):
    part = Documents(corpus.counts, corpus=corpus, rows=np.array([1, 4]), views=(corpus.counts,)).training_part()
    assert (part.counts != corpus.counts[[1, 4]]).nnz == 0
    assert list(part.corpus.fields["label"]) == ["w", "z"]
    assert part.views == ()
    assert list(part.training_rows) == [0, 1]


def test_the_training_part_has_its_counts_once(corpus):
    part = Documents(corpus.counts, corpus=corpus, rows=np.array([1, 4])).training_part()
    assert part.counts is part.corpus.counts
    weighted = corpus.counts * 0.5
    part = Documents(weighted, corpus=corpus, rows=np.array([1, 4])).training_part()
    assert (part.counts != weighted[[1, 4]]).nnz == 0


def test_fields_of_a_part_are_copied_when_they_are_read(corpus, monkeypatch):
    part = Documents(corpus.counts, corpus=corpus, rows=np.array([1, 4])).training_part()
    assert callable(part.corpus.fields._table)
    assert list(part.corpus.fields["label"]) == ["w", "z"] and len(part.corpus.fields) == 1
    table = part.corpus.fields.table
    assert part.corpus.fields.table is table  # once
    assert table.equals(corpus[[1, 4]].fields.table)


def test_nothing_is_copied_if_all_documents_train(corpus):
    documents = Documents(corpus[[0, 1]].counts)
    assert documents.training_part().counts is documents.counts


def test_a_large_training_part_is_thinned_evenly():
    counts = Corpus.from_tokens([["a", "b"]] * 100).counts
    part = Documents(counts, rows=np.arange(10, 100)).training_part(max_entries=50)
    assert 20 <= part.counts.shape[0] <= 25


def test_the_mean_length_is_that_of_the_training_documents(corpus):
    assert Documents(corpus.counts).mean_length == 2.0
    assert Documents(corpus.counts, rows=np.array([1])).mean_length == 3.0
    assert Documents(corpus.counts, rows=np.array([], dtype=int)).mean_length == 0.0


@pytest.mark.parametrize("name", ["ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE"])
def test_a_start_and_a_ranking_do_not_read_the_validation_documents(name):
    rng = np.random.default_rng(0)
    tokens = [list(rng.choice(list("abcdefghij"), 6)) for _ in range(60)]
    rows = np.arange(40)
    parts = model_class(name)(3).composition()
    results = []
    for held_out in (tokens[40:], [list("ajajaj")] * 20):
        corpus = Corpus.from_tokens([*tokens[:40], *held_out], vocabulary=list("abcdefghij"))
        documents = Documents(corpus.counts, tuple(corpus.vocabulary), corpus=corpus, rows=rows)
        weights = parts.network(documents, 0)[0].state_dict()
        results.append((weights, parts.word_vectors(documents, 0)))
    assert all((results[0][0][key] == results[1][0][key]).all() for key in results[0][0])
    assert (results[0][1] == results[1][1]).all()


def test_a_response_beside_the_documents_follows_their_rows():
    corpus = Corpus.from_tokens([["a"], ["b"], ["a"]], fields={"kind": ["x", "y", "z"]})
    documents = Documents(corpus.counts, tuple(corpus.vocabulary), corpus=corpus)
    assert documents.response_fields["kind"].tolist() == ["x", "y", "z"]
    given = replace(documents, response=Fields.of({"kind": [1.0, 2.0, 3.0]}, 3))
    assert given.response_fields["kind"].tolist() == [1, 2, 3]
    assert given.with_rows(np.array([2, 0])).response_fields["kind"].tolist() == [3, 1]
    assert Documents(corpus.counts).response_fields is None


def test_documents_with_words_are_found_without_some_of_them(corpus):
    documents = Documents(corpus.counts)
    assert documents.not_empty_but(np.array([1, 4])).tolist() == [0, 3]
    assert documents.not_empty_but(np.zeros(0, dtype=int)).tolist() == documents.not_empty.tolist() == [0, 1, 3, 4]


def test_the_mean_length_is_that_of_training_documents_and_is_computed_in_parts(corpus, monkeypatch):
    monkeypatch.setattr("topicml.corpus.documents._BLOCK", 2)
    assert Documents(corpus.counts).mean_length == 8 / 4
    assert Documents(corpus.counts, rows=np.array([1, 4])).mean_length == 5 / 2
    assert Documents(corpus.counts[:0]).mean_length == 0
    weights = corpus.counts * 0.1
    assert Documents(weights).mean_length == np.asarray(weights.sum(axis=1)).ravel()[[0, 1, 3, 4]].mean()
