"""The frozen copy of the code that the jobs of a study run: an edit of the checkout reaches no queued job.

STUDY/snapshots/DIGEST/ has the packages as they are imported from there; DIGEST.json beside it says where they
come from. The digest is that of the content, so all runs of unchanged code share one folder.
"""

from sweeps.snapshot.planned import planned
from sweeps.snapshot.store import Snapshot, take, verify

__all__ = ["Snapshot", "planned", "take", "verify"]
