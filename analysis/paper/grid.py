"""A table ready to be written: text cells with their marks, and the four forms it is written in."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from analysis import latex

DAGGER = "\N{DAGGER}"
NUMBER = re.compile(r"[-+]?\d[\d.]*|-")
WIDE = 80
"""Characters of a line, with what stands between columns: above, LaTeX's text is a size smaller, so that every table of
the paper is at most 5.5 inches wide (397 pt), the text width of common conference styles."""
BETWEEN = 1.5
"""Characters that the space between two columns takes."""


@dataclass(frozen=True)
class Entry:
    """One cell. `printed`: the paper's own, shown with a dagger."""

    text: str
    best: bool = False
    second: bool = False
    printed: bool = False


@dataclass(frozen=True)
class Grid:
    """A table. `heads`: (group, name) of each column, the first one that of the row titles; neighbours of one group
    share a heading in LaTeX. `notes`: sentences below it."""

    title: str
    heads: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Entry, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """One text for each column."""
        return [" ".join(filter(None, head)) for head in self.heads]


def markdown(grid: Grid) -> str:
    """A Markdown table: best in bold, second best underlined (<u>), the paper's own with a dagger; notes below."""
    rows = [grid.names, ["---"] * len(grid.heads), *([_markdown(entry) for entry in row] for row in grid.rows)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([f"**{grid.title}**", "", *lines, *(f"\n{note}" for note in grid.notes)]) + "\n"


def tex(grid: Grid) -> str:
    """A tabular that needs LaTeX's base packages only, with its notes below, all in small type.

    Columns of numbers are flush right, and a dagger beside a number takes no width, so that they stand under one
    another; all other columns are flush left.
    """
    groups = [(name, len(list(of))) for name, of in groupby(group for group, _ in grid.heads)]
    size = r"\scriptsize" if _characters(grid) > WIDE else r"\footnotesize"
    lines = [
        f"% {grid.title}",
        rf"{{{size}\setlength{{\tabcolsep}}{{3pt}}\noindent",
        rf"\begin{{tabular}}{{{_alignment(grid)}}}",
        r"\hline",
    ]
    if any(name for name, _ in groups):
        spans = [rf"\multicolumn{{{size}}}{{c}}{{{latex.escape(name)}}}" for name, size in groups]
        lines.append(" & ".join(spans) + r" \\")
    lines.append(" & ".join(latex.escape(name) for _, name in grid.heads) + r" \\ \hline")
    lines += [" & ".join(_tex(entry) for entry in row) + r" \\" for row in grid.rows]
    lines += [r"\hline", r"\end{tabular}\par}\smallskip"]
    lines += [
        rf"{{\scriptsize\raggedright\noindent {_dagger(latex.escape(note))}\par}}" for note in map(_plain, grid.notes)
    ]
    return "\n".join(lines) + "\n"


def web(grid: Grid) -> str:
    """An HTML fragment: one table element with its caption, then the notes."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in grid.names)
    body = "\n".join(f"<tr>{_web_row(row)}</tr>" for row in grid.rows)
    notes = "\n".join(f"<p>{html.escape(note)}</p>" for note in grid.notes)
    return (
        f"<table>\n<caption>{html.escape(grid.title)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n{notes}\n"
    )


def _alignment(grid: Grid) -> str:
    """l or r for each column."""
    columns = list(zip(*grid.rows, strict=True))
    return "".join("r" if all(NUMBER.fullmatch(entry.text) for entry in column) else "l" for column in columns)


def _characters(grid: Grid) -> float:
    """Width of the longest line that the widest cells and headings would make."""
    columns = zip(*(tuple(entry.text for entry in row) for row in grid.rows), strict=True)
    widths = [
        max(len(name), *(len(text) for text in column)) for (_, name), column in zip(grid.heads, columns, strict=True)
    ]
    return sum(widths) + BETWEEN * len(widths)


def _markdown(entry: Entry) -> str:
    text = entry.text.replace("\\", "\\\\").replace("|", "\\|")
    text = f"**{text}**" if entry.best else f"<u>{text}</u>" if entry.second else text
    return text + DAGGER if entry.printed else text


def _tex(entry: Entry) -> str:
    text = latex.escape(entry.text)
    text = rf"\textbf{{{text}}}" if entry.best else rf"\underline{{{text}}}" if entry.second else text
    text = rf"{text}\rlap{{$^\dagger$}}" if entry.printed else text
    return f"{{}}{text}" if text.startswith(("[", "*")) else text  # else an argument of the row break above


def _web_row(row: Sequence[Entry]) -> str:
    title, *cells = row
    return f'<th scope="row">{html.escape(title.text)}</th>' + "".join(f"<td>{_web(cell)}</td>" for cell in cells)


def _web(entry: Entry) -> str:
    text = html.escape(entry.text)
    text = f"<strong>{text}</strong>" if entry.best else f"<u>{text}</u>" if entry.second else text
    return f"{text}<sup>{DAGGER}</sup>" if entry.printed else text


def _plain(note: str) -> str:
    return note.replace(DAGGER, "@@")


def _dagger(text: str) -> str:
    return text.replace("@@", r"$^\dagger$")
