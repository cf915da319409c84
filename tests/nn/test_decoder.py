"""Decoders: what they start from."""

import numpy as np
import pytest
import torch

from topicml.corpus import synthetic
from topicml.corpus.documents import Documents
from topicml.models import model_class
from topicml.nn.decoder import MixtureDecoder, ProductDecoder


def test_without_topics_a_product_decoder_starts_at_the_frequency_of_words():
    frequency = np.array([0.5, 0.25, 0.125, 0.125])
    decoder = ProductDecoder(np.zeros((3, 4)), np.log(frequency)).eval()
    theta = torch.full((2, 3), 1 / 3)
    np.testing.assert_allclose(decoder(theta).logits.softmax(-1)[0].detach(), frequency, rtol=1e-5)


def test_a_product_decoder_without_background_starts_at_equal_words():
    decoder = ProductDecoder(np.zeros((3, 4))).eval()
    assert not decoder.norm.bias.any()


def test_a_mixture_decoder_starts_at_the_frequency_of_words():
    decoder = MixtureDecoder(np.zeros((3, 4)), np.log([0.5, 0.25, 0.125, 0.125])).eval()
    np.testing.assert_allclose(decoder.topic_word()[0].detach(), [0.5, 0.25, 0.125, 0.125], rtol=1e-5)


@pytest.mark.parametrize("name", ["ProdLDA", "TSCTM", "ECRTM"])
def test_models_start_with_the_frequency_of_the_words_of_their_training_documents(name):
    corpus = synthetic.short_text(100, 4, 60, random_state=0).corpus
    parts = model_class(name)(4).composition()
    rows = np.arange(0, 100, 2)
    network, shapes = parts.network(Documents(corpus.counts, rows=rows), 0)
    frequency = np.asarray(corpus.counts[rows].sum(axis=0), dtype=float).ravel() + 0.5
    np.testing.assert_allclose(network.decoder.norm.bias.detach(), np.log(frequency / frequency.sum()), rtol=1e-5)
    assert shapes["background"] == [corpus.n_words]
    random, _ = model_class(name)(4, init="random").composition().network(Documents(corpus.counts), 0)
    assert not random.decoder.norm.bias.any()  # topics form faster while frequencies are still to be learned
