"""One intent held against quote, rulebook and account, check by check. Pure.

The checks run in the order of `Rule`; the first that applies is the reason.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from risk.breaches import drawn_down
from risk.candidate import Candidate, Rejected
from risk.hours import Hours, hours_of
from risk.limits import Desk
from risk.needed_facts import unknown_for_limits, unknown_warning
from risk.pricing import limit_of
from risk.sizing import size
from services.domain.events import Halt
from services.domain.instruments import Instrument, Kind, Symbol, facts_of
from services.domain.money import to_tick
from services.domain.orders import Intent, Origin, Rule, Side
from services.domain.quotes import Quote, is_judged, untradable
from services.rules import (
    Band,
    OutsideRulebook,
    Phase,
    Rules,
    after_hours_eligible,
    missed_start,
    order_band,
    price_band,
    rules_of,
    st_daily_buy_cap,
    trading_time,
)

_BUY = Side.BUY

_UNCROSSING = (Phase.OPEN_CALL_LOCKED, Phase.CLOSE_CALL)
"""At their end an auction makes a price, whatever the last one was."""

_CLOCK_SKEW = timedelta(seconds=2)


class Earlier(msgspec.Struct, kw_only=True):
    """What the same session asks twice of a symbol, and what was found for the orders before.

    `repeated` are the symbols of more than one intent, `contradicted` those that it asks both to buy and to
    sell; `seen` is what was asked of the repeated ones before, granted or not. `fresh_at` is when the quote
    was true that was found fresh last. `hours` are those found so far, by the identity of their rules:
    orders under the same rules share theirs. `later`: prices were asked again since the mind was.
    """

    seen: set[tuple[Symbol, Side]] = msgspec.field(default_factory=set)
    repeated: Collection[Symbol] = ()
    contradicted: Collection[Symbol] = ()
    later: bool
    fresh_at: datetime | None = None
    hours: dict[int, Hours] = msgspec.field(default_factory=dict)


def examine(intent: Intent, desk: Desk, earlier: Earlier) -> Candidate:
    """Return the intent as a candidate order with shares and limit: the market would take it.

    Raises:
        Rejected: A rule forbids it.
    """
    try:
        candidate = _candidate(intent, desk, earlier)
        size(candidate, desk)
        candidate.limit_cny = limit_of(candidate, desk)
    except OutsideRulebook as unknown:
        raise Rejected(Rule.RULES_UNKNOWN, str(unknown)) from None
    if candidate.buys:
        if intent.symbol in desk.disputed:
            # Nobody knows what it is worth on the day that two vendors announce differently.
            why = desk.disputed[intent.symbol]
            raise Rejected(Rule.RULES_UNKNOWN, f"{intent.symbol}: its ex-day is not known: {why}")
        if candidate.instrument.st or not candidate.quote.approximate:
            _st_cap(candidate, desk)
    return candidate


def _candidate(intent: Intent, desk: Desk, earlier: Earlier) -> Candidate:
    symbol, buys = intent.symbol, intent.side is _BUY
    if symbol not in desk.watchlist and (buys or not desk.book.held(symbol)):
        raise Rejected(Rule.SYMBOL_UNKNOWN, f"{symbol} is not on the watchlist")
    allowed = desk.limits.degrees.symbols
    if buys and allowed and symbol not in allowed:
        raise Rejected(Rule.NOT_ALLOWED, f"{symbol} is not among the {len(allowed)} symbols let go live")
    rules = rules_of(symbol, desk.day)
    known = desk.instruments.get(symbol)
    quote = desk.snapshot.get(symbol)
    if quote is None or quote.suspended or quote.barred or (known is not None and known.suspended):
        quote = _tradable(quote, symbol, known, desk)
    if earlier.later:
        _not_barred(desk.first.get(symbol), "when the mind was asked: ")
    if intent.target_weight is not None:
        _require_whole_equity(desk)
    instrument = facts_of(symbol, quote.name, known)
    band, hours = _band(quote, instrument, rules, desk, earlier)
    if desk.halts or desk.book.open_orders or symbol in earlier.repeated:
        _free(intent, desk, earlier)
    kind = instrument.kind or rules.kind
    if not hours.taking and not (
        hours.phase is Phase.AFTER_HOURS and after_hours_eligible(rules, kind, instrument)
    ):
        raise Rejected(Rule.PHASE, f"{symbol} takes no order at {desk.local:%H:%M} ({hours.phase})")
    return Candidate(
        symbol=symbol,
        side=intent.side,
        buys=buys,
        origin=intent.origin,
        index=intent.index,
        intent=intent,
        quote=quote,
        instrument=instrument,
        rules=rules,
        kind=kind,
        after_hours=hours.phase is Phase.AFTER_HOURS,
        hours=hours,
        band=band,
        later=earlier.later,
    )


def _tradable(quote: Quote | None, symbol: Symbol, known: Instrument | None, desk: Desk) -> Quote:
    """Return the quote; refuse what is suspended: by its quote for now, by its declared facts for the day.

    That comes before every look at the price: what does not trade has an old quote, or none.
    """
    declared = known is not None and known.is_suspended(desk.day)
    if declared or (quote is not None and quote.suspended):
        why = "" if quote is None else _because(quote.barred)
        raise Rejected(Rule.SUSPENDED, f"{symbol} does not trade {'today' if declared else 'now'}{why}")
    if quote is None:
        why = _because(untradable(desk.snapshot, symbol))
        raise Rejected(Rule.QUOTE_MISSING, f"no quote of {symbol}{why}")
    _not_barred(quote)
    return quote


def _not_barred(quote: Quote | None, when: str = "") -> None:
    """Refuse what a judged quote bars; a symbol that was shown as untradable stays so for the session."""
    if quote is not None and quote.barred:
        raise Rejected(quote.barred_by or Rule.QUOTE_MISSING, f"{when}{quote.barred}")


def _because(why: str) -> str:
    return f" ({why})" if why else ""


def _require_whole_equity(desk: Desk) -> None:
    """Refuse a weight of an equity that leaves out a holding nobody could price."""
    for symbol in desk.unvalued:
        raise Rejected(Rule.QUOTE_MISSING, f"no quote of {symbol}, so the equity is not known")


def _band(
    quote: Quote, instrument: Instrument, rules: Rules, desk: Desk, earlier: Earlier
) -> tuple[Band, Hours]:
    """Return the prices an order may have by the rulebook now, with which a quote of this moment agrees.

    They are the day's limits, narrower in a call on a day without limits. With them come the hours.
    Quotes read off bars are as fresh as another such quote of their moment.
    """
    if quote.prev_close_cny is None:
        raise Rejected(Rule.QUOTE_MISSING, f"no previous close of {quote.symbol}: its limits are unknown")
    band = price_band(rules, quote.prev_close_cny, instrument)
    off_bars, down, up = quote.approximate, quote.limit_down_cny, quote.limit_up_cny
    if not off_bars and (down is None or up is None):
        unknown = unknown_for_limits(quote, rules, desk)
        if unknown and not band.unlimited:
            raise Rejected(Rule.RULES_UNKNOWN, f"{unknown}, and {quote.source} states no limits")
    if not off_bars or quote.seen_at is not earlier.fresh_at:
        _fresh(quote, desk, rules)
        earlier.fresh_at = quote.seen_at
    if not off_bars or down is not None or up is not None:
        _agrees(quote, band, rules)
    hours = earlier.hours.get(id(rules))
    if hours is None:
        hours = earlier.hours[id(rules)] = hours_of(rules, desk)
    if hours.in_call:
        prev_close, last = quote.prev_close_cny, quote.last_cny
        band = order_band(rules, instrument, hours.phase, prev_close=prev_close, last=last)
    return band, hours


def _fresh(quote: Quote, desk: Desk, rules: Rules) -> None:
    """Refuse a quote of another day or of the future, and a vendor's that trading has left behind."""
    seen = quote.seen_at.astimezone(desk.slot_zone)
    if seen.date() != desk.day or desk.moment - quote.seen_at < -_CLOCK_SKEW:
        raise Rejected(Rule.QUOTE_STALE, f"the quote of {quote.symbol} is of {seen:%Y-%m-%d %H:%M:%S}")
    if quote.approximate:
        return
    for span in rules.phases:
        if span.phase in _UNCROSSING and seen.time() < span.end <= desk.local:
            raise Rejected(
                Rule.QUOTE_STALE,
                f"the quote of {quote.symbol} is of {seen:%H:%M:%S}, before the auction of {span.end:%H:%M}",
            )
    began = missed_start(rules, seen.time(), desk.local) if is_judged(desk.snapshot) else None
    if began is not None:
        raise Rejected(
            Rule.QUOTE_STALE,
            f"the quote of {quote.symbol} is of {seen:%H:%M:%S}, before trading began at {began:%H:%M}",
        )
    age = trading_time(rules, seen.time(), desk.local)
    if age > timedelta(seconds=desk.limits.quote_age_s_max):
        raise Rejected(
            Rule.QUOTE_STALE,
            f"the quote of {quote.symbol} is {age.total_seconds():.0f} s of trading old, "
            f"at most {desk.limits.quote_age_s_max} s are allowed",
        )


def _agrees(quote: Quote, band: Band, rules: Rules) -> None:
    """Refuse where the vendor's limits are not the rulebook's, or its price lies outside them.

    A price read off bars may be adjusted, so that it need not lie inside to the tick.
    """
    stated = (quote.limit_down_cny, quote.limit_up_cny)
    if stated != (None, None) and stated != (band.limit_down, band.limit_up):
        raise Rejected(
            Rule.QUOTE_DISAGREES,
            f"{quote.source} gives limits {quote.limit_down_cny} to {quote.limit_up_cny}, "
            f"the rulebook {band.limit_down} to {band.limit_up}",
        )
    if not quote.approximate and not band.allows(to_tick(quote.last_cny, rules.tick)):
        raise Rejected(
            Rule.QUOTE_DISAGREES,
            f"{quote.source} gives {quote.last_cny}, outside {band.limit_down} to {band.limit_up}",
        )


def _free(intent: Intent, desk: Desk, earlier: Earlier) -> None:
    """Refuse where trading is halted, an order is open, or the session contradicts itself."""
    symbol = intent.symbol
    if desk.halts:
        for halt in (desk.halts.get(""), desk.halts.get(symbol)):
            if halt is not None and not _may_still(intent, halt, desk):
                raise Rejected(Rule.HALTED, f"halted: {halt.why}")
    for order in desk.book.open_orders:
        if order.symbol == symbol:
            raise Rejected(Rule.UNRESOLVED, f"order {order.order_id} in {symbol} is still open")
    if (symbol, intent.side) in earlier.seen:
        raise Rejected(Rule.DUPLICATE, f"a second {intent.side} of {symbol} in one session")
    if symbol in earlier.contradicted and intent.origin is Origin.DECISION:
        raise Rejected(Rule.CONTRADICTORY, f"the session asks to buy and to sell {symbol}")


def _may_still(intent: Intent, halt: Halt, desk: Desk) -> bool:
    """Answer whether an exit may go out all the same: where it is let, and its position is certain."""
    terms = desk.limits.exits
    let = terms.while_halted or (terms.on_drawdown and drawn_down((halt,)) is not None)
    return intent.origin is Origin.EXIT and let and (not halt.symbol or not halt.cause.uncertain)


def _st_cap(candidate: Candidate, desk: Desk) -> None:
    """Refuse a buy beyond what one account may buy of a risk-warned stock a day.

    What may carry a warning for all that is known is held to it as well.
    """
    symbol, shares, rules = candidate.intent.symbol, candidate.shares, candidate.rules
    unknown = unknown_warning(candidate.quote, desk) if rules.kind is Kind.STOCK else ""
    cap = rules.st_buy_cap if unknown else st_daily_buy_cap(rules, candidate.instrument)
    if cap is None:
        return
    bought = _bought_today(desk, symbol)
    if bought + shares <= cap:
        return
    reason = f"{bought} bought today and {shares} more exceed the day's {cap}"
    if unknown:
        raise Rejected(Rule.RULES_UNKNOWN, f"{unknown}; with one, {reason}", shares)
    raise Rejected(Rule.ST_DAILY_CAP, reason, shares)


def _bought_today(desk: Desk, symbol: Symbol) -> int:
    bought, day = 0, desk.day
    for lot in desk.book.lots:
        if lot.symbol == symbol and lot.acquired_on == day:
            bought += lot.shares
    return bought
