"""The table of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from harness.cli.tables import plain_table

if TYPE_CHECKING:
    from harness.evaluate.run import Outcome


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
