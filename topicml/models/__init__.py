"""Topic models: the protocol of stories, the estimator, the registry, and saved models."""

from importlib import import_module
from typing import TYPE_CHECKING

from topicml.models.growth import Changes, Growth
from topicml.models.named import NamedModel
from topicml.models.ranking import RANKINGS, WordRanking
from topicml.models.registry import HOMES, model_class, model_names, register
from topicml.models.storage import load
from topicml.models.story import Story
from topicml.models.topic_model import TopicModel
from topicml.models.untrained import starting_topics
from topicml.models.variational import VariationalStory

if TYPE_CHECKING:
    from topicml.stories.docnade import DocNADE
    from topicml.stories.ecrtm import ECRTM
    from topicml.stories.etm import ETM
    from topicml.stories.lda2vec import LDA2Vec
    from topicml.stories.prodlda import ProdLDA
    from topicml.stories.tsctm import TSCTM

__all__ = [
    "Changes",
    "DocNADE",
    "ECRTM",
    "ETM",
    "Growth",
    "LDA2Vec",
    "NamedModel",
    "RANKINGS",
    "ProdLDA",
    "Story",
    "TSCTM",
    "TopicModel",
    "VariationalStory",
    "WordRanking",
    "load",
    "model_class",
    "model_names",
    "register",
    "starting_topics",
]


def __getattr__(name: str) -> object:
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module 'topicml.models' has no attribute {name!r}")
