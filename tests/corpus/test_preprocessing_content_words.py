"""Content words stay: stop words, lemmas, spellings and invisible characters."""

import gzip
import json
import warnings
from functools import cache
from pathlib import Path

import pytest
import spacy
import spacy_lookups_data

from topicml import Corpus
from topicml.corpus.preprocessing import Preprocessor, preprocessor_from_config, segmenting
from topicml.errors import InputError, MissingExtraError, TopicWarning

DATA = Path(spacy_lookups_data.__file__).parent / "data"


def table(language, name="lemma_lookup"):
    """A table of spacy-lookups-data as a dict of forms to lemmas."""
    with gzip.open(DATA / f"{language}_{name}.json.gz") as stream:
        entries = json.load(stream)
    return {form: lemma if isinstance(lemma, str) else lemma[0] for form, lemma in entries.items() if lemma}


@cache  # tables of lemmas take seconds to load
def preprocessor_of(language, **settings):
    return Preprocessor(language, **settings)


def words(text, language="en", **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)
        return preprocessor_of(language, **settings).tokens([text])[0]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("data mining of frequent patterns", "mining"),
        ("the evening news", "evening"),
        ("oil wells", "well"),
        ("phone calls", "call"),
        ("spare parts", "part"),
        ("tin cans", "can"),
        ("domain names", "name"),
        ("moving companies", "move"),
        ("coal mines", "mine"),
    ],
)
def test_content_words_whose_lemma_is_a_stop_word_stay(text, word):
    assert word in words(text)


@pytest.mark.parametrize("text", ["going went gone goes", "says said", "doing does", "gets got", "making takes gave"])
def test_inflections_of_verbs_without_meaning_are_stop_words(text):
    assert words(text) == []


# Lemmas of which spaCy's list means all forms: those of the rule, and the English verbs.
FUNCTION_WORDS = {
    "en": {"a", "be", "become", "do", "have", "much", "seem"}
    | {"get", "give", "go", "keep", "make", "put", "say", "see", "take"},
}


@pytest.mark.parametrize("language", ["en", "de", "fr", "it", "es", "nl"])
def test_no_word_of_a_lookup_table_is_removed_for_its_lemma_alone(language):
    """A form is removed only if it is in the list, or at least three forms of its lemma are."""
    forms = table(language)
    stop_words = {word.lower() for word in spacy.blank(language).Defaults.stop_words}
    vanishing = [form for form, lemma in forms.items() if lemma.lower() in stop_words and form.isalpha()]
    vanishing = [form for form in vanishing if form.lower() not in stop_words and len(form) > 2][:100]
    preprocessor = preprocessor_of(language)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)
        kept = preprocessor.tokens(vanishing)
    n_forms: dict[str, int] = {}
    for word in stop_words:
        lemma = preprocessor._reader._lookup(word).lower()
        n_forms[lemma] = n_forms.get(lemma, 0) + 1
    for form, document in zip(vanishing, kept, strict=True):
        lemma = preprocessor._reader._lookup(form).lower()
        means_all = n_forms.get(lemma, 0) > 2 or lemma in FUNCTION_WORDS.get(language, ())
        tokens = list(preprocessor._reader.nlp(form))
        is_number = tokens[0].like_num
        has_long_form = len(tokens) > 1 or tokens[0].norm_ != form.lower()
        if not (means_all or len(lemma) < 2 or is_number or has_long_form):
            assert document, f"{form} ({lemma})"


NOUNS = {
    "es": "casa gobierno trabajo juego equipo vino mercado calle agua huelga paro libro comida música droga sueño "
    "pueblo partido entrada gasto pago precio vuelo ayuda compra venta guerra cocina fiesta prueba pregunta viaje voto",
    "it": "amico partito gioco libro musica legge processo viaggio cucina opera medico squadra sciopero governo lavoro "
    "mercato guerra scuola moneta pace prova costo gara incontro prezzo voto morte porta spesa vendita tassa vita",
    "pt": "casa governo trabalho jogo mercado filme rua vida saúde carne livro música compra venda conta escola preço "
    "prova ajuda causa defesa entrada luta marca nota pagamento pesquisa resposta vaga visita voto política livraria",
}


@pytest.mark.parametrize("language", NOUNS)
def test_frequent_nouns_do_not_become_verbs(language):
    nouns = NOUNS[language].split()
    assert words(" ".join(nouns), language) == nouns


@pytest.mark.parametrize(
    ("language", "plurals", "singulars"),
    [
        ("es", "casas libros elecciones países leyes luces músicas", "casa libro elección país ley luz música"),
        ("it", "amici libri leggi viaggi tasse elezioni", "amico libro legge viaggio tassa elezione"),
        (
            "pt",
            "casas jogos ruas viagens eleições animais papéis leis",
            "casa jogo rua viagem eleição animal papel lei",
        ),
    ],
)
def test_plurals_are_the_word_of_their_singular(language, plurals, singulars):
    assert words(plurals, language) == singulars.split()


@pytest.mark.parametrize(
    ("language", "forms", "lemma"),
    [("es", "hablaban habló hablando", "hablar"), ("it", "parlavano", "parlare"), ("pt", "falavam falou", "falar")],
)
def test_forms_of_verbs_keep_the_lemma_of_the_verb(language, forms, lemma):
    assert set(words(forms, language)) == {lemma}


@pytest.mark.parametrize("forms", ["Häuser häuser HÄUSER", "Kinder kinder KINDER", "Bücher bücher", "STÄDTE städte"])
def test_german_nouns_are_one_word_in_any_case(forms):
    assert len(set(words(forms, "de"))) == 1


def test_id_and_wed_are_words_in_any_case():
    assert words("user id, user ID, user Id") == ["user", "id"] * 3
    assert words("wed Wed WED") == ["wed"] * 3


def test_names_of_one_letter_and_a_sign_are_words():
    assert words("C# and F# or c++, (C#) c#.") == ["c#", "f#", "c++", "c#", "c#"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ｍａｒｋｅｔ", "market"),
        ("ﬁnance", "finance"),
        ("𝐛𝐨𝐥𝐝", "bold"),
        ("o’brien", "o'brien"),
        ("oʼbrien", "o'brien"),
        ("İzmir", "izmir"),
        ("x²", "x²"),  # NFKC would make it x2
    ],
)
def test_another_shape_of_a_word_is_the_same_word(text, plain):
    assert words(text) == [plain]


@pytest.mark.parametrize(
    "mark",
    [
        *(
            0x200E,
            0x200F,
            0x061C,
            0x202A,
            0x202C,
            0x2066,
            0x2068,
            0x2069,
            0x200C,
            0x200D,
            0xFE0F,
            0x00,
            0x08,
            0x7F,
            0x96,
        ),
        *(0x180E, 0xE000, 0xAD, 0x2060, 0xFEFF, 0x034F, 0xFFFC, 0x3164),
    ],
    ids=hex,
)
def test_marks_at_the_edge_of_a_word_do_not_make_another_word(mark):
    character = chr(mark)
    assert set(words(f"{character}market market{character} {character}market{character} market")) == {"market"}


def test_a_joiner_between_persian_letters_stays():
    assert words("می\u200cخواهم", "fa", lemmatize=False, stop_words=False) == ["می\u200cخواهم"]
    assert words("mar\u200dket") == ["market"]


def test_cp1252_read_as_latin_1_is_mended():
    assert words("don\x92t market\x97place") == ["market", "place"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("it", "l’amico dell’università un’altra c’è sull’Europa quest’anno"),
        ("ca", "l’amic d’Europa"),
        ("fr", "jusqu’à lorsqu’elle l’amie"),
    ],
)
def test_elided_articles_are_stop_words_with_any_apostrophe(language, text):
    curly, straight = words(text, language), words(text.replace("’", "'"), language)
    assert curly == straight
    assert not any(word.endswith(("’", "'")) for word in curly)


def test_turkish_has_two_letters_i():
    assert words("İstanbul istanbul ISPARTA ısparta", "tr", lemmatize=False) == ["istanbul"] * 2 + ["ısparta"] * 2


def test_negations_join_the_next_word():
    assert words("not good", negations=True) == ["not_good"]
    assert words("It isn't a very good idea; no", negations=True) == ["not_good", "idea"]
    assert words("nicht gut", "de", negations=True, stop_words=("x",)) == []  # gut is a stop word of spaCy
    assert words("kein Geld", "de", negations=True) == ["nicht_geld"]
    assert words("not good") == ["good"]
    with pytest.raises(InputError, match="keep="):
        words("x", "xx", negations=True)


def test_kept_words_are_not_stop_words():
    assert words("not a call", keep=("not", "Call")) == ["not", "call"]
    preprocessor = Preprocessor(keep=["not"])
    again = preprocessor_from_config(json.loads(json.dumps(preprocessor.to_config())))
    assert again.tokens(["not a call"]) == preprocessor.tokens(["not a call"]) == [["not"]]
    with pytest.raises(InputError, match="keep is 'not'"):
        Preprocessor(keep="not")


CHINESE = ["足球比赛的冠军是谁", "银行贷款利率上升", "股票市场和保险"] * 5


def test_chinese_in_characters_is_told(monkeypatch):
    monkeypatch.setattr(segmenting, "find_spec", lambda name: None)
    with pytest.warns(TopicWarning, match=r"single characters.*topicml\[chinese\]"):
        documents = Preprocessor("zh", lemmatize=False).tokens(CHINESE)
    assert all(len(word) == 1 for word in documents[0])
    with pytest.raises(MissingExtraError, match=r"topicml\[chinese\]"):
        Preprocessor("zh", segmenter="jieba").tokens(CHINESE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Preprocessor("zh", lemmatize=False, segmenter="char").tokens(CHINESE)
    with pytest.raises(InputError, match="segmenter='char' applies only to language='zh'"):
        Preprocessor("en", segmenter="char").tokens(["x"])


def test_chinese_words_are_found_with_jieba_and_saved_so():
    pytest.importorskip("jieba")
    preprocessor = Preprocessor("zh", lemmatize=False)
    documents = preprocessor.tokens(CHINESE)
    assert "冠军" in documents[0]  # champion
    assert preprocessor.to_config()["segmenter"] == "jieba"
    again = preprocessor_from_config(preprocessor.to_config())
    assert again.segmenter == "jieba"
    assert again.tokens(CHINESE) == documents


@pytest.mark.parametrize(
    ("code", "meant"), [("zh-CN", "zh"), ("cn", "zh"), ("chinese", "zh"), ("german", "de"), ("EN", "en"), ("jp", "ja")]
)
def test_an_unknown_code_of_a_language_names_the_one_that_is_meant(code, meant):
    with pytest.raises(InputError, match=f"Did you mean '{meant}'"):
        Preprocessor(code).tokens(["a"])


def test_a_preprocessor_with_the_earlier_rules_says_so():
    config = Preprocessor().to_config() | {"format": 1}
    for name in ("keep", "negations", "segmenter"):
        del config[name]
    with pytest.warns(TopicWarning, match="earlier topicml with other rules"):
        assert preprocessor_from_config(config).tokens(["data mining"]) == [["data", "mining"]]


def test_mining_is_in_the_vocabulary_of_titles():
    titles = ["Mining frequent patterns", "Data mining in practice", "Learning to rank", "Query planning"] * 5
    assert "mining" in Corpus.from_texts(titles).vocabulary
