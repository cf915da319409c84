"""Training: sampler, loop, checkpoints, progress."""

from topicml.training.device import choose_device, deterministic, repeatable
from topicml.training.loop import Schedule, Trainer
from topicml.training.sampler import BatchSampler, split_rows

__all__ = [
    "BatchSampler",
    "Schedule",
    "Trainer",
    "choose_device",
    "deterministic",
    "repeatable",
    "split_rows",
]
