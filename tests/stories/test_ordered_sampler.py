from itertools import pairwise

import numpy as np
import torch

from topicml.corpus import Corpus
from topicml.nn.windows import OrderedBatch
from topicml.stories.lda2vec import OrderedSampler

LISTS = [["a", "b", "c", "a"], [], ["c", "c"], ["d", "b", "a"], ["e"]]


def test_batches_have_the_words_of_their_rows_in_order():
    corpus = Corpus.from_tokens(LISTS)
    batch = OrderedSampler(corpus.counts, np.arange(5), corpus, batch_size=3, seed=0).batch(0, 0)
    words = [[corpus.vocabulary[i] for i in batch.tokens[a:b].tolist()] for a, b in pairwise(batch.token_offsets)]
    assert words == [LISTS[row] for row in batch.rows]
    copy = batch.to("cpu")
    assert isinstance(copy, OrderedBatch)
    assert torch.equal(copy.tokens, batch.tokens)


def test_words_are_mapped_to_the_columns_of_the_model_and_unknown_words_are_dropped():
    corpus = Corpus.from_tokens(LISTS)
    model = ["c", "x", "a"]
    columns = np.array([model.index(word) if word in model else -1 for word in corpus.vocabulary])
    counts = Corpus.from_tokens(LISTS, vocabulary=model).counts
    batch = OrderedSampler(counts, np.arange(5), corpus, columns, batch_size=5, seed=0).batch(0, 0)
    words = [[model[i] for i in batch.tokens[a:b].tolist()] for a, b in pairwise(batch.token_offsets)]
    assert words == [["a", "c", "a"], [], ["c", "c"], ["a"], []]
    assert torch.equal(batch.lengths, torch.tensor([3.0, 0.0, 2.0, 1.0, 0.0]))
