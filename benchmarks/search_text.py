"""The text of bench-search: the problem, the table of strategies, the comparison at equal steps, the aim."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from benchmarks.search_measure import LEVEL, SHARES, Row, differences, earlier, interval, quartiles
from benchmarks.search_table import Table
from benchmarks.search_truth import EASY, noise, paired_noise, truth

AIM = 0.30
"""Of the grid's steps, at the median."""
DEPENDENT = (
    "A replay draws its values from the runs that also say what is true, which flatters every search, and those most "
    "that run all seeds of a configuration: they end at the best of the table by construction. The second table takes "
    "the truth from the seeds other than the screening one."
)


def problem(table: Table, direction: str) -> str:
    """What is searched, and whether it is hard enough."""
    true = truth(table, direction)
    easy = (
        f"above {EASY:.0%}: THE PROBLEM IS TOO EASY to tell searches apart"
        if true.share > EASY
        else f"not above {EASY:.0%}"
    )
    sign = 1.0 if direction == "maximize" else -1.0
    low, middle, high = (sign * float(value) for value in quartiles([float(each) for each in true.means]))
    return "\n".join(
        [
            f"{len(table.params)} points x {len(table.seeds)} seeds x {table.run_steps} steps = {table.grid_steps} "
            f"training steps, {table.seconds.sum() / 3600:.2f} hours of steps as measured.",
            f"Best mean {sign * float(true.means.max()):.4f}, standard error of a mean {true.error:.4f} (seed to seed "
            f"{noise(table):.4f}, {paired_noise(table):.4f} without what a seed does to all points); quartiles of the "
            f"means {low:.4f}, {middle:.4f}, {high:.4f}.",
            f"Within one standard error of the best: {int(true.near.sum())} of {len(table.params)} points "
            f"({true.share:.1%}), {easy}.",
            f"{table.repeats} runs have the curve of another point on the same seed: their schedules differ, and what "
            "the filter did does not.",
        ]
    )


def strategies(rows: Mapping[str, Sequence[Row]], grid_steps: int) -> str:
    """Both tables of steps: quartiles, as a share of the grid's steps, and the share that never came there."""
    return "\n\n".join(
        [
            "Training steps until the point it reports is within one standard error of the best, and stays so:",
            _steps(rows, grid_steps, lambda each: each.first, lambda each: each.stays),
            "The same with the truth by the seeds other than the screening one:",
            _steps(rows, grid_steps, lambda each: each.first_other, lambda each: each.stays_other),
        ]
    )


def _steps(
    rows: Mapping[str, Sequence[Row]], grid_steps: int, first: Callable[[Row], float], stays: Callable[[Row], float]
) -> str:
    lines = [
        "| strategy | first reached, median | stays: lower quartile | median | upper quartile "
        "| median, share of the grid | never stays | begun | steps in all, median |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, each in rows.items():
        low, middle, high = quartiles([stays(row) for row in each])
        never = sum(math.isinf(stays(row)) for row in each) / len(each)
        spent = [row.spent for row in each]
        total = "-" if any(map(math.isnan, spent)) else _number(quartiles(spent)[1])
        share = "never" if math.isinf(middle) else f"{middle / grid_steps:.1%}"
        reached = quartiles([first(row) for row in each])[1]
        begun = quartiles([float(row.begun) for row in each])[1]
        cells = [name, *map(_number, (reached, low, middle, high)), share, f"{never:.1%}", f"{begun:.0f}", total]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def equal_steps(rows: Mapping[str, Sequence[Row]], ours: str, against: Sequence[str]) -> str:
    """At SHARES of the grid's steps: who is near the best, and how much better ours is than each of `against`."""
    head = " | ".join(f"at {share:.0%}" for share in SHARES)
    lines = [f"| within one standard error of the best | {head} |", "|---|" + "---|" * len(SHARES)]
    for name, each in rows.items():
        near = [sum(row.near[place] for row in each) / len(each) for place in range(len(SHARES))]
        lines.append(f"| {name} | {' | '.join(f'{value:.1%}' for value in near)} |")
    for other in against:
        cells = [_difference(differences(rows[ours], rows[other], place)) for place in range(len(SHARES))]
        lines.append(f"| true value, {ours} minus {other} | {' | '.join(cells)} |")
    return f"{chr(10).join(lines)}\n\nIntervals: {LEVEL:.0%} bootstrap over replays of this one table."


def aim(rows: Mapping[str, Sequence[Row]], ours: str, random: str, grid_steps: int) -> str:
    """Whether ours needs so few of the grid's steps, and fewer than random."""
    median = quartiles([row.stays for row in rows[ours]])[1]
    wins = interval(earlier(rows[ours], rows[random]))
    few = median <= AIM * grid_steps
    shown = "never" if math.isinf(median) else f"{median / grid_steps:.1%}"
    below = wins.low > 0.5
    return "\n".join(
        [
            f"Aim, at most {AIM:.0%} of the grid's steps at the median: {shown}, {'met' if few else 'MISSED'}.",
            f"Aim, clearly below {random}: {ours} is there first in {wins.estimate:.1%} of the replays "
            f"[{wins.low:.1%}, {wins.high:.1%}] (equal ones count half), {'met' if below else 'MISSED'}.",
        ]
    )


def _difference(values: Sequence[float]) -> str:
    if not values:
        return "-"
    found = interval(values)
    return f"{found.estimate:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def _number(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.0f}"
