"""What a fit was asked to do, as plain values that ``run.json`` can hold."""

import inspect
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from topicml.cli.reading import Reading
from topicml.errors import InputError

if TYPE_CHECKING:
    from topicml.models import TopicModel

MODELS = {"prodlda": "ProdLDA", "etm": "ETM", "ecrtm": "ECRTM", "lda2vec": "LDA2Vec", "tsctm": "TSCTM"}
# Hyper-parameters that --set does not take.
_OWN_OPTIONS = {
    "n_topics": "--topics",
    "random_state": "--seed",
    "max_epochs": "--epochs",
    "device": "--device",
    "contrast": "--contrast",
    "balance": "--balance",
    "verbose": "--verbose or --quiet",
    "preprocessor": "--language, --preprocess and their like",
}


@dataclass(frozen=True)
class FitSettings:
    """The configuration of a run.

    Attributes
    ----------
    reading : Reading
        The source and how it is read.
    model : str
        A key of `MODELS`.
    parameters : dict
        Hyper-parameters that were given; the model's defaults hold for the others.
    set_size : int or None
        Documents a set, where the contrast is of sets.
    views : list of str
        Columns of other texts of the same documents.
    """

    reading: Reading
    model: str = "prodlda"
    parameters: dict[str, Any] = field(default_factory=dict)
    set_size: int | None = None
    views: list[str] = field(default_factory=list)

    def to_record(self) -> dict[str, Any]:
        """Return the settings as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Return the settings that `to_record` gave."""
        return cls(**{**record, "reading": Reading(**record["reading"])})

    def build(self, *, verbose: bool | None) -> "TopicModel":
        """Return the unfitted model.

        Raises
        ------
        InputError
            If the model has no such hyper-parameter, or one is out of range.
        """
        import topicml

        kind = getattr(topicml, MODELS[self.model])
        known = inspect.signature(kind).parameters
        for name in self.parameters:
            if name not in known:
                there = ", ".join(each for each in known if each not in _OWN_OPTIONS)
                raise InputError(f"{MODELS[self.model]} has no hyper-parameter {name!r}. --set takes: {there}.")
        model: TopicModel = kind(**self.parameters, **self._sets(), verbose=verbose)
        model.check_parameters()  # before a large corpus is read
        return model

    def _sets(self) -> dict[str, Any]:
        """The contrast of sets of the size asked for."""
        if self.set_size is None:
            return {}
        from topicml.objectives import SetContrast

        return {"contrast": SetContrast(set_size=self.set_size, view="user" if self.views else "word_dropout")}


def parse_parameters(pairs: Sequence[str]) -> dict[str, Any]:
    """Read the pairs of --set.

    Raises
    ------
    InputError
        If a pair has no "=", or names what has an option of its own.
    """
    parameters = parse_pairs(pairs, "--set")
    for name in parameters:
        if name in _OWN_OPTIONS:
            raise InputError(f"--set {name}: use {_OWN_OPTIONS[name]}.")
    return parameters


def parse_pairs(pairs: Sequence[str], option: str) -> dict[str, Any]:
    """Read ``name=value`` pairs; a value is JSON (numbers, true, lists), or else a string."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise InputError(f"{option} takes NAME=VALUE; received {pair!r}.")
        try:
            values[name.strip().replace("-", "_")] = json.loads(value)
        except ValueError:
            values[name.strip().replace("-", "_")] = value.strip()
    return values
