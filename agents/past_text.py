"""The part of a briefing's text on the account's last sessions and what came of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from agents.one_line import one_line
from agents.page import Page
from services.domain.money import to_cent
from services.domain.orders import Origin, Refusal, Side
from services.domain.past import PastOrder, PastSession

_SAID_SIGNS_MAX = 160
_WHY_SIGNS_MAX = 100
_REASON_SIGNS_MAX = 160


def recent(page: Page) -> tuple[PastSession, ...]:
    """Return the sessions of today and of the last trading day before."""
    past, today = page.briefing.past, page.briefing.slot.day
    last = max((one.day for one in past if one.day < today), default=today)
    return tuple(one for one in past if one.day >= last)


def past_text(page: Page, sessions: Sequence[PastSession]) -> str:
    """Return what the sessions decided, what was refused or traded, and what it made; empty without any."""
    lines = [line for one in sessions for line in _session_lines(page, one)]
    return "\n".join((page.words.sessions, *lines)) if lines else ""


def _session_lines(page: Page, one: PastSession) -> Iterator[str]:
    words, now = page.words, page.briefing.equity_cny
    equity = ""
    if one.equity_cny:
        change = words.unknown if page.unpriced else f"{now / one.equity_cny - 1:+.2%}"
        equity = words.session_equity.format(equity=to_cent(one.equity_cny), change=change)
    said, reason = one_line(one.said, _SAID_SIGNS_MAX), one_line(one.reason, _REASON_SIGNS_MAX)
    yield words.session_line.format(
        slot=one.slot,
        outcome=words.outcomes[one.outcome],
        equity=equity,
        said=words.session_said.format(said=said) if said else "",
        reason=words.session_reason.format(reason=reason) if reason else "",
    )
    yield from (_order_line(page, order) for order in one.orders)
    yield from (_refused_line(page, refusal) for refusal in one.refused)


def _order_line(page: Page, order: PastOrder) -> str:
    words, why = page.words, one_line(order.why, _WHY_SIGNS_MAX)
    told = words.why.format(why=why) if why else ""
    return words.order_line.format(
        side=order.side,
        symbol=order.symbol,
        shares=order.shares,
        result=_result(page, order),
        why=words.by_exit if order.origin is Origin.EXIT else told,
    )


def _result(page: Page, order: PastOrder) -> str:
    words = page.words
    if not order.filled:
        return words.not_filled.format(state=words.order_states[order.state])
    last = page.briefing.snapshot.last(order.symbol)
    price = f"{order.price_cny:.4f}"
    if order.side is Side.SELL:
        earned = words.unknown if order.realised_cny is None else f"{to_cent(order.realised_cny):+}"
        since = words.price_since.format(change=_change(order, last)) if last is not None else ""
        return words.sold.format(filled=order.filled, price=price, earned=earned, since=since)
    if last is None:
        made, change = words.unknown, words.unknown
    else:
        gain = order.made_cny(last)
        made, change = f"{to_cent(gain):+}", f"{gain / order.amount_cny:+.2%}"
    return words.bought.format(filled=order.filled, price=price, made=made, change=change)


def _change(order: PastOrder, last: Decimal) -> str:
    return f"{last / order.price_cny - 1:+.2%}"


def _refused_line(page: Page, refusal: Refusal) -> str:
    return page.words.refused_line.format(
        side=refusal.side,
        symbol=refusal.symbol,
        shares=refusal.shares,
        rule=refusal.rule,
        reason=one_line(refusal.reason, _REASON_SIGNS_MAX),
    )
