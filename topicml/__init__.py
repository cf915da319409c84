"""topicml: neural topic models.

The public names are imported when first used, so ``import topicml`` costs next to nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topicml import metrics, pareto
    from topicml.corpus import Corpus, Preprocessor
    from topicml.models import ECRTM, ETM, TSCTM, DocNADE, LDA2Vec, ProdLDA, load
    from topicml.objectives import SetContrast
    from topicml.runs import open_run

__version__ = "0.1.0"

# Read when torch loads its OpenMP (GNU's). By default a waiting thread spins so long that a fit is 20 times slower
# where another process wants the same cores; if it sleeps at once, it wakes too late. Spinning a little costs neither.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# Read when torch first uses a GPU: with it, CUDA's matrix products give the same bits every time.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

_HOMES = {
    "Corpus": "topicml.corpus",
    "Preprocessor": "topicml.corpus",
    "DocNADE": "topicml.models",
    "ECRTM": "topicml.models",
    "ETM": "topicml.models",
    "LDA2Vec": "topicml.models",
    "ProdLDA": "topicml.models",
    "SetContrast": "topicml.objectives",
    "TSCTM": "topicml.models",
    "load": "topicml.models",
    "open_run": "topicml.runs",
}
_ROOMS = {
    *("corpus", "errors", "experiment", "explore", "integrations", "metrics", "models", "nn", "objectives", "pareto"),
    *("report", "runs", "starting", "training"),
}

__all__ = [
    "Corpus",
    "Preprocessor",
    "ProdLDA",
    "ETM",
    "ECRTM",
    "LDA2Vec",
    "TSCTM",
    "DocNADE",
    "SetContrast",
    "load",
    "open_run",
    "metrics",
    "pareto",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return import_module(f"topicml.{name}")
    raise AttributeError(f"module 'topicml' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
