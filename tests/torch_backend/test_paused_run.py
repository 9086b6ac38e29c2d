"""A run that was paused at a step ends exactly there, and resumed equals one that never was, bit by bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_runs import comparable, new_run, small

from harness.config.pruning import Pruning
from harness.runs import RunFolder, RunState
from harness.torch_backend.run import execute
from sweeps.pruning.curves import Curve, value_at
from sweeps.pruning.rules import Decisions, decide
from sweeps.trials import TrialState

STEPS = 6
CONFIG = small("entrocraft", "checkpoint.every=5")


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Nothing here is about losing power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda handle: None)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = new_run(tmp_path_factory.mktemp("whole") / "run", CONFIG)
    assert execute(run) is RunState.COMPLETE
    return run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "run", CONFIG)


def assert_same(run: RunFolder, whole: RunFolder) -> None:
    """Metrics, validation samples and weights."""
    records, expected = (
        [(record["step"], comparable(dict(record["data"]))) for record in each.metrics()] for each in (run, whole)
    )
    assert records == expected
    assert [run.samples(step) for step in run.samples_steps()] == [whole.samples(s) for s in whole.samples_steps()]
    one, other = (each.checkpoint_dir(STEPS) / "model.safetensors" for each in (run, whole))
    assert one.read_bytes() == other.read_bytes()


def assert_paused(run: RunFolder, step: int) -> None:
    assert execute(run) is RunState.STOPPED
    assert run.manifest()["state"] is RunState.STOPPED and not run.is_done()
    assert run.latest_checkpoint() == step == run.last_record()["step"]  # type: ignore[index]


@pytest.mark.parametrize("step", (1, 4, 5))  # 4: validation; 5: a checkpoint is due anyway
def test_paused_and_resumed(run: RunFolder, whole: RunFolder, step: int) -> None:
    run.pause_at(step)
    assert_paused(run, step)
    run.pause_at(None)
    assert execute(run) is RunState.COMPLETE
    assert_same(run, whole)


def test_paused_rung_by_rung(run: RunFolder, whole: RunFolder) -> None:
    for rung in (2, 3, 5):
        run.pause_at(rung)
        assert_paused(run, rung)
    run.pause_at(None)
    assert execute(run) is RunState.COMPLETE
    assert_same(run, whole)


def test_started_again_while_paused_it_does_no_step(run: RunFolder, whole: RunFolder) -> None:
    run.pause_at(2)
    assert_paused(run, 2)
    assert_paused(run, 2)
    run.pause_at(1)  # behind it
    assert_paused(run, 2)
    assert [attempt["to_step"] for attempt in run.manifest()["attempts"]] == [2, 2, 2]
    run.pause_at(None)
    assert execute(run) is RunState.COMPLETE
    assert_same(run, whole)


def test_a_pause_that_falls_behind_while_it_runs_ends_it_before_a_further_step(run: RunFolder) -> None:
    assert execute(run, lambda step, data: run.pause_at(1) if step == 3 else None) is RunState.STOPPED
    assert run.latest_checkpoint() == 3


@pytest.mark.parametrize("step", (STEPS, STEPS + 1))
def test_a_pause_at_the_last_step_holds_nothing_back(run: RunFolder, whole: RunFolder, step: int) -> None:
    run.pause_at(step)
    assert execute(run) is RunState.COMPLETE
    assert_same(run, whole)


def test_pruned_at_a_rung_and_revived_it_equals_one_that_never_was(run: RunFolder, whole: RunFolder) -> None:
    metric = "actor/entropy"
    config = Pruning(pruner="halving", metric=metric, direction="maximize", options={"rungs": [2, 4], "keep": 2})

    def decided(**more: Any) -> Decisions:
        reports = tuple(value_at(run.metrics(), metric))
        own = Curve(0, steps=STEPS, step=reports[-1][0] if reports else 0, reports=reports, **more)
        better = Curve(1, TrialState.RUNNING, steps=STEPS, step=2, reports=((2, 99.0),))
        return decide(config, [own, better], over=False)

    run.pause_at(decided(state=TrialState.RUNNING).pause_at[0])
    assert_paused(run, 2)
    assert decided(state=TrialState.RUNNING).prune.keys() == {0}
    revived = decided(state=TrialState.RUNNING, spared=True)
    assert not revived.prune
    run.pause_at(revived.pause_at.get(0))
    assert execute(run) is RunState.COMPLETE
    assert_same(run, whole)
