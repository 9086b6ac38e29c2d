"""Sampled evaluation on held-out problems: every sample is kept, and the figures are computed from the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.config.validation import ValidationConfig
from harness.core.pass_at_k import pass_at_k
from harness.problems.countdown import SOURCE, Problem, grade
from harness.torch_backend.generate import Sampling
from harness.torch_backend.policy import Policy
from harness.torch_backend.random import torch_generator

ROWS_AT_ONCE = 1600  # rows of one generation call; bounds the cache


@dataclass(frozen=True)
class Validation:
    samples: list[dict[str, Any]]  # one record a sample, the schema of the run folder
    metrics: dict[str, float]


def validate(
    policy: Policy,
    problems: tuple[Problem, ...],
    config: ValidationConfig,
    max_new_tokens: int,
    seed: int,
    step: int,
) -> Validation:
    """`config.samples` answers to each of the first `config.problems` problems, graded."""
    chosen = problems[: config.problems]
    sampling = Sampling(config.temperature, config.top_p, config.top_k, max_new_tokens)
    generator = torch_generator(seed, step, "validation", policy.device)
    per_call = max(1, ROWS_AT_ONCE // config.samples)
    samples = []
    for first in range(0, len(chosen), per_call):
        some = chosen[first : first + per_call]
        prompts = policy.prompts([problem.question for problem in some])
        responses = policy.sample(prompts, config.samples, sampling, generator)
        for row, response in enumerate(responses):
            samples.append(_record(some[row // config.samples], row % config.samples, policy.text(response), step))
    correct = np.array([s["correct"] for s in samples]).reshape(len(chosen), config.samples).sum(axis=1)
    return Validation(samples, _metrics(correct, config))


def _record(problem: Problem, sample: int, output: str, step: int) -> dict[str, Any]:
    result = grade(problem, output)
    return {
        "step": step,
        "problem_id": problem.problem_id,
        "source": SOURCE,
        "sample": sample,
        "correct": result.correct,
        "score": result.score,
        "prediction": result.prediction,
        "input": problem.question,
        "output": output,
    }


def _metrics(correct: np.ndarray, config: ValidationConfig) -> dict[str, float]:
    """mean@n under verl's name, the unbiased pass@k beside it. correct (P,): right answers of n per problem."""
    n = config.samples
    metrics = {f"val-core/{SOURCE}/acc/mean@{n}": float(np.mean(correct / n))}
    for k in config.pass_k:
        metrics[f"val-aux/{SOURCE}/pass@{k}"] = float(np.mean(pass_at_k(np.full(len(correct), n), correct, k)))
    return metrics
