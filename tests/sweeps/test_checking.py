"""What a study is refused for before anything of it is written."""

import pytest
from fake_study import resolve, run, study

from harness.errors import ConfigError
from sweeps.checking import check_metric, check_study

VALIDATION = {"validation": {"samples": 8, "pass_k": [1, 4]}}
MEAN, PASS = "val-core/countdown/acc/mean@{}", "val-aux/countdown/pass@{}"


@pytest.mark.parametrize("metric", [MEAN.format(8), PASS.format(4), "control/entropy", "tracking_error"])
def test_what_a_validation_gives_is_taken(metric):
    check_metric(metric, VALIDATION)
    check_metric(MEAN.format(3), {})


@pytest.mark.parametrize(
    "metric, message",
    [
        (MEAN.format(32), r"mean@n .* with validation\.samples=8.*Set validation\.samples=32, or take mean@8"),
        (PASS.format(2), r"pass_k \[1, 4\].*Add 2 to validation\.pass_k"),
        (PASS.format(16), "with k <= validation.samples"),
    ],
)
def test_a_metric_that_no_run_records_is_refused(metric, message):
    with pytest.raises(ConfigError, match=message):
        check_metric(metric, VALIDATION)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"sampler": "cmaes"}, "ranges alone"),
        ({"pruning": {"pruner": "median", "options": {"n_startup": 3}}}, "options of pruner median"),
        ({"pruning": {"pruner": "halving", "options": {"rungs": [50]}}}, "before the last step of every trial"),
    ],
)
def test_what_the_definition_alone_cannot_see_is_refused_before_anything_is_written(changes, message, tmp_path):
    space = {"x": {"low": 0.0, "high": 9.0, "or": [10]}}
    config = study(space=space, n_trials=3, base=["steps=10"], **changes)
    with pytest.raises(ConfigError, match=message):
        check_study(config, [], resolve)
    with pytest.raises(ConfigError, match=message):
        run(config, tmp_path / "s")
    assert not (tmp_path / "s").exists()
