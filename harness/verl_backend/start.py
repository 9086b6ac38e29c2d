"""How verl is started for one attempt of a run: the real start and `entrocraft run --dry-run` take it from here."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.assets import is_hub_id, model_folder
from harness.config import RunConfig
from harness.runs import RunFolder
from harness.verl_backend.checkpoints import newest_checkpoint
from harness.verl_backend.files import data_paths
from harness.verl_backend.ingest import LOG_NAME
from harness.verl_backend.names import CPU, PLATFORM_VARIABLE, RUN_VARIABLE
from harness.verl_backend.overrides import overrides
from harness.verl_backend.wide_heads import servable, served

COMMAND = (sys.executable, "-m", "verl.trainer.main_ppo")


@dataclass(frozen=True)
class Start:
    """A command line, the environment variables that it gets beside those of this process, and its folder."""

    command: tuple[str, ...]
    variables: dict[str, str]
    folder: Path
    """Of the attempt: the process works in it, and its log and dumps go there."""

    def shell(self) -> str:
        """The same for a POSIX shell, one argument a line."""
        python, arguments = self.command[: len(COMMAND)], self.command[len(COMMAND) :]
        words = [f"{name}={shlex.quote(value)}" for name, value in self.variables.items()]
        lines = [
            f"cd {shlex.quote(str(self.folder))} &&",
            "env",
            *words,
            shlex.join(python),
            *map(shlex.quote, arguments),
        ]
        return " \\\n  ".join(lines)


def start(config: RunConfig, run: Path, attempt: int, validate: bool) -> Start:
    """The start of attempt `attempt` (from 1) of the run in the folder `run`; verl finds its checkpoint itself.

    validate: before the first step that it makes.
    """
    verl_dir = (run / "verl").resolve()
    folder = attempt_folder(verl_dir, attempt)
    arguments = overrides(config, model_path(config, verl_dir), data_paths(config, verl_dir), verl_dir, folder)
    arguments.append(f"trainer.val_before_train={validate}")
    return Start((*COMMAND, *arguments), _variables(config, run, folder), folder)


def next_start(config: RunConfig, run: RunFolder) -> Start:
    """The start that `entrocraft run` would make now."""
    attempts = len(run.manifest()["attempts"]) if run.exists() else 0
    from_step = newest_checkpoint(run.path / "verl" / "checkpoints")
    return start(config, run.path, attempts + 1, validate=from_step == 0)


def model_path(config: RunConfig, verl_dir: Path) -> Path:
    """A hub id as it is, which verl reads from the hub's cache; otherwise the folder that verl is given."""
    if is_hub_id(config.model.path):
        return Path(config.model.path)
    model = model_folder(config.model.path).resolve()
    return served(model, verl_dir / "model") if config.platform.name == CPU else model


def ready_model(config: RunConfig, verl_dir: Path) -> None:
    """See to it that the model of `model_path` is there. Raises ConfigError where it is not, as for a hub id that is
    not in the hub's cache."""
    model = model_folder(config.model.path)
    if config.platform.name == CPU and not is_hub_id(config.model.path):
        servable(model.resolve(), verl_dir / "model")


def attempt_folder(verl_dir: Path, attempt: int) -> Path:
    """Log and dumps of one attempt."""
    return verl_dir / f"attempt_{attempt:03d}"


def _variables(config: RunConfig, run: Path, folder: Path) -> dict[str, str]:
    """The processes of Ray's workers inherit them."""
    variables = {
        RUN_VARIABLE: str(run.resolve()),
        "VERL_FILE_LOGGER_PATH": str(folder / LOG_NAME),
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
    return variables
