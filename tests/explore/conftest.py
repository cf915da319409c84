"""A small fitted model of four plain subjects, with raw texts."""

import random
import warnings

import pytest

import topicml

SUBJECTS = {
    "sport": "match goal team player coach season league stadium referee striker trophy penalty",
    "cook": "recipe oven butter flour sugar onion garlic pepper sauce pasta dessert vinegar",
    "space": "rocket orbit planet telescope astronaut satellite galaxy comet gravity asteroid mission probe",
    "money": "bank loan interest mortgage credit inflation market stock dividend budget currency pension",
}


def make_texts(n: int = 240, seed: int = 0) -> tuple[list[str], list[str]]:
    """Texts of twelve words, of which every fourth is of another subject; and their subjects."""
    draw, names = random.Random(seed), list(SUBJECTS)
    texts, subjects = [], []
    for number in range(n):
        name = names[number % 4]
        kinds = [name if draw.random() < 0.75 else draw.choice(names) for _ in range(12)]
        texts.append(" ".join(draw.choice(SUBJECTS[kind].split()) for kind in kinds))
        subjects.append(name)
    return texts, subjects


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return make_texts()[0]


@pytest.fixture(scope="session")
def subjects() -> list[str]:
    return make_texts()[1]


@pytest.fixture(scope="session")
def fitted_once(texts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return topicml.ProdLDA(n_topics=4, random_state=0, max_epochs=15, hidden=32, device="cpu").fit(texts)


@pytest.fixture
def saved(fitted_once, tmp_path):
    """The folder of the model, and the model as it is loaded from there."""
    fitted_once.save(tmp_path / "model")
    return topicml.load(tmp_path / "model")
