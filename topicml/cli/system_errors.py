"""Errors of the system, such as a full disk, in words: where, what was wrong, and what to do."""

import errno
import os
import re

from topicml.files import shown_place

_FULL = "The disk is full. Free some space, or write to another disk: --out, and TMPDIR for temporary files."
_WORDS = {
    errno.ENOSPC: _FULL,
    errno.EFBIG: "File too large for this file system, or for the limit of this process (ulimit -f). Raise the limit, "
    "or write to another disk.",
    errno.EROFS: "Read-only file system. Write to another folder, or copy the run to one first.",
    errno.EACCES: "Permission denied. Change the permissions of this file or folder, or choose another.",
    errno.EPERM: "Operation not permitted. Change the permissions of this file or folder, or choose another.",
    getattr(errno, "EDQUOT", -1): _FULL.replace("disk is full", "disk quota is used up"),
}
_NO_FOLDER = "A folder does not exist any more, perhaps the current one. Change to one that exists: cd."


def in_words(error: BaseException) -> str | None:
    """Describe an error of the system.

    Parameters
    ----------
    error : exception
        An `OSError`, or the error of safetensors, which has the number of the system's error in its text.

    Returns
    -------
    str or None
        None for other errors.
    """
    found = re.search(r"\(os error ([0-9]+)\)", str(error))
    if isinstance(error, OSError):
        number, filename = error.errno, error.filename
    elif found is not None and type(error).__name__ == "SafetensorError":
        number, filename = int(found[1]), None
    else:
        return None
    if "temporary directory" in str(error):
        return f"{error.strerror}. Set TMPDIR to a folder that can be written."  # type: ignore[attr-defined]
    if number is None:
        return None
    if number == errno.ENOENT and filename is None:
        return _NO_FOLDER
    words = _WORDS.get(number) or os.strerror(number)
    return words if filename is None else f"{shown_place(os.fsdecode(filename))}: {words}"
