"""Models with contrasts: training, storage, resumption, views, and invalid arguments."""

import math
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone

import topicml
from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.models import ProdLDA
from topicml.nn.batch import Batch
from topicml.objectives import ELBO, IWAE, SetContrast
from topicml.objectives.contrast import InfoNCE
from topicml.objectives.views import WordDropout
from topicml.pareto import Balance, FixedWeights

# Four epochs give poor topics, which do not matter here.
pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(0)
    matrix = np.zeros((150, 24), dtype=np.int32)
    for row in matrix:
        np.add.at(row, 8 * rng.integers(3) + rng.integers(8, size=9), 1)
    return sp.csr_matrix(matrix)


def small(**arguments):
    return ProdLDA(n_topics=3, hidden=16, max_epochs=4, batch_size=32, random_state=0, **arguments)


BALANCED = {"weight_model", "weight_contrast", "norm_model", "norm_contrast", "cosine", "stationarity", "contrast"}


def test_history_records_the_balance(counts):
    model = small(contrast="set").fit(counts)
    assert all(set(epoch) >= BALANCED for epoch in model.history_)
    assert all(-1 <= epoch["cosine"] <= 1 and epoch["stationarity"] >= 0 for epoch in model.history_)
    assert not BALANCED & set(small().fit(counts).history_[-1])


@pytest.mark.parametrize("pooling", ["mean", "fspool", "attention"])
@pytest.mark.parametrize("at", ["parameters", "representation"])
def test_the_same_seed_gives_the_same_bits(counts, pooling, at):
    first, second = (small(contrast=SetContrast(pooling=pooling), balance=Balance(at=at)).fit(counts) for _ in range(2))
    np.testing.assert_array_equal(first.components_, second.components_)
    np.testing.assert_array_equal(first.transform(counts), second.transform(counts))


def test_fit_does_not_change_the_objects_of_the_user(counts):
    contrast, balance = SetContrast(pooling="fspool"), Balance(momentum=0.9)
    small(contrast=contrast, balance=balance).fit(counts)
    assert not contrast.pools and not list(contrast.parameters())
    assert balance.state_dict()["counters"].tolist() == [0, 0]


class Interruption(Exception):
    pass


@pytest.mark.parametrize(
    ("contrast", "balance"),
    [
        (SetContrast(pooling="fspool"), Balance(momentum=0.9, every=3)),
        ("set", "pareto"),
        (["set", "infonce"], "sum"),
    ],
)
def test_an_interrupted_fit_resumes_to_the_same_bits(counts, tmp_path, contrast, balance):
    def stop(record):
        if record["epoch"] == 2:
            raise Interruption

    settings = {"contrast": contrast, "balance": balance}
    whole = small(**settings).fit(counts)
    with pytest.raises(Interruption):
        small(**settings).fit(counts, checkpoint=tmp_path, checkpoint_seconds=0, callbacks=[stop])
    resumed = small(**settings).fit(counts, checkpoint=tmp_path, checkpoint_seconds=0)
    np.testing.assert_array_equal(whole.components_, resumed.components_)
    np.testing.assert_array_equal(whole.transform(counts), resumed.transform(counts))


@pytest.mark.parametrize(
    "settings",
    [
        {"contrast": "set", "balance": "sum"},
        {"contrast": SetContrast(set_size=3, view=WordDropout(0.2)), "balance": Balance(preference=0.5)},
        {"contrast": ("set", InfoNCE(temperature=0.2)), "balance": Balance(FixedWeights([1, 2, 3]), normalize="none")},
    ],
)
def test_saved_settings_are_loaded(counts, tmp_path, settings):
    model = small(**settings).fit(counts)
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert repr(loaded.get_params()["contrast"]) == repr(model.contrast)
    assert repr(loaded.get_params()["balance"]) == repr(model.balance)
    np.testing.assert_array_equal(loaded.transform(counts), model.transform(counts))
    assert repr(clone(model)) == repr(model)


def test_negatives_of_the_view_are_pooled(counts):
    hard = SetContrast(view="tfidf", pooling="min", negative_pooling="max", others=False, beta=0.5)
    history = small(contrast=hard).fit(counts).history_
    assert 0 < history[-1]["contrast"] < np.log(1 + 0.5 * np.exp(4)), (
        "the largest possible value is at similarities 1 and -1"
    )


def test_partial_fit_continues_to_train_the_parameters_of_the_contrast(counts):
    model = small(contrast=SetContrast(pooling="attention"))
    model.partial_fit(counts[:80])
    pools = model._trainer.step.contrasts["contrast"].pools
    before = [parameter.detach().clone() for parameter in pools.parameters()]
    model.partial_fit(counts[80:])
    assert model._trainer.step.contrasts["contrast"].pools is pools
    assert any(not torch.equal(old, new) for old, new in zip(before, pools.parameters(), strict=True))
    assert set(model.history_[-1]) >= BALANCED


def test_partial_fit_after_fit_trains_the_new_network(counts):
    model = small().partial_fit(counts).fit(counts)
    before = model.components_
    assert not np.array_equal(model.partial_fit(counts).components_, before)


def test_partial_fit_converts_word_order_to_the_vocabulary_of_the_model():
    rng = np.random.default_rng(0)
    documents = [[f"w{i}" for i in rng.integers(8 * k, 8 * k + 8, size=12)] for k in rng.integers(3, size=60)]
    first = Corpus.from_tokens(documents)
    second = Corpus.from_tokens(documents, vocabulary=sorted(first.vocabulary, reverse=True))
    model = small(contrast=InfoNCE(view="span_deletion")).partial_fit(first)
    model.partial_fit(second)
    view = model._trainer.step.contrasts["contrast"]._positive_view
    batch = Batch.from_counts(first.counts, np.arange(60))
    (deleted,) = view(batch, None, None)
    for row in range(60):
        words = set(batch.word_ids[batch.offsets[row] : batch.offsets[row + 1]].tolist())
        assert set(deleted.word_ids[deleted.offsets[row] : deleted.offsets[row + 1]].tolist()) <= words


class UserWeighting:
    def __call__(self, gramian):
        return torch.full((len(gramian),), 1 / len(gramian), dtype=gramian.dtype)


class UserView(WordDropout):
    pass


@pytest.mark.parametrize(
    "settings",
    [{"balance": UserWeighting()}, {"balance": Balance(UserWeighting())}, {"contrast": InfoNCE(view=UserView())}],
)
def test_objects_that_json_cannot_store_are_replaced_by_defaults_with_a_warning(counts, tmp_path, settings):
    model = small(**{"contrast": "set", **settings}).fit(counts)
    with pytest.warns(TopicWarning, match="cannot be written: the loaded model has"):
        model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.transform(counts), model.transform(counts))
    assert loaded.score(counts) == model.score(counts)


def test_a_bound_is_saved_with_its_settings(counts, tmp_path):
    model = small(bound=IWAE(k=3)).fit(counts)
    model.save(tmp_path / "model")
    assert repr(topicml.load(tmp_path / "model").bound) == "IWAE(k=3)"


def test_a_failed_fit_does_not_keep_the_documents(counts):
    model = small(contrast=SetContrast(set_size=20))
    before = set(vars(model))
    with pytest.raises(InputError):
        model.fit(counts)
    assert set(vars(model)) - before <= {"n_features_in_"}


def test_held_out_documents_do_not_count_towards_sets():
    counts = sp.csr_matrix(np.eye(20, dtype=np.int32) + 1)
    with pytest.raises(InputError, match="A batch of 14 documents is too small for 2 sets of 10"):
        small(contrast=SetContrast(set_size=10), validation_fraction=0.3).fit(counts)


def test_views_passed_to_fit_are_positives(counts):
    rng = np.random.default_rng(1)
    order = rng.permutation(counts.shape[0])
    matching, shuffled = (
        small(contrast="set").set_params(max_epochs=40).fit(counts, views=[view]) for view in (counts, counts[order])
    )
    assert matching.history_[-1]["contrast"] < shuffled.history_[-1]["contrast"] - 0.1


def test_views_of_raw_text_get_the_preprocessing_of_the_documents():
    texts = ["red green blue paint"] * 12 + ["goal match ball game"] * 12
    other = ["blue paint unseen"] * 12 + ["ball game"] * 12
    model = ProdLDA(n_topics=2, hidden=8, max_epochs=2, batch_size=8, random_state=0, contrast="set")
    assert "contrast" in model.fit(texts, views=[other]).history_[-1]
    corpus = Corpus.from_tokens([text.split() for text in texts])
    view = Corpus.from_tokens([text.split() for text in other])
    assert "contrast" in model.fit(corpus, views=[view]).history_[-1]


@pytest.mark.parametrize("contrast", [None, SetContrast(view="word_dropout")])
def test_views_that_no_objective_reads_give_a_warning(counts, contrast):
    with pytest.warns(TopicWarning, match="No objective reads the views"):
        small(contrast=contrast).fit(counts, views=[counts])


def test_views_that_an_objective_reads_give_no_warning(counts):
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "No objective reads")
        small(contrast=SetContrast(view="user")).fit(counts, views=[counts])
        topicml.TSCTM(n_topics=3, hidden=16, max_epochs=2, random_state=0).fit(counts, views=[counts])


@pytest.mark.parametrize(
    ("views", "message"),
    [
        (lambda c: [c[:10]], "View 1 has 10 rows for 150 documents"),
        (lambda c: [c, c[:, :5]], "View 2 has 5 columns for 24 words"),
        (lambda c: [["a text"] * 150], "View 1 is raw text, but the documents are counts"),
        (lambda c: ["a text"] * 150, "views must be a list of views"),
        (lambda c: c, "views must be a list of views"),
        (lambda c: [3], "View 1 .int. cannot be read: "),
        (lambda c: [c, np.full(c.shape, np.nan)], "View 2 .ndarray. cannot be read: .*NaN"),
        (lambda c: [c * 0], "View 1 has none of the documents' words"),
        (lambda c: [-c], "Negative values in data passed to view 1"),
        (lambda c: [c * 1e30], "is more than 9,007,199,254,740,992"),
    ],
)
def test_views_that_do_not_match_the_documents_are_refused(counts, views, message):
    with pytest.raises(ValueError, match=message):
        small(contrast="set").fit(counts, views=views(counts))


def test_invalid_contrasts_and_balances_are_refused(counts):
    with pytest.raises(InputError, match="is too small for 2 sets of 20"):
        small(contrast=SetContrast(set_size=20)).fit(counts)
    with pytest.raises(InputError, match=r"contrast='sets' is unknown. Choose one of set"):
        small(contrast="sets").fit(counts)
    with pytest.raises(InputError, match="mgda"):
        small(contrast="set", balance="paretto").fit(counts)


class Flaky(ELBO):
    """A bound that is NaN, and makes the running statistics NaN, in the steps for which `broken` is true."""

    def __init__(self, broken):
        super().__init__()
        self.broken, self.calls = broken, 0

    def __call__(self, batch, posterior, network, progress=1.0):
        self.calls += 1
        if self.broken(self.calls):
            network.encoder.loc_norm.running_mean.data.fill_(math.nan)
        loss = super().__call__(batch, posterior, network, progress)
        return loss._replace(value=loss.value * (math.nan if self.broken(self.calls) else 1.0))


@pytest.mark.parametrize("contrast", [None, "set"])
def test_steps_that_are_not_finite_are_skipped_and_counted(counts, contrast):
    model = small(contrast=contrast, bound=Flaky(lambda call: call == 2), validation_fraction=0.0).fit(counts)
    assert model.history_[0]["skipped"] == 1 and "skipped" not in model.history_[1]
    assert all(math.isfinite(value) for value in model.history_[0].values())
    assert np.isfinite(model.components_).all() and np.isfinite(model.transform(counts)).all()


@pytest.mark.parametrize("contrast", [None, "set"])
def test_training_fails_after_many_steps_that_are_not_finite(counts, contrast):
    model = small(contrast=contrast, bound=Flaky(lambda call: call > 3), validation_fraction=0.0)
    with pytest.raises(InputError, match=r"10 consecutive steps.*smaller learning"):
        model.fit(counts)
