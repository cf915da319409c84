"""Statements on topics: which words belong together, and which topics are mixed."""

from types import SimpleNamespace

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.explore import TopicView
from topicml.metrics import Reference
from topicml.report import render
from topicml.report.boilerplate import boilerplate_shares
from topicml.report.quality import quality_of

N_SUBJECTS, N_WORDS = 20, 30


@pytest.fixture(scope="module")
def judged():
    """A view with topics of known quality, and their kinds.

    Documents have 6 words, 5 of one of 20 subjects of 30 words each. Topics 0 to 15 are subjects 0 to 15. Topics 16 to
    19 lead a quarter of the documents of all subjects, by words that are anywhere (mixed). Topics 20 and 21 have one
    word each of ten subjects (apart). Topics 22 and 23 have words that occur in two documents each (unknown).
    """
    rng = np.random.default_rng(0)
    subjects = rng.integers(N_SUBJECTS, size=6000)
    documents, anywhere = [], []
    for number, subject in enumerate(subjects):
        words = [f"s{subject}w{i}" for i in rng.zipf(1.4, 50) if i <= N_WORDS][:5]
        anywhere.append(int(rng.integers(40)))
        documents.append([*words, f"any{anywhere[-1]}", *([f"rare{number // 2}"] if number < 40 else [])])
    corpus = Corpus.from_tokens(documents, fields={"label": [f"subject {s}" for s in subjects]})
    topics = [[f"s{k}w{i}" for i in range(1, 11)] for k in range(16)]
    topics += [[f"any{10 * k + i}" for i in range(10)] for k in range(4)]
    topics += [[f"s{10 * k + j}w1" for j in range(10)] for k in range(2)]
    topics += [[f"rare{10 * k + i}" for i in range(10)] for k in range(2)]
    kinds = ["subject"] * 16 + ["mixed"] * 4 + ["apart"] * 2 + ["rare"] * 2
    beta = np.full((24, corpus.n_words), 1e-6)
    for k, words in enumerate(topics):
        beta[k, [corpus.vocabulary.index[word] for word in words]] = np.linspace(2, 1, 10)
    theta = np.full((6000, 24), 0.01)
    is_subject = (subjects < 16) & (rng.random(6000) < 0.75)
    leading = np.where(is_subject, subjects, 16 + np.array(anywhere) // 10)
    theta[np.arange(6000), leading] = 1.0
    model = SimpleNamespace(
        components_=beta / beta.sum(1, keepdims=True),
        vocabulary_=tuple(corpus.vocabulary),
        transform=lambda X: theta / theta.sum(1, keepdims=True),
        history_=[],
    )
    return TopicView.of(model, corpus), kinds


def test_confusion_of_flags_and_kinds(judged):
    view, kinds = judged
    quality = quality_of(view)
    flags = ["mixed" if each.mixed else each.verdict for each in quality.values()]
    table = {
        (kind, flag): sum(pair == (kind, flag) for pair in zip(kinds, flags, strict=True))
        for kind in set(kinds)
        for flag in set(flags)
    }
    assert {pair: n for pair, n in table.items() if n} == {
        ("subject", "together"): 16,
        ("mixed", "mixed"): 4,
        ("apart", "apart"): 2,
        ("rare", "unknown"): 2,
    }


def test_topics_of_rare_words_that_meet_are_not_called_worse_than_chance(judged):
    view, _ = judged
    page = render(view)
    assert "less coherent than chance" not in page and "less often than expected by chance" not in page
    assert "The words of 6 topics do not belong together" in page  # the mixed ones are of words that are anywhere
    assert "2 topics have words in too few documents to tell" in page
    assert "4 topics are mixed" in page


def test_each_card_states_its_quality(judged):
    view, _ = judged
    page = render(view)
    assert page.count("Its first words meet in documents more often than by chance") == 16
    assert page.count("Its documents have little else in common") == 4
    assert page.count("Too few documents to tell whether its first words belong together") == 2


def test_without_a_corpus_there_is_no_statement(view_of_themes):
    view = view_of_themes()
    assert quality_of(TopicView.of(view.model, view.counts)) == {}


@pytest.fixture(scope="module")
def with_copies():
    """A view of three topics of a subject each, a topic of a footer, and a topic of a subject with few words.

    Documents 0 to 599 have 8 words of one of three subjects of 30 words; every tenth has a footer of ten words, which
    topic 3 leads. Documents 600 to 699 have 60 words of a subject of 12 words, which topic 4 leads: nearly all of them
    have all its words.
    """
    rng = np.random.default_rng(0)
    footer = [f"footer{i}" for i in range(10)]
    documents = [[f"s{i % 3}w{w}" for w in rng.integers(30, size=8)] + footer * (i % 10 == 0) for i in range(600)]
    documents += [[f"s4w{w}" for w in rng.integers(12, size=60)] for _ in range(100)]
    corpus = Corpus.from_tokens(documents)
    topics = [[f"s{k}w{i}" for i in range(10)] for k in range(3)] + [footer, [f"s4w{i}" for i in range(10)]]
    beta = np.full((5, corpus.n_words), 1e-6)
    for k, words in enumerate(topics):
        beta[k, [corpus.vocabulary.index[word] for word in words]] = np.linspace(2, 1, 10)
    leading = np.array([3 if i % 10 == 0 else i % 3 for i in range(600)] + [4] * 100)
    theta = np.full((700, 5), 0.01)
    theta[np.arange(700), leading] = 1.0
    model = SimpleNamespace(
        components_=beta / beta.sum(1, keepdims=True),
        vocabulary_=tuple(corpus.vocabulary),
        transform=lambda X: theta / theta.sum(1, keepdims=True),
        history_=[],
    )
    return TopicView.of(model, corpus)


def test_topics_of_a_footer_are_boilerplate_and_subjects_are_not(with_copies):
    quality = quality_of(with_copies)
    assert [k for k, each in quality.items() if each.boilerplate] == [3]
    assert "probably boilerplate" in quality[3].statement and "100% of its documents" in quality[3].statement
    page = render(with_copies)
    assert "1 topic is probably boilerplate" in page and "Remove such passages from the texts" in page


def test_a_few_copies_within_a_topic_of_a_subject_are_no_boilerplate(with_copies):
    reference = Reference(with_copies.corpus)
    topics = [[f"footer{i}" for i in range(10)]]
    theta = np.ones((700, 1))  # the topic leads all documents, and a tenth of them has the footer
    assert boilerplate_shares(topics, reference, theta) == [0]
    subjects = [[f"s0w{i}" for i in range(10)]]
    assert boilerplate_shares(subjects, reference, theta) == [0]
