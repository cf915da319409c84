"""Corrections to spaCy's lookup lemmas."""

# Words that spaCy's English lookup table mistakes for inflections of other words (number -> numb, data -> datum,
# bit -> bite, ground -> grind, feed -> fee), among the 12,000 most frequent words of news, search snippets,
# newsgroups and the titles of papers and questions. Such words often are top words of topics.
_NOT_INFLECTED = """
    agenda athletics bit bound bps broker buffer clothes cms cola corps crew data electronics ethics evening feed
    genetics ground gymnastics headquarters innings linguistics liver maria mars matter mechanics media mining number
    opera optics overlay physics politics programming rent span statistics stranger trivia wales
"""
_OTHER_LEMMAS = {
    "best": "best",  # not "well", the name that a topic of "best practices" would get
    "better": "better",
    "calories": "calorie",
    "criteria": "criterion",
    "developed": "develop",
    "developing": "develop",
    "masses": "mass",
    "putting": "put",
    "taxes": "tax",
}
LOOKUP_CORRECTIONS: dict[str, dict[str, str]] = {"en": {word: word for word in _NOT_INFLECTED.split()} | _OTHER_LEMMAS}
