"""Guards: a run whose records show that nothing can come of it, whatever the other runs do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.config.guards import Guards
from harness.runs.metrics import Record

ENTROPY, SATURATED = "control/entropy", "control/saturated"
BEST, WORST = "critic/score/max", "critic/score/min"

Data = Mapping[str, float | None]


@dataclass(frozen=True)
class Breach:
    """The first step at which a guard had seen enough, and what it had seen."""

    step: int
    reason: str


def guard(config: Guards, records: Iterable[Record]) -> str | None:
    """Why the run is hopeless; None while no guard says so."""
    found = breach(config, records)
    return None if found is None else found.reason


def breach(config: Guards, records: Iterable[Record]) -> Breach | None:
    """The earliest breach in the run's records (RunFolder.metrics), those of later steps without effect on it.

    A step without the metric that a guard needs, or without a record, ends what that guard was counting.
    """
    rules = list(_rules(config))
    counts = [0] * len(rules)
    last = None
    for record in records:
        step, data = record["step"], record["data"]
        if last is not None and step != last + 1:
            counts = [0] * len(rules)
        last = step
        for place, rule in enumerate(rules):
            counts[place] = counts[place] + 1 if rule.holds(data) else 0
            if counts[place] >= rule.steps:
                return Breach(step, f"{rule.name} for {rule.steps} steps up to step {step}")
    return None


@dataclass(frozen=True)
class _Rule:
    name: str
    steps: int
    holds: Callable[[Data], bool]


def _rules(config: Guards) -> Iterator[_Rule]:
    low, high = config.entropy_below, config.entropy_above
    if config.saturated_steps is not None:
        yield _Rule("controller saturated", config.saturated_steps, lambda data: bool(data.get(SATURATED)))
    if low is not None:
        yield _Rule(f"entropy <= {low:g} nats", config.entropy_steps, lambda data: _compare(data, low, -1))
    if high is not None:
        yield _Rule(f"entropy >= {high:g} nats", config.entropy_steps, lambda data: _compare(data, high, 1))
    if config.dead_reward_steps is not None:
        yield _Rule("all rewards equal", config.dead_reward_steps, _dead)


def _compare(data: Data, bound: float, sign: int) -> bool:
    entropy = data.get(ENTROPY)
    return entropy is not None and sign * entropy >= sign * bound


def _dead(data: Data) -> bool:
    best, worst = data.get(BEST), data.get(WORST)
    return best is not None and best == worst
