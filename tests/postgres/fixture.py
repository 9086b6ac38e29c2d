"""The pytest fixtures; a conftest gets them with `from tests.postgres.fixture import database, postgres`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.postgres.server import Server

COUNT = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of the session; a test that stops it starts it again."""
    server = Server()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def database(postgres: Server) -> str:
    """The address of an empty database on it."""
    return postgres.database(f"test{next(COUNT)}")
