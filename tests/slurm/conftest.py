"""The clusters that these tests speak to."""

from tests.conftest import FEATURES
from tests.fake_slurm.fixture import fake_slurm

# Until the real cluster is here, with its fixture `slurm_cluster`.
FEATURES.setdefault("slurm", lambda: "no Slurm for tests")

__all__ = ["fake_slurm"]
