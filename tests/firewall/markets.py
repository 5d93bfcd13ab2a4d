"""Random markets: what each symbol is, what a source says of it, and what nobody tells. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from random import Random

from services.domain.instruments import Fact, Instrument, Kind, Span, Symbol
from services.domain.quotes import Level, Quote
from tests.firewall import exchange_facts as facts
from tests.firewall.exchange_facts import Truth

DAYS = (
    date(2022, 5, 10),
    date(2024, 3, 5),
    date(2026, 6, 30),
    date(2026, 7, 14),
    date(2026, 7, 14),
    date(2026, 9, 2),
    date(2027, 1, 5),
)
"""Days before and after each change of the rules, and one that no rulebook speaks for."""

UNIVERSE = tuple(
    map(
        Symbol,
        (
            "600000.SH",
            "601318.SH",
            "603001.SH",
            "000999.SZ",
            "002415.SZ",
            "300999.SZ",
            "301001.SZ",
            "688001.SH",
            "688981.SH",
            "920001.BJ",
            "920002.BJ",
            "510300.SH",
            "511990.SH",
            "518880.SH",
            "513100.SH",
            "588000.SH",
            "159915.SZ",
            "159985.SZ",
            "161725.SZ",
            "508000.SH",
            "180101.SZ",
            "113001.SH",
            "123001.SZ",
            "900901.SH",
            "200002.SZ",
            "830001.BJ",
            "000300.SH",
        ),
    )
)
"""Every board, funds sold the same day, B shares, a code of another time and an index."""

TRADED = UNIVERSE[:-4]
"""Those that an order may be in."""

_KINDS = {
    "511990.SH": Kind.ETF_MONEY_T0,
    "518880.SH": Kind.ETF_GOLD_T0,
    "513100.SH": Kind.ETF_CROSS_BORDER_T0,
    "588000.SH": Kind.ETF_EQUITY_20,
    "159915.SZ": Kind.ETF_EQUITY_20,
    "159985.SZ": Kind.ETF_COMMODITY_T0,
}
_BY_BOARD = {
    facts.FUND: Kind.ETF_EQUITY,
    facts.REIT: Kind.REIT,
    facts.BOND: Kind.CONVERTIBLE_BOND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One symbol of a market: the truth, the facts told of it, and its quote, None where it is missing."""

    truth: Truth
    instrument: Instrument | None
    unknown: dict[Fact, str]
    quote: Quote | None


def draw_listing(
    rng: Random, symbol: Symbol, day: date, moment: datetime, *, cheap: bool, rough: bool
) -> Listing:
    """Return a symbol on a day as a vendor shows it at a moment; `rough` where much may be wrong with it."""
    board = facts.board_of(symbol, day)
    stock = board in (facts.MAIN, facts.STAR, facts.CHINEXT, facts.BSE)
    odd = rng.random() < (0.4 if rough else 0.12)
    told = 0.0 if rough else 1.0
    special = rng.choice(("warned", "unlimited", "leaving", "last_day", "reform")) if stock and odd else ""
    truth = Truth(
        symbol=symbol,
        kind=Kind(_KINDS.get(symbol, _BY_BOARD.get(board or "", Kind.STOCK))),
        warned=special == "warned",
        unlimited=special in ("unlimited", "leaving") and not (special == "unlimited" and _old(board, day)),
        leaving=special in ("leaving", "last_day"),
        reform_pending=special == "reform" and board == facts.MAIN,
        suspended=rough and rng.random() < 0.06,
        told_kind=rng.random() < max(0.7, told),
        told_warning=rng.random() < max(0.8, told),
    )
    instrument, name, unknown = _told(rng, truth, special, day)
    declared = instrument is not None and instrument.is_suspended(day)
    seen_at = _seen(rng, moment) if rough else moment - timedelta(seconds=rng.choice((0, 0, 3)))
    whole = _quote(rng, truth, board or facts.MAIN, day, seen_at, name, cheap=cheap, declared=declared)
    quote = _spoilt(rng, whole) if rough and rng.random() < 0.25 else whole
    return Listing(truth=truth, instrument=instrument, unknown=unknown, quote=quote)


def _old(board: str | None, day: date) -> bool:
    """Answer whether listings of the board came without free days then."""
    return board == facts.MAIN and day < facts.REGISTRATION


def _told(
    rng: Random, truth: Truth, special: str, day: date
) -> tuple[Instrument | None, str, dict[Fact, str]]:
    """Return the declared facts, the name in the quote, and the facts that nobody could tell."""
    plain = truth.kind is Kind.STOCK and not special
    if not truth.told_warning and plain:
        silent = rng.random() < 0.5
        return None, "" if silent else "平安", {} if silent else {Fact.RISK_WARNING: "nobody says"}
    if not truth.told_kind and truth.kind is not Kind.STOCK:
        return None, "基金", {}
    by_name = special == "warned" and rng.random() < 0.5
    name = rng.choice(("ST样本", "*ST样本", "XDST样本")) if by_name else rng.choice(("样本", "样本", ""))
    if plain and name and rng.random() < 0.4:
        return None, name, {}
    instrument = Instrument(
        symbol=truth.symbol,
        kind=None if truth.kind is Kind.STOCK else truth.kind,
        listed_on=date(2022, 1, 4) if truth.kind in (Kind.REIT, Kind.CONVERTIBLE_BOND) else None,
        st=(Span(since=date(2020, 1, 1)),) if truth.warned and not by_name else (),
        delisting=_leaving(special, day),
        first_days=(day - timedelta(days=1), day) if _second_day(truth, special) else (),
        relisted_on=day if special == "unlimited" and not _second_day(truth, special) else None,
        share_reform_pending=truth.reform_pending,
        suspended=(Span(since=day, until=day),) if truth.suspended and rng.random() < 0.5 else (),
    )
    return instrument, name, {}


def _second_day(truth: Truth, special: str) -> bool:
    """Answer whether the unlimited day is the second after a listing; on BSE only the first is one."""
    return special == "unlimited" and truth.unlimited and truth.symbol[-2:] != "BJ"


def _leaving(special: str, day: date) -> Span | None:
    if special == "leaving":
        return Span(since=day)
    return Span(since=day - timedelta(days=9)) if special == "last_day" else None


def _quote(
    rng: Random,
    truth: Truth,
    board: str,
    day: date,
    seen_at: datetime,
    name: str,
    *,
    cheap: bool,
    declared: bool,
) -> Quote:
    tick = decimal(facts.tick_of(board))
    prev = max(tick, Decimal(repr(10 ** rng.uniform(-2 if cheap else 0.3, 2.8))).quantize(tick))
    low, high = facts.band(truth, board, day, Fraction(prev))
    floor = decimal(low) if low is not None else max(tick, (prev / 3).quantize(tick))
    ceiling = decimal(high) if high is not None else prev * 4
    last = _last(rng, prev, floor, ceiling, tick)
    bids, asks = _book(rng, last, floor, ceiling, tick)
    states = rng.random() < 0.5 and high is not None
    return Quote(
        symbol=truth.symbol,
        last_cny=last,
        prev_close_cny=prev,
        seen_at=seen_at,
        source="drawn",
        limit_up_cny=ceiling if states else None,
        limit_down_cny=floor if states else None,
        bids=bids,
        asks=asks,
        suspended=truth.suspended and not declared,
        approximate=rng.random() < 0.15,
        name=name,
    )


def _spoilt(rng: Random, quote: Quote) -> Quote | None:
    """Return a quote that nobody should trade by: missing, in part or whole, or not of this market."""
    last, high = quote.last_cny, quote.limit_up_cny
    wrong = (
        None,
        replace(quote, prev_close_cny=None),
        replace(quote, last_cny=last * 3),
        replace(quote, limit_up_cny=None if high is None else high + Decimal("0.01")),
        replace(quote, limit_down_cny=None),
        replace(quote, last_cny=Decimal("0.0001")),
        replace(quote, last_cny=last + Decimal("0.0004")),
    )
    return rng.choice(wrong)


def decimal(value: Fraction) -> Decimal:
    """Return a price that is a multiple of a thousandth."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def _last(rng: Random, prev: Decimal, low: Decimal, high: Decimal, tick: Decimal) -> Decimal:
    if rng.random() < 0.1:
        return rng.choice((low, high))
    moved = prev * Decimal(repr(1 + rng.uniform(-0.04, 0.04)))
    return min(max(moved.quantize(tick, ROUND_DOWN), low, tick), high)


def _book(
    rng: Random, last: Decimal, low: Decimal, high: Decimal, tick: Decimal
) -> tuple[tuple[Level, ...] | None, tuple[Level, ...] | None]:
    """Return bids and asks: unknown, empty on one side where the price is sealed, or about the price."""
    if rng.random() < 0.4:
        return None, None
    away = tick * rng.choice((0, 1, 1, 3, 40))
    bid, ask = last - away, last + tick
    bids = (Level(price_cny=bid, shares=100),) if bid > 0 else ()
    asks = (Level(price_cny=ask, shares=100),)
    if last == high and rng.random() < 0.8:
        return bids, ()
    if last == low and rng.random() < 0.8:
        return (), asks
    return rng.choice(
        ((bids, asks), (bids, asks), (bids, asks), (bids, ()), ((), asks), ((), ()), (None, asks))
    )


def _seen(rng: Random, moment: datetime) -> datetime:
    roll = rng.random()
    if roll < 0.8:
        return moment - timedelta(seconds=rng.choice((0, 0, 1, 30)))
    past = (61, 181, 3600, 5 * 3600, 86_400, 3 * 86_400, -1, -3, -3600)
    return moment - timedelta(seconds=rng.choice(past))
