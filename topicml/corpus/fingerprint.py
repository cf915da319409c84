"""The fingerprint of a corpus: a hash of its content, stored in run folders and saved corpora."""

import hashlib
from collections.abc import Iterable

import numpy as np


class Digest:
    """Incremental SHA-256 of the values of an array, converted to a little-endian `dtype` (``"<i4"``, ``"<i8"``)."""

    def __init__(self, dtype: str) -> None:
        self._sha = hashlib.sha256()
        self._dtype = dtype

    def update(self, array: np.ndarray) -> None:
        """Add values. They are converted block by block, so a memory-mapped array is never copied whole."""
        for begin in range(0, len(array), 1 << 20):
            self._sha.update(np.ascontiguousarray(array[begin : begin + (1 << 20)], dtype=self._dtype).data)

    def hexdigest(self) -> str:
        """Return the hash of all values added so far."""
        return self._sha.hexdigest()


def digest(array: np.ndarray, dtype: str) -> str:
    """Hash the values of an array.

    Parameters
    ----------
    array : numpy.ndarray, shape (n,)
        Integers.
    dtype : str
        Little-endian type to convert the values to: ``"<i4"`` or ``"<i8"``.

    Returns
    -------
    str
        SHA-256, hexadecimal.
    """
    sha = Digest(dtype)
    sha.update(array)
    return sha.hexdigest()


def fingerprint(vocabulary: Iterable[str], *digests: str) -> str:
    """Combine the vocabulary and the digests of the arrays into one SHA-256 (hexadecimal)."""
    sha = hashlib.sha256()
    for word in vocabulary:
        encoded = word.encode()
        sha.update(len(encoded).to_bytes(8, "little") + encoded)
    for part in digests:
        sha.update(bytes.fromhex(part))
    return sha.hexdigest()


def digest_of(digests: Iterable[str]) -> str:
    """Combine the digests of several arrays into one SHA-256 (hexadecimal)."""
    return hashlib.sha256(b"".join(map(bytes.fromhex, digests))).hexdigest()
