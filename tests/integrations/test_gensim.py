"""gensim's interface to topicml's models, with gensim's classes as oracles."""

import numpy as np
import pytest
from gensim.corpora import Dictionary
from gensim.models import CoherenceModel, LdaModel

from topicml import Corpus, ProdLDA, metrics
from topicml.errors import InputError
from topicml.integrations import fitted
from topicml.integrations.gensim import GensimModel, bow, coherence_inputs, dictionary


@pytest.fixture(scope="module")
def queries(model):
    return GensimModel(model)


def test_bags_and_dictionary_equal_those_of_gensim(planted):
    """The oracle is gensim's dictionary of the same documents."""
    theirs = Dictionary(list(planted))
    ours = dictionary(planted)
    for word, i in theirs.token2id.items():
        assert ours.dfs[ours.token2id[word]] == theirs.dfs[i]
        assert ours.cfs[ours.token2id[word]] == theirs.cfs[i]
    assert (ours.num_docs, ours.num_pos, ours.num_nnz) == (theirs.num_docs, theirs.num_pos, theirs.num_nnz)
    bags = [[(int(i), int(n)) for i, n in bag] for bag in bow(planted)]
    assert bags == [ours.doc2bow(tokens) for tokens in planted]
    assert bags[5] == []
    assert len(bow(planted)) == planted.n_docs


@pytest.mark.parametrize("measure", ["u_mass", "c_uci", "c_npmi", "c_v"])
def test_coherence_model_takes_the_inputs(planted, model, measure):
    theirs = CoherenceModel(**coherence_inputs(model, planted, topn=6), coherence=measure, processes=1)
    expected = metrics.coherence(model.topics(6), planted, measure, topn=6).per_topic
    np.testing.assert_allclose(theirs.get_coherence_per_topic(), expected, atol=1e-9)


def test_a_corpus_without_order_serves_u_mass(planted, model):
    counted = Corpus.from_counts(planted.counts, planted.vocabulary)
    theirs = CoherenceModel(**coherence_inputs(fitted(model, topn=6), counted, topn=6), coherence="u_mass")
    assert theirs.get_coherence() == pytest.approx(metrics.coherence(model.topics(6), planted, "u_mass", topn=6).mean)


def test_coherence_model_takes_the_model_itself(planted, queries):
    theirs = CoherenceModel(
        model=queries, texts=planted, dictionary=queries.id2word, topn=6, coherence="c_npmi", processes=1
    )
    expected = metrics.coherence(queries.model.topics(6), planted, "c_npmi", topn=6)
    assert theirs.get_coherence() == pytest.approx(expected.mean, abs=1e-9)


def test_wrong_coherence_inputs(planted, model):
    with pytest.raises(InputError, match="Topic 0 has the word 'zebra', which the corpus lacks"):
        coherence_inputs([["apple0", "zebra"]], planted, topn=2)
    with pytest.raises(InputError, match="fewer than topn=3"):
        coherence_inputs([["apple0", "apple1"]], planted, topn=3)


def test_queries_answer_in_gensim_s_forms(planted, queries):
    """The formats are those of an LdaModel; the values are the model's."""
    lda = LdaModel(bow(planted), num_topics=3, id2word=dictionary(planted), random_state=0)
    assert queries.get_topics().shape == lda.get_topics().shape
    pairs = ((queries, "ours"), (lda, "theirs"))
    for result, _ in pairs:
        word, weight = result.show_topic(0, topn=4)[0]
        assert isinstance(word, str)
        assert 0 < weight < 1
        number, text = result.show_topics(num_topics=-1, num_words=2)[0]
        assert number == 0
        assert text.count(" + ") == 1
        assert text.startswith("0.")
        number, shown = result.show_topics(num_words=2, formatted=False)[2]
        assert len(shown) == 2
        assert isinstance(shown[0][0], str)
        assert result.get_topic_terms(1, topn=3)[0][0] in result.id2word
        one = result.get_document_topics(result.id2word.doc2bow(planted.document(0)))
        assert {k for k, _ in one} <= {0, 1, 2}
        assert len(list(result.get_document_topics(bow(planted)))) == planted.n_docs
    assert [word for word, _ in queries.show_topic(1, topn=5)] == queries.model.topics(5)[1]


def test_document_topics_are_those_of_transform(planted, queries):
    theta = queries.model.transform(planted)
    several = queries.get_document_topics(bow(planted), minimum_probability=0)
    assert len(several) == planted.n_docs
    for _ in range(2):  # as a gensim corpus it can be read again
        result = np.zeros_like(theta)  # like gensim, it leaves out shares below 1e-8
        for number, row in enumerate(several):
            result[number, [topic for topic, _ in row]] = [share for _, share in row]
        np.testing.assert_allclose(result, theta, atol=1e-6)
    (row,) = queries[[queries.id2word.doc2bow(planted.document(3))]]
    assert dict(row) == pytest.approx({k: x for k, x in enumerate(theta[3]) if x >= 0.01}, abs=1e-6)
    assert sum(share for _, share in queries.get_document_topics([], minimum_probability=0)) == pytest.approx(1)
    with pytest.raises(InputError, match="word id 99 is not in the model, which has 24 words"):
        queries.get_document_topics([(99, 1)])


def test_top_topics_are_gensim_s(planted, queries):
    lda = LdaModel(bow(planted), num_topics=3, id2word=dictionary(planted), random_state=0)
    result = queries.top_topics(planted, "c_npmi", topn=5)
    theirs = lda.top_topics(texts=list(planted), coherence="c_npmi", topn=5, processes=1)
    assert [len(topic) for topic, _ in result] == [len(topic) for topic, _ in theirs] == [5] * 3
    values = [value for _, value in result]
    assert values == sorted(values, reverse=True)
    words = [[word for _, word in topic] for topic, _ in result]
    again = CoherenceModel(**coherence_inputs(words, planted, topn=5), coherence="c_npmi", processes=1)
    np.testing.assert_allclose(again.get_coherence_per_topic(), values, atol=1e-9)


def test_term_topics(queries):
    word = queries.show_topic(2, topn=1)[0][0]
    by_word = queries.get_term_topics(word, minimum_probability=0)
    assert max(by_word, key=lambda pair: pair[1])[0] == 2
    assert by_word == queries.get_term_topics(queries.id2word.token2id[word], minimum_probability=0)
    with pytest.raises(InputError, match="no word 'zebra'"):
        queries.get_term_topics("zebra")
    with pytest.raises(InputError, match="no topic 7; the model has 3"):
        queries.show_topic(7)


def test_models_that_cannot_answer(planted):
    with pytest.raises(InputError, match="ProdLDA is not fitted"):
        GensimModel(ProdLDA(3))
    with pytest.raises(InputError, match="words have no names"):
        GensimModel(ProdLDA(3, max_epochs=1, random_state=0).fit(planted.counts))
