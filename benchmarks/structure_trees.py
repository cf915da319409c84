"""Trees of topics: two levels of labels on documents that the fits did not see, and the measures of TraCo.

`structure.py --part trees` runs it. The peer is in an environment of its own (peers/trees.py).
"""

import gzip
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from machine import provenance
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from structure_runs import file_of, kept, peers_python, table_of_means

import topicml
from topicml import Corpus
from topicml.explore import TopicView
from topicml.explore.similar_topics import similar_topics

HERE = Path(__file__).resolve().parent

N_TOPICS, N_PARENTS, TOP_WORDS = 50, 8, 15
EPOCHS = 60  # of TraCo; its default is 200

# The first part of the name of each newsgroup; that of alt.atheism and soc.religion.christian is their subject.
NEWSGROUPS = ["religion", *["comp"] * 5, "misc", *["rec"] * 4, *["sci"] * 4, "religion", *["talk"] * 3, "religion"]
# Sections of Debian by subject.
SECTIONS = {
    "development": "libs libdevel devel oldlibs debug introspection interpreters python perl ruby java lisp haskell "
    "ocaml php cli-mono golang javascript vcs kernel embedded",
    "desktop": "x11 gnome kde xfce gnustep",
    "network": "net mail web httpd comm news hamradio",
    "media": "sound graphics video",
    "science": "science math electronics gnu-r education",
    "text": "text editors doc tex fonts localization",
    "system": "admin utils shells otherosfs misc metapackages tasks database",
    "games": "games",
}


@dataclass(frozen=True)
class Tree:
    """What is judged: theta and the 15 first words at two levels, and the parent of each topic."""

    theta: np.ndarray
    parent_theta: np.ndarray
    words: list[list[str]]
    parent_words: list[list[str]]
    parent: np.ndarray


def newsgroups(folder: Path) -> tuple[Corpus, np.ndarray, np.ndarray]:
    corpus = Corpus.read(folder / "20NG")
    fine = np.array([int(label) for label in corpus.fields.labels])
    return corpus, fine, np.array(NEWSGROUPS)[fine]


def debian(folder: Path) -> tuple[Corpus, np.ndarray, np.ndarray]:
    with gzip.open(folder / "debian-descriptions" / "descriptions.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    subject = {section: name for name, sections in SECTIONS.items() for section in sections.split()}
    rows = [row for row in rows if row["section"] in subject]
    corpus = Corpus.from_texts([row["en"] for row in rows])
    fine = np.array([row["section"] for row in rows])
    return corpus, fine, np.array([subject[section] for section in fine])


CORPORA: dict[str, Callable[[Path], tuple[Corpus, np.ndarray, np.ndarray]]] = {
    "debian-descriptions": debian,
    "20NG": newsgroups,
}


def with_parents(train: Corpus, held_out: Corpus, seed: int, *, model: str, strength: float = 1.0) -> Tree:
    settings = {"parents": N_PARENTS, "parents_strength": strength, "random_state": seed}
    fitted = getattr(topicml, model)(N_TOPICS, **settings).fit(train)
    theta = fitted.transform(held_out)
    return Tree(
        theta,
        fitted.cut_theta(theta, N_PARENTS),
        fitted.topics(TOP_WORDS),
        fitted.topics(TOP_WORDS, cut=N_PARENTS),
        fitted.parents_,
    )


@lru_cache(maxsize=1)  # two systems group the same topics
def flat_view(train: Corpus, seed: int) -> TopicView:
    return TopicView.of(topicml.ProdLDA(N_TOPICS, random_state=seed).fit(train), train)


def flat(train: Corpus, held_out: Corpus, seed: int, *, groups: Callable[[TopicView], np.ndarray]) -> Tree:
    """A flat model, whose topics are grouped after the fit; a parent has the mean of the words of its topics."""
    view = flat_view(train, seed)
    fitted: Any = view.model
    parent, mass = groups(view), view.mass
    member = (parent == np.arange(N_PARENTS)[:, None]).astype(np.float64)
    theta = fitted.transform(held_out)
    first = np.argsort(-((member * mass) @ view.beta), axis=1, kind="stable")[:, :TOP_WORDS]
    words = [[view.vocabulary[i] for i in row] for row in first]
    return Tree(theta, theta @ member.T.astype(theta.dtype), fitted.topics(TOP_WORDS), words, parent)


def by_words(view: TopicView, method: str) -> np.ndarray:
    """Linkage of the word distributions of the topics."""
    topics = view.model.network_.topic_word().detach().cpu().numpy()
    groups = fcluster(linkage(topics, method, "jensenshannon"), N_PARENTS, "maxclust")
    return np.unique(groups, return_inverse=True)[1]


def by_documents(view: TopicView) -> np.ndarray:
    """Ward's linkage of the c-TF-IDF of the documents of each topic, as BERTopic's and that of the view."""
    parent = np.empty(N_TOPICS, dtype=int)
    for number, topics in enumerate(similar_topics(view, N_PARENTS)):
        parent[topics] = number
    return parent


def traco(train: Corpus, held_out: Corpus, seed: int) -> Tree:
    with tempfile.TemporaryDirectory() as folder:
        task, result = Path(folder) / "task.npz", Path(folder) / "result.npz"
        counts = {
            f"{name}_{part}": getattr(sp.csr_matrix(corpus.counts), part)
            for (name, corpus), part in product({"train": train, "held_out": held_out}.items(), _CSR)
        }
        levels = np.array([N_PARENTS, N_TOPICS])
        np.savez(task, vocabulary=np.array(train.vocabulary), levels=levels, epochs=EPOCHS, seed=seed, **counts)
        subprocess.run([peers_python(), HERE / "peers" / "trees.py", "traco", task, result], check=True)
        with np.load(result) as arrays:
            found: dict[str, Any] = dict(arrays)
    words = {name: found[name].tolist() for name in ("words", "parent_words")}
    return Tree(**{**found, **words})


_CSR = ("data", "indices", "indptr")
OURS: dict[str, Callable[..., Tree]] = {
    "ProdLDA with parents": lambda *fit: with_parents(*fit, model="ProdLDA"),
    "ProdLDA with parents, strength 0": lambda *fit: with_parents(*fit, model="ProdLDA", strength=0.0),
    "ETM with parents": lambda *fit: with_parents(*fit, model="ETM"),
    "ProdLDA, complete linkage of words": lambda *fit: flat(*fit, groups=lambda view: by_words(view, "complete")),
    "ProdLDA, average linkage of words": lambda *fit: flat(*fit, groups=lambda view: by_words(view, "average")),
    "ProdLDA, linkage of documents": lambda *fit: flat(*fit, groups=by_documents),
}
PEERS: dict[str, Callable[..., Tree]] = {"TopMost TraCo": traco}
COLUMNS = {
    "purity": "purity, topics",
    "nmi": "NMI, topics",
    "parent_purity": "purity, parents",
    "parent_nmi": "NMI, parents",
    "largest": "largest parent",
    "pcc": "PCC",
    "pcd": "PCD",
    "sd": "SD",
    "pncd": "PnCD",
}


def section(corpora: Path, runs: Path, seeds: Sequence[int], systems: Sequence[str], *, finished: bool) -> str:
    """Run what is missing, and describe it in Markdown; see `structure_seeds.section`."""
    parts = [INTRODUCTION.strip()]
    for name, read in CORPORA.items():
        corpus, fine, broad = read(corpora)
        rows = np.arange(corpus.n_docs)
        np.random.default_rng(1234).shuffle(rows)
        halves = np.sort(rows[: int(0.6 * len(rows))]), np.sort(rows[int(0.6 * len(rows)) :])
        train, held_out = corpus[halves[0]], corpus[halves[1]]
        labels = fine[halves[1]], broad[halves[1]]
        found: dict[str, list[dict[str, float]]] = {}
        for system in systems:
            made = [one_run(name, system, seed, train, held_out, labels, runs, finished=finished) for seed in seeds]
            found[system] = [each for each in made if each is not None]
        if any(found.values()):
            n_labels = len(np.unique(fine)), len(np.unique(broad))
            parts += [f"### {name}: {n_labels[0]} labels in {n_labels[1]} broad ones", table_of_means(COLUMNS, found)]
    return "\n\n".join([*parts, provenance()]) + "\n"


def one_run(
    name: str,
    system: str,
    seed: int,
    train: Corpus,
    held_out: Corpus,
    labels: tuple[np.ndarray, np.ndarray],
    runs: Path,
    *,
    finished: bool,
) -> dict[str, float] | None:
    """The numbers of one fit, from its file if there is one; None if it is missing and may not be run."""

    def run() -> dict[str, Any]:
        begun = time.perf_counter()
        tree = {**OURS, **PEERS}[system](train, held_out, seed)
        words = {"parents": tree.parent_words, "topics": tree.words, "parent": np.asarray(tree.parent).tolist()}
        return {"numbers": judged(tree, *labels, held_out), "seconds": time.perf_counter() - begun, **words}

    is_missing = system in PEERS and not peers_python().exists()
    found = kept(file_of(runs, name, system, seed), run, finished=finished or is_missing)
    return None if found is None else found["numbers"]


def judged(tree: Tree, fine: np.ndarray, broad: np.ndarray, held_out: Corpus) -> dict[str, float]:
    """The numbers of `COLUMNS`; documents without words are left out."""
    rows = np.flatnonzero(held_out.lengths > 0)
    leading, parent = tree.theta[rows].argmax(axis=1), tree.parent_theta[rows].argmax(axis=1)
    return {
        "purity": purity(fine[rows], leading),
        "nmi": float(normalized_mutual_info_score(fine[rows], leading)),
        "parent_purity": purity(broad[rows], parent),
        "parent_nmi": float(normalized_mutual_info_score(broad[rows], parent)),
        "largest": float(np.bincount(parent).max() / len(rows)),
        **hierarchy_quality(tree.parent_words, tree.words, tree.parent, held_out),
    }


def purity(labels: np.ndarray, clusters: np.ndarray) -> float:
    table = contingency_matrix(labels, clusters)
    return float(table.max(axis=0).sum() / table.sum())


def hierarchy_quality(
    parents: Sequence[Sequence[str]], topics: Sequence[Sequence[str]], parent: np.ndarray, reference: Corpus
) -> dict[str, float]:
    """PCC, PCD, SD and PnCD of two levels, as TopMost computes them (Wu et al., AAAI 2024).

    PCC: mean NPMI of a word of a parent and a word of its child, over words that the two do not share; a pair of shared
    words counts -1. PCD and PnCD: share of the words of a parent and a child, or a
    topic that is not its child, that only one of the two has. SD: the share of words that occur once among siblings,
    averaged over the families, and then over the levels (all parents are one family).
    """
    column = {word: i for i, word in enumerate(reference.vocabulary)}
    present = sp.csc_matrix((reference.counts > 0).astype(np.float64))
    npmi, child_differs, other_differs = [], [], []
    for p, k in product(range(len(parents)), range(len(topics))):
        one, other = set(parents[p]), set(topics[k])
        differs = len(one ^ other) / (len(parents[p]) + len(topics[k]))
        if parent[k] != p:
            other_differs.append(differs)
            continue
        child_differs.append(differs)
        npmi += npmi_of_pairs(
            present, [column[w] for w in sorted(one - other)], [column[w] for w in sorted(other - one)]
        )
        npmi += [-1.0] * len(one & other) ** 2
    families = [[topics[k] for k in np.flatnonzero(parent == p)] for p in np.unique(parent)]
    siblings = float(np.mean([distinct(family) for family in families]))
    return {
        "pcc": float(np.mean(npmi)),
        "pcd": float(np.mean(child_differs)),
        "sd": (distinct(parents) + siblings) / 2,
        "pncd": float(np.mean(other_differs)),
    }


def npmi_of_pairs(present: sp.csc_matrix, ones: Sequence[int], others: Sequence[int]) -> list[float]:
    """NPMI of each pair of words in documents, with TopMost's 1e-10 for pairs that never meet; -1 for absent words."""
    n_docs = present.shape[0]
    joint = np.asarray((present[:, ones].T @ present[:, others]).todense()) / n_docs + 1e-10
    one, other = (np.asarray(present[:, ids].mean(axis=0)).ravel() for ids in (ones, others))
    with np.errstate(divide="ignore", invalid="ignore"):
        npmi = np.log(joint / np.outer(one, other)) / -np.log(joint)
    values: list[float] = np.where(joint >= 1, 1.0, np.where(np.isfinite(npmi), npmi, -1.0)).ravel().tolist()
    return values


def distinct(topics: Sequence[Sequence[str]]) -> float:
    """Share of the words of topics that occur in one of them only."""
    _, numbers = np.unique([word for topic in topics for word in topic], return_counts=True)
    return float((numbers == 1).sum() / sum(map(len, topics)))


INTRODUCTION = f"""
## Trees

    python benchmarks/structure.py --part trees

Fitted on 60 % of the documents, judged on the other 40 %: {N_TOPICS} topics with {N_PARENTS} parents, one thread, and
the defaults of each system, but {EPOCHS} epochs of TraCo in place of 200. The broad labels of 20NG are the first parts
of the names of the groups (the three groups about religion are one); those of Debian are its sections by subject.

- Purity and NMI: the leading topic of a document against its label, and the leading parent against its broad label.
- Largest parent: the share of the documents that one parent leads. Near 1, the tree is a chain.
- PCC, PCD, SD, PnCD: coherence of parent and child, and diversity of parent and child, of siblings, and of parent and
  other topics, by the {TOP_WORDS} first words of each, as TopMost defines them, on the unseen documents. A topic of
  TraCo is the child of the parent to which most of it is transported.
- Linkage: ProdLDA without parents, whose topics are grouped after the fit: by the Jensen-Shannon distance of their
  words (complete or average linkage of scipy), or by the words of their documents (Ward's linkage of c-TF-IDF, as
  BERTopic). A parent has the mean of the words of its topics, as `view.merge` gives it.
- Strength 0: the tree is made in the same way, but the term of the parents does not change the topics.

A system without a row was not run on that corpus. How the tree joins topics (`topicml.nn.tree`) was chosen without
labels, among a dozen ways to join the topics of finished fits of both corpora (three seeds, with and without the term):
by the probability of the words of unseen documents, if the parents alone describe them. With the words of all
documents, each by the shares of the topics, it is the largest on both, or within .001 of it: -6.60 nats per word on
debian-descriptions and -7.40 on 20NG. Ward's linkage of the words and documents of topics, which the tree had before,
has -6.62 and -7.42, and its parents had a purity of .436 and .749. Purities were seen beside this measure; other ways
had larger ones, such as .49 on debian-descriptions for fits without the term, and were not chosen. Complete linkage of
words was the best linkage of a flat model in an earlier search, by the labels of 20NG with one seed.

On 20NG, the parents find the broad labels clearly better than linkages do. On debian-descriptions they are as good as
linkage of documents: seeds differ by more (.441 to .496, and .436 to .487); without the term (strength 0) they are
better (.474 to .480). On both, parents are of similar size, and their words occur with those of their topics (PCC).
TraCo has the larger diversity of parent and child (PCD) on debian-descriptions, and linkages the larger one of siblings
(SD) there.

The least exclusivity of the words of parents (`cut_exclusivity`, 1, of -0.5 to 2) was chosen without labels, with one
seed, by the NPMI of the words of a parent in the unseen documents: it rises on both corpora up to 1, and from there
falls on debian-descriptions. Parents then share fewer words with each other (SD was .839 on 20NG and .873 on
debian-descriptions), and their words occur a little less with those of their topics (PCC was .071 and -.215).
"""
