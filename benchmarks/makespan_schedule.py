"""Run times drawn by a seed, and the makespans that could be had with them: computed, in seconds."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence


def draw(seed: int, jobs: int, mean_s: float, sigma: float) -> list[float]:
    """Log-normal run times, `sigma` that of their logarithm; scaled so that their mean is exactly `mean_s`."""
    source = random.Random(seed)
    drawn = [source.lognormvariate(0.0, sigma) for _ in range(jobs)]
    return [time * mean_s * jobs / math.fsum(drawn) for time in drawn]


def list_makespan(times: Sequence[float], slots: int) -> float:
    """List scheduling: each job, in this order, on the slot that is free first (Graham 1969)."""
    free = [0.0] * slots
    for time in times:
        heapq.heappush(free, heapq.heappop(free) + time)
    return max(free)


def batch_makespan(times: Sequence[float], slots: int, at_once: int) -> float:
    """List scheduling with a barrier after every `at_once` jobs: the next ones wait for the longest of these."""
    batches = [times[first : first + at_once] for first in range(0, len(times), at_once)]
    return math.fsum(list_makespan(batch, slots) for batch in batches)


def lower_bound(times: Sequence[float], slots: int) -> float:
    """No schedule is shorter: neither than the work divided evenly, nor than the longest job."""
    return max(math.fsum(times) / slots, max(times))
