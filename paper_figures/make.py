"""All figures of a study: PNG, PDF, the frame that was drawn (CSV) and a sidecar each."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from analysis import (
    Runs,
    backend_curves,
    backend_differences,
    entropy_curves,
    load_runs,
    pass_at_k_curves,
    reward_curves,
    tracking_summary,
    validation_curves,
    write_sidecar,
)
from paper_figures import (
    ablation,
    authority,
    backends,
    captions,
    entropy,
    panels,
    pass_at_k,
    reward,
    style,
    tracking,
    validation,
)

REFERENCE = "grpo"
"""The method drawn into every panel of a small multiple, where it has one configuration."""

Drawing = Callable[[], Figure]
LABEL = ("label",)


TRACKING = "tracking"


class Planned(NamedTuple):
    """A figure before it is drawn: its file name, the frame it shows, and the function that draws it.

    title, series, x, y: what it shows, the columns that name a line, and the columns that are drawn (x "": none), for
    the words that stand for the picture.
    """

    name: str
    frame: pd.DataFrame
    draw: Drawing
    title: str = ""
    series: tuple[str, ...] = LABEL
    x: str = ""
    y: str = ""


def make_figures(runs_path: Path | str, out_dir: Path | str) -> list[Path]:
    """Draws every figure that the runs below `runs_path` have data for; the PNG, PDF, CSV and JSON files written.

    Raises:
        RunFolderError: no run folder at or below `runs_path`.
    """
    runs, out = load_runs(runs_path), Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for figure in planned(runs):
        with style.active():
            written += save(figure.draw(), out / figure.name)
        written.append(out / f"{figure.name}.csv")
        figure.frame.to_csv(written[-1], index=False)
        written.append(write_sidecar(out / f"{figure.name}.png", runs))
    return written


def planned(runs: Runs) -> Iterator[Planned]:
    """Every figure that has data; to be drawn inside `style.active()`."""
    yield from _of_steps(runs)
    if runs.sources:
        yield from _of_samples(runs)
    for module in (authority, ablation):
        yield from (Planned(*figure) for figure in module.planned(runs))
    errors = tracking_summary(runs)
    if len(errors):
        draw = partial(_tracking, errors, runs)
        yield Planned(TRACKING, errors, draw, "Tracking error by method", LABEL, "", "tracking_error")


def save(drawn: Figure, path: Path) -> list[Path]:
    """Writes PATH.png and PATH.pdf; the PDF carries no date, so that equal figures are equal files."""
    files = [path.with_name(f"{path.name}.{suffix}") for suffix in ("png", "pdf")]
    drawn.savefig(files[0])
    drawn.set_layout_engine("none")  # the layout is found once, and is the same in both
    drawn.savefig(files[1], metadata={"CreationDate": None})
    return files


def _of_steps(runs: Runs) -> Iterator[Planned]:
    counts = runs.runs.groupby("label")["seed"].nunique()
    curves = _measured(entropy_curves(runs), "entropy")
    if len(curves):
        lines = "line: one run" if counts.max() == 1 else "thin: one seed; thick: their mean"
        target = "dotted: target" if curves["target"].notna().any() else ""
        band = "grey: band" if (curves["high"] > curves["low"]).any() else ""
        note = captions.note(runs, lines, target, band, captions.seeds(counts))
        draw: Drawing = partial(panels.multiples, entropy.draw, curves, entropy.X, entropy.Y, note)
        yield Planned("entropy", curves, draw, "Entropy", LABEL, "step", "entropy")
    pairs = backend_curves(runs)
    if len(pairs):
        draw = partial(_backends, pairs, runs)
        yield Planned(
            "backends", pairs, draw, "One configuration on two backends", ("pair", "backend"), "step", "entropy"
        )
    rewards = _measured(reward_curves(runs), "reward")
    if len(rewards):
        width = reward.window(rewards)
        smoothed = f"mean of seeds over {width} steps; pale: each step" if width > 1 else ""
        note = captions.note(runs, smoothed, captions.seeds(counts))
        draw = _together(reward.draw, rewards, reward.X, reward.Y, note, runs)
        yield Planned("reward", rewards, draw, "Training reward", LABEL, "step", "reward")


def _of_samples(runs: Runs) -> Iterator[Planned]:
    """The figures of each benchmark; its name is part of theirs where there are several."""
    for source in runs.sources:
        suffix = f"_{source}" if len(runs.sources) > 1 else ""
        curve = pass_at_k_curves(runs, source=source)
        note = captions.note(runs, f"{source}, last validated step", captions.samples(curve))
        draw = _together(pass_at_k.draw, curve, pass_at_k.X, pass_at_k.Y, note, runs)
        yield Planned(f"pass_at_k{suffix}", curve, draw, f"pass@k on {source}", LABEL, "k", "value")
        progress = validation_curves(runs, ("mean@n", "pass@K"), source=source)
        if progress["step"].nunique() < 2:
            continue
        note = captions.note(runs, source, captions.samples(progress))
        for metric, name in (("mean@n", "accuracy"), ("pass@K", "pass_at_n")):
            y = f"{metric[:5]}{captions.span(progress['n'])}"
            frame = progress[progress["metric"] == metric]
            draw = _together(validation.draw, frame, validation.X, y, note, runs)
            title = f"{y} on {source} over training"
            yield Planned(f"{name}_over_training{suffix}", frame, draw, title, LABEL, "step", "value")


def _together(draw: panels.Draw, frame: pd.DataFrame, x: str, y: str, note: str, runs: Runs) -> Drawing:
    labels = runs.runs.loc[runs.runs["method"] == REFERENCE, "label"].unique()
    return partial(panels.together, draw, frame, x, y, note, str(labels[0]) if len(labels) == 1 else None)


def _backends(curves: pd.DataFrame, runs: Runs) -> Figure:
    differences = backend_differences(curves)
    drawn, axes = style.figure(style.PAGE_INCHES, 2.6, 1, len(differences))
    for ax, (_, row) in zip(axes, differences.iterrows(), strict=True):
        backends.draw(ax, curves[curves["pair"] == row["pair"]])
        ax.set_title(f"{row['pair']}\n{textwrap.fill(backends.sentence(row), 120 // len(differences))}")
        ax.set_xlabel(backends.X)
    axes[0].set_ylabel(backends.Y)
    drawn.legend(*axes[-1].get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return panels.noted(
        drawn, captions.note(runs, "thin: one seed; thick: their mean", captions.seeds(differences["seeds"]))
    )


def _tracking(errors: pd.DataFrame, runs: Runs) -> Figure:
    drawn, (ax,) = style.figure(style.PAGE_INCHES * 0.75, tracking.height(errors))
    tracking.draw(ax, errors)
    ax.set_xlabel(tracking.X)
    marks = "large: mean; open: one seed; bar: 95 % t interval over seeds" if errors["seeds"].max() > 1 else ""
    return panels.noted(drawn, captions.note(runs, marks, captions.seeds(errors["seeds"])))


def _measured(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The configurations that have at least one value in the column."""
    return frame[frame.groupby("label")[column].transform("count") > 0]
