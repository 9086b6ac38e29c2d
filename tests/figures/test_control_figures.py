"""The figures of the studies of control: what is drawn of which frame."""

import numpy as np
import pandas as pd
import pytest

from paper_figures import ablation, authority, style

EDGES = {"low": -0.012, "high": 0.03}


@pytest.fixture
def changes() -> pd.DataFrame:
    """Two clips at 4 and 16 updates, 1 update without a clip; and a closed-loop row, which is not to be drawn."""
    rows = [
        {"cell": (u, clip), "updates": u, "clip": clip, "clip_high": high, "lr": 1e-4, "m": m, "fixed": True}
        for u, clip, high in [(1, "none", 1e9), (4, "none", 1e9), (16, "none", 1e9), (4, "0.2", 0.2), (16, "0.2", 0.2)]
        for m in (-1, 0, 1)
    ]
    frame = pd.DataFrame([{**row, "change": -0.001 * row["m"] * row["updates"], **EDGES} for row in rows])
    return pd.concat([frame, frame.iloc[:1].assign(fixed=False, cell="loop", change=9.0)], ignore_index=True)


def test_authority_has_a_panel_for_each_clip_with_all_three_sides(changes: pd.DataFrame) -> None:
    with style.active():
        figure = authority.panels(authority.shown(changes))
    assert [ax.get_title() for ax in figure.axes] == ["clip 0.2, learning rate 0.0001", "no clip, learning rate 0.0001"]
    for ax in figure.axes:
        sides = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
        assert len(sides) == 3
        rising = next(line for label, line in sides.items() if "asked to rise" in label)
        assert list(rising.get_ydata()) == pytest.approx([0.001, 0.004, 0.016])  # 1 update stands in every panel


def test_settings_with_one_direction_are_not_shown(changes: pd.DataFrame) -> None:
    one = changes[changes["m"] == 1]
    assert not len(authority.shown(one))


@pytest.fixture
def combinations() -> pd.DataFrame:
    cells = [("base", "base", "kept", "gamma 10", "baseline"), ("raw", "raw", "all", "hard", "higher"),
             ("raw", "base", "kept", "hard", "not resolved")]  # fmt: skip
    names = ["advantage", "zero_variance", "denominator", "filter", "verdict"]
    rows = [
        {**dict(zip(names, cell, strict=True)), "label": str(cell), "metric": metric, "value": 0.3 + 0.1 * place}
        for metric in ("tracking error", "mean@32", "pass@32")
        for place, cell in enumerate(cells)
    ]
    return pd.DataFrame(rows).assign(low=0.2, high=np.nan)


def test_ablation_has_a_panel_for_each_metric_and_a_line_for_each_combination(combinations: pd.DataFrame) -> None:
    with style.active():
        figure = ablation.panels(combinations)
    assert [ax.get_xlabel() for ax in figure.axes] == ["tracking error (nats per token)", "mean@32", "pass@32"]
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == [
        "raw, out, kept, hard",
        "raw, in, all, hard (release)",
        "normalised, out, kept, \N{GREEK SMALL LETTER GAMMA} 10 (Algorithm 1)",
    ]
    marks = [line for line in figure.axes[1].lines if line.get_marker() in ("o", "s")]
    assert [mark.get_markerfacecolor() == "white" for mark in marks] == [True, False, False]
    assert [mark.get_marker() for mark in marks] == ["s", "s", "o"]
