"""The run folder of a configuration: a new one, or one that this configuration may go on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.config import RunConfig, default_dir, label
from harness.config.difference import difference
from harness.config.identity import UNESSENTIAL
from harness.config.settings import RunSettings
from harness.errors import ConfigError
from harness.runs import RunFolder, RunLock, RunState
from harness.runs.imported import require_made_here


def placed(config: RunConfig) -> RunConfig:
    """The configuration with the folder and the name that the run will have."""
    return replace(config, run=RunSettings(dir=str(default_dir(config)), name=label(config)))


def open_run(config: RunConfig) -> RunFolder:
    """The folder `config.run.dir`, created, or made ready to go on.

    Raises:
        ConfigError: the folder holds a run of another configuration; the message has the differences.
        LockHeldError: the run is being executed; nothing of it is changed.
        RunFolderError: the folder holds an imported run.
    """
    folder = RunFolder(Path(config.run.dir or default_dir(config)))
    if folder.exists():
        require_made_here(folder, "to go on", "Give another folder: run.dir=PATH.")
    folder.path.mkdir(parents=True, exist_ok=True)
    with RunLock(folder.path):
        if folder.exists():
            _make_ready(folder, config)
            return folder
        schedule = config.schedule.bands.to_dict() if config.schedule is not None else None
        return RunFolder.create(folder.path, config.to_dict(), schedule)


def _make_ready(folder: RunFolder, config: RunConfig) -> None:
    saved = RunConfig.from_dict(folder.manifest()["config"])
    asked = continued(saved, config)
    if asked.trainer.steps > saved.trainer.steps:
        folder.done_path.unlink(missing_ok=True)  # first: a run with steps to go must never look complete
        folder.update(config=asked.to_dict(), steps=asked.trainer.steps, state=RunState.STOPPED)
    folder.clear_stop()


def continued(saved: RunConfig, asked: RunConfig) -> RunConfig:
    """The configuration to go on with: the saved one, with more steps where more are asked for.

    The schedule stays the saved one: its horizon was frozen when the run started, and a longer run does not
    bend the curve.

    Raises:
        ConfigError: anything else differs, fewer steps are asked for, or more than the saved horizon has.
    """
    longer = saved
    if asked.trainer.steps > saved.trainer.steps:
        longer = replace(saved, trainer=replace(saved.trainer, steps=asked.trainer.steps))
    old, new = _essential(longer), _essential(asked)
    if old["schedule"] and new["schedule"] and new["schedule"]["horizon"] == asked.trainer.steps:
        new["schedule"]["horizon"] = old["schedule"]["horizon"]  # not asked for: the frozen one holds
    if differences := list(difference(old, new)):
        raise ConfigError(
            f"the run in {saved.run.dir!r} must go on with its configuration (only trainer.steps may grow)",
            "; ".join(differences),
            "Undo the change, or give another folder: run.dir=PATH.",
        )
    return longer


def _essential(config: RunConfig) -> dict[str, Any]:
    return {key: value for key, value in config.to_dict().items() if key not in UNESSENTIAL}
