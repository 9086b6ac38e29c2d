"""The paper's tables and sentences: its numbers as data, its tables regenerated, its claims audited.

`load_paper` has the numbers, `table` a table as it is shown, `audit` the claims. See docs/claims.md.
"""

from analysis.paper.audit import audit
from analysis.paper.cells import Cell
from analysis.paper.findings import Verdict
from analysis.paper.numbers import Paper, load_paper, paper_table
from analysis.paper.recipes import TABLES
from analysis.paper.tables import table, table_frame, write_paper_tables

__all__ = [
    "TABLES",
    "Cell",
    "Paper",
    "Verdict",
    "audit",
    "load_paper",
    "paper_table",
    "table",
    "table_frame",
    "write_paper_tables",
]
