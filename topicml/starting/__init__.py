"""Starting values of a model from documents, without a network: spectral topics, passages and word vectors."""

from topicml.starting.against import Against
from topicml.starting.clusters import DocumentClusters, document_clusters
from topicml.starting.dictionary import Dictionary, dictionary_from
from topicml.starting.embeddings import word_vectors
from topicml.starting.mean_vectors import DocumentVectors, document_vectors
from topicml.starting.salient import topics_against
from topicml.starting.seed_files import read_seeds
from topicml.starting.seeds import Seeds, seeds_from
from topicml.starting.start import EXCLUSIVITY, Start, start_from
from topicml.starting.topics import starting_topics
from topicml.starting.translations import Translations, warn_of_languages_alone, with_translations
from topicml.starting.vector_files import read_vectors
from topicml.starting.vector_start import VectorStart
from topicml.starting.vectors import check_vectors, starting_vectors
from topicml.starting.word_alignment import learned_dictionary

__all__ = [
    "EXCLUSIVITY",
    "Against",
    "Dictionary",
    "DocumentClusters",
    "DocumentVectors",
    "Seeds",
    "Start",
    "Translations",
    "VectorStart",
    "check_vectors",
    "dictionary_from",
    "document_clusters",
    "document_vectors",
    "learned_dictionary",
    "read_seeds",
    "read_vectors",
    "seeds_from",
    "start_from",
    "starting_topics",
    "starting_vectors",
    "topics_against",
    "warn_of_languages_alone",
    "with_translations",
    "word_vectors",
]
