"""Which runs stand for a row of the paper: an experiment's name, and the settings that tell it from the others.

The settings are written out because the analysis does not read configuration files; a test holds them against every
shipped experiment, so that each selects its own and no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from analysis.runs import Runs

QWEN_4B, QWEN_8B, QWEN_14B = (f"Qwen/Qwen3-{size}-Base" for size in ("4B", "8B", "14B"))
LLAMA_8B = "meta-llama/Llama-3.1-8B-Instruct"
SUBSET, FULL = "numina-100k", "numina-full"


@dataclass(frozen=True)
class Which:
    """Runs of one experiment.

    settings: dotted keys of the resolved configuration and their values. newer: the same of options that came later;
    a run from before does not have the key, and fits.
    """

    experiment: str
    settings: Mapping[str, Any]
    newer: Mapping[str, Any] = field(default_factory=dict)

    def of(self, runs: Runs) -> pd.DataFrame:
        """Rows of `runs.runs` with these settings, whatever their other settings and seeds; a run that was left
        out when it was read is not among them."""
        frame = runs.runs
        fitting = pd.Series(True, index=frame.index)
        for key, value in self.settings.items():
            name = f"config.{key}"
            fitting &= frame[name].map(lambda found, value=value: _equal(found, value)) if name in frame else False
        for key, value in self.newer.items():
            name = f"config.{key}"
            if name in frame:
                fitting &= frame[name].isna() | frame[name].map(lambda found, value=value: _equal(found, value))
        return frame[fitting]


def _equal(found: Any, wanted: Any) -> bool:
    """Numbers may have come back from JSON as text ("inf") or as another type."""
    if isinstance(wanted, (int, float)):
        try:
            return float(found) == float(wanted)
        except (TypeError, ValueError):
            return False
    return bool(found == wanted)


def _which(name: str, method: str, model: str, data: str, **options: Any) -> Which:
    """Options of the method by their names; those of the schedule as `schedule_low_start` and the like."""
    settings = {"method.name": method, "model.path": model, "data.name": data}
    for option, value in options.items():
        key = option.replace("_", ".") if option.startswith("schedule_") else f"method.{option}"
        settings[key] = value
    return Which(f"paper/{name}", settings)


def _linear(low: float, end: float) -> dict[str, Any]:
    return {"schedule_family": "linear", "schedule_low_start": low, "schedule_low_end": end}


def _cosine(low: float, end: float) -> dict[str, Any]:
    return {"schedule_family": "cosine", "schedule_low_start": low, "schedule_low_end": end}


def _entrocraft(name: str, model: str, data: str, base: str = "grpo", **schedule: Any) -> Which:
    algorithm_1 = {"method.advantage": "base", "method.zero_variance": "base", "method.denominator": "kept"}
    return replace(_which(name, "entrocraft", model, data, base=base, gamma=10.0, **schedule), newer=algorithm_1)


SHORT = {
    "GRPO": _which("grpo_4b", "grpo", QWEN_4B, SUBSET),
    "GRPO + Entropy Loss": _which(
        "grpo_entropy_loss_4b", "entropy_loss", QWEN_4B, SUBSET, base="grpo", coefficient=0.003
    ),
    "GRPO + Clip-Higher": _which("grpo_clip_higher_4b", "clip_higher", QWEN_4B, SUBSET, base="grpo"),
    "GRPO + Clip-Cov": _which("grpo_clip_cov_4b", "clip_cov", QWEN_4B, SUBSET, base="grpo"),
    "GRPO + Entrocraft": _entrocraft("grpo_entrocraft_linear_4b", QWEN_4B, SUBSET, **_linear(0.6, 0.4)),
    "GSPO": _which("gspo_4b", "gspo", QWEN_4B, SUBSET),
    "GSPO + Entropy Loss": _which("gspo_entropy_loss_4b", "entropy_loss", QWEN_4B, SUBSET, base="gspo"),
    "GSPO + Clip-Higher": _which("gspo_clip_higher_4b", "clip_higher", QWEN_4B, SUBSET, base="gspo"),
    "GSPO + Clip-Cov": _which("gspo_clip_cov_4b", "clip_cov", QWEN_4B, SUBSET, base="gspo"),
    "GSPO + Entrocraft": _entrocraft("gspo_entrocraft_linear_4b", QWEN_4B, SUBSET, "gspo", **_linear(0.6, 0.2)),
    "W-Reinforce": _which("w_reinforce_4b", "w_reinforce", QWEN_4B, SUBSET),
    "EntroPIC": _which("entropic_4b", "entropic", QWEN_4B, SUBSET),
}
"""Rows of Tables 2 and 5: the subset of 100K prompts."""

LONG = {
    "GRPO": _which("grpo_4b_full", "grpo", QWEN_4B, FULL),
    "GRPO + Clip-Higher": _which("grpo_clip_higher_4b_full", "clip_higher", QWEN_4B, FULL, base="grpo"),
    "GRPO + Clip-Cov": _which("grpo_clip_cov_4b_full", "clip_cov", QWEN_4B, FULL, base="grpo"),
    "GRPO + Entrocraft": _entrocraft("grpo_entrocraft_linear_4b_full", QWEN_4B, FULL, **_linear(0.6, 0.1)),
}
"""Rows of Table 3: all of the training data."""

FAMILIES = {
    "Fixed target": _entrocraft(
        "grpo_entrocraft_constant_4b_full", QWEN_4B, FULL, schedule_family="constant", schedule_start=0.5
    ),
    "Linear": LONG["GRPO + Entrocraft"],
    "Cosine": _entrocraft("grpo_entrocraft_cosine_4b_full", QWEN_4B, FULL, **_cosine(0.6, 0.1)),
}
"""Curves of Fig. 4."""

HIGH = {
    "Band .6 to .7": _entrocraft(
        "grpo_entrocraft_constant_high_4b_full", QWEN_4B, FULL, schedule_family="constant", schedule_low_start=0.6
    ),
    "Target .8": _entrocraft(
        "grpo_entrocraft_constant_08_4b_full", QWEN_4B, FULL, schedule_family="constant", schedule_start=0.8
    ),
}
"""Constant targets of Fig. 6 and 7."""

SIGNS = {
    "RAFT++": _which("raftpp_4b_full", "raftpp", QWEN_4B, FULL),
    "NSR": _which("nsr_4b_full", "nsr", QWEN_4B, FULL),
}
"""Positive and negative advantages alone (Fig. 2)."""

LLAMA = {
    "GRPO": _which("grpo_llama_8b_full", "grpo", LLAMA_8B, FULL),
    "GRPO + Entrocraft": _entrocraft("grpo_entrocraft_cosine_llama_8b_full", LLAMA_8B, FULL, **_cosine(0.9, 0.1)),
}
EIGHT_B = {
    "GRPO": _which("grpo_8b", "grpo", QWEN_8B, SUBSET),
    "GRPO + Entrocraft": _entrocraft("grpo_entrocraft_linear_8b", QWEN_8B, SUBSET, **_linear(0.6, 0.4)),
}
FOURTEEN_B = {
    "GRPO": _which("grpo_14b_full", "grpo", QWEN_14B, FULL),
    "GRPO + Entrocraft": _entrocraft("grpo_entrocraft_cosine_14b_full", QWEN_14B, FULL, **_cosine(0.4, 0.1)),
}
"""Rows of Tables 6, 7 and 8."""
