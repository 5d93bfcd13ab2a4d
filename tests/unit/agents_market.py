"""A hand-made market of a few symbols and days, for the tests of the agents."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np

from agents.briefing import brief
from agents.shape import Shape
from services.domain.bars import Adjustment, FloatArray, Frequency, Panel, VolumeUnit
from services.domain.book import Book, Lot
from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.events import Halt
from services.domain.instruments import Instrument, Market, Symbol
from services.domain.orders import LimitUse, SessionId
from services.domain.past import PastSession
from services.domain.quotes import PanelSnapshot, Snapshot
from services.domain.slot import Slot
from services.ports import Agent
from services.slots import ZONES

ZONE = ZONES[Market.CN]
DAYS = (date(2025, 10, 9), date(2025, 10, 10), date(2025, 10, 13), date(2025, 10, 14), date(2025, 10, 15))
SPANS = {
    Frequency.DAILY: ((time(9, 30), time(15, 0)),),
    Frequency.HOURLY: (
        (time(9, 30), time(10, 30)),
        (time(10, 30), time(11, 30)),
        (time(13, 0), time(14, 0)),
        (time(14, 0), time(15, 0)),
    ),
}
NAN = float("nan")
RICH = Book(cash_cny=Decimal("100000.00"))


def panel_of(
    closes: Mapping[str, Sequence[float]],
    opens: Mapping[str, Sequence[float]] | None = None,
    *,
    frequency: Frequency = Frequency.DAILY,
    names: Sequence[str] = (),
    synthetic: bool = False,
) -> Panel:
    """Return a panel from 2025-10-09 on; opens are the closes where they are not given."""
    prices = np.array(list(closes.values()), dtype=np.float64).T
    first = np.array(list({**closes, **(opens or {})}.values()), dtype=np.float64).T
    spans = [(day, *span) for day in DAYS for span in SPANS[frequency]][: len(prices)]
    return Panel(
        symbols=tuple(Symbol(symbol) for symbol in closes),
        names=tuple(names) or ("",) * len(closes),
        starts=np.array([seconds(day, start) for day, start, _ in spans]),
        ends=np.array([seconds(day, end) for day, _, end in spans]),
        days=np.array([day.toordinal() for day, _, _ in spans]),
        open=first,
        high=np.fmax(first, prices),
        low=np.fmin(first, prices),
        close=prices,
        volume=np.full(prices.shape, 1e6),
        frequency=frequency,
        adjustment=Adjustment.RAW,
        volume_unit=VolumeUnit.SHARE,
        source="file:made.jsonl",
        digest="ab" * 32,
        synthetic=synthetic,
    )


def seconds(day: date, at: time) -> int:
    """Return seconds since the epoch of a time in Shanghai."""
    return int(datetime.combine(day, at, ZONE).timestamp())


def with_future_shuffled(panel: Panel, moment: datetime, digest: str | None = None) -> Panel:
    """Return the panel with everything that lies after `moment` replaced by other numbers."""
    ended, opening = panel.ended(moment), panel.opening(moment)
    rng = np.random.default_rng(7)

    def scrambled(values: FloatArray, seen: int) -> FloatArray:
        other = values.copy()
        other[seen:] = rng.uniform(1.0, 500.0, other[seen:].shape)
        return other

    return replace(
        panel,
        open=scrambled(panel.open, ended if opening is None else opening + 1),
        high=scrambled(panel.high, ended),
        low=scrambled(panel.low, ended),
        close=scrambled(panel.close, ended),
        volume=scrambled(panel.volume, ended),
        digest=digest or panel.digest,
    )


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a briefing is made of, with small defaults; `brief` makes it."""

    panel: Panel
    day: date = DAYS[1]
    at: time = time(9, 35)
    book: Book = RICH
    equity_cny: Decimal = Decimal("100000.00")
    watchlist: tuple[Symbol, ...] | None = None
    instruments: Mapping[Symbol, Instrument] | None = None
    reads: Reads = Reads.ARRAYS
    lang: str = "en"
    bars: int = 20
    snapshot: Snapshot | None = None
    no_history: bool = False
    tokens_max: int = 24_000
    past: tuple[PastSession, ...] = ()
    halts: tuple[Halt, ...] = ()
    limits: tuple[LimitUse, ...] = ()

    @property
    def slot(self) -> Slot:
        return Slot(
            market=Market.CN,
            frequency=self.panel.frequency,
            day=self.day,
            at=self.at,
            moment=datetime.combine(self.day, self.at, ZONE),
        )

    def brief(self) -> Briefing:
        slot = self.slot
        return brief(
            session=SessionId(f"run-{slot.label}"),
            slot=slot,
            book=self.book,
            snapshot=self.snapshot or PanelSnapshot(panel=self.panel, moment=slot.moment),
            watchlist=self.panel.symbols if self.watchlist is None else self.watchlist,
            history=None if self.no_history else self.panel.until(slot.moment),
            instruments=self.panel.instruments if self.instruments is None else self.instruments,
            equity_cny=self.equity_cny,
            reads=self.reads,
            lang=self.lang,
            shape=Shape(bars=self.bars, tokens_max=self.tokens_max),
            past=self.past,
            halts=self.halts,
            limits=self.limits,
        )


def holding(symbol: str, shares: int, on: date, cost_cny: str = "1000.00") -> Lot:
    """Return a lot."""
    return Lot(symbol=Symbol(symbol), shares=shares, cost_cny=Decimal(cost_cny), acquired_on=on)


def answer_of(agent: Agent, briefing: Briefing) -> RawAnswer:
    """Return what the agent answers."""
    return asyncio.run(agent.decide(briefing))
