"""Which configurations may go on in the folder of an earlier run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.run_folder import continued, open_run, placed
from harness.config import RunConfig, resolve
from harness.errors import ConfigError, LockHeldError
from harness.runs import RunFolder, RunLock, RunState, holder
from harness.runs.lock import Holder
from harness.runs.provenance import Provenance, collect

LINEAR = [
    "method=entrocraft",
    "schedule=linear",
    "schedule.start=0.5",
    "schedule.end=0.2",
    "trainer.steps=30",
]


def config(folder: Path, *overrides: str) -> RunConfig:
    return placed(resolve([*LINEAR, f"run.dir={folder}", *overrides]))


def test_the_manifest_has_configuration_and_schedule_with_horizon(tmp_path: Path) -> None:
    asked = config(tmp_path / "run")
    manifest = open_run(asked).manifest()
    assert RunConfig.from_dict(manifest["config"]) == asked
    assert manifest["schedule"] is not None and manifest["schedule"]["horizon"] == 30
    assert manifest["config"]["run"] == {"dir": str(tmp_path / "run"), "name": "entrocraft-linear"}


def test_the_same_configuration_goes_on(tmp_path: Path) -> None:
    first = open_run(config(tmp_path))
    first.request_stop()
    again = open_run(config(tmp_path, "run.name=other", "wandb.mode=offline"))
    assert again.manifest()["run_id"] == first.manifest()["run_id"]
    assert not again.stop_requested()


def test_a_run_that_is_being_executed_is_left_as_it_is(tmp_path: Path) -> None:
    folder = open_run(config(tmp_path, "schedule.horizon=100"))
    folder.request_stop()
    before = folder.manifest_path.read_bytes()
    with RunLock(tmp_path), pytest.raises(LockHeldError):
        open_run(config(tmp_path, "trainer.steps=60"))
    assert folder.manifest_path.read_bytes() == before and folder.stop_requested()


def test_a_run_is_created_under_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Holder | None] = []

    def origin() -> Provenance:
        held.append(holder(tmp_path / "run"))
        return collect()

    monkeypatch.setattr("harness.runs.provenance.collect", origin)
    open_run(config(tmp_path / "run"))
    assert held != [None]


def test_of_two_simultaneous_first_starts_the_second_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = config(tmp_path)
    acquire = RunLock.acquire

    made: list[str] = []

    def late(lock: RunLock) -> None:
        first = RunFolder.create(tmp_path, asked.to_dict())  # while the second start waits for the lock
        made.append(first.manifest()["run_id"])
        acquire(lock)

    monkeypatch.setattr(RunLock, "acquire", late)
    assert [open_run(asked).manifest()["run_id"]] == made


def test_a_run_whose_extension_is_killed_does_not_look_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_run(config(tmp_path, "schedule.horizon=100"))
    first.mark_done()

    def kill(folder: RunFolder, **fields: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RunFolder, "update", kill)
        open_run(config(tmp_path, "trainer.steps=60"))
    assert not first.is_done() and first.manifest()["steps"] == 30
    assert open_run(config(tmp_path, "trainer.steps=60")).manifest()["steps"] == 60


def test_another_configuration_is_refused_with_the_difference(tmp_path: Path) -> None:
    open_run(config(tmp_path))
    with pytest.raises(ConfigError) as refusal:
        open_run(config(tmp_path, "schedule.start=0.4", "seed=2"))
    for phrase in ("seed: 1 -> 2", "schedule.start: 0.5 -> 0.4", "run.dir=PATH"):
        assert phrase in str(refusal.value)


def test_fewer_steps_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"trainer\.steps: 30 -> 20"):
        continued(resolve(LINEAR), resolve([*LINEAR, "trainer.steps=20"]))


def test_more_steps_within_the_horizon_go_on_under_the_same_curve(tmp_path: Path) -> None:
    first = open_run(config(tmp_path, "schedule.horizon=100"))
    first.mark_done()
    longer = open_run(config(tmp_path, "trainer.steps=60"))
    manifest = longer.manifest()
    assert (manifest["steps"], manifest["config"]["trainer"]["steps"]) == (60, 60)
    assert manifest["config"]["schedule"]["horizon"] == 100
    assert manifest["state"] is RunState.STOPPED and not longer.is_done()


def test_more_steps_than_the_horizon_are_refused() -> None:
    with pytest.raises(ConfigError, match="horizon 30, steps 60"):
        continued(resolve(LINEAR), resolve([*LINEAR, "trainer.steps=60"]))


def test_another_horizon_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"schedule\.horizon: 30 -> 90"):
        continued(resolve(LINEAR), resolve([*LINEAR, "schedule.horizon=90"]))


def test_a_run_without_a_schedule_may_grow() -> None:
    assert continued(resolve(["trainer.steps=3"]), resolve(["trainer.steps=5"])).trainer.steps == 5
