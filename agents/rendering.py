"""A briefing as text for a mind that reads text. Pure."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from math import isnan

from agents.phrases import LANGUAGES, TEMPLATE_VERSION, Phrases
from agents.sizing import kind_of, shares_for, tradable_rules
from services.domain.bars import Adjustment, Panel
from services.domain.decision import Briefing
from services.domain.instruments import Instrument, Market, Symbol
from services.domain.money import to_cent, to_tick
from services.domain.quotes import PanelSnapshot, Quote
from services.rules import (
    OutsideRulebook,
    Phase,
    Rules,
    board_of,
    phase_at,
    price_band,
    rules_on,
    settlement_days,
)
from services.slots import local

CLOSES_MAX = 2_000
"""Most closes in one text: with many symbols each shows fewer bars, so that the text stays readable."""
NAME_LENGTH_MAX = 24

_CURRENCY = {Market.CN: "CNY", Market.US: "USD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What is known of one symbol at this slot; None where it is not known."""

    symbol: Symbol
    instrument: Instrument
    quote: Quote | None
    rules: Rules | None
    limit_down_cny: Decimal | None
    limit_up_cny: Decimal | None
    unlimited: bool
    tradable: bool


def render(briefing: Briefing, lang: str, bars: int) -> str:
    """Return the text of a briefing in `lang` (en or zh), with at most `bars` recent closes a symbol.

    Each symbol of the watchlist has one line. Nothing in the text is later than the slot's moment.

    Raises:
        ValueError: There is no such language.
    """
    words = LANGUAGES.get(lang)
    if words is None:
        raise ValueError(f"briefings are written in {', '.join(LANGUAGES)}, not in {lang!r}")
    named = dict.fromkeys((*briefing.watchlist, *briefing.book.holdings()))
    rows = {symbol: _row(briefing, symbol) for symbol in named}
    blocks = (
        _head(briefing, words),
        "\n".join((words.this_slot, *_slot_lines(briefing, words, rows))),
        _account(briefing, words),
        "\n".join((words.holdings, *_holding_lines(briefing, words, rows))),
        _open_orders(briefing, words),
        "\n".join((words.watchlist, words.watch_columns, *_watch_lines(briefing, words, rows))),
        _closes(briefing, words, bars),
        words.house_rules,
        _answer(briefing, words),
    )
    return "\n\n".join(block for block in blocks if block) + "\n"


def _row(briefing: Briefing, symbol: Symbol) -> _Row:
    day = briefing.slot.day
    quote = briefing.snapshot.get(symbol)
    instrument = briefing.instruments.get(symbol) or Instrument(symbol=symbol)
    try:
        rules: Rules | None = rules_on(board_of(symbol, day), day)
    except OutsideRulebook:
        rules = None
    down = quote.limit_down_cny if quote else None
    up = quote.limit_up_cny if quote else None
    unlimited = False
    if rules and quote and quote.prev_close_cny and (down is None or up is None):
        try:
            band = price_band(rules, quote.prev_close_cny, instrument)
        except OutsideRulebook:
            pass  # The limits stay unknown and are shown as such.
        else:
            down, up, unlimited = band.limit_down, band.limit_up, band.unlimited
    return _Row(
        symbol=symbol,
        instrument=instrument,
        quote=quote,
        rules=rules,
        limit_down_cny=down,
        limit_up_cny=up,
        unlimited=unlimited,
        tradable=tradable_rules(briefing, symbol) is not None,
    )


def _head(briefing: Briefing, words: Phrases) -> str:
    slot, panel = briefing.slot, _panel(briefing)
    lines = [
        words.heading.format(
            session=briefing.session, slot=slot.local, market=slot.market, template=TEMPLATE_VERSION
        ),
        words.task,
    ]
    if panel is not None and panel.synthetic:
        lines.append(words.synthetic)
    if panel is not None and panel.adjustment is not Adjustment.RAW:
        lines.append(words.adjusted[panel.adjustment])
    return "\n".join(lines)


def _panel(briefing: Briefing) -> Panel | None:
    if briefing.history is not None:
        return briefing.history.panel
    return briefing.snapshot.panel if isinstance(briefing.snapshot, PanelSnapshot) else None


def _slot_lines(briefing: Briefing, words: Phrases, rows: dict[Symbol, _Row]) -> Iterator[str]:
    """Yield a sentence for each thing that happens now, with the boards it happens to."""
    boards: dict[str, list[str]] = {}
    for symbol in briefing.watchlist:
        rules = rows[symbol].rules
        sentence = _phase_sentence(rules, briefing.slot.at, words)
        board = "?" if rules is None else str(rules.board)
        if board not in (names := boards.setdefault(sentence, [])):
            names.append(board)
    for sentence, names in boards.items():
        yield "- " + sentence.replace("{boards}", ", ".join(sorted(names)))


def _phase_sentence(rules: Rules | None, at: time, words: Phrases) -> str:
    if rules is None or not rules.phases:
        return words.rules_unknown
    span = phase_at(rules, at)
    if span.phase is Phase.CLOSED:
        return words.closed
    if span.phase in words.phases:
        return words.phases[span.phase].replace("{end}", f"{span.end:%H:%M}")
    opens = next(
        (later.start for later in rules.phases if later.start >= span.end and later.accepts_orders), None
    )
    return words.closed if opens is None else words.waits.replace("{next}", f"{opens:%H:%M}")


def _account(briefing: Briefing, words: Phrases) -> str:
    book = briefing.book
    title = words.account.format(currency=_CURRENCY[briefing.slot.market])
    amounts = words.account_line.format(
        equity=to_cent(briefing.equity_cny),
        cash=to_cent(book.cash_cny),
        available=to_cent(book.available_cny),
    )
    return f"{title}\n{amounts}"


def _holding_lines(briefing: Briefing, words: Phrases, rows: dict[Symbol, _Row]) -> Iterator[str]:
    book, day = briefing.book, briefing.slot.day
    holdings = book.holdings()
    yield words.holding_columns if holdings else words.no_holdings
    for symbol, shares in holdings.items():
        row = rows[symbol]
        cost = sum((lot.cost_cny for lot in book.lots if lot.symbol == symbol), Decimal(0))
        last = row.quote.last_cny if row.quote else None
        sellable = words.unknown
        if row.rules is not None:
            kind = kind_of(row.rules, row.instrument)
            sellable = str(book.sellable(symbol, day, settlement_days(kind, day, row.rules.board)))
        cells = (
            symbol,
            _name(row),
            str(shares),
            sellable,
            f"{cost / shares:.4f}",
            words.unknown if last is None else str(last),
            words.unknown if last is None else str(to_cent(last * shares)),
        )
        yield " | ".join(cells)


def _open_orders(briefing: Briefing, words: Phrases) -> str:
    lines = [
        words.open_order_line.format(
            symbol=order.symbol,
            side=order.side,
            remaining=order.remaining,
            shares=order.shares,
            limit=order.limit_cny,
        )
        for order in briefing.book.open_orders
    ]
    return "\n".join((words.open_orders, *lines)) if lines else ""


def _watch_lines(briefing: Briefing, words: Phrases, rows: dict[Symbol, _Row]) -> Iterator[str]:
    for symbol in briefing.watchlist:
        row = rows[symbol]
        quote, lots = row.quote, row.rules.lots if row.rules else None
        no_limit = words.unlimited if row.unlimited else words.unknown
        cells = (
            symbol,
            _name(row),
            _price(quote.last_cny, row) if quote else words.unknown,
            _price(quote.prev_close_cny, row) if quote and quote.prev_close_cny else words.unknown,
            no_limit if row.limit_down_cny is None else str(row.limit_down_cny),
            no_limit if row.limit_up_cny is None else str(row.limit_up_cny),
            f"{lots.minimum}/{lots.step}" if lots else words.unknown,
            str(_most_to_buy(briefing, row)),
            _state(row, words),
        )
        yield " | ".join(cells)


def _price(amount_cny: Decimal, row: _Row) -> str:
    """Return a price with the decimals of its tick; one that lies between ticks as it is."""
    if row.rules is None:
        return str(amount_cny)
    on_tick = to_tick(amount_cny, row.rules.tick)
    return str(on_tick if on_tick == amount_cny else amount_cny)


def _most_to_buy(briefing: Briefing, row: _Row) -> int:
    if row.rules is None or row.quote is None or row.quote.suspended or not row.tradable:
        return 0
    return shares_for(row.rules, briefing.book.available_cny, row.quote.last_cny)


def _state(row: _Row, words: Phrases) -> str:
    quote = row.quote
    if quote is None:
        return words.no_quote
    if quote.suspended:
        return words.suspended
    if not row.tradable:
        return words.closed_today
    if row.limit_up_cny is not None and quote.last_cny >= row.limit_up_cny:
        return words.sealed_limit_up if quote.asks == () else words.at_limit_up
    if row.limit_down_cny is not None and quote.last_cny <= row.limit_down_cny:
        return words.sealed_limit_down if quote.bids == () else words.at_limit_down
    return words.trades


def _closes(briefing: Briefing, words: Phrases, bars: int) -> str:
    history = briefing.history
    known = set(history.symbols) if history is not None else set()
    symbols = [symbol for symbol in briefing.watchlist if symbol in known]
    if history is None or not symbols or history.rows == 0 or bars < 1:
        return words.no_closes
    shown = min(bars, max(1, CLOSES_MAX // len(symbols)))
    closes, ends = history.closes(shown), history.ends(shown)
    columns = history.panel.column
    lines = [
        " ".join((symbol, *map(_close, closes[:, columns[symbol]].tolist())))
        for symbol in symbols[:CLOSES_MAX]
    ]
    first, last = (_bar_label(briefing, int(end)) for end in (ends[0], ends[-1]))
    title = words.closes.format(bars=len(closes), frequency=history.panel.frequency, first=first, last=last)
    return "\n".join((title, *lines))


def _close(price: float) -> str:
    return "-" if isnan(price) else repr(price)


def _bar_label(briefing: Briefing, end: int) -> str:
    moment = local(datetime.fromtimestamp(end, UTC), briefing.slot.market)
    return f"{moment:%Y-%m-%d %H:%M}"


def _name(row: _Row) -> str:
    """Return the name without anything that could pass for a line or a column of the briefing."""
    name = row.instrument.name or (row.quote.name if row.quote else "")
    visible = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in name)
    return " ".join(visible.replace("|", " ").split())[:NAME_LENGTH_MAX] or "-"


def _answer(briefing: Briefing, words: Phrases) -> str:
    symbol = briefing.watchlist[0] if briefing.watchlist else Symbol("600519.SH")
    quote = briefing.snapshot.get(symbol)
    price = str(quote.last_cny) if quote else "12.34"
    example = {
        "rationale": "...",
        "orders": [
            {"symbol": symbol, "side": "buy", "shares": 100, "limit_price": price, "reason": "..."},
        ],
    }
    return words.answer.format(example=json.dumps(example), price=price)
