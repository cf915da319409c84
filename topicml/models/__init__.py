"""Topic models: a generative story and an estimator each."""

from importlib import import_module
from typing import TYPE_CHECKING

from topicml.models.base import TopicModel
from topicml.models.registry import model_class, model_names, register
from topicml.models.storage import MODELS, load

if TYPE_CHECKING:
    from topicml.models.ecrtm import ECRTM
    from topicml.models.etm import ETM
    from topicml.models.lda2vec import LDA2Vec
    from topicml.models.prodlda import ProdLDA
    from topicml.models.tsctm import TSCTM

__all__ = [
    "ECRTM",
    "ETM",
    "LDA2Vec",
    "MODELS",
    "ProdLDA",
    "TSCTM",
    "TopicModel",
    "load",
    "model_class",
    "model_names",
    "register",
]


def __getattr__(name: str) -> object:
    if name in MODELS:
        return getattr(import_module(MODELS[name]), name)
    raise AttributeError(f"module 'topicml.models' has no attribute {name!r}")
