"""Training of networks: settings, steps, the loop, checkpoints, and progress bars."""

from topicml.training.checkpoint import Checkpoint
from topicml.training.device import choose_device, deterministic, repeatable
from topicml.training.evaluation import evaluate
from topicml.training.loop import Callback, Trainer
from topicml.training.sampler import BatchSampler, WithCovariates, WithNeighbours, WithTargets, split_rows
from topicml.training.step import Step
from topicml.training.training import Training
from topicml.training.warm_start import warm_start

__all__ = [
    "BatchSampler",
    "Callback",
    "Checkpoint",
    "Step",
    "Trainer",
    "Training",
    "WithCovariates",
    "WithNeighbours",
    "WithTargets",
    "choose_device",
    "deterministic",
    "evaluate",
    "repeatable",
    "split_rows",
    "warm_start",
]
