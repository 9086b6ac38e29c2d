"""More methods in the real verl: `make verl-long`. CI compares what they compute with verl's (test_conformance.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.runs import RunFolder
from tests.verl.test_real_verl import LINEAR, MINI_BATCHES, PROMPTS, SIBLINGS, entrocraft, finished, rows

pytestmark = [pytest.mark.needs("verl"), pytest.mark.timeout(1200)]


@pytest.mark.parametrize(("method", "settings"), [("grpo", []), ("band_switch", LINEAR)])
def test_all_rows_of_other_methods_are_updated_on_once_an_epoch(
    method: str, settings: list[str], tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path / "run")
    short = ["trainer.steps=2", "trainer.epochs=2", "validation.every=2", "loss.kl_coef=0"]
    finished(entrocraft(folder.path, f"method={method}", *settings, *short), folder.path, 0)
    records = {record["step"]: record["data"] for record in folder.metrics()}
    for step, row in rows(folder).items():
        assert all(row["keep"]) and len(row["updates"]) == 2 * MINI_BATCHES == records[step]["actor/updates"]
        for epoch in (row["updates"][:MINI_BATCHES], row["updates"][MINI_BATCHES:]):
            assert sorted(index for part in epoch for index in part) == list(range(PROMPTS * SIBLINGS))
        if method == "band_switch":
            # One-sided out of the band: the mean is that of max(r, 0), or of min(r, 0), over all rows.
            m, rewards = records[step]["control/m"], np.array(row["rewards"])
            sided = np.maximum(rewards, 0) if m > 0 else np.minimum(rewards, 0)
            assert m != 0 and np.sign(sided.mean()) == m
            assert records[step]["critic/advantages/max"] == sided.max()
            assert records[step]["critic/advantages/min"] == sided.min()
