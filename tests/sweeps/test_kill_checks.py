"""The checks of the killed drivers find what they are for, in lists of trials that are doctored one thing at a time."""

import pytest
from optuna.trial import TrialState, create_trial

from tests.sweeps import kill_checks
from tests.sweeps.killed_driver import BEST, FAILS, FAILS_ONCE, RUNG, STEPS

X = (11.0, -1.0, -2.0, 9.0, 1.0, 8.0, 2.0, 7.0, 3.0)
"""Of the configurations, by origin: those listed, and six drawn ones, of which 9, 8 and 7 go on."""
TITLES = (f"trial {BEST}", f"trial {FAILS_ONCE}", f"trial {FAILS}")
HALVED = f"halving at step {RUNG}: score is number 7 of 8"


def trial(origin, state, steps, number=None, **attributes):
    x = X[origin]
    title = TITLES[origin] if origin < len(TITLES) else f"x={x}"
    about = {"title": title, "overrides": [f"x={x}"], "key": str(x), **attributes}
    about |= {"point": origin} if origin < len(TITLES) else {}
    about |= {"origin": origin} if number is not None else {}
    value = None
    if state is TrialState.COMPLETE:
        seeds = attributes.get("seeds", [1])
        about["values"] = {str(seed): x + seed / 100 for seed in seeds}
        value = sum(about["values"].values()) / len(seeds)
    reports = {} if attributes.get("rung") else {step: x + 0.01 for step in range(1, steps + 1)}
    made = create_trial(state=state, value=value, user_attrs=about, intermediate_values=reports)
    made.number = origin if number is None else number
    return made


@pytest.fixture
def trials():
    done, pruned, failed = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
    first = [
        trial(0, done, STEPS),
        trial(1, failed, 2),
        trial(2, failed, 2),
        *(
            trial(each, done, STEPS) if X[each] > 6 else trial(each, pruned, RUNG, reason=HALVED)
            for each in range(3, 9)
        ),
    ]
    return [
        *first,
        trial(1, pruned, RUNG, 9, reason=HALVED),
        trial(0, done, STEPS, 10, rung=1, seeds=[1, 2]),
        trial(3, done, STEPS, 11, rung=1, seeds=[1, 2]),
        trial(0, done, STEPS, 12, rung=2, seeds=[1, 2, 3]),
    ]


def found(trials):
    checks = ("all_told", "none_lost", "outcome", "values", "promotions", "reports")
    return [each for name in checks for each in getattr(kill_checks, name)(trials)]


def test_a_study_that_went_well_passes(trials):
    assert found(trials) == []


def zombie(trials):
    trials[4].state = TrialState.RUNNING


def lost(trials):
    del trials[8]


def doubled(trials):
    again = trial(8, TrialState.PRUNED, RUNG, reason=HALVED)
    again.number = len(trials)
    trials.append(again)


def promoted_twice(trials):
    trials.append(trial(3, TrialState.COMPLETE, STEPS, 13, rung=1, seeds=[1, 2]))


def other_value(trials):
    trials[0].user_attrs["values"] = {"1": 11.02}


def other_mean(trials):
    trials[10].values = [11.0]


def step_missing(trials):
    del trials[3].intermediate_values[2]


def wrong_one_pruned(trials):
    trials[3], trials[4] = trial(3, TrialState.PRUNED, RUNG, reason=HALVED), trial(4, TrialState.COMPLETE, STEPS)


def other_reason(trials):
    trials[4].user_attrs["reason"] = "halving at step 3"


def retried_without_need(trials):
    trials.append(trial(4, TrialState.PRUNED, RUNG, 13, reason=HALVED))


def best_not_promoted(trials):
    del trials[12]


@pytest.mark.parametrize(
    "doctor, words",
    [
        (zombie, "trial 4 is RUNNING"),
        (lost, "6 trials must be drawn, and 5 are"),
        (doubled, "a configuration is there twice"),
        (promoted_twice, "configuration 3 was promoted to [1, 1]"),
        (other_value, "must have the values"),
        (other_mean, "must have the mean"),
        (step_missing, "trial 3 must have the reports"),
        (wrong_one_pruned, "trial 3 (x=9.0) must be COMPLETE, and is PRUNED"),
        (other_reason, "was pruned for halving at step 3"),
        (retried_without_need, "came after ['PRUNED']"),
        (best_not_promoted, "the best configuration must be promoted twice"),
    ],
)
def test_what_is_wrong_is_found(trials, doctor, words):
    doctor(trials)
    lines = found(trials)
    assert any(words in each for each in lines), lines
