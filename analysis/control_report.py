"""The studies of control in Markdown: authority by setting, and the ablation of the release; every word is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from analysis.ablation import ALGORITHM_1, INGREDIENTS, RELEASE, TRACKING, ablation, ablation_effects
from analysis.authority import AUTHORITY, RIGHT, SCORED_STEPS, UNRESOLVED, WRONG, authority, authority_cells
from analysis.estimators import FIRST_TRACKED_STEP
from analysis.frames import records
from analysis.multiplicity import CORRECTION
from analysis.notes import design_notes
from analysis.runs import Runs

MILLI = 1000.0
LOST = -0.98
"""Mean reward (+1/-1) below which less than 1 % of the answers are right."""
SIDES = {1: "m = +1", -1: "m = -1"}
WORDS = {
    "advantage": "raw advantages in mixed groups",
    "zero_variance": "a raw gradient in groups of equal rewards",
    "denominator": "rejected rows in the denominator",
    "filter": "a hard filter in place of gamma 10",
}


def authority_markdown(runs: Runs) -> str:
    """The table of `authority_cells` with its directions, what it says in sentences, and what the numbers are."""
    rows, cells = authority(runs), authority_cells(runs)
    of = {(row["cell"], row["m"]): row for row in records(rows[rows["fixed"]])}
    lines = [
        _line(["updates", "clip", "lr", *(f"{side}: change" for side in SIDES.values()), "right-way steps", "reward",
               "no filter", "span", "verdict"]),
        _line(["---"] * 10),
    ]  # fmt: skip
    for cell in records(cells):
        sides = [of[cell["cell"], m] for m in SIDES]
        lines.append(
            _line(
                [
                    f"{cell['updates']:g}", cell["clip"], f"{cell['lr']:g}",
                    *(f"{_milli(side, 'change')}, {_said(side)}" for side in sides),
                    " / ".join(f"{side['wanted']:.2f}" for side in sides),
                    " / ".join(f"{side['score']:+.2f}" for side in sides),
                    _plain(cell["reference"]), _milli(cell, "span"), _said(cell),
                ]
            )
        )  # fmt: skip
    about = (
        "Changes and span in thousandths of a nat per token and step, brackets: 95 % t interval over seeds; m = +1 and "
        "m = -1: the hard filter in that direction at every step, the right way being down and up; right-way steps: "
        f"share of steps that moved so; reward: mean of the last {SCORED_STEPS} steps; span: change under m = -1 minus "
        f"that under m = +1, paired on seeds. Verdicts: p by {CORRECTION} over {(rows['m'] != 0).sum()} directions."
    )
    return "\n".join([*lines, "", about, "", *_bullets(authority_sentences(rows, cells)), *_left_out(runs), ""])


def authority_sentences(rows: pd.DataFrame, cells: pd.DataFrame) -> list[str]:
    """What the table says, counted."""
    told = []
    fixed = rows[rows["fixed"]]
    for column, how in (("verdict", f"After {CORRECTION}'s correction"), ("uncorrected", "Without correction")):
        has = cells[cells[column] == AUTHORITY]
        wrong = int(cells[column].str.startswith(WRONG).sum())
        told.append(
            f"{how}: {len(has)} of {len(cells)} settings have authority{_where(has)}; {wrong} move the wrong way under "
            f"one direction at least; {int((cells[column] == UNRESOLVED).sum())} are not resolved."
        )
        for m, side in SIDES.items():
            by = fixed.loc[fixed["m"] == m, column].value_counts()
            told.append(
                f"{how}, {side}: {', '.join(f'{by.get(word, 0)} {word}' for word in (RIGHT, WRONG, UNRESOLVED))}."
            )
    lost = fixed[(fixed["m"] == -1) & (fixed["uncorrected"] == RIGHT) & (fixed["score"] < LOST)]
    if len(lost):
        told.append(
            f"In {len(lost)} settings in which m = -1 raised the entropy (uncorrected), hardly a right answer was left "
            f"at the end (mean reward below {LOST:g}){_where(lost)}."
        )
    resolved = cells[cells["p_adjusted"] < 0.05]
    positive = int((resolved["span"] > 0).sum())
    told.append(
        f"The span is resolved in {len(resolved)} settings, and positive in {positive} of these: there the sign of the "
        "filter matters, though what it asks for need not happen."
    )
    fewest = int(cells["seeds"].min()) if len(cells) else 0
    return told + design_notes(fewest, 0) if fewest else told


def ablation_markdown(runs: Runs) -> str:
    """The table of `ablation`, that of `ablation_effects`, and what they say in sentences."""
    frame, effects = ablation(runs), ablation_effects(runs)
    metrics = list(dict.fromkeys(frame["metric"]))
    lines = [_line([*INGREDIENTS, *(text for metric in metrics for text in (metric, "to Algorithm 1"))])]
    lines.append(_line(["---"] * (len(INGREDIENTS) + 2 * len(metrics))))
    for _, group in frame.groupby("label", sort=False):
        cells = [str(group[name].iloc[0]) for name in INGREDIENTS]
        for row in records(group):
            cells += [_interval(row, "value", "low", "high"), _versus(row)]
        lines.append(_line(cells))
    lines += ["", _line(["ingredient of the release", "pairs", *metrics]), _line(["---"] * (2 + len(metrics)))]
    for ingredient, group in effects.groupby("ingredient", sort=False):
        cells = [WORDS[str(ingredient)], str(group["pairs"].iloc[0])]
        cells += [f"{_interval(row, 'effect', 'low', 'high', '+')}, {row['verdict']}" for row in records(group)]
        lines.append(_line(cells))
    about = (
        f"{frame['seeds'].max()} seeds; brackets: 95 % t interval over seeds and, but for the tracking error (nats "
        f"per token, steps {FIRST_TRACKED_STEP} to the last), problems taken as sampled; differences paired on both. "
        f"Verdicts by {CORRECTION} over the comparisons of one metric in one table. base: group-normalised, no "
        "gradient in groups of equal rewards."
    )
    return "\n".join([*lines, "", about, "", *_bullets(ablation_sentences(frame, effects)), *_left_out(runs), ""])


def ablation_sentences(frame: pd.DataFrame, effects: pd.DataFrame) -> list[str]:
    """The release against Algorithm 1, and the ingredients that are resolved, in words."""
    told = []
    names = list(INGREDIENTS)
    release = frame[(frame[names] == list(RELEASE)).all(axis=1)]
    for row in records(release[release["verdict"] != ""]):
        told.append(f"The release against Algorithm 1, {row['metric']}: {_versus(row)}.")
    for row in records(effects[effects["verdict"] != UNRESOLVED]):
        what = _interval(row, "effect", "low", "high", "+")
        told.append(f"With {WORDS[row['ingredient']]}: {row['metric']} {what}, {row['verdict']}, {row['pairs']} pairs.")
    for metric, group in effects.groupby("metric", sort=False):
        open_ = [WORDS[str(name)] for name in group.loc[group["verdict"] == UNRESOLVED, "ingredient"]]
        if open_:
            told.append(f"{metric}: not resolved for {'; '.join(open_)}.")
    others = frame[(frame["metric"] == TRACKING) & (frame[names] != list(ALGORITHM_1)).any(axis=1)]
    better = others[others["verdict"] == "lower"]
    told.append(
        f"{len(better)} of {len(others)} combinations follow the schedule more closely than Algorithm 1, resolved."
    )
    return told


def _said(row: dict[str, Any]) -> str:
    """The verdict, or that it is resolved only without correction."""
    if row["verdict"] == UNRESOLVED != row["uncorrected"]:
        return f"{row['uncorrected']} (uncorrected)"
    return str(row["verdict"])


def _where(cells: pd.DataFrame) -> str:
    listed = [f"{row['updates']:g} updates, clip {row['clip']}, lr {row['lr']:g}" for row in records(cells)]
    return f" ({'; '.join(listed)})" if listed else ""


def _versus(row: dict[str, Any]) -> str:
    if row["difference"] != row["difference"]:
        return str(row["verdict"])
    return f"{_interval(row, 'difference', 'difference_low', 'difference_high', '+')}, {row['verdict']}"


def _interval(row: dict[str, Any], value: str, low: str, high: str, sign: str = "") -> str:
    if row[value] != row[value]:
        return "-"
    return f"{row[value]:{sign}.3f} [{row[low]:{sign}.3f}, {row[high]:{sign}.3f}]"


def _milli(row: dict[str, Any], name: str) -> str:
    return f"{MILLI * row[name]:+.1f} [{MILLI * row['low']:+.1f}, {MILLI * row['high']:+.1f}]"


def _plain(change: float) -> str:
    return "-" if change != change else f"{MILLI * change:+.1f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _bullets(sentences: Iterable[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]


def _left_out(runs: Runs) -> list[str]:
    """Runs that are not in the table, and those of which only a part is."""
    told = [f"- left out: {row['run']}: {row['reason']}" for row in records(runs.excluded)]
    partial = runs.runs[runs.runs["partial"] != ""]
    return told + [f"- partial: {row['run']}: {row['partial']}" for row in records(partial)]
