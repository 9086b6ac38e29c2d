"""The runs of the open trials by what can be done with them now."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeps.active import ActiveRun


@dataclass
class Work:
    """What one look of the driver has found: runs to be started now, alive, to be started later, and held at a rung."""

    startable: list[ActiveRun] = field(default_factory=list)
    alive: list[ActiveRun] = field(default_factory=list)
    later: list[ActiveRun] = field(default_factory=list)
    held: list[ActiveRun] = field(default_factory=list)

    @property
    def left(self) -> bool:
        """Whether something is still to be started."""
        return bool(self.startable or self.later)

    def add(self, other: Work) -> None:
        self.startable += other.startable
        self.alive += other.alive
        self.later += other.later
        self.held += other.held

    @property
    def at_work(self) -> dict[str, int]:
        """The runs that are alive: name -> steps of the whole run."""
        return {run.folder.path.name: run.steps for run in self.alive}
