"""topicml's models in OCTIS, and OCTIS's models and metrics in topicml."""

import json

import numpy as np
import pytest
from scipy.special import softmax

from topicml import Corpus, ProdLDA, metrics
from topicml.errors import InputError
from topicml.integrations import Fitted
from topicml.integrations.octis import from_output, measure, to_dataset, to_output, train

from .conftest import WORDS, assert_planted, assert_rows

octis = pytest.importorskip("octis.models.model", reason="OCTIS is not installed")

from octis.evaluation_metrics.coherence_metrics import Coherence  # noqa: E402
from octis.evaluation_metrics.diversity_metrics import InvertedRBO, TopicDiversity  # noqa: E402
from octis.evaluation_metrics.topic_significance_metrics import KL_uniform  # noqa: E402

from topicml.integrations.octis import OctisModel  # noqa: E402

# Fits of two epochs, where it does not matter what they find, warn of their topics.
pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
SETTINGS = {"max_epochs": 15, "batch_size": 24, "hidden": 32, "dropout": 0.0, "random_state": 0}


def prodlda(**settings):
    return ProdLDA(3, **{**SETTINGS, **settings})


@pytest.fixture(scope="module")
def data(planted):
    return to_dataset(planted)


@pytest.fixture(scope="module")
def output(data):
    return OctisModel(prodlda()).train_model(data, {}, top_words=6)


def test_output_is_octis_s_by_shape_order_and_partition(planted, data, output):
    train_docs, _, test_docs = data.get_partitioned_corpus()
    assert_planted(output["topics"])
    assert {len(topic) for topic in output["topics"]} == {6}
    assert output["topic-word-matrix"].shape == (3, 24)
    np.testing.assert_allclose(output["topic-word-matrix"].sum(axis=1), 1)
    for topic, row in zip(output["topics"], output["topic-word-matrix"], strict=True):
        assert data.get_vocabulary()[row.argmax()] == topic[0]
    parts = planted.fields["partition"]
    assert output["topic-document-matrix"].shape == (3, len(train_docs))
    assert output["test-topic-document-matrix"].shape == (3, len(test_docs))
    assert_rows(output["topic-document-matrix"].T, planted[parts == "train"])
    assert_rows(output["test-topic-document-matrix"].T, planted[parts == "test"])


def test_the_test_documents_are_not_seen_in_training(planted, data, output):
    """The result equals a fit of the training rows alone, and their transform."""
    parts = planted.fields["partition"]
    alone = prodlda().fit(planted[parts == "train"])
    np.testing.assert_array_equal(output["topic-word-matrix"], alone.components_)
    np.testing.assert_array_equal(output["test-topic-document-matrix"], alone.transform(planted[parts == "test"]).T)


def test_without_partitions_all_documents_are_fitted(planted):
    model = OctisModel(prodlda(), use_partitions=False)
    output = model.train_model(to_dataset(planted, partition=None), {}, top_words=0)
    assert "topics" not in output
    assert "test-topic-document-matrix" not in output
    np.testing.assert_array_equal(output["topic-word-matrix"], prodlda().fit(planted).components_)


def test_runs_of_the_same_settings_differ_and_can_be_repeated(data):
    def runs():
        model = OctisModel(prodlda(max_epochs=2))
        names = ({"alpha": np.float64(0.2)}, {"alpha": 0.2}, {"alpha": 0.3})
        return [model.train_model(data, dict(name))["topic-word-matrix"] for name in names]

    first, second = runs(), runs()
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(first[0] - first[1]).max() > 0
    other_settings = OctisModel(prodlda(max_epochs=2, alpha=0.3)).train_model(data)["topic-word-matrix"]
    np.testing.assert_array_equal(first[2], other_settings)


def test_octis_s_metrics_agree_with_ours_on_its_output(planted, data, output):
    texts = data.get_corpus()
    assert TopicDiversity(topk=5).score(output) == metrics.topic_diversity(output, 5)
    theirs = Coherence(texts=texts, topk=5, measure="c_npmi", processes=1).score(output)
    assert theirs == pytest.approx(metrics.coherence(output, texts, "c_npmi", topn=5).mean, abs=1e-9)
    from octis.evaluation_metrics import classification_metrics

    classification_metrics.stored_model_output_hash = None
    assert classification_metrics.AccuracyScore(data).score(output) > 0.9


def test_octis_s_optimizer_runs_on_our_model(data, tmp_path):
    space = pytest.importorskip("skopt.space", reason="scikit-optimize, which OCTIS's Optimizer needs, is missing")
    pytest.importorskip("matplotlib", reason="matplotlib, which OCTIS's Optimizer needs, is missing")
    from octis.optimization.optimizer import Optimizer

    result = Optimizer().optimize(
        OctisModel(prodlda(max_epochs=2)),
        data,
        Coherence(texts=data.get_corpus(), topk=5, measure="c_npmi", processes=1),
        {
            "num_topics": space.Integer(2, 4),
            "alpha": space.Real(0.05, 0.5),
            "decoder": space.Categorical(["product", "mixture"]),
        },
        extra_metrics=[TopicDiversity(topk=5)],
        number_of_call=3,
        model_runs=2,
        random_state=0,
        save_path=f"{tmp_path}/",
        topk=5,
    )
    stored = json.loads((tmp_path / "result.json").read_text())
    assert len(result.func_vals) == len(stored["f_val"]) == 3
    assert set(stored["x_iters"]["num_topics"]) <= {2, 3, 4}
    assert stored["model_name"] == "OctisModel"
    assert stored["model_attributes"]["max_epochs"] == 2
    for call, value in enumerate(stored["f_val"]):
        runs = stored["dict_model_runs"]["Coherence"][f"iteration_{call}"]
        assert value == pytest.approx(np.median(runs))
        model_output = np.load(tmp_path / "models" / f"{call}_1.npz", allow_pickle=True)
        expected = metrics.coherence(model_output["topics"].tolist(), data.get_corpus(), "c_npmi", topn=5).mean
        assert runs[1] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["LDA", "NMF"])
def test_octis_s_gensim_models_are_read_in_the_order_of_their_columns(planted, name):
    """Their columns are not in the dataset's order (OCTIS issue 86)."""
    module = pytest.importorskip(f"octis.models.{name}")
    model = getattr(module, name)(num_topics=3, random_state=0)
    result = train(model, planted, {"passes": 20}, topn=5)
    assert sorted(result.vocabulary) == sorted(WORDS) and list(result.vocabulary) != WORDS
    assert_planted(result.topics)
    assert_rows(result.theta, planted)
    for topic, row in zip(result.topics, result.beta, strict=True):
        assert result.vocabulary[row.argmax()] == topic[0]
    output = model.train_model(to_dataset(planted, partition=None), {}, top_words=5)
    with pytest.raises(InputError, match="columns are in another order than the vocabulary"):
        from_output(output, WORDS)


def test_an_octis_model_trained_again_is_trained_on_the_new_corpus(planted):
    from octis.models.LDA import LDA

    model = LDA(num_topics=2, random_state=0)
    train(model, planted)
    other = Corpus.from_tokens([["fish", "hook"], ["fish", "line"], ["hook", "line"]])
    result = train(model, other, topn=2)
    assert set(result.vocabulary) == {"fish", "hook", "line"}
    assert result.theta.shape == (3, 2)


def test_octis_s_prodlda_gives_logits(planted, monkeypatch):
    module = pytest.importorskip("octis.models.ProdLDA")
    monkeypatch.setattr(np, "Inf", np.inf, raising=False)  # OCTIS's neural models use a name that NumPy 2 removed
    model = module.ProdLDA(num_topics=3, num_epochs=3, use_partitions=False)
    with pytest.raises(InputError, match="logits"):
        train(model, planted)
    result = train(model, planted, topn=5, logits=True)
    np.testing.assert_allclose(result.beta.sum(axis=1), 1)
    assert result.vocabulary == tuple(WORDS)
    assert result.theta.shape == (planted.n_docs, 3)


def test_from_output_takes_the_softmax_of_logits():
    logits = np.array([[1.0, -2.0, 0.5], [-1.0, 3.0, 0.0]])
    result = from_output({"topic-word-matrix": logits}, ["a", "b", "c"], logits=True, topn=2)
    np.testing.assert_allclose(result.beta, softmax(logits, axis=1))
    assert result.topics == [["a", "c"], ["b", "c"]]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({}, "must have 'topics', or 'topic-word-matrix' together with a vocabulary"),
        (
            {"topics": [["a"], ["b"]], "topic-document-matrix": np.ones((5, 2))},
            r"shape \(5, 2\); it should be \(topics, documents\)",
        ),
        ({"topics": [["a"]], "topic-word-matrix": np.ones((2, 3))}, "1 topics, but 2 rows"),
        ({"topics": [["a"]], "topic-word-matrix": np.ones((1, 2))}, "3 words, but the model has 2 columns"),
        ({"topics": [["z"]], "topic-word-matrix": np.ones((1, 3))}, "Topic 0 begins with 'z'"),
    ],
)
def test_wrong_outputs(output, message):
    with pytest.raises(InputError, match=message):
        from_output(output, ["a", "b", "c"])


def test_metrics_become_functions_of_any_topics(planted, model, output):
    diversity = measure(TopicDiversity(topk=5))
    assert diversity.__name__ == "TopicDiversity"
    assert diversity([["a", "b", "c", "d", "e"], ["a", "b", "c", "d", "f"]]) == pytest.approx(0.6)
    assert diversity(model) == metrics.topic_diversity(model.topics(5), 5)
    assert measure(InvertedRBO(topk=5))(output) == pytest.approx(metrics.inverted_rbo(output, 5), abs=1e-9)
    result = Fitted(model.topics(5), model.components_, model.transform(planted))
    assert measure(KL_uniform())(result) == pytest.approx(metrics.kl_uniform(model.components_), abs=1e-9)
    assert to_output(result)["topic-document-matrix"].shape == (3, planted.n_docs)
    with pytest.raises(InputError, match="KL_uniform reads 'topic-word-matrix', but the output has topics"):
        measure(KL_uniform())([["a", "b"]])
    with pytest.raises(InputError, match="is not an OCTIS metric object"):
        measure(len)
    with pytest.raises(InputError, match=r"is not an OCTIS metric object.*Make one, such as TopicDiversity\(\)"):
        measure(TopicDiversity)


def test_wrong_models_and_settings(data):
    with pytest.raises(InputError, match="OctisModel takes a topicml model"):
        OctisModel(ProdLDA)
    model = OctisModel(prodlda())
    with pytest.raises(InputError, match=r"no hyperparameter 'n_topic'\. Did you mean n_topics"):
        model.train_model(data, {"n_topic": 3})
    with pytest.raises(InputError, match="no hyperparameter"):
        model.set_hyperparameters(passes=3)
    with pytest.raises(InputError, match="does not learn from test documents"):
        model.partitioning(True, update_with_test=True)
    with pytest.raises(InputError, match="n_topics must be at least 2; received 1"):
        model.train_model(data, {"num_topics": 1})
    with pytest.raises(InputError, match="has no training documents"):
        OctisModel(prodlda()).train_model(type(data)([["a"]], ["a"], None, {}))


def test_settings_are_kept_as_octis_keeps_them(data):
    model = OctisModel(prodlda(max_epochs=1))
    model.set_hyperparameters(num_topics=4)
    assert model.train_model(data, {"alpha": 0.3})["topic-word-matrix"].shape == (4, 24)
    assert model.hyperparameters["n_topics"] == 4
    assert model.hyperparameters["alpha"] == 0.3
    assert model.estimator.n_topics == 3
    assert model.info()["name"] == "topicml's ProdLDA"
    assert model.trained_model.topics(2)
