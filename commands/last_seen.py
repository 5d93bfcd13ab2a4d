"""What a stored account saw last, as a briefing: the prices of its last session and its book since."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from commands.composition import instruments_of
from commands.failures import CommandFailed, Exit
from commands.stored_account import StoredAccount
from services.domain.bars import Frequency, Panel
from services.domain.decision import Briefing
from services.domain.instruments import Facts, Instrument, Market, Symbol
from services.domain.money import ZERO
from services.domain.orders import SessionId
from services.domain.quotes import PanelSnapshot, Snapshot, VendorSnapshot
from services.domain.slot import Slot
from services.slots import local

T = TypeVar("T")


def last_seen(account: StoredAccount) -> Briefing:
    """Return the prices the account asked for last, the bars that had ended, and its book as it is now.

    `equity_cny` is the cash and the holdings at those prices, those without a price left out.

    Raises:
        CommandFailed: No session has seen a price yet, or the recorded prices are gone.
    """
    session, snapshot = _last_prices(account)
    state = account.journal.account.sessions[session]
    genesis, book = account.genesis, account.journal.account.book
    market, at = Market(genesis.market), local(state.opened.slot, Market(genesis.market))
    symbols = tuple(Symbol(one) for one in dict.fromkeys((*genesis.watchlist, *book.holdings())))
    bars = account.panel or _recorded(account, session, "history", Panel)
    return Briefing(
        session=SessionId(session),
        slot=Slot(
            market=market,
            frequency=Frequency(genesis.frequency),
            day=state.opened.day,
            at=at.time(),
            moment=state.opened.slot,
        ),
        book=book,
        snapshot=snapshot,
        watchlist=symbols,
        history=None if bars is None else bars.until(snapshot.moment),
        instruments=_instruments(account, session, symbols),
        equity_cny=book.cash_cny
        + sum((_value(snapshot, symbol, shares) for symbol, shares in book.holdings().items()), ZERO),
        digest="",
    )


def _last_prices(account: StoredAccount) -> tuple[str, Snapshot]:
    """Return the last session that asked for prices and was given any, and what it was given."""
    for event in reversed(account.events):
        if event.step in ("prices", "requote"):
            value = account.journal.value(event)
            if isinstance(value, PanelSnapshot | VendorSnapshot):
                return event.session, value
    raise CommandFailed(Exit.UNAVAILABLE, "no session has seen a price yet")


def _recorded(account: StoredAccount, session: str, step: str, kind: type[T]) -> T | None:
    found = account.journal.find(session, step)
    value = None if found is None else account.journal.value(found)
    return value if isinstance(value, kind) else None


def _instruments(
    account: StoredAccount, session: str, symbols: tuple[Symbol, ...]
) -> Mapping[Symbol, Instrument]:
    panel = account.panel
    if panel is not None:
        return instruments_of(panel, symbols)
    told = _recorded(account, session, "facts", Facts)
    return {} if told is None else {one.symbol: one for one in told.instruments}


def _value(snapshot: Snapshot, symbol: Symbol, shares: int) -> Decimal:
    last = snapshot.last(symbol)
    return ZERO if last is None else last * shares
