"""Splitting of compounds: the rule of Koehn & Knight, hyphens, and what a preprocessor learns and saves."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from topicml import Corpus, Preprocessor
from topicml.corpus.building import build_corpus
from topicml.corpus.preprocessing import preprocessor_from_config
from topicml.corpus.preprocessing.compounds import LINKS, CompoundSplitter, split_compounds
from topicml.corpus.preprocessing.encoded import EncodedTexts
from topicml.errors import InputError

PAPER = {"aktionsplan": 852, "aktion": 960, "aktions": 5, "akt": 224, "ion": 1, "plan": 710}  # their section 3.3
GERMAN = ["Die Schrift und die Datei", "Eine Schriftdatei", "Dateien einer Schrift", "Das Bild der HTTP-Datei"] * 5


def german(**options):
    return Preprocessor("de", compounds=True, min_df=2, max_df=1.0, **options)


def test_the_example_of_the_paper():
    splitter = CompoundSplitter(PAPER, str, ("s",))
    assert splitter.split("aktionsplan") == ["aktionsplan"]  # 852, against 825.6 of aktion plan
    rarer = CompoundSplitter(PAPER | {"aktionsplan": 825}, str, ("s",))
    assert rarer.split("aktionsplan") == ["aktion", "plan"]  # 54.2 for akt ion plan, 59.6 for aktions plan


def means(word, known, links):
    """The geometric mean of each split: all of them, one after the other."""
    for n in range(len(word)):
        for cuts in combinations(range(1, len(word)), n):
            ends = [0, *cuts, len(word)]
            parts = [word[a:b] for a, b in pairwise(ends)]
            if n and min(map(len, parts)) < 3:
                continue
            read = []
            for i, part in enumerate(parts):
                forms = [part] if not n else [part, part.upper()]
                if i + 1 < len(parts):
                    forms += [part.removesuffix(link) for link in links if len(part.removesuffix(link)) >= 3]
                read.append(max((known.get(form, 0), form) for form in forms))
            if all(count for count, _ in read):
                yield math.prod(count for count, _ in read) ** (1 / len(read))


@given(
    st.dictionaries(st.text("ab", min_size=1, max_size=4), st.integers(1, 99), min_size=1),
    st.dictionaries(st.text("AB", min_size=3, max_size=4), st.integers(1, 99), max_size=3),
    st.data(),
)
def test_no_split_has_a_larger_mean(known, lemmas, data):
    known = known | lemmas  # the lemma of a form is its capitals
    pieces = st.sampled_from([*map(str.lower, known), "s", "bs"])
    word = "".join(data.draw(st.lists(pieces, min_size=1, max_size=5)))[:12]
    parts = CompoundSplitter(known, str.upper, ("s", "bs")).split(word)
    best = max(means(word, known, ("s", "bs")), default=None)
    if best is None:
        assert parts == [word]
    else:
        assert math.prod(map(known.__getitem__, parts)) ** (1 / len(parts)) == pytest.approx(best)


def test_parts_have_three_letters_and_very_long_words_stay():
    known = {"uhr": 9, "ei": 9, "armband": 9, "osterei": 1}
    splitter = CompoundSplitter(known, str, ())
    assert splitter.split("armbanduhr") == ["armband", "uhr"]
    assert splitter.split("armbandei") == ["armbandei"]
    assert CompoundSplitter(known, str, ("s",)).split("armbanduhrs") == ["armbanduhrs"]  # nothing follows the s
    assert splitter.split("armbanduhr" * 6) == ["armband", "uhr"] * 6
    assert splitter.split("armbanduhr" * 6 + "uhr") == ["armbanduhr" * 6 + "uhr"]


@pytest.mark.parametrize(
    ("language", "compound", "parts"),
    [
        ("de", "sicherheitslücke", ["sicherheit", "lücke"]),
        ("de", "bundesregierung", ["bund", "regierung"]),
        ("nl", "gezondheidszorg", ["gezondheid", "zorg"]),
        ("sv", "säkerhetspolitik", ["säkerhet", "politik"]),
        ("da", "sikkerhedspolitik", ["sikkerhed", "politik"]),
        ("da", "julegave", ["jul", "gave"]),
        ("nb", "sikkerhetspolitikk", ["sikkerhet", "politikk"]),
        ("nb", "julegave", ["jul", "gave"]),
    ],
)
def test_letters_that_link(language, compound, parts):
    assert CompoundSplitter(dict.fromkeys(parts, 5), str, LINKS[language]).split(compound) == parts
    assert CompoundSplitter(dict.fromkeys(parts, 5), str, ()).split(compound) == [compound]


def test_parts_take_the_place_of_a_compound():
    encoded = EncodedTexts(["ab", "uhrzeit", "zeit"], np.array([1, -1, 0, 2, 1, 1], np.int32), np.array([3, 0, 3]))
    made = split_compounds(encoded, CompoundSplitter({"uhr": 2, "zeit": 2}, str, ()))
    words = [None if code < 0 else made.words[code] for code in made.codes]
    assert words == ["uhr", "zeit", None, "ab", "zeit", "uhr", "zeit", "uhr", "zeit"]
    assert made.lengths.tolist() == [4, 0, 5] and made.codes.dtype == np.int32 and made.lengths.dtype == np.int64


def test_a_preprocessor_learns_the_parts_and_splits_new_texts():
    preprocessor = german()
    documents, vocabulary = preprocessor.fit_tokens([*GERMAN, "Lampe"])  # too rare
    assert documents[:4] == [
        ["schrift", "datei"],
        ["schrift", "datei"],
        ["datei", "schrift"],
        ["bild", "http", "datei"],
    ]
    assert vocabulary == ["bild", "datei", "http", "schrift"]
    assert preprocessor.compounds_ == {"bild": 5, "datei": 15, "http": 5, "schrift": 10, "schriftdatei": 5}
    assert preprocessor.remaining_["compounds"] == preprocessor.remaining_["min_length"] + 5
    assert preprocessor.words_read_.tolist() == [2, 2, 2, 3] * 5 + [1]
    new = ["Bilddateien im HTTP-Bild", "Bilderrahmen"]
    assert preprocessor.tokens(new) == [["bild", "datei", "http", "bild"], ["bilderrahmen"]]
    assert Preprocessor("de").tokens(new) == [["bilddateien", "http-bild"], ["bilderrahmen"]]  # switched off
    saved = preprocessor_from_config(preprocessor.to_config())
    assert saved.compounds_ == preprocessor.compounds_ and saved.tokens(new) == preprocessor.tokens(new)


def test_parts_are_words_that_the_limits_keep_or_very_frequent_ones():
    texts = [*GERMAN, "Uhr", "Die Datei von Bild und Schrift mit der Uhrzeit und Rarität", "Bildrarität"]
    preprocessor = Preprocessor("de", compounds=True, min_df=2, max_df=15, max_features=4)
    documents, vocabulary = preprocessor.fit_tokens(texts)
    assert set(preprocessor.compounds_) == {"bild", "datei", "schrift", "http"}
    assert documents[1] == [] and vocabulary == ["bild", "http"]  # schrift and datei are too frequent, but parts
    assert preprocessor.tokens(["Bildrarität Schriftdatei"]) == [["bildrarität", "schrift", "datei"]]


def test_phrases_are_of_parts():
    preprocessor = german(phrases={"threshold": -1.0, "min_count": 2})
    documents, _ = preprocessor.fit_tokens(["Schrift, Datei, Bild"] * 8 + ["Schriftdatei, Bild"] * 3)
    assert documents[0] == ["schrift", "datei", "bild"] and documents[-1] == ["schrift_datei", "bild"]
    assert preprocessor.tokens(["Schriftdatei"]) == [["schrift_datei"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("HTTP-Server", ["http", "server"]),
        ("Text- und »Bild«-Datei", ["text", "und", "bild", "datei"]),
        ("C++-Datei/C#-Datei", ["c++", "datei", "c#", "datei"]),
        ("UTF-8 UTF-8-Datei", ["utf-8", "utf-8", "datei"]),
        ("-datei", ["datei"]),
        ("--option -5", ["--option", "-5"]),
        ("E\u2010Mail\u2013Datei", ["e", "mail", "datei"]),
        ("ich-du@web-de.de http://a-b.de/c-d", ["ich-du@web-de.de", "http://a-b.de/c-d"]),
    ],
)
def test_words_are_split_at_hyphens(text, words):
    keep_all = {"stop_words": False, "lemmatize": False, "min_length": 1, "numbers": True, "urls": True}
    preprocessor = Preprocessor("de", compounds=True, min_df=9, **keep_all)
    preprocessor.fit_tokens(["nichts"] * 9)
    assert preprocessor.tokens([text]) == [words]


def test_what_cannot_be_split_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"one of the languages de, nl, sv, da, nb .* received\s+language='en'"):
        Preprocessor(compounds=True)
    with pytest.raises(InputError, match="without a pipeline"):
        Preprocessor("de", "de_core_news_sm", compounds=True)
    with pytest.raises(InputError, match="compounds is 'yes'; it must be True or False"):
        Preprocessor("de", compounds="yes")
    with pytest.raises(InputError, match="Compounds are not learned yet: first call fit_tokens"):
        german().tokens(["Datei"])
    with pytest.raises(InputError, match="damaged"):
        preprocessor_from_config(german().to_config() | {"learned_compounds": [1]})
    (tmp_path / "a.csv").write_text("text\nDie Datei\n", "utf-8")
    with pytest.raises(InputError, match="Compounds are learned from all documents at once"):
        build_corpus([tmp_path / "a.csv"], tmp_path / "built", preprocessor=german(), n_jobs=1)


def test_languages_that_have_compounds_are_split_by_default():
    texts = [*GERMAN, *["The font and the file-size", "A file of fonts"] * 5]
    corpus = Corpus.from_texts(texts, False, fields={"lang": ["de"] * 20 + ["en"] * 10})
    split = corpus.by_language("lang", min_df=2, max_df=1.0)
    assert split.document(1) == ["de:schrift", "de:datei"]
    whole = corpus.by_language("lang", min_df=2, max_df=1.0, compounds=False)
    assert whole.document(1) == ["de:schriftdatei"] and whole.document(20) == split.document(20)
    asked = corpus.by_language("lang", min_df=2, max_df=1.0, compounds=True)  # English has none, and is read as ever
    assert [asked.document(row) for row in range(30)] == [split.document(row) for row in range(30)]
    piped = corpus[:20].by_language("lang", pipeline=spacy.blank("de"), min_df=2, max_df=1.0)
    assert piped.document(1) == whole.document(1)
