"""Topics of two languages with topica (PolylingualLDA, InfoCTM), with their defaults and one thread.

    python benchmarks/peers/multilingual.py SYSTEM TASK.json RESULT.json

TASK.json has the documents of each language as lists of words (``train``), the ``keys`` that translations share (None
for documents without one), ``texts`` to infer (name: language and documents), ``pairs`` of words such as "en:game",
``n_topics`` and ``seed``. RESULT.json gets ``thetas`` by name, and ``topics``: ten words in each language. Run it with
the interpreter of the peers (benchmarks/requirements.txt).
"""

import json
import sys
from typing import Any

import numpy as np


def main(system: str, source: str, target: str) -> None:
    with open(source, encoding="utf-8") as stream:
        task = json.load(stream)
    thetas, topics = SYSTEMS[system](task)
    with open(target, "w", encoding="utf-8") as stream:
        json.dump({"thetas": thetas, "topics": topics}, stream)


def polylingual_lda(task: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    import topica

    tuples: dict[Any, dict[str, list[str]]] = {}
    for name, documents in task["train"].items():
        for row, (key, words) in enumerate(zip(task["keys"][name], documents, strict=True)):
            if words:
                tuples.setdefault(key if key is not None else (name, row), {})[name] = words
    languages = list(task["train"])
    model = topica.PolylingualLDA(task["n_topics"], seed=task["seed"])
    model.fit({name: [each.get(name, []) for each in tuples.values()] for name in languages})
    thetas = {}
    for name, (language, texts) in task["texts"].items():
        thetas[name] = model.transform({each: texts if each == language else [[]] * len(texts) for each in languages})
    return as_lists(thetas), {name: plain(model.top_words(10, lang=name)) for name in languages}


def infoctm(task: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    import topica

    languages = list(task["train"])
    pairs = [tuple(word.partition(":")[2] for word in pair) for pair in task["pairs"]]
    model = topica.InfoCTM(task["n_topics"], seed=task["seed"], languages=tuple(languages))
    documents = [[each for each in task["train"][name] if each] for name in languages]
    model.fit(*documents, dictionary=pairs)
    thetas = {name: model.transform(texts, lang=language) for name, (language, texts) in task["texts"].items()}
    return as_lists(thetas), {name: plain(model.top_words(10, lang=name)) for name in languages}


def as_lists(thetas: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(theta).tolist() for name, theta in thetas.items()}


def plain(topics: Any) -> list[list[str]]:
    return [[each if isinstance(each, str) else each[0] for each in topic] for topic in topics]


SYSTEMS = {"polylingual_lda": polylingual_lda, "infoctm": infoctm}

if __name__ == "__main__":
    main(*sys.argv[1:])
