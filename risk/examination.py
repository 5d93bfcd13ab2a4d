"""One intent held against quote, rulebook and account, check by check. Pure.

The checks run in the order of `Rule`; the first that applies is the reason.
"""

from __future__ import annotations

from datetime import timedelta

from risk.candidate import Candidate, Rejected, facts_of
from risk.limits import Desk
from risk.pricing import limit_of
from risk.sizing import shares_of
from services.domain.instruments import Board, Instrument, Kind, Symbol
from services.domain.money import to_tick
from services.domain.orders import Intent, Rule, Side
from services.domain.quotes import Quote
from services.rules import (
    Band,
    OutsideRulebook,
    Phase,
    PhaseSpan,
    Rules,
    after_hours_eligible,
    board_of,
    default_kind,
    phase_at,
    price_band,
    rules_on,
    st_daily_buy_cap,
    trading_time,
)

_FUNDS = frozenset({Board.SSE_FUND, Board.SZSE_FUND})
_CLOCK_SKEW = timedelta(seconds=2)


def examine(intent: Intent, desk: Desk) -> Candidate:
    """Return the intent as a candidate order with shares and limit: it passed every check but cash.

    Raises:
        Rejected: A rule forbids it.
    """
    try:
        candidate = _candidate(intent, desk)
        candidate.shares = shares_of(candidate, desk)
        candidate.limit_cny = limit_of(candidate, desk)
    except OutsideRulebook as unknown:
        raise Rejected(Rule.RULES_UNKNOWN, str(unknown)) from None
    if candidate.buys:
        _portfolio(candidate, desk)
    return candidate


def _candidate(intent: Intent, desk: Desk) -> Candidate:
    symbol = intent.symbol
    if symbol not in desk.watchlist and (intent.side is Side.BUY or not desk.book.held(symbol)):
        raise Rejected(Rule.SYMBOL_UNKNOWN, f"{symbol} is not on the watchlist")
    rules = rules_on(board_of(symbol, desk.day), desk.day)
    quote = desk.snapshot.get(symbol)
    if quote is None:
        raise Rejected(Rule.QUOTE_MISSING, f"no quote of {symbol}")
    if intent.target_weight is not None:
        _require_whole_equity(desk)
    instrument = facts_of(symbol, quote.name, desk.instruments.get(symbol))
    _trades(quote, instrument, desk)
    band = _band(quote, instrument, rules, desk)
    _free(symbol, desk)
    kind = instrument.kind or default_kind(rules.board)
    phase = _phase(instrument, kind, rules, desk)
    return Candidate(
        intent=intent,
        quote=quote,
        instrument=instrument,
        rules=rules,
        kind=kind,
        phase=phase,
        band=band,
        afternoon_end=phase_at(rules, phase.end).end if phase.phase is Phase.LUNCH else None,
    )


def _trades(quote: Quote, instrument: Instrument, desk: Desk) -> None:
    """Refuse what is suspended: by its quote for now, by its declared facts for the day."""
    declared = instrument.is_suspended(desk.day)
    if declared or quote.suspended:
        _free(quote.symbol, desk)
        raise Rejected(Rule.SUSPENDED, f"{quote.symbol} does not trade {'today' if declared else 'now'}")


def _require_whole_equity(desk: Desk) -> None:
    """Refuse a weight of an equity that leaves out a holding nobody could price."""
    for symbol in desk.book.holdings():
        if desk.first.get(symbol) is None:
            raise Rejected(Rule.QUOTE_MISSING, f"no quote of {symbol}, so the equity is not known")


def _band(quote: Quote, instrument: Instrument, rules: Rules, desk: Desk) -> Band:
    """Return the day's limits by the rulebook, with which a quote of this very moment agrees."""
    if quote.prev_close_cny is None:
        raise Rejected(Rule.QUOTE_MISSING, f"no previous close of {quote.symbol}: its limits are unknown")
    band = price_band(rules, quote.prev_close_cny, instrument)
    if quote.limit_down_cny is None or quote.limit_up_cny is None:
        unknown = _unknown_fact(quote, rules, desk)
        if unknown and not band.unlimited:
            raise Rejected(Rule.RULES_UNKNOWN, f"{unknown}, and {quote.source} states no limits")
    _fresh(quote, desk, rules)
    _agrees(quote, band, rules)
    return band


def _unknown_fact(quote: Quote, rules: Rules, desk: Desk) -> str:
    """Return which fact the limits hang on nobody told, of an instrument a vendor quotes; empty for none.

    Bars stay approximate instead. A name tells whether a stock carries a risk warning.
    """
    if quote.approximate or quote.name or quote.symbol in desk.instruments:
        return ""
    if rules.board in _FUNDS:
        return f"{quote.symbol}: what kind of fund it is, is not known"
    if default_kind(rules.board) is Kind.STOCK:
        return f"{quote.symbol}: whether it carries a risk warning is not known"
    return ""


def _fresh(quote: Quote, desk: Desk, rules: Rules) -> None:
    """Refuse a quote of another day or of the future, and a vendor's that trading has left behind."""
    seen = quote.seen_at.astimezone(desk.slot_zone)
    if seen.date() != desk.day or desk.moment - quote.seen_at < -_CLOCK_SKEW:
        raise Rejected(Rule.QUOTE_STALE, f"the quote of {quote.symbol} is of {seen:%Y-%m-%d %H:%M:%S}")
    if quote.approximate:
        return
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


def _free(symbol: Symbol, desk: Desk) -> None:
    halt = desk.halts.get("") or desk.halts.get(symbol)
    if halt is not None:
        raise Rejected(Rule.HALTED, f"halted: {halt.why}")
    for order in desk.book.open_orders:
        if order.symbol == symbol:
            raise Rejected(Rule.UNRESOLVED, f"order {order.order_id} in {symbol} is still open")


def _phase(instrument: Instrument, kind: Kind, rules: Rules, desk: Desk) -> PhaseSpan:
    span = phase_at(rules, desk.local)
    match span.phase:
        case Phase.CONTINUOUS | Phase.LUNCH:
            return span
        case Phase.AFTER_HOURS if after_hours_eligible(rules, kind, instrument):
            return span
        case _:
            raise Rejected(
                Rule.PHASE, f"{instrument.symbol} takes no order at {desk.local:%H:%M} ({span.phase})"
            )


def _portfolio(candidate: Candidate, desk: Desk) -> None:
    """Refuse a buy beyond the account's own limits."""
    symbol, shares, limits = candidate.intent.symbol, candidate.shares, desk.limits
    _st_cap(candidate, desk)
    loss_max = limits.daily_loss_ratio_max
    if loss_max is not None and desk.equity_cny <= desk.day_equity_cny * (1 - loss_max):
        reason = f"equity {desk.equity_cny} is {loss_max} or more below the day's first {desk.day_equity_cny}"
        raise Rejected(Rule.DAILY_LOSS, reason, shares)
    ratio_max = limits.position_ratio_max
    value = (desk.book.held(symbol) + shares) * candidate.limit_cny
    if ratio_max is not None and value > ratio_max * desk.equity_cny:
        reason = f"the position would be {value} CNY, over {ratio_max} of the equity {desk.equity_cny}"
        raise Rejected(Rule.POSITION_RATIO, reason, shares)


def _st_cap(candidate: Candidate, desk: Desk) -> None:
    """Refuse a buy beyond what one account may buy of a risk-warned stock a day.

    What may carry a warning for all that is known is held to it as well.
    """
    symbol, shares, rules = candidate.intent.symbol, candidate.shares, candidate.rules
    unknown = _unknown_fact(candidate.quote, rules, desk)
    possibly = default_kind(rules.board) is Kind.STOCK and unknown
    cap = rules.st_buy_cap if possibly else st_daily_buy_cap(rules, candidate.instrument)
    bought = _bought_today(desk, symbol)
    if cap is None or bought + shares <= cap:
        return
    reason = f"{bought} bought today and {shares} more exceed the day's {cap}"
    if possibly:
        raise Rejected(Rule.RULES_UNKNOWN, f"{unknown}; with one, {reason}", shares)
    raise Rejected(Rule.ST_DAILY_CAP, reason, shares)


def _bought_today(desk: Desk, symbol: Symbol) -> int:
    return sum(lot.shares for lot in desk.book.lots if lot.symbol == symbol and lot.acquired_on == desk.day)
