"""The protocol of all objectives: Loss, progress, parts in the history, and the fields that objectives read."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
import torch

import topicml
from topicml.errors import InputError
from topicml.nn import BagEncoder, ProductDecoder, TopicNetwork
from topicml.objectives import BOUNDS, CONTRASTS, ELBO, Loss, SetContrast
from topicml.objectives.views import VIEWS, LabelMates, TfidfReplacement, TimeMates
from topicml.training import BatchSampler, Step, Trainer, Training, evaluate

COUNTS = sp.csr_matrix(np.random.default_rng(0).poisson(0.5, size=(40, 12)) + np.eye(40, 12, dtype=int))
SAMPLER = BatchSampler(COUNTS, np.arange(40), batch_size=16, seed=2)
CPU = torch.device("cpu")


class ReadsLabels(TfidfReplacement):
    field = "team"


def train(objective, max_epochs=2):
    """Train a network with one objective, 3 steps an epoch; return it and the history."""
    torch.manual_seed(0)
    decoder = ProductDecoder(np.random.default_rng(1).normal(size=(3, 12)))
    network = TopicNetwork(BagEncoder(12, 3, hidden=8), decoder, n_topics=3, alpha=1.0)
    step = Step(network, {"mine": objective}, Training(learning_rate=0.01), seed=5, device=CPU)
    history = Trainer(step, epochs=max_epochs, patience=max_epochs).run(SAMPLER)
    return network, history


class Recording(ELBO):
    def __init__(self):
        super().__init__()
        self.seen = []

    def __call__(self, batch, posterior, network, progress=1.0):
        if network.training or not network.encoder.loc_norm.training:  # not while statistics are estimated
            self.seen.append(progress)
        loss = super().__call__(batch, posterior, network, progress)
        return Loss(loss.value, {"docs": float(len(batch))})


def test_the_call_receives_the_share_of_training_done():
    objective = Recording()
    network, _ = train(objective)
    assert objective.seen == [step / 6 for step in range(6)]
    evaluate(network, objective, SAMPLER, seed=0, device=CPU)
    assert objective.seen[6:] == [1.0] * 3


def test_the_history_records_the_value_and_the_named_parts():
    record = train(Recording())[1][0]
    assert record["mine"] == record["loss"]
    assert record["docs"] == pytest.approx((16 * 16 + 16 * 16 + 8 * 8) / 40)


def test_a_users_objective_may_return_a_tensor():
    bound = ELBO()

    def mine(batch, posterior, network, progress=1.0):
        return bound(batch, posterior, network, progress).value

    (plain, history), (reference, _) = train(mine), train(bound)
    for name, value in reference.state_dict().items():
        assert torch.equal(plain.state_dict()[name], value)
    scores = [evaluate(plain, each, SAMPLER, seed=0, device=CPU) for each in (mine, bound)]
    assert scores[0] == scores[1]
    assert "kl" not in history[0]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (1.5, r"The objective 'mine' must return topicml\.objectives\.Loss\(value, parts\).*received float"),
        ((torch.zeros(()), {}), "received tuple"),
        (torch.zeros(3), r"The loss of the objective 'mine' must be a scalar tensor; received shape \(3,\)"),
        (Loss(2.0), "must be a scalar tensor; received float"),
    ],
)
def test_what_is_not_a_loss_is_refused_with_the_name_of_the_objective(returned, message):
    with pytest.raises(InputError, match=message):
        train(lambda batch, posterior, network, progress: returned)


def test_the_default_parts_cannot_be_changed_for_all_losses():
    with pytest.raises(TypeError):
        Loss(torch.zeros(())).parts["kl"] = 1.0


@pytest.mark.parametrize("name", BOUNDS)
def test_a_call_leaves_the_bound_as_it_was(name):
    objective = BOUNDS[name]()
    before = copy.deepcopy(vars(objective))
    network, _ = train(ELBO())
    batch = SAMPLER.batch(0, 0)
    objective(batch, network.encode(batch), network, 0.5)
    assert vars(objective) == before


def test_set_contrast_is_in_the_table_of_contrasts():
    assert CONTRASTS["set"] is SetContrast is topicml.SetContrast


# ------------------------------------------------------------------ fields


@pytest.mark.parametrize("name", VIEWS)
def test_views_name_the_fields_that_they_read(name):
    expected = {"label_mates": ("label",), "time_mates": ("time",)}
    assert VIEWS[name]().fields == expected.get(name, ())


def test_views_name_the_field_of_their_argument():
    assert LabelMates("team").fields == ("team",)
    assert TimeMates("year", nearest=2).fields == ("year",)


@pytest.mark.parametrize("name", CONTRASTS)
def test_contrasts_name_the_fields_of_their_view(name):
    assert CONTRASTS[name]().fields == ()
    assert CONTRASTS[name](view="time_mates").fields == ("time",)
