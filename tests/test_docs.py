"""What the docs repeat of the code must be what the code says."""

from pathlib import Path

from harness.methods import METHODS, markdown

DOCS = Path(__file__).parents[1] / "docs"


def test_methods_table_is_the_one_that_the_code_generates() -> None:
    assert markdown().strip() in (DOCS / "methods.md").read_text(), "docs/methods.md is stale: run `make docs`"


def test_every_method_is_in_the_table() -> None:
    written = (DOCS / "methods.md").read_text()
    assert all(f"| {name} |" in written for name in METHODS)
