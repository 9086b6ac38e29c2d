"""The optional mirror of a run to Weights & Biases; the one importer of wandb.

One W&B run for the life of a run: its id is in the manifest and every attempt resumes it. The run folder
stays the truth: nothing that happens in W&B ends a run. A failure is reported once, then silence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from harness.errors import DependencyError

if TYPE_CHECKING:
    from wandb import Run

    from harness.config import RunConfig
    from harness.runs import RunFolder

PROJECT = "entrocraft"
"""The W&B project, unless the environment sets WANDB_PROJECT."""

OnStep = Callable[[int, Mapping[str, float]], None]


def require(mode: str) -> None:
    """Raises DependencyError when `wandb.mode` asks for a mirror and wandb is not installed."""
    if mode != "off" and find_spec("wandb") is None:
        raise DependencyError(
            f"wandb.mode={mode} needs the package wandb",
            "no such package installed",
            "Set wandb.mode=off, or run `pip install wandb`.",
        )


@contextmanager
def mirror(folder: RunFolder, config: RunConfig) -> Iterator[OnStep]:
    """Yields what to call with each step's record; with `wandb.mode=off` that does nothing.

    Raises:
        DependencyError: a mirror is asked for and wandb is not installed.
    """
    require(config.wandb.mode)
    mirrored = _Mirror(folder, config)
    try:
        yield mirrored.log
    finally:
        mirrored.finish()


class _Mirror:
    def __init__(self, folder: RunFolder, config: RunConfig) -> None:
        self._run: Run | None = None
        if config.wandb.mode != "off":
            with self._never_fatal():
                self._run = _start(folder, config)

    def log(self, step: int, data: Mapping[str, float]) -> None:
        """Steps that a resumed run replays are already there with the same values; W&B leaves them out."""
        if self._run is not None:
            with self._never_fatal():
                self._run.log(dict(data), step=step)

    def finish(self) -> None:
        if self._run is not None:
            with self._never_fatal():
                self._run.finish()

    @contextmanager
    def _never_fatal(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._run = None
            print(f"the W&B mirror is off from here: {type(error).__name__}: {error}", file=sys.stderr)


def _start(folder: RunFolder, config: RunConfig) -> Run:
    import wandb

    manifest = folder.manifest()
    return wandb.init(
        project=None if "WANDB_PROJECT" in os.environ else PROJECT,
        id=manifest["wandb_id"],
        name=folder.path.name,
        dir=folder.path,
        config=manifest["config"],
        mode="online" if config.wandb.mode == "online" else "offline",
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
