"""The documents of a finished run, read again."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError, held_warnings, warn
from topicml.runs.reading import FrozenPreprocessor, Reading
from topicml.runs.theta import read_theta
from topicml.trust import is_signed

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus
    from topicml.models import TopicModel


class DocumentsState(Enum):
    """Whether the documents of a fit can be read again, and are still the same.

    NOT_READ: the run came from elsewhere, and names documents outside its folder.
    """

    SAME = "same"
    CHANGED = "changed"
    NOT_READ = "not read"
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
            DocumentsState.NOT_READ: (
                f"The documents of the fit ({self.source_name}) were not read: the run was not made by you on this "
                "machine, and its run.json names documents outside its folder."
            ),
            DocumentsState.UNREADABLE: (
                f"The documents of the fit ({self.source_name}) could not be read again: {self.reason}"
            ),
            DocumentsState.NOT_RECORDED: f"{self.source_name} is a saved model, which keeps no documents.",
        }[self.state]


def read_documents(
    folder: Path,
    record: dict[str, Any],
    model: "TopicModel",
    *,
    changed: bool = True,
    progress: bool = False,
    source: str | None = None,
    trust: bool = False,
) -> RunDocuments:
    """Read the documents of a run as its fit did.

    ``run.json`` may be anybody's, and must not decide which file of this machine is read and shown. The source that it
    names is read if this user fitted it on this machine, if it is in the folder of the run, or if it is the name of a
    corpus.

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
    source : str, optional
        Where the documents are; by default, where ``run.json`` says.
    trust : bool
        Read whatever ``run.json`` names.

    Returns
    -------
    RunDocuments
        The documents, or the reason why there are none.
    """
    from topicml.corpus.preprocessing.saved import is_harmless

    if not record:
        return RunDocuments(DocumentsState.NOT_RECORDED, folder.name)
    reading = Reading(**record["configuration"]["reading"])
    fitted = record.get("data", {}).get("fingerprint")
    is_own = trust or is_signed(signed_part(asdict(reading), fitted), record.get("signature"))
    reading = reading.within(folder) if source is None else replace(reading, source=source)
    name = Path(reading.source).name
    if source is None and not is_own and not _is_inside(folder, reading.source) and not _is_corpus(reading):
        return RunDocuments(DocumentsState.NOT_READ, name)
    if not is_own and not is_harmless(reading.preprocessing):
        reason = f"run.json names the spaCy pipeline {reading.preprocessing.get('pipeline')!r}, which can run code."
        return RunDocuments(DocumentsState.UNREADABLE, name, reason=reason)
    try:
        # The fit has told it already, such as the choice of the text column, or how many documents have no words.
        with _quiet_log(), held_warnings() as told:
            corpus = reading.corpus(progress=progress)
    except (InputError, OSError, UnicodeError) as error:
        reason = _first_line(error).replace(reading.source, name)
        return RunDocuments(DocumentsState.UNREADABLE, name, reason=reason)
    if corpus.fingerprint == fitted:
        theta = read_theta(folder / "doc_topics.parquet", corpus.n_docs, model.n_topics)
        return RunDocuments(DocumentsState.SAME, name, corpus, theta)
    for message, cause in told:
        warn(message, cause=cause)
    if not changed:
        return RunDocuments(DocumentsState.CHANGED, name)
    now = replace(reading, preprocessing={}, tokenized=False)
    corpus = now.corpus(FrozenPreprocessor(model.preprocessor_), progress=progress)
    return RunDocuments(DocumentsState.CHANGED, name, corpus)


def signed_part(reading: dict[str, Any], fingerprint: Any) -> dict[str, Any]:
    """What the signature of a run vouches for: which documents were read, how, and what they were.

    Parameters
    ----------
    reading : dict
        The entry of ``run.json``.
    fingerprint : str
        The fingerprint of the documents.

    Returns
    -------
    dict
        The argument of `topicml.trust.sign`.
    """
    described = asdict(Reading(**reading))
    for name in ("embeddings", "targets", "language_column"):
        if described[name] is None:  # runs of earlier versions were signed without these entries
            del described[name]
    return {"reading": described, "fingerprint": fingerprint}


def _is_inside(folder: Path, source: str) -> bool:
    """Whether a source is in the folder of the run, links followed."""
    try:
        return Path(source).is_absolute() and Path(source).resolve().is_relative_to(folder.resolve())
    except (ValueError, OSError, RuntimeError):  # a name with a NUL, or links in a circle
        return False


def _is_corpus(reading: Reading) -> bool:
    """Whether a reading names a corpus of topicml, instead of a file of the user."""
    from topicml.corpus.named import is_known

    options = (reading.text_column, reading.label_column, reading.encoding, reading.delimiter, reading.sheet)
    return not any(options) and not Path(reading.source).is_absolute() and is_known(reading.source)


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
