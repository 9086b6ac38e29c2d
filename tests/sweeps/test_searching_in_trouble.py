"""Searching studies to which something happens: at a rung, between a decision and its end, with little budget left."""

import pytest
from fake_study import resolve, run, study

import sweeps.storage.store
from harness.config.pruning import Pruning
from harness.runs import RunFolder
from sweeps.asking import Asking, distinct
from sweeps.driver import Driver
from sweeps.jobs.ends import Cause
from sweeps.jobs.policy import Policy
from sweeps.plan import points, resolved_points
from sweeps.pruning.curves import Curve
from sweeps.pruning.rules import decide
from sweeps.storage.place import sqlite_in
from sweeps.storage.store import Store, make

SCORE = VALUE = {"metric": "score", "direction": "maximize"}
RUNG = {"pruner": "halving", "options": {"rungs": [5], "keep": 2}}


def states(status):
    return {trial.title: trial.state for trial in status.trials}


def test_a_trial_one_of_whose_seeds_fails_before_a_rung_does_not_hold_the_others_there(tmp_path):
    config = study("x=9 fail_at=3", "x=1", "x=2", objective=SCORE, base=["steps=8"], pruning=RUNG)
    status = run(config, tmp_path)
    assert states(status) == {"trial x=9 fail_at=3": "failed", "trial x=1": "pruned", "trial x=2": "complete"}


@pytest.mark.parametrize("mode", ["cancel", "stop"])
def test_a_seed_that_a_person_takes_away_before_a_rung_does_not_keep_the_driver_for_ever(tmp_path, mode):
    config = study("x=0", objective=SCORE, base=["steps=12", "step_s=0.2"], pruning=RUNG)
    other = RunFolder(tmp_path / "runs" / "t0000-s2")
    done = []

    def take_away(progress):
        if not done and other.exists() and other.last_record() is not None:
            done.append(other.cancel("by a person") if mode == "cancel" else other.request_stop("a person"))

    status = run(config, tmp_path, observe=take_away)
    assert done and states(status) == {"trial x=0": "failed" if mode == "cancel" else "running"}


def test_what_a_pruner_has_given_up_stays_so_when_the_driver_is_killed_before_the_run_has_stopped(
    tmp_path, monkeypatch
):
    pruning = {"pruner": "median", "start": 5, "every": 1000, "options": {"n_startup_trials": 1}}
    trials = ("x=5", "x=1 step_s=1 steps=12")
    config = study(*trials, seeds=[1], objective=SCORE, base=["steps=7"], pruning=pruning)
    asks = Driver._ask_to_stop

    def ask_and_die(self, alive, asker):
        asks(self, alive, asker)
        if asker == "pruner" and alive:
            raise KeyboardInterrupt

    monkeypatch.setattr(Driver, "_ask_to_stop", ask_and_die)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path)
    monkeypatch.undo()
    monkeypatch.setenv("PYTHONPATH", ":".join(__import__("sys").path))
    assert states(run(config, tmp_path)) == {"trial x=5": "complete", "trial x=1 step_s=1 steps=12": "pruned"}


@pytest.mark.parametrize("steps, pruned", [(10, {}), (20, {1})])
def test_nothing_is_pruned_at_its_last_step(steps, pruned):
    options = {"n_startup_trials": 1}
    config = Pruning.from_dict({"pruner": "median", "start": 10, "every": 10, "options": options, **VALUE})
    better = Curve(0, "complete", 20, 20, ((10, 9.0), (20, 9.0)))
    found = decide(config, [better, Curve(1, "running", steps, 10, ((10, 1.0),))], over=False)
    assert set(found.prune) == set(pruned)


def test_a_damaged_run_fails_its_trial_and_not_the_study_that_prunes(tmp_path):
    pruning = {"pruner": "median", "options": {"n_startup_trials": 1}}
    config = study("x=0", "x=1", seeds=[1], objective=SCORE, base=["steps=15", "step_s=0.1"], pruning=pruning)
    metrics = tmp_path / "runs" / "t0000-s1" / "metrics.jsonl"
    done = []

    def damage(progress):
        if not done and metrics.exists() and metrics.stat().st_size:
            with metrics.open("ab") as file:
                done.append(file.write(b"garbage\n"))

    status = run(config, tmp_path, observe=damage)
    assert done and states(status) == {"trial x=0": "failed", "trial x=1": "complete"}


def test_a_run_that_waits_for_its_next_start_is_not_left_for_a_budget_that_pays_it(tmp_path):
    waiting = "x=0 steps=6 kill_at=3 kills=2 step_s=0.05"
    config = study(waiting, "x=1 steps=100000", seeds=[1], parallel=1, budget=0.05)
    policy = Policy(restarts={Cause.KILLED: 9}, stalled=9, backoff_s=2.0, backoff_max_s=2.0)
    status = run(config, tmp_path, policy=policy)
    assert states(status)[f"trial {waiting}"] == "complete" and status.ended.unaffordable


def test_no_listed_point_is_drawn_again_however_many_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps.storage.store, "WAITING_MOST", 4)
    space = {"x": {"choices": [float(value) for value in range(12)]}}
    config = study(*(f"x={value}" for value in range(8)), space=space, n_trials=4, sampler="random")
    place = sqlite_in(tmp_path, config.name)
    make(place, config)
    store = Store(place, config)
    listed = distinct(config, points(config), resolved_points(config, resolve))
    store.enqueue({index: point for index, point, _ in listed}, {index: key for index, _, key in listed})
    asking, known = Asking(config, store, resolve), {}
    while (trial := asking.next(known)) is not None:
        known[trial.origin] = trial
        store.tell(trial, [{1: 0.0, 2: 0.0}])
    assert len(known) == 12 == len({trial.key for trial in store.trials()})


def test_what_an_older_version_left_without_parameters_takes_no_place_and_is_not_run(tmp_path):
    config = study(space={"x": {"low": 0.0, "high": 9.0}}, n_trials=2, sampler="random", base=["steps=2"])
    place = sqlite_in(tmp_path, config.name)
    make(place, config)
    Store(place, config)._study.ask()
    first = run(config, tmp_path)
    assert sorted(trial.state for trial in first.trials) == ["complete", "complete", "failed"]
    assert run(config, tmp_path, retry_failed=True) == first


def test_a_warm_start_is_kept_before_the_study_is_frozen(tmp_path, monkeypatch):
    space = {"x": {"low": 0.0, "high": 10.0}}
    run(study("x=1", objective=SCORE, seeds=[1], base=["steps=2"]), tmp_path / "source")
    config = study(space=space, n_trials=1, seeds=[1], objective=SCORE, warm_start=[str(tmp_path / "source")])
    monkeypatch.setattr("sweeps.study.make", lambda place, config: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "own")
    assert (tmp_path / "own" / "warm.json").exists() and (tmp_path / "own" / "study.json").exists()
