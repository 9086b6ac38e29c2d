"""What a killed supervisor had not read of verl's log is read when the run goes on."""

from __future__ import annotations

import json
from pathlib import Path

from harness.config import resolve
from harness.runs import RunFolder
from harness.runs.metrics import read_records
from harness.verl_backend.run import attempt_folder, catch_up


def logged(folder: RunFolder, steps: int) -> Path:
    attempt = attempt_folder(folder.path / "verl", 1)
    attempt.mkdir(parents=True)
    lines = [json.dumps({"step": step, "data": {"loss": float(step)}}) + "\n" for step in range(1, steps + 1)]
    (attempt / "metrics.jsonl").write_text("".join(lines))
    return folder.path / "verl"


def test_steps_up_to_the_checkpoint_are_taken_once_and_later_ones_left(tmp_path: Path) -> None:
    config = resolve(["backend=verl"])
    folder = RunFolder.create(tmp_path / "run", config.to_dict())
    attempt = folder.begin_attempt(0)
    folder.append_metrics(1, {"loss": 1.0}, attempt)
    verl_dir = logged(folder, 5)
    catch_up(folder, config, verl_dir, until=4)
    records = read_records(folder.metrics_path)
    assert [(r["step"], r["attempt"], r["data"]["loss"]) for r in records] == [(s, 1, float(s)) for s in (1, 2, 3, 4)]
    catch_up(folder, config, verl_dir, until=4)
    assert len(read_records(folder.metrics_path)) == 4


def test_a_new_run_has_nothing_to_catch_up_with(tmp_path: Path) -> None:
    config = resolve(["backend=verl"])
    folder = RunFolder.create(tmp_path / "run", config.to_dict())
    catch_up(folder, config, folder.path / "verl", until=0)
    assert not folder.metrics_path.exists()
