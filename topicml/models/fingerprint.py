"""A name for a run of training: its model, hyper-parameters and documents."""

import hashlib
import json
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator

from topicml.corpus.documents import Documents
from topicml.settings import Settings


def run_fingerprint(estimator: BaseEstimator, documents: Documents) -> str:
    """A digest that differs where anything does that changes what training arrives at, to the bit."""
    parameters = {name: _told(value) for name, value in estimator.get_params(deep=False).items()}
    parameters = {name: value for name, value in parameters.items() if name not in ("verbose", "preprocessor")}
    parameters["threads"] = str(torch.get_num_threads())
    digest = hashlib.sha256(json.dumps([type(estimator).__name__, parameters], sort_keys=True).encode())
    if documents.corpus is not None:
        digest.update(documents.corpus.fingerprint.encode())
    for view in documents.views:
        digest.update(view.data.tobytes() + view.indices.tobytes() + view.indptr.tobytes())
    if documents.corpus is None:
        for array in (documents.counts.indptr, documents.counts.indices, documents.counts.data):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _told(value: Any) -> str:
    """A hyper-parameter as text that differs where the value does; numpy abbreviates large arrays."""
    if isinstance(value, np.ndarray):
        return hashlib.sha256(value.tobytes()).hexdigest()
    if isinstance(value, Settings):
        return f"{type(value).__name__}({', '.join(f'{k}={_told(v)}' for k, v in value.settings().items())})"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_told, value))}]"
    return repr(value)
