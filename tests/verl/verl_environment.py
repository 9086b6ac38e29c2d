"""Where the tests find the environment with verl: VERL_PYTHON, or what `make verl-cpu` makes."""

from __future__ import annotations

import os
from pathlib import Path

import harness

ROOT = Path(harness.__file__).resolve().parents[1]


def python() -> Path:
    """The interpreter that has verl, vLLM and this package."""
    return Path(os.environ.get("VERL_PYTHON") or ROOT / ".venv-verl" / "bin" / "python")
