"""`position.jsonl`: the fields other programs rely on, to the cent and to the byte."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from risk.limits import Degrees, Limits
from services.clock import VirtualClock
from services.domain.bars import CorporateAction
from services.domain.decision import Briefing, RawAnswer
from services.domain.instruments import Symbol
from services.journal.audit_file import AuditBroken, AuditFile
from services.ports import Agent, JournalFault
from tests.exchange_market import FLAT, MAIN, MON, OTHER, TUE, Bar, at, panel
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import HOLD, Live, Setup, answer, flat, order

FIELDS = [
    "date",
    "id",
    "this_action",
    "positions",
    "account",
    "mode",
    "session_id",
    "order_id",
    "fill_id",
    "price",
    "amount_cny",
    "fees",
    "cash_change_cny",
    "lots",
    "refusals",
    "reason",
    "trade_time",
    "prev",
    "hash",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "position" / "position.jsonl"


def lines_of(setup: Setup, until: Any = None) -> list[dict[str, Any]]:
    setup.open().run(until)
    assert setup.audit is not None
    return [json.loads(line) for line in setup.audit.read_bytes().splitlines()]


def swap() -> list[str]:
    """Buy on Monday, sell it on Tuesday."""
    buy = answer(order("buy", MAIN, 1000, reason="cheap"))
    sell = answer(order("sell", MAIN, 400, reason="dear"))
    return [buy, HOLD, HOLD, HOLD, sell]


def test_line_0_is_the_opening_balance(path):
    first, *_ = lines_of(Setup(audit=path))

    assert list(first) == [name for name in FIELDS if name != "this_action"]
    assert first["date"] == "2026-07-13 00:00:00"
    assert (first["id"], first["positions"], first["lots"]) == (0, {"CASH": 100000.0}, {})
    assert (first["account"], first["mode"], first["session_id"]) == ("main", "paper", None)
    assert (first["amount_cny"], first["cash_change_cny"], first["refusals"]) == ("0.00", "0.00", [])
    assert first["prev"] == "0" * 64


def test_a_fill_has_every_field(path):
    line = lines_of(Setup(audit=path, answers=swap()))[1]

    assert list(line) == FIELDS
    assert line["this_action"] == {"action": "buy", "symbol": MAIN, "amount": 1000}
    assert (line["date"], line["trade_time"]) == ("2026-07-13 10:35:00", "2026-07-13 10:35:00")
    assert line["session_id"] == "20260713-1035-main-run"
    assert line["fill_id"] == f"{line['order_id']}-1"
    assert (line["price"], line["amount_cny"], line["reason"]) == ("10.00", "10000.00", "cheap")
    # Commission 2.5 bp of 10000.00 = 2.50, at least 5.00; transfer fee 0.001% = 0.10; no stamp duty.
    assert line["fees"] == {
        "commission": "5.00",
        "stamp_duty": "0.00",
        "transfer_fee": "0.10",
        "total": "5.10",
    }
    assert line["cash_change_cny"] == "-10005.10"
    assert line["positions"] == {MAIN: 1000, "CASH": 89994.9}
    assert line["lots"] == {MAIN: [{"shares": 1000, "cost_cny": "10000.00", "acquired_on": "2026-07-13"}]}


def test_a_sell_pays_stamp_duty_and_shrinks_its_lot(path):
    lines = lines_of(Setup(audit=path, answers=swap()))
    line = next(one for one in lines if one.get("this_action", {}).get("action") == "sell")

    assert line["this_action"] == {"action": "sell", "symbol": MAIN, "amount": 400}
    # 4000.00: commission 5.00, stamp duty 0.05% = 2.00, transfer fee 0.04.
    assert line["fees"] == {
        "commission": "5.00",
        "stamp_duty": "2.00",
        "transfer_fee": "0.04",
        "total": "7.04",
    }
    assert line["cash_change_cny"] == "3992.96"
    # 89994.90 + 3992.96
    assert line["positions"] == {MAIN: 600, "CASH": 93987.86}
    assert line["lots"][MAIN] == [{"shares": 600, "cost_cny": "6000.00", "acquired_on": "2026-07-13"}]


def test_a_session_without_a_trade_says_why(path):
    lines = lines_of(Setup(audit=path, answers=[answer(rationale="nothing is cheap")]))

    assert len(lines) == 1 + 8
    assert lines[1]["this_action"] == {"action": "no_trade", "symbol": "", "amount": 0}
    assert lines[1]["reason"] == "nothing is cheap"
    assert (lines[1]["order_id"], lines[1]["price"], lines[1]["trade_time"]) == (None, None, None)


def test_a_session_in_shadow_trades_nothing_and_tells_what_passed(path):
    buys = answer(order("buy", MAIN, 1000, limit="10.05"), order("buy", OTHER, 200, limit="10.00"))
    refused = answer(order("buy", MAIN, 10), rationale="tiny")
    watches = Setup(audit=path, answers=[buys, refused], limits=Limits(degrees=Degrees(shadow=True)))

    first, other = lines_of(watches)[1:3]

    assert list(first) == FIELDS
    assert first["this_action"] == {"action": "no_trade", "symbol": "", "amount": 0}
    assert first["reason"] == f"shadow, not sent: buy {MAIN} 1000 @ 10.05, buy {OTHER} 200 @ 10.00; because"
    assert (first["positions"], first["cash_change_cny"]) == ({"CASH": 100000.0}, "0.00")
    assert (other["reason"], len(other["refusals"])) == ("tiny", 1)


def test_money_adds_up_to_the_cent_from_line_to_line(path):
    many = [answer(order("buy", MAIN, 100 * n), order("buy", OTHER, 700)) for n in (3, 7, 9)]
    setup = Setup(audit=path, answers=[*many, HOLD, *swap()[4:]], market=panel(odd(), prev_close=closes()))

    lines = lines_of(setup)

    cash = Decimal("100000.00")
    for line in lines:
        cash += Decimal(line["cash_change_cny"])
        assert line["positions"]["CASH"] == float(cash)
        fees = {name: Decimal(amount) for name, amount in line["fees"].items()}
        total = fees.pop("total")
        assert sum(fees.values()) == total
        assert {"commission", "stamp_duty", "transfer_fee"} <= set(fees)
    assert sum(line.get("this_action", {}).get("action") == "buy" for line in lines) >= 5


def odd() -> dict[Symbol, list[Bar]]:
    bar: Bar = (9.97, 9.99, 9.93, 9.97)
    return {MAIN: [bar] * 8, OTHER: [FLAT] * 8}


def closes() -> dict[Symbol, list[float]]:
    return {MAIN: [9.95, 9.97], OTHER: [10.0, 10.0]}


def test_ids_have_no_gap_and_each_line_names_the_one_before(path):
    setup = Setup(audit=path, answers=swap())
    lines = lines_of(setup)

    assert [line["id"] for line in lines] == list(range(len(lines)))
    assert [line["prev"] for line in lines] == ["0" * 64, *(line["hash"] for line in lines[:-1])]
    for raw in path.read_bytes().splitlines():
        unhashed, _, stated = raw.rpartition(b',"hash":"')
        assert sha256(unhashed + b"}").hexdigest() == stated.removesuffix(b'"}').decode()


def test_each_refusal_appears_exactly_once_at_the_first_line_of_its_session(path):
    mixed = answer(order("buy", MAIN, 100), order("buy", OTHER, 150), order("buy", MAIN, 200))
    lines = lines_of(Setup(audit=path, answers=[mixed, mixed]), at(MON, "13:00"))

    refusals = [
        (line["id"], one["symbol"], one["side"], one["rule"]) for line in lines for one in line["refusals"]
    ]
    # 10:35: line 1 is its fill. 11:35 is told at 13:00, when MAIN traded; by then once more.
    assert refusals == [
        (1, OTHER, "buy", "board_lot"),
        (1, MAIN, "buy", "duplicate"),
        (2, OTHER, "buy", "board_lot"),
        (2, MAIN, "buy", "duplicate"),
    ]
    assert all(set(one) == {"symbol", "side", "shares", "rule", "reason"} for one in lines[1]["refusals"])
    assert lines[1]["refusals"][0]["shares"] == 150


def test_a_session_with_two_fills_tells_its_refusals_with_the_first_alone(path):
    three = answer(order("buy", MAIN, 100), order("buy", OTHER, 100), order("buy", MAIN, 100))

    lines = lines_of(Setup(audit=path, answers=[three]), at(MON, "10:40"))

    assert [len(line["refusals"]) for line in lines] == [0, 1, 0]


def test_a_session_whose_waiting_orders_are_refused_at_one_has_one_line_then(path):
    # At 13:00 MAIN opens 3% higher: more than the price may have moved since the mind was asked.
    bars: list[Bar] = [FLAT, FLAT, (10.3, 10.3, 10.3, 10.3), (10.3, 10.3, 10.3, 10.3)] * 2
    series = {MAIN: bars, OTHER: flat()[OTHER]}
    market = panel(series, prev_close={MAIN: [10.0, 10.0], OTHER: [10.0, 10.0]})
    setup = Setup(audit=path, market=market, answers=[HOLD, answer(order("buy", MAIN, 100))])

    before = lines_of(setup, at(MON, "12:59"))
    after = lines_of(setup, at(MON, "13:00"))

    assert [line["date"][11:] for line in before] == ["00:00:00", "10:35:00"]
    assert after[:2] == before
    (line,) = after[2:]
    assert line["date"] == "2026-07-13 11:35:00"
    assert line["this_action"]["action"] == "no_trade"
    assert [one["rule"] for one in line["refusals"]] == ["drift"]


def test_a_dividend_has_its_line_before_the_sessions_own(path):
    action = CorporateAction(symbol=MAIN, ex_date=TUE, cash_per_share=Decimal("0.30"))
    market = panel(flat(), prev_close={MAIN: [10.0, 9.7], OTHER: [10.0, 10.0]}, actions=(action,))
    lines = lines_of(Setup(audit=path, market=market, answers=swap()[:1]))

    (line,) = [one for one in lines if one.get("this_action", {}).get("action") == "dividend"]

    # 1000 x 0.30
    assert line["cash_change_cny"] == "300.00"
    assert line["this_action"]["symbol"] == MAIN
    assert line["date"] == "2026-07-14 10:35:00"
    assert line["trade_time"] == "2026-07-14 00:00:00"
    assert line["positions"] == {MAIN: 1000, "CASH": 90294.9}
    assert lines[line["id"] + 1]["date"] == "2026-07-14 10:35:00"


def test_a_working_orders_later_fill_is_told_with_its_own_session(path):
    # A buy at 9.90 works from 14:05; the hour ends at 9.80, so it trades by 15:00.
    bars: list[Bar] = [FLAT] * 3 + [(10.0, 10.0, 9.8, 9.8)] + [(9.9, 9.9, 9.9, 9.9)] * 4
    market = panel({MAIN: bars, OTHER: flat()[OTHER]}, prev_close={MAIN: [10.0, 9.8], OTHER: [10.0, 10.0]})
    low = answer(order("buy", MAIN, 100, limit="9.90"))
    lines = lines_of(Setup(audit=path, market=market, answers=[HOLD, HOLD, low]), at(MON, "15:05"))

    (line,) = [one for one in lines if one.get("this_action", {}).get("action") == "buy"]

    assert (line["date"], line["trade_time"]) == ("2026-07-13 14:05:00", "2026-07-13 15:00:00")
    assert line["price"] == "9.90"
    # Nor does its session tell of no trade, whose order works on when it ends.
    assert [one for one in lines if one.get("session_id") == line["session_id"]] == [line]


def test_a_fill_found_in_another_session_has_its_line_in_its_turn(path):
    # The order of 10:35 is kept; it trades while the mind of 14:05 thinks, when MAIN falls to 9.82.
    def price(symbol: Symbol, moment: datetime) -> str:
        return "9.82" if symbol == MAIN and moment.time() >= time(14, 5, 30) else "10.00"

    setup = Setup(
        audit=path,
        answers=[
            answer(order("buy", MAIN, 1000, limit="9.90")),
            HOLD,
            answer(order("buy", OTHER, 100), order("buy", MAIN, 100)),
        ],
        vendor=lambda clock: Vendor(clock, price),
        clock=SteppingClock,
        keep_orders=True,
    )
    live = replace(setup, agent=Thinking).open()
    Thinking.clock = live.clock

    live.run(at(MON, "14:10"))

    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    bought = [line for line in lines if line.get("this_action", {}).get("action") == "buy"]
    assert [(line["this_action"]["symbol"], line["date"][11:]) for line in bought] == [
        (MAIN, "10:35:00"),
        (OTHER, "14:05:00"),
    ]
    assert len(bought) == len(live.kinds("fill"))
    cash = Decimal("100000.00")
    for line in lines:
        cash += Decimal(line["cash_change_cny"])
        assert line["positions"]["CASH"] == float(cash)


class Thinking:
    """A mind that takes half a minute."""

    clock: VirtualClock

    def __init__(self, inner: Agent) -> None:
        self._inner = inner
        self.name, self.reads = inner.name, inner.reads

    async def decide(self, briefing: Briefing) -> RawAnswer:
        self.clock.jump(self.clock.now() + timedelta(seconds=30))
        return await self._inner.decide(briefing)


def test_a_day_without_trading_leaves_no_line(path):
    setup = Setup(audit=path, answers=[HOLD], first=MON, last=MON)
    shut = replace(setup, calendar=Shut())

    assert len(lines_of(shut)) == 1


class Shut:
    """A calendar that planned a day and learns it is none."""

    known_until = TUE

    def trading_day(self, day: Any) -> Any:
        from services.domain.events import TradingDay

        return TradingDay.CLOSED

    def trading_days(self, start: Any, end: Any) -> Any:
        return (MON,)

    def early_close(self, day: Any) -> None:
        return None


def test_a_stop_loss_names_its_reason(path):
    nine: Bar = (9.2, 9.2, 9.2, 9.2)
    market = panel(
        {MAIN: [FLAT] * 4 + [nine] * 4, OTHER: flat()[OTHER]},
        prev_close={MAIN: [10.0, 10.0], OTHER: [10.0, 10.0]},
    )
    setup = Setup(
        audit=path, market=market, answers=swap()[:1], limits=Limits(stop_loss_ratio=Decimal("0.05"))
    )

    sold = [one for one in lines_of(setup) if one.get("this_action", {}).get("action") == "sell"]

    assert [one["this_action"]["amount"] for one in sold] == [1000]
    assert "9.500" in sold[0]["reason"]


# The file on the disk.


def finished(path: Path) -> tuple[Setup, bytes]:
    setup = Setup(audit=path, answers=swap())
    setup.open().run()
    return setup, path.read_bytes()


def test_a_file_that_is_whole_is_left_alone(path):
    setup, whole = finished(path)

    live = setup.open()

    assert path.read_bytes() == whole
    assert live.kinds("repaired") == []


@pytest.mark.parametrize("cut", [1, 7, 400, 1500])
def test_a_file_cut_off_is_completed_and_that_is_on_record(path, cut):
    setup, whole = finished(path)
    path.write_bytes(whole[:-cut])

    live = setup.open()

    assert path.read_bytes() == whole
    (event,) = live.kinds("repaired")
    repaired = live.journal.value(event)
    missing = whole[:-cut]
    assert repaired.torn_bytes == len(missing) - (missing.rfind(b"\n") + 1)
    assert repaired.lines_added == whole.count(b"\n") - missing.count(b"\n")


def test_a_file_that_was_taken_away_is_written_anew_and_that_is_on_record(path):
    setup, whole = finished(path)
    path.unlink()

    live = setup.open()

    assert path.read_bytes() == whole
    (event,) = live.kinds("repaired")
    assert live.journal.value(event).lines_added == whole.count(b"\n")


def test_a_new_account_begins_without_a_repair(path):
    assert Setup(audit=path).open().kinds("repaired") == []


@pytest.mark.parametrize("where", [3, 500, -5])
def test_a_file_that_says_something_else_halts_and_is_not_touched(path, where):
    setup, whole = finished(path)
    changed = bytearray(whole)
    changed[where] ^= 1
    path.write_bytes(bytes(changed))

    with pytest.raises(AuditBroken):
        setup.open()

    assert path.read_bytes() == bytes(changed)


def test_a_file_with_a_line_too_many_halts(path):
    setup, whole = finished(path)
    path.write_bytes(whole + whole.splitlines(keepends=True)[-1])

    with pytest.raises(AuditBroken):
        setup.open()


def test_a_file_that_cannot_be_written_stops_the_run(tmp_path):
    (tmp_path / "position").write_text("a file where the folder should be")
    setup = Setup(audit=tmp_path / "position" / "position.jsonl", answers=swap())

    with pytest.raises(JournalFault):
        setup.open()


def test_lines_kept_back_are_written_by_flush(path):
    live: Live = Setup(answers=swap()).open()
    audit = AuditFile(path, at_once=False)
    hears = audit.hears
    for event in live.journal.events:
        value = live.journal.value(event)
        if type(value) in hears:
            hears[type(value)](event, value, live.journal.account)
    audit.repair()

    audit.flush()

    assert path.read_bytes().count(b"\n") == 1
