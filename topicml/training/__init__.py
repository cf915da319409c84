"""Training: sampler, loop, checkpoints, progress."""

from topicml.training.device import choose_device, deterministic, repeatable
from topicml.training.loop import Objective, Schedule, Trainer
from topicml.training.sampler import BatchSampler, split_rows

__all__ = [
    "BatchSampler",
    "Objective",
    "Schedule",
    "Trainer",
    "choose_device",
    "deterministic",
    "repeatable",
    "split_rows",
]
