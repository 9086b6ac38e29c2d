"""What a run is called: its method, its schedule in words, and one label for each configuration.

A configuration is everything in the resolved configuration that can change the outcome, without the seed.
Runs of one configuration that differ in their seed are repetitions of one another; nothing else is averaged
over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.frames import columns

NOT_A_SETTING = ("seed", "run", "wandb", "checkpoint")
"""Groups of the configuration that do not change what is trained."""


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mapping -> {"method.gamma": 10, ...}; lists become text, so that values compare and hash."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = str(value) if isinstance(value, (list, tuple)) else value
    return flat


def schedule_family(schedule: Mapping[str, Any] | None) -> str | None:
    """Family of the curve, or of both bounds joined by "/" when they differ; None without a schedule."""
    if schedule is None:
        return None
    return "/".join(dict.fromkeys(curve["family"] for curve in _curves(schedule)))


def schedule_text(schedule: Mapping[str, Any] | None) -> str | None:
    """A schedule in words, nats per token: "linear 0.5→0.2", "... ±0.05", "linear [0.6→0.4, 0.7→0.5]"."""
    if schedule is None:
        return None
    ends = [_ends(curve) for curve in _curves(schedule)]
    if len(ends) == 2:
        return f"{schedule_family(schedule)} [{ends[0]}, {ends[1]}]"
    width = schedule["width"]
    return f"{schedule_family(schedule)} {ends[0]}" + (f" ±{width / 2:g}" if width else "")


def label(title: str, config: Mapping[str, Any], schedule: Mapping[str, Any] | None) -> str:
    """Label of a run before differences in other settings are told: title, base, schedule, gamma."""
    method = config["method"]
    base = method.get("base", "grpo")
    parts = [title if base == "grpo" else f"{title} on {base.upper()}", schedule_text(schedule)]
    gamma = f", {gamma_words(method['gamma'])}" if method.get("gamma") is not None else ""
    return " ".join(part for part in parts if part) + gamma


def distinct_labels(labels: pd.Series, settings: pd.DataFrame) -> pd.Series:
    """Labels that tell configurations apart: where two share one, the settings that differ are appended.

    Args:
        labels: (R,) plain label of each run.
        settings: (R, keys) flat configuration without NOT_A_SETTING and without seeds.
    """
    texts = settings.map(lambda value: "none" if _missing(value) else str(value))
    result = list(labels)
    for places in texts.groupby(labels.to_numpy()).indices.values():
        group = texts.iloc[places]
        keys = _telling(group)
        for place in places if keys else ():
            told = (f"{_shortest(key, texts.columns)}={texts[key].iloc[place]}" for key in keys)
            result[place] += f" ({', '.join(told)})"
    return pd.Series(result, index=labels.index)


def _shortest(key: str, keys: pd.Index) -> str:
    """The last part of a dotted key where no other key ends in it: labels stand on axes."""
    last = key.rsplit(".", 1)[-1]
    return last if sum(other.rsplit(".", 1)[-1] == last for other in keys) == 1 else key


def settings_of(configs: list[dict[str, Any]], seeds: list[int]) -> pd.DataFrame:
    """(R, keys) flat settings that define a configuration.

    A key named `seed` that equals the run's own seed in every run follows it and is no setting either.
    """
    kept = [{key: value for key, value in flat.items() if key.split(".")[0] not in NOT_A_SETTING} for flat in configs]
    frame = pd.DataFrame(kept, dtype=object)
    follows = [key for key in columns(frame) if key.split(".")[-1] == "seed" and list(frame[key]) == list(seeds)]
    return frame.drop(columns=follows)


def _curves(schedule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [schedule["curve"]] if schedule["form"] == "target" else [schedule["low"], schedule["high"]]


def _ends(curve: Mapping[str, Any]) -> str:
    """Parameters of a curve in their order: "0.5→0.2" for start and end, "0.5" for a constant."""
    return "→".join(f"{value:g}" for key, value in curve.items() if key != "family")


def _telling(group: pd.DataFrame) -> list[str]:
    """The first keys that together tell the rows of a group apart as finely as all keys do."""
    keys: list[str] = []
    for key in columns(group):
        if len(group[[*keys, key]].drop_duplicates()) > (len(group[keys].drop_duplicates()) if keys else 1):
            keys.append(key)
    return keys


def gamma_words(gamma: float | str) -> str:
    """The Greek letter with its value, which is the sign of infinity for the hard filter."""
    return f"\N{GREEK SMALL LETTER GAMMA}={gamma_text(gamma)}"


def gamma_text(gamma: float | str) -> str:
    return "∞" if float(gamma) == float("inf") else f"{float(gamma):g}"


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)
