"""Every failure of a model's server that we know of, and what becomes of it, as a table.

`python -m tests.provider_outcomes` prints it, `tests/unit/test_provider_outcomes.py` holds it.
Each case is asked through the whole way of an answer: client, look-ups, strict parse, one second question.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from agents.asked_model import AskedModel
from agents.llm import LlmAgent
from agents.look_ups import ToolLimits
from agents.parsing import parse
from services.clock import stopwatch_s
from services.domain.conversation import ToolCall, ToolSpec
from services.domain.decision import BadAnswer, Briefing, Reads
from services.models.openai_client import OpenAiClient
from services.ports import AgentFault
from tests.provider_twin import (
    HTML,
    Behaviour,
    ProviderTwin,
    after,
    breaks_off,
    calls,
    drips,
    drips_headers,
    hangs,
    in_turn,
    packed,
    pours,
    redirects,
    refuses,
    resets,
    says,
    streams,
)
from tests.unit.agents_market import Setting, panel_of

GOOD = '{"rationale":"r","orders":[{"symbol":"600001.SH","side":"buy","shares":100,"reason":""}]}'
DEADLINE_S = 1.0
SLACK = 1.10
"""A deadline may be kept one part in ten late."""
TRIES_MAX = 5

DECISION, FAULT = "decision", "fault"
NOT_JSON, SCHEMA, NUMBER = "bad answer: not_json", "bad answer: schema", "bad answer: number"
UNKNOWN, EMPTY = "bad answer: unknown_symbol", "bad answer: empty"
NOT_GIVEN = "bad answer: not_given"


def orders(*given: dict[str, object]) -> str:
    return json.dumps({"rationale": "r", "orders": list(given)}, ensure_ascii=False)


def order(**other: object) -> dict[str, object]:
    return {"symbol": "600001.SH", "side": "buy", "shares": 100, "reason": "", **other}


def bad(content: str | None, finish_reason: str = "stop", **more: object) -> Behaviour:
    """Say it, and say it again when asked once more."""
    return says(content, finish_reason, **more)


@dataclass(frozen=True)
class Case:
    name: str
    behaviour: Behaviour
    outcome: str
    requests: int
    tools: bool = False


LOOK = calls(("quote", '{"symbol":"600001.SH"}'))

ANSWERS = (
    Case("a good answer", says(GOOD), DECISION, 1),
    Case("a hold", says('{"rationale":"wait","orders":[]}'), DECISION, 1),
    Case("prose, then good", in_turn(says("I would hold."), says(GOOD)), DECISION, 2),
    Case("JSON in a Markdown fence", bad(f"```json\n{GOOD}\n```"), NOT_JSON, 2),
    Case("single quotes", bad(GOOD.replace('"', "'")), NOT_JSON, 2),
    Case("text after the JSON", bad(f"{GOOD}\nGood luck!"), NOT_JSON, 2),
    Case("two objects", bad(GOOD + GOOD), NOT_JSON, 2),
    Case("blank content with stop", bad("   \n  "), EMPTY, 2),
    Case("no content", bad(None), EMPTY, 2),
    Case("blank once, then good", in_turn(says(" " * 40), says(GOOD)), DECISION, 2),
    Case("cut off", bad(GOOD[:50], "length"), NOT_JSON, 2),
    Case("a refusal", bad(None, refusal="I cannot give advice."), NOT_JSON, 2),
    Case("held back by a filter", bad("", "content_filter"), EMPTY, 2),
    Case("thoughts without an end", bad(f"<think>{GOOD}", "length"), EMPTY, 2),
    Case("a list", bad(f"[{GOOD}]"), SCHEMA, 2),
    Case("another object", bad('{"error":"overloaded"}'), SCHEMA, 2),
    Case("an unknown field", bad(orders(order(stop_loss="9.5"))), SCHEMA, 2),
    Case("a key twice", bad(GOOD.replace('"shares":100', '"shares":100,"shares":900000')), SCHEMA, 2),
    Case("a name for a code", bad(orders(order(symbol="贵州茅台"))), UNKNOWN, 2),
    Case("a symbol not watched", bad(orders(order(symbol="600999.SH"))), UNKNOWN, 2),
    Case("a symbol without its exchange", bad(orders(order(symbol="600001"))), UNKNOWN, 2),
    Case("another market's symbol", bad(orders(order(symbol="AAPL.US"))), UNKNOWN, 2),
    Case("small letters in the suffix", bad(orders(order(symbol="600001.sh"))), UNKNOWN, 2),
    Case("full-width digits in a symbol", bad(orders(order(symbol="６００００１.SH"))), UNKNOWN, 2),
    Case("a look-alike letter in a symbol", bad(orders(order(symbol="600001.\u0405H"))), UNKNOWN, 2),
    Case("an invisible sign in a symbol", bad(orders(order(symbol="600001.SH\u200b"))), UNKNOWN, 2),
    Case("BUY 0", bad(orders(order(shares=0))), NUMBER, 2),
    Case("negative shares", bad(orders(order(shares=-100))), NUMBER, 2),
    Case("half a share", bad(orders(order(shares=99.5))), NUMBER, 2),
    Case("shares as text", bad(orders(order(shares="100"))), NUMBER, 2),
    Case("shares as 1,000", bad(orders(order(shares="1,000"))), NUMBER, 2),
    Case("shares beyond all measure", bad(GOOD.replace(":100", ":" + "9" * 400)), NUMBER, 2),
    Case("shares as an exponent", bad(GOOD.replace(":100", ":1e2")), NUMBER, 2),
    Case("shares that are no number", bad(GOOD.replace(":100", ":NaN")), NOT_JSON, 2),
    Case("full-width digits for shares", bad(GOOD.replace(":100", ":１００")), NOT_JSON, 2),
    Case("a price as a number", bad(orders(order(limit_price=9.5))), NUMBER, 2),
    Case("a price with a comma", bad(orders(order(limit_price="1,234.50"))), NUMBER, 2),
    Case("a full-width price", bad(orders(order(limit_price="９.５０"))), NUMBER, 2),
    Case("a price of 0", bad(orders(order(limit_price="0"))), NUMBER, 2),
    Case("both shares and weight", bad(orders(order(target_weight="0.5"))), SCHEMA, 2),
    Case("a weight above 1", bad(orders(order(shares=None, target_weight="1.5"))), NUMBER, 2),
    Case("side hold", bad(orders(order(side="hold"))), SCHEMA, 2),
    Case("side BUY", bad(orders(order(side="BUY"))), SCHEMA, 2),
    Case("orders without end", bad(orders(*[order() for _ in range(201)])), SCHEMA, 2),
    Case("nested too deeply", bad("[" * 100_000), SCHEMA, 2),
    Case("an answer of 300 KB", bad(GOOD + " " * 300_000), SCHEMA, 2),
    Case(
        "tools called that nobody offered",
        bad(
            None,
            tool_calls=[
                {"id": "c", "type": "function", "function": {"name": "submit_order", "arguments": "{}"}}
            ],
        ),
        EMPTY,
        2,
    ),
    Case("an answer beside look-ups", in_turn(LOOK, says(GOOD)), DECISION, 2, tools=True),
    Case("a tool loop without end", LOOK, EMPTY, 5, tools=True),
    Case(
        "a hundred calls at once",
        in_turn(calls(*[("quote", "{}")] * 100), says(GOOD)),
        DECISION,
        2,
        tools=True,
    ),
)

FAILURES = (
    Case("HTML at 200", refuses(200, HTML, kind="text/html"), FAULT, 1),
    Case("HTML at 200 called JSON", refuses(200, HTML), FAULT, 1),
    Case("an empty body at 200", refuses(200, ""), FAULT, 1),
    Case("an error object at 200", refuses(200, '{"error":{"message":"overloaded"}}'), FAULT, 1),
    Case("no choices", refuses(200, '{"choices":[]}'), FAULT, 1),
    Case("half a surrogate pair", refuses(200, '{"choices":[{"message":{"content":"\\ud800"}}]}'), FAULT, 1),
    Case("content in parts", refuses(200, '{"choices":[{"message":{"content":[{"text":"x"}]}}]}'), FAULT, 1),
    Case("a stream that nobody asked for", streams(GOOD), FAULT, 1),
    Case("a packed body", packed(GOOD), FAULT, 1),
    Case("a body of 64 MB", pours(64 * 1024 * 1024), FAULT, 1),
    Case("an error of 64 MB", pours(64 * 1024 * 1024, status=500), FAULT, 1),
    Case("a redirect", redirects("http://127.0.0.1:9/v1"), FAULT, 1),
    Case("wrong key", refuses(401, '{"error":{"message":"Incorrect API key"}}'), FAULT, 1),
    Case("no such model", refuses(404, '{"error":{"message":"no such model"}}'), FAULT, 1),
    Case("a context too long", refuses(400, '{"error":{"message":"maximum context length"}}'), FAULT, 1),
    Case("request timeout", refuses(408, ""), FAULT, 1),
    Case("429, then good", in_turn(refuses(429, "slow down", {"Retry-After": "0"}), says(GOOD)), DECISION, 2),
    Case("429 again and again", refuses(429, "slow down", {"Retry-After": "0"}), FAULT, 3),
    Case("429 for an hour", refuses(429, "quota", {"Retry-After": "3600"}), FAULT, 1),
    Case("5xx, then good", in_turn(refuses(502, HTML), refuses(503, ""), says(GOOD)), DECISION, 3),
    Case("5xx again and again", refuses(500, HTML), FAULT, 3),
    Case("reset once, then good", in_turn(resets, says(GOOD)), DECISION, 2),
    Case("reset again and again", resets, FAULT, 3),
    Case("a body broken off, then good", in_turn(breaks_off(GOOD), says(GOOD)), DECISION, 2),
    Case("fenced, then down", in_turn(says(f"```{GOOD}```"), refuses(404, "gone")), NOT_JSON, 2),
)

HANGS = (
    Case("no answer", hangs, FAULT, 1),
    Case("slow headers", drips_headers, FAULT, 1),
    Case("a dripping body", drips(GOOD), FAULT, 1),
    Case("a model that thinks too long", after(60.0, says(GOOD)), FAULT, 1),
    Case("good, but a second late", after(DEADLINE_S + 1.0, says(GOOD)), FAULT, 1),
    Case("a look-up, then no answer", in_turn(LOOK, hangs), NOT_GIVEN, 2, tools=True),
    Case("fenced, then no answer", in_turn(says(f"```{GOOD}```"), hangs), NOT_JSON, 2),
)


@dataclass(frozen=True)
class Outcome:
    case: Case
    outcome: str
    requests: int
    elapsed_s: float
    orders: int

    @property
    def in_time(self) -> bool:
        return self.elapsed_s <= SLACK * (DEADLINE_S if self.case in HANGS else 30 * DEADLINE_S)


class Quotes:
    """A toolbox with one tool."""

    specs = (ToolSpec(name="quote", description="the last price", parameters='{"type":"object"}'),)

    async def call(self, call: ToolCall) -> str:
        return '{"last":"10.00"}'


def briefing() -> Briefing:
    panel = panel_of({"600001.SH": [10.0, 10.0]})
    return Setting(panel=panel, at=time(9, 35), reads=Reads.TEXT).brief()


async def outcome_of(case: Case, deadline_s: float = DEADLINE_S) -> Outcome:
    shown = briefing()
    with ProviderTwin(case.behaviour) as twin:
        client = OpenAiClient(
            base_url=twin.url,
            api_key="sk-outcomes-0000",
            name="twin",
            dialect="compatible" if case.name.startswith("thoughts") else "json_schema",
            deadline_s=deadline_s,
            first_wait_s=0.0,
        )
        agent = LlmAgent(
            [AskedModel(name="twin", client=client, model="twin")],
            name="llm:twin",
            deadline_s=deadline_s,
            toolbox_for=(lambda _briefing: Quotes()) if case.tools else None,
            tool_limits=ToolLimits(steps_max=3, calls_max=10),
        )
        began_s = stopwatch_s()
        try:
            read = parse(await agent.decide(shown), shown.watchlist)
        except AgentFault:
            said, count = FAULT, 0
        else:
            bad_answer = isinstance(read, BadAnswer)
            said = f"bad answer: {read.kind}" if isinstance(read, BadAnswer) else DECISION
            count = 0 if bad_answer else len(read.intents)  # type: ignore[union-attr]  # A decision.
        return Outcome(case, said, len(twin.requests), stopwatch_s() - began_s, count)


async def _outcomes() -> list[Outcome]:
    # The client's library is loaded first: that is start-up, not an answer.
    await outcome_of(ANSWERS[0], deadline_s=60.0)
    turns = asyncio.Semaphore(8)

    async def in_turn_of(case: Case) -> Outcome:
        async with turns:
            return await outcome_of(case, deadline_s=30 * DEADLINE_S)

    found = await asyncio.gather(*(in_turn_of(case) for case in (*ANSWERS, *FAILURES)))
    hung = await asyncio.gather(*(outcome_of(case) for case in HANGS))
    return list(found) + [await _at_its_best(one) for one in hung]


async def _at_its_best(found: Outcome) -> Outcome:
    """Return the outcome of a few tries, each alone: a machine that is busy may be late now and then."""
    for _ in range(TRIES_MAX):
        if found.in_time and found.requests == found.case.requests:
            break
        found = await outcome_of(found.case)
    return found


def outcomes() -> list[Outcome]:
    """Return what became of each case, in their order."""
    return asyncio.run(_outcomes())


def table(found: list[Outcome]) -> Iterator[str]:
    yield f"{'case':36} {'outcome':28} {'requests':>8} {'orders':>6}  in time"
    for one in found:
        late = "" if one.in_time else f" (took {one.elapsed_s:.2f} s)"
        yield (
            f"{one.case.name:36} {one.outcome:28} {one.requests:>8} {one.orders:>6}  "
            f"{'yes' if one.in_time else 'NO'}{late}"
        )


if __name__ == "__main__":
    print("\n".join(table(outcomes())))
