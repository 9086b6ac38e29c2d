"""The target entropy over steps of each configuration, coloured by its score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from study_report import plot
from study_report.facts import Configuration, StudyFacts
from study_report.text import number

NAME, TITLE = "schedules", "Schedules by score"
COLUMNS = ("configuration", "score", "target at the start", "in the middle", "at the end", "steps")
GREY_LINE = "#c9c9c9"


def make(facts: StudyFacts) -> plot.Plot:
    """The best one on top; grey where there is no score (yet)."""
    ranked = [each for each in facts.ranked() if each.curve]
    names = {each.name for each in ranked}
    others = [each for each in facts.configurations if each.curve and each.name not in names]
    if not ranked and not others:
        return plot.not_drawn(NAME, TITLE, "No configuration that has begun follows a schedule.")
    rows = [_row(each, names) for each in (*ranked, *others)]
    alt = f"Target entropy over steps of {len(rows)} configurations, {len(ranked)} of them coloured by score."
    if ranked:
        alt += f" The best, {_told(ranked[0])}"
        alt += f"; the worst, {_told(ranked[-1])}." if len(ranked) > 1 else "."
    notes = [f"{len(others)} without a score, in grey."] if others else []
    return plot.drawn(NAME, TITLE, alt, lambda: _draw(facts, ranked, others), COLUMNS, rows, notes)


def _told(each: Configuration) -> str:
    start, end = each.curve[0][1], each.curve[-1][1]
    return f"{each.name} with {number(each.value)}, goes from {number(start)} to {number(end)} nats per token"


def _row(each: Configuration, scored: set[str]) -> tuple[str, ...]:
    targets = [target for _, target in each.curve]
    of = (targets[0], targets[len(targets) // 2], targets[-1])
    score = number(each.value) if each.name in scored else ""
    return each.name, score, *map(number, of), str(each.curve[-1][0])


def _draw(facts: StudyFacts, ranked: Sequence[Configuration], others: Sequence[Configuration]) -> Figure:
    figure, (ax,) = plot.figure(2.7)
    ax.add_collection(LineCollection([_line(each) for each in others], colors=GREY_LINE, linewidths=0.6))
    if ranked:
        scores = [each.score for each in ranked]
        colours = plot.colouring(scores, facts.goal)
        worst_first = ranked[::-1]
        wide = 0.7 if len(ranked) > 60 else 1.1
        shades = colours.to_rgba(np.array([each.score for each in worst_first]))
        ax.add_collection(LineCollection([_line(each) for each in worst_first], colors=shades, linewidths=wide))
        best = _line(ranked[0])
        ax.plot(*zip(*best, strict=True), color="white", linewidth=4.0)
        ax.plot(*zip(*best, strict=True), color=shades[-1], linewidth=2.4, label=f"best: {ranked[0].name}")
        plot.colour_bar(figure, ax, colours, scores, facts.goal)
        ax.legend(loc="best")
    ax.autoscale_view()
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.set_xlabel("training step")
    ax.set_ylabel("target entropy (nats per token)")
    return figure


def _line(each: Configuration) -> list[tuple[float, float]]:
    """The curve without the points that lie on the straight line between its ends."""
    points = [(float(step), target) for step, target in each.curve]
    (x0, y0), (x1, y1) = points[0], points[-1]
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    straight = all(abs(y0 + slope * (x - x0) - y) <= 1e-6 * max(1.0, abs(y)) for x, y in points)
    return [points[0], points[-1]] if straight else points
