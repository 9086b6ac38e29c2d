"""The loop of a chaos run: keeps a driver alive and lets the faults strike, until the study is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.faults import FAULTS
from tests.chaos.study import Form
from tests.chaos.waiting import Strike
from tests.chaos.world import World

AT_ONCE = 3
"""Faults at work at the same time; one of each kind."""
TRIES = 12
"""How often a fault may hit nothing before it is given up."""
AGAIN_S = 0.5
"""Pause after a fault that hit nothing."""
LOOP_S = 0.1
ADMINISTRATOR_S = 10.0


@dataclass(frozen=True)
class Hit:
    """A fault that hit: its kind, what it hit, and when, in seconds from the beginning."""

    kind: str
    about: str
    at_s: float


@dataclass
class _Strike:
    kind: str
    begun: float
    strike: Strike
    due: float = 0.0


@dataclass
class Storm:
    """`deck` has the kinds of the faults to come; who shuffles it decides their order."""

    world: World
    form: Form
    deck: list[str]
    say: Callable[[str], None]
    hits: list[Hit] = field(default_factory=list)
    misses: int = 0
    _at_work: list[_Strike] = field(default_factory=list)
    _next: float = 0.0

    def run(self) -> bool:
        """Whether the study was over within the form's limit."""
        began = time.monotonic()
        looked, keeper = began, self.world.keeper
        try:
            while keeper.code is None:
                now = time.monotonic()
                if now - began > self.form.limit_s:
                    return False
                keeper.tick()
                if now - looked > ADMINISTRATOR_S:
                    self.world.undrain()
                    looked = now
                self._begin(now)
                for each in [each for each in self._at_work if each.due <= now]:
                    self._go_on(each, began)
                time.sleep(min([LOOP_S, *(max(0.0, each.due - time.monotonic()) for each in self._at_work)]))
            return True
        finally:
            for each in self._at_work:
                each.strike.close()  # what it broke is put right
            self.world.slurm_again()

    def _begin(self, now: float) -> None:
        if now < self._next or len(self._at_work) >= AT_ONCE:
            return
        kind = next((kind for kind in self.deck if all(each.kind != kind for each in self._at_work)), None)
        if kind is None:
            return
        self.deck.remove(kind)
        self._at_work.append(_Strike(kind, now, FAULTS[kind](self.world), now))
        self._next = now + self.world.rng.uniform(*self.form.pause_s)

    def _go_on(self, each: _Strike, began: float) -> None:
        try:
            each.due = time.monotonic() + next(each.strike)
            return
        except StopIteration as end:
            about: str | None = end.value
        self._at_work.remove(each)
        if about is not None:
            self.hits.append(Hit(each.kind, about, each.begun - began))
            self.say(f"{each.begun - began:6.1f} s  {each.kind}: {about}")
            return
        self.misses += 1
        self._next = min(self._next, time.monotonic() + AGAIN_S)
        if self.misses < TRIES * sum(self.form.faults.values()):
            self.deck.append(each.kind)
