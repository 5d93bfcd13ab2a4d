"""Each source under each fault at the wire, alone and before the quote gate; a program of its own.

    python -m tests.market_twins.faults [--json] [--only SOURCE] [--quick]

ALONE tells what the source makes of four shares when its vendor has the fault: `true` prices, `old` ones
that say so, `none`, `wrong` ones it cannot know to be. GATED tells what orders may go by when the source
is preferred and two independent ones are sound, of US shares the one other: `true`, `barred` or `none`;
`wrong` must not be there.
In the last rows every vendor has the fault. `--quick` leaves out slow faults of sources that ask by the
same way as another.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from services.clock import ReplayClock, stopwatch_s
from services.domain.bars import Frequency, Panel
from services.domain.instruments import Facts, Instrument, Symbol
from services.domain.quotes import Snapshot
from services.market.akshare_source import AkshareSource
from services.market.feeds.akshare_feed import AkshareFeed
from services.market.feeds.eastmoney import EastMoneyFeed
from services.market.feeds.sina import sina_feed
from services.market.feeds.sina_us import sina_us_feed
from services.market.feeds.tencent import tencent_feed
from services.market.feeds.throttle import Pace
from services.market.feeds.tushare_pro import TushareCalls, TushareFeed
from services.market.feeds.wire import Wire
from services.market.feeds.yahoo import YahooFeed
from services.market.quote_terms import GateTerms
from services.market.raw_quotes import QuoteFeed
from services.market.vendor_source import VendorSource
from services.ports import PriceFault
from tests.market_twins.hosts import vendor_twins
from tests.market_twins.market import CN, Market
from tests.market_twins.net import UNSET
from tests.market_twins.seeded import DAY, seeded_market
from tests.market_twins.trouble import Fault, Spell, Trouble, faults
from tests.market_twins.us_market import NEW_YORK, us_market
from tests.market_twins.wire_tushare import TOKEN

NOW = datetime.combine(DAY, time(10, 35, 4), CN)
US_NOW = datetime.combine(DAY, time(10, 35, 4), NEW_YORK)
DEADLINE_S = 1.5
FRESH = timedelta(seconds=90)
"""A minute in progress dates akshare's quotes."""

_PACE = Pace(requests_per_s_max=1000.0, burst_requests_max=100, concurrent_requests_max=8)


@dataclass(frozen=True)
class Said:
    """What is said of a share: a price, the previous close, and when it was so."""

    last: Decimal
    prev_close: Decimal | None
    at: datetime | None


Answer = Mapping[str, Said | None]
"""By symbol; None where no order may go by it."""


class FactsAlone:
    """What is known of the shares beside their quotes: what they are, and since when they are listed."""

    name = "facts"
    panel: Panel | None = None

    def __init__(self, market: Market) -> None:
        self._listed = list(market.listed.values())

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        raise PriceFault("quotes", "nobody asks for them here")

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        raise PriceFault("bars", "nobody asks for them here")

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        known = (
            Instrument(symbol=Symbol(one.symbol), name=one.name, listed_on=one.listed_on)
            for one in self._listed
        )
        return Facts(instruments=tuple(known))


@dataclass(frozen=True)
class Scene:
    """A market at a moment, and the shares of it that are asked for."""

    market: Market
    now: datetime
    symbols: tuple[Symbol, ...]


MAINLAND = Scene(
    seeded_market(), NOW, tuple(map(Symbol, ("600519.SH", "300750.SZ", "688981.SH", "600036.SH")))
)
AMERICA = Scene(us_market(), US_NOW, tuple(map(Symbol, us_market().listed)))


def scene_of(source: str) -> Scene:
    """Return the market that a source is of."""
    return AMERICA if source in US else MAINLAND


def _wire(now: datetime = NOW) -> Wire:
    return Wire(ReplayClock(now), _PACE, deadline_s=DEADLINE_S, environment=os.environ)


def _tushare() -> QuoteFeed:
    return TushareFeed(TushareCalls(_wire(), TOKEN), ReplayClock(NOW))


LIBRARY, EVERY = "AkshareSource", "every vendor"
US = ("yahoo", "sina_us")

FEEDS: Mapping[str, Callable[[], QuoteFeed]] = {
    "eastmoney": lambda: EastMoneyFeed(_wire(), book_symbols_max=50),
    "eastmoney list": lambda: EastMoneyFeed(_wire(), book_symbols_max=0),
    "sina": lambda: sina_feed(_wire()),
    "tencent": lambda: tencent_feed(_wire()),
    "tushare": _tushare,
    "akshare": lambda: AkshareFeed(ReplayClock(NOW), deadline_s=DEADLINE_S),
    "yahoo": lambda: YahooFeed(ReplayClock(US_NOW), deadline_s=DEADLINE_S, pace=_PACE),
    "sina_us": lambda: sina_us_feed(_wire(US_NOW)),
}
HOSTS: Mapping[str, str] = {
    "eastmoney": "*.eastmoney.com",
    "eastmoney list": "*.eastmoney.com",
    "sina": "*.sinajs.cn",
    "tencent": "*.gtimg.cn",
    "tushare": "*.tushare.pro",
    "akshare": "*.eastmoney.com",
    "yahoo": "*.yahoo.com",
    "sina_us": "*.sinajs.cn",
    LIBRARY: "*.eastmoney.com",
    EVERY: "*",
}
CHECKS: Mapping[str, tuple[str, ...]] = {
    "sina": ("tencent", "eastmoney"), "tencent": ("sina", "eastmoney"), "yahoo": ("sina_us",),
    "sina_us": ("yahoo",),
}  # fmt: skip
"""Who is asked beside a source; the others have Sina and Tencent beside them."""

SLOW = (
    Fault.REFUSE, Fault.RESET, Fault.HANG, Fault.DRIP, Fault.WRONG_CERTIFICATE, Fault.HTTP_429,
    Fault.HTTP_500, Fault.HTTP_502,
)  # fmt: skip
ALIKE = ("eastmoney list", "sina", "tencent", "tushare", "akshare", "sina_us", EVERY)
"""Sources whose slow faults at the gate are those of East Money again."""


@dataclass(frozen=True)
class Cell:
    """What came of a source under a fault. `seconds` is the longer of the two questions."""

    source: str
    fault: str
    alone: str
    gated: str
    seconds: float


async def alone(source: str) -> Answer:
    """Return what a source says of the shares on its own."""
    if source == LIBRARY:
        asked = AkshareSource(ReplayClock(NOW), deadline_s=DEADLINE_S, pause_s=0.1)
        snapshot = await asked.get_current_prices(MAINLAND.symbols)
        return {one.symbol: Said(one.last_cny, one.prev_close_cny, one.seen_at) for one in snapshot.quotes}
    raw = await FEEDS[source]().quotes(scene_of(source).symbols)
    return {
        one.symbol: Said(one.last_cny, one.prev_close_cny, one.stamped_at)
        for one in raw.quotes.values()
        if one.last_cny is not None
    }


async def gated(source: str) -> Answer:
    """Return what the quote gate makes of the source, preferred, and of two sound ones beside it."""
    asked, scene = "eastmoney" if source == EVERY else source, scene_of(source)
    feeds = [FEEDS[name]() for name in (asked, *CHECKS.get(asked, ("sina", "tencent")))]
    terms, clock = GateTerms(), ReplayClock(scene.now)
    vendors = VendorSource(
        feeds, FactsAlone(scene.market), clock, terms, deadline_s=2 * DEADLINE_S, hedge_s=DEADLINE_S / 3
    )
    await vendors.get_instruments(scene.symbols)
    snapshot = await vendors.get_current_prices(scene.symbols)
    return {
        one.symbol: None if one.barred else Said(one.last_cny, one.prev_close_cny, one.seen_at)
        for one in snapshot.quotes
    }


async def looked_at(ask: Callable[[str], Awaitable[Answer]], source: str) -> tuple[str, float]:
    """Return what came of all shares in words, and in how many seconds."""
    began_s = stopwatch_s()
    try:
        answer = await ask(source)
    except PriceFault:
        answer = {}
    took_s = stopwatch_s() - began_s
    scene = scene_of(source)
    return "+".join(sorted({_word(answer, symbol, scene) for symbol in scene.symbols})), took_s


def _word(answer: Answer, symbol: str, scene: Scene) -> str:
    if symbol not in answer:
        return "none"
    said = answer[symbol]
    if said is None:
        return "barred"
    market, zone = scene.market, scene.now.tzinfo
    if said.at is not None and said.at.astimezone(zone).date() < market.day:
        return "old"
    at = said.at or scene.now
    # What a minute in progress dates was true up to a minute before it ends.
    sights = (market.sight(symbol, then) for then in (at, at - timedelta(minutes=1)))
    if (said.last, said.prev_close) not in [(one.last, one.prev_close) for one in sights if one is not None]:
        return "wrong"
    return "old" if said.at is None or scene.now - said.at > FRESH else "true"


async def table(sources: Sequence[str], *, quick: bool) -> list[Cell]:
    """Return a cell for each source and fault."""
    cells: list[Cell] = []
    for scene in (MAINLAND, AMERICA):
        of_scene = [source for source in sources if scene_of(source) is scene]
        if of_scene:
            cells += await _within(scene, of_scene, quick=quick)
    return sorted(cells, key=lambda one: sources.index(one.source))


async def _within(scene: Scene, sources: Sequence[str], *, quick: bool) -> list[Cell]:
    trouble, cells = Trouble(), list[Cell]()
    with (
        TemporaryDirectory() as folder,
        vendor_twins(Path(folder), scene.market, lambda: scene.now, trouble) as net,
    ):
        for name in UNSET:
            os.environ.pop(name, None)
        os.environ.update(net.environment)
        # Its first import takes longer than a question may.
        import_module("yfinance" if scene is AMERICA else "akshare")
        for fault in (Fault.NONE, *faults()):
            cells += await _under(fault, sources, trouble, quick=quick)
    return cells


async def _under(fault: Fault, sources: Sequence[str], trouble: Trouble, *, quick: bool) -> list[Cell]:
    """Return what comes of each source under a fault: all at once of each alone, then of each at the gate."""
    trouble.spells = (Spell("*", fault),)
    by_itself = [source for source in sources if source != EVERY]
    ones = await asyncio.gather(*(looked_at(alone, source) for source in by_itself))
    found = dict(zip(by_itself, ones, strict=True))
    cells = []
    for source in sources:
        word, took_s = found.get(source, ("", 0.0))
        judged, judged_s = "", 0.0
        if source != LIBRARY and not (quick and fault in SLOW and source in ALIKE):
            trouble.spells = (Spell(HOSTS[source], fault),)
            judged, judged_s = await looked_at(gated, source)
        cells.append(Cell(source, fault.value, word, judged, max(took_s, judged_s)))
    return cells


def printed(cells: Sequence[Cell]) -> str:
    """Return the table as a person reads it."""
    lines = [f"{'source':<16}{'fault':<26}{'alone':<14}{'gated':<14}seconds"]
    lines += [
        f"{one.source:<16}{one.fault:<26}{one.alone:<14}{one.gated:<14}{one.seconds:7.2f}" for one in cells
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table, or its cells as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=tuple(HOSTS))
    stated = parser.parse_args()
    cells = asyncio.run(table(stated.only or tuple(HOSTS), quick=stated.quick))
    print(json.dumps([asdict(one) for one in cells]) if stated.json else printed(cells))


if __name__ == "__main__":
    main()
