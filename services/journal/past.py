"""What an account's journal tells of its last sessions, as of the beginning of the present one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from services.domain.book import OrderEnded
from services.domain.decision import Decision
from services.domain.events import BodyRef, Closed, Event, Opened, Opening, Outcome, Verdicts
from services.domain.fills import Fill
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderId, OrderState, OrderTerms, Refusal, SessionId, Side
from services.domain.past import PastOrder, PastSession
from services.journal.account import Account
from services.journal.codec import decode_event
from services.journal.journal import Journal

_KINDS = frozenset(
    {
        "opened",
        "opening",
        "decision",
        "verdicts",
        "order_terms",
        "fill",
        "order_ended",
        "closed",
    }
)
_NOT_HELD = (Outcome.MARKET_CLOSED, Outcome.CALENDAR_UNKNOWN)
"""Outcomes of sessions in which nothing was looked at."""


class _Draft(msgspec.Struct):
    """What was read of one session so far."""

    opened: Opened
    closed: Closed | None = None
    equity_cny: Decimal | None = None
    said: str = ""
    decided: bool = False
    refused: dict[Refusal, None] = msgspec.field(default_factory=dict)
    orders: dict[OrderId, OrderTerms] = msgspec.field(default_factory=dict)
    fills: dict[str, tuple[int, Fill]] = msgspec.field(default_factory=dict)
    ended: dict[OrderId, OrderEnded] = msgspec.field(default_factory=dict)


def past_of(journal: Journal, session: str, sessions_min: int) -> tuple[PastSession, ...]:
    """Return the sessions before `session`, oldest first: all of its day and of the trading day before.

    At least `sessions_min` of them where there are so many. Only events before the session's own
    first one count, so it comes out the same when the session is run again. Sessions of days without
    trading are left out.

    Raises:
        JournalFault: A body cannot be read.
    """
    day = journal.account.sessions[session].opened.day
    found: list[PastSession] = []
    for one in _drafts_backwards(journal.events, journal.value, session):
        if one.closed is not None and one.closed.outcome in _NOT_HELD:
            continue
        if len(found) >= sessions_min and one.opened.day < _since(found, day):
            break
        found.append(_session(one, journal.account))
    return tuple(reversed(found))


def _since(found: Sequence[PastSession], day: date) -> date:
    """Return the first day of which every session counts, as far as one looked back."""
    return next((one.day for one in found if one.day < day), date.min)


def _drafts_backwards(
    events: Sequence[Event], value_of: Callable[[Event], object], session: str
) -> Iterator[_Draft]:
    """Yield what is known of each session before `session`, the newest first."""
    kept: dict[str, list[Event]] = {}
    before = False
    for event in reversed(events):
        if before and event.session:
            of_it = kept.setdefault(event.session, [])
            of_it.append(event)
            if event.step == "opened":
                yield _drafted(kept.pop(event.session), value_of)
        elif event.session == session and event.step == "opened":
            before = True


def _drafted(newest_first: Sequence[Event], value_of: Callable[[Event], object]) -> _Draft:
    oldest_first = reversed(newest_first)
    opened = value_of(next(oldest_first))
    if not isinstance(opened, Opened):
        raise TypeError(f"a session began with a {type(opened).__name__}")
    draft = _Draft(opened=opened)
    for event in oldest_first:
        if _kind(event) in _KINDS:
            _take(draft, event, value_of(event))
    return draft


def _kind(event: Event) -> str:
    if event.kind != "body_ref":
        return event.kind
    body = decode_event(event)
    return body.kind if isinstance(body, BodyRef) else event.kind


def _take(draft: _Draft, event: Event, value: object) -> None:
    match value:
        case Opening():
            draft.equity_cny = None if value.unpriced else value.equity_cny
        case Decision():
            draft.said, draft.decided = value.rationale, True
        case Closed():
            draft.closed = value
        case _:
            _take_trading(draft, event, value)


def _take_trading(draft: _Draft, event: Event, value: object) -> None:
    match value:
        case Verdicts():
            draft.refused.update(dict.fromkeys(value.refused))
            draft.orders.update((terms.order_id, terms) for terms in value.waiting)
        case OrderTerms():
            draft.orders[value.order_id] = value
        case Fill():
            draft.fills.setdefault(value.fill_id, (event.seq, value))
        case OrderEnded():
            draft.ended[value.order_id] = value


def _session(draft: _Draft, account: Account) -> PastSession:
    return PastSession(
        session=SessionId(draft.opened.session),
        day=draft.opened.day,
        slot=draft.opened.at[:16],
        outcome=draft.closed.outcome if draft.closed else None,
        equity_cny=draft.equity_cny,
        said=draft.said,
        reason="" if draft.decided or draft.closed is None else draft.closed.reason,
        orders=tuple(_order(terms, draft, account) for terms in draft.orders.values()),
        refused=tuple(draft.refused),
    )


def _order(terms: OrderTerms, draft: _Draft, account: Account) -> PastOrder:
    fills = [(seq, fill) for seq, fill in draft.fills.values() if fill.order_id == terms.order_id]
    filled = sum(fill.shares for _, fill in fills)
    ended = draft.ended.get(terms.order_id)
    state = OrderState.FILLED if filled == terms.shares else ended.state if ended else None
    shares_now, received = ZERO, ZERO
    for seq, fill in fills if terms.side is Side.BUY else ():
        shares, cash = _grown(account, terms.symbol, seq, Decimal(fill.shares))
        shares_now, received = shares_now + shares, received + cash
    gains = [account.gains[fill.fill_id] for _, fill in fills if fill.fill_id in account.gains]
    return PastOrder(
        symbol=terms.symbol,
        side=terms.side,
        shares=terms.shares,
        why=terms.why,
        origin=terms.origin,
        state=state,
        filled=filled,
        amount_cny=sum((fill.amount_cny for _, fill in fills), ZERO),
        fees_cny=sum((fill.fees.total for _, fill in fills), ZERO),
        shares_now=shares_now,
        received_cny=received,
        realised_cny=sum(gains, ZERO) if gains else None,
    )


def _grown(account: Account, symbol: Symbol, seq: int, shares: Decimal) -> tuple[Decimal, Decimal]:
    """Return what `shares` bought by event `seq` have become, and the dividends they brought."""
    received = ZERO
    for payout in account.payouts.get(symbol, ()):
        if payout.seq > seq:
            received += shares * payout.cny_per_share
            shares += shares * payout.shares_per_share
    return shares, received
