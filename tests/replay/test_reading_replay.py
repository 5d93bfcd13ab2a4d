"""A mind that reads is told its past out of the journal: the same on every second look, and replayed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from agents.asked_model import AskedModel
from agents.debate import DebateAgent, DebatePlan
from agents.debate_words import Voice
from agents.parsing import parse
from commands.stored_account import stored_account
from monitor.say_do import say_do
from services.domain.bars import Frequency
from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.events import BriefingRecord
from services.journal.memory_store import MemoryStore
from services.ports import Agent
from services.settings import Settings
from tests.reading_mind import ReadingMind, run_reading
from tests.replay.finished import DATA, lived, settings_in, verified
from tests.unit.test_agents_debate import Said, Voices
from tests.unit.world import HOLD, MAIN, OTHER, Setup, answer, at, order

FIRST, LAST = date(2026, 7, 13), date(2026, 7, 15)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, ReadingMind]:
    """Three days of the demo with a mind that reads."""
    settings = settings_in(tmp_path_factory.mktemp("reading") / "data", mode="backtest")
    mind = ReadingMind()
    run_reading(settings, mind, start=FIRST, end=LAST)
    return settings, mind


def test_every_session_of_a_mind_that_reads_is_replayed_and_verified(demo: tuple[Settings, ReadingMind]):
    settings, mind = demo

    assert len(mind.shown) == 12
    assert [one.session for one in lived(settings) if one.differences] == []
    code, found = verified(settings)
    assert (code, found["say_do"]) == (0, {"hard": 0, "notes": 0})


def test_what_was_shown_is_on_record_and_tells_of_the_day_before(demo: tuple[Settings, ReadingMind]):
    settings, mind = demo

    with stored_account(settings) as account:
        kept = [account.journal.value(one) for one in account.events if one.step == "briefing"]

    texts = [one.text for one in kept if isinstance(one, BriefingRecord)]
    assert texts == [one.text for one in mind.shown]
    assert "LAST SESSIONS" not in texts[0]
    tuesday = texts[4]
    assert [f"2026-07-13 {slot}" in tuesday for slot in ("10:35", "11:35", "14:05", "15:05")] == [True] * 4
    assert "bought" in tuesday


def test_a_longer_memory_is_told_where_it_is_asked_for(tmp_path: Path):
    def first_slots(memory: str) -> list[str]:
        settings = settings_in(
            tmp_path / memory / "data", mode="backtest", **{"agent_config.memory_sessions": memory}
        )
        mind = ReadingMind()
        run_reading(settings, mind, start=FIRST, end=LAST)
        return [one.slot for one in mind.shown[-1].past]

    # The last of Wednesday's four: three of today and four of Tuesday, or as many as asked for.
    assert len(first_slots("0")) == 7
    assert len(first_slots("9")) == 9
    assert len(first_slots("200")) == 11


@pytest.mark.parametrize(("name", "frequency"), [("astock-2025", "daily"), ("astock-2026", "daily")])
def test_a_healthy_run_over_real_prices_says_what_it_does(tmp_path: Path, name: str, frequency: str):
    path = DATA / name / f"{Frequency(frequency)}.jsonl"
    if not path.is_file():
        pytest.skip("the real prices lie in the folder `shared` beside the checkout")
    settings = settings_in(tmp_path / "data", mode="backtest", frequency=frequency)

    run_reading(settings, ReadingMind(), prices=path)

    code, found = verified(settings)
    assert (code, found["problems"], found["say_do"]) == (0, [], {"hard": 0, "notes": 0})
    assert [one.session for one in lived(settings) if one.differences] == []


class Reader:
    """Makes a scripted mind read, and keeps what it read."""

    reads = Reads.TEXT

    def __init__(self, agent: Agent, shown: list[str]) -> None:
        self._agent, self._shown, self.name = agent, shown, agent.name

    async def decide(self, briefing: Briefing) -> RawAnswer:
        self._shown.append(briefing.text)
        return await self._agent.decide(briefing)


class Cut(BaseException):
    """The process ends here."""


class CutBefore(Reader):
    """Ends the process before a mind answers for the `nth` time."""

    def __init__(self, agent: Agent, shown: list[str], nth: int) -> None:
        super().__init__(agent, shown)
        self._nth = nth

    async def decide(self, briefing: Briefing) -> RawAnswer:
        if len(self._shown) == self._nth:
            self._shown.append(briefing.text)
            raise Cut
        return await super().decide(briefing)


SCRIPT = (
    answer(order("buy", MAIN, 300, reason="first")),
    answer(order("buy", OTHER, 150)),  # refused: not a lot
    HOLD,
    HOLD,
    answer(order("sell", MAIN, 300)),
)


def test_a_session_cut_off_before_its_answer_is_told_the_same_when_it_goes_on():
    store, shown = MemoryStore(), list[str]()
    setup = Setup(answers=SCRIPT, store=store, agent=lambda agent: CutBefore(agent, shown, 4))
    with pytest.raises(Cut):
        setup.open().run()
    whole: list[str] = []
    Setup(answers=SCRIPT, agent=lambda agent: Reader(agent, whole)).open().run()

    again: list[str] = []
    on = Setup(answers=SCRIPT, store=store, ledger=setup.ledger, agent=lambda agent: Reader(agent, again))
    on.open().run()

    assert again[0] == shown[4] == whole[4]
    assert [*shown[:4], *again] == whole
    assert "[board_lot]" in whole[4]
    assert 'why: "first"' in whole[4]


def test_the_say_do_check_of_such_a_run_is_clean_and_a_changed_answer_is_found():
    store = MemoryStore()
    live = Setup(answers=SCRIPT, store=store).open().run()
    events = tuple(live.journal.events)

    assert say_do(events, parse, live.journal.value) == ()

    at_answer = next(i for i, one in enumerate(events) if one.step == "answer")
    other = json.loads(events[at_answer].body)
    other["text"] = HOLD
    changed = events[at_answer]._replace(body=json.dumps(other))
    found = say_do((*events[:at_answer], changed, *events[at_answer + 1 :]), parse, live.journal.value)
    assert [str(one.kind) for one in found] == ["decision_differs"]


def test_arrays_are_told_nothing_of_it():
    told: list[Briefing] = []

    class Watching(Reader):
        reads = Reads.ARRAYS

        async def decide(self, briefing: Briefing) -> RawAnswer:
            told.append(briefing)
            return await super().decide(briefing)

    Setup(answers=SCRIPT, agent=lambda agent: Watching(agent, [])).open().run(until=at(LAST, "23:00"))

    assert all((one.text, one.past, one.limits) == ("", (), ()) for one in told)
    assert len(told) > 4


class Desk(ReadingMind):
    """A debate, of which only the trader and the reviewer have something to say."""

    name = "debate:m"

    async def decide(self, briefing: Briefing) -> RawAnswer:
        self.shown.append(briefing)
        symbol = briefing.watchlist[0]
        script: dict[Voice, list[Said]] = {
            Voice.TRADER: [answer(order("buy", symbol, 300)), answer(order("buy", symbol, 200))],
            Voice.REVIEWER: ['{"verdict": "shrink", "reason": "200 are enough"}'],
        }
        model = AskedModel(name="m", client=Voices(script), model="m")
        plan = DebatePlan(models=dict.fromkeys(Voice, model))
        return await DebateAgent(plan, name="debate:m").decide(briefing)


def test_a_debate_is_recorded_voice_by_voice_and_replayed_without_anybody(tmp_path: Path):
    settings = settings_in(tmp_path / "data", mode="backtest")
    run_reading(settings, Desk(), start=FIRST, end=FIRST)

    with stored_account(settings) as account:
        kept = [account.journal.value(one) for one in account.events if one.step == "answer"]

    answers = [one for one in kept if isinstance(one, RawAnswer)]
    assert len(answers) == 4
    assert all('"shares": 200' in one.text for one in answers)
    voices = [line["voice"] for line in answers[0].transcript if line["role"] == "assistant"]
    assert voices == ["technical", "bull", "bear", "trader", "reviewer", "trader"]
    assert len(answers[0].calls) == 6
    assert [one.session for one in lived(settings) if one.differences] == []
    assert verified(settings)[1]["say_do"]["hard"] == 0
