"""A briefing as a mask shows it: everything in it rescaled and renamed, its text written anew. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np

from agents.masked_prices import rescaled
from agents.masking import Mask, text_digest
from agents.rendering import render
from agents.shape import Shape
from services.domain.bars import CorporateAction, FloatArray, History, Panel
from services.domain.book import Book
from services.domain.decision import Briefing
from services.domain.events import Halt
from services.domain.instruments import Instrument, Symbol
from services.domain.money import ZERO, to_cent
from services.domain.orders import LimitUse, Refusal, Rule, SessionId
from services.domain.past import PastOrder, PastSession
from services.domain.quotes import Level, Quote, Snapshot, VendorSnapshot
from services.rules import Commission

_SESSION = SessionId("masked")
_SOURCE = "masked"
_AMOUNTS = frozenset({Rule.ORDER_CNY, Rule.NOTIONAL, Rule.CAPITAL, Rule.CASH_RESERVE})
"""Limits counted in money."""
_SPANS = frozenset({"", "session", "day"})


def masked_briefing(mask: Mask, briefing: Briefing, lang: str, shape: Shape) -> Briefing:
    """Return what the masked model is shown: no symbol, name, date or price in its text is real.

    What people and models said in words is left out: nobody can tell what is in it. The slot stays as it
    is, so that the rules of the day hold; in the text its date is moved as all are.

    Raises:
        ValueError: There is no such language.
    """
    snapshot, sectors = _snapshot(mask, briefing.snapshot), _sectors(briefing)
    book = _book(mask, briefing.book)
    whole = Briefing(
        session=_SESSION,
        slot=briefing.slot,
        book=book,
        snapshot=snapshot,
        watchlist=tuple(mask.symbols[symbol] for symbol in briefing.watchlist),
        history=None if briefing.history is None else _history(mask, briefing.history),
        instruments={
            mask.symbols[symbol]: _instrument(mask, one)
            for symbol, one in briefing.instruments.items()
            if symbol in mask.symbols
        },
        equity_cny=_equity_cny(mask, briefing, book, snapshot),
        digest="",
        past=tuple(_past(mask, one) for one in briefing.past),
        halts=tuple(_halt(mask, one) for one in briefing.halts),
        limits=tuple(_limit(mask, one, sectors) for one in briefing.limits),
    )
    text = mask.text(render(whole, lang, _shape(mask, shape)))
    return replace(whole, text=text, digest=text_digest(text))


def _money(mask: Mask, amount_cny: Decimal) -> Decimal:
    return to_cent(amount_cny * mask.factor)


def _shape(mask: Mask, shape: Shape) -> Shape:
    commission = shape.commission
    return replace(
        shape,
        reserve_cny=_money(mask, shape.reserve_cny),
        commission=Commission(
            rate=commission.rate, min_cny=_money(mask, commission.min_cny), all_in=commission.all_in
        ),
    )


def _snapshot(mask: Mask, snapshot: Snapshot) -> VendorSnapshot:
    quotes = (snapshot.get(symbol) for symbol in mask.symbols)
    return VendorSnapshot(
        moment=snapshot.moment,
        source=_SOURCE,
        symbols=tuple(mask.symbols[symbol] for symbol in snapshot.symbols if symbol in mask.symbols),
        quotes=tuple(_quote(mask, quote) for quote in quotes if quote is not None),
        faults={},
    )


def _quote(mask: Mask, quote: Quote) -> Quote:
    prices, symbol = mask.prices[quote.symbol], mask.symbols[quote.symbol]
    prev = quote.prev_close_cny
    return replace(
        quote,
        symbol=symbol,
        name=mask.names[symbol],
        source=_SOURCE,
        last_cny=prices.masked(quote.last_cny),
        # Yesterday's price has no place in today's band.
        prev_close_cny=None if prev is None else prices.unbounded.masked(prev),
        limit_down_cny=prices.masked_down,
        limit_up_cny=prices.masked_up,
        bids=_levels(mask, quote, quote.bids),
        asks=_levels(mask, quote, quote.asks),
        # The reason names sources and prices.
        barred=str(quote.barred_by or "barred") if quote.barred else "",
        confirmed_by="",
    )


def _levels(mask: Mask, quote: Quote, levels: tuple[Level, ...] | None) -> tuple[Level, ...] | None:
    if levels is None:
        return None
    prices = mask.prices[quote.symbol]
    return tuple(Level(price_cny=prices.masked(one.price_cny), shares=one.shares) for one in levels)


def _instrument(mask: Mask, instrument: Instrument) -> Instrument:
    symbol = mask.symbols[instrument.symbol]
    return replace(rescaled(instrument, mask.factor), symbol=symbol, name=mask.names[symbol])


def _history(mask: Mask, history: History) -> History:
    """Return the ended bars of the session's symbols alone, rescaled; what is later is not there at all."""
    panel, rows = history.panel, history.rows
    symbols = tuple(symbol for symbol in panel.symbols if symbol in mask.symbols)
    columns = [panel.column[symbol] for symbol in symbols]
    decimals = [-_exponent(mask.prices[symbol].tick) for symbol in symbols]

    def scaled(prices: FloatArray) -> FloatArray:
        found = prices[:rows, columns] * float(mask.factor)
        return np.column_stack([np.round(found[:, at], places) for at, places in enumerate(decimals)])

    last_day = int(panel.days[rows - 1]) if rows else 0
    masked = Panel(
        symbols=tuple(mask.symbols[symbol] for symbol in symbols),
        names=tuple(mask.names[mask.symbols[symbol]] for symbol in symbols),
        starts=panel.starts[:rows],
        ends=panel.ends[:rows],
        days=panel.days[:rows],
        open=scaled(panel.open),
        high=scaled(panel.high),
        low=scaled(panel.low),
        close=scaled(panel.close),
        volume=panel.volume[:rows, columns],
        frequency=panel.frequency,
        adjustment=panel.adjustment,
        volume_unit=panel.volume_unit,
        source=_SOURCE,
        digest="",
        prev_close=None if panel.prev_close is None else scaled(panel.prev_close),
        actions=tuple(
            _action(mask, one)
            for one in panel.actions
            if one.symbol in symbols and one.ex_date.toordinal() <= last_day
        ),
        synthetic=panel.synthetic,
    )
    return History(panel=masked, rows=rows)


def _exponent(tick: Decimal) -> int:
    exponent = tick.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _action(mask: Mask, action: CorporateAction) -> CorporateAction:
    return replace(
        action,
        symbol=mask.symbols[action.symbol],
        cash_per_share=action.cash_per_share * mask.factor,
        rights_price_cny=action.rights_price_cny * mask.factor,
    )


def _book(mask: Mask, book: Book) -> Book:
    return replace(
        book,
        cash_cny=_money(mask, book.cash_cny),
        sold_cny=_money(mask, book.sold_cny),
        lots=tuple(
            replace(lot, symbol=mask.symbols[lot.symbol], cost_cny=_money(mask, lot.cost_cny))
            for lot in book.lots
        ),
        open_orders=tuple(
            replace(
                order,
                symbol=mask.symbols[order.symbol],
                limit_cny=mask.prices[order.symbol].masked(order.limit_cny),
                frozen_cny=_money(mask, order.frozen_cny),
            )
            for order in book.open_orders
        ),
    )


def _equity_cny(mask: Mask, briefing: Briefing, book: Book, snapshot: Snapshot) -> Decimal:
    """Return an equity that adds up from the masked cash and prices as the real one does from its own."""
    rest = briefing.equity_cny - _worth_cny(briefing.book, briefing.snapshot)
    return _worth_cny(book, snapshot) + _money(mask, rest)


def _worth_cny(book: Book, snapshot: Snapshot) -> Decimal:
    priced = ((snapshot.last(symbol), shares) for symbol, shares in book.holdings().items())
    return book.cash_cny + sum((to_cent(last * shares) for last, shares in priced if last is not None), ZERO)


def _past(mask: Mask, one: PastSession) -> PastSession:
    return replace(
        one,
        session=_SESSION,
        equity_cny=None if one.equity_cny is None else _money(mask, one.equity_cny),
        said="",
        reason="",
        orders=tuple(_past_order(mask, order) for order in one.orders),
        refused=tuple(_refusal(mask, refusal) for refusal in one.refused),
    )


def _past_order(mask: Mask, order: PastOrder) -> PastOrder:
    realised = order.realised_cny
    return replace(
        order,
        symbol=mask.symbols[order.symbol],
        why="",
        amount_cny=_money(mask, order.amount_cny),
        fees_cny=_money(mask, order.fees_cny),
        received_cny=_money(mask, order.received_cny),
        realised_cny=None if realised is None else _money(mask, realised),
    )


def _refusal(mask: Mask, refusal: Refusal) -> Refusal:
    return replace(refusal, symbol=mask.symbol(refusal.symbol), reason="")


def _halt(mask: Mask, halt: Halt) -> Halt:
    return replace(halt, symbol=mask.symbol(halt.symbol), why=str(halt.cause), by="")


def _sectors(briefing: Briefing) -> Mapping[str, str]:
    """Return what stands for each sector that a limit is counted for."""
    named = {one.subject for one in briefing.limits if one.rule is Rule.SECTOR and one.subject}
    return {sector: f"S{number:02d}" for number, sector in enumerate(sorted(named), start=1)}


def _limit(mask: Mask, use: LimitUse, sectors: Mapping[str, str]) -> LimitUse:
    subject = use.subject
    if subject not in _SPANS:
        subject = sectors.get(subject) or mask.symbol(Symbol(subject))
    if use.rule not in _AMOUNTS:
        return replace(use, subject=subject)
    return replace(use, subject=subject, used=_money(mask, use.used), allowed=_money(mask, use.allowed))
