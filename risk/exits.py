"""Exits that need no mind: which holdings are due for sale, and what of them cannot be sold now. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from risk.breaches import drawn_down
from risk.dividends import Dividends, received_cny
from risk.limits import Limits
from services.domain.book import Book
from services.domain.events import ArmedExit, Exits, Halt
from services.domain.fills import Movement, MovementKind
from services.domain.instruments import Instrument, Symbol, facts_of
from services.domain.money import CENT, ZERO, to_tick
from services.domain.orders import Intent, Origin, Rule, Side
from services.domain.quotes import Quote, Snapshot
from services.rules import (
    AFTER_HOURS_ORDER_MAX,
    OutsideRulebook,
    Phase,
    Rules,
    default_kind,
    phase_at,
    price_band,
    round_lot_down,
    rules_of,
    settlement_days,
)

_NONE: Dividends = MappingProxyType({})


class _Position(msgspec.Struct):
    """All lots of one symbol: shares, what was paid for them, the oldest's day, the dividends since."""

    shares: int
    cost_cny: Decimal
    since: date
    received_cny: Decimal = ZERO


class _Held(NamedTuple):
    """Why shares of a due exit are not sold now: the rule in the way, and a sentence."""

    rule: Rule
    reason: str


def exits(
    book: Book,
    snapshot: Snapshot,
    day: date,
    limits: Limits,
    *,
    at: time,
    instruments: Mapping[Symbol, Instrument],
    peaks_cny: Mapping[str, Decimal],
    traded_days: Sequence[date],
    dividends: Dividends = _NONE,
    halts: Sequence[Halt] = (),
) -> Exits:
    """Return a sale of each holding that an exit wants sold, and what of it cannot be sold now.

    The first that applies is the reason: the drawdown that halted the account, stop loss and take
    profit by price and the cash dividends received since the purchase against the average cost, the
    trailing stop against the holding's highest price, the time stop by trading days since its oldest
    lot. What cannot be sold stays armed: the next session finds it due again, or not. `peaks_cny`
    and `dividends` are those of `peaks_after` and `dividends_after` at this snapshot; `traded_days`
    ascend and hold `day`; `at` is the slot's local time, by which an order after hours is larger.
    Where the rulebook is silent the sale is asked for all the same, and the gate refuses it.
    """
    drawdown = drawn_down(halts) if limits.exits.on_drawdown else None
    if drawdown is None and not limits.exits_by_position:
        return Exits(intents=())
    intents: list[Intent] = []
    armed: list[ArmedExit] = []
    for symbol, position in _positions(book, dividends).items():
        why = f"drawdown: {drawdown.why}" if drawdown else ""
        why = why or _why(position, snapshot.last(symbol), day, limits, peaks_cny.get(symbol), traded_days)
        if not why:
            continue
        shares, held_back = _sellable_now(
            book, symbol, snapshot.get(symbol), day, at, instruments.get(symbol)
        )
        if shares > 0:
            intents.append(_sale(symbol, shares, why, len(intents)))
        if held_back is not None:
            left, (rule, reason) = position.shares - shares, held_back
            armed.append(ArmedExit(symbol=symbol, shares=left, why=why, rule=rule, reason=reason))
    return Exits(intents=tuple(intents), armed=tuple(armed))


def peaks_after(
    peaks_cny: Mapping[str, Decimal], book: Book, movements: Sequence[Movement], snapshot: Snapshot
) -> dict[str, Decimal]:
    """Return the highest price of each holding since it was bought, by symbol in ascending order.

    `book` is the account before the movements. A holding that has no peak yet begins at its average
    cost; one that is held no more has none. New shares scale a peak by the holding's shares before
    and after, a cash dividend takes its cash a share off, never below a tick: so an ex-day is no
    fall. A holding without a price keeps its peak.
    """
    positions = _positions(book, _NONE)
    peaks = {symbol: peaks_cny.get(symbol, one.cost_cny / one.shares) for symbol, one in positions.items()}
    for movement in movements:
        position = positions.get(movement.symbol)
        if position is None:
            continue
        before = position.shares
        position.shares += movement.shares
        peaks[movement.symbol] = _moved(peaks[movement.symbol], movement, before, position.shares)
    for symbol, peak in peaks.items():
        last = snapshot.last(symbol)
        peaks[symbol] = peak if last is None else max(peak, last)
    return {symbol: peaks[symbol] for symbol in sorted(peaks)}


def _moved(peak: Decimal, movement: Movement, before: int, after: int) -> Decimal:
    """Return the peak as the exchange moves its reference price on an ex-day, on the same tick."""
    if movement.kind is MovementKind.ADJUST:
        return peak
    tick = _tick(movement.symbol, movement.day)
    return max(to_tick((peak - movement.cash_cny / before) * before / after, tick), tick)


def _tick(symbol: Symbol, day: date) -> Decimal:
    try:
        return rules_of(symbol, day).tick
    except OutsideRulebook:
        return CENT


def _why(
    position: _Position,
    last_cny: Decimal | None,
    day: date,
    limits: Limits,
    peak_cny: Decimal | None,
    traded_days: Sequence[date],
) -> str:
    """Return why the holding is to be sold, empty where it is not.

    Without a price nobody can tell, and it says so. Without a peak the price of now is the highest.
    """
    if last_cny is None:
        return _time_up(position, day, limits, traded_days) or "without a price no exit can be ruled out"
    by_price = _against_price(position, last_cny, peak_cny or last_cny, limits)
    return by_price or _time_up(position, day, limits, traded_days)


def _positions(book: Book, dividends: Dividends) -> dict[Symbol, _Position]:
    """Return what is held, in order of first purchase."""
    found: dict[Symbol, _Position] = {}
    for lot in book.lots:
        one = found.setdefault(lot.symbol, _Position(0, ZERO, lot.acquired_on))
        one.shares += lot.shares
        one.cost_cny += lot.cost_cny
        one.since = min(one.since, lot.acquired_on)
        one.received_cny += received_cny(lot, dividends.get(lot.symbol, ()))
    return found


def _against_price(position: _Position, last: Decimal, peak: Decimal, limits: Limits) -> str:
    """Return why the price wants the holding sold, empty where it does not.

    Total against total: an average cost need not have an end, and the boundary must be exact. What
    cost nothing has neither loss nor gain to stop at.
    """
    cost, shares, received = position.cost_cny, position.shares, position.received_cny
    value = last * shares + received
    terms, loss = limits.exits, limits.stop_loss_ratio
    gain, fall = terms.take_profit_ratio, terms.trailing_stop_ratio
    if loss is not None and value <= cost * (1 - loss):
        level = (cost * (1 - loss) - received) / shares
        return f"stop loss: {last} is at or below {level:.3f}, {loss} under {_cost(position)}"
    if gain is not None and cost and value >= cost * (1 + gain):
        level = (cost * (1 + gain) - received) / shares
        return f"take profit: {last} is at or above {level:.3f}, {gain} over {_cost(position)}"
    if fall is not None and last <= peak * (1 - fall):
        level = peak * (1 - fall)
        return f"trailing stop: {last} is at or below {level:.3f}, {fall} under the peak {peak:.3f}"
    return ""


def _cost(position: _Position) -> str:
    cost = f"the cost {position.cost_cny / position.shares:.3f}"
    received = position.received_cny
    return f"{cost}, dividends {received / position.shares:.3f} counted" if received else cost


def _time_up(position: _Position, day: date, limits: Limits, traded_days: Sequence[date]) -> str:
    """Return why the holding's time is up, empty where it is not or none is set."""
    most = limits.exits.time_stop_days
    if most is None:
        return ""
    held = bisect_right(traded_days, day) - bisect_right(traded_days, position.since)
    if held < most:
        return ""
    return f"time stop: held {held} trading days since {position.since}, at most {most} are allowed"


def _sellable_now(
    book: Book, symbol: Symbol, quote: Quote | None, day: date, at: time, known: Instrument | None
) -> tuple[int, _Held | None]:
    """Return the shares that one order may sell now, and what holds the rest of the holding back."""
    if quote is None:
        return 0, _Held(Rule.QUOTE_MISSING, f"no quote of {symbol}")
    for order in book.open_orders:
        if order.symbol == symbol:
            return 0, _Held(Rule.UNRESOLVED, f"order {order.order_id} in {symbol} is still open")
    held, facts = book.held(symbol), facts_of(symbol, quote.name, known)
    if quote.suspended or facts.is_suspended(day):
        return 0, _Held(Rule.SUSPENDED, f"{symbol} does not trade now")
    try:
        rules = rules_of(symbol, day)
        days = settlement_days(facts.kind or default_kind(rules.board), day, rules.board)
        sealed = _sealed(quote, facts, rules)
        shares, rest = _in_one_order(rules, held, book.sellable(symbol, day, days), at)
    except OutsideRulebook:
        return held, None
    return (0, sealed) if shares > 0 and sealed is not None else (shares, rest)


def _sealed(quote: Quote, facts: Instrument, rules: Rules) -> _Held | None:
    """Return that nobody buys at the lower limit, which only a known book can say."""
    if quote.bids != () or quote.prev_close_cny is None:
        return None
    bottom = price_band(rules, quote.prev_close_cny, facts).limit_down
    if bottom is None or quote.last_cny > bottom:
        return None
    return _Held(Rule.LIMIT_DOWN, f"sealed at the lower limit {bottom}: nobody buys")


def _in_one_order(rules: Rules, held: int, sellable: int, at: time) -> tuple[int, _Held | None]:
    """Return the largest valid order, and what keeps the rest: the order's own bounds, else settlement.

    Raises:
        OutsideRulebook: More is sellable than one order takes, and the timetable of that day is not known.
    """
    most, after_hours = rules.lots.limit_order_max, False
    if most is not None and sellable > most and phase_at(rules, at).phase is Phase.AFTER_HOURS:
        most, after_hours = AFTER_HOURS_ORDER_MAX, True
    shares = round_lot_down(rules, Side.SELL, sellable, held, after_hours=after_hours)
    if shares == held:
        return shares, None
    if sellable <= 0:
        return 0, _Held(Rule.T_PLUS_1, f"none of {held} shares is sellable today")
    if most is not None and sellable > most:
        return shares, _Held(Rule.ORDER_MAX, f"one order takes {most} of {sellable} sellable shares at most")
    if shares < sellable:
        return shares, _Held(
            Rule.BOARD_LOT, f"{shares} of {sellable} sellable shares are the largest valid order; {held} held"
        )
    return shares, _Held(Rule.T_PLUS_1, f"{sellable} of {held} shares are sellable today")


def _sale(symbol: Symbol, shares: int, why: str, index: int) -> Intent:
    return Intent(symbol=symbol, side=Side.SELL, shares=shares, why=why, origin=Origin.EXIT, index=index)
