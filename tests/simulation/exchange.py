"""An exchange somewhere else, with its own ledger: it lives on while the process is dead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from heapq import heappop, heappush
from random import Random

from services.domain.fills import Fees, Fill, FillId, Movement, MovementKind
from services.domain.instruments import Symbol
from services.domain.orders import OrderId, OrderState, OrderTerms, Side
from tests.simulation.scenario import CN, Weather

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass
class Held:
    """An order as the exchange has it; `seen_from_s` is when its listings know of it."""

    terms: OrderTerms
    state: OrderState
    seen_from_s: float
    filled: int = 0
    charged_cny: Decimal = NOTHING
    amount_cny: Decimal = NOTHING
    reason: str = ""


@dataclass(frozen=True)
class Traded:
    """A fill, and when the listings know of it."""

    fill: Fill
    seen_from_s: float


class Exchange:
    """Keyed by order id. Its cash and shares are plain sums of its own fills and movements.

    `by_hand_cny` is what somebody moved without telling anyone.
    """

    def __init__(self, start: datetime, cash_cny: Decimal, weather: Weather, rng: Random) -> None:
        self._start, self._weather, self._rng = start.astimezone(UTC), weather, rng
        self.now_s, self.calm = 0.0, False
        self.cash_cny, self.by_hand_cny = cash_cny, NOTHING
        self.shares: dict[Symbol, int] = {}
        self.orders: dict[OrderId, Held] = {}
        self.in_flight: dict[OrderId, int] = {}
        self.traded: list[Traded] = []
        self.movements: list[Movement] = []
        self._bought: dict[tuple[Symbol, date], int] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def moment(self, now_s: float) -> datetime:
        return self._start + timedelta(seconds=now_s)

    def advance(self, now_s: float) -> None:
        """Let everything happen that was due until then."""
        while self._due and self._due[0][0] <= now_s:
            self.now_s, _, happen = heappop(self._due)
            happen()
        self.now_s = max(self.now_s, now_s)

    def at(self, when_s: float, happen: Callable[[], None]) -> None:
        self._count += 1
        heappush(self._due, (when_s, self._count, happen))

    def travel(self, terms: OrderTerms, arrives_s: float) -> None:
        """Let an order be on its way: from now on nobody can say that it never arrives."""
        self.in_flight[terms.order_id] = self.in_flight.get(terms.order_id, 0) + 1

        def arrive() -> None:
            self.in_flight[terms.order_id] -= 1
            self._receive(terms)

        self.at(arrives_s, arrive)

    def knows(self, order_id: OrderId) -> bool:
        return order_id in self.orders or self.in_flight.get(order_id, 0) > 0

    def live_in(self, symbol: Symbol) -> list[OrderId]:
        """Return the orders in the symbol that may still trade."""
        return [
            one.terms.order_id
            for one in self.orders.values()
            if one.terms.symbol == symbol and one.state is OrderState.WORKING
        ]

    def cancel(self, order_id: OrderId) -> bool:
        """Withdraw the order; answer whether it is withdrawn now."""
        held = self.orders.get(order_id)
        if held is not None and held.state is OrderState.WORKING:
            held.state = OrderState.CANCELLED
        return held is not None and held.state is OrderState.CANCELLED

    def frozen_cny(self) -> Decimal:
        working = (one for one in self.orders.values() if one.state is OrderState.WORKING)
        return sum(map(self._freeze, working), NOTHING)

    def begin_day(self, day: date) -> None:
        """Pay a dividend on some of what is held."""
        for symbol, shares in sorted(self.shares.items()):
            if shares and not self.calm and self._rng.random() < 0.15:
                paid = cents(Decimal(shares) * Decimal("0.05"))
                self.cash_cny += paid
                self.movements.append(
                    Movement(
                        movement_id=f"D{day:%Y%m%d}{symbol}",
                        kind=MovementKind.DIVIDEND,
                        symbol=symbol,
                        shares=0,
                        cash_cny=paid,
                        day=day,
                        why="dividend",
                    )
                )

    def _receive(self, terms: OrderTerms) -> None:
        if terms.order_id in self.orders:
            return
        held = Held(terms, OrderState.WORKING, self.now_s + self._lag_s())
        self.orders[terms.order_id] = held
        why = self._refuses(terms)
        if why:
            held.state, held.reason = OrderState.REJECTED, why
            return
        self._plan(held)

    def _refuses(self, terms: OrderTerms) -> str:
        if not self.calm and self._rng.random() < self._weather.rejected:
            return "not today"
        if self.moment(self.now_s) >= self._end_of(terms):
            return "the day is over"
        if terms.side is Side.BUY:
            # The order itself is among the working ones already.
            return "too little cash" if self.cash_cny < self.frozen_cny() else ""
        return "too few shares" if self._sellable(terms.symbol, terms.day) < 0 else ""

    def _plan(self, held: Held) -> None:
        """Draw when which part trades: at once, in parts, late, or never; the rest lapses with its day."""
        terms, left, when_s = held.terms, held.terms.shares, self.now_s
        at_once = self.calm or self._rng.random() < 0.45
        never = not at_once and self._rng.random() < 0.4
        while left and not never and (at_once or self._rng.random() < 0.8):
            lots = self._rng.randint(1, max(1, left // 100))
            part = left if at_once or self._rng.random() < 0.4 else min(left, 100 * lots)
            when_s += 0.0 if at_once else self._rng.choice((0.0, 0.2, 30.0, 4000.0))
            left -= part
            self.at(when_s, partial(self._trade, held, part))
        ends_s = (self._end_of(terms) - self._start).total_seconds()
        self.at(max(ends_s, self.now_s), lambda: self._expire(held))

    def _expire(self, held: Held) -> None:
        if held.state is OrderState.WORKING:
            held.state = OrderState.EXPIRED

    def _end_of(self, terms: OrderTerms) -> datetime:
        sent = terms.not_before.astimezone(CN).time()
        return datetime.combine(terms.day, time(15) if sent < time(15) else time(15, 30), CN)

    def _trade(self, held: Held, shares: int) -> None:
        if held.state is not OrderState.WORKING:
            return
        terms = held.terms
        buys = terms.side is Side.BUY
        better = Decimal(self._rng.randint(0, 3)) * CENT
        price = max(terms.limit_cny - better, CENT) if buys else terms.limit_cny + better
        amount = cents(price * shares)
        held.filled, held.amount_cny = held.filled + shares, held.amount_cny + amount
        # The least commission is of the order, however many parts it trades in.
        commission = max(Decimal("5.00"), cents(held.amount_cny * Decimal("0.00025"))) - held.charged_cny
        held.charged_cny += commission
        fees = Fees(commission=commission, stamp_duty=NOTHING if buys else cents(amount * Decimal("0.0005")))
        moment = self.moment(self.now_s)
        fill = Fill(
            fill_id=FillId(f"F{len(self.traded)}"),
            order_id=terms.order_id,
            symbol=terms.symbol,
            side=terms.side,
            shares=shares,
            price_cny=price,
            amount_cny=amount,
            fees=fees,
            trade_date=moment.astimezone(CN).date(),
            traded_at=moment,
        )
        self.traded.append(Traded(fill, self.now_s + self._lag_s()))
        self.cash_cny += -(amount + fees.total) if buys else amount - fees.total
        self.shares[terms.symbol] = self.shares.get(terms.symbol, 0) + (shares if buys else -shares)
        if buys:
            key = (terms.symbol, fill.trade_date)
            self._bought[key] = self._bought.get(key, 0) + shares
        if held.filled == terms.shares:
            held.state = OrderState.FILLED

    def _lag_s(self) -> float:
        if self.calm or self._rng.random() >= self._weather.fill_lag:
            return 0.0
        return self._rng.choice((1.0, 20.0, 1000.0))

    def _freeze(self, held: Held) -> Decimal:
        if held.terms.side is Side.SELL:
            return NOTHING
        return max(NOTHING, held.terms.freeze_cny - held.amount_cny - held.charged_cny)

    def _sellable(self, symbol: Symbol, day: date) -> int:
        open_sells = sum(
            one.terms.shares - one.filled
            for one in self.orders.values()
            if one.state is OrderState.WORKING and one.terms.symbol == symbol and one.terms.side is Side.SELL
        )
        return self.shares.get(symbol, 0) - self._bought.get((symbol, day), 0) - open_sells

    def sellable(self, symbol: Symbol, now_s: float) -> int:
        """Return the shares that may be sold: not bought that day, not in an open sell."""
        return max(0, self._sellable(symbol, self.moment(now_s).astimezone(CN).date()))
