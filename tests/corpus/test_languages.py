"""Corpora of several languages: words are not confused, rows keep their order, and texts are split by language."""

import numpy as np
import pytest

from topicml.corpus import Corpus, Preprocessor
from topicml.corpus.languages import word_blocks, word_of
from topicml.corpus.preprocessing import MultilingualPreprocessor, config_of, preprocessor_from_config
from topicml.errors import InputError, TopicWarning

ENGLISH = ["The gift shop sells games for children.", "A computer game about gifts."]
GERMAN = ["Das Gift ist ein Spiel für Kinder am Rechner.", "Noch ein Spiel über Rechner und Gift."]


def english():
    return Corpus.from_texts(ENGLISH, Preprocessor("en"), fields={"id": ["a", "b"], "size": [1, 2]})


def german():
    return Corpus.from_texts(GERMAN, Preprocessor("de"), fields={"id": ["a", "c"]})


def test_words_of_each_language_are_apart():
    corpus = Corpus.multilingual({"en": english(), "de": german()})
    assert "en:gift" in corpus.vocabulary and "de:gift" in corpus.vocabulary
    assert corpus.document(0) == [f"en:{word}" for word in english().document(0)]
    assert corpus.document(3) == [f"de:{word}" for word in german().document(1)]
    assert list(corpus.fields["language"]) == ["en", "en", "de", "de"]
    assert list(corpus.fields["id"]) == ["a", "b", "a", "c"]
    np.testing.assert_array_equal(corpus.fields["size"][:2], [1, 2])
    assert np.isnan(corpus.fields["size"][2:].astype(float)).all()
    blocks = word_blocks(corpus.vocabulary)
    assert blocks == {"en": slice(0, english().n_words), "de": slice(english().n_words, corpus.n_words)}
    assert word_of("de:12:30") == "12:30"


def test_counts_alone_and_another_field():
    parts = [Corpus.from_counts(each.counts, each.vocabulary) for each in (english(), german())]
    corpus = Corpus.multilingual({"x": parts[0], "y": parts[1]}, field="lang")
    assert not corpus.has_order and list(corpus.fields["lang"]) == ["x", "x", "y", "y"]
    np.testing.assert_array_equal(corpus.counts[:2, : parts[0].n_words].toarray(), parts[0].counts.toarray())
    assert corpus.counts[:2, parts[0].n_words :].nnz == 0


@pytest.mark.parametrize(
    "corpora, message",
    [
        ({}, "a corpus for each language"),
        ([], "a corpus for each language"),
        ({"": english()}, "text without a colon"),
        ({"a:b": english()}, "text without a colon"),
        ({"de": ["ein Text"]}, "are a list, not a Corpus"),
    ],
)
def test_what_is_no_corpus_of_languages_is_refused(corpora, message):
    with pytest.raises(InputError, match=message):
        Corpus.multilingual(corpora)


def test_vocabularies_without_languages_are_refused():
    with pytest.raises(InputError, match="'gift' does not say its language"):
        word_blocks(["de:gift", "gift"])
    with pytest.raises(InputError, match="'de' are not one after the other"):
        word_blocks(["de:a", "en:a", "de:b"])
    with pytest.raises(InputError, match="columns have no names"):
        word_blocks(None)


def test_texts_are_split_by_the_preprocessor_of_their_language_in_their_order():
    texts = [ENGLISH[0], GERMAN[0], ENGLISH[1], GERMAN[1]]
    fields = {"lang": ["en", "de", "en", "de"]}
    corpus = Corpus.from_texts(texts, False, fields=fields).by_language("lang")
    both = Corpus.multilingual({"de": german(), "en": english()})
    assert [corpus.document(row) for row in (1, 3, 0, 2)] == [both.document(row) for row in range(4)]
    assert list(corpus.fields["lang"]) == fields["lang"] and list(corpus.fields["text"]) == texts
    frozen = Corpus.from_texts(texts[:2], False, fields={"lang": ["en", "de"]}).by_language("lang", corpus.preprocessor)
    assert frozen.document(1) == corpus.document(1)
    longer = Corpus.from_texts(texts, False, fields=fields).by_language("lang", min_length=5)
    assert min(len(word_of(word)) for word in longer.vocabulary) == 5
    own = Corpus.from_texts(texts, False, fields=fields).by_language(
        "lang", {"de": Preprocessor("de", lowercase=False)}
    )
    assert "de:Spiel" in own.vocabulary and "en:game" in own.vocabulary


def test_documents_without_a_language_and_languages_without_a_preprocessor():
    corpus = Corpus.from_texts(ENGLISH, False, fields={"lang": ["en", None]})
    with pytest.raises(
        InputError, match=r"1 documents have no language in the field 'lang' \(first: row 1 counted from 0\)"
    ):
        corpus.by_language("lang")
    with pytest.raises(InputError, match="no field 'language' with the languages"):
        corpus.by_language("language")
    known = MultilingualPreprocessor({"de": Preprocessor("de")})
    with pytest.raises(InputError, match=r"no language 'en'.*its languages: de"):
        corpus[:1].by_language("lang", known)


def test_the_language_of_new_texts_is_detected():
    pytest.importorskip("py3langid")
    both = MultilingualPreprocessor({"English": Preprocessor("en"), "de": Preprocessor("de")})
    words = both.tokens([GERMAN[0], "", ENGLISH[0]])
    assert words[0][0] == "de:gift" and words[1] == [] and words[2][0] == "English:gift"
    assert both.fit_tokens([GERMAN[0]])[1] == sorted(words[0])
    alone = MultilingualPreprocessor({"de": Preprocessor("de")})
    assert alone.tokens([ENGLISH[0]])[0][0] == "de:the"


def test_saved_and_opened(tmp_path):
    corpus = Corpus.multilingual({"en": english(), "de": german()})
    corpus.save(tmp_path / "corpus")
    opened = Corpus.open(tmp_path / "corpus")
    assert isinstance(opened.preprocessor, MultilingualPreprocessor)
    assert opened.preprocessor.of("de").language == "de" and opened.fingerprint == corpus.fingerprint
    hostile = config_of(corpus.preprocessor)
    hostile["languages"]["de"]["pipeline"] = "/tmp/anything"
    with pytest.raises(InputError, match="Opening a pipeline can run code"):
        preprocessor_from_config(hostile).of("de").tokens(["text"])


def test_messages_name_rows_of_the_file(tmp_path):
    path = tmp_path / "texts.csv"
    rows = [f"{text},{lang}" for text, lang in (("Games for gifts", "en"), ("Spiel für Rechner", "de"), ("the", "en"))]
    path.write_text("\n".join(["text,lang", *rows, "der,de"]), "utf-8")
    with pytest.warns(TopicWarning, match=r"2 of 4 documents have no words.*\(lines 4, 5\)") as told:
        Corpus.read(path, preprocessor=False).by_language("lang")
    assert len([each for each in told if "no words" in str(each.message)]) == 1
    in_memory = Corpus.from_texts(["Spiel", "the", "games"], False, fields={"lang": ["de", "en", "en"]})
    with pytest.warns(TopicWarning, match=r"1 of 3 documents has no words.*\(row 1 counted from 0\)"):
        in_memory.by_language("lang")
    path.write_text("text,lang\nGames for gifts,en\nder,de\n", "utf-8")
    with pytest.raises(InputError, match=r"documents in the language 'de': No word is left"):
        Corpus.read(path, preprocessor=False).by_language("lang")


def test_a_field_without_languages_is_told():
    corpus = Corpus.from_texts(ENGLISH, False, fields={"team": ["sales", "north"]})
    with pytest.raises(
        InputError, match=r"'team' should have the language of each document.*'sales', 'north'\..*no language 'sales'"
    ):
        corpus.by_language("team")
    corpus = Corpus.from_texts(["a game"] * 7, False, fields={"n": [f"x{i}" for i in range(7)]})
    with pytest.raises(InputError, match=r"'x4', …\.") as told:
        corpus.by_language("n")
    assert "Supported languages" not in str(told.value)
    with pytest.raises(InputError, match="no field 'lang' with the languages"):
        corpus.by_language("lang")
