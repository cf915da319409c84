"""What models that maximise a bound on the likelihood share: which bound, and where their topics start."""

from collections.abc import Sequence
from typing import Any

from topicml.errors import InputError
from topicml.models.base import TopicModel
from topicml.nn.prior import laplace_dirichlet
from topicml.objectives.elbo import BOUNDS
from topicml.objectives.objective import Objective


class Autoencoder(TopicModel):
    """Base of the models with the hyper-parameters `alpha`, `bound`, `kl_warmup` and `free_bits`."""

    alpha: float | Sequence[float]
    bound: Any
    kl_warmup: float
    free_bits: float

    def _objectives(self) -> dict[str, Objective]:
        if not isinstance(self.bound, str):
            return {"elbo": self.bound}
        options = {"kl_warmup": self.kl_warmup, "free_bits": self.free_bits} if self.bound == "elbo" else {}
        return {self.bound: BOUNDS[self.bound](**options)}

    def check_parameters(self) -> None:
        """Raise `InputError` for a hyper-parameter out of range."""
        super().check_parameters()
        laplace_dirichlet(self.alpha, self.n_topics)
        known = self.bound in BOUNDS if isinstance(self.bound, str) else callable(self.bound)
        if not known:
            raise InputError(f"bound={self.bound!r} is unknown. Choose one of {', '.join(BOUNDS)}.")
