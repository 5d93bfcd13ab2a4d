"""A mind that was asked and then failed: what it said and cost is kept, and why there is no decision."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from agents.asked_model import AskedModel
from agents.budgeted import BudgetedAgent
from agents.debate import DebateAgent, DebatePlan
from agents.debate_words import Voice
from agents.llm import LlmAgent
from agents.parsing import parse, recordable
from agents.replay import ReplayAgent
from monitor.arena_row import answers_of
from services.domain.conversation import ModelReply, ModelRequest
from services.domain.decision import BadAnswer, BadAnswerKind, Decision, RawAnswer
from services.domain.events import FaultRecord
from services.journal.journal import raised, record_of
from services.models.budget import Budget, BudgetedClient, OverBudget, Purse
from services.models.prices import Price
from services.models.spending import nothing_spent
from services.ports import Agent, AgentFault
from tests.monitor_journal import MON, JournalByHand
from tests.unit.agents_market import answer_of
from tests.unit.test_agents_debate import HOLD, SETTING
from tests.unit.test_agents_fall_back import BRIEFING, Tools, looks, with_tools

PROSE = "I would rather not."
GOOD = '{"rationale":"r","orders":[{"symbol":"600001.SH","side":"buy","shares":100,"reason":""}]}'
GONE = AgentFault("model at host", "HTTP 500: oops")
OVER = OverBudget("m", "over budget: tokens_per_session is 1, 0 is used or held, this may take 2")


class Script:
    """A model that says its lines in turn, the last again and again."""

    def __init__(self, *lines: str | ModelReply | AgentFault) -> None:
        self.lines = list(lines)

    async def complete(self, request: ModelRequest) -> ModelReply:
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if isinstance(line, AgentFault):
            raise line
        if isinstance(line, ModelReply):
            return line
        return ModelReply(content=line, model="served", input_tokens=100, output_tokens=10)


def told(answer: RawAnswer) -> BadAnswer:
    found = parse(answer, BRIEFING.watchlist)
    assert isinstance(found, BadAnswer)
    return found


def asked(*lines: str | ModelReply | AgentFault, tools: Tools | None = None) -> RawAnswer:
    model = AskedModel(name="m", client=Script(*lines), model="m")
    more = with_tools(tools) if tools else {}
    return answer_of(LlmAgent([model], name="llm:m", **more), BRIEFING)  # type: ignore[arg-type]  # A table.


def debated(*trader: str | AgentFault) -> RawAnswer:
    others, speaker = Script("so be it"), Script(*trader)
    models = {
        voice: AskedModel(name="m", client=speaker if voice is Voice.TRADER else others, model="m")
        for voice in Voice
    }
    return answer_of(DebateAgent(DebatePlan(models=models), name="debate:m"), SETTING.brief())


def test_what_was_looked_up_before_a_model_failed_is_kept_with_why_there_is_no_answer():
    answer = asked(looks(), GONE, tools=Tools("10.00"))

    assert (answer.text, answer.model, len(answer.calls)) == ("", "served", 1)
    assert any(line["role"] == "tool" and line["content"] == "10.00" for line in answer.transcript)
    assert told(answer).kind is BadAnswerKind.NOT_GIVEN
    assert "HTTP 500: oops" in told(answer).reason
    assert answer.over_budget == ""


def test_a_model_that_never_replied_leaves_a_fault():
    with pytest.raises(AgentFault, match="HTTP 500"):
        asked(GONE)


def test_an_answer_that_was_given_in_the_end_has_no_fault():
    down = AskedModel(name="a", client=Script(looks(), GONE), model="a")
    good = AskedModel(name="b", client=Script(GOOD), model="b")
    answer = answer_of(LlmAgent([down, good], name="llm:a", **with_tools(Tools())), BRIEFING)  # type: ignore[arg-type]  # A table.

    assert answer.fault == ""
    assert isinstance(parse(answer, BRIEFING.watchlist), Decision)


def test_an_answer_with_a_fault_is_never_a_decision():
    answer = RawAnswer(text=GOOD, model="m", fault="agent: m: the time was over")

    assert told(answer).kind is BadAnswerKind.NOT_GIVEN


def test_a_fault_is_kept_as_a_journal_can_hold_it():
    kept = recordable(RawAnswer(text="", model="m", fault="half \ud800", over_budget="half \ud800"))

    assert (kept.fault, kept.over_budget) == ("half \\ud800", "half \\ud800")


# Over budget, on each way to it.


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: debated(OVER), BadAnswerKind.NOT_GIVEN),
        (lambda: asked(PROSE, OVER), BadAnswerKind.NOT_JSON),
        (lambda: asked(looks(), OVER, tools=Tools()), BadAnswerKind.NOT_GIVEN),
    ],
    ids=["the trader of a debate", "the second question", "after a look-up"],
)
def test_a_budget_that_ends_the_asking_is_the_reason_and_has_a_field(
    answer: Callable[[], RawAnswer], kind: BadAnswerKind
):
    found = answer()

    assert told(found).kind is kind
    assert "tokens_per_session" in told(found).reason
    assert found.over_budget == OVER.why


def test_a_first_question_over_budget_is_a_fault_that_says_so():
    with pytest.raises(AgentFault) as caught:
        asked(OVER)

    assert caught.value.over_budget


def test_a_provider_that_speaks_of_a_budget_is_not_ours():
    theirs = AgentFault("m", "HTTP 402: over budget: add credits")

    assert asked(PROSE, theirs).over_budget == ""
    assert not record_of(theirs).over_budget


def test_a_debate_that_goes_on_without_one_voice_says_that_the_budget_was_used_up():
    others, silent = Script("so be it"), Script(OVER)
    models = {
        voice: AskedModel(name="m", client=silent if voice is Voice.BEAR else others, model="m")
        for voice in Voice
    }
    models[Voice.TRADER] = AskedModel(name="m", client=Script(HOLD), model="m")
    answer = answer_of(DebateAgent(DebatePlan(models=models), name="debate:m"), SETTING.brief())

    assert (answer.text, answer.fault, answer.over_budget) == (HOLD, "", OVER.why)


# What it cost, though nothing came of it.

PRICE = Price(input_cny=Decimal(0), output_cny=Decimal(1000))
DAY = date(2025, 10, 10)


def budgeted(*lines: str | ModelReply | AgentFault, tools: Tools | None = None) -> Agent:
    purse = Purse(Budget(), nothing_spent)
    client = BudgetedClient(Script(*lines), purse, PRICE)
    model = AskedModel(name="m", client=client, model="m", output_tokens_max=50)
    more = with_tools(tools) if tools else {}
    return BudgetedAgent(LlmAgent([model], name="llm:m", **more), purse)  # type: ignore[arg-type]  # A table.


def test_the_cost_of_an_answer_holds_the_request_that_failed():
    looked = replace(looks(), input_tokens=1, output_tokens=10)
    answer = answer_of(budgeted(looked, GONE, tools=Tools()), BRIEFING)

    # 10 tokens written at 0.001, and the 50 that the lost request may have written.
    assert answer.usage.cost_cny == Decimal("0.060")


def test_a_fault_carries_what_it_may_have_cost_through_the_record_and_back():
    with pytest.raises(AgentFault) as caught:
        answer_of(budgeted(GONE), BRIEFING)
    record = record_of(caught.value)

    assert record == FaultRecord(
        door="agent", asked="model at host", why="HTTP 500: oops", cost_cny=Decimal("0.050")
    )
    replayed = ReplayAgent({BRIEFING.session: record})
    for again in (lambda: raised(record), lambda: answer_of(replayed, BRIEFING)):
        with pytest.raises(AgentFault) as repeated:
            again()
        assert record_of(repeated.value) == record


def test_a_leaderboard_counts_the_cost_of_faults_and_answers_that_were_not_given():
    made = JournalByHand()
    made.open(MON, "09:35")
    made.write("answer", FaultRecord(door="agent", asked="m", why="late", cost_cny=Decimal("0.05")))
    made.open(MON, "10:35")
    answer = answer_of(budgeted(looks(), GONE, tools=Tools()), BRIEFING)
    made.write("answer", answer)
    made.write("decision", parse(answer, BRIEFING.watchlist))

    found = answers_of(made.events, made.value)

    # Of the look-up the server told no tokens, so that its 50 count, and 50 of the request that failed.
    assert (found.asked, found.faults, dict(found.bad), found.cost_cny) == (1, 2, {}, Decimal("0.15"))


def test_a_deadline_that_cuts_a_request_off_leaves_its_cost_on_the_record():
    class Silent:
        async def complete(self, request: ModelRequest) -> ModelReply:
            await asyncio.sleep(3600.0)
            raise AssertionError

    purse = Purse(Budget(), nothing_spent)
    model = AskedModel(
        name="m", client=BudgetedClient(Silent(), purse, PRICE), model="m", output_tokens_max=50
    )
    with pytest.raises(AgentFault) as caught:
        answer_of(BudgetedAgent(LlmAgent([model], name="llm:m", deadline_s=0.01), purse), BRIEFING)

    assert caught.value.cost_cny == Decimal("0.050")
