"""Grids that hold documents out: what is fitted, what is judged, and what is recorded."""

import numpy as np
import pytest

from topicml import ProdLDA, metrics
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment import CorpusEntry, Experiment, ModelEntry, Results, experiment_from, run_experiment
from topicml.experiment.identity import run_id
from topicml.experiment.records import Records
from topicml.metrics import perplexity, unigram_perplexity
from topicml.models import starting_topics

SHORT = {"max_epochs": 2, "batch_size": 32}


@pytest.fixture
def split_entry(corpus):
    return CorpusEntry("tiny", corpus, held_out_share=0.4)


def value(results, measure, system="frequent"):
    (only,) = results.values(measure)[system].values()
    return only


@pytest.mark.usefixtures("fits_here")
def test_a_model_is_fitted_on_some_documents_and_judged_on_the_others(tmp_path, corpus, split_entry):
    measures = ["npmi_doc", "topic_diversity", "nmi", "document_coverage", "perplexity", "unigram_perplexity"]
    measures += ["learned_overlap", "used_topics"]
    entry = ModelEntry("ProdLDA", model="ProdLDA", parameters=SHORT)
    results = run_experiment(Experiment([split_entry], [entry], [3], [0], measures=measures, topn=5), tmp_path)

    train, held_out = corpus.split(0.6, 1234)
    model = ProdLDA(n_topics=3, random_state=0, **SHORT).fit(train)
    topics, theta = model.topics(25), model.transform(held_out)
    expected = {
        "npmi_doc": metrics.coherence(topics, held_out, "npmi_doc", 5),
        "npmi_doc_train": metrics.coherence(topics, train, "npmi_doc", 5),
        "topic_diversity": metrics.topic_diversity(topics),
        "nmi": metrics.clustering(theta, held_out.fields["label"]).nmi,
        "nmi_train": metrics.clustering(model.transform(train), train.fields["label"]).nmi,
        "document_coverage": metrics.document_coverage(topics, held_out, theta, 5),
        "document_coverage_train": metrics.document_coverage(topics, train, model.transform(train), 5),
        "perplexity": perplexity(model, held_out),
        "unigram_perplexity": unigram_perplexity(train, held_out),
        "learned_overlap": metrics.learned_overlap(topics, starting_topics(model, train, 25), 5),
        "used_topics": len(np.unique(theta.argmax(axis=1))),
    }
    found = {name: value(results, name, "ProdLDA") for name in expected}
    assert found == pytest.approx({name: float(each) for name, each in expected.items()}, rel=1e-5)
    costs = {"fit_s", "fit_cpu_s", "peak_mb"}
    assert set(results.measures) - costs == {*expected, "used_topics_train"}
    assert not results.higher_is_better("perplexity") and results.higher_is_better("npmi_doc_train")

    (record,) = Records(tmp_path).all()
    split = {"share": 0.4, "seed": 1234, "min_df": 2, "fingerprint": held_out.fingerprint}
    assert record["definition"]["held_out"] == record["identity"]["held_out"] == split
    assert record["definition"]["corpus"] == train.fingerprint
    assert {row["split"] for row in results.table.to_pylist()} == {"0.4 held out, seed 1234"}
    results.write(tmp_path)
    assert Results.read(tmp_path / "results.csv").table.equals(results.table)


def test_an_adapter_gives_theta_of_held_out_documents(tmp_path, corpus, split_entry, adapter):
    note = tmp_path / "note"
    entries = [adapter("transforming", note=str(note)), adapter("transforming", "no beta", beta=False)]
    entries.append(adapter("frequent"))
    measures = ["nmi", "perplexity", "unigram_perplexity"]
    with pytest.warns(UserWarning, match="perplexity of no beta on tiny: the model gives no likelihood"):
        results = run_experiment(Experiment([split_entry], entries, [3], [0], measures=measures), tmp_path / "runs")
    train, held_out = corpus.split(0.6, 1234)
    seen, other = metrics.split_tokens(held_out)
    scored = (np.diff(seen.indptr) > 0) & (np.diff(other.indptr) > 0)
    assert note.read_text() == f"{held_out.n_docs} True\n{scored.sum()} False\n"
    # Its topics are all alike, the smoothed frequencies: a unigram model.
    assert value(results, "perplexity", "transforming") == pytest.approx(
        unigram_perplexity(train, held_out, smoothing=1).mean
    )
    assert list(results.values("perplexity")) == ["transforming"]
    assert value(results, "nmi", "no beta") == value(results, "nmi", "transforming")
    (failure,) = results.failures
    assert failure["model"] == "frequent" and "does not return a function 'transform'" in failure["error"]


def test_the_split_is_part_of_the_identity_and_finished_runs_are_reused(tmp_path, corpus, adapter):
    done = []

    def run(measures=("npmi_doc",), **split):
        grid = Experiment([CorpusEntry("c", corpus, **split)], [adapter("transforming")], [3], [0], measures=measures)
        return run_experiment(grid, tmp_path, on_run=lambda _, record: done.append(record["id"]))

    run(held_out_share=0.4)
    run(["npmi_doc", "purity", "perplexity"], held_out_share=0.4)  # further measures need no fit
    assert len(done) == 1
    run(held_out_share=0.5), run(held_out_share=0.4, split_seed=1)
    whole = run(held_out_share=0)
    assert len(set(done)) == 4
    assert set(whole.values("npmi_doc")) == {"transforming"} and "npmi_doc_train" not in whole.measures
    (plain,) = [each for each in Records(tmp_path).all() if "held_out" not in each["identity"]]
    assert plain["id"] == run_id(plain["identity"]) and not {"values", "starting_topics"} & set(plain)
    assert {row["split"] for row in whole.table.to_pylist()} == {None}


@pytest.mark.usefixtures("fits_here")
def test_a_new_measure_of_the_start_repeats_the_fit_and_adapters_have_no_start(tmp_path, entry, adapter):
    done = []
    model = ModelEntry("ProdLDA", model="ProdLDA", parameters=SHORT)
    for measures in (["topic_diversity"], ["topic_diversity", "learned_overlap"], ["learned_overlap"]):
        results = run_experiment(
            Experiment([entry], [model], [3], [0], measures=measures), tmp_path, on_run=lambda *each: done.append(each)
        )
    assert len(done) == 2 and 0 <= value(results, "learned_overlap", "ProdLDA") <= 1


def test_an_adapter_has_no_start(tmp_path, entry, adapter):
    grid = Experiment([entry], [adapter("frequent")], [3], [0], measures=["learned_overlap"])
    with pytest.warns(UserWarning, match="the model has no starting topics"):
        run_experiment(grid, tmp_path)


def test_a_file_sets_the_split_for_all_corpora_or_one(tmp_path, corpus):
    corpus.save(tmp_path / "a")
    corpus.save(tmp_path / "b")
    config = {"corpora": {"a": {}, "b": {"held_out_share": 0.2}}, "models": ["ProdLDA"], "held_out_share": 0.4}
    grid = experiment_from(config | {"split_seed": 5, "measures": ["perplexity", "c_v"]}, tmp_path)
    assert [(each.held_out_share, each.split_seed) for each in grid.corpora] == [(0.4, 5), (0.2, 5)]
    assert grid.all_measures == ["perplexity", "c_v", "c_v_train"]
    config["corpora"]["b"] = {"held_out_share": 0}
    grid = experiment_from(config, tmp_path)
    assert "c_npmi_train" in grid.measures_on("a") and "c_npmi_train" not in grid.measures_on("b")


def test_documents_are_held_out_unless_the_share_is_zero(tmp_path, corpus, adapter):
    corpus.save(tmp_path / "a")
    entry = CorpusEntry("c", corpus)
    assert (entry.held_out_share, entry.split_seed) == (0.4, 1234)
    grid = experiment_from({"corpora": ["a"], "models": ["ProdLDA"]}, tmp_path)
    assert {"document_coverage", "document_coverage_train"} <= set(grid.measures_on("a"))
    parts = entry.parts()
    assert parts.judged is parts.held_out and parts.held_out.n_docs == 48


def test_bad_input_is_named(tmp_path, corpus, entry, adapter):
    for share in (1, -0.1, True, "half"):
        with pytest.raises(InputError, match="held_out_share must be from 0 to less than 1"):
            CorpusEntry("c", corpus, held_out_share=share)
    with pytest.raises(InputError, match="split_seed must be a whole number from 0; received -1"):
        CorpusEntry("c", corpus, split_seed=-1)
    with pytest.raises(InputError, match="perplexity is not a measure of a single fit: it needs held-out documents"):
        Experiment([entry], [adapter("frequent")], measures=["perplexity"])
    few = CorpusEntry("few", Corpus.from_tokens([["a"], ["a"], ["b"]]), held_out_share=0.4)
    with pytest.raises(InputError, match="3 documents cannot be split"):
        run_experiment(Experiment([few], [adapter("transforming")], [2], [0]), tmp_path)
