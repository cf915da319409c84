"""The page: facts put into templates, with a policy that forbids every request and every script but its own."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml import __version__
from topicml.errors import InputError, MissingExtraError
from topicml.explore import TopicView
from topicml.files import atomic_file
from topicml.report import groups, maps
from topicml.report.cards import cards_of, rows_of
from topicml.report.overview import cautions, corpus_facts, model_facts
from topicml.report.scores import coherence_of_topics, computed, told_scores
from topicml.report.subject import any_words, view_of
from topicml.report.text import count, number, percent, plain
from topicml.report.training import training_charts

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_TOPICS = 200


def write_report(
    model: Any,
    path: str | os.PathLike[str],
    documents: Any = None,
    *,
    overwrite: bool = True,
    **options: Any,
) -> Path:
    """Write the report of a fitted model: one HTML file that needs nothing else, no network either.

    Parameters
    ----------
    model : TopicModel or TopicView
        Fitted. A view has its documents already.
    path : path
        Where to.
    documents : Corpus, sequence of str, or matrix (n_docs, n_words), optional
        Without them, the report lacks sizes, documents, maps of documents, classes and times, and says so.
    overwrite : bool
        Whether an older file may be replaced.
    **options
        As in `render`.

    Returns
    -------
    path : Path
        Where it is.

    Raises
    ------
    InputError
        As `render`; if `path` is a folder, or exists and may not be replaced.
    MissingExtraError
        If jinja2 or pandas is not installed.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder. Give the name of a file, such as {path / 'report.html'}.")
    if not overwrite and path.exists():
        raise InputError(f"{path} exists already. Choose another name, or give overwrite=True.")
    text = render(model, documents, **options)
    with atomic_file(path) as temporary:
        temporary.write_text(text, "utf-8")
    return path


def render(
    model: Any,
    documents: Any = None,
    *,
    theta: Any = None,
    scores: Mapping[str, Mapping[str, Any]] | None = None,
    by: str | None = None,
    over: str | None = None,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    made: Mapping[str, Any] | None = None,
    notes: tuple[str, ...] = (),
    map_method: str = "pca",
    max_documents: int = 4000,
    max_topics: int = MAX_TOPICS,
    seed: int = 0,
) -> str:
    """The report as HTML.

    Parameters
    ----------
    model, documents
        As in `write_report`.
    theta : ndarray, (n_docs, n_topics), optional
        Topic proportions of `documents`, where they are known already.
    scores : dict, optional
        As `topicml.metrics.score` gives them; by default they are computed where there is a corpus.
    by, over : str, optional
        Fields of classes and of times. By default a field named label, class or category with 2 to 60 values, and one
        of dates, or named date, time or year.
    names : mapping of str to str, optional
        What the page calls fields, where not by their own names.
    title : str, optional
        Of the page.
    made : mapping, optional
        How the model was made: ``command`` (str), ``configuration`` and ``versions`` (mappings), ``started`` (str).
    notes : tuple of str
        Sentences to stand under the title.
    map_method : {"pca", "umap"}
        Of the map of documents.
    max_documents : int
        Documents in that map; more are sampled, which the page says.
    max_topics : int
        The largest topics, which have a section of their own; the others are in the list alone, which the page says.
    seed : int
        Of the sample.

    Raises
    ------
    InputError
        If a field does not exist or cannot be used, documents do not fit the model, or an option is out of range.
    MissingExtraError
        If jinja2 or pandas is not installed.
    """
    check_extra()
    if map_method not in ("pca", "umap") or max_documents < 1 or max_topics < 0:
        raise InputError(
            "map_method must be 'pca' or 'umap', max_documents at least 1, max_topics at least 0; received "
            f"{map_method!r}, {max_documents} and {max_topics}."
        )
    view = view_of(model, documents, theta=theta)
    view = replace(view, given_labels=tuple(None if label is None else plain(label) for label in view.given_labels))
    class_name, time_name = groups.class_field(view, by), groups.time_field(view, over)
    if scores is None:
        scores = computed(view, None if class_name is None or view.corpus is None else view.field(class_name))
    told = coherence_of_topics(view, scores)
    measure, coherence = told if told is not None else (None, None)
    held = any_words(view)
    classes = groups.per_class(view, class_name, names) if class_name is not None and held else None
    times = groups.over_time(view, time_name, names, named=over is not None) if time_name is not None and held else None
    rows = rows_of(view, coherence, max_topics)
    preprocessor = getattr(view.corpus, "preprocessor", None)
    history = getattr(view.model, "history_", None) or []
    page = {
        "title": plain(title) if title else f"Topics of {type(view.model).__name__}",
        "notes": [plain(note) for note in notes],
        "has_documents": held,
        "has_text": view.corpus is not None,
        "corpus_facts": corpus_facts(view),
        "model_facts": model_facts(view),
        "scores": told_scores(scores),
        "cautions": cautions(view, scores, coherence, measure),
        "measure": measure,
        "rows": rows,
        "largest_share": max((row.mass or 0 for row in rows), default=0) or 1,
        "cards": cards_of(view, rows, classes, times, preprocessor=preprocessor),
        "classes": None if classes is None else plain(classes.called),
        "times": None if times is None else plain(times.called),
        "topic_map": maps.topic_map(view, view.mass if held else None),
        "document_map": maps.document_map(view, max_documents=max_documents, method=map_method, seed=seed),
        "tree": maps.tree(view),
        "training": training_charts(history),
        "epochs": len(history),
        "made": _made(view, made or {}),
        "written": f"{datetime.now(UTC):%Y-%m-%d}",
        "version": __version__,
    }
    style, script = _asset("style.css"), _asset("script.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    return environment().get_template("report.html").render(page, style=style, script=script, policy=policy)


def check_extra() -> None:
    """Raise `MissingExtraError` where what a report needs is not installed."""
    try:
        import jinja2  # noqa: F401
        import pandas  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"A report needs {error.name}. Install it with: pip install 'topicml[report]'"
        ) from error


@cache
def environment() -> "Environment":
    """Where the templates are rendered: everything is escaped, and an unknown name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("topicml.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"count": count, "percent": percent, "number": number, "plain": plain}
    return found


def _made(view: TopicView, made: Mapping[str, Any]) -> dict[str, Any]:
    """Command, configuration, versions and seed; what was not given is read off the model."""
    parameters = view.model.get_params(deep=False) if hasattr(view.model, "get_params") else {}
    configuration = made.get("configuration")
    if configuration is None:
        configuration = {name: value for name, value in parameters.items() if value is not None}
    return {
        "command": plain(made["command"]) if made.get("command") else None,
        "seed": plain(parameters.get("random_state")) if parameters.get("random_state") is not None else None,
        "started": plain(made["started"]) if made.get("started") else None,
        "configuration": plain(json.dumps(configuration, ensure_ascii=False, indent=2, default=_told)),
        "versions": [(plain(name), plain(value)) for name, value in made.get("versions", {}).items()],
        "data": [(plain(name), plain(value)) for name, value in made.get("data", {}).items()],
        "parameters": [
            (plain(name), plain(_told(value))) for name, value in sorted(parameters.items()) if name != "preprocessor"
        ],
    }


def _told(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)[:200]


def _asset(name: str) -> str:
    return (files("topicml.report") / "templates" / name).read_text("utf-8")


def _digest(text: str) -> str:
    """What a Content-Security-Policy knows an inline element by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
