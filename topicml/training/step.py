"""One training step: the losses of a batch, their balance, and the update of the parameters."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.objectives.contrast import Contrast
from topicml.objectives.objective import Objective, as_loss
from topicml.pareto import Balance
from topicml.training.clipping import clip_gradient
from topicml.training.device import autocast, repeatable, seed_step
from topicml.training.row_adam import RowAdam
from topicml.training.training import Training


class Step:
    """Minimise the sum of a model's losses and balanced contrasts with Adam.

    Each step seeds its own random numbers from the seed of the run and the number of the step, so a run can be repeated
    and can continue from any step.

    Parameters
    ----------
    network : TopicNetwork
        Trained in place.
    losses : mapping of str to Objective
        The model's own losses.
    training : Training
        Learning rate, gradient clipping and precision.
    rates : sequence of (Tensor, float)
        Parameters with another learning rate, as a factor of the learning rate of all other parameters.
    contrasts : mapping of str to Contrast
        Contrastive objectives, which may have parameters and buffers.
    balance : Balance, optional
        Weighs the gradients of the contrasts against the gradient of the sum of `losses`; by default a new `Balance`.
        Without contrasts it has no effect.
    seed : int
        Seed of all noise.
    device : torch.device
        Device of the network.
    many_words : int
        Vocabulary from which the word vectors of the encoder are updated when they are read next (`RowAdam`), on the
        CPU. With fewer words, a batch has so many of them that it is faster to update all.
    """

    def __init__(
        self,
        network: TopicNetwork,
        losses: Mapping[str, Objective],
        training: Training,
        *,
        rates: Sequence[tuple[Tensor, float]] = (),
        contrasts: Mapping[str, Contrast] | None = None,
        balance: Balance | None = None,
        seed: int,
        device: torch.device,
        many_words: int = 40_000,
    ) -> None:
        self.network = network.to(device)
        self.losses = dict(losses)
        self.contrasts = nn.ModuleDict(dict(contrasts or {})).to(device)
        self.balance = balance or Balance()
        self.training = training
        self.seed = seed
        self.device = device
        self._embedding = self._deferrable(many_words)
        self._rows: RowAdam | None = None
        self._rate_of_rows = 1.0
        self.optimizer = self._adam(rates)
        self._skips = 0

    def __call__(self, batch: Batch, number: int, progress: float) -> dict[str, float] | None:
        """Update the parameters from one batch.

        Parameters
        ----------
        batch : Batch
            Documents, on the device of the network.
        number : int
            Number of the step in the whole run; it seeds the noise.
        progress : float
            Fraction of finished steps, in [0, 1]; it sets the learning rate and the schedules of the objectives.

        Returns
        -------
        dict of str to float, or None
            ``loss``, each objective and its parts, and the record of the balance. None if the step was skipped because
            a loss or gradient was not finite; then parameters and running statistics do not change.

        Raises
        ------
        InputError
            After `Training.max_skips` skipped steps in a row.
        """
        with repeatable(self.device):
            return self._update(batch, number, progress)

    def _update(self, batch: Batch, number: int, progress: float) -> dict[str, float] | None:
        seed_step(self.device, self.seed, number)
        statistics = [buffer.clone() for buffer in self.network.buffers()]
        for group in self.optimizer.param_groups:
            group["lr"] = self.training.rate(progress) * group.get("scale", 1.0)
        record: dict[str, float] = {}
        with (
            autocast(self.device, self.training.precision),
            self._encoded() as representation,
            self._current_rows(),
        ):
            posterior = self.network.encode(batch)
            if not posterior.is_proper:
                self._skip(math.nan, statistics)
                return None
            values = {}
            objectives: dict[str, Any] = {**self.losses, **self.contrasts}
            for name, objective in objectives.items():
                loss = as_loss(objective(batch, posterior, self.network, progress), name)
                values[name] = loss.value
                record |= {name: float(loss.value.detach()), **loss.parts}
        total = torch.stack([values[name] for name in self.losses]).sum()
        self.optimizer.zero_grad(set_to_none=True)
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        if self._rows is not None:
            self._rows.parameter.grad = None
            parameters.append(self._rows.parameter)
        if self.contrasts:
            balanced = {"model": total, **{name: values[name] for name in self.contrasts}}
            record |= self.balance.backward(balanced, parameters, representation)
            if record.pop("skipped"):
                self._restore(statistics)
                return None
        else:
            total.backward()
        if not math.isfinite(clip_gradient(parameters, self.training.clip)):
            self._skip(float(total.detach()), statistics)
            return None
        self._skips = 0
        self.optimizer.step()
        if self._rows is not None and self._rows.parameter.grad is not None:
            self._rows.update(self._rows.parameter.grad, self.training.rate(progress) * self._rate_of_rows)
        return {"loss": float(total.detach()), **record}

    def settle(self) -> None:
        """Make all updates of the network that were deferred. Call it before the network is used."""
        if self._rows is not None:
            self._rows.bring_up_to_date()

    def moments(self) -> dict[str, Tensor]:
        """Return the state of Adam: ``<parameter index>.<name>``, and ``rows.<name>`` for deferred updates."""
        state = self.optimizer.state_dict()["state"]
        moments = {f"{index}.{name}": value for index, each in state.items() for name, value in each.items()}
        of_rows = {} if self._rows is None else self._rows.state()
        return moments | {f"rows.{name}": value for name, value in of_rows.items()}

    def load_moments(self, moments: Mapping[str, Tensor]) -> None:
        """Set the state of Adam, in the form that `moments` returns."""
        state: dict[int, dict[str, Tensor]] = {}
        of_rows = {}
        for key, value in moments.items():
            index, name = key.split(".", 1)
            if index == "rows":
                of_rows[name] = value
            else:
                state.setdefault(int(index), {})[name] = value
        if self._rows is not None:
            self._rows.load_state(of_rows)
        self.optimizer.load_state_dict({"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]})

    def _adam(self, rates: Sequence[tuple[Tensor, float]]) -> torch.optim.Adam:
        with_rate = {id(parameter) for parameter, _ in rates}
        if self._embedding is not None:
            weight = self._embedding.weight
            self._rows = RowAdam(weight, betas=self.training.betas)
            self._rate_of_rows = next((scale for parameter, scale in rates if parameter is weight), 1.0)
            rates = [(parameter, scale) for parameter, scale in rates if parameter is not weight]
            with_rate.add(id(weight))
        others = [p for p in self.network.parameters() if p.requires_grad and id(p) not in with_rate]
        groups: list[dict[str, Any]] = [
            {"params": others},
            *({"params": [parameter], "scale": scale} for parameter, scale in rates),
        ]
        of_contrasts = [parameter for parameter in self.contrasts.parameters() if parameter.requires_grad]
        if of_contrasts:
            groups.append({"params": of_contrasts})
        fused = self.device.type in ("cpu", "cuda")
        return torch.optim.Adam(groups, lr=self.training.learning_rate, betas=self.training.betas, fused=fused)

    @contextmanager
    def _encoded(self) -> Iterator[list[Tensor]]:
        """Context manager: collect the outputs of the encoder for documents and views; the balance reads them."""
        tensors: list[Tensor] = []
        hook = self.network.encoder.register_forward_hook(lambda *call: tensors.extend((call[-1].loc, call[-1].scale)))
        try:
            yield tensors
        finally:
            hook.remove()

    def _deferrable(self, many_words: int) -> nn.EmbeddingBag | None:
        """The word vectors of the encoder, if it pays to defer their updates and no objective reads all of them."""
        found = [module for module in self.network.encoder.modules() if isinstance(module, nn.EmbeddingBag)]
        objectives = [*self.losses.values(), *self.contrasts.values()]
        is_possible = (
            self.device.type == "cpu"
            and len(found) == 1
            and found[0].num_embeddings >= many_words
            and found[0].weight.requires_grad
            and found[0].mode == "sum"
            and RowAdam.is_possible(self.training.betas)
            and not any(getattr(objective, "reads_encoder", True) for objective in objectives)
        )
        return found[0] if is_possible else None

    @contextmanager
    def _current_rows(self) -> Iterator[None]:
        """Context manager: word vectors are brought up to date before they are read, and their gradient is sparse."""
        rows, embedding = self._rows, self._embedding
        if rows is None or embedding is None:
            yield
            return
        if rows.reads_all:
            rows.bring_up_to_date()
        hook = embedding.register_forward_pre_hook(lambda _, arguments: rows.bring_up_to_date(arguments[0].unique()))
        embedding.sparse = True
        try:
            yield
        finally:
            embedding.sparse = False
            hook.remove()

    def _restore(self, statistics: list[Tensor]) -> None:
        """Restore the running statistics of batch normalisation after a skipped step."""
        for buffer, before in zip(self.network.buffers(), statistics, strict=True):
            buffer.copy_(before)

    def _skip(self, loss: float, statistics: list[Tensor]) -> None:
        """Undo a step without a finite gradient; raise `InputError` after many in a row."""
        self._restore(statistics)
        self._skips += 1
        if self._skips >= self.training.max_skips:
            raise InputError(
                f"Training cannot continue: the gradient was not finite in {self._skips} consecutive steps (the loss "
                f"was {loss}). Check that counts and views have no negative or missing values; try a smaller "
                "learning_rate, or precision='float32'."
            )
