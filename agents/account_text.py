"""The part of a briefing's text on the account: cash, holdings, orders, halts and limits. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from agents.market_text import name_of
from agents.one_line import one_line
from agents.page import Page
from agents.sizing import kind_of
from services.domain.instruments import Market
from services.domain.money import ZERO, to_cent
from services.domain.orders import LimitUse, Rule
from services.rules import settlement_days

_CURRENCY: Mapping[Market, str] = {Market.CN: "CNY", Market.US: "USD"}
_WHY_SIGNS_MAX = 200
_RATIOS = frozenset(
    {
        Rule.TURNOVER,
        Rule.DAILY_LOSS,
        Rule.DRAWDOWN,
        Rule.POSITION_RATIO,
        Rule.SECTOR,
        Rule.GROSS_EXPOSURE,
        Rule.VAR,
    }
)
"""Limits that are ratios of the equity, shown in percent."""


def account_text(page: Page) -> str:
    """Return equity and cash."""
    briefing, words = page.briefing, page.words
    title = words.account.format(currency=_CURRENCY[briefing.slot.market])
    amounts = words.account_line.format(
        equity=to_cent(briefing.equity_cny),
        cash=to_cent(briefing.book.cash_cny),
        available=to_cent(briefing.book.available_cny),
    )
    return "\n".join((title, amounts, words.unpriced) if page.unpriced else (title, amounts))


def halts_text(page: Page) -> str:
    """Return the halts in force and their reasons, empty where there are none."""
    words = page.words
    lines = [
        words.halt_line.format(
            what=halt.symbol or words.whole_account, why=one_line(halt.why, _WHY_SIGNS_MAX)
        )
        for halt in page.briefing.halts
    ]
    return "\n".join((words.halts, *lines)) if lines else ""


def limits_text(page: Page) -> str:
    """Return the limits the account is held to and what of them is used, empty where there are none."""
    words = page.words
    lines = [
        words.limit_line.format(
            rule=_limit_name(use, page),
            used=_shown(use.rule, use.used),
            allowed=_shown(use.rule, use.allowed),
        )
        for use in page.briefing.limits
    ]
    return "\n".join((words.limits, *lines)) if lines else ""


def _limit_name(use: LimitUse, page: Page) -> str:
    name = page.words.limit_rules.get(use.rule, str(use.rule))
    return page.words.limit_of.format(rule=name, subject=one_line(use.subject, 40)) if use.subject else name


def _shown(rule: Rule, value: Decimal) -> str:
    return f"{value:.2%}" if rule in _RATIOS else format(value.normalize() + 0, "f")


def holdings_text(page: Page) -> str:
    """Return what is held, and how much of it may be sold today."""
    return "\n".join((page.words.holdings, *_holding_lines(page)))


def _holding_lines(page: Page) -> Iterator[str]:
    words, book, day = page.words, page.briefing.book, page.briefing.slot.day
    holdings = book.holdings()
    yield words.holding_columns if holdings else words.no_holdings
    for symbol, shares in holdings.items():
        row = page.rows[symbol]
        cost = sum((lot.cost_cny for lot in book.lots if lot.symbol == symbol), ZERO)
        last = row.quote.last_cny if row.quote else None
        sellable = words.unknown
        if row.rules is not None:
            kind = kind_of(row.rules, row.instrument)
            sellable = str(book.sellable(symbol, day, settlement_days(kind, day, row.rules.board)))
        cells = (
            symbol,
            name_of(row),
            str(shares),
            sellable,
            f"{cost / shares:.4f}",
            words.unknown if last is None else str(last),
            words.unknown if last is None else str(to_cent(last * shares)),
        )
        yield " | ".join(cells)


def orders_text(page: Page) -> str:
    """Return the orders still working, empty where there are none."""
    words = page.words
    lines = [
        words.open_order_line.format(
            symbol=order.symbol,
            side=order.side,
            remaining=order.remaining,
            shares=order.shares,
            limit=order.limit_cny,
        )
        for order in page.briefing.book.open_orders
    ]
    return "\n".join((words.open_orders, *lines)) if lines else ""
