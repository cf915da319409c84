import numpy as np
import pytest
import scipy.sparse as sp
import torch

from topicml.errors import InputError
from topicml.nn import BagEncoder, ProductDecoder, TopicNetwork
from topicml.objectives import ELBO
from topicml.training import BatchSampler, Schedule, Trainer, choose_device, deterministic

COUNTS = sp.csr_matrix(
    np.random.default_rng(0).poisson(0.5, size=(60, 12)).astype(np.int32) + np.eye(60, 12, dtype=int)
)
ROWS = np.arange(60)


def trainer(max_epochs=4, **options):
    torch.manual_seed(0)
    network = TopicNetwork(
        BagEncoder(12, 3, hidden=8),
        ProductDecoder(np.random.default_rng(1).normal(size=(3, 12))),
        n_topics=3,
        alpha=1.0,
    )
    schedule = options.pop("schedule", Schedule(max_epochs, 0.01))
    parameters = [{"params": list(network.parameters())}]
    return Trainer(network, {"elbo": ELBO()}, parameters, schedule, seed=5, device=torch.device("cpu"), **options)


def sampler(rows=ROWS):
    return BatchSampler(COUNTS, rows, batch_size=16, seed=2)


class Interrupted(Exception):
    pass


class Interrupting(BatchSampler):
    """Fails when asked for its batch number `at`."""

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
    options = {"checkpoint": tmp_path / "training.safetensors", "checkpoint_seconds": 0.0, "fingerprint": "a"}
    with pytest.raises(Interrupted):
        trainer(**options).run(Interrupting(at), sampler(ROWS[:10]))
    resumed = trainer(**options)
    continued = resumed.run(sampler(), sampler(ROWS[:10]))
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name
    timings = {"seconds", "documents_per_second"}
    assert [{k: v for k, v in r.items() if k not in timings} for r in history] == [
        {k: v for k, v in r.items() if k not in timings} for r in continued
    ]


def test_training_leaves_the_callers_random_state_alone():
    torch.manual_seed(9)
    before = torch.random.get_rng_state()
    made = trainer()
    torch.random.set_rng_state(before)
    made.run(sampler(), sampler())
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_best_weights_by_held_out_loss_are_restored():
    made = trainer(schedule=Schedule(60, 0.3, patience=3, decay=False))
    history = made.run(sampler(), sampler(ROWS[:10]))
    best = min(record["held_out"] for record in history)
    assert made.evaluate(sampler(ROWS[:10])) == pytest.approx(best, rel=1e-6)
    assert len(history) < 60
    assert all(record["held_out"] >= best for record in history[-3:])


def test_a_callback_stops_training():
    seen = []
    trainer(max_epochs=10, callbacks=[lambda record: seen.append(record) or len(seen) == 2]).run(sampler())
    assert [record["epoch"] for record in seen] == [1, 2]


def test_the_learning_rate_warms_up_and_falls_to_zero():
    schedule = Schedule(10, 0.1)
    factors = [schedule.factor(p) for p in np.linspace(0, 1, 101)]
    assert factors[0] == pytest.approx(0.04)
    assert max(factors) == pytest.approx(1.0)
    assert np.argmax(factors) == 10
    assert factors[-1] == pytest.approx(0.0)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    path = tmp_path / "training.safetensors"
    trainer(checkpoint=path, checkpoint_seconds=0.0, fingerprint="a").run(sampler())
    with pytest.raises(InputError, match="another run"):
        trainer(checkpoint=path, fingerprint="b").run(sampler())


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "training.safetensors"
    trainer(checkpoint=path, checkpoint_seconds=0.0).run(sampler())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="not a whole checkpoint"):
        trainer(checkpoint=path).run(sampler())


def test_bfloat16_trains_to_nearly_the_same_loss():
    exact = trainer().run(sampler(), sampler())[-1]["held_out"]
    mixed = trainer(precision="bfloat16").run(sampler(), sampler())[-1]["held_out"]
    assert mixed == pytest.approx(exact, rel=0.02)


def test_an_unusable_device_is_named():
    with pytest.raises(InputError, match="nonsense"):
        choose_device("nonsense")


class TestDeterministic:
    """On CUDA, without one: only flags are set."""

    cuda = torch.device("cuda", 0)

    def test_the_setting_comes_and_goes_also_with_an_error(self):
        with pytest.raises(ZeroDivisionError), deterministic(self.cuda):
            assert torch.are_deterministic_algorithms_enabled()
            assert torch.is_deterministic_algorithms_warn_only_enabled()
            1 / 0  # noqa: B018
        assert not torch.are_deterministic_algorithms_enabled()

    def test_a_stricter_setting_of_the_callers_stays(self):
        torch.use_deterministic_algorithms(True)
        try:
            with deterministic(self.cuda):
                assert not torch.is_deterministic_algorithms_warn_only_enabled()
            assert torch.are_deterministic_algorithms_enabled()
        finally:
            torch.use_deterministic_algorithms(False)

    def test_the_cpu_needs_nothing(self):
        with deterministic(torch.device("cpu")):
            assert not torch.are_deterministic_algorithms_enabled()


def test_training_seeds_no_device_but_its_own(monkeypatch):
    training = trainer()
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("CUDA was seeded"))
    training.run(sampler(), sampler())
