"""Balance and holdings of a ledger, worked out anew only when they can have changed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from services.brokers.ledger_state import LedgerState
from services.domain.instruments import Symbol
from services.domain.orders import Side
from services.domain.statement import Balance, Holding

_SELL = Side.SELL


class StatementCache:
    """The last balance and holdings, good until an entry or a day changes them."""

    def __init__(self) -> None:
        self._balance: Balance | None = None
        self._balance_key: tuple[int, bool] = (-1, False)
        self._holdings: tuple[Holding, ...] = ()
        self._holdings_version = -1
        self._holdings_day: date | None = None

    def balance(self, state: LedgerState, day: date) -> Balance:
        """Return the cash as of `day`."""
        key = (state.version, state.book.sold_on == day)
        if self._balance is None or key != self._balance_key:
            book = state.book
            self._balance, self._balance_key = (
                Balance(
                    cash_cny=book.cash_cny,
                    available_cny=book.available_cny,
                    withdrawable_cny=book.withdrawable_cny(day),
                    frozen_cny=book.frozen_cny,
                    owed_cny=state.owed_cny,
                ),
                key,
            )
        return self._balance

    def holdings(
        self, state: LedgerState, day: date, settlement_days: Callable[[Symbol], int]
    ) -> tuple[Holding, ...]:
        """Return the positions as of `day`; `settlement_days` is asked of what was bought that day alone."""
        if state.version != self._holdings_version or self._holdings_day not in (None, day):
            self._holdings, fresh = _holdings(state, day, settlement_days)
            self._holdings_version = state.version
            # Where nothing was bought today, a later day shows the same.
            self._holdings_day = day if fresh else None
        return self._holdings


def _holdings(
    state: LedgerState, day: date, settlement_days: Callable[[Symbol], int]
) -> tuple[tuple[Holding, ...], bool]:
    """Return the holdings, and whether some of the shares were bought on `day`."""
    shares: dict[Symbol, int] = {}
    bound: dict[Symbol, int] = {}
    fresh = False
    for lot in state.book.lots:
        symbol, count = lot.symbol, lot.shares
        shares[symbol] = shares[symbol] + count if symbol in shares else count
        if lot.acquired_on >= day:
            fresh = True
            if settlement_days(symbol):
                bound[symbol] = bound[symbol] + count if symbol in bound else count
    for order in state.book.open_orders:
        if order.side is _SELL:
            bound[order.symbol] = bound.get(order.symbol, 0) + order.remaining
    holdings = [
        Holding(symbol=symbol, shares=held, sellable=held - bound[symbol] if symbol in bound else held)
        for symbol, held in shares.items()
    ]
    return tuple(holdings), fresh
