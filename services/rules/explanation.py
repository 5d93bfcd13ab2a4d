"""Every dated row that speaks of one instrument on one day, in the order a person asks for them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from services.domain.instruments import Board, Kind, Symbol
from services.rules import (
    boards,
    cage,
    corporate,
    fee_rows,
    limit_rows,
    lots,
    order_prices,
    phases,
    settlement,
    trading_halts,
    us,
)
from services.rules.proceeds import CN_WITHDRAWABLE_DAYS, US_SETTLEMENT_DAYS
from services.rules.programmatic import PROGRAMMATIC
from services.rules.rows import Row, Series
from services.rules.terms import Rules

T = TypeVar("T")


class Topic(StrEnum):
    """What a row speaks of."""

    BOARD = "board"
    TIMETABLE = "timetable"
    LIMIT = "limit"
    LIMIT_ST = "limit_st"
    LIMIT_SHARE_REFORM = "limit_share_reform"
    LIMIT_WIDE_FUND = "limit_wide_fund"
    LIMIT_ROUNDING = "limit_rounding"
    LIMIT_ONE_TICK = "limit_one_tick"
    UNLIMITED_DAYS = "unlimited_days"
    FIRST_DAY = "first_day"
    FIRST_DAY_CALL = "first_day_call"
    DELISTING_FIRST_DAY = "delisting_first_day"
    RELISTING_FIRST_DAY = "relisting_first_day"
    CALL_PRICES = "call_prices"
    HALTS = "halts"
    LOTS = "lots"
    TICK = "tick"
    CAGE = "cage"
    SELLABLE = "sellable"
    CASH = "cash"
    STAMP_DUTY = "stamp_duty"
    TRANSFER_FEE = "transfer_fee"
    HANDLING_FEE = "handling_fee"
    CSRC_LEVY = "csrc_levy"
    COMMISSION_CAP = "commission_cap"
    DIVIDEND_TAX = "dividend_tax"
    ST_DAILY_CAP = "st_daily_cap"
    PROGRAMMATIC = "programmatic"
    DAY_TRADER = "day_trader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A row, what it speaks of, and the series it is from; `row` None: not known of that day or board."""

    topic: Topic
    series: str
    row: Row[object] | None


def rows_about(symbol: Symbol, rules: Rules, kind: Kind) -> tuple[Explained, ...]:
    """Return the rows about an instrument on the day of its `rules`, by topic."""
    return tuple(_about(topic, series, rules.day) for topic, series in _series(symbol, rules, kind))


def _about(topic: Topic, series: Series[object] | _NotThere, day: date) -> Explained:
    if isinstance(series, _NotThere):
        return Explained(topic=topic, series=series.name, row=None)
    known = day >= series.rows[0].since
    return Explained(topic=topic, series=series.name, row=series.row_on(day) if known else None)


@dataclass(frozen=True, slots=True)
class _NotThere:
    """A series that a board should have and the book does not hold."""

    name: str


_Told = Iterator[tuple[Topic, Series[object] | _NotThere]]


def _series(symbol: Symbol, rules: Rules, kind: Kind) -> _Told:
    board, venue = rules.board, rules.venue
    yield Topic.BOARD, _code(symbol)
    yield Topic.TIMETABLE, phases.timetable_of(board, venue)
    tables: tuple[tuple[Topic, Mapping[Board, Series[object]]], ...] = (
        (Topic.LIMIT, limit_rows.RATIO),
        (Topic.LIMIT_ST, limit_rows.ST_RATIO),
        (Topic.LIMIT_SHARE_REFORM, _on_main_boards(limit_rows.SHARE_REFORM_RATIO)),
        (Topic.LIMIT_WIDE_FUND, limit_rows.WIDE_FUND_RATIO),
        (Topic.UNLIMITED_DAYS, limit_rows.FREE_DAYS),
        (Topic.FIRST_DAY, limit_rows.FIRST_DAY),
        (Topic.FIRST_DAY_CALL, limit_rows.FIRST_DAY_CALL),
        (Topic.DELISTING_FIRST_DAY, limit_rows.DELISTING_FIRST_DAY_FREE),
        (Topic.RELISTING_FIRST_DAY, limit_rows.RELISTING_FIRST_DAY_FREE),
        (Topic.CALL_PRICES, order_prices.CALL_RANGES),
        (Topic.HALTS, trading_halts.HALTS),
        (Topic.LOTS, lots.LOTS),
        (Topic.TICK, lots.TICKS),
        (Topic.CAGE, cage.CAGES),
    )
    for topic, table in tables:
        if board in table:
            yield topic, table[board]
    if board is not Board.US:
        yield Topic.LIMIT_ROUNDING, limit_rows.ROUNDING[venue]
        yield Topic.LIMIT_ONE_TICK, limit_rows.ONE_TICK[venue]
    yield Topic.SELLABLE, settlement.settlement_series(kind, board)
    yield Topic.CASH, US_SETTLEMENT_DAYS if board is Board.US else CN_WITHDRAWABLE_DAYS
    yield from _costs(board, kind)


def _costs(board: Board, kind: Kind) -> _Told:
    tables: tuple[tuple[Topic, Mapping[Board, Series[object]]], ...] = (
        (Topic.STAMP_DUTY, fee_rows.STAMP),
        (Topic.TRANSFER_FEE, fee_rows.TRANSFER),
        (Topic.HANDLING_FEE, fee_rows.HANDLING),
        (Topic.CSRC_LEVY, fee_rows.CSRC),
    )
    for topic, table in tables:
        if not (topic is Topic.HANDLING_FEE and kind in fee_rows.HANDLING_EXEMPT):
            name = f"{str(topic).replace('_', ' ')} {board}"
            yield topic, table[board] if board in table else _NotThere(name)
    if board is Board.US:
        yield Topic.DAY_TRADER, us.PDT_EQUITY_MIN
        return
    yield Topic.COMMISSION_CAP, fee_rows.COMMISSION_CAP
    if corporate.individuals_taxed(board, kind):
        yield Topic.DIVIDEND_TAX, corporate.DIVIDEND_TAX
    if board in settlement.ST_BUY_CAPS:
        yield Topic.ST_DAILY_CAP, settlement.ST_BUY_CAPS[board]
    yield Topic.PROGRAMMATIC, PROGRAMMATIC


def _code(symbol: Symbol) -> Series[object]:
    code, _, suffix = symbol.rpartition(".")
    if suffix == "US":
        return boards.US_CODES
    return boards.CODES.get(f"{code[:3]}.{suffix}") or boards.CODES[f"{code[:2]}.{suffix}"]


def _on_main_boards(series: Series[T]) -> Mapping[Board, Series[T]]:
    return {board: series for board in (Board.SSE_MAIN, Board.SZSE_MAIN)}
