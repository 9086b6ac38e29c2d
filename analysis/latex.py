"""Text and tables as LaTeX that compiles with the base packages alone (pdflatex, UTF-8 input)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.frames import columns

SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "γ": r"$\gamma$", "λ": r"$\lambda$", "→": r"$\to$", "±": r"$\pm$", "×": r"$\times$", "∞": r"$\infty$",  # noqa: RUF001
    "−": "$-$",  # noqa: RUF001
}  # fmt: skip
LAST_LATIN = "\u017f"


def escape(text: str) -> str:
    """`text` as LaTeX; a character that the base fonts lack is written as its code point, never dropped."""
    return "".join(SPECIAL.get(c, c if c <= LAST_LATIN else f"[U+{ord(c):04X}]") for c in text)


def small(tabular: str) -> str:
    """A paragraph of its own in the smallest readable size, its columns near to one another."""
    return f"{{\\scriptsize\\setlength{{\\tabcolsep}}{{3pt}}\\noindent\n{tabular}\\par}}\\smallskip\n"


def tabular(cells: pd.DataFrame) -> str:
    """A tabular environment of text cells, flush left."""
    alignment = "l" * cells.shape[1]
    rows = [_row(row) for row in cells.to_numpy().tolist()]
    head = " & ".join(escape(name) for name in columns(cells)) + r" \\ \hline"
    lines = [
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\hline",
        head,
        *rows,
        r"\hline",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _row(row: Sequence[str]) -> str:
    text = " & ".join(escape(cell) for cell in row) + r" \\"
    # the \\ of the row above would take these for its argument
    return "{}" + text if text.startswith(("[", "*")) else text
