from pathlib import Path

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.experiment import CorpusEntry, ModelEntry

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def corpus():
    """120 documents of three subjects with words of their own, and labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=120)
    documents = [[f"{'abc'[label]}{i}" for i in rng.integers(12, size=15)] for label in labels]
    return Corpus.from_tokens(documents, fields={"label": labels})


@pytest.fixture
def entry(corpus):
    return CorpusEntry("tiny", corpus, held_out_share=0)


@pytest.fixture
def adapter():
    def made(function, name=None, **parameters):
        return ModelEntry(name or function, adapter=f"adapters:{function}", path=(str(HERE),), parameters=parameters)

    return made
