"""The chaos runs in their short forms, on clusters of their own; the long ones: `make chaos`, `make chaos-search`."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.chaos.play import play
from tests.chaos.study import SEARCH_SHORT, SHORT


@pytest.mark.needs("slurm")
@pytest.mark.timeout(480)
@pytest.mark.parametrize("form", [SHORT, SEARCH_SHORT], ids=["list", "search"])
def test_a_struck_study_ends_as_one_that_was_left_alone(form):
    """CHAOS_SEED=N repeats the faults of a run that failed, as far as chance repeats itself; its folder is kept."""
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
    folder = Path(tempfile.mkdtemp(prefix="ec-chaos-"))  # a short path, for sockets
    said = []
    report = play(folder, form, seed, said.append)
    assert not report.problems, "\n".join([f"CHAOS_SEED={seed}, {folder}", *said, report.text()])
    shutil.rmtree(folder)
