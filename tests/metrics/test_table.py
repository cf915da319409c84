import json

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from topicml import Corpus, metrics
from topicml.errors import InputError
from topicml.metrics import MEASURES, clustering, coherence, evaluate, kl_uniform, learned_overlap, score, stability

CORPUS = Corpus.read("lee")
RNG = np.random.default_rng(0)
BETA = RNG.dirichlet(np.full(CORPUS.n_words, 0.1), 4)
THETA = RNG.dirichlet(np.ones(4), CORPUS.n_docs)
TOPICS = [[CORPUS.vocabulary[i] for i in np.argsort(-row)[:12]] for row in BETA]
LABELS = RNG.integers(0, 3, CORPUS.n_docs).tolist()
EVERYTHING = {"topics": TOPICS, "reference": CORPUS, "beta": BETA, "theta": THETA, "labels": LABELS}


def test_all_measures_that_the_inputs_allow_are_computed():
    found = evaluate(**EVERYTHING)
    lacking = {"stability", "perplexity", "unigram_perplexity", "learned_overlap"}
    assert set(MEASURES) - set(found) == lacking
    assert all(isinstance(value, metrics.Score) for value in found.values())
    json.dumps({name: value.to_dict() for name, value in found.items()})
    assert found["c_npmi"] == coherence(TOPICS, CORPUS, "c_npmi")
    assert found["ami"].mean == pytest.approx(adjusted_mutual_info_score(LABELS, THETA.argmax(axis=1)))
    assert found["topic_diversity"].protocol["topn"] == 12, "no topic has 25 words"
    assert found["word_intrusion"].protocol["topn"] == 5
    assert found["accuracy_svm"].protocol["classifier"] == "svm"
    assert found["f1_macro_logistic"].protocol["classifier"] == "logistic"


def test_only_measures_that_the_inputs_allow_are_computed():
    unordered = Corpus.from_counts(CORPUS.counts, CORPUS.vocabulary)
    assert {"c_v", "c_npmi"}.isdisjoint(found := evaluate(topics=TOPICS, reference=unordered))
    assert {"u_mass", "npmi_doc", "rbo"} <= set(found)
    assert set(evaluate(topics=TOPICS[:1])) == {"topic_diversity", "topic_uniqueness"}
    assert set(evaluate(theta=THETA)) == {"kl_background"}
    assert set(evaluate(runs=[TOPICS, TOPICS])) == {"stability"}
    assert set(evaluate(train_counts=CORPUS, documents=CORPUS)) == {"unigram_perplexity"}
    of_others = evaluate(topics=TOPICS, reference=CORPUS, theta=THETA[:50], labels=LABELS[:50])
    assert {"document_coverage", "topic_document_agreement"}.isdisjoint(of_others) and "nmi" in of_others


def test_topics_are_compared_with_their_start():
    found = evaluate(["learned_overlap"], topics=TOPICS, starting_topics=TOPICS[::-1])
    assert found["learned_overlap"] == learned_overlap(TOPICS, TOPICS[::-1])


def test_octis_output_contains_beta_and_theta():
    output = {"topics": TOPICS, "topic-word-matrix": BETA, "topic-document-matrix": THETA.T}
    from_output = evaluate(topics=output, reference=CORPUS, labels=LABELS)
    assert from_output == evaluate(**EVERYTHING)


def test_options_and_topn_reach_the_measures():
    found = evaluate(
        ["kl_uniform", "rbo", "word_intrusion"],
        topics=TOPICS,
        beta=5 * BETA,
        reference=CORPUS,
        topn=7,
        options={"kl_uniform": {"normalize": True, "smoothing": 0}, "word_intrusion": {"topn": 3}},
    )
    assert found["kl_uniform"].mean == pytest.approx(kl_uniform(BETA, smoothing=0).mean)
    assert (found["rbo"].protocol["topn"], found["word_intrusion"].protocol["topn"]) == (7, 3)


def test_every_public_measure_is_in_the_table():
    functions = {measure.function for measure in MEASURES.values()}
    public = [getattr(metrics, name) for name in metrics.__all__]
    listed = {one for one in public if callable(one) and not isinstance(one, type)}
    others = {metrics.evaluate, metrics.score, metrics.completion_perplexity, metrics.split_tokens}
    others |= {metrics.split_counts, metrics.leading_topics, metrics.leading_counts}
    others |= {
        metrics.permutation_test,
        metrics.word_meetings,
        metrics.beyond_first_words,
    }  # they return more than a score
    assert listed - functions == others


def test_score_computes_the_defaults_all_or_the_named_measures():
    usual = score(TOPICS, CORPUS, THETA, LABELS)
    assert list(usual) == [
        *("c_npmi", "c_v", "npmi_doc", "u_mass", "c_uci"),
        *("topic_diversity", "topic_uniqueness", "inverted_rbo", "purity", "nmi", "ari"),
    ]
    everything = score(TOPICS, CORPUS, THETA, LABELS, measures="all", beta=BETA)
    assert usual.items() <= everything.items()
    assert set(everything) == set(evaluate(**EVERYTHING))
    assert list(score(TOPICS, CORPUS, measures=["jaccard", "c_v"])) == ["jaccard", "c_v"]
    assert list(score(TOPICS, CORPUS, measures="jaccard")) == ["jaccard"]
    json.dumps(everything)


def test_a_measure_can_be_called_by_itself():
    assert MEASURES["c_v"](TOPICS, CORPUS, topn=5) == coherence(TOPICS, CORPUS, "c_v", 5)
    assert MEASURES["nmi"](THETA, LABELS).mean == clustering(THETA, LABELS).nmi
    logistic = MEASURES["f1_macro_logistic"](THETA, LABELS, seed=2)
    assert logistic == metrics.classification(THETA, LABELS, classifier="logistic", seed=2).f1_macro
    assert not MEASURES["perplexity"].higher_is_better


def test_clustering_has_ami():
    assert clustering(THETA, LABELS).to_dict()["ami"] == clustering(THETA, LABELS).score("ami").mean
    assert stability([TOPICS, TOPICS[::-1]]).mean == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: evaluate(["c_nmpi"], **EVERYTHING), "no measure 'c_nmpi'. Did you mean c_npmi"),
        (lambda: evaluate(options={"c_w": {}}, **EVERYTHING), "no measure 'c_w'. Did you mean c_v"),
        (lambda: evaluate(["zzzzz"], **EVERYTHING), "Known: u_mass"),
        (lambda: evaluate(["nmi"], topics=TOPICS), "nmi needs theta and labels"),
        (lambda: evaluate(topic=TOPICS), "no input 'topic'. Did you mean 'topics'"),
        (lambda: evaluate(["kl_uniform"], beta=np.log(BETA)), "logits"),
        (lambda: evaluate(["rbo"], topics=TOPICS[:1]), "there is only one"),
        (lambda: evaluate(topics=[TOPICS[0], []]), "Topic 1 has 0 words"),
    ],
)
def test_bad_calls_are_named(call, match):
    with pytest.raises(InputError, match=match):
        call()
