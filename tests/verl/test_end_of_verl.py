"""How the supervisor takes verl's end, with a script in verl's place: it logs steps, and may say where it stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.config import resolve
from harness.errors import RunFolderError
from harness.runs import RunFolder, RunState
from harness.verl_backend import run as supervisor
from harness.verl_backend.start import Start, attempt_folder

SCRIPT = """
import json, pathlib, sys
first, last, stopped = map(int, sys.argv[1:4])
with open("metrics.jsonl", "w") as log:
    for step in range(first, last + 1):
        log.write(json.dumps({"step": step, "data": {"loss": 1.0}}) + "\\n")
if stopped >= 0:
    pathlib.Path(sys.argv[4], "stopped").write_text(str(stopped))
"""
STEPS = 6


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", resolve(["backend=verl", f"trainer.steps={STEPS}"]).to_dict())


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, folder: RunFolder) -> list[list[int]]:
    """What the script does in each start, first one first: first step, last step, where it says it stopped (-1: no)."""
    starts: list[list[int]] = []

    def start(config: object, path: Path, attempt: int, validate: bool) -> Start:
        words = map(str, starts.pop(0))
        verl_dir = (path / "verl").resolve()
        return Start((sys.executable, "-c", SCRIPT, *words, str(verl_dir)), {}, attempt_folder(verl_dir, attempt))

    monkeypatch.setattr(supervisor, "require", lambda: None)
    monkeypatch.setattr(supervisor, "ready_model", lambda config, verl_dir: None)
    monkeypatch.setattr(supervisor, "ready", lambda config, verl_dir: 0)
    monkeypatch.setattr(supervisor, "start", start)
    return starts


def checkpoint(folder: RunFolder, step: int) -> None:
    checkpoints = folder.path / "verl" / "checkpoints"
    (checkpoints / f"global_step_{step}").mkdir(parents=True)
    (checkpoints / "latest_checkpointed_iteration.txt").write_text(str(step))


def test_it_was_asked_to_stop_although_the_request_is_withdrawn_by_now(
    folder: RunFolder, script: list[list[int]]
) -> None:
    script.append([0, 4, 4])
    assert supervisor.execute(folder) is RunState.STOPPED
    assert folder.manifest()["attempts"][-1]["to_step"] == 4


@pytest.mark.parametrize("stopped", (-1, 3))
def test_an_end_that_nobody_asked_for_is_a_failure(folder: RunFolder, script: list[list[int]], stopped: int) -> None:
    script.append([0, 4, stopped])
    folder.pause_at(2)  # which verl did not see
    with pytest.raises(RunFolderError, match=f"exit code 0 at step 4 of {STEPS}"):
        supervisor.execute(folder)


def test_a_stop_of_an_earlier_attempt_excuses_no_later_end(folder: RunFolder, script: list[list[int]]) -> None:
    script += [[0, 4, 4], [5, 4, -1]]
    assert supervisor.execute(folder) is RunState.STOPPED
    checkpoint(folder, 4)
    with pytest.raises(RunFolderError, match="exit code 0 at step 4"):
        supervisor.execute(folder)


def test_started_again_while_paused_it_does_not_start_verl(folder: RunFolder, script: list[list[int]]) -> None:
    script += [[0, 4, 4], [5, STEPS, -1]]
    folder.pause_at(4)
    assert supervisor.execute(folder) is RunState.STOPPED
    checkpoint(folder, 4)
    assert supervisor.execute(folder) is RunState.STOPPED
    assert len(script) == 1 and folder.manifest()["attempts"][-1]["to_step"] == 4
    folder.pause_at(None)
    assert supervisor.execute(folder) is RunState.COMPLETE
    assert [record["step"] for record in folder.metrics()] == list(range(STEPS + 1))
