"""The history store of a command line: its folder, and what the options say of symbols and lengths."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from commands.failures import CommandFailed, Exit
from services.domain.instruments import NotASymbol, Symbol, parse_symbol
from services.history.index import HistoryError, StorageError
from services.history.lengths import BarLength
from services.history.parts import NoParquet
from services.history.store import HistoryStore
from services.history.tables import FactTables
from services.settings import Settings


def store_of(settings: Settings) -> HistoryStore:
    """Return the store of the settings' data folder."""
    return HistoryStore(settings.data_dir / "history")


def tables_of(store: HistoryStore) -> FactTables:
    """Return the tables of a store."""
    return FactTables(store.index)


def symbols_in(stated: str) -> tuple[Symbol, ...]:
    """Return the symbols of `A,B`, each once.

    Raises:
        CommandFailed: One of them is none.
    """
    try:
        return tuple(
            dict.fromkeys(parse_symbol(one.strip().upper()) for one in stated.split(",") if one.strip())
        )
    except NotASymbol as problem:
        raise CommandFailed(Exit.USAGE, f"--symbols: {problem}") from problem


def length_in(option: str, stated: str) -> BarLength:
    """Return the length an option states.

    Raises:
        CommandFailed: There is none of that name.
    """
    try:
        return BarLength(stated)
    except ValueError:
        raise CommandFailed(
            Exit.USAGE, f"{option} {stated!r}: bars are {', '.join(BarLength)} long; give one of these"
        ) from None


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """Let what the store cannot do end a command with one line.

    Raises:
        CommandFailed: It could not.
    """
    try:
        yield
    except StorageError as problem:
        raise CommandFailed(Exit.UNAVAILABLE, str(problem)) from problem
    except (HistoryError, NoParquet) as problem:
        raise CommandFailed(Exit.USAGE, str(problem)) from problem
