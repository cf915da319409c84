"""Files of topic proportions: a row per document, with the columns row, theta_0, theta_1 and so on."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from topicml.errors import InputError
from topicml.files import atomic_file

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_ROWS = 50_000  # documents per write: bounds the memory
_READ = 10_000  # documents per read


def write_theta(path: Path, theta: "np.ndarray") -> None:
    """Write topic proportions.

    Parameters
    ----------
    path : Path
        Its suffix decides the format: ``.parquet``, ``.csv`` or ``.jsonl``.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions.

    Raises
    ------
    InputError
        If the suffix is another one.
    """
    with atomic_file(path) as temporary:
        theta_writer(path)(temporary, theta)


def theta_writer(path: Path) -> Callable[[Path, "np.ndarray"], None]:
    """The function that writes topic proportions in the format of a suffix.

    Parameters
    ----------
    path : Path
        Only its suffix is read.

    Returns
    -------
    callable
        Takes a path and theta, (n_docs, n_topics).

    Raises
    ------
    InputError
        If there is no format with this suffix.
    """
    writers = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}
    if path.suffix.lower() not in writers:
        raise InputError(f"{path} ends in {path.suffix or 'no suffix'}. Choose one of {', '.join(writers)}.")
    return writers[path.suffix.lower()]


def read_theta(path: Path, n_docs: int, n_topics: int) -> "np.ndarray | None":
    """Read topic proportions from a Parquet file.

    Parameters
    ----------
    path : Path
        As `write_theta` wrote it.
    n_docs, n_topics : int
        The expected shape.

    Returns
    -------
    ndarray, (n_docs, n_topics), or None
        Cannot be written to, so that views of it need no copy. None if the file is missing, cannot be read, or has
        another shape.
    """
    import numpy as np

    if not path.is_file():
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"theta_{k}" for k in range(n_topics)]
    try:
        with open(path, "rb") as stream, pq.ParquetFile(stream) as file:  # Arrow takes only names in UTF-8
            if file.metadata.num_rows != n_docs:
                return None
            kinds = [file.schema_arrow.field(name).type.to_pandas_dtype() for name in names]
            theta = np.empty((n_docs, n_topics), dtype=np.result_type(*kinds))
            begin = 0
            for batch in file.iter_batches(columns=names, batch_size=_READ):
                for k, column in enumerate(batch.columns):
                    theta[begin : begin + batch.num_rows, k] = column.to_numpy(zero_copy_only=False)
                begin += batch.num_rows
    except (pa.ArrowException, KeyError, OSError, ValueError, TypeError, MemoryError):
        return None
    theta.flags.writeable = False
    return theta


def mean_theta(path: Path, n_topics: int) -> "np.ndarray | None":
    """Mean topic proportions of a Parquet file, read in parts.

    Parameters
    ----------
    path : Path
        As `write_theta` wrote it.
    n_topics : int
        Number of topics of the model.

    Returns
    -------
    ndarray, (n_topics,), or None
        None if the file is missing.

    Raises
    ------
    InputError
        If the file belongs to another model.
    """
    import numpy as np

    if not path.is_file():
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"theta_{k}" for k in range(n_topics)]
    total, n_docs = np.zeros(n_topics), 0
    try:
        with open(path, "rb") as stream, pq.ParquetFile(stream) as file:
            if not set(names) <= set(file.schema_arrow.names):
                raise InputError(
                    f"{path} does not belong to this model: it lacks columns of its {n_topics} topics. Fit again."
                )
            for batch in file.iter_batches(columns=names):
                part = np.stack([column.to_numpy() for column in batch.columns], axis=1)
                total += part.sum(axis=0, dtype=np.float64)
                n_docs += len(part)
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError) as error:
        raise InputError(f"{path} is damaged ({error}). Fit again.") from error
    return total / max(n_docs, 1)


def _write_parquet(path: Path, theta: "np.ndarray") -> None:
    import pyarrow.parquet as pq

    parts = _tables(theta)
    first = next(parts)
    with open(path, "wb") as stream, pq.ParquetWriter(stream, first.schema) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def _write_csv(path: Path, theta: "np.ndarray") -> None:
    import pyarrow.csv as pc

    parts = _tables(theta)
    first = next(parts)
    options = pc.WriteOptions(quoting_style="none")
    with open(path, "wb") as stream, pc.CSVWriter(stream, first.schema, write_options=options) as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part)


def _write_jsonl(path: Path, theta: "np.ndarray") -> None:
    with open(path, "w", encoding="utf-8") as stream:
        for part in _tables(theta):
            stream.writelines(json.dumps(record) + "\n" for record in part.to_pylist())


def _tables(theta: "np.ndarray") -> Iterator["pa.Table"]:
    import numpy as np
    import pyarrow as pa

    from topicml.corpus.mapped import release

    names = ["row", *(f"theta_{k}" for k in range(theta.shape[1]))]
    for start in range(0, max(len(theta), 1), _ROWS):
        part = theta[start : start + _ROWS]
        rows = np.arange(start, start + len(part), dtype=np.int64)
        yield pa.table([pa.array(rows), *(pa.array(np.ascontiguousarray(column)) for column in part.T)], names=names)
        release(theta)
