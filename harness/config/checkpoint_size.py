"""What a run's checkpoints take on disk at most, where the size of its model is known."""

from __future__ import annotations

from pathlib import PurePath

PARAMETERS = {
    "tiny": 149_408,
    "Qwen/Qwen3-4B-Base": 4_022_468_096,
    "Qwen/Qwen3-8B-Base": 8_190_735_360,
    "Qwen/Qwen3-14B-Base": 14_768_307_200,
    "meta-llama/Llama-3.1-8B-Instruct": 8_030_261_248,
}
"""Parameters of the shipped model and of those of the paper, tied ones once."""
BYTES_PER_PARAMETER = 4 + 2 * 4
"""Of a checkpoint of either backend: weights and AdamW's two moments, all of them float32."""
GIGABYTE = 10**9


def checkpoint_gb(model: str, steps: int, every: int, keep: int) -> float | None:
    """Of the checkpoints on disk at once, 10^9 bytes; None for a model of unknown size.

    A model is known by its name: "tiny", the hub's id, or a folder that ends in the id. For a moment there is one
    more than is kept, because a checkpoint is removed only once the next is whole.
    """
    parameters = PARAMETERS.get(model) or PARAMETERS.get("/".join(PurePath(model).parts[-2:]))
    if parameters is None:
        return None
    written = -(-steps // every)  # the one after the last step included
    return min(keep + 1, written) * parameters * BYTES_PER_PARAMETER / GIGABYTE
