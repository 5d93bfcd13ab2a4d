from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import time

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from agents.asked_model import AskedModel
from agents.llm import LlmAgent
from agents.parsing import parse
from services.domain.decision import BadAnswer, BadAnswerKind, Decision, RawAnswer, Reads
from services.models.completion import BODY_BYTES_MAX, NotACompletion, read_completion
from services.models.openai_client import ATTEMPTS_MAX, OpenAiClient, endpoint_of
from services.ports import AgentFault
from tests.unit.agents_market import Setting, answer_of, panel_of

BRIEFING = Setting(panel=panel_of({"600001.SH": [10.0, 10.0]}), at=time(9, 35), reads=Reads.TEXT).brief()
CANARY = "sk-canary-7f3a9b1c2d"
PATH = "/v1/chat/completions"
GOOD = '{"rationale":"r","orders":[{"symbol":"600001.SH","side":"buy","shares":100,"reason":""}]}'
LONG_S = 30.0
LATE_S = 2.0


def completion(content: str | None, finish_reason: str = "stop", **message: object) -> dict[str, object]:
    return {
        "id": "c-1",
        "object": "chat.completion",
        "model": "served-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150},
    }


def said(content: str | None, finish_reason: str = "stop", **message: object) -> Response:
    return Response(
        json.dumps(completion(content, finish_reason, **message)), content_type="application/json"
    )


def agent_at(base_url: str, *, deadline_s: float = LONG_S, **more: object) -> LlmAgent:
    given: dict[str, object] = {
        "base_url": base_url,
        "api_key": CANARY,
        "name": "llm:test",
        "deadline_s": deadline_s,
        "first_wait_s": 0.0,
        **more,
    }
    model = AskedModel(
        name="test",
        client=OpenAiClient(**given),  # type: ignore[arg-type]  # A table of arguments.
        model="asked-model",
        endpoint=endpoint_of(base_url),
        temperature=given.get("temperature"),  # type: ignore[arg-type]  # The same table.
    )
    return LlmAgent([model], name="llm:test", deadline_s=deadline_s)


class Server:
    """Answers each request with the next of the given responses, the last again and again."""

    def __init__(self, http: HTTPServer) -> None:
        self.url = http.url_for("/v1")
        self.requests: list[dict[str, object]] = []
        self.keys: list[str] = []
        self.responses: list[Response] = []
        http.expect_request(PATH, method="POST").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.requests.append(json.loads(request.data))
        self.keys.append(request.headers["Authorization"])
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]

    def gives(self, *responses: Response) -> LlmAgent:
        self.responses = list(responses)
        return agent_at(self.url)


@pytest.fixture
def server(httpserver: HTTPServer) -> Server:
    return Server(httpserver)


def fault_of(agent: LlmAgent) -> AgentFault:
    with pytest.raises(AgentFault) as fault:
        answer_of(agent, BRIEFING)
    return fault.value


def kind_of(text: str) -> BadAnswerKind | None:
    read = parse(RawAnswer(text=text, model="m"), BRIEFING.watchlist)
    return read.kind if isinstance(read, BadAnswer) else None


def test_a_good_answer_comes_back_as_received_with_all_that_was_said(server: Server):
    ticks = iter([100.0, 102.5])

    server.gives(said(GOOD))
    answer = answer_of(agent_at(server.url, stopwatch=lambda: next(ticks)), BRIEFING)

    assert answer.text == GOOD
    assert answer.model == "served-model"
    assert [(line["role"], line["content"]) for line in answer.transcript] == [
        ("user", BRIEFING.text),
        ("assistant", GOOD),
    ]
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (120, 30)
    assert (answer.usage.latency_ms, answer.usage.attempts) == (2500, 1)
    assert isinstance(parse(answer, BRIEFING.watchlist), Decision)


def test_the_request_carries_the_briefing_the_schema_and_the_key(server: Server):
    answer_of(server.gives(said(GOOD)), BRIEFING)

    (request,) = server.requests
    assert request["model"] == "asked-model"
    assert request["messages"] == [{"role": "user", "content": BRIEFING.text}]
    assert request["response_format"]["type"] == "json_schema"  # type: ignore[index]  # Plain JSON.
    assert '"600001.SH"' in json.dumps(request["response_format"])
    assert "temperature" not in request
    assert server.keys == [f"Bearer {CANARY}"]


def test_a_server_that_knows_no_schemas_is_asked_for_json(server: Server):
    server.gives(said(GOOD))

    answer_of(agent_at(server.url, dialect="json_object", temperature=0.0), BRIEFING)

    assert server.requests[0]["response_format"] == {"type": "json_object"}
    assert server.requests[0]["temperature"] == 0.0


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("I would rather hold today.", BadAnswerKind.NOT_JSON),
        (GOOD[:40], BadAnswerKind.NOT_JSON),
        (f"```json\n{GOOD}\n```", BadAnswerKind.NOT_JSON),
        (GOOD.replace("600001", "999999"), BadAnswerKind.UNKNOWN_SYMBOL),
        (GOOD.replace(":100", ":-100"), BadAnswerKind.NUMBER),
        (GOOD.replace(":100", ":99.5"), BadAnswerKind.NUMBER),
        (GOOD.replace('"reason"', '"why"'), BadAnswerKind.SCHEMA),
        ("", BadAnswerKind.EMPTY),
        ("  \n", BadAnswerKind.EMPTY),
    ],
)
def test_a_bad_answer_is_asked_again_once_with_what_was_wrong(
    server: Server, first: str, kind: BadAnswerKind
):
    answer = answer_of(server.gives(said(first), said(GOOD)), BRIEFING)

    assert kind_of(first) is kind
    assert answer.text == GOOD
    assert [line["role"] for line in answer.transcript] == ["user", "assistant", "user", "assistant"]
    assert answer.transcript[1]["content"] == first
    assert str(kind) in answer.transcript[2]["content"]
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.attempts) == (240, 60, 2)
    asked = [line["content"] for line in server.requests[1]["messages"]]  # type: ignore[union-attr]  # Plain JSON.
    assert asked == [line["content"] for line in answer.transcript[:3] if line["content"]]


def test_a_second_bad_answer_is_returned_as_it_is(server: Server):
    answer = answer_of(server.gives(said("no"), said("still no")), BRIEFING)

    assert answer.text == "still no"
    assert len(server.requests) == 2
    assert kind_of(answer.text) is BadAnswerKind.NOT_JSON


def test_a_refusal_is_the_text_of_the_answer(server: Server):
    answer = answer_of(server.gives(said(None, refusal="I cannot give advice.")), BRIEFING)

    assert answer.text == "I cannot give advice."


def test_neither_content_nor_refusal_is_an_empty_answer(server: Server):
    answer = answer_of(server.gives(said(None)), BRIEFING)

    assert kind_of(answer.text) is BadAnswerKind.EMPTY


def test_an_answer_cut_off_at_the_length_limit_is_told_so(server: Server):
    answer = answer_of(server.gives(said(GOOD[:50], "length"), said(GOOD)), BRIEFING)

    assert answer.text == GOOD
    assert answer.transcript[1]["finish_reason"] == "length"
    assert "cut off" in answer.transcript[2]["content"]


def test_shown_reasoning_is_recorded_and_not_sent_back(server: Server):
    answer = answer_of(server.gives(said("no", reasoning_content="hmm"), said(GOOD)), BRIEFING)

    assert answer.transcript[1]["reasoning"] == "hmm"
    assert "hmm" not in json.dumps(server.requests[1])


@pytest.mark.parametrize(
    "passing",
    [
        Response("slow down", status=429, headers={"Retry-After": "0"}),
        Response("slow down", status=429),
        Response("bad gateway", status=502),
    ],
    ids=["429-retry-after", "429", "502"],
)
def test_a_passing_failure_is_tried_again(server: Server, passing: Response):
    answer = answer_of(server.gives(passing, said(GOOD)), BRIEFING)

    assert answer.text == GOOD
    assert answer.usage.attempts == 2
    assert len(answer.transcript) == 2


def test_a_server_that_keeps_failing_is_given_up_after_a_few_attempts(server: Server):
    fault = fault_of(server.gives(Response("<html>oops</html>", status=500)))

    assert len(server.requests) == ATTEMPTS_MAX == 3
    assert "500" in fault.why
    assert "asked-model" in fault.asked


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422])
def test_a_failure_that_will_not_pass_is_not_tried_again(server: Server, status: int):
    fault = fault_of(server.gives(Response("no", status=status)))

    assert len(server.requests) == 1
    assert str(status) in fault.why


def test_a_wait_longer_than_the_deadline_is_not_begun(server: Server):
    server.gives(Response("quota", status=429, headers={"Retry-After": "3600"}))

    fault = fault_of(agent_at(server.url))

    assert len(server.requests) == 1
    assert "429" in fault.why


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>Please log in</body></html>",
        '{"choices": [{"message": {"content": "hal',
        '{"error": {"message": "model not loaded"}}',
        '{"choices": []}',
        '{"choices": [{"message": {"content": [{"type": "text"}]}}]}',
        '{"choices": [{"message": {"content": "\\ud800"}}]}',
        "",
        "null",
        "Hello there",
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
def test_a_body_that_is_no_completion_is_a_fault_on_one_line(server: Server, body: str, content_type: str):
    fault = fault_of(server.gives(Response(body, content_type=content_type)))

    assert len(server.requests) == 1
    assert "\n" not in str(fault)


def test_a_completion_with_strange_usage_still_counts(server: Server):
    body = {**completion(GOOD), "usage": {"prompt_tokens": "many", "completion_tokens": None}, "model": None}

    answer = answer_of(server.gives(Response(json.dumps(body), content_type="application/json")), BRIEFING)

    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (0, 0)
    assert answer.model == "asked-model"


def test_a_body_beyond_all_measure_is_no_completion():
    with pytest.raises(NotACompletion):
        read_completion(b" " * (BODY_BYTES_MAX + 1))


def test_a_server_that_is_down_is_a_fault():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    fault = fault_of(agent_at(f"http://127.0.0.1:{port}/v1"))

    assert "127.0.0.1" in fault.asked


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Holds a server's handler until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_a_server_that_does_not_answer_is_left_at_the_deadline(
    released: threading.Event, httpserver: HTTPServer
):
    def silent(_request: Request) -> Response:
        released.wait(LATE_S)
        return said(GOOD)

    httpserver.expect_request(PATH).respond_with_handler(silent)
    fault = fault_of(agent_at(httpserver.url_for("/v1"), deadline_s=0.3))
    released.set()

    assert "0.3" in fault.why


def test_a_server_that_drips_its_answer_is_left_at_the_deadline(
    released: threading.Event, httpserver: HTTPServer
):
    def drops() -> Iterator[bytes]:
        # Each byte comes well within any read timeout; only the whole takes too long.
        for _ in range(100):
            if not released.wait(LATE_S / 100):
                yield b" "
        yield json.dumps(completion(GOOD)).encode()

    httpserver.expect_request(PATH).respond_with_handler(
        lambda _request: Response(drops(), content_type="application/json")
    )
    fault = fault_of(agent_at(httpserver.url_for("/v1"), deadline_s=0.3))
    released.set()

    assert "0.3" in fault.why


def test_retries_and_their_waits_end_at_the_deadline(server: Server):
    server.gives(Response("busy", status=503))

    fault = fault_of(agent_at(server.url, deadline_s=0.3, first_wait_s=60.0))

    assert len(server.requests) == 1
    assert "0.3" in fault.why


def test_a_first_answer_stands_when_the_second_cannot_be_had(server: Server):
    answer = answer_of(server.gives(said("prose"), Response("gone", status=404)), BRIEFING)

    assert answer.text == "prose"
    assert [line["role"] for line in answer.transcript] == ["user", "assistant", "user", "fault"]
    assert "404" in answer.transcript[3]["content"]


@pytest.mark.parametrize(
    "leak",
    [
        Response(f"Incorrect API key provided: {CANARY}", status=401),
        Response(f"{'x' * 190}{CANARY}", status=401),  # Cut off for show in the middle of the key.
        Response(f"<html>{CANARY}</html>"),
        Response(f'{{"{CANARY}": 1}}', content_type="application/json"),
    ],
    ids=["quoted", "cut", "html", "json"],
)
def test_a_key_that_a_server_repeats_is_in_no_fault(server: Server, leak: Response):
    fault = fault_of(server.gives(leak))

    assert CANARY[:8] not in f"{fault!s}{fault!r}{fault.asked}{fault.why}{fault.__cause__}"


def test_a_key_that_a_model_repeats_is_in_no_answer(server: Server):
    body = {**completion(f"my key is {CANARY}", reasoning_content=CANARY), "model": CANARY}

    answer = answer_of(server.gives(Response(json.dumps(body), content_type="application/json")), BRIEFING)

    assert CANARY not in repr(answer)
    assert "my key is" in answer.text


def test_a_key_in_the_address_is_not_shown():
    fault = fault_of(agent_at(f"http://user:{CANARY}@127.0.0.1:9/v1"))

    assert CANARY not in str(fault)


def test_a_short_word_for_a_key_leaves_texts_alone(server: Server):
    server.gives(said(GOOD))

    assert answer_of(agent_at(server.url, api_key="none"), BRIEFING).text == GOOD
    assert answer_of(agent_at(server.url, api_key=""), BRIEFING).text == GOOD


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_key": "sk-“quoted”"},
        {"api_key": "sk-1\n"},
        {"deadline_s": 0.0},
        {"base_url": ""},
        {"base_url": "127.0.0.1/v1"},
        {"base_url": "ftp://127.0.0.1/v1"},
        {"base_url": "http://127.0.0.1:1:2/v1"},
        {"base_url": "http://[::1/v1"},
    ],
)
def test_what_cannot_work_is_refused_when_the_agent_is_made(wrong: dict[str, object]):
    with pytest.raises(ValueError, match="llm:test"):
        agent_at(**{"base_url": "http://127.0.0.1:9/v1", **wrong})  # type: ignore[arg-type]  # A table.


def test_an_unknown_dialect_is_refused():
    with pytest.raises(ValueError, match="yaml"):
        agent_at("http://127.0.0.1:9/v1", dialect="yaml")


def test_the_agent_reads_text_under_its_own_name():
    agent = agent_at("http://127.0.0.1:9/v1", dialect="json_object")

    assert (agent.name, agent.reads) == ("llm:test", Reads.TEXT)
