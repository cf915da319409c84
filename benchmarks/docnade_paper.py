"""The papers' DocNADE, and its contextual form (textTOvec), which also reads the words before in their order."""

from collections.abc import Callable
from statistics import mean

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml import Corpus
from topicml.corpus.tokens import take_documents
from topicml.metrics.completion import rows_in_both, split_counts

LONGEST, BATCH, EPOCHS, PATIENCE = 300, 64, 40, 2
SPLIT_EPOCHS, SPLIT_PATIENCE = 200, 10  # of training on splits, in whose epoch one part of a document predicts the rest
PREDICTED = 30  # words of a document in an epoch, where documents have more words in the mean

Draw = Callable[[np.ndarray, np.random.Generator], tuple[Tensor, Tensor]]
"""The padded words of some rows, in the order in which they are predicted, and where there is a word."""


class DocNADE(nn.Module):
    """p(word i | words before) = softmax(U tanh(c + sum_j<i W[word j]) + b)."""

    def __init__(self, frequency: np.ndarray, hidden: int) -> None:
        super().__init__()
        self.words = nn.Embedding(len(frequency), hidden)
        self.output = nn.Linear(hidden, len(frequency))
        self.bias = nn.Parameter(torch.zeros(hidden))
        nn.init.normal_(self.words.weight, std=0.05)
        with torch.no_grad():
            self.output.bias.copy_(torch.from_numpy(np.log(frequency + 1e-8)))

    def before(self, words: Tensor, known: Tensor) -> Tensor:
        """The hidden vector before each word, (n_docs, longest, hidden)."""
        vectors = self.words(words) * known.unsqueeze(-1)
        return torch.tanh(self.bias + vectors.cumsum(dim=1) - vectors)

    def loss(self, words: Tensor, known: Tensor, most: int = LONGEST) -> Tensor:
        """Nats per word of padded documents (n_docs, longest), whose words are where `known` is true.

        Of a document with more than `most` words, as many at random are predicted.
        """
        before = self.before(words, known)
        if most < words.shape[1]:
            drawn = torch.where(known, torch.rand(words.shape), 2.0)
            known = known & (drawn <= drawn.kthvalue(most, dim=1, keepdim=True).values)
        return functional.cross_entropy(self.output(before[known]), words[known])

    def split_loss(self, words: Tensor, known: Tensor) -> Tensor:
        """Nats per word when a random part of each document, from none to all of its words, predicts the others.

        As a mean over orders, as of the loss of topicml's DocNADE (`topicml.stories.docnade.OrderlessLikelihood`).
        """
        observed = known & (torch.rand(known.shape) < torch.rand(len(known), 1))
        others = known & ~observed
        first = observed.sort(dim=1, descending=True, stable=True)
        after = self.given(words.gather(1, first.indices), first.values)
        log_p = self.output(after).log_softmax(dim=1).gather(1, words)
        n_words, n_others = known.sum(dim=1), others.sum(dim=1).clamp_min(1)
        return -((log_p * others).sum(dim=1) * (n_words + 1) / n_others).sum() / n_words.sum()

    def given(self, words: Tensor, known: Tensor) -> Tensor:
        """The hidden vector after padded documents, (n_docs, hidden)."""
        return torch.tanh(self.bias + (self.words(words) * known.unsqueeze(-1)).sum(dim=1))

    def hidden(self, counts: sp.csr_matrix) -> Tensor:
        """The hidden vector after all words of each document, (n_docs, hidden)."""
        return torch.tanh(self.bias + self.total(counts))

    def total(self, counts: sp.csr_matrix) -> Tensor:
        """The sum of the vectors of the words of each document, (n_docs, hidden)."""
        ids, offsets = (torch.from_numpy(each.astype(np.int64)) for each in (counts.indices, counts.indptr))
        weights = torch.from_numpy(counts.data.astype(np.float32))
        return functional.embedding_bag(
            ids, self.words.weight, offsets, mode="sum", per_sample_weights=weights, include_last_offset=True
        )


class ContextualDocNADE(DocNADE):
    """ctx-DocNADE: tanh(c + sum_j<i W[word j] + weight * LSTM(words before i, in order)), (Gupta et al., ICLR 2019).

    The LSTM reads the vectors W of words, and beside them fixed `vectors`, if there are any. (The paper adds the fixed
    vectors to W, and they have the same length.)
    """

    def __init__(self, frequency: np.ndarray, hidden: int, weight: float, vectors: np.ndarray | None = None) -> None:
        super().__init__(frequency, hidden)
        fixed = np.zeros((len(frequency), 0)) if vectors is None else vectors
        self.fixed = nn.Embedding.from_pretrained(torch.from_numpy(fixed.astype(np.float32)))
        self.weight = weight
        self.lstm = nn.LSTM(hidden + fixed.shape[1], hidden, batch_first=True)

    def before(self, words: Tensor, known: Tensor) -> Tensor:
        """The hidden vector before each word, (n_docs, longest, hidden)."""
        vectors = self.words(words) * known.unsqueeze(-1)
        states = functional.pad(self.states(words)[:, :-1], (0, 0, 1, 0))
        return torch.tanh(self.bias + vectors.cumsum(dim=1) - vectors + self.weight * states)

    def given(self, words: Tensor, known: Tensor) -> Tensor:
        """The hidden vector after padded documents, (n_docs, hidden)."""
        total = (self.words(words) * known.unsqueeze(-1)).sum(dim=1)
        return torch.tanh(self.bias + total + self.weight * last_states(self.states, words, known))

    def states(self, words: Tensor) -> Tensor:
        """The state of the LSTM after each word, (n_docs, longest, hidden)."""
        states: Tensor = self.lstm(torch.cat([self.words(words), self.fixed(words)], dim=-1))[0]
        return states

    def after(self, corpus: Corpus, counts: sp.csr_matrix) -> Tensor:
        """The hidden vector after those words of each document that `counts` has, in their order, (n_docs, hidden)."""
        last = [
            last_states(self.states, *padded(*words_in_order(corpus, counts, rows)))
            for rows in np.split(np.arange(len(corpus)), range(500, len(corpus), 500))
        ]
        return torch.tanh(self.bias + self.total(counts) + self.weight * torch.cat(last))


def last_states(states: Callable[[Tensor], Tensor], words: Tensor, known: Tensor) -> Tensor:
    """The state of an LSTM after the last word of padded documents, (n_docs, hidden); 0 where there is no word."""
    lengths = known.sum(dim=1)
    found = states(words)[torch.arange(len(words)), (lengths - 1).clamp_min(0)]
    return found * (lengths > 0).unsqueeze(1)


def words_in_order(corpus: Corpus, counts: sp.csr_matrix, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those words of documents that `counts` has, in the order of the corpus.

    Parameters
    ----------
    corpus : Corpus
        Documents with word order.
    counts : csr_matrix, (n_docs, n_words)
        How often each word of each document is kept, at most as often as it occurs; of the places of a word, as many
        are drawn at random.
    rows : ndarray of int
        The documents.

    Returns
    -------
    words : ndarray of int, (n_kept,)
    lengths : ndarray of int, (n_rows,)
    """
    assert corpus.tokens is not None and corpus.offsets is not None
    words, offsets = take_documents(corpus.tokens, corpus.offsets, rows)
    documents = np.repeat(np.arange(len(rows)), np.diff(offsets))
    order = np.lexsort((np.random.default_rng(0).random(len(words)), words, documents))
    starts = np.ones(len(words), dtype=bool)
    starts[1:] = (np.diff(words[order]) != 0) | (np.diff(documents[order]) != 0)
    number = np.arange(len(words)) - np.maximum.accumulate(np.where(starts, np.arange(len(words)), 0))
    kept = np.empty(len(words), dtype=bool)
    kept[order] = number < np.asarray(counts[rows[documents[order]], words[order]]).ravel()
    return words[kept], np.bincount(documents[kept], minlength=len(rows))


def padded(words: np.ndarray, lengths: np.ndarray, longest: int = LONGEST) -> tuple[Tensor, Tensor]:
    """The first `longest` words of documents, side by side, and where there is a word."""
    places = np.arange(min(max(lengths.max(initial=0), 1), longest))
    known = places < lengths[:, None]
    first = np.cumsum(lengths) - lengths
    found = np.zeros(known.shape, dtype=np.int64)
    found[known] = words[(first[:, None] + places)[known]]
    return torch.from_numpy(found), torch.from_numpy(known)


def in_random_order(counts: sp.csr_matrix) -> Draw:
    """Draw the words of documents in an order that is new each time."""

    def draw(rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        parts = [slice(counts.indptr[row], counts.indptr[row + 1]) for row in rows]
        documents = [rng.permutation(np.repeat(counts.indices[part], counts.data[part])) for part in parts]
        return padded(np.concatenate(documents), np.array([len(document) for document in documents]))

    return draw


def in_document_order(corpus: Corpus) -> Draw:
    """Draw the words of documents as they stand."""

    def draw(rows: np.ndarray, _: np.random.Generator) -> tuple[Tensor, Tensor]:
        words, offsets = take_documents(corpus.tokens, corpus.offsets, rows)  # type: ignore[arg-type]
        return padded(words, np.diff(offsets))

    return draw


def fitted(
    counts: sp.csr_matrix, draw: Draw, make: Callable[[np.ndarray], DocNADE], seed: int, *, splits: bool = False
) -> tuple[DocNADE, float]:
    """Train until a tenth of the documents is predicted no better; with the perplexity of this tenth.

    With `splits`, a part of each document predicts the others in place of each word the next.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    most = PREDICTED if counts.sum() > PREDICTED * counts.shape[0] else LONGEST
    epochs, patience = (SPLIT_EPOCHS, SPLIT_PATIENCE) if splits else (EPOCHS, PATIENCE)
    rows = rng.permutation(np.flatnonzero(np.diff(counts.indptr) > 0))
    validation, training = np.split(rows, [len(rows) // 10])
    frequency = np.asarray(counts[training].sum(axis=0)).ravel() + 1.0
    model = make((frequency / frequency.sum()).astype(np.float32))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state, waited = np.inf, model.state_dict(), 0
    for _ in range(epochs):
        order = rng.permutation(training)
        for start in range(0, len(order), BATCH):
            optimizer.zero_grad()
            drawn = draw(order[start : start + BATCH], rng)
            (model.split_loss(*drawn) if splits else model.loss(*drawn, most)).backward()
            optimizer.step()
        found = over_splits(model, draw, validation) if splits else word_after_word(model, draw, validation)
        waited += 1
        if found < best:
            best, waited = found, 0
            state = {name: value.clone() for name, value in model.state_dict().items()}
        if waited == patience:
            break
    model.load_state_dict(state)
    return model, float(np.exp(best))


@torch.no_grad()
def over_splits(model: DocNADE, draw: Draw, rows: np.ndarray, times: int = 5) -> float:
    """Nats per word of documents, of which parts predict the others; a mean over the same splits in each call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        drawn = draw(rows, np.random.default_rng(0))
        return mean(float(model.split_loss(*drawn)) for _ in range(times))


@torch.no_grad()
def word_after_word(model: DocNADE, draw: Draw, rows: np.ndarray) -> float:
    """Nats per word of documents, each word predicted from those before it; a mean over batches."""
    fixed = np.random.default_rng(0)
    starts = range(0, len(rows), BATCH)
    return mean(float(model.loss(*draw(rows[start : start + BATCH], fixed))) for start in starts)


@torch.no_grad()
def perplexity(model: DocNADE, hidden: Callable[[sp.csr_matrix], Tensor], counts: sp.csr_matrix) -> float:
    """Document completion with the halves of `topicml.metrics.perplexity`: one predicts each word of the other.

    `hidden` gives the hidden vectors of documents after the words of one half.
    """
    observed, held_out = split_counts(counts, np.random.default_rng(0))
    vectors = hidden(observed)
    rows = rows_in_both(observed, held_out)
    total, n_words = 0.0, 0.0
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        log_p = model.output(vectors[torch.from_numpy(part)]).log_softmax(dim=1).numpy()
        words = sp.csr_matrix(held_out[part]).tocoo()
        total += float((words.data * log_p[words.row, words.col]).sum())
        n_words += float(words.data.sum())
    return float(np.exp(-total / n_words))
