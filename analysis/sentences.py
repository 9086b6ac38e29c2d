"""A comparison frame in sentences; every number and every comparative is computed from the frame."""

from __future__ import annotations

import pandas as pd

from analysis.comparison import metric_columns
from analysis.multiplicity import CORRECTION
from analysis.verdicts import BASELINE, UNRESOLVED


def summary_sentences(frame: pd.DataFrame) -> list[str]:
    """What the comparison `frame` says: the baseline, the verdicts (bad ones included), what they would need, entropy
    and tracking."""
    if not len(frame):
        return ["No run could be used."]
    return [*_baseline(frame), *_verdicts(frame), *_needs(frame), *_tracking(frame), *_strength(frame)]


def _baseline(frame: pd.DataFrame) -> list[str]:
    sentences = []
    for _, row in frame[frame["verdict"] == BASELINE].iterrows():
        start, final = row["entropy_start"], row["entropy_final"]
        if pd.notna(start) and pd.notna(final):
            sentences.append(
                f"{row['label']}: entropy went from {start:.3f} to {final:.3f} nats per token "
                f"({100 * final / start:.0f} % of its start)."
            )
        if row["seeds"]:
            values = ", ".join(
                f"{_named(metric, row)} {row[metric]:.3f} [{row[f'{metric}_low']:.3f}, {row[f'{metric}_high']:.3f}]"
                for metric in metric_columns(frame)
            )
            sentences.append(
                f"{row['label']} at step {row['step']}: {values} "
                f"({_count(row['seeds'], 'seed')}, {_count(row['problems'], 'problem')})."
            )
    return sentences


def _verdicts(frame: pd.DataFrame) -> list[str]:
    others = frame[frame["verdict"] != BASELINE]
    first = metric_columns(frame)[0] if metric_columns(frame) else "mean@n"
    sentences = []
    for verdict, group in others.groupby("verdict", sort=True):
        members = "; ".join(_member(row, first) for _, row in group.iterrows())
        words = str(verdict)[0].upper() + str(verdict)[1:]
        sentences.append(f"{words} ({len(group)} of {len(others)}): {members}.")
    return sentences


def _member(row: pd.Series, metric: str) -> str:
    if pd.isna(row["difference"]):
        return str(row["label"])
    return (
        f"{row['label']} ({_named(metric, row)} {row['difference']:+.3f} "
        f"[{row['difference_low']:+.3f}, {row['difference_high']:+.3f}])"
    )


def _tracking(frame: pd.DataFrame) -> list[str]:
    followed = frame.dropna(subset="tracking_error")
    if not len(followed):
        return []
    ranked = followed.sort_values("tracking_error", kind="stable")
    best, worst = ranked.iloc[0], ranked.iloc[-1]
    if len(followed) == 1:
        return [f"{best['label']} followed its target to {best['tracking_error']:.3f} nats per token."]
    return [
        f"Closest to its target: {best['label']} ({best['tracking_error']:.3f} nats per token); "
        f"furthest: {worst['label']} ({worst['tracking_error']:.3f}), of {len(followed)} with a target."
    ]


def _strength(frame: pd.DataFrame) -> list[str]:
    used = frame[frame["seeds"] > 0]
    if not len(used):
        return ["No run has validation samples."]
    fewest = int(used["seeds"].min())
    if used["seeds"].max() == 1:
        return ["Every row rests on one seed: the intervals leave out the noise between seeds."]
    if fewest == 1:
        return ["Some rows rest on one seed: their intervals leave out the noise between seeds."]
    return [
        f"Every row rests on at least {_count(fewest, 'seed')}; the problems are taken as "
        f"{used['problems_are'].iloc[0]}, and verdicts are corrected for the number of comparisons ({CORRECTION})."
    ]


def _needs(frame: pd.DataFrame) -> list[str]:
    """How many seeds the difference that is not resolved and the largest would need."""
    unresolved = frame[(frame["verdict"] == UNRESOLVED) & (frame["to_resolve"] != "")]
    if not len(unresolved):
        return []
    row = unresolved.sort_values("difference", key=abs, ascending=False, kind="stable").iloc[0]
    needed = f"seeds to resolve it, were it the true one: {row['to_resolve']}"
    return [f"Largest difference not resolved: {row['label']}; {needed}."]


def _named(metric: str, row: pd.Series) -> str:
    return metric.replace("@n", f"@{row['n']}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
