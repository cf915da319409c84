"""Seeds from the names of labels: which documents the seeded topics lead, on documents that the fits did not see.

`structure.py --part seeds` runs it. The peers are in an environment of their own (peers/seeded.py).
"""

import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from machine import provenance
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import f1_score
from structure_runs import file_of, kept, peers_python, table_of_means

import topicml
from topicml import Corpus
from topicml.metrics import coherence

HERE = Path(__file__).resolve().parent

# The names in words: abbreviations of newsgroups and tags are written out, and words without a subject (alt, misc, rec,
# sci, soc, talk, sys) left out.
NAMES: dict[str, dict[Any, str]] = {
    "20NG": dict(
        enumerate(
            (
                *("atheism", "computer graphics", "microsoft windows", "ibm pc hardware", "mac hardware"),
                *("x windows", "for sale", "autos", "motorcycles", "baseball", "hockey", "cryptography"),
                *("electronics", "medicine", "space", "christian", "guns", "middle east", "politics", "religion"),
            )
        )
    ),
    "AGNews": dict(enumerate(("world", "sports", "business", "science technology"))),
    "BBC_News": {"tech": "technology"} | {name: name for name in ("business", "entertainment", "politics", "sport")},
    "StackOverflow": dict(
        enumerate(
            (
                *("wordpress", "oracle", "svn", "apache", "excel", "matlab", "visual studio", "cocoa", "osx", "bash"),
                *("spring", "hibernate", "scala", "sharepoint", "ajax", "qt", "drupal", "linq", "haskell", "magento"),
            ),
            start=1,
        )
    ),
}
LABELS = {corpus: {str(label): name for label, name in names.items()} for corpus, names in NAMES.items()}

N_SEEDS = 3
LEAST_SHARE = 0.01
WITHOUT = " without seeds"


def seeds_of(train: Corpus, names: Sequence[str]) -> dict[str, list[str]]:
    """Three seeds a label, from the names of all labels and the training documents alone.

    1. A name is split where it has no letter. A part that is no word of the documents is replaced by the most frequent
       word that begins with it, or else by the longest word of four letters or more within it.
    2. Of its parts a name keeps those that the fewest other names have.
    3. The nearest words follow until there are three: by mean NPMI with the kept parts over the training documents, of
       the words that 1 % of the documents have, that are part of no name, and that are nearer to this name than to any
       other. A label without a known part has no seeds.
    """
    present = sp.csc_matrix((train.counts > 0).astype(np.float64))
    frequency = np.asarray(present.sum(axis=0)).ravel()
    column = {word: i for i, word in enumerate(train.vocabulary)}
    parts = {
        name: [word for part in re.findall("[a-z]+", name.lower()) if (word := _known(part, column, frequency))]
        for name in names
    }
    shared = Counter(word for words in parts.values() for word in dict.fromkeys(words))
    kept = {}
    for name, words in parts.items():
        least = min((shared[word] for word in words), default=0)
        kept[name] = list(dict.fromkeys(word for word in words if shared[word] == least))[:N_SEEDS]
    kept = {name: words for name, words in kept.items() if words}
    near = np.array([_npmi(present, frequency, [column[word] for word in words]) for words in kept.values()])
    near[:, [column[word] for word in shared]] = -np.inf
    near[:, frequency < LEAST_SHARE * train.n_docs] = -np.inf
    nearest_name = near.argmax(axis=0)
    seeds = {}
    for k, (name, words) in enumerate(kept.items()):
        own = np.where(nearest_name == k, near[k], -np.inf)
        order = np.argsort(-own, kind="stable")[:N_SEEDS]
        seeds[name] = [*words, *(train.vocabulary[i] for i in order if np.isfinite(own[i]))][:N_SEEDS]
    return seeds


def _npmi(present: sp.csc_matrix, frequency: np.ndarray, ids: Sequence[int]) -> np.ndarray:
    """Mean NPMI of every word with the words `ids`; -1 for words that never occur together."""
    n_docs = present.shape[0]
    share = (present.T @ present[:, ids]).toarray() / n_docs  # (n_words, n_ids)
    with np.errstate(divide="ignore", invalid="ignore"):
        npmi = np.log(share / (frequency[:, None] * frequency[ids] / n_docs**2)) / -np.log(share)
    return np.where(share > 0, npmi, -1.0).mean(axis=1)


def _known(part: str, column: Mapping[str, int], frequency: np.ndarray) -> str | None:
    if part in column:
        return part
    within = [word for word in column if len(word) > 3 and part.startswith(word)]
    return max(within, key=len, default=None)


OURS = {  # the model, and the step between labels that have seeds; 0 for none
    "ProdLDA": ("ProdLDA", 1),
    "ETM": ("ETM", 1),
    f"ProdLDA{WITHOUT}": ("ProdLDA", 0),
    f"ETM{WITHOUT}": ("ETM", 0),
    "ProdLDA, every second label": ("ProdLDA", 2),
}
PEERS = {
    "topica keyATM": "keyatm",
    "topica SeededLDA": "seeded_lda",
    "topica CorEx, anchors": "corex",
    "BERTopic, guided †": "bertopic",
}
N_FREE = 10
COLUMNS = {
    "f1": "F1",
    "f1_seeded": "F1, seeded topics alone",
    "seeds_first": "seeds in the first 20 words",
    "free": "coherence of free topics",
    "matched": "matched topics",
    "no_seeds": "matched, no seeds",
}


def section(corpora: Path, runs: Path, seeds: Sequence[int], systems: Sequence[str], *, finished: bool) -> str:
    """Run what is missing, and describe it in Markdown.

    Parameters
    ----------
    corpora : Path
        Folder of the corpora.
    runs : Path
        Folder for finished runs, a JSON file each.
    seeds : sequence of int
        Seeds of the fits.
    systems : sequence of str
        Names in `OURS` and `PEERS`.
    finished : bool
        Whether to report finished runs only.

    Returns
    -------
    str
        A section of the page.
    """
    parts = [INTRODUCTION.strip(), provenance()]
    for name in NAMES:
        train, held_out = Corpus.read(corpora / name).split(0.6, seed=1234)
        words = seeds_of(train, list(LABELS[name].values()))
        found: dict[str, list[dict[str, Any]]] = {}
        for system in systems:
            made = [one_run(name, system, seed, train, held_out, words, runs, finished=finished) for seed in seeds]
            found[system] = [each for each in made if each is not None]
        _add_matched(found, held_out, words)
        table = table_of_means(COLUMNS, found, spread=True)
        parts += [f"### {name}: {len(words)} seeded topics, {N_FREE} free topics", table, described(words, train)]
    return "\n\n".join(parts) + "\n"


def _add_matched(
    found: Mapping[str, Sequence[dict[str, Any]]], held_out: Corpus, words: Mapping[str, Sequence[str]]
) -> None:
    """Add the coherence of free topics, and of those that match them in the fit of the model without seeds.

    The topics of the two fits of a random state are matched one to one, so that they share the most words, of 25. Free
    topics get "no_seeds", of the first ten words that are no seeds; the topics that match them also "matched", of all.
    """
    seeds = {word for each in words.values() for word in each}

    def mean(topics: Sequence[Sequence[str]], left_out: Collection[str]) -> float:
        first = [[word for word in topic if word not in left_out][:10] for topic in topics]
        return float(coherence(first, held_out, "npmi_doc"))

    for name, runs in found.items():
        for run in runs if name.endswith(WITHOUT) else ():
            for seeded in found.get(name.removesuffix(WITHOUT), ()):
                if seeded["seed"] == run["seed"]:
                    common = [[len({*a} & {*b}) for b in run["topics"]] for a in seeded["topics"]]
                    _, columns = linear_sum_assignment(np.array(common), maximize=True)
                    like_free = [run["topics"][column] for column in columns[len(words) :]]
                    seeded["no_seeds"] = mean(seeded["topics"][len(words) :], seeds)
                    run.update(matched=mean(like_free, ()), no_seeds=mean(like_free, seeds))


def described(words: Mapping[str, Sequence[str]], train: Corpus) -> str:
    column = {word: i for i, word in enumerate(train.vocabulary)}
    ids = [column[word] for each in words.values() for word in each]
    share = float((np.diff(train.counts[:, ids].indptr) > 0).mean())
    listed = "; ".join(f"{name}: {', '.join(each)}" for name, each in words.items())
    return f"Seeds: {listed}. {share:.0%} of the training documents hold one."


def one_run(
    name: str,
    system: str,
    seed: int,
    train: Corpus,
    held_out: Corpus,
    words: Mapping[str, Sequence[str]],
    runs: Path,
    *,
    finished: bool,
) -> dict[str, Any] | None:
    """The numbers of one fit, from its file if there is one; None if it is missing and may not be run."""

    def run() -> dict[str, Any]:
        if system in OURS:
            kind, step = OURS[system]
            seeded = dict(list(words.items())[:: step or 1])
            model = getattr(topicml, kind)(len(words) + N_FREE, seeds=seeded if step else None, random_state=seed)
            model.fit(train)
            theta, topics = model.transform(held_out), model.topics(25)
        else:
            seeded = words
            theta, topics = fit_peer(PEERS[system], train, held_out, words, seed)
        return judged(theta, topics, seeded, LABELS[name], held_out) | {"seed": seed, "topics": topics}

    is_missing = system in PEERS and not peers_python().exists()
    return kept(file_of(runs, name, system, seed), run, finished=finished or is_missing, quiet=True)


def fit_peer(
    system: str, train: Corpus, held_out: Corpus, words: Mapping[str, Sequence[str]], seed: int
) -> tuple[np.ndarray, list[list[str]]]:
    """Theta of the held-out documents and words of the topics, by a process of the environment of the peers."""
    with tempfile.TemporaryDirectory() as folder:
        task, result = Path(folder) / "task.json", Path(folder) / "result.npz"
        content = {"train": texts(train), "held_out": texts(held_out), "seeds": words, "n_free": N_FREE, "seed": seed}
        task.write_text(json.dumps(content), "utf-8")
        subprocess.run([peers_python(), "-m", "peers.seeded", system, task, result], cwd=HERE, check=True)
        with np.load(result) as arrays:
            return arrays["theta"], [[word for word in topic if word] for topic in arrays["words"].tolist()]


def texts(corpus: Corpus) -> list[list[str]]:
    """The words of each document; without word order, in that of the vocabulary."""
    words = np.array(corpus.vocabulary, dtype=object)
    if corpus.has_order:
        ids, offsets = corpus.tokens, corpus.offsets
    else:
        ids, offsets = np.repeat(corpus.counts.indices, corpus.counts.data), np.append(0, np.cumsum(corpus.lengths))
    return [words[ids[begin:end]].tolist() for begin, end in pairwise(offsets)]


def judged(
    theta: np.ndarray,
    topics: Sequence[Sequence[str]],
    words: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
    held_out: Corpus,
) -> dict[str, float]:
    """The numbers of `COLUMNS`; documents without words are left out."""
    slot = {name: k for k, name in enumerate(words)}
    n_seeded, rows = len(slot), np.flatnonzero(held_out.lengths > 0)
    # A label without seeds, and a document that a free topic leads, have the number n_seeded.
    truth = np.array([slot.get(names[str(label)], n_seeded) for label in held_out.fields.labels])[rows]
    leading = np.minimum(theta.argmax(axis=1), n_seeded)[rows]
    among_seeded = theta[rows, :n_seeded].argmax(axis=1)
    inside = [word in topics[k][:20] for k, each in enumerate(words.values()) for word in each]
    return {
        "f1": float(f1_score(truth, leading, labels=range(n_seeded), average="macro")),
        "f1_seeded": float(f1_score(truth, among_seeded, labels=range(n_seeded), average="macro")),
        "seeds_first": float(np.mean(inside)),
        "free": float(coherence([each[:10] for each in topics[n_seeded:]], held_out, "npmi_doc")),
    }


INTRODUCTION = """
## Seeds

    python benchmarks/structure.py --part seeds --seeds 0 1 2

Fitted on 60 % of the documents, judged on the other 40 %. Each label has a topic with three seeds, which a rule takes
from the name of the label and the training documents (`seeds_of` in structure_seeds.py); nobody chose them by their
result, and some are poor. Ten topics are free. All systems have the same seeds, their own defaults and one thread.
Mean ± standard deviation over fits.

- F1: macro average over labels; a document has the label of its leading topic, and none if a free topic leads it.
- F1, seeded topics alone: the leading topic among the seeded ones.
- seeds in the first 20 words: share of the seeds that are there in their topic.
- coherence of free topics: document NPMI of the first ten words on the unseen documents (pairs that never meet: -1).
  "Without seeds" has as many topics, of which the last ten are counted.
- matched topics, without seeds: seeded topics take themes that the model without seeds has among all its topics, so its
  last ten are not of one kind with the free ones. Here the topics of the two fits of a random state are matched one to
  one by the words they share, of 25, and those that match a free topic are counted.
- matched, no seeds: of both fits, the first ten words that are no seeds. A seed is held by its topic, so a free topic
  of the same theme has to do without it. Where most documents hold a seed, as in StackOverflow, free topics lead
  almost none.
- every second label: the other labels have no seeds, and more topics are free (their coherence is that of all these).
  F1 is that of labels with seeds, so a seeded topic that takes the documents of other labels loses.
- † reads all-MiniLM-L6-v2, which knows more than the documents. BERTopic does not tell which topic belongs to which
  seeds: a label gets the one whose embedding is nearest to that of its seeds (peers/seeded.py).

A system without a row was not run on that corpus. The default of `seed_strength` was chosen by these numbers on AGNews,
BBC_News and StackOverflow, and the four steps of the walk by the labels of all four corpora. How documents are pulled
(`SeedTerm`: against an average document, by length) was chosen among a dozen rules by F1 on all four corpora, with all
labels and with every second one, random state 0. Which topics are free was chosen without labels. The peers have their
defaults. So the comparison favours topicml.
"""
