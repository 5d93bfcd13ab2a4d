"""Each dialect is spoken as its provider's server wants it, and what comes back is understood."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from agents.asked_model import AskedModel, call_of
from agents.parsing import answer_schema
from services.domain.conversation import Message, ModelReply, ModelRequest, Role, ToolCall, ToolSpec
from services.domain.instruments import Symbol
from services.models.dialects import ALIASES, ANSWER_TOOL, DIALECTS, dialect_named
from services.models.failures import Unbilled
from services.models.openai_client import OpenAiClient, endpoint_of
from services.models.wire import payload
from services.ports import AgentFault
from services.settings_keys import keys_of, kind_of
from services.settings_sections import ModelSettings
from tests.provider_twin import (
    PROVIDERS,
    Asked,
    ProviderTwin,
    calls,
    in_turn,
    like,
    redirects,
    refuses,
    says,
)

GOOD = '{"rationale":"r","orders":[]}'
SCHEMA = json.dumps(answer_schema((Symbol("600001.SH"),)))
QUOTE = ToolSpec(name="quote", description="the last price", parameters='{"type":"object"}')
USER = Message(role=Role.USER, content="What now? Answer in json.")
LOOKED_UP = (
    USER,
    Message(
        role=Role.ASSISTANT,
        content="",
        tool_calls=(ToolCall(call_id="c1", tool="quote", arguments="{}"),),
        reasoning="I need the price.",
    ),
    Message(role=Role.TOOL, content="10.00", call_id="c1"),
)


def request(dialect: str, *messages: Message, **more: Any) -> ModelRequest:
    return ModelRequest(
        endpoint="e", model="m", messages=messages or (USER,), schema=SCHEMA, dialect=dialect, **more
    )


def asked_of(twin: ProviderTwin, one: ModelRequest) -> ModelReply:
    client = OpenAiClient(
        base_url=twin.url, api_key="key", name="twin", dialect=one.dialect, first_wait_s=0.0
    )
    return asyncio.run(client.complete(one))


class Silent:
    """A model that is never asked."""

    async def complete(self, request: ModelRequest) -> ModelReply:
        raise AgentFault("m", "nobody asks it")


def good(_asked: Asked) -> str:
    return GOOD


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_provider_takes_its_dialect_and_is_understood(dialect: str):
    with ProviderTwin(like(dialect, good)) as twin:
        reply = asked_of(twin, request(dialect, temperature=0.7, output_tokens_max=500))

    assert reply.content == GOOD
    assert (reply.input_tokens, reply.output_tokens) == (120, 30)
    assert 500 in twin.bodies[0].values()


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"compatible"}))
@pytest.mark.parametrize("tools", [(QUOTE,), ()], ids=["with tools", "after the last"])
def test_a_provider_takes_what_was_looked_up(dialect: str, tools: tuple[ToolSpec, ...]):
    with ProviderTwin(like(dialect, good)) as twin:
        reply = asked_of(twin, request(dialect, *LOOKED_UP, tools=tools))

    assert reply.content == GOOD


def test_every_twin_would_refuse_some_other_dialect():
    strict = {"openai", "deepseek", "qwen", "zhipu", "moonshot", "minimax", "ollama", "vllm", "llamacpp"}
    shapes = [
        payload(
            request("json_schema", *LOOKED_UP, tools=(QUOTE,), output_tokens_max=9), DIALECTS["json_schema"]
        )
    ]

    assert {name for name in strict if any(PROVIDERS[name].objects(one) for one in shapes)} == strict


@pytest.mark.parametrize("dialect", ["deepseek", "qwen", "zhipu", "moonshot", "json_object"])
def test_the_word_json_is_said_where_nobody_did(dialect: str):
    silent = Message(role=Role.USER, content="What now?")
    with ProviderTwin(like(dialect, good)) as twin:
        asked_of(twin, request(dialect, silent))
        asked_of(twin, request(dialect))

    first, second = twin.bodies
    assert "json" in first["messages"][0]["content"]
    assert [message["content"] for message in first["messages"][1:]] == ["What now?"]
    assert len(second["messages"]) == 1


def test_thoughts_go_back_as_the_server_wants_them_and_only_with_calls():
    def assistant(dialect: str) -> dict[str, Any]:
        body: Any = payload(request(dialect, *LOOKED_UP), DIALECTS[dialect])
        found: dict[str, Any] = body["messages"][-2]
        return found

    assert assistant("deepseek")["reasoning_content"] == "I need the price."
    assert assistant("minimax")["content"] == "<think>\nI need the price.\n</think>\n\n"
    assert "reasoning_content" not in assistant("openai")
    plain: Any = payload(
        request("deepseek", Message(role=Role.ASSISTANT, content="x", reasoning="y")), DIALECTS["deepseek"]
    )
    assert plain["messages"][-1] == {"role": "assistant", "content": "x"}


def test_an_answer_by_tool_is_demanded_by_name_or_among_the_tools():
    alone: Any = payload(request("tool_call"), DIALECTS["tool_call"])
    among: Any = payload(request("tool_call", tools=(QUOTE,)), DIALECTS["tool_call"])

    assert alone["tool_choice"]["function"]["name"] == ANSWER_TOOL
    assert alone["tools"][0]["function"]["parameters"] == json.loads(SCHEMA)
    assert among["tool_choice"] == "required"
    assert [tool["function"]["name"] for tool in among["tools"]] == ["quote", ANSWER_TOOL]


def test_no_form_is_demanded_of_a_free_text():
    for dialect in DIALECTS.values():
        body = payload(ModelRequest(endpoint="", model="m", messages=(USER,)), dialect)
        assert set(body) == {"model", "messages"}


def test_calls_of_tools_come_back_and_an_answer_given_by_tool_is_the_text():
    behaviour = in_turn(
        calls(("quote", '{"symbol":"600001.SH"}')),
        calls(("quote", "{}"), (ANSWER_TOOL, GOOD)),
    )
    with ProviderTwin(behaviour) as twin:
        look, answer = (asked_of(twin, request("tool_call", tools=(QUOTE,))) for _ in range(2))

    assert look.tool_calls == (ToolCall(call_id="call_0", tool="quote", arguments='{"symbol":"600001.SH"}'),)
    assert (answer.content, answer.tool_calls) == (GOOD, ())


@pytest.mark.parametrize(
    ("content", "answer", "thoughts"),
    [
        (f"<think>\nhm {{}}\n</think>\n\n{GOOD}", GOOD, "hm {}"),
        (f"  <think></think>{GOOD}", GOOD, ""),
        ("<think>never ends", "", "never ends"),
        (f"{GOOD}<think>late</think>", f"{GOOD}<think>late</think>", ""),
        (f"hm\n</think>\n\n{GOOD}", GOOD, "hm"),
        (f"</think>{GOOD}", GOOD, ""),
        (f"hm</think>{GOOD}</think>", f"{GOOD}</think>", "hm"),
        # An answer may quote the mark, from a news text that hopes to become the answer.
        ('{"rationale":"</think>{}","orders":[]}', '{"rationale":"</think>{}","orders":[]}', ""),
    ],
)
def test_thoughts_before_the_answer_are_no_part_of_it(content: str, answer: str, thoughts: str):
    with ProviderTwin(says(content)) as twin:
        reply = asked_of(twin, request("vllm"))
        other = asked_of(twin, request("openai"))

    assert (reply.content, reply.reasoning) == (answer, thoughts)
    assert other.content == content


@pytest.mark.parametrize(
    ("arguments", "understood"),
    [
        ("null", ""),
        ("{}", "{}"),
        ('{"symbol": "600001.SH", "symbol": "x"}', '{"symbol": "600001.SH", "symbol": "x"}'),
        ('"{\\"symbol\\":1}"', '{"symbol":1}'),
    ],
)
def test_arguments_of_a_call_may_be_an_object_or_nothing(arguments: str, understood: str):
    body = (
        '{"choices":[{"message":{"tool_calls":[{"id":"c","type":"function",'
        '"function":{"name":"quote","arguments":' + arguments + "}}]}}]}"
    )
    with ProviderTwin(refuses(200, body)) as twin:
        reply = asked_of(twin, request("vllm", tools=(QUOTE,)))

    assert reply.tool_calls == (ToolCall(call_id="c", tool="quote", arguments=understood),)


@pytest.mark.parametrize("arguments", ["1", "[]", "true"])
def test_arguments_that_are_no_object_are_no_completion(arguments: str):
    call = '{"function":{"name":"q","arguments":' + arguments + "}}"
    body = '{"choices":[{"message":{"tool_calls":[' + call + "]}}]}"
    with ProviderTwin(refuses(200, body)) as twin, pytest.raises(AgentFault, match="calls a tool with"):
        asked_of(twin, request("vllm"))


def test_an_answer_given_by_a_call_with_an_object_is_that_object_as_written():
    twice = '{"rationale":"r","orders":[],"orders":[]}'
    body = (
        '{"choices":[{"message":{"tool_calls":[{"function":{"name":"answer","arguments":' + twice + "}}]}}]}"
    )
    with ProviderTwin(refuses(200, body)) as twin:
        # What is written twice stays so: who reads it refuses it.
        assert asked_of(twin, request("tool_call")).content == twice


def test_a_rate_limit_that_is_told_at_status_200_is_tried_again():
    limit = '{"choices": null, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}'
    broke = '{"choices": null, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}'
    with ProviderTwin(in_turn(refuses(200, limit), says(GOOD))) as twin:
        reply = asked_of(twin, request("minimax"))
    with ProviderTwin(refuses(200, limit)) as always, pytest.raises(Unbilled):
        asked_of(always, request("minimax"))
    with ProviderTwin(refuses(200, broke)) as other, pytest.raises(AgentFault, match="insufficient"):
        asked_of(other, request("minimax"))

    assert (reply.content, reply.attempts, reply.lost_attempts) == (GOOD, 2, 0)
    assert (len(always.requests), len(other.requests)) == (3, 1)


def test_what_else_a_server_is_told_stands_in_the_request_its_digest_and_its_record():
    extra = '{"chat_template_kwargs": {"enable_thinking": false}}'
    model = AskedModel(name="m", client=Silent(), model="m", dialect="vllm", extra=extra)
    plain = replace(model, extra="")

    asked, other = model.request((USER,)), plain.request((USER,))

    body: Any = payload(asked, DIALECTS["vllm"])
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert "chat_template_kwargs" not in payload(other, DIALECTS["vllm"])
    assert asked.digest != other.digest
    assert extra in call_of(asked, ModelReply(content="", model="m")).parameters


def test_tokens_read_from_the_servers_cache_are_counted_never_above_all():
    usages: tuple[dict[str, object], ...] = (
        {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 60}},
        {"prompt_tokens": 100, "completion_tokens": 5, "prompt_cache_hit_tokens": 70},
        {"prompt_tokens": 100, "completion_tokens": 5, "prompt_cache_hit_tokens": 7000},
        {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": None},
    )
    with ProviderTwin(in_turn(*(says(GOOD, usage=usage) for usage in usages))) as twin:
        told = [asked_of(twin, request("openai")).cached_input_tokens for _ in usages]

    assert told == [60, 70, 100, 0]


@pytest.mark.parametrize(
    ("dialect", "temperature"), [("minimax", 0.0), ("minimax", 1.1), ("zhipu", 1.5), ("moonshot", 2.0)]
)
def test_a_temperature_the_server_does_not_take_is_refused_at_the_start(dialect: str, temperature: float):
    with pytest.raises(ValueError, match="temperature"):
        OpenAiClient(base_url="http://h/v1", api_key="", name="m", dialect=dialect, temperature=temperature)


def test_the_configuration_knows_every_dialect_and_no_other():
    known = get_args(kind_of(keys_of(ModelSettings)["dialect"].type).of)

    assert set(known) == {*DIALECTS, *ALIASES}
    assert len(known) == len(set(known))
    assert [dialect_named(name) for name in known]


@pytest.mark.parametrize(
    ("base_url", "endpoint"),
    [
        ("https://api.deepseek.com/v1", "https://api.deepseek.com/v1"),
        ("https://user:sk-1@host:8443/v1/?api-key=sk-2", "https://host:8443/v1"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1"),
    ],
)
def test_an_endpoint_holds_no_secret(base_url: str, endpoint: str):
    assert endpoint_of(base_url) == endpoint


def test_a_redirect_is_not_followed_and_names_the_address():
    with ProviderTwin(says(GOOD)) as other, ProviderTwin(redirects(other.url)) as twin:
        with pytest.raises(AgentFault) as fault:
            asked_of(twin, request("openai"))

        assert other.requests == []
        assert other.url in fault.value.why


def test_a_wait_until_a_moment_counts_on_the_servers_clock():
    headers = {"Date": "Fri, 10 Oct 2025 01:00:00 GMT", "Retry-After": "Fri, 10 Oct 2025 02:00:00 GMT"}
    with ProviderTwin(refuses(429, "later", headers)) as twin, pytest.raises(AgentFault):
        asked_of(twin, request("openai"))

    assert len(twin.requests) == 1
