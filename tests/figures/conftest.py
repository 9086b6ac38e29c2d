"""The synthetic studies of the analysis tests are what the figures are drawn from."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "analysis"))
