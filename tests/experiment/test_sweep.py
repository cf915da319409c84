"""Sweeps over the number of topics: what decides, the range, and the best model."""

from importlib import import_module

import numpy as np
import pytest

from topicml.corpus import Corpus, synthetic
from topicml.errors import InputError, TopicWarning
from topicml.experiment import how_many, sweep, sweep_table
from topicml.experiment.how_many import best_range
from topicml.experiment.outcome import Outcome
from topicml.experiment.samples import sample_agreements
from topicml.experiment.statistics import Summary
from topicml.experiment.sweep import numbers_around


def of_mean(mean, std=0.01, n=4):
    return Summary(n, mean, std, mean, mean)


def test_the_range_is_what_a_share_of_the_best_allows_around_it():
    scores = {10: of_mean(0.4), 20: of_mean(0.2), 30: of_mean(0.43), 40: of_mean(0.5), 50: of_mean(0.42)}
    assert best_range(scores) == (40, (30, 40))
    assert best_range({10: of_mean(0.3), 20: of_mean(0.3)}) == (10, (10, 20))
    assert best_range({10: of_mean(0.3, float("nan"), 1), 20: of_mean(0.25)}) == (10, (10, 10))


def test_samples_that_differ_widen_the_range():
    scores = {10: of_mean(0.3), 20: of_mean(0.5, std=0.5), 30: of_mean(0.3)}
    assert best_range(scores) == (20, (10, 30))


@pytest.fixture
def with_known_scores(monkeypatch):
    """Fits that are made up: words of a subject lie together for three topics; others mix subjects at random."""

    def fit(run, handed_over, *, held_out=None, perplexity=False, **options):
        corpus, judged = Corpus.open(handed_over / "corpus"), Corpus.open(held_out)
        words = sorted(corpus.vocabulary)
        rng = np.random.default_rng([run.n_topics, corpus.n_docs, len(judged), int(corpus.fingerprint[:6], 16)])
        topics = [[words[(12 * k + i) % len(words)] for i in range(10)] for k in range(run.n_topics)]
        if run.n_topics != 3:
            topics = [list(rng.permutation(words)[:10]) for _ in range(run.n_topics)]

        def theta(part):
            leading = (
                np.asarray(part.fields["label"]) if run.n_topics == 3 else rng.integers(run.n_topics, size=len(part))
            )
            return np.eye(run.n_topics, dtype=np.float32)[leading]

        cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "process_s": 1.0, "peak_mb": 1.0}
        values = {"perplexity": 20.0 if run.n_topics < 5 else 1000.0}
        return Outcome(topics, theta(judged), None, cost, values, training_theta=theta(corpus))

    monkeypatch.setattr(import_module("topicml.experiment.runner"), "fit_in_process", fit)


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
@pytest.mark.usefixtures("with_known_scores")
def test_a_score_does_not_depend_on_the_numbers_that_are_tried(tmp_path, corpus):
    options = {"seeds": 3, "keep_model": False}
    few = sweep(corpus, [2, 3, 4], folder=tmp_path / "few", **options)
    many = sweep(corpus, [2, 3, 4, 6, 9, 12], folder=tmp_path / "many", **options)
    assert {k: many.scores[k] for k in few.scores} == dict(few.scores)
    assert few.by == ("agreement", "ami")  # the corpus has labels
    assert few.best == many.best == 3 and few.recommended == many.recommended == (3, 3)
    assert few.stability[3] == pytest.approx(
        2 / 3, abs=0.01
    )  # the same words, documents, and a third of pairs together
    assert "agreement" in sweep_table(few).head


@pytest.mark.filterwarnings("ignore:The best number:topicml.errors.TopicWarning")
@pytest.mark.usefixtures("with_known_scores")
def test_numbers_that_predict_no_better_than_frequencies_are_not_recommended(tmp_path, corpus):
    with pytest.warns(TopicWarning, match="With 5, 6 topics, the model predicts words of unseen documents no better"):
        found = sweep(corpus, [4, 5, 6], folder=tmp_path, seeds=2, by=["topic_diversity"], keep_model=False)
    assert found.unhelpful == (5, 6) and found.best == 4 and found.recommended == (4, 4)


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
@pytest.mark.usefixtures("with_known_scores")
def test_the_agreement_is_of_all_documents_seen_or_not(tmp_path, corpus):
    found = sweep(corpus, [3, 4], folder=tmp_path, seeds=[5, 7], keep_model=False)
    from topicml.experiment.records import Records

    agreement = sample_agreements(found.results, Records(tmp_path), corpus, [5, 7])
    assert agreement[3]["sample 5"] == agreement[3]["sample 7"] == found.stability[3] > 0.6
    assert found.stability[4] < 0.3  # documents have random topics


def test_measures_without_a_fixed_scale_decide_only_alone(tmp_path, corpus):
    with pytest.raises(InputError, match="u_mass has no fixed scale, so its mean with topic_diversity"):
        sweep(corpus, [3], folder=tmp_path, by=["topic_diversity", "u_mass"])
    with pytest.raises(InputError, match="agreement compares samples of the documents: pass seeds=2"):
        sweep(corpus, [3], folder=tmp_path, seeds=1)


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
@pytest.mark.usefixtures("fits_here")
def test_the_range_holds_the_number_of_topics_that_a_corpus_was_drawn_from(tmp_path):
    drawn = synthetic.lda(n_docs=200, n_topics=5, n_words=150, mean_length=40, random_state=1).corpus
    drawn = Corpus.from_tokens(list(drawn))  # without labels
    plans = []
    found = sweep(
        drawn, folder=tmp_path, seeds=2, parameters={"max_epochs": 20}, on_plan=lambda *plan: plans.append(plan)
    )
    first, last = found.recommended
    assert found.by == ("agreement",) and first <= 5 <= last <= 10
    numbers, n_fits, estimate = plans[0]
    assert 5 in numbers and n_fits == 2 * len(numbers) and estimate is found.estimate
    assert found.model.n_topics == found.best
    assert found.model.transform(drawn).shape == (200, found.best)


def test_a_sweep_of_an_estimate_tries_its_range_and_the_numbers_next_to_it():
    drawn = synthetic.lda(n_docs=300, n_topics=5, n_words=200, random_state=1).corpus
    estimate = how_many(drawn, [2, 3, 4, 5, 6, 8, 12])
    numbers = numbers_around(estimate)
    assert {estimate.best, *estimate.recommended} <= set(numbers) and len(numbers) <= 5
    assert min(numbers) < estimate.recommended[0] and max(numbers) > estimate.recommended[1]
