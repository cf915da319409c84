"""TopMost's models with its own defaults: 200 epochs, batches of 200, Adam at 0.002."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import scipy.sparse as sp
import sentence_transformers  # noqa: F401 - must look for torchvision before the substitute exists
import torch
from torch.utils.data import DataLoader

EPOCHS = 200
BATCH_SIZE = 200
TOP_WORDS = 25
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@contextmanager
def torchvision_stand_in() -> Iterator[None]:
    """Context manager: provide the one function of torchvision that TopMost imports, a file download that is not used.

    torchvision must match torch's build, and has no build for some CPU builds. An installed torchvision is left alone.
    """
    if importlib.util.find_spec("torchvision") is not None:
        yield
        return

    def download_url(*args: object, **kwargs: object) -> None:
        raise RuntimeError("This is a stand-in for torchvision, which cannot download; install torchvision.")

    names = ["torchvision", "torchvision.datasets", "torchvision.datasets.utils"]
    modules = {name: ModuleType(name) for name in names}
    modules[names[-1]].download_url = download_url  # type: ignore[attr-defined]
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


with torchvision_stand_in():
    from topmost import ECRTM, ETM, TSCTM, BasicTrainer, ProdLDA


def fit(
    kind: type,
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
    epochs: int = EPOCHS,
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_topics), and transform; word order is not used.

    ETM, whose theta and beta make a mixture of words, returns beta as well.
    """
    torch.manual_seed(seed)
    np.random.seed(seed)  # TopMost draws from the global generator
    # The attributes of TopMost's RawDataset. Its preprocessing is skipped: corpora are used unchanged.
    bags = torch.from_numpy(counts.toarray()).float().to(DEVICE)
    loader = DataLoader(bags, batch_size=BATCH_SIZE, shuffle=True)
    dataset = SimpleNamespace(train_data=bags, train_dataloader=loader, vocab=vocabulary, vocab_size=len(vocabulary))
    model = kind(len(vocabulary), num_topics=n_topics).to(DEVICE)
    trainer = BasicTrainer(model, dataset, num_top_words=TOP_WORDS, epochs=epochs, batch_size=BATCH_SIZE)
    topics, theta = trainer.train()

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        return np.asarray(trainer.test(torch.from_numpy(counts.toarray()).float().to(DEVICE)))

    result = {"topics": [topic.split() for topic in topics], "theta": theta, "transform": transform}
    return result | ({"beta": trainer.get_beta()} if kind is ETM else {})


prodlda, tsctm, etm, ecrtm = (partial(fit, kind) for kind in (ProdLDA, TSCTM, ETM, ECRTM))
