"""Clean the characters of a text before spaCy tokenizes it."""

import html
import re
import unicodedata

_TAGS = """
a abbr address article aside b big blockquote body br button caption center cite code col dd del details dfn
div dl dt em fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins
kbd label legend li link main mark meta nav nobr ol option p param pre q s samp script section select small span strike
strong style sub summary sup table tbody td textarea tfoot th thead tr tt u ul var wbr
"""
_TAG = re.compile(rf"</?(?:{'|'.join(_TAGS.split())})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Control characters other than white space: remains of binary formats, and of cp1252 that was read as Latin-1.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
# Characters of width zero without a meaning of their own: direction marks, the soft hyphen, the byte order mark,
# variation selectors, tags. Not the joiners (U+200C, U+200D), which _JOINER finds.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
# A joiner tells words apart only between letters of scripts that join or stack them (Arabic, Indic, ...).
_JOINER = re.compile(
    "(?<![\u0600-\u109f\u1780-\u17ff\ua800-\uabff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u109f\u1780-\u17ff\ua800-\uabff])"
)
# Spaces of width zero, fillers, and characters without a meaning that others know (private use).
_BLANK = re.compile("[\u115f\u1160\u200b\u3164\uffa0\ufffc\ue000-\uf8ff\U000f0000-\U0010fffd]")
# Other shapes of letters that have a plain form: ligatures, full-width and half-width forms, Arabic presentation forms,
# digraphs, the long s, mathematical alphabets. NFKC on the whole text would also turn ² into 2 and ™ into TM.
_SHAPED = re.compile(
    "[\u0132\u0133\u017f\u01c4-\u01cc\u01f1-\u01f3\u3000\ufb00-\ufb4f\ufb50-\ufdfb\ufe70-\ufefc\uff01-\uff9f\uffa1-\uffee"
    "\U0001d400-\U0001d7ff]+"
)
# An apostrophe within a word: typographic, a modifier letter, or a quotation mark or prime in its place.
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])[\u2019\u2018\u02bc\u02bb\u02b9\u2032\u00b4`](?=[^\W\d_])")
# spaCy splits a run of symbols one by one, in quadratic time: 20,000 equals signs take it a minute.
_SYMBOL_RUN = re.compile(r"[^\w\s]{30,}|_{30,}")
_LONG_RUN = re.compile(r"\S{2000,}")
_SYMBOLS = re.compile(r"[\W_]+")


def clean(text: str, *, markup: bool = False) -> str:
    """Decode HTML character references, remove HTML tags and invisible characters, and give each word one spelling.

    - HTML character references are decoded: ``&amp;`` becomes ``&``.
    - HTML tags (``<br />``, ``</div>``) become a space, unless `markup`. ``List<String>`` is not HTML and stays.
    - Characters without width are removed: soft hyphens, direction marks, byte order marks, variation selectors,
      joiners (except between letters of scripts that need them). A space of width zero and a character for private use
      become a space.
    - Control characters are removed; those from 0x80 to 0x9F are read as cp1252, from which they come.
    - Unicode is composed (NFC), and full-width letters, ligatures and other shapes of letters become plain letters. An
      apostrophe within a word becomes ``'``.
    - Lone surrogates become a space, as do runs of 30 or more symbols (lines of ``=====``), and the symbols in 2,000 or
      more characters without white space (base64).

    Parameters
    ----------
    text : str
        Raw text.
    markup : bool
        Keep HTML tags.

    Returns
    -------
    str
    """
    return respelled(decoded(text, markup=markup))


def decoded(text: str, *, markup: bool = False) -> str:
    """The first steps of `clean`: decode HTML character references, remove HTML tags and lone surrogates."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text and not markup:
        text = _TAG.sub(" ", text)
    return text if text.isascii() else _SURROGATE.sub(" ", text)


def respelled(text: str) -> str:
    """The other steps of `clean`. Each piece of a text between white space can be respelled by itself."""
    text = _CONTROL.sub(_read_as_cp1252, text)
    if not text.isascii():
        text = _BLANK.sub(" ", text)
        text = _JOINER.sub("", _INVISIBLE.sub("", text))
        text = _SHAPED.sub(_plain_shape, text)
        text = unicodedata.normalize("NFC", text)
    text = _APOSTROPHE.sub("'", text)
    if len(text) >= 30:
        text = _SYMBOL_RUN.sub(" ", text)
    if len(text) >= 2000:
        text = _LONG_RUN.sub(lambda chunk: _SYMBOLS.sub(" ", chunk.group()), text)
    return text


def _read_as_cp1252(match: re.Match[str]) -> str:
    """What a control character is in cp1252; nothing for those that it does not define."""
    code = ord(match.group())
    return bytes([code]).decode("cp1252", "ignore") if code >= 0x80 else ""


def _plain_shape(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())
