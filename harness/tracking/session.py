"""An open W&B run and the steps that it has; the one importer of wandb."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DependencyError, TrackingError
from harness.runs.sent import Given, SentSteps, digest

if TYPE_CHECKING:
    from wandb import Run

    from harness.runs import RunFolder

PROJECT = "entrocraft"
"""The W&B project, unless the environment sets WANDB_PROJECT."""
MODES = ("online", "offline")


def require(mode: str) -> None:
    """Raises DependencyError when `wandb.mode` asks for a mirror and wandb is not installed."""
    if mode != "off" and find_spec("wandb") is None:
        raise DependencyError(
            f"wandb.mode={mode} needs the package wandb",
            "no such package installed",
            "Set wandb.mode=off, or run `pip install wandb`.",
        )


class Session:
    """The W&B run, open, and the steps that it has."""

    def __init__(self, folder: RunFolder, mode: str, again: bool = False) -> None:
        """`again`: as if nothing had been sent. Raises TrackingError, or whatever wandb raises."""
        self.sent = SentSteps(ledger(folder))
        self._mode = mode
        self._run = start(folder, mode)
        if again:  # not sooner: without a W&B run nothing can be sent again
            self.sent.forget()
        if mode == "online":
            self._agree(self._run.starting_step, folder)

    def send(self, step: int, data: Mapping[str, float | None]) -> None:
        """Not where W&B has the step, or a later one. A value that is null stays away."""
        if step > self.sent.last:
            self._run.log({key: value for key, value in data.items() if value is not None}, step=step)
            self.sent.add({step: Given(self._mode, digest(data))})

    def finish(self) -> None:
        self._run.finish()

    def _agree(self, next_step: int, folder: RunFolder) -> None:
        """W&B itself knows what it has, down to what a killed process had not sent yet."""
        unsynced = [step for step, given in self.sent.given.items() if step >= next_step and given.mode == "offline"]
        if unsynced:
            self._run.finish()
            raise TrackingError(
                "what was sent offline must be in W&B before more is sent online",
                f"W&B goes on at step {next_step}, sent offline up to step {max(unsynced)}",
                f"Run `wandb sync {place(folder)}/offline-run-*`, or send all of it again: --again.",
            )
        for step in [step for step in self.sent.given if step >= next_step]:
            del self.sent.given[step]
        there = [record["step"] for record in self.sent.pending(folder.metrics()) if record["step"] < next_step]
        self.sent.add({step: Given("there", "") for step in there})


def place(folder: RunFolder) -> Path:
    """Where wandb writes, too."""
    return folder.path / "wandb"


def ledger(folder: RunFolder) -> Path:
    return place(folder) / "sent.jsonl"


def start(folder: RunFolder, mode: str) -> Run:
    import wandb

    manifest = folder.manifest()
    return wandb.init(
        project=None if "WANDB_PROJECT" in os.environ else PROJECT,
        id=manifest["wandb_id"],
        name=folder.path.resolve().name,
        dir=folder.path,
        config=manifest["config"],
        mode="online" if mode == "online" else "offline",
        resume="allow",
        reinit="create_new",
        # The manifest has the commit, the diff and the machine; the console is the run's own.
        settings=wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            x_disable_meta=True,
            x_disable_stats=True,
        ),
    )
