"""OCTIS's models and metric objects in a grid of topicml."""

import numpy as np
import pytest

from topicml import metrics
from topicml.errors import InputError, TopicWarning
from topicml.experiment import CorpusEntry, Experiment, ModelEntry, Results, report, run_experiment
from topicml.integrations.octis import grid_measure
from topicml.integrations.octis.adapter import fit
from topicml.metrics import Measure

from .conftest import assert_planted, assert_rows

pytest.importorskip("octis", reason="OCTIS is not installed (pip install --no-deps octis==1.14.0)")

from octis.evaluation_metrics.coherence_metrics import Coherence
from octis.evaluation_metrics.diversity_metrics import TopicDiversity
from octis.evaluation_metrics.similarity_metrics import PairwiseJaccardSimilarity
from octis.evaluation_metrics.topic_significance_metrics import KL_background, KL_uniform

OURS = {
    "OCTIS diversity": ("topic_diversity", grid_measure(TopicDiversity(topk=5), higher_is_better=True)),
    "OCTIS Jaccard": ("jaccard", grid_measure(PairwiseJaccardSimilarity(topk=5), higher_is_better=False)),
    "OCTIS background": ("kl_background", grid_measure(KL_background(), higher_is_better=True)),
    "OCTIS NPMI": (
        "c_npmi",
        grid_measure(lambda corpus: Coherence(texts=list(corpus), topk=5, processes=1), higher_is_better=True),
    ),
}


def grid(planted, **own):
    model = ModelEntry(
        "OCTIS LDA", adapter="topicml.integrations.octis.adapter:fit", parameters={"model": "LDA", "passes": 8}
    )
    own_measures = {name: measure for name, (_, measure) in OURS.items()} | own
    return Experiment(
        [CorpusEntry("planted", planted, held_out_share=0)],
        [model],
        [3],
        [0],
        measures=["nmi"],
        topn=5,
        own_measures=own_measures,
    )


@pytest.fixture(scope="module")
def runs(planted, tmp_path_factory):
    """The folder of one finished run of OCTIS's LDA, and its corpus."""
    folder = tmp_path_factory.mktemp("runs")
    return folder, run_experiment(grid(planted), folder)


def value(results, measure):
    return results.values(measure)["OCTIS LDA"]["planted", 3, 0]


def test_an_octis_model_and_octis_metrics_run_in_a_grid(planted, runs):
    folder, results = runs
    assert not results.failures and value(results, "nmi") > 0.9
    (arrays,) = folder.glob("[!.]*.npz")
    with np.load(arrays) as kept:
        theta = kept["theta"]
    topics, again = fit(planted.counts, list(planted), list(planted.vocabulary), 3, 0, model="LDA", passes=8)
    assert_planted([topic[:5] for topic in topics])
    assert_rows(theta, planted)
    np.testing.assert_allclose(theta, again, atol=1e-5)
    options = {name: {"topn": 5} for name in ("topic_diversity", "jaccard", "c_npmi")}
    of_fit = metrics.evaluate(
        [ours for ours, _ in OURS.values()], topics=topics, theta=theta, reference=planted, options=options
    )
    of_fit["kl_background"] = metrics.kl_background(theta)  # OCTIS counts documents without words, too
    for name, (ours, measure) in OURS.items():
        assert value(results, name) == pytest.approx(of_fit[ours].mean, abs=1e-9)
        assert results.higher_is_better(name) == measure.higher_is_better == metrics.MEASURES[ours].higher_is_better


def test_their_scores_are_kept_and_read_without_the_metrics(planted, runs):
    folder, results = runs
    read = Results.read(folder)
    assert not read.higher_is_better("OCTIS Jaccard")
    assert "OCTIS Jaccard ↓" in report(read)
    done = []
    again = run_experiment(grid(planted), folder, on_run=lambda run, record: done.append(run))
    assert done == [] and again.table.equals(results.table)


def test_a_metric_that_fails_is_left_out_with_a_warning(planted, runs):
    folder, _ = runs

    def fails(topics):
        raise ZeroDivisionError("no pairs")

    own = {"of beta": grid_measure(KL_uniform(), higher_is_better=True), "odd": Measure(fails, ("topics",), True)}
    own |= {"longest": Measure(lambda topics: max(map(len, topics)), ("topics",), True)}
    with pytest.warns(TopicWarning, match=r"of beta of OCTIS LDA.*reads 'topic-word-matrix'.*ZeroDivisionError: no"):
        results = run_experiment(grid(planted, **own), folder)
    assert value(results, "longest") == 24 and not {"of beta", "odd"} & set(results.measures)


@pytest.mark.parametrize(("model", "settings"), [("NMF", {}), ("HDP", {"T": 12, "K": 6})])
def test_models_of_other_settings_and_documents_without_order(planted, model, settings):
    counts = planted[planted.lengths > 0].counts[:80]
    topics, theta = fit(counts, None, list(planted.vocabulary), 3, 1, model=model, **settings)
    assert len(topics) == settings.get("T", 3)  # HDP infers the number of topics
    assert theta.shape == (80, len(topics))
    assert fit(counts, None, list(planted.vocabulary), 3, 1, model=model, **settings)[0] == topics


def test_the_seed_is_that_of_neural_models_too(planted, monkeypatch):
    """OCTIS's models draw from the global generators. NeuralLDA's matrix and topics differ in the order of words."""
    monkeypatch.setattr(np, "Inf", np.inf, raising=False)
    counts = planted[planted.lengths > 0].counts[:64]
    first, again, other = (
        fit(counts, None, list(planted.vocabulary), 3, seed, model="NeuralLDA", num_epochs=1) for seed in (1, 1, 2)
    )
    assert first[0] == again[0] != other[0]
    np.testing.assert_array_equal(first[1], again[1])


def test_what_is_no_model_or_measure_is_refused(planted):
    with pytest.raises(InputError, match=r"OCTIS has no model 'ProdLda'\. Did you mean ProdLDA"):
        fit(planted.counts, None, list(planted.vocabulary), 3, 0, model="ProdLda")
    for name, (measure, said) in {
        "metric": (TopicDiversity(), r"must be a topicml\.metrics\.Measure; received .*grid_measure"),
        "needy": (Measure(len, ("runs",), True), "needs 'runs'; a fit has topics, reference"),
        "nmi": (Measure(len, ("topics",), True), "'nmi' is already the name of a measure"),
    }.items():
        with pytest.raises(InputError, match=said):
            grid(planted, **{name: measure})
    for metric in (TopicDiversity, "c_v"):
        with pytest.raises(InputError, match="is not an OCTIS metric object"):
            grid_measure(metric, higher_is_better=True)
