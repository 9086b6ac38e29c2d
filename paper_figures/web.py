"""The page of a book: contents, a section for each figure with its words and data, tables, claims, what is missing."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import Runs
from analysis.frames import columns, records
from analysis.paper.grid import Grid
from analysis.paper.grid import web as grid_web
from analysis.paper.report import web as claims_web
from analysis.sheets import Gap
from paper_figures import alt
from paper_figures.entries import PARTS, Entry

MOST_ROWS = 30
"""Rows of a figure's data on the page; all of them are in its CSV file."""
TITLE = "The paper from its runs"
STYLE = """
body { font-family: sans-serif; max-width: 72em; margin: 2em auto; padding: 0 1em; color: #222; line-height: 1.4; }
table { border-collapse: collapse; margin: 1em 0; font-size: 0.9em; }
th, td { border: 1px solid #bbb; padding: 0.25em 0.5em; vertical-align: top; text-align: left; }
img { max-width: 100%; height: auto; } figure { margin: 1em 0; } caption { text-align: left; padding-bottom: 0.5em; }
.missing { color: #555; } nav ol { columns: 2; } summary { cursor: pointer; }
"""
HIDDEN = ("title", "method", "experiment", "note", "iqm", "values")
"""Columns of a frame that are in its CSV file alone."""


@dataclass(frozen=True)
class Shown:
    """A figure with its section of the page."""

    entry: Entry
    section: str


def figure(entry: Entry, picture: Path | None, folder: str) -> Shown:
    """The section of a figure; `picture` is its PNG, which goes into the page, or None. `folder`: of its files, as the
    page links to them."""
    parts = [f'<section id="{entry.name}">', f"<h3>{html.escape(entry.title)}</h3>"]
    if picture is not None:
        content = picture.read_bytes()
        data, width = base64.b64encode(content).decode(), int.from_bytes(content[16:20], "big")
        links = ", ".join(
            f'<a href="{folder}/{entry.name}.{suffix}">{suffix.upper()}</a>' for suffix in ("pdf", "png", "csv")
        )
        words = "".join(f"<br>{html.escape(detail)}" for detail in entry.details)
        picture_alt = html.escape(entry.alt, quote=True)
        parts.append(
            f'<figure><img alt="{picture_alt}" width="{width * 5 // 8}" src="data:image/png;base64,{data}">'
            f"<figcaption>{links}{words}</figcaption></figure>"
        )
        parts.append(_data(entry))
    if entry.gaps:
        items = "".join(f"<li>{_gap(gap)}</li>" for gap in entry.gaps)
        said = "Not from runs:" if picture is not None else "Not drawn:"
        parts.append(f'<div class="missing"><p>{said}</p><ul>{items}</ul></div>')
    return Shown(entry, "\n".join([*parts, "</section>"]))


def page(shown: Sequence[Shown], tables: Sequence[tuple[int, Grid]], claims: pd.DataFrame, runs: Runs | None) -> str:
    """The whole page, which needs no other file to be read."""
    parts = [f"<h1>{TITLE}</h1>", f"<p>{_about(runs)}</p>", _contents(shown, tables)]
    for place, part in enumerate(PARTS):
        sections = [each.section for each in shown if each.entry.part == part]
        if sections:
            parts += [f'<h2 id="part{place}">{part}</h2>', *sections]
    parts.append('<h2 id="tables">Tables</h2>')
    parts += [f'<section id="table{number}">{grid_web(grid)}</section>' for number, grid in tables]
    parts += [
        '<h2 id="claims">Claims</h2>',
        claims_web(claims),
        '<h2 id="missing">What is missing</h2>',
        _missing(shown),
    ]
    head = f'<meta charset="utf-8"><title>{TITLE}</title><style>{STYLE}</style>'
    body = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'


def _contents(shown: Sequence[Shown], tables: Sequence[tuple[int, Grid]]) -> str:
    links = [(each.entry.name, each.entry.title + ("" if each.entry.draw else " (not drawn)")) for each in shown]
    links += [(f"table{number}", grid.title) for number, grid in tables]
    links += [("claims", "Claims"), ("missing", "What is missing")]
    items = "".join(f'<li><a href="#{name}">{html.escape(title)}</a></li>' for name, title in links)
    return f"<nav><h2>Contents</h2><ol>{items}</ol></nav>"


def _about(runs: Runs | None) -> str:
    if runs is None:
        return "No runs were given: all numbers are the paper's own (&dagger; in tables, hollow in figures)."
    left_out = "".join(
        f"<br>left out: {html.escape(str(each.run))}: {html.escape(str(each.reason))}"
        for each in runs.excluded.itertuples()
    )
    return (
        f"From {len(runs.runs)} runs; numbers with &dagger;, and hollow ones in figures, are the paper's own.{left_out}"
    )


def _data(entry: Entry) -> str:
    """The frame as a table that is closed at first: every line's points, as many as MOST_ROWS allow."""
    frame = entry.frame
    kept = thinned(frame)
    names = [name for name in columns(kept) if name not in HIDDEN and kept[name].notna().any()]
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    body = "\n".join(f"<tr>{''.join(f'<td>{_cell(row[name])}</td>' for name in names)}</tr>" for row in records(kept))
    rows = f"{len(kept)} of {len(frame):,} rows, evenly chosen" if len(kept) < len(frame) else f"{len(frame)} rows"
    return (
        f"<details><summary>Data ({rows})</summary>\n<table><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></details>"
    )


def thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_ROWS rows: as many of each line, evenly chosen, the last one always among them (where there are more
    lines than rows, of the first ones)."""
    if len(frame) <= MOST_ROWS:
        return frame
    keys = [name for name in ("panel", "pair", "series", "label", "backend", "what", "source") if name in frame]
    lines = frame.groupby(keys, sort=False, dropna=False)
    each = max(1, MOST_ROWS // lines.ngroups)
    places = [index for _, rows in lines for index in _evenly(list(rows.index), each)]
    return frame.loc[places[:MOST_ROWS]]


def _evenly(items: list[int], count: int) -> list[int]:
    """`count` of the items at equal distances; the first and the last where there are two, one alone is the last."""
    if len(items) <= count:
        return items
    if count == 1:
        return items[-1:]
    return [items[round(place * (len(items) - 1) / (count - 1))] for place in range(count)]


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    return alt.number(float(value)) if isinstance(value, (int, float)) else html.escape(str(value))


def _gap(gap: Gap) -> str:
    words = html.escape(f"{', '.join(gap.panels)}: {gap.series}: {gap.reason}" if gap.panels else gap.reason)
    return f"{words}; <code>{html.escape(gap.command)}</code>" if gap.command else words


def _missing(shown: Sequence[Shown]) -> str:
    """The commands that make the runs that figures lack, each with the figures and panels it is for."""
    lacking: dict[str, list[str]] = {}
    for each in shown:
        for gap in each.entry.gaps:
            lacking.setdefault(gap.command, []).extend(gap.panels or [each.entry.title])
    if not lacking:
        return "<p>Nothing: every figure is drawn from runs. Under each table is what it lacks.</p>"
    items = "".join(
        f"<li><code>{html.escape(command)}</code>: {html.escape(', '.join(dict.fromkeys(names)))}</li>"
        for command, names in lacking.items()
    )
    return f"<ul>{items}</ul>\n<p>Under each table is what it lacks.</p>"
