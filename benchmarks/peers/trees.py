"""Hierarchical topics of TopMost (TraCo), with its defaults, one thread and the epochs of the task.

    python benchmarks/peers/trees.py SYSTEM TASK.npz RESULT.npz

TASK.npz has the counts of the documents (``train`` and ``held_out``, as parts of CSR matrices), the ``vocabulary``, the
numbers of topics of the two ``levels``, ``epochs`` and ``seed``. RESULT.npz gets ``theta`` and ``parent_theta`` of the
held-out documents, ``words`` and ``parent_words`` (the 15 first of each topic), and the ``parent`` of each topic. Run
it with the interpreter of the peers (benchmarks/requirements.txt).
"""

import random
import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

TOP_WORDS = 15


def main(system: str, source: str, target: str) -> None:
    with np.load(source, allow_pickle=False) as arrays:
        task = dict(arrays)
    np.savez(target, **SYSTEMS[system](task))


def traco(task: Mapping[str, Any]) -> dict[str, np.ndarray]:
    from topmost_models import torchvision_stand_in

    with torchvision_stand_in():
        from topmost.models.hierarchical.TraCo.TraCo import TraCo
        from topmost.trainers.hierarchical.hierarchical_trainer import HierarchicalTrainer
    torch.set_num_threads(1)
    seed = int(task["seed"])
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    train, held_out = (torch.from_numpy(counts(task, name).toarray().astype(np.float32)) for name in NAMES)
    vocabulary = task["vocabulary"].tolist()
    loader = torch.utils.data.DataLoader(train, batch_size=200, shuffle=True)
    data = SimpleNamespace(train_dataloader=loader, train_data=train, test_data=held_out, vocab=vocabulary)
    model = TraCo(len(vocabulary), num_topics_list=task["levels"].tolist())
    trainer = HierarchicalTrainer(model, data, num_top_words=TOP_WORDS, epochs=int(task["epochs"]))
    trainer.train()
    parent_theta, theta = trainer.test(held_out)
    parents, topics = (first_words(beta.detach().numpy(), vocabulary) for beta in model.get_beta())
    phi = model.get_phi_list()[0].detach().numpy()  # (n_parents, n_topics)
    return {
        "theta": theta,
        "parent_theta": parent_theta,
        "words": topics,
        "parent_words": parents,
        "parent": phi.argmax(axis=0),
    }


def first_words(beta: np.ndarray, vocabulary: list[str]) -> np.ndarray:
    return np.array(vocabulary)[np.argsort(-beta, axis=1, kind="stable")[:, :TOP_WORDS]]


def counts(task: Mapping[str, Any], name: str) -> csr_matrix:
    parts = tuple(task[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
    return csr_matrix(parts, shape=(len(parts[2]) - 1, len(task["vocabulary"])))


NAMES = ("train", "held_out")
SYSTEMS: dict[str, Callable[[Mapping[str, Any]], dict[str, np.ndarray]]] = {"traco": traco}

if __name__ == "__main__":
    main(*sys.argv[1:])
