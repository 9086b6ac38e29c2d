"""The `promotion` of a study: further seeds for the configurations that are best on the first ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from harness.config.group import mapping, read
from harness.errors import ConfigError


@dataclass(frozen=True)
class Promotion:
    """Of the configurations at a rung the best one in `keep` gets the seeds of the next rung, too.

    Rung 0 is the study's own seeds; a configuration at rung r has these and the seeds of the first r `rungs`.
    """

    keep: int
    """One in how many goes on, at least 2."""
    rungs: tuple[tuple[int, ...], ...]
    """The further seeds of each rung, all different."""

    def __post_init__(self) -> None:
        if self.keep < 2:
            raise ConfigError("promotion.keep must be >= 2: one in so many goes on", str(self.keep), "Set keep=3.")
        if not self.rungs or not all(self.rungs):
            listed = str([list(rung) for rung in self.rungs])
            raise ConfigError("promotion.rungs must list seeds for one or more rungs", listed, "Set rungs=[[2,3]].")
        self._refuse(sorted({seed for seed in self.seeds if seed < 0}), "whole numbers >= 0")
        self._refuse([seed for seed, times in Counter(self.seeds).items() if times > 1], "different on all rungs")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Of all rungs, the study's own not among them."""
        return tuple(seed for rung in self.rungs for seed in rung)

    def check(self, base: Sequence[int]) -> None:
        """Raises ConfigError where a rung has one of `base`, the study's own seeds: that run is there already."""
        self._refuse(sorted(set(base) & set(self.seeds)), "others than those of study.seeds")

    def further_runs(self, configurations: int) -> int:
        """Runs of all promotions, at most, where so many configurations are on the first seeds.

        About one in `keep` goes on. Where each that comes is better than all before it, all do from the `keep`-th on.
        """
        runs, going = 0, configurations
        for seeds in self.rungs:
            going = max(1, going - self.keep + 1)
            runs += going * len(seeds)
        return runs

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Raises ConfigError: unknown keys (the valid ones are listed), wrong types, broken rules."""
        rungs = mapping(values, "promotion").get("rungs", ())
        if not isinstance(rungs, (list, tuple)):
            raise ConfigError("promotion.rungs must be a list of lists of seeds", repr(rungs), "Set rungs=[[2,3]].")
        return read(cls, values, "promotion")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` is the inverse."""
        return {"keep": self.keep, "rungs": [list(rung) for rung in self.rungs]}

    def _refuse(self, seeds: Sequence[int], rule: str) -> None:
        if seeds:
            listed = ", ".join(map(str, seeds))
            raise ConfigError(f"the seeds of promotion.rungs must be {rule}", listed, "Choose other seeds.")
