"""A line of `position.jsonl`: its fields in their order, and what is kept of it for the next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec
import orjson
from msgspec import UNSET, Raw, UnsetType

from services.domain.book import Book
from services.domain.fills import Fees
from services.domain.instruments import Market, Symbol
from services.domain.money import ZERO
from services.domain.orders import Refusal
from services.slots import local

encode = msgspec.json.Encoder(decimal_format="string").encode
"""Returns the JSON of a line or a part of one: nothing between the tokens, fields as they are declared."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: a trade, a movement or nothing."""

    action: str
    symbol: str
    amount: int


class FeesTold(msgspec.Struct, frozen=True, kw_only=True):
    """The fees of a fill; of an all-in commission the lines inside it are left out."""

    commission: Decimal = ZERO
    stamp_duty: Decimal = ZERO
    transfer_fee: Decimal = ZERO
    handling_fee: Decimal | UnsetType = UNSET
    csrc_fee: Decimal | UnsetType = UNSET
    total: Decimal = ZERO


class RefusalTold(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate refused of a session."""

    symbol: str
    side: str
    shares: int
    rule: str
    reason: str


class _LotTold(msgspec.Struct, frozen=True):
    shares: int
    cost_cny: Decimal
    acquired_on: date


# What most lines of an account that seldom trades say is encoded once.
NO_TRADE = Raw(encode(Action(action="no_trade", symbol="", amount=0)))
NO_FEES = Raw(encode(FeesTold()))
_NOTHING = Raw(encode(ZERO))


class Line(msgspec.Struct, kw_only=True):
    """One line without its hash; `id` and `prev` are given when it is written, `refusals` until then."""

    date: str
    id: int = 0
    this_action: Action | Raw | UnsetType = NO_TRADE
    positions: Raw
    account: str
    mode: str
    session_id: str | None
    order_id: str | None = None
    fill_id: str | None = None
    price: Decimal | None = None
    amount_cny: Decimal | Raw = _NOTHING
    fees: FeesTold | Raw = NO_FEES
    cash_change_cny: Decimal | Raw = _NOTHING
    lots: Raw
    refusals: Sequence[RefusalTold] = ()
    reason: str = ""
    trade_time: str | None = None
    prev: str = ""
    synthetic: bool | UnsetType = UNSET


def fees_told(fees: Fees, total: Decimal) -> FeesTold:
    """Return the fees of a fill as a line tells them."""
    return FeesTold(
        commission=fees.commission,
        stamp_duty=fees.stamp_duty,
        transfer_fee=fees.transfer_fee,
        handling_fee=fees.handling_fee or UNSET,
        csrc_fee=fees.csrc_fee or UNSET,
        total=total,
    )


def refusal_told(refusal: Refusal) -> RefusalTold:
    """Return a refusal as a line tells it."""
    return RefusalTold(
        symbol=refusal.symbol,
        side=refusal.side,
        shares=refusal.shares,
        rule=refusal.rule,
        reason=refusal.reason,
    )


class Holdings:
    """The positions and lots of a book as JSON: a book is written on many lines, and encoded once.

    A lot stays in many books and is encoded once too: its text is found by the identity of the lot, which the
    book told last keeps alive; texts of other lots are not kept.
    """

    def __init__(self) -> None:
        self.positions = self.lots = Raw(b"{}")
        self._book: Book | None = None
        self._texts: dict[int, Raw] = {}

    def turn_to(self, book: Book) -> None:
        """Tell of `book` from now on."""
        if book is self._book:
            return
        known, texts = self._texts, dict[int, Raw]()
        shares, lots = dict[str, int | float](), dict[Symbol, list[Raw]]()
        for lot in book.lots:
            key, symbol = id(lot), lot.symbol
            text = known.get(key)
            if text is None:
                text = Raw(encode(_LotTold(lot.shares, lot.cost_cny, lot.acquired_on)))
            texts[key] = text
            if symbol in lots:
                lots[symbol].append(text)
                shares[symbol] += lot.shares
            else:
                lots[symbol] = [text]
                shares[symbol] = lot.shares
        shares["CASH"] = float(book.cash_cny)
        # Of 10 ** 16 CNY and more, msgspec writes another text, so the numbers of all files are by orjson.
        self.positions, self.lots = Raw(orjson.dumps(shares)), Raw(encode(lots))
        self._book, self._texts = book, texts


class LocalTimes:
    """Moments in the market's time, to the second; that of the last moment is kept for its next line."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._moment: datetime | None = None
        self._text = ""

    def text(self, moment: datetime) -> str:
        """Return the moment as a line tells it, e.g. `2026-07-13 10:35:00`."""
        if moment is not self._moment and moment != self._moment:
            there = local(moment, self._market).replace(tzinfo=None)
            self._moment, self._text = moment, there.isoformat(" ", "seconds")
        return self._text
