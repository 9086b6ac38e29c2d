"""The best configurations: every seed, the mean, and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from paper_figures.style import BLUE, GREY, VERMILION
from study_report import plot
from study_report.estimates import Noise
from study_report.facts import Configuration, StudyFacts
from study_report.points import number_of
from study_report.text import counted, number, plain

MOST = 20
MOST_KEYS = 6
"""Parameters that are named beside the axis."""
LONGEST = 60
"""Characters beside the axis."""
NAME, TITLE = "ranking", "Best configurations"
COLUMNS = (
    "configuration",
    "title",
    "mean",
    "95 % interval",
    "probability of being the best",
    "seeds",
    "value of each seed",
)


def make(facts: StudyFacts, noise: Noise | None) -> plot.Plot:
    """The MOST best ones; the interval is of the noise that is pooled over all configurations."""
    shown = facts.ranked()[:MOST]
    if not shown:
        return plot.not_drawn(NAME, TITLE, "No configuration is complete with a finite value yet.")
    best = shown[0]
    told = f"{best.name} is first with {number(best.score)} over {counted(best.n, 'seed')}"
    if len(shown) > 1:
        told += f"; {shown[-1].name} is number {len(shown)} with {number(shown[-1].score)}"
    bars = (
        "" if noise is None else f", with 95 % intervals of the mean of one seed {number(noise.half(1))} wide each way"
    )
    alt = f"Mean {facts.goal.metric} of the {counted(len(shown), 'best configuration')}{bars}. {told}."
    notes = ["Dots: seeds. Bar: mean and its 95 % interval, from one noise pooled over all configurations."]
    if noise is None:
        notes = ["Dots: seeds. No interval: no configuration has two seeds."]
    rows = [row(each, facts, noise) for each in shown]
    return plot.drawn(NAME, TITLE, alt, lambda: _draw(facts, shown, noise), COLUMNS, rows, notes)


def row(each: Configuration, facts: StudyFacts, noise: Noise | None) -> tuple[str, ...]:
    """The row of a configuration in the table."""
    seeds = ", ".join(f"{seed}: {number(value)}" for seed, value in sorted(each.values.items()))
    chance = facts.probabilities.get(each.name)
    sure = "" if chance is None else f"{chance:.2f}"
    return each.name, each.title, number(each.value), interval(each, noise), sure, str(each.n), seeds


def interval(each: Configuration, noise: Noise | None) -> str:
    """ "0.4 to 0.5", or "" where nothing is known."""
    if noise is None or not each.n or not each.scored:
        return ""
    half = noise.half(each.n)
    return f"{number(each.score - half)} to {number(each.score + half)}"


def _draw(facts: StudyFacts, shown: Sequence[Configuration], noise: Noise | None) -> Figure:
    figure, (ax,) = plot.figure(0.7 + 0.19 * max(len(shown), 2))
    for place, each in enumerate(shown):
        colour = VERMILION if place == 0 else BLUE
        if noise is not None and each.n:
            ax.errorbar(each.score, place, xerr=noise.half(each.n), color=colour, linewidth=1.6, zorder=2)
        seeds = [value for value in each.values.values() if math.isfinite(value)]
        ax.plot(seeds, [place] * len(seeds), "o", color=GREY, markersize=2.6, alpha=0.8, zorder=3)
        ax.plot(
            [each.score], [place], "D" if place == 0 else "|", color=colour, markersize=5 if place == 0 else 8, zorder=4
        )
    ax.axvline(shown[0].score, color=VERMILION, linewidth=0.6, linestyle=":")
    ax.set_yticks(range(len(shown)), [f"{each.name}  {_cut(_said(each, facts))}" for each in shown])
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"{plot.short(facts.goal.metric)} ({'larger' if facts.goal.maximize else 'smaller'} is better)")
    return figure


def _said(each: Configuration, facts: StudyFacts) -> str:
    """What differs between the configurations, shortly; their titles where that is too much."""
    keys = facts.varied
    said = [_brief(key, each.params[key]) for key in keys if key in each.params]
    return ", ".join(said) if said and len(keys) <= MOST_KEYS else each.title


def _brief(key: str, value: str) -> str:
    """ "start 0.598", or a word alone."""
    found = number_of(value)
    return (
        value
        if found is None and value != "inf"
        else f"{key.rsplit('.', 1)[-1]} {value if found is None else f'{found:.3g}'}"
    )


def _cut(text: str) -> str:
    shown = plain(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
