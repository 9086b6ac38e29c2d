"""Which is best and how surely: closed forms, laws, and studies whose truth is known."""

import json
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.student import two_sided
from harness.errors import ConfigError, InputError
from sweeps.ranking.best import probability_best
from sweeps.ranking.two_way import TwoWay

A = {1: 0.51, 2: 0.63, 3: 0.55, 4: 0.60}
B = {1: 0.45, 2: 0.60, 3: 0.52, 4: 0.50}
GAPS = [A[seed] - B[seed] for seed in A]
LAW = settings(deadline=None, max_examples=30)


@pytest.fixture(scope="module", autouse=True)
def few_draws():
    """For speed; the standard error of a probability is 0.016 at most."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sweeps.ranking.best.DRAWS", 1000)
        yield


def chances(values, direction="maximize"):
    return {each.name: each.probability for each in probability_best(values, direction).standings}


def test_the_noise_of_two_configurations_is_that_of_the_paired_t_test():
    noise = probability_best({"a": A, "b": B}, "maximize").noise
    assert (noise.paired, noise.df) == (True, 3)
    assert noise.sd == pytest.approx(statistics.stdev(GAPS) / math.sqrt(2))


@pytest.mark.parametrize("ratio", [0.2, 1.0, 1e4])
def test_two_configurations_have_the_posterior_of_their_gap(ratio):
    """Of K seeds: Student's t with K degrees of freedom, the gap drawn towards 0 by K / (K + 1 / ratio^2)."""
    k, gap = len(GAPS), statistics.fmean(GAPS)
    information = k + ratio**-2
    squares = statistics.variance(GAPS) * (k - 1) / 2 + gap**2 * k / 2 / (1 + ratio**2 * k)
    t = gap * k / information / math.sqrt(2 * squares / k / information)
    won = TwoWay.fit({"a": A, "b": B}).highest(np.array([ratio]), np.array([1.0]), 100_000, 0)
    assert won[0] == pytest.approx(1 - float(two_sided(t, k)) / 2, abs=0.005)


def test_seeds_that_are_not_common_are_pooled():
    values = {"a": {1: 1.0, 2: 3.0}, "b": {3: 5.0, 4: 6.0, 5: 10.0}, "c": {6: 4.0}}
    noise = probability_best(values, "maximize").noise
    squares = [statistics.variance(own.values()) * (len(own) - 1) for own in values.values() if len(own) > 1]
    assert (noise.paired, noise.df) == (False, 3)
    assert noise.sd == pytest.approx(math.sqrt(sum(squares) / 3))


def test_the_report_by_hand():
    report = probability_best({"t0000": {1: 5.0, 2: 7.0}, "t0001": {1: 1.0, 2: 4.0}, "t0002": {1: 2.0}}, "maximize")
    assert report.winner == "t0000" and report.probability == report.standings[0].probability
    first = report.standings[0]
    assert (first.n, first.mean) == (2, 6.0)
    assert report.noise.sd == pytest.approx(0.5)  # gaps 4 and 3: variance 0.5, halved
    assert first.standard_error == pytest.approx(0.5 / math.sqrt(2))
    # chi-square with 1 degree of freedom: 5.0239 and 0.00098207
    assert (report.noise.low, report.noise.high) == pytest.approx((0.5 / 5.0239**0.5, 0.5 / 0.00098207**0.5), rel=1e-4)
    assert "t0000 is the best of 3 with probability 0." in report.text and "1 degrees of freedom" in report.text
    assert json.loads(json.dumps(report.to_dict()))["winner"] == "t0000"


@pytest.mark.parametrize("count, seeds", [(1, 1), (3, 1)])
def test_without_a_second_seed_noise_cannot_be_measured(count, seeds):
    with pytest.raises(InputError, match=r"only where a configuration has two seeds; got one seed .* `promotion`"):
        probability_best({str(c): {s: float(c) for s in range(seeds)} for c in range(count)}, "maximize")


def test_one_configuration_is_the_best_of_one():
    report = probability_best({"a": A}, "minimize")
    assert report.probability == 1.0 and report.noise.sd == pytest.approx(statistics.stdev(A.values()))


def test_equal_values_are_equally_likely_and_no_noise_is_certainty():
    assert chances({"a": {1: 0.1, 2: 0.3}, "b": {1: 0.1, 2: 0.3}}) == {"a": 0.5, "b": 0.5}
    far = {"a": {seed: seed / 4 for seed in range(4)}, "b": {seed: seed / 4 + 0.5 for seed in range(4)}}
    report = probability_best(far, "maximize")
    assert report.winner == "b" and report.probability > 0.99
    assert report.noise.sd == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("values", [{}, {"a": {}}, {"a": {1: math.nan, 2: 1.0}}])
def test_what_is_no_value_is_refused(values):
    with pytest.raises(InputError):
        probability_best(values, "maximize")
    with pytest.raises(ConfigError, match="Did you mean 'minimize'"):
        probability_best({"a": A}, "minimise")


STUDIES = st.integers(0, 10**6).map(lambda seed: drawn(np.random.default_rng(seed)))


def drawn(rng):
    """2 to 6 configurations, each on seeds 1, 2 and perhaps on more."""
    sizes = rng.integers(2, 6, rng.integers(2, 7))
    return {f"t{c}": {s + 1: float(rng.normal()) for s in range(size)} for c, size in enumerate(sizes)}


@LAW
@given(STUDIES, st.floats(0.01, 1000), st.floats(-10, 10))
def test_units_names_and_what_a_seed_does_to_all_change_nothing(values, unit, shift):
    def changed(value, seed):
        return -unit * (value + shift * seed)

    other = {f"x{name}": {s: changed(v, s) for s, v in own.items()} for name, own in values.items()}
    before, after = probability_best(values, "maximize"), probability_best(other, "minimize")
    assert after.noise.sd == pytest.approx(unit * before.noise.sd, rel=1e-6)
    expected = {f"x{each.name}": each.probability for each in before.standings}
    assert {each.name: each.probability for each in after.standings} == pytest.approx(expected, abs=0.002)


@LAW
@given(STUDIES)
def test_probabilities_sum_to_one_best_first(values):
    found = [each.probability for each in probability_best(values, "maximize").standings]
    assert sum(found) == pytest.approx(1.0) and found == sorted(found, reverse=True)


def trial_of(rng, ratio, configurations, seeds, promoted=0):
    """(probability that was said of the winner, whether it was best, whether the interval has the noise of 1)."""
    means = rng.normal(0, ratio, configurations)
    effects = rng.normal(0, 1, seeds + 4)
    table = means[:, None] + effects + rng.normal(0, 1, (configurations, seeds + 4))
    values = {str(c): dict(enumerate(table[c, :seeds])) for c in range(configurations)}
    for c in np.argsort(-table[:, :seeds].mean(axis=1))[:promoted]:
        values[str(c)] = dict(enumerate(table[c]))
    report = probability_best(values, "maximize")
    return report.probability, int(report.winner) == means.argmax(), report.noise.low <= 1 <= report.noise.high


def calibration(rng, studies, draw_ratio, *shape, **options):
    said, right, covered = zip(*(trial_of(rng, draw_ratio(), *shape, **options) for _ in range(studies)), strict=True)
    return np.array(said), np.array(right), np.mean(covered)


# The bounds are three standard errors of what 300 studies can show, sqrt(.25 / 300), or sqrt(.25 / 150) for a half.
@pytest.mark.parametrize("shape, options", [((4, 3), {}), ((9, 1), {"promoted": 3})])
def test_a_winner_is_right_as_often_as_was_said_where_truth_follows_the_model(shape, options):
    """Also when the further seeds went to those that did well: nothing that decided it is hidden from the model."""
    rng = np.random.default_rng(11)
    said, right, covered = calibration(rng, 300, lambda: abs(rng.standard_cauchy()), *shape, **options)
    assert said.mean() == pytest.approx(right.mean(), abs=0.087)
    for half in (said > np.median(said), said <= np.median(said)):
        assert said[half].mean() == pytest.approx(right[half].mean(), abs=0.122)
    assert said[said > np.median(said)].mean() > said.mean() + 0.1
    assert covered == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("ratio", [0.3, 1.0, 3.0])
def test_it_is_not_far_off_for_any_one_spread_of_means(ratio):
    """What docs/seeds.md says: within 0.15 on average, too sure where the means differ by less than the noise."""
    said, right, _ = calibration(np.random.default_rng(12), 200, lambda: ratio, 6, 2)
    assert abs(said.mean() - right.mean()) < 0.15


def test_the_draws_are_the_same_each_time():
    values = {"a": A, "b": B}
    assert probability_best(values, "maximize") == probability_best(values, "maximize")
