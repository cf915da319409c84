"""Models of several languages: one theta, a decoder for each language, translations and dictionaries."""

import numpy as np
import pytest

import topicml
from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.explore import TopicView, side_by_side, words_by_language
from topicml.starting import Dictionary
from topicml.stories.prodlda import ProdLDAStory

N_SUBJECTS, N_WORDS = 4, 12


def texts(mark, subjects, rng):
    """Ten words of a subject in each document; words of the languages have no letter in common with their meaning."""
    return [[f"{mark}{subject}{rng.integers(N_WORDS):02}" for _ in range(10)] for subject in subjects]


def planted(share, seed=0, n_docs=240):
    """Documents of four subjects, of which a share is translated; the other half of documents is in one language."""
    rng = np.random.default_rng(seed)
    subjects = rng.integers(N_SUBJECTS, size=n_docs)
    aligned = np.arange(n_docs) < share * n_docs
    parts = {}
    for number, mark in enumerate("ab"):
        rows = np.flatnonzero(aligned | (np.arange(n_docs) % 2 == number))
        ids = [int(row) if aligned[row] else -int(row) - 1 for row in rows]
        fields = {"id": ids, "subject": subjects[rows]}
        parts["en" if mark == "a" else "de"] = Corpus.from_tokens(texts(mark, subjects[rows], rng), fields=fields)
    return Corpus.multilingual(parts)


def unseen(seed=9):
    """The same subjects in both languages: a corpus of each."""
    rng = np.random.default_rng(seed)
    subjects = rng.integers(N_SUBJECTS, size=60)
    both = [Corpus.from_tokens(texts(mark, subjects, rng)) for mark in "ab"]
    return Corpus.multilingual({"en": both[0]}), Corpus.multilingual({"de": both[1]}), subjects


def pairs(n=N_WORDS):
    words = [f"{subject}{i:02}" for subject in range(N_SUBJECTS) for i in range(n)]
    return {"en": [f"a{word}" for word in words], "de": [f"b{word}" for word in words]}


def agreement(model):
    """Share of unseen documents with the same leading topic in both languages, and the number of leading topics."""
    english, german, _ = unseen()
    leading = [model.transform(each).argmax(axis=1) for each in (english, german)]
    return np.mean(leading[0] == leading[1]), len(np.unique(leading[0]))


@pytest.fixture(scope="module")
def corpus():
    return planted(0.2)


@pytest.fixture(scope="module", params=["ProdLDA", "ETM"])
def model(request, corpus):
    kind = getattr(topicml, request.param)
    return kind(N_SUBJECTS, languages=True, translations="id", max_epochs=15, random_state=0).fit(corpus)


def test_subjects_are_found_in_both_languages_with_a_fifth_aligned(model):
    same, used = agreement(model)
    assert same >= 0.95 and used == N_SUBJECTS
    for english, german in zip(model.topics(5, language="en"), model.topics(5, language="de"), strict=True):
        assert {word[0] for word in english} == {"a"} and {word[0] for word in german} == {"b"}
        assert len({word[1] for word in english + german}) == 1  # one subject


@pytest.mark.parametrize(
    "kind, options",
    [("ECRTM", {}), ("ETM", {"init": "clusters"}), ("ProdLDA", {"sampled_words": 20}), ("ProdLDA", {"bound": "iwae"})],
)
def test_other_models_starts_and_bounds(kind, options, corpus):
    settings = {"languages": True, "translations": "id", "max_epochs": 15, "random_state": 0}
    same, used = agreement(getattr(topicml, kind)(N_SUBJECTS, **settings, **options).fit(corpus))
    assert same >= 0.95 and used == N_SUBJECTS


def test_a_dictionary_alone_connects_languages():
    corpus = planted(0.0)
    known = pairs(6)  # of half of the words
    settings = {"languages": True, "max_epochs": 15, "random_state": 0}
    same, used = agreement(topicml.ETM(N_SUBJECTS, dictionary=known, **settings).fit(corpus))
    assert same >= 0.9 and used == N_SUBJECTS


def test_nothing_that_connects_is_told(corpus):
    with pytest.warns(TopicWarning, match="Nothing connects 'en', 'de'"):
        model = topicml.ProdLDA(2, languages=True, max_epochs=1, random_state=0).fit(corpus)
    assert model.network_.translation is None and model.languages_ == ("en", "de")


def test_topics_of_one_language_and_side_by_side(model):
    assert model.languages_ == ("en", "de")
    words = model.topics(3, language="de")
    assert words_by_language(TopicView.of(model), 3)["de"] == words
    table = side_by_side(TopicView.of(model), 3)
    assert list(table.columns) == ["topic", "label", "en", "de"] and table["de"][1] == " ".join(words[1])
    assert all(":" in word for topic in model.topics(3) for word in topic)
    with pytest.raises(InputError, match="no language 'fr'; its languages: en, de"):
        model.topics(3, language="fr")
    with pytest.raises(InputError, match=f"at most {N_SUBJECTS * N_WORDS}"):
        model.topics(1000, language="de")


def test_each_language_is_ranked_apart(model):
    blocks = model.network_.word_blocks
    np.testing.assert_allclose([model.components_[:, block].sum(axis=1) for block in blocks], 0.5)
    ranking = model._ranking
    topics = model.network_.topic_word().detach().double().numpy()
    german = ranking(topics[:, blocks[1]], model._word_vectors[blocks[1]], model._documents_led[:, blocks[1]])
    np.testing.assert_allclose(model.components_[:, blocks[1]] * 2, german)


def test_saved_and_loaded(model, tmp_path):
    english, german, _ = unseen()
    model.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.transform(german), model.transform(german))
    assert loaded.topics(5, language="en") == model.topics(5, language="en")
    assert loaded.perplexity(english) == model.perplexity(english) and loaded.score(german) == model.score(german)
    assert loaded.network_.translation.pairs.shape[1] == 2


def test_a_dictionary_is_saved_as_its_words(tmp_path):
    file = tmp_path / "words.csv"
    known = pairs(3)
    rows = zip(*known.values(), strict=True)
    file.write_text("en,de\n" + "\n".join(",".join(row) for row in rows), "utf-8")
    model = topicml.ETM(2, languages=True, dictionary=str(file), max_epochs=1, random_state=0).fit(planted(0.0))
    file.unlink()
    model.save(tmp_path / "model")
    assert topicml.load(tmp_path / "model").dictionary.pairs == Dictionary(known).pairs


def test_each_setting_reaches_the_fit(corpus):
    def fitted(**settings):
        model = topicml.ProdLDA(3, languages=True, max_epochs=2, random_state=0, **settings).fit(corpus)
        return model, model.history_[-1]

    _, record = fitted(translations="id")
    assert "translations" in record
    without, other = fitted(translations="id", translation_strength=0)
    assert "translations" not in other and without.network_.translation is not None
    stronger = fitted(translations="id", translation_strength=3)[1]
    assert stronger["translations"] > 2 * record["translations"]
    given = fitted(translations="id", dictionary={"en": ["a000"], "de": ["b311"]})[0]
    words = given.network_.translation.pairs
    ids = [given.vocabulary_.index(word) for word in ("en:a000", "de:b311")]
    assert [1 for pair in words.tolist() if pair == ids] == [1]
    assert [pair[1] for pair in words.tolist() if pair[0] == ids[0]] == [ids[1]]  # not also a learned one


def test_the_start_is_of_documents_with_their_translations(corpus, monkeypatch):
    seen = []
    starting_values = ProdLDAStory.starting_values

    def spy(self, documents, seed):
        seen.append(starting_values(self, documents, seed))
        return seen[0]

    monkeypatch.setattr(ProdLDAStory, "starting_values", spy)
    topicml.ProdLDA(N_SUBJECTS, languages=True, translations="id", max_epochs=1, random_state=0).fit(corpus)
    beta = seen[0]["beta"]
    half = beta.shape[1] // 2
    for topic in beta:  # the first words of both languages are of one subject
        words = [corpus.vocabulary[topic[:half].argmax()], corpus.vocabulary[half + topic[half:].argmax()]]
        assert words[0][4] == words[1][4]


@pytest.mark.parametrize("kind", ["ProdLDA", "ETM"])
def test_off_is_the_plain_model_bit_by_bit(kind, corpus):
    plain = getattr(topicml, kind)(3, max_epochs=2, random_state=0).fit(corpus)
    off = getattr(topicml, kind)(3, max_epochs=2, random_state=0, languages=False, translation_strength=5.0).fit(corpus)
    np.testing.assert_array_equal(plain.components_, off.components_)
    assert plain.network_.word_blocks is None and plain.languages_ == () and "translations" not in plain.history_[0]


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"translations": "id"}, "pass languages=True"),
        ({"dictionary": {"en": ["a"], "de": ["b"]}}, "pass languages=True"),
        ({"languages": "lang"}, "languages must be True or False"),
        ({"languages": True, "translation_strength": -1}, "translation_strength must be at least 0"),
        ({"languages": True, "translations": "key"}, "translations='key' is a field"),
    ],
)
def test_settings_that_cannot_be(settings, message, corpus):
    with pytest.raises(InputError, match=message):
        topicml.ProdLDA(2, **settings).fit(corpus)


def test_documents_that_cannot_be(corpus):
    with pytest.raises(InputError, match="does not say its language"):
        topicml.ProdLDA(2, languages=True).fit(Corpus.from_tokens([["cat", "dog"], ["tax", "loan"]] * 5))
    with pytest.raises(InputError, match="columns have no names"):
        topicml.ProdLDA(2, languages=True).fit(corpus.counts)
    for model in (topicml.TSCTM, topicml.LDA2Vec, topicml.DocNADE):
        with pytest.raises(InputError, match=f"{model.__name__} cannot have words for each language"):
            model(2, languages=True, translations="id").fit(corpus)


def test_a_language_that_the_model_does_not_know_is_refused(model):
    french = Corpus.multilingual({"fr": Corpus.from_tokens([["chat"], ["chien"]])})
    with pytest.raises(InputError, match=r"language 'fr'.*en, de"):
        model.transform(french)
    with pytest.raises(InputError, match="does not say its language"):
        model.transform(Corpus.from_tokens([["a000"]]))


def test_growing_is_refused(corpus):
    model = topicml.ProdLDA(2, languages=True, translations="id", random_state=0).partial_fit(corpus)
    assert model.partial_fit(corpus).languages_ == ("en", "de")
    with pytest.raises(InputError, match="several languages cannot grow"):
        model.partial_fit(corpus, grow=True)


def test_combined_with_seeds_prevalence_and_a_contrast(corpus):
    seeds = {"first": ["en:a000", "de:b000"]}
    model = topicml.ETM(
        N_SUBJECTS,
        languages=True,
        translations="id",
        seeds=seeds,
        prevalence="~ language",
        contrast="infonce",
        max_epochs=3,
        random_state=0,
    ).fit(corpus)
    assert {"translations", "seeds", "prevalence", "contrast"} <= set(model.history_[-1])
    assert model.topic_names_[0] == "first"
