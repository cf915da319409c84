"""Check whether this user wrote a file, by a signature with a key that never leaves this machine.

A saved model or run can come from another user. It may name things outside its folder: a file of documents, an
installed spaCy pipeline. These are opened only if this user's topicml wrote the name, or with ``trust=True``.
"""

import hmac
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

_BYTES = 32


def home() -> Path:
    """The folder of topicml's own files: TOPICML_HOME, or ``~/.cache/topicml``."""
    return Path(os.environ.get("TOPICML_HOME") or "~/.cache/topicml").expanduser()


def sign(value: Any) -> str | None:
    """The signature of a value.

    Parameters
    ----------
    value : object
        A value that JSON can represent.

    Returns
    -------
    str or None
        Hexadecimal; None if this user cannot keep a key (`home` cannot be written).
    """
    key = _key(create=True)
    return None if key is None else _mac(key, value)


def is_signed(value: Any, signature: Any) -> bool:
    """Whether this user's topicml signed a value.

    Parameters
    ----------
    value : object
        A value that JSON can represent.
    signature : object
        The return value of `sign`; any other value is not a signature.

    Returns
    -------
    bool
        False also if there is no key.
    """
    key = _key(create=False)
    return (
        key is not None
        and isinstance(signature, str)
        and hmac.compare_digest(_mac(key, value).encode(), signature.encode("utf-8", "replace"))
    )


def _mac(key: bytes, value: Any) -> str:
    return hmac.digest(key, json.dumps(value, sort_keys=True).encode(), "sha256").hex()


def _key(*, create: bool) -> bytes | None:
    """The key of this user; None if there is none, or it cannot be read."""
    path = home() / "key"
    with suppress(OSError):
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f".key.{secrets.token_hex(8)}")
            try:
                with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                    stream.write(secrets.token_bytes(_BYTES))
                with suppress(FileExistsError):  # another process was faster: use its key
                    os.link(new, path)
            finally:
                new.unlink(missing_ok=True)
        key = path.read_bytes()
        return key if len(key) == _BYTES else None
    return None
