"""What is traded: symbols, boards and the dated facts of one instrument. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, NewType

from msgspec import field
from msgspec.structs import replace

from services.domain.value import Value

Symbol = NewType("Symbol", str)

_SHAPE = re.compile(r"[0-9]{6}\.(SH|SZ|BJ)|[A-Z][A-Z.\-]{0,9}\.US")
# How other programs write a code: 600519, SH600519, sh.600519, 600519.XSHG, 600519.ss.
_ELSEWHERE = re.compile(
    r"((?P<before>SH|SZ|BJ)[.:]?)?(?P<code>[0-9]{6})([.:]?(?P<after>SH|SZ|BJ|XSHG|XSHE|SSE|SZSE|BSE|SS))?",
    re.IGNORECASE,
)
_EXCHANGES = {
    "SH": "SH", "XSHG": "SH", "SSE": "SH", "SS": "SH", "SZ": "SZ", "XSHE": "SZ", "SZSE": "SZ", "BJ": "BJ",
    "BSE": "BJ",
}  # fmt: skip
_SEVERAL = re.compile(r"\.(SH|SZ|BJ|US)[\s,;，、；]+\S")


class Market(StrEnum):
    """A market with one calendar and one time zone."""

    CN = "cn"
    US = "us"


class Board(StrEnum):
    """A group of instruments under one set of rules."""

    SSE_MAIN = "SSE_MAIN"
    SZSE_MAIN = "SZSE_MAIN"
    STAR = "STAR"
    CHINEXT = "CHINEXT"
    BSE = "BSE"
    SSE_FUND = "SSE_ETF"
    SZSE_FUND = "SZSE_ETF"
    REIT = "REIT"
    CONVERTIBLE = "CB"
    SSE_B = "SSE_B"
    SZSE_B = "SZSE_B"
    US = "US"


class Kind(StrEnum):
    """What an instrument is, as far as settlement, limits and tax depend on it."""

    STOCK = "stock"
    ETF_EQUITY = "etf_equity"
    ETF_EQUITY_20 = "etf_equity_20"
    ETF_BOND_T0 = "etf_bond_t0"
    ETF_MONEY_T0 = "etf_money_t0"
    ETF_GOLD_T0 = "etf_gold_t0"
    ETF_CROSS_BORDER_T0 = "etf_cross_border_t0"
    ETF_COMMODITY_T0 = "etf_commodity_t0"
    REIT = "reit"
    CONVERTIBLE_BOND = "convertible_bond"
    B_SHARE = "b_share"


class NotASymbol(ValueError):
    """The text does not name an instrument in the form `600519.SH` or `AAPL.US`."""


def parse_symbol(text: str) -> Symbol:
    """Return `text` as a symbol.

    Raises:
        NotASymbol: No exchange suffix, another market's suffix, or another form.
    """
    if _SHAPE.fullmatch(text):
        return Symbol(text)
    raise NotASymbol(f"{text!r} is not a symbol like 600519.SH, 000001.SZ or 920001.BJ{_hint(text)}")


def _hint(text: str) -> str:
    """Return how a code that others write otherwise is written here; empty where it names none."""
    if _SEVERAL.search(text):
        return "; write each symbol for itself, with a plain comma between them"
    if (named := _ELSEWHERE.fullmatch(text.strip())) is None:
        return ""
    code = named["code"]
    suffix = "SH" if code[0] in "569" else "BJ" if code[0] in "48" else "SZ"
    suffix = "BJ" if code.startswith("92") else suffix
    exchange = (named["before"] or named["after"] or "").upper()
    return f"; did you mean {code}.{_EXCHANGES.get(exchange, suffix)}?"


class Span(Value, frozen=True, kw_only=True):
    """Days on which a state holds; both ends included, no end means until further notice."""

    since: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Answer whether the state holds on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)


class Instrument(Value, frozen=True, kw_only=True):
    """The facts the rules need about one instrument.

    `listed_on` None means unknown: on price files that counts as long listed, and what is judged
    by it is marked approximate. `first_days` are the trading days from the listing on, as far as
    known, so that the fifth trading day can be told without a calendar. `st` holds the
    risk-warning periods, `suspended` the days without trading. `issue_price_cny` is needed for the
    first day of old-regime listings. `relisted_on` is the first trading day after a delisted share was
    listed again.
    """

    symbol: Symbol
    name: str = ""
    kind: Kind | None = None
    listed_on: date | None = None
    first_days: tuple[date, ...] = ()
    st: tuple[Span, ...] = ()
    delisting: Span | None = None
    registration_regime: bool = True
    share_reform_pending: bool = False
    issue_price_cny: str | None = None
    suspended: tuple[Span, ...] = ()
    relisted_on: date | None = None

    def is_suspended(self, day: date) -> bool:
        """Answer whether the instrument is known not to trade on `day`."""
        return bool(self.suspended) and any(span.covers(day) for span in self.suspended)

    def is_st(self, day: date) -> bool:
        """Answer whether the instrument carries a risk warning on `day`."""
        return bool(self.st) and any(span.covers(day) for span in self.st)


class Fact(StrEnum):
    """A fact of one instrument that a source may be unable to tell."""

    FUND_KIND = "fund_kind"
    RISK_WARNING = "risk_warning"
    LISTING = "listing"
    DELISTING = "delisting"
    SUSPENSION = "suspension"


class Distribution(Value, frozen=True, kw_only=True):
    """What a company hands to the holders of its record date, as a vendor announces it.

    Amounts are CNY and new shares a share; `bonus_per_share` is the part of the new shares paid out of
    profit. `rights_per_share` new shares a share may be bought at `rights_price_cny`. `source` names who
    announced it, two that agree with a `+` between.
    """

    symbol: Symbol
    ex_date: date
    record_date: date | None = None
    pay_date: date | None = None
    cash_per_share: Decimal = Decimal(0)
    shares_per_share: Decimal = Decimal(0)
    bonus_per_share: Decimal = Decimal(0)
    source: str = ""
    rights_per_share: Decimal = Decimal(0)
    rights_price_cny: Decimal = Decimal(0)


class Facts(Value, frozen=True, kw_only=True):
    """What a source tells of some instruments: the facts it knows, and by symbol those it does not, and why.

    A field of an instrument speaks only where its fact is not in `unknown`. An instrument of which
    nothing is known may be left out. `industries` are the vendor's names, of the shares it sorts;
    `source` names who was asked and told something, with a `+` between. `distributions` are those whose
    ex-day is today or soon; `disputed` names the symbols about whose ex-day two vendors differ, and how.
    """

    instruments: tuple[Instrument, ...] = ()
    unknown: Mapping[Symbol, Mapping[Fact, str]] = field(default_factory=dict)
    industries: Mapping[Symbol, str] = field(default_factory=dict)
    source: str = ""
    distributions: tuple[Distribution, ...] = ()
    disputed: Mapping[Symbol, str] = field(default_factory=dict)


def nothing_told(symbols: Iterable[Symbol], why: str) -> Facts:
    """Return that no fact of the symbols is known, and why."""
    return Facts(unknown={symbol: dict.fromkeys(Fact, why) for symbol in symbols})


LONG_AGO = date(1990, 12, 19)
"""The first trading day there was: since then, where nobody says since when."""


class NameMarks(NamedTuple):
    """What a short name says of its share: a risk warning, a delisting period, a listing of these days.

    `unreformed`: its share reform is still to come.
    """

    warned: bool
    leaving: bool
    new: bool
    unreformed: bool = False


_NO_MARKS = NameMarks(warned=False, leaving=False, new=False)
"""The marks of most names, which `facts_of` tells by their identity."""


@lru_cache(maxsize=8192)
def marks_of(name: str) -> NameMarks:
    """Return what the exchange writes into a short name, an ex-day's `XD`, `XR` or `DR` before it aside.

    Source: `N` marks the first day of a listing, `C` the second to fifth; `退` a delisting period; an
    `S` before the name, or before its `ST`, a share reform that is still to come.
    """
    plain = name[2:] if name.startswith(("XD", "XR", "DR")) else name
    marks = NameMarks(
        warned=plain.startswith(("ST", "*ST", "SST", "S*ST")),
        leaving=plain.startswith("退市") or plain.endswith("退"),
        new=plain.startswith(("N", "C")) and not plain[1:2].isascii(),
        unreformed=plain.startswith(("SST", "S*ST")) or (plain[:1] == "S" and not plain[1:2].isascii()),
    )
    return marks if any(marks) else _NO_MARKS


def facts_of(symbol: Symbol, name: str, known: Instrument | None) -> Instrument:
    """Return the known facts, and what the names say beside them.

    That is a risk warning, a delisting period, or a share reform still to come. Names are the one
    given, of the quote or the file, and the declared one; either may tell. They speak only where the
    known facts are silent. An instrument of which nothing is known counts as long listed.
    """
    if known is None:
        return _named(symbol, name)
    plain = marks_of(name) is _NO_MARKS and marks_of(known.name) is _NO_MARKS
    return known if plain else _marked(known, name)


@lru_cache(maxsize=8192)
def _named(symbol: Symbol, name: str) -> Instrument:
    """Return what a name alone says of an instrument."""
    return _marked(Instrument(symbol=symbol, name=name), name)


def _marked(facts: Instrument, name: str) -> Instrument:
    given, declared = marks_of(name), marks_of(facts.name)
    if (given.warned or declared.warned) and not facts.st:
        facts = replace(facts, st=(Span(since=LONG_AGO),))
    if (given.leaving or declared.leaving) and facts.delisting is None:
        facts = replace(facts, delisting=Span(since=LONG_AGO))
    if (given.unreformed or declared.unreformed) and not facts.share_reform_pending:
        facts = replace(facts, share_reform_pending=True)
    return facts
