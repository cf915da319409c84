"""Measures of topics: coherence, diversity, similarity, significance, agreement with labels. Without torch."""

from topicml.metrics.classification import Classification, classification
from topicml.metrics.clusters import Clustering, clustering
from topicml.metrics.coherence import coherence
from topicml.metrics.completion import completion_perplexity, perplexity, split_counts, split_tokens
from topicml.metrics.coverage import coverage
from topicml.metrics.divergence import kl_divergence, log_odds_ratio
from topicml.metrics.diversity import inverted_rbo, topic_diversity, topic_uniqueness
from topicml.metrics.embedding import embedding_coherence
from topicml.metrics.embedding_similarity import (
    embedding_rbo,
    embedding_similarity,
    inverted_embedding_rbo,
    weighted_embedding_similarity,
)
from topicml.metrics.intrusion import word_intrusion
from topicml.metrics.leading import leading_counts, leading_topics
from topicml.metrics.reference import Reference
from topicml.metrics.report import score
from topicml.metrics.result import Score
from topicml.metrics.significance import kl_background, kl_uniform, kl_vacuous
from topicml.metrics.similarity import jaccard, rbo
from topicml.metrics.stability import stability
from topicml.metrics.table import MEASURES, Measure, evaluate
from topicml.metrics.vectors import WordVectors

__all__ = [
    "MEASURES",
    "Classification",
    "Clustering",
    "Measure",
    "Reference",
    "Score",
    "WordVectors",
    "classification",
    "clustering",
    "coherence",
    "completion_perplexity",
    "coverage",
    "embedding_coherence",
    "embedding_rbo",
    "embedding_similarity",
    "evaluate",
    "inverted_embedding_rbo",
    "inverted_rbo",
    "jaccard",
    "kl_background",
    "kl_divergence",
    "kl_uniform",
    "kl_vacuous",
    "leading_counts",
    "leading_topics",
    "log_odds_ratio",
    "perplexity",
    "rbo",
    "score",
    "split_counts",
    "split_tokens",
    "stability",
    "topic_diversity",
    "topic_uniqueness",
    "weighted_embedding_similarity",
    "word_intrusion",
]
