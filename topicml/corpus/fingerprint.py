"""What identifies the content of a corpus: a hash that a run records and a saved corpus carries."""

import hashlib
from collections.abc import Iterable

import numpy as np


class Digest:
    """The SHA-256 of an array's values as little-endian `dtype` (``"<i4"``, ``"<i8"``), fed in parts."""

    def __init__(self, dtype: str) -> None:
        self._sha = hashlib.sha256()
        self._dtype = dtype

    def update(self, array: np.ndarray) -> None:
        """Add values; they are converted block by block, so a memory-mapped array needs no memory."""
        for begin in range(0, len(array), 1 << 20):
            self._sha.update(np.ascontiguousarray(array[begin : begin + (1 << 20)], dtype=self._dtype).data)

    def hexdigest(self) -> str:
        """Return the hash of all values so far."""
        return self._sha.hexdigest()


def digest(array: np.ndarray, dtype: str) -> str:
    """Return the hash of one array; see `Digest`."""
    whole = Digest(dtype)
    whole.update(array)
    return whole.hexdigest()


def fingerprint(vocabulary: Iterable[str], *digests: str) -> str:
    """Return one SHA-256 (hexadecimal) of the vocabulary and the digests of the arrays."""
    sha = hashlib.sha256()
    for word in vocabulary:
        encoded = word.encode()
        sha.update(len(encoded).to_bytes(8, "little") + encoded)
    for part in digests:
        sha.update(bytes.fromhex(part))
    return sha.hexdigest()
