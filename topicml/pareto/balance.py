"""One step for several losses."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from topicml.pareto.min_norm import MinNorm
from topicml.pareto.weighting import Weighting

SCALES = ("none", "l2", "loss")


class Balance:
    def __init__(
        self,
        weighting: Weighting | None = None,
        *,
        normalize: str = "l2",
        preference: float = 0.3,
        every: int = 1,
        momentum: float = 0.0,
    ) -> None:
        self.weighting = MinNorm() if weighting is None else weighting
        self.normalize, self.preference, self.every, self.momentum = normalize, preference, every, momentum
        self._running = None

    def backward(self, losses: Mapping[str, Tensor], parameters: Sequence[Tensor]) -> dict[str, float]:
        gradients = []
        parameters = [p for p in parameters if p.requires_grad]
        for position, loss in enumerate(losses.values()):
            gradients.append(
                torch.autograd.grad(loss, parameters, retain_graph=position + 1 < len(losses), allow_unused=True)
            )
        shared = [i for i in range(len(parameters)) if sum(each[i] is not None for each in gradients) > 1]
        flat = torch.stack(
            [
                torch.cat([(g[i] if g[i] is not None else torch.zeros_like(parameters[i])).reshape(-1) for i in shared])
                for g in gradients
            ]
        )
        gramian = flat @ flat.T
        norms = gramian.diagonal().sqrt().clamp_min(1e-30)
        values = torch.stack([loss.detach() for loss in losses.values()])
        basis = norms
        if self.momentum:
            self._running = (
                norms.log()
                if self._running is None
                else self.momentum * self._running + (1 - self.momentum) * norms.log()
            )
            basis = self._running.exp()
        scale = {"none": torch.ones_like(norms), "l2": 1 / basis, "loss": 1 / values.abs().clamp_min(1e-12)}[
            self.normalize
        ]
        scale = scale / torch.tensor([1.0] + [self.preference] * (len(losses) - 1))
        weights = self.weighting(gramian * scale[:, None] * scale[None, :])
        combined = weights * scale / scale[0]
        for i, parameter in enumerate(parameters):
            touching = [(k, g[i]) for k, g in enumerate(gradients) if g[i] is not None]
            if not touching:
                parameter.grad = None
            elif len(touching) == 1:
                parameter.grad = touching[0][1]
            else:
                parameter.grad = sum(combined[k] * g for k, g in touching)
        names = list(losses)
        record = {f"weight_{n}": float(c) for n, c in zip(names, combined, strict=True)}
        record |= {f"norm_{n}": float(c) for n, c in zip(names, norms, strict=True)}
        record["cosine"] = float(gramian[0, 1] / (norms[0] * norms[1]))
        return record
