"""What a day closed at, as far as bars and confirmed quotes told it: for tomorrow's previous close."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isnan

import numpy as np

from services.domain.bars import Adjustment, Panel
from services.domain.instruments import Distribution, Market, Symbol
from services.domain.money import ZERO, from_float
from services.domain.quotes import VendorSnapshot
from services.rules import OutsideRulebook, ex_reference, rules_of
from services.slots import local

_CLOSED = time(15)
"""When a mainland day has its close."""

_ADJUSTED = (Adjustment.RAW, Adjustment.FORWARD)


class KnownCloses:
    """The newest close known of each mainland symbol, and the day it is of."""

    def __init__(self) -> None:
        self._closes: dict[Symbol, tuple[date, Decimal]] = {}

    def take_bars(self, panel: Panel, now: datetime) -> None:
        """Learn the closes of the last day before today that the bars reach the end of."""
        today = local(now, Market.CN).date()
        row = int(np.searchsorted(panel.days, today.toordinal())) - 1
        if row < 0 or panel.adjustment not in _ADJUSTED:
            return
        ended = local(datetime.fromtimestamp(int(panel.ends[row]), UTC), Market.CN)
        if ended.time() < _CLOSED:
            return
        for column, symbol in enumerate(panel.symbols):
            if not isnan(close := panel.close.item(row, column)):
                self._closes[symbol] = ended.date(), from_float(close)

    def take_quotes(self, snapshot: VendorSnapshot) -> None:
        """Learn the closes that quotes of after the close show, if orders might have gone by them."""
        for quote in snapshot.quotes:
            seen = local(quote.seen_at, Market.CN)
            if quote.confirmed_by and not quote.barred and seen.time() >= _CLOSED:
                self._closes[quote.symbol] = seen.date(), quote.last_cny

    def previous(
        self, symbol: Symbol, today: date, distributions: Sequence[Distribution]
    ) -> tuple[Decimal, ...]:
        """Return what today's previous close may be, empty where that is not known.

        That is the close of the weekday before, and where today is the symbol's ex-day also what the
        exchange makes of it: bars may hold the ex-day already. After a holiday nothing is known, nor on the
        ex-day of a rights issue: the reference goes by how many of the rights were taken up.
        """
        day, close = self._closes.get(symbol, (date.min, ZERO))
        if day != _weekday_before(today) or symbol.endswith(".US"):
            return ()
        due = [one for one in distributions if one.ex_date == today]
        if not due:
            return (close,)
        if any(one.rights_per_share for one in due):
            return ()
        try:
            reference = ex_reference(
                close,
                cash=sum((one.cash_per_share for one in due), ZERO),
                share_ratio=sum((one.shares_per_share for one in due), ZERO),
                tick=rules_of(symbol, today).tick,
            )
        except (OutsideRulebook, ValueError):
            return ()
        return close, reference


def _weekday_before(day: date) -> date:
    before = day - timedelta(days=1)
    while before.weekday() > 4:
        before -= timedelta(days=1)
    return before
