"""One thread, no Hypothesis deadline, and the shipped policy."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import settings

from harness.assets import model_folder
from harness.torch_backend.policy import Policy
from harness.torch_backend.threads import set_threads

settings.register_profile("harness", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("harness")
set_threads(1)


@pytest.fixture(scope="session")
def tiny() -> Path:
    return model_folder("tiny")


@pytest.fixture(scope="session")
def shipped(tiny: Path) -> Policy:
    """Shared by tests that only read it."""
    return Policy.load(tiny, torch.device("cpu"))
