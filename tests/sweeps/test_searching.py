"""Whole studies of fake runs that search: promotions, rungs, budget, several objectives, borrowing."""

import pytest
from fake_study import run, study

from harness.errors import ConfigError
from harness.runs import RunFolder
from sweeps.budget.grants import granted
from sweeps.folder import StudyFolder
from sweeps.requests import ask_retry

SCORE = {"metric": "score", "direction": "maximize"}
SLOW = ["steps=6", "step_s=0.4"]
"""A run's hours are counted from its attempts, whose times are whole seconds."""


def listed(*values, **changes):
    given = {"objective": SCORE, "seeds": [1], "base": ["steps=6"], **changes}
    return study(*(f"x={value}" for value in values), **given)


def states(status):
    return {trial.title: trial.state for trial in status.trials}


def test_the_best_are_promoted_to_further_seeds_and_keep_their_value(tmp_path):
    config = listed(1, 5, 3, 2, promotion={"keep": 2, "rungs": [[2, 3], [4]]})
    status = run(config, tmp_path)
    assert {trial.title: trial.seeds for trial in status.trials} == {
        "trial x=1": (1,),
        "trial x=5": (1, 2, 3, 4),
        "trial x=3": (1, 2, 3),
        "trial x=2": (1,),
    }
    best = status.trials[1]
    assert best.values == pytest.approx({1: 5.01, 2: 5.02, 3: 5.03, 4: 5.04}) and best.value == pytest.approx(5.025)
    assert set(states(status).values()) == {"complete"}
    assert run(config, tmp_path) == status, "nothing is promoted twice"
    assert all(len(RunFolder(each.path).manifest()["attempts"]) == 1 for trial in status.trials for each in trial.runs)


def test_halving_keeps_the_best_of_each_rung_and_a_pruned_one_can_be_revived(tmp_path):
    pruning = {"pruner": "halving", "options": {"rungs": [2, 4], "keep": 2}}
    config = listed(1, 5, 3, 2, 4, pruning=pruning)
    status = run(config, tmp_path)
    assert states(status) == {
        "trial x=1": "pruned",
        "trial x=5": "complete",
        "trial x=3": "pruned",
        "trial x=2": "pruned",
        "trial x=4": "complete",
    }
    steps = {trial.title: trial.runs[0].step for trial in status.trials}
    assert steps == {"trial x=1": 2, "trial x=5": 6, "trial x=3": 4, "trial x=2": 2, "trial x=4": 6}
    ask_retry(StudyFolder(tmp_path), ["t0000"], "a person")
    revived = run(config, tmp_path)
    assert states(revived) == {**states(status), "trial x=1": "complete"}
    assert revived.trials[0].spared and revived.trials[0].value == pytest.approx(1.01)


def test_a_guard_ends_a_run_that_is_hopeless(tmp_path):
    guards = {"entropy_below": 0.5, "entropy_steps": 3}
    config = listed(1, 2, pruning={"guards": guards})
    status = run(config.from_dict({**config.to_dict(), "base": ["steps=200", "step_s=0.05"]}), tmp_path)
    assert set(states(status).values()) == {"pruned"}
    assert all("entropy <= 0.5 nats for 3 steps up to step 3" in trial.reason for trial in status.trials)


def test_a_guard_finds_what_is_over_before_anybody_looks(tmp_path):
    config = listed(1, pruning={"guards": {"entropy_below": 0.5, "entropy_steps": 3}})
    assert states(run(config, tmp_path, poll_s=3.0)) == {"trial x=1": "pruned"}


def test_a_budget_ends_the_study_and_more_of_it_goes_on(tmp_path):
    config = listed(1, 2, 3, 4, budget=1e-9, base=SLOW)
    said = []
    status = run(config, tmp_path, say=said.append)
    assert status.ended.unaffordable
    begun = [trial for trial in status.trials if trial.state != "waiting"]
    assert len(begun) <= 1, "one run alone is the first measurement"
    more = run(config, tmp_path, budget="+1", say=said.append)
    assert set(states(more).values()) == {"complete"} and not more.ended.unaffordable
    assert granted(StudyFolder(tmp_path), 1e-9) == pytest.approx(1 + 1e-9)
    assert "the study may cost 1 hours in all" in said


def test_a_budget_that_ends_during_a_promotion_leaves_the_value(tmp_path):
    promotion = {"keep": 2, "rungs": [[2, 3, 4, 5]]}
    config = listed(1, 2, promotion=promotion, base=SLOW, budget=4 * 2.4 / 3600)
    status = run(config, tmp_path)
    assert status.ended.unaffordable
    low, high = status.trials
    assert (low.rung, low.value) == (0, pytest.approx(1.01))
    assert (high.rung, high.value, high.state) == (1, pytest.approx(2.01), "running")


def test_halving_with_a_spent_budget_is_decided_among_those_that_came(tmp_path):
    pruning = {"pruner": "halving", "options": {"rungs": [2], "keep": 2}}
    config = listed(1, 2, 3, pruning=pruning, budget=1e-9, base=SLOW)
    status = run(config, tmp_path)
    assert status.ended.unaffordable
    assert run(config, tmp_path, budget="100").ended.unaffordable is False


def test_several_objectives_are_all_told(tmp_path):
    also = [{"metric": metric, "direction": "minimize"} for metric in ("value", "gpu_hours")]
    config = listed(1, 2, also=also, base=SLOW)
    status = run(config, tmp_path)
    for trial in status.trials:
        cheap, hours = trial.also
        assert cheap == {1: 6.0} and 0 < hours[1] < 1


def test_a_configuration_is_not_run_twice_however_it_is_written(tmp_path):
    said = []
    status = run(listed(1, "1.0", 2), tmp_path, say=said.append)
    assert [trial.title for trial in status.trials] == ["trial x=1", "trial x=2"]
    assert "1 of the 3 trials repeat" in said[0]


def test_a_study_borrows_what_another_one_has_found(tmp_path):
    space = {"x": {"low": 0.0, "high": 10.0}}
    source = run(listed(1, 9, space=space, n_trials=2, sampler="random", name="source"), tmp_path / "source")
    assert len(source.trials) == 4
    config = listed(space=space, n_trials=2, warm_start=[str(tmp_path / "source")])
    status = run(config, tmp_path / "own")
    assert len(status.trials) == 2
    (tmp_path / "source").rename(tmp_path / "moved")
    assert run(config, tmp_path / "own") == status
    with pytest.raises(ConfigError, match="the same objectives"):
        other = {**config.to_dict(), "objective": {"metric": "value", "direction": "maximize"}}
        run(config.from_dict({**other, "warm_start": [str(tmp_path / "moved")]}), tmp_path / "third")
    assert not (tmp_path / "third").exists()
