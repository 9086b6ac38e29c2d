"""What verl is told, and that verl knows every key of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.config import resolve
from harness.verl_backend.overrides import estimator, overrides
from tests.verl.verl_environment import python

LINEAR = ["schedule=linear", "schedule.start=0.5", "schedule.end=0.2"]
COMPOSE = """
import sys
from hydra import compose, initialize_config_module
with initialize_config_module("verl.trainer.config", version_base=None):
    compose("ppo_trainer", overrides=sys.argv[1:])
"""


EXPERIMENTS = [
    *("grpo_4b", "gspo_entrocraft_linear_4b", "grpo_clip_cov_4b_full", "gspo_entropy_loss_4b", "raftpp_4b"),
    *("grpo_band_switch_cosine_llama_8b_full", "entropic_4b"),
]


def told(*settings: str) -> dict[str, str]:
    config = resolve(["backend=verl", *settings])
    data = {"train": [Path("/d/train.parquet")], "test": [Path("/d/it's.parquet"), Path("/d/b.parquet")]}
    lines = overrides(config, Path("/m"), data, Path("/run/verl"), Path("/run/verl/attempt_001"))
    return dict(line.split("=", 1) for line in lines)


def test_the_released_loss_in_verls_words() -> None:
    said = told("method=grpo")
    actor = "actor_rollout_ref.actor."
    assert said["algorithm.adv_estimator"] == "grpo"
    assert said["trainer.v1.trainer_mode"] == "entrocraft"
    assert said[f"{actor}loss_agg_mode"] == "token-mean"
    assert said[f"{actor}clip_ratio_low"] == said[f"{actor}clip_ratio_high"] == "0.2"
    assert said[f"{actor}clip_ratio_c"] == "3.0"
    assert said[f"{actor}kl_loss_type"] == "low_var_kl" and said[f"{actor}kl_loss_coef"] == "0.001"
    assert said[f"{actor}policy_loss.loss_mode"] == "vanilla"


def test_greedy_and_unlimited_top_k_are_told_apart() -> None:
    assert told("validation.top_k=0")["actor_rollout_ref.rollout.val_kwargs.top_k"] == "-1"
    assert told("validation.top_k=20")["actor_rollout_ref.rollout.val_kwargs.top_k"] == "20"


def test_a_path_with_a_quote_stays_one_value_of_the_list() -> None:
    assert told()["data.val_files"] == r"['/d/it\'s.parquet','/d/b.parquet']"


def test_enough_epochs_for_the_steps() -> None:
    said = told("trainer.prompts_per_step=32", "trainer.steps=200", "data.train_problems=4096")
    assert said["trainer.total_epochs"] == "3"  # one more, in case that verl leaves out prompts


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["method=entrocraft", *LINEAR], "grpo"),
        (["method=band_switch", *LINEAR], "grpo"),
        (["method=entropic", *LINEAR], "entrocraft"),
    ],
)
def test_verls_own_estimator_where_it_has_one(settings: list[str], expected: str) -> None:
    assert estimator(resolve(settings).method) == expected


def test_mathematics_is_read_in_the_order_of_the_file_and_validated_on_all_problems() -> None:
    said = told("experiment=paper/grpo_4b")
    assert (said["data.shuffle"], said["data.train_max_samples"], said["data.val_max_samples"]) == (
        *("False", "103424"),
        "-1",
    )
    assert told("experiment=paper/grpo_4b", "data.order=shuffled")["data.shuffle"] == "True"
    assert told("validation.problems=null")["data.val_max_samples"] == "-1"
    assert (
        told("experiment=paper/grpo_4b", "data.benchmarks=[aime25]", "validation.problems=20")["data.val_max_samples"]
        == "20"
    )
    assert told("validation.problems=20")["data.val_max_samples"] == "-1"  # the embedded problem's file has 20


def test_a_released_run_in_verls_words() -> None:
    said = told("experiment=paper/grpo_band_switch_linear_4b")
    actor, rollout = "actor_rollout_ref.actor.", "actor_rollout_ref.rollout."
    assert (said[f"{actor}optim.lr"], said[f"{actor}optim.weight_decay"]) == ("1e-06", "0.01")
    assert (said["data.train_batch_size"], said[f"{rollout}n"], said[f"{rollout}temperature"]) == ("1024", "8", "1.0")
    assert (said["data.max_prompt_length"], said["data.max_response_length"]) == ("1024", "3072")
    assert (said["trainer.total_training_steps"], said["trainer.total_epochs"]) == ("101", "2")
    assert (said["trainer.save_freq"], said["trainer.test_freq"], said["trainer.n_gpus_per_node"]) == ("20", "5", "8")
    kwargs = [said[f"{rollout}val_kwargs.{key}"] for key in ("n", "temperature", "top_p", "top_k", "do_sample")]
    assert kwargs == ["32", "0.6", "0.95", "20", "True"]
    assert (said[f"{rollout}gpu_memory_utilization"], said[f"{rollout}tensor_model_parallel_size"]) == ("0.7", "1")
    assert (said[f"{actor}strategy"], said[f"{actor}use_dynamic_bsz"]) == ("fsdp2", "True")
    assert said["actor_rollout_ref.ref.fsdp_config.param_offload"] == "True"


@pytest.mark.needs("verl")
@pytest.mark.parametrize(
    "setting", ["platform=cpu", "platform=gpu8", *(f"experiment=paper/{name}" for name in EXPERIMENTS)]
)
def test_verl_knows_every_key(setting: str) -> None:
    lines = [f"{key}={value}" for key, value in told(setting).items()]
    done = subprocess.run([str(python()), "-c", COMPOSE, *lines], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
