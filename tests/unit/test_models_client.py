"""One request on its way to a server: what is tried again, what may have been billed, what stays unsaid."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from decimal import Decimal

import pytest

from services.domain.conversation import Message, ModelReply, ModelRequest, Role
from services.models.budget import Budget, BudgetedClient, OverBudget, Purse
from services.models.failures import Unbilled
from services.models.openai_client import OpenAiClient
from services.models.prices import Price
from services.models.spending import nothing_spent
from services.ports import AgentFault, ModelClient
from tests.provider_twin import (
    Asked,
    Behaviour,
    Line,
    ProviderTwin,
    calls,
    completion,
    hangs,
    in_turn,
    refuses,
    resets,
    says,
)
from tests.unit.test_models_budget import BOUND_CNY, DAY, REQUEST

GOOD = '{"rationale":"r","orders":[]}'
CANARY = "sk-canary-2b6d40"
DOWN = refuses(503, "down")
BUSY = refuses(429, "slow down", {"Retry-After": "0"})


def client(url: str, **more: object) -> OpenAiClient:
    given: dict[str, object] = {"base_url": url, "api_key": CANARY, "name": "m", "first_wait_s": 0.0, **more}
    return OpenAiClient(**given)  # type: ignore[arg-type]  # A table.


def reply_of(one: ModelClient, request: ModelRequest = REQUEST) -> ModelReply:
    return asyncio.run(one.complete(request))


@pytest.mark.parametrize(
    ("before", "attempts", "lost"),
    [
        ((), 1, 0),
        ((DOWN,), 2, 1),
        ((BUSY,), 2, 0),
        ((resets,), 2, 1),
        ((BUSY, DOWN), 3, 1),
        ((DOWN, resets), 3, 2),
    ],
)
def test_attempts_that_a_server_may_have_worked_on_are_counted(
    before: tuple[Behaviour, ...], attempts: int, lost: int
):
    with ProviderTwin(in_turn(*before, says(GOOD))) as twin:
        reply = reply_of(client(twin.url))

    assert (reply.attempts, reply.lost_attempts) == (attempts, lost)


@pytest.mark.parametrize(
    ("behaviour", "unbilled"),
    [
        (refuses(401, "who?"), True),
        (refuses(307, "", {"Location": "http://127.0.0.1:9"}), True),
        (BUSY, True),
        (DOWN, False),
        (resets, False),
        (refuses(200, "<html>"), False),
        (hangs, False),
    ],
    ids=["401", "307", "429", "503", "reset", "html", "silence"],
)
def test_only_a_request_that_was_refused_or_never_arrived_is_surely_unbilled(
    behaviour: Behaviour, unbilled: bool
):
    with ProviderTwin(behaviour) as twin, pytest.raises(AgentFault) as fault:
        reply_of(client(twin.url, deadline_s=0.3 if behaviour is hangs else 30.0))

    assert isinstance(fault.value, Unbilled) is unbilled


DEEP = "[" * 100_000 + "]" * 100_000


def called_with(arguments: bytes) -> bytes:
    call = b'{"function":{"name":"quote","arguments":' + arguments + b"}}"
    return b'{"choices":[{"message":{"content":null,"tool_calls":[' + call + b"]}}]}"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(completion(GOOD))[:-1].encode() + f',"x":{DEEP}}}'.encode(),
        called_with(DEEP.encode()),
        called_with(b"1e999999"),
        called_with(b"9" * 40),
        called_with(b'"\xff"'),
        called_with(b'{"symbol":"\xff"}'),
        b"\xef\xbb\xbf" + json.dumps(completion(GOOD)).encode(),
    ],
    ids=["deep", "deep call", "far number", "long number", "no text", "no text within", "byte order mark"],
)
def test_a_body_that_nothing_can_read_is_a_fault_of_that_request(body: bytes):
    def sent(_asked: Asked, line: Line) -> None:
        line.respond(200, body)

    with ProviderTwin(sent) as twin, pytest.raises(AgentFault):
        reply_of(client(twin.url))


@pytest.mark.parametrize("charset", ["utf-16", "hex", "idna", "rot13", "unicode_escape", "none such"])
@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_answer_in_a_charset_that_cannot_be_read_is_a_fault_that_says_so(charset: str, status: int):
    told = refuses(status, "out of order \\ud800", kind=f"text/plain; charset={charset}")

    with ProviderTwin(told) as twin, pytest.raises(AgentFault, match="out of order") as fault:
        reply_of(client(twin.url, attempts_max=1))

    assert str(fault.value).encode("utf-8", "replace").decode() == str(fault.value)


def test_an_error_page_in_gbk_is_told_in_its_own_words():
    def refuses_in_gbk(_asked: Asked, line: Line) -> None:
        line.respond(402, "余额不足".encode("gbk"), "text/html; charset=GBK")

    with ProviderTwin(refuses_in_gbk) as twin, pytest.raises(Unbilled, match="余额不足"):
        reply_of(client(twin.url))


@pytest.mark.parametrize("after", ["Sun, 06 Nov 9999999999999999999 08:49:37 GMT", "9" * 400, "soon"])
def test_a_wait_that_is_none_is_not_waited_for(after: str):
    with ProviderTwin(refuses(429, "slow down", {"Retry-After": after})) as twin, pytest.raises(Unbilled):
        reply_of(client(twin.url))


@pytest.mark.parametrize("stated", [2**64 - 1, 10**40, True, -1], ids=["unsigned -1", "far", "yes", "-1"])
def test_a_count_of_tokens_that_is_none_counts_as_not_told(stated: object):
    body = completion(GOOD)
    body["usage"] = {"prompt_tokens": stated, "completion_tokens": stated}

    with ProviderTwin(refuses(200, json.dumps(body))) as twin:
        reply = reply_of(budgeted(twin.url, 2 * BOUND_CNY))

    assert (type(reply.input_tokens), reply.input_tokens, reply.output_tokens) == (int, 0, 0)
    # The most that the request may have taken.
    assert reply.cost_cny == BOUND_CNY


def test_a_server_that_is_not_there_bills_nothing():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    with pytest.raises(Unbilled):
        reply_of(client(f"http://127.0.0.1:{port}/v1"))


@pytest.fixture
def proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        for spelled in (name, name.upper()):
            monkeypatch.delenv(spelled, raising=False)
    return monkeypatch


UNUSABLE = (
    "socks5://me:S3cret@127.0.0.1:9", "socks4://me:S3cret@127.0.0.1:9", "http://me:S3/cret@127.0.0.1:9",
    "http://me:S3cret@127.0.0.1:99999",
)  # fmt: skip


@pytest.mark.parametrize("proxy", UNUSABLE)
def test_a_proxy_that_cannot_be_used_is_one_line_that_bills_nothing(proxies: pytest.MonkeyPatch, proxy: str):
    proxies.setitem(sys.modules, "socksio", None)
    proxies.setenv("ALL_PROXY", proxy)

    with pytest.raises(Unbilled) as fault:
        reply_of(client("https://model.example/v1"))

    assert "ALL_PROXY" in str(fault.value)
    assert "S3" not in str(fault.value)
    assert "\n" not in str(fault.value)


def test_certificates_that_cannot_be_read_are_one_line(proxies: pytest.MonkeyPatch):
    proxies.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")

    with pytest.raises(Unbilled, match="REQUESTS_CA_BUNDLE"):
        reply_of(client("https://model.example/v1"))


def test_a_socks_proxy_for_the_rest_shuts_no_model_out(proxies: pytest.MonkeyPatch):
    """As many set them: one port for HTTP and HTTPS, the same program's SOCKS for everything."""
    proxies.setitem(sys.modules, "socksio", None)
    proxies.setenv("ALL_PROXY", "socks5://127.0.0.1:9")

    with ProviderTwin(says(GOOD)) as twin:
        # The twin stands for the proxy: it is asked for the model's whole address.
        proxies.setenv("HTTP_PROXY", twin.url.removesuffix("/v1"))
        told = reply_of(client("http://model.example/v1"))

    assert told.content == GOOD


def test_a_model_that_no_proxy_names_is_asked_directly(proxies: pytest.MonkeyPatch):
    proxies.setenv("HTTP_PROXY", "socks5://127.0.0.1:9")
    proxies.setenv("NO_PROXY", "127.0.0.1")

    with ProviderTwin(says(GOOD)) as twin:
        assert reply_of(client(twin.url)).content == GOOD


def test_nothing_of_the_environment_is_sent_to_a_stranger_but_the_models_own_key(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-env")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-canary-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "canary-org")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "canary-project")
    given = ("X-Secret: canary-1", "authorization: Bearer canary-2", "host: canary-3", "User-Agent: canary-4")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "\n".join(given))

    with ProviderTwin(says(GOOD)) as twin:
        reply_of(client(twin.url, api_key="sk-own-key"))
        reply_of(client(twin.url, api_key=""))
    with_key, without = (asked.headers for asked in twin.requests)

    assert "canary" not in str(dict(with_key)) + str(dict(without))
    assert with_key["authorization"] == "Bearer sk-own-key"
    assert twin.url.startswith(f"http://{with_key['host']}/")
    assert not [name for name in with_key if name.startswith(("openai", "x-"))]


def budgeted(url: str, limit: Decimal) -> BudgetedClient:
    purse = Purse(Budget(cny_per_session=limit), nothing_spent)
    purse.begin(DAY)
    one: BudgetedClient
    inner = client(url, before_retry=lambda request, lost: one.before_retry(request, lost))
    one = BudgetedClient(inner, purse, Price(input_cny=Decimal(1000), output_cny=Decimal(2000)))
    return one


@pytest.mark.parametrize(("failing", "requests"), [(DOWN, 2), (BUSY, 3)], ids=["billed perhaps", "refused"])
def test_a_retry_that_the_budget_does_not_hold_is_not_made(failing: Behaviour, requests: int):
    # Two attempts fit: one that is lost and one under way.
    with ProviderTwin(failing) as twin, pytest.raises(AgentFault) as fault:
        reply_of(budgeted(twin.url, 2 * BOUND_CNY))

    assert len(twin.requests) == requests
    assert isinstance(fault.value, OverBudget) is (failing is DOWN)


def test_lost_attempts_are_in_the_cost_of_the_answer_they_led_to():
    with ProviderTwin(in_turn(DOWN, says(GOOD))) as twin:
        reply = reply_of(budgeted(twin.url, 2 * BOUND_CNY))

    # One attempt at most 0.288, and 120 tokens read and 30 written: 0.12 + 0.06.
    assert reply.cost_cny == Decimal("0.468")


def test_a_lost_attempt_is_counted_once():
    # 0.288 lost, 0.18 taken, and 0.288 for one request more.
    with ProviderTwin(in_turn(DOWN, says(GOOD))) as twin:
        one = budgeted(twin.url, Decimal("0.756"))
        reply_of(one)
        reply_of(one)

    assert len(twin.requests) == 3


def test_each_attempt_has_a_connection_of_its_own_and_no_retry_of_the_library():
    with ProviderTwin(refuses(500, "")) as twin, pytest.raises(AgentFault):
        reply_of(client(twin.url, attempts_max=1))

    assert len(twin.requests) == 1
    assert twin.requests[0].headers["accept-encoding"] == "identity"


def test_a_key_that_a_model_writes_into_a_call_is_blacked_out():
    with ProviderTwin(calls(("quote", f'{{"symbol":"{CANARY}"}}'))) as twin:
        reply = reply_of(client(twin.url))

    assert CANARY not in repr(reply)
    assert "[key]" in reply.tool_calls[0].arguments


def test_no_key_stands_in_what_is_asked_beside_its_header():
    with ProviderTwin(says(GOOD)) as twin:
        reply_of(client(twin.url))

    (asked,) = twin.requests
    assert CANARY.encode() not in asked.raw
    assert [name for name, value in asked.headers.items() if CANARY in value] == ["authorization"]


def test_names_without_measure_are_cut():
    body = completion(GOOD, "x" * 5000)
    body["model"] = "y" * 5000

    with ProviderTwin(refuses(200, json.dumps(body))) as twin:
        reply = reply_of(client(twin.url))

    assert (len(reply.model), len(reply.finish_reason)) == (200, 200)


def test_a_first_message_alone_makes_a_request():
    empty = ModelRequest(endpoint="e", model="m", messages=(Message(role=Role.SYSTEM, content="s"),))
    with ProviderTwin(says("anything")) as twin:
        assert reply_of(client(twin.url), empty).content == "anything"

    assert twin.bodies[0]["messages"] == [{"role": "system", "content": "s"}]
