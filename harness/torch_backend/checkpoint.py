"""What a run needs to go on: a model folder, the optimiser's state and the states of method and monitor.

There are no random states: every draw is derived from (seed, step).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from harness.core.diagnostics import Monitor
from harness.errors import RunFolderError

SCHEMA = 2  # 1: the optimiser's state per parameter


@dataclass
class Progress:
    """The part of a run's state that is neither weights nor optimiser; JSON-able."""

    step: int
    method_state: dict[str, float]
    monitor: Monitor
    samples_seen: int

    def save(self, folder: Path, optimizer: torch.optim.Optimizer) -> None:
        # By a path PyTorch opens the file itself, and of a full disk it only says that its stream failed.
        with (folder / "optimizer.pt").open("wb") as file:
            torch.save(optimizer.state_dict(), file)
        content = {
            "schema": SCHEMA,
            "step": self.step,
            "method_state": self.method_state,
            "monitor": self.monitor.to_dict(),
            "samples_seen": self.samples_seen,
        }
        (folder / "trainer.json").write_text(json.dumps(content))

    @classmethod
    def load(cls, folder: Path, optimizer: torch.optim.Optimizer) -> Progress:
        """Restores `optimizer` in place and returns the rest.

        Raises:
            RunFolderError: written by another version of the format.
        """
        content: dict[str, Any] = json.loads((folder / "trainer.json").read_text())
        if content["schema"] != SCHEMA:
            raise RunFolderError(
                f"a checkpoint must have schema {SCHEMA}",
                f"schema {content['schema']} in {str(folder)!r}",
                "Resume with the version that wrote it.",
            )
        optimizer.load_state_dict(torch.load(folder / "optimizer.pt", weights_only=True))
        monitor = Monitor.from_dict(content["monitor"])
        return cls(content["step"], content["method_state"], monitor, content["samples_seen"])
