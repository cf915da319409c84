"""Text files as lines or as a stream: compressed by suffix, decoded, with errors that name the line."""

import codecs
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from topicml.errors import InputError

# Arrow's streams tell of a file that ends too early; zstandard's own reader takes it for whole.
_COMPRESSED = {".gz": "gzip", ".zst": "zstd"}


def suffix_of(path: Path) -> str:
    """Return the suffix in lower case, before ``.gz`` or ``.zst`` if there is one: ``.csv`` of ``a.csv.gz``."""
    suffix = path.suffix.lower()
    return path.with_suffix("").suffix.lower() if suffix in _COMPRESSED else suffix


@contextmanager
def open_text(path: str | os.PathLike[str], encoding: str = "utf-8", newline: str | None = None) -> Iterator[IO[str]]:
    """Yield a file's text as a stream.

    Raises
    ------
    InputError
        If the file does not exist, is not of this encoding (the message names the line), or its compression is broken.
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
            f"{path} cannot be read as {encoding}: {error}. Give its encoding: encoding=… (--encoding)"
        ) from error
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except OSError as error:
        if path.suffix.lower() in _COMPRESSED:
            kind = _COMPRESSED[path.suffix.lower()]
            raise InputError(f"{path} is not a whole {kind} file: {error}.") from error
        raise


def read_lines(path: str | os.PathLike[str], encoding: str = "utf-8") -> list[str]:
    """Return the lines of a file, without their ends; `InputError` where the file is empty or cannot be decoded."""
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
        "".encode(encoding)  # rot13 and base64 are codecs, but no encodings of text
    except (LookupError, TypeError) as error:
        raise InputError(f"There is no encoding {encoding!r}; for example: utf-8, latin-1, cp1252, utf-16.") from error
    return "utf-8-sig" if name == "utf-8" else encoding  # a byte-order mark is no part of the first word


def _undecodable(path: Path, encoding: str) -> str:
    where = ""
    with _open_binary(path) as binary, io.TextIOWrapper(binary, encoding, errors="surrogateescape") as text:
        for number, line in enumerate(text, start=1):
            escaped = next((i for i, letter in enumerate(line) if "\udc80" <= letter <= "\udcff"), None)
            if escaped is not None:
                where = (
                    f": line {number} holds the byte 0x{ord(line[escaped]) - 0xDC00:02x} after {line[:escaped][-30:]!r}"
                )
                break
    name = encoding.removesuffix("-sig").upper()
    return f"{path} is not {name}{where}. Give its encoding: encoding='latin-1' (--encoding latin-1), cp1252, …"
