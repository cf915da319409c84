"""Open text files: decompress by suffix and decode; errors name the line."""

import codecs
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from topicml.errors import InputError

# Arrow's streams report a truncated file; the reader of the zstandard package does not.
_COMPRESSED = {".gz": "gzip", ".zst": "zstd"}


def suffix_of(path: Path) -> str:
    """Return the suffix in lower case, without ``.gz`` or ``.zst``: ``.csv`` for ``a.csv.gz``."""
    suffix = path.suffix.lower()
    return path.with_suffix("").suffix.lower() if suffix in _COMPRESSED else suffix


@contextmanager
def open_text(path: str | os.PathLike[str], encoding: str = "utf-8", newline: str | None = None) -> Iterator[IO[str]]:
    """Context manager: open a text file, which may be compressed (``.gz``, ``.zst``).

    Parameters
    ----------
    path : str or path
        The file.
    encoding : str
        For example "utf-8" (with or without a byte-order mark) or "latin-1".
    newline : str, optional
        As in `open`.

    Yields
    ------
    text stream

    Raises
    ------
    InputError
        If the file does not exist, does not have this encoding (the message names the line), or is not a complete
        compressed file.
    """
    path = Path(path)
    encoding = _codec(encoding)
    try:
        with _open_binary(path) as binary, io.TextIOWrapper(binary, encoding, newline=newline) as text:
            yield text
    except UnicodeDecodeError as error:
        raise InputError(_undecodable(path, encoding)) from error
    except UnicodeError as error:  # a UTF-16 stream without its byte-order mark
        raise InputError(
            f"{path} cannot be read as {encoding}: {error}. Pass its encoding: encoding=… (--encoding)."
        ) from error
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except OSError as error:
        if path.suffix.lower() in _COMPRESSED:
            kind = _COMPRESSED[path.suffix.lower()]
            raise InputError(f"{path} is not a complete {kind} file: {error}.") from error
        raise


def read_lines(path: str | os.PathLike[str], encoding: str = "utf-8") -> list[str]:
    """Read the lines of a text file.

    Parameters
    ----------
    path, encoding
        As in `open_text`.

    Returns
    -------
    list of str
        Without line ends.

    Raises
    ------
    InputError
        If the file is empty, or as `open_text`.
    """
    with open_text(path, encoding) as text:
        lines = [line.removesuffix("\n") for line in text]
    if not lines:
        raise InputError(f"{path} is empty.")
    return lines


def _open_binary(path: Path) -> IO[bytes]:
    compression = _COMPRESSED.get(path.suffix.lower())
    return open(path, "rb") if compression is None else pa.input_stream(str(path), compression=compression)


def _codec(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(encoding)  # rot13 and base64 are codecs, but not text encodings
    except (LookupError, TypeError) as error:
        raise InputError(f"There is no encoding {encoding!r}; for example: utf-8, latin-1, cp1252, utf-16.") from error
    return "utf-8-sig" if name == "utf-8" else encoding  # skip a byte-order mark


def _undecodable(path: Path, encoding: str) -> str:
    where = ""
    with _open_binary(path) as binary, io.TextIOWrapper(binary, encoding, errors="surrogateescape") as text:
        for number, line in enumerate(text, start=1):
            escaped = next((i for i, letter in enumerate(line) if "\udc80" <= letter <= "\udcff"), None)
            if escaped is not None:
                where = (
                    f": line {number} has the byte 0x{ord(line[escaped]) - 0xDC00:02x} after {line[:escaped][-30:]!r}"
                )
                break
    name = encoding.removesuffix("-sig").upper()
    return f"{path} is not {name}{where}. Pass its encoding: encoding='latin-1' (--encoding latin-1), cp1252, …"
