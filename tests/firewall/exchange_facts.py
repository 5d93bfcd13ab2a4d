"""What the exchanges take and charge, written a second time in fractions, for the oracle alone.

Nothing here asks `services.rules` or `risk`: it is worked out from the exchanges' published rules for the
days the firewall plays on (2022 to 2026), so that a mistake there cannot hide itself here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from fractions import Fraction
from math import ceil, floor

from services.domain.instruments import Kind, Symbol

MAIN, STAR, CHINEXT, BSE, FUND, REIT, BOND = "main", "star", "chinext", "bse", "fund", "reit", "bond"

_PREFIXES = {
    MAIN: "600.SH 601.SH 603.SH 605.SH 000.SZ 001.SZ 002.SZ 003.SZ",
    STAR: "688.SH 689.SH",
    CHINEXT: "300.SZ 301.SZ 302.SZ",
    BSE: "920.BJ 830.BJ",
    FUND: "510.SH 511.SH 513.SH 518.SH 588.SH 159.SZ 161.SZ",
    REIT: "508.SH 180.SZ",
    BOND: "113.SH 123.SZ",
}
_BOARDS = {prefix: board for board, prefixes in _PREFIXES.items() for prefix in prefixes.split()}
_STOCKS = (MAIN, STAR, CHINEXT, BSE)
_MILL, _CENT = Fraction(1, 1000), Fraction(1, 100)
REGISTRATION, RULES_2026 = date(2023, 4, 10), date(2026, 7, 6)
BOND_LIMITS = date(2022, 8, 1)
BSE_RENUMBERED, KNOWN_UNTIL = date(2025, 10, 9), date(2026, 12, 31)

Prices = tuple[Fraction | None, Fraction | None]
"""Lowest and highest price; None: no limit on that side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What an instrument really is on the day, whether or not anybody tells the gate."""

    symbol: Symbol
    kind: Kind = Kind.STOCK
    warned: bool = False
    unlimited: bool = False
    leaving: bool = False
    reform_pending: bool = False
    suspended: bool = False
    told_kind: bool = True
    told_warning: bool = True

    @property
    def venue(self) -> str:
        return self.symbol[-2:]


def board_of(symbol: Symbol, day: date) -> str | None:
    """Return the board of a code, None where no order may go out that day."""
    if day > KNOWN_UNTIL or (symbol.startswith("8") and day >= BSE_RENUMBERED):
        return None
    return _BOARDS.get(f"{symbol[:3]}.{symbol[-2:]}")


def tick_of(board: str) -> Fraction:
    return _MILL if board in (FUND, REIT, BOND) else _CENT


def half_up(value: Fraction, step: Fraction) -> Fraction:
    return floor(value / step + Fraction(1, 2)) * step


def band(truth: Truth, board: str, day: date, prev: Fraction) -> Prices:
    """Return the lowest and highest price of the day, both None on a day without limits."""
    if truth.unlimited or (board == BOND and day < BOND_LIMITS):
        return None, None
    ratio, tick = _ratio(truth, board, day), tick_of(board)
    up, down = prev * (1 + ratio), prev * (1 - ratio)
    if board == BSE:
        return max(ceil(down / tick) * tick, tick), max(floor(up / tick) * tick, tick)
    up, down = half_up(up, tick), half_up(down, tick)
    if truth.venue == "SZ" or day >= REGISTRATION:
        up = up if up - prev >= tick else floor((prev + tick) / tick) * tick
        down = down if prev - down >= tick else ceil((prev - tick) / tick) * tick
    return max(down, tick), max(up, tick)


def _ratio(truth: Truth, board: str, day: date) -> Fraction:
    if board == MAIN and not truth.leaving:
        five = truth.reform_pending or (truth.warned and day < RULES_2026)
        return Fraction(5, 100) if five else Fraction(10, 100)
    wide = truth.kind is Kind.ETF_EQUITY_20
    tenths = {MAIN: 1, STAR: 2, CHINEXT: 2, BSE: 3, FUND: 2 if wide else 1, REIT: 1, BOND: 2}
    return Fraction(tenths[board], 10)


def phase(truth: Truth, board: str, day: date, at: time) -> str:
    """Return `open`, `continuous`, `lunch`, `close` or `after`; `shut` where no order is taken."""
    new = day >= RULES_2026
    runs_to_the_end = truth.venue == "SH" and board in (FUND, REIT, BOND) and not new
    afternoon_end = time(15) if runs_to_the_end else time(14, 57)
    spans = (
        ("open", time(9, 15), time(9, 25)),
        ("continuous", time(9, 30), time(11, 30)),
        ("lunch", time(11, 30), time(13)),
        ("continuous", time(13), afternoon_end),
        ("close", afternoon_end, time(15)),
        ("after", time(15, 5), time(15, 30)),
    )
    found = next((name for name, start, end in spans if start <= at < end), "shut")
    late = board in (STAR, CHINEXT) or (new and board in (MAIN, FUND))
    listed_open_end = truth.symbol.startswith("161")
    return "shut" if found == "after" and (not late or truth.leaving or listed_open_end) else found


def phase_end(truth: Truth, board: str, day: date, at: time) -> time:
    """Return the last moment of the phase an order is sent in; of lunch, that of the afternoon."""
    now = phase(truth, board, day, at)
    if now == "open":
        return time(9, 20) if at < time(9, 20) else time(9, 25)
    if now == "continuous" and at < time(12):
        return time(11, 30)
    if now in ("continuous", "lunch"):
        return time(15) if phase(truth, board, day, time(14, 58)) == "continuous" else time(14, 57)
    return time(15) if now == "close" else time(15, 30)


def call_prices(truth: Truth, board: str, now: str, prev: Fraction, last: Fraction) -> Prices | None:
    """Return what a call of an unlimited day takes, None where the rules do not say."""
    tick = tick_of(board)
    if board not in (MAIN, STAR, CHINEXT):
        return None
    if now == "open":
        low = max(tick, half_up(prev / 2, tick)) if truth.venue == "SH" else None
        return low, half_up(prev * 9, tick)
    if truth.venue == "SH":
        return None
    return max(tick, half_up(last * 9 / 10, tick)), half_up(last * 11 / 10, tick)


def cage(board: str, day: date, buys: bool, reference: Fraction) -> Fraction | None:
    """Return the highest buy or lowest sell of continuous trading, None where the board has no cage."""
    if board not in _STOCKS or (board == MAIN and day < REGISTRATION):
        return None
    tick, part = tick_of(board), Fraction(5 if board == BSE else 2, 100)
    ten = board in (MAIN, BSE) or (board == CHINEXT and day >= REGISTRATION)
    away = tick * (10 if ten else 1)
    if buys:
        return max(half_up(reference * (1 + part), tick), half_up(reference + away, tick))
    return max(tick, min(half_up(reference * (1 - part), tick), half_up(reference - away, tick)))


def lot_is_valid(board: str, buys: bool, shares: int, held: int, at_close: bool = False) -> bool:
    """Answer whether the exchange takes an order of that many shares out of that holding."""
    most = 1_000_000 if at_close else {STAR: 100_000, CHINEXT: 300_000}.get(board, 1_000_000)
    if not 0 < shares <= most:
        return False
    if board in (STAR, BSE):
        least = 200 if board == STAR else 100
        return shares >= least or (not buys and shares == held)
    lot = 10 if board == BOND else 100
    odd = 0 if buys else held % lot
    return shares % lot in (0, odd)


def same_day(truth: Truth) -> bool:
    """Answer whether shares bought today may be sold today, for all that was told."""
    kinds = (Kind.ETF_BOND_T0, Kind.ETF_MONEY_T0, Kind.ETF_GOLD_T0, Kind.ETF_CROSS_BORDER_T0)
    if truth.symbol[:3] in ("113", "123"):
        return True
    return truth.told_kind and truth.kind in (*kinds, Kind.ETF_COMMODITY_T0)


def warned_cap(board: str, day: date) -> int | None:
    """Return the most one account may buy of a risk-warned stock in a day."""
    if board in (MAIN, CHINEXT):
        return 500_000
    return 200_000 if board == BSE and day >= date(2026, 8, 31) else None


def fees(
    board: str,
    kind: Kind,
    day: date,
    buys: bool,
    amount: Fraction,
    rate: Fraction,
    least: Fraction,
    all_in: bool,
) -> Fraction | None:
    """Return all that an order of `amount` pays filled whole, each line rounded to 0.01; None: not known."""
    if amount <= 0:
        return Fraction(0)
    if not all_in and (board in (REIT, BOND) or (board == BSE and day < date(2022, 12, 1))):
        return None
    stock, halved = board in _STOCKS, day >= date(2023, 8, 28)
    lines = [max(half_up(amount * rate, _CENT), least)]
    if stock and not buys:
        lines.append(half_up(amount * (Fraction(5, 10_000) if halved else Fraction(1, 1000)), _CENT))
    if stock:
        lines.append(half_up(amount * _transfer(board, day), _CENT))
    if not all_in and stock:
        part = Fraction("0.000125") if board == BSE else Fraction("0.0000341")
        before = Fraction("0.00025") if board == BSE else Fraction("0.0000487")
        lines += [half_up(amount * (part if halved else before), _CENT), half_up(amount / 50_000, _CENT)]
    if not all_in and board == FUND and kind not in (Kind.ETF_MONEY_T0, Kind.ETF_BOND_T0):
        lines.append(half_up(amount * Fraction("0.00004"), _CENT))
    return sum(lines, Fraction(0))


def _transfer(board: str, day: date) -> Fraction:
    if day >= date(2022, 4, 29):
        return Fraction("0.00001")
    return Fraction("0.000025") if board == BSE else Fraction("0.00002")
