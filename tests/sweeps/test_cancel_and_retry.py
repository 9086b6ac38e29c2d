"""Cancelling and retrying while a driver works, and while none does."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.runs import RunFolder, RunState
from sweeps.cancel import CANCELLER, cancel_runs, cancelled_runs, who, withdraw
from sweeps.folder import StudyFolder
from sweeps.jobs.launcher import LocalLauncher
from sweeps.requests import ask_retry, open_requests, take
from sweeps.status import study_status
from tests.sweeps.fake_study import run, study

SLOW = "steps=2000 step_s=0.02"


def states(status):
    return {trial.name: trial.state for trial in status.trials}


def runs(status):
    return {each.name: each.state for trial in status.trials for each in trial.runs}


def folder_of(path, name):
    return RunFolder(path / "runs" / name)


def once(condition, action):
    """An observer that acts at the first poll where the condition holds."""
    done = []

    def observe(progress):
        if not done and condition(progress):
            done.append(True)
            action()

    return observe


def at_work(*names):
    return lambda progress: all({each.name: each.step for each in progress.runs}.get(name, 0) > 2 for name in names)


def test_a_cancelled_run_stops_with_a_checkpoint_and_its_trial_fails_with_who_and_when(tmp_path):
    victim = folder_of(tmp_path, "t0000-s1")
    observe = once(at_work("t0000-s1"), lambda: cancel_runs([victim], "lena on login1 at noon", [victim]))
    status = run(study(SLOW, "x=2", seeds=[1]), tmp_path, observe=observe)
    assert states(status) == {"t0000": "failed", "t0001": "complete"}
    assert status.trials[0].reason == "seed 1: cancelled: by lena on login1 at noon"
    assert victim.latest_checkpoint() > 2 and victim.manifest()["attempts"][0]["outcome"] == "stopped"
    assert runs(status)["t0000-s1"] == "cancelled"


def test_a_mark_without_a_stop_request_is_enough_while_a_driver_works(tmp_path):
    """As when the run was being started at that moment, which withdraws stop requests."""
    victim = folder_of(tmp_path, "t0000-s1")
    observe = once(at_work("t0000-s1"), lambda: victim.cancel("by somebody"))
    assert states(run(study(SLOW, seeds=[1]), tmp_path, observe=observe)) == {"t0000": "failed"}


def test_a_run_that_has_not_begun_can_be_cancelled(tmp_path):
    cancel_runs([folder_of(tmp_path, "t0001-s1")], "lena")
    status = run(study("x=1", "x=2", seeds=[1]), tmp_path)
    assert states(status) == {"t0000": "complete", "t0001": "failed"}
    assert status.trials[1].reason == "seed 1: cancelled: by lena"
    assert runs(status)["t0001-s1"] == "cancelled" and not folder_of(tmp_path, "t0001-s1").exists()


@pytest.mark.parametrize("alive", [True, False])
def test_a_cancelled_study_begins_nothing_more_and_goes_on_after_a_retry(tmp_path, alive):
    folder = StudyFolder(tmp_path)
    config = study("steps=60 step_s=0.02", "x=2", "x=3", seeds=[1], parallel=1)
    said = []
    if alive:
        status = run(config, tmp_path, observe=once(at_work("t0000-s1"), lambda: folder.cancel("by lena")))
        assert runs(status)["t0000-s1"] == "cancelled"
    else:
        tmp_path.joinpath("cancelled").write_text("by lena")
        status = run(config, tmp_path, say=said.append)
        assert "is cancelled by lena: nothing is started" in said[0]
    assert status.cancelled == "by lena"
    assert [each for each in states(status).values() if each == "complete"] == []
    assert not folder_of(tmp_path, "t0001-s1").exists()
    again = run(config, tmp_path)
    assert runs(again) == runs(status), "the mark holds for the next driver"
    folder.withdraw_cancel()
    marked = cancelled_runs(folder)
    assert [withdraw(each) for each in marked] == [True] * len(marked)
    ask_retry(folder, {each.path.name.rsplit("-s", 1)[0] for each in marked}, "lena")
    assert set(states(run(config, tmp_path)).values()) == {"complete"}
    assert open_requests(folder) == []


def test_one_failed_trial_is_retried_by_a_living_driver_and_no_other(tmp_path):
    """The driver had no trial left to ask for: it must look again."""
    folder = StudyFolder(tmp_path)
    config = study("fail_at=3 failures=1", "fail_at=4 failures=1", "x=2 steps=60 step_s=0.03", seeds=[1], parallel=3)
    failures = []
    ask = once(lambda progress: len(progress.failures) == 2, lambda: ask_retry(folder, ["t0001", "t0099"], "lena"))

    def observe(progress):
        failures.append([failure.name for failure in progress.failures])
        ask(progress)

    status = run(config, tmp_path, observe=observe)
    assert states(status) == {"t0000": "failed", "t0001": "complete", "t0002": "complete"}
    assert ["t0000", "t0001"] in map(sorted, failures) and failures[-1] == ["t0000"]
    assert len(folder_of(tmp_path, "t0001-s1").manifest()["attempts"]) == 2
    assert open_requests(folder) == []


def test_a_request_waits_for_the_next_driver(tmp_path):
    config = study("fail_at=3 failures=1", "fail_at=4", seeds=[1])
    run(config, tmp_path)
    ask_retry(StudyFolder(tmp_path), ["t0000"], "lena")
    assert study_status(tmp_path).requests == 1
    status = run(config, tmp_path)
    assert states(status) == {"t0000": "complete", "t0001": "failed"} and status.requests == 0
    assert len(folder_of(tmp_path, "t0001-s1").manifest()["attempts"]) == 1


def test_a_failed_run_of_an_open_trial_gets_another_try_that_outlives_the_driver(tmp_path):
    """One seed was cancelled and is buried, the other is still at work: the trial is not told."""
    config = study("steps=60 step_s=0.02", seeds=[1, 2], parallel=2)
    first, folder = folder_of(tmp_path, "t0000-s1"), StudyFolder(tmp_path)
    cancel = once(at_work("t0000-s1", "t0000-s2"), lambda: cancel_runs([first], "lena", [first]))

    def ask():
        withdraw(first)
        ask_retry(folder, ["t0000"], "lena")
        os.kill(os.getpid(), signal.SIGINT)

    again = once(lambda progress: first.exists() and first.manifest()["state"] is RunState.FAILED, ask)

    def observe(progress):
        cancel(progress)
        again(progress)

    status = run(config, tmp_path, observe=observe)
    assert runs(status) == {"t0000-s1": "failed", "t0000-s2": "stopped"} and status.requests == 1
    assert states(run(config, tmp_path)) == {"t0000": "complete"}
    assert [attempt["outcome"] for attempt in first.manifest()["attempts"]] == ["stopped", "complete"]


def test_a_cancelled_run_that_is_retried_while_it_stops_goes_on(tmp_path):
    config = study("steps=80 step_s=0.02", seeds=[1])
    victim, folder = folder_of(tmp_path, "t0000-s1"), StudyFolder(tmp_path)

    def cancel_and_retry():
        cancel_runs([victim], "lena", [victim])
        while victim.stop_asker() == CANCELLER and victim.manifest()["state"] is RunState.RUNNING:
            time.sleep(0.002)
        ask_retry(folder, ["t0000"], "lena")
        withdraw(victim)

    status = run(config, tmp_path, observe=once(at_work("t0000-s1"), cancel_and_retry))
    assert states(status) == {"t0000": "complete"}


def test_a_damaged_request_is_put_aside_and_harms_nothing(tmp_path):
    folder = StudyFolder(tmp_path)
    folder.requests_path.mkdir()
    for number, content in enumerate(["{", "[]", '{"schema": 9}', '{"schema": 1, "retry": [1], "by": "x"}', ""]):
        (folder.requests_path / f"{number:020d}-bad.json").write_text(content)
    ask_retry(folder, ["t0000"], "lena")
    (request,) = take(folder)
    assert (request.retry, request.by) == ({"t0000"}, "lena")
    assert len(list(folder.requests_path.glob("*.refused"))) == 5 and open_requests(folder) == [request.path]


def test_withdrawing_leaves_somebody_elses_stop_request(tmp_path):
    victim = RunFolder(tmp_path)
    assert not withdraw(victim)
    victim.request_stop("job")
    cancel_runs([victim], "lena", [victim])
    assert withdraw(victim) and victim.stop_asker() == "job" and victim.cancelled() is None
    victim.clear_stop()
    cancel_runs([victim], "lena", [victim])
    assert victim.stop_asker() == CANCELLER
    assert withdraw(victim) and victim.stop_asker() is None


def test_now_kills_the_process_that_holds_the_lock(tmp_path):
    launcher = LocalLauncher([sys.executable, str(Path(__file__).with_name("fake_run.py"))])
    victim = folder_of(tmp_path, "t0000-s1")
    ended = []

    def kill():
        victim.cancel("by lena")
        assert launcher.cancel([victim]) == []
        ended.extend(launcher.cancel([victim], now=True))

    status = run(study(SLOW, seeds=[1]), tmp_path, observe=once(at_work("t0000-s1"), kill), launcher=launcher)
    assert states(status) == {"t0000": "failed"} and victim.manifest()["attempts"][0]["outcome"] == "killed"
    assert len(ended) == 1 and ended[0].startswith("process ")
    assert launcher.cancel([victim], now=True) == []


def test_the_stamp_names_user_host_and_time(monkeypatch):
    assert " on " in who() and " at 20" in who()
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(KeyError(1)))
    assert who().startswith(f"user {os.getuid()} on ")


def test_marks_and_requests_may_come_from_another_thread_at_any_moment(tmp_path):
    """Cancel and retry again and again while the driver works: the study is complete in the end."""
    config = study("x=1 steps=40 step_s=0.01", "x=2 steps=40 step_s=0.01", seeds=[1, 2], parallel=4)
    folder, over = StudyFolder(tmp_path), threading.Event()

    def harass():
        for turn in range(6):
            time.sleep(0.12)
            victim = folder_of(tmp_path, f"t000{turn % 2}-s{1 + turn % 2}")
            if victim.exists() and not victim.is_done():
                cancel_runs([victim], "lena", [victim])
                time.sleep(0.1)
                withdraw(victim)
                ask_retry(folder, [victim.path.name[:5]], "lena")
        over.set()

    harasser = threading.Thread(target=harass)
    harasser.start()
    run(config, tmp_path)
    harasser.join()
    ask_retry(folder, ["t0000", "t0001"], "lena")
    assert set(states(run(config, tmp_path)).values()) == {"complete"}
