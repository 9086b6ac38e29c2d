"""What a shipped experiment says about itself: no part of the run's configuration, nor of its hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.config.fields import choice, number, texts
from harness.config.group import Group


@dataclass(frozen=True)
class ExperimentInfo(Group):
    """The key `experiment` of a file in `conf/experiment`; it is read, checked and left out of the RunConfig."""

    KEY: ClassVar[str] = "experiment"

    mark: str = choice("released", "paper", "ours")
    """released: what a released script executes; paper: described in the paper, without a script; ours."""
    reproduces: tuple[str, ...] = texts("Table 2")
    """Tables, figures and sections of the paper that the run contributes to."""
    hours: float = number(above=0, example=12)
    """Walltime that the run may take at most, hours."""
