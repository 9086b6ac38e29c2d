"""A run on verl from its folder: start verl or go on with it, follow what it writes, and state how it ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.assets import model_folder
from harness.config import RunConfig
from harness.errors import DependencyError, RunFolderError
from harness.processes import die_with_parent, end
from harness.runs import RunFolder, RunState
from harness.verl_backend.countdown_data import write_countdown
from harness.verl_backend.ingest import LOG_NAME, Ingest
from harness.verl_backend.names import CPU, PLATFORM_VARIABLE, PLUGIN, RUN_VARIABLE
from harness.verl_backend.overrides import overrides
from harness.verl_backend.wide_heads import servable

OnStep = Callable[[int, Mapping[str, float]], None]
POLL_S = 0.2
LOG_LINES = 30
"""Lines of verl's log that a failure quotes."""
COMMAND = (sys.executable, "-m", "verl.trainer.main_ppo")


def require() -> None:
    """Raises DependencyError when verl is not installed here, or does not know the plug-in."""
    if find_spec("verl") is None:
        raise DependencyError(
            "backend=verl needs verl in the environment of this command",
            f"none in {sys.prefix}",
            "Run `make verl-cpu` and use .venv-verl/bin/entrocraft, or install '.[verl]' on a GPU node.",
        )
    if PLUGIN not in {point.name for point in metadata.entry_points(group="verl.plugins")}:
        raise DependencyError(
            "verl must find the plug-in through the entry-point group verl.plugins",
            f"no entry point {PLUGIN!r}",
            "Install entrocraft-harness again in this environment.",
        )


def execute(folder: RunFolder, on_step: OnStep | None = None) -> RunState:
    """Train the run of `folder` from where it stands to its end or to a stop request; COMPLETE or STOPPED.

    The caller holds the run's lock and records a failure.

    Raises:
        DependencyError: no verl here. RunFolderError: verl ended otherwise; the message quotes its log.
    """
    require()
    config = RunConfig.from_dict(folder.manifest()["config"])
    verl_dir = (folder.path / "verl").resolve()
    data = write_countdown(config.data, verl_dir / "data")
    from_step = newest_checkpoint(verl_dir / "checkpoints")
    catch_up(folder, config, verl_dir, from_step)
    attempt = folder.begin_attempt(from_step)
    attempt_dir = attempt_folder(verl_dir, attempt)
    attempt_dir.mkdir()
    model = model_folder(config.model.path).resolve()
    if config.platform.name == CPU:
        model = servable(model, verl_dir / "model")
    arguments = overrides(config, model, data, verl_dir, attempt_dir)
    # Validated once before step 1, not again at every start.
    arguments.append(f"trainer.val_before_train={from_step == 0}")
    ingest = _ingest(attempt_dir, config)
    log = attempt_dir / "log.txt"
    process = _start(arguments, environment(config, folder.path, attempt_dir), log)
    last = from_step
    try:
        while (code := process.poll()) is None:
            last = _take(folder, ingest, attempt, on_step, last)
            time.sleep(POLL_S)
        last = _take(folder, ingest, attempt, on_step, last, ended=True)
    finally:
        end(process)
    if code != 0 or (last < config.trainer.steps and not folder.stop_requested()):
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
        raise RunFolderError(
            "verl must end at the run's last step or at a stop request",
            f"exit code {code} at step {last} of {config.trainer.steps}",
            f"See {log}; its last lines:\n{tail}",
        )
    outcome = RunState.COMPLETE if last >= config.trainer.steps else RunState.STOPPED
    folder.end_attempt(outcome, last)
    if outcome is RunState.COMPLETE:
        folder.mark_done()
    return outcome


def catch_up(folder: RunFolder, config: RunConfig, verl_dir: Path, until: int) -> None:
    """Take what the last attempt logged and its killed supervisor had not read, up to the step `until` that verl goes
    on from; what is behind that is run again."""
    attempt = len(folder.manifest()["attempts"])
    last = folder.last_record()
    for step, metrics, samples in _ingest(attempt_folder(verl_dir, attempt), config).records(ended=True):
        if (last is None or step > last["step"]) and step <= until:
            _write(folder, step, metrics, samples, attempt)


def attempt_folder(verl_dir: Path, attempt: int) -> Path:
    """Log and dumps of one attempt."""
    return verl_dir / f"attempt_{attempt:03d}"


def newest_checkpoint(checkpoints: Path) -> int:
    """The step that verl will go on from (its `latest_checkpointed_iteration.txt`); 0 where there is none."""
    try:
        return int((checkpoints / "latest_checkpointed_iteration.txt").read_text())
    except FileNotFoundError:
        return 0


def environment(config: RunConfig, run: Path, attempt_dir: Path) -> dict[str, str]:
    """The environment of verl's processes; those of Ray's workers inherit it."""
    variables = {
        RUN_VARIABLE: str(run.resolve()),
        "VERL_FILE_LOGGER_PATH": str(attempt_dir / LOG_NAME),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "RAY_worker_niceness": "0",  # Ray's default of 15 starves its workers beside any other process
    }
    if config.platform.name == CPU:
        variables |= {
            PLATFORM_VARIABLE: CPU,
            "VERL_ENGINE_DEVICE": "cuda",  # the FSDP engine is registered for cuda and npu only
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "OMP_NUM_THREADS": str(config.trainer.threads),
        }
    return {**os.environ, **variables}


def _start(arguments: list[str], environ: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            cwd=log.parent,
            start_new_session=True,  # Ctrl-C becomes a stop request, which verl's processes must live to see
            preexec_fn=die_with_parent,
        )


def _take(
    folder: RunFolder, ingest: Ingest, attempt: int, on_step: OnStep | None, last: int, ended: bool = False
) -> int:
    """Write what is new to the run folder; the last step that it has then."""
    for step, metrics, samples in ingest.records(ended):
        _write(folder, step, metrics, samples, attempt)
        if on_step is not None:
            on_step(step, metrics)
        last = step
    return last


def _write(
    folder: RunFolder, step: int, metrics: Mapping[str, float], samples: list[dict[str, Any]], attempt: int
) -> None:
    if samples:  # first: a record that says mean@n must have its samples on disk
        folder.write_samples(step, samples)
    folder.append_metrics(step, metrics, attempt)


def _ingest(attempt_dir: Path, config: RunConfig) -> Ingest:
    validation = config.validation
    return Ingest(attempt_dir, validation.problems * validation.samples, validation.pass_k)
