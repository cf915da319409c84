import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from torch import nn

from topicml.errors import InputError, MissingExtraError
from topicml.pareto import NAMES, Balance, FixedWeights, MinNorm, balance_from


def at_parameters(weighting="pareto", **options):
    """A balance that needs no representation."""
    return Balance(weighting, at="parameters", **options)


class Fixed:
    """A user's weighting: the same weights at every step, but not a plain sum."""

    def __init__(self, *weights):
        self.weights = weights

    def __call__(self, gramian):
        return torch.tensor(self.weights, dtype=gramian.dtype)


class Model:
    """An encoder with two heads, a decoder that one loss reads, and a projection that the others read."""

    def __init__(self, seed=0):
        generator = torch.Generator().manual_seed(seed)
        self.x = torch.randn(7, 6, generator=generator, dtype=torch.float64)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.modules = {
                name: nn.Linear(*shape).double()
                for name, shape in {
                    "hidden": (6, 8),
                    "loc": (8, 3),
                    "scale": (8, 3),
                    "decoder": (3, 5),
                    "projection": (3, 2),
                    "unused": (2, 2),
                }.items()
            }

    @property
    def named(self):
        return {f"{m}.{n}": p for m, module in self.modules.items() for n, p in module.named_parameters()}

    @property
    def parameters(self):
        return list(self.named.values())

    def encode(self, x):
        hidden = torch.tanh(self.modules["hidden"](x))
        return self.modules["loc"](hidden), self.modules["scale"](hidden).exp()

    def losses(self, n=2, view=False):
        loc, scale = self.encode(self.x)
        tensors = [loc, scale]
        anchor = loc
        if view:
            anchor = self.encode(self.x * 0.5)[0]
            tensors.append(anchor)
        z = loc + scale * torch.linspace(-1, 1, 21, dtype=torch.float64).reshape(7, 3)
        losses = {
            "model": self.modules["decoder"](z).pow(2).mean() + scale.log().mean(),
            "contrast": self.modules["projection"](anchor).logsumexp(0).sum() + loc.cos().mean(),
            "third": self.modules["projection"](loc).sin().sum(),
        }
        return dict(list(losses.items())[:n]), tensors

    def gradients(self, loss):
        result = torch.autograd.grad(loss, self.parameters, retain_graph=True, allow_unused=True)
        return dict(zip(self.named, result, strict=True))


def step(balance, n=2, view=False, model=None):
    """One step; the record, the parameters' gradients, and each loss's own gradients."""
    model = model or Model()
    losses, representation = model.losses(n, view)
    expected = {name: model.gradients(loss) for name, loss in losses.items()}
    record = balance.backward(losses, model.parameters, representation)
    return record, {name: p.grad for name, p in model.named.items()}, expected


def combination(expected, weights):
    """Weighted sum of the gradients at shared parameters; a loss's own gradient at its other parameters."""
    result = {}
    for name in next(iter(expected.values())):
        terms = [(w, g[name]) for w, g in zip(weights, expected.values(), strict=True) if g[name] is not None]
        if not terms:
            result[name] = None
        elif len(terms) == 1:
            result[name] = terms[0][1]
        else:
            result[name] = sum(w * g for w, g in terms)
    return result


def assert_same(result, expected):
    for name, gradient in expected.items():
        if gradient is None:
            assert result[name] is None, name
        else:
            torch.testing.assert_close(result[name], gradient, atol=1e-12, rtol=1e-9, msg=lambda m, n=name: f"{n}: {m}")


def shared_gradients(expected):
    shared = [n for n in next(iter(expected.values())) if sum(g[n] is not None for g in expected.values()) > 1]
    return torch.stack(
        [
            torch.cat(
                [torch.zeros(0)]
                + [
                    (
                        g[n]
                        if g[n] is not None
                        else torch.zeros_like(next(o[n] for o in expected.values() if o[n] is not None))
                    ).reshape(-1)
                    for n in shared
                ]
            )
            for g in expected.values()
        ]
    )


# ---------------------------------------------------------------- the combined gradient


@pytest.mark.parametrize("at", ["parameters", "representation"])
@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("view", [False, True])
@pytest.mark.parametrize("weights", [(0.7, 2.0, 0.4), (1.0, 0.0, 1.0), (0.0, 1.0, 1e-9)])
def test_shared_parameters_get_the_weighted_sum_and_others_their_own_gradient(at, n, view, weights):
    weights = weights[:n]
    balance = Balance(Fixed(*weights), normalize="none", preference=1.0, at=at)
    record, result, expected = step(balance, n, view)
    assert [record[f"weight_{name}"] for name in expected] == pytest.approx(weights)
    assert_same(result, combination(expected, weights))


@pytest.mark.parametrize("at", ["parameters", "representation"])
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("n", [2, 3])
def test_fixed_weights_are_the_plain_weighted_sum_on_every_parameter(at, every, n):
    weights = [1.0, 0.2, 3.0][:n]
    balance = Balance(FixedWeights(weights), normalize="none", every=every, at=at)
    for seed in range(4):
        model = Model(seed)
        _, result, _ = step(balance, n, model=model)
        losses, _ = model.losses(n)
        total = sum(w * loss for w, loss in zip(weights, losses.values(), strict=True))
        assert_same(result, model.gradients(total))


@pytest.mark.parametrize("at", ["parameters", "representation"])
@pytest.mark.parametrize("kept", [(0.5, 2.0), (0.0, 1.0), (1.0, 0.0)])
def test_between_weighings_the_weights_stay_and_own_gradients_stay_unweighted(at, kept):
    class Once:
        calls = 0

        def __call__(self, gramian):
            self.calls += 1
            return torch.tensor(kept, dtype=gramian.dtype)

    weighting = Once()
    balance = Balance(weighting, normalize="none", preference=1.0, every=3, at=at)
    records = []
    for seed in range(7):
        record, result, expected = step(balance, model=Model(seed))
        records.append(record)
        assert_same(result, combination(expected, kept))
    assert weighting.calls == 3
    assert records[0] == records[1] == records[2] != records[3]


def test_a_parameter_that_is_reached_through_the_representation_and_beside_it_is_exact_too():
    def losses(model):
        loc, scale = model.encode(model.x)
        weight = model.modules["hidden"].weight
        return {
            "model": model.modules["decoder"](loc + scale).pow(2).mean() + weight.pow(2).sum(),
            "contrast": loc.cos().mean() + model.encode(-model.x)[0].sin().mean(),
        }, [loc, scale]

    model = Model()
    both, representation = losses(model)
    expected = {name: model.gradients(loss) for name, loss in both.items()}
    Balance(Fixed(0.7, 2.0), normalize="none", preference=1.0, at="representation").backward(
        both, model.parameters, representation
    )
    assert_same({n: p.grad for n, p in model.named.items()}, combination(expected, (0.7, 2.0)))


def test_at_the_representation_weights_come_from_the_gradients_there():
    model = Model()
    losses, tensors = model.losses()
    gradients = torch.stack(
        [
            torch.cat(
                [
                    torch.zeros(21) if g is None else g.reshape(-1)
                    for g in torch.autograd.grad(loss, tensors, retain_graph=True, allow_unused=True)
                ]
            )
            for loss in losses.values()
        ]
    )
    record = Balance(normalize="none", preference=1.0, at="representation").backward(losses, model.parameters, tensors)
    expected = MinNorm()(gradients @ gradients.T)
    assert record["weight_contrast"] / record["weight_model"] == pytest.approx(float(expected[1] / expected[0]))
    assert record["norm_model"] == pytest.approx(float(gradients[0].norm()))


def test_gradients_that_autograd_hands_out_twice_can_be_scaled_apart():
    """Autograd returns one tensor for both terms of a sum, and an expanded number for a mean."""
    a, b, shared = (torch.ones(3, requires_grad=True) for _ in range(3))
    losses = {"model": (a + b + shared).pow(2).sum(), "contrast": shared.mean()}
    at_parameters().backward(losses, [a, b, shared])
    a.grad.mul_(2)
    torch.testing.assert_close(a.grad, torch.full((3,), 12.0))
    torch.testing.assert_close(b.grad, torch.full((3,), 6.0))


def test_frozen_parameters_are_left_alone_and_old_gradients_replaced():
    model = Model()
    model.modules["decoder"].bias.requires_grad_(False)
    for parameter in model.parameters:
        parameter.grad = torch.ones_like(parameter)
    losses, _ = model.losses()
    at_parameters().backward(losses, model.parameters)
    assert model.modules["decoder"].bias.grad is None
    assert model.modules["unused"].weight.grad is None


@given(seed=st.integers(0, 10_000), n=st.sampled_from([2, 3]), normalize=st.sampled_from(["none", "l2", "loss"]))
def test_a_small_step_lowers_every_loss_or_leaves_it(seed, n, normalize):
    """Min-norm weights over the shared parameters: no loss grows to first order."""
    model = Model(seed)
    losses, _ = model.losses(n)
    expected = {k: model.gradients(loss) for k, loss in losses.items()}
    at_parameters(normalize=normalize).backward(losses, model.parameters)
    names = [k for k in model.named if sum(g[k] is not None for g in expected.values()) > 1]
    for gradients in expected.values():
        rate = sum((model.named[k].grad * gradients[k]).sum() for k in names if gradients[k] is not None)
        size = sum((model.named[k].grad.norm() * gradients[k].norm()) for k in names if gradients[k] is not None)
        assert rate >= -1e-9 * size


# ---------------------------------------------------------------- scaling


def two_vectors(cosine, lengths=(1.0, 1.0)):
    """Two linear losses whose gradients have this cosine and these lengths."""
    p = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    directions = torch.tensor([[1.0, 0.0], [cosine, (1 - cosine**2) ** 0.5]], dtype=torch.float64)
    gradients = directions * torch.tensor(lengths, dtype=torch.float64)[:, None]
    return {name: (p * g).sum() + 1 for name, g in zip(("model", "contrast"), gradients, strict=True)}, p, directions


@given(
    cosine=st.floats(-0.99, 0.99),
    preference=st.floats(0.05, 3.0),
    lengths=st.tuples(st.floats(-3, 3), st.floats(-3, 3)).map(lambda e: (10 ** e[0], 10 ** e[1])),
)
def test_preference_is_the_rate_at_which_the_contrast_falls_beside_the_first_loss(cosine, preference, lengths):
    losses, p, directions = two_vectors(cosine, lengths)
    record = at_parameters(preference=preference).backward(losses, [p])
    unit = [record["weight_model"] * lengths[0], record["weight_contrast"] * lengths[1]]
    if cosine >= preference:  # the first gradient alone serves the contrast more than asked
        assert unit[1] == pytest.approx(0, abs=1e-7 * lengths[0])
    elif cosine >= 1 / preference:
        assert unit[0] == pytest.approx(0, abs=1e-7 * lengths[0])
    else:
        expected = (preference - cosine) / (1 - cosine * preference)
        assert unit[1] * 1.0 == pytest.approx(expected * unit[0], rel=1e-6, abs=1e-9 * lengths[0])
        rates = directions @ p.grad
        assert float(rates[1]) == pytest.approx(preference * float(rates[0]), rel=1e-6, abs=1e-9 * lengths[0])


def test_normalisations_by_length_and_loss():
    lengths, values = (2.0, 8.0), (3.0, 5.0)
    for normalize, scales in {
        "none": (1, 1),
        "l2": (1 / 2, 1 / 8),
        "loss": (1 / 3, 1 / 5),
        "loss+": (1 / 6, 1 / 40),
        "running": (1 / 2, 1 / 8),
    }.items():
        p = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        losses = {"a": 2 * p[0] + values[0], "b": 8 * p[1] + values[1]}
        record = at_parameters(normalize=normalize, preference=1.0).backward(losses, [p])
        inverse = [
            1 / (s * length) ** 2 for s, length in zip(scales, lengths, strict=True)
        ]  # min-norm of a right angle
        expected = (inverse[1] / inverse[0]) * scales[1] / scales[0]
        assert record["weight_b"] / record["weight_a"] == pytest.approx(expected), normalize


def test_a_gradient_that_is_longer_than_usual_counts_as_longer_with_running_lengths():
    def ratio(balance, length):
        losses, p, _ = two_vectors(0.0, (1.0, length))
        record = balance.backward(losses, [p])
        return record["weight_contrast"] * length / record["weight_model"]  # of unit gradients

    for options, usual in (
        ({"normalize": "l2", "momentum": 0.5}, 2.0),
        ({"normalize": "running"}, 16 ** (1 / 3)),  # geometric mean of 1, 1 and 16
    ):
        balance = at_parameters(preference=1.0, **options)
        assert [ratio(balance, 1.0), ratio(balance, 1.0)] == pytest.approx([1, 1])
        running = 4.0 if options.get("momentum") else usual
        scaled = 16.0 / running  # min-norm gives a long gradient a small weight
        assert ratio(balance, 16.0) == pytest.approx(1 / scaled)
    assert ratio(at_parameters(preference=1.0), 16.0) == pytest.approx(1)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_loss_whose_gradient_vanishes_has_no_say_and_leaves_no_trace(momentum):
    balance, reference = at_parameters(momentum=momentum), at_parameters(momentum=momentum)
    for step_number, zero in enumerate([None, "contrast", "model", None]):
        losses, p, _ = two_vectors(-0.5)
        if zero:
            losses[zero] = losses[zero] * 0
        record = balance.backward(losses, [p])
        if zero:
            other = "model" if zero == "contrast" else "contrast"
            assert (record[f"weight_{zero}"], record[f"weight_{other}"]) == (0.0, 1.0)
            assert record["cosine"] == 0
            assert record["stationarity"] == 0
        else:
            losses, q, _ = two_vectors(-0.5)
            assert record == reference.backward(losses, [q]), step_number


def test_both_gradients_zero_is_a_step_without_movement():
    p = torch.ones(2, requires_grad=True)
    record = at_parameters().backward({"a": (p * 0).sum(), "b": (p * 0).sum()}, [p])
    assert record["stationarity"] == 0
    torch.testing.assert_close(p.grad, torch.zeros(2))


def test_without_normalisation_min_norm_is_that_of_the_gradients_as_they_are():
    record, _, expected = step(at_parameters(normalize="none"))
    flat = shared_gradients(expected)
    weights = MinNorm()(flat @ flat.T)
    assert record["weight_contrast"] / record["weight_model"] == pytest.approx(float(weights[1] / weights[0]))


# ---------------------------------------------------------------- the record


@pytest.mark.parametrize("weighting", [None, FixedWeights([1, 2]), Fixed(0.3, 0.3)])
def test_the_record_holds_weights_lengths_cosine_and_stationarity(weighting):
    balance = at_parameters(weighting, normalize="l2")
    record, result, expected = step(balance)
    flat = shared_gradients(expected)
    assert record["norm_model"] == pytest.approx(float(flat[0].norm()))
    assert record["norm_contrast"] == pytest.approx(float(flat[1].norm()))
    assert record["cosine"] == pytest.approx(float(torch.cosine_similarity(*flat, dim=0)))
    shortest = MinNorm()(flat @ flat.T) @ flat
    assert record["stationarity"] == pytest.approx(float(shortest.norm()))
    assert record["skipped"] == 0
    assert_same(result, combination(expected, [record["weight_model"], record["weight_contrast"]]))


def test_among_three_losses_there_is_a_cosine_for_each_pair():
    record, _, expected = step(at_parameters(), n=3)
    flat = shared_gradients(expected)
    cosines = {k: v for k, v in record.items() if k.startswith("cosine")}
    assert cosines == pytest.approx(
        {
            f"cosine_{a}_{b}": float(torch.cosine_similarity(flat[i], flat[j], dim=0))
            for a, b, i, j in (("model", "contrast", 0, 1), ("model", "third", 0, 2), ("contrast", "third", 1, 2))
        }
    )


def test_one_loss_alone_is_its_plain_gradient():
    record, result, expected = step(at_parameters(), n=1)
    assert_same(result, expected["model"])
    assert record["weight_model"] == 1
    assert record["stationarity"] == pytest.approx(record["norm_model"])
    assert record["norm_model"] == pytest.approx(
        float(torch.cat([g.reshape(-1) for g in expected["model"].values() if g is not None]).norm())
    )


# ---------------------------------------------------------------- steps that are not finite


def not_finite(kind, model):
    losses, representation = model.losses()
    zero = (model.modules["loc"].weight * 0).sum()
    if kind == "loss":
        losses["contrast"] = losses["contrast"] * float("nan")
    elif kind == "gradient":  # the root of zero: a finite value, an infinite slope
        losses["contrast"] = losses["contrast"] + zero.abs().sqrt()
    else:
        losses["model"] = losses["model"] + (model.modules["decoder"].weight * 0).sum().abs().sqrt()
    return losses, representation


@pytest.mark.parametrize("options", [{}, {"at": "representation"}, {"every": 3}], ids=str)
@pytest.mark.parametrize(
    ("kind", "message"),
    [("loss", "loss 'contrast' was nan"), ("gradient", "not finite"), ("own", "gradient of the loss 'model'")],
)
def test_a_step_that_is_not_finite_is_skipped_counted_and_finally_an_error(options, kind, message):
    model = Model()
    balance = Balance(max_skips=3, **options)
    step(balance, model=model)
    for attempt in range(3):
        losses, representation = not_finite(kind, model)
        if attempt < 2:
            assert balance.backward(losses, model.parameters, representation) == {"skipped": 1.0}
        else:
            with pytest.raises(InputError, match=message) as caught:
                balance.backward(losses, model.parameters, representation)
            assert "3 consecutive steps" in str(caught.value)
        assert all(p.grad is None for p in model.parameters)


def test_a_finite_step_starts_the_count_anew_and_goes_on_as_if_nothing_had_been():
    model, balance, undisturbed = Model(), Balance(max_skips=2, momentum=0.5), Balance(momentum=0.5)
    for _ in range(3):
        losses, representation = not_finite("loss", model)
        assert balance.backward(losses, model.parameters, representation)["skipped"] == 1
        assert step(balance, model=model)[0] == step(undisturbed, model=model)[0]


def test_weights_that_are_not_finite_skip_the_step():
    assert step(Balance(Fixed(1.0, float("nan"))))[0] == {"skipped": 1.0}


# ---------------------------------------------------------------- state


@pytest.mark.parametrize(
    "options",
    [{}, {"momentum": 0.9}, {"normalize": "running", "every": 3}, {"every": 4, "at": "representation"}],
    ids=str,
)
@pytest.mark.parametrize("done", [0, 1, 5])
def test_from_its_state_a_balance_goes_on_to_the_bit(options, done):
    whole, resumed = Balance(**options), Balance(**options)
    for seed in range(done):
        step(whole, model=Model(seed))
    if done:
        losses, tensors = not_finite("loss", Model())
        whole.backward(losses, Model().parameters, tensors)
    state = whole.state_dict()
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    step(whole, model=Model(77)) if done == 0 else None  # a state is a copy
    resumed.load_state_dict(state)
    if done == 0:
        whole = Balance(**options)
    for seed in range(done, done + 5):
        left, right = step(whole, model=Model(seed)), step(resumed, model=Model(seed))
        assert left[0] == right[0]
        assert all(g is None or torch.equal(g, right[1][name]) for name, g in left[1].items())
    assert {k: v.tolist() for k, v in whole.state_dict().items()} == {
        k: v.tolist() for k, v in resumed.state_dict().items()
    }


# ---------------------------------------------------------------- names, copies, and bad input


def made(make):
    """A balance, or a skip where a solver of TorchJD is missing."""
    try:
        return make()
    except MissingExtraError as error:
        pytest.skip(str(error))


def steps(balance, n_steps=3):
    """Records and gradients of a few steps."""
    results = []
    for seed in range(n_steps):
        torch.manual_seed(seed)
        record, gradients, _ = step(balance, model=Model(seed))
        results.append((record, {name: None if g is None else g.tolist() for name, g in gradients.items()}))
    return results


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_short_for_an_object_with_defaults(name):
    by_name, by_object = made(lambda: balance_from(name)), Balance(name)
    assert by_name.settings() == by_object.settings()
    assert made(lambda: steps(by_name)) == steps(by_object)
    assert steps(balance_from(by_object)) == steps(Balance(**by_object.settings()))


def test_without_arguments_a_balance_is_pareto():
    assert Balance().settings() == Balance(None).settings() == Balance("pareto").settings()
    assert steps(Balance()) == steps(Balance(None)) == steps(balance_from("pareto"))


@pytest.mark.parametrize(("name", "kind"), [("pareto", MinNorm), ("sum", FixedWeights)])
def test_a_name_is_short_for_the_object_of_its_class(name, kind):
    without_weighting = [
        {key: value for key, value in balance.settings().items() if key != "weighting"}
        for balance in (Balance(name), Balance(kind()), balance_from(kind()))
    ]
    assert without_weighting[0] == without_weighting[1] == without_weighting[2]
    assert steps(Balance(name)) == steps(Balance(kind())) == steps(balance_from(kind()))


def test_defaults_that_depend_on_the_weighting_are_shown():
    for balance in (Balance(), Balance("sum", normalize="running")):
        shown = eval(repr(balance), {"Balance": Balance})
        assert shown.settings() == balance.settings()
        assert all(f"{name}=" in repr(balance) for name in ("normalize", "preference", "every", "at"))


@pytest.mark.parametrize("normalize", ["none", "loss", "loss+"])
def test_the_default_preference_is_one_where_gradients_have_no_length_of_one(normalize):
    assert Balance(normalize=normalize).preference == 1
    assert Balance(normalize="running").preference == Balance(normalize="l2").preference == "length"


@pytest.mark.parametrize(("length", "preference"), [(1, 0.3), (5, 0.3), (10, 0.15), (15, 0.1), (150, 0.01)])
def test_the_preference_by_length_falls_with_the_length_of_documents(length, preference):
    balance = Balance(momentum=0.5).for_length(length)
    assert balance.preference == pytest.approx(preference)
    assert balance.settings() == {**Balance(momentum=0.5).settings(), "preference": balance.preference}


def test_a_preference_of_ones_own_does_not_depend_on_the_documents():
    balance = Balance(preference=0.2)
    assert balance.for_length(5) is balance
    total = Balance("sum")
    assert total.for_length(5) is total


def test_without_documents_the_preference_by_length_is_that_of_fifteen_words():
    records = []
    for balance in (Balance(at="parameters"), Balance(preference=0.1, at="parameters")):
        point = torch.tensor([1.0, 2.0], requires_grad=True)
        losses = {"a": (point[0] - 3) ** 2 + point[1] ** 2, "b": (point[1] - 3) ** 2}
        records.append(balance.backward(losses, [point]))
    assert records[0] == records[1]


@pytest.mark.parametrize("length", [4, 40])
def test_a_topic_model_balances_by_the_length_of_its_training_documents(length):
    from topicml import ProdLDA
    from topicml.corpus.documents import Documents

    counts = sparse.random(60, 30, density=1.0, random_state=0, format="csr")
    counts.data[:] = length / 30
    parts = ProdLDA(3, contrast="set").composition()
    documents = Documents(counts)
    network, _ = parts.network(documents, 0)
    step = parts.step(network, documents, parts.training, seed=0, device=torch.device("cpu"))
    assert step.balance.preference == pytest.approx(min(0.3, 1.5 / length))


def test_balance_from_names_weightings_and_balances():
    balance = Balance(normalize="running", preference=0.5)
    step(balance)
    copied = balance_from(balance)
    assert copied is not balance
    assert repr(copied) == repr(balance)
    assert copied.settings() == balance.settings()
    assert "gramian" not in copied.state_dict()
    weighting = Fixed(1.0, 2.0)
    assert balance_from(weighting).weighting.weights == weighting.weights
    assert step(balance_from(FixedWeights([1, 0.3])))[0]["weight_contrast"] == 0.3


def test_the_sum_measures_its_gradients_now_and_then():
    balance = balance_from("sum")
    records = [step(balance, model=Model(seed))[0] for seed in range(52)]
    assert {record["weight_contrast"] for record in records} == {1.0}
    assert records[0] == records[49] != records[50] == records[51]


@pytest.mark.parametrize("value", ["parteo", None, 3, ["sum"], MinNorm, Balance])
def test_an_unknown_balance_lists_the_names(value):
    with pytest.raises(InputError) as caught:
        balance_from(value)
    assert repr(value) in str(caught.value)
    assert all(name in str(caught.value) for name in NAMES)


def test_a_weighting_that_needs_torchjd_names_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torchjd", None)
    with pytest.raises(MissingExtraError, match=r"'upgrad' is TorchJD's.*pip install 'topicml\[pareto\]'"):
        balance_from("upgrad")


def test_a_weighting_that_needs_a_solver_names_the_extra(monkeypatch):
    pytest.importorskip("torchjd", reason="needs pip install 'topicml[pareto]'")
    import importlib.util

    result = importlib.util.find_spec
    monkeypatch.setattr("torchjd._mixins.find_spec", lambda name: None if name == "cvxpy" else result(name))
    with pytest.raises(MissingExtraError, match=r"cvxpy.*topicml\[pareto\]"):
        balance_from("cagrad")


@pytest.mark.parametrize("at", ["parameters", "representation"])
def test_losses_that_share_no_parameter_are_refused(at):
    a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    tensors = [a * 2, b * 3]
    losses = {"model": tensors[0].sum(), "contrast": tensors[1].sum()}
    with pytest.raises(InputError, match="No two of the 2 losses share a parameter"):
        Balance(at=at).backward(losses, [a, b], tensors)


def test_a_loss_without_gradient_shares_nothing():
    a = torch.ones(2, requires_grad=True)
    with pytest.raises(InputError, match="share a parameter"):
        at_parameters().backward({"model": a.sum(), "contrast": torch.zeros(())}, [a])


@pytest.mark.parametrize("given", [(), (torch.ones(2),)])
def test_at_the_representation_there_must_be_one(given):
    model = Model()
    with pytest.raises(InputError, match='choose at="parameters"'):
        Balance(at="representation").backward(model.losses()[0], model.parameters, given)


def test_a_representation_made_from_another_is_refused():
    model = Model()
    losses, (loc, scale) = model.losses()
    losses["model"] = losses["model"] + (derived := loc.exp()).sum()
    with pytest.raises(InputError, match="computed from another one of it"):
        Balance(at="representation").backward(losses, model.parameters, [loc, scale, derived])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"normalize": "l1"}, "normalize must be one of none, l2, loss, loss+, running; received 'l1'"),
        ({"at": "encoder"}, "at must be one of parameters, representation; received 'encoder'"),
        ({"preference": 0}, "preference must be a positive number or 'length'; received 0"),
        ({"every": 0}, "every must be a whole number of steps, 1 or more; received 0"),
        ({"momentum": 1.0}, "momentum must be at least 0 and less than 1; received 1.0"),
        ({"max_skips": 0}, "max_skips must be a whole number, 1 or more; received 0"),
        ({"weighting": "mgd"}, "'mgd' is not a weighting. Did you mean 'mgda'? Choose one of pareto, sum, aligned_mtl"),
        ({"weighting": 3}, "3 is not a weighting"),
        ({"weighting": MinNorm}, "MinNorm'> is not a weighting"),
        ({"every": 2.5}, "every must be None or a whole number; received 2.5"),
        ({"preference": "low"}, "preference must be a positive number or 'length'; received 'low'"),
    ],
)
def test_settings_out_of_range_are_named(options, message):
    with pytest.raises(InputError) as caught:
        Balance(**options)
    assert message in str(caught.value)


def test_fixed_weights_must_be_finite_and_one_for_each_loss():
    with pytest.raises(InputError, match="must be finite"):
        FixedWeights([1, np.inf])
    for wrong in (3, "ab", ["a", "b"]):
        with pytest.raises(InputError, match="weights must be a list of numbers"):
            FixedWeights(wrong)
    with pytest.raises(InputError, match="has 3 weights, but there are 2 losses"):
        step(balance_from(FixedWeights([1, 1, 1])))
