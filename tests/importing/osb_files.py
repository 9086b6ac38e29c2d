"""Measurements of the output-space baseline in the authors' schema, with made-up numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np

SUMS = ("log_likelihood", "log_osb")


def write_osb(
    folder: Path, steps: tuple[int, ...] = (0, 5, 10), responses: int = 4, empty_at: int | None = None
) -> Path:
    """One file a step (0: base.json); with `empty_at`, the first response of that step has 0 tokens."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(3)
    for step in steps:
        label = f"global_step_{step}" if step else "base"
        lengths = rng.integers(5, 900, responses)
        if step == empty_at:
            lengths[0] = 0
        sums = {name: -rng.uniform(0.01, 0.1, responses) * lengths for name in SUMS}
        (folder / f"{label}.json").write_text(json.dumps(content(label, lengths, sums)))
    return folder


def content(label: str, lengths: np.ndarray, sums: dict[str, np.ndarray]) -> dict[str, Any]:
    samples = [
        {name: float(values[i]) for name, values in sums.items()}
        | {"response_length": int(lengths[i]), "generated_response": "x" * int(lengths[i]), "ground_truth": "6"}
        for i in range(len(lengths))
    ]
    means = {f"mean_{name}": float(values.mean()) for name, values in sums.items()}
    ratios = {f"mean_{name}_per_token": float(values.sum() / lengths.sum()) for name, values in sums.items()}
    test = {
        "num_samples": len(lengths),
        "num_valid": len(lengths),
        "mean_response_length": float(lengths.mean()),
        **means,
        **ratios,
        "per_sample": samples,
    }
    return {"label": label, "checkpoint": None, "datasets": {"test": test}}
