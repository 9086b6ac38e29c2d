"""The runs of the open trials by what can be done with them now."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeps.active import ActiveRun


@dataclass
class Work:
    """What one look of the driver has found: runs to be started now, alive, and to be started later."""

    startable: list[ActiveRun] = field(default_factory=list)
    alive: list[ActiveRun] = field(default_factory=list)
    later: list[ActiveRun] = field(default_factory=list)

    @property
    def left(self) -> bool:
        """Whether something is still to be started."""
        return bool(self.startable or self.later)

    def add(self, other: Work) -> None:
        self.startable += other.startable
        self.alive += other.alive
        self.later += other.later
