"""Translations and dictionaries: what they accept, what they link, and the words of documents in other languages."""

import numpy as np
import pytest

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


def test_the_association_of_words_is_that_of_the_formula():
    made = planted(n=60, seed=1)
    translations = Translations(made, "id")
    english, german = (made.counts[rows].toarray() > 0 for rows in (slice(0, 60), slice(60, 120)))
    both = english[:, :30].astype(float).T @ german[:, 30:]
    score = both / np.sqrt(np.outer(english[:, :30].sum(0), german[:, 30:].sum(0))) * both / (both + 1)
    score[(both < 2) | (score < 0.1)] = 0
    order = np.argsort(-score, axis=1, kind="stable")[:, :3]
    expected = np.zeros_like(score)
    np.put_along_axis(expected, order, np.take_along_axis(score, order, axis=1), axis=1)
    expected[expected < score.max(axis=1, keepdims=True) / 2] = 0
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(translations.words[:30, 30:].toarray(), expected, rtol=1e-5)
    few = learned_dictionary(made.counts, translations.links, translations.blocks, words=1)
    assert few.getnnz(axis=1).max() == 1
    assert learned_dictionary(made.counts, translations.links, translations.blocks, min_count=100).nnz == 0
    assert learned_dictionary(made.counts, translations.links, translations.blocks, max_pairs=400).nnz > 0


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
