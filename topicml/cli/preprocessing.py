"""Options of the preprocessing of raw text, which `fit` and `check` share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from topicml.cli.options import TEXT_PANEL
from topicml.cli.parameters import parse_pairs
from topicml.errors import InputError

Language = Annotated[str, typer.Option(metavar="CODE", help="Language code of spaCy.", rich_help_panel=TEXT_PANEL)]
MinDf = Annotated[
    str | None,
    typer.Option(metavar="N", help="Drop words in fewer documents: 5, or a share: 0.01.", rich_help_panel=TEXT_PANEL),
]
MaxDf = Annotated[
    str | None,
    typer.Option(metavar="N", help="Drop words in more documents: 900, or a share: 0.5.", rich_help_panel=TEXT_PANEL),
]
MaxFeatures = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Keep only the N most frequent words.", rich_help_panel=TEXT_PANEL),
]
StopWords = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A file of additional stop words, one per line.", rich_help_panel=TEXT_PANEL),
]
Phrases = Annotated[
    bool, typer.Option("--phrases", help="Join words of a phrase (new_york).", rich_help_panel=TEXT_PANEL)
]
TextJobs = Annotated[
    int, typer.Option("--jobs", min=1, metavar="N", help="Number of processes.", rich_help_panel=TEXT_PANEL)
]
Preprocess = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Any option of topicml.Preprocessor, such as lemmatize=false; may be repeated.",
        rich_help_panel=TEXT_PANEL,
    ),
]


def preprocessing_of(
    language: str,
    min_df: str | None,
    max_df: str | None,
    max_features: int | None,
    stop_words: Path | None,
    phrases: bool,
    jobs: int,
    preprocess: Sequence[str] | None,
) -> dict[str, Any]:
    """The arguments of `topicml.Preprocessor` that the options set.

    Parameters
    ----------
    language, min_df, max_df, max_features, stop_words, phrases, jobs, preprocess
        Values of the options.

    Returns
    -------
    dict
        Name to value; defaults are left out.

    Raises
    ------
    InputError
        If a value is no number, a file of stop words cannot be read, or a pair has no "=".
    """
    from topicml.corpus.sources.wordlists import read_stop_words

    values = {
        "language": None if language == "en" else language,
        "min_df": _count_or_share("--min-df", min_df),
        "max_df": _count_or_share("--max-df", max_df),
        "max_features": max_features,
        "stop_words": None if stop_words is None else read_stop_words(stop_words),
        "phrases": phrases or None,
        "n_jobs": None if jobs == 1 else jobs,
    }
    return {name: value for name, value in values.items() if value is not None} | parse_pairs(
        preprocess or (), "--preprocess"
    )


def _count_or_share(option: str, value: str | None) -> int | float | None:
    """Parse a count of documents (5) or a share of them (0.05, 1.0)."""
    try:
        return None if value is None else float(value) if "." in value else int(value)
    except ValueError as error:
        raise InputError(
            f"{option} takes a count of documents, such as 5, or a share, such as 0.05; received {value!r}."
        ) from error
