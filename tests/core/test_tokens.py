import numpy as np
import pytest

from harness.core.ragged import Ragged
from harness.core.tokens import token_summary
from harness.errors import InputError

LENGTHS = np.array([2, 1, 0])
LOG_PROB = Ragged(np.array([-1.0, -3.0, -0.5]), LENGTHS)
ENTROPY = Ragged(np.array([1.0, 1.0, 1.5]), LENGTHS)


def test_closed_form():
    found = token_summary(LOG_PROB, ENTROPY, np.array([1.0, -2.0, 5.0]), np.array([1.0, -1.0, 1.0]))
    assert found["actor/log_prob_positive"] == -2 and found["actor/log_prob_negative"] == -0.5
    surplus, advantages = np.array([0.0, -2.0, 1.0]), np.array([1.0, 1.0, -2.0])
    assert found["tokens/surplus_mean"] == pytest.approx(surplus.mean())
    assert found["tokens/surplus_std"] == pytest.approx(surplus.std())
    covariance = np.cov(surplus, advantages, bias=True)[0, 1]
    assert found["tokens/surplus_covariance"] == pytest.approx(covariance)
    assert found["tokens/log_prob_p50"] == -1 and found["tokens/entropy_p50"] == 1


def test_on_policy_the_surplus_has_mean_zero():
    rng = np.random.default_rng(0)
    policy = rng.dirichlet(np.ones(7), size=20_000)
    chosen = (policy.cumsum(axis=1) > rng.random((len(policy), 1))).argmax(axis=1)
    log_prob = np.log(policy[np.arange(len(policy)), chosen])
    entropy = -(policy * np.log(policy)).sum(axis=1)
    lengths, zeros = np.full(200, 100), np.zeros(200)
    found = token_summary(Ragged(log_prob, lengths), Ragged(entropy, lengths), zeros, zeros)
    error = found["tokens/surplus_std"] / len(policy) ** 0.5
    assert abs(found["tokens/surplus_mean"]) < 5 * error
    assert "actor/log_prob_positive" not in found


def test_tokens_of_two_batches_are_refused():
    with pytest.raises(InputError, match="of the same tokens"):
        token_summary(LOG_PROB, Ragged(np.zeros(3), np.array([1, 2, 0])), np.zeros(3), np.zeros(3))
