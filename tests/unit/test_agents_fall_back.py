"""A mind of several models: look-ups within limits, the next model where one fails, one budget of time."""

from __future__ import annotations

import asyncio
import json
from datetime import time
from decimal import Decimal

import pytest

from agents.asked_model import AskedModel, call_of
from agents.llm import LlmAgent
from agents.look_ups import ToolLimits
from agents.parsing import parse
from services.clock import stopwatch_s
from services.domain.conversation import ModelReply, ModelRequest, Role, ToolCall, ToolSpec
from services.domain.decision import BadAnswer, Decision, Reads
from services.ports import AgentFault
from tests.unit.agents_market import Setting, answer_of, panel_of

BRIEFING = Setting(panel=panel_of({"600001.SH": [10.0, 10.0]}), at=time(9, 35), reads=Reads.TEXT).brief()
GOOD = '{"rationale":"r","orders":[{"symbol":"600001.SH","side":"buy","shares":100,"reason":""}]}'
QUOTE = ToolSpec(name="quote", description="the last price", parameters='{"type":"object"}')
HOUR_S = 3600.0

Says = str | ModelReply | AgentFault | None


class Model:
    """A model that says its lines in turn, the last again and again; None is silence."""

    def __init__(self, *lines: Says) -> None:
        self.lines = list(lines)
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.requests.append(request)
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if line is None:
            await asyncio.sleep(HOUR_S)
        if isinstance(line, AgentFault):
            raise line
        if isinstance(line, ModelReply):
            return line
        return ModelReply(
            content=line or "",
            model="served",
            input_tokens=100,
            output_tokens=10,
            latency_ms=50,
            cost_cny=Decimal("0.01"),
        )


class Tools:
    """A toolbox that answers every call with the same text, and keeps what it was asked."""

    specs = (QUOTE,)

    def __init__(self, result: str = "10.00") -> None:
        self.result = result
        self.asked: list[ToolCall] = []

    async def call(self, call: ToolCall) -> str:
        self.asked.append(call)
        return self.result


def mind(*models: Model, **more: object) -> LlmAgent:
    asked = [AskedModel(name=f"m{i}", client=model, model=f"model-{i}") for i, model in enumerate(models)]
    return LlmAgent(asked, name="llm:m0", **more)  # type: ignore[arg-type]  # A table of arguments.


def looks(count: int = 1) -> ModelReply:
    calls = tuple(ToolCall(call_id=f"c{i}", tool="quote", arguments="{}") for i in range(count))
    return ModelReply(content="", model="served", tool_calls=calls, reasoning="thinking")


def with_tools(box: Tools, **limits: int) -> dict[str, object]:
    return {"toolbox_for": lambda _briefing: box, "tool_limits": ToolLimits(**limits)}


DOWN = AgentFault("model at host", "HTTP 500: oops")


@pytest.mark.parametrize("first", [DOWN, "no json here"], ids=["down", "unusable"])
def test_the_next_model_is_asked_where_the_first_brings_no_usable_answer(first: Says):
    one, two = Model(first), Model(GOOD)

    answer = answer_of(mind(one, two), BRIEFING)

    assert answer.text == GOOD
    assert isinstance(parse(answer, BRIEFING.watchlist), Decision)
    assert [request.model for request in two.requests] == ["model-1"]
    assert [message.content for message in two.requests[0].messages] == [BRIEFING.text]


def test_what_failed_on_the_way_stands_in_the_transcript():
    answer = answer_of(mind(Model(DOWN), Model(GOOD)), BRIEFING)

    assert [line["role"] for line in answer.transcript] == ["user", "fault", "user", "assistant"]
    assert "HTTP 500" in answer.transcript[1]["content"]


def test_a_usable_first_answer_leaves_the_others_alone():
    other = Model(GOOD)

    answer_of(mind(Model(GOOD), other), BRIEFING)

    assert other.requests == []


def test_where_all_models_fail_the_fault_names_each():
    with pytest.raises(AgentFault) as fault:
        answer_of(mind(Model(DOWN), Model(AgentFault("second at home", "no answer"))), BRIEFING)

    assert "model at host" in fault.value.asked
    assert "second at home" in fault.value.asked
    assert "HTTP 500" in fault.value.why
    assert "no answer" in fault.value.why


def test_an_unusable_answer_stands_where_nobody_had_a_better_one():
    answer = answer_of(mind(Model("prose"), Model(DOWN)), BRIEFING)

    assert answer.text == "prose"
    assert isinstance(parse(answer, BRIEFING.watchlist), BadAnswer)


def test_a_silent_model_takes_only_the_sessions_time():
    began_s = stopwatch_s()

    with pytest.raises(AgentFault) as fault:
        answer_of(mind(Model(None), Model(GOOD), deadline_s=0.05), BRIEFING)

    assert "0.05" in fault.value.why
    assert stopwatch_s() - began_s < 2.0


def test_an_answer_given_before_the_time_was_over_stands():
    answer = answer_of(mind(Model("prose"), Model(None), deadline_s=0.05), BRIEFING)

    assert answer.text == "prose"
    assert answer.transcript[-1]["role"] == "fault"


def test_every_request_is_recorded_and_the_usage_is_their_sum():
    answer = answer_of(mind(Model("prose"), Model(GOOD)), BRIEFING)

    assert len(answer.calls) == 3
    assert len({call.request for call in answer.calls}) == 3
    # 3 requests of 100 tokens in, 10 out, 50 ms and 0.01 CNY each.
    usage = answer.usage
    assert (usage.input_tokens, usage.output_tokens, usage.latency_ms) == (300, 30, 150)
    assert (usage.cost_cny, usage.attempts) == (Decimal("0.03"), 3)


def test_a_call_names_the_request_by_its_digest_and_parameters():
    model = AskedModel(
        name="m", client=Model(GOOD), model="x", endpoint="https://h/v1", dialect="qwen", temperature=0.0
    )
    request = model.request((), schema="{}", tools=(QUOTE,))

    call = call_of(request, ModelReply(content="", model="", finish_reason="stop"))

    assert call.request == request.digest
    assert (call.model, call.finish_reason) == ("x", "stop")
    assert call.parameters == "endpoint=https://h/v1 dialect=qwen temperature=0.0 schema=yes tools=1"


def test_results_of_look_ups_are_said_back_with_the_thoughts_that_led_to_them():
    box, model = Tools(), Model(looks(2), GOOD)

    answer = answer_of(mind(model, **with_tools(box)), BRIEFING)

    assert [call.call_id for call in box.asked] == ["c0", "c1"]
    first, second = model.requests
    assert first.tools == second.tools == (QUOTE,)
    said = second.messages[1:]
    assert [message.role for message in said] == [Role.ASSISTANT, Role.TOOL, Role.TOOL]
    assert said[0].reasoning == "thinking"
    assert [(one.call_id, one.content) for one in said[1:]] == [("c0", "10.00"), ("c1", "10.00")]
    assert [line["role"] for line in answer.transcript] == ["user", "assistant", "tool", "tool", "assistant"]
    assert json.loads(answer.transcript[1]["tool_calls"])[0]["tool"] == "quote"


@pytest.mark.parametrize(
    ("limits", "asked", "requests"),
    [
        ({"steps_max": 2}, 6, 3),  # Two rounds of three calls, then the question without tools.
        ({"calls_max": 4}, 4, 3),  # One round of three, one of which one is left.
        ({"bytes_max": 7}, 3, 2),  # Two results of 5 bytes, the second cut; the third is empty.
    ],
)
def test_look_ups_end_at_each_limit(limits: dict[str, int], asked: int, requests: int):
    box, model = Tools(), Model(looks(3))
    model.lines = [looks(3)] * (requests - 1) + [GOOD]

    answer = answer_of(mind(model, **with_tools(box, **limits)), BRIEFING)

    assert answer.text == GOOD
    assert len(box.asked) == asked
    assert len(model.requests) == requests
    assert model.requests[-1].tools == ()
    assert model.requests[-1].messages[-1].role is Role.USER


def test_no_result_beyond_the_bytes_left_reaches_the_model():
    box, model = Tools("价" * 100), Model(looks(2), GOOD)

    answer_of(mind(model, **with_tools(box, bytes_max=10)), BRIEFING)

    results = [one.content for one in model.requests[-1].messages if one.role is Role.TOOL]
    # 10 bytes hold three signs of 3 bytes.
    assert results[0].startswith("价价价\n[cut")
    assert results[1].startswith("\n[cut")


def test_every_call_that_is_said_back_has_its_result():
    box, model = Tools(), Model(looks(50), GOOD)

    answer_of(mind(model, **with_tools(box, calls_max=3)), BRIEFING)

    said = model.requests[-1].messages
    calls = [call.call_id for message in said for call in message.tool_calls]
    assert calls == [one.call_id for one in said if one.role is Role.TOOL] == ["c0", "c1", "c2"]


def test_look_ups_count_for_the_session_whichever_model_makes_them():
    box = Tools()
    first, second = Model(looks(3), "prose", "prose"), Model(GOOD)

    answer_of(mind(first, second, **with_tools(box, calls_max=3)), BRIEFING)

    assert second.requests[0].tools == ()


def test_a_mind_without_models_or_time_is_refused():
    with pytest.raises(ValueError, match="model"):
        LlmAgent([], name="llm:none")
    with pytest.raises(ValueError, match="deadline"):
        mind(Model(GOOD), deadline_s=0.0)
