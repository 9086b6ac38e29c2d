"""What the study was paid for: hours by cause."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from paper_figures.style import BLUE, GREEN, GREY, SKY, VERMILION
from study_report import plot
from study_report.facts import STATES, StudyFacts
from study_report.text import hours
from sweeps.jobs.gpu_hours import Hours, total

NAME, TITLE = "hours", "Hours by cause"
CAUSES = {
    "useful": (GREEN, "steps that count, done for the first time"),
    "replayed": (SKY, "steps that count, done again after going back to a checkpoint"),
    "starting": (BLUE, "from an allocation's start to its first step"),
    "lost": (VERMILION, "nothing of it is in a run's record"),
    "open": (GREY, "since the last record of what goes on"),
}
"""Kind of paid hours -> its colour, and what it is."""
ALL = "all configurations"


def make(facts: StudyFacts) -> plot.Plot:
    """A bar for the study and one for each state of its configurations."""
    groups = [(ALL, facts.hours), *((state, _of_state(facts, state)) for state in STATES)]
    rows_of = [(name, each) for name, some in groups for each in some if each.paid or each.queued]
    if not rows_of:
        return plot.not_drawn(NAME, TITLE, "Nothing was paid yet, or nobody looked at the jobs.")
    whole = rows_of[0][1]
    told = ", ".join(f"{cause} {hours(getattr(whole, cause))}" for cause in CAUSES)
    alt = f"Of {hours(whole.paid)} {whole.unit} paid: {told}; queued {hours(whole.queued)}, not paid."
    notes = [f"{cause}: {words}." for cause, (_, words) in CAUSES.items()]
    notes.append("queued is what allocations would have cost while they waited; it is not paid, and not drawn.")
    if any(each.estimated for _, each in rows_of):
        notes.append("Partly estimated (~): for some jobs there is no accounting, only what they saw themselves.")
    columns = ("configurations", "unit", "paid", *CAUSES, "queued")
    table = [_row(name, each) for name, each in rows_of]
    bars = [(name, each) for name, each in rows_of if each.unit == whole.unit and each.paid]
    if not bars:
        return plot.not_drawn(NAME, TITLE, f"Nothing was paid yet; queued: {hours(whole.queued)} {whole.unit}.")
    return plot.drawn(NAME, TITLE, alt, lambda: _draw(bars), columns, table, notes)


def _of_state(facts: StudyFacts, state: str) -> list[Hours]:
    return total(each for one in facts.configurations if one.state == state for each in one.hours)


def _row(name: str, each: Hours) -> tuple[str, ...]:
    about = "~" if each.estimated else ""
    kinds = (each.paid, *(getattr(each, cause) for cause in CAUSES), each.queued)
    return name, each.unit, *(f"{about}{hours(value)}" for value in kinds)


def _draw(bars: Sequence[tuple[str, Hours]]) -> Figure:
    figure, (ax,) = plot.figure(0.75 + 0.24 * len(bars))
    for place, (_, each) in enumerate(bars):
        left = 0.0
        for cause, (colour, _) in CAUSES.items():
            value = getattr(each, cause)
            label = cause if place == 0 and value else "_"
            ax.barh(place, value, left=left, color=colour, height=0.62, label=label, edgecolor="white", linewidth=0.6)
            left += value
        ax.text(left, place, f" {hours(left)}", va="center", fontsize=6.5)
    ax.set_yticks(range(len(bars)), [name for name, _ in bars])
    ax.set_ylim(len(bars) - 0.4, -0.6)
    ax.set_xlim(0, 1.1 * max(each.paid for _, each in bars))
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(bars[0][1].unit)
    ax.legend(ncols=len(CAUSES), loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return figure


def line(facts: StudyFacts) -> str:
    """The budget in words; "" where the study has none."""
    if (budget := facts.budget) is None:
        return ""
    about = "about " if any(each.estimated for each in facts.hours) else ""
    share = f" ({100 * budget.spent / budget.granted:.0f} %)" if budget.granted else ""
    left = budget.granted - budget.spent
    rest = f"{hours(left)} left" if left > 0 else "nothing left: no new run is started"
    return f"{about}{hours(budget.spent)} of {hours(budget.granted)} {budget.unit} spent{share}; {rest}"


def words(facts: StudyFacts) -> str:
    """What was paid in all, in words."""
    return ", ".join(f"{'~' if each.estimated else ''}{hours(each.paid)} {each.unit}" for each in facts.hours) or "none"
