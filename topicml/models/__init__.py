"""Topic models: a generative story and an estimator each."""

from topicml.models.base import TopicModel
from topicml.models.prodlda import ProdLDA
from topicml.models.storage import load

__all__ = ["ProdLDA", "TopicModel", "load"]
