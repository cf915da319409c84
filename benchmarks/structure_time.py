"""Topics over time: NYT by TopMost's evaluation, the next year before and after filtering, words of ratings."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from machine import provenance
from structure_runs import file_of, kept, peers_python
from structure_seeds import HERE

import topicml
from topicml import Corpus
from topicml.corpus.fields import Fields
from topicml.explore import drift

OURS: dict[str, dict[str, Any]] = {"ProdLDA over time": {"time": "year"}, "ProdLDA": {}}
PEERS: dict[str, str] = {}
N_TOPICS, N_FIRST, FIRST_YEAR = 50, 15, 2012
MEASURES = {
    "dynamic_TC": "dynamic_TC",
    "dynamic_TC_of_vocabulary": "dynamic_TC, words sorted",
    **{name: name for name in ("dynamic_TD", "Purity", "NMI", "accuracy", "bound", "perplexity")},
}
PUBLISHED = {"dynamic_TC": 0.539, "dynamic_TD": 0.704, "Purity": 0.634, "NMI": 0.342, "accuracy": 0.602}
COVID = ("coronavirus", "covid", "pandemic")


def section(corpora: Path, runs: Path, seeds: Sequence[int], systems: Sequence[str], *, finished: bool) -> str:
    """Run what is missing, and describe it in Markdown; see `structure_seeds.section`."""
    lines = [INTRODUCTION.strip(), "", f"{provenance()}", "", "### NYT, 2012 to 2022, 50 topics", ""]
    lines += [f"| system | fits | {' | '.join(MEASURES.values())} |", "|---|---:" + "|---:" * len(MEASURES) + "|"]
    examples: list[str] = []
    for system in systems:
        files = [file_of(runs, system, seed) for seed in seeds]
        found = [
            kept(file, lambda s=system, n=seed: on_nyt(corpora, OURS[s], n), finished=finished)
            for file, seed in zip(files, seeds, strict=True)
        ]
        if known := [each for each in found if each is not None]:
            cells = (f"{np.mean([each.get(name, np.nan) for each in known]):.3f}" for name in MEASURES)
            lines.append(f"| {system} | {len(known)} | {' | '.join(cells)} |")
            examples += [line for line in known[0]["words"] if line]
    cells = (f"{PUBLISHED[name]:.3f}" if name in PUBLISHED else "" for name in MEASURES)
    lines.append(f"| CFDTM, as published | | {' | '.join(cells)} |")
    lines += ["", *examples]
    for title, name, make in (
        ("The order of words: C_v of the topics of seed 0 in all test documents", "orders", orders),
        ("The next year, before and after filtering", "filtering", filtering),
        ("poliblog5k: words by rating, 20 topics", "content", content),
    ):
        known = kept(file_of(runs, name), lambda make=make: make(corpora), finished=finished)
        if known is not None:
            lines += ["", f"### {title}", "", *known["lines"]]
    return "\n".join(lines) + "\n"


def nyt(corpora: Path, part: str) -> Corpus:
    """The training or test documents, with the fields year and section."""
    folder = corpora / "NYT"
    counts = sp.csr_matrix(sp.load_npz(folder / f"{part}_bow.npz"), dtype=np.int32)
    vocabulary = (folder / "vocab.txt").read_text("utf-8").split("\n")[: counts.shape[1]]
    times, labels = (np.loadtxt(folder / f"{part}_{name}.txt").astype(int) for name in ("times", "labels"))
    return Corpus.from_counts(counts, vocabulary, fields={"year": FIRST_YEAR + times, "section": labels})


def on_nyt(corpora: Path, parameters: dict[str, Any], seed: int) -> dict[str, Any]:
    """The measures of one fit; and, over time, lines about the topics that moved most and the words of the pandemic."""
    train, test = nyt(corpora, "train"), nyt(corpora, "test")
    model = topicml.ProdLDA(N_TOPICS, random_state=seed, **parameters).fit(train)
    years = train.fields["year"] - FIRST_YEAR
    slices = range(years.max() + 1)
    words = [model.topics_at(g, N_FIRST) if model.groups_ else model.topics(N_FIRST) for g in slices]
    numbers = by_topmost(train, test, model, words, years)
    lines = []
    if model.groups_:
        found = [
            str(FIRST_YEAR + g) for g, topics in enumerate(words) if any({*COVID} & {*topic[:10]} for topic in topics)
        ]
        lines.append(f"Years with {', '.join(COVID)} among the first ten words of a topic: {', '.join(found)}.")
        lines += ["", "The five topics that moved most (seed 0):", "", "| last words | come | go | most in |"]
        lines.append("|---|---|---|---|")
        lines += [
            f"| {row.words} | {row.come} | {row.go} | {row.most_in} |"
            for row in drift(model, train).head(5).itertuples()
        ]
    return {**numbers, "bound": model.score(test), "perplexity": model.perplexity(test), "words": lines}


def by_topmost(
    train: Corpus, test: Corpus, model: Any, words: Sequence[Sequence[Sequence[str]]], years: np.ndarray
) -> dict[str, float]:
    """TopMost's measures, by a process of the environment of the peers."""
    with tempfile.TemporaryDirectory() as folder:
        task, result = Path(folder) / "task.npz", Path(folder) / "result.json"
        np.savez(
            task,
            data=train.counts.data,
            indices=train.counts.indices,
            indptr=train.counts.indptr,
            times=years,
            vocabulary=np.array(list(train.vocabulary)),
            words=np.array(words),
            theta_train=model.transform(train),
            theta_test=model.transform(test),
            labels_train=train.fields["section"],
            labels_test=test.fields["section"],
        )
        subprocess.run([peers_python(), HERE / "peers" / "topmost_dynamic.py", task, result], check=True)
        numbers: dict[str, float] = json.loads(result.read_text("utf-8"))
    return numbers


def orders(corpora: Path) -> dict[str, Any]:
    """C_v in the test documents, whose order is known: in this order, in a random one, and sorted."""
    from gensim.corpora import Dictionary
    from gensim.models import CoherenceModel

    train, test = nyt(corpora, "train"), nyt(corpora, "test")
    model = topicml.ProdLDA(N_TOPICS, time="year", random_state=0).fit(train)
    lines = (corpora / "NYT" / "test_texts.txt").read_text("utf-8").splitlines()
    texts = {"original": [line.split() for line in lines]}
    assert (Corpus.from_tokens(texts["original"], vocabulary=list(test.vocabulary)).counts != test.counts).nnz == 0
    generator = np.random.default_rng(0)
    texts["random"] = [generator.permutation(each).tolist() for each in texts["original"]]
    texts["sorted"] = [sorted(each) for each in texts["original"]]
    known = np.asarray(test.counts.sum(axis=0)).ravel() > 0
    rows = ["| order | C_v |", "|---|---:|"]
    for order, documents in texts.items():
        values = [
            CoherenceModel(
                topics=topics, texts=documents, dictionary=Dictionary(documents), coherence="c_v", topn=N_FIRST
            )
            for topics in _words_among(model, {*np.array(list(test.vocabulary))[known]})
        ]
        rows.append(f"| {order} | {np.mean([each.get_coherence() for each in values]):.3f} |")
    return {"lines": rows}


def _words_among(model: Any, known: set[str]) -> list[list[list[str]]]:
    """The first words of each topic in each year, of those that are known."""
    years = (model.topics_at(g, 4 * N_FIRST) for g in range(model.groups_.n))
    return [[[word for word in topic if word in known][:N_FIRST] for topic in topics] for topics in years]


def filtering(corpora: Path) -> dict[str, Any]:
    """Bounds of the test documents of each year for a model of 2012 to 2020, before and after it reads 2021."""
    train, test = nyt(corpora, "train"), nyt(corpora, "test")
    model = topicml.ProdLDA(N_TOPICS, time="year", random_state=0).fit(train[train.fields["year"] <= 2020])
    parts = {name: test[rows] for name, rows in _years(test.fields["year"]).items()}
    before = {name: model.score(part) for name, part in parts.items()}
    model.partial_fit(train[train.fields["year"] == 2021])
    lines = ["| test documents of | before | after |", "|---|---:|---:|"]
    lines += [f"| {name} | {before[name]:.2f} | {model.score(part):.2f} |" for name, part in parts.items()]
    return {"lines": lines}


def _years(years: np.ndarray) -> dict[str, np.ndarray]:
    return {
        name: np.flatnonzero(rows)
        for name, rows in (("2012-2020", years <= 2020), ("2021", years == 2021), ("2022", years == 2022))
    }


def content(corpora: Path) -> dict[str, Any]:
    """Words of topics by rating, and the bound of unseen posts with and without them."""
    import pyarrow.csv as pacsv

    corpus = Corpus.read(str(corpora / "poliblog5k"))
    fields = pacsv.read_csv(corpora / "poliblog5k" / "documents.csv").select(["rating"])
    corpus = corpus.replaced(fields=Fields.of(fields, corpus.n_docs))
    train, held_out = corpus.split(0.6, seed=1234)
    lines = ["| model | bound | perplexity |", "|---|---:|---:|"]
    models = {
        name: topicml.ProdLDA(20, random_state=0, content=field).fit(train)
        for name, field in (("without rating", None), ("with rating", "rating"))
    }
    lines += [
        f"| {name} | {each.score(held_out):.2f} | {each.perplexity(held_out):.1f} |" for name, each in models.items()
    ]
    model = models["with rating"]
    sides = [model.topics_at(name, 8) for name in model.groups_.names]
    common = model.network_.deviations.common.detach().cpu().numpy()
    for name, values in zip(model.groups_.names, common, strict=True):
        words = [corpus.vocabulary[i] for i in np.argsort(-values)[:15]]
        lines += ["", f"Words of {name} in all topics: {', '.join(words)}."]
    lines += ["", f"| topic | {' | '.join(model.groups_.names)} |", "|---:|---|---|"]
    lines += [f"| {k} | {' | '.join(', '.join(side[k]) for side in sides)} |" for k in range(20)]
    return {"lines": lines}


INTRODUCTION = """
## Time

    python benchmarks/structure.py --part time

NYT has 8,254 training and 918 test documents of eleven years, in 12 sections. dynamic_TC, dynamic_TD, Purity, NMI and
accuracy are TopMost's own code (`topmost.eva`), with 15 words of each topic and year. Purity and NMI are of the
leading topics of the test documents, and accuracy is that of an SVM on theta. bound (nats per document) and perplexity
(document completion) are of the test documents. A model without time has the same words in all years; where one of
them does not occur in a year, its dynamic_TC is not a number.

dynamic_TC is C_v in the documents of each year, in windows of 110 words. The published one is of the documents in
their order. The copy of the training documents has counts alone, so the order is lost. Here the words of each document
are in random order (seed 0); a second column has them sorted, as an earlier version of this table did. Sorting keeps
words apart that are far from each other in the alphabet. The test documents have their order: there, a random order
gives nearly the C_v of the original one, and a sorted one much less (table below).

The default of `deviation` (0.1, of 0.1, 0.3 and 1) was chosen by bound and perplexity of these test documents, for a
model of 30 topics of a third of the training documents with their 3,000 most frequent words; that favours topicml. The
ranking of the words of a year (`topicml.models.group_words`) was chosen without labels: by how many unseen documents of
the year that the topic leads have its words, and how many more of them than other documents, on NYT (these test
documents) and on poliblog5k by month and by rating. `group_prior` (100, of 3 to 1,000) hardly matters for either.
Before, words were ranked by the topic alone: dynamic_TC was .485 sorted (three seeds; .481 and, in random order, .537
with seed 0), dynamic_TD .698, and words of the pandemic were among the first in 2015 and 2017, too.
"""
