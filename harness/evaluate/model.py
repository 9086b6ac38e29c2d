"""From a source to a folder that vLLM serves: shards merged by verl's own merger, narrow heads widened on a CPU.

What is made is kept in a cache beside the evaluation, never in the checkpoint.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from harness.errors import DependencyError, EvaluationError
from harness.evaluate.sources import Kind, Source
from harness.runs import RunLock
from harness.runs.atomic import publish_folder, write_file
from harness.verl_backend.names import CPU, RUN_VARIABLE
from harness.verl_backend.wide_heads import servable

MARKER = "made_of.txt"
"""In a cached folder: the fingerprint of what it was made of."""
LOG_LINES = 20


def served(source: Source, fingerprint: str, platform: str, cache: Path) -> Path:
    """A Hugging Face folder with the weights of `source`, made in `cache` where it has to be made.

    Raises:
        DependencyError: shards, and no verl here. EvaluationError: verl's merger failed.
        LockHeldError: another process is at it.
    """
    if source.kind is Kind.FOLDER and platform != CPU:
        return source.path
    cache.mkdir(parents=True, exist_ok=True)
    with RunLock(cache):
        model = source.path
        if source.kind is Kind.SHARDS:
            model = cache / "merged"
            if not _is_of(model, fingerprint):
                _merge(source.path, model, fingerprint)
        return _widened(model, cache / "wide", fingerprint) if platform == CPU else model


def _widened(model: Path, wide: Path, fingerprint: str) -> Path:
    if not _is_of(wide, fingerprint):
        shutil.rmtree(wide, ignore_errors=True)
    folder = servable(model, wide)
    if folder == wide:
        write_file(wide / MARKER, fingerprint.encode())
    return folder


def _merge(actor: Path, target: Path, fingerprint: str) -> None:
    """verl's merger rounds the weights to bfloat16."""
    if find_spec("verl") is None:
        raise DependencyError(
            "a sharded checkpoint is merged by verl",
            f"no verl in {sys.prefix}",
            "Run `make verl-cpu` and use .venv-verl/bin/entrocraft, or install '.[verl]' on a GPU node.",
        )
    shutil.rmtree(target, ignore_errors=True)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    merger = (sys.executable, "-m", "verl.model_merger", "merge", "--backend", "fsdp")
    done = subprocess.run(
        [*merger, "--local_dir", str(actor), "--target_dir", str(temporary)],
        env={**{key: value for key, value in os.environ.items() if key != RUN_VARIABLE}, "HF_HUB_OFFLINE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0 or not any(temporary.glob("*.safetensors")):
        tail = "\n".join(done.stdout.decode(errors="replace").splitlines()[-LOG_LINES:])
        raise EvaluationError(
            f"verl's merger must merge {str(actor)!r}", f"exit code {done.returncode}", f"Its last lines:\n{tail}"
        )
    (temporary / MARKER).write_text(fingerprint)
    publish_folder(temporary, target)


def _is_of(folder: Path, fingerprint: str) -> bool:
    marker = folder / MARKER
    return marker.is_file() and marker.read_text() == fingerprint
