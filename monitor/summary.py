"""A run in one object: what other programs read and the screen prints."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from operator import attrgetter

from monitor.equity import Course, course_of, final_equity_cny
from monitor.json_value import Json
from monitor.metrics import Metrics, metrics_of
from monitor.outside_tools import NO_OUTSIDE_USE, OutsideUse, outside_use
from monitor.reading import ValueOf, inline_value
from monitor.records import ended_state
from monitor.risk_report import RiskReport, risk_report
from monitor.trail import Trail, follow
from monitor.training_overlap import NO_OVERLAP, TrainingOverlap, training_overlap
from monitor.valuing import Valuer, cost_price_cny
from services.domain.bars import Adjustment, Panel
from services.domain.events import Event, Outcome
from services.domain.fills import Fees
from services.domain.instruments import Symbol
from services.domain.money import ZERO, to_cent
from services.domain.value import Value

_WITH_TOOLS = frozenset({"llm", "debate"})


class Position(Value, frozen=True, kw_only=True):
    """A holding at the end: cost without fees and value, in CNY; the price is the one it counts with."""

    symbol: Symbol
    name: str
    shares: int
    cost_cny: Decimal
    price_cny: Decimal
    value_cny: Decimal


class Summary(Value, frozen=True, kw_only=True):
    """What became of an account; money in CNY, ratios as fractions, None where not defined.

    `completed` counts the sessions that ended in the state COMPLETED, `no_trade` those in
    NO_TRADE; a session that was halted, missed, failed or still runs is in `sessions` alone.
    `orders` are those that left or were about to. `refusals` counts by rule.
    `settings` are those the journal holds, each as JSON text, without the watchlist.
    `synthetic`: the market is invented. `approximate`: some order or fill rests on bars or on a
    fact not known. `finished`: the run came to its end.
    """

    account: str
    mode: str
    run_id: str
    market: str
    frequency: str
    agent: str
    start: date | None
    end: date | None
    sessions: int
    completed: int
    no_trade: int
    outcomes: Mapping[Outcome, int]
    orders: int
    fills: int
    refusals: Mapping[str, int]
    initial_cash_cny: Decimal
    opening_equity_cny: Decimal
    final_cash_cny: Decimal
    final_equity_cny: Decimal
    metrics: Metrics
    benchmark_return: float | None
    fees: Fees
    risk: RiskReport
    positions: tuple[Position, ...]
    watchlist: tuple[str, ...]
    settings: Mapping[str, str]
    synthetic: bool
    approximate: bool
    finished: bool
    outside: OutsideUse = NO_OUTSIDE_USE
    training: TrainingOverlap = NO_OVERLAP

    @property
    def total_return(self) -> float | None:
        """The final equity over the opening one, less one; None where that is 0."""
        if self.opening_equity_cny == 0:
            return None
        return float(self.final_equity_cny / self.opening_equity_cny - 1)

    def as_json(self, lang: str = "en") -> dict[str, Json]:
        """Return the figures under the names other programs call them by.

        Money is a JSON number rounded to 0.01, a ratio a float, what is not defined null. `lang` is
        that of the suggestions' sentences.
        """
        metrics = self.metrics
        return {
            "mode": self.mode,
            "frequency": self.frequency,
            "market": self.market,
            "account": self.account,
            "agent": self.agent,
            "run_id": self.run_id,
            "start": None if self.start is None else self.start.isoformat(),
            "end": None if self.end is None else self.end.isoformat(),
            "synthetic": self.synthetic,
            "approximate": self.approximate,
            "finished": self.finished,
            "outside_tools": {
                "calls": self.outside.calls,
                "sessions": self.outside.sessions,
                "kept_off": self.outside.kept_off,
            },
            "sessions": self.sessions,
            "completed": self.completed,
            "no_trade": self.no_trade,
            "outcomes": {str(outcome): count for outcome, count in self.outcomes.items()},
            "orders": self.orders,
            "fills": self.fills,
            "refusals": dict(self.refusals),
            "cash": _number(self.initial_cash_cny),
            "initial_cash": _number(self.initial_cash_cny),
            "final_cash": _number(self.final_cash_cny),
            "final_equity": _number(self.final_equity_cny),
            "return": self.total_return,
            "annual_return": metrics.annual_return,
            "volatility": metrics.volatility,
            "max_drawdown": metrics.max_drawdown,
            "sharpe": metrics.sharpe,
            "sortino": metrics.sortino,
            "calmar": metrics.calmar,
            "win_rate": metrics.win_rate,
            "benchmark_return": self.benchmark_return,
            "fees": {name: _number(amount) for name, amount in fee_lines(self.fees)},
            "risk": self.risk.as_json(lang),
            "positions": {one.symbol: one.shares for one in self.positions},
            "watchlist": list(self.watchlist),
            "training": self.training.as_json(),
            "settings": {name: json.loads(text) for name, text in self.settings.items()},
        }


def summarise(events: Iterable[Event], panel: Panel | None, value_of: ValueOf = inline_value) -> Summary:
    """Return what became of the account of a journal.

    The ratios are of end-of-day equity. Append the end of a run first: the last day counts at its
    close only once the run is finished.

    Raises:
        JournalFault: A body cannot be read.
    """
    kept = tuple(events)
    return summary_after(follow(kept, value_of, vendor_prices=panel is None), kept, panel, value_of)


def summary_after(
    trail: Trail, events: Iterable[Event], panel: Panel | None, value_of: ValueOf = inline_value
) -> Summary:
    """Return the summary of an account whose events were followed already; see `summarise`.

    Raises:
        JournalFault: A body cannot be read.
    """
    valuer = Valuer(panel=panel)
    return summary_of(trail, course_of(trail, valuer), valuer, outside_use_of(trail, events, value_of))


def outside_use_of(trail: Trail, events: Iterable[Event], value_of: ValueOf = inline_value) -> OutsideUse:
    """Return the use of outside tools in a trail's sessions; only models have tools.

    Raises:
        JournalFault: A body cannot be read.
    """
    agents = {opened.agent.partition(":")[0] for opened in trail.sessions.values()}
    return outside_use(events, value_of, trail.sessions) if agents & _WITH_TOOLS else NO_OUTSIDE_USE


def summary_of(trail: Trail, course: Course, valuer: Valuer, outside: OutsideUse = NO_OUTSIDE_USE) -> Summary:
    """Return the summary of an account whose events were followed and valued already."""
    genesis, panel, final_cny = trail.genesis, valuer.panel, final_equity_cny(course, trail)
    outcomes, states = _outcomes(trail)
    days = [opened.day for opened in trail.sessions.values()]
    return Summary(
        account=genesis.account if genesis else "",
        mode=genesis.mode if genesis else "",
        run_id=genesis.run_id if genesis else "",
        market=genesis.market if genesis else "",
        frequency=genesis.frequency if genesis else "",
        agent=genesis.agent if genesis else "",
        start=(genesis.start if genesis else None) or min(days, default=None),
        end=(genesis.end if genesis else None) or max(days, default=None),
        sessions=len(trail.sessions.keys() | trail.closed.keys()),
        completed=states["COMPLETED"],
        no_trade=states["NO_TRADE"],
        outcomes={outcome: outcomes[outcome] for outcome in Outcome if outcomes[outcome]},
        orders=len(trail.orders),
        fills=len(trail.trades),
        refusals=_by_rule(trail),
        initial_cash_cny=genesis.cash_cny if genesis else ZERO,
        opening_equity_cny=course.daily[0][1] if course.daily else final_cny,
        final_cash_cny=trail.book.cash_cny,
        final_equity_cny=final_cny,
        metrics=metrics_of(course.daily),
        benchmark_return=course.benchmark_return,
        fees=_fees(trail),
        risk=risk_report(trail.risk),
        positions=_positions(trail, valuer),
        watchlist=genesis.watchlist if genesis else (),
        settings={key: text for key, text in trail.settings.items() if key != "watchlist"},
        synthetic=bool(genesis and genesis.synthetic) or bool(panel and panel.synthetic),
        approximate=any(terms.approximate for terms in trail.orders.values())
        or any(trade.fill.approximate for trade in trail.trades)
        or (panel is not None and panel.adjustment is Adjustment.UNKNOWN),
        finished=trail.finished,
        outside=outside,
        training=training_overlap(trail.settings, days),
    )


def fee_lines(fees: Fees) -> tuple[tuple[str, Decimal], ...]:
    """Return the additive fee lines by name, and last their `total`, in CNY."""
    lines = tuple((name, getattr(fees, name)) for name in Fees.__struct_fields__)
    return (*lines, ("total", fees.total))


def _fees(trail: Trail) -> Fees:
    """Return the sums of the fee lines over all fills."""
    paid = [trade.fill.fees for trade in trail.trades]
    return Fees(**{name: sum(map(attrgetter(name), paid), ZERO) for name in Fees.__struct_fields__})


def _outcomes(trail: Trail) -> tuple[Counter[Outcome], Counter[str]]:
    """Return how many sessions had each outcome, and how many ended in each state."""
    sent = {terms.session for terms in trail.orders.values()}
    ended = Counter([(one.outcome, name in sent) for name, one in trail.closed.items()])
    outcomes, states = Counter[Outcome](), Counter[str]()
    for (outcome, left), count in ended.items():
        outcomes[outcome] += count
        states[ended_state(outcome, left)] += count
    return outcomes, states


def _by_rule(trail: Trail) -> dict[str, int]:
    """Return how often each rule refused, the most frequent first."""
    counts = Counter(str(refusal.rule) for refusal in trail.refusals)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _positions(trail: Trail, valuer: Valuer) -> tuple[Position, ...]:
    """Return what is held at the end, valued as the last mark is."""
    if not trail.marks:
        return ()
    mark, held = trail.marks[-1], []
    for symbol, shares in trail.book.holdings().items():
        price = valuer.price_cny(mark, symbol)
        held.append(
            Position(
                symbol=symbol,
                name=name_of(symbol, valuer.panel),
                shares=shares,
                cost_cny=to_cent(cost_price_cny(trail.book, symbol) * shares),
                price_cny=price,
                value_cny=to_cent(price * shares),
            )
        )
    return tuple(held)


def name_of(symbol: Symbol, panel: Panel | None) -> str:
    """Return the symbol's name in the panel, empty where none is known."""
    column = panel.column.get(symbol) if panel is not None else None
    return panel.names[column] if panel is not None and column is not None else ""


def _number(amount: Decimal) -> float:
    return float(to_cent(amount))
