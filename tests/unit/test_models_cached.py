"""Kept answers: found by everything in a request, never a wrong one, never in the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from services.domain.conversation import Message, ModelReply, ModelRequest, Role, ToolCall, ToolSpec
from services.models.answer_store import AnswerStore
from services.models.cached import CachedClient, CacheTrouble, Counts, LlmMode
from services.ports import AgentFault

CALL = ToolCall(call_id="c1", tool="quote", arguments='{"symbol":"600001.SH"}')
REQUEST = ModelRequest(
    endpoint="https://h/v1",
    model="m",
    messages=(
        Message(role=Role.USER, content="现在如何？"),
        Message(role=Role.ASSISTANT, content="", tool_calls=(CALL,), reasoning="hm"),
        Message(role=Role.TOOL, content="10.00", call_id="c1"),
    ),
    schema='{"type":"object"}',
    tools=(ToolSpec(name="quote", description="d", parameters="{}"),),
    temperature=0.5,
    output_tokens_max=100,
    dialect="qwen",
)
REPLY = ModelReply(
    content='{"rationale":"等","orders":[]}',
    model="served",
    tool_calls=(CALL,),
    reasoning="why",
    finish_reason="stop",
    input_tokens=10,
    output_tokens=5,
    attempts=2,
    latency_ms=1234,
    cached_input_tokens=3,
    lost_attempts=1,
)


class Asked:
    """A model that counts, and says which time it is."""

    def __init__(self, fault: bool = False) -> None:
        self.times, self.fault = 0, fault

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.times += 1
        if self.fault:
            raise AgentFault("m", "down")
        return replace(REPLY, content=f"{REPLY.content}{self.times}")


class Troubles:
    """Hears what went wrong with kept answers."""

    def __init__(self) -> None:
        self.heard: list[CacheTrouble] = []

    def __call__(self, trouble: CacheTrouble, why: str) -> None:
        self.heard.append(trouble)


def client(folder: Path, mode: LlmMode, asked: Asked | None = None, **more: object) -> CachedClient:
    return CachedClient(asked or Asked(), AnswerStore(folder), mode, **more)  # type: ignore[arg-type]  # A table.


def reply_of(one: CachedClient, request: ModelRequest = REQUEST) -> ModelReply:
    return asyncio.run(one.complete(request))


def only_file(folder: Path) -> Path:
    (path,) = [one for one in folder.rglob("*") if one.is_file()]
    return path


def test_a_kept_answer_is_the_answer_as_it_was_received(tmp_path: Path):
    store = AnswerStore(tmp_path)
    store.keep(REQUEST, REPLY)

    assert AnswerStore(tmp_path).get(REQUEST) == REPLY


def test_in_cache_mode_nobody_is_asked_twice_by_whichever_process(tmp_path: Path):
    asked, counts = Asked(), Counts()
    first = reply_of(client(tmp_path, LlmMode.CACHE, asked))

    again = reply_of(client(tmp_path, LlmMode.CACHE, asked, counts=counts))

    assert asked.times == 1
    assert (first.cached, again.cached) == (False, True)
    assert replace(again, cached=False) == first
    assert (counts.asked, counts.found) == (0, 1)


class Thinking(Asked):
    """A model that takes its time, and fails the first so many times."""

    def __init__(self, faults: int = 0) -> None:
        super().__init__()
        self.faults = faults

    async def complete(self, request: ModelRequest) -> ModelReply:
        for _ in range(5):
            await asyncio.sleep(0)
        self.faults -= 1
        self.fault = self.faults >= 0
        return await super().complete(request)


def all_of(*clients: CachedClient) -> list[ModelReply | BaseException]:
    async def together() -> list[ModelReply | BaseException]:
        return await asyncio.gather(*(one.complete(REQUEST) for one in clients), return_exceptions=True)

    return asyncio.run(together())


def test_accounts_that_ask_the_same_at_once_have_one_answer(tmp_path: Path):
    asked = Thinking()

    first, second, third = all_of(*(client(tmp_path, LlmMode.CACHE, asked) for _ in range(3)))

    assert asked.times == 1
    assert isinstance(first, ModelReply)
    assert [second, third] == [replace(first, cached=True)] * 2


def test_where_the_one_that_is_asked_fails_the_next_asks_itself(tmp_path: Path):
    asked = Thinking(faults=1)

    first, second = all_of(*(client(tmp_path, LlmMode.CACHE, asked) for _ in range(2)))

    assert isinstance(first, AgentFault)
    assert isinstance(second, ModelReply)
    assert asked.times == 2


def test_in_live_mode_each_has_an_answer_of_its_own(tmp_path: Path):
    asked = Thinking()

    found = all_of(*(client(tmp_path, LlmMode.LIVE, asked) for _ in range(2)))

    assert asked.times == 2
    assert [one for one in found if isinstance(one, ModelReply) and one.cached] == []


def test_an_answer_that_another_process_kept_in_the_meantime_stays_and_counts(tmp_path: Path):
    class Overtaken(Asked):
        async def complete(self, request: ModelRequest) -> ModelReply:
            AnswerStore(tmp_path).keep(request, replace(REPLY, content="theirs"))
            return await super().complete(request)

    reply = reply_of(client(tmp_path, LlmMode.CACHE, Overtaken()))

    assert (reply.content, reply.cached) == ("theirs", True)
    assert reply_of(client(tmp_path, LlmMode.CACHE)).content == "theirs"


def test_in_live_mode_every_answer_is_asked_for_and_the_last_one_kept(tmp_path: Path):
    live = client(tmp_path, LlmMode.LIVE)
    reply_of(live)
    second = reply_of(live)

    assert second.content.endswith("2")
    assert reply_of(client(tmp_path, LlmMode.CACHE)).content == second.content


def test_switched_off_nothing_is_read_or_kept(tmp_path: Path):
    reply_of(client(tmp_path / "none", LlmMode.OFF))
    AnswerStore(tmp_path / "kept").keep(REQUEST, REPLY)

    assert not (tmp_path / "none").exists()
    assert not reply_of(client(tmp_path / "kept", LlmMode.OFF)).cached


@pytest.mark.parametrize(
    "other",
    [
        {"endpoint": "https://other/v1"},
        {"model": "n"},
        {"messages": REQUEST.messages[:1]},
        {"messages": (*REQUEST.messages, Message(role=Role.USER, content=""))},
        {"schema": ""},
        {"tools": ()},
        {"temperature": None},
        {"output_tokens_max": None},
        {"dialect": "openai"},
        {"extra": '{"enable_thinking":false}'},
    ],
    ids=lambda other: next(iter(other)),
)
def test_any_other_request_is_asked_for(tmp_path: Path, other: dict[str, object]):
    AnswerStore(tmp_path).keep(REQUEST, REPLY)
    different = replace(REQUEST, **other)  # type: ignore[arg-type]  # A table.

    assert different.digest != REQUEST.digest
    assert not reply_of(client(tmp_path, LlmMode.CACHE), different).cached


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-5],
        lambda data: data.replace(b"served", b"forged"),
        lambda data: data.partition(b"\n")[2],
        lambda data: b"\xff\xfe" + data,
    ],
    ids=["emptied", "torn", "changed", "without its seal", "no text"],
)
def test_a_damaged_answer_is_asked_for_anew_and_said(tmp_path: Path, damage):
    AnswerStore(tmp_path).keep(REQUEST, REPLY)
    path, troubles = only_file(tmp_path), Troubles()
    path.write_bytes(damage(path.read_bytes()))

    reply = reply_of(client(tmp_path, LlmMode.CACHE, told=troubles))

    assert not reply.cached
    assert troubles.heard == [CacheTrouble.DAMAGED]
    assert reply_of(client(tmp_path, LlmMode.CACHE)).cached


def test_an_answer_under_another_requests_name_is_not_taken(tmp_path: Path):
    other, troubles = replace(REQUEST, model="n"), Troubles()
    store = AnswerStore(tmp_path)
    store.keep(REQUEST, REPLY)
    data = only_file(tmp_path).read_bytes()
    store.keep(other, REPLY)
    (place,) = [path for path in tmp_path.rglob("*.json") if path.stem == other.digest]
    place.write_bytes(data)

    assert not reply_of(client(tmp_path, LlmMode.CACHE, told=troubles), other).cached
    assert troubles.heard == [CacheTrouble.DAMAGED]


@pytest.mark.parametrize("body", [b"[]", b'{"request":1,"reply":2}', b"no json"])
def test_a_sealed_file_that_is_no_answer_is_not_taken(tmp_path: Path, body: bytes):
    AnswerStore(tmp_path).keep(REQUEST, REPLY)
    only_file(tmp_path).write_bytes(f"{sha256(body).hexdigest()}\n".encode() + body)
    troubles = Troubles()

    assert not reply_of(client(tmp_path, LlmMode.CACHE, told=troubles)).cached
    assert troubles.heard == [CacheTrouble.DAMAGED]


def test_a_place_that_cannot_be_read_is_said(tmp_path: Path):
    (tmp_path / REQUEST.digest[:2] / f"{REQUEST.digest}.json").mkdir(parents=True)
    troubles = Troubles()

    assert not reply_of(client(tmp_path, LlmMode.CACHE, told=troubles)).cached
    assert troubles.heard[0] is CacheTrouble.DAMAGED


def test_a_folder_that_cannot_be_written_costs_no_answer(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    troubles = Troubles()

    reply = reply_of(client(tmp_path / "file" / "below", LlmMode.LIVE, told=troubles))

    assert reply.content.endswith("1")
    assert troubles.heard == [CacheTrouble.NOT_KEPT]


def test_a_fault_is_not_kept(tmp_path: Path):
    with pytest.raises(AgentFault):
        reply_of(client(tmp_path, LlmMode.CACHE, Asked(fault=True)))

    assert reply_of(client(tmp_path, LlmMode.CACHE)).content.endswith("1")


def test_what_a_price_list_says_is_not_kept_with_the_answer(tmp_path: Path):
    reply_of(client(tmp_path, LlmMode.CACHE))

    assert reply_of(client(tmp_path, LlmMode.CACHE)).cost_cny == Decimal(0)
