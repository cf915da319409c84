"""What models that maximise a bound on the likelihood share: which bound, and where their topics start."""

from typing import Any

from topicml.errors import InputError
from topicml.models.base import TopicModel
from topicml.objectives.elbo import BOUNDS
from topicml.training.loop import Objective


class Autoencoder(TopicModel):
    """Base of the models with the hyper-parameters `bound`, `kl_warmup` and `free_bits`."""

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
        if isinstance(self.bound, str) and self.bound not in BOUNDS:
            raise InputError(f"bound={self.bound!r} is unknown. Choose one of {', '.join(BOUNDS)}.")
