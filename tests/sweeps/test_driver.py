"""What a sweep does with what happens to its runs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_study import resolve, run, study

from harness.errors import ConfigError, StudyError
from harness.runs import RunFolder, RunLock, RunState, holder
from sweeps.active import ActiveRun
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.launcher import LocalLauncher
from sweeps.jobs.policy import Policy
from sweeps.lease.lease import Lease
from sweeps.status import run_status

FAKE_RUN = [sys.executable, str(Path(__file__).with_name("fake_run.py"))]
SLOW = "steps=60 step_s=0.02"


def states(status):
    return {trial.name: trial.state for trial in status.trials}


def attempts(folder):
    return {path.name: len(RunFolder(path).manifest()["attempts"]) for path in folder.glob("runs/*")}


def test_a_study_that_is_over_runs_nothing_again(tmp_path):
    config = study("x=1", "x=2")
    first = run(config, tmp_path)
    assert run(config, tmp_path, launcher=NoLauncher()) == first
    assert set(attempts(tmp_path).values()) == {1}


def test_a_trials_value_is_the_mean_over_its_seeds(tmp_path):
    (trial,) = run(study("x=1", seeds=[1, 2, 6]), tmp_path).trials
    assert (trial.value, trial.n) == (30.0, 3)
    assert trial.reason is None and trial.overrides == ("x=1",)


def test_no_more_runs_at_a_time_than_asked_for(tmp_path):
    most = 0

    def observe(progress):
        nonlocal most
        most = max(most, sum(holder(run.path) is not None for run in progress.runs))

    run(study("x=1", "x=2", "x=3", base=["steps=60", "step_s=0.02"], parallel=3), tmp_path, observe=observe)
    assert most == 3


def test_a_failed_run_is_shown_with_its_reason_and_the_others_go_on(tmp_path):
    seen = []
    status = run(study("fail_at=3", "x=2"), tmp_path, observe=seen.append)
    assert states(status) == {"t0000": "failed", "t0001": "complete"}
    assert status.trials[0].reason == "seed 1: the fake ran out of luck; seed 2: the fake ran out of luck"
    assert [failure.name for failure in seen[-1].failures] == ["t0000"]
    assert seen[-1].fraction == 1.0


def test_a_failed_trial_is_retried_on_request_from_its_checkpoints(tmp_path):
    config = study("fail_at=8 failures=1", "x=2")
    assert states(run(config, tmp_path))["t0000"] == "failed"
    assert states(run(config, tmp_path))["t0000"] == "failed"
    retried = run(config, tmp_path, retry_failed=True)
    assert states(retried) == {"t0000": "complete", "t0001": "complete"}
    manifest = RunFolder(tmp_path / "runs" / "t0000-s1").manifest()
    assert [(a["from_step"], a["to_step"]) for a in manifest["attempts"]] == [(0, 7), (5, 10)]
    assert run(config, tmp_path, retry_failed=True) == retried


def test_a_retry_starts_only_what_had_failed(tmp_path):
    config = study("fail_at=3 failures=1")
    run(config, tmp_path)
    RunFolder(tmp_path / "runs" / "t0000-s2").update(state="complete")
    status = run(config, tmp_path, retry_failed=True)
    assert attempts(tmp_path) == {"t0000-s1": 2, "t0000-s2": 1}
    assert status.trials[0].runs[1].attempt == 1


def test_a_retry_that_fails_again_is_over_after_one_try(tmp_path):
    config = study("fail_at=3", seeds=[1])
    run(config, tmp_path)
    assert states(run(config, tmp_path, retry_failed=True)) == {"t0000": "failed"}
    assert attempts(tmp_path) == {"t0000-s1": 2}


def test_a_retried_run_that_fails_again_is_not_started_again_by_the_next_driver(tmp_path):
    """Its sibling is still at work when the driver goes, so the trial is not told yet."""
    config = study("fail_at=3", seeds=[1, 2], parallel=2)
    run(config, tmp_path)
    other = RunFolder(tmp_path / "runs" / "t0000-s2")
    slow = {**other.manifest()["config"], "fake": {**other.manifest()["config"]["fake"], "fail_at": 0, "step_s": 0.1}}
    other.update(config=slow)

    def interrupt(progress):
        failed = len(RunFolder(tmp_path / "runs" / "t0000-s1").manifest()["attempts"]) == 2
        if failed and not progress.stopping and progress.runs[0].state == "failed":
            os.kill(os.getpid(), signal.SIGINT)

    assert states(run(config, tmp_path, retry_failed=True, observe=interrupt)) == {"t0000": "running"}
    assert states(run(config, tmp_path)) == {"t0000": "failed"}
    assert attempts(tmp_path) == {"t0000-s1": 2, "t0000-s2": 3}


def test_a_run_that_a_signal_kills_is_started_once_more(tmp_path):
    assert states(run(study("kill_at=8 kills=1", seeds=[1]), tmp_path)) == {"t0000": "complete"}
    manifest = RunFolder(tmp_path / "runs" / "t0000-s1").manifest()
    assert [(a["from_step"], a["to_step"], a["outcome"]) for a in manifest["attempts"]] == [
        (0, 7, "killed"),
        (5, 10, "complete"),
    ]


def test_a_run_that_is_killed_again_and_comes_no_further_is_buried(tmp_path):
    status = run(study("kill_at=8", seeds=[1]), tmp_path)
    assert states(status) == {"t0000": "failed"}
    assert (
        "the process ended with exit code -9 (2 ends in a row without progress); its log ends: (empty)"
        in status.trials[0].reason
    )
    assert attempts(tmp_path) == {"t0000-s1": 2}


def test_a_run_that_goes_on_after_the_driver_looked_is_not_buried(tmp_path):
    run(study("die_at=4", seeds=[1]), tmp_path)
    folder = RunFolder(tmp_path / "runs" / "t0000-s1")
    folder.update(state="running")
    active = ActiveRun(folder, "title", resolve([]), Policy(), end=End(Cause.ENDED, 139, "it ended"))
    seen = active.facts()
    folder.begin_attempt(0)  # by hand, and gone again
    active.bury(seen)
    assert folder.manifest()["state"] == "running"
    seen = active.facts()
    folder.end_attempt(RunState.STOPPED, 3)
    active.bury(seen)
    assert folder.manifest()["state"] == "stopped"


def test_a_huge_log_is_not_read_whole(tmp_path):
    run(study("x=1", seeds=[1]), tmp_path)
    folder = RunFolder(tmp_path / "runs" / "t0000-s1")
    folder.update(state="running")
    with folder.log_path.open("wb") as log:
        log.truncate(10**10)
        log.seek(0, os.SEEK_END)
        log.write(b"\nno memory left\n")
    active = ActiveRun(folder, "title", resolve([]), Policy(), end=End(Cause.ENDED, 1, "it ended"))
    active.bury(active.facts())
    assert folder.manifest()["reason"].endswith(" | no memory left") and len(folder.manifest()["reason"]) < 2100


def test_a_run_that_somebody_goes_on_with_is_not_marked_done(tmp_path):
    run(study("x=1", seeds=[1]), tmp_path)
    folder = RunFolder(tmp_path / "runs" / "t0000-s1")
    folder.done_path.unlink()
    active = ActiveRun(folder, "title", resolve([]), Policy())
    with RunLock(folder.path):
        active.mark_done()
        assert not folder.is_done()
    active.mark_done()
    assert folder.is_done()


def test_a_run_that_dies_without_a_word_is_buried_with_its_last_log_lines(tmp_path):
    status = run(study("die_at=4", seeds=[1]), tmp_path)
    assert states(status) == {"t0000": "failed"}
    assert status.trials[0].reason == (
        "seed 1: the process ended with exit code 139; its log ends: Segmentation fault (as it were)"
    )
    (attempt,) = RunFolder(tmp_path / "runs" / "t0000-s1").manifest()["attempts"]
    assert (attempt["outcome"], attempt["to_step"]) == ("killed", 3)


def test_a_living_orphan_is_adopted_and_not_started_twice(tmp_path):
    config = study(SLOW, seeds=[1])
    run(config, tmp_path, observe=interrupt_at_work)
    path = tmp_path / "runs" / "t0000-s1"
    orphan = subprocess.Popen([*FAKE_RUN, str(path)])
    while holder(path) is None:
        time.sleep(0.005)
    assert states(run(config, tmp_path, launcher=NoLauncher())) == {"t0000": "complete"}
    assert orphan.wait() == 0
    assert attempts(tmp_path) == {"t0000-s1": 2}


def test_a_run_killed_between_its_last_word_and_its_marker_is_complete(tmp_path):
    config = study("x=1", "x=2", seeds=[1])
    run(config, tmp_path / "other")
    other, mine = (RunFolder(tmp_path / name / "runs" / "t0000-s1") for name in ("other", "study"))
    shutil.copytree(other.path, mine.path)
    mine.done_path.unlink()
    assert states(run(config, tmp_path / "study"))["t0000"] == "complete"
    assert mine.is_done() and len(mine.manifest()["attempts"]) == 1


def test_a_second_driver_refuses_and_names_the_first(tmp_path):
    first = Lease(tmp_path)
    first.acquire()
    with pytest.raises(StudyError, match=rf"one driver .* process {os.getpid()} on"):
        run(study("x=1"), tmp_path)
    first.release()
    assert states(run(study("x=1"), tmp_path)) == {"t0000": "complete"}


def test_a_signal_stops_the_runs_and_the_next_start_goes_on(tmp_path):
    config = study(SLOW, "x=2", seeds=[1, 2])
    before = signal.getsignal(signal.SIGINT)
    status = run(config, tmp_path, observe=interrupt_at_work)
    assert signal.getsignal(signal.SIGINT) is before
    assert states(status) == {"t0000": "running", "t0001": "waiting"}
    assert [run.state for run in status.trials[0].runs] == ["stopped", "stopped"]
    assert states(run(config, tmp_path)) == {"t0000": "complete", "t0001": "complete"}
    assert attempts(tmp_path)["t0000-s1"] == 2


def test_a_run_that_somebody_stops_is_left_until_the_next_start(tmp_path):
    config = study(SLOW, seeds=[1])

    def observe(progress):
        for shown in progress.runs:
            if shown.step > 3 and (folder := RunFolder(shown.path)) and not folder.stop_requested():
                folder.request_stop()

    status = run(config, tmp_path, observe=observe)
    assert states(status) == {"t0000": "running"}
    assert status.trials[0].runs[0].state == "stopped"


def test_a_damaged_folder_fails_its_trial_only(tmp_path):
    config = study("x=1", "x=2", seeds=[1])
    (tmp_path / "runs" / "t0000-s1").mkdir(parents=True)
    (tmp_path / "runs" / "t0000-s1" / "manifest.json").write_text("{")
    status = run(config, tmp_path)
    assert states(status) == {"t0000": "failed", "t0001": "complete"}
    assert "must be JSON" in status.trials[0].reason
    assert status.trials[0].runs[0].state == "damaged"


def test_a_missing_objective_fails_the_trial_and_lists_what_there_is(tmp_path):
    config = study("x=1", objective={"metric": "acc", "direction": "maximize"})
    status = run(config, tmp_path)
    assert states(status) == {"t0000": "failed"}
    assert "got 'acc'. Recorded: control/entropy, score, value." in status.trials[0].reason


def test_a_trial_with_a_refused_configuration_stops_the_study_before_it_starts(tmp_path):
    with pytest.raises(ConfigError, match="trial 'trial y=1': keys of a fake run must be known ones; got y"):
        run(study("x=1", "y=1"), tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_space_that_is_refused_stops_the_study_before_it_starts(tmp_path):
    space = {"z": {"low": 0.5, "high": 2}, "x": {"choices": [3, 4]}}
    with pytest.raises(ConfigError, match=r"trial 'z=0\.5 x=3': keys of a fake run must be known ones; got z"):
        run(study("x=1", space=space, sampler="random", n_trials=3), tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_drawn_trials_are_as_many_as_there_are_and_a_refused_one_fails_alone(tmp_path):
    space = {"fail_at": {"choices": [0, 600]}, "die_at": {"choices": [0, 600]}}
    config = study("x=1", space=space, sampler="random", n_trials=6, seeds=[1], base=["steps=2"])
    status = run(config, tmp_path)
    assert len(status.trials) == 5, "no configuration is run twice, though six were asked for"
    assert status.ended.used_up
    failed = [trial for trial in status.trials if trial.state == "failed"]
    assert [set(trial.overrides) for trial in failed] == [{"fail_at=600", "die_at=600"}]
    assert "must not both be late" in failed[0].reason
    assert run(config, tmp_path) == status


def test_a_value_that_no_configuration_takes_is_refused_before_the_first_run(tmp_path):
    space = {"x": {"choices": [1, 200]}, "steps": {"choices": [2, 3]}}
    with pytest.raises(ConfigError, match=r"trial 'x=200 steps=2': x must be <= 100"):
        run(study(space=space, sampler="random", n_trials=2, seeds=[1]), tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_progress_counts_steps_inside_trials(tmp_path):
    seen = []
    run(study("x=1", "x=2", base=["step_s=0.02"]), tmp_path, observe=seen.append)
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert len({round(fraction, 3) for fraction in fractions}) > 4
    assert run_status(RunFolder(tmp_path / "runs" / "t0000-s1")).state == "complete"


class NoLauncher(LocalLauncher):
    """Starts nothing: for runs that must not be started."""

    def start(self, run):
        raise AssertionError(f"{run.path.name} was started")


def interrupt_at_work(progress):
    """An observer that sends SIGINT, as Ctrl-C does, as soon as every run is at work."""
    if not progress.stopping and all(shown.step for shown in progress.runs):
        os.kill(os.getpid(), signal.SIGINT)
