"""The page: facts in templates, with a policy that forbids all requests and all scripts but the page's own."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml import __version__
from topicml.corpus.times import UNITS
from topicml.errors import InputError, MissingExtraError
from topicml.explore import TopicView
from topicml.explore.projections import METHODS
from topicml.files import atomic_file
from topicml.report import groups, maps
from topicml.report.cards import cards_of, rows_of
from topicml.report.courses import courses_of, spark
from topicml.report.downloads import downloads_of
from topicml.report.families import families_of
from topicml.report.names import short_names
from topicml.report.overview import cautions, corpus_facts, model_facts
from topicml.report.quality import quality_of
from topicml.report.reliability import reliability_of
from topicml.report.sampling import Judged
from topicml.report.scores import coherence_of_topics, computed, explained_scores
from topicml.report.subject import any_words, view_of
from topicml.report.summary import summary_of
from topicml.report.text import count, number, percent, plain
from topicml.report.training import training_charts

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_TOPICS = 200  # with a section; more make the page too large


def write_report(
    model: Any,
    path: str | os.PathLike[str],
    documents: Any = None,
    *,
    overwrite: bool = True,
    **options: Any,
) -> Path:
    """Write the report of a fitted model: one self-contained HTML file, which needs no network.

    Parameters
    ----------
    model : TopicModel or TopicView
        Fitted. A view has its documents already.
    path : path
        File to write.
    documents : Corpus, sequence of str, or matrix (n_docs, n_words), optional
        Without them, the report has no sizes, documents, map of documents, classes and times, and says so.
    overwrite : bool
        Whether an existing file may be replaced.
    **options
        Options of `render`.

    Returns
    -------
    path : Path
        The file.

    Raises
    ------
    InputError
        If `path` is a folder, or exists and may not be replaced; or as `render`.
    MissingExtraError
        If jinja2 or pandas is not installed.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder. Pass the name of a file, such as {path / 'report.html'}.")
    if not overwrite and path.exists():
        raise InputError(f"{path} exists already. Choose another name, or pass overwrite=True.")
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
    unit: str | None = None,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    made: Mapping[str, Any] | None = None,
    notes: tuple[str, ...] = (),
    map_method: str = "tsne",
    max_documents: int = 2500,
    max_judged: int = 200_000,
    max_topics: int = MAX_TOPICS,
    seed: int = 0,
) -> str:
    """Render the report of a fitted model as HTML.

    Parameters
    ----------
    model, documents
        As in `write_report`.
    theta : ndarray, (n_docs, n_topics), optional
        Topic proportions of `documents`, if they were computed before.
    scores : dict, optional
        As `topicml.metrics.score` returns them; by default they are computed if there is a corpus.
    by, over : str, optional
        Fields of classes and of times. By default a field named label, class or category with 2 to 60 values, and a
        field of dates, or one named date, time or year.
    unit : {"year", "quarter", "month", "week", "day", "hour"}, optional
        Calendar unit of times; by default the shortest that gives at most 40 periods with enough documents.
    names : mapping of str to str, optional
        Names of fields on the page, if these differ.
    title : str, optional
        Title of the page.
    made : mapping, optional
        How the model was made: ``command`` (str), ``configuration`` and ``versions`` (mappings), ``started`` (str).
    notes : tuple of str
        Sentences to show under the title.
    map_method : {"tsne", "umap", "pca"}
        Method of the map of documents: by their embeddings or words, or ("pca") by their topics.
    max_documents : int
        Number of documents in that map at most; of more, a random sample is drawn, and the page says so.
    max_judged : int
        Number of documents at most on which the words of topics are judged and scores computed; of more, a random
        sample is drawn, and the page says so. Sizes, classes, times and examples are of all documents.
    max_topics : int
        Number of topics with a section, the largest; the others are in the list alone, and the page says so.
    seed : int
        Seed of the samples and of the map.

    Returns
    -------
    html : str

    Raises
    ------
    InputError
        If a field does not exist or cannot be used, documents do not fit the model, or an option is out of range.
    MissingExtraError
        If jinja2 or pandas is not installed.
    """
    check_extra()
    if map_method not in METHODS or max_documents < 1 or max_topics < 0 or max_judged < 2:
        raise InputError(
            f"map_method must be one of {', '.join(map(repr, METHODS))}, max_documents at least 1, max_topics at least "
            f"0, max_judged at least 2; received {map_method!r}, {max_documents}, {max_topics} and {max_judged}."
        )
    if unit is not None and unit not in UNITS:
        raise InputError(f"unit must be one of {', '.join(map(repr, UNITS))}; received {unit!r}.")
    view = view_of(model, documents, theta=theta)
    view = replace(view, given_labels=tuple(None if label is None else plain(label) for label in view.given_labels))
    class_name, time_name = groups.class_field(view, by), groups.time_field(view, over)
    if unit is not None and time_name is None:
        raise InputError(f"unit={unit!r} divides times, but the documents have no field of times: pass over=.")
    judged, scores_given = Judged.of(view, max_judged, seed), scores is not None
    if scores is None:
        labels = None if class_name is None or view.corpus is None else view.field(class_name)
        scores = computed(view, labels, judged=judged)
    measure, coherence = coherence_of_topics(view, scores) or (None, None)
    has_words = any_words(view)
    classes = groups.per_class(view, class_name, names) if class_name is not None and has_words else None
    times = (
        groups.over_time(view, time_name, names, unit=unit, named=over is not None or unit is not None)
        if time_name is not None and has_words
        else None
    )
    topic_names = short_names(view)
    courses = None if times is None or time_name is None else courses_of(view, time_name, times, topic_names)
    rows = rows_of(view, coherence, max_topics)
    quality = quality_of(view, judged=judged)
    preprocessor = getattr(view.corpus, "preprocessor", None)
    cards = cards_of(view, rows, classes, times, preprocessor=preprocessor, quality=quality)
    warnings = cautions(view, scores, coherence, measure, quality)
    history = getattr(view.model, "history_", None) or []
    page = {
        "title": plain(title) if title else f"Topics of {type(view.model).__name__}",
        "notes": [plain(note) for note in notes],
        "has_documents": has_words,
        "has_text": view.corpus is not None,
        "summary": summary_of(view, rows, topic_names, courses, warnings),
        "corpus_facts": corpus_facts(view),
        "model_facts": model_facts(view),
        "scores": explained_scores(scores),
        "cautions": warnings,
        "judged": None if judged is None else judged.sentence(with_scores=not scores_given),
        "doubted": {k for caution in warnings for k in caution.topics},
        "reliability": reliability_of(view),
        "measure": measure,
        "rows": rows,
        "families": families_of(view, rows),
        "largest_share": max((row.share or 0 for row in rows), default=0) or 1,
        "cards": cards,
        "classes": None if classes is None else plain(classes.name),
        "courses": courses,
        "sparks": _sparks(times) if courses is not None and times is not None else {},
        "topic_map": maps.topic_map(view, view.leading_counts() if has_words else None),
        "document_map": maps.document_map(view, max_documents=max_documents, method=map_method, seed=seed),
        "tree": maps.tree(view),
        "downloads": downloads_of(view, rows, cards, classes, times),
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
    """Raise `MissingExtraError` if a package that reports need is not installed."""
    try:
        import jinja2  # noqa: F401
        import pandas  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"A report needs {error.name}. Install it with: pip install 'topicml[report]'"
        ) from error


@cache
def environment() -> "Environment":
    """Jinja environment of the templates: it escapes all values, and an unknown name is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("topicml.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "percent": percent,
        "number": number,
        "plain": plain,
        "groupby_in_order": _grouped,
    }
    return environment


def _grouped(values: list[Any], name: str) -> list[tuple[Any, list[Any]]]:
    """Runs of equal attributes, in their order; jinja's groupby sorts them."""
    return [(key, list(run)) for key, run in groupby(values, attrgetter(name))]


def _sparks(times: groups.Groups) -> dict[int, str]:
    """Each topic's course as a small path, all on one scale."""
    largest = max(share.value for shares in times.shares.values() for share in shares)
    return {k: spark(shares, largest) for k, shares in times.shares.items()}


def _made(view: TopicView, made: Mapping[str, Any]) -> dict[str, Any]:
    """Command, configuration, versions and seed; parameters of the model if no configuration is given."""
    parameters = view.model.get_params(deep=False) if hasattr(view.model, "get_params") else {}
    configuration = made.get("configuration")
    if configuration is None:
        configuration = {name: value for name, value in parameters.items() if value is not None}
    return {
        "command": plain(made["command"]) if made.get("command") else None,
        "seed": plain(parameters.get("random_state")) if parameters.get("random_state") is not None else None,
        "started": plain(made["started"]) if made.get("started") else None,
        "configuration": plain(json.dumps(configuration, ensure_ascii=False, indent=2, default=_text)),
        "versions": [(plain(name), plain(value)) for name, value in made.get("versions", {}).items()],
        "data": [(plain(name), plain(value)) for name, value in made.get("data", {}).items()],
        "parameters": [
            (plain(name), plain(_text(value))) for name, value in sorted(parameters.items()) if name != "preprocessor"
        ],
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)[:200]


def _asset(name: str) -> str:
    return (files("topicml.report") / "templates" / name).read_text("utf-8")


def _digest(text: str) -> str:
    """Hash by which a Content-Security-Policy allows an inline element."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
