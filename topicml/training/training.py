"""The settings of training."""

import math
from typing import Any

from topicml.checks import require
from topicml.settings import Settings, is_number
from topicml.training.device import check_precision
from topicml.training.sampler import ShortEpochs


class Training(Settings):
    """Length, learning rate, early stopping, precision and device of training.

    The learning rate rises linearly to `learning_rate` over the first steps (`warmup`), then falls to zero along a
    cosine. Training stops early when the held-out bound does not improve for `patience` epochs, and the weights of the
    best epoch are restored.

    Parameters
    ----------
    max_epochs : int, optional
        Largest number of epochs; by default 15, or the number that makes 300 steps if that is more (`min_epochs`,
        `min_steps`).
    epoch_size : int
        Largest number of documents in an epoch. In a larger corpus, each epoch reads the next part of the shuffled
        documents, so that the length of training does not grow with the corpus: training may end before every document
        was read. The held-out bound decides.
    batch_size : int
        Documents per step.
    learning_rate : float
        Peak learning rate of Adam, in (0, 1): about the change of a weight in a step.
    clip : float
        Largest norm of the gradient; longer gradients are scaled down to it.
    validation_fraction : float
        Fraction of the documents that is held out to select the best epoch and to stop early; at most `max_held_out`
        documents.
    patience : int, optional
        Number of epochs without a better held-out bound before training stops; by default a third of the epochs.
    precision : {"auto", "float32", "bfloat16"}
        ``auto`` is bfloat16 on CUDA and float32 elsewhere.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    min_epochs, min_steps : int
        Length of training if `max_epochs` is None: small corpora need several hundred steps.
    warmup : float
        Fraction of the steps over which the learning rate rises, in [0, 1).
    first_rate : float
        Learning rate of the first step as a fraction of `learning_rate`.
    decay : bool
        Whether the learning rate rises and falls; if false, it is `learning_rate` at every step.
    betas : (float, float)
        Decay rates of Adam's moments.
    max_held_out : int
        Largest number of held-out documents, which bounds the cost of their evaluation after every epoch.
    max_skips : int
        Consecutive steps without a finite gradient after which training fails.

    Raises
    ------
    InputError
        If a number is out of range, or the precision is unknown.

    References
    ----------
    Smith & Topin, Super-convergence, 2018 (rise and fall of the learning rate). Kingma & Ba, Adam, ICLR 2015.

    Examples
    --------
    >>> from topicml.training import Training
    >>> Training(batch_size=100).epochs(1000)
    30
    """

    def __init__(
        self,
        *,
        max_epochs: int | None = None,
        epoch_size: int = 50_000,
        batch_size: int = 200,
        learning_rate: float = 0.005,
        clip: float = 100.0,
        validation_fraction: float = 0.05,
        patience: int | None = None,
        precision: str = "auto",
        device: str = "auto",
        min_epochs: int = 15,
        min_steps: int = 300,
        warmup: float = 0.1,
        first_rate: float = 0.04,
        decay: bool = True,
        betas: tuple[float, float] = (0.9, 0.999),
        max_held_out: int = 5000,
        max_skips: int = 10,
    ) -> None:
        self.max_epochs = max_epochs
        self.epoch_size = epoch_size
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip = clip
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.precision = precision
        self.device = device
        self.min_epochs = min_epochs
        self.min_steps = min_steps
        self.warmup = warmup
        self.first_rate = first_rate
        self.decay = decay
        self.betas = betas
        self.max_held_out = max_held_out
        self.max_skips = max_skips
        require(batch_size >= 2, "batch_size", batch_size, "at least 2")
        require(epoch_size >= 2, "epoch_size", epoch_size, "at least 2")
        for name in ("max_epochs", "patience"):
            value = getattr(self, name)
            require(value is None or value >= 1, name, value, "None or at least 1")
        for name in ("min_epochs", "min_steps", "max_skips"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        require(0 < learning_rate < 1, "learning_rate", learning_rate, "more than 0 and less than 1")
        require(clip > 0, "clip", clip, "positive")
        for name in ("validation_fraction", "warmup"):
            require(0 <= getattr(self, name) < 1, name, getattr(self, name), "in [0, 1)")
        require(0 <= first_rate <= 1, "first_rate", first_rate, "in [0, 1]")
        require(max_held_out >= 0, "max_held_out", max_held_out, "at least 0")
        require(isinstance(decay, bool), "decay", decay, "True or False")
        pair = isinstance(betas, list | tuple) and len(betas) == 2 and all(map(is_number, betas))
        require(pair and all(0 <= beta < 1 for beta in betas), "betas", betas, "two numbers in [0, 1)")
        check_precision(precision)

    def epochs(self, n_docs: int, *, times: int = 1) -> int:
        """Return the largest number of epochs for `n_docs` documents.

        Parameters
        ----------
        n_docs : int
            Number of training documents.
        times : int
            Factor of the number, if `max_epochs` is None (`topicml.models.Story.times_epochs`).
        """
        if self.max_epochs is not None:
            return self.max_epochs
        return times * max(self.min_epochs, math.ceil(self.min_steps / math.ceil(n_docs / self.batch_size)))

    def in_epochs(self, sampler: Any) -> Any:
        """Return a sampler whose epochs have at most `epoch_size` documents.

        Parameters
        ----------
        sampler : BatchSampler
            Batches of all training documents.

        Returns
        -------
        BatchSampler or ShortEpochs
            The same sampler if its epochs are not longer.
        """
        if len(sampler.rows) <= self.epoch_size:
            return sampler
        return ShortEpochs(sampler, max(1, self.epoch_size // self.batch_size))

    def patience_of(self, epochs: int) -> int:
        """Return the patience of a training of `epochs`, in epochs."""
        return math.ceil(epochs / 3) if self.patience is None else self.patience

    def rate(self, progress: float) -> float:
        """Return the learning rate at `progress`, the fraction of finished steps, in [0, 1]."""
        if not self.decay:
            return self.learning_rate
        if progress < self.warmup:
            return self.learning_rate * (self.first_rate + (1 - self.first_rate) * progress / self.warmup)
        return self.learning_rate * (0.5 * (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup))))
