"""The identity of a fit: one description of what decides its result, and one digest of it.

Checkpoints, run folders and grids use the same description, so all three answer "is this the same fit?" alike: the
version of topicml, the model with all its parameters (defaults written out), and the content of the documents, of the
fields that contrasts read, of views, and of objects given as parameters. Content decides, not the address in memory and
not the name of a file.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import CellType, CodeType, FunctionType, MethodType
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
        Equal for two fits exactly if they are defined to give the same result.
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
    """The SHA-256 of an identity, hexadecimal.

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
    """The entries in which two identities differ, for messages.

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
    found = []
    for name in sorted({*one, *other}):
        mine, theirs = one.get(name), other.get(name)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            found += differences(mine, theirs, prefix=f"{prefix}{name}.")
        elif json.dumps(mine, sort_keys=True) != json.dumps(theirs, sort_keys=True):  # as in `digest`: True is not 1
            found.append(f"{prefix}{name}")
    return found


def describe(value: Any) -> Any:
    """A value as JSON-able content: equal for values that decide the same, whatever process made them.

    Parameters
    ----------
    value : object
        Plain values stay themselves. Arrays and matrices become a digest of their content; `Settings`, their class and
        settings; gensim's ``KeyedVectors``, a digest of words and vectors; a path of a file, a digest of the file;
        functions, their code; other objects, their class and the state that copying them would copy.

    Returns
    -------
    object
        Made of dicts, lists, strings, numbers, booleans and None.
    """
    return _described(value, ())


def _described(value: Any, within: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return _file(value) if isinstance(value, str) and _looks_like_a_path(value) else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value  # alpha=1 and alpha=1.0 are the same
    if isinstance(value, np.generic) and not isinstance(value.item(), np.generic):  # long doubles stay what they are
        return _described(value.item(), within)
    if isinstance(value, bytes):
        return {"bytes": hashlib.sha256(value).hexdigest()}
    if id(value) in within:
        return "itself"
    within = (*within, id(value))
    if isinstance(value, os.PathLike):
        return _file(os.fspath(value))
    if isinstance(value, np.ndarray):
        return _array(value, within)
    if issparse(value):
        matrix = value.tocsr()
        places = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))  # whatever the width of the index
        return {"matrix": list(matrix.shape), "sha256": _sha(*places, matrix.data)}
    if isinstance(value, Mapping):
        return {str(name): _described(each, within) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_described(each, within) for each in value]
    if isinstance(value, set | frozenset):
        return sorted((_described(each, within) for each in value), key=repr)
    if isinstance(value, Settings):
        return _object(value, value.resolved_settings(), within)
    if hasattr(value, "index_to_key") and hasattr(value, "vectors"):  # gensim's KeyedVectors
        words = [str(word) for word in value.index_to_key]
        return {"object": _name(type(value)), "words": _text(words), "vectors": _array(value.vectors, within)}
    if isinstance(value, type):
        return {"class": _name(value)}
    if isinstance(value, partial):
        return _object(value, {"function": value.func, "args": value.args, "keywords": value.keywords}, within)
    if isinstance(value, FunctionType):
        return _function(value, within)
    if isinstance(value, MethodType):
        return {"method": _described(value.__func__, within), "of": _described(value.__self__, within)}
    if all(hasattr(value, name) for name in ("detach", "cpu", "tolist")):  # a tensor of PyTorch
        return {"tensor": str(value.dtype), "values": _array(np.asarray(value.detach().cpu().tolist()), within)}
    return _other(value, within)


def _object(value: Any, attributes: Mapping[str, Any], within: tuple[int, ...]) -> dict[str, Any]:
    return {"object": _name(type(value)), "settings": {n: _described(v, within) for n, v in attributes.items()}}


def _other(value: Any, within: tuple[int, ...]) -> dict[str, Any]:
    """An object as its class and what a copy of it is made of: attributes (slots too), arguments, items."""
    try:
        reduced = value.__reduce_ex__(4)
    except Exception:  # an object may refuse in any way; its class then stands for it
        return {"object": _name(type(value))}
    if isinstance(reduced, str):  # the name of something global; a cached function wraps another
        return {"object": f"{getattr(value, '__module__', '')}.{reduced}"} | (
            {"of": _described(value.__wrapped__, within)} if hasattr(value, "__wrapped__") else {}
        )
    make, arguments, attributes, items, entries = (*reduced, None, None, None)[:5]
    content = [list(items or ()), dict(entries or ())]
    if isinstance(attributes, tuple) and len(attributes) == 2:  # of __dict__ and __slots__
        attributes = (attributes[0] or {}) | (attributes[1] or {})
    if make.__name__ == "__newobj__" and len(arguments) == 1 and isinstance(attributes, dict) and not any(content):
        return _object(value, attributes, within)
    return {
        "object": _name(type(value)),
        "state": _described([make.__qualname__, arguments, attributes, *content], within),
    }


def _cell(cell: CellType, within: tuple[int, ...]) -> Any:
    try:
        return _described(cell.cell_contents, within)
    except ValueError:  # still empty
        return None


def _function(function: FunctionType, within: tuple[int, ...]) -> dict[str, Any]:
    cells = [_cell(cell, within) for cell in function.__closure__ or ()]
    defaults = _described([function.__defaults__, function.__kwdefaults__], within)
    return {"function": f"{function.__module__}.{function.__qualname__}", "given": [cells, defaults]} | {
        "sha256": hashlib.sha256(repr(_code(function.__code__)).encode()).hexdigest()
    }


def _code(code: CodeType) -> list[Any]:
    return [code.co_code.hex(), code.co_names, [_constant(each) for each in code.co_consts]]


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return _code(value)
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)  # sets have another order each run


def _array(array: np.ndarray, within: tuple[int, ...]) -> dict[str, Any]:
    if array.dtype == object:
        # Texts and labels as they are: one that is also the name of a file here is not a file.
        values = [repr(each if isinstance(each, str) else _described(each, within)) for each in array.ravel()]
        return {"array": list(array.shape), "sha256": _text(values)}
    return {"array": list(array.shape), "dtype": array.dtype.str, "sha256": _sha(array)}


def _sha(*arrays: np.ndarray) -> str:
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def _text(lines: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(lines)).encode()).hexdigest()


def _looks_like_a_path(text: str) -> bool:
    return bool(Path(text).suffix or os.sep in text) and "\n" not in text and os.path.isfile(text)  # noqa: PTH113 - Path.is_file raises for long names


def _file(path: str) -> Any:
    if not Path(path).is_file():
        return path
    with open(path, "rb") as stream:
        return {"file": hashlib.file_digest(stream, "sha256").hexdigest()}


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
