"""Set contrast: its formula in plain NumPy, special cases, poolings, and wrong arguments."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.objectives import CONTRASTS, SetContrast, contrast_from
from topicml.objectives.contrast import InfoNCE
from topicml.objectives.pooling import POOLINGS

EMPTY = Batch.from_counts(sp.csr_matrix((1, 3), dtype=np.float32), np.array([0]))
NUMPY_POOLINGS = {"mean": np.mean, "sum": np.sum, "max": np.max, "min": np.min}


def vectors(n, k=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(k), size=n), rng.dirichlet(np.ones(k), size=n)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def formula(anchor, positive, sets, pooling, positive_pooling, negative_pooling, beta, others, temperature):
    """The loss in the docstring, in loops over shuffles and sets."""
    losses = []
    for shuffle in sets:
        a = [unit(NUMPY_POOLINGS[pooling](anchor[members], axis=0)) for members in shuffle]
        p = [unit(NUMPY_POOLINGS[positive_pooling](positive[members], axis=0)) for members in shuffle]
        for s, members in enumerate(shuffle):
            positive_term = np.exp(a[s] @ p[s] / temperature)
            total = sum(np.exp(a[s] @ each / temperature) for each in p) if others else positive_term
            if negative_pooling is not None:
                hard = unit(NUMPY_POOLINGS[negative_pooling](positive[members], axis=0))
                total += beta * np.exp(a[s] @ hard / temperature)
            losses.append(-np.log(positive_term / total))
    return np.mean(losses)


@settings(max_examples=40, deadline=None)
@given(
    pooling=st.sampled_from(sorted(NUMPY_POOLINGS)),
    positive_pooling=st.sampled_from(sorted(NUMPY_POOLINGS)),
    negative_pooling=st.sampled_from([None, *sorted(NUMPY_POOLINGS)]),
    beta=st.floats(0.1, 3),
    others=st.booleans(),
    temperature=st.floats(0.1, 2),
    set_size=st.integers(1, 5),
    shuffles=st.integers(1, 3),
    seed=st.integers(0, 100),
)
def test_is_its_formula(
    pooling, positive_pooling, negative_pooling, beta, others, temperature, set_size, shuffles, seed
):
    if not others and negative_pooling is None:
        others = True
    contrast = SetContrast(
        set_size=set_size,
        shuffles=shuffles,
        pooling=pooling,
        positive_pooling=positive_pooling,
        negative_pooling=negative_pooling,
        beta=beta,
        others=others,
        temperature=temperature,
    )
    anchor, positive = vectors(13, seed=seed)
    torch.manual_seed(seed)
    sets = contrast._draw_sets(13, 13 // set_size, torch.device("cpu")).numpy()
    torch.manual_seed(seed)
    ours = contrast.loss(torch.tensor(anchor), torch.tensor(positive), EMPTY)
    theirs = formula(anchor, positive, sets, pooling, positive_pooling, negative_pooling, beta, others, temperature)
    assert float(ours) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("pooling", ["mean", "max", "min", "sum"])
def test_sets_of_one_document_give_infonce(pooling):
    anchor, positive = (torch.tensor(each) for each in vectors(17))
    alone = SetContrast(set_size=1, shuffles=1, pooling=pooling, temperature=0.3).loss(anchor, positive, EMPTY)
    assert float(alone) == pytest.approx(float(InfoNCE(temperature=0.3).loss(anchor, positive, EMPTY)), rel=1e-6)


def test_every_shuffle_puts_a_document_into_one_set_at_most():
    sets = SetContrast(set_size=4, shuffles=3)._draw_sets(14, 3, torch.device("cpu"))
    assert sets.shape == (3, 3, 4)
    for shuffle in sets:
        assert len(set(shuffle.flatten().tolist())) == 12


@pytest.mark.parametrize("name", sorted(POOLINGS))
def test_poolings_do_not_depend_on_the_order_of_a_set(name):
    torch.manual_seed(0)
    pool = POOLINGS[name](6, 4)
    sets = torch.rand(5, 4, 6)
    torch.testing.assert_close(pool(sets), pool(sets[:, torch.tensor([2, 0, 3, 1])]))


@pytest.mark.parametrize("name", ["attention", "fspool"])
def test_learned_poolings_start_as_the_mean(name):
    sets = torch.rand(5, 4, 6)
    torch.testing.assert_close(POOLINGS[name](6, 4)(sets), sets.mean(dim=1))


def test_fspool_can_be_max_and_min():
    sets = torch.rand(5, 4, 6)
    pool = POOLINGS["fspool"](6, 4)
    for rank, extreme in ((0, sets.amax(dim=1)), (3, sets.amin(dim=1))):
        with torch.no_grad():
            pool.weights.zero_()
            pool.weights[rank] = 1.0
        torch.testing.assert_close(pool(sets), extreme)


def test_sliced_wasserstein_distance_is_that_of_sorted_slices():
    """In one dimension the best coupling is the sorted one: squared distances add up over slices and ranks."""

    torch.manual_seed(0)
    pool = POOLINGS["sliced_wasserstein"](6, 4)
    first, second = torch.rand(4, 6), torch.rand(4, 6)
    slices = torch.nn.functional.normalize(pool.directions, dim=0)
    projected = [np.sort((each @ slices).detach().numpy(), axis=0) for each in (first, second)]
    expected = ((projected[0] - projected[1]) ** 2).sum()
    assert float(((pool(first) - pool(second)) ** 2).sum().detach()) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("name", sorted(POOLINGS))
def test_gradient_reaches_every_pooling_and_the_vectors(name):
    torch.manual_seed(0)
    contrast = SetContrast(pooling=name, set_size=3)
    anchor, positive = (torch.tensor(each, dtype=torch.float32, requires_grad=True) for each in vectors(12))
    contrast.loss(anchor, positive, EMPTY).backward()
    assert anchor.grad.abs().sum() > 0 and positive.grad.abs().sum() > 0
    assert all(p.grad is not None for p in contrast.parameters())


def test_a_batch_too_small_for_sets_has_loss_and_gradient_0():
    anchor, positive = (torch.tensor(each, requires_grad=True) for each in vectors(3))
    loss = SetContrast(set_size=4).loss(anchor, positive, EMPTY)
    loss.backward()
    assert float(loss) == 0 and not anchor.grad.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pooling": "median"}, "pooling='median' is unknown.*mean"),
        ({"pooling": "sliced_wasserstein", "negative_pooling": "max"}, "must give vectors of one size; .*'max'"),
        ({"positive_pooling": "sliced_wasserstein"}, "pooling='mean', positive_pooling='sliced_wasserstein'"),
        ({"negative_pooling": "median"}, "negative_pooling='median' is unknown"),
        ({"set_size": 0}, "set_size must be at least 1; received 0"),
        ({"shuffles": 0}, "shuffles must be at least 1"),
        ({"beta": 0}, "beta must be positive"),
        ({"others": False}, "leaves no negatives"),
        ({"temperature": 0}, "temperature must be positive"),
        ({"view": "nonsense"}, "view='nonsense' is unknown"),
        ({"vector": "nonsense"}, "vector='nonsense' is unknown"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        SetContrast(**arguments)


def test_an_unknown_contrast_raises_an_error_with_all_names():
    with pytest.raises(InputError, match=r"contrast='sets' is unknown. Choose one of set, .*infonce"):
        contrast_from("sets")
    assert contrast_from(None) == {}
    assert set(contrast_from(["set", "infonce"])) == {"contrast_1", "contrast_2"}
    assert {"set", "infonce"} <= set(CONTRASTS)
