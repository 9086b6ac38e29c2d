"""A study on an executor without clocks: runs advance in whatever order a random generator says."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.config.pruning import Pruning
from sweeps.pruning.curves import Curve
from sweeps.pruning.guards import Breach
from sweeps.pruning.rules import decide
from sweeps.trials import TrialState

PRUNED = "pruned"


@dataclass(frozen=True)
class Fate:
    """What a configuration will do: its value at each step 1.., where it fails, where a guard finds it dead."""

    values: tuple[float, ...]
    fails_at: int | None = None
    dead_at: int | None = None
    starts: bool = True
    """False: nothing ever starts it, as where the budget is spent."""

    def records(self, step: int) -> tuple[tuple[int, float], ...]:
        return tuple(enumerate(self.values[:step], start=1))

    def breach(self, step: int) -> Breach | None:
        return Breach(self.dead_at, "dead") if self.dead_at is not None and step >= self.dead_at else None


def play(
    config: Pruning, fates: list[Fate], slots: int, chance: random.Random, memory: bool = True, drawn: bool = False
) -> dict[int, tuple[str, int, str]]:
    """Origin -> state, steps done and reason, once nothing moves any more.

    memory: the driver keeps what it let go on. drawn: a configuration becomes known when a slot is free for it.
    """
    curves: dict[int, Curve] = {}
    reasons: dict[int, str] = {}
    running: set[int] = set()
    fresh = list(range(len(fates)))
    if not drawn:
        chance.shuffle(fresh)
        curves = {origin: _curve(origin, fates[origin]) for origin in fresh}
        fresh = []
    pauses: dict[int, int] = {}
    waiting: frozenset[int] = frozenset()

    def poll(over: bool = False) -> None:
        nonlocal pauses, waiting
        shown = list(curves.values())
        chance.shuffle(shown)
        found = decide(config, shown, over, more=bool(fresh))
        for origin, rung in found.resume.items():
            if memory:
                curves[origin] = replace(curves[origin], passed=rung)
        for origin, reason in found.prune.items():
            curves[origin], reasons[origin] = replace(curves[origin], state=PRUNED), reason
        for origin, curve in curves.items():
            if curve.open and curve.step == curve.steps:
                curves[origin] = replace(curve, state=TrialState.COMPLETE)
        running.difference_update(origin for origin in [*running] if not curves[origin].open)
        pauses, waiting = dict(found.pause_at), found.waiting

    def startable() -> list[int]:
        return [
            origin
            for origin, curve in curves.items()
            if curve.open and fates[origin].starts and origin not in running and origin not in waiting
        ]

    while True:
        poll()
        while len(running) < slots and fresh and not startable():
            curves[fresh[0]] = _curve(fresh[0], fates[fresh[0]])
            fresh.pop(0)
            poll()
        chosen = startable()
        chance.shuffle(chosen)
        running.update(chosen[: slots - len(running)])
        if not running:
            if not waiting:
                return {origin: (curve.state, curve.step, reasons.get(origin, "")) for origin, curve in curves.items()}
            poll(over=True)
            continue
        for origin in chance.sample(sorted(running), chance.randint(1, len(running))):
            curve, fate = curves[origin], fates[origin]
            last = min(pauses.get(origin, curve.steps), curve.steps)
            step = min(curve.step + chance.randint(1, 3), last)
            if fate.fails_at is not None and step >= fate.fails_at:
                curve = replace(curve, state=TrialState.FAILED)
                step = fate.fails_at - 1
            curves[origin] = replace(curve, step=step, reports=fate.records(step), dead=fate.breach(step))
            if step == last or not curve.open:
                running.remove(origin)


def _curve(origin: int, fate: Fate) -> Curve:
    return Curve(origin, TrialState.RUNNING, steps=len(fate.values))


def expected(config: Pruning, fates: list[Fate], better: Callable[[float], float]) -> dict[int, tuple[str, int | None]]:
    """Origin -> state, and the step where halving stopped it, by the definition: rung after rung, all at once."""
    members, found = list(range(len(fates))), {}
    for rung in config.rungs:
        came = [
            origin
            for origin in members
            if (fates[origin].fails_at or rung + 1) > rung and (fates[origin].dead_at or rung + 1) > rung
        ]
        order = sorted(came, key=lambda origin: (better(fates[origin].values[rung - 1]), origin))
        members = order[: -(-len(order) // config.keep)]
        found |= {origin: (PRUNED, rung) for origin in came if origin not in members}
    for origin, fate in enumerate(fates):
        if origin not in found:
            state = TrialState.FAILED if fate.fails_at else PRUNED if fate.dead_at else TrialState.COMPLETE
            found[origin] = (state, None)
    return found
