"""A run's configuration as overrides of verl 0.9.1's own configuration. Pure: nothing is read but the arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import harness
from harness.config import RunConfig
from harness.config.math_data import MathDataConfig
from harness.methods import METHODS, Method
from harness.methods.grpo import Grpo
from harness.methods.on_base import OnBase
from harness.methods.plan import ClipCov, EntropyBonus
from harness.problems.countdown import SOURCE
from harness.verl_backend.names import CPU, PLUGIN

# With eq5 the loss is ours, and this is only what verl would log.
AVERAGES = {"token_mean": "token-mean", "seq_mean_token_mean": "seq-mean-token-mean", "eq5": "token-mean"}
GPU = {
    "actor_rollout_ref.model.enable_activation_offload": True,
    "actor_rollout_ref.actor.fsdp_config.forward_prefetch": True,
    "actor_rollout_ref.ref.fsdp_config.param_offload": True,
}
"""Memory and speed on GPUs, as in the released scripts; nothing that changes what is computed."""
REWARD_FILE = Path(harness.__file__).resolve().parent / "verl_plugin" / "reward.py"


def overrides(
    config: RunConfig, model: Path, data: Mapping[str, Sequence[Path]], verl_dir: Path, attempt_dir: Path
) -> list[str]:
    """Arguments of `python -m verl.trainer.main_ppo`.

    model: a Hugging Face folder or a hub id. data: the parquet files of `train` and of `test`. verl_dir: where
    checkpoints stay for the life of the run; attempt_dir: where this attempt's dumps go.
    """
    settings = {
        **_algorithm(config),
        **_actor(config),
        **_rollout(config),
        **_data(config, data),
        **_trainer(config, verl_dir, attempt_dir),
        "actor_rollout_ref.model.path": model,
        **(_cpu(config.platform.gpus) if config.platform.name == CPU else GPU),
    }
    return [f"{key}={_text(value)}" for key, value in settings.items()]


def estimator(method: Method) -> str:
    """verl's `grpo` for methods on GRPO's advantages; ours for those that verl does not have."""
    base = METHODS[method.base]() if isinstance(method, OnBase) else method
    return "grpo" if isinstance(base, Grpo) else PLUGIN


def _algorithm(config: RunConfig) -> dict[str, Any]:
    return {
        "algorithm.adv_estimator": estimator(config.method),
        "algorithm.use_kl_in_reward": False,
        "reward.custom_reward_function.path": REWARD_FILE,
        "reward.custom_reward_function.name": "compute_score",
        "trainer.v1.trainer_mode": PLUGIN,
    }


def _actor(config: RunConfig) -> dict[str, Any]:
    loss, trainer, plan = config.loss, config.trainer, config.method.loss()
    settings: dict[str, Any] = {
        "optim.lr": trainer.lr,
        "optim.weight_decay": trainer.weight_decay,
        "optim.clip_grad": trainer.max_grad_norm,
        # The plug-in makes the mini-batches itself; verl must only not ask for padding.
        "ppo_mini_batch_size": trainer.prompts_per_step,
        "ppo_epochs": 1,
        "shuffle": False,
        "use_dynamic_bsz": True,
        "ppo_max_token_len_per_gpu": config.platform.max_tokens_per_gpu,
        "loss_agg_mode": AVERAGES[loss.average],
        "clip_ratio": loss.clip_low,
        "clip_ratio_low": loss.clip_low,
        "clip_ratio_high": loss.clip_high,
        "clip_ratio_c": loss.clip_c,
        "use_kl_loss": loss.kl_coef > 0,
        "kl_loss_coef": loss.kl_coef,
        "kl_loss_type": "low_var_kl",
        "entropy_coeff": sum(term.coefficient for term in plan.terms if isinstance(term, EntropyBonus)),
        "policy_loss.loss_mode": "gspo" if plan.ratio == "sequence" else "vanilla",
        "strategy": "fsdp2",
    }
    for term in plan.terms:
        if isinstance(term, ClipCov):
            settings |= {
                "policy_loss.loss_mode": "clip_cov",
                "policy_loss.clip_cov_ratio": term.fraction,
                "policy_loss.clip_cov_lb": term.low,
                "policy_loss.clip_cov_ub": term.high,
            }
    return {f"actor_rollout_ref.actor.{key}": value for key, value in settings.items()}


def _rollout(config: RunConfig) -> dict[str, Any]:
    trainer, validation, platform = config.trainer, config.validation, config.platform
    settings = {
        "name": "vllm",
        "n": trainer.rollouts_per_prompt,
        "temperature": trainer.temperature,
        "seed": config.seed,
        "tensor_model_parallel_size": platform.tensor_parallel,
        "gpu_memory_utilization": platform.gpu_memory_utilization,
        "log_prob_use_dynamic_bsz": True,
        "log_prob_max_token_len_per_gpu": platform.max_tokens_per_gpu,
        "val_kwargs.n": validation.samples,
        "val_kwargs.temperature": validation.temperature,
        "val_kwargs.top_p": validation.top_p,
        "val_kwargs.top_k": validation.top_k or -1,
        "val_kwargs.do_sample": True,
    }
    return {f"actor_rollout_ref.rollout.{key}": value for key, value in settings.items()} | {
        "actor_rollout_ref.ref.log_prob_use_dynamic_bsz": True,
        "actor_rollout_ref.ref.log_prob_max_token_len_per_gpu": platform.max_tokens_per_gpu,
    }


def _data(config: RunConfig, data: Mapping[str, Sequence[Path]]) -> dict[str, Any]:
    shuffled = not isinstance(config.data, MathDataConfig) or config.data.order == "shuffled"
    return {
        "data.train_files": data["train"],
        "data.val_files": data["test"],
        "data.train_batch_size": config.trainer.prompts_per_step,
        "data.max_prompt_length": config.platform.max_prompt_tokens,
        "data.max_response_length": config.trainer.max_new_tokens,
        "data.filter_overlong_prompts": True,
        "data.seed": config.seed,
        "data.shuffle": shuffled,
        "data.train_max_samples": config.data.train_problems,
        "data.validation_shuffle": False,
        # The embedded problem's file has no more than the problems that are validated.
        "data.val_max_samples": -1 if config.data.name == SOURCE else config.validation.problems or -1,
    }


def _trainer(config: RunConfig, verl_dir: Path, attempt_dir: Path) -> dict[str, Any]:
    per_epoch = config.data.train_problems // config.trainer.prompts_per_step
    return {
        "trainer.total_training_steps": config.trainer.steps,
        # One more than the steps need: verl counts epochs after it has left out long prompts; the steps end the run.
        "trainer.total_epochs": -(-config.trainer.steps // per_epoch) + 1,
        "trainer.n_gpus_per_node": config.platform.gpus,
        "trainer.nnodes": 1,
        "trainer.save_freq": config.checkpoint.every,
        "trainer.max_actor_ckpt_to_keep": config.checkpoint.keep,
        "trainer.test_freq": config.validation.every,
        "trainer.resume_mode": "auto",
        "trainer.default_local_dir": verl_dir / "checkpoints",
        "trainer.validation_data_dir": attempt_dir / "validation",
        "trainer.rollout_data_dir": attempt_dir / "rollouts",
        "trainer.logger": "[console,file]",
        "trainer.project_name": "entrocraft",
        "trainer.experiment_name": "run",
    }


def _cpu(gpus: int) -> dict[str, Any]:
    """What verl needs where there is no GPU: Ray's resources are logical, nothing is compiled, offloaded or put to
    sleep, and one process does each job."""
    return {
        "trainer.device": "cpu",
        "ray_kwargs.ray_init.num_cpus": 16,
        "+ray_kwargs.ray_init.num_gpus": gpus,
        "+ray_kwargs.ray_init.object_store_memory": 500_000_000,
        "+ray_kwargs.ray_init.include_dashboard": False,
        "actor_rollout_ref.actor.use_torch_compile": False,
        "actor_rollout_ref.actor.fsdp_config.use_torch_compile": False,
        "+actor_rollout_ref.actor.fsdp_config.mixed_precision.param_dtype": "fp32",
        "+actor_rollout_ref.ref.fsdp_config.mixed_precision.param_dtype": "fp32",
        "actor_rollout_ref.ref.use_torch_compile": False,
        "actor_rollout_ref.model.use_remove_padding": False,
        "actor_rollout_ref.model.enable_gradient_checkpointing": False,
        "+actor_rollout_ref.model.override_config.attn_implementation": "sdpa",
        "actor_rollout_ref.rollout.dtype": "float32",
        "actor_rollout_ref.rollout.free_cache_engine": False,
        "+actor_rollout_ref.rollout.enable_sleep_mode": False,
        "actor_rollout_ref.rollout.enforce_eager": True,
        "actor_rollout_ref.rollout.load_format": "auto",
        "actor_rollout_ref.rollout.checkpoint_engine.update_weights_bucket_megabytes": 64,
        "actor_rollout_ref.rollout.agent.num_workers": 1,
        "reward.num_workers": 1,
        "data.dataloader_num_workers": 0,
        "transfer_queue.backend.SimpleStorage.num_data_storage_units": 1,
    }


def _text(value: object) -> str:
    """A value in Hydra's grammar; paths are quoted, whatever they are made of."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, Path):
        return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_text, value)) + "]"
    return str(value)
