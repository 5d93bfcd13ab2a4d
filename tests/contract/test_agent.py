"""What every mind keeps to, whatever stands behind it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from agents.asked_model import AskedModel
from agents.llm import LlmAgent
from agents.parsing import parse
from agents.replay import ReplayAgent
from agents.rule import rule_agent, rule_names
from agents.scripted import ScriptedAgent
from services.domain.bars import Frequency
from services.domain.decision import Briefing, Decision, RawAnswer, Reads
from services.models.openai_client import OpenAiClient
from services.ports import Agent
from tests.unit.agents_market import DAYS, Setting, answer_of, panel_of, with_future_shuffled

A, B, C = "600001.SH", "600002.SH", "688001.SH"
PANEL = panel_of(
    {A: [10.0 + i / 10 for i in range(20)], B: [20.0 - i / 10 for i in range(20)], C: [30.0] * 20},
    frequency=Frequency.HOURLY,
)
SLOTS = [(day, at) for day in DAYS[1:3] for at in (time(10, 35), time(11, 35), time(14, 5), time(15, 5))]
TEXT = json.dumps({"rationale": "r", "orders": [{"symbol": A, "side": "buy", "shares": 100}]})


@dataclass
class Mind:
    """An agent and the messages that left it, if any do."""

    agent: Agent
    sent: list[bytes]


def llm(http: HTTPServer) -> Mind:
    sent: list[bytes] = []

    def answer(request: Request) -> Response:
        sent.append(request.data)
        body = {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}
        return Response(json.dumps(body), content_type="application/json")

    http.expect_request("/v1/chat/completions").respond_with_handler(answer)
    client = OpenAiClient(base_url=http.url_for("/v1"), api_key="key", name="m", deadline_s=30.0)
    agent = LlmAgent([AskedModel(name="m", client=client, model="m")], name="llm:m", deadline_s=30.0)
    return Mind(agent, sent)


def recorded() -> Agent:
    sessions = [Setting(panel=PANEL, day=day, at=at).brief().session for day, at in SLOTS]
    return ReplayAgent({session: RawAnswer(text=TEXT, model="m") for session in sessions})


MINDS: dict[str, Callable[[HTTPServer], Mind]] = {
    **{f"rule:{name}": lambda http, name=name: Mind(rule_agent(name), []) for name in rule_names()},
    "rule:momentum:top=2,every=2": lambda http: Mind(rule_agent("momentum:top=2,every=2"), []),
    "scripted": lambda http: Mind(ScriptedAgent([TEXT], lambda session: 0), []),
    "scripted at its end": lambda http: Mind(ScriptedAgent([], lambda session: 0), []),
    "replay": lambda http: Mind(recorded(), []),
    "llm": llm,
}


@pytest.fixture(params=sorted(MINDS))
def mind(request: pytest.FixtureRequest, httpserver: HTTPServer) -> Mind:
    return MINDS[request.param](httpserver)


def shown_to(mind: Mind, setting: Setting) -> Briefing:
    return replace(setting, reads=mind.agent.reads).brief()


def test_a_mind_has_a_name_says_what_it_reads_and_is_asked_in_one_way(mind: Mind):
    assert mind.agent.name
    assert mind.agent.reads in Reads
    assert inspect.iscoroutinefunction(mind.agent.decide)


@pytest.mark.parametrize(("day", "at"), SLOTS)
def test_the_answer_is_text_that_parses_to_a_decision(mind: Mind, day, at):
    briefing = shown_to(mind, Setting(panel=PANEL, day=day, at=at))

    answer = answer_of(mind.agent, briefing)

    assert isinstance(answer, RawAnswer)
    assert isinstance(parse(answer, briefing.watchlist), Decision)
    assert answer.model


@pytest.mark.parametrize(("day", "at"), SLOTS)
def test_no_mind_looks_past_the_moment(mind: Mind, day, at):
    setting = Setting(panel=PANEL, day=day, at=at)
    other_future = replace(setting, panel=with_future_shuffled(PANEL, setting.slot.moment))

    answers = [answer_of(mind.agent, shown_to(mind, one)).text for one in (setting, other_future)]

    assert answers[0] == answers[1]
    assert len(set(mind.sent)) <= 1


def test_the_shuffle_would_show_a_look_ahead():
    setting = Setting(panel=PANEL, day=DAYS[1], at=time(10, 35))
    later = replace(setting, at=time(14, 5))
    shuffled = with_future_shuffled(PANEL, setting.slot.moment)

    texts = [replace(later, panel=panel, reads=Reads.TEXT).brief().text for panel in (PANEL, shuffled)]

    assert texts[0] != texts[1]


def test_the_briefing_is_not_changed_by_answering(mind: Mind):
    briefing = shown_to(mind, Setting(panel=PANEL, day=DAYS[1], at=time(10, 35)))
    before = (briefing.digest, briefing.text, briefing.book, briefing.watchlist)

    answer_of(mind.agent, briefing)

    assert (briefing.digest, briefing.text, briefing.book, briefing.watchlist) == before
