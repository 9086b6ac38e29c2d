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

from harness.config import RunConfig
from harness.errors import DependencyError, RunFolderError
from harness.processes import die_with_parent, end
from harness.runs import RunFolder, RunState
from harness.verl_backend.checkpoints import newest_checkpoint, prune
from harness.verl_backend.files import ready
from harness.verl_backend.ingest import Ingest
from harness.verl_backend.names import PLUGIN, STOPPED_FILE
from harness.verl_backend.start import Start, attempt_folder, ready_model, start

OnStep = Callable[[int, Mapping[str, float]], None]
POLL_S = 0.2
LOG_LINES = 30
"""Lines of verl's log that a failure quotes."""


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
    ready_model(config, verl_dir)
    problems = ready(config, verl_dir)
    from_step = newest_checkpoint(verl_dir / "checkpoints")
    catch_up(folder, config, verl_dir, from_step)
    prune(verl_dir / "checkpoints", from_step, config.checkpoint.keep)
    # verl saves, validates and logs, in this order: killed in between, the step is validated again and then logged.
    logged = folder.last_record()
    unlogged = from_step > 0 and (logged is None or logged["step"] < from_step)
    attempt = folder.begin_attempt(from_step)
    if from_step and not unlogged and from_step < config.trainer.steps and folder.stop_requested(from_step):
        folder.end_attempt(RunState.STOPPED, from_step)  # without loading a model for that
        return RunState.STOPPED
    stopped = verl_dir / STOPPED_FILE
    stopped.unlink(missing_ok=True)
    begun = start(config, folder.path, attempt, validate=from_step == 0 or unlogged)
    begun.folder.mkdir(parents=True)
    ingest = _ingest(begun.folder, config, problems)
    log = begun.folder / "log.txt"
    process = _start(begun, log)
    last = from_step - unlogged
    try:
        while (code := process.poll()) is None:
            last = _take(folder, ingest, attempt, on_step, last)
            time.sleep(POLL_S)
        last = _take(folder, ingest, attempt, on_step, last, ended=True)
    finally:
        end(process)
    if code != 0 or (last < config.trainer.steps and not (stopped.exists() and int(stopped.read_text()) == last)):
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
    for step, metrics, samples in _ingest(attempt_folder(verl_dir, attempt), config, 0).records(ended=True):
        new = last is None or last["attempt"] < attempt or step > last["step"]
        if new and step <= until:
            _write(folder, step, metrics, samples, attempt)


def _start(begun: Start, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            begun.command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **begun.variables},
            cwd=begun.folder,
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


def _ingest(attempt_dir: Path, config: RunConfig, problems: int) -> Ingest:
    """problems: of a validation; without effect on an attempt that has ended."""
    return Ingest(attempt_dir, problems * config.validation.samples, config.validation.pass_k)
