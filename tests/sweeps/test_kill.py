"""kill -9 of the driver at random moments: it goes on, loses nothing, repeats nothing."""

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from fake_study import CHAOS

from harness.runs import RunFolder, holder
from sweeps.status import study_status

SEED = 20260
KILLS = 8
DRIVE = [sys.executable, str(Path(__file__).with_name("fake_study.py"))]


def kill_driver(folder, after_s):
    driver = subprocess.Popen([*DRIVE, str(folder)], stdout=subprocess.DEVNULL)
    time.sleep(after_s)
    driver.kill()
    return driver.wait()


def kill_orphans(folder):
    """As when the machine goes down: the runs die with their driver."""
    for run in folder.glob("runs/*"):
        if (found := holder(run)) is not None:
            os.kill(found["pid"], signal.SIGKILL)


def test_a_killed_driver_goes_on_loses_nothing_repeats_nothing(tmp_path):
    moments = random.Random(SEED)
    folder = tmp_path / "study"
    ended = []
    for _ in range(KILLS):
        ended.append(kill_driver(folder, moments.uniform(0.2, 2.2)))
        if moments.random() < 0.4:
            kill_orphans(folder)
    assert ended == [-signal.SIGKILL] * KILLS, "the study was over before the last kill"
    subprocess.run([*DRIVE, str(folder)], check=True, timeout=60, stdout=subprocess.DEVNULL)

    status = study_status(folder)
    assert [(trial.name, trial.state, trial.n) for trial in status.trials] == [
        (f"t{index:04d}", "complete", len(CHAOS.seeds)) for index in range(len(CHAOS.trials))
    ]
    assert [trial.value for trial in status.trials] == [150.0, 150.0, 45.0, 150.0]
    assert sorted(path.name for path in folder.glob("runs/*")) == sorted(
        run.name for trial in status.trials for run in trial.runs
    )
    for path in folder.glob("runs/*"):
        check_run(RunFolder(path))


def check_run(run):
    manifest = run.manifest()
    assert run.is_done()
    assert [record["step"] for record in run.metrics()] == list(range(1, manifest["steps"] + 1))
    workers = [pid for pid, _ in itertools.groupby((run.path / "pulse").read_text().split())]
    assert len(workers) == len(set(workers)), "two processes were at work at once"
    attempts = manifest["attempts"]
    assert all(earlier["outcome"] == "killed" for earlier in attempts[:-1])
    for earlier, later in itertools.pairwise(attempts):
        repeated = earlier["to_step"] - later["from_step"]
        # All five where the kill fell between the record of a fifth step and its checkpoint.
        assert 0 <= repeated <= 5, "no more than the steps since the last checkpoint are repeated"
