"""Rules for tokens: compared with a plain loop over spaCy's tokens, and case by case."""

import csv
import os
import time
import warnings
from collections import Counter

import gensim
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from topicml.corpus.preprocessing import Preprocessor
from topicml.corpus.preprocessing.lemmas import LOOKUP_CORRECTIONS
from topicml.errors import InputError, TopicWarning

LEE = os.path.join(os.path.dirname(gensim.__file__), "test", "test_data", "lee_background.cor")  # noqa: PTH118, PTH120


@pytest.fixture(scope="module")
def news() -> list[str]:
    with open(LEE, encoding="utf-8") as stream:
        return [line for line in stream if not set("&<") & set(line)]  # no HTML: what is read is what spaCy reads


@pytest.fixture(scope="module")
def english() -> Preprocessor:
    return Preprocessor()


def spacy_loop(texts, language="en", *, lemmatize=True, lowercase=True, numbers=False, urls=False, min_length=2):
    """The same rules, token by token, from spaCy's own attributes and its lookup lemmatizer component."""
    nlp = spacy.blank(language)
    lemmatizer = nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    nlp.initialize()
    corrections = LOOKUP_CORRECTIONS.get(language, {})
    if language == "en":  # as the English tokenizer reads "ID" and "C"
        for word in ("id", "Id", "wed", "Wed", "C#", "c#"):
            nlp.tokenizer.add_special_case(word, [{"ORTH": word}])

    def lemma_of(form):
        if not lemmatize:
            return form
        spellings = [form, form.lower()] if lowercase else [form]
        for written in spellings:
            if written in corrections:
                return corrections[written]
        if language == "de" and lowercase:
            spellings.append(form.capitalize())
        for written in spellings:
            lemma = lemmatizer(spacy.tokens.Doc(nlp.vocab, words=[written]))[0].lemma_
            if lemma != written:
                return lemma
        return form

    forms = Counter(lemma_of(word).lower() for word in nlp.Defaults.stop_words)
    function_words = {lemma for lemma, count in forms.items() if count > 2 and lemma in nlp.Defaults.stop_words}
    if language == "en":
        function_words |= {"get", "give", "go", "keep", "make", "put", "say", "see", "take"}

    def words(doc):
        for token in doc:
            if token.is_space or token.text in spacy.lang.tokenizer_exceptions.emoticons:
                continue
            if not any(character.isalnum() for character in token.text):
                continue
            address = token.like_url and ("/" in token.text or token.lower_.startswith("www."))
            if address or token.like_email:
                if urls:
                    yield token.lower_ if lowercase else token.text
                continue
            if token.text.startswith("@"):
                continue
            number = token.like_num or not any(character.isalpha() for character in token.text)
            if number and not numbers:
                continue
            lemma = token.text if number else lemma_of(token.text)
            if token.is_stop or nlp.vocab[token.norm_].is_stop:
                continue
            if {lemma.lower(), lemma_of(token.norm_).lower()} & function_words:
                continue
            if len(lemma) >= min_length:
                yield lemma.lower() if lowercase else lemma

    return [list(words(doc)) for doc in nlp.pipe(texts)]


def test_words_are_those_of_a_loop_over_spacys_tokens(news, english):
    assert english.tokens(news) == spacy_loop(news)


@pytest.mark.parametrize(
    "settings",
    [{"lemmatize": False}, {"lowercase": False}, {"numbers": True, "urls": True}, {"min_length": 5}],
    ids=lambda settings: ",".join(settings),
)
def test_switches_agree_with_the_loop(news, settings):
    assert Preprocessor(**settings).tokens(news[:100]) == spacy_loop(news[:100], **settings)


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("de", ["Die Häuser der Städte waren schöner als die Bäume.", "Er ging am 3. Mai nach Hause, z.B. zu Fuß!"]),
        ("nl", ["De kinderen liepen door de straten van Utrecht."]),
    ],
)
def test_other_languages_agree_with_the_loop(language, texts):
    assert Preprocessor(language).tokens(texts) == spacy_loop(texts, language)


def test_raw_titles_agree_with_the_loop(shared_corpora, english):
    with open(shared_corpora / "StackOverflow-raw" / "titles.csv", encoding="utf-8", newline="") as stream:
        titles = [row["title"] for row in csv.DictReader(stream)]
    titles = [title for title in titles if not set("&<#`") & set(title) and title.isascii()][
        :4000
    ]  # no cleaning, no C#
    assert english.tokens(titles) == spacy_loop(titles)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RT @user: I love #TopicModels!! #nlp", ["rt", "love", "topicmodels", "nlp"]),
        ("Great phone 😀👍🏽 :-) xD <3", ["great", "phone"]),
        ("See http://t.co/abc, www.site.org, t.co/x or mail me@site.org now", ["mail"]),
        ("asp.net and java.util on node.js", ["asp.net", "java.util", "node.js"]),
        ("Tom &amp; Jerry&#39;s caf&eacute;", ["tom", "jerry", "café"]),
        ("Bad movie.<br /><br />Really <b>bad</b>", ["bad", "movie", "bad"]),
        ("a List<String> of 3 items", ["list", "string", "item"]),
        ("I dont know, cant say, gonna wait", ["know", "wait"]),
        ("Dogs and dogs, DOGS and a Dog", ["dog"] * 4),
        ("12 apples, 1,000.5 km at 10:30, ten mp3 and x86", ["apple", "km", "mp3", "x86"]),
        ("the data of a number of media", ["data", "number", "media"]),
        (
            "co\u00adoperation cafe\u0301 caf\u00e9 \ufefffirm no\u200bjoin",
            ["cooperation", "café", "café", "firm", "join"],
        ),
        ("broken \ud800 text", ["break", "text"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_which_tokens_become_words(text, words, english):
    assert english.tokens([text]) == [words]


@pytest.mark.parametrize(
    ("settings", "text", "words"),
    [
        ({"mentions": True}, "@Ann met @bob_1", ["@ann", "meet", "@bob_1"]),
        ({"urls": True}, "at HTTP://A.com/B", ["http://a.com/b"]),
        ({"numbers": True}, "12 apples at 10:30", ["12", "apple", "10:30"]),
        ({"markup": True}, "a <div> here", ["div"]),
        ({"lowercase": False}, "Paris loves Dogs", ["Paris", "love", "Dogs"]),
        ({"lemmatize": {"dogs": "hound"}}, "Dogs and cats", ["hound", "cat"]),
        ({"stop_words": ["Cat"]}, "the CATS and dogs", ["dog"]),
        ({"stop_words": False}, "the cat", ["the", "cat"]),
        ({"min_length": 4}, "cats and horses", ["horse"]),
        ({"language": "zh", "segmenter": "char"}, "我爱猫", ["爱", "猫"]),
        ({"language": "id"}, "#kucing", ["kucing"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_effect_of_each_setting(settings, text, words):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)
        assert Preprocessor(**settings).tokens([text]) == [words]


def test_a_language_without_tables_warns_and_works():
    with pytest.warns(TopicWarning) as caught:
        assert Preprocessor("xx").tokens(["Houses 12 and HOUSES"]) == [["houses", "and", "houses"]]
    said = " ".join(str(warning.message) for warning in caught)
    assert "no lookup lemmas for language 'xx'" in said
    assert "no stop words for language 'xx'" in said
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Preprocessor("xx", lemmatize=False, stop_words=["and"]).tokens(["Houses"])


def test_unknown_and_incomplete_languages_say_what_to_do():
    with pytest.raises(InputError, match=r"no language 'klingon'.* de, .*'xx'"):
        Preprocessor("klingon").tokens(["a"])
    try:
        import sudachipy  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match=r"(?i)further package for language 'ja'.*sudachi"):
            Preprocessor("ja").tokens(["a"])


@given(texts=st.lists(st.text(), max_size=5))
def test_any_text_gives_clean_words_in_its_row(english, texts):
    documents = english.tokens(texts)
    assert len(documents) == len(texts)
    for word in (word for document in documents for word in document):
        assert word == word.lower()
        assert not any(map(str.isspace, word))
        word.encode("utf-8")
    assert [english.tokens([text])[0] for text in texts] == documents  # a text's words do not depend on its neighbours


def test_a_document_of_megabytes_is_read_completely(news, english):
    words = [word for document in english.tokens(news) for word in document]
    assert english.tokens([" \n".join(news * 8), "one word"]) == [words * 8, ["word"]]  # 2.9 MB


@pytest.mark.parametrize("rubbish", ["=" * 50_000, "😀" * 50_000, "_-" * 20_000, "x" * 100_000, "aGk+" * 20_000])
def test_symbols_and_base64_are_fast(rubbish, english):
    start = time.perf_counter()
    (document,) = english.tokens([f"first line\n{rubbish}\nlast line"])
    assert time.perf_counter() - start < 10  # spaCy alone: minutes
    assert [word for word in document if len(word) < 20] in (["line", "line"], ["line", *["agk"] * 20_000, "line"])


@pytest.mark.parametrize("setting", ["stop_words", "keep"])
def test_an_entry_of_several_words_is_told(setting):
    with pytest.warns(TopicWarning, match=f"{setting} has 'interest rate' of several words.*no effect"):
        documents = Preprocessor(**{setting: ["rise", "interest rate"]}).tokens(["the interest rate rose"])
    assert documents == [["interest", "rate"] + ["rise"] * (setting == "keep")]
    with pytest.warns(TopicWarning, match=f"{setting} has 'a b' and 1 more entries of several words"):
        Preprocessor(**{setting: ["interest rate", "a b"]}).tokens(["a"])
