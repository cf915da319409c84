"""What a model is told reaches its training: learning rates, seeds, further losses, default length and patience.

Every test compares fits, so it fails wherever the way from the keyword argument to the optimiser is cut.
"""

import gc
import weakref
from contextlib import contextmanager

import numpy as np
import pytest
import scipy.sparse as sp
import torch

import topicml
from topicml.corpus import synthetic
from topicml.metrics import clustering
from topicml.models.composition import Composition
from topicml.objectives import ELBO
from topicml.training import loop
from topicml.training.progress import SILENT

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")

MODELS = ("ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE")
ONE_STEP = {"n_topics": 4, "hidden": 8, "max_epochs": 1, "validation_fraction": 0.0, "random_state": 0}
STILL = {"topic_rate": 0.0, "learning_rate": 1e-9}  # everything stays where it starts


@pytest.fixture(scope="module")
def corpus():
    return synthetic.short_text(80, 4, 40, random_state=0).corpus


def fitted(name, corpus, **options):
    return getattr(topicml, name)(**{**ONE_STEP, **options}).fit(corpus)


def topics(model):
    decoder = model.network_.cpu().decoder
    return (decoder.topics if hasattr(decoder, "topics") else decoder.beta).detach().numpy()


def words(model):
    return model.network_.cpu().decoder.words.detach().numpy()


class TestRates:
    """The first step of Adam has the length of the learning rate, so lengths of steps are ratios of rates."""

    @pytest.mark.parametrize("contrast", [None, "infonce"])
    @pytest.mark.parametrize("name", MODELS)
    def test_topics_learn_at_topic_rate(self, corpus, name, contrast):
        still, tenth, full = (
            topics(fitted(name, corpus, topic_rate=rate, learning_rate=0.1, contrast=contrast))
            for rate in (0.0, 0.1, 1.0)
        )
        assert np.abs(full - still).max() > 1e-3
        np.testing.assert_allclose(tenth - still, (full - still) / 10, atol=1e-5)

    @pytest.mark.parametrize("name", MODELS)
    def test_topics_that_start_at_random_learn_at_the_full_rate(self, corpus, name):
        one, other = (fitted(name, corpus, topic_rate=rate, init="random", learning_rate=0.1) for rate in (0.0, 1.0))
        np.testing.assert_array_equal(topics(one), topics(other))
        still = fitted(name, corpus, topic_rate=0.0, init="random", learning_rate=1e-9)
        layers = [model.network_.cpu().encoder.layer.weight.detach().numpy() for model in (one, still)]
        moved = np.abs(topics(one) - topics(still)).max()
        assert moved == pytest.approx(np.abs(layers[0] - layers[1]).max(), rel=0.02)

    @pytest.mark.parametrize(
        ("name", "rate", "options"),
        [
            ("ETM", "embedding_rate", {"train_embeddings": True}),
            ("ECRTM", "embedding_rate", {"train_embeddings": True}),
            ("LDA2Vec", "vector_rate", {}),
        ],
    )
    def test_word_vectors_learn_at_their_rate(self, corpus, name, rate, options):
        options = {**options, "learning_rate": 0.1}
        still, tenth, full = (words(fitted(name, corpus, **options, **{rate: value})) for value in (0.0, 0.1, 1.0))
        assert np.abs(full - still).max() > 1e-3
        np.testing.assert_allclose(tenth - still, (full - still) / 10, atol=1e-5)

    @pytest.mark.parametrize(
        ("name", "rate", "options"),
        [
            ("ETM", "embedding_rate", {"embeddings": "random", "train_embeddings": True}),
            ("ECRTM", "embedding_rate", {"embeddings": "random", "train_embeddings": True}),
            ("LDA2Vec", "vector_rate", {"vectors": "random"}),
        ],
    )
    def test_word_vectors_that_start_at_random_learn_at_the_full_rate(self, corpus, name, rate, options):
        one, other = (words(fitted(name, corpus, **options, **{rate: value})) for value in (0.0, 1.0))
        np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize(("name", "option"), [("ETM", "train_embeddings"), ("LDA2Vec", "train_vectors")])
    def test_word_vectors_learn_only_if_asked(self, corpus, name, option):
        start, after = (words(fitted(name, corpus, learning_rate=rate, **{option: False})) for rate in (1e-9, 0.1))
        np.testing.assert_array_equal(start, after)
        assert np.abs(words(fitted(name, corpus, learning_rate=0.1, **{option: True})) - start).max() > 1e-4


class TestSeed:
    """The seed of a model decides each random choice: nothing else of two fits differs."""

    @pytest.mark.parametrize("init", ["npmi", "nmf", "random"])
    @pytest.mark.parametrize("name", MODELS)
    def test_the_starting_topics(self, corpus, name, init):
        options = {"n_topics": 4 if init == "random" else 60}  # of 40 words: those beyond the rank start at random
        vectors = {"ETM": "embeddings", "ECRTM": "embeddings", "LDA2Vec": "vectors"}
        if name in vectors:  # the same for every seed, so that topics differ by their own start
            options[vectors[name]] = np.random.default_rng(0).normal(size=(40, 8))
        one, again, other = (
            topics(fitted(name, corpus, init=init, random_state=seed, **options, **STILL)) for seed in (3, 3, 4)
        )
        np.testing.assert_array_equal(one, again)
        assert np.abs(one - other).max() > 0.01

    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("ETM", {"embeddings": "random", "train_embeddings": True}),
            ("ETM", {"embeddings": "word2vec"}),
            ("LDA2Vec", {"vectors": "random"}),
            ("LDA2Vec", {"vectors": "word2vec"}),
        ],
    )
    def test_the_starting_word_vectors(self, corpus, name, options):
        one, again, other = (words(fitted(name, corpus, random_state=seed, **options, **STILL)) for seed in (3, 3, 4))
        np.testing.assert_array_equal(one, again)
        assert np.abs(one - other).max(axis=1).min() > 0.01, "each word has another vector"

    @pytest.mark.parametrize("name", MODELS)
    def test_the_encoder(self, corpus, name):
        one, again, other = (
            fitted(name, corpus, random_state=seed, **STILL).network_.encoder.layer.weight.detach().cpu()
            for seed in (3, 3, 4)
        )
        assert torch.equal(one, again)
        assert float((one - other).abs().max()) > 0.01

    @pytest.mark.parametrize("share", [0.0, 0.25])
    def test_the_batches_the_noise_and_the_held_out_documents(self, corpus, share):
        """Each is seen where a step sees it: the rows of its batch, its sample, the rows that no step sees."""

        def seen(seed):
            rows, samples = [], []

            class Recording(ELBO):
                def __call__(self, batch, posterior, network, progress=1.0):
                    if network.training:
                        rows.append(tuple(batch.rows.tolist()))
                        samples.append(tuple(((posterior.rsample() - posterior.loc) / posterior.scale)[0].tolist()))
                    return super().__call__(batch, posterior, network, progress)

            options = {"batch_size": 20, "max_epochs": 2, "validation_fraction": share, "patience": 2}
            fitted("ProdLDA", corpus, random_state=seed, bound=Recording(), **options)
            return rows, samples, {*range(corpus.n_docs)} - {row for batch in rows for row in batch}

        one, again, (other_rows, other_samples, other_held_out) = seen(3), seen(3), seen(4)
        assert one == again
        rows, samples, held_out = one
        assert rows != other_rows, "without held-out documents, only their order can differ"
        assert samples != other_samples
        assert len(held_out) == share * 80
        assert share == 0 or held_out != other_held_out
        steps = 8 if share == 0 else 6
        assert len(set(rows)) == len(set(samples)) == steps, "each step has its own documents and noise"


class TestLosses:
    @pytest.mark.parametrize("contrast", [None, "infonce"])
    @pytest.mark.parametrize(
        ("name", "weight"), [("ECRTM", "clustering"), ("LDA2Vec", "sparsity"), ("TSCTM", "commitment")]
    )
    def test_each_loss_of_a_model_is_trained_with_and_without_a_contrast(self, corpus, name, weight, contrast):
        options = {"max_epochs": 3, "batch_size": 20, "contrast": contrast, "topic_rate": 1.0}
        light, heavy = (
            fitted(name, corpus, **options, **{weight: value}).transform(corpus) for value in (1e-6, 1000.0)
        )
        assert np.abs(light - heavy).max() > 1e-3

    @pytest.mark.parametrize("balance", ["pareto", "sum"])
    @pytest.mark.parametrize("contrast", ["infonce", "set"])
    def test_a_contrast_is_trained(self, corpus, contrast, balance):
        def constant(batch, posterior, network, progress):
            return 0.0 * posterior.loc.sum()

        options = {"max_epochs": 30, "batch_size": 40, "learning_rate": 0.02, "bound": constant}
        history = fitted("ProdLDA", corpus, contrast=contrast, balance=balance, **options).history_
        assert history[-1]["contrast"] < history[0]["contrast"] - 0.08


class TestLength:
    def test_by_default_topics_that_start_at_random_have_time_to_form(self):
        """Measured with seeds 0 to 3: NMI 0.98 and more; after a tenth of the epochs 0.96, and 0.84 and less."""
        for seed in (1, 3):
            truth = synthetic.short_text(200, 4, 60, random_state=seed)
            model = topicml.ProdLDA(n_topics=4, hidden=32, init="random", random_state=seed).fit(truth.corpus)
            assert clustering(model.transform(truth.corpus), truth.theta.argmax(axis=1)).nmi > 0.93

    def test_by_default_every_document_is_read_several_times_also_in_small_batches(self):
        counts = np.random.default_rng(0).poisson(1.0, size=(100, 6)) + 1
        model = topicml.ProdLDA(n_topics=2, hidden=4, batch_size=2, patience=1000, random_state=0).fit(counts)
        assert len(model.history_) == 15

    @pytest.mark.parametrize("name", MODELS)
    def test_an_epoch_has_at_most_epoch_size_documents(self, corpus, name):
        rows, shown = [], []

        def count(record):
            rows.append(round(record["documents_per_second"] * record["seconds"]))

        @contextmanager
        def bar(n_documents, n_epochs, *, verbose):
            shown.append(n_documents)
            yield SILENT

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "progress_bar", bar)
            options = {"n_topics": 4, "hidden": 8, "batch_size": 20, "validation_fraction": 0.0, "max_epochs": 3}
            getattr(topicml, name)(**options, epoch_size=45).fit(corpus, callbacks=[count])
            getattr(topicml, name)(**options, epoch_size=80).fit(corpus, callbacks=[count])
        assert rows == [40, 40, 40, 80, 80, 80]
        assert shown == [40, 80]

    def test_by_default_training_stops_a_third_of_the_epochs_after_the_best(self):
        """Documents of noise: what is learned of some does not hold for others, so the best epoch comes early."""
        stopped_early = 0
        for seed in range(1, 4):
            noise = sp.csr_matrix(np.random.default_rng(seed).poisson(0.6, size=(100, 80)).astype(np.int32))
            model = topicml.ProdLDA(
                n_topics=4,
                hidden=16,
                max_epochs=30,
                validation_fraction=0.4,
                learning_rate=0.05,
                init="random",
                random_state=seed,
            ).fit(noise)
            best = int(np.argmin([record["held_out"] for record in model.history_])) + 1
            assert len(model.history_) == min(30, best + 10)
            stopped_early += len(model.history_) < 30
        assert stopped_early


def test_the_state_of_training_is_freed_before_the_word_vectors_are_computed(corpus, monkeypatch):
    made, alive = [], []
    step, vectors = Composition.step, Composition.word_vectors

    def remembered(self, *args, **kwargs):
        made.append(weakref.ref(result := step(self, *args, **kwargs)))
        return result

    def asked(self, *args):
        gc.collect()
        alive.append(made[0]() is not None)
        return vectors(self, *args)

    monkeypatch.setattr(Composition, "step", remembered)
    monkeypatch.setattr(Composition, "word_vectors", asked)
    fitted("ProdLDA", corpus)
    assert alive == [False]
