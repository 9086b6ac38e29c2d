"""What a sweep found, in words."""

from __future__ import annotations

from harness.config.study import StudyConfig
from sweeps.status import StudyStatus


def verdict(study: StudyConfig, status: StudyStatus) -> list[str]:
    return []
