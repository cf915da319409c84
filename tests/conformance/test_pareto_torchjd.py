"""Weights compared with TorchJD's, and TorchJD's weightings in a balance with TorchJD's backward pass."""

import numpy as np
import pytest
import torch

from topicml.errors import InputError
from topicml.pareto import NAMES, Balance, MinNorm, balance_from
from topicml.pareto.by_name import TORCHJD

aggregation = pytest.importorskip("torchjd.aggregation", reason="needs pip install 'topicml[pareto]'")
autojac = pytest.importorskip("torchjd.autojac")


def gramian_of(gradients):
    gradients = torch.as_tensor(gradients, dtype=torch.float64)
    return gradients @ gradients.T


PAIRS = {
    "parallel": [[2.0, 0], [1, 0]],
    "opposite": [[1.0, 0], [-3, 0]],
    "zero": [[0.0, 0], [1, 2]],
    "huge ratio": [[1e6, 2e6], [1, -1]],
    "tiny ratio": [[1e-6, 2e-6], [3, 1]],
    "nearly parallel": [[1.0, 0], [1, 1e-3]],
    "orthogonal": [[1.0, 0], [0, 2]],
}


@pytest.mark.parametrize("gradients", PAIRS.values(), ids=PAIRS)
def test_two_objectives_have_the_weights_of_mgda(gradients):
    gramian = gramian_of(gradients)
    theirs = aggregation.MGDAWeighting(epsilon=1e-12, max_iters=1000)(gramian)
    torch.testing.assert_close(MinNorm()(gramian), theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", range(20))
def test_two_random_objectives_have_the_weights_of_mgda(seed):
    gramian = gramian_of(np.random.default_rng(seed).normal(size=(2, 5)))
    theirs = aggregation.MGDAWeighting(epsilon=1e-12, max_iters=1000)(gramian)
    torch.testing.assert_close(MinNorm()(gramian), theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [3, 4, 6])
@pytest.mark.parametrize("seed", range(3))
def test_more_objectives_have_the_weights_of_mgda(size, seed):
    """If all weights are positive, TorchJD's Frank-Wolfe converges fast enough for a comparison."""
    gramian = gramian_of(np.random.default_rng([size, seed]).normal(size=(size, 60)))
    theirs = aggregation.MGDAWeighting(epsilon=1e-12, max_iters=1500)(gramian)
    assert theirs.min() > 0
    torch.testing.assert_close(MinNorm()(gramian), theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_where_some_weights_are_zero_our_point_is_at_most_as_long_as_that_of_mgda(size, seed):
    """TorchJD's Frank-Wolfe approaches it slowly from above: after t steps, to 8 |longest gradient|^2 / t."""
    rng = np.random.default_rng([size, seed])
    gramian = gramian_of(rng.normal(size=(size, 8)) + rng.normal(size=8))
    ours = MinNorm()(gramian)
    theirs = aggregation.MGDAWeighting(epsilon=1e-12, max_iters=1000)(gramian)
    norms = [float(w @ gramian @ w) for w in (ours, theirs)]
    assert norms[0] <= norms[1] * (1 + 1e-12)
    assert norms[0] == pytest.approx(norms[1], abs=8e-3 * float(gramian.max()))


def losses_of(seed=0):
    generator = torch.Generator().manual_seed(seed)
    shared = torch.randn(4, 3, generator=generator, dtype=torch.float64).requires_grad_()
    own = torch.randn(3, generator=generator, dtype=torch.float64).requires_grad_()
    x = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    hidden = torch.tanh(x @ shared)
    return {"first": (hidden @ own).pow(2).mean(), "second": hidden.logsumexp(0).mean()}, [shared, own]


@pytest.mark.parametrize("name", sorted({*TORCHJD} - {"random"}))
def test_a_weighting_by_name_gives_the_shared_gradient_of_torchjd(name):
    aggregator = {
        "mgda": aggregation.MGDA(),
        "upgrad": aggregation.UPGrad(),
        "dualproj": aggregation.DualProj(),
        "pcgrad": aggregation.PCGrad(),
        "gradvac": aggregation.GradVac(),
        "imtl_g": aggregation.IMTLG(),
        "aligned_mtl": aggregation.AlignedMTL(),
        "mean": aggregation.Mean(),
        "cagrad": aggregation.CAGrad(c=0.4),
        "fairgrad": aggregation.FairGrad(alpha=1.0),
    }[name]
    losses, parameters = losses_of()
    torch.manual_seed(3)
    Balance(name, normalize="none", preference=1.0).backward(losses, parameters)
    other, theirs = losses_of()
    torch.manual_seed(3)
    autojac.backward(list(other.values()), inputs=theirs[:1], retain_graph=True)
    autojac.jac_to_grad(theirs[:1], aggregator)
    torch.testing.assert_close(parameters[0].grad, theirs[0].grad, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(parameters[1].grad, torch.autograd.grad(other["first"], theirs[1])[0])


@pytest.mark.filterwarnings("ignore:You are solving")
def test_nash_mtl_on_a_gramian_is_nash_mtl_on_the_gradients_step_by_step():
    ours = Balance("nash_mtl", normalize="none", preference=1.0)
    theirs = aggregation.NashMTL(n_tasks=2)
    for seed in range(3):
        losses, parameters = losses_of(seed)
        gradients = [torch.autograd.grad(loss, parameters[0], retain_graph=True)[0] for loss in losses.values()]
        expected = theirs(torch.stack([gradient.reshape(-1) for gradient in gradients])).reshape(4, 3)
        ours.backward(losses, parameters)
        torch.testing.assert_close(parameters[0].grad, expected, atol=1e-4, rtol=1e-3)


def test_random_weights_are_on_the_simplex_and_repeat_with_the_seed():
    records = []
    for _ in range(2):
        torch.manual_seed(5)
        losses, parameters = losses_of()
        records.append(Balance("random", normalize="none", preference=1.0).backward(losses, parameters))
    assert records[0] == records[1]
    assert records[0]["weight_first"] + records[0]["weight_second"] == pytest.approx(1)


def test_a_copy_of_a_weighting_leaves_its_state_behind():
    used = aggregation.GradVacWeighting()
    steps = []
    for _ in range(2):
        balance = balance_from(used)
        for seed in range(2):
            torch.manual_seed(seed)
            losses, parameters = losses_of(seed)
            steps.append(balance.backward(losses, parameters))
        used(torch.eye(2, dtype=torch.float64) * 2)
    assert steps[:2] == steps[2:]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (aggregation.UPGradWeighting(), "upgrad"),
        (aggregation.UPGrad(), "upgrad"),
        (aggregation.MGDAWeighting(), "mgda"),
        (aggregation.MGDA(), "mgda"),
    ],
)
def test_an_object_of_torchjd_is_what_its_name_is(given, name):
    losses, parameters = losses_of()
    by_object = balance_from(given).backward(losses, parameters)
    losses, parameters = losses_of()
    assert by_object == balance_from(name).backward(losses, parameters)


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        (aggregation.Mean(), [0.5, 0.5]),
        (aggregation.Sum(), [1, 1]),
        (aggregation.Constant(torch.tensor([3, 4])), [3, 4]),
    ],
)
def test_aggregators_with_constant_weights_are_accepted(given, weights):
    losses, parameters = losses_of()
    record = Balance(given, normalize="none").backward(losses, parameters)
    assert [record["weight_first"], record["weight_second"]] == weights


@pytest.mark.parametrize(
    "given",
    [aggregation.ConFIG(), aggregation.MoDoWeighting(), aggregation.SDMGradWeighting(), aggregation.ExcessMTL()],
)
def test_a_weighting_of_whole_gradients_is_refused(given):
    with pytest.raises(InputError, match="needs the whole gradients, but a weighting only receives their Gramian"):
        balance_from(given)


@pytest.mark.parametrize("name", NAMES)
def test_a_balance_resumes_from_its_state_to_the_bit(name):
    def steps(balance, seeds):
        records = []
        for seed in seeds:
            torch.manual_seed(seed)
            losses, parameters = losses_of(seed)
            records.append((balance.backward(losses, parameters), [p.grad for p in parameters]))
        return records

    def make():
        return Balance(name, at="parameters")  # these losses have no representation

    whole = make()
    steps(whole, range(3))
    resumed = make()
    resumed.load_state_dict(whole.state_dict())
    for (left, left_grads), (right, right_grads) in zip(
        steps(whole, range(3, 6)), steps(resumed, range(3, 6)), strict=True
    ):
        assert left == right
        assert all(torch.equal(a, b) for a, b in zip(left_grads, right_grads, strict=True))
