"""Which configuration gets more seeds: by hand, by law, and over whole studies in any order of arrival."""

import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config.promotion import Promotion
from harness.errors import ConfigError, InputError
from sweeps.search.promotion import OPEN, Result, next_promotion, promotable, ranking, seeds_of
from sweeps.trials import TrialState

BASE = (1, 2)
LADDER = Promotion(3, ((3,), (4, 5)))
TOP = len(LADDER.rungs)
WAYS = ("minimize", "maximize")
DONE, AT_WORK, FAILED = TrialState.COMPLETE, TrialState.RUNNING, TrialState.FAILED
LAW = settings(deadline=None, max_examples=60)


def result(origin, rung, state, numbers):
    """With the values that such a configuration has: of its own rung where complete, else of the one below."""
    valued = rung if state is DONE else rung - 1
    seeds = seeds_of(BASE, LADDER, valued) if valued >= 0 else ()
    return Result(origin, rung, state, dict(zip(seeds, numbers, strict=False)))


def first(origin, value):
    """Complete at rung 0."""
    return result(origin, 0, DONE, [value] * 5)


def at(rung, results, origin):
    """Whether it may be promoted, and from there."""
    return any(each.origin == origin and each.rung == rung for each in results)


def test_the_seeds_of_a_rung_add_up():
    assert [seeds_of(BASE, LADDER, rung) for rung in range(3)] == [(1, 2), (1, 2, 3), (1, 2, 3, 4, 5)]
    with pytest.raises(InputError, match="a rung must be from 0 to 2; got 3"):
        seeds_of(BASE, LADDER, 3)


def test_one_in_three_goes_on_and_ties_go_by_origin():
    results = [first(4, 0.5), first(2, 0.5), first(7, 0.1), first(1, 0.2), first(0, 0.3), first(3, 0.5)]
    assert promotable(LADDER, BASE, results, "maximize", over=False) == [2, 3]
    assert promotable(LADDER, BASE, results, "minimize", over=False) == [7, 1]
    assert next_promotion(LADDER, BASE, results[:2], "maximize", over=False) is None


def test_values_count_on_the_seeds_of_the_rung_alone():
    """The first is worse on the study's seeds, however good it is on further ones."""
    veteran = result(0, 1, DONE, [0.4, 0.4, 9.0])
    results = [veteran, first(1, 0.5), first(2, 0.3)]
    assert promotable(LADDER, BASE, results, "maximize", over=False) == [1]


def test_the_highest_rung_goes_first():
    high = [result(origin, 1, DONE, [1.0, 1.0, origin]) for origin in range(3)]
    low = [first(origin, 2.0) for origin in range(3, 6)]
    assert promotable(LADDER, BASE, [*low, *high], "maximize", over=False) == [2, 3, 4]


def test_a_study_that_is_over_ends_with_a_finalist():
    results = [first(0, 0.5), first(1, 0.6)]
    assert promotable(LADDER, BASE, results, "maximize", over=False) == []
    assert promotable(LADDER, BASE, results, "maximize", over=True) == [1]
    assert promotable(LADDER, BASE, [*results, result(2, 0, AT_WORK, [])], "maximize", over=True) == []
    gone_on = [first(0, 0.5), result(1, 1, DONE, [0.6] * 3)]
    assert promotable(LADDER, BASE, gone_on, "maximize", over=True) == [1]
    assert promotable(LADDER, BASE, [first(0, 0.5), result(1, 2, DONE, [0.6] * 5)], "maximize", over=True) == []


def test_a_rung_that_more_can_still_reach_does_not_promote_its_only_one():
    """Of six the best two go on; the first of them is back while the second is not yet promoted, then at work."""
    rest = [first(origin, 0.1) for origin in range(2, 6)]
    back = result(0, 1, DONE, [0.9] * 3)
    assert promotable(LADDER, BASE, [back, first(1, 0.8), *rest], "maximize", over=True) == [1]
    at_work = result(1, 1, AT_WORK, [0.8] * 3)
    assert promotable(LADDER, BASE, [back, at_work, *rest], "maximize", over=True) == []
    assert promotable(LADDER, BASE, [back, replace(at_work, state=FAILED), *rest], "maximize", over=True) == [0]


@pytest.mark.parametrize("state", [state for state in TrialState if state is not DONE])
def test_only_what_is_complete_is_promoted_and_a_failed_promotion_keeps_its_place(state):
    rest = [first(1, 0.5), first(2, 0.4)]
    assert promotable(LADDER, BASE, [result(0, 1, state, [0.9] * 3), *rest], "maximize", over=True) == []
    assert promotable(LADDER, BASE, [result(0, 0, state, []), *rest], "maximize", over=False) == []


@pytest.mark.parametrize(
    "results, message",
    [
        ([first(0, 1.0), first(0, 2.0)], "must have one result"),
        ([first(0, math.nan)], "must be finite"),
        ([Result(0, 3, DONE)], "a rung must be from 0 to 2"),
    ],
)
def test_what_is_no_result_is_refused(results, message):
    with pytest.raises(InputError, match=message):
        promotable(LADDER, BASE, results, "maximize", over=False)


def test_seeds_and_directions_are_checked():
    with pytest.raises(ConfigError, match=r"others than those of study\.seeds; got 3"):
        promotable(LADDER, (1, 3), [], "maximize", over=False)
    with pytest.raises(ConfigError, match="Did you mean 'maximize'"):
        promotable(LADDER, BASE, [], "maximise", over=False)


NUMBERS = st.integers(0, 7**5 - 1).map(lambda drawn: [float(drawn // 7**place % 7) for place in range(5)])
RESULTS = st.lists(
    st.tuples(st.integers(0, TOP), st.sampled_from([*TrialState, DONE, DONE, DONE]), NUMBERS), min_size=1, max_size=10
).map(lambda drawn: [result(origin, *each) for origin, each in enumerate(drawn)])
STATES = st.tuples(RESULTS, st.sampled_from(WAYS), st.booleans())


def better(each, direction, by=1.0):
    sign = 1.0 if direction == "maximize" else -1.0
    return replace(each, values={seed: value + sign * by for seed, value in each.values.items()})


@LAW
@given(STATES, st.data())
def test_a_better_value_keeps_a_promotable_configuration_promotable(state, data):
    results, direction, over = state
    for origin in promotable(LADDER, BASE, results, direction, over):
        by = data.draw(st.sampled_from([0.5, 1.0, 10.0]))
        raised = [better(each, direction, by) if each.origin == origin else each for each in results]
        assert origin in promotable(LADDER, BASE, raised, direction, over)


@LAW
@given(STATES, st.data())
def test_worse_values_of_others_keep_it_promotable(state, data):
    results, direction, over = state
    for origin in promotable(LADDER, BASE, results, direction, over):
        by = data.draw(st.sampled_from([0.5, 1.0, 10.0]))
        lowered = [each if each.origin == origin else better(each, direction, -by) for each in results]
        assert origin in promotable(LADDER, BASE, lowered, direction, over)


@LAW
@given(STATES, NUMBERS)
def test_a_further_worse_result_keeps_it_promotable_while_configurations_may_come(state, numbers):
    results, direction, _ = state
    newcomer = better(result(len(results), 0, DONE, numbers), direction, -100.0)
    before = promotable(LADDER, BASE, results, direction, over=False)
    assert set(before) <= set(promotable(LADDER, BASE, [*results, newcomer], direction, over=False))


def test_a_further_better_result_may_take_its_place():
    """So a configuration that waits for its promotion can lose it: no law is broken, it has not begun."""
    results = [first(0, 0.5), first(1, 0.1), first(2, 0.1)]
    assert promotable(LADDER, BASE, results, "maximize", over=False) == [0]
    assert promotable(LADDER, BASE, [*results, first(3, 0.9)], "maximize", over=False) == [3]


@LAW
@given(STATES)
def test_a_promotion_that_begins_takes_the_place_of_no_other_on_its_rung(state):
    results, direction, over = state
    before = promotable(LADDER, BASE, results, direction, over)
    for chosen in before:
        rung = results[chosen].rung
        begun = [replace(each, rung=rung + 1, state=AT_WORK) if each.origin == chosen else each for each in results]
        after = promotable(LADDER, BASE, begun, direction, over)
        peers = {origin for origin in before if results[origin].rung == rung and origin != chosen}
        assert peers <= set(after) and chosen not in after


@LAW
@given(STATES, st.randoms(use_true_random=False))
def test_the_order_of_the_results_does_not_matter(state, random):
    results, direction, over = state
    shuffled = random.sample(results, len(results))
    assert promotable(LADDER, BASE, shuffled, direction, over) == promotable(LADDER, BASE, results, direction, over)


@LAW
@given(STATES)
def test_a_direction_is_the_other_one_of_the_negated_values(state):
    results, direction, over = state
    negated = [replace(each, values={seed: -value for seed, value in each.values.items()}) for each in results]
    other = WAYS[1 - WAYS.index(direction)]
    assert promotable(LADDER, BASE, negated, other, over) == promotable(LADDER, BASE, results, direction, over)


@LAW
@given(STATES)
def test_no_rung_has_more_ready_than_its_places_and_all_are_complete_below_the_top(state):
    results, direction, over = state
    found = promotable(LADDER, BASE, results, direction, over)
    for rung in range(TOP + 1):
        ready = [origin for origin in found if results[origin].rung == rung]
        ranked = [each.origin for each in ranking(seeds_of(BASE, LADDER, min(rung, TOP)), results, direction)]
        places = max(len(ranked) // LADDER.keep, int(over)) if rung < TOP else 0
        assert len(ready) <= places and set(ready) <= set(ranked[:places])
        assert all(results[origin].state is DONE for origin in ready)


def whole_study(random, values, parallel):
    """The results at the end of a study whose runs come back in a random order; values[origin][seed]."""
    results, to_come, at_work = {}, list(values), []
    while True:
        over = not to_come
        while len(at_work) < parallel:
            origin = next_promotion(LADDER, BASE, list(results.values()), "maximize", over)
            if origin is not None:
                results[origin] = replace(results[origin], rung=results[origin].rung + 1, state=AT_WORK)
            elif to_come:
                origin = to_come.pop(0)
                results[origin] = Result(origin, 0, AT_WORK)
            else:
                break
            at_work.append(origin)
            over = not to_come
        if not at_work:
            return results
        done = at_work.pop(random.randrange(len(at_work)))
        seeds = seeds_of(BASE, LADDER, results[done].rung)
        results[done] = replace(results[done], state=DONE, values={seed: values[done][seed] for seed in seeds})


def at_least(results, rung):
    return {origin for origin, each in results.items() if each.rung >= rung}


def core(results, rung):
    """The best of a rung at the end, who must have gone on."""
    ranked = ranking(seeds_of(BASE, LADDER, rung), list(results.values()), "maximize")
    return {each.origin for each in ranked[: max(1, len(ranked) // LADDER.keep)]}


STUDIES = st.tuples(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 4))
"""Seed of what is random, configurations, runs at a time."""


def drawn_values(random, count):
    return {origin: {seed: float(random.randrange(20)) for seed in range(1, 6)} for origin in range(count)}


@LAW
@given(STUDIES)
def test_whatever_the_order_of_arrival_the_best_of_each_rung_go_on_and_there_is_a_finalist(drawn):
    seed, count, parallel = drawn
    random = Random(seed)
    results = whole_study(random, drawn_values(random, count), parallel)
    assert not any(each.state in OPEN for each in results.values())
    assert promotable(LADDER, BASE, list(results.values()), "maximize", over=True) == []
    for rung in range(TOP):
        assert core(results, rung) <= at_least(results, rung + 1)
    assert at_least(results, TOP)


@LAW
@given(st.integers(0, 10**6), st.integers(1, 12))
def test_who_waits_for_all_first_results_promotes_exactly_the_best(seed, count):
    """A study that asks for no promotion while configurations come or are open at rung 0."""
    values = drawn_values(Random(seed), count)
    done = [replace(first(origin, 0.0), values={s: values[origin][s] for s in BASE}) for origin in values]
    best = core({each.origin: each for each in done}, 0)
    asked: set[int] = set()
    results = {each.origin: each for each in done}
    while (origin := next_promotion(LADDER, BASE, list(results.values()), "maximize", over=True)) is not None:
        if results[origin].rung == 0:
            asked.add(origin)
        rung = results[origin].rung + 1
        seeds = seeds_of(BASE, LADDER, rung)
        results[origin] = replace(results[origin], rung=rung, values={s: values[origin][s] for s in seeds})
    assert asked == best == at_least(results, 1)


def test_the_order_of_arrival_may_add_configurations_to_those_that_go_on():
    """Rising values make each newcomer the best so far: asynchronous halving cannot know that a better one comes."""
    rising = {origin: dict.fromkeys(range(1, 6), float(origin)) for origin in range(9)}
    falling = {origin: dict.fromkeys(range(1, 6), float(-origin)) for origin in range(9)}
    gone_on = [len(at_least(whole_study(Random(0), values, 1), 1)) for values in (rising, falling)]
    assert gone_on == [7, 3]


def test_the_example_of_the_docs_is_a_ladder_and_costs_what_they_say():
    text = (Path(__file__).parents[2] / "docs" / "seeds.md").read_text()
    study = yaml.safe_load(text.split("```yaml")[1].split("```")[0])
    ladder, base = Promotion.from_dict(study["promotion"]), study["seeds"]
    values = {origin: dict.fromkeys(seeds_of(base, ladder, 2), -float(origin)) for origin in range(27)}
    results = {origin: Result(origin, 0, DONE, {1: own[1]}) for origin, own in values.items()}
    while (origin := next_promotion(ladder, base, list(results.values()), "maximize", over=True)) is not None:
        rung = results[origin].rung + 1
        seeds = seeds_of(base, ladder, rung)
        results[origin] = Result(origin, rung, DONE, {seed: values[origin][seed] for seed in seeds})
    assert f"= {sum(len(each.values) for each in results.values())} runs" in text
    assert f"instead of {27 * len(seeds_of(base, ladder, 2))} with" in text
