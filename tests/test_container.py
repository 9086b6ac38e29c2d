"""The container recipe, which nobody builds here: its pins are those of the extra `verl`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_recipe_pins_what_the_extra_pins() -> None:
    recipe = (ROOT / "containers" / "verl.Dockerfile").read_text()
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["verl"]
    pins = dict(requirement.split("==") for requirement in extra if "==" in requirement)
    assert len(pins) >= 6
    installed = dict(re.findall(r"([\w-]+)(?:\[[\w,-]+\])?==([\w.]+)", recipe))
    assert {name: installed.get(name) for name in pins} == pins
    checked = dict(re.findall(r"'([\w-]+)': '([\d.]+)'", recipe))
    assert checked and all(pins[name] == version for name, version in checked.items())
