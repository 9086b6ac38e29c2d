"""The checkpoints of one training that are measured, and the step of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.config import RunConfig
from harness.errors import ConfigError
from harness.evaluate.sources import Source, find, steps_of
from harness.runs import RunFolder

STEP = re.compile(r"(?:global_)?step_(\d+)")


@dataclass(frozen=True)
class Checkpoint:
    """step 0: the model before training. given: what the person typed."""

    step: int
    source: Source
    given: str

    @property
    def label(self) -> str:
        """The authors' name of it."""
        return f"global_step_{self.step}" if self.step else "base"


def find_checkpoints(given: Sequence[str], steps: Sequence[int] | None = None) -> list[Checkpoint]:
    """One each, ascending in steps: of a run folder all that it has, or `steps`; any other path is one checkpoint.

    The step of a path is the N of its last part that is global_step_N or step_N; without one it is 0.

    Raises:
        ConfigError: `steps` without a run, two runs, an imported run, two checkpoints of one step, a path that is no
            model.
        RunFolderError: the run has no such checkpoint.
    """
    runs = [what for what in given if RunFolder(Path(what).expanduser()).exists()]
    if len(runs) > 1:
        raise ConfigError(
            "the checkpoints of one call must be of one training", ", ".join(runs), "Measure each run by a call."
        )
    for what in runs:
        if dict(RunFolder(Path(what).expanduser()).manifest()).get("imported") is not None:
            raise ConfigError(
                "a run must have checkpoints to be measured",
                f"{what!r}, which was imported or is a measurement itself",
                "Give the run that was trained, or the folders of its checkpoints.",
            )
    if steps is not None and not runs:
        raise ConfigError(
            "--step must choose checkpoints of a run folder", " ".join(given), "Leave it out, or give the run."
        )
    found: dict[int, Checkpoint] = {}
    for what in given:
        for each in _of_run(what, steps) if what in runs else [_single(what)]:
            if each.step in found:
                raise ConfigError(
                    "each step is measured once",
                    f"{found[each.step].given!r} and {each.given!r}, both step {each.step}",
                    "Leave one out; a folder named global_step_N is of step N.",
                )
            found[each.step] = each
    return [found[step] for step in sorted(found)]


def config_of(checkpoints: Sequence[Checkpoint]) -> RunConfig | None:
    """Of the run that they are of; None where there is none."""
    return next((each.source.config for each in checkpoints if each.source.config is not None), None)


def _of_run(what: str, steps: Sequence[int] | None) -> list[Checkpoint]:
    wanted = steps_of(RunFolder(Path(what).expanduser())) if steps is None else list(dict.fromkeys(steps))
    return [Checkpoint(step, find(what, step), what) for step in wanted]


def _single(what: str) -> Checkpoint:
    parts = [match for part in Path(what).expanduser().absolute().parts if (match := STEP.fullmatch(part))]
    return Checkpoint(int(parts[-1][1]) if parts else 0, find(what), what)
