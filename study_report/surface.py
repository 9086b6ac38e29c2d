"""The score over two parameters: where the schedule starts and ends, or the two that matter most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from paper_figures.style import VERMILION
from study_report import plot
from study_report.facts import Configuration, StudyFacts
from study_report.points import logarithmic, number_of
from study_report.text import number

START, END = "schedule.start", "schedule.end"
NAME = "surface"
LEAST_FOR_CONTOURS = 15
LEAST_PLACES = 4
"""Different values of either parameter that contours need."""


@dataclass(frozen=True)
class Plane:
    """The two axes and the configurations that have a place in them, best first."""

    x: str
    y: str
    having: tuple[Configuration, ...]
    places: tuple[tuple[float, float], ...]


def make(facts: StudyFacts, keys: Sequence[str]) -> plot.Plot:
    """Contours of the means over x and y where there are points enough, else points alone; `keys`: the most important
    parameters first."""
    plane = choose(facts, keys)
    if plane is None:
        return plot.not_drawn(NAME, "Score over two parameters", "No two numeric parameters differ between results.")
    contours = contoured(plane)
    best, (x, y) = plane.having[0], plane.places[0]
    alt = (
        f"{facts.goal.metric} of {len(plane.having)} configurations over {plane.x} and {plane.y}. "
        f"The best, {best.name} with {number(best.score)}, lies at {number(x)} and {number(y)}."
    )
    rows = [
        (each.name, number(x), number(y), number(each.value))
        for each, (x, y) in zip(plane.having, plane.places, strict=True)
    ]
    notes = ["A point a configuration, the best one ringed in red."]
    if contours:
        notes.append(
            "Contours join the points by straight lines: they follow the noise, and say nothing between far points."
        )
    columns = ("configuration", plane.x, plane.y, facts.goal.metric)
    title = f"Score over {plane.x} and {plane.y}"
    return plot.drawn(NAME, title, alt, lambda: _draw(facts, plane, contours), columns, rows, notes)


def choose(facts: StudyFacts, keys: Sequence[str]) -> Plane | None:
    """Start and end of the schedule as parameters, else of the targets that runs followed, else two other numbers."""
    ranked = facts.ranked()
    numeric = _numeric(ranked, keys)
    targets = [(each, each.curve[0][1], each.curve[-1][1]) for each in ranked if each.curve]
    return (
        _of_keys(ranked, START, END)
        or _plane("target at the start", "target at the end", targets)
        or (_of_keys(ranked, *numeric[:2]) if len(numeric) > 1 else None)
    )


def _of_keys(ranked: Sequence[Configuration], x: str, y: str) -> Plane | None:
    return _plane(x, y, [(each, _of(each, x), _of(each, y)) for each in ranked])


def _of(each: Configuration, key: str) -> float | None:
    return number_of(each.params.get(key))


def _numeric(ranked: Sequence[Configuration], keys: Sequence[str]) -> list[str]:
    return [key for key in keys if len({_of(each, key) for each in ranked} - {None}) > 2]


def _plane(x: str, y: str, found: Sequence[tuple[Configuration, float | None, float | None]]) -> Plane | None:
    """None where one of the two does not differ."""
    there = [(each, a, b) for each, a, b in found if a is not None and b is not None]
    if any(len({row[axis] for row in there}) < 2 for axis in (1, 2)):
        return None
    return Plane(x, y, tuple(each for each, _, _ in there), tuple((a, b) for _, a, b in there))


def contoured(plane: Plane) -> bool:
    """Whether there are points enough, in the plane and not on a line."""
    different = set(plane.places)
    values = [{place[axis] for place in different} for axis in (0, 1)]
    if len(different) < LEAST_FOR_CONTOURS or min(map(len, values)) < LEAST_PLACES:
        return False
    a = np.array(sorted(different))
    return bool(abs(np.corrcoef(a.T)[0, 1]) < 0.98)


def _draw(facts: StudyFacts, plane: Plane, contours: bool) -> Figure:
    figure, (ax,) = plot.figure(3.3, width=5.2)
    x, y = (np.array([place[axis] for place in plane.places]) for axis in (0, 1))
    scores = np.array([each.score for each in plane.having])
    colours = plot.colouring(scores.tolist(), facts.goal)
    logs = [logarithmic(values.tolist()) for values in (x, y)]
    if contours:
        low, high = colours.get_clim()
        triangles = _triangles(x, y, logs)
        merged = _means(x, y, scores)
        ax.tricontourf(
            triangles,
            np.clip(merged, low, high),
            levels=np.linspace(low, high, 11),
            cmap=colours.get_cmap(),
            alpha=0.55,
        )
    for axis, values, log in zip("xy", (x, y), logs, strict=True):
        if log:
            plot.log_scale(ax, axis, values.tolist())
    order = slice(None, None, -1)  # the best ones on top
    ax.scatter(x[order], y[order], c=colours.to_rgba(scores[order]), s=22, edgecolors="white", linewidths=0.5, zorder=3)
    ax.scatter(x[:1], y[:1], s=80, facecolors="none", edgecolors=VERMILION, linewidths=1.5, zorder=4)
    ax.use_sticky_edges = False  # contours would cut the points at their border
    ax.margins(0.04)
    ax.grid(visible=False)
    plot.colour_bar(figure, ax, colours, scores.tolist(), facts.goal)
    ax.set_xlabel(plot.short(plane.x))
    ax.set_ylabel(plot.short(plane.y))
    return figure


def _triangles(x: np.ndarray, y: np.ndarray, logs: Sequence[bool]) -> Triangulation:
    """Found on the scales of the axes, each from 0 to 1: else a wide axis would make slivers."""
    places = _places(x, y)
    scaled = [np.log(axis) if log else axis for axis, log in zip(places.T, logs, strict=True)]
    unit = [(axis - axis.min()) / (axis.max() - axis.min()) for axis in scaled]
    return Triangulation(places[:, 0], places[:, 1], Triangulation(*unit).triangles)


def _places(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.unique(np.column_stack([x, y]), axis=0)


def _means(x: np.ndarray, y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Mean score of the configurations at each place, in the order of `_places`."""
    _, at = np.unique(np.column_stack([x, y]), axis=0, return_inverse=True)
    at = at.reshape(-1)
    return np.bincount(at, scores) / np.bincount(at)
