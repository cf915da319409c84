"""Starting values of a model from documents, without a network: spectral topics, passages and word vectors."""

from topicml.starting.against import Against
from topicml.starting.clusters import DocumentClusters, document_clusters
from topicml.starting.embeddings import word_vectors
from topicml.starting.mean_vectors import DocumentVectors, document_vectors
from topicml.starting.salient import topics_against
from topicml.starting.seed_files import read_seeds
from topicml.starting.seeds import Seeds, seeds_from
from topicml.starting.start import EXCLUSIVITY, Start, start_from
from topicml.starting.topics import starting_topics
from topicml.starting.vector_files import read_vectors
from topicml.starting.vector_start import VectorStart
from topicml.starting.vectors import check_vectors, starting_vectors

__all__ = [
    "EXCLUSIVITY",
    "Against",
    "DocumentClusters",
    "DocumentVectors",
    "Seeds",
    "Start",
    "VectorStart",
    "check_vectors",
    "document_clusters",
    "document_vectors",
    "read_seeds",
    "read_vectors",
    "seeds_from",
    "start_from",
    "starting_topics",
    "starting_vectors",
    "topics_against",
    "word_vectors",
]
