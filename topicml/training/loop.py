"""The training loop, for any network: epochs, held-out evaluation, early stopping and resume."""

import math
import time
from collections.abc import Callable, Sequence

from topicml.nn.ranks import any_rank, apart, copy_from_first, from_first, is_first
from topicml.training.checkpoint import Checkpoint, EpochSums, TrainingState
from topicml.training.device import deterministic
from topicml.training.evaluation import estimate_statistics, evaluate
from topicml.training.progress import SILENT, Progress, progress_bar
from topicml.training.sampler import BatchSampler
from topicml.training.step import Step

Callback = Callable[[dict], bool | None]


class Trainer:
    """Train a network epoch by epoch.

    On the same machine with the same number of threads, a run gives the same bits each time, also if it was interrupted
    at any step and resumed from a checkpoint, and if other threads of the process train meanwhile: each step and each
    evaluation is a turn (`repeatable`), and callbacks run between turns.

    Parameters
    ----------
    step : Step
        Trains on one batch.
    epochs : int
        Largest number of epochs.
    patience : int
        Number of epochs without a better held-out bound after which training stops.
    callbacks : sequence of functions
        Called with the record of each epoch; training stops if one returns a true value.
    checkpoint : Checkpoint, optional
        File for the state of training; if it has a state, training continues from it.
    """

    def __init__(
        self,
        step: Step,
        *,
        epochs: int,
        patience: int,
        callbacks: Sequence[Callback] = (),
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.step = step
        self.epochs = epochs
        self.patience = patience
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.state = TrainingState()

    def run(
        self, sampler: BatchSampler, held_out: BatchSampler | None = None, *, verbose: bool | int | None = False
    ) -> list[dict]:
        """Train until the last epoch or early stopping, then restore the best weights.

        Parameters
        ----------
        sampler : BatchSampler
            Batches of the training documents.
        held_out : BatchSampler, optional
            Documents for early stopping, evaluated by the first of the model's losses.
        verbose : bool, optional
            Show a progress bar; None shows it only at a terminal.

        Returns
        -------
        list of dict
            A record per epoch.
        """
        self._resume()
        steps = len(sampler)
        n_documents = min(len(sampler.rows), steps * self.step.training.batch_size)  # of an epoch
        with (
            deterministic(self.step.device),
            progress_bar(n_documents, self.epochs, verbose=verbose) as progress,
        ):
            for epoch in range(self.state.step // steps, self.epochs):
                if self.state.stale >= self.patience:
                    break
                self._epoch(epoch, sampler, held_out, progress)
        if self.state.best:
            self.step.network.load_state_dict(self.state.best)
        self.step.network.eval()
        return self.state.history

    def run_epoch(self, sampler: BatchSampler) -> None:
        """Train one more epoch, without held-out documents.

        Parameters
        ----------
        sampler : BatchSampler
            Batches of the documents.
        """
        with deterministic(self.step.device):
            # Each call may have another number of documents, so the first step of this epoch has number 0.
            self._epoch(len(self.state.history), sampler, None, SILENT, first=0)
        self.step.network.eval()

    def _epoch(
        self,
        epoch: int,
        sampler: BatchSampler,
        held_out: BatchSampler | None,
        progress: Progress,
        *,
        first: int | None = None,
    ) -> None:
        state, steps, network = self.state, len(sampler), self.step.network
        started, documents = time.perf_counter(), 0
        network.train()
        for number in range(state.step % steps if first is None else first, steps):
            batch = sampler.batch(epoch, number).to(self.step.device)
            record = self.step(batch, state.step, min(1.0, state.step / (steps * self.epochs)))
            documents += len(batch)
            state.step += 1
            state.sums.add(record, len(batch))
            progress.step(epoch, len(batch), math.nan if record is None else record["loss"])
            if number + 1 < steps:  # after the last step, the record of the epoch belongs to the state
                self._save_when_due()
        self.step.settle()
        copy_from_first(network.state_dict().values())
        seconds = time.perf_counter() - started
        means = {"epoch": epoch + 1, **state.sums.means()}
        state.sums = EpochSums()
        bound = next(iter(self.step.losses.values()))
        # Training reads the statistics of each batch; evaluation reads these.
        estimate_statistics(network, bound, sampler, seed=self.step.seed, device=self.step.device)
        if held_out is not None:
            value = evaluate(network, bound, held_out, seed=self.step.seed, device=self.step.device)
            means["held_out"] = from_first(lambda: value)  # so that all ranks stop at the same epoch
            if epoch + 1 >= self.step.training.warmup * self.epochs:
                self._keep_best(means["held_out"])
        means["learning_rate"] = self.step.optimizer.param_groups[0]["lr"]
        means["seconds"] = seconds
        means["documents_per_second"] = documents / seconds
        state.history.append(means)
        with apart():
            stops = [callback(means) for callback in self.callbacks]  # every callback gets the record
        if any_rank(any(stops)):
            state.stale = self.patience
        self._save_when_due()

    def _keep_best(self, bound: float) -> None:
        if bound < self.state.best_bound:
            self.state.best_bound = bound
            weights = self.step.network.state_dict()
            self.state.best = {name: value.detach().clone() for name, value in weights.items()}
            self.state.stale = 0
        else:
            self.state.stale += 1

    def _save_when_due(self) -> None:
        if self.checkpoint is not None and is_first():
            self.checkpoint.write_when_due(self._current_state)

    def _current_state(self) -> TrainingState:
        self.state.network = dict(self.step.network.state_dict())
        self.state.contrasts = dict(self.step.contrasts.state_dict())
        self.state.balance = self.step.balance.state_dict()
        self.state.optimizer = self.step.moments()
        return self.state

    def _resume(self) -> None:
        checkpoint = self.checkpoint
        # Only the first rank is sure to have the file.
        state = from_first(lambda: None if checkpoint is None else checkpoint.read())
        if state is None:
            return
        try:
            self.step.network.load_state_dict(state.network)
            self.step.contrasts.load_state_dict(state.contrasts)
            self.step.balance.load_state_dict(state.balance)
            self.step.load_moments(state.optimizer)
        except (RuntimeError, LookupError, ValueError, TypeError) as error:  # its checksum holds, its content does not
            if checkpoint is None:
                raise
            raise checkpoint.damaged(next(iter(str(error).splitlines()), type(error).__name__)) from error
        self.state = state
