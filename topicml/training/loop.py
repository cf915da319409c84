"""The training loop: it knows batches, objectives and weights, and nothing of the model it trains."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast import Contrast
from topicml.objectives.objective import Objective, as_loss
from topicml.pareto import Balance
from topicml.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint
from topicml.training.device import autocast, repeatable, seed_generators
from topicml.training.progress import SILENT, Progress, progress_bar
from topicml.training.sampler import BatchSampler

MAX_SKIPS = 10  # consecutive steps without a finite gradient

Callback = Callable[[dict], bool | None]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Parameters
    ----------
    max_epochs : int
        Epochs at most.
    learning_rate : float
        Peak learning rate of Adam: reached after a tenth of the steps, then down a cosine to zero
        (Smith & Topin 2018); or held throughout when `decay` is false.
    betas : (float, float)
        Adam's.
    clip : float
        Largest norm of the gradient.
    patience : int
        Epochs without a better held-out loss after which training stops.
    decay : bool
        See `learning_rate`.
    """

    max_epochs: int
    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 100.0
    patience: int = 5
    decay: bool = True

    def factor(self, progress: float) -> float:
        """Share of the peak learning rate at `progress` in [0, 1]."""
        if not self.decay:
            return 1.0
        if progress < 0.1:
            return 0.04 + 0.96 * progress / 0.1
        return 0.5 * (1 + math.cos(math.pi * (progress - 0.1) / 0.9))


class Trainer:
    """Minimise the sum of objectives, and contrasts balanced against it, over the batches of a sampler.

    Every step draws its random numbers from a seed of its own, so a run is repeatable to the bit on the same machine
    and number of threads, and a checkpoint at any step continues it to the same end.

    Parameters
    ----------
    network : TopicNetwork
        Trained in place.
    objectives : mapping of str to Objective
        Named losses; the first is the bound, by which held-out documents are scored.
    parameters : list of dict
        Adam's parameter groups; ``scale`` multiplies the learning rate of a group.
    schedule : Schedule
        How long and how fast.
    seed : int
        Seed of all noise.
    device : torch.device
        Where to train.
    precision : str
        See `topicml.training.device.autocast`.
    callbacks : sequence of functions
        Called with each epoch's record; a true result stops training.
    contrasts : mapping of str to Contrast
        Further objectives, with parameters and memory of their own. `balance` weighs their gradients against that of
        the sum of `objectives`.
    balance : Balance, optional
        Needed where there are contrasts.
    checkpoint : Path, optional
        File for the training state; where it exists, training continues from it.
    checkpoint_seconds : float
        Time between checkpoints, at least.
    fingerprint : str
        Names configuration and data, so that a checkpoint of another run is refused.
    """

    def __init__(
        self,
        network: TopicNetwork,
        objectives: Mapping[str, Objective],
        parameters: Sequence[dict],
        schedule: Schedule,
        *,
        seed: int,
        device: torch.device,
        precision: str = "auto",
        callbacks: Sequence[Callback] = (),
        contrasts: Mapping[str, Contrast] | None = None,
        balance: Balance | None = None,
        checkpoint: Path | None = None,
        checkpoint_seconds: float = 10.0,
        fingerprint: str = "",
    ) -> None:
        self.network = network.to(device)
        self.objectives = dict(objectives)
        self.contrasts = dict(contrasts or {})
        self._learning_too = torch.nn.ModuleDict(self.contrasts).to(device)
        self.balance = balance or Balance()
        self.schedule = schedule
        self.seed = seed
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.checkpoint_seconds = checkpoint_seconds
        self.fingerprint = fingerprint
        own = [p for p in self._learning_too.parameters() if p.requires_grad]
        parameters = [*parameters, {"params": own}] if own else parameters
        fused = device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.Adam(parameters, lr=schedule.learning_rate, betas=schedule.betas, fused=fused)
        self.state = TrainingState()
        self._saved = time.perf_counter()
        self._skips = 0

    def run(
        self, sampler: BatchSampler, held_out: BatchSampler | None = None, *, verbose: bool | int | None = False
    ) -> list[dict]:
        """Train to the end of the schedule; return the history, a record an epoch."""
        if self.checkpoint is not None:
            self._resume()
        steps = len(sampler)
        with (
            repeatable(self.device),
            progress_bar(len(sampler.rows), self.schedule.max_epochs, verbose=verbose) as progress,
        ):
            first = self.state.step // steps
            for epoch in range(first, self.schedule.max_epochs):
                if self._finished():
                    break
                self._epoch(epoch, sampler, held_out, progress, done=self.state.step % steps)
        if self.state.best:
            self.network.load_state_dict(self.state.best)
        self.network.eval()
        return self.state.history

    def run_epoch(self, sampler: BatchSampler) -> None:
        """One more epoch, whatever the schedule's length."""
        with repeatable(self.device):
            self._epoch(len(self.state.history), sampler, None, SILENT, done=0)
        self.network.eval()

    def _epoch(
        self, epoch: int, sampler: BatchSampler, held_out: BatchSampler | None, progress: Progress, *, done: int
    ) -> None:
        state, steps = self.state, len(sampler)
        started = time.perf_counter()
        documents = 0
        self.network.train()
        for step in range(done, steps):
            batch = sampler.batch(epoch, step).to(self.device)
            losses = self._step(batch, min(1.0, state.step / (steps * self.schedule.max_epochs)))
            documents += len(batch)
            state.step += 1
            if losses.pop("skipped", 0):
                state.skipped += 1
            else:
                state.averaged += len(batch)
            for name, value in losses.items():
                state.sums[name] = state.sums.get(name, 0.0) + value * len(batch)
            progress.step(epoch, len(batch), losses.get("loss", math.nan))
            if step + 1 < steps:  # after the last step only with the epoch's evaluation and record
                self._save_when_due()
        seconds = time.perf_counter() - started
        averaged = max(state.averaged, 1)
        record = {"epoch": epoch + 1, **{name: total / averaged for name, total in state.sums.items()}}
        if state.skipped:
            record["skipped"] = state.skipped
        state.sums, state.averaged, state.skipped = {}, 0, 0
        if held_out is not None:
            record["held_out"] = self.evaluate(held_out)
            self._keep_best(record["held_out"])
        record["learning_rate"] = self.optimizer.param_groups[0]["lr"]
        record["seconds"] = seconds
        record["documents_per_second"] = documents / seconds
        state.history.append(record)
        asked_to_stop = [callback(record) for callback in self.callbacks]
        if any(asked_to_stop):
            state.stale = self.schedule.patience
        self._save_when_due()

    def _step(self, batch: Batch, progress: float) -> dict[str, float]:
        self._seed(self.state.step)
        statistics = [buffer.clone() for buffer in self.network.buffers()]
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule.learning_rate * self.schedule.factor(progress) * group.get("scale", 1.0)
        values: dict[str, float] = {}
        losses = []
        contrasts = {}
        with autocast(self.device, self.precision), self._encoded() as representation:
            posterior = self.network.encode(batch)
            for name, objective in self.objectives.items():
                losses.append(self._evaluate(objective, name, batch, posterior, progress, values))
            for name, contrast in self.contrasts.items():
                contrasts[name] = self._evaluate(contrast, name, batch, posterior, progress, values)
        total = torch.stack(losses).sum()
        self.optimizer.zero_grad(set_to_none=True)
        if contrasts:
            values |= self.balance.backward({"model": total, **contrasts}, self._trained(), representation)
            if values["skipped"]:
                return self._leave_out(statistics)
        else:
            total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._trained(), self.schedule.clip)
        if not math.isfinite(norm):
            self._count_skip(float(total.detach()))
            return self._leave_out(statistics)
        self._skips = 0
        self.optimizer.step()
        return {"loss": float(total.detach()), **values}

    def _evaluate(
        self,
        objective: Objective,
        name: str,
        batch: Batch,
        posterior: Posterior,
        progress: float,
        values: dict[str, float],
    ) -> Tensor:
        """An objective's loss; its value and parts go into `values`."""
        loss = as_loss(objective(batch, posterior, self.network, progress), name)
        values |= {name: float(loss.value.detach()), **loss.parts}
        return loss.value

    @contextmanager
    def _encoded(self) -> Iterator[list[Tensor]]:
        """The tensors that the encoder gives meanwhile, of documents and of views."""
        given: list[Tensor] = []
        hook = self.network.encoder.register_forward_hook(lambda *call: given.extend((call[-1].loc, call[-1].scale)))
        try:
            yield given
        finally:
            hook.remove()

    def _trained(self) -> list[Tensor]:
        return [p for group in self.optimizer.param_groups for p in group["params"]]

    def _leave_out(self, statistics: list[Tensor]) -> dict[str, float]:
        """Undo what a step that is not finite did to the running statistics of batch normalisation."""
        for buffer, before in zip(self.network.buffers(), statistics, strict=True):
            buffer.copy_(before)
        return {"skipped": 1.0}

    def _count_skip(self, loss: float) -> None:
        """Give up after many steps in a row without a finite gradient."""
        self._skips += 1
        if self._skips >= MAX_SKIPS:
            raise InputError(
                f"Training does not go on: the gradient was not finite in {self._skips} consecutive steps (the loss "
                f"was {loss}). Check that counts and views hold no negative or missing values; try a smaller "
                "learning_rate, or precision='float32'."
            )

    @torch.no_grad()
    def evaluate(self, sampler: BatchSampler) -> float:
        """The bound of the sampler's documents, nats a document, with the same noise at every call."""
        name, bound = next(iter(self.objectives.items()))
        self.network.eval()
        self._seed(-1)
        total = 0.0
        for step in range(len(sampler)):
            batch = sampler.batch(0, step).to(self.device)
            loss = as_loss(bound(batch, self.network.encode(batch), self.network, 1.0), name)
            total += float(loss.value) * len(batch)
        return total / len(sampler.rows)

    def _seed(self, step: int) -> None:
        seed = np.random.SeedSequence([self.seed, step + 1]).generate_state(1, np.uint64)[0]
        seed_generators(self.device, int(seed))

    def _keep_best(self, loss: float) -> None:
        if loss < self.state.best_loss:
            self.state.best_loss = loss
            self.state.best = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
            self.state.stale = 0
        else:
            self.state.stale += 1

    def _finished(self) -> bool:
        return self.state.stale >= self.schedule.patience

    def _save_when_due(self) -> None:
        if self.checkpoint is None or time.perf_counter() - self._saved < self.checkpoint_seconds:
            return
        moments = self.optimizer.state_dict()["state"]
        self.state.network = dict(self.network.state_dict())
        self.state.contrasts = dict(self._learning_too.state_dict())
        self.state.balance = self.balance.state_dict()
        self.state.optimizer = {f"{i}.{name}": value for i, each in moments.items() for name, value in each.items()}
        write_checkpoint(self.checkpoint, self.state, self.fingerprint)
        self._saved = time.perf_counter()

    def _resume(self) -> None:
        assert self.checkpoint is not None
        state = read_checkpoint(self.checkpoint, self.fingerprint)
        if state is None:
            return
        self.network.load_state_dict(state.network)
        self._learning_too.load_state_dict(state.contrasts)
        self.balance.load_state_dict(state.balance)
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in state.optimizer.items():
            index, name = key.split(".", 1)
            moments.setdefault(int(index), {})[name] = value
        self.optimizer.load_state_dict({"state": moments, "param_groups": self.optimizer.state_dict()["param_groups"]})
        self.state = state
