"""One corpus against another: what is declared, by which documents, and what is refused."""

import numpy as np
import pytest

import topicml
from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.explore import TopicView, contrast, contrast_corpora
from topicml.metrics import permutation_test

SUBJECTS = (
    "rain wind cloud storm snow sun",
    "goal match team coach league player",
    "parcel late courier refund van box",
)
pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
FAST = {"n_topics": 4, "salient": 1, "max_epochs": 15, "hidden": 16, "device": "cpu"}


def texts(n, subjects, seed):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(SUBJECTS[i % subjects].split(), 8)) for i in range(n)]


def tokens(n, subjects, seed):
    return Corpus.from_tokens([text.split() for text in texts(n, subjects, seed)])


@pytest.fixture(scope="module")
def found():
    return contrast_corpora(tokens(120, 2, 0), tokens(120, 3, 1), names=("June", "July"), **FAST)


@pytest.mark.parametrize("model", ["ProdLDA", "ETM"])
def test_a_subject_of_one_corpus_is_found(model):
    found = contrast_corpora(tokens(120, 2, 0), tokens(120, 3, 1), model=model, **FAST)
    assert found.new == [3] and found.salient == [3]
    row = found.topics().iloc[0]
    assert row.topic == 3 and row.salient and row.p <= 0.05 and row.other > 0.15 > 0.1 > row.background
    assert set(row.words.split()[:6]) == set(SUBJECTS[2].split())
    words = found.words()
    assert set(words[(words.p <= 0.05) & (words.z > 0)].word) == set(SUBJECTS[2].split())


def test_documents_of_the_other_corpus_that_are_least_like_the_background(found):
    table = found.documents(n=5)
    assert (table.document >= 120).all() and (np.diff(table.share) <= 0).all() and set(table.topic) == {3}
    assert all(set(text.split()) <= set(SUBJECTS[2].split()) for text in table.text)
    assert len(found.documents(0, n=3)) == 3


def test_topics_are_tested_by_the_held_out_documents_and_words_by_all(found):
    view, is_july = found.view, found.view.corpus.fields["corpus"] == "July"
    np.testing.assert_array_equal(found.unseen, view.model.validation_rows_)
    assert len(found.unseen) == 120 and view.model.against == "corpus=June"
    by_hand = permutation_test(view.theta[found.unseen], is_july[found.unseen])
    table = found.topics().set_index("topic").sort_index()
    np.testing.assert_allclose(table.p, np.minimum(2 * by_hand.p, 1))
    np.testing.assert_allclose(table.background, by_hand.first)
    np.testing.assert_allclose(table.difference, by_hand.second - by_hand.first)
    by_hand = permutation_test((view.counts > 0).astype(float), is_july)
    words = found.words().set_index("word").loc[list(view.vocabulary)]
    np.testing.assert_allclose(words.p, np.minimum(2 * by_hand.p, 1))
    np.testing.assert_allclose(words.other, by_hand.second)
    assert (np.diff(found.words().p) >= 0).all() and len(found.words(2)) == 2


def test_saved_models_and_new_documents(found, tmp_path):
    found.view.model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    again = contrast(loaded, found.view.corpus)
    np.testing.assert_array_equal(again.unseen, found.unseen)
    assert again.topics().equals(found.topics())
    new = tokens(60, 3, 5)
    new = new.replaced(fields=type(new.fields).of({"corpus": ["June", "July"] * 30}, 60))
    assert len(contrast(loaded, new).unseen) == 60  # none of them was in the fit


def test_other_seeds_levels_and_draws(found):
    view = found.view
    assert contrast(view, draws=19).least_p == pytest.approx(0.1)
    assert not contrast(view, draws=19).new  # 0.1 is not below 0.05
    assert contrast(view, draws=19, level=0.1).new == [3]
    many = (contrast(view, seed=seed).words().p.tolist() for seed in (0, 0, 1))
    first, same, other = many
    assert first == same != other


def test_models_without_salient_topics_and_other_backgrounds(found):
    model = topicml.ProdLDA(4, validation_fraction=0.5, max_epochs=2, hidden=16, random_state=0, device="cpu")
    model.fit(found.view.corpus)
    with pytest.raises(InputError, match="Nothing says which documents are the background"):
        contrast(model, found.view.corpus)
    plain = contrast(model, found.view.corpus, against="corpus=July")
    assert plain.salient == plain.new == [] and len(plain.topics()) == 4
    assert (plain.words().z.abs().max(), plain.is_other.sum()) == (pytest.approx(found.words().z.abs().max()), 120)
    with pytest.raises(InputError, match="no salient topics"):
        plain.documents()


def test_edits_of_the_view(found):
    merged = contrast(found.view.merge([3, 0]))
    assert merged.salient == [] and len(merged.topics()) == 3
    assert contrast(found.view.hide(3)).new == []
    assert contrast(found.view.rename(3, "post")).topics().label[0] == "post"


def test_no_topic_is_new_in_another_sample():
    alarms = [
        contrast_corpora(tokens(40, 3, 2 * k), tokens(40, 3, 2 * k + 1), seed=k, **{**FAST, "max_epochs": 4}).new
        for k in range(12)
    ]
    assert sum(map(bool, alarms)) <= 2


def test_raw_texts_are_read_together():
    found = contrast_corpora(texts(40, 2, 0), texts(40, 3, 1), **{**FAST, "max_epochs": 2})
    assert "courier" in found.view.vocabulary and found.view.corpus.preprocessor is not None
    assert found.documents(n=1).text[0] in texts(40, 3, 1)


def test_the_same_documents_twice_are_told():
    for both in (tokens(40, 2, 0), texts(40, 2, 0)):
        with pytest.warns(TopicWarning, match="have the same documents"):
            contrast_corpora(both, both, **{**FAST, "max_epochs": 1})


def test_too_few_documents_for_a_test_are_told():
    few = tokens(4, 2, 0), tokens(4, 2, 1)
    with pytest.warns(TopicWarning, match=r"Too few documents for a test: with \d .* p is at least [01]\.?"):
        found = contrast_corpora(*few, **{**FAST, "max_epochs": 1}, seed=1)
    assert found.least_p > 0.05 and not found.new


@pytest.mark.parametrize(
    "change, message",
    [
        ({"other": []}, "B has no documents"),
        ({"background": "text"}, "A must be a Corpus or a list of texts"),
        ({"other": ["one text"] * 9}, "One of the two is a Corpus"),
        ({"other": Corpus.from_tokens([["only"], ["here"]] * 9)}, "no common word"),
        ({"names": ("A", "A")}, "two different names"),
        ({"held_out": 1.0}, "held_out must be greater than 0"),
        ({"level": 0.0}, "level must be between 0 and 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message):
    given = {"background": tokens(20, 2, 0), "other": tokens(20, 2, 1), **FAST, "max_epochs": 1, **change}
    with pytest.raises(InputError, match=message):
        contrast_corpora(given.pop("background"), given.pop("other"), **given)


def test_documents_that_the_fit_saw_and_priors_that_read_the_field_are_refused(found):
    corpus = found.view.corpus
    options = {"against": "corpus=June", "salient": 1, "max_epochs": 1, "hidden": 16, "random_state": 0}
    seen = topicml.ProdLDA(4, validation_fraction=0.0, **options).fit(corpus)
    with pytest.raises(InputError, match="The fit saw all of these documents"):
        contrast(seen, corpus)
    moved = topicml.ProdLDA(4, validation_fraction=0.5, prevalence="~ corpus", **options).fit(corpus)
    with pytest.raises(InputError, match="prior of the model reads 'corpus'"):
        contrast(moved, corpus)
    with pytest.raises(InputError, match="leave `documents` out"):
        contrast(found.view, corpus)
    with pytest.raises(InputError, match="0 with words are not of the background"):
        contrast(seen, corpus[:120])
    with pytest.raises(InputError):
        contrast(TopicView.of(seen))
