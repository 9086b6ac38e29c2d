"""Table 4: the settings of the paper beside those of resolved configurations, which the caller hands over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.paper.grid import Entry, Grid
from analysis.paper.numbers import Paper, load_paper
from harness.errors import AnalysisError

Configuration = Mapping[str, Any]
"""A resolved configuration of a run as a plain dictionary."""


@dataclass(frozen=True)
class Setting:
    """A row. `keys`: where the value stands here; `value`: what the paper's number means; `read`: the same of ours."""

    keys: str
    value: tuple[float, ...]
    read: Callable[[Configuration], tuple[float, ...]]


SETTINGS = {
    "train_batch_size": Setting("trainer.prompts_per_step", (1024,), lambda c: (c["trainer"]["prompts_per_step"],)),
    "ppo_mini_batch_size": Setting(
        "trainer.prompts_per_step / trainer.mini_batches",
        (8 * 32,),
        lambda c: (c["trainer"]["prompts_per_step"] / c["trainer"]["mini_batches"],),
    ),
    "max_context_length": Setting(
        "platform.max_prompt_tokens + trainer.max_new_tokens",
        (1024, 3072),
        lambda c: (c["platform"]["max_prompt_tokens"], c["trainer"]["max_new_tokens"]),
    ),
    "rollout.n": Setting("trainer.rollouts_per_prompt", (8,), lambda c: (c["trainer"]["rollouts_per_prompt"],)),
    "optim.lr": Setting("trainer.lr", (1e-6,), lambda c: (c["trainer"]["lr"],)),
    "kl_loss_coef": Setting("loss.kl_coef", (1e-3,), lambda c: (c["loss"]["kl_coef"],)),
    "val_kwargs.n": Setting("validation.samples", (32,), lambda c: (c["validation"]["samples"],)),
    "val_kwargs.temperature": Setting("validation.temperature", (0.6,), lambda c: (c["validation"]["temperature"],)),
}


def fill_table4(configurations: Mapping[str, Configuration]) -> pd.DataFrame:
    """row, keys, paper, ours, unlike: the configurations (by name) whose setting is not the paper's, in words.

    Raises: AnalysisError for a configuration without one of the settings.
    """
    rows = []
    for name, setting in SETTINGS.items():
        found = {title: _read(title, config, setting) for title, config in configurations.items()}
        most = max(set(found.values()), key=list(found.values()).count) if found else None
        unlike = [f"{title}: {_text(value)}" for title, value in found.items() if value != setting.value]
        rows.append(
            {
                "row": name,
                "keys": setting.keys,
                "paper": _text(setting.value),
                "ours": "-" if most is None else _text(most),
                "unlike": "; ".join(unlike),
            }
        )
    return pd.DataFrame(rows, columns=["row", "keys", "paper", "ours", "unlike"])


def table4(configurations: Mapping[str, Configuration], paper: Paper | None = None) -> Grid:
    """Table 4 as it is shown; `ours` is the value of most of the configurations, and the notes name the others."""
    frame = fill_table4(configurations)
    entries = (paper or load_paper()).table(4)
    printed = dict(zip(entries["row"], entries["value"], strict=True))
    rows = tuple(
        (Entry(row["row"]), Entry(printed[row["row"]]), Entry(row["ours"]), Entry(row["keys"]))
        for _, row in frame.iterrows()
    )
    notes = [f"Ours: {len(configurations)} configurations; the value of most of them."]
    unlike = [f"{row['row']}: {row['unlike']}" for _, row in frame.iterrows() if row["unlike"]]
    notes.append(f"Unlike the paper: {' | '.join(unlike)}." if unlike else "All of them are as in the paper.")
    heads = (("", "Hyperparameter"), ("", "Paper"), ("", "Ours"), ("", "Where"))
    return Grid("Table 4: hyperparameters", heads, rows, tuple(notes))


def _read(title: str, config: Configuration, setting: Setting) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in setting.read(config))
    except (KeyError, TypeError) as error:
        raise AnalysisError(
            f"a configuration for Table 4 has {setting.keys}", f"{title} without {error}", "Resolve it first."
        ) from error


def _text(values: tuple[float, ...]) -> str:
    return " + ".join(f"{value:g}" for value in values)
