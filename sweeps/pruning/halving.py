"""Rung-synchronous halving: a rung is decided when all have come to it, so the outcome does not depend on timing.

Whoever comes to a rung early waits there, paused at exactly that step, and leaves its slot to others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.config.pruning import Pruning
from sweeps.pruning.curves import Curve
from sweeps.trials import TrialState


@dataclass
class Rungs:
    """The decisions of all rungs: see `sweeps.pruning.rules.Decisions`."""

    prune: dict[int, str] = field(default_factory=dict)
    pause_at: dict[int, int] = field(default_factory=dict)
    resume: dict[int, int] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)


def halve(config: Pruning, curves: Sequence[Curve], over: bool, more: bool) -> Rungs:
    """Goes up the rungs; at each, those that the rung below let go on compete.

    more: configurations are still to be drawn. over: see `sweeps.pruning.rules.decide`.
    """
    found = Rungs()
    members = sorted(curves, key=lambda curve: curve.origin)
    for rung in config.rungs:
        arrived = [curve for curve in members if _arrived(curve, rung)]
        passed = [curve for curve in arrived if curve.passed >= rung]
        undecided = [curve for curve in arrived if _held(curve) and curve.passed < rung]
        coming = [curve for curve in members if _held(curve) and not _arrived(curve, rung)]
        found.pause_at |= {curve.origin: rung for curve in coming}
        complete = not coming and not more
        if complete or (over and undecided):
            best = ranked(config, arrived, rung)[: math.ceil(len(arrived) / config.keep)]
            names = {curve.origin for curve in (*best, *passed)}
            kept = [curve for curve in arrived if curve.origin in names]
            for curve in undecided:
                if curve.origin in names:
                    found.resume[curve.origin] = rung
                    over = False  # from here on somebody moves
                else:
                    found.prune[curve.origin] = _reason(config, arrived, curve, rung)
        else:
            kept = passed
            found.pause_at |= {curve.origin: rung for curve in undecided}
            found.waiting |= {curve.origin for curve in undecided}
        members = kept
    return found


def ranked(config: Pruning, arrived: Sequence[Curve], rung: int) -> list[Curve]:
    """Best first by the value at the rung; ties by origin, those without a value last."""
    sign = 1 if config.direction == "minimize" else -1

    def key(curve: Curve) -> tuple[bool, float, int]:
        value = curve.at(rung)
        return value is None, sign * (value or 0.0), curve.origin

    return sorted(arrived, key=key)


def _arrived(curve: Curve, rung: int) -> bool:
    """A complete one with fewer steps than the rung counts with its last value. Who was let go on behind it has come,
    though it fell back to a checkpoint before it since."""
    return curve.reached(rung) or curve.passed >= rung or (curve.state == TrialState.COMPLETE and curve.dead is None)


def _held(curve: Curve) -> bool:
    """Whether rungs hold it back: one that is revived goes its way, and nobody waits for it."""
    return curve.open and not curve.spared and curve.dead is None


def _reason(config: Pruning, arrived: Sequence[Curve], curve: Curve, rung: int) -> str:
    order = ranked(config, arrived, rung)
    value, go_on = curve.at(rung), math.ceil(len(order) / config.keep)
    shown = "no value" if value is None else f"{value:.4g}"
    return (
        f"halving at step {rung}: {config.metric} {shown} is number {order.index(curve) + 1} of {len(order)}, "
        f"of which the best {go_on} go on"
    )
