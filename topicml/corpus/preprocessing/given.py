"""Preprocessors from the user: one of topicml, a scikit-learn vectorizer, or the user's own object."""

from typing import Any

from topicml.corpus.preprocessing.own import HOW_TO_GIVE
from topicml.corpus.preprocessing.preprocessor import Preprocessor
from topicml.corpus.preprocessing.vectorizer import VectorizerPreprocessor
from topicml.errors import warn


def as_preprocessor(given: Any) -> Any:
    """Return the default preprocessor for None, and wrap a scikit-learn vectorizer."""
    if given is None:
        return Preprocessor()
    is_ours = hasattr(given, "fit_tokens") and not isinstance(given, type)
    return given if is_ours else VectorizerPreprocessor(given)


def warn_of_own(preprocessor: Any) -> None:
    """Warn at the fit that the user's own preprocessor cannot be saved with the model.

    Warns
    -----
    TopicWarning
        Names the preprocessor that cannot be saved, and says what to do.
    """
    if hasattr(preprocessor, "to_config") or type(preprocessor).__module__.partition(".")[0] == "topicml":
        return
    warn(
        f"The model can be saved, but not with its preprocessor: {type(preprocessor).__name__} has no method "
        f"to_config. After loading, {HOW_TO_GIVE}."
    )
