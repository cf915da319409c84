"""One corpus against another: a class planted in B only, and false alarms when B is another sample of A.

`structure.py --part against` runs it.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from machine import provenance
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import MultinomialNB
from structure_runs import file_of, kept

from topicml import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import TopicWarning
from topicml.explore import contrast, contrast_corpora
from topicml.models import model_class

PLANTED = {"AGNews": (0, 1, 2, 3), "StackOverflow": (1, 6, 11, 16)}  # classes
SHARES = (0.1, 0.3)
N_DOCS, N_TOPICS, N_SALIENT = 1500, 20, 5  # documents of A, and of B
DRAWS, DRAWN, DRAWN_TOPICS, DRAWN_EPOCHS = 100, 250, 10, 20  # of the same classes

OURS = {"ProdLDA": ("ProdLDA", True), "ETM": ("ETM", True), "ProdLDA without salient topics": ("ProdLDA", False)}
TOLD = "naive Bayes, told the planted class"
PEERS = {"logistic regression": None, TOLD: None}


def sampled(corpus: Corpus, planted: int, share: float, seed: int) -> tuple[Corpus, Corpus]:
    """A: documents of other classes. B: others of these, and the planted class with a share of all."""
    labels = np.array([str(label) for label in corpus.fields.labels])
    rng, has_words = np.random.default_rng([seed, planted]), corpus.lengths > 0
    others = rng.permutation(np.flatnonzero((labels != str(planted)) & has_words))
    own = rng.permutation(np.flatnonzero((labels == str(planted)) & has_words))[: round(share * N_DOCS)]
    rows = others[:N_DOCS], np.concatenate([others[N_DOCS : 2 * N_DOCS - len(own)], own])
    parts = [corpus[each] for each in rows]
    return parts[0], parts[1].replaced(fields=Fields.of({"planted": labels[rows[1]] == str(planted)}, N_DOCS))


def planted_run(corpus: Corpus, system: str, planted: int, share: float, seed: int) -> dict[str, Any]:
    """AUC of the share of new topics (or of the score) for the planted class, on unseen documents of B."""
    before, after = sampled(corpus, planted, share, seed)
    kind, has_salient = OURS.get(system, ("ProdLDA", False))
    if has_salient:
        found = contrast_corpora(before, after, model=kind, n_topics=N_TOPICS, salient=N_SALIENT, seed=seed)
        topics = found.new or found.salient
    else:
        from topicml.explore.two_corpora import joined

        both = joined(before, after, ("A", "B"))
        epochs = {"max_epochs": 1} if system in PEERS else {}  # only for the same split
        model = model_class(kind)(N_TOPICS, validation_fraction=0.5, random_state=seed, **epochs).fit(both)
        found = contrast(model, both, against="corpus=A")
        table = found.topics()
        more = table[table.difference > 0]
        topics = more[more.p <= found.level].topic.tolist() or more.topic.tolist()[:1]
    unseen = found.unseen[found.is_other[found.unseen]]
    is_planted = np.asarray(after.fields["planted"])[unseen - before.n_docs]
    if system == TOLD:
        is_one = np.concatenate([np.zeros(before.n_docs, dtype=bool), np.asarray(after.fields["planted"])])
        score, new = _told(found, unseen, is_one), None
    elif system in PEERS:
        score, new = _regression(found, unseen), None
    else:
        score, new = found.view.theta[unseen][:, topics].sum(axis=1), len(found.new) if has_salient else len(topics)
    words = [" ".join(words[:6]) for words in found.topics(topics).words.str.split()] if new else []
    return {"auc": float(roc_auc_score(is_planted, score)), "new": new, "words": words}


def _regression(found: Any, unseen: np.ndarray) -> np.ndarray:
    """Log-odds of B by a logistic regression on tf-idf, fitted on the documents that are not unseen."""
    counts = found.view.counts
    seen = np.setdiff1d(np.flatnonzero(found.view.has_words), found.unseen)
    tfidf = TfidfTransformer(sublinear_tf=True).fit(counts[seen])
    model = LogisticRegression(max_iter=1000).fit(tfidf.transform(counts[seen]), found.is_other[seen])
    score: np.ndarray = model.decision_function(tfidf.transform(counts[unseen]))
    return score


def _told(found: Any, unseen: np.ndarray, is_planted: np.ndarray) -> np.ndarray:
    """Log-odds of the planted class by naive Bayes, told which of the documents that are not unseen have it."""
    counts = found.view.counts
    seen = np.setdiff1d(np.flatnonzero(found.view.has_words), found.unseen)
    model = MultinomialNB(alpha=0.1).fit(counts[seen], is_planted[seen])
    score: np.ndarray = np.diff(model.predict_log_proba(counts[unseen]), axis=1).ravel()
    return score


def null_run(corpus: Corpus, system: str, draw: int) -> dict[str, bool]:
    """Whether a salient topic, any topic, or a word is declared if A and B are samples of the same documents."""
    rows = np.random.default_rng([1, draw]).permutation(np.flatnonzero(corpus.lengths > 0))[: 2 * DRAWN]
    found = contrast_corpora(
        corpus[rows[:DRAWN]],
        corpus[rows[DRAWN:]],
        model=OURS[system][0],
        n_topics=DRAWN_TOPICS,
        salient=N_SALIENT,
        max_epochs=DRAWN_EPOCHS,
        seed=draw,
    )
    topics, words = (bool((each.p <= found.level).any()) for each in (found.topics(), found.words()))
    return {"salient": bool(found.new), "topics": topics, "words": words, "any": topics or words}


def section(corpora: Path, runs: Path, seeds: Sequence[int], systems: Sequence[str], *, finished: bool) -> str:
    """Run what is missing, and describe it in Markdown; see `structure_seeds.section`."""
    warnings.simplefilter("ignore", TopicWarning)
    parts = [INTRODUCTION.strip()]
    corpus, rows = Corpus.read(corpora / "AGNews"), []
    for system in [each for each in systems if OURS.get(each, ("", False))[1]]:
        found = [
            each
            for draw in range(DRAWS)
            if (
                each := kept(
                    file_of(runs, "null", system, draw),
                    lambda: null_run(corpus, system, draw),  # noqa: B023 - called at once
                    finished=finished,
                )
            )
        ]
        if found:
            cells = (f"{sum(each[key] for each in found)}" for key in ("salient", "topics", "words", "any"))
            rows.append(f"| {system} | {len(found)} | {' | '.join(cells)} |")
    heading = "| system | draws | a salient topic | any topic | any word | any topic or word |"
    parts += ["### False alarms", FALSE_ALARMS.strip(), "\n".join([heading, "|---|---:|---:|---:|---:|---:|", *rows])]
    for name, classes in PLANTED.items():
        corpus = Corpus.read(corpora / name)
        rows, examples = [], []
        for share in SHARES:
            for system in systems:
                found = [
                    (planted, each)
                    for planted in classes
                    for seed in seeds
                    if (
                        each := kept(
                            file_of(runs, name, system, planted, share, seed),
                            lambda: planted_run(corpus, system, planted, share, seed),  # noqa: B023 - called at once
                            finished=finished,
                        )
                    )
                ]
                if found:
                    rows.append(_row(system, share, [each for _, each in found]))
                if system == next(iter(OURS)) and share == SHARES[0]:
                    examples += [f"class {planted}: {'; '.join(each['words']) or 'none'}" for planted, each in found]
        heading = "| share planted | system | fits | AUC, mean | AUC, least | AUC >= .9 | a new topic found |"
        parts += [f"### {name}", "\n".join([heading, "|---:|---|---:|---:|---:|---:|---:|", *rows])]
        if examples:
            parts.append(f"New topics of {next(iter(OURS))} with {SHARES[0]:.0%} planted. " + ". ".join(examples) + ".")
    return "\n\n".join([*parts, provenance()]) + "\n"


def _row(system: str, share: float, found: Sequence[dict[str, Any]]) -> str:
    auc = np.array([each["auc"] for each in found])
    new = "-" if found[0]["new"] is None else f"{sum(each['new'] > 0 for each in found)} of {len(found)}"
    high = f"{(auc >= 0.9).sum()} of {len(found)}"
    return f"| {share:.0%} | {system} | {len(found)} | {auc.mean():.3f} | {auc.min():.3f} | {high} | {new} |"


INTRODUCTION = f"""
## One corpus against another

    python benchmarks/structure.py --part against

A has {N_DOCS:,} documents of all classes but one. B has {N_DOCS:,} others of these classes, of which a share is
replaced by documents of the planted class. Models have {N_TOPICS} topics, of which {N_SALIENT} are salient, and the
defaults of `topicml.explore.contrast_corpora`: half of the documents are held out, and all numbers are of these.

- AUC: the share of the new topics in a document of B (of all salient topics, if none is new) as a score for "it is of
  the planted class". Mean and least over classes and seeds.
- a new topic found: fits in which a salient topic is declared at the level .05.
- ProdLDA without salient topics: the score is the share of the topics that B has significantly more of (of the one
  with the smallest p, if there is none).
- logistic regression: the log-odds of B, from tf-idf; it was fitted on the documents that the models were fitted on.
  It gives a score, without topics or a test.
- naive Bayes, told the planted class: of the documents that the models were fitted on, it knows which have the class.
  Where its AUC is below .9, the words of the class do not tell it apart from the others well enough.

A row with fewer fits has other classes, so its mean compares with no other row. Ten percent are 75 documents of the
class in the fit, and classes of AGNews are wide and overlap: a class may not be found, or in parts. A classifier that
is told the class reaches .9 in 29 of 32 plantings: not, or hardly, in class 16 of StackOverflow (.82 and .84 with 10 %,
.90 and .89 with 30 %). Other scores were tried on the fits with 10 % and are not better: topics weighted by their
excess in B, the encoder without evidence, the shares of similar documents; the log-odds of words between documents with
much and with little of the new topics, added to theirs, raise the mean on AGNews from .894 to .92, and no more
plantings to .9.
"""

FALSE_ALARMS = f"""
A and B are two samples of {DRAWN} documents of AGNews, drawn anew each time; {DRAWN_TOPICS} topics, {N_SALIENT} of them
salient, {DRAWN_EPOCHS} epochs, level .05. Draws in which something is declared:
"""
