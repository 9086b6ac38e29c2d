"""Several objectives: the configurations that no other one beats in all of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figures.style import GREY, VERMILION
from study_report import plot
from study_report.facts import Configuration, Goal, StudyFacts
from study_report.text import counted, number
from sweeps.ranking.pareto import front

NAME, TITLE = "pareto", "Pareto front"
MOST_PANELS = 3


def points(facts: StudyFacts) -> list[tuple[Configuration, tuple[float, ...]]]:
    """The complete configurations that have a finite value of every objective (means over seeds)."""
    found = []
    for each in facts.configurations:
        further = [_mean(values) for values in each.also]
        if each.scored and len(further) == len(facts.goals) - 1:
            found.append((each, (each.score, *further)))
    return [(each, values) for each, values in found if all(map(math.isfinite, values))]


def members(facts: StudyFacts) -> list[str]:
    """The names of those on the front."""
    found = points(facts)
    places = front([values for _, values in found], [goal.direction for goal in facts.goals])
    return [found[place][0].name for place in places]


def make(facts: StudyFacts) -> plot.Plot | None:
    """A panel for each further objective against the first; None for a study with one objective."""
    if len(facts.goals) < 2:
        return None
    found = points(facts)
    if not found:
        return plot.not_drawn(NAME, TITLE, "No configuration is complete with a value of every objective yet.")
    best = set(front([values for _, values in found], [goal.direction for goal in facts.goals]))
    ordered = sorted(range(len(found)), key=lambda place: (place not in best, found[place][0].name))
    rows = [
        (found[place][0].name, "yes" if place in best else "no", *map(number, found[place][1])) for place in ordered
    ]
    metrics = tuple(f"{goal.metric} ({'larger' if goal.maximize else 'smaller'} is better)" for goal in facts.goals)
    names = [found[place][0].name for place in ordered if place in best]
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    alt = (
        f"{counted(len(found), 'complete configuration')} by {' and '.join(metrics)}. "
        f"On the front: {counted(len(names), 'configuration')}: {shown}."
    )
    notes = [
        "Red: no other configuration is as good in every objective and better in one. These are means over few seeds: "
        "another draw of the noise moves points on and off the front."
    ]
    if len(facts.goals) - 1 > MOST_PANELS:
        notes.append(f"Panels for the first {MOST_PANELS} further objectives; the front is of all, and in the table.")
    columns = ("configuration", "on the front", *metrics)
    return plot.drawn(NAME, TITLE, alt, lambda: _draw(facts, found, best), columns, rows, notes)


def _mean(values: Mapping[int, float]) -> float:
    return statistics.fmean(values.values()) if values else math.nan


def _draw(facts: StudyFacts, found: Sequence[tuple[Configuration, tuple[float, ...]]], best: set[int]) -> Figure:
    further = range(1, min(len(facts.goals), MOST_PANELS + 1))
    figure, axes = plot.figure(2.9, columns=len(further))
    for ax, axis in zip(axes, further, strict=True):
        _panel(ax, [(values[axis], values[0]) for _, values in found], best)
        if len(facts.goals) == 2:
            _step(ax, [found[place][1] for place in best], facts.goals)
            _names(ax, [(found[place][0].name, found[place][1]) for place in sorted(best)])
        ax.set_xlabel(_label(facts.goals[axis], 34))
        ax.set_ylabel(_label(facts.goal, 34))
    return figure


def _panel(ax: Axes, places: Sequence[tuple[float, float]], best: set[int]) -> None:
    rest = [place for number, place in enumerate(places) if number not in best]
    ax.plot([x for x, _ in rest], [y for _, y in rest], "o", color=GREY, alpha=0.6, markeredgewidth=0)
    on = [places[number] for number in sorted(best)]
    ax.plot([x for x, _ in on], [y for _, y in on], "D", color=VERMILION, markersize=4.5)


def _step(ax: Axes, on: Sequence[tuple[float, ...]], goals: Sequence[Goal]) -> None:
    """The border of what is reached, as stairs: between two points nothing was measured."""
    ordered = sorted((values[1], values[0]) for values in on)
    where = "pre" if goals[1].maximize else "post"
    ax.step([x for x, _ in ordered], [y for _, y in ordered], where=where, color=VERMILION, linewidth=0.8)  # type: ignore[arg-type]


def _names(ax: Axes, on: Sequence[tuple[str, tuple[float, ...]]]) -> None:
    for name, values in on[:12]:
        ax.annotate(name, (values[1], values[0]), xytext=(4, 4), textcoords="offset points", fontsize=6)


def _label(goal: Goal, most: int) -> str:
    return f"{plot.short(goal.metric, most)} ({'larger' if goal.maximize else 'smaller'} is better)"
