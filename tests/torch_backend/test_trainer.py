"""The step of the trainer: every method trains, what it says is so, and the seed decides everything."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from small_runs import comparable, same, small, trained, weights

from harness.methods import METHODS
from harness.torch_backend.policy import Policy
from harness.torch_backend.rollouts import Rollouts
from harness.torch_backend.trainer import Trainer

ALWAYS = {
    "actor/entropy", "actor/entropy_seq_mean", "actor/updates", "actor/lr", "actor/pg_clipfrac",
    "control/entropy", "control/m", "control/kept", "control/kept_rows", "control/groups_without_kept",
    "control/skipped_update", "control/streak", "control/saturated",
    "training/global_step", "training/epoch", "training/samples_seen", "perf/throughput",
    *(f"critic/{of}/{what}" for of in ("score", "advantages") for what in ("mean", "max", "min")),
    *(f"response_length/{what}" for what in ("mean", "max", "min")),
    *(f"timing_s/{part}" for part in ("step", "gen", "old_log_prob", "ref", "adv", "update_actor")),
}  # fmt: skip
UPDATED = {
    "actor/pg_loss", "actor/kl_loss", "actor/grad_norm", "actor/ppo_kl", "actor/clipfrac_up",
    "actor/clipfrac_down", "actor/pg_clipfrac_lower",
}  # fmt: skip
BANDED = {
    "control/target",
    "control/low",
    "control/high",
    "control/tracking_error",
    "control/distance",
    "control/in_band",
}


def test_what_is_declared_tested_is_tested_here() -> None:
    assert {name for name, method in METHODS.items() if "torch" in method.tested_on} == set(METHODS)


AS_RELEASED = ("method.gamma=inf", "method.advantage=raw", "method.zero_variance=raw", "method.denominator=all")


def test_algorithm_1_with_the_releases_ingredients_trains_as_band_switch(tiny: Path) -> None:
    """Rows, losses and weights, bit by bit; and Algorithm 1 itself does not."""
    release, theirs = trained(small("band_switch"), tiny, 3)
    ours, metrics = trained(small("entrocraft", *AS_RELEASED), tiny, 3)
    assert [comparable(step) for step in metrics] == [comparable(step) for step in theirs]
    assert same(weights(ours), weights(release))
    assert not same(weights(trained(small("entrocraft"), tiny, 3)[0]), weights(release))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains(method: str, tiny: Path) -> None:
    config = small(method)
    before = weights(Trainer(config, tiny))
    trainer, steps = trained(config, tiny, 2)
    for metrics in steps:
        assert all(math.isfinite(value) for value in metrics.values())
        wanted = ALWAYS | (BANDED if config.schedule else set())
        if metrics["actor/updates"]:
            wanted |= UPDATED
        assert wanted <= metrics.keys()
        assert 0 < metrics["actor/entropy"] < math.log(22)
        assert metrics["training/samples_seen"] == 16 * metrics["training/global_step"]
    assert any(metrics["actor/updates"] == config.trainer.epochs * config.trainer.mini_batches for metrics in steps)
    assert not any(torch.equal(tensor, before[name]) for name, tensor in weights(trainer).items())
    assert set(trainer.progress.method_state) == set(config.method.initial_state())
    assert ("control/alpha" in steps[0]) == (method == "entropic")
    assert ("actor/entropy_loss" in steps[0]) == (method == "entropy_loss")


@pytest.mark.parametrize("method", ["entrocraft", "band_switch", "entropy_loss", "clip_cov"])
def test_methods_train_on_gspo_too(method: str, tiny: Path) -> None:
    _, (metrics,) = trained(small(method, "method.base=gspo", "loss.average=seq_mean_token_mean"), tiny, 1)
    assert metrics["actor/updates"] == 4
    assert math.isfinite(metrics["actor/pg_loss"])


@pytest.mark.parametrize(("start", "m"), [("2.0", -1), ("0.1", 1)])
def test_entrocraft_drops_what_pushes_the_wrong_way(start: str, m: int, tiny: Path) -> None:
    config = small("entrocraft", f"schedule.start={start}", f"schedule.end={start}", "method.gamma=inf")
    _, steps = trained(config, tiny, 3)
    assert all(metrics["control/m"] == m for metrics in steps)
    wrong, right = ("negative", "positive") if m > 0 else ("positive", "negative")
    seen = [metrics for metrics in steps if "control/kept_positive" in metrics]
    assert seen
    for metrics in seen:
        assert (metrics[f"control/kept_{wrong}"], metrics[f"control/kept_{right}"]) == (0, 1)
        assert 0 < metrics["control/kept_rows"] < 16
        assert metrics["actor/updates"] == 4  # whatever was dropped


def test_an_empty_kept_set_skips_the_update_and_says_so(tiny: Path) -> None:
    """PSR where no answer is right: one token is no expression over three numbers."""
    config = small("psr", "trainer.max_new_tokens=1")
    before = weights(Trainer(config, tiny))
    trainer, steps = trained(config, tiny, 2)
    for metrics in steps:
        assert (
            metrics["control/skipped_update"],
            metrics["actor/updates"],
            metrics["control/kept_rows"],
        ) == (1, 0, 0)
        assert metrics["control/groups_without_kept"] == 4
        assert not {"actor/pg_loss", "actor/grad_norm"} & metrics.keys()
        assert all(math.isfinite(value) for value in metrics.values())
    assert same(weights(trainer), before)
    assert not trainer.updater.optimizer.state_dict()["state"]


def test_the_divergences_are_zero_before_the_first_update_and_not_after(tiny: Path) -> None:
    config = small("grpo", "trainer.epochs=1", "trainer.mini_batches=1")
    _, (first, second) = trained(config, tiny, 2)
    assert abs(first["actor/kl_loss"]) < 1e-9 and abs(first["actor/ppo_kl"]) < 1e-6
    assert first["actor/pg_clipfrac"] == 0
    assert second["actor/kl_loss"] > 1e-6 and abs(second["actor/ppo_kl"]) < 1e-6


def test_without_a_kl_loss_no_reference_is_computed(tiny: Path) -> None:
    trainer, (metrics,) = trained(small("grpo", "loss.kl_coef=0"), tiny, 1)
    assert trainer.reference is None and "actor/kl_loss" not in metrics


@pytest.mark.parametrize("aggregation", ["token-mean", "seq-mean-token-mean"])
def test_the_entropies_are_those_of_transformers_by_hand(
    aggregation: str, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full-vocabulary entropies of the logits divided by the rollout temperature, before the update."""
    batches: list[Rollouts] = []
    score_all = Policy.score_all

    def spy(policy: Policy, rollouts: Rollouts, *rest: Any) -> Any:
        batches.append(rollouts)
        return score_all(policy, rollouts, *rest)

    monkeypatch.setattr(Policy, "score_all", spy)
    config = small("grpo", "trainer.temperature=1.3", f"control.entropy_aggregation={aggregation}")
    _, (metrics,) = trained(config, tiny, 1)
    rollouts, model = batches[0], transformers.AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    per_row = []
    for row in range(len(rollouts)):
        of = rollouts.prompt_of[row]
        prompt = rollouts.prompts[of, : rollouts.prompt_length[of]]
        answer = rollouts.responses[row, : rollouts.response_length[row]]
        with torch.no_grad():
            logits = model(torch.cat((prompt, answer))[None]).logits[0, len(prompt) - 1 : -1].double() / 1.3
        p = logits.softmax(dim=-1).numpy()
        per_row.append([-float((line * np.log(line)).sum()) for line in p])
    tokens = [value for row in per_row for value in row]
    token_mean, seq_mean = (
        sum(tokens) / len(tokens),
        sum(sum(row) / len(row) for row in per_row) / len(per_row),
    )
    assert abs(token_mean - seq_mean) > 1e-4  # or the test could not tell them apart
    assert metrics["actor/entropy"] == pytest.approx(token_mean, rel=1e-4)
    assert metrics["actor/entropy_seq_mean"] == pytest.approx(seq_mean, rel=1e-4)
    assert metrics["control/entropy"] == pytest.approx(
        token_mean if aggregation == "token-mean" else seq_mean, rel=1e-4
    )


def test_a_seed_decides_a_run(tiny: Path) -> None:
    config = small("entrocraft")
    (one, first), (again, second) = (trained(config, tiny, 2) for _ in range(2))
    assert [comparable(metrics) for metrics in first] == [comparable(metrics) for metrics in second]
    assert same(weights(one), weights(again))
    other, third = trained(small("entrocraft", "seed=2"), tiny, 2)
    assert first[0]["actor/entropy"] != third[0]["actor/entropy"]
    assert not same(weights(one), weights(other))


def test_a_validation_does_not_touch_the_run(tiny: Path) -> None:
    config = small("grpo")
    plain, watched = Trainer(config, tiny), Trainer(config, tiny)
    for _ in range(2):
        plain.step()
        watched.validate()
        watched.step()
    assert same(weights(plain), weights(watched))


def test_the_controllers_state_goes_from_step_to_step(tiny: Path) -> None:
    """EntroPIC's integral is the sum of the errors of all steps, and alpha follows from it."""
    config = small("entropic")
    trainer, steps = trained(config, tiny, 3)
    errors = [metrics["control/entropy"] - metrics["control/target"] for metrics in steps]
    assert trainer.progress.method_state == {"integral": pytest.approx(sum(errors))}
    assert steps[2]["control/alpha"] == pytest.approx(errors[2] + 0.01 * sum(errors))
    assert abs(steps[2]["control/alpha"]) < 1  # or the limit would hide it


def test_every_step_draws_anew(tiny: Path) -> None:
    """One problem, and a policy that hardly moves: what differs between steps is what was drawn."""
    still = ("trainer.prompts_per_step=1", "data.train_problems=1", "trainer.lr=1e-12")
    _, steps = trained(small("grpo", *still), tiny, 3)
    assert len({round(metrics["actor/entropy"], 4) for metrics in steps}) == 3
