"""What importing the packages brings in, in a fresh interpreter."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("package", "absent"),
    [
        ("analysis", ["torch", "matplotlib", "optuna", "hydra", "wandb", "transformers"]),
        ("paper_figures.make", ["torch", "matplotlib.pyplot", "optuna", "hydra", "wandb", "transformers"]),
    ],
)
def test_frameworks_stay_away(package: str, absent: list[str]) -> None:
    code = f"import sys, {package}; print([name for name in {absent} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
