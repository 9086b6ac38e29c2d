"""A run that was stopped or killed and resumed equals one that never was, bit by bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from small_runs import comparable, new_run, same, small

from harness.config import RunConfig
from harness.runs import RunFolder, RunState
from harness.torch_backend.policy import Policy
from harness.torch_backend.run import execute

STEPS = 6
METHODS = ("entrocraft", "entropic")  # random draws of the filter; a controller with a state


def config_of(method: str) -> RunConfig:
    return small(method)


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Nothing here is about losing power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(scope="module", params=METHODS)
def uninterrupted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, RunFolder]:
    run = new_run(tmp_path_factory.mktemp("whole") / "run", config_of(request.param))
    assert execute(run) is RunState.COMPLETE
    return request.param, run


def records(run: RunFolder) -> list[tuple[int, dict[str, Any]]]:
    return [(record["step"], comparable(dict(record["data"]))) for record in run.metrics()]


def assert_same_state(one: Path, other: Path) -> None:
    """Two checkpoint folders: the same files, weights, optimiser state and trainer state."""
    assert sorted(file.name for file in one.iterdir()) == sorted(file.name for file in other.iterdir())
    assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()
    assert json.loads((one / "trainer.json").read_text()) == json.loads((other / "trainer.json").read_text())
    first, second = (torch.load(folder / "optimizer.pt", weights_only=True) for folder in (one, other))
    assert first["param_groups"] == second["param_groups"]
    assert first["state"].keys() == second["state"].keys() != set()
    assert all(same(first["state"][index], second["state"][index]) for index in first["state"])


@pytest.mark.parametrize("stop_after", range(STEPS))
def test_stopped_and_resumed(uninterrupted: tuple[str, RunFolder], tmp_path: Path, stop_after: int) -> None:
    method, whole = uninterrupted
    run = new_run(tmp_path / "run", config_of(method))

    def stop(step: int, data: Mapping[str, float]) -> None:
        if step == stop_after:
            run.request_stop()

    assert execute(run, stop) is RunState.STOPPED
    assert run.latest_checkpoint() == (stop_after or None)
    assert not run.stop_requested() and not run.is_done()
    assert execute(run) is RunState.COMPLETE
    assert run.is_done()
    assert [attempt["from_step"] for attempt in run.manifest()["attempts"]] == [0, stop_after]
    assert records(run) == records(whole)
    assert [run.samples(step) for step in run.samples_steps()] == [whole.samples(s) for s in whole.samples_steps()]
    assert_same_state(run.checkpoint_dir(STEPS), whole.checkpoint_dir(STEPS))


def test_stopped_at_every_step(uninterrupted: tuple[str, RunFolder], tmp_path: Path) -> None:
    method, whole = uninterrupted
    run = new_run(tmp_path / "run", config_of(method))
    for _ in range(STEPS - 1):
        assert execute(run, lambda step, data: run.request_stop() if step else None) is RunState.STOPPED
    assert execute(run) is RunState.COMPLETE
    assert records(run) == records(whole)
    assert_same_state(run.checkpoint_dir(STEPS), whole.checkpoint_dir(STEPS))


class Killed(BaseException):
    """Stands for the end of the process: nothing in the product catches it."""


def test_killed_between_checkpoints(uninterrupted: tuple[str, RunFolder], tmp_path: Path) -> None:
    """Killed after the record of step 5, before a checkpoint: steps from the last checkpoint are replayed."""
    method, whole = uninterrupted
    run = new_run(tmp_path / "run", small(method, "checkpoint.every=3"))

    def kill(step: int, data: Mapping[str, float]) -> None:
        if step == 5:
            raise Killed

    with pytest.raises(Killed):
        execute(run, kill)
    again = RunFolder(run.path)
    assert again.latest_checkpoint() == 3
    assert execute(again) is RunState.COMPLETE
    assert [record["attempt"] for record in again.metrics()] == [1, 1, 1, 1, 2, 2, 2]
    assert records(again) == records(whole)
    assert_same_state(again.checkpoint_dir(STEPS), whole.checkpoint_dir(STEPS))


def test_a_checkpoint_is_a_model_folder(uninterrupted: tuple[str, RunFolder], tiny: Path) -> None:
    """With all that the base folder has; its weights have moved."""
    _, run = uninterrupted
    folder = run.checkpoint_dir(STEPS)
    assert {file.name for file in tiny.iterdir()} < {file.name for file in folder.iterdir()}
    policy = Policy.load(folder, torch.device("cpu"))
    assert policy.tokenizer.encode_prompt("3 7 2=13")
    before, after = load_file(tiny / "model.safetensors"), load_file(folder / "model.safetensors")
    assert not any(torch.equal(before[name], after[name]) for name in before)


def test_a_complete_run_is_left_as_it_is(uninterrupted: tuple[str, RunFolder]) -> None:
    _, run = uninterrupted
    before = run.metrics_path.read_bytes()
    assert execute(run) is RunState.COMPLETE
    assert run.metrics_path.read_bytes() == before
