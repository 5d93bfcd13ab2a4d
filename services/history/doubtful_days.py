"""Days that count as known, and lack bars by what has been told of suspensions since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.calendars import FIRST_DAYS
from services.domain.instruments import Instrument, Market, Symbol
from services.history.coverage import expected, holes
from services.history.descriptions import Described, facts_known, together
from services.history.lengths import BarLength
from services.history.series import seconds_of
from services.history.spans import NOTHING, Cover, Covered, Days
from services.history.store import HistoryStore
from services.ports import Calendar

_BEFORE = timedelta(days=40)
"""So long before the days the last bar of a share that was then taken off is looked for."""


def doubtful_days(
    store: HistoryStore,
    length: BarLength,
    topic: str,
    symbols: Sequence[Symbol],
    days: Days,
    described: Mapping[Symbol, Sequence[Described]],
    calendar: Calendar,
) -> list[Cover]:
    """Return the days known of a topic on which a symbol was to have bars by its facts, and lacks one.

    What was taken for a suspension while nobody told of any is a hole once they are told.

    Raises:
        HistoryError: The store cannot be read.
    """
    if length is BarLength.WEEK:
        return []
    within = Days(max(days.first, FIRST_DAYS[Market.CN]), min(days.last, calendar.known_until))
    open_days = calendar.trading_days(*within) if within.first <= within.last else ()
    facts = {symbol: together(described[symbol]) for symbol in symbols if described.get(symbol)}
    covered = store.covered(topic)
    known = {symbol: (covered.get(symbol, NOTHING), facts_known(described[symbol])) for symbol in facts}
    due = {symbol: _due(open_days, *known[symbol], facts[symbol]) for symbol in facts}
    due = {symbol: some for symbol, some in due.items() if some}
    lost = _lost(store, length, topic, due, facts, calendar)
    return [Cover(topic, symbol, Days(day, day)) for symbol, some in lost.items() for day in sorted(some)]


def _due(days: Sequence[date], covered: Covered, told: Covered, facts: Instrument) -> list[date]:
    return expected([day for day in days if covered.holds(day) and told.holds(day)], facts)


def _lost(
    store: HistoryStore,
    length: BarLength,
    topic: str,
    due: Mapping[Symbol, Sequence[date]],
    facts: Mapping[Symbol, Instrument],
    calendar: Calendar,
) -> dict[Symbol, set[date]]:
    """Return the days due of which no kind of bars is whole."""
    lost = {symbol: set(days) for symbol, days in due.items()}
    if not lost:
        return {}
    first, last = min(days[0] for days in due.values()), max(days[-1] for days in due.values())
    span = seconds_of(Market.CN, Days(first - _BEFORE, last))
    kinds = dict.fromkeys(one.kind for one in store.held(length, due) if one.kind.topic == topic)
    for series in (one for kind in kinds for one in store.read(kind, due, *span)):
        symbol = series.symbol
        lost[symbol] &= set(holes(series, due[symbol], facts[symbol], calendar.early_close))
    return lost
