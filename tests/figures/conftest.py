"""The synthetic studies of the analysis tests, and the measurements of the importing tests, are what is drawn here."""

import sys
from pathlib import Path

for folder in ("analysis", "importing"):
    sys.path.append(str(Path(__file__).parents[1] / folder))
