"""Figures from analysis frames. The one importer of matplotlib (Agg, no pyplot state).

`figure("4", runs)` draws a figure of the paper, `panel("4b", runs)` one of its panels into axes,
`our_figure("cost", runs)` one of ours, `draw(sheet)` whatever was made of `analysis.sheets`. See docs/figures.md.
"""

from paper_figures.notebook import figure, our_figure, panel
from paper_figures.sheet import draw

__all__ = ["draw", "figure", "our_figure", "panel"]
