"""A fit by several processes is the fit by one process."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import distributed

import topicml
from tests.training.fit_in_ranks import CASES, FIT, corpus, fitted
from topicml.errors import InputError
from topicml.nn import ranks
from topicml.nn.batch import Batch
from topicml.nn.log_softmax import log_softmax_at_words

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

    monkeypatch.setattr(distributed, "all_reduce", closed)
    with pytest.raises(RuntimeError, match="Another process of this fit ended"):
        ranks._summed([torch.ones(2)])


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InputError, match="1 GPUs for 2 processes"), ranks.launched("cuda"):
        pass


def test_each_rank_computes_its_part_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"is_initialized": True, "get_world_size": 2, "get_rank": 1, "all_reduce": None}.items():
        monkeypatch.setattr(distributed, name, lambda *_, value=value: value)
    batch = Batch.from_counts(corpus().counts, np.arange(11))
    theta, beta, bias = torch.rand(11, 3, requires_grad=True), torch.rand(3, 60), torch.rand(60)
    whole = log_softmax_at_words(theta, beta, bias, batch)
    seen: list[int] = []

    def likelihood(*arguments: torch.Tensor, **_: object) -> torch.Tensor:
        seen.append(len(arguments[0]))
        return log_softmax_at_words(*arguments)

    with ranks.together():
        with ranks.apart():
            (gradient,) = torch.autograd.grad(whole.sum(), theta)
        part = ranks.shared_out(lambda *a: _apart(likelihood, *a), theta, beta, bias, batch)
        (of_part,) = torch.autograd.grad(part.sum(), theta)
    assert seen == [6]
    assert not part[:5].any() and not of_part[:5].any()  # what the other rank would add
    torch.testing.assert_close(part[5:], whole[5:])
    torch.testing.assert_close(of_part[5:], gradient[5:])


def _apart(function: Callable[..., torch.Tensor], *arguments: object) -> torch.Tensor:
    with ranks.apart():
        return function(*arguments)
