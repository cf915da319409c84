"""Properties of every contrastive objective with every view."""

import copy
import io
import json

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn import BagEncoder, Batch, ProductDecoder, TopicNetwork
from topicml.objectives.contrast import CONTRASTS, ClusterAware, Contrast, Probabilistic
from topicml.objectives.views import VIEWS, Halves, UserViews

RNG = np.random.default_rng(0)
WORDS = [f"w{i}" for i in range(25)]
TOKENS = [[WORDS[i] for i in RNG.integers(0, 25, size)] for size in RNG.integers(1, 14, size=30)]
TOKENS[4], TOKENS[11] = [], ["w3"]
CORPUS = Corpus.from_tokens(
    TOKENS, WORDS, fields={"label": [i % 4 for i in range(30)], "time": RNG.normal(size=30).tolist()}
)
COUNTS = CORPUS.counts
USER_VIEWS = [COUNTS, sp.csr_matrix(RNG.poisson(0.4, size=COUNTS.shape))]

VARIANTS = {
    **{name: {} for name in CONTRASTS},
    "set": {"set_size": 2},
    "neighbours": {"set_size": 2, "clusters": 3, "set_clusters": 3},
    "probabilistic, learned": {"learn_temperature": True},
    "clusters, few": {"n_clusters": 3, "start": 1.0},
}


def kind_of(variant):
    return CONTRASTS[next(name for name in sorted(CONTRASTS, key=len, reverse=True) if variant.startswith(name))]


def network_of(seed=0, dropout=0.1):
    torch.manual_seed(seed)
    encoder = BagEncoder(25, 5, hidden=8, dropout=dropout)
    return TopicNetwork(encoder, ProductDecoder(RNG.normal(size=(5, 25))), n_topics=5, alpha=0.1)


def prepared(variant, network, **settings):
    objective = kind_of(variant)(**{**VARIANTS[variant], **settings})
    objective.prepare(Documents(COUNTS, corpus=CORPUS, views=tuple(USER_VIEWS)), network=network, batch_size=10)
    return objective


def batch_of(rows):
    return Batch.from_counts(COUNTS, np.asarray(rows))


def value_of(objective, network, batch, seed=0):
    torch.manual_seed(seed)
    return objective(batch, network.encode(batch), network).value


def storages(batch):
    tensors = {name: getattr(batch, name) for name in Batch.__dataclass_fields__}
    return {name: (each.data_ptr(), each.clone()) for name, each in tensors.items() if each is not None}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loss_is_a_finite_scalar_whose_gradient_reaches_the_encoder_and_leaves_the_batch(variant, view):
    network = network_of()
    objective = prepared(variant, network, view=view)
    for rows in ([0, 4, 5, 11, 2, 7], [3, 9]):  # with an empty document, and of two documents
        batch = batch_of(rows)
        before = storages(batch)
        posterior = network.encode(batch)
        kept = {name: value.clone() for name, value in network.named_buffers() if "running" in name}
        loss = objective(batch, posterior, network).value
        assert loss.shape == ()
        assert torch.isfinite(loss)
        network.zero_grad()
        loss.backward()
        gradients = [p.grad for p in network.encoder.parameters() if p.grad is not None]
        assert all(torch.isfinite(g).all() for g in gradients)
        if rows[0] == 0:
            assert sum(float(g.abs().sum()) for g in gradients) > 0
        for name, (pointer, values) in before.items():
            assert getattr(batch, name).data_ptr() == pointer
            assert torch.equal(getattr(batch, name), values)
        # Views do not change the running statistics of batch normalisation.
        for name, value in network.named_buffers():
            if "running" in name:
                torch.testing.assert_close(value, kept[name])


@pytest.mark.parametrize(("view", "vector"), [("word_dropout", "theta"), ("halves", "z"), ("tfidf", "sqrt_theta")])
@pytest.mark.parametrize("variant", ["infonce", "topic_semantic"])
def test_anchors_are_the_documents_or_the_first_view(variant, view, vector):
    network = network_of().eval()
    objective = prepared(variant, network, view=view, vector=vector)
    batch = batch_of(range(10))
    value = value_of(objective, network, batch)
    torch.manual_seed(0)
    views = objective._positive_view(batch, network.encode(batch), network)
    posteriors = [network.encode(each) for each in (batch, *views)][-2:]
    maps = {"theta": lambda p: p.theta_mean, "z": lambda p: p.loc, "sqrt_theta": lambda p: p.theta_mean.sqrt()}
    fresh = prepared(variant, network, view=view, vector=vector)
    torch.testing.assert_close(value, fresh.loss(*map(maps[vector], posteriors), batch), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_batch_of_one_document_has_loss_0(variant):
    network = network_of().eval()  # in training, batch normalisation itself needs two
    objective = prepared(variant, network)
    vectors = torch.randn(2, 1, 5, requires_grad=True)
    loss = objective.loss(vectors[0], vectors[1], batch_of([2]))
    loss.backward()
    assert torch.isfinite(vectors.grad).all()
    if variant not in ("clusters", "clusters, few"):  # these have centroids to compare with, once started
        assert float(loss.detach()) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_zero_vectors_have_finite_losses_and_gradients(variant):
    network = network_of()
    objective = prepared(variant, network)
    vectors = torch.zeros(2, 6, 5)
    vectors[:, 3:] = torch.randn(2, 3, 5)
    for temperature in (0.5, 0.01):
        objective.temperature = temperature
        leaf = vectors.clone().requires_grad_()
        loss = objective.loss(leaf[0], leaf[1], batch_of(range(6)))
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(leaf.grad).all()
        assert float(leaf.grad.abs().max()) < 1e4


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_seed_gives_the_same_loss_in_a_copy(variant):
    network = network_of()
    objective = prepared(variant, network)
    twin, twin_network = copy.deepcopy((objective, network))
    batch = batch_of(range(10))
    for step in range(3):
        first, second = value_of(objective, network, batch, step), value_of(twin, twin_network, batch, step)
        assert torch.equal(first, second)


@pytest.mark.parametrize("variant", VARIANTS)
def test_training_continues_from_a_saved_state_with_the_same_losses(variant):
    network = network_of()
    objective = prepared(variant, network)
    for step in range(3):
        value_of(objective, network, batch_of(range(step, step + 10)), step)
    file = io.BytesIO()
    torch.save({"objective": objective.state_dict(), "network": network.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file)
    resumed_network = network_of(seed=1)
    resumed_network.load_state_dict(saved["network"])
    resumed = prepared(variant, resumed_network)
    resumed.load_state_dict(saved["objective"])
    for step in range(3, 6):
        batch = batch_of(range(step, step + 10))
        expected = value_of(objective, network, batch, step)
        assert torch.equal(value_of(resumed, resumed_network, batch, step), expected)


def test_a_second_prepare_keeps_parameters_and_buffers():
    network = network_of()
    for objective in (prepared("probabilistic, learned", network), prepared("clusters, few", network)):
        value_of(objective, network, batch_of(range(10)))
        before = {name: value.clone() for name, value in objective.state_dict().items()}
        objective.prepare(Documents(COUNTS[:12]), network=network, batch_size=10)
        for name, value in objective.state_dict().items():
            torch.testing.assert_close(value, before[name])


# The other variants draw random numbers for each position in the batch.
WITHOUT_DRAWS = [v for v in VARIANTS if not v.startswith(("instance", "clusters", "set", "neighbours"))]


@pytest.mark.parametrize("variant", WITHOUT_DRAWS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_the_loss_does_not_depend_on_the_order_of_documents(variant, seed):
    network = network_of()
    objective = prepared(variant, network)
    rng = np.random.default_rng(seed)
    rows, order = rng.permutation(30)[:8], rng.permutation(8)
    vectors = torch.from_numpy(rng.normal(size=(2, 8, 5)))
    first = copy.deepcopy(objective).loss(vectors[0], vectors[1], batch_of(rows))
    second = copy.deepcopy(objective).loss(vectors[0, order], vectors[1, order], batch_of(rows[order]))
    torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("variant", VARIANTS)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100))
@settings(max_examples=10)
def test_the_loss_depends_only_on_the_direction_of_topic_vectors(variant, seed, scale):
    objective = prepared(variant, network_of())
    rng = np.random.default_rng(seed)
    vectors = torch.from_numpy(rng.normal(size=(2, 8, 5)))
    if variant == "topic_semantic":
        vectors = vectors.abs()  # its codes are the largest entries
    values = []
    for factor in (1.0, scale):
        torch.manual_seed(seed)
        values.append(copy.deepcopy(objective).loss(factor * vectors[0], factor * vectors[1], batch_of(range(8))))
    torch.testing.assert_close(values[0], values[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_loss_is_lower_if_documents_are_similar_to_their_views_alone(variant):
    """Five orthogonal documents: each equals its own view, or the view of the next document."""
    network = network_of()
    vectors = torch.eye(5).double()
    losses = []
    for shift in (0, 1):
        objective = prepared(variant, network)
        torch.manual_seed(0)
        losses.append(float(objective.loss(vectors, vectors.roll(shift, dims=0), batch_of([0, 1, 2, 3, 5])).detach()))
    assert losses[0] < losses[1] - 0.05


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradient_descent_makes_documents_similar_to_their_views(variant):
    network = network_of()
    objective = prepared(variant, network, temperature=0.5)
    torch.manual_seed(0)
    vectors = torch.nn.Parameter(torch.randn(2, 8, 5))
    optimizer = torch.optim.Adam([vectors], lr=0.05)
    batch = batch_of([0, 1, 2, 3, 5, 6, 7, 8])
    values = []
    for _ in range(60):
        loss = objective.loss(vectors[0], vectors[1], batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(float(loss.detach()))
    assert np.mean(values[-5:]) < np.mean(values[:5]) - 0.05


# ------------------------------------------------------------------ settings


@pytest.mark.parametrize("variant", VARIANTS)
def test_settings_are_json_and_construct_the_same_objective(variant):
    objective = kind_of(variant)(**VARIANTS[variant])
    plain = json.loads(json.dumps(objective.settings()))
    again = type(objective)(**plain)
    assert repr(again) == repr(objective)
    assert repr(again).startswith(type(objective).__name__)


def test_a_view_may_be_an_object():
    objective = CONTRASTS["infonce"](view=Halves())
    network = network_of()
    objective.prepare(Documents(COUNTS), network=network, batch_size=10)
    assert torch.isfinite(value_of(objective, network, batch_of(range(10))))
    assert repr(objective) == "InfoNCE(view=Halves())"


def test_a_learned_temperature_is_a_parameter_with_a_gradient():
    network = network_of()
    objective = prepared("probabilistic, learned", network)
    value_of(objective, network, batch_of(range(10))).backward()
    assert [name for name, _ in objective.named_parameters()] == ["log_kappa"]
    assert objective.log_kappa.grad.abs() > 0


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("name", "settings_", "message"),
    [
        ("infonce", {"view": "mirror"}, "view='mirror' is unknown. Choose one of dropout, halves, word_dropout"),
        ("infonce", {"view": 3}, "view=3 is unknown"),
        ("infonce", {"vector": "beta"}, "vector='beta' is unknown. Choose one of theta"),
        ("infonce", {"temperature": -1}, "temperature must be positive; received -1"),
        ("instance_weighted", {"quantile": 0}, "quantile must be above 0 and at most 1; received 0"),
        ("instance_weighted", {"steps": -1}, "steps must be at least 0; received -1"),
        ("clusters", {"n_clusters": 1}, "n_clusters must be at least 2; received 1"),
        ("clusters", {"a": 0.5, "b": 0.2}, r"a must be at least 0 and at most b=0\.2; received 0\.5"),
        ("probabilistic", {"samples": 0}, "samples must be at least 1; received 0"),
    ],
)
def test_wrong_settings_raise_an_error_with_their_name(name, settings_, message):
    with pytest.raises(InputError, match=message):
        CONTRASTS[name](**settings_)


BARE = Corpus.from_counts(COUNTS, WORDS)


@pytest.mark.parametrize(
    ("objective", "corpus", "message"),
    [
        (CONTRASTS["infonce"](view="label_mates"), BARE, "The view 'label_mates' needs the field 'label'"),
        (CONTRASTS["infonce"](view="time_mates"), None, "The view 'time_mates' needs the field 'time'"),
        (CONTRASTS["infonce"](view="span_deletion"), BARE, "'span_deletion' needs word order"),
        (CONTRASTS["infonce"](view="user"), CORPUS, r"fit received no views: fit\(..., views=\[...\]\)"),
    ],
)
def test_missing_input_raises_an_error_in_prepare(objective, corpus, message):
    with pytest.raises(InputError, match=message):
        objective.prepare(Documents(COUNTS, corpus=corpus), network=network_of(), batch_size=10)


@pytest.mark.parametrize("name", ["instance_weighted", "neighbours"])
def test_a_call_without_prepare_raises_an_error(name):
    network = network_of()
    with pytest.raises(InputError, match=r"Call its prepare\(documents"):
        value_of(CONTRASTS[name](), network, batch_of(range(10)))


def test_the_table_has_each_class_once():
    assert len({*CONTRASTS.values()}) == len(CONTRASTS)
    assert all(issubclass(kind, Contrast) for kind in CONTRASTS.values())
    assert {ClusterAware, Probabilistic} <= {*CONTRASTS.values()}
    assert VIEWS["user"] is UserViews
