"""What an evaluation says while it goes on, and its table."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from rich import progress as bars
from rich.console import Console

from harness.cli.tables import plain_table

if TYPE_CHECKING:
    from harness.evaluate.run import Outcome

LINES = 20
"""Lines of progress over an evaluation where the output is no terminal."""


class Progress:
    """A progress bar on a terminal, some lines elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = bars.Progress(
            bars.TextColumn("samples"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._bar.add_task("samples", total=None)
        self._said = -1

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_sample(self, done: int, total: int) -> None:
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, total=total)
        elif (part := done * LINES // total) > self._said:
            self._said = part
            print(f"samples {done}/{total}", file=sys.stderr, flush=True)


def print_table(outcome: Outcome) -> None:
    """One row a benchmark. "±": standard error over problems; "cut": share of answers that reached the longest length;
    "ungraded": answers on which the grader failed, counted as wrong."""
    ks = list(dict.fromkeys(k for result in outcome.results.values() for k in result["pass@k"] if k != "1"))
    columns = ["benchmark", "problems", "n", "mean@n", "±", *(f"pass@{k}" for k in ks), "cut", "ungraded"]
    rows = []
    for name, result in outcome.results.items():
        error = result["mean@n_error"]
        mean = [f"{result['mean@n']:.3f}", "" if error is None else f"{error:.3f}"]
        figures = [f"{result['pass@k'][k]:.3f}" if k in result["pass@k"] else "" for k in ks]
        sizes = [str(result["problems"]), str(result["n"])]
        rows.append([name, *sizes, *mean, *figures, f"{result['cut']:.3f}", str(result["grader_failures"])])
    Console().print(plain_table(columns, rows))
    drawn = f"{outcome.drawn} samples drawn" if outcome.drawn else "already complete, nothing drawn"
    print(f"{drawn}; in {outcome.place.folder}")
