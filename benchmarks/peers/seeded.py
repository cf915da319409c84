"""Seeded topics of topica (keyATM, SeededLDA, CorEx with anchors) and BERTopic, with their defaults and one thread.

    cd benchmarks; python -m peers.seeded SYSTEM TASK.json RESULT.npz

TASK.json has the documents as lists of words (``train`` and ``held_out``), the ``seeds``, ``n_free`` (topics without
seeds) and ``seed``. RESULT.npz gets ``theta`` of the held-out documents, the seeded topics first, and ``words``, the 25
first words of each topic. Run it with the interpreter of the peers (benchmarks/requirements.txt).
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

TOP_WORDS = 25


def main(system: str, source: str, target: str) -> None:
    with open(source, encoding="utf-8") as stream:
        task = json.load(stream)
    theta, words = SYSTEMS[system](task)
    padded = [[*each, *[""] * (TOP_WORDS - len(each))][:TOP_WORDS] for each in words]
    np.savez(target, theta=np.asarray(theta, dtype=np.float64), words=np.array(padded))


def keyatm(task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    import topica

    model = topica.KeyATM(task["seeds"], num_topics=len(task["seeds"]) + task["n_free"], seed=task["seed"])
    return of_topica(model, task)


def seeded_lda(task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    import topica

    return of_topica(topica.SeededLDA(task["seeds"], residual=task["n_free"], seed=task["seed"]), task)


def corex(task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    import topica

    anchors = task["seeds"]
    return of_topica(topica.CorEx(len(anchors) + task["n_free"], anchor_words=anchors, seed=task["seed"]), task)


def bertopic(task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    """Guided topics of BERTopic over all-MiniLM-L6-v2.

    BERTopic does not say which topic belongs to which seeds. A label gets the topic whose embedding is nearest to that
    of its seeds (`BERTopic.find_topics`), one to one with the largest sum. Topics are hard; as in bertopic_model.py,
    documents that BERTopic leaves out get the topic with the nearest embedding. Theta is a half for the topic of the
    document, and the other half is shared by the cosine similarity of embeddings.
    """
    from bertopic.backend import BaseEmbedder
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics.pairwise import cosine_similarity

    from peers.bertopic_model import new_model
    from peers.encoders import encode

    class MiniLM(BaseEmbedder):
        def embed(self, documents: Any, verbose: bool = False) -> np.ndarray:
            return encode(list(documents))

    seeds, n_topics = list(task["seeds"].values()), len(task["seeds"]) + task["n_free"]
    train, held_out = ([" ".join(each) for each in task[part]] for part in ("train", "held_out"))
    words = sorted({word for text in train for word in text.split()})
    model = new_model(words, n_topics, task["seed"], seed_topic_list=seeds, embedding_model=MiniLM())
    model.fit(train, encode(train).copy())  # guiding changes the embeddings in place
    numbers = [k for k in sorted(model.get_topics()) if k >= 0]
    topics = np.asarray(model.topic_embeddings_)[[k + model._outliers for k in numbers]]
    labels, owned = linear_sum_assignment(-cosine_similarity(encode([" ".join(each) for each in seeds]), topics))
    order = [*owned, *(k for k in range(len(numbers)) if k not in owned)]  # all labels have a topic if there are enough
    if len(labels) < len(seeds):
        raise ValueError(f"BERTopic made {len(numbers)} topics for {len(seeds)} seeded ones.")
    vectors = encode(held_out)
    leading = np.array(model.transform(held_out, vectors)[0])
    similarity = cosine_similarity(vectors, topics)
    leading[leading < 0] = similarity.argmax(axis=1)[leading < 0]
    near = (1 + similarity) / 2
    theta = near / near.sum(axis=1, keepdims=True) / 2
    theta[np.arange(len(theta)), leading] += 0.5
    return theta[:, order], [[word for word, _ in model.get_topic(numbers[k]) if word] for k in order]


def of_topica(model: Any, task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    """Fit, and infer theta of the held-out documents; those without known words get equal shares."""
    model.fit([each for each in task["train"] if each])
    known = set(model.vocabulary)
    held_out = [[word for word in each if word in known] for each in task["held_out"]]
    words = model.top_words(TOP_WORDS)
    words = [[each if isinstance(each, str) else each[0] for each in topic] for topic in words]
    theta = np.full((len(held_out), len(words)), 1 / len(words))
    has_words = [i for i, each in enumerate(held_out) if each]
    theta[has_words] = np.asarray(model.transform([held_out[i] for i in has_words]))
    return theta, words


SYSTEMS: dict[str, Callable[[dict[str, Any]], tuple[np.ndarray, list[list[str]]]]] = {
    "keyatm": keyatm,
    "seeded_lda": seeded_lda,
    "corex": corex,
    "bertopic": bertopic,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
