"""Random desks: a market, a book, limits, halts and a moment, from one seed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from risk.exits import exits
from risk.limits import DaySoFar, Desk
from services.domain.book import Book, Lot, OpenOrder
from services.domain.events import Halt, HaltCause
from services.domain.instruments import Market, Symbol
from services.domain.orders import Intent, OrderId, SessionId, Side
from services.domain.quotes import PanelSnapshot, Quote, Snapshot, VendorSnapshot
from services.rules import Commission
from tests.exchange_market import CN
from tests.firewall import exchange_facts as facts
from tests.firewall.answers import Shown
from tests.firewall.bars_drawn import bars_of, history_panel
from tests.firewall.exchange_facts import Truth
from tests.firewall.limits_drawn import draw_limits
from tests.firewall.markets import DAYS, TRADED, UNIVERSE, Listing, draw_listing

_USUAL = (time(10, 35), time(14, 5), time(9, 35), time(13, 0, 1))
_EDGES = (
    "09:14:59 09:15 09:19:59 09:20 09:24:59 09:25 09:29:59 09:30 11:29:59 11:30 11:35 12:59:59 13:00 "
    "14:56:59 14:57 14:59:59 15:00 15:04:59 15:05 15:10 15:29:59 15:30 20:00 00:00"
)
_AT = tuple(time.fromisoformat(clock) for clock in _EDGES.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What one answer meets: the desk, the truth behind it, and the exits that the session adds."""

    desk: Desk
    truths: Mapping[Symbol, Truth]
    exits: tuple[Intent, ...]

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What a mind would know of the watchlist and of what is held."""
        listed = sorted({*self.desk.watchlist, *self.desk.book.holdings()})
        return tuple(_shown(self, symbol) for symbol in listed)


def draw_scene(rng: Random) -> Scene:
    """Return a random desk; most could trade, some could not at all."""
    rough = rng.random() < 0.3
    day = rng.choice(DAYS) if rough else rng.choice(DAYS[:-1])
    moment = datetime.combine(day, rng.choice(_USUAL if rng.random() < (0.4 if rough else 0.85) else _AT), CN)
    cheap = rng.random() < 0.2
    listings = {
        symbol: draw_listing(rng, symbol, day, moment, cheap=cheap, rough=rough)
        for symbol in rng.sample(UNIVERSE if rough else TRADED, rng.choice((1, 3, 6, 9)))
    }
    watched = [symbol for symbol in listings if rng.random() < 0.95] or list(listings)
    book = _book(rng, listings, day, rough)
    fresh, first = _snapshots(rng, listings, moment, rough)
    equity = _equity(rng, book, first)
    desk = Desk(
        session=SessionId("drawn"),
        names=("live", "main", f"{moment:%Y%m%d-%H%M}"),
        market=Market.CN,
        day=day,
        moment=moment,
        local=moment.time(),
        book=book,
        snapshot=fresh,
        first=first,
        watchlist=frozenset(watched),
        instruments={s: one.instrument for s, one in listings.items() if one.instrument is not None},
        unknown={s: one.unknown for s, one in listings.items() if one.unknown},
        limits=draw_limits(rng, tuple(listings), equity, rough=rough),
        commission=_commission(rng),
        equity_cny=equity,
        day_equity_cny=equity * Decimal(rng.choice(("1", "1", "1", "1.02", "0.9", "2"))),
        halts=_halts(rng, tuple(listings)) if rough else {},
        history=None if rng.random() < 0.1 else history_panel(rng.randrange(12)).until(moment),
        today=_today(rng, equity),
        peak_equity_cny=equity,
        unpriced=_unpriced(rng, book, first),
    )
    due = exits(
        book,
        first,
        day,
        desk.limits,
        at=desk.local,
        instruments=desk.instruments,
        peaks_cny={},
        traded_days=(day,),
    )
    return Scene(desk=desk, truths={s: one.truth for s, one in listings.items()}, exits=due.intents)


def _unpriced(rng: Random, book: Book, first: Snapshot) -> tuple[Symbol, ...]:
    """Return what the equity leaves out: what has no price, and rarely what was held when it opened."""
    missing = tuple(symbol for symbol in book.holdings() if first.last(symbol) is None)
    return (*missing, Symbol("600000.SH")) if rng.random() < 0.01 else missing


def _book(rng: Random, listings: Mapping[Symbol, Listing], day: date, rough: bool) -> Book:
    lots: list[Lot] = []
    for symbol, listing in listings.items():
        if rng.random() < 0.45 or facts.board_of(symbol, day) is None:
            continue
        price = Decimal(10) if listing.quote is None else listing.quote.last_cny
        for _ in range(rng.choice((1, 1, 2))):
            shares = rng.choice((1, 50, 100, 150, 199, 300, 1050, 20_000, 123_456, 600_000))
            bought = day - timedelta(days=rng.choice((0, 1, 1, 40)))
            cost = (price * shares * Decimal(repr(rng.uniform(0.7, 1.4)))).quantize(Decimal("0.01"))
            lots.append(Lot(symbol=symbol, shares=shares, cost_cny=cost, acquired_on=bought))
    cash = Decimal(
        rng.choice(
            ("0.00", "4.99", "5000.00", "50000.00", "200000.00", "1000000.00", "5000000.00", "100000000.00")
        )
    )
    return Book(
        cash_cny=cash, lots=tuple(lots), open_orders=_open_orders(rng, listings, lots, cash) if rough else ()
    )


def _open_orders(
    rng: Random, listings: Mapping[Symbol, Listing], lots: list[Lot], cash: Decimal
) -> tuple[OpenOrder, ...]:
    """Return orders of before that are still open, one in a symbol; a buy freezes what it may cost."""
    found: list[OpenOrder] = []
    for symbol, listing in listings.items():
        if rng.random() > 0.12 or listing.quote is None:
            continue
        held = sum(lot.shares for lot in lots if lot.symbol == symbol)
        sells = held >= 100 and rng.random() < 0.5
        cost = (listing.quote.last_cny * 100).quantize(Decimal("0.01")) + 5
        if not sells and cost > cash:
            continue
        cash -= Decimal(0) if sells else cost
        found.append(
            OpenOrder(
                order_id=OrderId(f"OPEN{len(found)}"),
                symbol=symbol,
                side=Side.SELL if sells else Side.BUY,
                shares=100,
                filled=0,
                limit_cny=listing.quote.last_cny,
                frozen_cny=Decimal("0.00") if sells else cost,
            )
        )
    return tuple(found)


def _snapshots(
    rng: Random, listings: Mapping[Symbol, Listing], moment: datetime, rough: bool
) -> tuple[Snapshot, Snapshot]:
    """Return what is shown now, and what the mind was shown: the same, or minutes before."""
    if rough and rng.random() < 0.2:
        off_bars = PanelSnapshot(panel=bars_of(rng, listings, moment), moment=moment)
        return off_bars, off_bars
    quotes = [one.quote for one in listings.values() if one.quote is not None]
    fresh = _snapshot(listings, quotes, moment)
    if rng.random() < (0.4 if rough else 0.9):
        return fresh, fresh
    before = [_earlier(rng, quote) for quote in quotes if rng.random() < 0.97]
    return fresh, _snapshot(listings, before, moment - timedelta(minutes=2))


def _earlier(rng: Random, quote: Quote) -> Quote:
    part = Decimal(repr(1 + rng.choice((0.0, 0.0, 0.001, -0.015, 0.03, -0.5))))
    last = max(Decimal("0.001"), (quote.last_cny * part).quantize(Decimal("0.001")))
    return replace(quote, last_cny=last, limit_up_cny=None, limit_down_cny=None)


def _snapshot(listings: Mapping[Symbol, Listing], quotes: list[Quote], moment: datetime) -> VendorSnapshot:
    return VendorSnapshot(
        moment=moment, source="drawn", symbols=tuple(listings), quotes=tuple(quotes), faults={}
    )


def _equity(rng: Random, book: Book, first: Snapshot) -> Decimal:
    """Return cash and holdings at the prices shown, as a session values them; now and then anything."""
    if rng.random() < 0.05:
        return Decimal(rng.choice(("0.00", "-100.00", "1.00", "1000000000000.00")))
    value = book.cash_cny
    for symbol, shares in book.holdings().items():
        value += (first.last(symbol) or Decimal(0)) * shares
    return value.quantize(Decimal("0.01"))


def _commission(rng: Random) -> Commission:
    rates = (("0.00025", "5.00"), ("0.00025", "5.00"), ("0.003", "5.00"), ("0.0001", "0.00"))
    rate, least = rng.choice(rates)
    return Commission(rate=Decimal(rate), min_cny=Decimal(least), all_in=rng.random() < 0.7)


def _halts(rng: Random, symbols: tuple[Symbol, ...]) -> dict[str, Halt]:
    halted = [symbol for symbol in ("", *symbols) if rng.random() < 0.06]
    return {symbol: Halt(symbol=symbol, why="drawn", cause=rng.choice(tuple(HaltCause))) for symbol in halted}


def _today(rng: Random, equity: Decimal) -> DaySoFar:
    if rng.random() < 0.8:
        return DaySoFar()
    notional = max(Decimal(0), equity * Decimal(rng.choice(("0", "0.4", "3"))))
    return DaySoFar(orders=rng.choice((0, 1, 39, 199)), cancels=rng.choice((0, 2)), notional_cny=notional)


def _shown(scene: Scene, symbol: Symbol) -> Shown:
    board = facts.board_of(symbol, scene.desk.day) or facts.MAIN
    quote = scene.desk.snapshot.get(symbol)
    tick = Decimal("0.001") if facts.tick_of(board).denominator == 1000 else Decimal("0.01")
    last = Decimal("10.00") if quote is None else quote.last_cny
    prev = last if quote is None or quote.prev_close_cny is None else quote.prev_close_cny
    return Shown(
        symbol=symbol,
        last=last,
        tick=tick,
        held=scene.desk.book.held(symbol),
        lowest=max(tick, (prev * Decimal("0.9")).quantize(tick)),
        highest=(prev * Decimal("1.1")).quantize(tick),
        amounts=_amounts(scene.desk),
    )


def _amounts(desk: Desk) -> tuple[Decimal, ...]:
    """Return the CNY at which cash, caps and ratios begin to bind."""
    limits, bounds = desk.limits, desk.limits.portfolio
    ratios = (limits.position_ratio_max, bounds.gross_ratio_max, bounds.sector_ratio_max)
    caps = (limits.caps.order_cny_max, limits.caps.notional_cny_session_max, limits.degrees.capital_cny_max)
    set_ones = [cap for cap in caps if cap is not None]
    set_ones += [ratio * desk.equity_cny for ratio in ratios if ratio is not None]
    return tuple(amount for amount in (desk.book.available_cny, *set_ones, *set_ones) if amount > 0)
