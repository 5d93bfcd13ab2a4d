"""Anybody's AI-Trader-style `position.jsonl`, read as it is, with everything wrong in it described. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from monitor.record_chain import HashChain
from monitor.record_values import (
    Unreadable,
    decimal_number,
    money,
    no_number,
    shown,
    stated_money,
    symbol_name,
    traded_price,
    whole_shares,
)

CASH = "CASH"

_HALF_CENT = Decimal("0.005")


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
    `fees` and `cash_change` are there in records that state them, fees only where they are not
    negative. `cash` is as written, so it may have the noise of a float. `after_gap`: the line before
    it could not be read. `traded_at` is the `trade_time` of a trade that states one: later than its
    date where the order waited. `ex_date` is that of a dividend or of bonus shares. `place` is when
    the line was written, as exactly as it says. `order_id` is "" where the record names no order.
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
    ex_date: date | None = None
    place: str = ""
    order_id: str = ""

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


def read_record(content: bytes) -> ForeignRecord:
    """Return what a record says; a line that cannot be read is described and left out."""
    lines: list[RecordLine] = []
    damage: list[Damage] = []
    ids: dict[int, int] = {}
    gap = False
    chain = HashChain()
    texts = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    whole = texts.pop() == b"" if content.endswith(b"\n") else False
    for number, text in enumerate(texts):
        last_is_cut = number == len(texts) - 1 and not whole
        try:
            stated = _object(text, cut=last_is_cut)
            line = _line(number, stated, after_gap=gap)
        except Unreadable as problem:
            damage.append(Damage(line=number, problem=str(problem)))
            gap = True
            chain.interrupt()
            continue
        damage += _order(line, stated, ids, lines)
        damage += [Damage(line=number, problem=problem) for problem in chain.problems(text, stated)]
        lines.append(line)
        gap = False
    return ForeignRecord(lines=tuple(lines), damage=tuple(damage), records=len(texts))


def _object(text: bytes, *, cut: bool) -> dict[str, object]:
    if not text.strip():
        raise Unreadable("is empty")
    try:
        stated = json.loads(_decoded(text, cut=cut), parse_float=decimal_number, parse_constant=no_number)
    except json.JSONDecodeError as problem:
        raise Unreadable("is cut off" if cut or _ends_early(problem) else "is not JSON") from None
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("is not JSON that can be read") from None
    if not isinstance(stated, dict):
        raise Unreadable("is no JSON object")
    return stated


def _decoded(text: bytes, *, cut: bool) -> str:
    try:
        return text.decode().strip()
    except UnicodeDecodeError as problem:
        inside = cut and problem.reason == "unexpected end of data"
        raise Unreadable("is cut off" if inside else "is not UTF-8") from None


def _ends_early(problem: json.JSONDecodeError) -> bool:
    """Answer whether an object stops where more of it was due."""
    at_the_end = problem.pos >= len(problem.doc) or problem.msg.startswith("Unterminated string")
    return problem.doc.startswith("{") and at_the_end


def _line(number: int, stated: Mapping[str, object], *, after_gap: bool) -> RecordLine:
    label, positions = stated.get("date"), stated.get("positions")
    if not isinstance(label, str) or not _is_date(label):
        raise Unreadable(f"has the date {shown(label)}, not one like 2025-10-10 or 2025-10-10 10:30:00")
    if not isinstance(positions, dict) or CASH not in positions:
        raise Unreadable("has no positions with CASH")
    action, symbol, shares = _action(stated.get("this_action"))
    credited = action in (Action.DIVIDEND, Action.BONUS)
    stated_time = _trade_time(stated.get("trade_time")) if action.trades or credited else None
    traded_at = stated_time if action.trades else None
    fees = stated_money("fees", _fee_lines(stated).get("total"))
    order_id = stated.get("order_id")
    return RecordLine(
        number=number,
        label=label,
        action=action,
        symbol=symbol,
        shares=shares,
        cash=money(CASH, positions[CASH]),
        holdings=MappingProxyType(
            {
                name: held
                for name, value in positions.items()
                if name != CASH and (held := whole_shares(symbol_name(name), value))
            }
        ),
        price=traded_price(stated.get("price"), traded=action.trades),
        fees=None if fees is not None and fees < 0 else fees,
        cash_change=stated_money("cash_change_cny", stated.get("cash_change_cny")),
        after_gap=after_gap,
        traded_at=traded_at,
        ex_date=date.fromisoformat(stated_time[:10]) if credited and stated_time else None,
        order_id=order_id if isinstance(order_id, str) else "",
        # A trail with trade times tells of a session whose orders waited after later ones, by its date.
        place=traded_at or (label[:10] if "trade_time" in stated else label),
    )


def _fee_lines(stated: Mapping[str, object]) -> Mapping[str, object]:
    fees = stated.get("fees")
    return fees if isinstance(fees, dict) else {}


def _trade_time(stated: object) -> str | None:
    if stated is None:
        return None
    if not isinstance(stated, str) or not _is_date(stated):
        raise Unreadable(f"has the trade_time {shown(stated)}, not one like 2025-10-10 10:30:00")
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
        raise Unreadable("this_action is no object")
    name = stated.get("action")
    if not isinstance(name, str) or name not in frozenset(Action) - {Action.OPENING}:
        raise Unreadable(f"the action {shown(name)} is not known")
    action = Action(name)
    symbol, amount = stated.get("symbol"), stated.get("amount")
    if not action.trades and action is not Action.BONUS:
        return action, symbol_name(symbol) if isinstance(symbol, str) else "", 0
    if not isinstance(symbol, str) or not symbol:
        raise Unreadable("the action names no symbol")
    return action, symbol_name(symbol), whole_shares("amount", amount)


def _order(
    line: RecordLine, stated: Mapping[str, object], ids: dict[int, int], before: list[RecordLine]
) -> list[Damage]:
    """Return what is wrong with a line that can be read: its id, its place, what it holds and states."""
    problems = _misnumbered(line, stated.get("id"), ids)
    if before and _earlier(line.place, before[-1].place):
        problems.append(f"is dated {shown(line.place)}, before line {before[-1].number}")
    if before and line.action is Action.OPENING:
        problems.append("has no action, though it is not the opening balance")
    problems += [f"holds {held} shares of {shown(name)}" for name, held in line.holdings.items() if held < 0]
    if line.cash < 0:
        problems.append(f"has a CASH of {line.cash}")
    problems += [
        f"states fees of {shown(amount)} as {shown(name)}"
        for name, amount in _fee_lines(stated).items()
        if _is_negative(amount)
    ]
    problems += _contradicted(line, before)
    return [Damage(line=line.number, problem=problem) for problem in problems]


def _misnumbered(line: RecordLine, stated: object, ids: dict[int, int]) -> list[str]:
    if not isinstance(stated, int) or isinstance(stated, bool):
        return ["has no id"]
    if stated in ids:
        return [f"has the id {stated} of line {ids[stated]}"]
    after = max(ids, default=None)
    ids[stated] = line.number
    if after is not None and stated != after + 1 and not line.after_gap:
        return [f"has the id {stated} after {after}"]
    return []


def _is_negative(amount: object) -> bool:
    """Answer whether a stated fee is a number below 0; what is no number tells nothing."""
    try:
        return (stated_money("", amount) or 0) < 0
    except Unreadable:
        return False


def _earlier(place: str, than: str) -> bool:
    """Answer whether a line stands too late; where one says the day alone, the days are compared."""
    exact = min(len(place), len(than))
    return place[:exact] < than[:exact]


def _contradicted(line: RecordLine, before: list[RecordLine]) -> list[str]:
    """Return a stated change of cash that is not the trade's, or where it has no price, not CASH's."""
    if line.cash_change is None:
        return []
    if line.action.trades and line.price is not None:
        due = -line.price * line.signed_shares - (line.fees or 0)
    elif before and not line.after_gap:
        due = line.cash - before[-1].cash
    else:
        return []
    if abs(line.cash_change - due) < _HALF_CENT:
        return []
    by = "its trade comes to" if line.action.trades and line.price is not None else "CASH changed by"
    return [f"states a cash_change_cny of {line.cash_change}, though {by} {due}"]
