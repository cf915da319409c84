"""Topics of two languages with topica (PolylingualLDA, InfoCTM) and TopMost (InfoCTM), with one thread.

    python benchmarks/peers/multilingual.py SYSTEM TASK.json RESULT.json

TASK.json has the documents of each language as lists of words (``train``), the ``keys`` that translations share (None
for documents without one), ``texts`` to infer (name: language and documents), ``pairs`` of words such as "en:game",
``n_topics``, ``seed`` and perhaps ``epochs`` and the ``vectors`` of the words of each language. All else are
defaults. RESULT.json gets ``thetas`` by name, and ``topics``: ten words in each language. Run it with
the interpreter of the peers (benchmarks/requirements.txt).
"""

import json
import sys
from types import SimpleNamespace
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


def topmost_infoctm(task: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """As TopMost's own loader: batches of as many documents of each language, words linked by vectors and pairs."""
    import torch
    from topmost_models import BATCH_SIZE, torchvision_stand_in

    with torchvision_stand_in():
        from topmost.data.crosslingual_dataset import _BilingualDataset
        from topmost.models import InfoCTM
        from topmost.trainers.crosslingual.crosslingual_trainer import CrosslingualTrainer
    torch.set_num_threads(1)
    torch.manual_seed(task["seed"])
    first, second = languages = list(task["train"])
    words = {name: list(task["vectors"][name]) for name in languages}
    number = {name: {word: i for i, word in enumerate(words[name])} for name in languages}

    def counts(language: str, documents: list[list[str]]) -> torch.Tensor:
        matrix = torch.zeros(len(documents), len(words[language]))
        for row, document in zip(matrix, documents, strict=True):
            for word in document:
                if word in number[language]:
                    row[number[language][word]] += 1
        return matrix

    translations = np.zeros((len(words[first]), len(words[second])), dtype=np.float32)
    for pair in task["pairs"]:
        one, other = (word.partition(":")[2] for word in pair)
        if one in number[first] and other in number[second]:
            translations[number[first][one], number[second][other]] = 1
    bags = [counts(name, [each for each in task["train"][name] if each]) for name in languages]
    loader = torch.utils.data.DataLoader(_BilingualDataset(*bags), batch_size=BATCH_SIZE, shuffle=True)
    data = SimpleNamespace(
        train_dataloader=loader,
        train_bow_en=bags[0],
        train_bow_cn=bags[1],
        vocab_en=words[first],
        vocab_cn=words[second],
    )
    vectors = [np.array(list(task["vectors"][name].values()), dtype=np.float32) for name in languages]
    model = InfoCTM(translations, *vectors, *map(len, vectors), num_topics=task["n_topics"])
    trainer = CrosslingualTrainer(model, data, num_top_words=10, epochs=task["epochs"])
    topics = trainer.train()[:2]
    place = {first: "en", second: "cn"}
    thetas = {
        name: trainer.infer_theta(counts(language, texts), lang=place[language])
        for name, (language, texts) in task["texts"].items()
    }
    return as_lists(thetas), {name: [each.split() for each in of] for name, of in zip(languages, topics, strict=True)}


def as_lists(thetas: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(theta).tolist() for name, theta in thetas.items()}


def plain(topics: Any) -> list[list[str]]:
    return [[each if isinstance(each, str) else each[0] for each in topic] for topic in topics]


SYSTEMS = {"polylingual_lda": polylingual_lda, "infoctm": infoctm, "topmost_infoctm": topmost_infoctm}

if __name__ == "__main__":
    main(*sys.argv[1:])
