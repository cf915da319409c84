"""Measures of topics: coherence, diversity, agreement with labels. None needs torch."""

from topicml.metrics.clusters import Clustering, clustering
from topicml.metrics.coherence import coherence
from topicml.metrics.diversity import inverted_rbo, topic_diversity, topic_uniqueness
from topicml.metrics.reference import Reference
from topicml.metrics.report import score
from topicml.metrics.result import Score

__all__ = [
    "Clustering",
    "Reference",
    "Score",
    "clustering",
    "coherence",
    "inverted_rbo",
    "score",
    "topic_diversity",
    "topic_uniqueness",
]
