"""The preprocessor that a user gives: one of topicml, a scikit-learn vectorizer, or an object of the user's own."""

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
    """Warn at the fit that a model cannot be saved with a user's own preprocessor.

    Warns
    -----
    TopicWarning
        Says which part cannot be saved, and what to do.
    """
    if hasattr(preprocessor, "to_config") or type(preprocessor).__module__.partition(".")[0] == "topicml":
        return
    warn(
        f"The model can be saved, but not with its preprocessor: {type(preprocessor).__name__} has no method "
        f"to_config. After loading, {HOW_TO_GIVE}."
    )
