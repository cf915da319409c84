"""Networks: batches, encoders, decoders, priors and the word likelihood."""

from topicml.nn.bag_of_words import BagOfWords, MixtureOfWords, ProductOfWords
from topicml.nn.batch import Batch
from topicml.nn.decoder import MixtureDecoder, ProductDecoder
from topicml.nn.encoder import BagEncoder
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.nn.prior import laplace_dirichlet

__all__ = [
    "BagEncoder",
    "BagOfWords",
    "Batch",
    "MixtureDecoder",
    "MixtureOfWords",
    "Posterior",
    "ProductDecoder",
    "ProductOfWords",
    "TopicNetwork",
    "laplace_dirichlet",
]
