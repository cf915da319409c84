"""Translations and dictionaries: what they accept, what they link, and the words of documents in other languages."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus, Preprocessor
from topicml.corpus.documents import Documents
from topicml.errors import InputError, TopicWarning
from topicml.starting import (
    Dictionary,
    Translations,
    dictionary_from,
    learned_dictionary,
    warn_of_languages_alone,
    with_translations,
)
from topicml.starting.word_alignment import translation_probabilities


def documents(english, german, ids, rows=None):
    """Documents of two languages with a field of ids."""
    parts = {"en": english, "de": german}
    made = {}
    for name, texts in parts.items():
        fields = {"id": ids[name]}
        made[name] = Corpus.from_tokens([text.split() for text in texts], fields=fields)
    corpus = Corpus.multilingual(made)
    return Documents(corpus.counts, tuple(corpus.vocabulary), None, corpus, rows=rows)


def small(rows=None):
    return documents(
        ["cat cat dog", "tax loan", "dog"],
        ["katze hund", "steuer kredit", "zins"],
        {"en": ["a", "b", None], "de": ["a", "b", "c"]},
        rows,
    )


def words_of(row, made):
    counts = row.tocoo()
    return {made.vocabulary[j]: float(value) for j, value in zip(counts.col, counts.data, strict=True) if value}


def test_documents_with_translations_have_their_words():
    made = small()
    found = Translations(made, "id")
    assert found.links.toarray().nonzero()[0].tolist() == [0, 1, 3, 4]
    completed = found.completed(np.arange(6))
    assert words_of(completed[0], made) == {"en:cat": 2, "en:dog": 1, "de:katze": 1, "de:hund": 1}
    assert words_of(completed[3], made) == {"de:katze": 1, "de:hund": 1, "en:cat": 2, "en:dog": 1}
    assert words_of(completed[5], made) == {"de:zins": 1}
    assert words_of(found.of_translations(np.array([4]))[0], made) == {"en:tax": 1, "en:loan": 1}


def test_documents_outside_of_training_are_no_translations():
    assert Translations(small(rows=np.array([0, 1, 2, 4, 5])), "id").links.nonzero()[0].tolist() == [1, 4]


def test_several_translations_count_as_one():
    made = documents(["cat"], ["katze", "katze kater"], {"en": [1], "de": [1, 1]})
    found = Translations(made, "id").of_translations(np.arange(3))
    assert words_of(found[0], made) == {"de:katze": 1, "de:kater": 0.5}
    assert words_of(found[1], made) == {"en:cat": 1}  # documents of one language do not translate each other


def test_a_dictionary_completes_documents_without_translations():
    made = small()
    dictionary = Dictionary({"en": ["dog", "interest", "cat"], "de": ["hund", "zins", "katze"]})
    completed = Translations(made, "id", dictionary).completed(np.arange(6))
    assert words_of(completed[2], made) == {"en:dog": 1, "de:hund": 1}
    assert words_of(completed[0], made) == {"en:cat": 2, "en:dog": 1, "de:katze": 1, "de:hund": 1}  # its translation
    alone = Translations(made, None, dictionary).completed(np.arange(6))
    assert words_of(alone[0], made) == {"en:cat": 2, "en:dog": 1, "de:katze": 2, "de:hund": 1}


def test_documents_with_translations_start_in_all_languages():
    made = small()
    started = with_translations(made, Translations(made, "id"))
    np.testing.assert_array_equal(started.counts[0].toarray(), started.counts[3].toarray())
    assert not started.corpus.has_order and started.vocabulary == made.vocabulary
    assert small().counts.nnz == made.counts.nnz  # the documents stay as they are


def planted(n=200, seed=0, aligned=1.0):
    """Word i of one language translates word i of the other; each document has four words."""
    rng = np.random.default_rng(seed)
    draws = [rng.choice(30, 4, replace=False) for _ in range(n)]
    ids = [i if i < aligned * n else None for i in range(n)]
    texts = {mark: [" ".join(f"{mark}{i:02}" for i in each) for each in draws] for mark in "ab"}
    return documents(texts["a"], texts["b"], {"en": ids, "de": ids})


def test_words_that_translate_each_other_are_learned():
    made = planted()
    translations = Translations(made, "id")
    found = translations.words.toarray()
    np.testing.assert_array_equal(found[:30, 30:].argmax(axis=1), np.arange(30))
    np.testing.assert_array_equal(found[30:, :30].argmax(axis=1), np.arange(30))
    assert not found[:30, :30].any() and not found[30:, 30:].any()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


SENTENCES = [("house the", "haus das"), ("book the", "buch das"), ("book a", "buch ein"), ("house", "haus")]
SENTENCES += [("a house big", "ein haus gross")]
ENGLISH, GERMAN = ("house", "the", "book", "a", "big"), ("haus", "das", "buch", "ein", "gross")
ONE_STEP = [  # IBMModel1 of nltk 3.9, in the order of the words; pairs that no document has are 0
    [0.56521739, 0.17391304, 0, 0.13043478, 0.13043478],
    [0.25, 0.5, 0.25, 0, 0],
    [0, 0.25, 0.5, 0.25, 0],
    [0.17647059, 0, 0.23529412, 0.41176471, 0.17647059],
    [0.33333333, 0, 0, 0.33333333, 0.33333333],
]
EIGHT_STEPS = [
    [0.99439028, 0.00099922, 0, 0.00039347, 0.00421703],
    [0.00061878, 0.99541449, 0.00396673, 0, 0],
    [0, 0.0033542, 0.99052153, 0.00612427, 0],
    [0.00030145, 0, 0.00447424, 0.97453009, 0.02069422],
    [0.01314838, 0, 0, 0.08422082, 0.9026308],
]


@pytest.mark.parametrize(("steps", "expected"), [({"iterations": 1}, ONE_STEP), ({}, EIGHT_STEPS)])
def test_probabilities_of_translations_are_those_of_nltk(steps, expected):
    sources, targets = (
        csr_matrix(np.array([[word in pair[side].split() for word in words] for pair in SENTENCES], dtype=np.float32))
        for side, words in enumerate((ENGLISH, GERMAN))
    )
    found = translation_probabilities(sources, targets, **steps).toarray()
    np.testing.assert_allclose(found, expected, atol=1e-8)
    assert translation_probabilities(sources[:0], targets[:0]).shape == (5, 5)


def strongest(score, words=3):
    order = np.argsort(-score, axis=1, kind="stable")[:, :words]
    expected = np.zeros_like(score)
    np.put_along_axis(expected, order, np.take_along_axis(score, order, axis=1), axis=1)
    expected[expected < score.max(axis=1, keepdims=True) / 2] = 0
    return expected / np.maximum(expected.sum(axis=1, keepdims=True), 1e-30)


def test_the_score_of_words_is_that_of_both_directions():
    rng = np.random.default_rng(1)
    draws = [rng.choice(40, 4, replace=False) for _ in range(60)]
    english = [" ".join(f"a{i:02}" for i in each) for each in draws]
    german = [" ".join(f"b{(i + rng.integers(4)) % 40:02}" for i in each) for each in draws]  # four words for each
    made = documents(english, german, {"en": range(60), "de": range(60)})
    made.counts.data[:] = 7  # counts are not read, only which words are there
    translations = Translations(made, "id")
    english, german = made.counts[:60, :40] > 0, made.counts[60:, 40:] > 0
    forth, back = translation_probabilities(english, german), translation_probabilities(german, english)
    score = np.sqrt(forth.toarray() * back.toarray().T)
    score[((english.astype(int).T @ german.astype(int)).toarray() < 2) | (score < 0.05)] = 0
    np.testing.assert_allclose(translations.words[:40, 40:].toarray(), strongest(score), rtol=1e-5)
    np.testing.assert_allclose(translations.words[40:, :40].toarray(), strongest(score.T), rtol=1e-5)
    given = (made.counts, translations.links, translations.blocks)
    assert learned_dictionary(*given, words=1).getnnz(axis=1).max() == 1
    assert learned_dictionary(*given, min_count=100).nnz == 0 and learned_dictionary(*given, least=1.01).nnz == 0
    one_step = learned_dictionary(*given, iterations=1)
    assert abs(one_step - translations.words).max() > 0.1
    half = learned_dictionary(made.counts[::2], translations.links[::2][:, ::2], translations.blocks)
    sampled = learned_dictionary(*given, max_pairs=30 * 16)
    np.testing.assert_array_equal(sampled.toarray(), half.toarray())


def test_a_word_that_may_mean_too_much_has_no_translation():
    ids = range(900)
    made = documents(["a"] * 900, [f"b{i % 450}" for i in ids], {"en": ids, "de": ids})
    translations = Translations(made, "id")
    assert translations.words.nnz == 0  # p(b | a) = 1 / 450 and p(a | b) = 1: .047
    found = learned_dictionary(made.counts, translations.links, translations.blocks, least=0.047)
    assert found.nnz == 3 + 450


def test_words_of_three_languages_are_learned_from_the_pairs_that_there_are():
    rng = np.random.default_rng(0)
    draws = [rng.choice(20, 3, replace=False) for _ in range(120)]
    made = {
        name: Corpus.from_tokens(
            [[f"{mark}{i:02}" for i in draws[row]] for row in rows], fields={"id": [str(row) for row in rows]}
        )
        for name, mark, rows in (("en", "a", range(120)), ("de", "b", range(60)), ("fr", "c", range(60, 120)))
    }
    corpus = Corpus.multilingual(made)
    words = Translations(Documents(corpus.counts, tuple(corpus.vocabulary), None, corpus), "id").words.toarray()
    assert not words[20:40, 40:].any() and not words[40:, 20:40].any()  # no document is in both
    for block in (slice(20, 40), slice(40, 60)):
        np.testing.assert_array_equal(words[:20, block].argmax(axis=1), np.arange(20))
        np.testing.assert_allclose(words[:20, block].sum(axis=1), 1, rtol=1e-6)


def test_the_words_of_the_user_come_before_learned_ones():
    made = planted()
    words = Translations(made, "id", Dictionary([("en:a00", "de:b07")])).words
    assert words[0].indices.tolist() == [37] and 0 in words[37].indices
    assert words[1, 31] > 0.5


@pytest.mark.parametrize(
    "pairs, message",
    [
        ({}, "two languages"),
        ({"en": ["a"]}, "two languages"),
        ({"en": ["a"], "de": ["b", "c"]}, "as many words"),
        ([], "no pairs"),
        ({"en": [""], "de": ["b"]}, "no pairs"),
        ([("en:a", "b")], "not a pair of words of two languages"),
        ([("en:a", "en:b")], "not a pair of words of two languages"),
        (["en:a"], "not a pair"),
        (3, "dictionary=3 is a int"),
    ],
)
def test_what_is_no_dictionary_is_refused(pairs, message):
    with pytest.raises(InputError, match=message):
        Dictionary(pairs)


def test_files(tmp_path):
    file = tmp_path / "words.csv"
    file.write_text("\ufeffen,de,fr\ndog,Hund,chien\n\ntax,Steuer,\n", "utf-8")
    assert Dictionary(file).pairs == (
        ("en:dog", "de:Hund"),
        ("en:dog", "fr:chien"),
        ("de:Hund", "fr:chien"),
        ("en:tax", "de:Steuer"),
    )
    tabs = tmp_path / "words.tsv"
    tabs.write_text("en\tde\ndog\tHund\n", "utf-8")
    assert Dictionary(str(tabs)).pairs == (("en:dog", "de:Hund"),)
    assert dictionary_from(None) is None and dictionary_from(file).pairs == Dictionary(Dictionary(file)).pairs
    assert eval(repr(Dictionary(tabs))).pairs == Dictionary(tabs).pairs
    for content, message in (
        ("en\ndog\n", "header"),
        ("", "header"),
        ("en,en\na,b\n", "header"),
        ("en,de\na\n", "Line 2"),
        ('en,de\n"a\n', "is not CSV"),
    ):
        file.write_text(content, "utf-8")
        with pytest.raises(InputError, match=message):
            Dictionary(file)
    file.write_bytes(b"en,de\n\xff,a\n")
    with pytest.raises(InputError, match="not text in UTF-8"):
        Dictionary(file)
    with pytest.raises(InputError, match="cannot be read"):
        Dictionary(tmp_path / "absent.csv")


def test_words_are_read_as_texts_are():
    english = Corpus.from_texts(["The dogs bark.", "Dogs and cats."], Preprocessor("en"))
    german = Corpus.from_texts(["Die Hunde bellen.", "Hunde und Katzen."], Preprocessor("de"))
    corpus = Corpus.multilingual({"en": english, "de": german})
    made = Documents(corpus.counts, tuple(corpus.vocabulary), corpus.preprocessor, corpus)
    matrix = Dictionary({"en": ["Dogs", "two words"], "de": ["Hunde", "Katze"]}).matrix(made)
    assert {made.vocabulary[i] for i in matrix.indices} == {"en:dog", "de:hund"}


def test_words_in_no_document_are_told_with_similar_words():
    made = small()
    with pytest.warns(TopicWarning, match=r"1 of the 2 pairs .* 'de:hunde' \(similar: de:hund\)"):
        Dictionary({"en": ["cat", "dog"], "de": ["katze", "hunde"]}).check(made)
    with pytest.raises(InputError, match="none of the 1 pairs"):
        Dictionary({"en": ["bird"], "de": ["vogel"]}).check(made)
    with pytest.raises(InputError, match="the language 'fr'; the languages of the documents are en, de"):
        Dictionary({"en": ["cat"], "fr": ["chat"]}).check(made)


def test_languages_that_nothing_connects():
    made = small()
    warn_of_languages_alone(made, "id", None)
    warn_of_languages_alone(made, None, Dictionary({"en": ["cat"], "de": ["katze"]}))
    with pytest.warns(TopicWarning, match="Nothing connects 'en', 'de' with the other languages"):
        warn_of_languages_alone(made, None, None)
    apart = documents(["cat", "dog"], ["katze", "hund"], {"en": [1, 2], "de": [3, 4]})
    with pytest.warns(TopicWarning, match="no document has a translation"):
        warn_of_languages_alone(apart, "id", None)
    with pytest.raises(InputError, match="'de' has 1 documents"):
        warn_of_languages_alone(documents(["cat", "dog"], ["hund"], {"en": [1, 2], "de": [1]}), "id", None)
    one = Corpus.multilingual({"en": Corpus.from_tokens([["cat"], ["dog"]])})
    with pytest.raises(InputError, match="All documents are in one language, 'en'"):
        warn_of_languages_alone(Documents(one.counts, tuple(one.vocabulary), None, one), None, None)


def test_fields_that_are_no_translations():
    made = small()
    with pytest.raises(InputError, match=r"translations='key' is a field.*'id'"):
        Translations(made, "key")
    n = 1001
    many = documents(["cat"] * n, ["katze"] * 2, {"en": ["x"] * n, "de": ["x"] * 2})
    with pytest.raises(InputError, match="1,003 documents have the same value in the field 'id'"):
        Translations(many, "id")
