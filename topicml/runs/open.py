"""Open the output folder of a fit, or a saved model, for reading."""

import json
import os
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.edits import FILE, LABELS, read_labels
from topicml.errors import InputError
from topicml.files import recover
from topicml.paths import expanded
from topicml.runs.documents import RunDocuments, read_documents
from topicml.runs.folder import partial_of, read_record, resume_command
from topicml.runs.outputs import WORDS, read_scores, read_topics
from topicml.runs.reading import FrozenPreprocessor, Reading, absolute
from topicml.runs.settings import check_registered
from topicml.runs.theta import mean_theta, read_theta

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus
    from topicml.models import TopicModel


def open_run(
    folder: str | os.PathLike[str], *, progress: bool | None = None, source: str | None = None, trust: bool = False
) -> "OpenRun":
    """Open the output folder of a fit, or the folder of a saved model.

    Parameters
    ----------
    folder : path
        What ``topicml fit --out`` or `topicml.runs.fit_run` wrote, or what ``model.save`` wrote.
    progress : bool, optional
        Whether to show progress while documents are read; None: only in a terminal.
    source : str, optional
        Where the documents of the fit are now: a path, or the name of a corpus. By default they are read from where
        the fit read them, but only if you made the run on this machine, or they are in `folder`: a run folder that
        somebody sends must not decide which of your files are read and shown.
    trust : bool
        Read and open whatever the folder names: files of documents outside it, and spaCy pipelines, which can run code.

    Returns
    -------
    OpenRun
        Its parts are read from the folder when they are first used.

    Raises
    ------
    InputError
        If there is no such folder, or its fit is not finished.

    Examples
    --------
    >>> import topicml
    >>> from topicml.runs import FitSettings, Reading, fit_run
    >>> parameters = {"n_topics": 5, "max_epochs": 2, "random_state": 0}
    >>> _ = fit_run(FitSettings(Reading("lee"), "ProdLDA", parameters), "run", progress=False, overwrite=True)
    >>> run = topicml.open_run("run", progress=False)
    >>> len(run.topics(10))
    5
    >>> run.theta.shape
    (300, 5)
    >>> run.corpus.n_docs
    300
    >>> run.scores["topic_diversity"]["topn"]
    25
    """
    folder = expanded(folder)
    recover(folder)
    if folder.name:
        recover(partial_of(folder))
    if not folder.exists():
        if folder.name and partial_of(folder).exists():
            raise InputError(f"The run of {folder} is not finished. Resume it: {resume_command(folder)}")
        raise InputError(f"There is no folder {folder}. Give what `topicml fit --out` wrote, or a saved model.")
    if folder.suffix == ".partial" and (folder / "run.json").is_file():
        finished = folder.with_suffix("")
        raise InputError(f"The run of {finished} is not finished. Resume it: {resume_command(finished)}")
    return OpenRun(folder, progress=progress, source=source, trust=trust)


class OpenRun:
    """The output of a fit, or a saved model; see `open_run`.

    Parameters
    ----------
    folder : Path
        An existing folder.
    progress, source, trust
        As in `open_run`.

    Attributes
    ----------
    folder : Path
        The folder.
    """

    def __init__(
        self, folder: Path, *, progress: bool | None = None, source: str | None = None, trust: bool = False
    ) -> None:
        self.folder = folder
        self._progress = progress
        self._source = None if source is None else absolute(source)
        self._trust = trust

    @cached_property
    def model(self) -> "TopicModel":
        """The fitted model.

        Raises
        ------
        InputError
            If there is none, it is damaged, or its class is not imported.
        """
        import topicml

        if self.record:
            check_registered(self.record["configuration"]["model"])  # its message names the module
        folder = self.folder / "model"
        model = topicml.load(folder if folder.is_dir() else self.folder, trust=self._trust)
        return model.set_params(verbose=None)  # whoever fitted it may have asked for progress; the reader has not

    @property
    def is_edited(self) -> bool:
        """Whether edits of the topics were saved with the model, or ``labels.csv`` names topics."""
        model = self.folder / "model" if (self.folder / "model").is_dir() else self.folder
        labels = self.folder / LABELS
        return (model / FILE).is_file() or (
            bool(self.record) and labels.is_file() and any(read_labels(labels).values())
        )

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of ``run.json``; empty for a saved model.

        Raises
        ------
        InputError
            If it is damaged, or a newer topicml wrote it.
        """
        return read_record(self.folder) if (self.folder / "run.json").is_file() else {}

    @cached_property
    def documents(self) -> RunDocuments:
        """The documents of the fit as they are now, and whether they changed; reads the source again."""
        return self._read_documents(changed=True)

    @cached_property
    def unchanged_documents(self) -> RunDocuments:
        """The same as `documents`, but with ``corpus=None`` if they changed."""
        return self._read_documents(changed=False)

    @property
    def corpus(self) -> "Corpus | None":
        """The documents of the fit as they are now; None if they cannot be read (see `documents`)."""
        return self.documents.corpus

    @cached_property
    def theta(self) -> "np.ndarray | None":
        """Topic proportions as the fit wrote them, (n_docs, n_topics); None for a saved model."""
        n_docs = self.record.get("data", {}).get("documents")
        if n_docs is None:
            return None
        return read_theta(self.folder / "doc_topics.parquet", n_docs, self.model.n_topics)

    @cached_property
    def scores(self) -> dict[str, Any] | None:
        """Scores as the fit wrote them; None for a saved model, or if the file is damaged or of another model."""
        return read_scores(self.folder / "scores.json", len(self.model.components_))

    def topics(self, n: int = 10) -> list[list[str]]:
        """The most probable words of each topic.

        Parameters
        ----------
        n : int
            Words per topic; at most the size of the vocabulary.

        Returns
        -------
        list of list of str
            For each topic its words, most probable first.
        """
        if n <= WORDS and (self.folder / "topics.json").is_file():  # without loading the model
            return [words[:n] for words in read_topics(self.folder / "topics.json")]
        return self.model.topics(min(n, self.model.components_.shape[1]))

    @property
    def phrases(self) -> list[list[str]] | None:
        """The phrases that name the topics of the model, without loading it; None if words name them.

        `TopicView` has them after edits.
        """
        folder = self.folder / "model" if (self.folder / "model").is_dir() else self.folder
        try:
            phrases = json.loads((folder / "model.json").read_text("utf-8")).get("phrases")
        except (OSError, ValueError, AttributeError):
            return None  # loading the model tells what is wrong
        is_list = isinstance(phrases, list) and all(isinstance(each, list) and each for each in phrases)
        return phrases if is_list and all(isinstance(text, str) for each in phrases for text in each) else None

    @property
    def has_languages(self) -> bool:
        """Whether the topics have words in several languages (``languages=True``)."""
        parameters = self._parameters
        return bool(self.model.languages_ if parameters is None else parameters.get("languages"))

    @property
    def has_parents(self) -> bool:
        """Whether the topics have parents (``parents=8``)."""
        parameters = self._parameters
        return (self.model.parents_ if parameters is None else parameters.get("parents")) is not None

    @property
    def _parameters(self) -> dict[str, Any] | None:
        """The parameters of the fit, without loading the model; None for a saved model."""
        return self.record.get("configuration", {}).get("parameters")

    def topic_shares(self) -> "np.ndarray | None":
        """Mean topic proportions over the documents of the fit that have words.

        Returns
        -------
        ndarray, (n_topics,), or None
            None for a saved model.

        Raises
        ------
        InputError
            If ``doc_topics.parquet`` belongs to another model.
        """
        import numpy as np

        mean = mean_theta(self.folder / "doc_topics.parquet", self.model.n_topics)
        data = self.record.get("data", {})
        n_docs, n_empty = data.get("documents"), data.get("empty")
        if mean is None or not isinstance(n_docs, int) or not isinstance(n_empty, int) or not 0 < n_empty < n_docs:
            return mean
        from topicml.models.inference import prior_theta

        # For documents without words, the file has the proportions of the prior.
        of_others = (n_docs * mean - n_empty * prior_theta(self.model.network_)) / (n_docs - n_empty)
        return np.clip(of_others, 0, 1)

    def read(self, reading: Reading | str) -> "Corpus":
        """Read other documents, preprocessed as the documents of the fit were.

        Parameters
        ----------
        reading : Reading or str
            A source and how to read it; a str is a path, or the name of a corpus.

        Returns
        -------
        Corpus
            With all words of the documents; the model ignores those outside its vocabulary.

        Raises
        ------
        InputError
            If the source cannot be read.
        """
        if isinstance(reading, str):
            reading = Reading(absolute(reading))
        column = self.record.get("configuration", {}).get("reading", {}).get("language_column")
        if column is not None and column in reading.texts().fields:  # else the language of each text is detected
            reading = replace(reading, language_column=column)
        return reading.corpus(FrozenPreprocessor(self.model.preprocessor_), progress=self._shows_progress)

    def _read_documents(self, *, changed: bool) -> RunDocuments:
        return read_documents(
            self.folder,
            self.record,
            self.model,
            changed=changed,
            progress=self._shows_progress,
            source=self._source,
            trust=self._trust,
        )

    def __repr__(self) -> str:
        return f"OpenRun({str(self.folder)!r})"

    @property
    def _shows_progress(self) -> bool:
        from topicml.training.progress import shown

        return shown(self._progress)
