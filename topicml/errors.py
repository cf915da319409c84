"""What topicml raises for wrong input, and what it warns of."""


class InputError(ValueError):
    """Wrong input: the message says what was wrong, what was received and what to do.

    The command line prints the message without a traceback and exits with status 2.
    """


class MissingExtraError(ImportError):
    """An optional package is needed; the message names the extra that brings it."""


class TopicWarning(UserWarning):
    """Something about the data or the fitted topics that the user can act on."""
