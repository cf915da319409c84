"""Open text files: decompress by suffix, recognise the encoding by its mark, and decode; errors name the line."""

import codecs
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from topicml.errors import InputError, warn

# Arrow's streams report a truncated file; the reader of the zstandard package does not.
_COMPRESSED = {".gz": "gzip", ".zst": "zstd"}
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# The first bytes of files that are no text, whatever their suffix.
_NOT_TEXT = (
    (b"\x1f\x8b", "a gzip file", "Give it the suffix .gz after its own, such as .csv.gz"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "Give it the suffix .zst after its own, such as .csv.zst"),
    (b"PK\x03\x04", "a zip archive or an Excel file", "Unpack it, or give it the suffix .xlsx"),
    (b"PAR1", "a Parquet file", "Give it the suffix .parquet"),
    (b"\xd0\xcf\x11\xe0", "an old Office file (.xls, .doc)", "Save it as CSV or .xlsx"),
    (b"%PDF-", "a PDF file", "Extract its text first"),
    (b"BZh", "a bzip2 file", "Unpack it"),
    (b"\xfd7zXZ\0", "an xz file", "Unpack it"),
    (b"SQLite format 3\0", "an SQLite database", "Export a table as CSV"),
)
_PEEK = 4096  # bytes from which the encoding is recognised
_LATIN_1 = "iso8859-1"
_EXAMPLES = "utf-8, cp1252, utf-16, gb18030"


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
        For example "utf-8" (with or without a byte-order mark) or "cp1252". A file with the mark of UTF-16 or UTF-32 is
        read as such. Latin-1 is read as cp1252, as web browsers do: it differs only in 27 letters and signs, which
        would be control characters in Latin-1.
    newline : str, optional
        As in `open`.

    Yields
    ------
    text stream

    Raises
    ------
    InputError
        If the file does not exist or cannot be read, does not have this encoding (the message names the line), or is
        not a complete compressed file.

    Warns
    -----
    TopicWarning
        If the file has the mark of another encoding than `encoding`.
    """
    path = Path(path)
    name = _codec(encoding)
    try:
        with _open_binary(path) as binary:
            name = _recognised(path, binary.peek(_PEEK)[:_PEEK], name)
            codec, errors = ("cp1252", "topicml.control") if name == _LATIN_1 else (name, "strict")
            with io.TextIOWrapper(binary, codec, errors, newline=newline) as text:
                yield text
    except UnicodeError as error:
        raise InputError(_undecodable(path, name)) from error
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.") from error
    except (OSError, pa.ArrowException) as error:
        if path.suffix.lower() in _COMPRESSED and path.is_file() and os.access(path, os.R_OK):
            kind = _COMPRESSED[path.suffix.lower()]
            raise InputError(f"{path} is not a complete {kind} file: {error}.") from error
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(f"{path} cannot be read: {reason}.") from error


def marked_encoding(begin: bytes) -> str | None:
    """Return the encoding whose mark a file begins with: "utf-16" or "utf-32"; None without such a mark."""
    return next((encoding for mark, encoding in _MARKS if begin.startswith(mark)), None)


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


def _open_binary(path: Path) -> io.BufferedReader:
    compression = _COMPRESSED.get(path.suffix.lower())
    if compression is None:
        return open(path, "rb")
    packed = open(path, "rb")  # noqa: SIM115 - Arrow takes only names in UTF-8; the stream closes the file
    return io.BufferedReader(pa.input_stream(pa.PythonFile(packed, "r"), compression))


def _codec(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(encoding)  # rot13 and base64 are codecs, but not text encodings
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(f"There is no encoding {encoding!r}; for example: {_EXAMPLES}.") from error
    return "utf-8-sig" if name == "utf-8" else name  # skip a byte-order mark


def _recognised(path: Path, begin: bytes, name: str) -> str:
    """The encoding of a file that begins with these bytes, if the user named the codec `name`."""
    # "BZh" and the like may begin a text: text has no other control characters soon after.
    if any(byte < 9 or 13 < byte < 27 for byte in begin[:512]) or begin.startswith(b"%PDF-"):
        for first, kind, advice in _NOT_TEXT:
            if begin.startswith(first):
                raise InputError(f"{path} is {kind}, not text. {advice}.")
    marked = marked_encoding(begin)
    if marked is not None:
        if name not in ("utf-8-sig", marked) and not name.startswith(marked):
            warn(
                f"{path} begins with the mark of {marked.upper()}, so it was read as {marked.upper()}, not as {name}. "
                "Leave out the encoding."
            )
        return marked
    if name.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        return name
    nuls = [begin[i::2].count(0) for i in (0, 1)]
    if sum(nuls) * 5 > len(begin):  # in UTF-16, every second byte of western text is 0
        guess = "utf-16-le" if nuls[1] > nuls[0] else "utf-16-be"
        raise InputError(
            f"{path} is not {_shown(name)} text: {sum(nuls):,} of its first {len(begin):,} bytes are 0. If it is "
            f"UTF-16 without a mark, pass encoding={guess!r} (--encoding {guess})."
        )
    return name


def _undecodable(path: Path, name: str) -> str:
    """Message for a file that is not of an encoding: the first line that is not, and the encoding to try first."""
    where, advice = "", f"Pass its encoding: encoding=… (--encoding), for example {_EXAMPLES}."
    if not path.is_file():  # a pipe cannot be read a second time
        return f"{path} is not {_shown(name)}. {advice}"
    try:
        with _open_binary(path) as binary, io.TextIOWrapper(binary, name, errors="topicml.escape") as text:
            for number, line in enumerate(text, start=1):
                at = next((i for i, letter in enumerate(line) if "\udc00" <= letter <= "\udcff"), None)
                if at is not None:
                    byte = ord(line[at]) - 0xDC00
                    where = f": line {number} has the byte 0x{byte:02x} after {line[:at][-30:]!r}"
                    if name == "utf-8-sig":
                        advice = _advice(line, at)
                    break
    except UnicodeError as error:
        where = f": {error}"
        if name == "utf-16":
            advice = "Pass the order of its bytes: encoding='utf-16-le' (--encoding utf-16-le), or utf-16-be."
    return f"{path} is not {_shown(name)}{where}. {advice}"


def _advice(line: str, at: int) -> str:
    """What to do with a line that is not UTF-8: the byte 0x92 is an apostrophe in cp1252, and no text in Latin-1."""
    raw = line[max(at - 20, 0) : at + 20].encode("utf-8", "surrogateescape")
    try:
        shown = f", as which it reads {raw.decode('cp1252').strip()!r}"
    except UnicodeDecodeError:
        shown = ""
    return (
        f"Pass its encoding: encoding='cp1252' (--encoding cp1252) for western text of Windows{shown}; else cp1251, "
        "gb18030, shift_jis, …"
    )


def _shown(name: str) -> str:
    return "latin-1" if name == _LATIN_1 else name.removesuffix("-sig").upper()


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Error handler: bytes that cannot be decoded become lone surrogates, which no decoder returns."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


def _control(error: UnicodeError) -> tuple[str, int]:
    """Error handler of cp1252: the five bytes that it does not define are the control characters of Latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(map(chr, error.object[error.start : error.end])), error.end


codecs.register_error("topicml.escape", _escape)
codecs.register_error("topicml.control", _control)
