"""Do the tables agree with one another, and with what a benchmark of so many problems can give?"""

from __future__ import annotations

from analysis.paper.cells import MEAN, PASS, Cell
from analysis.paper.claims import CONSISTENCY, Claim
from analysis.paper.consistency import Attainable, AveragesAgree, Ordered, Repeatable, SameCells
from analysis.paper.contrasts import LONG, STAGES, stage
from analysis.paper.recipes import TABLES
from analysis.paper.rules import Rule


def _check(name: str, where: str, reading: str, rule: Rule) -> Claim:
    return Claim(name, "", where, reading, rule, kind=CONSISTENCY)


CHECKS = (
    *(
        _check(
            f"averages-{table}",
            f"Table {table}",
            "Each printed average is the mean of its three cells, as far as the rounding of all four allows.",
            AveragesAgree(table),
        )
        for table in (2, 6, 7, 8)
    ),
    _check(
        "aime-25-twice",
        "Tables 2 and 5",
        "The columns of AIME-25 are the same in both.",
        SameCells(2, 5, (f"AIME-25 {MEAN}", f"AIME-25 {PASS}")),
    ),
    *(
        _check(
            f"attainable-{table}",
            f"Table {table}",
            "Each pass@32 is a share that so many problems can give, rounded to one decimal.",
            Attainable(table),
        )
        for table in (2, 5, 6, 7, 8)
    ),
    *(
        _check(
            f"ordered-{table}", f"Table {table}", "pass@32 is at least mean@32 of the same benchmark.", Ordered(table)
        )
        for table in (2, 5, 6, 7, 8)
    ),
    _check(
        "same-setting-twice",
        "Table 2; Table 3 at 100K",
        "Both are after 100K prompts with the same method and model: within 1.96 standard errors of the answers.",
        Repeatable(
            tuple(
                (Cell(2, row, f"{title} {MEAN}"), stage(row, title, STAGES[0]))
                for row in TABLES[3].rows
                for title in LONG
            )
        ),
    ),
)
