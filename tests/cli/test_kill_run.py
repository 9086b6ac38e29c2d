"""kill -9 of a real run at random moments: what it becomes is bit by bit what it would have been."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import harness
from harness.cli.run_folder import open_run, placed
from harness.config import resolve
from harness.runs import RunFolder

SEED = 2026
KILLS = 2
STEPS = 24
SMALL = (
    "method=entrocraft",
    "schedule=linear",
    "schedule.start=0.3",
    "schedule.end=0.1",
    f"trainer.steps={STEPS}",
    "trainer.prompts_per_step=4",
    "trainer.rollouts_per_prompt=4",
    "trainer.epochs=2",
    "trainer.mini_batches=2",
    "trainer.lr=1e-3",
    "trainer.max_new_tokens=12",
    "trainer.threads=1",
    "data.train_problems=40",
    "data.test_problems=4",
    "validation.problems=2",
    "validation.samples=2",
    "validation.every=8",
    "checkpoint.every=5",
    "seed=11",
)


def started(run: RunFolder) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "PYTHONPATH": str(Path(harness.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-m", "harness.execute", str(run.path)], env=environ)


def kill(run: RunFolder, after_step: int, after_s: float) -> int:
    """Kills an attempt some time after it wrote the record of a step."""
    process = started(run)
    while process.poll() is None and ((last := run.last_record()) is None or last["step"] < after_step):
        time.sleep(0.005)
    time.sleep(after_s)
    process.kill()
    return process.wait()


def comparable(run: RunFolder) -> list[tuple[int, dict[str, Any]]]:
    """Step and metrics, without the times."""
    return [
        (record["step"], {k: v for k, v in record["data"].items() if not k.startswith(("timing_s/", "perf/"))})
        for record in run.metrics()
    ]


def test_a_run_that_is_killed_twice_equals_one_that_never_was(tmp_path: Path) -> None:
    whole, killed = (open_run(placed(resolve([*SMALL, f"run.dir={tmp_path / name}"]))) for name in ("whole", "killed"))
    never = started(whole)
    moments = random.Random(SEED)
    for part in range(KILLS):
        step = moments.randint(part * STEPS // KILLS + 1, (part + 1) * STEPS // KILLS - 4)
        assert kill(killed, step, moments.uniform(0, 0.1)) == -signal.SIGKILL
    assert started(killed).wait() == 0
    assert never.wait() == 0

    assert [attempt["outcome"] for attempt in killed.manifest()["attempts"]] == ["killed"] * KILLS + ["complete"]
    assert comparable(killed) == comparable(whole)
    assert [step for step, _ in comparable(killed)] == list(range(STEPS + 1))
    for name in ("model.safetensors", "trainer.json"):
        ours, theirs = (run.checkpoint_dir(STEPS) / name for run in (killed, whole))
        assert ours.read_bytes() == theirs.read_bytes()
