"""Tables 2, 3 and 5 to 8 of the paper, each declared in one place: its rows, the runs of a row, its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.paper import which
from analysis.paper.cells import AVERAGE, MEAN, PASS, Column
from analysis.paper.which import Which

SIZES = ("100K", "200K", "300K", "400K")


@dataclass(frozen=True)
class Recipe:
    """A table of scores.

    number: in the paper. title: what it shows. study: whose runs fill it. rows: title -> runs. columns: in order; each
    is a percentage, with `decimals` places when shown. second: the second best is underlined, too.
    """

    number: int
    title: str
    study: str
    rows: Mapping[str, Which]
    columns: tuple[Column, ...]
    second: bool = False
    decimals: int = 1

    @property
    def averaged(self) -> Mapping[Column, tuple[Column, ...]]:
        """The columns that an average is over, in the same metric and of the same number of training prompts."""
        return {
            column: tuple(
                other
                for other in self.columns
                if not other.average and (other.metric, other.train_samples) == (column.metric, column.train_samples)
            )
            for column in self.columns
            if column.average
        }


def _columns(titles: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(f"{title} {metric}") for title in titles for metric in (MEAN, PASS))


_OTHER_MODELS = _columns(("MATH-500", "AMC-23", "AIME-25", AVERAGE))
_STAGES = tuple(Column(f"{title} {MEAN} at {size}") for title in ("MATH-500", "AIME-25") for size in SIZES)

TABLES = {
    each.number: each
    for each in (
        Recipe(2, "Mathematics benchmarks", "paper_table2", which.SHORT, _OTHER_MODELS, second=True),
        Recipe(3, "Long training, by training prompts", "paper_table3", which.LONG, _STAGES),
        Recipe(
            *(5, "All AIME benchmarks", "paper_table2", which.SHORT, _columns(("AIME-24", "AIME-25", "AIME-26"))),
            second=True,
        ),
        Recipe(6, "Another family of models", "paper_table6", which.LLAMA, _OTHER_MODELS),
        Recipe(7, "A larger model", "paper_table7", which.EIGHT_B, _OTHER_MODELS),
        Recipe(8, "A larger model", "paper_table8", which.FOURTEEN_B, _OTHER_MODELS),
    )
}
"""By number, in the paper's order."""
