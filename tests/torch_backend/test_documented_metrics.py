"""Every metric that a run writes is explained in docs/run-folder.md."""

import re
from pathlib import Path

import pytest

from harness.methods import METHODS
from tests.torch_backend.small_runs import small, trained

TEXT = (Path(__file__).parents[2] / "docs/run-folder.md").read_text()
ROW = re.compile(r"^\| (`.*?) \|", re.MULTILINE)


def documented() -> set[str]:
    """Names in the first column; in `a/b`, `c` the c stands for a/c, and a star for anything."""
    names = set()
    for row in ROW.findall(TEXT):
        prefix = ""
        for name in re.findall(r"`([^`]+)`", row):
            prefix = name.rsplit("/", 1)[0] if "/" in name else prefix
            names.add(name if "/" in name else f"{prefix}/{name}")
    return names


@pytest.mark.parametrize("method", list(METHODS))
def test_every_metric_is_documented(method: str, tiny: Path) -> None:
    _, steps = trained(small(method), tiny, 2)
    known = documented()
    starred = tuple(name[:-1] for name in known if name.endswith("*"))
    missing = {name for step in steps for name in step if name not in known and not name.startswith(starred)}
    assert not missing
