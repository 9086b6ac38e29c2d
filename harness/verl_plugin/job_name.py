"""Runs on one machine are kept apart: verl names the socket through which weights go to vLLM after Ray's job id.

Each run has a Ray cluster of its own, and the first job of every cluster has the same id (01000000). Two runs at a time
then share `/tmp/rl-colocate-zmq-01000000-replica-0-rank-0.sock`: each takes the other's away. Both were seen to hang.
"""

from __future__ import annotations

import hashlib

from ray.runtime_context import RuntimeContext


def install(run: str) -> None:
    """Ray's job id, in this process, with a mark of the run's folder; verl 0.9.1 uses it for that path only."""
    ask = RuntimeContext.get_job_id
    mark = hashlib.blake2b(run.encode(), digest_size=4).hexdigest()

    def get_job_id(self: RuntimeContext) -> str:
        return f"{ask(self)}-{mark}"

    RuntimeContext.get_job_id = get_job_id
