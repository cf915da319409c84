"""Runs: a fit with an output folder, which can be interrupted, resumed and opened again.

`fit_run` does in Python what ``topicml fit`` does on the command line; `open_run` reads what either of them wrote.
"""

from topicml.runs.documents import DocumentsState, RunDocuments
from topicml.runs.fit import FitObserver, FitResult, fit_run, resume_run
from topicml.runs.open import OpenRun, open_run
from topicml.runs.reading import Reading
from topicml.runs.settings import FitSettings

__all__ = [
    "open_run",
    "OpenRun",
    "RunDocuments",
    "DocumentsState",
    "fit_run",
    "resume_run",
    "FitSettings",
    "Reading",
    "FitResult",
    "FitObserver",
]
