"""The doors of one process but for the wire: a vendor, a mind, and whatever else is touched."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.domain.bars import Frequency, Panel
from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.instruments import Facts, Instrument, Kind, Symbol
from services.domain.orders import ApprovedOrder, OrderId, Rule
from services.domain.quotes import Level, Quote, VendorSnapshot
from services.domain.statement import Ack
from services.ports import AgentFault, PriceFault
from tests.exchange_market import HOURS
from tests.simulation.process import Process
from tests.simulation.scenario import CN

LISTED = date(2001, 1, 1)


class SimulatedMind:
    """Answers each session from its own chance: the same whoever asks, and how often."""

    name = "scripted:simulated"
    reads = Reads.ARRAYS

    def __init__(self, process: Process) -> None:
        self._process = process

    async def decide(self, briefing: Briefing) -> RawAnswer:
        process = self._process
        process.touch("mind")
        rng = process.outside.scenario.rng(f"mind {briefing.session}")
        weather = process.weather
        await process.wait(rng.uniform(1, 90))
        if rng.random() < weather.mind_slow:
            await process.wait(rng.choice((200.0, 900.0)))
        if rng.random() < weather.mind_fault:
            raise AgentFault("answer", "no answer in time")
        text = self._garbage(rng) if rng.random() < weather.mind_garbage else self._answer(rng, briefing)
        process.touch("mind answered")
        return RawAnswer(text=text, model="simulated")

    def _answer(self, rng: Any, briefing: Briefing) -> str:
        orders = []
        for symbol in process_symbols(self._process):
            if rng.random() < 0.8:
                side = rng.choice(("buy", "buy", "sell"))
                shares = rng.choice((100, 200, 300, 500, 1000, 50, 1700))
                held = briefing.book.held(symbol)
                if side == "sell" and held and rng.random() < 0.7:
                    shares = held
                orders.append(
                    {"symbol": symbol, "side": side, "shares": shares, "limit_price": None, "reason": "so"}
                )
        rng.shuffle(orders)
        return json.dumps({"rationale": "because", "orders": orders})

    def _garbage(self, rng: Any) -> str:
        return str(rng.choice(("", "buy!", '{"orders": 3}', '{"rationale": "x", "orders": [{}]}', "[" * 99)))


def process_symbols(process: Process) -> tuple[Symbol, ...]:
    return process.outside.scenario.symbols


class Vendor:
    """Quotes on the scenario's paths; the adapter's part is done: what cannot be believed is left out."""

    name = "vendor"
    panel: Panel | None = None

    def __init__(self, process: Process) -> None:
        self._process = process

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        process = self._process
        process.touch("prices")
        await process.wait(0.2)
        if process.strikes("price_fault"):
            raise PriceFault("quotes", "the vendor is down")
        quotes: list[Quote] = []
        faults: dict[str, str] = {}
        for symbol in symbols:
            quote = None if process.strikes("price_missing") else self._quote(symbol)
            if quote is None:
                faults[str(symbol)] = "its last price is zero, or no number"
            else:
                quotes.append(quote)
        process.touch("prices answered")
        return VendorSnapshot(
            moment=process.clock.now(),
            source=self.name,
            symbols=tuple(symbols),
            quotes=tuple(quotes),
            faults=faults,
        )

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        raise PriceFault("bars", "the vendor has none")

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        self._process.touch("facts")
        await self._process.wait(0.1)
        if self._process.strikes("price_fault"):
            raise PriceFault("facts", "the vendor is down")
        return Facts(
            instruments=tuple(
                Instrument(symbol=symbol, name="甲", kind=Kind.STOCK, listed_on=LISTED) for symbol in symbols
            )
        )

    def _quote(self, symbol: Symbol) -> Quote | None:
        process = self._process
        path = process.outside.scenario.opens_cny.get(symbol)
        row, day_row = self._row()
        if path is None or row < 0:
            return None
        frozen = process.strikes("price_frozen") and day_row > 0
        last = Decimal(str(path[day_row - 1 if frozen else row]))
        last = max(Decimal("1.00"), last + Decimal(process.chance.randint(-2, 2)) / 100)
        now = process.clock.now()
        seen_at = now - timedelta(seconds=process.chance.choice((0, 1, 3)))
        if process.strikes("price_stale"):
            seen_at -= timedelta(seconds=process.chance.choice((600, 86400)))
        noon = process.outside.scenario.afternoon.noon_shown(symbol, now.astimezone(CN))
        tick = Decimal("0.01")
        return Quote(
            symbol=symbol,
            last_cny=last,
            prev_close_cny=Decimal(str(path[max(0, day_row - 1)])),
            seen_at=noon or seen_at,
            source=self.name,
            bids=(Level(price_cny=last - tick, shares=5000),),
            asks=(Level(price_cny=last, shares=5000),),
            barred="" if noon is None else "made before the afternoon",
            barred_by=None if noon is None else Rule.QUOTE_STALE,
        )

    def _row(self) -> tuple[int, int]:
        """Return the path's place of the present hour, and of the day's first; -1 before any."""
        scenario = self._process.outside.scenario
        local = self._process.clock.now().astimezone(CN)
        past = [i for i, day in enumerate(scenario.days) if day <= local.date()]
        if not past:
            return -1, -1
        first = past[-1] * len(HOURS)
        begun = sum(start <= local.time() for start, _ in HOURS)
        return first + max(0, begun - 1), first


class Touched:
    """The simulated exchange, or a source of bars, behind a door whose every use is a touch."""

    def __init__(self, inner: Any, process: Process) -> None:
        self._inner, self._process = inner, process

    @property
    def name(self) -> str:
        return str(self._inner.name)

    @property
    def simulated(self) -> bool:
        return True

    @property
    def panel(self) -> Panel | None:
        panel: Panel | None = self._inner.panel
        return panel

    async def submit_order(self, order: ApprovedOrder) -> Ack:
        process = self._process
        before = process.before(order)
        process.touch("submit")
        there = order.order_id in process.outside.accepted
        symbol, open_orders = order.terms.symbol, await self._inner.get_open_orders()
        working = [one.order_id for one in open_orders if one.symbol == symbol]
        process.left(order, before, working, there)
        ack: Ack = await self._pass(self._inner.submit_order, order)
        return ack

    async def cancel_order(self, order_id: OrderId) -> Ack:
        self._process.outside.cancels.append((self._process.number, order_id))
        ack: Ack = await self._pass(self._inner.cancel_order, order_id)
        return ack

    def __getattr__(self, name: str) -> Any:
        there = getattr(self._inner, name)

        async def touched(*asked: Any) -> Any:
            self._process.touch(name)
            answer = await self._pass(there, *asked)
            if name in ("get_positions", "get_balance"):
                self._process.told(name.removeprefix("get_"))
            return answer

        return touched

    async def _pass(self, there: Callable[..., Awaitable[Any]], *asked: Any) -> Any:
        await self._process.wait(0.05)
        answer = await there(*asked)
        self._process.touch("answered")
        return answer
