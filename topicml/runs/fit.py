"""Run a fit (read, train, score, write), or resume an interrupted one."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.edits import LABELS, write_labels
from topicml.errors import InputError
from topicml.paths import expanded
from topicml.runs.documents import signed_part
from topicml.runs.folder import RunWriter, partial_of
from topicml.runs.held_out import held_out_scores
from topicml.runs.identity import check_identity, run_identity
from topicml.runs.outputs import WORDS, write_json, write_topics
from topicml.runs.phrases import Phrases, topic_phrases
from topicml.runs.reading import HERE
from topicml.runs.rows import (
    LABEL_CANDIDATES,
    NO_TOPIC,
    LabelledRows,
    automatic_labels,
    label_rows,
    predicted_columns,
)
from topicml.runs.scoring import by_language
from topicml.runs.settings import FitSettings
from topicml.runs.tables import ROW_GROUP, labelled_table, table_writer, write_tables
from topicml.runs.theta import write_theta
from topicml.trust import sign

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from topicml.corpus import Corpus
    from topicml.models import TopicModel


_SOURCE = "source"  # folder of a file of documents that is kept
_ROWS = 20_000  # documents at a time: their confidence needs as much memory as theta
_OTHER_FILES = ("topics.csv", LABELS, "doc_topics.parquet")


@dataclass(frozen=True)
class FitResult:
    """The result of `fit_run` and `resume_run`.

    Attributes
    ----------
    model : TopicModel
        The fitted model.
    corpus : Corpus
        The documents.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions of the documents.
    scores : dict
        Name of a score to its protocol and values; see `topicml.metrics.score`. Names that end in ``_held_out`` are of
        the validation documents; see `topicml.runs.held_out.held_out_scores`.
    settings : FitSettings
        The configuration of the fit.
    """

    model: "TopicModel"
    corpus: "Corpus"
    theta: "np.ndarray"
    scores: dict[str, Any]
    settings: FitSettings


class FitObserver:
    """Base class of observers, which are called at each stage of a fit. Override the methods that you need."""

    def on_read(self, corpus: "Corpus", seconds: float) -> None:
        """Called after the documents are read.

        Parameters
        ----------
        corpus : Corpus
            The documents.
        seconds : float
            Time that reading took.
        """

    def choose_topics(self, corpus: "Corpus", how: str) -> int:
        """The number of topics for a fit that leaves it open (`FitSettings.choose_topics`).

        Parameters
        ----------
        corpus : Corpus
            The documents.
        how : str
            "usual" or "auto".

        Returns
        -------
        int

        Raises
        ------
        InputError
            If this observer cannot choose, as the base class.
        """
        raise InputError(
            f"The number of topics is to be chosen ({how}), but there is no observer to choose it: set n_topics."
        )

    def on_fit(self, model: "TopicModel", seconds: float) -> None:
        """Called after the model is fitted.

        Parameters
        ----------
        model : TopicModel
            The fitted model.
        seconds : float
            Time that training took.
        """

    def on_write(self, folder: Path, record: Mapping[str, Any], result: FitResult) -> None:
        """Called after the output is written, before the folder gets its final name; may add files.

        Parameters
        ----------
        folder : Path
            The folder, under its temporary name.
        record : mapping
            The content of ``run.json``.
        result : FitResult
            The documents, the model and its scores.
        """


def fit_run(
    settings: FitSettings,
    folder: Path | str | None = None,
    *,
    overwrite: bool = False,
    keep_source: bool = False,
    documents: str | None = "documents.csv",
    facts: Mapping[str, Any] | None = None,
    progress: bool | None = None,
    observer: FitObserver | None = None,
) -> FitResult:
    """Fit a model and write the output folder that `topicml fit --out` writes.

    Parameters
    ----------
    settings : FitSettings
        The documents, the model and its parameters.
    folder : path, optional
        The output folder; None writes nothing.
    overwrite : bool
        Whether to replace an older output, or an interrupted run.
    keep_source : bool
        Whether to copy the file of the documents into the folder, and to read it from there: for a file that will not
        stay.
    documents : str or None
        Name of the file in the folder that gets every column of the documents with their topics: ``.csv``,
        ``.parquet``, ``.jsonl`` or ``.xlsx``. None writes none.
    facts : mapping, optional
        Further entries of ``run.json``, such as the command; JSON-able.
    progress : bool, optional
        Whether to show progress; None: only in a terminal.
    observer : FitObserver, optional
        Called at each stage.

    Returns
    -------
    FitResult
        The fitted model, the documents, their topic proportions, and the scores.

    Raises
    ------
    InputError
        If the settings are wrong, the documents cannot be read, or the folder exists. The new run is then removed, and
        an older output stays, as after any error while the documents are read. After a later one the run remains,
        and `resume_run` continues it.

    Examples
    --------
    >>> from topicml.runs import FitSettings, Reading, fit_run
    >>> parameters = {"n_topics": 5, "max_epochs": 2, "random_state": 0}
    >>> result = fit_run(FitSettings(Reading("lee"), "ProdLDA", parameters), progress=False)
    >>> result.theta.shape
    (300, 5)
    """
    from topicml.nn.ranks import together

    with together():
        return _fit_run(settings, folder, overwrite, keep_source, documents, facts, progress, observer or FitObserver())


def _fit_run(
    settings: FitSettings,
    folder: Path | str | None,
    overwrite: bool,
    keep_source: bool,
    documents: str | None,
    facts: Mapping[str, Any] | None,
    progress: bool | None,
    observer: FitObserver,
) -> FitResult:
    from topicml.nn.ranks import from_first

    if folder is None:
        return _run(settings, None, progress, observer)
    if documents is not None:
        _check_name(documents)
    source, given = Path(settings.reading.source), settings
    if keep_source:
        kept = f"{HERE}{_SOURCE}/{source.name.replace(' ', '_')}"
        settings = replace(settings, reading=replace(settings.reading, source=kept))
    begun: list[RunWriter] = []
    from_first(lambda: begun.append(RunWriter.begin(expanded(folder), settings.to_record(), overwrite=overwrite)))
    if not begun:  # of several processes, the first writes
        return _run(given, None, progress, observer)
    writer = begun[0]
    writer.note(documents_file=documents, **(facts or {}))
    try:
        if keep_source:
            (writer.partial / _SOURCE).mkdir()
            shutil.copyfile(source, settings.reading.within(writer.partial).source)
        return _run(settings, writer, progress, observer)
    except Exception as error:
        # Before the documents are read there is nothing to resume: the folder would only block the next fit.
        if isinstance(error, InputError) or "data" not in writer.record:
            writer.discard()
        raise
    finally:
        writer.release()


def resume_run(
    folder: Path | str, *, progress: bool | None = None, observer: FitObserver | None = None
) -> FitResult | None:
    """Continue an interrupted run. The result has the same bits as without the interruption.

    Parameters
    ----------
    folder : path
        The output folder, as passed to `fit_run`.
    progress, observer
        As in `fit_run`.

    Returns
    -------
    FitResult or None
        None if all output was written already.

    Raises
    ------
    InputError
        If there is no run, or the documents, the fields that its contrast reads, or topicml's version changed.
    """
    from topicml.nn.ranks import together

    with together():
        return _resume_run(Path(expanded(folder)), progress, observer or FitObserver())


def _resume_run(folder: Path, progress: bool | None, observer: FitObserver) -> FitResult | None:
    from topicml.nn.ranks import from_first

    opened: list[RunWriter] = []
    record = from_first(lambda: _reopen(folder, opened))
    if record is None:
        return None
    try:
        _set_threads(record)
        settings = FitSettings.from_record(record["configuration"])
        if not opened:  # of several processes, the first writes
            reading = settings.reading.within(partial_of(folder))
            return _run(replace(settings, reading=reading), None, progress, observer)
        return _run(settings, opened[0], progress, observer)
    finally:
        for writer in opened:
            writer.release()


def _reopen(folder: Path, opened: list[RunWriter]) -> Mapping[str, Any] | None:
    """Append the writer of an interrupted run, and return its record; None if all output was written."""
    writer = RunWriter.reopen(folder)
    if writer is None:
        return None
    if writer.record["state"] == "finished":  # interrupted after writing, before the folder was renamed
        try:
            writer.put_in_place()
        finally:
            writer.release()
        return None
    opened.append(writer)
    return writer.record


def _run(settings: FitSettings, writer: RunWriter | None, progress: bool | None, observer: FitObserver) -> FitResult:
    """Read, fit and score; write the output if there is a `writer`."""
    from topicml.corpus.mapped import large_arrays_in
    from topicml.nn.ranks import from_first, is_first
    from topicml.training.progress import shown

    if not is_first():
        progress, observer = False, FitObserver()
    model = settings.build(verbose=progress)
    seconds: dict[str, float] = {}
    with _timed(seconds, "read"):
        reading = settings.reading if writer is None else settings.reading.within(writer.partial)
        corpus = reading.corpus(progress=shown(progress))
        kept = None if writer is None else writer.checkpoint
        corpus = reading.with_targets(reading.with_embeddings(corpus, kept, progress=shown(progress)))
        labels = reading.labels(corpus)
        corpus.fields.release()
        views = reading.views(corpus, settings.views)
    observer.on_read(corpus, seconds["read"])
    if settings.choose_topics is not None and "n_topics" not in settings.parameters:
        how = settings.choose_topics
        n_topics = from_first(lambda: observer.choose_topics(corpus, how))
        settings = replace(settings, parameters={**settings.parameters, "n_topics": n_topics})
        model = settings.build(verbose=progress)
        if writer is not None:
            writer.note(configuration=settings.to_record())  # a resumed run has the same number
    from_first(lambda: None if writer is None else _check_run(writer, model, corpus, views))
    with _timed(seconds, "fit"):
        model.fit(corpus, views=views, checkpoint=None if writer is None else writer.checkpoint)
    observer.on_fit(model, seconds["fit"])
    with _timed(seconds, "score"):
        # Beside the output, on whose disk theta has room, and not in the folder, which is renamed while theta is read.
        with large_arrays_in(None if writer is None else writer.partial.parent):
            theta, scores = from_first(lambda: _scored(model, corpus, labels))
        if settings.names == "phrases" and not settings.reading.tokenized:  # tokens lack the words between others
            model.phrases_ = from_first(lambda: _phrases(model, corpus, theta))
    result = FitResult(model, corpus, theta, scores, settings)
    if writer is not None:
        with _timed(seconds, "write"):
            _write(writer.partial, result, writer.record.get("documents_file"))
            observer.on_write(writer.partial, writer.record, result)
        writer.finish(seconds={name: round(value, 3) for name, value in seconds.items()})
    return result


def _scored(model: "TopicModel", corpus: "Corpus", labels: Any) -> tuple["np.ndarray", dict[str, Any]]:
    """The topic proportions of the documents, and the scores."""
    from topicml import metrics

    theta = model.transform(corpus)
    scores: dict[str, Any] = {}
    for end, topics, rows in by_language(model, corpus, WORDS):
        part = (
            (corpus, theta, labels)
            if rows is None
            else (corpus[rows], theta[rows], None if labels is None else labels[rows])
        )
        scores |= {name + end: each for name, each in metrics.score(topics, *part).items()}
    return theta, scores | held_out_scores(model, corpus, theta)


def _phrases(model: "TopicModel", corpus: "Corpus", theta: "np.ndarray") -> Phrases | None:
    """The phrases by which the topics are named; None for documents without texts, or in several languages."""
    from topicml.metrics.leading import leading_topics

    if model.languages_:
        return None
    words = model.topics(min(LABEL_CANDIDATES, corpus.n_words))
    leading = leading_topics(theta)
    leading[corpus.lengths == 0] = NO_TOPIC
    return topic_phrases(words, corpus, theta, leading, model.preprocessor_)


def _check_run(writer: RunWriter, model: "TopicModel", corpus: "Corpus", views: Any) -> None:
    """Raise `InputError` if the documents or the fit are not those with which the run began."""
    _check_data(writer, corpus)
    check_identity(writer, run_identity(model, corpus, views))


def _write(folder: Path, result: FitResult, documents_file: str | None) -> None:
    model = result.model
    model.save(folder / "model", overwrite=True)
    topics = write_topics(folder, model)
    names = model.topic_names_
    write_labels(folder / LABELS, names, [words[:10] for words in topics])
    write_json(folder / "scores.json", result.scores)
    write_theta(folder / "doc_topics.parquet", result.theta)
    if documents_file is not None:
        write_tables(folder / documents_file, _labelled_tables(result, topics))


def _labelled_tables(result: FitResult, topics: list[list[str]]) -> "Iterator[pa.Table]":
    """The columns of the documents with their topics, and with the names of topics or their automatic labels."""
    model = result.model
    items: Sequence[Sequence[str]] = model.phrases_ or [words[:LABEL_CANDIDATES] for words in topics]
    labels = [name or label for name, label in zip(model.topic_names_, automatic_labels(items), strict=True)]
    for start in range(0, len(result.theta), ROW_GROUP):
        documents, theta = result.corpus[start : start + ROW_GROUP], result.theta[start : start + ROW_GROUP]
        rows = _labelled_rows(model, documents, theta, labels)
        predicted = predicted_columns(model, documents, documents.counts)
        yield labelled_table(documents, rows, predicted=predicted)
        result.corpus.fields.release()


def _labelled_rows(model: "TopicModel", corpus: "Corpus", theta: "np.ndarray", labels: Sequence[str]) -> LabelledRows:
    """The rows of documents, with the labels of topics."""
    from topicml.corpus.mapped import release

    calibration = model.calibration_
    n_words = corpus.lengths if corpus.words_read is None else corpus.words_read
    parts = []
    for start in range(0, len(theta), _ROWS):
        part = slice(start, start + _ROWS)
        confidence = theta[part] if calibration is None else calibration.confidence(theta[part])
        parts.append(label_rows(theta[part], confidence, corpus.lengths[part], n_words[part], labels))
        release(theta)
    return LabelledRows.joined(parts)


def _check_name(documents: str) -> None:
    if Path(documents).name != documents or documents in _OTHER_FILES:
        raise InputError(
            f"documents={documents!r} must be the name of a file in the output folder, such as documents.csv or "
            "documents.parquet, and of none that a fit writes anyway."
        )
    table_writer(Path(documents))


def _check_data(writer: RunWriter, corpus: "Corpus") -> None:
    """Record a summary of the documents of a new run, or compare it with the record of a resumed run."""
    import torch

    data = {
        "documents": corpus.n_docs,
        "words": corpus.n_words,
        "tokens": corpus.n_tokens,
        "empty": len(corpus.empty),
        "fingerprint": corpus.fingerprint,
    }
    previous = writer.record.get("data")
    if previous is not None and previous != data:
        raise InputError(
            f"The data of {writer.folder} changed since the run began: {previous['documents']:,} documents of "
            f"{previous['words']:,} words then, {corpus.n_docs:,} of {corpus.n_words:,} now (fingerprint "
            f"{previous['fingerprint'][:12]}…, now {corpus.fingerprint[:12]}…). "
            "Restore the data, or fit again (--overwrite)."
        )
    if previous is None:
        reading = writer.record["configuration"]["reading"]
        # Only documents that this user fitted here are read again unasked (`topicml.runs.documents`).
        signature = sign(signed_part(reading, data["fingerprint"]))
        writer.note(data=data, threads=torch.get_num_threads(), signature=signature)


def _set_threads(record: Mapping[str, Any]) -> None:
    """Use the run's first number of threads: it decides the order of sums, and so the last bits of the result."""
    if "threads" in record:
        import torch

        torch.set_num_threads(record["threads"])


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started
