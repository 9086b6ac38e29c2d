"""A real Slurm cluster on this machine: fake GPUs, preemption and accounting, all in one folder.

docs/slurm-testbed.md says how to use it by hand. In Python:

    with cluster(folder) as slurm:
        slurm.run(["sinfo"])
"""

from tests.testbed.cluster import Cluster
from tests.testbed.lifecycle import cluster, down, up
from tests.testbed.settings import ClusterError, Settings

__all__ = ["Cluster", "ClusterError", "Settings", "cluster", "down", "up"]
