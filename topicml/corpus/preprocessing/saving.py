"""Write preprocessors as plain values, even if a part of them cannot be written."""

from typing import Any

from topicml.corpus.preprocessing.multilingual import MultilingualPreprocessor
from topicml.corpus.preprocessing.own import HOW_TO_GIVE, OwnPreprocessor
from topicml.corpus.preprocessing.saved import signed
from topicml.corpus.preprocessing.vectorizer import VectorizerPreprocessor
from topicml.errors import InputError, warn


def config_of(preprocessor: Any) -> dict[str, Any] | None:
    """Return a preprocessor as plain values for JSON.

    Parameters
    ----------
    preprocessor : object or None
        A preprocessor of topicml, or a user's own.

    Returns
    -------
    dict or None
        None for None. Parts that cannot be written are marked as such.

    Raises
    ------
    InputError
        If a spaCy pipeline must be written first.

    Warns
    -----
    TopicWarning
        If the preprocessor, or a function of it, cannot be written.
    """
    if preprocessor is None:
        return None
    if isinstance(preprocessor, MultilingualPreprocessor):
        each = preprocessor.preprocessors.items()
        return {"kind": "languages", "format": 1, "languages": {name: config_of(one) for name, one in each}}
    config: dict[str, Any]
    reason = ""
    if not hasattr(preprocessor, "to_config"):
        reason = f"{type(preprocessor).__name__} has no method to_config"
        config = OwnPreprocessor(f"an object of class {type(preprocessor).__name__}").to_config()
    elif isinstance(preprocessor, VectorizerPreprocessor):
        reason = preprocessor.not_saved()
        try:
            config = preprocessor.to_config()
        except InputError as error:  # another class, or a value that JSON does not have
            reason = reason or str(error)
            config = OwnPreprocessor(repr(preprocessor.vectorizer)).to_config()
    else:
        config = preprocessor.to_config()
    if reason:
        warn(
            f"The preprocessor is saved without what cannot be written: {reason}. Topics can be read from what is "
            f"saved; for raw text {HOW_TO_GIVE}."
        )
    return signed(config, preprocessor)
