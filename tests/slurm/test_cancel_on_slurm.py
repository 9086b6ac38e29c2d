"""A study on a faked Slurm is cancelled and retried: what waits leaves the queue, what runs stops with a checkpoint."""

import sys
from pathlib import Path

import pytest

from harness.cli.looking import Watcher
from harness.config.launch_file import load_launch
from harness.runs import RunFolder
from slurm.launcher import SlurmLauncher
from sweeps.cancel import cancel_runs
from sweeps.status import study_status
from tests.sweeps.fake_study import run, study

ROOT = Path(__file__).parents[2]
FAKE_RUN = (sys.executable, str(ROOT / "tests" / "sweeps" / "fake_run.py"))
RESOURCES = load_launch(["launcher=slurm", "resources.cpus_per_task=1", "resources.mem_gb=1"]).resources


@pytest.mark.timeout(240)
def test_a_running_and_a_waiting_job_are_cancelled_and_their_hours_are_known(fake_slurm, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    fake_slurm.set(slots=1, grace_s=1)
    launcher = SlurmLauncher(RESOURCES, "a study", ROOT, patience_s=5.0, command=FAKE_RUN)
    config = study("steps=3000 step_s=0.02", seeds=[1, 2], parallel=2)
    places = [RunFolder(tmp_path / "runs" / f"t0000-s{seed}") for seed in (1, 2)]
    seen = []

    def observe(progress):
        # 100 steps of .02 s: accounting counts whole seconds, and a run of less than one has no hours
        begun = [folder for folder in places if folder.exists() and (folder.last_record() or {}).get("step", 0) > 100]
        if begun and not seen and len(progress.runs) == 2:
            shown = study_status(tmp_path, Watcher().show).trials[0].runs
            if sorted(each.state for each in shown) == ["queued", "running"]:
                seen.extend(shown)
                cancel_runs(places, "lena")
                launcher.cancel(places)  # before the one at work makes room for the one that waits

    status = run(config, tmp_path, launcher=launcher, poll_s=0.2, observe=observe)
    assert seen and status.trials[0].state == "failed"
    assert status.trials[0].reason.count("cancelled: by lena") == 2
    assert launcher.commands.squeue(launcher._user) == []
    shown = {each.state: each for each in seen}
    assert shown["queued"].waits_for and shown["running"].node and shown["running"].hours.open > 0
    after = {each.name: each for each in study_status(tmp_path, Watcher().show).trials[0].runs}
    stopped, never_begun = after[shown["running"].name], after[shown["queued"].name]
    assert RunFolder(stopped.path).latest_checkpoint() > 2 and stopped.hours.useful > 0 and stopped.hours.open == 0
    assert never_begun.attempt == 0 and never_begun.hours.paid == 0 and never_begun.cause == "cancelled"
