"""A fit by several processes is the fit by one process."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributed

import topicml
from tests.training.fit_in_ranks import CASES, FIT, corpus, fitted
from topicml.errors import InputError
from topicml.nn import log_softmax, ranks
from topicml.nn.batch import Batch

SCRIPT = Path(__file__).with_name("fit_in_ranks.py")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What `fit_in_ranks.py` wrote: "4_0" is of the first of four ranks."""
    folder = tmp_path_factory.mktemp("ranks")
    root = str(SCRIPT.parents[2])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root}
    processes = [
        subprocess.Popen([sys.executable, str(SCRIPT), str(folder), str(rank)], env=environment) for rank in range(4)
    ]
    try:
        assert [process.wait(timeout=900) for process in processes] == [0, 0, 0, 0]
    finally:
        for process in processes:
            process.kill()
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*_*.json")}


@pytest.fixture(scope="module")
def one_process() -> dict[str, dict]:
    """The cases, fitted here."""
    documents = corpus()
    return {name: fitted(model, documents) for name, model in CASES.items() if name != "any seed"}


@pytest.mark.parametrize("case", [name for name in CASES if name != "any seed"])
def test_two_ranks_fit_as_one_process(results: dict, one_process: dict, case: str) -> None:
    of_two, of_one = results["2_0"][case], one_process[case]
    np.testing.assert_allclose(of_two["bounds"], of_one["bounds"], atol=1e-4)
    assert of_two["topics"] == of_one["topics"]
    assert of_two["led"] == of_one["led"]


def test_threads_of_a_group_end_with_it(results: dict) -> None:
    """A process that ends while they run may abort."""
    for result in results.values():
        assert not [name for name in result["threads"] if "gloo" in name]


@pytest.mark.parametrize("case", ["plain", "set"])
def test_four_ranks_fit_as_one_process(results: dict, one_process: dict, case: str) -> None:
    np.testing.assert_allclose(results["4_0"][case]["bounds"], one_process[case]["bounds"], atol=1e-4)
    assert results["4_0"][case]["topics"] == one_process[case]["topics"]


@pytest.mark.parametrize("case", [*CASES])
def test_all_ranks_have_the_same_bits(results: dict, case: str) -> None:
    assert results["2_0"][case] == results["2_1"][case]  # also if there is no seed
    if case in results["4_0"]:
        assert all(results["4_0"][case] == results[f"4_{rank}"][case] for rank in (1, 2, 3))


def test_one_rank_can_stop_all(results: dict) -> None:
    assert [results[f"4_{rank}"]["early"] for rank in range(4)] == [2] * 4


def test_two_ranks_resume_the_fit_of_four(results: dict, one_process: dict) -> None:
    for rank in (0, 1):
        resumed = results[f"2_{rank}"]["resumed"]
        assert resumed["epochs"] == [3, 4]
        np.testing.assert_allclose(resumed["bounds"], one_process["plain"]["bounds"], atol=1e-4)


def test_the_first_rank_alone_writes(results: dict) -> None:
    assert not results["2_1"]["files elsewhere"]


def test_callbacks_run_on_each_rank_alone(results: dict) -> None:
    assert results["2_0"]["ranks in callbacks"] == [1, 1]


def test_ranks_that_round_differently_do_not_drift_apart(results: dict) -> None:
    assert results["2_0"]["drifting"] == results["2_1"]["drifting"]


def test_one_rank_can_infer_alone(results: dict) -> None:
    assert results["2_0"]["perplexity"] > 1


def test_partial_fit_by_two_is_that_of_one(results: dict) -> None:
    documents = corpus()
    model = topicml.ProdLDA(**FIT).partial_fit(documents).partial_fit(documents)
    np.testing.assert_allclose(results["2_1"]["partial_fit"], model.components_, atol=1e-4)


@pytest.mark.parametrize(("case", "difference"), [("other settings", "batch_size"), ("other documents", "corpus")])
def test_ranks_that_differ_are_refused(results: dict, case: str, difference: str) -> None:
    for rank in (0, 1):
        assert "process 1 differs from process 0 in" in results[f"2_{rank}"][case]
        assert difference in results[f"2_{rank}"][case]


def test_an_error_of_the_first_rank_reaches_all(results: dict) -> None:
    assert all("not a complete checkpoint" in results[f"2_{rank}"]["damaged checkpoint"] for rank in (0, 1))


def test_two_fits_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
    refused: list[str] = []

    def other() -> None:
        try:
            with ranks.together():
                pass
        except InputError as error:
            refused.append(str(error))

    with ranks.together(), ranks.together():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert ranks.n_ranks() == 2
        with ranks.apart():
            assert ranks.n_ranks() == 1
    assert ranks.n_ranks() == 1
    assert "Fit one model after the other" in refused[0]


def test_a_rank_that_ended_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> None:
        raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(ranks, "n_ranks", lambda: 2)
    monkeypatch.setattr(distributed, "all_reduce", closed)
    with pytest.raises(RuntimeError, match="Another process of this fit ended"):
        ranks.summed([torch.ones(2)])


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InputError, match="1 GPUs for 2 processes"), ranks.launched("cuda"):
        pass


def test_each_rank_computes_the_part_of_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ranks in two threads, whose messages meet here."""
    batch = Batch.from_counts(corpus().counts, np.arange(11))
    theta, beta, bias = torch.rand(11, 3), torch.rand(3, 60), torch.rand(60)
    of_one = _gradients(theta, beta, bias, batch)
    meeting, messages, read = threading.Barrier(2), [None, None], []
    rank = threading.local()

    def all_messages(message: torch.Tensor) -> list:
        messages[rank.number] = message.clone()
        meeting.wait()
        found = [*messages]
        meeting.wait()
        return found

    def all_gather(parts: list[torch.Tensor], part: torch.Tensor) -> None:
        for own, other in zip(parts, all_messages(part), strict=True):
            own.copy_(other)

    def column_blocks(matrix: torch.Tensor, n_rows: int) -> list[slice]:
        read.append(matrix.shape[1])
        return [slice(0, 7), slice(7, matrix.shape[1])]

    monkeypatch.setattr(ranks, "n_ranks", lambda: 2)
    monkeypatch.setattr(log_softmax, "n_ranks", lambda: 2)
    monkeypatch.setattr(log_softmax, "column_blocks", column_blocks)
    monkeypatch.setattr(distributed, "get_rank", lambda: rank.number)
    monkeypatch.setattr(distributed, "all_gather", all_gather)
    monkeypatch.setattr(distributed, "all_reduce", lambda message: message.copy_(sum(all_messages(message))))
    found: list = [None, None]

    def work(number: int) -> None:
        rank.number = number
        found[number] = _gradients(theta, beta, bias, batch)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [30] * 8  # forward and backward, plain and scaled, of two ranks
    for ours in found:
        for value, expected in zip(ours, of_one, strict=True):
            torch.testing.assert_close(value, expected)
    assert all(torch.equal(*pair) for pair in zip(*found, strict=True))


@pytest.mark.parametrize(("n_columns", "n_ranks"), [(10, 3), (2, 4), (8, 2)])
def test_columns_of_ranks_cover_a_matrix(monkeypatch: pytest.MonkeyPatch, n_columns: int, n_ranks: int) -> None:
    monkeypatch.setattr(ranks, "n_ranks", lambda: n_ranks)
    shares, matrix = ranks._shares(n_columns, n_ranks), torch.rand(2, n_columns)
    assert [i for share in shares for i in range(n_columns)[share]] == list(range(n_columns))
    padded = [torch.zeros(2, -(-n_columns // n_ranks)) for _ in shares]
    for part, share in zip(padded, shares, strict=True):
        part[:, : share.stop - share.start] = matrix[:, share]
    monkeypatch.setattr(ranks, "parts_of_all", lambda part: torch.stack(padded))
    assert torch.equal(ranks.columns_of_all(matrix[:, shares[0]], n_columns), matrix)


def _gradients(theta: torch.Tensor, beta: torch.Tensor, bias: torch.Tensor, batch: Batch) -> list[torch.Tensor]:
    """Likelihood and gradients of plain and of scaled logits, on this thread."""
    covariance = theta.T @ theta / len(theta)
    scale = ((covariance @ beta) * beta).sum(dim=0).rsqrt()
    results = []
    for is_scaled in (False, True):
        inputs = [each.clone().requires_grad_() for each in (theta, beta, bias, covariance)]
        unit = log_softmax.UnitVariance(inputs[3], scale) if is_scaled else None
        value = log_softmax.log_softmax_at_words(*inputs[:3], batch, unit)
        results += [value.detach(), *torch.autograd.grad(value.sum(), inputs if is_scaled else inputs[:3])]
    return results
