"""What identifies the content of a corpus: a hash that a run records and a saved corpus carries."""

import hashlib
from collections.abc import Iterable

import numpy as np


def digest(array: np.ndarray, dtype: str) -> str:
    """Return the SHA-256 of an array's values as little-endian `dtype` (``"<i4"``, ``"<i8"``), read block by block."""
    sha = hashlib.sha256()
    for begin in range(0, len(array), 1 << 22):
        sha.update(np.ascontiguousarray(array[begin : begin + (1 << 22)], dtype=dtype))
    return sha.hexdigest()


def fingerprint(vocabulary: Iterable[str], *digests: str) -> str:
    """Return one SHA-256 (hexadecimal) of the vocabulary and the digests of the arrays."""
    sha = hashlib.sha256()
    for word in vocabulary:
        encoded = word.encode()
        sha.update(len(encoded).to_bytes(8, "little") + encoded)
    for part in digests:
        sha.update(bytes.fromhex(part))
    return sha.hexdigest()
