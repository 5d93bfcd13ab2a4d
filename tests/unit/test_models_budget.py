"""No budget is gone beyond: what a request may take is held back first, whatever becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.budgeted import BudgetedAgent
from services.domain.conversation import Message, ModelReply, ModelRequest, Role, ToolSpec
from services.domain.decision import RawAnswer, Reads
from services.models.budget import Budget, BudgetedClient, OverBudget, Purse
from services.models.failures import Unbilled
from services.models.prices import Price, Tokens, cost_cny, most, taken
from services.models.spending import Spent, Takings, nothing_spent, spent_by
from services.ports import AgentFault
from tests.unit.agents_market import Setting, panel_of

DAY = date(2025, 10, 10)
# 1 CNY a thousand tokens read, 2 CNY a thousand written.
PRICE = Price(input_cny=Decimal(1000), output_cny=Decimal(2000))
# The message is 8 tokens at most: two for each of its 4 signs; 16 for the message and 64 for the request.
REQUEST = ModelRequest(
    endpoint="e", model="m", messages=(Message(role=Role.USER, content="现在如何"),), output_tokens_max=100
)
BOUND = Tokens(input=88, output=100)
# 88 x 0.001 + 100 x 0.002 = 0.288
BOUND_CNY = Decimal("0.288")


class Server:
    """A model that takes what it is told to, or fails."""

    def __init__(self, reply: ModelReply | AgentFault) -> None:
        self.reply, self.times = reply, 0

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.times += 1
        if isinstance(self.reply, AgentFault):
            raise self.reply
        return self.reply


def reply(**more: object) -> ModelReply:
    taken: dict[str, object] = {"content": "", "model": "m", "input_tokens": 50, "output_tokens": 10}
    return ModelReply(**{**taken, **more})  # type: ignore[arg-type]  # A table.


def purse_of(spent: Callable[[date], Spent] = nothing_spent, **limits: object) -> Purse:
    purse = Purse(Budget(**limits), spent)  # type: ignore[arg-type]  # A table.
    purse.begin(DAY)
    return purse


def ask(server: Server, purse: Purse, price: Price | None = PRICE) -> ModelReply:
    return asyncio.run(BudgetedClient(server, purse, price).complete(REQUEST))


def test_the_most_of_a_request_counts_texts_messages_and_the_bound_of_the_answer():
    assert most(REQUEST) == BOUND


def test_offered_tools_and_the_schema_are_read_too():
    tools = (ToolSpec(name="abc", description="def", parameters="{}"),)
    more = replace(REQUEST, tools=tools, schema="[]")

    # Three letters are one token and each sign is one: 1 + 1 + 2 of the tool, 16 for it, 2 of the schema.
    assert most(more) == Tokens(input=BOUND.input + 22, output=100)


def test_an_answer_without_bound_is_taken_to_need_8192_tokens():
    open_ended = ModelRequest(endpoint="e", model="m", messages=())

    assert most(open_ended) == Tokens(input=64, output=8192)


@pytest.mark.parametrize(
    ("tokens", "price", "cny"),
    [
        (Tokens(input=1_000_000, output=1_000_000), Price(input_cny=Decimal(2), output_cny=Decimal(8)), "10"),
        # 600 again at 0.5, 400 at 2, 100 written at 8, each a million: 0.0003 + 0.0008 + 0.0008 = 0.0019
        (
            Tokens(input=1000, output=100, cached_input=600),
            Price(input_cny=Decimal(2), output_cny=Decimal(8), cached_input_cny=Decimal("0.5")),
            "0.0019",
        ),
        # Without a price of its own what was read before costs as all: 1000 x 2 / 10^6 = 0.002
        (
            Tokens(input=1000, output=0, cached_input=600),
            Price(input_cny=Decimal(2), output_cny=Decimal(8)),
            "0.002",
        ),
        # One token of 2 CNY a million is 0.000002, rounded up.
        (Tokens(input=1, output=0), Price(input_cny=Decimal(2), output_cny=Decimal(8)), "0.0001"),
        (Tokens(input=1000, output=1000), None, "0"),
    ],
)
def test_what_tokens_cost(tokens: Tokens, price: Price | None, cny: str):
    assert cost_cny(tokens, price) == Decimal(cny)


def test_where_the_server_does_not_say_the_most_counts():
    assert taken(reply(input_tokens=0, output_tokens=0), BOUND) == BOUND
    assert taken(reply(), BOUND) == Tokens(input=50, output=10)


def test_a_reply_tells_its_cost():
    # 50 x 0.001 + 10 x 0.002 = 0.07
    assert ask(Server(reply()), purse_of()).cost_cny == Decimal("0.07")


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("tokens_per_session", 187),
        ("cny_per_session", Decimal("0.2879")),
        ("cny_per_day", Decimal("0.2879")),
        ("cny_per_month", Decimal("0.2879")),
    ],
)
def test_a_request_that_may_go_beyond_a_budget_is_not_made(name: str, limit: object):
    server = Server(reply())

    with pytest.raises(OverBudget, match=name):
        ask(server, purse_of(**{name: limit}))

    assert server.times == 0


@pytest.mark.parametrize(
    ("name", "limit"),
    [("tokens_per_session", 188), ("cny_per_session", BOUND_CNY), ("cny_per_day", BOUND_CNY)],
)
def test_a_request_that_just_fits_is_made(name: str, limit: object):
    server = Server(reply())

    ask(server, purse_of(**{name: limit}))

    assert server.times == 1


def test_what_was_held_and_not_taken_is_given_back():
    # 0.07 taken, so that 0.288 more fits into 0.358 and not into less.
    ask(server := Server(reply()), purse := purse_of(cny_per_session=Decimal("0.358")))
    ask(server, purse)

    assert server.times == 2
    with pytest.raises(OverBudget):
        ask(server, purse)


def test_requests_under_way_at_once_hold_together():
    async def both() -> list[object]:
        client = BudgetedClient(Slow(), purse_of(cny_per_session=2 * BOUND_CNY - Decimal("0.0001")), PRICE)
        return list(
            await asyncio.gather(client.complete(REQUEST), client.complete(REQUEST), return_exceptions=True)
        )

    class Slow(Server):
        def __init__(self) -> None:
            super().__init__(reply())

        async def complete(self, request: ModelRequest) -> ModelReply:
            await asyncio.sleep(0)
            return await super().complete(request)

    first, second = asyncio.run(both())

    assert isinstance(first, ModelReply)
    assert isinstance(second, OverBudget)


def test_a_new_session_begins_anew_and_a_day_goes_on():
    server, purse = Server(reply()), purse_of(tokens_per_session=188, cny_per_day=Decimal("0.358"))
    ask(server, purse)
    purse.begin(DAY)
    ask(server, purse)
    purse.begin(DAY)
    with pytest.raises(OverBudget, match="cny_per_day"):
        ask(server, purse)

    purse.begin(date(2025, 10, 13))
    ask(server, purse)

    assert server.times == 3


def test_a_month_ends_with_its_last_day():
    server, purse = Server(reply()), purse_of(cny_per_month=BOUND_CNY)
    ask(server, purse)
    purse.begin(date(2025, 10, 31))
    with pytest.raises(OverBudget, match="cny_per_month"):
        ask(server, purse)

    purse.begin(date(2025, 11, 3))
    ask(server, purse)

    assert server.times == 2


def test_what_the_record_holds_of_a_day_and_month_counts():
    costs = [
        (DAY, Decimal("0.10")),
        (DAY, Decimal("0.05")),
        (date(2025, 10, 9), Decimal("0.20")),
        (date(2024, 10, 10), Decimal(9)),
    ]
    spent = spent_by(costs)

    # 0.10 + 0.05 = 0.15 on the day, 0.20 more in its month; the year before is another month.
    assert spent(DAY) == Spent(day_cny=Decimal("0.15"), month_cny=Decimal("0.35"))
    ask(Server(reply()), purse_of(spent, cny_per_day=Decimal("0.15") + BOUND_CNY))
    with pytest.raises(OverBudget, match="cny_per_month"):
        ask(Server(reply()), purse_of(spent, cny_per_month=Decimal("0.35") + BOUND_CNY - Decimal("0.001")))


def test_a_failure_that_may_have_been_billed_is_taken_in_full():
    purse = purse_of(cny_per_session=2 * BOUND_CNY - Decimal("0.0001"))
    with pytest.raises(AgentFault, match="broke"):
        ask(Server(AgentFault("m", "the connection broke")), purse)

    with pytest.raises(OverBudget):
        ask(Server(reply()), purse)


def test_a_failure_that_was_not_billed_costs_nothing():
    purse = purse_of(cny_per_session=BOUND_CNY)
    with pytest.raises(Unbilled):
        ask(Server(Unbilled("m", "HTTP 429")), purse)

    assert ask(Server(reply()), purse).cost_cny > 0


def test_a_request_given_up_at_a_deadline_is_taken_in_full():
    class Silent(Server):
        async def complete(self, request: ModelRequest) -> ModelReply:
            await asyncio.sleep(3600)
            raise AssertionError

    async def late(client: BudgetedClient) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await client.complete(REQUEST)

    purse = purse_of(cny_per_session=2 * BOUND_CNY - Decimal("0.0001"))
    asyncio.run(late(BudgetedClient(Silent(reply()), purse, PRICE)))

    with pytest.raises(OverBudget):
        ask(Server(reply()), purse)


def test_a_kept_answer_counts_as_when_it_was_asked_for():
    purse = purse_of(cny_per_session=Decimal("0.358") + BOUND_CNY)

    # 0.07 and one lost attempt of 0.288.
    assert ask(Server(reply(cached=True, lost_attempts=1)), purse).cost_cny == Decimal("0.358")
    ask(Server(reply()), purse)
    with pytest.raises(OverBudget):
        ask(Server(reply()), purse)


def test_a_model_without_a_price_is_not_asked_under_a_budget_of_money():
    server = Server(reply())

    with pytest.raises(OverBudget, match="price"):
        ask(server, purse_of(cny_per_month=Decimal(100)), price=None)

    assert server.times == 0
    assert ask(server, purse_of(tokens_per_session=1000), price=None).cost_cny == 0


class Asking:
    """A mind that asks so often, and then answers or fails."""

    name, reads = "llm:m", Reads.TEXT

    def __init__(self, client: BudgetedClient, times: int, fault: AgentFault | None = None) -> None:
        self.client, self.times, self.fault = client, times, fault

    async def decide(self, briefing: object) -> RawAnswer:
        for _ in range(self.times):
            with suppress(AgentFault):
                await self.client.complete(REQUEST)
        if self.fault:
            raise self.fault
        return RawAnswer(text="said", model="m")


BRIEFING = Setting(panel=panel_of({"600001.SH": [10.0, 10.0]}), day=DAY).brief()


def test_each_decision_of_a_mind_is_a_session_of_the_budget():
    # Two requests of 0.07 take 50 + 10 tokens each; 60 + 188 fits into 250, and 120 + 188 does not.
    server, purse = Server(reply()), purse_of(tokens_per_session=250)
    agent = BudgetedAgent(Asking(BudgetedClient(server, purse, PRICE), 3), purse)

    first, second = (asyncio.run(agent.decide(BRIEFING)) for _ in range(2))

    assert server.times == 4
    assert first.text == "said"
    assert [one.usage.cost_cny for one in (first, second)] == [Decimal("0.14")] * 2
    assert (agent.name, agent.reads) == ("llm:m", Reads.TEXT)


def test_a_session_without_an_answer_says_what_it_may_have_cost():
    broken, purse = Server(AgentFault("m", "the connection broke")), purse_of()
    mind = Asking(BudgetedClient(broken, purse, PRICE), 2, OverBudget("m", "no more"))

    with pytest.raises(AgentFault, match="no more") as caught:
        asyncio.run(BudgetedAgent(mind, purse).decide(BRIEFING))

    assert (caught.value.cost_cny, caught.value.over_budget) == (2 * BOUND_CNY, True)


def test_purses_that_share_their_takings_share_days_and_months_and_nothing_else():
    taken = Takings()
    limits = Budget(cny_per_day=Decimal("0.358"), tokens_per_session=188)
    first, second = Purse(limits, nothing_spent, taken), Purse(limits, nothing_spent, taken)
    for purse in (first, second):
        purse.begin(DAY)
    ask(server := Server(reply()), first)
    ask(server, second)

    # 0.07 + 0.07 is taken, and 0.288 more is above 0.358, in a new session of either.
    first.begin(DAY)
    with pytest.raises(OverBudget, match="cny_per_day"):
        ask(server, first)
    assert server.times == 2


class Storm:
    """A server in a storm: attempts are lost, billed or not, and replies take more than was bounded."""

    def __init__(self, draw: st.DataObject) -> None:
        self.draw, self.billed, self.dearest = draw, Decimal(0), Decimal(0)
        self.client: BudgetedClient | None = None

    def bill(self, tokens: Tokens) -> None:
        cny = cost_cny(tokens, PRICE)
        self.billed, self.dearest = self.billed + cny, max(self.dearest, cny)

    async def complete(self, request: ModelRequest) -> ModelReply:
        lost = 0
        for attempt in range(3):
            fate = self.draw.draw(st.sampled_from(["reply", "refused", "lost and billed", "lost"]))
            if fate == "reply":
                told = reply(
                    input_tokens=self.draw.draw(st.integers(1, BOUND.input)),
                    output_tokens=self.draw.draw(st.integers(0, 3 * BOUND.output)),
                    lost_attempts=lost,
                )
                self.bill(taken(told, BOUND))
                return told
            if fate == "lost and billed":
                self.bill(BOUND)
            if attempt == 2:
                raise (Unbilled if fate == "refused" else AgentFault)("m", fate)
            if self.client is not None:
                self.client.before_retry(request, fate != "refused")
            lost += fate != "refused"
        raise AssertionError


@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(0, 40))
def test_in_a_storm_of_retries_a_budget_is_exceeded_by_no_more_than_one_request(
    data: st.DataObject, tenths: int
):
    limit = Decimal(tenths) / 10
    server = Storm(data)
    purse = purse_of(cny_per_day=limit)
    client = server.client = BudgetedClient(server, purse, PRICE)  # type: ignore[arg-type]  # A double.

    async def sessions() -> None:
        for _ in range(30):
            purse.begin(DAY)
            try:
                await client.complete(REQUEST)
            except AgentFault:
                continue

    asyncio.run(sessions())

    assert server.billed <= limit + server.dearest
