"""What an account that stays up logs: its states, each record, its troubles, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.ports import JournalFault
from tests.unit.staying_up import WATCHED, Process, friday, settings_in
from tests.unit.world import answer, order

BUY = answer(order("buy", WATCHED, 200))  # type: ignore[arg-type]  # A symbol.
CANARY = "canary-0123456789"


def lines(data: Path) -> list[dict[str, object]]:
    text = (data / "main/log/kaipan.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


async def one_slot(process: Process) -> None:
    await process.tick(friday("10:35"))


def test_a_session_with_an_order_can_be_followed_in_the_log(tmp_path: Path):
    process = Process(settings_in(tmp_path), BUY)

    process.live(one_slot)

    logged = lines(tmp_path)
    states = list(dict.fromkeys(line["state"] for line in logged if line["event"] == "life"))
    assert states == ["starting", "running", "stopping", "stopped"]
    (order_line,) = [line for line in logged if line["event"] == "order_terms"]
    assert (order_line["symbol"], order_line["side"], order_line["shares"]) == (WATCHED, "buy", 200)
    (closed,) = [line for line in logged if line["event"] == "closed"]
    assert closed["outcome"] == "done"
    assert all(line["at"] for line in logged)


def test_a_second_process_logs_what_it_does_and_not_the_journal_again(tmp_path: Path):
    Process(settings_in(tmp_path), BUY).live(one_slot)
    before = lines(tmp_path)

    async def nothing(_process: Process) -> None:
        """Stay up for a moment."""

    Process(settings_in(tmp_path), BUY, now=friday("10:50")).live(nothing)

    assert [line["event"] for line in lines(tmp_path)[len(before) :]].count("closed") == 0


def test_what_broke_it_is_in_the_log_with_its_traceback(tmp_path: Path):
    process = Process(settings_in(tmp_path), BUY)

    async def break_it(process: Process) -> None:
        def fail(*_given: object) -> None:
            raise JournalFault("append", f"no more, token={CANARY}")

        process.up.account.world.journal.write = fail  # type: ignore[method-assign]
        await process.tick(friday("10:35"))

    with pytest.raises(JournalFault):
        process.live(break_it)

    (broken,) = [line for line in lines(tmp_path) if line["event"] == "broken"]
    assert broken["level"] == "error"
    assert "JournalFault" in str(broken["exception"])
    assert CANARY not in json.dumps(lines(tmp_path))


def test_no_secret_of_the_environment_or_the_configuration_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SOME_API_KEY", CANARY)
    talk = json.dumps({"rationale": f"the key is {CANARY}", "orders": [{"symbol": CANARY}]})
    process = Process(settings_in(tmp_path), json.dumps(talk), now=friday("10:30"))

    process.live(one_slot)

    text = (tmp_path / "main/log/kaipan.log").read_text(encoding="utf-8")
    assert '"event":"bad_answer"' in text
    assert CANARY not in text
