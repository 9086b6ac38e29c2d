"""The step: sample groups of rollouts, grade them, measure entropy, let the method act, update on what it keeps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from harness.config import RunConfig
from harness.core import entropy
from harness.core.diagnostics import Monitor
from harness.core.ragged import Ragged
from harness.core.tokens import token_summary
from harness.core.types import FloatArray
from harness.methods import Batch
from harness.problems.countdown import CountdownConfig, grade, make_problems
from harness.torch_backend.checkpoint import Progress
from harness.torch_backend.feed import epoch_of_step, problems_of_step
from harness.torch_backend.generate import Sampling
from harness.torch_backend.policy import Policy
from harness.torch_backend.random import torch_generator
from harness.torch_backend.update import Prepared, Updater
from harness.torch_backend.validate import Validation, validate

SCORE_ROWS = 256  # rows of one forward pass without gradient


class Trainer:
    """One run of one configuration. Everything it draws is a function of (seed, step)."""

    def __init__(self, config: RunConfig, model_folder: Path, checkpoint: Path | None = None) -> None:
        """Start from `model_folder`, or go on from a `checkpoint` folder of the same run."""
        self.config, trainer = config, config.trainer
        self.device = torch.device(trainer.device)
        assert isinstance(config.data, CountdownConfig)  # RunConfig refuses the others on this backend
        self.problems = make_problems(config.data)
        # The files beside the weights come from the model folder: retention removes the checkpoint it goes on from.
        self.policy = replace(Policy.load(checkpoint or model_folder, self.device), folder=model_folder)
        self.reference = Policy.load(model_folder, self.device) if config.loss.kl_coef > 0 else None
        self.sampling = Sampling(trainer.temperature, max_new_tokens=trainer.max_new_tokens)
        self.updater = Updater(self.policy, config.method.loss(), config.loss, trainer, config.seed)
        self.progress = (
            Progress.load(checkpoint, self.updater.optimizer)
            if checkpoint
            else Progress(0, config.method.initial_state(), Monitor(), 0)
        )

    def validate(self) -> Validation:
        """Samples and figures of the present policy on the test problems."""
        config, trainer = self.config.validation, self.config.trainer
        return validate(
            self.policy,
            self.problems["test"],
            config,
            trainer.max_new_tokens,
            self.config.seed,
            self.progress.step,
        )

    def save(self, folder: Path) -> None:
        """Write a checkpoint: a Hugging Face folder with the trainer's state beside the weights."""
        self.policy.save(folder)
        self.progress.save(folder, self.updater.optimizer)

    def step(self) -> dict[str, float]:
        """One rollout batch and its updates; the step's metrics under the names of the run folder."""
        started = time.perf_counter()
        config, trainer, step = self.config, self.config.trainer, self.progress.step + 1
        timing: dict[str, float] = {}

        with _timed(timing, "gen"):
            problems = problems_of_step(self.problems["train"], trainer.prompts_per_step, config.seed, step)
            prompts = self.policy.prompts([problem.question for problem in problems])
            draws = torch_generator(config.seed, step, "rollouts", self.device)
            responses = self.policy.sample(prompts, trainer.rollouts_per_prompt, self.sampling, draws)
            rows = [row // trainer.rollouts_per_prompt for row in range(len(responses))]
            rollouts = self.policy.rollouts(prompts, responses)
            texts = [self.policy.text(response) for response in responses]
            rewards = np.array([grade(problems[row], text).score for row, text in zip(rows, texts, strict=True)])
        with _timed(timing, "old_log_prob"):
            old = self.policy.score_all(rollouts, trainer.temperature, True, SCORE_ROWS)
            assert old.entropy is not None
            mask = rollouts.mask.cpu().numpy()
            token_entropy = Ragged.of(old.entropy.cpu().numpy(), mask)
            token_log_prob = Ragged.of(old.log_prob.cpu().numpy(), mask)
            entropies = {name: entropy.aggregate(token_entropy, name) for name in entropy.AGGREGATIONS}
        with _timed(timing, "ref"):
            reference = (
                self.reference.score_all(rollouts, trainer.temperature, False, SCORE_ROWS).log_prob
                if self.reference
                else None
            )
        with _timed(timing, "adv"):
            groups = np.array(rows)
            advantages = config.method.advantages(rewards, groups)
            band = config.schedule.bands.band(step) if config.schedule else None
            measured = entropies[config.control.entropy_aggregation]
            batch = Batch(config.seed, step, measured, band, rewards, groups, advantages)
            action, method_state = config.method.act(batch, self.progress.method_state)
            tokens = token_summary(token_log_prob, token_entropy, advantages, rewards)
            control = self.progress.monitor.observe(step, measured, band, action.m, action.keep, advantages, groups)
        with _timed(timing, "update_actor"):
            update = self.updater.step(Prepared(rollouts, old.log_prob, reference, groups, action), step)

        self.progress.step, self.progress.method_state = step, method_state
        self.progress.samples_seen += len(rollouts)
        timing["timing_s/step"] = time.perf_counter() - started
        lengths = rollouts.response_length.cpu().numpy().astype(np.float64)
        return {
            "actor/entropy": entropies["token-mean"],
            "actor/entropy_seq_mean": entropies["seq-mean-token-mean"],
            **update,
            **_spread("critic/score", rewards),
            **_spread("critic/advantages", action.advantages),
            **_spread("response_length", lengths),
            **control,
            **action.metrics,
            **tokens,
            "training/global_step": float(step),
            "training/epoch": float(epoch_of_step(len(self.problems["train"]), trainer.prompts_per_step, step)),
            "training/samples_seen": float(self.progress.samples_seen),
            "perf/throughput": rollouts.tokens / timing["timing_s/step"],
            **timing,
        }


@contextmanager
def _timed(timing: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timing[f"timing_s/{name}"] = time.perf_counter() - started


def _spread(name: str, values: FloatArray) -> dict[str, float]:
    return {
        f"{name}/mean": float(values.mean()),
        f"{name}/max": float(values.max()),
        f"{name}/min": float(values.min()),
    }
