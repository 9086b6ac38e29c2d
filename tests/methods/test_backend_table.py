import pytest

from harness.errors import ConfigError, UnsupportedError
from harness.methods import BACKENDS, METHODS, markdown, supported, table


def test_the_table_has_every_method_and_every_backend():
    rows = table()
    assert [row["method"] for row in rows] == sorted(METHODS)
    assert all(set(BACKENDS) <= set(row) for row in rows)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", list(METHODS))
def test_the_table_and_the_refusal_agree(name, backend):
    row = next(row for row in table() if row["method"] == name)
    if row[backend] == "tested":
        supported(name, backend)
    else:
        with pytest.raises(UnsupportedError, match=f"method '{name}' on backend '{backend}'"):
            supported(name, backend)


def test_what_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="Did you mean 'grpo'"):
        supported("gprpo", "torch")
    with pytest.raises(ConfigError, match=r"backends must be known ones; got 'jax'.*Valid: torch, verl"):
        supported("grpo", "jax")


def test_markdown_has_a_line_a_method_and_as_many_cells_in_each():
    lines = markdown().splitlines()
    assert len(lines) == len(METHODS) + 2
    assert len({line.count("|") for line in lines}) == 1
