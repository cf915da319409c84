"""Reading by pieces: the tokens are those of spaCy's tokenizer on whole texts."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from topicml.corpus.preprocessing import Preprocessor, detection, pieces, reading
from topicml.corpus.preprocessing.cleaning import clean, decoded
from topicml.corpus.preprocessing.encoded import Removal
from topicml.corpus.preprocessing.words import TokenReader

LANGUAGES = ("en", "de", "fr", "ru", "tr")
# Parts of special cases of several tokens, characters that are cleaned, HTML, and all kinds of white space.
PARTS = [
    *("he", "'s", "a.m", ".", ":", ")", "(", ":)", "-0", "d", "h.", "10", "am", "don't", "C", "#", "&amp;", "<br />"),
    *(
        "<a href='x'>",
        "`",
        "’",
        "ﬁ",
        "é",
        "e\u0301",
        "\u200b",
        "\u200d",
        "\u00ad",
        "\x00",
        "\x92",
        "\ud800",
        "в",
        "н.в.",
    ),
    *("д-р", "архитектуры", "word", "www.x.org/y", "@you", "=" * 40, "x" * 3000 + "+", "😀", "1", "км"),
    *(" ", "  ", "\n", "\t", "\u00a0", "\u2003", "\u3000", "\x1c", "\x85"),
]


@pytest.fixture(scope="module", params=LANGUAGES)
def reader(request) -> TokenReader:
    return TokenReader(Preprocessor(request.param)._rules())


def plain(reader: TokenReader, codes: np.ndarray) -> list[str | Removal]:
    """Words and rules of tokens, without white space."""
    found = [reader._words[code] if code >= 0 else Removal(-1 - code) for code in codes.tolist()]
    return [each for each in found if each is not Removal.SPACES]


@given(
    texts=st.lists(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), min_size=1, max_size=4),
    few=st.sampled_from([0, 3]),  # one by one, at once
)
def test_tokens_are_those_of_whole_texts(reader, texts, few):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "_FEW", few)
        encoded = reader.read(texts)
    ends = np.cumsum(encoded.lengths)
    for text, end, length in zip(texts, ends, encoded.lengths, strict=True):
        codes, _ = reader._whole([decoded(text)])
        words = [
            encoded.words[code] if code >= 0 else Removal(-1 - code)
            for code in encoded.codes[end - length : end].tolist()
        ]
        assert [each for each in words if each is not Removal.SPACES] == plain(reader, codes)


@given(text=st.text())
def test_tokens_of_any_text_are_those_of_spacy(reader, text):
    codes, _, doubtful = reader._pieces.read([decoded(text)])
    tokens = [token for token in reader.nlp.tokenizer(clean(text)) if not token.is_space]
    if not len(doubtful):
        assert len(plain(reader, codes)) == len(tokens)


@pytest.mark.parametrize(("text", "is_doubtful"), [("see Rev . Smith", True), ("he 's", True), ("ten tall men", False)])
def test_a_special_case_across_white_space_is_doubtful(text, is_doubtful):
    reader = TokenReader(Preprocessor()._rules())
    *_, doubtful = reader._pieces.read(["nothing here", text, ""])
    assert doubtful.tolist() == [1] * is_doubtful


def test_a_special_case_does_not_join_two_texts():
    *_, doubtful = TokenReader(Preprocessor()._rules())._pieces.read(["at 10", "am"])
    assert not len(doubtful)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "'Haus) :)</div>\n der"),  # ) and : are a case, before ) and ) in the piece are another
        ("de", "le(._. )Se"),
        ("it", "° f.\u180eHäuser"),
        ("ru", "le и т.п.Häuser"),
    ],
)
def test_a_case_that_is_replaced_at_the_end_of_a_piece_may_be_one_across(language, text):
    reader = TokenReader(
        Preprocessor(language, lemmatize=False, stop_words=False, min_length=1, numbers=True, markup=True)._rules()
    )
    encoded = reader.read([text])
    words = [encoded.words[code] if code >= 0 else Removal(-1 - code) for code in encoded.codes.tolist()]
    whole, _ = reader._whole([decoded(text, markup=True)])
    assert [word for word in words if word is not Removal.SPACES] == plain(reader, whole)


def test_a_case_of_several_words_is_found():
    reader = TokenReader(Preprocessor("ru")._rules())
    encoded = reader.read(["это т.е. гл. науч. сотр. института"])
    tokens = list(reader.nlp.tokenizer("это т.е. гл. науч. сотр. института"))
    assert len(encoded.codes) == len(tokens) < 7


def test_a_piece_is_tokenized_once(monkeypatch):
    reader = TokenReader(Preprocessor()._rules())
    assert reader.read(["red green, red", "green, blue"]).words == ["red", "green", "blue"]
    monkeypatch.setattr(reader._pieces, "_tokenizer", None)
    assert reader.read(["blue red green,"]).lengths.tolist() == [4]


def test_pieces_of_a_few_texts_are_looked_up_one_by_one(monkeypatch):
    reader = TokenReader(Preprocessor()._rules())
    letters = "bcdfghjk"
    reader.read([" ".join(a + b + c for a in letters for b in letters for c in letters)])
    monkeypatch.setattr(reader._pieces, "_numbers_at_once", None)
    assert reader.read(["bcd new", "new fgh"]).words == ["bcd", "fgh", "new"]
    monkeypatch.undo()
    assert reader.read(["new bcd blue " * 200]).words == ["bcd", "new", "blue"]


def test_chunks_of_a_tagger_are_smaller():
    texts = ["x" * 1000] * 1500
    sizes = {
        name: len(next(reading._chunks(texts, SimpleNamespace(rules=SimpleNamespace(pipeline=name)))))
        for name in (None, "en_core_web_sm")
    }
    assert sizes == {None: 1000, "en_core_web_sm": 250}


def test_pieces_are_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(pieces, "_MAX_PIECES", 100)
    reader = TokenReader(Preprocessor()._rules())
    most, texts = (
        0,
        [" ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(k, k + 60)) for k in range(9)],
    )
    for text in texts:
        assert reader.read([text]).words == text.split()
        most = max(most, len(reader._pieces))
    assert most <= 160


def test_forms_of_a_pipeline_of_the_user_are_read_whole():
    nlp = spacy.blank("en")
    preprocessor = Preprocessor(pipeline=nlp)
    assert preprocessor.tokens(["new york"]) == [["new", "york"]]
    assert preprocessor._reader._pieces is None
    nlp.tokenizer.add_special_case("york", [{"ORTH": "yo"}, {"ORTH": "rk"}])
    assert preprocessor.tokens(["new york"]) == [["new", "yo", "rk"]]


def test_other_tokenizers_read_whole_texts():
    assert TokenReader(Preprocessor("zh", segmenter="char", lemmatize=False)._rules())._pieces is None


def test_the_words_in_memory_count_pieces():
    reader = TokenReader(Preprocessor()._rules())
    reader.read(["word word, word; (word)"])
    assert reader.n_words == 5 and len(reader._pieces) == 4  # word , ; ( )


def test_threads_share_a_reader():
    preprocessor = Preprocessor(stop_words=False, lemmatize=False)
    texts = [
        " ".join(f"w{chr(97 + (i * k) % 26)}{chr(97 + i % 26)}{chr(97 + k % 26)}" for i in range(200))
        for k in range(80)
    ]
    preprocessor.tokens([""])
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: preprocessor.tokens([text])[0], texts)) == [text.split() for text in texts]


def test_stop_words_are_those_of_spacy_without_its_packages():
    owners = {}
    for code in detection._LATIN:
        for word in import_module(f"spacy.lang.{code}.stop_words").STOP_WORDS:
            owners.setdefault(word.lower(), []).append(code)
    assert detection._stop_words() == {word: tuple(codes) for word, codes in owners.items()}
    code = "import sys; from topicml.corpus.preprocessing import detection; detection._stop_words(); "
    subprocess.run([sys.executable, "-c", code + "sys.exit('spacy.lang.fr' in sys.modules)"], check=True)
