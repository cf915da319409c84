"""Standard input, output and error of the program, whatever the shell and the locale made of them."""

import codecs
import io
import os
import sys

_ESCAPES = "topicml.escapes"


def open_streams() -> None:
    """Open the standard streams that the caller closed, on the null device.

    Otherwise the next file that is opened gets the number of a standard stream, and what libraries print would be
    written into it. Python also has no object for such a stream, so messages to standard error would become output.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - until the end


def show_any_character() -> None:
    r"""Let stdout and stderr print what the locale cannot encode, and names of files that are not UTF-8, as escapes.

    All escapes have the form ``\u00e7``, so that JSON stays JSON.
    """
    codecs.register_error(_ESCAPES, _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPES)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    units = characters.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)), error.end
