"""The papers' DocNADE and its contextual form: what each word is predicted from, and words kept in their order."""

import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from topicml import Corpus

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))  # as when the script is run

import docnade
import docnade_lstm
import docnade_paper as papers

from topicml.corpus.synthetic import short_text
from topicml.metrics.completion import split_counts
from topicml.models import TopicModel
from topicml.nn.batch import Batch
from topicml.training import Training

DOCUMENTS = [["a", "b", "a", "c", "d"], [], ["d", "d", "b"], ["c"]]


@pytest.fixture
def corpus():
    return Corpus.from_tokens(DOCUMENTS, ["a", "b", "c", "d"])


def contextual(weight, vectors=None):
    torch.manual_seed(0)
    model = papers.ContextualDocNADE(np.full(4, 0.25, dtype=np.float32), 6, weight, vectors)
    torch.nn.init.normal_(model.words.weight)
    return model


def everything(corpus):
    return papers.padded(*papers.words_in_order(corpus, sp.csr_matrix(corpus.counts), np.arange(len(corpus))))


def test_all_words_of_a_document_are_in_its_order(corpus):
    words, lengths = papers.words_in_order(corpus, sp.csr_matrix(corpus.counts), np.arange(4))
    assert [corpus.vocabulary[word] for word in words] == [word for document in DOCUMENTS for word in document]
    assert lengths.tolist() == [5, 0, 3, 1]


def test_words_of_a_half_are_those_of_the_split_in_their_order(corpus):
    rows = np.array([2, 0])
    half = split_counts(sp.csr_matrix(corpus.counts), np.random.default_rng(3))[0]
    words, lengths = papers.words_in_order(corpus, half, rows)
    for document, row in zip(np.split(words, np.cumsum(lengths)[:-1]), rows, strict=True):
        assert np.bincount(document, minlength=4).tolist() == half[row].toarray().ravel().tolist()
        left = iter(DOCUMENTS[row])
        assert all(corpus.vocabulary[word] in left for word in document)  # a subsequence


def test_padding_keeps_the_first_words():
    words, known = papers.padded(np.array([5, 6, 7, 8]), np.array([3, 0, 1]), longest=2)
    assert words.tolist() == [[5, 6], [0, 0], [8, 0]]
    assert known.tolist() == [[True, True], [False, False], [True, False]]


def test_a_word_is_predicted_from_the_words_before_it_alone(corpus):
    words, known = everything(corpus)
    model = contextual(0.7)
    before = model.before(words, known)
    changed = words.clone()
    changed[0, 2:] = 3
    assert torch.allclose(model.before(changed, known)[0, :3], before[0, :3], atol=1e-6)
    assert not torch.allclose(model.before(changed, known)[0, 3], before[0, 3])
    # Before the third word: two vectors, and the state of an LSTM that has read these two.
    read = model.words.weight[words[0, :2]]
    state = model.lstm(read.unsqueeze(0))[1][0].squeeze()
    expected = torch.tanh(model.bias + read.sum(dim=0) + 0.7 * state)
    assert torch.allclose(before[0, 2], expected, atol=1e-6)
    assert torch.allclose(before[0, 0], torch.tanh(model.bias))


def test_after_a_document_all_its_words_are_read(corpus):
    model, counts = contextual(0.7), sp.csr_matrix(corpus.counts)
    words, known = everything(corpus)
    longer, also = torch.cat([words, words[:, :1]], dim=1), torch.cat([known, known[:, :1]], dim=1)
    after = model.after(corpus, counts)
    assert torch.allclose(after[0], model.before(longer, also)[0, 5], atol=1e-6)
    assert torch.allclose(after[1], torch.tanh(model.bias))  # no word


def test_without_weight_it_is_docnade(corpus):
    words, known = everything(corpus)
    model = contextual(0.0)
    plain = papers.DocNADE(np.full(4, 0.25, dtype=np.float32), 6)
    plain.load_state_dict(model.state_dict(), strict=False)
    assert torch.equal(plain.loss(words, known), model.loss(words, known))
    counts = sp.csr_matrix(corpus.counts)
    assert torch.allclose(plain.hidden(counts), model.after(corpus, counts))


def test_fixed_vectors_are_read_and_not_trained(corpus):
    vectors = np.random.default_rng(0).standard_normal((4, 3))
    model, other = contextual(0.7, vectors), contextual(0.7, vectors + 1)
    words, known = everything(corpus)
    assert not torch.allclose(model.before(words, known), other.before(words, known))
    model.loss(words, known).backward()
    assert model.fixed.weight.grad is None and model.lstm.weight_ih_l0.grad is not None


def test_topicmls_hidden_vector_reads_the_observed_words_in_their_order(corpus):
    torch.manual_seed(0)
    decoder = docnade_lstm.OrderedDecoder(np.zeros((2, 4)), np.zeros(4), units=5, dropout=0.0, weight=0.5)
    counts = sp.csr_matrix(corpus.counts)
    with docnade_lstm.order_of(corpus):
        hidden = decoder.hidden(Batch.from_counts(counts, np.array([2, 1, 0])))
    vectors = decoder.vectors.weight
    for i, row in enumerate([2, 1, 0]):
        read = vectors[["abcd".index(word) for word in DOCUMENTS[row]]]
        state = decoder.lstm(read.unsqueeze(0))[1][0].squeeze() if len(read) else torch.zeros(5)
        expected = torch.tanh(decoder.hidden_bias + read.sum(dim=0) + 0.5 * state)
        assert torch.allclose(hidden[i], expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_topicmls_docnade_with_an_lstm_predicts_from_the_order_of_words():
    rng = np.random.default_rng(0)
    corpus = Corpus.from_tokens([list(rng.permutation(["a", "b", "c", "d"])) for _ in range(200)])
    other = docnade_lstm.shuffled(corpus)
    assert other.counts.toarray().tolist() == corpus.counts.toarray().tolist()
    assert other.tokens.tolist() != corpus.tokens.tolist()
    perplexity = {}
    for weight in (1.0, 0.0):
        story = docnade_lstm.OrderedDocNADEStory(n_topics=2, units=4, weight=weight)
        with docnade_lstm.order_of(corpus):
            model = TopicModel(story, training=Training(max_epochs=2), random_state=0).fit(corpus)
        for name, read in (("document", corpus), ("other", other)):
            with docnade_lstm.order_of(read):
                perplexity[weight, name] = model.perplexity(corpus)
    assert perplexity[1.0, "document"] != perplexity[1.0, "other"]
    assert perplexity[0.0, "document"] == perplexity[0.0, "other"]


def test_systems_that_read_the_order_are_left_out_where_there_is_none(tmp_path, monkeypatch):
    labelled = Corpus.from_tokens(DOCUMENTS, ["a", "b", "c", "d"], {"label": ["x", "y", "x", "y"]})
    labelled.save(tmp_path / "ordered")
    Corpus.from_counts(labelled.counts, labelled.vocabulary, labelled.fields).save(tmp_path / "counted")
    asked = []
    monkeypatch.setattr(docnade, "FOLDER", tmp_path)
    monkeypatch.setattr(docnade, "run", lambda train, unseen, system, seed: asked.append(system) or {"perplexity": 2.0})
    systems = ["tf-idf", "ctx-DocNADE 200, lambda 1"]
    text = docnade.page(tmp_path / "runs", ["ordered", "counted"], systems, [0], finished=False)
    assert asked == ["tf-idf", "ctx-DocNADE 200, lambda 1", "tf-idf"]
    assert text.count("| ctx-DocNADE 200, lambda 1 | 1 | 2.0 | - |") == 1


@pytest.mark.parametrize(
    "system",
    ["paper's DocNADE 4", "paper's DocNADE 4, document order", "ctx-DocNADE 4, lambda 1", "paper's DocNADE 4, splits"],
)
def test_scores_of_the_papers_models(system):
    drawn = short_text(n_docs=120, n_topics=2, n_words=30, min_length=5, max_length=8, random_state=0).corpus
    train, unseen = drawn.split(0.6, seed=0)
    scores = docnade.run(train, unseen, system, 0)
    assert set(scores) == {"perplexity", "precision", "word_after_word", "validation"}
    assert scores["precision"] > 0.5  # of two topics
    assert all(scores[name] < 35 for name in ("perplexity", "word_after_word", "validation"))  # of 30 words


@pytest.mark.parametrize("weight", [None, 0.7])
def test_a_part_of_a_document_predicts_the_others(monkeypatch, corpus, weight):
    """Against each split of one document, made by hand."""
    model = contextual(0.7) if weight else papers.DocNADE(np.full(4, 0.25, dtype=np.float32), 6)
    words, known = everything(corpus)
    words, known = words[:1], known[:1]  # a b a c d
    drawn = iter([torch.tensor([[0.9, 0.1, 0.2, 0.8, 0.1]]), torch.tensor([[0.5]])])
    monkeypatch.setattr(torch, "rand", lambda *_: next(drawn))
    loss = model.split_loss(words, known)
    counts = sp.csr_matrix([[1, 1, 0, 1]])
    observed = Corpus.from_tokens([["b", "a", "d"]], ["a", "b", "c", "d"])
    after = model.after(observed, counts) if weight else model.hidden(counts)
    log_p = model.output(after).log_softmax(dim=1)[0]
    assert torch.allclose(loss, -(log_p[0] + log_p[2]) / 2 * 6 / 5)  # the words a and c; N + 1 over N
