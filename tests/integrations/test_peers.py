"""`fitted` reads the models of every package; each is fitted here by its package.

Those of `benchmarks/requirements.txt` have an environment of their own: `with_peers.py` runs their tests with it.
"""

import numpy as np
import pytest
import scipy.sparse as sp
from gensim.corpora import Dictionary
from gensim.models import HdpModel, LdaModel, LsiModel, Nmf
from sklearn.decomposition import NMF, LatentDirichletAllocation, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from topicml import Corpus, ProdLDA, metrics
from topicml.errors import InputError
from topicml.integrations import Fitted, fitted
from topicml.integrations.gensim import bow, dictionary

from .conftest import WORDS, assert_planted, assert_rows


def assert_whole(result, corpus, words=None):
    """Topics, beta, theta and words are consistent and correct."""
    assert_planted(result.topics)
    np.testing.assert_allclose(result.beta.sum(axis=1), 1, atol=1e-6)
    assert result.beta.shape == (3, len(result.vocabulary))
    for topic, row in zip(result.topics, result.beta, strict=True):
        assert [result.vocabulary[i] for i in np.argsort(-row, kind="stable")[: len(topic)]] == topic
    assert_rows(result.theta, corpus)
    output = result.output()
    assert metrics.kl_uniform(output) == pytest.approx(metrics.kl_uniform(result.beta))
    assert output["topic-document-matrix"].shape == (3, corpus.n_docs)
    if words is not None:
        assert result.vocabulary == tuple(words)


def test_topicml(planted, model):
    result = fitted(model, planted, topn=5)
    assert_whole(result, planted, WORDS)
    assert result.topics == model.topics(5)
    np.testing.assert_allclose(result.theta, model.transform(planted), atol=1e-6)
    assert fitted(model).theta is None
    assert fitted(result) is result


@pytest.mark.parametrize(
    "estimator",
    [
        LatentDirichletAllocation(3, random_state=0, learning_method="batch", max_iter=25),
        NMF(3, init="nndsvda", max_iter=500),
    ],
)
def test_scikit_learn(planted, estimator):
    estimator.fit(planted.counts.astype(float))
    assert_whole(fitted(estimator, planted, topn=5), planted, WORDS)
    assert_whole(fitted(estimator, planted.counts, vocabulary=WORDS, topn=5), planted, WORDS)
    # A corpus with the same words in another order, and one more word.
    other = Corpus.from_tokens(planted, [*WORDS[::-1], "zebra"])
    again = fitted(estimator, other, vocabulary=WORDS)
    np.testing.assert_allclose(again.theta, fitted(estimator, planted).theta, atol=1e-6)


def test_scikit_learn_with_its_vectorizer_and_in_a_pipeline(planted):
    texts = list(planted.fields["text"])
    vectorizer = CountVectorizer()
    estimator = NMF(3, init="nndsvda", max_iter=500)
    pipeline = make_pipeline(vectorizer, estimator).fit(texts)
    for result in (
        fitted(pipeline, texts, topn=5),
        fitted(pipeline, planted, topn=5),
        fitted(estimator, texts, vocabulary=vectorizer, topn=5),
    ):
        assert_whole(result, planted, vectorizer.get_feature_names_out())


def test_signed_loadings_are_no_distributions(planted):
    svd = TruncatedSVD(3, random_state=0).fit(planted.counts.astype(float))
    result = fitted(svd, planted, topn=4)
    assert result.beta is None
    assert result.theta is None
    assert result.topics[1][0] == WORDS[np.abs(svd.components_[1]).argmax()]
    lsi = LsiModel(bow(planted), num_topics=3, id2word=dictionary(planted))
    result = fitted(lsi, planted, topn=4)
    assert result.theta is None
    for k in range(3):
        assert result.topics[k] == [word for word, _ in lsi.show_topic(k, topn=4)]


@pytest.mark.parametrize(("kind", "settings"), [(LdaModel, {"passes": 12}), (Nmf, {"passes": 12})])
def test_gensim(planted, kind, settings):
    model = kind(bow(planted), num_topics=3, id2word=dictionary(planted), random_state=0, **settings)
    assert_whole(fitted(model, planted, topn=5), planted, WORDS)
    assert_whole(fitted(model, bow(planted), topn=5), planted, WORDS)


def test_gensim_lda_of_words_with_gaps(planted):
    """gensim's filtering leaves gaps of ids, whose columns have no word."""
    ids = Dictionary(list(planted))
    ids.filter_tokens(bad_ids=[ids.token2id["apple3"]])
    assert len(ids) == 23
    gappy = {i if i < 10 else i + 4: word for i, word in ids.items()}
    column = {word: i for i, word in gappy.items()}
    bags = [[(column[word], 1) for word in tokens if word in column] for tokens in planted]
    model = LdaModel(bags, num_topics=3, id2word=gappy, passes=30, random_state=0)
    result = fitted(model, planted, topn=5)
    assert "apple3" not in result.vocabulary
    assert_whole(result, planted, [gappy[i] for i in sorted(gappy)])
    np.testing.assert_allclose(result.theta, fitted(model, bags).theta, atol=1e-3)


def test_gensim_hdp(planted):
    model = HdpModel(bow(planted), dictionary(planted), T=12, K=6, random_state=0)
    result = fitted(model, planted, topn=5)
    assert result.beta.shape == (12, 24)
    assert result.theta.shape == (planted.n_docs, 12)
    assert result.topics[0] == [word for word, _ in model.show_topic(0, topn=5)]


def test_tomotopy(planted):
    tomotopy = pytest.importorskip("tomotopy", reason="tomotopy is not installed")
    model = tomotopy.LDAModel(k=3, seed=0)
    for tokens in planted:
        model.add_doc(tokens)  # it drops the empty document
    model.train(100, workers=1)
    assert len(fitted(model).theta) == planted.n_docs - 1
    result = fitted(model, planted, topn=5)
    assert_whole(result, planted)
    np.testing.assert_allclose(result.theta[5], model.alpha / model.alpha.sum(), atol=1e-6)
    unknown = fitted(model, [["zebra"], ["zebra", "apple1"]])  # the first would end the process in tomotopy
    assert unknown.theta.shape == (2, 3)
    with pytest.raises(InputError, match="'apple1 apple2', not a list of tokens"):
        fitted(model, ["apple1 apple2"])
    with pytest.raises(InputError, match="has no topics yet"):
        fitted(tomotopy.LDAModel(k=3))


def test_tomotopy_hdp_has_its_live_topics(planted):
    tomotopy = pytest.importorskip("tomotopy", reason="tomotopy is not installed")
    model = tomotopy.HDPModel(seed=0)
    for tokens in planted:
        model.add_doc(tokens)
    model.train(60, workers=1)
    result = fitted(model, planted)
    assert result.beta.shape[0] == result.theta.shape[1] == model.live_k


def test_bertopic(planted):
    bertopic = pytest.importorskip("bertopic", reason="BERTopic is not installed")
    from sklearn.cluster import KMeans

    texts = list(planted.fields["text"])
    vectors = TruncatedSVD(3, random_state=0).fit_transform(planted.counts.astype(float))
    model = bertopic.BERTopic(
        embedding_model=None,
        umap_model=bertopic.dimensionality.BaseDimensionalityReduction(),
        hdbscan_model=KMeans(3, random_state=0, n_init=3),
    )
    model.fit(texts, vectors)
    assert_planted(fitted(model, topn=5).topics)
    assert fitted(model).theta.shape == (planted.n_docs, 3)
    assert_rows(fitted(model, planted).theta, planted)
    assert fitted(model, planted).beta.shape[1] == 24
    with pytest.raises(InputError, match="is not fitted"):
        fitted(bertopic.BERTopic(embedding_model=None))


def test_topmost(planted):
    topmost = pytest.importorskip("topmost", reason="TopMost is not installed")
    filled = planted[planted.lengths > 0]  # an empty document makes its ETM's weights NaN
    data = topmost.RawDataset(list(filled.fields["text"]), topmost.Preprocess(stopwords=[], keep_alphanum=True))
    assert data.train_data.shape == filled.shape
    for kind in (topmost.ProdLDA, topmost.ETM):
        network = kind(data.vocab_size, num_topics=3)
        trainer = topmost.BasicTrainer(network, data, epochs=10)
        trainer.train()
        result = fitted(trainer, filled, topn=5)
        assert result.theta.shape == (filled.n_docs, 3)
        assert fitted(trainer).theta.shape == (filled.n_docs, 3)
        assert sorted(result.vocabulary) == sorted(WORDS)
        np.testing.assert_allclose(result.beta.sum(axis=1), 1, atol=1e-6)
        assert [" ".join(topic) for topic in result.topics] == list(trainer.get_top_words(5))
        with pytest.raises(InputError, match="Pass the trainer after train"):
            fitted(network)


class Encoder:
    """A bag-of-words embedding with the interface that FASTopic needs."""

    def encode(self, docs, **_):
        vectors = CountVectorizer(vocabulary=WORDS).transform(docs).toarray().astype(np.float32)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def test_fastopic(planted):
    fastopic = pytest.importorskip("fastopic", reason="FASTopic is not installed")
    topmost = pytest.importorskip("topmost", reason="TopMost, whose preprocessing FASTopic takes, is not installed")
    import torch

    torch.manual_seed(0)
    texts = list(planted.fields["text"])
    model = fastopic.FASTopic(
        3, topmost.Preprocess(stopwords=[], keep_alphanum=True), device="cpu", doc_embed_model=Encoder()
    )
    with pytest.raises(InputError, match="FASTopic is not fitted"):
        fitted(model)
    words, theta = model.fit_transform(texts, epochs=60)
    result = fitted(model, topn=5)
    assert [" ".join(topic) for topic in result.topics] == [" ".join(row.split()[:5]) for row in words]
    np.testing.assert_allclose(result.theta, theta / theta.sum(axis=1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(result.beta.sum(axis=1), 1, atol=1e-6)
    assert sorted(result.vocabulary) == sorted(WORDS)
    again = fitted(model, planted, topn=5)
    np.testing.assert_allclose(again.theta, model.transform(texts), atol=1e-5)


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (object(), {}, "Cannot read a builtins.object. Supported are models of topicml, sklearn"),
        (ProdLDA(3), {}, "ProdLDA is not a fitted topic model"),
        (NMF(3), {}, "NMF has no components_"),
    ],
)
def test_wrong_models(model, options, message):
    with pytest.raises(InputError, match=message):
        fitted(model, **options)


def test_wrong_documents_and_words(planted):
    model = NMF(3, init="nndsvda", max_iter=500).fit(planted.counts.astype(float))
    with pytest.raises(InputError, match=r"has no vocabulary\. Pass its words"):
        fitted(model)
    with pytest.raises(InputError, match="vocabulary has 2 words, but the model has 24 columns"):
        fitted(model, vocabulary=["a", "b"])
    with pytest.raises(InputError, match="have 2 columns, but the model has 24 words"):
        fitted(model, sp.csr_matrix((4, 2)), vocabulary=WORDS)
    with pytest.raises(InputError, match="Raw texts need the vectorizer"):
        fitted(model, ["apple1"], vocabulary=WORDS)
    with pytest.raises(InputError, match="topn=99 must be between 1 and the 24 words"):
        fitted(model, vocabulary=WORDS, topn=99)
    assert isinstance(fitted(model, vocabulary=WORDS), Fitted)
