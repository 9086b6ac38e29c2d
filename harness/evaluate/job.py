"""What a worker is told: the model, how to sample, the prompts, and one request a sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.core.rng import generator
from harness.evaluate.benchmarks import Benchmark, Question
from harness.evaluate.settings import EvalSettings
from harness.verl_backend.names import CPU

Wanted = Sequence[tuple[Benchmark, Question, int]]
"""(benchmark, question, sample) each."""


def job_of(model: Path, settings: EvalSettings, platform: str, wanted: Wanted) -> dict[str, Any]:
    """JSON-able; its requests are in the order of `wanted`."""
    on_cpu = platform == CPU
    prompts: dict[tuple[tuple[str, str], ...], int] = {}  # each once, whatever the number of its samples
    for _, question, _ in wanted:
        prompts.setdefault(question.messages, len(prompts))
    return {
        "model": str(model),
        "dtype": "float32" if on_cpu else "bfloat16",
        "engine": {"enforce_eager": True} if on_cpu else {"gpu_memory_utilization": 0.9},
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "max_new_tokens": settings.max_new_tokens,
        "prompts": [list(messages) for messages in prompts],
        "requests": [
            {
                "prompt": prompts[question.messages],
                "seed": seed_of(settings.seed, benchmark.name, question.problem_id, sample),
                "keep_special": benchmark.keeps_special_tokens,
            }
            for benchmark, question, sample in wanted
        ],
    }


def seed_of(seed: int, benchmark: str, problem_id: str, sample: int) -> int:
    """Of one request: the same whatever else is drawn with it, so that an evaluation may stop, go on and grow."""
    return int(generator(seed, 0, f"eval/{benchmark}/{problem_id}/{sample}").integers(2**31))
