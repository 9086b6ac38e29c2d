"""A progress bar on a terminal, some lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType

from rich import progress as bars
from rich.console import Console

LINES = 20
"""Lines of progress over the whole where the output is no terminal."""


class Progress:
    """Counts `unit` (a plural noun) on stderr; `update` takes (done, total)."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._console = Console(stderr=True)
        self._bar = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._bar.add_task(unit, total=None)
        self._said = -1

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, done: int, total: int) -> None:
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, total=total)
        elif (part := done * LINES // max(1, total)) > self._said:
            self._said = part
            print(f"{self._unit} {done}/{total}", file=sys.stderr, flush=True)
