"""Measures of topics: coherence, diversity, similarity, significance, agreement with labels. Without torch."""

from topicml.metrics.beyond_words import beyond_first_words
from topicml.metrics.classification import Classification, classification
from topicml.metrics.clusters import Clustering, clustering
from topicml.metrics.coherence import coherence
from topicml.metrics.completion import (
    completion_perplexity,
    perplexity,
    split_counts,
    split_tokens,
    unigram_perplexity,
)
from topicml.metrics.coverage import coverage
from topicml.metrics.divergence import kl_divergence, log_odds_ratio
from topicml.metrics.diversity import inverted_rbo, topic_diversity, topic_uniqueness
from topicml.metrics.documents_led import document_coverage, topic_document_agreement
from topicml.metrics.embedding import embedding_coherence
from topicml.metrics.embedding_similarity import (
    embedding_rbo,
    embedding_similarity,
    inverted_embedding_rbo,
    weighted_embedding_similarity,
)
from topicml.metrics.intrusion import word_intrusion
from topicml.metrics.leading import leading_counts, leading_topics
from topicml.metrics.learned import learned_overlap
from topicml.metrics.meetings import Meetings, word_meetings
from topicml.metrics.permutation import Differences, permutation_test
from topicml.metrics.reference import Reference
from topicml.metrics.report import score
from topicml.metrics.result import Score
from topicml.metrics.significance import kl_background, kl_uniform, kl_vacuous
from topicml.metrics.similarity import jaccard, rbo
from topicml.metrics.stability import stability
from topicml.metrics.table import MEASURES, Measure, evaluate
from topicml.metrics.vectors import WordVectors
from topicml.metrics.word_frequency import top_word_frequency

__all__ = [
    "MEASURES",
    "Classification",
    "Clustering",
    "Differences",
    "Measure",
    "Meetings",
    "Reference",
    "Score",
    "WordVectors",
    "beyond_first_words",
    "classification",
    "clustering",
    "coherence",
    "completion_perplexity",
    "coverage",
    "document_coverage",
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
    "learned_overlap",
    "log_odds_ratio",
    "permutation_test",
    "perplexity",
    "rbo",
    "score",
    "split_counts",
    "split_tokens",
    "stability",
    "top_word_frequency",
    "topic_diversity",
    "topic_document_agreement",
    "topic_uniqueness",
    "unigram_perplexity",
    "weighted_embedding_similarity",
    "word_intrusion",
    "word_meetings",
]
