"""DocNADE, the paper's and topicml's, on unseen documents: completion perplexity, and documents found by similar ones.

    python benchmarks/docnade.py

DocNADE (Larochelle & Lauly 2012; with a full softmax, as in Gupta et al., AAAI 2019) predicts each word of a document
from the words before it, in an order that is drawn anew in each epoch. Writes docnade.md.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from machine import ROOT, provenance
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize
from structure_runs import file_of, kept, table_of_means
from torch import Tensor, nn
from torch.nn import functional

import topicml
from topicml import Corpus
from topicml.files import atomic_file
from topicml.metrics.completion import rows_in_both, split_counts

FOLDER = Path(os.environ.get("TOPICML_CORPORA", ROOT.parent / "shared" / "corpora"))
CORPORA = ("20NG", "SearchSnippets", "AGNews")
SHARE = 0.02  # of the training documents that are looked at for each query
LONGEST, BATCH, EPOCHS, PATIENCE = 300, 64, 40, 2
PREDICTED = 30  # words of a document in an epoch, where documents have more words in the mean


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

    def loss(self, words: Tensor, known: Tensor, most: int = LONGEST) -> Tensor:
        """Nats per word of padded documents (n_docs, longest), whose words are where `known` is true.

        Of a document with more than `most` words, as many at random are predicted.
        """
        vectors = self.words(words) * known.unsqueeze(-1)
        before = torch.tanh(self.bias + vectors.cumsum(dim=1) - vectors)
        if most < words.shape[1]:
            drawn = torch.where(known, torch.rand(words.shape), 2.0)
            known = known & (drawn <= drawn.kthvalue(most, dim=1, keepdim=True).values)
        return functional.cross_entropy(self.output(before[known]), words[known])

    def hidden(self, counts: sp.csr_matrix) -> Tensor:
        """The hidden vector after all words of each document, (n_docs, hidden)."""
        matrix = torch.sparse_csr_tensor(
            *map(torch.from_numpy, (counts.indptr.astype(np.int64), counts.indices.astype(np.int64))),
            torch.from_numpy(counts.data.astype(np.float32)),
            size=counts.shape,
        )
        return torch.tanh(self.bias + matrix @ self.words.weight)


def padded(counts: sp.csr_matrix, rows: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """The words of documents in a random order, at most `LONGEST` of each."""
    documents = []
    for row in rows:
        part = slice(counts.indptr[row], counts.indptr[row + 1])
        documents.append(rng.permutation(np.repeat(counts.indices[part], counts.data[part]))[:LONGEST])
    longest = max(map(len, documents))
    words, known = np.zeros((len(rows), longest), dtype=np.int64), np.zeros((len(rows), longest), dtype=bool)
    for i, document in enumerate(documents):
        words[i, : len(document)], known[i, : len(document)] = document, True
    return torch.from_numpy(words), torch.from_numpy(known)


def fitted(counts: sp.csr_matrix, hidden: int, seed: int) -> DocNADE:
    """Train until the words of a tenth of the documents are predicted no better for two epochs."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    most = PREDICTED if counts.sum() > PREDICTED * counts.shape[0] else LONGEST
    rows = rng.permutation(np.flatnonzero(np.diff(counts.indptr) > 0))
    validation, training = np.split(rows, [len(rows) // 10])
    frequency = np.asarray(counts[training].sum(axis=0)).ravel() + 1.0
    model = DocNADE((frequency / frequency.sum()).astype(np.float32), hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, state, waited = np.inf, model.state_dict(), 0
    for _ in range(EPOCHS):
        order = rng.permutation(training)
        for start in range(0, len(order), BATCH):
            optimizer.zero_grad()
            model.loss(*padded(counts, order[start : start + BATCH], rng), most).backward()
            optimizer.step()
        with torch.no_grad():
            fixed = np.random.default_rng(0)
            losses = [
                float(model.loss(*padded(counts, validation[start : start + BATCH], fixed)))
                for start in range(0, len(validation), BATCH)
            ]
        waited += 1
        if mean(losses) < best:
            best, waited = mean(losses), 0
            state = {name: value.clone() for name, value in model.state_dict().items()}
        if waited == PATIENCE:
            break
    model.load_state_dict(state)
    return model


@torch.no_grad()
def perplexity(model: DocNADE, counts: sp.csr_matrix) -> float:
    """Document completion with the halves of `topicml.metrics.perplexity`: one predicts each word of the other."""
    observed, held_out = split_counts(counts, np.random.default_rng(0))
    rows = rows_in_both(observed, held_out)
    total, n_words = 0.0, 0.0
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        log_p = model.output(model.hidden(sp.csr_matrix(observed[part]))).log_softmax(dim=1).numpy()
        words = sp.csr_matrix(held_out[part]).tocoo()
        total += float((words.data * log_p[words.row, words.col]).sum())
        n_words += float(words.data.sum())
    return float(np.exp(-total / n_words))


def precision(train: Any, queries: Any, labels: np.ndarray, wanted: np.ndarray) -> float:
    """Share of documents with the label of the query among the nearest 2 % of the training documents, by cosine."""
    train, queries = normalize(train), normalize(queries)
    n_found = max(1, round(SHARE * train.shape[0]))
    shares = []
    for start in range(0, queries.shape[0], 500):
        cosines = queries[start : start + 500] @ train.T
        cosines = cosines.toarray() if sp.issparse(cosines) else cosines
        found = np.argpartition(-cosines, n_found - 1, axis=1)[:, :n_found]
        shares.append((labels[found] == wanted[start : start + 500, None]).mean(axis=1))
    return float(np.concatenate(shares).mean())


def run(train: Corpus, unseen: Corpus, system: str, seed: int) -> dict[str, float]:
    labels, wanted = (np.array([str(label) for label in part.fields.labels]) for part in (train, unseen))
    if system.startswith("paper's"):
        model: Any = fitted(sp.csr_matrix(train.counts), int(system.split()[2]), seed)
        with torch.no_grad():
            vectors = [model.hidden(sp.csr_matrix(part.counts)).numpy() for part in (train, unseen)]
        return {
            "perplexity": perplexity(model, sp.csr_matrix(unseen.counts)),
            "precision": precision(*vectors, labels, wanted),
        }
    if system == "tf-idf":
        weights = TfidfTransformer(sublinear_tf=True).fit(train.counts)
        vectors = [weights.transform(part.counts) for part in (train, unseen)]
        return {"precision": precision(*vectors, labels, wanted)}
    name, *contrasts = system.split(", ")
    settings = {"contrast": contrasts[0]} if contrasts else {}
    model = getattr(topicml, name)(50, random_state=seed, **settings).fit(train)
    theta = [np.sqrt(model.transform(part)) for part in (train, unseen)]
    return {"perplexity": model.perplexity(unseen), "precision": precision(*theta, labels, wanted)}


SYSTEMS = ("ProdLDA", "ProdLDA, set", "DocNADE", "DocNADE, set", "paper's DocNADE 50", "paper's DocNADE 200", "tf-idf")
COLUMNS = {"perplexity": "perplexity", "precision": "retrieval precision at .02"}
INTRODUCTION = """# DocNADE on unseen documents

Fit on 60 % of each corpus, judged on the other 40 % (seed 1234). Perplexity: one half of each unseen document predicts
each word of the other half; lower is better. Retrieval precision: share of documents with the label of an unseen
document among the 2 % of the training documents that are nearest to it, by the cosine of theta's square root (ProdLDA
and topicml's DocNADE, 50 topics), of the hidden vector (the paper's DocNADE, 50 or 200 hidden units), or of tf-idf,
which has no topics. The paper's DocNADE is written in the script. It stops when a tenth of its training documents is
predicted no better for two epochs, and reads at most 300 words of a document. In 20NG, whose documents have 111 words
in the mean, each epoch predicts 30 words of each, drawn at random, from the words before them. The contextual form of
DocNADE (textTOvec) was not run.
"""


def page(runs: Path, corpora: Sequence[str], systems: Sequence[str], seeds: Sequence[int], *, finished: bool) -> str:
    parts = [INTRODUCTION.strip(), provenance()]
    for name in corpora:
        train, unseen = Corpus.read(FOLDER / name).split(0.6, seed=1234)
        found = {
            system: [
                made
                for seed in seeds
                if (
                    made := kept(
                        file_of(runs, name, system, seed),
                        lambda s=system, n=seed: run(train, unseen, s, n),  # noqa: B023 - called at once
                        finished=finished,
                    )
                )
            ]
            for system in systems
        }
        parts += [f"## {name}", table_of_means(COLUMNS, found, counts=["perplexity"], spread=True)]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--corpora", nargs="+", default=list(CORPORA), metavar="CORPUS")
    add("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS, metavar="SYSTEM")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED")
    add("--finished", action="store_true", help="fit nothing: report finished runs")
    add("--runs", type=Path, default=ROOT / "runs" / "docnade", help="folder of finished runs")
    add("--out", type=Path, default=Path(__file__).resolve().parent / "results" / "docnade.md")
    arguments = parser.parse_args()
    text = page(arguments.runs, arguments.corpora, arguments.systems, arguments.seeds, finished=arguments.finished)
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
