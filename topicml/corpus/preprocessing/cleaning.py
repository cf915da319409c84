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
_INVISIBLE = re.compile("[\u00ad\u2060\ufeff]")  # soft hyphen, word joiner, byte order mark
# spaCy splits a run of symbols one by one, in quadratic time: 20,000 equals signs take it a minute.
_SYMBOL_RUN = re.compile(r"[^\w\s]{30,}|_{30,}")
_LONG_RUN = re.compile(r"\S{2000,}")
_SYMBOLS = re.compile(r"[\W_]+")


def clean(text: str, *, markup: bool = False) -> str:
    """Decode HTML character references, and remove HTML tags and invisible characters.

    - HTML character references are decoded: ``&amp;`` becomes ``&``.
    - HTML tags (``<br />``, ``</div>``) become a space, unless `markup`. ``List<String>`` is not HTML and stays.
    - Unicode is composed (NFC), so that each word has one spelling. Soft hyphens, byte order marks and lone surrogates
      are removed.
    - Runs of 30 or more symbols (lines of ``=====``) become a space, as do the symbols in 2,000 or more
      characters without white space (base64).

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
    if "&" in text:
        text = html.unescape(text)
    if "<" in text and not markup:
        text = _TAG.sub(" ", text)
    if not text.isascii():
        text = _INVISIBLE.sub("", _SURROGATE.sub(" ", text).replace("\u200b", " "))
        text = unicodedata.normalize("NFC", text)
    if len(text) >= 30:
        text = _SYMBOL_RUN.sub(" ", text)
    if len(text) >= 2000:
        text = _LONG_RUN.sub(lambda chunk: _SYMBOLS.sub(" ", chunk.group()), text)
    return text
