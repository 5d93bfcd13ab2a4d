"""One intent held against quote, rulebook and account, check by check. Pure.

The checks run in the order of `Rule`; the first that applies is the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal

from risk.limits import Desk
from services.domain.instruments import Instrument, Kind, Span, Symbol
from services.domain.money import ceil_to_tick, floor_to_tick, to_tick
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
    cage_bound,
    default_kind,
    lot_problem,
    phase_at,
    price_band,
    round_lot_down,
    rules_on,
    settlement_days,
    st_daily_buy_cap,
)

_BP = Decimal(10_000)
_LONG_AGO = date(1990, 12, 19)


class Rejected(Exception):
    """The intent is refused: by which rule, and why. Never leaves the gate."""

    def __init__(self, rule: Rule, reason: str, shares: int | None = None) -> None:
        super().__init__(reason)
        self.rule, self.reason, self.shares = rule, reason, shares


@dataclass(slots=True, kw_only=True)
class Candidate:
    """An intent that passed every check but cash: what is known of it."""

    intent: Intent
    quote: Quote
    instrument: Instrument
    rules: Rules
    kind: Kind
    phase: PhaseSpan
    band: Band
    afternoon_end: time | None = None
    shares: int = 0
    limit_cny: Decimal = Decimal(0)


def examine(intent: Intent, desk: Desk) -> Candidate:
    """Return the intent as a candidate order with shares and limit.

    Raises:
        Rejected: A rule forbids it.
    """
    rules, instrument, quote = _facts(intent, desk)
    _free(intent, desk, quote)
    prev_close = quote.prev_close_cny
    if prev_close is None:
        raise Rejected(Rule.QUOTE_MISSING, f"no previous close of {intent.symbol}: its limits are unknown")
    try:
        band = price_band(rules, prev_close, instrument)
    except OutsideRulebook as unknown:
        raise Rejected(Rule.RULES_UNKNOWN, str(unknown)) from None
    _agrees(quote, band)
    kind = instrument.kind or default_kind(rules.board)
    candidate = Candidate(
        intent=intent,
        quote=quote,
        instrument=instrument,
        rules=rules,
        kind=kind,
        phase=_phase(intent, desk, rules, kind),
        band=band,
    )
    if candidate.phase.phase is Phase.LUNCH:
        candidate.afternoon_end = phase_at(rules, candidate.phase.end).end
    candidate.shares = _shares(candidate, desk)
    candidate.limit_cny = _limit(candidate, desk)
    _portfolio(candidate, desk)
    return candidate


def facts_of(symbol: Symbol, name: str, known: Instrument | None) -> Instrument:
    """Return the known facts, or what the name alone says: long listed, ST where the name says so."""
    if known is not None:
        return known
    plain = name.lstrip("S") if name.startswith("S*") else name
    st = plain.startswith(("ST", "*ST")) or name.startswith("SST")
    spans = (Span(since=_LONG_AGO),) if st else ()
    return Instrument(symbol=symbol, name=name, st=spans)


def _facts(intent: Intent, desk: Desk) -> tuple[Rules, Instrument, Quote]:
    symbol = intent.symbol
    if symbol not in desk.watchlist and not desk.book.held(symbol):
        raise Rejected(Rule.SYMBOL_UNKNOWN, f"{symbol} is not on the watchlist")
    try:
        rules = rules_on(board_of(symbol, desk.day), desk.day)
    except OutsideRulebook as unknown:
        raise Rejected(Rule.RULES_UNKNOWN, str(unknown)) from None
    quote = desk.snapshot.get(symbol)
    if quote is None:
        raise Rejected(Rule.QUOTE_MISSING, f"no quote of {symbol}")
    if not quote.suspended:
        _fresh(quote, desk, rules)
    return rules, facts_of(symbol, quote.name, desk.instruments.get(symbol)), quote


def _fresh(quote: Quote, desk: Desk, rules: Rules) -> None:
    """Refuse a quote of another day, and a vendor's older than allowed while the market trades."""
    seen = quote.seen_at.astimezone(desk.slot_zone)
    if seen.date() != desk.day:
        raise Rejected(Rule.QUOTE_STALE, f"the quote of {quote.symbol} is of {seen:%Y-%m-%d %H:%M}")
    if quote.approximate or not phase_at(rules, desk.local).matches:
        return
    age = desk.moment - quote.seen_at
    if not timedelta(seconds=-2) <= age <= timedelta(seconds=desk.limits.quote_age_s_max):
        raise Rejected(
            Rule.QUOTE_STALE,
            f"the quote of {quote.symbol} is {age.total_seconds():.0f} s old, "
            f"at most {desk.limits.quote_age_s_max} s are allowed",
        )


def _free(intent: Intent, desk: Desk, quote: Quote) -> None:
    halt = desk.halts.get("") or desk.halts.get(intent.symbol)
    if halt is not None:
        raise Rejected(Rule.HALTED, f"halted: {halt.why}")
    for order in desk.book.open_orders:
        if order.symbol == intent.symbol:
            raise Rejected(Rule.UNRESOLVED, f"order {order.order_id} in {intent.symbol} is still open")
    if quote.suspended:
        raise Rejected(Rule.SUSPENDED, f"{intent.symbol} does not trade today")


def _agrees(quote: Quote, band: Band) -> None:
    """Refuse where the vendor's limits are not the rulebook's."""
    if quote.limit_up_cny is None and quote.limit_down_cny is None:
        return
    if (quote.limit_down_cny, quote.limit_up_cny) != (band.limit_down, band.limit_up):
        raise Rejected(
            Rule.QUOTE_DISAGREES,
            f"{quote.source} gives limits {quote.limit_down_cny} to {quote.limit_up_cny}, "
            f"the rulebook {band.limit_down} to {band.limit_up}",
        )


def _phase(intent: Intent, desk: Desk, rules: Rules, kind: Kind) -> PhaseSpan:
    span = phase_at(rules, desk.local)
    match span.phase:
        case Phase.CONTINUOUS | Phase.LUNCH:
            return span
        case Phase.AFTER_HOURS if after_hours_eligible(rules, kind):
            return span
        case _:
            raise Rejected(
                Rule.PHASE, f"{intent.symbol} takes no order at {desk.local:%H:%M} ({span.phase})"
            )


def _shares(candidate: Candidate, desk: Desk) -> int:
    intent, rules = candidate.intent, candidate.rules
    held = desk.book.held(intent.symbol)
    shares = intent.shares
    if shares is None:
        shares = _shares_for_weight(candidate, desk, held)
    if shares <= 0:
        raise Rejected(Rule.SIZE, f"{shares} shares are no order", shares)
    if intent.side is Side.SELL and shares > held:
        raise Rejected(Rule.POSITION, f"asks {shares}, holds {held}", shares)
    problem = lot_problem(rules, intent.side, shares, held)
    if problem is not None:
        raise Rejected(Rule.ORDER_MAX if problem.over_max else Rule.BOARD_LOT, problem.detail, shares)
    if intent.side is Side.SELL:
        sellable = desk.book.sellable(intent.symbol, desk.day, settlement_days(candidate.kind, desk.day))
        if shares > sellable:
            raise Rejected(Rule.T_PLUS_1, f"asks {shares}, sellable {sellable}", shares)
    return shares


def _shares_for_weight(candidate: Candidate, desk: Desk, held: int) -> int:
    """Return the lot-valid shares that bring the holding to the wanted weight of equity, 0 if none do."""
    intent, last = candidate.intent, candidate.quote.last_cny
    weight = intent.target_weight or Decimal(0)
    wanted = int(weight * desk.equity_cny / last)
    if intent.side is Side.BUY:
        return round_lot_down(candidate.rules, Side.BUY, max(0, wanted - held), held)
    return round_lot_down(candidate.rules, Side.SELL, max(0, held - wanted), held)


def _limit(candidate: Candidate, desk: Desk) -> Decimal:
    intent, quote, band = candidate.intent, candidate.quote, candidate.band
    continuous = candidate.phase.phase is Phase.CONTINUOUS
    cage = _cage(candidate) if continuous else None
    limit = intent.limit_cny
    if limit is None:
        limit = _marketable(candidate, desk, cage)
    else:
        _check_price(candidate, limit, cage)
    _sealed(candidate)
    if candidate.phase.phase is Phase.AFTER_HOURS:
        close = to_tick(quote.last_cny, candidate.rules.tick)
        if (limit < close) if intent.side is Side.BUY else (limit > close):
            raise Rejected(Rule.PRICE_LIMIT, f"after hours trades at the close {close}, limit {limit}")
    if band.limit_up is not None and not _within(limit, band):
        raise Rejected(Rule.PRICE_LIMIT, f"{limit} is outside {band.limit_down} to {band.limit_up}")
    _drift(candidate, desk)
    return limit


def _cage(candidate: Candidate) -> Decimal | None:
    quote = candidate.quote
    return cage_bound(
        candidate.rules,
        candidate.intent.side,
        best_ask=quote.asks[0].price_cny if quote.asks else None,
        best_bid=quote.bids[0].price_cny if quote.bids else None,
        last=quote.last_cny,
        prev_close=quote.prev_close_cny,
    )


def _marketable(candidate: Candidate, desk: Desk, cage: Decimal | None) -> Decimal:
    """Return the quote moved by `marketable_bp`, no further than cage and daily limit, on the tick."""
    last, tick, band = candidate.quote.last_cny, candidate.rules.tick, candidate.band
    share = desk.limits.marketable_bp / _BP
    if candidate.intent.side is Side.BUY:
        bounds = [bound for bound in (cage, band.limit_up) if bound is not None]
        return floor_to_tick(min([last * (1 + share), *bounds]), tick)
    bounds = [bound for bound in (cage, band.limit_down) if bound is not None]
    return ceil_to_tick(max([last * (1 - share), *bounds]), tick)


def _check_price(candidate: Candidate, limit: Decimal, cage: Decimal | None) -> None:
    rules, band, intent = candidate.rules, candidate.band, candidate.intent
    if not limit.is_finite() or limit <= 0 or limit != to_tick(limit, rules.tick):
        raise Rejected(Rule.TICK, f"{limit} is not a price on the tick of {rules.tick}")
    if band.limit_up is not None and not _within(limit, band):
        raise Rejected(Rule.PRICE_LIMIT, f"{limit} is outside {band.limit_down} to {band.limit_up}")
    if cage is not None and ((limit > cage) if intent.side is Side.BUY else (limit < cage)):
        raise Rejected(Rule.CAGE, f"{limit} is beyond the price cage at {cage}")


def _sealed(candidate: Candidate) -> None:
    """Refuse to buy at a limit-up nobody sells at, and to sell at a limit-down nobody buys at.

    Only a known book can say so; on bars the exchange decides.
    """
    quote, band = candidate.quote, candidate.band
    if candidate.intent.side is Side.BUY:
        if quote.asks == () and band.limit_up is not None and quote.last_cny >= band.limit_up:
            raise Rejected(Rule.LIMIT_UP, f"sealed at the upper limit {band.limit_up}: nobody sells")
    elif quote.bids == () and band.limit_down is not None and quote.last_cny <= band.limit_down:
        raise Rejected(Rule.LIMIT_DOWN, f"sealed at the lower limit {band.limit_down}: nobody buys")


def _within(limit: Decimal, band: Band) -> bool:
    if band.limit_up is None or band.limit_down is None:
        return True
    return band.limit_down <= limit <= band.limit_up


def _drift(candidate: Candidate, desk: Desk) -> None:
    """Refuse where the price ran away while the mind was thinking."""
    if desk.first is desk.snapshot or desk.first.moment == desk.snapshot.moment:
        return
    before, now = desk.first.get(candidate.intent.symbol), candidate.quote.last_cny
    if before is None:
        raise Rejected(Rule.QUOTE_MISSING, f"{candidate.intent.symbol} had no quote when the mind was asked")
    drift_bp = abs(now / before.last_cny - 1) * _BP
    if drift_bp > desk.limits.drift_bp_max:
        raise Rejected(
            Rule.DRIFT,
            f"moved {drift_bp:.0f} bp from {before.last_cny} to {now} since the mind was asked, "
            f"at most {desk.limits.drift_bp_max} are allowed",
        )


def _portfolio(candidate: Candidate, desk: Desk) -> None:
    """Refuse a buy beyond the account's own limits."""
    intent, limits = candidate.intent, desk.limits
    if intent.side is Side.SELL:
        return
    cap = st_daily_buy_cap(candidate.rules, candidate.instrument)
    if cap is not None:
        bought = _bought_today(desk, intent.symbol)
        if bought + candidate.shares > cap:
            raise Rejected(
                Rule.ST_DAILY_CAP,
                f"{bought} bought today and {candidate.shares} more exceed the day's {cap}",
                candidate.shares,
            )
    loss_max = limits.daily_loss_ratio_max
    if loss_max is not None and desk.equity_cny <= desk.day_equity_cny * (1 - loss_max):
        raise Rejected(
            Rule.DAILY_LOSS,
            f"equity {desk.equity_cny} is {loss_max} or more below the day's first {desk.day_equity_cny}",
            candidate.shares,
        )
    ratio_max = limits.position_ratio_max
    value = (desk.book.held(intent.symbol) + candidate.shares) * candidate.limit_cny
    if ratio_max is not None and value > ratio_max * desk.equity_cny:
        raise Rejected(
            Rule.POSITION_RATIO,
            f"the position would be {value} CNY, over {ratio_max} of the equity {desk.equity_cny}",
            candidate.shares,
        )


def _bought_today(desk: Desk, symbol: Symbol) -> int:
    return sum(
        lot.shares for lot in desk.book.lots if lot.symbol == symbol and lot.acquired_on == desk.day
    )
