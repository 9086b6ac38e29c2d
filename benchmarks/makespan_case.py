"""One case of the benchmark: which times, and how they are swept. Written as CASE/case.json for the processes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

GPUS_PER_NODE = 8
"""A job asks for all of a node, so that as many run at once as there are nodes, whoever submits how many."""
PARTITION, WALLTIME_MIN = "low", 30


@dataclass(frozen=True)
class Case:
    """`parallel`: jobs handed to Slurm at once. `tool`: ours or hydra. Times and `poll_s` in seconds."""

    tool: str
    seed: int
    times: tuple[float, ...]
    parallel: int
    poll_s: float

    def save(self, folder: Path) -> None:
        """Makes the folder of the case."""
        (folder / "stamps").mkdir(parents=True)
        (folder / "case.json").write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> Self:
        values = json.loads((folder / "case.json").read_text())
        return cls(**{**values, "times": tuple(values["times"])})
