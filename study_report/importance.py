"""Which parameters the good configurations have in common."""

from __future__ import annotations

from matplotlib.figure import Figure

from paper_figures.style import BLUE, GREY
from study_report import plot
from study_report.facts import StudyFacts
from study_report.points import value_of
from sweeps.ranking.importance import CHANCE_LEVEL, SHUFFLES, Importances, importances

NAME, TITLE = "importance", "Importance of parameters"
COLUMNS = ("parameter", "importance above chance (share)", "beyond chance")


def estimate(facts: StudyFacts) -> Importances:
    """Of the keys that differ, over the complete configurations."""
    ranked = facts.ranked()
    points = [{key: value_of(each.params[key]) for key in facts.varied if key in each.params} for each in ranked]
    return importances(points, [each.score for each in ranked], facts.goal.direction)


def make(facts: StudyFacts, found: Importances) -> plot.Plot:
    """A bar a parameter; grey where chance gives as much."""
    if found.reason is not None:
        return plot.not_drawn(NAME, TITLE, f"Not estimated: {found.reason}.")
    rows = [(key, f"{share:.2f}", "yes" if found.beyond_chance[key] else "no") for key, share in found.shares.items()]
    told = "; ".join(
        f"{key} {share}{'' if beyond == 'yes' else ' (not beyond chance)'}" for key, share, beyond in rows[:8]
    )
    alt = f"Share of importance by parameter: {told}."
    notes = (
        f"PED-ANOVA (Optuna) with {found.points} complete configurations: how differently the best {found.top} of them "
        "are spread over a parameter's values than all are. A parameter that only some have counts where it is.",
        f"Taken off is what {SHUFFLES} shuffles of the scores give on average.",
        f"Blue: more than in {100 * CHANCE_LEVEL:.0f} % of the shuffles; grey: chance gives as much. A number "
        "needs many configurations to pass that.",
        "Not causal: it tells what good configurations have in common within what was tried. Interactions are unseen, "
        "and a sampler that has concentrated leaves less to compare.",
    )
    return plot.drawn(NAME, TITLE, alt, lambda: _draw(found), COLUMNS, rows, notes)


def _draw(found: Importances) -> Figure:
    keys = list(found.shares)
    figure, (ax,) = plot.figure(0.6 + 0.2 * max(len(keys), 2))
    colours = [BLUE if found.beyond_chance[key] else GREY for key in keys]
    ax.barh(range(len(keys)), [found.shares[key] for key in keys], color=colours, height=0.65)
    for place, key in enumerate(keys):
        ax.text(found.shares[key] + 0.008, place, f"{found.shares[key]:.2f}", va="center", fontsize=6.5)
    ax.set_yticks(range(len(keys)), [plot.short(key) for key in keys])
    ax.set_ylim(len(keys) - 0.4, -0.6)
    ax.set_xlim(0, 1.08 * max(found.shares.values()) or 1.0)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("share of the importance above chance of all parameters")
    return figure
