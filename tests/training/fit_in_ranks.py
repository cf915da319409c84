"""One process of fits by several: first of four, then of two; it writes what came out for `test_ranks.py`.

``python fit_in_ranks.py FOLDER RANK``
"""

import json
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import distributed

import topicml
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.identity import describe
from topicml.models import TopicModel
from topicml.nn import ranks
from topicml.training import Step

FIT = {"n_topics": 4, "max_epochs": 4, "patience": 4, "batch_size": 50, "validation_fraction": 0.2, "random_state": 0}
CASES: dict[str, TopicModel] = {
    "plain": topicml.ProdLDA(**FIT),
    "set": topicml.ProdLDA(**FIT, contrast="set"),  # with the Pareto balance
    "infonce, sum": topicml.ProdLDA(**FIT, contrast="infonce", balance="sum"),
    "several": topicml.ProdLDA(**FIT, contrast=["infonce", "probabilistic"]),
    "sampled": topicml.ProdLDA(**FIT, sampled_words=20),
    "targets": topicml.ProdLDA(**FIT, reconstruct="targets"),
    "neighbours": topicml.ProdLDA(**FIT, neighbour_share=0.5),
    "codebook": topicml.TSCTM(**FIT),
    "parts": topicml.DocNADE(**FIT),
    "ecrtm": topicml.ECRTM(**FIT),
    "any seed": topicml.ProdLDA(**{**FIT, "random_state": None}),
}


def corpus() -> Corpus:
    """Documents of 4 known topics, with targets."""
    random = np.random.default_rng(0)
    topics = [[f"w{topic}_{i}" for i in range(15)] for topic in range(4)]
    documents = Corpus.from_tokens([list(random.choice(topics[i % 4], size=12)) for i in range(151)])
    return documents.with_targets(documents.counts + documents.counts[np.arange(4, 155) % 151])


def fitted(model: TopicModel, documents: Corpus) -> dict:
    """What is compared."""
    model.fit(documents)
    return {
        "bounds": [record["held_out"] for record in model.history_],
        "weights": describe({name: value.numpy() for name, value in model.network_.state_dict().items()}),
        "topics": [sorted(words) for words in model.topics(10)],
        "led": describe(model._documents_led),
    }


def refusal(model: TopicModel, documents: Corpus, **options: object) -> str:
    """The message of the error of a fit."""
    try:
        model.fit(documents, **options)
    except InputError as error:
        return str(error)
    return ""


def fit_by_four(rank: int, folder: Path, documents: Corpus) -> dict:
    """Two cases, and a fit that is interrupted in its third epoch."""
    results: dict = {name: fitted(CASES[name], documents) for name in ("plain", "set")}
    with suppress(KeyboardInterrupt):
        model = topicml.ProdLDA(**FIT)
        model.fit(documents, checkpoint=folder / "checkpoint", checkpoint_seconds=0.0, callbacks=[_interrupt])
    # The last rank alone wants to stop.
    early = topicml.ProdLDA(**FIT).fit(documents, callbacks=[lambda record: rank == 3 and record["epoch"] == 2])
    return {**results, "early": early.n_iter_}


def fit_by_two(rank: int, folder: Path, documents: Corpus) -> dict:
    """All cases; the interrupted fit; what is refused."""
    results: dict = {name: fitted(model, documents) for name, model in CASES.items()}
    seen: list[int] = []
    # The folder of the second rank is empty, as on another machine.
    where = folder / ("checkpoint" if rank == 0 else "elsewhere")
    model = topicml.ProdLDA(**FIT)
    together: list[int] = []
    callbacks = [lambda record: seen.append(record["epoch"]), lambda _: together.append(ranks.n_ranks())]
    model.fit(documents, checkpoint=where, checkpoint_seconds=0.0, callbacks=callbacks)
    results["ranks in callbacks"] = together
    results["drifting"] = _drifting(rank, documents)
    results["resumed"] = {"epochs": seen, "bounds": [record["held_out"] for record in model.history_]}
    results["files elsewhere"] = (folder / "elsewhere").exists()
    if rank == 0:
        results["perplexity"] = model.perplexity(documents)  # the other rank does not take part
    part = topicml.ProdLDA(**FIT).partial_fit(documents)
    results["partial_fit"] = part.partial_fit(documents).components_.tolist()
    results["other settings"] = refusal(topicml.ProdLDA(**{**FIT, "batch_size": 50 + rank}), documents)
    results["other documents"] = refusal(topicml.ProdLDA(**FIT), documents[: 150 - rank])
    damaged = folder / "damaged"
    if rank == 0:
        damaged.mkdir()
        (damaged / "training.safetensors").write_bytes(b"no checkpoint")
    results["damaged checkpoint"] = refusal(topicml.ProdLDA(**FIT), documents, checkpoint=damaged)
    return results


def main(folder: Path, rank: int) -> None:
    """Fit, and write the results."""
    torch.set_num_threads(1)
    documents = corpus()
    for n_ranks, fit in ((4, fit_by_four), (2, fit_by_two)):
        if rank < n_ranks:
            address = f"file://{folder}/group_of_{n_ranks}"
            distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=n_ranks)
            results = fit(rank, folder, documents)
            distributed.destroy_process_group()
            (folder / f"{n_ranks}_{rank}.json").write_text(json.dumps({**results, "threads": _threads()}))


def _drifting(rank: int, documents: Corpus) -> dict:
    """A fit whose second rank rounds in another way."""

    def settle(step: Step) -> None:
        with torch.no_grad():
            step.network.decoder.beta += 1e-4 * rank

    original, Step.settle = Step.settle, settle
    try:
        return fitted(topicml.ProdLDA(**FIT), documents)
    finally:
        Step.settle = original


def _threads() -> list[str]:
    """Names of the threads of this process, where the system tells."""
    return [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]


def _interrupt(record: dict) -> None:
    if record["epoch"] == 3:
        raise KeyboardInterrupt


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
