"""How faults wait: generators, so that several can be at work in one loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

POLL_S = 0.2

Strike = Generator[float, None, str | None]


def until(condition: Callable[[], bool], patience_s: float, poll_s: float = POLL_S) -> Generator[float, None, bool]:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        yield poll_s
    return True
