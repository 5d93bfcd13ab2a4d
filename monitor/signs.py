"""How an account that runs is doing: a fold over its journal, moved event by event. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from monitor.source_silence import Silences
from services.domain.events import Closed, Event, HaltCause, Outcome, Verdicts
from services.domain.fills import Fill
from services.domain.instruments import Symbol
from services.domain.money import ZERO, to_cent
from services.domain.orders import OrderId, OrderTerms
from services.domain.quotes import PanelSnapshot, VendorSnapshot
from services.journal.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What became of an account since its process began; money in CNY.

    `sessions` counts by outcome. `filled` are orders of which at least a part was. `profit_cny` is the
    change of `equity_cny`, both at the last prices a session saw. `working` and `waiting` are orders left
    as they are. `last_hash` is the journal's.
    """

    account: str
    since: datetime
    until: datetime
    sessions: dict[Outcome, int]
    placed: int
    filled: int
    refused: int
    profit_cny: Decimal
    equity_cny: Decimal
    positions: dict[Symbol, int]
    working: int
    waiting: int
    halts: int
    paused: str
    events: int
    last_hash: str


class Signs:
    """Folds an account's events; what is counted is counted since `begin` was called.

    `listen` is called with every event there is, and then with each as it comes. `prices_at` is when
    prices last came, None before the first; `account` is the account as the journal tells it; `silences`
    are the price sources that give nothing now.
    """

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.placed = self.refused = 0
        self.prices_at: datetime | None = None
        self._filled: set[OrderId] = set()
        self._prices_cny: dict[Symbol, Decimal] = {}
        self.account, self.silences = Account(), Silences()
        self._began_cny = ZERO
        self._head: Event | None = None

    def begin(self) -> None:
        """Count from here on."""
        self.outcomes.clear()
        self._filled.clear()
        self.placed = self.refused = 0
        self._began_cny = self.equity_cny

    def listen(self, event: Event, value: object, account: Account) -> None:
        """Take one event of the journal and the account after it."""
        self.account, self._head = account, event
        self.silences.take(event.step, value)
        match value:
            case VendorSnapshot() | PanelSnapshot():
                self.prices_at = value.moment
                held = ((symbol, value.last(symbol)) for symbol in account.book.holdings())
                self._prices_cny.update((symbol, price) for symbol, price in held if price is not None)
            case Fill():
                self._prices_cny[value.symbol] = value.price_cny
                self._filled.add(value.order_id)
            case Closed():
                self.outcomes[value.outcome] += 1
            case OrderTerms():
                self.placed += 1
            case Verdicts():
                self.refused += len(value.refused)

    @property
    def sessions(self) -> int:
        """How many sessions ran; a slot that was missed has none."""
        return self.outcomes.total() - self.outcomes[Outcome.MISSED]

    @property
    def filled(self) -> int:
        """How many orders were filled, whole or in part."""
        return len(self._filled)

    @property
    def equity_cny(self) -> Decimal:
        """Cash and holdings at the last price anybody saw of each."""
        book = self.account.book
        worth = (self._prices_cny.get(symbol, ZERO) * shares for symbol, shares in book.holdings().items())
        return to_cent(book.cash_cny + sum(worth, ZERO))

    @property
    def paused(self) -> bool:
        """Whether no session of the account begins."""
        return self.account.paused is not None

    @property
    def unresolved(self) -> int:
        """How many symbols are halted since nobody can tell what became of an order."""
        return sum(halt.cause is HaltCause.UNRESOLVED for halt in self.account.halts.values())

    def profit_cny_on(self, day: date) -> Decimal | None:
        """Return the profit of that day so far, None where no session of it knew the value before it."""
        before = self.account.day_equity_cny
        if self.account.day != day or before is None:
            return None
        return self.equity_cny - before

    def summary(self, since: datetime, until: datetime) -> RunSummary:
        """Return what became of the account since `begin` was called."""
        account = self.account
        return RunSummary(
            account=account.genesis.account if account.genesis else "",
            since=since,
            until=until,
            sessions=dict(self.outcomes),
            placed=self.placed,
            filled=self.filled,
            refused=self.refused,
            profit_cny=self.equity_cny - self._began_cny,
            equity_cny=self.equity_cny,
            positions=dict(account.book.holdings()),
            working=len(account.working()),
            waiting=sum(len(state.waiting) for state in account.waiting()),
            halts=len(account.halts),
            paused=account.paused.words if account.paused else "",
            events=self._head.seq if self._head else 0,
            last_hash=self._head.hash if self._head else "",
        )
