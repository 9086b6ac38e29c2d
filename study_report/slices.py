"""The score against one parameter at a time."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figures.style import BLUE, VERMILION
from study_report import plot
from study_report.facts import Configuration, StudyFacts
from study_report.points import logarithmic, number_of
from study_report.text import number

MOST = 6
MOST_CHOICES = 12
NAME, TITLE = "slices", "Score against each parameter"


def make(facts: StudyFacts, keys: Sequence[str]) -> plot.Plot:
    """Panels of the first MOST of the keys, which come most important first."""
    ranked = facts.ranked()
    shown = [key for key in keys if _drawable(ranked, key)][:MOST]
    if len(ranked) < 2 or not shown:
        return plot.not_drawn(NAME, TITLE, "Needs two complete configurations that differ in a parameter.")
    best = ranked[0]
    at = ", ".join(f"{key} = {best.params[key]}" for key in shown if key in best.params)
    alt = (
        f"{facts.goal.metric} of {len(ranked)} complete configurations against {', '.join(shown)}, a panel each. "
        f"The best, {best.name} with {number(best.score)}, has {at or 'none of them'}."
    )
    rows = [(each.name, number(each.value), *(each.params.get(key, "") for key in shown)) for each in ranked]
    left = len(keys) - len(shown)
    notes = [
        "A dot a configuration, the best one as a red diamond. The other parameters differ too: a trend may be theirs.",
        *([f"{left} further parameters are in the table of all configurations."] if left else []),
    ]
    columns = ("configuration", facts.goal.metric, *shown)
    return plot.drawn(NAME, TITLE, alt, lambda: _draw(facts, ranked, shown), columns, rows, notes)


def _drawable(ranked: Sequence[Configuration], key: str) -> bool:
    values = {each.params[key] for each in ranked if key in each.params}
    return len(values) > 1 and (len(values) <= MOST_CHOICES or all(number_of(each) is not None for each in values))


def _draw(facts: StudyFacts, ranked: Sequence[Configuration], keys: Sequence[str]) -> Figure:
    columns = min(3, len(keys))
    lines = -(-len(keys) // columns)
    figure, axes = plot.figure(0.3 + 1.75 * lines, rows=lines, columns=columns)
    for ax, key in zip(axes, keys, strict=False):
        _panel(ax, [each for each in ranked if key in each.params], key)
    for place, ax in enumerate(axes):
        ax.set_visible(place < len(keys))
        if place % columns == 0:
            ax.set_ylabel(plot.short(facts.goal.metric, 26))
    return figure


def _panel(ax: Axes, having: Sequence[Configuration], key: str) -> None:
    numbers = [number_of(each.params[key]) for each in having]
    places: list[float] = [each for each in numbers if each is not None]
    if len(places) < len(having):
        choices = sorted({each.params[key] for each in having})
        places = [float(choices.index(each.params[key])) for each in having]
        ax.set_xticks(range(len(choices)), [plot.short(each, 14) for each in choices])
        ax.set_xlim(-0.5, len(choices) - 0.5)
    elif logarithmic(places):
        plot.log_scale(ax, "x", places)
    ax.plot(places, [each.score for each in having], "o", color=BLUE, alpha=0.55, markersize=3, markeredgewidth=0)
    ax.plot(places[:1], [having[0].score], "D", color=VERMILION, markersize=4.5)
    ax.set_xlabel(plot.short(key, 30))
