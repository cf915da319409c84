"""Components of a story together in one model: a fit, its results, a saved model, and what is refused."""

import pickle
from itertools import combinations

import numpy as np
import pytest
import torch
from sklearn.base import clone

import topicml
from topicml import Corpus, explore
from topicml.corpus.covariates import Covariates
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn import Batch
from topicml.nn.document_vectors import reading
from topicml.objectives import SetContrast
from topicml.objectives.contrast.topic_semantic import TopicSemantic
from topicml.objectives.translations import TranslationTerm
from topicml.objectives.views import LabelMates
from topicml.objectives.views.building import batch_of_words

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
SMALL = {"n_topics": 6, "hidden": 16, "max_epochs": 2, "batch_size": 64, "random_state": 0, "device": "cpu"}

PARTS = {
    "seeds": {"seeds": {"first": ["w000", "w001"]}},
    "prevalence": {"prevalence": "~ subject + year"},
    "against": {"against": "corpus=A", "salient": 2},
    "response": {"response": "stars"},
    "time": {"time": "year"},
    "content": {"content": "corpus"},
    "parents": {"parents": 3},
    "contrast": {"contrast": "set"},
    "both": {"encoder_input": "both"},
    "clusters": {"init": "clusters"},
    "votes": {"init": "npmi+clusters"},
    "targets": {"reconstruct": "targets"},
    "neighbours": {"neighbour_share": 0.5},
    "all documents": {"validation_fraction": 0, "epoch_size": 60},
}
REFUSED = [{"seeds", "clusters"}, {"against", "clusters"}, {"time", "content"}]
MANY = ("seeds", "prevalence", "against", "response", "time", "parents", "contrast", "both", "targets", "all documents")
NO_PAIRS = [*REFUSED, {"clusters", "votes"}]  # the latter are two values of one setting
PAIRS = [pair for pair in combinations(PARTS, 2) if set(pair) not in NO_PAIRS and not set(pair) <= set(MANY)]


def documents(n_docs, seed):
    """Documents of four subjects in four years: words, fields and vectors."""
    rng = np.random.default_rng(seed)
    subjects, is_new = rng.integers(4, size=n_docs), rng.random(n_docs) < 0.5
    tokens = [[f"w{subject}{rng.integers(10):02}" for _ in range(9)] for subject in subjects]
    for row in np.flatnonzero(is_new & (subjects == 3)):
        tokens[row].append("salt")
    fields = {
        "subject": [f"s{subject}" for subject in subjects],
        "year": (2000 + np.arange(n_docs) % 4).tolist(),
        "corpus": np.where(is_new, "B", "A").tolist(),
        "stars": (subjects + rng.normal(size=n_docs)).tolist(),
        "key": [str(row) for row in range(n_docs)],
    }
    return tokens, fields, (np.eye(4, 8)[subjects] + 0.2 * rng.normal(size=(n_docs, 8))).astype(np.float32)


def corpus_of(n_docs, seed):
    tokens, fields, vectors = documents(n_docs, seed)
    return with_targets(Corpus.from_tokens(tokens, fields=fields).with_embeddings(vectors))


def with_targets(corpus):
    return corpus.with_targets(corpus.counts + 0.5 * corpus.counts[::-1])


@pytest.fixture(scope="module")
def corpus():
    return corpus_of(120, 0)


@pytest.fixture(scope="module")
def unseen():
    return corpus_of(40, 1)


@pytest.fixture(scope="module")
def bilingual():
    tokens, fields, vectors = documents(80, 2)
    german = [[f"d{word}" for word in words] for words in tokens]
    parts = {"en": Corpus.from_tokens(tokens, fields=fields), "de": Corpus.from_tokens(german, fields=fields)}
    return with_targets(Corpus.multilingual(parts).with_embeddings(np.concatenate([vectors, vectors])))


def model_of(names, name="ProdLDA", **parameters):
    for each in names:
        parameters = PARTS[each] | parameters
    return getattr(topicml, name)(**SMALL | parameters)


def results(model, corpus):
    """What a saved model must have the same bits of."""
    found = {"theta": model.transform(corpus), "topics": np.array(model.topics(5)), "components": model.components_}
    found["score"] = np.array([model.score(corpus), model.perplexity(corpus)])
    if model.response_ is not None:
        found["response"] = model.predict_response(corpus)
    if model.groups_ is not None:
        found["at"] = model.components_at(0)
    if model.parents_ is not None:
        found["cut"] = np.array(model.topics(5, cut=2))
    return found


def check_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)
        assert value.dtype.kind != "f" or np.isfinite(value).all(), name


def check_kept(model, corpus, folder):
    found = results(model, corpus)
    model.save(folder / "model")
    check_same(results(topicml.load(folder / "model"), corpus), found)
    check_same(results(pickle.loads(pickle.dumps(model)), corpus), found)
    model.partial_fit(corpus)
    assert np.isfinite(model.transform(corpus)).all()


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_pairs(pair, corpus, unseen, tmp_path):
    name = ("ProdLDA", "ETM")[PAIRS.index(pair) % 2]
    check_kept(model_of(pair, name).fit(corpus), unseen, tmp_path)


@pytest.mark.parametrize("name", ["ProdLDA", "ETM"])
def test_many_at_once(name, corpus, unseen, tmp_path):
    model = model_of(MANY, name)
    fitted = model.fit(corpus)
    np.testing.assert_array_equal(clone(model).fit(corpus).transform(unseen), fitted.transform(unseen))
    assert {"seeds", "prevalence", "deviations", "salient", "tree", "response", "contrast"} <= {*model.history_[0]}
    assert len(explore.drift(fitted, unseen)) == 6
    check_kept(fitted, unseen, tmp_path)


def test_many_at_once_are_resumed(corpus, unseen, tmp_path):
    whole = model_of(MANY).fit(corpus)

    class Stop(Exception):
        pass

    def stop(_):
        raise Stop

    with pytest.raises(Stop):
        model_of(MANY).fit(corpus, checkpoint=tmp_path, checkpoint_seconds=0, callbacks=[stop])
    resumed = model_of(MANY).fit(corpus, checkpoint=tmp_path, checkpoint_seconds=0)
    check_same(results(resumed, unseen), results(whole, unseen))


@pytest.mark.parametrize("name", ["ProdLDA", "ETM"])
def test_many_at_once_in_several_languages(name, bilingual, tmp_path):
    names = ("prevalence", "against", "response", "parents", "contrast", "both")
    parameters = {"languages": True, "translations": "key", "seeds": {"first": ["en:w000", "de:dw000"]}}
    model = model_of(names, name, **parameters).fit(bilingual)
    check_kept(model, bilingual, tmp_path)
    assert len(model.topics(3, language="de")) == 6


@pytest.mark.parametrize("pair", [tuple(sorted(pair)) for pair in REFUSED], ids="+".join)
def test_pairs_that_cannot_be(pair, corpus):
    with pytest.raises(InputError, match=r"choose another init|leave one out"):
        model_of(pair).fit(corpus)


@pytest.mark.parametrize(
    "off", [{"parents": 3, "parents_strength": 0}, {"response": "stars", "response_strength": 0}], ids=str
)
def test_switched_off_beside_others(off, corpus, unseen):
    names = ("seeds", "prevalence", "time")
    theta = model_of(names).fit(corpus).transform(unseen)
    np.testing.assert_array_equal(model_of(names, **off).fit(corpus).transform(unseen), theta)


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"against": "corpus=A", "salient": 2, "against_strength": 0}, "its last topics are salient"),
        ({"response": "stars"}, "reads the field 'stars'"),
        ({"contrast": SetContrast(view=LabelMates("subject"))}, "reads the field 'subject'"),
        ({"encoder_input": "both"}, "encoder reads embeddings"),
    ],
)
@pytest.mark.parametrize("start", ["fit", "partial_fit"])
def test_fields_of_remembered_documents_are_not_known(start, parameters, message, corpus):
    model = model_of((), **parameters)
    if start == "fit":
        model.fit(corpus)
    with pytest.raises(InputError, match=message):
        model.partial_fit(corpus, grow=True)


@pytest.mark.parametrize("names", [("contrast",), ("response",), ("seeds", "prevalence"), ("parents", "both")])
def test_new_slices_leave_the_past(names, corpus):
    early = np.flatnonzero(corpus.fields["year"] < 2003)
    model = model_of(("time", *names)).fit(corpus[early])
    before, words = model.transform(corpus[early]), model.components_at("2000")
    model.partial_fit(corpus[np.flatnonzero(corpus.fields["year"] == 2003)])
    assert model.groups_.names[-1] == "2003"
    np.testing.assert_array_equal(model.transform(corpus[early]), before)
    np.testing.assert_array_equal(model.components_at("2000"), words)


def test_effects_of_a_model_that_reads_embeddings(corpus, unseen):
    model = model_of(("prevalence", "both")).fit(corpus)
    found = explore.effects(model, unseen)
    other = explore.effects(model, unseen.with_embeddings(-unseen.embeddings[np.arange(40)]))
    assert str(found) != str(other)


def batch_and(corpus):
    covariates = Covariates(None, np.arange(corpus.n_docs) % 3)
    return Batch.from_counts(corpus.counts, np.array([7, 3])).with_covariates(covariates), covariates


def test_views_keep_the_covariates_of_their_documents(corpus):
    batch, covariates = batch_and(corpus)
    view = batch_of_words(batch, batch.documents, batch.word_ids, batch.counts)
    assert view.groups.tolist() == [1, 0] == batch.groups.tolist()
    given = Documents(corpus.counts, corpus=corpus, covariates=covariates, views=(corpus.counts,))
    texts = TopicSemantic()
    texts.prepare(given, None, batch_size=2)
    assert texts._texts(batch, None, None)[0].groups.tolist() == [1, 0]
    mates = LabelMates("subject")
    mates.prepare(given)
    (view,) = mates(batch, None, None)
    assert view.groups.tolist() == (view.rows % 3).tolist()


def test_translations_are_read_with_what_is_known_of_the_document(bilingual):
    """Each document reads its own embedding and covariates beside its words in another language."""
    names = ("prevalence", "both")
    model = model_of(names, languages=True, translations="key").fit(bilingual)
    seen = []
    term = TranslationTerm("key")
    given = Documents(bilingual.counts, vocabulary=bilingual.vocabulary, corpus=bilingual)
    term.prepare(given, model.network_, batch_size=2)
    columns, _ = model.model_matrix_.matrix(bilingual)
    batch = Batch.from_counts(bilingual.counts, np.array([70, 5])).with_covariates(columns)
    encode = model.network_.encode_view
    model.network_.encode_view = lambda view: seen.append(view) or encode(view)
    with reading(bilingual.embeddings), torch.no_grad():
        term(batch, model.network_.encode(batch), model.network_)
    assert seen[0].rows.tolist() == [70, 5]
    assert torch.equal(seen[0].covariates, batch.covariates)


def test_a_prediction_goes_on_from_that_of_the_fit(corpus):
    """Also with documents that have one level only."""
    model = model_of((), response="subject", max_epochs=20).fit(corpus)
    before = model.response_.weights
    model.partial_fit(corpus[np.flatnonzero(corpus.fields["subject"] == "s0")])
    assert model.response_.response.levels == ("s0", "s1", "s2", "s3")
    assert np.linalg.norm(model.response_.weights - before) < 0.5 * np.linalg.norm(before)
