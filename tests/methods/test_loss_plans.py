from dataclasses import dataclass

import pytest

from harness.errors import ConfigError
from harness.methods import METHODS, ClipCov, EntropyBonus, LossPlan, build


@dataclass(frozen=True)
class Loss:
    clip_low: float
    clip_high: float
    average: str = "token_mean"


@pytest.mark.parametrize(
    ("options", "plan"),
    [
        ({"name": "grpo"}, LossPlan("token")),
        ({"name": "gspo"}, LossPlan("sequence")),
        ({"name": "entropy_loss"}, LossPlan("token", (EntropyBonus(0.003),))),
        (
            {"name": "entropy_loss", "base": "gspo", "coefficient": 0.004},
            LossPlan("sequence", (EntropyBonus(0.004),)),
        ),
        ({"name": "clip_cov"}, LossPlan("token", (ClipCov(2e-4, 1.0, 5.0),))),
        ({"name": "clip_cov", "base": "gspo"}, LossPlan("sequence", (ClipCov(2e-4, 1.0, 5.0),))),
        ({"name": "clip_higher", "base": "gspo"}, LossPlan("sequence")),
        ({"name": "band_switch", "base": "gspo"}, LossPlan("sequence")),
    ],
)
def test_plans(options, plan):
    assert build(options).loss() == plan


@pytest.mark.parametrize(
    ("name", "loss", "message"),
    [
        ("clip_higher", Loss(0.2, 0.2), r"clip_high > loss.clip_low; got clip_low 0\.2, clip_high 0\.2"),
        ("clip_higher", Loss(0.28, 0.2), r"Set loss\.clip_high=0\.28"),
        ("clip_cov", Loss(0.2, 1.0), r"clip_low >= 1.*Set loss\.clip_low=1"),
        ("clip_cov", Loss(1.0, 0.2), r"clip_high >= 1"),
        ("gspo", Loss(0.2, 0.2), r"'token_mean'\. Set loss\.average=seq_mean_token_mean"),
    ],
)
def test_loss_settings_that_make_it_another_method_are_refused(name, loss, message):
    with pytest.raises(ConfigError, match=message):
        build({"name": name}).check(loss)


@pytest.mark.parametrize("name", ["entrocraft", "band_switch", "entropy_loss", "clip_higher", "clip_cov"])
def test_what_the_base_refuses_is_refused(name):
    with pytest.raises(ConfigError, match=r"gspo averages over sequences"):
        build({"name": name, "base": "gspo"}).check(Loss(1.0, 1.28))


@pytest.mark.parametrize("name", list(METHODS))
def test_the_released_settings_are_accepted(name):
    released = {
        "clip_higher": Loss(0.2, 0.28),
        "clip_cov": Loss(1, 1),
        "gspo": Loss(0.2, 0.2, "seq_mean_token_mean"),
    }
    build({"name": name}).check(released.get(name, Loss(0.2, 0.2)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "clip_cov", "fraction": 1.5}, r"fraction must be in \(0, 1\]; got 1\.5"),
        ({"name": "clip_cov", "low": 5, "high": 1}, "low must be below high; got low 5, high 1"),
        ({"name": "entropy_loss", "coefficient": float("nan")}, "coefficient must be a number; got nan"),
        ({"name": "w_reinforce", "lambda_": -0.1}, r"lambda_ must be at least 0; got -0\.1"),
        ({"name": "w_reinforce", "lambda": 0.1}, "got 'lambda'. Did you mean 'lambda_'"),
        ({"name": "grpo", "base": "gspo"}, "options of method 'grpo'.*got 'base'. Valid: none"),
        ({"name": "grppo"}, "methods must be known ones; got 'grppo'. Did you mean 'grpo'.*w_reinforce"),
        ({}, "got 'None'"),
        ({"name": ["grpo"]}, "methods must be known ones"),
        ({"name": "clip_cov", "base": ["grpo"]}, "bases must be known ones"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        build(options)
