"""Data frames from columns: pandas by default, or polars."""

from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

from topicml.corpus.columns import encodable
from topicml.errors import InputError, MissingExtraError


def frame_of(columns: Mapping[str, Any], kind: str = "pandas") -> Any:
    """Make a data frame of columns; lone surrogates, which no frame can store, become U+FFFD.

    Parameters
    ----------
    columns : mapping of str to sequence
        Columns of equal length.
    kind : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    frame : pandas.DataFrame or polars.DataFrame

    Raises
    ------
    InputError
        If `kind` is unknown.
    MissingExtraError
        If that package is not installed.
    """
    if kind not in ("pandas", "polars"):
        raise InputError(f"frame={kind!r} is unknown. Choose 'pandas' or 'polars'.")
    try:
        package = import_module(kind)
    except ImportError as error:
        raise MissingExtraError(f"Tables need {kind}. Install it with: pip install 'topicml[frames]'") from error
    make = partial(package.DataFrame, strict=False) if kind == "polars" else package.DataFrame
    try:
        return make(dict(columns))
    except UnicodeEncodeError:
        return make({name: [_encodable(value) for value in column] for name, column in columns.items()})


def _encodable(value: Any) -> Any:
    if isinstance(value, list):
        return [_encodable(each) for each in value]
    return encodable(value) if isinstance(value, str) else value
