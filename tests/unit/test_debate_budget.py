"""A debate within a budget comes out the same from kept answers, wherever the budget ends it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agents.asked_model import AskedModel
from agents.budgeted import BudgetedAgent
from agents.debate import DebateAgent, DebatePlan
from agents.debate_words import DEBATE_WORDS, Voice
from agents.parsing import recordable
from services.domain.conversation import ModelReply, ModelRequest
from services.domain.decision import RawAnswer
from services.journal.codec import encode
from services.models.answer_store import AnswerStore
from services.models.budget import Budget, BudgetedClient, Purse
from services.models.cached import CachedClient, Counts, LlmMode
from services.models.spending import nothing_spent
from services.ports import AgentFault
from tests.unit.agents_market import answer_of
from tests.unit.test_agents_debate import HOLD, SETTING, Tools, calls

TASKS = {task: voice for words in DEBATE_WORDS.values() for voice, task in words.task.items()}
STEPS = {Voice.TECHNICAL: 7, Voice.NEWS: 1, Voice.FUNDAMENTALS: 4}
"""How many turns of the loop the analysts think: the later in the plan is not the later to answer."""


class Slow:
    """A model that looks something up first as an analyst, and takes its time."""

    async def complete(self, request: ModelRequest) -> ModelReply:
        voice = TASKS[request.messages[0].content]
        for _ in range(STEPS.get(voice, 1)):
            await asyncio.sleep(0)
        if voice in STEPS and len(request.messages) < 4:
            return calls("bars")
        said = HOLD if voice is Voice.TRADER else f"{voice} says so"
        return ModelReply(content=said, model="m", input_tokens=40, output_tokens=5)


def run(limit: int, folder: Path) -> tuple[RawAnswer | AgentFault, Counts]:
    counts, purse = Counts(), Purse(Budget(tokens_per_session=limit), nothing_spent)
    cached = CachedClient(Slow(), AnswerStore(folder), LlmMode.CACHE, counts=counts)
    model = AskedModel(name="m", client=BudgetedClient(cached, purse, None), model="m", output_tokens_max=50)
    debate = DebateAgent(
        DebatePlan(models=dict.fromkeys(Voice, model)),
        name="debate:m",
        toolbox_for=lambda _briefing: Tools(("bars", "news", "fundamentals")),
    )
    try:
        return answer_of(BudgetedAgent(debate, purse), SETTING.brief()), counts
    except AgentFault as fault:
        return fault, counts


def test_the_second_run_from_the_cache_asks_nobody_and_says_the_same_under_any_budget(tmp_path: Path):
    ends: set[int] = set()
    for limit in range(1_000, 30_000, 1_000):
        folder = tmp_path / str(limit)
        first, asked = run(limit, folder)
        second, again = run(limit, folder)

        assert (again.asked, again.found) == (0, asked.asked), limit
        if isinstance(first, AgentFault) or isinstance(second, AgentFault):
            assert str(first) == str(second)
        else:
            assert encode(recordable(first)) == encode(recordable(second)), limit
        ends.add(asked.asked)

    # Nobody was asked, some of the analysts were, none after them, and all: three that look something
    # up and report, bull, bear and the trader.
    assert {0, 1, 2, 6, 9} <= ends
