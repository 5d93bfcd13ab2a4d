"""What a working order trades against one picture of the market: prices, shares, fees. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from services.brokers.ledger import Accepted, Filled, Triggered
from services.brokers.ledger_state import LedgerState, PlacedOrder, sum_of_fees
from services.brokers.market_view import Offer, Traded
from services.brokers.pricing import (
    Frictions,
    Mover,
    price_at_close,
    price_in_bar,
    price_of_stop,
    price_on_offer,
    reaches,
)
from services.brokers.request import Facts
from services.domain.fills import Fees, Fill, FillId
from services.domain.money import ZERO, to_cent
from services.domain.orders import Side
from services.domain.quotes import Level
from services.domain.value import Value
from services.rules import Commission, Phase, Rules, fees_of, phase_at

Trades = list[Triggered | Filled]
_BUY, _SELL = Side.BUY, Side.SELL


class Attempt(Value, frozen=True, kw_only=True):
    """One working order, tried once: the order, the rulebook's word on it, the account, the moment."""

    placed: PlacedOrder
    accepted: Accepted
    facts: Facts
    state: LedgerState
    at: datetime


_Bite = tuple[Decimal, int]
"""A price, and the shares to be had at it."""


class Matcher:
    """Trades orders against bars, quotes and books. Remembers nothing but what trading costs."""

    def __init__(self, commission: Commission, frictions: Frictions) -> None:
        self._commission, self._mover = commission, Mover(frictions)
        # As two whole numbers: exact, and a third of a Decimal's cost.
        self._cap = frictions.volume_cap_ratio.as_integer_ratio()

    def on_offer(self, attempt: Attempt, offer: Offer, *, new: bool = False) -> Trades:
        """Return what the order trades on what is offered; `new` for one that just arrived.

        A sleeping order is woken by prices after its acceptance alone, so never by those it arrives on.
        """
        if offer.volume == 0:
            return []
        if offer.live or offer.suspended or attempt.accepted.call_at is not None:
            call_at = _meets_call_at(attempt, offer)
            if offer.suspended or call_at is not None:
                return self._uncrossed_live(attempt, offer, call_at)
        woken: Trades = []
        if attempt.placed.asleep:
            if new or not _wakes(attempt, offer):
                return []
            woken = [Triggered(at=attempt.at, order_id=attempt.placed.terms.order_id)]
        fills = self._fills(
            attempt, self._bites(attempt, offer), offer.picture, approximate=offer.from_trades
        )
        return [*woken, *fills] if woken else fills

    def in_bar(self, attempt: Attempt, traded: Traded) -> Trades:
        """Return what the order traded in a bar that has just ended, and in which it worked."""
        placed, accepted, tick = attempt.placed, attempt.accepted, attempt.facts.rules.tick
        if accepted.fixed_from is not None or traded.volume == 0:
            return []
        if accepted.call_at is not None:
            if attempt.at < accepted.call_at:
                return []
            price = price_at_close(placed, accepted, traded.close_cny, tick)
        elif placed.asleep:
            return self._stopped(attempt, traded)
        else:
            price = price_in_bar(placed, _after_arrival(attempt, traded), tick)
        return self._in_volume(attempt, price, traded)

    def _stopped(self, attempt: Attempt, traded: Traded) -> Trades:
        """Return the waking of a stop or a parked order in a bar, and its trade at the price that woke it.

        Of the bar in which it arrived only the close is surely later than it, and nothing of that bar
        is later than its close: an order woken by it waits for the next price.
        """
        terms, stop = attempt.placed.terms, attempt.placed.wakes_at_cny
        later = _after_arrival(attempt, traded)
        extreme = later.high_cny if terms.side is _BUY else later.low_cny
        if stop is None or not reaches(terms.side, extreme, stop):
            return []
        woken: Trades = [Triggered(at=attempt.at, order_id=terms.order_id)]
        if later is not traded:
            return woken
        tick = attempt.facts.rules.tick
        price = price_of_stop(attempt.placed, attempt.accepted, stop, self._mover, tick)
        return woken + self._in_volume(attempt, price, traded)

    def _uncrossed_live(self, attempt: Attempt, offer: Offer, call_at: datetime | None) -> Trades:
        """Return the trade of a closing call, told by a quote of that day stamped at its end or later."""
        if offer.suspended or offer.seen_at is None or call_at is None:
            return []
        if offer.seen_at < call_at or offer.seen_at.date() != call_at.date():
            return []
        tick = attempt.facts.rules.tick
        price = price_at_close(attempt.placed, attempt.accepted, offer.last_cny, tick)
        bites = [] if price is None else [(price, attempt.placed.left)]
        return self._fills(attempt, bites, None, approximate=True)

    def _bites(self, attempt: Attempt, offer: Offer) -> Sequence[_Bite]:
        placed, accepted, rules = attempt.placed, attempt.accepted, attempt.facts.rules
        if accepted.fixed_from is not None:
            if accepted.fixed_from > attempt.at:
                return ()
            if offer.live and offer.last_on != attempt.at.date():
                return ()
            price = price_at_close(placed, accepted, offer.last_cny, rules.tick)
        elif offer.live and phase_at(rules, attempt.at.time()).phase is not Phase.CONTINUOUS:
            return ()
        else:
            levels = offer.asks if placed.terms.side is _BUY else offer.bids
            if levels is not None:
                return self._walk(attempt, levels, offer)
            price = price_on_offer(placed, accepted, offer, self._mover, rules.tick)
        if price is None:
            return ()
        return ((price, self._share_of(attempt, offer.volume, offer.picture)),)

    def _walk(self, attempt: Attempt, levels: Sequence[Level], offer: Offer) -> Sequence[_Bite]:
        """Return what the levels of a book give, up to the order's limit and less what was taken before."""
        placed, tick = attempt.placed, attempt.facts.rules.tick
        best = offer.buy_cny if placed.terms.side is _BUY else offer.sell_cny
        if best is None or offer.picture is None:
            return ()
        taken = attempt.state.used(placed.terms.symbol, placed.terms.side, offer.picture)
        bites: list[_Bite] = []
        for level in levels:
            price = self._mover.within(placed, attempt.accepted, level.price_cny, tick)
            if price is None:
                break
            there = max(0, level.shares - taken)
            taken = max(0, taken - level.shares)
            bites.append((price, there))
        return _cut(bites, _valid(placed, sum(shares for _, shares in bites), attempt.facts.rules))

    def _in_volume(self, attempt: Attempt, price: Decimal | None, traded: Traded) -> Trades:
        """Return the trade at `price` of as much as the bar's volume allows."""
        if price is None:
            return []
        bite = (price, self._share_of(attempt, traded.volume, traded.started))
        return self._fills(attempt, (bite,), traded.started, approximate=True)

    def _share_of(self, attempt: Attempt, volume: int | None, picture: float | None) -> int:
        """Return how much of what is left of the order a bar's volume lets trade."""
        placed, (part, whole) = attempt.placed, self._cap
        terms = placed.terms
        left = terms.shares - placed.filled
        if not part or volume is None or picture is None:
            return left
        room = volume * part // whole - attempt.state.used(terms.symbol, terms.side, picture)
        if room >= left:
            return left
        return _valid(placed, room, attempt.facts.rules)

    def _fills(
        self, attempt: Attempt, bites: Iterable[_Bite], picture: float | None, *, approximate: bool
    ) -> Trades:
        """Return one fill for each bite; none that the account's cash could not bear."""
        placed, facts, at = attempt.placed, attempt.facts, attempt.at
        terms, rules = placed.terms, facts.rules
        filled, fills, before, paid = placed.filled, placed.fills, placed.amount_cny, placed.paid
        sells, brought = terms.side is _SELL, ZERO
        trades: Trades = []
        for price, shares in bites:
            if shares <= 0:
                continue
            amount = to_cent(price * shares)
            filled, before = filled + shares, before + amount
            fees = fees_of(rules, facts.kind, terms.side, before, self._commission, shares=filled)
            if fills:
                fees = _beyond(paid, fees)
            if sells:
                brought += amount - fees.total
                if brought < ZERO and brought + attempt.state.book.available_cny < ZERO:
                    break
            fills += 1
            paid = sum_of_fees(paid, fees) if fills > 1 else fees
            fill = Fill(
                fill_id=FillId(f"{terms.order_id}-{fills}"),
                order_id=terms.order_id,
                symbol=terms.symbol,
                side=terms.side,
                shares=shares,
                price_cny=price,
                amount_cny=amount,
                fees=fees,
                trade_date=at.date(),
                traded_at=at,
                approximate=approximate or attempt.accepted.approximate,
            )
            trades.append(Filled(at=at, fill=fill, picture=picture))
        return trades


def _beyond(paid: Fees, due: Fees) -> Fees:
    """Return what an order that owes `due` in all owes beyond what it has paid, line by line."""
    return Fees(
        commission=max(ZERO, due.commission - paid.commission),
        stamp_duty=max(ZERO, due.stamp_duty - paid.stamp_duty),
        transfer_fee=max(ZERO, due.transfer_fee - paid.transfer_fee),
        handling_fee=max(ZERO, due.handling_fee - paid.handling_fee),
        csrc_fee=max(ZERO, due.csrc_fee - paid.csrc_fee),
    )


def _meets_call_at(attempt: Attempt, offer: Offer) -> datetime | None:
    """Return the end of the closing call the order has come to, None where it has come to none.

    An order placed in the call waits for nothing else; one that rests from before meets it at its end.
    """
    accepted = attempt.accepted
    if accepted.call_at is None and offer.live and attempt.at >= accepted.expires_at:
        return accepted.expires_at
    return accepted.call_at


def _after_arrival(attempt: Attempt, traded: Traded) -> Traded:
    """Return of a bar what came after the order: of the one it arrived in, its close alone surely did."""
    if attempt.accepted.at.timestamp() <= traded.started:
        return traded
    return replace(traded, low_cny=traded.close_cny, high_cny=traded.close_cny)


def _wakes(attempt: Attempt, offer: Offer) -> bool:
    """Answer whether the last trade shown reached what the order waits for, and was later than the order."""
    stop = attempt.placed.wakes_at_cny
    if stop is None or not reaches(attempt.placed.terms.side, offer.last_cny, stop):
        return False
    if offer.live:
        return offer.seen_at is not None and offer.seen_at > attempt.accepted.at
    return offer.buy_cny is not None


def _valid(placed: PlacedOrder, room: int, rules: Rules) -> int:
    """Return the most of `room` shares that leaves what the order has filled in all a valid size.

    The last part of an order completes it, whatever its size.
    """
    if room >= placed.left:
        return placed.left
    total, lots = placed.filled + max(0, room), rules.lots
    total -= total % lots.step
    if placed.terms.side is _BUY and total < lots.minimum:
        return 0
    return max(0, total - placed.filled)


def _cut(bites: Sequence[_Bite], shares: int) -> Sequence[_Bite]:
    """Return the first bites, up to `shares` in all."""
    cut: list[_Bite] = []
    for price, there in bites:
        take = min(there, shares)
        if take:
            cut.append((price, take))
        shares -= take
    return cut
