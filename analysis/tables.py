"""A comparison frame as a table: what its cells say, and the four formats that it is printed in."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import latex
from analysis.comparison import metric_columns
from analysis.curves import FINAL_STEPS
from analysis.estimators import FIRST_TRACKED_STEP
from analysis.frames import columns, records
from analysis.multiplicity import CORRECTION
from analysis.planning import POWER
from analysis.runs import Runs
from analysis.sidecar import write_sidecar
from analysis.verdicts import BASELINE, UNRESOLVED
from harness.errors import unknown
from harness.runs.atomic import write_file

SUFFIXES = {".txt": "text", ".csv": "csv", ".md": "md", ".tex": "tex"}
FORMATS = tuple(SUFFIXES.values())
ABSENT = "-"
LATEX_CHARACTERS = 100
"""A LaTeX table of wider lines goes on below, as in text: this many fit into 5.5 inches of its size."""


def render(frame: pd.DataFrame, format: str = "text", width: int = 110) -> str:
    """The comparison `frame` as "text" (terminal), "csv" (every column, full precision), "md" or "tex".

    A text table wider than `width` characters goes on below, with the configurations repeated; so does a LaTeX table
    wider than the text of common conference styles (5.5 inches).

    Raises:
        ConfigError: another format; the valid ones are listed.
    """
    if format not in FORMATS:
        raise unknown("table formats", [format], FORMATS)
    return _text(frame, width) if format == "text" else _RENDERERS[format](frame)


def write_table(frame: pd.DataFrame, runs: Runs, path: Path | str) -> Path:
    """Writes the table in the format of the suffix (.txt, .csv, .md, .tex) with its sidecar NAME.json."""
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise unknown("suffixes of a table", [target.suffix or str(target)], SUFFIXES)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_file(target, render(frame, SUFFIXES[target.suffix]).encode())
    write_sidecar(target, runs)
    return target


def display(frame: pd.DataFrame) -> pd.DataFrame:
    """The cells as text, rounded to three places, an estimate with its interval: "0.541 [0.465, 0.612]"."""
    cells: dict[str, list[str]] = {"configuration": list(frame["label"]), "seeds": _each(frame["seeds"], str)}
    for name in ("step", "problems", "n"):
        if frame[name].nunique(dropna=False) > 1:
            cells[name] = _each(frame[name], _whole)
    for place, metric in enumerate(metric_columns(frame)):
        cells[_numbered(metric, frame)] = _with_interval(frame, metric, "{:.3f}")
        if place == 0:  # beside the metric that they are about
            cells["difference"] = _with_interval(frame, "difference", "{:+.3f}")
            cells["p"] = _each(frame["p"], _p)
            cells[f"p ({CORRECTION})"] = _each(frame["p_adjusted"], _p)
            cells["verdict"] = list(frame["verdict"])
    cells["entropy"] = _from_to(frame["entropy_start"], frame["entropy_final"])
    cells["tracking error"] = _each(frame["tracking_error"], _three)
    cells["in band"] = _each(frame["time_in_band"], _percent)
    return pd.DataFrame(cells, dtype="str")


def caption(frame: pd.DataFrame) -> str:
    """What every row shares, and how to read the intervals."""
    parts: list[str] = []
    for name, words in (("step", "step {}"), ("problems", "{} problems"), ("n", "n = {} samples a problem")):
        values = frame[name].dropna().unique()
        if len(values) == 1 and values[0] and frame[name].nunique(dropna=False) == 1:
            parts.append(words.format(values[0]))
    parts += _of_differences(frame)
    brackets = sorted(frame.loc[frame["interval"] != "", "interval"].unique())
    if brackets:
        parts.append(f"brackets: {', or '.join(brackets)}; not corrected")
    parts.append(
        f"entropy (step 1 → mean of the last {FINAL_STEPS}) and tracking error (steps {FIRST_TRACKED_STEP} "
        "to the last) in nats per token"
    )
    return "; ".join(parts) + "."


def _of_differences(frame: pd.DataFrame) -> list[str]:
    """What the difference is of, what it is paired on, and how its p-values are corrected."""
    base = frame.loc[frame["verdict"] == BASELINE, "label"]
    metrics = metric_columns(frame)
    if not (len(base) and metrics and frame["seeds"].sum()):
        return []
    paired = " or ".join(sorted(set(frame["paired_on"]) - {""}, key=len)) or "problems"
    compared = int(frame["p"].notna().sum())
    words = f"difference: {_numbered(metrics[0], frame)} minus that of {base.iloc[0]}, paired on {paired}"
    if not compared:
        return [words]
    return [
        words,
        f"p: two-sided; {CORRECTION}: corrected for the {compared} comparison{'s' * (compared > 1)} of the table, and "
        "the verdict is by it at 5 %",
    ]


def _text(frame: pd.DataFrame, width: int) -> str:
    cells = display(frame)
    blocks = ["\n".join(_lines(cells[columns])) for columns in _fitting(cells, width)]
    notes = [textwrap.fill(note, width) for note in (caption(frame), *_notes(frame))]
    return "\n\n".join([*blocks, *notes]) + "\n"


def _lines(cells: pd.DataFrame) -> list[str]:
    widths = _widths(cells)
    rows = [columns(cells), ["-" * widths[name] for name in columns(cells)], *cells.to_numpy().tolist()]
    return [
        "  ".join(cell.ljust(widths[name]) for cell, name in zip(row, columns(cells), strict=True)).rstrip()
        for row in rows
    ]


def _fitting(cells: pd.DataFrame, width: int) -> list[list[str]]:
    """Columns in blocks at most `width` wide where they can be; each block begins with the first column."""
    widths = _widths(cells)
    first, *rest = columns(cells)
    blocks = [[first]]
    for name in rest:
        if sum(widths[known] + 2 for known in blocks[-1]) + widths[name] > width and len(blocks[-1]) > 1:
            blocks.append([first])
        blocks[-1].append(name)
    return blocks


def _widths(cells: pd.DataFrame) -> dict[str, int]:
    return {name: max(map(len, [name, *cells[name]])) for name in columns(cells)}


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False)


def _markdown(frame: pd.DataFrame) -> str:
    cells = display(frame).map(lambda cell: cell.replace("\\", "\\\\").replace("|", "\\|"))
    rows = [columns(cells), ["---"] * cells.shape[1], *cells.to_numpy().tolist()]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", caption(frame), *(f"\n{note}" for note in _notes(frame))]) + "\n"


def _latex(frame: pd.DataFrame) -> str:
    cells = display(frame)
    comments = "".join(f"% {comment}\n" for comment in (caption(frame), *_notes(frame)))
    blocks = [latex.tabular(cells[names]) for names in _fitting(cells, LATEX_CHARACTERS)]
    return comments + "\n".join(latex.small(block) for block in blocks)


def _notes(frame: pd.DataFrame) -> list[str]:
    left_out = [f"{row['label']}: {row['notes']}." for row in records(frame) if row["notes"]]
    return [*_warnings(frame), *left_out, *_needs(frame)]


def _warnings(frame: pd.DataFrame) -> list[str]:
    """The warnings of the rows, each once: of all, or with the rows that it is about."""
    about: dict[str, list[str]] = {}
    for row in records(frame):
        for warning in filter(None, row["warnings"].split("; ")):
            about.setdefault(warning, []).append(row["label"])
    used = int((frame["seeds"] > 0).sum())
    return [
        f"Note: {warning}." if len(labels) >= used else f"Note: {warning} ({'; '.join(labels)})."
        for warning, labels in about.items()
    ]


def _needs(frame: pd.DataFrame) -> list[str]:
    """For each difference that is not resolved, how many seeds would resolve one of its size."""
    open_rows = [row for row in records(frame) if row["verdict"] == UNRESOLVED and row["to_resolve"]]
    if not open_rows:
        return []
    said: dict[str, list[str]] = {}
    for row in open_rows:
        said.setdefault(row["to_resolve"], []).append(row["label"])
    listed = "; ".join(f"{', '.join(labels)}: {words}" for words, labels in said.items())
    return [
        f"Seeds to resolve a true difference as large as the measured one ({100 * POWER:.0f} % power at 5 %, not "
        f"corrected): {listed}."
    ]


def _numbered(metric: str, frame: pd.DataFrame) -> str:
    """mean@n with the number it stands for, where that is one number."""
    drawn = frame["n"].dropna().unique()
    return metric.replace("@n", f"@{drawn[0]}") if len(drawn) == 1 else metric


def _with_interval(frame: pd.DataFrame, name: str, form: str) -> list[str]:
    triples = zip(frame[name], frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
    return [
        ABSENT if pd.isna(value) else f"{form.format(value)} [{form.format(low)}, {form.format(high)}]"
        for value, low, high in triples
    ]


def _each(values: pd.Series, to_text: Callable[[Any], str]) -> list[str]:
    return [to_text(value) for value in values]


def _three(value: float) -> str:
    return ABSENT if pd.isna(value) else f"{value:.3f}"


def _p(value: float) -> str:
    return ABSENT if pd.isna(value) else "<0.001" if value < 0.001 else f"{value:.3f}"


def _percent(share: float) -> str:
    return ABSENT if pd.isna(share) else f"{100 * share:.0f} %"


def _from_to(starts: pd.Series, finals: pd.Series) -> list[str]:
    return [f"{_three(start)} → {_three(final)}" for start, final in zip(starts, finals, strict=True)]


def _whole(value: Any) -> str:
    return ABSENT if pd.isna(value) else str(value)


_RENDERERS: dict[str, Callable[[pd.DataFrame], str]] = {"csv": _csv, "md": _markdown, "tex": _latex}
