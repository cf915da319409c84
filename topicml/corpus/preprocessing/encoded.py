"""Tokens of texts, each encoded as a word or as the rule that removes it."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Removal(IntEnum):
    """Rules that remove a token, in the order of their application."""

    SPACES = 0
    SYMBOLS = 1
    URLS = 2
    MENTIONS = 3
    NUMBERS = 4
    POS = 5
    STOP_WORDS = 6
    MIN_LENGTH = 7
    NEGATIONS = 8


@dataclass
class EncodedTexts:
    """Encoded texts: token i is ``words[codes[i]]``, or is removed by the rule ``Removal(-1 - codes[i])``."""

    words: list[str]
    codes: np.ndarray  # (n_tokens,) int32
    lengths: np.ndarray  # (n_texts,) int64, number of tokens of each text
