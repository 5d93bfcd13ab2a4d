"""What an account's models may take: reserved before each request, settled after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from services.domain.conversation import ModelReply, ModelRequest
from services.domain.money import ZERO
from services.models.failures import Unbilled
from services.models.prices import Price, Tokens, cost_cny, most, taken
from services.models.spending import Spent, Takings, spent_on
from services.ports import ModelClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that may be taken: tokens of a session, CNY of a session, a day and a month; None: no limit.

    A day is a session's trading day, and a month that day's calendar month.
    """

    tokens_per_session: int | None = None
    cny_per_session: Decimal | None = None
    cny_per_day: Decimal | None = None
    cny_per_month: Decimal | None = None

    @property
    def of_money(self) -> bool:
        """Whether any of it is money, so that every model needs a price."""
        limits = (self.cny_per_session, self.cny_per_day, self.cny_per_month)
        return any(limit is not None for limit in limits)


class OverBudget(Unbilled):
    """A request that was not made, since it might have gone beyond a budget."""

    def __init__(self, asked: str, why: str) -> None:
        super().__init__(asked, why, over_budget=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Tokens and CNY, taken or held back."""

    tokens: int = 0
    cny: Decimal = ZERO

    def __add__(self, other: Amount) -> Amount:
        return Amount(tokens=self.tokens + other.tokens, cny=self.cny + other.cny)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(tokens=self.tokens - other.tokens, cny=self.cny - other.cny)


_NOTHING = Amount()


class Purse:
    """One account's budget. `begin` opens a session; several requests may be under way in it at once.

    `earlier` tells what the account took before this process, on a day and in its month. What this
    process takes is counted in `takings`, what failed requests may have cost included.
    """

    def __init__(
        self, budget: Budget, earlier: Callable[[date], Spent], takings: Takings | None = None
    ) -> None:
        self._budget, self._earlier = budget, earlier
        self._takings = Takings() if takings is None else takings
        self._day = date.min
        self._spent, self._held = Amount(), Amount()

    @property
    def budget(self) -> Budget:
        """The budget it keeps."""
        return self._budget

    @property
    def spent_cny(self) -> Decimal:
        """What was taken in the session that is open, lost attempts and requests given up included."""
        return self._spent.cny

    def begin(self, day: date) -> None:
        """Open a session of that trading day: nothing is taken in it yet."""
        self._day, self._spent, self._held = day, Amount(), Amount()

    def hold(self, amount: Amount, asked: str) -> None:
        """Hold back what a request may take.

        Raises:
            OverBudget: There is not as much left.
        """
        self._require(amount, asked)
        self._held += amount
        self._takings.add(self._day, amount.cny)

    def settle(self, held: Amount, took: Amount) -> None:
        """Give back what was held, and take what the request took."""
        self._held -= held
        self._spent += took
        self._takings.add(self._day, took.cny - held.cny)

    def lose(self, amount: Amount, asked: str) -> None:
        """Take what a lost attempt of a request may have cost; as much stays held for its next attempt.

        Raises:
            OverBudget: There is not enough left for that.
        """
        self.settle(Amount(), amount)
        # What is held for the next attempt is in all of these sums already.
        self._require(amount, asked, counted=amount)

    def _require(self, amount: Amount, asked: str, counted: Amount = _NOTHING) -> None:
        budget, used = self._budget, self._spent + self._held - counted
        earlier, here = self._earlier(self._day), spent_on(self._takings.by_day, self._day)
        day_cny = earlier.day_cny + here.day_cny - counted.cny
        month_cny = earlier.month_cny + here.month_cny - counted.cny
        limits: tuple[tuple[str, Decimal | int | None, Decimal | int, Decimal | int], ...] = (
            ("tokens_per_session", budget.tokens_per_session, used.tokens, amount.tokens),
            ("cny_per_session", budget.cny_per_session, used.cny, amount.cny),
            ("cny_per_day", budget.cny_per_day, day_cny, amount.cny),
            ("cny_per_month", budget.cny_per_month, month_cny, amount.cny),
        )
        for name, limit, so_far, more in limits:
            if limit is not None and so_far + more > limit:
                raise OverBudget(
                    asked, f"over budget: {name} is {limit}, {so_far} is used or held, this may take {more}"
                )


class BudgetedClient:
    """A model that is asked within a budget, and whose replies tell what they cost.

    Without a price money is not counted; a budget of money then refuses every request. An answer
    from a cache counts as if it had been asked for, so that a run from the cache comes to the same end.
    """

    def __init__(self, inner: ModelClient, purse: Purse, price: Price | None) -> None:
        self._inner, self._purse, self._price = inner, purse, price

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the reply with its cost.

        Raises:
            AgentFault: There is none, or the budget does not allow the request.
        """
        if self._price is None and self._purse.budget.of_money:
            raise OverBudget(request.model, "it has no price, and a budget of money is set; add its price")
        bound = most(request)
        held = self._amount(bound)
        self._purse.hold(held, request.model)
        try:
            # Requests that are made at once are all held before the first of them is settled, also where
            # an answer is at hand: what the budget allows must not hang on how fast the answers come.
            await asyncio.sleep(0)
            reply = await self._inner.complete(request)
        except Unbilled:
            self._purse.settle(held, Amount())
            raise
        except BaseException:  # A deadline too: the server may go on working, and write a bill.
            self._purse.settle(held, held)
            raise
        lost = self._amount(bound, reply.lost_attempts)
        took = self._amount(taken(reply, bound)) + lost
        # Of an answer that was asked for now, `before_retry` has taken what was lost.
        self._purse.settle(held, took if reply.cached else took - lost)
        return replace(reply, cost_cny=took.cny)

    def before_retry(self, request: ModelRequest, lost: bool) -> None:
        """Take what a lost attempt may have cost, before another is made.

        Raises:
            OverBudget: There is not as much left.
        """
        if lost:
            self._purse.lose(self._amount(most(request)), request.model)

    def _amount(self, tokens: Tokens, times: int = 1) -> Amount:
        return Amount(tokens=tokens.total * times, cny=cost_cny(tokens, self._price) * times)
