"""Carrying out a fit: read, learn, score, write, show; and going on with an interrupted one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.cli import printing
from topicml.cli.outputs import WORDS, write_json, write_theta, write_topics
from topicml.cli.run import Run, resume_command
from topicml.cli.settings import FitSettings
from topicml.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from topicml.corpus import Corpus


@dataclass(frozen=True)
class View:
    """What to show: so many words of a topic, progress (None: to a person at a terminal), or nothing at all.

    ``report`` is whether to write report.html (None: where it can be).
    """

    words: int = 10
    quiet: bool = False
    progress: bool | None = None
    report: bool | None = None

    def note(self, text: str) -> None:
        """Say what is going on."""
        if not self.quiet:
            printing.note(text)


def carry_out(settings: FitSettings, run: Run | None, view: View) -> None:
    """Do what `settings` say; `run` is the folder it ends up in, if any."""
    try:
        _fit(settings, run, view)
    except InputError:
        raise
    except BaseException:
        if run is not None and run.partial.exists():
            run.release()
            printing.note(f"Interrupted. To go on: {resume_command(run.folder)}")
        raise


def resume_run(folder: Path, view: View) -> None:
    """Go on with an interrupted run, to the same end that it would have had.

    Raises
    ------
    InputError
        If there is no run, or its data changed.
    """
    run = Run.reopen(folder)
    if run is None:
        view.note(f"The run of {folder} is finished; there is nothing to resume.")
    elif run.record["state"] == "finished":  # it was interrupted on its last step
        run.put_in_place()
        view.note(f"Written to {run.folder}")
    else:
        _same_threads(run)
        carry_out(FitSettings.from_record(run.record["configuration"]), run, view)


def _fit(settings: FitSettings, run: Run | None, view: View) -> None:
    from topicml import metrics

    model = settings.build(verbose=view.progress)
    seconds: dict[str, float] = {}
    with _timed(seconds, "read"):
        corpus = settings.reading.corpus(progress=printing.is_watched(view.progress))
        labels = settings.reading.labels(corpus)
        views = settings.reading.views(corpus, settings.views)
    view.note(f"{corpus.n_docs:,} documents of {corpus.n_words:,} words ({seconds['read']:.1f} s)")
    if run is not None:
        _note_data(run, corpus)
    with _timed(seconds, "fit"):
        model.fit(corpus, views=views, checkpoint=None if run is None else run.checkpoint)
    view.note(f"{type(model).__name__} of {model.n_topics} topics: {model.n_iter_} epochs ({seconds['fit']:.1f} s)")
    if (balanced := printing.balance_line(model.history_)) is not None:
        view.note(balanced)
    with _timed(seconds, "score"):
        theta = model.transform(corpus)
        scores = metrics.score(model.topics(min(WORDS, corpus.n_words)), corpus, theta, labels)
    if run is not None:
        with _timed(seconds, "write"):
            model.save(run.partial / "model", overwrite=True)
            write_topics(run.partial, model)
            write_theta(run.partial / "doc_topics.parquet", theta)
            write_json(run.partial / "scores.json", scores)
            _write_report(settings, run, view, model, corpus, theta, scores)
        run.finish(seconds={name: round(value, 3) for name, value in seconds.items()})
    if not view.quiet:
        printing.topics_table(model.topics(min(view.words, corpus.n_words)))
        print()
        printing.scores_table(scores)
    if run is not None:
        view.note(f"Written to {run.folder}")


def _write_report(
    settings: FitSettings, run: Run, view: View, model: Any, corpus: "Corpus", theta: Any, scores: dict[str, Any]
) -> None:
    """Write ``report.html``; where its packages are missing and nobody asked for it, say so and go on."""
    wanted = run.record.get("report") if view.report is None else view.report
    if wanted is False:
        return
    from topicml.cli.report import label_field, made_of, title_of
    from topicml.report.page import check_extra, write_report

    try:
        check_extra()
    except MissingExtraError as error:
        if wanted:
            raise
        view.note(f"No report.html: {error}")
        return
    label_column = settings.reading.label_column
    write_report(
        model,
        run.partial / "report.html",
        corpus,
        theta=theta,
        scores=scores,
        by=label_field(label_column, corpus),
        names={"label": label_column} if label_column else {},
        title=title_of(Path(settings.reading.source).name),
        made=made_of(run.record),
    )


def _note_data(run: Run, corpus: "Corpus") -> None:
    """Record what was read; on resuming, compare."""
    import torch

    data = {
        "documents": corpus.n_docs,
        "words": corpus.n_words,
        "tokens": corpus.n_tokens,
        "empty": len(corpus.empty),
        "fingerprint": corpus.fingerprint,
    }
    before = run.record.get("data")
    if before is not None and before != data:
        raise InputError(
            f"The data of {run.folder} changed since the run began: {before['documents']:,} documents of "
            f"{before['words']:,} words then, {corpus.n_docs:,} of {corpus.n_words:,} now (fingerprint "
            f"{before['fingerprint'][:12]}…, now {corpus.fingerprint[:12]}…). "
            "Restore the data, or fit anew (--overwrite)."
        )
    if before is None:
        run.note(data=data, threads=torch.get_num_threads())


def _same_threads(run: Run) -> None:
    """Compute with as many threads as the run began with: sums of other splits differ in their last bits."""
    if "threads" in run.record:
        import torch

        torch.set_num_threads(run.record["threads"])


@contextmanager
def _timed(seconds: dict[str, Any], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - started
