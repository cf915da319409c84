import math
from contextlib import nullcontext

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from topicml.errors import InputError
from topicml.nn import BagEncoder, ProductDecoder, TopicNetwork
from topicml.objectives import ELBO
from topicml.objectives.contrast import InfoNCE
from topicml.objectives.objective import Loss, WithoutPreparation
from topicml.training import (
    BatchSampler,
    Checkpoint,
    Step,
    Trainer,
    Training,
    choose_device,
    deterministic,
    evaluate,
)
from topicml.training import checkpoint as checkpoints
from topicml.training.checkpoint import TrainingState
from topicml.training.evaluation import estimate_statistics

COUNTS = sp.csr_matrix(
    np.random.default_rng(0).poisson(0.5, size=(60, 12)).astype(np.int32) + np.eye(60, 12, dtype=int)
)
ROWS = np.arange(60)


def step(seed=5, contrasts=None, balance=None, losses=None, rates=None, dropout=0.2, **settings):
    torch.manual_seed(0)
    network = TopicNetwork(
        BagEncoder(12, 3, hidden=8, dropout=dropout),
        ProductDecoder(np.random.default_rng(1).normal(size=(3, 12))),
        n_topics=3,
        alpha=1.0,
    )
    return Step(
        network,
        losses or {"elbo": ELBO()},
        Training(**{"learning_rate": 0.01, **settings}),
        rates=rates(network) if rates else (),
        contrasts=contrasts,
        balance=balance,
        seed=seed,
        device=torch.device("cpu"),
    )


def trainer(max_epochs=4, patience=5, checkpoint=None, callbacks=(), **options):
    return Trainer(step(**options), epochs=max_epochs, patience=patience, callbacks=callbacks, checkpoint=checkpoint)


def checkpoint(path, name="a", seconds=0.0):
    return Checkpoint(path, {"name": name}, seconds=seconds)


def sampler(rows=ROWS):
    return BatchSampler(COUNTS, rows, batch_size=16, seed=2)


class Interrupted(Exception):
    pass


class Interrupting(BatchSampler):
    """Raises `Interrupted` at its batch number `at`."""

    def __init__(self, at):
        super().__init__(COUNTS, ROWS, batch_size=16, seed=2)
        self.left = at

    def batch(self, epoch, step):
        self.left -= 1
        if self.left < 0:
            raise Interrupted
        return super().batch(epoch, step)


@pytest.mark.parametrize("at", [1, 3, 4, 5, 9, 13])
def test_a_run_interrupted_at_any_step_resumes_to_the_same_bits(tmp_path, at):
    whole = trainer()
    history = whole.run(sampler(), sampler(ROWS[:10]))
    path = tmp_path / "training.safetensors"
    with pytest.raises(Interrupted):
        trainer(checkpoint=checkpoint(path)).run(Interrupting(at), sampler(ROWS[:10]))
    resumed = trainer(checkpoint=checkpoint(path))
    continued = resumed.run(sampler(), sampler(ROWS[:10]))
    for name, value in whole.step.network.state_dict().items():
        assert torch.equal(value, resumed.step.network.state_dict()[name]), name
    timings = {"seconds", "documents_per_second"}
    assert [{k: v for k, v in r.items() if k not in timings} for r in history] == [
        {k: v for k, v in r.items() if k not in timings} for r in continued
    ]


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_run_in_short_epochs_resumes_to_the_same_bits(tmp_path, at):
    in_epochs = Training(batch_size=16, epoch_size=32).in_epochs
    whole = trainer()
    whole.run(in_epochs(sampler()))
    assert whole.state.step == 8
    path = tmp_path / "training.safetensors"
    with pytest.raises(Interrupted):
        trainer(checkpoint=checkpoint(path)).run(in_epochs(Interrupting(at)))
    resumed = trainer(checkpoint=checkpoint(path))
    resumed.run(in_epochs(sampler()))
    for name, value in whole.step.network.state_dict().items():
        assert torch.equal(value, resumed.step.network.state_dict()[name]), name


def test_training_does_not_change_the_random_state_of_the_caller():
    torch.manual_seed(9)
    before = torch.random.get_rng_state()
    trained = trainer()
    torch.random.set_rng_state(before)
    trained.run(sampler(), sampler())
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_best_weights_by_held_out_loss_are_restored():
    trained = trainer(60, patience=3, learning_rate=0.3, decay=False)
    history = trained.run(sampler(), sampler(ROWS[:10]))
    best = min(record["held_out"] for record in history[5:])  # those of the warm-up do not count
    bound = evaluate(trained.step.network, ELBO(), sampler(ROWS[:10]), seed=5, device=trained.step.device)
    assert bound == pytest.approx(best, rel=1e-6)
    assert len(history) < 60
    assert all(record["held_out"] >= best for record in history[-3:])


def test_a_callback_stops_training():
    seen = []
    trainer(max_epochs=10, callbacks=[lambda record: seen.append(record) or len(seen) == 2]).run(sampler())
    assert [record["epoch"] for record in seen] == [1, 2]


def test_the_learning_rate_rises_and_then_falls_to_zero():
    training = Training(learning_rate=0.1, warmup=0.2, first_rate=0.5)
    rates = [training.rate(p) for p in np.linspace(0, 1, 101)]
    assert rates[0] == pytest.approx(0.05)
    assert rates[10] == pytest.approx(0.075)
    assert max(rates) == pytest.approx(0.1)
    assert np.argmax(rates) == 20
    assert rates[60] == pytest.approx(0.05)  # halfway through the cosine
    assert rates[-1] == pytest.approx(0.0)
    assert {Training(learning_rate=0.1, decay=False).rate(p) for p in (0.0, 0.5, 1.0)} == {0.1}


def test_a_checkpoint_of_another_fit_is_refused(tmp_path):
    path = tmp_path / "training.safetensors"
    trainer(checkpoint=checkpoint(path)).run(sampler())
    with pytest.raises(InputError, match=r"another fit\. What differs: name\."):
        trainer(checkpoint=checkpoint(path, "b")).run(sampler())


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "training.safetensors"
    trainer(checkpoint=checkpoint(path)).run(sampler())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="not a complete checkpoint"):
        trainer(checkpoint=checkpoint(path)).run(sampler())


def test_bfloat16_trains_to_nearly_the_same_loss():
    exact = trainer().run(sampler(), sampler())[-1]["held_out"]
    mixed = trainer(precision="bfloat16").run(sampler(), sampler())[-1]["held_out"]
    assert mixed == pytest.approx(exact, rel=0.02)


def test_an_unknown_device_is_refused():
    with pytest.raises(InputError, match="nonsense"):
        choose_device("nonsense")


class TestDeterministic:
    """Only flags are set, so these tests need no CUDA device."""

    cuda = torch.device("cuda", 0)

    def test_the_setting_is_restored_after_an_error(self):
        with pytest.raises(ZeroDivisionError), deterministic(self.cuda):
            assert torch.are_deterministic_algorithms_enabled()
            assert torch.is_deterministic_algorithms_warn_only_enabled()
            1 / 0  # noqa: B018
        assert not torch.are_deterministic_algorithms_enabled()

    def test_a_stricter_setting_of_the_caller_does_not_change(self):
        torch.use_deterministic_algorithms(True)
        try:
            with deterministic(self.cuda):
                assert not torch.is_deterministic_algorithms_warn_only_enabled()
            assert torch.are_deterministic_algorithms_enabled()
        finally:
            torch.use_deterministic_algorithms(False)

    def test_the_cpu_needs_no_setting(self):
        with deterministic(torch.device("cpu")):
            assert not torch.are_deterministic_algorithms_enabled()


def test_training_on_the_cpu_does_not_seed_cuda(monkeypatch):
    training = trainer()
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("CUDA was seeded"))
    training.run(sampler(), sampler())


def weights(trained):
    return torch.cat([parameter.detach().ravel() for parameter in trained.step.network.parameters()])


class TestWiring:
    """Each option reaches the optimiser: these tests fail when a line of `Step` or `Trainer` is removed."""

    def test_all_losses_are_trained_with_and_without_a_contrast(self):
        def decoder_change(losses, contrast):
            trained = trainer(1, losses=losses, contrasts={"contrast": InfoNCE()} if contrast else None)
            before = trained.step.network.decoder.beta.detach().clone()
            trained.run(sampler())
            return trained.step.network.decoder.beta.detach() - before

        class Shrink(WithoutPreparation):
            def __call__(self, batch, posterior, network, progress=1.0):
                return Loss(1000 * network.decoder.beta.square().sum())

        for contrast in (False, True):
            alone = decoder_change({"elbo": ELBO()}, contrast)
            both = decoder_change({"elbo": ELBO(), "shrink": Shrink()}, contrast)
            assert not torch.allclose(alone, both)
            beta = torch.tensor(np.random.default_rng(1).normal(size=(3, 12)), dtype=torch.float32)
            assert float((both * beta).sum()) < float((alone * beta).sum()) - 0.1  # towards zero

    def test_the_rate_of_a_parameter_scales_its_steps(self):
        def change(scale):
            trained = trainer(1, decay=False, rates=lambda network: [(network.decoder.beta, scale)])
            before = trained.step.network.decoder.beta.detach().clone()
            trained.step(sampler().batch(0, 0), 0, 0.5)
            return (trained.step.network.decoder.beta.detach() - before).abs()

        full, tenth = change(1.0), change(0.1)
        torch.testing.assert_close(tenth, full / 10, rtol=1e-3, atol=1e-6)
        assert float(change(0.0).max()) == 0

    def test_long_gradients_are_clipped(self):
        def squared_moments(clip):
            trained = step(clip=clip)
            trained(sampler().batch(0, 0), 0, 0.5)
            return sum(float(value.sum()) for name, value in trained.moments().items() if name.endswith("exp_avg_sq"))

        norm = (squared_moments(1e9) / 0.001) ** 0.5  # Adam's first second moment is 0.001 of the squared gradient
        assert norm > 0.5
        assert squared_moments(norm / 4) == pytest.approx(squared_moments(1e9) / 16, rel=1e-3)

    def test_progress_and_seed_reach_the_losses(self):
        seen = []

        class Recording(WithoutPreparation):
            def __call__(self, batch, posterior, network, progress=1.0):
                if network.training:
                    seen.append(progress)
                return Loss(posterior.rsample().sum())

        trainer(2, losses={"elbo": Recording()}).run(sampler())
        assert seen == pytest.approx([i / 8 for i in range(8)])
        assert not torch.equal(weights_after(seed=5), weights_after(seed=6))
        assert torch.equal(weights_after(seed=5), weights_after(seed=5))

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_a_posterior_that_is_not_finite_is_a_skipped_step_not_an_error_of_pyro(self, value):
        trained = step(max_skips=3)
        with torch.no_grad():
            trained.network.encoder.loc_norm.bias.fill_(value)
        for number in range(2):
            assert trained(sampler().batch(0, 0), number, 0.5) is None
        with pytest.raises(InputError, match="smaller learning_rate"):
            trained(sampler().batch(0, 0), 2, 0.5)
        with pytest.raises(InputError, match="smaller learning_rate"):
            evaluate(trained.network, ELBO(), sampler(), seed=0, device=torch.device("cpu"))

    def test_training_fails_after_max_skips_skipped_steps(self):
        class Broken(WithoutPreparation):
            def __call__(self, batch, posterior, network, progress=1.0):
                return Loss(posterior.loc.sum() * torch.nan)

        trained = step(losses={"elbo": Broken()}, max_skips=3)
        before = [parameter.detach().clone() for parameter in trained.network.parameters()]
        batch = sampler().batch(0, 0)
        assert trained(batch, 0, 0.0) is None and trained(batch, 1, 0.0) is None
        assert all(torch.equal(a, b) for a, b in zip(before, trained.network.parameters(), strict=True))
        with pytest.raises(InputError, match="not finite in 3 consecutive steps"):
            trained(batch, 2, 0.0)


def weights_after(seed):
    trained = trainer(1, seed=seed)
    trained.run(sampler())
    return weights(trained)


class Falling(ELBO):
    """A bound that is best for the untrained network and gets worse by 1 with each evaluation."""

    def __init__(self):
        super().__init__()
        self.evaluations = 0

    def __call__(self, batch, posterior, network, progress=1.0):
        loss = super().__call__(batch, posterior, network, progress)
        if network.training or network.encoder.loc_norm.training:
            return loss
        self.evaluations += 1
        return Loss(loss.value * 0 + self.evaluations)


class TestEarlyStopping:
    @pytest.mark.parametrize(("warmup", "epochs"), [(0.5, 13), (0.1, 5), (0.0, 4)])
    def test_no_epoch_of_the_warm_up_is_the_best_or_ends_training(self, warmup, epochs):
        made = trainer(20, patience=3, losses={"elbo": Falling()}, warmup=warmup)
        history = made.run(sampler(), sampler(ROWS[:10]))
        assert len(history) == epochs  # the last epoch of the warm-up is the best, and three follow
        assert made.state.best_bound == history[epochs - 4]["held_out"]

    def test_the_statistics_in_evaluation_are_those_of_the_current_weights(self):
        """The running averages of training lag behind when the encoder learns fast."""
        made = trainer(3, learning_rate=0.05, decay=False, dropout=0.0)
        made.run(sampler(), sampler(ROWS[:10]))
        network, documents = made.step.network, sampler(ROWS)
        network.eval()
        inputs = []
        hook = network.encoder.loc_norm.register_forward_pre_hook(lambda module, given: inputs.append(given[0]))
        with torch.no_grad():
            for number in range(len(documents)):
                network.encode(documents.batch(0, number))
        hook.remove()
        seen = torch.cat(inputs)
        torch.testing.assert_close(network.encoder.loc_norm.running_mean, seen.mean(dim=0), rtol=0.05, atol=0.02)
        torch.testing.assert_close(network.encoder.loc_norm.running_var, seen.var(dim=0), rtol=0.25, atol=0.02)

    def test_estimating_statistics_leaves_weights_momenta_and_modes(self):
        made = step()
        network = made.network
        before = {name: value.clone() for name, value in network.named_parameters()}
        estimate_statistics(network, ELBO(), sampler(), seed=0, device=made.device)
        assert all(torch.equal(before[name], value) for name, value in network.named_parameters())
        assert all(not module.training for module in network.modules())
        assert {m.momentum for m in network.modules() if isinstance(m, torch.nn.BatchNorm1d)} == {0.1}
        first = {name: value.clone() for name, value in network.named_buffers()}
        estimate_statistics(network, ELBO(), sampler(), seed=0, device=made.device)
        assert all(torch.equal(first[name], value) for name, value in network.named_buffers())


class TestTraining:
    def test_small_corpora_get_enough_epochs_for_the_minimum_of_steps(self):
        training = Training(batch_size=10, min_steps=60, min_epochs=4)
        assert training.epochs(10) == 60
        assert training.epochs(11) == training.epochs(20) == 30
        assert training.epochs(1000) == 4
        assert Training(max_epochs=7, min_steps=60, min_epochs=10).epochs(60) == 7

    def test_an_epoch_of_a_large_corpus_is_a_part_of_it(self):
        training = Training(batch_size=16, epoch_size=40)
        short = training.in_epochs(sampler())
        assert (len(short), len(sampler())) == (2, 4)
        assert short.batch(1, 0).rows.tolist() == sampler().batch(0, 2).rows.tolist()
        assert Training(batch_size=16, epoch_size=len(ROWS)).in_epochs(whole := sampler()) is whole
        assert len(Training(batch_size=60, epoch_size=10).in_epochs(sampler())) == 1
        assert Training().epoch_size == 50_000

    def test_patience_is_a_third_of_the_epochs(self):
        assert [Training().patience_of(epochs) for epochs in (1, 15, 16)] == [1, 5, 6]
        assert Training(patience=2).patience_of(15) == 2

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ({"batch_size": 1}, "batch_size must be at least 2; received 1"),
            ({"epoch_size": 1}, "epoch_size must be at least 2; received 1"),
            ({"max_epochs": 0}, "max_epochs must be None or at least 1; received 0"),
            ({"patience": 1.5}, "patience must be None or a whole number; received 1.5"),
            ({"learning_rate": 0.0}, "learning_rate must be more than 0 and less than 1; received 0.0"),
            ({"learning_rate": 1.0}, "learning_rate must be more than 0 and less than 1; received 1.0"),
            ({"clip": -1.0}, "clip must be positive; received -1.0"),
            ({"validation_fraction": 1.0}, r"validation_fraction must be in \[0, 1\); received 1.0"),
            ({"warmup": 1.0}, r"warmup must be in \[0, 1\); received 1.0"),
            ({"first_rate": 2.0}, r"first_rate must be in \[0, 1\]; received 2.0"),
            ({"max_held_out": -1}, "max_held_out must be at least 0; received -1"),
            ({"precision": "half"}, "precision='half' is unknown"),
            ({"decay": "no"}, "decay must be True or False; received 'no'"),
            ({"betas": 0.9}, r"betas must be two numbers in \[0, 1\); received 0.9"),
            ({"betas": (0.9, 1.0)}, r"betas must be two numbers in \[0, 1\); received \(0.9, 1.0\)"),
        ],
    )
    def test_settings_out_of_range_are_refused(self, setting, message):
        with pytest.raises(InputError, match=message):
            Training(**setting)

    def test_an_unknown_setting_is_refused_with_similar_names(self):
        with pytest.raises(TypeError, match=r"Training has no argument 'max_epoch'\. Did you mean max_epochs"):
            Training(max_epoch=3)


@pytest.mark.parametrize(
    ("seconds", "duration", "due_after"),
    [(10.0, 0.1, 10.0), (10.0, 0.5, 25.0), (0.0, 0.5, 0.0)],  # a fiftieth of the time at most; 0: each time
)
def test_checkpoints_that_take_long_are_written_less_often(tmp_path, monkeypatch, seconds, duration, due_after):
    now = [100.0]

    def save(*_, **__):
        now[0] += duration

    monkeypatch.setattr(checkpoints.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(checkpoints, "save_file", save)
    written = []
    monkeypatch.setattr(checkpoints, "atomic_file", lambda path: nullcontext(written.append(path)))
    checkpoint = Checkpoint(tmp_path / "state", {}, seconds=seconds)
    now[0] += seconds
    checkpoint.write_when_due(TrainingState)
    assert len(written) == 1
    now[0] += max(0.0, due_after - 0.01)
    checkpoint.write_when_due(TrainingState)
    assert len(written) == (1 if due_after else 2)
    now[0] += 0.02
    checkpoint.write_when_due(TrainingState)
    assert len(written) == (2 if due_after else 3)
