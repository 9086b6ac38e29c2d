"""Figures 1 to 7 of the paper, each declared in one place: its panels, the runs of a series, estimator and axes.

The text of the paper has the captions of the figures but not the pictures: what is inferred of them is said in
`inferred` and shown with the figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.paper import which
from analysis.paper.series import RIGHT, WRONG, BySize, Entropy, Estimate, Logged, OutputSpace, PassAtK, Validated
from analysis.paper.which import FAMILIES, HIGH, LONG, SHORT, SIGNS, Which
from harness.errors import unknown

ENTROPY, NATS = "entropy (nats per token)", "nats per token (log scale beyond 0.1)"
BASE, OURS = "GRPO", "GRPO + Entrocraft"


@dataclass(frozen=True)
class Panel:
    """One panel.

    number: of the figure and the panel, "4b". title: what it shows. study: whose runs it is drawn from. series: title
    -> the experiments of its points. estimate: from runs to points. y: label. smooth: a noisy metric, whose mean over
    neighbouring steps is drawn over its values. then: what is to be done after the study. symlog: values
    over several powers of ten, on both sides of 0.
    """

    number: str
    title: str
    study: str
    series: Mapping[str, tuple[Which, ...]]
    estimate: Estimate
    y: str
    smooth: bool = False
    then: str = ""
    symlog: bool = False

    @property
    def command(self) -> str:
        """What makes the runs."""
        return f"entrocraft sweep study={self.study}" + (f", then {self.then}" if self.then else "")


@dataclass(frozen=True)
class Figure:
    """A figure of the paper. inferred: what its text does not say and was decided here."""

    number: str
    title: str
    panels: tuple[Panel, ...]
    inferred: str = ""

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"fig{self.number}"


def _single(rows: Mapping[str, Which], *titles: str) -> dict[str, tuple[Which, ...]]:
    """Series of one experiment each: all, or those of the titles."""
    return {title: (rows[title],) for title in (titles or rows)}


def _validated(number: str, title: str, study: str, series: Mapping[str, tuple[Which, ...]]) -> Panel:
    return Panel(number, f"{title} mean@32", study, series, Validated(title), "mean@{n} (%)")


def _pass_at_k(number: str, title: str, heading: str) -> Panel:
    return Panel(number, heading, "paper_fig3", _single(SHORT, BASE, OURS), PassAtK(title), "pass@k (%)")


def _by_size(number: str, heading: str) -> Panel:
    series = {row: (SHORT[row], which.EIGHT_B[row], which.FOURTEEN_B[row]) for row in (BASE, OURS)}
    return Panel(number, heading, "paper_fig3", series, BySize("AIME-25"), "mean@{n} (%)")


def _entropy(number: str, heading: str, study: str, series: Mapping[str, tuple[Which, ...]]) -> Panel:
    return Panel(number, heading, study, series, Entropy(), ENTROPY)


def _reward(number: str, study: str, series: Mapping[str, tuple[Which, ...]]) -> Panel:
    estimate = Logged({"": "critic/score/mean"})
    return Panel(number, "Training reward", study, series, estimate, "mean reward", smooth=True)


_LONG = _single(LONG)
_FAMILIES = _single(FAMILIES)
_MEASURED = {
    title: (Which(LONG[title].experiment if title in LONG else SIGNS[title].experiment, {"method.name": method}),)
    for title, method in {"RAFT++": "raftpp", "GRPO": "grpo", "NSR": "nsr"}.items()
}
"""Measurements of checkpoints may be known by their method alone (`entrocraft import`)."""
_BASELINES = _single(LONG, BASE, "GRPO + Clip-Higher", "GRPO + Clip-Cov") | {
    "GRPO + Entrocraft, target .8": (HIGH["Target .8"],)
}
_HIGH = {"Target .5": (FAMILIES["Fixed target"],), **_single(HIGH)}

FIGURES = {
    each.number: each
    for each in (
        Figure(
            "1",
            "Entropy control and what it is for",
            (
                _entropy("1a", "Control of the entropy curve", "paper_table3", _single(LONG, BASE, OURS)),
                _by_size("1b", "Generalization: AIME-25 by model size"),
                _pass_at_k("1c", "AIME-25", "Output diversity: pass@K on AIME-25"),
                Panel(
                    "1d",
                    "Sustained training: AIME-25",
                    "paper_table3",
                    _single(LONG, BASE, OURS),
                    Validated("AIME-25"),
                    "mean@{n} (%)",
                ),
            ),
            "The panels that can be measured, by the words of the caption; their letters are ours.",
        ),
        Figure(
            "2",
            "Empirical justification of the entropy analysis",
            (
                Panel(
                    "2a",
                    "Log-likelihood and output-space baseline",
                    "paper_fig2",
                    _MEASURED,
                    OutputSpace(),
                    NATS,
                    then="entrocraft osb on its checkpoints",
                    symlog=True,
                ),
                Panel(
                    "2b",
                    "Confidence in right and in wrong rollouts",
                    "paper_fig2",
                    _single(LONG, BASE),
                    Logged({RIGHT: "actor/log_prob_positive", WRONG: "actor/log_prob_negative"}),
                    "mean log-probability (nats per token)",
                ),
            ),
        ),
        Figure(
            "3",
            "Model size and inference cost",
            (
                _by_size("3a", "AIME-25 by model size"),
                _pass_at_k("3b", "AIME-25", "pass@K on AIME-25"),
                _pass_at_k("3c", "MATH-500", "pass@K on MATH-500"),
            ),
            "Which runs stand for 8B and 14B is inferred from Tables 7 and 8.",
        ),
        Figure(
            "4",
            "Long training under three families of schedules",
            (
                _reward("4a", "paper_fig4", _FAMILIES),
                _entropy("4b", "Entropy", "paper_fig4", _FAMILIES),
                Panel(
                    *(
                        "4c",
                        "KL loss",
                        "paper_fig4",
                        _FAMILIES,
                        Logged({"": "actor/kl_loss"}),
                        "KL loss (nats per token)",
                    ),
                    smooth=True,
                ),
                _validated("4d", "MATH-500", "paper_fig4", _FAMILIES),
                _validated("4e", "AIME-25", "paper_fig4", _FAMILIES),
                _validated("4f", "AIME-26", "paper_fig4", _FAMILIES),
            ),
        ),
        Figure(
            "5",
            "Long training against other methods",
            (
                _entropy("5a", "Entropy", "paper_table3", _LONG),
                _validated("5b", "MATH-500", "paper_table3", _LONG),
                _validated("5c", "AIME-25", "paper_table3", _LONG),
            ),
        ),
        Figure(
            "6",
            "Entropy curves of the baselines",
            (_entropy("6", "Entropy", "paper_fig6", _BASELINES),),
            "The list of baselines is not in the text; those with a long run are taken.",
        ),
        Figure(
            "7",
            "High constant targets",
            (
                _entropy("7a", "Entropy", "paper_fig7", _HIGH),
                _reward("7b", "paper_fig7", _HIGH),
                _validated("7c", "MATH-500", "paper_fig7", _HIGH),
            ),
            "The text names neither the two targets nor the panels: the two released constant runs and the target of "
            "Fig. 6 are taken, and what the appendix speaks of, training dynamics and performance.",
        ),
    )
}
"""By number, in the paper's order."""
PANELS = {panel.number: panel for figure in FIGURES.values() for panel in figure.panels}
"""Every panel by its number, in the paper's order."""


def figure_recipe(number: str) -> Figure:
    """The figure of a number such as "4", or of one panel, "4b", as a figure of its own.

    Raises:
        ConfigError: another number; the valid ones are listed.
    """
    if number in FIGURES:
        return FIGURES[number]
    if number not in PANELS:
        raise unknown("figures", [number], [*FIGURES, *PANELS])
    whole = next(figure for figure in FIGURES.values() if PANELS[number] in figure.panels)
    return Figure(number, whole.title, (PANELS[number],), whole.inferred)
