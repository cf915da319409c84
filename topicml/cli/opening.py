"""What a folder on the command line holds: the output of ``topicml fit``, or a model saved from Python."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.cli import printing
from topicml.cli.reading import AsFitted, Reading
from topicml.cli.run import partial_of, read_record, resume_command
from topicml.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus
    from topicml.models import TopicModel


def open_model(folder: Path) -> "TopicModel":
    """Open the model of a run, or a model's own folder.

    Raises
    ------
    InputError
        If there is neither, or the model is damaged.
    """
    import topicml

    check_there(folder)
    model = topicml.load(folder / "model" if (folder / "model").is_dir() else folder)
    # Progress is for who runs this command, whatever who fitted the model wanted.
    return model.set_params(verbose=None)


def check_there(folder: Path) -> None:
    """Raise `InputError` if there is no such folder, with a hint where its run is unfinished."""
    if folder.exists():
        return
    if folder.name and partial_of(folder).exists():
        raise InputError(f"The run of {folder} is not finished. To go on: {resume_command(folder)}")
    raise InputError(f"There is no folder {folder}. Give what `topicml fit --out` wrote, or a saved model.")


def record_of(folder: Path) -> dict[str, Any]:
    """The record of a run (see `topicml.cli.run`); empty for a model that was saved from Python."""
    return read_record(folder) if (folder / "run.json").is_file() else {}


class State(Enum):
    """How the documents of a fit are found later."""

    AS_FITTED = "as fitted"
    CHANGED = "changed"
    GONE = "gone"
    NONE_KEPT = "none kept"


@dataclass(frozen=True)
class FittedDocuments:
    """The documents of a fit, read again.

    Attributes
    ----------
    state : State
        Whether they are still what was fitted.
    name : str
        File name of their source, or the name of the corpus; empty where nothing tells.
    corpus : Corpus or None
        What could be read.
    theta : ndarray, (n_docs, n_topics), or None
        As the fit wrote it; None where the documents are others, or the file is not of this model.
    reason : str
        Why they could not be read.
    """

    state: State
    name: str = ""
    corpus: "Corpus | None" = None
    theta: "np.ndarray | None" = None
    reason: str = ""

    @property
    def told(self) -> str:
        """What to say of them, without folders; empty where they are as they were fitted."""
        return {
            State.AS_FITTED: "",
            State.CHANGED: f"{self.name} is not what was fitted any more: it changed since.",
            State.GONE: f"The documents of the fit ({self.name}) could not be read again: {self.reason}",
            State.NONE_KEPT: f"{self.name} is a saved model, which keeps no documents.",
        }[self.state]


def fitted_documents(folder: Path, model: "TopicModel", *, changed: bool = True) -> FittedDocuments:
    """Read the documents of a run as its fit did.

    Parameters
    ----------
    folder : Path
        Of the run, or of a saved model.
    changed : bool
        Whether to take documents that changed since: as they are now, treated as the model's were.

    Raises
    ------
    InputError
        If ``run.json`` is damaged or of a newer version.
    """
    record = record_of(folder)
    if not record:
        return FittedDocuments(State.NONE_KEPT, folder.name)
    reading = Reading(**record["configuration"]["reading"])
    name = Path(reading.source).name
    try:
        with _without_log():  # what it tells, such as the column of text, the fit told already
            corpus = reading.corpus(progress=printing.is_watched(None))
    except (InputError, OSError) as error:
        return FittedDocuments(State.GONE, name, reason=_short(error).replace(reading.source, name))
    if corpus.fingerprint == record.get("data", {}).get("fingerprint"):
        return FittedDocuments(State.AS_FITTED, name, corpus, theta_of(folder, corpus.n_docs, model.n_topics))
    if not changed:
        return FittedDocuments(State.CHANGED, name)
    again = replace(reading, preprocessing={}, tokenized=False).corpus(
        AsFitted(model.preprocessor_), progress=printing.is_watched(None)
    )
    return FittedDocuments(State.CHANGED, name, again)


def theta_of(folder: Path, n_docs: int, n_topics: int) -> "np.ndarray | None":
    """Topic proportions as the fit wrote them, (n_docs, n_topics); None where there are none of this shape."""
    import numpy as np

    path = folder / "doc_topics.parquet"
    if not path.is_file():
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        theta = np.column_stack([table[f"theta_{k}"].to_numpy() for k in range(n_topics)])
    except (pa.ArrowException, KeyError, OSError):
        return None
    return theta if theta.shape == (n_docs, n_topics) else None


def shares_of(folder: Path, n_topics: int) -> "np.ndarray | None":
    """Mean of theta over the documents of the fit, (n_topics,), read in parts; None where there is no such file.

    Raises
    ------
    InputError
        If the file is of another model.
    """
    import numpy as np

    path = folder / "doc_topics.parquet"
    if not path.is_file():
        return None
    import pyarrow.parquet as pq

    names = [f"theta_{k}" for k in range(n_topics)]
    total, n_docs = np.zeros(n_topics), 0
    with pq.ParquetFile(path) as file:
        if not set(names) <= set(file.schema_arrow.names):
            raise InputError(f"{path} is not of this model: it lacks columns of its {n_topics} topics. Fit anew.")
        for batch in file.iter_batches(columns=names):
            part = np.stack([column.to_numpy() for column in batch.columns], axis=1)
            total += part.sum(axis=0, dtype=np.float64)
            n_docs += len(part)
    return total / max(n_docs, 1)


@contextmanager
def _without_log() -> Iterator[None]:
    log = logging.getLogger("topicml")
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _short(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return str(error).splitlines()[0]
