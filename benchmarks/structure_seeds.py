"""Seeds from the names of labels: the seeds, and how well seeded topics find the labels of unseen documents."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import f1_score

from topicml import Corpus
from topicml.metrics import coherence, topic_diversity

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
    parts = {name: [word for part in re.findall("[a-z]+", name.lower()) if (word := _known(part, column, frequency))] for name in names}
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


def judged(theta, words, seeds, labels, names, held_out, has):
    """Numbers of one fit."""
    slot = {name: k for k, name in enumerate(seeds)}
    n = len(slot)
    truth = np.array([slot.get(names[str(each)], n) for each in labels])  # n: a label without seeds
    lead = theta.argmax(axis=1)
    among = theta[:, :n].argmax(axis=1)
    known = has
    top = [set(ws[:20]) for ws in words]
    inside = [word in top[k] for k, ws in enumerate(seeds.values()) for word in ws]
    free = [ws[:10] for ws in words[n:]]
    return {
        "f1": f1_score(truth[known], np.where(lead < n, lead, n)[known], labels=range(n), average="macro"),
        "f1_among": f1_score(truth[known], among[known], labels=range(n), average="macro"),
        "seeds_in_20": float(np.mean(inside)),
        "free": coherence(free, held_out, "npmi_doc") if free else float("nan"),
        "all": coherence([w[:10] for w in words], held_out, "npmi_doc"),
        "div": topic_diversity([w[:10] for w in words], 10),
    }
