"""The command line, a module a command.

Learning: ``topicml fit``, ``sweep``, ``tune``. Using: ``transform``, ``evaluate``, ``benchmark``, ``compare``. Looking:
``topics``, ``show``, ``search``, ``docs``, ``report``, ``serve``. And ``corpora``, ``doctor``.
"""

from topicml.cli.app import main

__all__ = ["main"]
