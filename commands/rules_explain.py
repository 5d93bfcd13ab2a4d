"""`rules explain`: every rule that applies to a symbol on a day, with its dates and its source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from commands.contract import commission_of
from commands.failures import CommandFailed, Exit
from commands.opening import open_calendar
from commands.rules_view import Assumed, Explanation, FeeExample, Moment, as_json, show
from commands.screen import Screen
from services.domain.events import TradingDay
from services.domain.instruments import (
    Board,
    Instrument,
    Kind,
    Market,
    NotASymbol,
    Symbol,
    facts_of,
    parse_symbol,
)
from services.domain.money import cny
from services.domain.orders import Side
from services.ports import Calendar
from services.rules import (
    Band,
    Commission,
    OutsideRulebook,
    Phase,
    Rules,
    accepts_after_hours_orders,
    after_hours_eligible,
    default_kind,
    fees_of,
    order_band,
    phase_at,
    price_band,
    rules_of,
)
from services.rules.explanation import rows_about
from services.settings import Settings

_FIRST_DAYS_SPAN = timedelta(days=40)
_FEW_LOTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of the rules; what is None was not said."""

    symbol: str
    on: date
    prev_close: str | None = None
    at: str | None = None
    name: str = ""
    listed_on: date | None = None
    kind: str | None = None


def explain_rules(settings: Settings, asked: Asked, screen: Screen, cache_dir: Path | None) -> Exit:
    """Show the rules of the day.

    Raises:
        CommandFailed: What was asked cannot be read, or the rules of that day are not known.
    """
    symbol, prev_close, at = _symbol(asked.symbol), _price(asked.prev_close), _clock(asked.at)
    market = Market.US if symbol.endswith(".US") else Market.CN
    calendar = open_calendar(replace(settings, market=market), cache_dir)
    try:
        found = _explanation(symbol, asked, calendar, prev_close, at, commission_of(settings))
    except OutsideRulebook as unknown:
        raise CommandFailed(Exit.USAGE, f"{symbol} on {asked.on}: {unknown}") from None
    screen.result(as_json(found, screen.lang))
    show(found, screen)
    return Exit.DONE


def _symbol(text: str) -> Symbol:
    try:
        return parse_symbol(text)
    except NotASymbol as problem:
        raise CommandFailed(Exit.USAGE, str(problem)) from None


def _price(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        price = cny(text)
    except ValueError:
        price = Decimal(0)
    if price <= 0:
        raise CommandFailed(Exit.USAGE, f"--prev-close {text}: is no price; write it like 1500.00")
    return price


def _clock(text: str | None) -> time | None:
    if text is None:
        return None
    try:
        at = time.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None:
        raise CommandFailed(Exit.USAGE, f"--at {text}: is no time of day; write it like 15:10") from None
    return at


def _kind(text: str | None, board: Board) -> Kind:
    if text is None:
        return default_kind(board)
    if text not in frozenset(Kind):
        raise CommandFailed(Exit.USAGE, f"--kind {text}: is not known; one of {', '.join(Kind)}")
    return Kind(text)


def _explanation(
    symbol: Symbol,
    asked: Asked,
    calendar: Calendar,
    prev_close: Decimal | None,
    at: time | None,
    commission: Commission,
) -> Explanation:
    rules = rules_of(symbol, asked.on)
    kind = _kind(asked.kind, rules.board)
    instrument = _instrument(symbol, asked, kind, calendar)
    return Explanation(
        instrument=instrument,
        kind=kind,
        rules=rules,
        trading_day=calendar.trading_day(asked.on),
        early_close=calendar.early_close(asked.on),
        after_hours=after_hours_eligible(rules, kind, instrument),
        prev_close=prev_close,
        band=_band(rules, prev_close, instrument),
        opening_call=_opening_call(rules, prev_close, instrument),
        at=at,
        moment=None if at is None else _moment(rules, calendar, instrument, kind, at),
        assumed=_assumed(asked, rules),
        fees=_fee_examples(rules, kind, prev_close, commission),
        rows=rows_about(symbol, rules, kind),
    )


def _instrument(symbol: Symbol, asked: Asked, kind: Kind, calendar: Calendar) -> Instrument:
    """Return what was said of the instrument, and what its name says; the calendar gives its first days."""
    listed = asked.listed_on
    if listed is not None and listed > asked.on:
        raise CommandFailed(
            Exit.USAGE, f"--listed-on {listed}: is after --on {asked.on}; correct one of them"
        )
    first_days = () if listed is None else calendar.trading_days(listed, listed + _FIRST_DAYS_SPAN)
    known = Instrument(symbol=symbol, name=asked.name, kind=kind, listed_on=listed, first_days=first_days)
    return facts_of(symbol, asked.name, known)


def _band(rules: Rules, prev_close: Decimal | None, instrument: Instrument) -> Band | None:
    """Return the day's limits, None where they need a previous close that was not given."""
    if prev_close is not None:
        return price_band(rules, prev_close, instrument)
    band = price_band(rules, Decimal(1), instrument)
    return band if band.unlimited else None


def _opening_call(rules: Rules, prev_close: Decimal | None, instrument: Instrument) -> Band | None:
    """Return what the opening call takes where that is not the day's limits, None where it is not known."""
    if prev_close is None or rules.board is Board.US:
        return None
    try:
        call = order_band(rules, instrument, Phase.OPEN_CALL, prev_close=prev_close, last=None)
    except OutsideRulebook:
        return None
    return None if call == price_band(rules, prev_close, instrument) else call


def _assumed(asked: Asked, rules: Rules) -> tuple[Assumed, ...]:
    """Return which facts of the instrument nobody stated although rules of its board hang on them."""
    kind, limits = default_kind(rules.board), rules.limits
    unstated = {
        Assumed.KIND: asked.kind is None and kind is Kind.ETF_EQUITY,
        Assumed.ST: not asked.name and rules.board is not Board.US and kind in (Kind.STOCK, Kind.B_SHARE),
        Assumed.LISTING: asked.listed_on is None and bool(limits.free_days or limits.first_day is not None),
    }
    return tuple(fact for fact, missing in unstated.items() if missing)


def _moment(rules: Rules, calendar: Calendar, instrument: Instrument, kind: Kind, at: time) -> Moment | None:
    """Return what the exchange does at a time of that day, and what it would take then; None: not known."""
    try:
        span = phase_at(rules, at)
    except OutsideRulebook:
        return None
    state, early = calendar.trading_day(rules.day), calendar.early_close(rules.day)
    shut = state is TradingDay.CLOSED or (early is not None and at >= early)
    eligible = not shut and after_hours_eligible(rules, kind, instrument)
    after_hours = eligible and accepts_after_hours_orders(rules, at)
    late = span.phase in (Phase.AFTER_HOURS_WAIT, Phase.AFTER_HOURS)
    return Moment(
        at=at,
        phase=Phase.CLOSED if shut or (late and not eligible) else span.phase,
        start=span.start,
        end=span.end,
        orders=not shut and span.accepts_auction_orders,
        cancels=not shut and span.accepts_cancel and (eligible or not late),
        matches=not shut and span.matches and (eligible or not late),
        after_hours_orders=after_hours,
    )


def _fee_examples(
    rules: Rules, kind: Kind, prev_close: Decimal | None, commission: Commission
) -> tuple[FeeExample, ...]:
    """Return what a small purchase and its sale cost, empty where a rate is not known."""
    price = prev_close or Decimal("10.00")
    shares = rules.lots.minimum * _FEW_LOTS
    examples = []
    for side in Side:
        try:
            fees = fees_of(rules, kind, side, price * shares, commission, shares=shares)
        except OutsideRulebook:
            return ()
        examples.append(FeeExample(side=side, shares=shares, price=price, fees=fees))
    return tuple(examples)
