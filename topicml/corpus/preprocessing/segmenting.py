"""Additions to the tokenizers of spaCy: Chinese words, names such as C#, and hyphens."""

import logging
from importlib.util import find_spec
from string import ascii_letters
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError, MissingExtraError, warn

if TYPE_CHECKING:
    from spacy.language import Language

SEGMENTERS = ("jieba", "char")
# spaCy's English tokenizer reads "id" as "i'd" and "wed" as "we'd", but "ID" and "WED" as words.
_NOT_CONTRACTED = {"en": ("id", "Id", "wed", "Wed")}


def resolved_segmenter(language: str, pipeline: Any, segmenter: str | None) -> str | None:
    """Return the segmenter for Chinese; None for other languages, and for a pipeline, which has its own.

    Parameters
    ----------
    language : str
        Language code.
    pipeline : object
        The `pipeline` of `Preprocessor`.
    segmenter : {"jieba", "char"} or None
        None: jieba if it is installed, otherwise "char".

    Returns
    -------
    {"jieba", "char"} or None

    Raises
    ------
    InputError
        If `segmenter` is set for another language or a pipeline.
    MissingExtraError
        If `segmenter` is "jieba", and jieba is not installed.
    """
    if language != "zh" or pipeline is not None:
        if segmenter is not None:
            raise InputError(
                f"segmenter={segmenter!r} applies only to language='zh' without a pipeline; received language "
                f"{language!r} and pipeline {pipeline!r}. Leave segmenter out."
            )
        return None
    has_jieba = find_spec("jieba") is not None
    if segmenter == "jieba" and not has_jieba:
        raise MissingExtraError(
            "segmenter='jieba' needs jieba, which is not installed: pip install 'topicml[chinese]'. Without it, the "
            "words of a model that was fitted with jieba cannot be found."
        )
    if has_jieba:
        logging.getLogger("jieba").setLevel(logging.WARNING)  # it reports the loading of its dictionary
    return segmenter or ("jieba" if has_jieba else "char")


def warn_of_characters(segmenter: str | None, *, chosen: bool) -> None:
    """Warn if Chinese texts are split into single characters and the user did not choose this.

    Parameters
    ----------
    segmenter : str or None
        The result of `resolved_segmenter`.
    chosen : bool
        Whether the user has set the segmenter.

    Warns
    -----
    TopicWarning
        Says that topics are of characters, and what to install.
    """
    if segmenter == "char" and not chosen:
        warn(
            "Chinese is split into single characters, so topics are of characters, not of words. To split it into "
            "words install jieba: pip install 'topicml[chinese]'; or pass an installed spaCy pipeline "
            "(pipeline='zh_core_web_sm'), or texts with spaces between words. segmenter='char' keeps the characters."
        )


def with_names(nlp: "Language") -> "Language":
    """Make the tokenizer keep C#, F# and so on as one token, and English id and wed as words; return the pipeline."""
    tokenizer = nlp.tokenizer
    if hasattr(tokenizer, "add_special_case"):
        from spacy.attrs import ORTH

        for words in _NOT_CONTRACTED.get(nlp.lang or "", ()), (f"{letter}#" for letter in ascii_letters):
            for word in words:
                tokenizer.add_special_case(word, [{ORTH: word}])
    return nlp


def with_hyphens(nlp: "Language") -> "Language":
    """Make the tokenizer split words at hyphens (HTTP-Server), as spaCy's English one does; return the pipeline."""
    from spacy.lang.char_classes import ALPHA
    from spacy.tokenizer import Tokenizer
    from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

    tokenizer, defaults, hyphen, quotes = nlp.tokenizer, nlp.Defaults, "[-\u2010\u2013]", "[\u00ab\u00bb\u2039\u203a]"
    assert isinstance(tokenizer, Tokenizer)
    infixes = (f"(?<=[^\\s-]){hyphen}(?=[{ALPHA}])", quotes)  # a number stays: UTF-8
    tokenizer.infix_finditer = compile_infix_regex([*(defaults.infixes or ()), *infixes]).finditer
    tokenizer.prefix_search = compile_prefix_regex([*(defaults.prefixes or ()), f"{hyphen}(?=[{ALPHA}])"]).search
    tokenizer.suffix_search = compile_suffix_regex([*(defaults.suffixes or ()), f"(?<=[{ALPHA}0-9+#]){hyphen}"]).search
    return nlp
