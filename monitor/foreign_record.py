"""Anybody's AI-Trader-style `position.jsonl`, read as it is, with everything wrong in it described. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

CASH = "CASH"

_SHARES_MAX = 10**15
_PRICE_MAX = 10**7
_HALF_CENT = Decimal("0.005")
_ADJUSTED = range(-99, 16)
"""The exponents of numbers that can be reckoned with: sums of others overflow, or round to nothing."""


class Action(StrEnum):
    """What a line did."""

    BUY = "buy"
    SELL = "sell"
    NO_TRADE = "no_trade"
    DIVIDEND = "dividend"
    BONUS = "bonus"
    ADJUST = "adjust"
    OPENING = "opening"
    """No action: an opening balance."""

    @property
    def trades(self) -> bool:
        """Whether shares were bought or sold."""
        return self in (Action.BUY, Action.SELL)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One readable line: what it did, and cash and holdings after it.

    `number` counts the file's lines from 0; `label` is the line's date as it stands. `price`,
    `fees` and `cash_change` are there in records that state them. `cash` is as written, so it may
    have the noise of a float. `after_gap`: the line before it could not be read. `traded_at` is the
    `trade_time` of a trade that states one: later than its date where the order waited. `place` is
    when the line was written, as exactly as it says.
    """

    number: int
    label: str
    action: Action
    symbol: str
    shares: int
    cash: Decimal
    holdings: Mapping[str, int]
    price: Decimal | None = None
    fees: Decimal | None = None
    cash_change: Decimal | None = None
    after_gap: bool = False
    traded_at: str | None = None
    place: str = ""

    @property
    def signed_shares(self) -> int:
        """The shares that came; negative where they went."""
        if self.action is Action.SELL:
            return -self.shares
        return self.shares if self.action in (Action.BUY, Action.BONUS) else 0

    @property
    def day(self) -> date:
        """The day the line is of; of a trade that states its time, the day it traded."""
        return date.fromisoformat((self.traded_at or self.label)[:10])


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is wrong with a line, as one sentence."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRecord:
    """The readable lines of a record in file order, what is wrong in it, and how many lines it has."""

    lines: tuple[RecordLine, ...]
    damage: tuple[Damage, ...]
    records: int


class _Unreadable(ValueError):
    """A line cannot be used."""


def read_record(content: bytes) -> ForeignRecord:
    """Return what a record says; a line that cannot be read is described and left out."""
    lines: list[RecordLine] = []
    damage: list[Damage] = []
    ids: dict[int, int] = {}
    gap = False
    texts = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    whole = texts.pop() == b"" if content.endswith(b"\n") else False
    for number, text in enumerate(texts):
        last_is_cut = number == len(texts) - 1 and not whole
        try:
            stated = _object(text, cut=last_is_cut)
            line = _line(number, stated, after_gap=gap)
        except _Unreadable as problem:
            damage.append(Damage(line=number, problem=str(problem)))
            gap = True
            continue
        damage += _order(line, stated.get("id"), ids, lines)
        lines.append(line)
        gap = False
    return ForeignRecord(lines=tuple(lines), damage=tuple(damage), records=len(texts))


def _object(text: bytes, *, cut: bool) -> dict[str, object]:
    if not text.strip():
        raise _Unreadable("is empty")
    try:
        stated = json.loads(_decoded(text, cut=cut), parse_float=_number, parse_constant=_no_number)
    except json.JSONDecodeError as problem:
        raise _Unreadable("is cut off" if cut or _ends_early(problem) else "is not JSON") from None
    except _Unreadable:
        raise
    except (ValueError, RecursionError):
        raise _Unreadable("is not JSON that can be read") from None
    if not isinstance(stated, dict):
        raise _Unreadable("is no JSON object")
    return stated


def _decoded(text: bytes, *, cut: bool) -> str:
    try:
        return text.decode().strip()
    except UnicodeDecodeError as problem:
        inside = cut and problem.reason == "unexpected end of data"
        raise _Unreadable("is cut off" if inside else "is not UTF-8") from None


def _ends_early(problem: json.JSONDecodeError) -> bool:
    """Answer whether an object stops where more of it was due."""
    at_the_end = problem.pos >= len(problem.doc) or problem.msg.startswith("Unterminated string")
    return problem.doc.startswith("{") and at_the_end


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise _Unreadable(f"has {_shown(text)}, which is no number one can reckon with") from None


def _no_number(constant: str) -> object:
    raise _Unreadable(f"has {constant}, which is no number")


def _line(number: int, stated: Mapping[str, object], *, after_gap: bool) -> RecordLine:
    label, positions = stated.get("date"), stated.get("positions")
    if not isinstance(label, str) or not _is_date(label):
        raise _Unreadable(f"has the date {_shown(label)}, not one like 2025-10-10 or 2025-10-10 10:30:00")
    if not isinstance(positions, dict) or CASH not in positions:
        raise _Unreadable("has no positions with CASH")
    action, symbol, shares = _action(stated.get("this_action"))
    traded_at = _traded_at(stated.get("trade_time")) if action.trades else None
    fees = stated.get("fees")
    total = fees.get("total") if isinstance(fees, dict) else None
    return RecordLine(
        number=number,
        label=label,
        action=action,
        symbol=symbol,
        shares=shares,
        cash=_money(CASH, positions[CASH]),
        holdings=MappingProxyType(
            {
                name: held
                for name, value in positions.items()
                if name != CASH and (held := _shares(_symbol(name), value))
            }
        ),
        price=_price(stated.get("price"), traded=action.trades),
        fees=_stated_money("fees", total),
        cash_change=_stated_money("cash_change_cny", stated.get("cash_change_cny")),
        after_gap=after_gap,
        traded_at=traded_at,
        # A trail with trade times tells of a session whose orders waited after later ones, by its date.
        place=traded_at or (label[:10] if "trade_time" in stated else label),
    )


def _traded_at(stated: object) -> str | None:
    if stated is None:
        return None
    if not isinstance(stated, str) or not _is_date(stated):
        raise _Unreadable(f"has the trade_time {_shown(stated)}, not one like 2025-10-10 10:30:00")
    return stated


def _is_date(label: str) -> bool:
    try:
        moment = datetime.fromisoformat(label)
    except ValueError:
        return False
    return label.isascii() and moment.tzinfo is None and 1990 <= moment.year <= 2100


def _action(stated: object) -> tuple[Action, str, int]:
    if stated is None:
        return Action.OPENING, "", 0
    if not isinstance(stated, dict):
        raise _Unreadable("this_action is no object")
    name = stated.get("action")
    if not isinstance(name, str) or name not in frozenset(Action) - {Action.OPENING}:
        raise _Unreadable(f"the action {_shown(name)} is not known")
    action = Action(name)
    symbol, amount = stated.get("symbol"), stated.get("amount")
    if not action.trades and action is not Action.BONUS:
        return action, _symbol(symbol) if isinstance(symbol, str) else "", 0
    if not isinstance(symbol, str) or not symbol:
        raise _Unreadable("the action names no symbol")
    return action, _symbol(symbol), _shares("amount", amount)


def _symbol(written: str) -> str:
    try:
        written.encode()
    except UnicodeEncodeError:
        raise _Unreadable(f"has the symbol {_shown(written)}, which is no text") from None
    return written


def _shares(name: str, value: object) -> int:
    """Return a whole number; 200.0 is one, and so is 0 where nothing is held."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _Unreadable(f"{_shown(name)} is {_shown(value)}, not a number of shares")
    shares = Decimal(value)
    if not _in_range(shares) or shares != int(shares):
        raise _Unreadable(f"{_shown(name)} is {_shown(value)}, not a whole number of shares")
    return int(shares)


def _money(name: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _Unreadable(f"{name} is {_shown(value)}, not an amount of money")
    amount = Decimal(value)
    if not _in_range(amount):
        raise _Unreadable(f"{name} is {_shown(value)}, not an amount of money")
    return amount


def _in_range(number: Decimal) -> bool:
    return number.adjusted() in _ADJUSTED and abs(number) <= _SHARES_MAX


def _price(stated: object, *, traded: bool) -> Decimal | None:
    price = _stated_money("price", stated)
    if traded and price is not None and not 0 < price <= _PRICE_MAX:
        raise _Unreadable(f"price is {_shown(stated)}, at which nothing trades")
    return price


def _stated_money(name: str, value: object) -> Decimal | None:
    """Return money written as text or as a number, None where there is none."""
    if value is None:
        return None
    if not isinstance(value, str):
        return _money(name, value)
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise _Unreadable(f"{name} is {_shown(value)}, not an amount of money") from None
    if not amount.is_finite():
        raise _Unreadable(f"{name} is {_shown(value)}, not an amount of money")
    return _money(name, amount)


def _shown(value: object) -> str:
    text = ascii(str(value) if isinstance(value, Decimal) else value)
    return text if len(text) <= 40 else text[:37] + "..."


def _order(line: RecordLine, stated: object, ids: dict[int, int], before: list[RecordLine]) -> list[Damage]:
    """Return what is wrong with a line that can be read: its id, its place, what it holds."""
    problems = []
    if not isinstance(stated, int) or isinstance(stated, bool):
        problems.append("has no id")
    elif stated in ids:
        problems.append(f"has the id {stated} of line {ids[stated]}")
    else:
        if ids and stated != max(ids) + 1 and not line.after_gap:
            problems.append(f"has the id {stated} after {max(ids)}")
        ids[stated] = line.number
    if before and _earlier(line.place, before[-1].place):
        problems.append(f"is dated {_shown(line.place)}, before line {before[-1].number}")
    if before and line.action is Action.OPENING:
        problems.append("has no action, though it is not the opening balance")
    problems += [f"holds {held} shares of {_shown(name)}" for name, held in line.holdings.items() if held < 0]
    if line.cash < 0:
        problems.append(f"has a CASH of {line.cash}")
    problems += _contradicted(line, before)
    return [Damage(line=line.number, problem=problem) for problem in problems]


def _earlier(place: str, than: str) -> bool:
    """Answer whether a line stands too late; where one says the day alone, the days are compared."""
    exact = min(len(place), len(than))
    return place[:exact] < than[:exact]


def _contradicted(line: RecordLine, before: list[RecordLine]) -> list[str]:
    """Return a stated change of cash that is not the trade's, or where it has no price, not CASH's."""
    if line.cash_change is None or not line.action.trades:
        return []
    if line.price is not None:
        due = -line.price * line.signed_shares - (line.fees or 0)
    elif before and not line.after_gap:
        due = line.cash - before[-1].cash
    else:
        return []
    if abs(line.cash_change - due) < _HALF_CENT:
        return []
    by = "CASH changed by" if line.price is None else "its trade comes to"
    return [f"states a cash_change_cny of {line.cash_change}, though {by} {due}"]
