"""Exceptions and warnings of topicml."""


class InputError(ValueError):
    """Invalid input. The message says what was wrong, what was received and what to do.

    The command line prints the message without a traceback and exits with status 2.
    """


class MissingExtraError(ImportError):
    """An optional package is not installed. The message names the extra that installs it."""


class TopicWarning(UserWarning):
    """A property of the data or of the fitted topics that the user can act on."""
