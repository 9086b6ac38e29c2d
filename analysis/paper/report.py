"""An audit as text: Markdown for the docs, an HTML fragment for a page. All of it is from the frame."""

from __future__ import annotations

import html

import pandas as pd

from analysis.frames import records
from analysis.paper.claims import CONSISTENCY, SENTENCE
from analysis.paper.findings import Verdict

HEADS = ("claim", "where", "source", "verdict", "resolved")
SOURCES = {"paper": "The paper's numbers", "runs": "Runs"}


def counts(frame: pd.DataFrame, kind: str, source: str) -> str:
    """ "3 hold, 2 do not hold, 1 cannot be decided", of the claims of a kind in a source."""
    verdicts = frame.loc[(frame["kind"] == kind) & (frame["source"] == source), "verdict"]
    words = {Verdict.HOLDS: "hold", Verdict.FAILS: "do not hold", Verdict.OPEN: "cannot be decided"}
    return ", ".join(f"{int((verdicts == verdict).sum())} {word}" for verdict, word in words.items())


def markdown(frame: pd.DataFrame) -> str:
    """Counts, a table of verdicts, then each claim with its reading, numbers and sampling error."""
    parts = []
    for kind, title in ((SENTENCE, "Sentences"), (CONSISTENCY, "Consistency")):
        chosen = frame[frame["kind"] == kind]
        sources = list(dict.fromkeys(chosen["source"]))
        summary = "; ".join(f"{SOURCES[source]}: {counts(frame, kind, source)}" for source in sources)
        table = [["---"] * len(HEADS), *([_cell(row[head]) for head in HEADS] for row in records(chosen))]
        lines = ["| " + " | ".join(cells) + " |" for cells in (list(HEADS), *table)]
        parts += [f"## {title}", f"{summary}.", "\n".join(lines)]
        parts += [_section(list(group)) for group in _groups(chosen)]
    return "\n\n".join(parts) + "\n"


def web(frame: pd.DataFrame) -> str:
    """A table element, a row a claim and source, with the counts as its caption."""
    heads = ("claim", "quote", "where", "reading", "source", "verdict", "resolved", "numbers", "error")
    summary = [
        f"{SOURCES[source]}, {kind}: {counts(frame, kind, source)}"
        for kind, source in dict.fromkeys(zip(frame["kind"], frame["source"], strict=True))
    ]
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "\n".join(_web_row(row, heads) for row in records(frame))
    return (
        f'<table class="audit">\n<caption>{html.escape(". ".join(summary))}.</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n"
    )


def _web_row(row: dict[str, object], heads: tuple[str, ...]) -> str:
    first, *rest = heads
    name = str(row["verdict"]).replace(" ", "-")
    cells = "".join(f"<td>{html.escape(str(row[head]))}</td>" for head in rest)
    return f'<tr class="{name}"><th scope="row">{html.escape(str(row[first]))}</th>{cells}</tr>'


def _groups(frame: pd.DataFrame) -> list[list[dict[str, object]]]:
    """The rows of each claim, one for each source."""
    return [records(group) for _, group in frame.groupby("claim", sort=False)]


def _section(rows: list[dict[str, object]]) -> str:
    first = rows[0]
    quote = f"> {first['quote']} ({first['where']})\n\n" if first["quote"] else f"{first['where']}. "
    lines = [f"### {first['claim']}", f"{quote}Read as: {first['reading']}"]
    for row in rows:
        error = "" if row["error"] == "-" else f" Sampling error: {row['error']}."
        lines.append(f"{SOURCES[str(row['source'])]}: **{row['verdict']}**. {row['numbers']}.{error}")
    return "\n\n".join(lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")
