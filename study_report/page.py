"""Facts to one HTML page that needs nothing else: no network, no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from study_report import history, importance, pareto, ranking, schedules, slices, spending, surface
from study_report.caveats import caveats
from study_report.estimates import Noise, noise
from study_report.facts import FAILED, PRUNED, STATES, Configuration, StudyFacts
from study_report.plot import Plot
from study_report.text import hours, number, plain

TEMPLATE = "page.html.jinja"
COLOURS = {"complete": "#009E73", "running": "#0072B2", "waiting": "#dddddd", "pruned": "#E69F00", "failed": "#D55E00"}
REST = "to come"
DAMAGED = ("failed", "damaged", "interrupted")


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, heading and figures."""

    name: str
    title: str
    plots: tuple[Plot, ...]


SHORT = 6
"""Characters of a value that are shown as they are."""


def render(facts: StudyFacts, refresh_s: float | None = None) -> str:
    """The page.

    Args:
        refresh_s: the browser is to load it again after so many seconds; None where nothing will change any more.
    """
    spread = noise([each for each in facts.configurations if each.n])
    sections = _sections(facts, spread)
    keys = facts.varied
    return _template().render(
        facts=facts,
        refresh=None if refresh_s is None else max(1, round(refresh_s)),
        status=status(facts),
        tiles=_tiles(facts, spread),
        progress=_progress(facts),
        caveats=caveats(facts, spread),
        sections=sections,
        keys=keys,
        metric=facts.goal.metric,
        everything=[_row(each, keys, facts, spread) for each in (*facts.ranked(), *_unranked(facts))],
        pruned=[each for each in facts.configurations if each.state == PRUNED],
        failures=[(each, _troubles(each)) for each in facts.configurations if each.state == FAILED],
        troubled=[(each, _troubles(each)) for each in facts.configurations if each.state != FAILED and _troubles(each)],
        several=len(facts.goals) > 1,
        rungs=any(each.rung for each in facts.configurations),
        budget=spending.line(facts),
        share=_share(facts),
    )


def status(facts: StudyFacts) -> str:
    """What is going on, in a few words."""
    if facts.driver is not None:
        return f"running ({facts.driver})"
    if facts.cancelled is not None:
        return f"cancelled {facts.cancelled}"
    return "over" if facts.over else "stopped: no driver works on it; the same sweep command goes on"


def _sections(facts: StudyFacts, spread: Noise | None) -> list[Section]:
    found = importance.estimate(facts)
    keys = [*found.shares, *(key for key in facts.varied if key not in found.shares)]
    front = pareto.make(facts)
    parts = [
        ("results", "Results", (ranking.make(facts, spread), history.make(facts))),
        ("objectives", "Several objectives", (front,) if front is not None else ()),
        ("targets", "Schedules", (schedules.make(facts), surface.make(facts, keys))),
        ("parameters", "Parameters", (importance.make(facts, found), slices.make(facts, keys))),
        ("cost", "What it cost", (spending.make(facts),)),
    ]
    return [Section(name, title, plots) for name, title, plots in parts if plots]


def _tiles(facts: StudyFacts, spread: Noise | None) -> list[tuple[str, str, str]]:
    """(what, number, detail)."""
    ranked, counts = facts.ranked(), facts.counts
    done = counts.get("complete", 0)
    others = ", ".join(f"{count} {state}" for state, count in counts.items() if state != "complete")
    tiles = [("Complete", f"{done} of {facts.planned}", others)]
    if ranked and len(facts.goals) > 1:
        names = pareto.members(facts)
        detail = f"{', '.join(names[:4])}{' and more' if len(names) > 4 else ''}; no single winner"
        tiles.append(("Pareto front", str(len(names)), detail))
    elif ranked:
        best = ranked[0]
        interval = ranking.interval(best, spread)
        sure = facts.probabilities.get(best.name)
        chance = f"; the best one with probability {sure:.2f}" if sure is not None else ""
        seeds = f"over {best.n} seed{'s' if best.n != 1 else ''}"
        detail = f"{best.name}, {seeds}{f', 95 %: {interval}' if interval else ', no interval'}{chance}"
        tiles.append((f"Best {facts.goal.metric}", number(best.value), detail))
    if spread is not None:
        tiles.append(("Noise between seeds", number(spread.sd), f"standard deviation, {spread.df} degrees of freedom"))
    tiles.append(("Paid", spending.words(facts), spending.line(facts) or "no budget was set"))
    return tiles


def _short(value: str) -> str:
    """A value as written, a number in four digits where it has more."""
    try:
        return value if len(value) <= SHORT else number(float(value))
    except ValueError:
        return value


def _progress(facts: StudyFacts) -> list[tuple[str, int, float, str]]:
    """(state, configurations, width of its bar in percent, colour)."""
    counts = dict(facts.counts)
    counts[REST] = facts.planned - sum(counts.values())
    whole = max(facts.planned, 1)
    return [
        (state, count, 100 * count / whole, COLOURS.get(state, "#f2f2f2" if state == REST else "#8a8a8a"))
        for state, count in counts.items()
        if count
    ]


def _share(facts: StudyFacts) -> float:
    """Of the budget, in percent, that is spent; at most 100."""
    budget = facts.budget
    return min(100.0, 100 * budget.spent / budget.granted) if budget is not None and budget.granted else 0.0


def _row(each: Configuration, keys: Sequence[str], facts: StudyFacts, spread: Noise | None) -> dict[str, Any]:
    deviation = number(spread.standard_error(each.n)) if spread is not None and each.n and each.scored else ""
    return {
        "configuration": each,
        "mean": number(each.value),
        "error": deviation,
        "interval": ranking.interval(each, spread),
        "seeds": ", ".join(f"{seed}: {number(value)}" for seed, value in sorted(each.values.items()))
        or str(each.n or ""),
        "probability": f"{chance:.2f}" if (chance := facts.probabilities.get(each.name)) is not None else "",
        "params": [_short(each.params.get(key, "")) for key in keys],
        "hours": ", ".join(f"{hours(some.paid)} {some.unit}" for some in each.hours if some.paid),
    }


def _unranked(facts: StudyFacts) -> list[Configuration]:
    ranked = {each.name for each in facts.ranked()}
    order = {state: place for place, state in enumerate(STATES)}
    rest = [each for each in facts.configurations if each.name not in ranked]
    return sorted(rest, key=lambda each: order.get(each.state, len(order)))


def _troubles(each: Configuration) -> list[tuple[str, str, str]]:
    """(run, state, why) of its runs that failed, once or for good, or are not as they should be, beyond its reason."""
    found = []
    for run in each.runs:
        if run.reason is not None or run.state in DAMAGED:
            ended = ": ".join(part for part in (run.cause, run.detail) if part)
            why = "; ".join(dict.fromkeys(part for part in (run.reason, ended) if part))
            if why != each.reason:
                found.append((run.name, run.state, why or "its process is gone without a word"))
    return found


def clock(time: str) -> str:
    """ISO 8601 for a reader: to the minute, in UTC."""
    try:
        return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return time


def _shown(value: Any) -> Any:
    """Of what a template prints: text is made plain before it is escaped; markup of the template's own stays."""
    return plain(value) if type(value) is str and not value.startswith("data:image/svg+xml;base64,") else value


def _template() -> Any:
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    environment.filters["clock"] = clock
    return environment.get_template(TEMPLATE)
