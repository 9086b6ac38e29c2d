"""The optional mirror of a run to Weights & Biases, live (`mirror`) or afterwards (`push`).

One W&B run for the life of a run: its id is in the manifest, every attempt and every push resumes it, and
`RUN/wandb/sent.jsonl` keeps which steps it has, so that none is sent twice. The run folder stays the truth: nothing
that happens in W&B ends a run.
"""

from harness.tracking.live import OnStep, mirror
from harness.tracking.pushing import Push, plan, push
from harness.tracking.session import MODES, require

__all__ = ["MODES", "OnStep", "Push", "mirror", "plan", "push", "require"]
