"""Balance: one gradient step for several losses."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from topicml.checks import require
from topicml.errors import InputError
from topicml.pareto.by_name import weighting_of
from topicml.pareto.defaults import BY_LENGTH, TYPICAL_LENGTH, defaults_of, length_preference
from topicml.pareto.gradients import SHARED, values_of
from topicml.pareto.measure import AtParameters, AtRepresentation, weighted_sum
from topicml.pareto.min_norm import shortest
from topicml.pareto.scaling import SCALES, Scaling
from topicml.pareto.state import BalanceState, load_weighting_state, weighting_state
from topicml.pareto.weighting import FixedWeights, Weighting
from topicml.settings import Settings, is_number

PLACES = ("parameters", "representation")


class Balance(Settings):
    """Combine the gradients of several losses into one.

    At each step the gradients ``g_k`` over the parameters that losses share are scaled, ``u_k = s_k g_k``. The
    weighting turns the Gramian of the ``u_k`` into weights ``w``. The combined gradient is ``sum_k c_k g_k`` with
    ``c_k = w_k s_k / s_0``, in units of the first loss's gradient. A parameter that only one loss depends on gets that
    loss's own gradient, without a factor; under a plain weighted sum (`FixedWeights`, no scaling, preference 1) it is
    weighted like the others.

    A loss whose gradient is zero in a step gets weight 0. A step with a loss or gradient that is not finite is skipped:
    all gradients are None, so the optimizer changes nothing.

    Parameters
    ----------
    weighting : str or Weighting
        A name of `topicml.pareto.NAMES`, or an object that maps a Gramian to weights: `MinNorm` ("pareto"),
        `FixedWeights` ("sum"), one of TorchJD's, or your own. None is the same as "pareto".
    normalize : {"l2", "none", "loss", "loss+", "running"}, optional
        How gradients are scaled. ``l2``: to length 1. ``none``: not at all. ``loss``: divided by their losses.
        ``loss+``: divided by both. ``running``: divided by their mean length so far. Without scaling, the min-norm
        point is close to the shortest gradient, whatever its direction.
    preference : float, optional
        r: the scaled gradients of all losses but the first are divided by it. With min-norm weights and ``l2``, the
        step d then lowers every other loss at r times the rate of the first, each by its unit gradient:
        ``d . g_k / |g_k| = r d . g_0 / |g_0|``. For two losses with cosine c, the step contains ``(r - c) / (1 - c r)``
        of the second's unit gradient per unit gradient of the first: less the better they agree, and 0 once c is at
        least r, as the first gradient alone then lowers both. (Once c is at least 1 / r, it is the second alone.)
        ``length``: `length_preference` of the documents of a topic model, more for short documents.
    every : int, optional
        Compute weights every so many steps and reuse them in between; those steps need one backward pass.
    momentum : float
        In [0, 1). Scale gradients by a running mean of their lengths (over about ``1 / (1 - momentum)`` steps), so that
        a gradient longer than usual has a larger effect.
    at : {"representation", "parameters"}, optional
        Where gradients are compared: at the representation passed to `backward`, which costs one backward pass through
        the encoder for all losses, or over the shared parameters, which costs one pass per loss.
    max_skips : int
        Raise an error after so many skipped steps in a row.

    Attributes
    ----------
    weighting, normalize, preference, every, momentum, at, max_skips
        The arguments, with None replaced by the default. A name is short for an object with these defaults:

        - "pareto" or a `MinNorm`: ``l2``, preference "length", every step, at the representation;
        - "sum" or a `FixedWeights`: ``none``, preference 1, every 50 steps, at the parameters. A plain sum measures its
          gradients for the history alone; with any scaling the default is every step;
        - "mgda" or TorchJD's MGDA: ``l2``, preference 0.3, every step, at the parameters;
        - any other: ``l2``, preference 1, every step, at the parameters.

        With ``none``, ``loss`` and ``loss+`` the default preference is 1 for all.

    Raises
    ------
    InputError
        If an argument is out of range or a name is unknown.
    MissingExtraError
        If the name is TorchJD's, and TorchJD or a solver that it needs is not installed.

    References
    ----------
    Désidéri, Multiple-gradient descent algorithm, C. R. Acad. Sci. Paris 2012. Sener & Koltun, Multi-task learning as
    multi-objective optimization, NeurIPS 2018; their code has ``l2``, ``loss`` and ``loss+``. The preference is
    topicml's.

    Examples
    --------
    In a topic model, where the encoder's posterior is the representation:

    >>> import topicml
    >>> from topicml.pareto import Balance
    >>> model = topicml.ProdLDA(n_topics=20, contrast="set", balance=Balance(preference=0.3))

    With any losses of PyTorch; here there is no representation, so gradients are compared at the parameters:

    >>> import torch
    >>> point = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> losses = {"steep": 10 * (point[0] ** 2 + point[1] ** 2), "flat": (point[0] - 2) ** 2 + point[1] ** 2}
    >>> record = Balance(preference=0.5, at="parameters").backward(losses, [point])
    >>> round(record["cosine"], 3), round(record["weight_steep"], 3), round(record["weight_flat"], 3)
    (0.0, 0.8, 4.0)
    >>> point.grad
    tensor([ 8., 24.])
    """

    def __init__(
        self,
        weighting: Weighting | str | None = "pareto",
        *,
        normalize: str | None = None,
        preference: float | str | None = None,
        every: int | None = None,
        momentum: float = 0.0,
        at: str | None = None,
        max_skips: int = 10,
    ) -> None:
        self.weighting = "pareto" if weighting is None else weighting
        self._weighting = weighting_of(self.weighting)
        defaults = defaults_of(self._weighting)
        self.normalize = defaults.normalize if normalize is None else normalize
        require(self.normalize in SCALES, "normalize", normalize, f"one of {', '.join(SCALES)}")
        self.preference = defaults.preference_with(self.normalize) if preference is None else preference
        by_length = self.preference == BY_LENGTH
        is_positive = by_length or (is_number(self.preference) and float(self.preference) > 0)
        require(is_positive, "preference", preference, f"a positive number or {BY_LENGTH!r}")
        self.every = defaults.every_with(self.normalize) if every is None else every
        require(self.every >= 1, "every", every, "a whole number of steps, 1 or more")
        self.momentum = momentum
        require(0 <= momentum < 1, "momentum", momentum, "at least 0 and less than 1")
        self.at = defaults.at if at is None else at
        require(self.at in PLACES, "at", at, f"one of {', '.join(PLACES)}")
        self.max_skips = max_skips
        require(max_skips >= 1, "max_skips", max_skips, "a whole number, 1 or more")
        ratio = length_preference(TYPICAL_LENGTH) if by_length else float(self.preference)
        self._scaling = Scaling(self.normalize, momentum, ratio)
        is_fixed = isinstance(self._weighting, FixedWeights)
        self._is_plain_sum = is_fixed and self.normalize == "none" and self.preference == 1
        self._state = BalanceState()

    def resolved_settings(self) -> dict[str, Any]:
        """The settings, with the weighting as an object: a name means the same as the object it is short for."""
        return self.settings() | {"weighting": self._weighting}

    def for_length(self, length: float) -> "Balance":
        """Replace the preference "length" by the number for documents of a mean length.

        Parameters
        ----------
        length : float
            Words per document.

        Returns
        -------
        Balance
            This object if its preference is a number.
        """
        if self.preference != BY_LENGTH:
            return self
        return type(self)(**{**self.settings(), "preference": length_preference(length)})

    def backward(
        self, losses: Mapping[str, Tensor], parameters: Sequence[Tensor], representation: Sequence[Tensor] = ()
    ) -> dict[str, float]:
        """Set ``grad`` of the parameters to the combined gradient.

        Parameters
        ----------
        losses : mapping of str to scalar Tensor
            The model's own loss first. Their graph is freed.
        parameters : sequence of Tensor
            Leaf tensors; their ``grad`` is replaced.
        representation : sequence of Tensor
            The encoder's outputs that the losses read, such as the mean and the scale of the posteriors. Needed with
            ``at="representation"``.

        Returns
        -------
        dict of str to float
            ``weight_<loss>``: its coefficient c. ``norm_<loss>``: length of its gradient where gradients are compared.
            ``cosine`` between two gradients, or ``cosine_<a>_<b>`` if there are more. ``stationarity``: length of the
            shortest convex combination of the unscaled gradients, which is 0 where no step lowers all losses.
            ``skipped``: 0 or 1; a skipped step has no other entry. Steps that reuse weights repeat the last measured
            values.

        Raises
        ------
        InputError
            If no two losses share a parameter; if ``at="representation"`` and no representation is given; after
            `max_skips` skipped steps in a row.
        """
        names, terms, state = list(losses), list(losses.values()), self._state
        trainable = [parameter for parameter in parameters if parameter.requires_grad]
        for parameter in parameters:
            parameter.grad = None
        values = [float(loss.detach()) for loss in terms]
        bad = _first_not_finite(values)
        if bad is not None:
            return self._skip(f"the loss {names[bad]!r} was {values[bad]}")
        same_shape = len(state.owners) == len(trainable) and len(state.coefficients) == len(terms)
        reuse = state.steps % self.every != 0 and same_shape
        if reuse:
            gradients = weighted_sum(terms, trainable, state.owners, state.coefficients, self._unshared())
        else:
            measurement = self._measure(terms, trainable, representation)
            bad = _first_not_finite(measurement.gramian.diagonal().tolist())
            if bad is not None:
                return self._skip(f"the gradient of the loss {names[bad]!r} was not finite")
            state.gramian, state.owners = measurement.gramian, measurement.owners
            state.coefficients = self._coefficients(measurement.gramian, values)
            if _first_not_finite(state.coefficients) is not None:
                reason = f"{self._weighting!r} returned the weights {state.coefficients}"
                state.owners = []
                return self._skip(reason)
            gradients = measurement.combine(state.coefficients, self._unshared())
        # The Gramian at the parameters covers the shared ones, so they need no second check.
        checked = SHARED if self.at == "parameters" and not reuse else None
        bad = _first_not_finite_gradient(gradients, [i for i, owner in enumerate(state.owners) if owner != checked])
        if bad is not None:
            owner = state.owners[bad]
            subject = f"the loss {names[owner]!r}" if owner >= 0 else f"the losses {', '.join(names)} together"
            return self._skip(f"the gradient of {subject} was not finite")
        for parameter, gradient in zip(trainable, gradients, strict=True):
            parameter.grad = gradient
        state.steps, state.skips = state.steps + 1, 0
        return self._record(names)

    def state_dict(self) -> dict[str, Tensor]:
        """The state on which later steps depend: counters, last measurement, mean lengths, the weighting's state."""
        return self._state.tensors() | self._scaling.state_dict() | weighting_state(self._weighting)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the state of a balance with the same settings; an empty one gives the initial state."""
        self._state = BalanceState.from_tensors(state)
        self._scaling.load_state_dict(state)
        n_losses = 0 if self._state.gramian is None else len(self._state.gramian)
        load_weighting_state(self._weighting, state, n_losses)

    def _measure(
        self, losses: Sequence[Tensor], parameters: Sequence[Tensor], representation: Sequence[Tensor]
    ) -> AtParameters | AtRepresentation:
        """Compute the gradients; `InputError` if there is nothing to balance."""
        measurement: AtParameters | AtRepresentation
        if self.at == "representation":
            if not any(tensor.requires_grad for tensor in representation):
                raise InputError(
                    'at="representation" compares gradients at the outputs of the encoder, but backward() received no '
                    'such tensor that depends on a parameter. Pass them as `representation`, or choose at="parameters".'
                )
            measurement = AtRepresentation(losses, parameters, representation)
        else:
            measurement = AtParameters(losses, parameters)
        if len(losses) > 1 and SHARED not in measurement.owners:
            raise InputError(
                f"No two of the {len(losses)} losses share a parameter, so there is nothing to balance. Minimize them "
                "separately, or pass losses that depend on the same parameters."
            )
        return measurement

    def _coefficients(self, gramian: Tensor, values: list[float]) -> list[float]:
        """Factors c of the losses' gradients."""
        if self._is_plain_sum:
            return self._weighting(gramian).tolist()
        lengths = gramian.diagonal().clamp_min(0).sqrt()
        factors = self._scaling(lengths, values)
        present = (lengths > 0).nonzero().squeeze(-1)
        if len(present) == 0:
            return [1.0] * len(values)
        scaled = gramian * factors[:, None] * factors
        coefficients = torch.zeros_like(factors)
        if len(present) == 1:
            coefficients[present] = 1.0
        else:
            weights = self._weighting(scaled[present][:, present]).double()
            coefficients[present] = weights * factors[present] / factors[present[0]]
        return coefficients.tolist()

    def _unshared(self) -> list[float]:
        """Factors of the losses' gradients at parameters that only one loss depends on."""
        coefficients = self._state.coefficients
        return coefficients if self._is_plain_sum else [1.0] * len(coefficients)

    def _skip(self, reason: str) -> dict[str, float]:
        """Count a skipped step; `InputError` if there were too many in a row."""
        self._state.skips += 1
        if self._state.skips >= self.max_skips:
            raise InputError(
                f"Training stopped: a loss or gradient was not finite in {self._state.skips} consecutive steps; in the "
                f"last one, {reason}. Try a smaller learning rate, a higher temperature, or float32."
            )
        return {"skipped": 1.0}

    def _record(self, names: Sequence[str]) -> dict[str, float]:
        """The values that `backward` returns."""
        gramian = self._state.gramian
        assert gramian is not None
        lengths = gramian.diagonal().clamp_min(0).sqrt().tolist()
        record = {f"weight_{name}": c for name, c in zip(names, self._state.coefficients, strict=True)}
        record |= {f"norm_{name}": length for name, length in zip(names, lengths, strict=True)}
        for i, second in enumerate(names):
            for j, first in enumerate(names[:i]):
                product = lengths[i] * lengths[j]
                cosine = float(gramian[i, j]) / product if product > 0 else 0.0
                record["cosine" if len(names) == 2 else f"cosine_{first}_{second}"] = max(-1.0, min(1.0, cosine))
        return record | {"stationarity": shortest(gramian), "skipped": 0.0}


def _first_not_finite(values: Sequence[float]) -> int | None:
    """Position of the first value that is not finite."""
    return next((i for i, value in enumerate(values) if not math.isfinite(value)), None)


def _first_not_finite_gradient(gradients: Sequence[Tensor | None], positions: Sequence[int]) -> int | None:
    """The first of these positions whose gradient is not finite."""
    norms = {}
    for i in positions:
        gradient = gradients[i]
        if gradient is not None:
            norms[i] = torch.linalg.vector_norm(values_of(gradient))
    bad = _first_not_finite(torch.stack([*norms.values()]).tolist()) if norms else None
    return None if bad is None else list(norms)[bad]
