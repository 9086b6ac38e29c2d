import numpy as np
import pytest

from harness.core.output_space import token_baselines
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


def test_the_conditions_in_closed_form():
    advantages = np.array([1.0, -2.0, 5.0])  # the third rollout has no tokens
    found = token_summary(LOG_PROB, ENTROPY, advantages, np.array([1.0, -1.0, 1.0]))
    # log p + H is 0 and -2 in the first rollout, 1 in the second
    assert found["tokens/above"] == pytest.approx(1 / 3)
    assert found["tokens/above_positive"] == 0 and found["tokens/above_negative"] == 1
    assert found["rollouts/above"] == 0.5
    assert found["rollouts/above_positive"] == 0 and found["rollouts/above_negative"] == 1
    change = -(1.0 * np.exp(-3.0) * -2.0 - 2.0 * np.exp(-0.5) * 1.0) / 3
    assert found["rollouts/first_order_change"] == pytest.approx(change)


def test_conditions_of_a_group_that_is_not_there_are_absent():
    found = token_summary(LOG_PROB, ENTROPY, np.zeros(3), np.ones(3))
    assert {"tokens/above", "rollouts/above"} <= found.keys() and "tokens/above_positive" not in found
    assert found["rollouts/first_order_change"] == 0


def test_a_token_of_probability_one_is_above_also_where_both_numbers_round_to_zero():
    zero = Ragged(np.zeros(2, dtype=np.float32), np.array([2]))
    assert token_summary(zero, zero, np.ones(1), np.ones(1))["tokens/above_positive"] == 1


def test_the_condition_is_that_of_the_baseline_when_one_logit_moves():
    logits = np.random.default_rng(4).normal(scale=2.0, size=(500, 11))
    tokens = np.random.default_rng(5).integers(11, size=500)
    exact = token_baselines(logits, tokens)
    lengths = np.full(50, 10)
    advantages = np.random.default_rng(6).normal(size=50)
    found = token_summary(Ragged(exact.log_prob, lengths), Ragged(exact.entropy, lengths), advantages, np.ones(50))
    assert found["tokens/above"] == np.mean(exact.log_prob > exact.logit)
    per_rollout = exact.change_logit.reshape(50, 10).sum(axis=1)
    assert found["rollouts/above"] == np.mean(per_rollout < 0)
    assert found["rollouts/first_order_change"] == pytest.approx(advantages @ per_rollout / 500)
