"""The command line: ``topicml fit``, ``transform``, ``evaluate``, ``topics``, ``corpora``."""

from topicml.cli.app import main

__all__ = ["main"]
