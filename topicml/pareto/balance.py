"""One step for several losses."""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from topicml.errors import InputError
from topicml.pareto.by_name import NAMES, weighting_of
from topicml.pareto.gradients import SHARED
from topicml.pareto.measure import AtParameters, AtRepresentation, weighted_sum
from topicml.pareto.min_norm import MinNorm, shortest
from topicml.pareto.scaling import SCALES, Scaling
from topicml.pareto.state import get_state, set_state
from topicml.pareto.weighting import FixedWeights, Weighting
from topicml.settings import Settings

PLACES = ("parameters", "representation")


class Balance(Settings):
    """Gradients of several losses, weighed against each other and combined into one.

    The gradients ``g_k`` over the parameters that losses share are scaled, ``u_k = s_k g_k``; the weighting turns their
    Gramian into weights w; the step is ``sum_k c_k g_k`` with ``c_k = w_k s_k / s_0``, in units of the first loss's
    gradient. A parameter that only one loss touches gets that loss's own gradient; under a plain weighted sum
    (`FixedWeights` and no normalisation) it is weighted like the others.

    A loss whose gradient is zero in a step has no say in it. A step with a loss or gradient that is not finite is
    skipped: it leaves no gradients, so the optimizer stands still.

    Parameters
    ----------
    weighting : Weighting or str, optional
        ``weighting(gramian) -> weights``: `MinNorm` (the default), `FixedWeights`, any of TorchJD's, or one's name.
    normalize : {"l2", "none", "loss", "loss+", "running"}
        How gradients are scaled: to length 1, not at all, by their losses, by both, or by the mean length that they
        had so far. Unscaled, the min-norm point is close to the shortest gradient, whatever it says.
    preference : float, optional
        r: the scaled gradients of all losses but the first are divided by it. With min-norm weights and ``l2``, the
        step d then lowers every other loss at r times the rate of the first, each by its unit gradient:
        ``d . g_k / |g_k| = r d . g_0 / |g_0|``. For two losses with cosine c it holds ``(r - c) / (1 - c r)`` of the
        second's unit gradient for one of the first's: less the better they agree, and none once c is r or more, as
        the first gradient alone then serves both; the second alone once c is 1 / r or more. By default 0.3 for
        `MinNorm` on gradients of length 1 (``l2``, ``running``), and 1 otherwise: most other weightings favour the
        longer gradient where min-norm favours the shorter.
    every : int
        Weights are found every so many steps and kept between: those steps cost one backward pass of the weighted sum.
    momentum : float
        In [0, 1): gradients are scaled by a running mean of their lengths (over about ``1 / (1 - momentum)`` steps),
        so that a gradient may be longer or shorter than usual.
    at : {"parameters", "representation"}
        Where gradients are compared: over the shared parameters, or at the representation that `backward` is given,
        which costs one pass through the encoder for all losses instead of one each.
    max_skips : int
        Consecutive skipped steps after which training is given up.

    References
    ----------
    Desideri 2012; Sener & Koltun, Multi-task learning as multi-objective optimization, NeurIPS 2018, whose code has the
    four normalisations by length and loss.
    """

    def __init__(
        self,
        weighting: Weighting | str | None = None,
        *,
        normalize: str = "l2",
        preference: float | None = None,
        every: int = 1,
        momentum: float = 0.0,
        at: str = "parameters",
        max_skips: int = 10,
    ) -> None:
        _check("normalize", normalize, normalize in SCALES, f"one of {', '.join(SCALES)}")
        _check("at", at, at in PLACES, f"one of {', '.join(PLACES)}")
        _check("preference", preference, preference is None or preference > 0, "a positive number")
        _check("every", every, every >= 1, "a whole number of steps, 1 or more")
        _check("momentum", momentum, 0 <= momentum < 1, "at least 0 and less than 1")
        _check("max_skips", max_skips, max_skips >= 1, "a whole number, 1 or more")
        self.weighting = weighting
        self.normalize = normalize
        self.preference = preference
        self.every = every
        self.momentum = momentum
        self.at = at
        self.max_skips = max_skips
        self._weigh: Weighting = MinNorm() if weighting is None else weighting_of(weighting)
        favours_short = isinstance(self._weigh, MinNorm) or weighting == "mgda"
        usual = 0.3 if favours_short and normalize in ("l2", "running") else 1.0
        self._scaling = Scaling(normalize, momentum, preference or usual)
        self._plain = isinstance(self._weigh, FixedWeights) and normalize == "none" and preference in (None, 1)
        self._steps = 0
        self._skips = 0
        self._gramian: Tensor | None = None
        self._coefficients: list[float] = []
        self._owners: list[int] = []

    def backward(
        self, losses: Mapping[str, Tensor], parameters: Sequence[Tensor], representation: Sequence[Tensor] = ()
    ) -> dict[str, float]:
        """Set the parameters' ``grad`` to the combined gradient.

        Parameters
        ----------
        losses : mapping of str to scalar Tensor
            The model's own loss first. Their graph is freed.
        parameters : sequence of Tensor
            Leaves; what they hold as ``grad`` is replaced.
        representation : sequence of Tensor
            With ``at="representation"``: what the encoder gives to the losses, such as mean and scale of posteriors.

        Returns
        -------
        record : dict of str to float
            ``weight_<loss>`` (c, as applied), ``norm_<loss>`` (length of its gradient over what is compared),
            ``cosine`` between two gradients or ``cosine_<a>_<b>`` among more, ``stationarity`` (length of the shortest
            convex combination of the unscaled gradients: 0 where no step serves all) and ``skipped`` (0 or 1). Between
            steps that weigh, the last measured values. A skipped step has ``skipped`` alone.

        Raises
        ------
        InputError
            If no parameter is shared by two losses; if ``at="representation"`` comes without a representation; after
            `max_skips` consecutive skipped steps.
        """
        names, terms = list(losses), list(losses.values())
        live = [parameter for parameter in parameters if parameter.requires_grad]
        for parameter in parameters:
            parameter.grad = None
        values = [float(loss.detach()) for loss in terms]
        wrong = _not_finite(values)
        if wrong is not None:
            return self._skip(f"the loss {names[wrong]!r} was {values[wrong]}")
        reused = self._steps % self.every and len(self._owners) == len(live) and len(self._coefficients) == len(terms)
        if reused:
            gradients = weighted_sum(terms, live, self._owners, self._coefficients, self._own())
        else:
            measured = self._measure(terms, live, representation)
            gramian = measured.gramian
            wrong = _not_finite(gramian.diagonal().tolist())
            if wrong is not None:
                return self._skip(f"the gradient of the loss {names[wrong]!r} was not finite")
            self._gramian, self._owners = gramian, measured.owners
            self._coefficients = self._weights(gramian, values)
            if _not_finite(self._coefficients) is not None:
                self._owners = []
                return self._skip(f"{self._weigh!r} gave the weights {self._coefficients}")
            gradients = measured.combine(self._coefficients, self._own())
        # at the parameters, the Gramian has spoken for the shared ones
        known = SHARED if self.at == "parameters" and not reused else None
        wrong = _not_finite_gradient(gradients, [i for i, owner in enumerate(self._owners) if owner != known])
        if wrong is not None:
            owner = self._owners[wrong]
            whose = f"the loss {names[owner]!r}" if owner >= 0 else f"the losses {', '.join(names)} together"
            return self._skip(f"the gradient of {whose} was not finite")
        for parameter, gradient in zip(live, gradients, strict=True):
            parameter.grad = gradient
        self._steps, self._skips = self._steps + 1, 0
        return self._record(names)

    def _measure(
        self, losses: Sequence[Tensor], parameters: Sequence[Tensor], representation: Sequence[Tensor]
    ) -> AtParameters | AtRepresentation:
        measured: AtParameters | AtRepresentation
        if self.at == "representation":
            if not any(tensor.requires_grad for tensor in representation):
                raise InputError(
                    'at="representation" compares gradients at the tensors that the encoder gives, and received none '
                    'that depends on a parameter. Pass them to backward(), or choose at="parameters".'
                )
            measured = AtRepresentation(losses, parameters, representation)
        else:
            measured = AtParameters(losses, parameters)
        if len(losses) > 1 and SHARED not in measured.owners:
            raise InputError(
                f"No parameter is shared by two of the {len(losses)} objectives, so there is nothing to balance. "
                "Minimise them apart, or give objectives that depend on the same parameters."
            )
        return measured

    def _weights(self, gramian: Tensor, values: list[float]) -> list[float]:
        """Coefficients c of the losses' gradients."""
        if self._plain:
            return self._weigh(gramian).tolist()
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
            weights = self._weigh(scaled[present][:, present]).double()
            coefficients[present] = weights * factors[present] / factors[present[0]]
        return coefficients.tolist()

    def _own(self) -> list[float]:
        """Coefficients of a loss where it is alone."""
        return self._coefficients if self._plain else [1.0] * len(self._coefficients)

    def _skip(self, reason: str) -> dict[str, float]:
        self._skips += 1
        if self._skips >= self.max_skips:
            raise InputError(
                f"Training does not go on: in {self._skips} consecutive steps something was not finite; in the last, "
                f"{reason}. Try a smaller learning rate, a higher temperature, or float32."
            )
        return {"skipped": 1.0}

    def _record(self, names: Sequence[str]) -> dict[str, float]:
        assert self._gramian is not None
        lengths = self._gramian.diagonal().clamp_min(0).sqrt().tolist()
        record = {f"weight_{name}": c for name, c in zip(names, self._coefficients, strict=True)}
        record |= {f"norm_{name}": length for name, length in zip(names, lengths, strict=True)}
        for i, first in enumerate(names):
            for j, second in enumerate(names[:i]):
                product = lengths[i] * lengths[j]
                cosine = float(self._gramian[i, j]) / product if product > 0 else 0.0
                record["cosine" if len(names) == 2 else f"cosine_{second}_{first}"] = max(-1.0, min(1.0, cosine))
        return record | {"stationarity": shortest(self._gramian), "skipped": 0.0}

    def state_dict(self) -> dict[str, Tensor]:
        """All that later steps depend on, as tensors."""
        return get_state(self)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from the state of another balance with the same settings."""
        set_state(self, state)


def balance_from(value: Any) -> Balance:
    """A balance of one's own, in its first state.

    Parameters
    ----------
    value : str, Weighting or Balance
        ``pareto``: min-norm weights at the representation, with a preference of 0.1: of those measured on six corpora,
        short and long, the one that harms none, and cheaper than comparing gradients at the parameters
        (benchmarks/results/contrast_variants.md). ``sum``, or a `FixedWeights`: the plain weighted sum, whose gradients
        are measured for the history every 50 steps. A name of TorchJD's, or a weighting: that, on gradients of length
        1. A `Balance` and a weighting are copied: their settings are taken, their state is not.

    Raises
    ------
    InputError
        If the name is unknown; the message lists the known.
    MissingExtraError
        If TorchJD is needed and not installed.
    """
    if isinstance(value, Balance):
        return type(value)(**{**value.settings(), "weighting": _fresh(value.weighting)})
    if value == "pareto":
        return Balance(at="representation", preference=0.1)
    if isinstance(value, type) or (value not in NAMES if isinstance(value, str) else not callable(value)):
        raise InputError(f"balance={value!r} is unknown. Choose one of {', '.join(NAMES)}, or give an object.")
    if value == "sum" or isinstance(value, FixedWeights):
        return Balance(FixedWeights() if value == "sum" else value, normalize="none", every=50)
    return Balance(_fresh(value))


def _fresh(weighting: Any) -> Any:
    """A copy of a weighting, without the state that some of TorchJD's have."""
    weighting = copy.deepcopy(weighting)
    if hasattr(weighting, "reset"):
        weighting.reset()
    return weighting


def _check(name: str, value: Any, right: bool, expected: str) -> None:
    if not right:
        raise InputError(f"{name}={value!r} is not {expected}.")


def _not_finite(values: Sequence[float]) -> int | None:
    """Position of the first value that is not finite."""
    return next((i for i, value in enumerate(values) if not math.isfinite(value)), None)


def _not_finite_gradient(gradients: Sequence[Tensor | None], asked: Sequence[int]) -> int | None:
    """The first of the gradients `asked` for that is not finite."""
    norms = {}
    for i in asked:
        gradient = gradients[i]
        if gradient is not None:
            norms[i] = torch.linalg.vector_norm(gradient)
    wrong = _not_finite(torch.stack([*norms.values()]).tolist()) if norms else None
    return None if wrong is None else list(norms)[wrong]
