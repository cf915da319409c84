"""The identity of a fit: one description of what decides its result, and one digest of it.

Checkpoints, run folders and grids use the same description, so all three agree on whether two fits are the same: the
version of topicml, the model with all its parameters (defaults written out), and the content of the documents, of the
fields that contrasts read, of views, and of objects given as parameters. Objects are compared by content, not by
their address in memory or the name of a file.
"""

import hashlib
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from scipy.sparse import issparse

from topicml import __version__
from topicml.settings import Settings


def fit_identity(
    model: str,
    parameters: Mapping[str, Any],
    corpus: str,
    *,
    fields: Mapping[str, Any] | None = None,
    views: Sequence[Any] = (),
    **conditions: Any,
) -> dict[str, Any]:
    """Describe a fit as JSON-able values.

    Parameters
    ----------
    model : str
        Name of the model.
    parameters : mapping
        Every parameter that decides the result, defaults included.
    corpus : str
        Fingerprint of the documents (`topicml.Corpus.fingerprint`).
    fields : mapping of str to array, optional
        Fields of the corpus that the fit reads.
    views : sequence of sparse matrices
        Other texts of the same documents.
    **conditions
        Further conditions of the result, such as the number of threads.

    Returns
    -------
    dict
        Equal for two fits if and only if everything that decides their results is equal.
    """
    return {
        "topicml": __version__,
        "model": model,
        "parameters": {name: describe(value) for name, value in sorted(parameters.items())},
        "documents": {
            "corpus": corpus,
            "fields": {name: describe(values) for name, values in sorted((fields or {}).items())},
            "views": [describe(view) for view in views],
        },
        **{name: describe(value) for name, value in sorted(conditions.items())},
    }


def digest(identity: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an identity, hexadecimal.

    Parameters
    ----------
    identity : mapping
        JSON-able, as `fit_identity` returns it.

    Returns
    -------
    str
        64 characters.
    """
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def differences(one: Mapping[str, Any], other: Mapping[str, Any], *, prefix: str = "") -> list[str]:
    """Return the entries in which two identities differ, for messages.

    Parameters
    ----------
    one, other : mapping
        As `fit_identity` returns them.
    prefix : str
        Put before each name.

    Returns
    -------
    list of str
        Dotted names, such as "parameters.alpha".
    """
    names = []
    for name in sorted({*one, *other}):
        first, second = one.get(name), other.get(name)
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            names += differences(first, second, prefix=f"{prefix}{name}.")
        elif first != second:
            names.append(f"{prefix}{name}")
    return names


def describe(value: Any) -> Any:
    """Describe a value by its content, as JSON-able values that are equal in every process.

    Parameters
    ----------
    value : object
        Plain values stay themselves. Arrays and matrices become a digest of their content; `Settings`, their class and
        settings; gensim's ``KeyedVectors``, a digest of words and vectors; a path of a file, a digest of the file;
        functions, their code; other objects, their class and attributes.

    Returns
    -------
    object
        Made of dicts, lists, strings, numbers, booleans and None.
    """
    return _describe(value, ())


def _describe(value: Any, within: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return _file(value) if isinstance(value, str) and _looks_like_a_path(value) else value
    if isinstance(value, float | np.generic):
        return value.item() if isinstance(value, np.generic) else value
    if id(value) in within:
        return "itself"
    within = (*within, id(value))
    if isinstance(value, os.PathLike):
        return _file(os.fspath(value))
    if isinstance(value, np.ndarray):
        return _array(value, within)
    if issparse(value):
        matrix = value.tocsr()
        return {"matrix": list(matrix.shape), "sha256": _sha(matrix.indptr, matrix.indices, matrix.data)}
    if isinstance(value, Mapping):
        return {str(name): _describe(each, within) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_describe(each, within) for each in value]
    if isinstance(value, set | frozenset):
        return sorted((_describe(each, within) for each in value), key=repr)
    if isinstance(value, Settings):
        return _object(value, value.settings(), within)
    if hasattr(value, "index_to_key") and hasattr(value, "vectors"):  # gensim's KeyedVectors
        words = [str(word) for word in value.index_to_key]
        return {"object": _name(type(value)), "words": _text(words), "vectors": _array(value.vectors, within)}
    if isinstance(value, type):
        return {"class": _name(value)}
    if isinstance(value, partial):
        return _object(value, {"function": value.func, "args": value.args, "keywords": value.keywords}, within)
    if isinstance(value, FunctionType):
        return _function(value, within)
    if hasattr(value, "__dict__"):
        return _object(value, vars(value), within)
    return {"object": _name(type(value)), "sha256": _pickled(value)}


def _object(value: Any, attributes: Mapping[str, Any], within: tuple[int, ...]) -> dict[str, Any]:
    return {"object": _name(type(value)), "settings": {n: _describe(v, within) for n, v in attributes.items()}}


def _function(function: FunctionType, within: tuple[int, ...]) -> dict[str, Any]:
    cells = [_describe(cell.cell_contents, within) for cell in function.__closure__ or ()]
    defaults = _describe([function.__defaults__, function.__kwdefaults__], within)
    return {"function": f"{function.__module__}.{function.__qualname__}", "given": [cells, defaults]} | {
        "sha256": hashlib.sha256(repr(_code(function.__code__)).encode()).hexdigest()
    }


def _code(code: CodeType) -> list[Any]:
    constants = [_code(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return [code.co_code.hex(), code.co_names, constants]


def _array(array: np.ndarray, within: tuple[int, ...]) -> dict[str, Any]:
    if array.dtype == object:
        return {"array": list(array.shape), "sha256": _text([repr(_describe(each, within)) for each in array.ravel()])}
    return {"array": list(array.shape), "dtype": array.dtype.str, "sha256": _sha(array)}


def _sha(*arrays: np.ndarray) -> str:
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def _text(lines: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(lines)).encode()).hexdigest()


def _looks_like_a_path(text: str) -> bool:
    return bool(Path(text).suffix or os.sep in text) and len(text) < 4096 and "\n" not in text and Path(text).is_file()


def _file(path: str) -> Any:
    if not Path(path).is_file():
        return path
    with open(path, "rb") as stream:
        return {"file": hashlib.file_digest(stream, "sha256").hexdigest()}


def _pickled(value: Any) -> str:
    try:
        return hashlib.sha256(pickle.dumps(value, protocol=4)).hexdigest()
    except Exception:  # an object may fail to pickle in any way; describe it by its class
        return ""


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
