"""`entrocraft wandb push` and the live mirror with the real wandb offline: each step once, in one W&B run."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness import execute, tracking
from harness.cli.main import main
from harness.cli.run_folder import open_run, placed
from harness.config import RunConfig, resolve
from harness.errors import TrackingError
from harness.runs import RunFolder
from harness.runs.sent import SentSteps
from harness.tracking import session
from harness.verl_backend import run as verl_run
from harness.verl_backend import start as verl_start
from tests.cli.wandb_file import sent


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_PROJECT", "WANDB_DIR", "WANDB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")


def new_run(path: Path, *settings: str) -> tuple[RunFolder, RunConfig]:
    config = placed(resolve([f"run.dir={path}", *settings]))
    return open_run(config), config


def record(folder: RunFolder, steps: Iterable[int], attempt: int = 1, shift: float = 0.0) -> None:
    for step in steps:
        data = {"actor/entropy": 0.5 - 0.01 * step + shift, "val/x": None, "timing_s/step": attempt + 0.1}
        folder.append_metrics(step, data, attempt)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "run")[0]


def identity(folder: RunFolder) -> str:
    return folder.manifest()["wandb_id"]


def test_each_step_is_sent_once_into_one_run(folder: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    record(folder, range(5))
    assert main(["wandb", "push", str(folder.path)]) == 0
    assert main(["wandb", "push", str(folder.path)]) == 0
    assert sent(folder.path) == {identity(folder): [0, 1, 2, 3, 4]}
    record(folder, range(5, 7))
    assert main(["wandb", "push", str(folder.path)]) == 0
    assert sent(folder.path) == {identity(folder): [0, 1, 2, 3, 4, 5, 6]}
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ", 2)[2] for line in said] == [
        "5 steps sent offline (0 to 4), 0 were there",
        "0 steps sent offline, 5 were there",
        "2 steps sent offline (5 to 6), 5 were there",
    ]


def test_the_metrics_are_the_stitched_ones(folder: RunFolder) -> None:
    record(folder, range(6), attempt=1)
    record(folder, range(3, 5), attempt=2)
    pushed = tracking.push(folder, "offline")
    assert [entry["attempt"] for entry in pushed.records] == [1, 1, 1, 2, 2]
    assert sent(folder.path) == {identity(folder): [0, 1, 2, 3, 4]}


@pytest.mark.parametrize(("shift", "otherwise"), [(0.0, []), (0.1, [3, 4])])
def test_steps_that_were_made_again_otherwise_are_named(
    folder: RunFolder, shift: float, otherwise: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    record(folder, range(5), attempt=1)
    tracking.push(folder, "offline")
    record(folder, range(3, 7), attempt=2, shift=shift)  # a clock's values differ in any case
    assert tracking.plan(folder).otherwise == otherwise
    assert main(["wandb", "push", str(folder.path)]) == 0
    assert sent(folder.path) == {identity(folder): [0, 1, 2, 3, 4, 5, 6]}
    assert ("other values, or none, of 2 steps" in capsys.readouterr().err) == bool(otherwise)


def test_again_sends_all_of_it(folder: RunFolder) -> None:
    record(folder, range(3))
    tracking.push(folder, "offline")
    assert main(["wandb", "push", "--again", str(folder.path)]) == 0
    assert sent(folder.path) == {identity(folder): [0, 1, 2, 0, 1, 2]}
    assert len(SentSteps(session.ledger(folder)).given) == 3


def test_a_dry_run_sends_and_writes_nothing(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    record(folder, range(3))
    assert main(["wandb", "push", "--dry-run", str(folder.path)]) == 0
    assert "3 steps would be sent (0 to 2), 0 were there" in capsys.readouterr().out
    assert not session.place(folder).exists()
    assert main(["wandb", "push", str(folder.path)]) == 2  # no wandb: refused before anything is done


def test_what_the_live_mirror_sent_is_not_sent_again(tmp_path: Path) -> None:
    folder, config = new_run(tmp_path / "run", "wandb.mode=offline")
    for attempt, steps in ((1, range(4)), (2, range(2, 6))):
        with tracking.mirror(folder, config) as on_step:
            for step in steps:
                record(folder, [step], attempt)
                on_step(step, folder.last_record()["data"])  # type: ignore[arg-type, index]
    assert tracking.push(folder, "offline").records == []
    assert sent(folder.path) == {identity(folder): [0, 1, 2, 3, 4, 5]}


def test_the_live_mirror_first_sends_what_it_missed(tmp_path: Path) -> None:
    folder, config = new_run(tmp_path / "run", "wandb.mode=offline")
    record(folder, range(5), attempt=1)  # with the mirror off; the last two were lost with their policy
    with tracking.mirror(folder, config) as on_step:
        record(folder, [3], attempt=2)
        on_step(3, {"actor/entropy": 0.1})
        record(folder, [4], attempt=2)
        on_step(4, {"actor/entropy": 0.1})
    assert sent(folder.path) == {identity(folder): [0, 1, 2, 3, 4]}
    assert tracking.plan(folder).records == []


def test_a_push_beside_the_live_mirror_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, config = new_run(tmp_path / "live", "wandb.mode=offline")
    other, _ = new_run(tmp_path / "other")
    record(folder, range(2))
    record(other, range(2))
    with tracking.mirror(folder, config):
        assert main(["wandb", "push", str(tmp_path)]) == 1
    assert "must have one writer at a time" in capsys.readouterr().err
    assert sent(other.path) == {identity(other): [0, 1]}


def test_a_failure_of_wandb_is_told_with_the_remedy_and_nothing_counts_as_sent(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(folder: RunFolder, mode: str) -> None:
        raise OSError("No API key configured")

    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setattr(session, "start", refuse)
    record(folder, range(3))
    assert main(["wandb", "push", str(folder.path)]) == 1
    assert "OSError: No API key configured. Log in (`wandb login`" in capsys.readouterr().err
    assert len(tracking.plan(folder).records) == 3


@pytest.mark.parametrize("mode", ["disabled", "dryrun"])
def test_other_modes_are_refused(mode: str, folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    assert main(["wandb", "push", str(folder.path)]) == 2


class Online:
    """Stands for a W&B run whose server goes on at `starting_step`."""

    def __init__(self, starting_step: int) -> None:
        self.starting_step = starting_step
        self.logged: list[int] = []

    def log(self, data: object, step: int) -> None:
        self.logged.append(step)

    def finish(self) -> None:
        pass


def online(monkeypatch: pytest.MonkeyPatch, starting_step: int) -> Online:
    run = Online(starting_step)
    monkeypatch.setattr(session, "start", lambda folder, mode: run)
    return run


def test_online_the_server_knows_what_it_has(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    record(folder, range(6))
    first = online(monkeypatch, 0)
    tracking.push(folder, "online")
    assert first.logged == [0, 1, 2, 3, 4, 5]
    behind = online(monkeypatch, 4)  # a killed process had not sent its last two
    assert [entry["step"] for entry in tracking.push(folder, "online").records] == behind.logged == [4, 5]
    session.ledger(folder).unlink()  # the folder was copied without it
    ahead = online(monkeypatch, 5)
    assert tracking.push(folder, "online").there == 5
    assert ahead.logged == [5] and tracking.plan(folder).otherwise == []


def test_what_is_still_offline_must_be_synced_first(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    record(folder, range(6))
    SentSteps(_made(session.ledger(folder))).add({step: session.Given("offline", "") for step in range(4)})
    online(monkeypatch, 0)
    with pytest.raises(TrackingError, match=r"goes on at step 0, sent offline up to step 3.*wandb sync .*or .*--again"):
        tracking.push(folder, "online")
    synced = online(monkeypatch, 4)
    tracking.push(folder, "online")
    assert synced.logged == [4, 5]


def _made(path: Path) -> Path:
    path.parent.mkdir()
    return path


VERL = """
import json, os
with open(os.environ["VERL_FILE_LOGGER_PATH"], "w") as log:
    for step in range(4):
        log.write(json.dumps({"step": step, "data": {"actor/entropy": 0.5 - 0.01 * step, "text": "no number"}}) + "\\n")
"""


def test_a_run_on_verl_is_mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verl_start, "COMMAND", (sys.executable, "-c", VERL))
    monkeypatch.setattr(verl_run, "require", lambda: None)
    folder, _ = new_run(
        tmp_path / "run", "backend=verl", "platform=cpu", "loss.kl_coef=0", "trainer.steps=3", "wandb.mode=offline"
    )
    assert execute.run(folder) == "complete"
    assert sent(folder.path) == {identity(folder): [0, 1, 2, 3]}


def test_online_is_the_default(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_MODE")
    record(folder, range(2))
    seen: list[str] = []

    def start(folder: RunFolder, mode: str) -> SimpleNamespace:
        seen.append(mode)
        return SimpleNamespace(starting_step=0, log=lambda data, step: None, finish=lambda: None)

    monkeypatch.setattr(session, "start", start)
    assert main(["wandb", "push", str(folder.path)]) == 0
    assert seen == ["online"]
