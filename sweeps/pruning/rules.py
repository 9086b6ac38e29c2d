"""Pruning: given the curves of all configurations, which are stopped, which wait, and which go on.

A pure function of what the run folders say: a driver that was killed decides as the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.config.pruning import HALVING, NONE, Pruning
from harness.errors import ConfigError
from sweeps.pruning.curves import Curve
from sweeps.pruning.halving import halve
from sweeps.pruning.optuna_pruners import judge
from sweeps.pruning.pruner_options import build


@dataclass(frozen=True)
class Decisions:
    """About open configurations, by origin."""

    prune: Mapping[int, str] = field(default_factory=dict)
    """To be stopped, and why."""
    pause_at: Mapping[int, int] = field(default_factory=dict)
    """The step that the runs shall not go beyond (RunFolder.pause_at); of all others a pause is withdrawn."""
    resume: Mapping[int, int] = field(default_factory=dict)
    """Let go on behind a rung: that rung, to be kept as `Curve.passed` before anything is started."""
    waiting: frozenset[int] = frozenset()
    """Have come to their pause and are not to be started; their slots are free."""


def decide(config: Pruning, curves: Sequence[Curve], over: bool, more: bool = False) -> Decisions:
    """What is to be done now; the order of `curves` has no effect.

    config: after `Pruning.of`. more: whether the study has configurations that are not among the curves yet.
    over: nothing moves any more, and nothing will but those that wait at a rung: then the lowest rung at which
    somebody waits is decided among those that came. Who comes to it later is measured against all that came, and those
    that were let go on stay.

    A guard's finding (`Curve.dead`) prunes under any pruner. Closed and spared configurations are never in `prune`,
    but what they reported before counts for the others.
    """
    ordered = sorted(curves, key=lambda curve: curve.origin)
    dead = {c.origin: c.dead.reason for c in ordered if c.open and not c.spared and c.dead is not None}
    if config.pruner == NONE:
        return Decisions(prune=dead)
    if config.pruner != HALVING:
        return Decisions(prune={**judge(config, ordered), **dead})
    rungs = halve(config, ordered, over, more)
    return Decisions({**rungs.prune, **dead}, rungs.pause_at, rungs.resume, frozenset(rungs.waiting))


def check(config: Pruning, steps: Sequence[int] = ()) -> None:
    """Raises ConfigError where the pruner's options, or its rungs and looks for runs of so many `steps`, make no sense.

    To be called before anything starts: `harness.config` does not know Optuna.
    """
    if config.pruner not in (NONE, HALVING):
        build(config.pruner, config.options)
    shortest = min(steps, default=None)
    first, last = (config.rungs[0], config.rungs[-1]) if config.rungs else (config.start, config.start)
    if config.pruner != NONE and shortest is not None and last >= shortest:
        what = "every rung of pruning.options.rungs" if config.pruner == HALVING else "pruning.start"
        raise ConfigError(
            f"{what} must be before the last step of every trial",
            f"step {last} of {shortest}",
            f"Set {'lower rungs' if first != last else 'a lower step'}, or more trainer.steps.",
        )
