"""Tools on the account and on numbers: positions and the calculator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from agents.page import Row, row_of
from agents.sizing import kind_of
from agents.tools.calculator import EXPRESSION_SIGNS_MAX, NotArithmetic, calculate
from agents.tools.tool import Arguments, Refused, Tool, tool
from services.domain.book import Book
from services.domain.decision import Briefing
from services.domain.instruments import Symbol
from services.domain.money import to_cent
from services.rules import settlement_days

_Expression = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=EXPRESSION_SIGNS_MAX,
        description="Numbers, + - * / // % **, brackets, abs, min, max, round(x, places), sqrt. "
        "Example: (105.3 - 98.2) / 98.2 * 100",
    ),
]


class PositionsArguments(Arguments):
    """Nothing is asked but what there is."""


class CalculatorArguments(Arguments):
    """What to work out."""

    expression: _Expression


def positions_tool(briefing: Briefing) -> Tool:
    """Return the tool that tells what the account holds at the session's beginning."""

    async def answer(_asked: PositionsArguments) -> object:
        return positions(briefing)

    return tool(
        "positions",
        "This account: equity, cash, holdings with their lots and what may be sold today, working orders.",
        PositionsArguments,
        answer,
        "this account's books",
    )


def calculator_tool() -> Tool:
    """Return the tool that does exact decimal arithmetic."""

    async def answer(asked: CalculatorArguments) -> object:
        try:
            return {"expression": asked.expression, "value": format(calculate(asked.expression), "f")}
        except NotArithmetic as error:
            raise Refused(str(error)) from error

    return tool(
        "calculator",
        "Exact decimal arithmetic: give an expression, get its value.",
        CalculatorArguments,
        answer,
        "the calculator",
    )


def positions(briefing: Briefing) -> Mapping[str, object]:
    """Return the account as a JSON value, money in CNY (US: USD) to the cent."""
    book = briefing.book
    return {
        "equity": to_cent(briefing.equity_cny),
        "cash": to_cent(book.cash_cny),
        "cash_available": to_cent(book.available_cny),
        "holdings": [
            _holding(briefing, book, row_of(briefing, symbol), shares)
            for symbol, shares in book.holdings().items()
        ],
        "working_orders": [
            {
                "symbol": order.symbol,
                "side": order.side,
                "shares": order.shares,
                "filled": order.filled,
                "limit": order.limit_cny,
            }
            for order in book.open_orders
        ],
    }


def _holding(briefing: Briefing, book: Book, row: Row, shares: int) -> Mapping[str, object]:
    last = None if row.quote is None else row.quote.last_cny
    return {
        "symbol": row.symbol,
        "shares": shares,
        "sellable_today": _sellable(briefing, row.symbol, row),
        "last": None if last is None else row.price(last),
        "value": None if last is None else to_cent(last * shares),
        "lots": [
            {"shares": lot.shares, "cost": to_cent(lot.cost_cny), "bought_on": lot.acquired_on}
            for lot in book.lots
            if lot.symbol == row.symbol
        ],
    }


def _sellable(briefing: Briefing, symbol: Symbol, row: Row) -> int | None:
    """Return the shares that may be sold today, None where the rulebook does not know."""
    if row.rules is None:
        return None
    day = briefing.slot.day
    kind = kind_of(row.rules, row.instrument)
    return briefing.book.sellable(symbol, day, settlement_days(kind, day, row.rules.board))
