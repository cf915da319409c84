"""OCTIS: its datasets and folders, its model outputs and metrics, and topicml's models as OCTIS models.

- `to_dataset`, `from_dataset`: convert between `Corpus` and OCTIS's ``Dataset``.
- `write_folder`, `read_folder`: write and read OCTIS's folders. They do not need OCTIS.
- `OctisModel`: a topicml model that OCTIS trains, scores and optimises.
- `train`, `from_output`: the topics of an OCTIS model, as `Fitted`. `measure`: an OCTIS metric as a function of topics.
- `topicml.integrations.octis.adapter:fit`, `grid_measure`: OCTIS's models and metrics in `topicml.experiment`.

OCTIS 1.14.0 requires versions of 2022 and cannot be installed with its dependencies on Python 3.11. It runs without
them: ``pip install --no-deps octis==1.14.0``, and ``pip install requests``. Its `Optimizer` also needs scikit-optimize
and matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topicml.integrations.octis.datasets import from_dataset, to_dataset
    from topicml.integrations.octis.folders import read_folder, write_folder
    from topicml.integrations.octis.models import OctisModel, train
    from topicml.integrations.octis.outputs import from_output, grid_measure, measure, to_output

_HOMES = {
    "OctisModel": "models",
    "from_dataset": "datasets",
    "from_output": "outputs",
    "grid_measure": "outputs",
    "measure": "outputs",
    "read_folder": "folders",
    "to_dataset": "datasets",
    "to_output": "outputs",
    "train": "models",
    "write_folder": "folders",
}

__all__ = [
    "OctisModel",
    "from_dataset",
    "from_output",
    "grid_measure",
    "measure",
    "read_folder",
    "to_dataset",
    "to_output",
    "train",
    "write_folder",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"topicml.integrations.octis.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'topicml.integrations.octis' has no attribute {name!r}")
