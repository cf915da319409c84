"""The documents of a finished run, read again."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError
from topicml.runs.reading import FrozenPreprocessor, Reading
from topicml.runs.theta import read_theta

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus
    from topicml.models import TopicModel


class DocumentsState(Enum):
    """Whether the documents of a fit can be read again, and are still the same."""

    SAME = "same"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class RunDocuments:
    """The documents of a run as they are now.

    Attributes
    ----------
    state : DocumentsState
        Whether they are the documents of the fit.
    source_name : str
        File name of the source, or name of the corpus; of a saved model, the name of its folder.
    corpus : Corpus or None
        The documents; None if they cannot be read, or (on request) if they changed.
    theta : ndarray, (n_docs, n_topics), or None
        Topic proportions as the fit wrote them; None if the documents changed, or the file is not of this model.
    reason : str
        Why they cannot be read; empty otherwise.
    """

    state: DocumentsState
    source_name: str = ""
    corpus: "Corpus | None" = None
    theta: "np.ndarray | None" = None
    reason: str = ""

    @property
    def message(self) -> str:
        """A sentence for users, without the paths of folders; empty if the documents are the same."""
        return {
            DocumentsState.SAME: "",
            DocumentsState.CHANGED: f"{self.source_name} changed after the fit.",
            DocumentsState.UNREADABLE: (
                f"The documents of the fit ({self.source_name}) could not be read again: {self.reason}"
            ),
            DocumentsState.NOT_RECORDED: f"{self.source_name} is a saved model, which keeps no documents.",
        }[self.state]


def read_documents(
    folder: Path, record: dict[str, Any], model: "TopicModel", *, changed: bool = True, progress: bool = False
) -> RunDocuments:
    """Read the documents of a run as its fit did.

    Parameters
    ----------
    folder : Path
        The folder of the run, or of a saved model.
    record : dict
        The content of ``run.json``; empty for a saved model.
    model : TopicModel
        The fitted model.
    changed : bool
        Whether to return documents that changed after the fit: as they are now, preprocessed as the model's were.
    progress : bool
        Whether to show progress.

    Returns
    -------
    RunDocuments
        The documents, or the reason why there are none.
    """
    if not record:
        return RunDocuments(DocumentsState.NOT_RECORDED, folder.name)
    reading = Reading(**record["configuration"]["reading"])
    name = Path(reading.source).name
    try:
        with _quiet_log():  # the fit has logged it already, such as the choice of the text column
            corpus = reading.corpus(progress=progress)
    except (InputError, OSError) as error:
        reason = _first_line(error).replace(reading.source, name)
        return RunDocuments(DocumentsState.UNREADABLE, name, reason=reason)
    if corpus.fingerprint == record.get("data", {}).get("fingerprint"):
        theta = read_theta(folder / "doc_topics.parquet", corpus.n_docs, model.n_topics)
        return RunDocuments(DocumentsState.SAME, name, corpus, theta)
    if not changed:
        return RunDocuments(DocumentsState.CHANGED, name)
    now = replace(reading, preprocessing={}, tokenized=False)
    corpus = now.corpus(FrozenPreprocessor(model.preprocessor_), progress=progress)
    return RunDocuments(DocumentsState.CHANGED, name, corpus)


@contextmanager
def _quiet_log() -> Iterator[None]:
    log = logging.getLogger("topicml")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _first_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return str(error).splitlines()[0]
