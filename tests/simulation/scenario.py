"""One seed's history before it is lived: market, mind, settings, weather, and what happens when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random

from commands.recorded_settings import RunSettings
from risk.limits import ExitTerms, Limits, OrderCaps, Resize
from services.domain.bars import Panel
from services.domain.events import TradingDay
from services.domain.instruments import Market, Symbol
from services.rules import Commission
from services.slots import ZONES
from tests.exchange_market import HOURS, Bar, panel
from tests.simulation.afternoon import LUNCH, Afternoon, drawn_afternoon
from tests.simulation.afternoon import RATIO as AFTERNOON_RATIO

CN = ZONES[Market.CN]
POOL = tuple(map(Symbol, ("600001.SH", "600007.SH", "000999.SZ", "002555.SZ", "300999.SZ")))
SLOT_TIMES = (time(10, 35), time(11, 35), time(14, 5), time(15, 5))
MONDAYS = (date(2026, 7, 13), date(2026, 8, 3), date(2026, 9, 7))
RATES = (0.05, 0.15, 0.4)
SETTLED_RATIO, SILENT_RATIO = 0.4, 0.2
_UNRESOLVING = ("never_arrived", "late_arrival", "ack_lost", "status_unknown")
"""What leaves an order that nobody can tell of."""


class Kind(StrEnum):
    """Which objects stand behind the doors.

    RECORDED: bars in hand and the simulated exchange, on a clock that jumps. PAPER: a vendor's quotes
    and the simulated exchange, on a machine's clock. WIRE: a vendor's quotes and an exchange somewhere
    else, which lives on while the process is dead.
    """

    RECORDED = "recorded"
    PAPER = "paper"
    WIRE = "wire"


@dataclass(kw_only=True)
class Weather:
    """How often each thing goes wrong, per call, 0 to 1."""

    never_arrived: float = 0
    late_arrival: float = 0
    ack_lost: float = 0
    doubled: float = 0
    rejected: float = 0
    status_unknown: float = 0
    listing_error: float = 0
    listing_empty: float = 0
    statement_wrong: float = 0
    fill_lag: float = 0
    disorder: float = 0
    cancel_lost: float = 0
    price_fault: float = 0
    price_missing: float = 0
    price_stale: float = 0
    price_frozen: float = 0
    mind_fault: float = 0
    mind_garbage: float = 0
    mind_slow: float = 0
    journal_fault: float = 0
    audit_fault: float = 0
    ledger_fault: float = 0


class Deed(StrEnum):
    """What somebody or something does to the process, at a touch of the outside."""

    KILL = "kill"
    HALT = "halt"
    LIFT = "lift"
    STOP = "stop"
    CLOCK = "clock"
    SLIP = "slip"
    NAP = "nap"
    DISK_FULL = "disk_full"
    AWAY = "away"
    EMPTY = "empty"
    BY_HAND = "by_hand"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"


@dataclass(frozen=True, order=True)
class Act:
    """A deed at the `touch`-th touch of the whole history; `size` is seconds, touches or CNY."""

    touch: int
    deed: Deed
    size: float = 0.0
    symbol: str = ""


class Word(StrEnum):
    """What a person says of an order nobody can tell of.

    TRUE: what the exchange has, at that moment. GONE: it never came. FILLED: all of it traded. PART: a lot
    of it did. TYPO: all of it, at ten times its limit.
    """

    TRUE = "true"
    GONE = "gone"
    FILLED = "filled"
    PART = "part"
    TYPO = "typo"


@dataclass(frozen=True, kw_only=True)
class Saying:
    """What a person says of the first order unresolved for `wait_s`, in a breath.

    The process is killed `kill_in` touches later; 0: it is not.
    """

    words: tuple[Word, ...]
    wait_s: float
    kill_in: int = 0


@dataclass(frozen=True, kw_only=True)
class Days:
    """A calendar of a few days; every weekday not named is open."""

    closed: frozenset[date]
    unknown: frozenset[date]
    known_until: date = date(2026, 12, 31)

    def trading_day(self, day: date) -> TradingDay:
        if day in self.unknown:
            return TradingDay.UNKNOWN
        return TradingDay.CLOSED if day in self.closed or day.weekday() > 4 else TradingDay.OPEN

    def trading_days(self, start: date, end: date) -> tuple[date, ...]:
        days = (start + timedelta(days=n) for n in range((end - start).days + 1))
        return tuple(day for day in days if self.trading_day(day) is TradingDay.OPEN)

    def early_close(self, day: date) -> time | None:
        return None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Everything that is decided before the first touch. `quiet` is the day from which nothing goes wrong.

    Where `silent_s` is not 0 the process dies as a buy arrives that was sent after a sale of its session, and
    after each of its deaths the connection to its broker is away for so long.
    """

    seed: int
    kind: Kind
    on_disk: bool
    symbols: tuple[Symbol, ...]
    days: tuple[date, ...]
    calendar: Days
    opens_cny: Mapping[Symbol, tuple[float, ...]]
    market: Panel
    settings: RunSettings
    heartbeat_s: int
    weather: Weather
    acts: tuple[Act, ...]
    sayings: tuple[Saying, ...] = ()
    afternoon: Afternoon = field(default_factory=Afternoon)
    silent_s: float = 0.0
    cash_cny: Decimal = field(default=Decimal("100000.00"))

    @property
    def quiet(self) -> date:
        return self.days[-1]

    @property
    def start(self) -> datetime:
        return datetime.combine(self.days[0], time(0), CN)

    @property
    def quiet_s(self) -> float:
        return (datetime.combine(self.quiet, time(0), CN) - self.start).total_seconds()

    @property
    def end_s(self) -> float:
        return self.quiet_s + 16 * 3600

    def rng(self, what: str) -> Random:
        """Return the seed's own stream of chance for `what`."""
        return Random(f"{self.seed}:{what}")


def drawn(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    rng = Random(f"{seed}:scenario")
    kind = rng.choices(list(Kind), (2, 2, 5))[0]
    symbols = tuple(rng.sample(POOL, rng.randint(1, 3)))
    days, calendar = _days(rng)
    prices = {symbol: _path(rng, len(days)) for symbol in symbols}
    times = tuple(sorted(rng.sample(SLOT_TIMES, rng.randint(2, 4))))
    weather = _weather(rng)
    if kind is Kind.RECORDED:
        # A run over recorded prices has no machine whose clock, network or vendor could fail.
        weather.price_fault = weather.price_missing = weather.price_stale = weather.price_frozen = 0
    return Scenario(
        seed=seed,
        kind=kind,
        on_disk=rng.random() < 0.02,
        symbols=symbols,
        days=days,
        calendar=calendar,
        opens_cny=prices,
        market=_panel(rng, prices, tuple(day for day in days if calendar.trading_day(day) == "open")),
        settings=_settings(rng, symbols, times),
        heartbeat_s=rng.choice((0, 0, 1200)) if kind is not Kind.RECORDED else 0,
        weather=weather,
        acts=_acts(rng, kind, symbols),
    )


def spoken_to(seed: int) -> Scenario:
    """Return the scenario of a seed in which people now and then pause it, end its loop or set its clock.

    In some over a wire they settle orders; there the broker cannot tell of more of them. In some with
    a slot at lunch the vendor tells late of the afternoon.
    """
    scenario = drawn(seed)
    if scenario.kind is Kind.RECORDED:
        return scenario
    words = _of_its_life(scenario.rng("its life"))
    scenario = _late_after_lunch(replace(scenario, acts=tuple(sorted((*scenario.acts, *words)))))
    if scenario.kind is Kind.WIRE and scenario.rng("silent").random() < SILENT_RATIO:
        scenario = _given_up(scenario)
    rng = scenario.rng("settled")
    if scenario.kind is not Kind.WIRE or rng.random() >= SETTLED_RATIO:
        return scenario
    sayings = tuple(_saying(rng) for _ in range(rng.choice((1, 1, 2, 3))))
    weather = replace(scenario.weather, **{name: rng.choice(RATES) for name in _UNRESOLVING})
    return replace(scenario, sayings=sayings, weather=weather)


def _given_up(scenario: Scenario) -> Scenario:
    """Return the scenario with deaths at sends, and a broker that is away until their session is given up."""
    rng = scenario.rng("given up")
    silent_s = rng.choice((0.5, 1.0, 1.5)) * scenario.settings.grace_s + 120
    return replace(scenario, silent_s=silent_s)


def _late_after_lunch(scenario: Scenario) -> Scenario:
    rng = scenario.rng("lunch")
    if LUNCH not in (scenario.settings.times or ()) or rng.random() >= AFTERNOON_RATIO:
        return scenario
    return replace(scenario, afternoon=drawn_afternoon(rng, scenario.days[:-1], scenario.symbols))


def _saying(rng: Random) -> Saying:
    words = rng.choices(list(Word), (5, 3, 2, 2, 1), k=rng.choice((1, 1, 1, 2)))
    return Saying(
        words=tuple(words) if rng.random() < 0.9 else (words[0], words[0]),
        wait_s=rng.choice((0.0, 10.0, 30.0, 600.0, 7200.0)),
        kill_in=rng.choice((0, 0, 0, 1, 2, 3, 5, 8)),
    )


def _days(rng: Random) -> tuple[tuple[date, ...], Days]:
    """Return the weekdays of the history, and which of them are holidays; the last is an open one."""
    first = rng.choice(MONDAYS) + timedelta(days=rng.choice((0, 0, 0, 1, 3)))
    days: list[date] = []
    while len(days) < rng.choice((3, 3, 4)):
        if first.weekday() < 5:
            days.append(first)
        first += timedelta(days=1)
    off = [day for day in days[1:-1] if rng.random() < 0.2]
    unknown = frozenset(day for day in off if rng.random() < 0.3)
    return tuple(days), Days(closed=frozenset(off) - unknown, unknown=unknown)


def _path(rng: Random, days: int) -> tuple[float, ...]:
    """Return a price at the begin of each hour of each day, no day further than 9 % from its first."""
    price, path = rng.uniform(4, 60), list[float]()
    for _ in range(days):
        base = price
        for _ in HOURS:
            price = min(max(price * (1 + rng.gauss(0, 0.012)), base * 0.93), base * 1.07)
            path.append(round(price, 2))
    return tuple(path)


def _panel(rng: Random, opens: Mapping[Symbol, tuple[float, ...]], days: tuple[date, ...]) -> Panel:
    series: dict[Symbol, list[Bar]] = {}
    closes: dict[Symbol, list[float]] = {}
    for symbol, path in opens.items():
        bars: list[Bar] = []
        stated: list[float] = []
        close = path[0]
        for row in range(len(days) * len(HOURS)):
            if row % len(HOURS) == 0:
                stated.append(close)
            start, close = path[row], round(path[row] * (1 + rng.gauss(0, 0.004)), 2)
            wide = abs(round(rng.gauss(0, 0.004) * start, 2))
            high, low = round(max(start, close) + wide, 2), round(min(start, close) - wide, 2)
            bars.append((start, high, low, close))
        series[symbol], closes[symbol] = bars, stated
    return panel(series, days=days, prev_close=closes, volume=rng.choice((2e3, 1e6)))


def _settings(rng: Random, symbols: tuple[Symbol, ...], times: tuple[time, ...]) -> RunSettings:
    def maybe(*values: str) -> Decimal | None:
        return Decimal(rng.choice(values)) if rng.random() < 0.3 else None

    return RunSettings(
        limits=Limits(
            order_ttl_s=rng.choice((10, 60, 60, 300)),
            position_ratio_max=maybe("0.2", "0.5"),
            daily_loss_ratio_max=maybe("0.02", "0.05"),
            cash_reserve_cny_min=maybe("5000.00") or Decimal("0.00"),
            stop_loss_ratio=maybe("0.01", "0.03"),
            resize=tuple(Resize) if rng.random() < 0.5 else (),
            drift_bp_max=Decimal(rng.choice(("200", "500"))),
            caps=OrderCaps(orders_session_max=rng.choice((2, 50)), orders_day_max=rng.choice((4, 200))),
            exits=ExitTerms(take_profit_ratio=maybe("0.01")),
        ),
        commission=Commission(),
        slippage_bp=Decimal(0),
        watchlist=symbols,
        grace_s=rng.choice((60, 300, 1800)),
        keep_orders=rng.random() < 0.5,
        times=times,
        lang="en",
        quote_source="test",
        volume_cap_ratio=Decimal(rng.choice(("0", "0.25"))),
        exchange_quote_age_s_max=180,
    )


def _weather(rng: Random) -> Weather:
    """Return mostly fair weather: what rarely goes wrong alone is seen best alone."""
    often = rng.choice((0.15, 0.35, 0.6))
    rates = {one.name: rng.choice(RATES) for one in fields(Weather) if rng.random() < often}
    for name in ("journal_fault", "audit_fault", "ledger_fault"):
        rates[name] = rates.get(name, 0) / 20
    return Weather(**rates)


def _acts(rng: Random, kind: Kind, symbols: tuple[Symbol, ...]) -> tuple[Act, ...]:
    acts = [*_kills(rng), *_words(rng, symbols)]
    if rng.random() < 0.15:
        acts.append(Act(_touch(rng), Deed.DISK_FULL, float(rng.randint(1, 12))))
    if kind is not Kind.RECORDED:
        acts += _of_the_machine(rng)
    if kind is Kind.WIRE:
        acts += _of_the_broker(rng)
    return tuple(sorted(acts))


def _touch(rng: Random) -> int:
    """Return a touch, mostly one of the first few hundred: few histories have more."""
    return int(rng.triangular(1, 900, 100))


def _kills(rng: Random) -> Iterator[Act]:
    """Yield deaths, each often followed by another within the recovery."""
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        at = _touch(rng)
        yield Act(at, Deed.KILL)
        while rng.random() < 0.4:
            at += rng.randint(1, 30)
            yield Act(at, Deed.KILL)


def _words(rng: Random, symbols: tuple[Symbol, ...]) -> Iterator[Act]:
    """Yield what people ask: halts and their lifts, and the kill file, often beside a full disk."""
    for _ in range(rng.choice((0, 0, 1, 2))):
        of, at = rng.choice(("", *symbols)), _touch(rng)
        yield Act(at, Deed.HALT, 0.0, of)
        yield Act(at + rng.randint(1, 150), Deed.LIFT, 0.0, of)
    if rng.random() < 0.15:
        at = _touch(rng)
        yield Act(at, Deed.STOP)
        if rng.random() < 0.6:
            yield Act(at + rng.randint(-3, 6), Deed.DISK_FULL, float(rng.randint(4, 12)))


def _of_the_machine(rng: Random) -> Iterator[Act]:
    if rng.random() < 0.3:
        yield Act(_touch(rng), Deed.CLOCK, rng.choice((-3600.0, -3.0, 3.0, 3600.0)))
    if rng.random() < 0.3:
        yield Act(_touch(rng), Deed.NAP, rng.choice((90.0, 1500.0, 12000.0, 72000.0)))


def _of_its_life(rng: Random) -> Iterator[Act]:
    """Yield pauses with their end, the word that ends the loop, and a clock days ahead for a moment."""
    if rng.random() < 0.1:
        at = _touch(rng)
        yield Act(at, Deed.PAUSE)
        yield Act(at + rng.randint(1, 150), Deed.RESUME)
    if rng.random() < 0.1:
        yield Act(_touch(rng), Deed.END)
    if rng.random() < 0.2:
        yield Act(_touch(rng), Deed.SLIP, 86400.0 * rng.choice((2, 17)))


def _of_the_broker(rng: Random) -> Iterator[Act]:
    if rng.random() < 0.35:
        yield Act(_touch(rng), Deed.AWAY, rng.choice((10.0, 600.0)))
    if rng.random() < 0.2:
        yield Act(_touch(rng), Deed.EMPTY, float(rng.randint(20, 80)))
    if rng.random() < 0.08:
        yield Act(_touch(rng), Deed.BY_HAND, float(rng.randint(-50, 50)) or 7.0)
