"""The paper's tables, figures and sentences: its numbers as data, tables and figures regenerated, claims audited.

`load_paper` has the numbers, `table` a table as it is shown, `paper_figure` what `paper_figures.draw` draws,
`figure_frame` the same as a frame, `audit` the claims. See docs/claims.md and docs/figures.md.
"""

from analysis.paper.audit import audit
from analysis.paper.cells import Cell
from analysis.paper.figures import FIGURES, PANELS
from analysis.paper.findings import Verdict
from analysis.paper.numbers import Paper, load_paper, paper_table
from analysis.paper.recipes import TABLES
from analysis.paper.sheet import figure_frame, paper_figure
from analysis.paper.tables import table, table_frame, write_paper_tables

__all__ = [
    "FIGURES",
    "PANELS",
    "TABLES",
    "Cell",
    "Paper",
    "Verdict",
    "audit",
    "figure_frame",
    "load_paper",
    "paper_figure",
    "paper_table",
    "table",
    "table_frame",
    "write_paper_tables",
]
