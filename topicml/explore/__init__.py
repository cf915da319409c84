"""Tables and plots of fitted models."""

from topicml.explore.balance import plot_balance
from topicml.explore.bertopic import LikeBERTopic
from topicml.explore.calibration import calibrated, calibration_error, reliability
from topicml.explore.changes import topic_changes
from topicml.explore.closest_label import ClosestLabel
from topicml.explore.corpus_contrast import CorpusContrast, contrast
from topicml.explore.documents import document_info, representative_documents
from topicml.explore.drift import drift
from topicml.explore.effects import Effects, effects
from topicml.explore.groups import topics_over_time, topics_per_class
from topicml.explore.label_server import LabelServer
from topicml.explore.labelling import LabellingError, TopicToLabel, labelling_cost
from topicml.explore.languages import side_by_side, words_by_language
from topicml.explore.near_copies import near_copies
from topicml.explore.nearest_by_encoder import nearest_by_encoder, nearest_topics_by_encoder
from topicml.explore.nearest_documents import nearest_documents
from topicml.explore.plot_courses import (
    plot_coherence_diversity,
    plot_topics_over_time,
    plot_topics_per_class,
    plot_training,
)
from topicml.explore.plot_maps import plot_document_map, plot_hierarchy, plot_similarity, plot_topic_map
from topicml.explore.plot_words import plot_term_rank, plot_topic, plot_word_cloud
from topicml.explore.rows import label_rows
from topicml.explore.similar_topics import similar_topics
from topicml.explore.topics import nearest_topics, topic_correlation, topic_similarity, topic_sizes
from topicml.explore.two_corpora import contrast_corpora
from topicml.explore.uncertainty import document_uncertainty, theta_samples, word_uncertainty
from topicml.explore.view import TopicView
from topicml.explore.words import top_words, words_at

__all__ = [
    "TopicView",
    "LikeBERTopic",
    "top_words",
    "words_at",
    "words_by_language",
    "side_by_side",
    "topic_sizes",
    "topic_similarity",
    "topic_correlation",
    "similar_topics",
    "nearest_topics",
    "label_rows",
    "labelling_cost",
    "LabelServer",
    "ClosestLabel",
    "LabellingError",
    "TopicToLabel",
    "document_info",
    "representative_documents",
    "nearest_documents",
    "nearest_by_encoder",
    "nearest_topics_by_encoder",
    "near_copies",
    "topics_per_class",
    "topics_over_time",
    "topic_changes",
    "drift",
    "effects",
    "Effects",
    "contrast",
    "contrast_corpora",
    "CorpusContrast",
    "calibrated",
    "reliability",
    "calibration_error",
    "theta_samples",
    "document_uncertainty",
    "word_uncertainty",
    "plot_topic",
    "plot_term_rank",
    "plot_word_cloud",
    "plot_topic_map",
    "plot_document_map",
    "plot_similarity",
    "plot_hierarchy",
    "plot_topics_over_time",
    "plot_topics_per_class",
    "plot_training",
    "plot_coherence_diversity",
    "plot_balance",
]
