"""The paper's figures, tables and claims in one folder, with one page that shows them all without a network."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from pathlib import Path

from analysis import load_runs
from analysis.paper import audit, load_paper, table, write_paper_tables
from analysis.paper.grid import web
from analysis.paper.report import markdown
from analysis.paper.report import web as claims_page
from analysis.paper.table4 import Configuration
from analysis.paper.tables import NUMBERS
from analysis.runs import Runs
from harness.runs.atomic import write_file
from paper_figures.make import make_figures

STYLE = """
body { font-family: sans-serif; max-width: 72em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; font-size: 0.9em; }
th, td { border: 1px solid #bbb; padding: 0.25em 0.5em; vertical-align: top; text-align: left; }
img { max-width: 100%; } caption { text-align: left; padding-bottom: 0.5em; }
"""


def write_book(
    runs_path: Path | str | None, out: Path | str, configurations: Mapping[str, Configuration]
) -> list[Path]:
    """Writes tables (TeX, Markdown, HTML, CSV), claims, figures and index.html to `out`; the paths.

    Args:
        runs_path: a run, a study or a folder above runs; None for the paper's own numbers alone.
        configurations: the resolved ones of the experiments, by name.

    Raises:
        RunFolderError: no run folder at or below `runs_path`.
    """
    folder, paper = Path(out), load_paper()
    runs = load_runs(runs_path) if runs_path is not None else None
    written = write_paper_tables(folder / "tables", runs, paper, configurations)
    frame = audit(paper, runs)
    written += [folder / "claims.md", folder / "claims.csv"]
    write_file(folder / "claims.md", markdown(frame).encode())
    write_file(folder / "claims.csv", frame.to_csv(index=False).encode())
    figures = make_figures(runs_path, folder / "figures") if runs_path is not None else []
    tables = [web(table(number, runs, paper, configurations)) for number in NUMBERS]
    written += [*figures, folder / "index.html"]
    page = _page(tables, claims_page(frame), [path for path in figures if path.suffix == ".png"], runs)
    write_file(folder / "index.html", page.encode())
    return written


def _page(tables: list[str], claims: str, figures: list[Path], runs: Runs | None) -> str:
    parts = ["<h1>The paper from its runs</h1>", f"<p>{_about(runs)}</p>"]
    if figures:
        parts += ["<h2>Figures</h2>", *map(_figure, figures)]
    parts += ["<h2>Tables</h2>", *tables, "<h2>Claims</h2>", claims]
    body = "\n".join(parts)
    head = f'<meta charset="utf-8"><title>The paper from its runs</title><style>{STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'


def _about(runs: Runs | None) -> str:
    if runs is None:
        return "No runs were given: all numbers are the paper's own (&dagger;)."
    left_out = "".join(
        f"<br>left out: {html.escape(str(each.run))}: {html.escape(str(each.reason))}"
        for each in runs.excluded.itertuples()
    )
    return f"From {len(runs.runs)} runs; numbers with &dagger; are the paper's own.{left_out}"


def _figure(path: Path) -> str:
    """The picture in the page itself, with its name as alternative text and its data beside it."""
    name = path.stem.replace("_", " ")
    data = base64.b64encode(path.read_bytes()).decode()
    source = f'<a href="figures/{path.stem}.csv">data</a>'
    return (
        f'<figure><img alt="{html.escape(name)}: the numbers are in the data linked below" '
        f'src="data:image/png;base64,{data}"><figcaption>{html.escape(name)} ({source})</figcaption></figure>'
    )
