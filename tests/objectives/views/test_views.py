"""Views of documents, against loops over the documents."""

import copy
import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn import BagEncoder, Batch, ProductDecoder, TopicNetwork
from topicml.nn.decoder import MixtureDecoder
from topicml.objectives.views import (
    VIEWS,
    EncoderDropout,
    Halves,
    LabelMates,
    SpanDeletion,
    Substitution,
    TfidfReplacement,
    TimeMates,
    UserViews,
    WordDropout,
)
from topicml.objectives.views.substituting import nearest_words

RNG = np.random.default_rng(0)
WORDS = [f"w{i}" for i in range(25)]
TOKENS = [[WORDS[i] for i in RNG.integers(0, 25, size)] for size in RNG.integers(2, 40, size=40)]
TOKENS[4], TOKENS[11] = [], ["w3"]
FIELDS = {
    "label": [None if i == 7 else "alone" if i == 9 else "abc"[i % 3] for i in range(40)],
    "time": [f"2024-01-{1 + i // 2:02d}" if i != 20 else None for i in range(40)],
    "text": ["x"] * 40,
}
CORPUS = Corpus.from_tokens(TOKENS, WORDS, fields=FIELDS)
COUNTS = CORPUS.counts
DENSE = COUNTS.toarray()
torch.manual_seed(0)
NETWORK = TopicNetwork(BagEncoder(25, 5, hidden=8), ProductDecoder(RNG.normal(size=(5, 25))), n_topics=5, alpha=0.1)
ROWS = st.lists(st.integers(0, 39), min_size=2, max_size=12, unique=True)


def batch_of(rows):
    return Batch.from_counts(COUNTS, np.asarray(rows))


def prepared(view, corpus=CORPUS, views=()):
    view.prepare(Documents(COUNTS, corpus=corpus, views=tuple(views)))
    return view


def views_of(view, rows, seed=0, network=NETWORK):
    batch = batch_of(rows)
    torch.manual_seed(seed)
    return view(batch, network.encode(batch), network)


def dense(batch, n_words=25):
    """The batch as a matrix, after a check that its entries are in canonical order."""
    matrix = np.zeros((len(batch), n_words))
    keys = (batch.documents * n_words + batch.word_ids).numpy()
    assert (np.diff(keys) > 0).all(), "a word comes twice in a document, or out of order"
    assert (batch.counts > 0).all()
    matrix[batch.documents.numpy(), batch.word_ids.numpy()] = batch.counts.numpy()
    np.testing.assert_allclose(batch.lengths.numpy(), matrix.sum(axis=1), rtol=1e-5)
    return matrix


def every_view():
    return [(name, prepared(kind(), views=[COUNTS, COUNTS[::-1]])) for name, kind in VIEWS.items()]


@pytest.mark.parametrize(("name", "view"), every_view())
@given(rows=ROWS, seed=st.integers(0, 100))
@settings(max_examples=30)
def test_views_are_batches_of_the_same_size_and_do_not_change_their_input(name, view, rows, seed):
    batch = batch_of(rows)
    before = dense(batch)
    torch.manual_seed(seed)
    posterior = NETWORK.encode(batch)
    positives = view(batch, posterior, NETWORK)
    made = [*positives, view.negative(batch, posterior, NETWORK)] if view.gives_negatives else list(positives)
    assert len(positives) in (1, 2)
    for each in made:
        assert len(each) == len(batch)
        empty = dense(each).sum(axis=1) == 0
        assert (empty <= (before.sum(axis=1) == 0)).all(), "a document lost all its words"
        assert not each.counts.requires_grad
        if each is not batch and len(each.counts):
            assert each.counts.data_ptr() != batch.counts.data_ptr()
            each.counts.fill_(-7.0)
            assert (dense(batch) == before).all()


@pytest.mark.parametrize(("name", "view"), every_view())
def test_the_same_seed_gives_the_same_views_in_a_copy(name, view):
    first, second = views_of(view, range(12), seed=5), views_of(copy.deepcopy(view), range(12), seed=5)
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one.word_ids, other.word_ids)
        assert torch.equal(one.counts, other.counts)


@pytest.mark.parametrize(
    "view", [WordDropout(), Halves(), SpanDeletion(), Substitution(), LabelMates(), TimeMates(), UserViews()]
)
def test_random_views_differ_between_steps(view):
    prepared(view, views=[COUNTS, COUNTS[::-1]])
    assert not np.array_equal(dense(views_of(view, range(12), 1)[0]), dense(views_of(view, range(12), 2)[0]))


def test_the_repr_of_a_view_is_its_call_and_settings_construct_it_again():
    for kind in VIEWS.values():
        view = kind()
        assert repr(view) == f"{kind.__name__}()"
        assert repr(kind(**view.settings())) == repr(view)
    assert repr(Substitution(rate=0.5)) == "Substitution(rate=0.5)"


# ------------------------------------------------------------------ dropping words


def test_encoder_dropout_is_the_batch_itself():
    batch = batch_of(range(5))
    assert EncoderDropout()(batch, NETWORK.encode(batch), NETWORK) == (batch,)


def test_halves_sum_to_the_document():
    rows = [i for i in range(40) if DENSE[i].sum() > 12]
    first, second = views_of(Halves(), rows)
    np.testing.assert_array_equal(dense(first) + dense(second), DENSE[rows])
    assert abs(dense(first).sum() / DENSE[rows].sum() - 0.5) < 0.05


def test_word_dropout_keeps_its_share_of_tokens():
    rows = [i for i in range(40) if DENSE[i].sum() > 12]
    kept = dense(views_of(WordDropout(rate=0.3), rows)[0])
    assert (kept <= DENSE[rows]).all()
    assert abs(kept.sum() / DENSE[rows].sum() - 0.7) < 0.05


@given(ROWS, st.integers(0, 100), st.sampled_from([(0.5, 1), (0.2, 1), (0.6, 3)]))
def test_deleted_spans_are_runs_of_tokens(rows, seed, share_and_spans):
    share, spans = share_and_spans
    view = dense(views_of(prepared(SpanDeletion(share, spans)), rows, seed)[0])
    ids = {word: i for i, word in enumerate(WORDS)}
    torch.manual_seed(seed)
    NETWORK.encode(batch_of(rows))
    starts = torch.rand(spans, len(rows), dtype=torch.float64).numpy()
    for position, row in enumerate(rows):
        tokens = [ids[word] for word in TOKENS[row]]
        length = max(1, round(share * len(tokens) / spans))
        gone = set()
        for start in starts[:, position]:
            first = math.floor(start * max(1, len(tokens) - length + 1))
            gone |= set(range(first, first + length))
        left = [word for place, word in enumerate(tokens) if place not in gone] or tokens
        np.testing.assert_array_equal(view[position], np.bincount(left, minlength=25))


# ------------------------------------------------------------------ tf-idf guided replacement


def expected_counts(rows, network=NETWORK):
    """length * p(word | theta), by the decoder's dense word distribution."""
    batch = batch_of(rows)
    with torch.no_grad():
        probability = copy.deepcopy(network).decoder(network.encode(batch).theta_mean).word_log_prob().exp().numpy()
    return DENSE[rows].sum(axis=1, keepdims=True) * probability


@pytest.mark.parametrize("decoder", ["product", "mixture"])
@given(ROWS, st.sampled_from([0.15, 0.3, 0.5]), st.sampled_from([2, 15]))
@settings(max_examples=40)
def test_the_words_of_lowest_and_highest_tfidf_get_the_expected_counts(decoder, rows, share, at_most):
    network = copy.deepcopy(NETWORK).eval()
    if decoder == "mixture":
        network.decoder = MixtureDecoder(np.asarray(RNG.normal(size=(5, 25))), np.zeros(25)).eval()
    view = prepared(TfidfReplacement(share, at_most))
    batch = batch_of(rows)
    positive = dense(view(batch, network.encode(batch), network)[0])
    negative = dense(view.negative(batch, network.encode(batch), network))
    both = view.with_negative(batch, network.encode(batch), network)
    np.testing.assert_array_equal(dense(both[0][0]), positive)
    np.testing.assert_array_equal(dense(both[1]), negative)
    expected = expected_counts(rows, network)
    tfidf = TfidfTransformer(norm=None).fit(COUNTS).transform(COUNTS[rows]).toarray().astype(np.float32)
    for position, row in enumerate(rows):
        words = np.flatnonzero(DENSE[row])
        k = min(at_most, max(1, math.ceil(share * len(words) - 1e-9)))
        for made, most in ((positive, False), (negative, True)):
            replaced = np.flatnonzero(made[position] != DENSE[row])
            assert len(replaced) == min(k, len(words))
            np.testing.assert_allclose(made[position][replaced], expected[position][replaced], rtol=1e-4)
            kept = np.setdiff1d(words, replaced)
            if len(kept) and len(replaced):
                salience = tfidf[position]
                edge = salience[replaced].min() - salience[kept].max() if most else None
                edge = salience[kept].min() - salience[replaced].max() if edge is None else edge
                assert edge > -1e-5


def test_replacement_does_not_change_the_decoders_running_statistics():
    network = copy.deepcopy(NETWORK).train()
    before = {name: value.clone() for name, value in network.decoder.named_buffers() if "running" in name}
    views_of(prepared(TfidfReplacement()), range(12), network=network)
    for name, value in network.decoder.named_buffers():
        if "running" in name:
            torch.testing.assert_close(value, before[name])
    assert network.decoder.norm.momentum == 0.1


def test_other_views_make_no_negatives():
    batch = batch_of(range(5))
    with pytest.raises(InputError, match="Halves makes no negatives; 'tfidf' does"):
        Halves().negative(batch, NETWORK.encode(batch), NETWORK)


# ------------------------------------------------------------------ substitution


def test_neighbours_are_those_of_highest_cosine():
    vectors = RNG.normal(size=(60, 8)).astype(np.float32)
    vectors[[5, 17]] = 0
    nearest = nearest_words(vectors, 4, block=7)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cosines = unit @ unit.T
    cosines[:, [5, 17]] = -2
    np.fill_diagonal(cosines, -2)
    for word in range(60):
        if word in (5, 17):
            assert (nearest[word] == word).all()
        else:
            np.testing.assert_array_equal(nearest[word], np.argsort(-cosines[word])[:4])


def test_with_few_words_neighbours_repeat():
    assert (nearest_words(np.eye(3, 5, dtype=np.float32)[:2], 4) == [[1], [0]]).all()
    assert (nearest_words(np.ones((1, 2), dtype=np.float32), 3) == 0).all()


def test_substituted_words_are_neighbours_of_words_of_the_document():
    vectors = RNG.normal(size=(25, 6))
    view = prepared(Substitution(rate=0.4, neighbours=2, vectors=vectors))
    near = nearest_words(vectors.astype(np.float32), 2)
    rows = [i for i in range(40) if DENSE[i].sum() > 12]
    made = dense(views_of(view, rows)[0])
    np.testing.assert_allclose(made.sum(axis=1), DENSE[rows].sum(axis=1))
    moved = 0.0
    for position, row in enumerate(rows):
        gained = made[position] > DENSE[row]
        allowed = set(near[np.flatnonzero(DENSE[row])].ravel())
        assert set(np.flatnonzero(gained)) <= allowed
        moved += (made[position] - DENSE[row])[gained].sum()
    assert 0.2 < moved / DENSE[rows].sum() < 0.5


def test_vectors_from_the_corpus_substitute_words_of_the_same_topic():
    blocks = np.kron(np.eye(3), np.ones((1, 10)))[RNG.integers(0, 3, 400)]
    counts = sp.csr_matrix(RNG.poisson(0.4 * blocks + 0.01))
    view = Substitution(rate=1.0, neighbours=3, dimension=5)
    view.prepare(Documents(counts))
    near = view._nearest.numpy()
    assert np.mean(near // 10 == np.arange(30)[:, None] // 10) > 0.95


# ------------------------------------------------------------------ other documents


def test_label_mates_draws_other_documents_of_the_label():
    view = prepared(LabelMates())
    rows = np.arange(40)
    seen = {row: set() for row in rows}
    for seed in range(60):
        for row, partner in zip(rows, views_of(view, rows, seed)[0].rows.tolist(), strict=True):
            seen[row].add(partner)
    labels = np.array(FIELDS["label"], dtype=object)
    for row in rows:
        partners = {i for i in rows if labels[i] == labels[row] and i != row and i != 4}  # 4 holds no words
        if row in (4, 7, 9):  # empty, without a label, alone with it
            assert seen[row] == {row}
        else:
            assert seen[row] <= partners
            assert len(seen[row]) == len(partners)


def test_time_mates_draws_documents_of_about_the_same_time():
    view = prepared(TimeMates(nearest=2))
    dated = [i for i in range(40) if i not in (4, 20)]  # 4 holds no words, 20 has no date
    seen = {row: set() for row in range(40)}
    for seed in range(60):
        for row, partner in enumerate(views_of(view, range(40), seed)[0].rows.tolist()):
            seen[row].add(partner)
    for row in range(40):
        if row not in dated:
            assert seen[row] == {row}
            continue
        place = dated.index(row)
        near = dated[max(place - 2, 0) : place + 3]
        assert seen[row] == set(near) - {row}


def test_the_drawn_documents_have_their_own_words():
    view = prepared(LabelMates())
    partners = views_of(view, range(12))[0]
    np.testing.assert_array_equal(dense(partners), DENSE[partners.rows.numpy()])


def test_times_may_be_numbers_and_datetimes():
    for times in (np.arange(40.0), np.arange(40).astype("datetime64[D]")):
        corpus = Corpus.from_tokens(TOKENS, WORDS, fields={"time": times})
        partners = views_of(prepared(TimeMates(nearest=1), corpus), [10, 15])[0].rows.numpy()
        assert abs(partners[0] - 10) <= 2
        assert abs(partners[1] - 15) <= 1


def test_one_of_the_users_views_is_drawn_for_each_document():
    views = [sp.csr_matrix(RNG.poisson(0.5, size=COUNTS.shape)) for _ in range(3)]
    views[2] = sp.csr_matrix(COUNTS.shape, dtype=np.int64)  # empty texts: the document itself
    view = prepared(UserViews(), views=views)
    texts = [views[0].toarray(), views[1].toarray(), DENSE]
    chosen = np.zeros(3)
    for seed in range(20):
        for row, made in enumerate(dense(views_of(view, range(40), seed)[0])):
            matches = [np.array_equal(made, text[row]) for text in texts]
            assert any(matches)
            chosen[matches.index(True)] += 1
    assert (chosen / chosen.sum() > 0.2).all()


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("word_dropout", {"rate": 1.0}, r"rate must be above 0 and below 1; received 1\.0"),
        ("span_deletion", {"share": 0}, "share must be above 0 and below 1; received 0"),
        ("span_deletion", {"spans": 0}, "spans must be at least 1; received 0"),
        ("substitution", {"rate": 0}, "rate must be above 0 and at most 1; received 0"),
        ("substitution", {"neighbours": 0}, "neighbours must be at least 1; received 0"),
        ("tfidf", {"share": 0.6}, r"share must be above 0 and at most 0\.5; received 0\.6"),
        ("tfidf", {"at_most": 0}, "at_most must be at least 1; received 0"),
        ("time_mates", {"nearest": 0}, "nearest must be at least 1; received 0"),
    ],
)
def test_wrong_settings_raise_an_error_with_their_name(kind, wrong, message):
    with pytest.raises(InputError, match=message):
        VIEWS[kind](**wrong)


BARE = Corpus.from_counts(COUNTS, WORDS)


@pytest.mark.parametrize(
    ("view", "corpus", "views", "message"),
    [
        (SpanDeletion(), None, (), "needs word order, which a matrix of counts does not have"),
        (SpanDeletion(), BARE, (), "The view 'span_deletion' needs word order, but this corpus has counts"),
        (SpanDeletion(), CORPUS[:5], (), "The corpus has 5 documents of 25 words, the counts have 40 of 25"),
        (LabelMates(), None, (), "needs the field 'label' of the documents, and a matrix of counts has no fields"),
        (LabelMates("topic"), CORPUS, (), "needs the field 'topic'; the corpus's fields: 'label', 'time', 'text'"),
        (TimeMates("text"), CORPUS, (), "needs numbers or times in the field 'text'"),
        (LabelMates(), CORPUS[:5], (), "The corpus has 5 documents, the counts have 40 rows"),
        (UserViews(), CORPUS, (), r"needs views of the documents, but fit received no views: fit\(..., views="),
        (UserViews(), CORPUS, [COUNTS, COUNTS[:9]], "View 2 has 9 rows and 25 words; the documents have 40 and 25"),
        (Substitution(vectors=np.ones((3, 2))), CORPUS, (), r"one row for each of the 25 words; received \(3, 2\)"),
    ],
)
def test_missing_input_raises_an_error_in_prepare(view, corpus, views, message):
    with pytest.raises(InputError, match=message):
        view.prepare(Documents(COUNTS, corpus=corpus, views=tuple(views)))


@pytest.mark.parametrize("view", [SpanDeletion(), Substitution(), TfidfReplacement(), LabelMates(), UserViews()])
def test_a_call_without_prepare_raises_an_error(view):
    with pytest.raises(InputError, match=f"{type(view).__name__} has not seen"):
        views_of(view, range(5))


def test_there_is_no_reordering():
    assert "reorder" not in VIEWS


@pytest.mark.parametrize("view", [LabelMates(), TimeMates(nearest=3)])
def test_partners_are_training_documents(view):
    fields = {"label": ["a", "b"] * 10, "time": list(range(20))}
    corpus = Corpus.from_tokens([[f"w{i}"] for i in range(20)], fields=fields)
    rows = np.array([0, 1, 2, 3, 10, 11, 16])
    view.prepare(Documents(corpus.counts, corpus=corpus, rows=rows))
    words = [int(corpus.counts[row].indices[0]) for row in rows]
    batch = Batch.from_counts(corpus.counts, rows)
    for _ in range(20):
        (partners,) = view(batch, None, None)
        assert set(partners.word_ids.tolist()) <= set(words)
