"""The `data` group for mathematics: which prepared files a run trains on, and which benchmarks validate it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from harness.config.fields import choice, count, some, text
from harness.config.group import Group

TRAINING = ("numina-100k", "numina-full")
"""Training sets by the name of their prepared file."""
BENCHMARKS = {"math500": 500, "amc23": 40, "aime24": 30, "aime25": 30, "aime26": 30}
"""Problems of each benchmark."""


@dataclass(frozen=True)
class MathDataConfig(Group):
    """Files that `entrocraft data prepare` wrote; verl only. Their rows have verl's schema and stable problem ids."""

    KEY: ClassVar[str] = "data"

    name: str = choice(*TRAINING)
    train_problems: int = count(1, 103_424)
    """Rows trained on, the first ones of the file or, shuffled, a random choice; the file must have as many."""
    benchmarks: tuple[str, ...] = some(*BENCHMARKS)
    """Validation sets, in this order."""
    folder: str = text("data")
    """Where the prepared files lie."""
    grader: str = choice("math_verify", "released")
    """math_verify compares by value; released is the release's string equivalence (AIME: an exact boxed string)."""
    order: str = choice("file", "shuffled")
    """Of the training rows: as in the file (as released), or verl's shuffle by the run's seed."""

    @property
    def test_problems(self) -> int:
        """Problems of the benchmarks together."""
        return sum(BENCHMARKS[name] for name in self.benchmarks)

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "benchmarks": list(self.benchmarks)}
