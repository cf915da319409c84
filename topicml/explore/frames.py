"""Data frames out of columns: pandas, or polars when asked."""

from collections.abc import Mapping
from typing import Any

from topicml.errors import InputError, MissingExtraError


def frame_of(columns: Mapping[str, Any], kind: str = "pandas") -> Any:
    """A frame of these columns.

    Parameters
    ----------
    columns : mapping of str to sequence
        Columns of one length.
    kind : {"pandas", "polars"}
        Whose frame.

    Raises
    ------
    InputError
        If `kind` is another.
    MissingExtraError
        If that package is not installed.
    """
    if kind not in ("pandas", "polars"):
        raise InputError(f"frame={kind!r} is unknown. Choose 'pandas' or 'polars'.")
    try:
        if kind == "polars":
            import polars

            return polars.DataFrame(dict(columns), strict=False)
        import pandas
    except ImportError as error:
        raise MissingExtraError(f"Tables need {kind}. Install it with: pip install 'topicml[frames]'") from error
    return pandas.DataFrame(dict(columns))
