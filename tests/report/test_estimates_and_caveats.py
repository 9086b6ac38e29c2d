"""Intervals, and what the page warns of."""

import math
import random
import statistics
from dataclasses import replace

import pytest
from made_up import rich, study

from study_report.caveats import caveats
from study_report.estimates import lead_by_chance, noise
from study_report.facts import Budget, Configuration, Goal


def scored(name, *values, state="complete"):
    found = dict(enumerate(values, 1))
    return Configuration(name, name, state, value=statistics.fmean(values), n=len(values), values=found)


def test_the_noise_is_pooled_over_configurations_and_their_levels_do_not_count():
    spread = noise([scored("a", 1.0, 3.0), scored("b", 100.0, 102.0, 104.0), scored("c", 7.0)])
    assert spread.df == 3
    assert spread.sd == pytest.approx(math.sqrt((2.0 + 8.0) / 3))
    assert spread.t == pytest.approx(3.182446, abs=1e-5)  # tables of Student's t
    assert spread.half(4) == pytest.approx(spread.t * spread.sd / 2)


def test_there_is_no_noise_without_two_seeds():
    assert noise([scored("a", 1.0), scored("b", 2.0)]) is None
    assert noise([scored("a", 1.0, math.nan)]) is None
    assert noise([]) is None


def test_differences_are_resolved_where_they_exceed_the_noise():
    some = [scored("a", 1.0, 1.1), scored("b", 1.05, 1.15), scored("c", 9.0, 9.1), scored("d", 5.0, 5.1)]
    spread = noise(some)
    assert not spread.resolved(some[0], some[1]) and spread.resolved(some[0], some[2])


def test_the_lead_by_luck_is_the_expected_largest_of_so_many_draws():
    dice = random.Random(0)
    largest = statistics.fmean(max(dice.gauss(0, 1) for _ in range(20)) for _ in range(4000))
    assert lead_by_chance(1.0, 20) == pytest.approx(largest, abs=0.05)
    assert lead_by_chance(1.0, 1) == 0.0


def warned(facts):
    return "\n".join(caveats(facts, noise(facts.configurations)))


def test_the_page_says_its_bad_news():
    some = (scored("t0", 1.0, 1.2), scored("t1", 1.1, 1.2), scored("t2", 1.0, 1.1, 1.2), scored("t3", math.nan))
    others = (Configuration("t4", "", "failed", reason="x"), Configuration("t5", "", "pruned"))
    said = warned(study((*some, *others), goals=(Goal("m", "maximize", "best"),), planned=9))
    for words in (
        "2 of the 2 other configurations cannot be told from the best one, t1",
        "best of 3 was chosen for its score",
        "3 of 3 complete configurations have fewer than 5 seeds (the least: 2)",
        "4 degrees of freedom",
        "different numbers of seeds",
        "1 configuration failed",
        "1 configuration was pruned",
        "not over",
        "Without a finite value, and so in no figure: t3",
        "best recorded step",
    ):
        assert words in said, words


def test_what_is_resolved_and_over_is_not_warned_of():
    some = tuple(scored(f"t{i}", *(i + 0.001 * seed for seed in range(6))) for i in range(4))
    said = warned(study(some, planned=4))
    assert "differs from each of the 3 other configurations" in said
    assert "not over" not in said and "fewer than" not in said and "failed" not in said


@pytest.mark.parametrize("made", [(), (scored("t0", 1.0),), (scored("t0", math.nan, 1.0),)])
def test_small_studies_are_warned_of_too(made):
    assert warned(study(made))


def test_a_study_is_over_when_nothing_can_follow():
    done = (scored("t0", 1.0, 2.0),)
    assert study(done).over and not study(done, planned=2).over
    assert not study(done, driver="process 1").over
    assert study(done, planned=2, cancelled="by me").over
    assert study(done, planned=2, budget=Budget(10.0, 10.0, "GPU-h")).over
    assert not study((*done, Configuration("t1", "", "running"))).over
    assert not rich().over and replace(rich(), cancelled="x").over is False  # runs of it still go on
