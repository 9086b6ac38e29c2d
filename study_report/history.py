"""Scores in the order in which configurations were begun, and the best so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from paper_figures.style import BLUE, GREY, VERMILION
from study_report import plot
from study_report.facts import COMPLETE, FAILED, PRUNED, Configuration, StudyFacts
from study_report.text import number

NAME, TITLE = "history", "Scores in the order of their start"
COLUMNS = ("configuration", "state", "mean", "best so far")
FAR = 4.0
"""Scores further than so many times the middle half's width beyond it are drawn at the edge."""


def make(facts: StudyFacts) -> plot.Plot:
    """A dot a complete configuration, a mark at the edge where one was pruned or failed."""
    scored = [each for each in facts.configurations if each.state == COMPLETE and each.scored]
    if len(scored) < 2:
        return plot.not_drawn(NAME, TITLE, "Needs two complete configurations.")
    best = _best_so_far(scored, facts)
    found = dict(zip((each.name for each in scored), best, strict=True))
    rows = [
        (each.name, each.state, number(each.value), number(found.get(each.name)))
        for each in facts.configurations
        if each.state in (COMPLETE, PRUNED, FAILED)
    ]
    last = next(each.name for each in scored if each.score == best[-1])
    alt = (
        f"{facts.goal.metric} of {len(scored)} complete configurations in the order of their start. The best so far "
        f"goes from {number(best[0])} ({scored[0].name}) to {number(best[-1])}, reached by {last}."
    )
    notes = ["The line only ever improves, by chance too: each new configuration is another draw of the noise."]
    limits = _limits([each.score for each in scored])
    beyond = sum(not limits[0] <= each.score <= limits[1] for each in scored)
    if beyond:
        notes.append(f"{beyond} beyond the axis (triangles at the edge): see the table.")
    return plot.drawn(NAME, TITLE, alt, lambda: _draw(facts, scored, best, limits), COLUMNS, rows, notes)


def _best_so_far(scored: Sequence[Configuration], facts: StudyFacts) -> list[float]:
    accumulate = np.maximum.accumulate if facts.goal.maximize else np.minimum.accumulate
    return [float(each) for each in accumulate([each.score for each in scored])]


def _limits(scores: Sequence[float]) -> tuple[float, float]:
    """What of the scores the axis spans."""
    low, high = np.quantile(scores, [0.25, 0.75])
    reach = FAR * (high - low)
    inside = [score for score in scores if low - reach <= score <= high + reach]
    return min(inside), max(inside)


def _draw(
    facts: StudyFacts, scored: Sequence[Configuration], best: Sequence[float], limits: tuple[float, float]
) -> Figure:
    places = {each.name: place for place, each in enumerate(facts.configurations)}
    figure, (ax,) = plot.figure(2.3)
    low, high = limits
    margin = 0.06 * ((high - low) or abs(high) or 1.0)
    inside = [each for each in scored if low <= each.score <= high]
    ax.plot([places[each.name] for each in inside], [each.score for each in inside], "o", color=BLUE, alpha=0.65)
    for each in scored:
        if not low <= each.score <= high:
            above = each.score > high
            ax.plot(places[each.name], high + margin if above else low - margin, "^" if above else "v", color=BLUE)
    ax.step([places[each.name] for each in scored], best, where="post", color=VERMILION, label="best so far")
    for state, marker in ((PRUNED, "|"), (FAILED, "x")):
        at = [places[each.name] for each in facts.configurations if each.state == state]
        if at:
            ax.plot(at, [low - 2.2 * margin] * len(at), marker, color=GREY, label=state, linestyle="none")
    ax.set_ylim(low - 3.2 * margin, high + 2 * margin)
    ax.set_xlabel("configuration, in the order of start")
    ax.set_ylabel(plot.short(facts.goal.metric))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
