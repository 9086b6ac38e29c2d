"""The table of an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from rich.console import Console

from harness.cli.tables import plain_table

if TYPE_CHECKING:
    from harness.evaluate.run import Outcome


def print_table(outcome: Outcome) -> None:
    """One column a benchmark. "±": standard error over problems; "cut": share of answers that reached the longest
    length; "ungraded": answers on which the grader failed, counted as wrong."""
    ks = list(dict.fromkeys(k for result in outcome.results.values() for k in result["pass@k"] if k != "1"))
    rows: dict[str, Callable[[dict[str, Any]], float | int | None]] = {
        **{name: itemgetter(name) for name in ("problems", "n", "mean@n")},
        "±": itemgetter("mean@n_error"),
        **{f"pass@{k}": _pass(k) for k in ks},
        "cut": itemgetter("cut"),
        "ungraded": itemgetter("grader_failures"),
    }
    lines = ([name, *(_text(figure(result)) for result in outcome.results.values())] for name, figure in rows.items())
    Console().print(plain_table(["", *outcome.results], lines))
    drawn = f"{outcome.drawn} samples drawn" if outcome.drawn else "already complete, nothing drawn"
    print(f"{drawn}; in {outcome.place.folder}")


def _pass(k: str) -> Callable[[dict[str, Any]], float | None]:
    return lambda result: result["pass@k"].get(k)


def _text(figure: float | int | None) -> str:
    return "" if figure is None else f"{figure:.3f}" if isinstance(figure, float) else str(figure)
