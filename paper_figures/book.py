"""The paper's figures, tables and claims in one folder, with one page that shows them all without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from analysis import Runs, load_runs, write_sidecar
from analysis.paper import audit, load_paper, table, write_paper_tables
from analysis.paper.report import markdown
from analysis.paper.table4 import Configuration
from analysis.paper.tables import NUMBERS
from harness.runs.atomic import write_file
from paper_figures import style, web
from paper_figures.entries import Entry, entries
from paper_figures.make import save

FIGURES = "figures"


def write_book(
    runs_path: Path | str | None, out: Path | str, configurations: Mapping[str, Configuration]
) -> list[Path]:
    """Writes tables (TeX, Markdown, HTML, CSV), claims, figures (PNG, PDF, CSV, JSON), index.html; the paths.

    Figures are the paper's in its order, then ours beside them, then those of the runs. What no run has the data for
    is in the page with the study that makes the runs.

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
    shown = []
    for entry, files in write_figures(entries(runs, paper), runs, folder / FIGURES):
        shown.append(web.figure(entry, next((path for path in files if path.suffix == ".png"), None), FIGURES))
        written += files
    tables = [(number, table(number, runs, paper, configurations)) for number in NUMBERS]
    written.append(folder / "index.html")
    write_file(written[-1], web.page(shown, tables, frame, runs).encode())
    return written


def write_figures(figures: Iterable[Entry], runs: Runs | None, folder: Path) -> Iterable[tuple[Entry, list[Path]]]:
    """Draws each figure that has data into `folder`; the figure and its files (none, where it has no data)."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in figures:
        files: list[Path] = []
        if entry.draw is not None:
            with style.active():
                files = save(entry.draw(), folder / entry.name)
            files.append(folder / f"{entry.name}.csv")
            entry.frame.to_csv(files[-1], index=False)
            if runs is not None and entry.runs != ():
                files.append(write_sidecar(folder / f"{entry.name}.png", _of(runs, entry.runs)))
        yield entry, files


def _of(runs: Runs, names: Sequence[str] | None) -> Runs:
    """The runs of a figure, for its sidecar."""
    return runs if names is None else replace(runs, runs=runs.runs[runs.runs["run"].isin(names)])
