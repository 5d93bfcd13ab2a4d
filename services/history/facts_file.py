"""Reads a file in which a person declares facts and ex-days of some days, without any bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.domain.bars import CorporateAction
from services.domain.instruments import Instrument, NotASymbol, parse_symbol
from services.history.index import HistoryError
from services.history.spans import Days, cut
from services.market.declared_facts import read_dated_facts
from services.market.panel_builder import DeclaredFacts
from services.market.raw_bars import PriceFileError

_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsFile:
    """What is declared of instruments, on which days, and their ex-days."""

    days: Days
    instruments: tuple[Instrument, ...]
    actions: tuple[CorporateAction, ...]


def is_facts_file(path: Path) -> bool:
    """Answer whether a file is JSON and holds no bars; one that cannot be read is none."""
    if path.suffix != ".json":
        return False
    try:
        with path.open("rb") as content:
            return b'"Meta Data"' not in content.read(_HEAD_BYTES)
    except OSError:
        return False


def _outside(days: Days, told: DeclaredFacts) -> Iterator[str]:
    """Yield what would be lost, or could not be taken back by the file put right: it is of other days."""
    for place, action in enumerate(told.actions):
        if not days.first <= action.ex_date <= days.last:
            yield f"actions[{place}]: ex_date {action.ex_date} is none of days {days}; let them reach over it"
    for one in told.instruments:
        for key, states in (("st", one.st), ("suspended", one.suspended)):
            for place, state in enumerate(states):
                if not cut([state], days):
                    yield (
                        f"instruments.{one.symbol}.{key}[{place}]: {state.since}..{state.until or ''} holds "
                        f"none of days {days}; let them reach over it, or leave it out"
                    )


def read_facts_file(path: Path) -> FactsFile:
    """Return what a file declares.

    Raises:
        HistoryError: It is no such file; the message names the key and the mend.
    """
    try:
        (first, last), told = read_dated_facts(path)
        for symbol in (*(one.symbol for one in told.instruments), *(one.symbol for one in told.actions)):
            parse_symbol(symbol)
    except (PriceFileError, NotASymbol) as problem:
        words = str(problem) if isinstance(problem, PriceFileError) else f"{path}: {problem}"
        raise HistoryError(f"{words}; nothing was imported") from None
    if last < first:
        raise HistoryError(
            f"{path}: days: {last} lies before {first}; exchange the two; nothing was imported"
        )
    days = Days(first, last)
    outside = next(_outside(days, told), "")
    if outside:
        raise HistoryError(f"{path}: {outside}; nothing was imported")
    return FactsFile(days=days, instruments=told.instruments, actions=told.actions)
