"""The command line: one module per command.

Look at documents: ``topicml check``. Fit models: ``topicml fit``, ``sweep``, ``tune``. Use and score them:
``transform``, ``evaluate``, ``benchmark``, ``compare``. Read topics: ``topics``, ``show``, ``search``, ``docs``,
``report``, ``serve``. Get help: ``corpora``, ``doctor``. The commands parse options and
print; `topicml.runs` and the other packages do the work.
"""

from topicml.cli.app import main

__all__ = ["main"]
