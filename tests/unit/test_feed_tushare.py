"""tushare's tables: every page, errors by code and by HTTP, and a token that shows nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

import httpx2
import orjson
import pytest

from services.domain.instruments import Symbol
from services.market.feeds.tushare_limits import LimitTable
from services.market.feeds.tushare_pro import AskedTooOften, Row, TushareCalls, TushareFeed
from services.ports import PriceFault
from tests import vendor_bytes as wire
from tests.vendor_network import Answer, Network, Time, hangs, in_turn, replies

TOKEN = "canary-token-8807"
FIELDS = ("ts_code", "up_limit")


def outcome(
    answer: Answer,
    *,
    token: str = TOKEN,
    may_be_empty: bool = False,
    params: Mapping[str, object] | None = None,
) -> tuple[tuple[Row, ...] | PriceFault, Network]:
    time = Time()
    made, network = time.wire(answer)
    ends: list[tuple[Row, ...] | PriceFault] = []

    async def life() -> None:
        calls = TushareCalls(made, token)
        try:
            rows = await calls.rows("stk_limit", params or {}, FIELDS, may_be_empty=may_be_empty)
            ends.append(rows)
        except PriceFault as fault:
            ends.append(fault)

    time.run(life())
    return ends[0], network


def recording(bodies: list[bytes], then: Callable[[int], bytes]) -> Answer:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(request.content)
        return httpx2.Response(200, stream=httpx2.ByteStream(then(len(bodies))))

    return answer


def test_a_table_comes_as_rows_by_field_name_with_exact_numbers():
    body = wire.tushare(FIELDS, [["600519.SH", 1584.1], ["300750.SZ", None]])

    rows, network = outcome(replies(body))

    assert rows == (
        {"ts_code": "600519.SH", "up_limit": Decimal("1584.1")},
        {"ts_code": "300750.SZ", "up_limit": None},
    )
    assert network.asked[0][1] == "https://api.tushare.pro"


def test_a_request_names_the_table_its_fields_its_parameters_and_the_token():
    bodies: list[bytes] = []

    outcome(recording(bodies, lambda _: wire.tushare(FIELDS, [["a", 1]])), params={"trade_date": "20260714"})

    assert orjson.loads(bodies[0]) == {
        "api_name": "stk_limit",
        "token": TOKEN,
        "params": {"trade_date": "20260714"},
        "fields": "ts_code,up_limit",
    }


def test_every_page_is_asked_for():
    bodies: list[bytes] = []

    def page(number: int) -> bytes:
        rows = [[f"{number}a", 1], [f"{number}b", 2]]
        return wire.tushare(FIELDS, rows, has_more=number < 3)

    rows, _ = outcome(recording(bodies, page))

    assert isinstance(rows, tuple)
    assert [row["ts_code"] for row in rows] == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert [orjson.loads(body)["params"].get("offset") for body in bodies] == [None, 2, 4]


def test_a_vendor_that_always_has_more_is_a_fault_and_not_a_loop():
    fault, network = outcome(replies(wire.tushare(FIELDS, [["a", 1]], has_more=True)))

    assert isinstance(fault, PriceFault)
    assert len(network.asked) <= 200


def test_an_empty_table_is_a_fault_unless_it_may_be_empty():
    nothing = replies(wire.tushare(FIELDS, []))

    assert isinstance(outcome(nothing)[0], PriceFault)
    assert outcome(nothing, may_be_empty=True)[0] == ()


@pytest.mark.parametrize("columns", [("ts_code", "up_limit_cny"), ("code", "up_limit"), ("ts_code",)])
def test_a_table_that_lacks_a_column_is_a_fault_and_not_one_that_states_nothing(columns: tuple[str, ...]):
    fault, _ = outcome(replies(wire.tushare(columns, [["600519.SH", 1584.1][: len(columns)]])))

    assert isinstance(fault, PriceFault)


@pytest.mark.parametrize("status", [500, 502, 429, 403, 404])
def test_an_error_by_http_is_a_fault_and_no_empty_table(status):
    fault, _ = outcome(replies(b"", status), may_be_empty=True)

    assert isinstance(fault, PriceFault)
    assert str(status) in fault.why
    assert fault.asked == "tushare stk_limit"


@pytest.mark.parametrize(
    ("code", "says", "kind", "told"),
    [
        (40203, "抱歉，您没有接口访问权限", PriceFault, "no right to stk_limit"),
        (-2002, "没有权限", PriceFault, "no right to stk_limit"),
        (40203, "抱歉，您每分钟最多访问该接口500次", AskedTooOften, "too often"),
        (40101, "您的token不对，请确认。", PriceFault, "code 40101"),
    ],
)
def test_an_error_by_code_names_what_is_missing(code, says, kind, told):
    fault, network = outcome(replies(wire.tushare_refusal(code, says)))

    assert type(fault) is kind
    assert told in fault.why
    assert says in fault.why
    # The vendor answered: its host is well, and asking again would not help.
    assert len(network.asked) == 1


def test_an_account_without_a_right_does_not_close_the_host_to_other_tables():
    time = Time()
    made, _ = time.wire(replies(wire.tushare_refusal(40203, "没有接口访问权限")))

    async def life() -> None:
        calls = TushareCalls(made, TOKEN)
        for _ in range(9):
            with pytest.raises(PriceFault):
                await calls.rows("rt_k", {}, FIELDS)

    time.run(life())

    assert made.states()[0].failures == 0


@pytest.mark.parametrize(
    "answer",
    [
        replies(wire.tushare_refusal(40101, f"token {TOKEN} is wrong")),
        replies(f"<html>{TOKEN}</html>".encode()),
        replies(b"", 500),
        hangs,
    ],
)
def test_no_fault_and_no_log_shows_the_token(answer, caplog):
    with caplog.at_level("DEBUG"):
        fault, _ = outcome(answer)

    assert isinstance(fault, PriceFault)
    whole: BaseException | None = fault
    while whole is not None:
        assert TOKEN not in f"{whole} {whole!r}"
        whole = whole.__cause__
    assert TOKEN not in caplog.text


def test_without_a_token_nothing_is_asked_and_the_variable_is_named():
    fault, network = outcome(replies(wire.tushare()), token="")

    assert isinstance(fault, PriceFault)
    assert "KAIPAN_DATA_API_KEY" in fault.why
    assert network.asked == []


def test_more_than_a_hundred_symbols_are_asked_for_in_parts_and_one_that_fails_costs_its_own():
    symbols = tuple(Symbol(f"{600000 + number}.SH") for number in range(150))
    good = wire.tushare(items=[(symbol, *wire.TUSHARE_ROW[1:]) for symbol in symbols[:100]])
    time = Time()
    made, network = time.wire(in_turn(replies(good), replies(wire.tushare_refusal(50000, "busy"))))
    ends: list[tuple[int, int]] = []

    async def life() -> None:
        answer = await TushareFeed(TushareCalls(made, TOKEN), time.clock).quotes(symbols)
        ends.append((len(answer.quotes), len(answer.faults)))

    time.run(life())

    assert ends == [(100, 50)]
    assert len(network.asked) == 2


LIMITS = ("ts_code", "down_limit", "up_limit")


def asked_twice(table: Answer, later: timedelta) -> tuple[list[tuple[Decimal | None, Decimal | None]], int]:
    """Return the limits of a share in two answers of the feed, and how often the table was asked."""
    row = wire.tushare(items=[wire.TUSHARE_ROW])
    asked: list[str] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        name = str(orjson.loads(request.content)["api_name"])
        asked.append(name)
        return await (table if name == "stk_limit" else replies(row))(request)

    time = Time()
    made, _ = time.wire(answer)
    found: list[tuple[Decimal | None, Decimal | None]] = []

    async def life() -> None:
        calls = TushareCalls(made, TOKEN)
        feed = TushareFeed(calls, time.clock, LimitTable(calls, time.clock))
        for _ in range(2):
            symbol = Symbol(str(wire.TUSHARE_ROW[0]))
            quote = (await feed.quotes([symbol])).quotes[symbol]
            found.append((quote.limit_down_cny, quote.limit_up_cny))
            await asyncio.sleep(later.total_seconds())

    time.run(life())
    return found, asked.count("stk_limit")


def test_the_days_limits_come_from_a_table_that_is_asked_for_once_a_day():
    table = replies(wire.tushare(LIMITS, [[wire.TUSHARE_ROW[0], 1341.0, 1639.0]]))
    stated = (Decimal("1341.0"), Decimal("1639.0"))

    assert asked_twice(table, timedelta(seconds=70)) == ([stated, stated], 1)
    assert asked_twice(table, timedelta(days=1)) == ([stated, stated], 2)


@pytest.mark.parametrize("table", [
    replies(wire.tushare_refusal(40203, "no right")), replies(wire.tushare(LIMITS, [])), hangs,
], ids=["no right", "empty", "hangs"])  # fmt: skip
def test_without_that_table_quotes_state_no_limits_and_it_is_asked_for_again_after_a_minute(table: Answer):
    nothing = (None, None)

    assert asked_twice(table, timedelta(seconds=30)) == ([nothing, nothing], 1)
    assert asked_twice(table, timedelta(seconds=70)) == ([nothing, nothing], 2)
