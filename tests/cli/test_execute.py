"""`python -m harness.execute`: exit codes, failures with their reasons, the lock and signals."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness import execute
from harness.cli.run_folder import open_run, placed
from harness.config import resolve
from harness.errors import ConfigError
from harness.exits import Exit
from harness.runs import RunFolder, RunLock, RunState

BACKEND = "harness.torch_backend.run.execute"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return open_run(placed(resolve([f"run.dir={tmp_path / 'run'}", "trainer.steps=3"])))


def complete(folder: RunFolder, on_step: execute.OnStep) -> RunState:
    folder.begin_attempt(0)
    on_step(1, {"actor/entropy": 0.5})
    folder.end_attempt(RunState.COMPLETE, 3)
    folder.mark_done()
    return RunState.COMPLETE


def test_a_complete_run_gives_0_and_is_not_run_again(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BACKEND, complete)
    assert execute.main([str(folder.path)]) == Exit.COMPLETE == 0
    assert execute.main([str(folder.path)]) == Exit.COMPLETE
    assert len(folder.manifest()["attempts"]) == 1


def test_on_step_sees_the_records(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BACKEND, complete)
    seen: list[int] = []
    execute.run(folder, lambda step, data: seen.append(step))
    assert seen == [1]


def test_a_failure_gives_1_and_its_reason(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(folder: RunFolder, on_step: execute.OnStep) -> RunState:
        attempt = folder.begin_attempt(0)
        folder.append_metrics(1, {"actor/entropy": 0.5}, attempt)
        folder.append_metrics(2, {"actor/entropy": 0.4}, attempt)
        raise RuntimeError("no more memory")

    monkeypatch.setattr(BACKEND, fail)
    assert execute.main([str(folder.path)]) == Exit.FAILED == 1
    manifest = folder.manifest()
    assert (manifest["state"], manifest["reason"]) == (RunState.FAILED, "RuntimeError: no more memory")
    assert (manifest["attempts"][0]["outcome"], manifest["attempts"][0]["to_step"]) == ("failed", 2)
    assert "Traceback" in capsys.readouterr().err


def test_a_failure_before_the_attempt_leaves_earlier_attempts_alone(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(folder: RunFolder, on_step: execute.OnStep) -> RunState:
        raise ConfigError("model.path must be a folder", "'x'", "Give one.")

    folder.begin_attempt(0)
    folder.end_attempt(RunState.STOPPED, 1)
    monkeypatch.setattr(BACKEND, refuse)
    assert execute.main([str(folder.path)]) == Exit.FAILED
    manifest = folder.manifest()
    assert (manifest["state"], manifest["attempts"][0]["outcome"]) == (RunState.FAILED, "stopped")
    assert manifest["reason"] == "model.path must be a folder; got 'x'. Give one."
    assert "Traceback" not in capsys.readouterr().err


def test_an_earlier_attempt_of_the_same_pid_is_not_this_one(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container, where every process may have the same one."""

    def refuse(folder: RunFolder, on_step: execute.OnStep) -> RunState:
        raise ConfigError("model.path must be a folder")

    folder.begin_attempt(0)  # killed
    monkeypatch.setattr(BACKEND, refuse)
    assert execute.main([str(folder.path)]) == Exit.FAILED
    assert folder.manifest()["state"] is RunState.FAILED
    assert folder.manifest()["attempts"][0]["outcome"] is None


def test_the_first_alarm_of_each_kind_is_said_with_its_step(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(folder: RunFolder, on_step: execute.OnStep) -> RunState:
        for step in range(1, 6):
            on_step(step, {"control/saturated": float(step >= 3), "control/skipped_update": float(step == 4)})
        return complete(folder, on_step)

    monkeypatch.setattr(BACKEND, train)
    assert execute.main([str(folder.path)]) == Exit.COMPLETE
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("step 3: saturated: ") and second.startswith("step 4: update skipped: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_the_run_to_stop_and_gives_3(
    number: signal.Signals, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(folder: RunFolder, on_step: execute.OnStep) -> RunState:
        folder.begin_attempt(0)
        os.kill(os.getpid(), number)
        assert folder.stop_requested()
        folder.end_attempt(RunState.STOPPED, 0)
        return RunState.STOPPED

    before = signal.getsignal(number)
    monkeypatch.setattr(BACKEND, stop)
    assert execute.main([str(folder.path)]) == Exit.STOPPED == 3
    assert signal.getsignal(number) is before


def test_a_held_lock_gives_4(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    with RunLock(folder.path):
        assert execute.main([str(folder.path)]) == Exit.LOCKED == 4
    assert str(os.getpid()) in capsys.readouterr().err
    assert folder.manifest()["state"] is RunState.CREATED


def test_a_folder_without_a_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute.main([str(tmp_path)]) == Exit.FAILED
    assert "manifest.json" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]])
def test_other_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert execute.main(arguments) == Exit.USAGE
    assert "RUN_DIR" in capsys.readouterr().err


def test_the_stop_request_of_a_signal_ends_with_the_process_that_got_it(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before it could stop, it leaves the request behind, and whoever goes on would stop at once."""

    def killed(folder: RunFolder, on_step: execute.OnStep) -> RunState:
        folder.begin_attempt(0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert folder.stop_requested()
        raise KeyboardInterrupt

    def go_on(folder: RunFolder, on_step: execute.OnStep) -> RunState:
        assert not folder.stop_requested()
        return complete(folder, on_step)

    monkeypatch.setattr(BACKEND, killed)
    with pytest.raises(KeyboardInterrupt):
        execute.main([str(folder.path)])
    assert folder.stop_requested()
    monkeypatch.setattr(BACKEND, go_on)
    assert execute.main([str(folder.path)]) == Exit.COMPLETE


def test_somebodys_stop_request_stays_his_when_a_signal_comes_too(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(folder: RunFolder, on_step: execute.OnStep) -> RunState:
        os.kill(os.getpid(), signal.SIGTERM)
        assert folder.stop_asker() == "somebody"
        return complete(folder, on_step)

    folder.request_stop("somebody")
    monkeypatch.setattr(BACKEND, signalled)
    assert execute.main([str(folder.path)]) == Exit.COMPLETE
