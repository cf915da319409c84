"""Adam of rows equals torch's Adam of the whole matrix."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from topicml import SetContrast
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn import BagEncoder, Batch, ProductDecoder, TopicNetwork
from topicml.objectives import ELBO
from topicml.objectives.contrast import InfoNCE
from topicml.objectives.objective import Loss, WithoutPreparation
from topicml.pareto import Balance
from topicml.training import BatchSampler, Checkpoint, Step, Trainer, Training
from topicml.training.clipping import clip_gradient
from topicml.training.row_adam import RowAdam

N_ROWS, N_COLUMNS = 30, 3


def sparse(rows, values, n_rows=N_ROWS):
    shape = (n_rows, values.shape[1])
    return torch.sparse_coo_tensor(rows[None], values, shape, check_invariants=True).coalesce()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-6), (torch.float32, 1e-5)])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9), (0.0, 0.9)])
def test_rows_that_are_read_are_those_of_adam(dtype, tolerance, betas):
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(N_ROWS, N_COLUMNS, generator=generator, dtype=dtype)
    dense, deferred = (torch.nn.Parameter(start.clone()) for _ in range(2))
    adam, rows_adam = torch.optim.Adam([dense], betas=betas), RowAdam(deferred, betas=betas)
    for step in range(250):
        rate = adam.param_groups[0]["lr"] = 0.01 * (1 - step / 250)
        rows = torch.randperm(N_ROWS, generator=generator)[: step % 4].sort().values
        rows = rows[(rows < 20) | (step < 50)]  # from some step on, ten rows are never read again
        read = torch.cat([rows, torch.tensor([25])]).unique() if step % 7 == 0 else rows  # read without a gradient
        rows_adam.bring_up_to_date(read)
        torch.testing.assert_close(deferred[read], dense[read], rtol=tolerance, atol=tolerance)
        gradient = sparse(rows, 1e-3 * torch.randn(len(rows), N_COLUMNS, generator=generator, dtype=dtype))
        dense.grad = gradient.to_dense()
        adam.step()
        rows_adam.update(gradient, rate)
    rows_adam.bring_up_to_date()
    torch.testing.assert_close(deferred, dense, rtol=tolerance, atol=tolerance)
    assert (dense - start).abs().min(dim=1).values.max() > 0.01


def test_a_dense_gradient_updates_all_rows_and_is_remembered():
    start = torch.randn(N_ROWS, N_COLUMNS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    dense, deferred = (torch.nn.Parameter(start.clone()) for _ in range(2))
    adam, rows_adam = torch.optim.Adam([dense], lr=0.01), RowAdam(deferred, betas=(0.9, 0.999))
    for _ in range(3):
        dense.grad = dense.detach().clone()
        rows_adam.update(deferred.detach().clone(), 0.01)
        adam.step()
    torch.testing.assert_close(deferred, dense)
    assert rows_adam.reads_all
    again = RowAdam(deferred, betas=(0.9, 0.999))
    again.load_state(rows_adam.state())
    assert again.reads_all


@pytest.mark.parametrize(("betas", "possible"), [((0.9, 0.999), True), ((0.9, 0.8), False), ((0.99, 0.98), False)])
def test_rows_must_come_to_rest(betas, possible):
    assert RowAdam.is_possible(betas) == possible


# ---------------------------------------------------------------- in a step


V, K = 40, 3
COUNTS = sp.csr_matrix(np.random.default_rng(0).poisson(0.15, size=(90, V)).astype(np.int32))


def step(many_words, *, contrast=None, balance=None, losses=None, rates=None, **settings):
    torch.manual_seed(0)
    network = TopicNetwork(
        BagEncoder(V, K, hidden=6), ProductDecoder(np.random.default_rng(1).normal(size=(K, V))), n_topics=K, alpha=1.0
    )
    contrasts = {}
    if contrast is not None:
        contrast.prepare(Documents(COUNTS), network, batch_size=10)
        contrasts["contrast"] = contrast
    return Step(
        network,
        losses or {"elbo": ELBO()},
        Training(**{"learning_rate": 0.02, **settings}),
        rates=rates(network) if rates else (),
        contrasts=contrasts,
        balance=balance,
        seed=3,
        device=torch.device("cpu"),
        many_words=many_words,
    )


def sampler():
    return BatchSampler(COUNTS, np.arange(90), batch_size=10, seed=2)


def weights_after(n_epochs=3, checkpoint=None, batches=None, **options):
    trainer = Trainer(step(**options), epochs=n_epochs, patience=9, checkpoint=checkpoint)
    trainer.run(batches or sampler())
    return trainer.step, {name: value.clone() for name, value in trainer.step.network.state_dict().items()}


def assert_same_fit(ours, expected):
    for name, value in expected.items():
        # Batch normalisation takes these away, so their gradient is only rounding errors, which Adam makes large.
        if name not in ("encoder.loc.bias", "encoder.log_variance.bias") and not name.endswith("_norm.running_mean"):
            torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=5e-4, msg=lambda m, n=name: f"{n}: {m}")


SETS = {"set_size": 2, "shuffles": 1}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="bound"),
        pytest.param({"contrast": lambda: SetContrast(**SETS)}, id="pareto"),
        pytest.param({"contrast": lambda: SetContrast(view="substitution", **SETS)}, id="words of no document"),
        pytest.param({"contrast": lambda: SetContrast(**SETS), "balance": lambda: Balance("sum")}, id="sum"),
        pytest.param({"contrast": lambda: SetContrast(**SETS), "balance": lambda: Balance("mgda")}, id="at parameters"),
        pytest.param({"clip": 0.05}, id="clipped"),
        pytest.param({"rates": lambda network: [(network.encoder.embedding.weight, 0.3)]}, id="another rate"),
    ],
)
def test_a_fit_is_the_same_with_deferred_updates(options):
    def weights(many_words):
        made = {k: v() if k in ("contrast", "balance") else v for k, v in options.items()}
        return weights_after(many_words=many_words, **made)

    (deferred, ours), (plain, expected) = weights(V), weights(V + 1)
    assert deferred._rows is not None
    assert plain._rows is None
    assert_same_fit(ours, expected)
    assert not deferred._embedding.sparse


class Interrupted(Exception):
    pass


def test_a_resumed_fit_ends_with_the_same_bits(tmp_path):
    class Interrupting(BatchSampler):
        left = 13

        def batch(self, epoch, step):
            self.left -= 1
            if not self.left:
                raise Interrupted
            return super().batch(epoch, step)

    def saved():
        return Checkpoint(tmp_path / "state.safetensors", {"name": "a"}, seconds=0.0)

    _, whole = weights_after(many_words=V)
    with pytest.raises(Interrupted):
        weights_after(
            many_words=V, checkpoint=saved(), batches=Interrupting(COUNTS, np.arange(90), batch_size=10, seed=2)
        )
    _, resumed = weights_after(many_words=V, checkpoint=saved())
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_a_checkpoint_without_deferred_updates_does_not_resume_a_fit_with_them(tmp_path):
    path = tmp_path / "state.safetensors"
    weights_after(1, many_words=V + 1, checkpoint=Checkpoint(path, {}, seconds=0.0))
    with pytest.raises(InputError, match="not a complete checkpoint"):
        weights_after(2, many_words=V, checkpoint=Checkpoint(path, {}, seconds=0.0))


def test_word_vectors_are_current_after_each_epoch():
    seen = []

    def weights(many_words):
        trainer = Trainer(step(many_words), epochs=2, patience=9)
        trainer.callbacks = [lambda _: seen.append(trainer.step.network.encoder.embedding.weight.detach().clone())]
        trainer.run(sampler())

    weights(V)
    weights(V + 1)
    torch.testing.assert_close(seen[0], seen[2], rtol=1e-3, atol=2e-4)
    assert not torch.equal(seen[0], seen[1])


class Ridge(WithoutPreparation):
    """A penalty that reads all word vectors in every other step, with a gradient."""

    def __init__(self):
        self.calls = 0

    def __call__(self, batch, posterior, network, progress=1.0):
        self.calls += 1
        weight = network.encoder.embedding.weight
        return Loss(weight.square().sum() if self.calls % 2 else posterior.loc.sum() * 0)


def test_a_loss_that_reads_all_word_vectors_reads_current_ones():
    def weights(many_words):
        trained = step(many_words, losses={"elbo": ELBO(), "ridge": Ridge()})
        records = [trained(sampler().batch(0, number % 9), number, 0.2) for number in range(20)]
        trained.settle()
        return [record["ridge"] for record in records], dict(trained.network.state_dict())

    (ours, weights_of_ours), (expected, weights_expected) = weights(V), weights(V + 1)
    assert ours == pytest.approx(expected, rel=1e-5)
    assert_same_fit(weights_of_ours, weights_expected)


def test_a_state_that_contradicts_itself_is_refused():
    rows_adam = RowAdam(torch.nn.Parameter(torch.zeros(N_ROWS, N_COLUMNS)), betas=(0.9, 0.999))
    for name, value in (("moved", 7), ("moved", -1), ("touched", 3)):
        state = {key: tensor.clone() for key, tensor in rows_adam.state().items()}
        state[name][2] = value
        with pytest.raises(ValueError, match="contradict"):
            RowAdam(rows_adam.parameter, betas=(0.9, 0.999)).load_state(state)


def test_an_objective_that_reads_the_encoder_or_does_not_say_so_gets_current_weights():
    class Silent:
        def __call__(self, batch, posterior, network, progress=1.0):
            return Loss(posterior.loc.square().mean())

    assert step(V, losses={"elbo": ELBO(), "mine": Silent()})._rows is None

    class CopiesEncoder(InfoNCE):
        reads_encoder = True

    assert step(V, contrast=CopiesEncoder())._rows is None
    assert step(V)._rows is not None


def test_a_skipped_step_changes_no_word_vector():
    trained = step(V, max_skips=5)
    trained(sampler().batch(0, 0), 0, 0.5)
    with torch.no_grad():
        trained.network.decoder.beta[0, 0] = torch.nan
    trained.settle()
    before = trained.network.encoder.embedding.weight.detach().clone()
    assert trained(sampler().batch(0, 1), 1, 0.5) is None
    trained.settle()
    assert torch.equal(trained.network.encoder.embedding.weight, before)
    assert not trained._embedding._forward_pre_hooks


# ---------------------------------------------------------------- clipping


def parameters(scale):
    generator = torch.Generator().manual_seed(0)
    result = [torch.nn.Parameter(torch.zeros(4, 3)) for _ in range(3)]
    rows = torch.tensor([1, 3, 1])
    values = scale * torch.randn(3, 3, generator=generator)
    result[0].grad = torch.sparse_coo_tensor(rows[None], values, (4, 3), check_invariants=True)  # row 1 twice
    result[1].grad = scale * torch.randn(4, 3, generator=generator)
    return result


@pytest.mark.parametrize("scale", [0.01, 10.0, float("nan")])
def test_clipping_equals_that_of_torch_for_dense_gradients(scale):
    ours, expected = parameters(scale), parameters(scale)
    expected[0].grad = expected[0].grad.to_dense()
    length = clip_gradient(ours, 2.0)
    assert length == pytest.approx(float(torch.nn.utils.clip_grad_norm_(expected, 2.0)), nan_ok=True)
    if length == length:
        torch.testing.assert_close(ours[0].grad.to_dense(), expected[0].grad)
        torch.testing.assert_close(ours[1].grad, expected[1].grad)
    assert clip_gradient([torch.nn.Parameter(torch.zeros(2))], 1.0) == 0.0


def test_documents_encoded_outside_of_a_step_need_no_optimizer():
    batch = Batch.from_counts(COUNTS, np.arange(5))
    network = step(V).network
    network.encode(batch).loc.sum().backward()
    assert not network.encoder.embedding.weight.grad.is_sparse
