"""An account that is kept up: its states and figures, sleep and wake, the ends a person asks for."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.domain.events import Outcome
from services.domain.inbox import LifeWord
from services.domain.vitals import LifeState
from services.ports import JournalFault
from services.vitals_file import VITALS_NAME, read_vitals
from tests import channel_twins as twins
from tests.provider_twin import ProviderTwin
from tests.unit.staying_up import FRIDAY, HOLDS, WATCHED, Process, friday, settings_in, ticks
from tests.unit.world import answer, order

BUY = answer(order("buy", WATCHED, 200))  # type: ignore[arg-type]  # A symbol.
LOW = answer(order("buy", WATCHED, 200, limit="9.50"))  # type: ignore[arg-type]  # A symbol.


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def outcomes(process: Process) -> list[Outcome | None]:
    sessions = process.up.account.world.journal.account.sessions
    return [state.outcome for state in sessions.values()]


def hook(platform: ProviderTwin) -> dict[str, object]:
    body = {"kind": "{kind}", "severity": "{severity}", "title": "{title}", "text": "{text}"}
    channel = {"name": "hook", "type": "webhook", "url": twins.address(platform), "body": body, "lang": "en"}
    return {"channels": [{**channel, "per_minute_max": 60, "deadline_s": 2}]}


# States and figures.


def test_a_life_goes_from_starting_over_running_to_stopped(tmp_path: Path):
    seen: list[LifeState] = []
    process = Process(settings_in(tmp_path))

    async def look(process: Process) -> None:
        seen.append(process.vitals.state)
        process.up.stop()
        seen.append(process.vitals.state)

    assert process.live(look) is None
    assert [*seen, process.vitals.state] == [LifeState.RUNNING, LifeState.STOPPING, LifeState.STOPPED]


def test_the_figures_are_those_of_this_process(tmp_path: Path):
    Process(settings_in(tmp_path), BUY, HOLDS).live(ticks("10:35"))

    second = Process(settings_in(tmp_path), HOLDS, HOLDS, LOW, now=friday("11:00"))
    found = []

    async def look(process: Process) -> None:
        await process.tick(friday("14:06"))
        found.append(process.vitals)
        process.up.account.beats.write()
        found.append(process.vitals)

    second.live(look)

    last = found[-1]
    assert (last.sessions, last.orders_placed, last.orders_filled) == (1, 1, 0)
    assert (last.account, last.mode, last.market, last.beat_s) == ("main", "paper", "cn", 15.0)
    assert last.host == socket.gethostname()
    assert last.started_at == friday("11:00")
    assert last.ticked_at == last.prices_at == friday("14:06")
    assert last.next_slot == friday("15:05")
    assert last.reconciled
    # 200 at 10.01 with 5.00 and 0.02 of fees, now at 10.00: -2.00 - 5.02. What the first process did counts.
    assert str(last.pnl_today_cny) == "-7.02"
    assert str(last.equity_cny) == "99992.98"


def test_a_pause_is_a_state_and_so_is_its_end(tmp_path: Path):
    seen: list[LifeState] = []

    async def act(process: Process) -> None:
        for word in (LifeWord.PAUSE, LifeWord.RESUME):
            process.put(word)
            await process.up.tick()
            seen.append(process.vitals.state)

    Process(settings_in(tmp_path)).live(act)

    assert seen == [LifeState.PAUSED, LifeState.RUNNING]


def test_a_process_that_finds_its_account_paused_says_so_from_the_start(tmp_path: Path):
    async def pause(process: Process) -> None:
        process.put(LifeWord.PAUSE)
        await process.up.tick()

    Process(settings_in(tmp_path)).live(pause)
    again = Process(settings_in(tmp_path))
    seen: list[LifeState] = []

    async def look(process: Process) -> None:
        seen.append(process.vitals.state)

    again.live(look)

    assert seen == [LifeState.PAUSED]


def test_vitals_that_cannot_be_written_are_told_once_and_stop_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def full(*_given: object) -> None:
        raise JournalFault("write vitals", "No space left on device")

    monkeypatch.setattr("commands.beats.write_vitals", full)
    process = Process(settings_in(tmp_path))

    process.live(ticks("10:35", "11:35"))

    assert outcomes(process) == [Outcome.NO_TRADE, Outcome.NO_TRADE]
    assert capsys.readouterr().out.count("No space left on device") == 1


def test_a_beat_is_written_again_and_again(tmp_path: Path):
    process, beats = Process(settings_in(tmp_path)), []

    async def look(process: Process) -> None:
        kept = process.up.account.beats

        async def asleep(_wait_s: float) -> None:
            beats.append(process.vitals.at)
            process.clock.jump(process.clock.now() + timedelta(seconds=15))
            if len(beats) == 3:
                raise asyncio.CancelledError

        kept._sleep = asleep
        task = asyncio.create_task(kept.run())
        await asyncio.wait({task})

    process.live(look)

    assert [(one - FRIDAY).total_seconds() for one in beats] == [0.0, 15.0, 30.0]


def test_a_journal_that_breaks_is_an_error_and_a_critical_alert(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        process = Process(settings_in(tmp_path, alerts=hook(platform)))

        async def act(process: Process) -> None:
            process.clock.jump(friday("10:35"))
            store = process.up.account.world.journal._store

            def full(*_given: object) -> None:
                raise JournalFault("append", "No space left on device")

            store.append = full  # type: ignore[method-assign]  # The disk is full from here on.
            await process.up.tick()

        with pytest.raises(JournalFault):
            process.live(act)

    assert process.vitals.state is LifeState.ERROR
    assert "No space left" in process.vitals.why
    assert [(one["kind"], one["severity"]) for one in platform.bodies] == [("broken", "critical")]


# Sleep and wake.


def test_a_machine_that_woke_within_the_grace_runs_the_slot_late(tmp_path: Path):
    process = Process(settings_in(tmp_path))

    process.live(ticks("10:34", "10:39"))

    assert outcomes(process) == [Outcome.NO_TRADE]


def test_a_machine_that_slept_too_long_records_each_slot_and_runs_the_one_in_time(tmp_path: Path):
    process = Process(settings_in(tmp_path))

    process.live(ticks("10:34", "14:07"))

    assert outcomes(process) == [Outcome.MISSED, Outcome.MISSED, Outcome.NO_TRADE]


def test_a_clock_set_back_runs_no_slot_twice(tmp_path: Path):
    process = Process(settings_in(tmp_path))

    async def back(process: Process) -> None:
        await process.tick(friday("11:36"))
        process.clock._now -= timedelta(hours=1)
        await process.up.tick()
        await process.tick(friday("11:36"))

    process.live(back)

    assert len(outcomes(process)) == 2


def test_triggers_that_fire_twice_or_together_run_a_slot_once(tmp_path: Path):
    process = Process(settings_in(tmp_path))

    async def together(process: Process) -> None:
        process.clock.jump(friday("10:35"))
        await asyncio.gather(*(process.up.tick() for _ in range(5)))

    process.live(together)

    assert outcomes(process) == [Outcome.NO_TRADE]


def test_a_slot_missed_reaches_the_platform(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        process = Process(settings_in(tmp_path, alerts=hook(platform)))

        process.live(ticks("10:34", "11:00"))

    (told,) = platform.bodies
    assert (told["kind"], told["severity"]) == ("missed", "warning")
    assert "2025-10-10 10:35" in told["title"]
    assert "1500 s" in told["text"]


def test_the_slots_of_a_pause_reach_nobody_and_the_pause_does(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        process = Process(settings_in(tmp_path, alerts=hook(platform)))

        async def pause(process: Process) -> None:
            process.put(LifeWord.PAUSE, "lunch")

        process.live(pause, ticks("10:36", "11:36", "14:06"))

    assert [one["kind"] for one in platform.bodies] == ["paused"]
    assert "lunch (ann)" in platform.bodies[0]["text"]
    assert outcomes(process) == [Outcome.MISSED] * 3


# The end.


def test_a_stop_from_another_process_is_taken_without_a_trigger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("commands.ticking.INBOX_LOOK_S", 0.01)
    process = Process(settings_in(tmp_path))

    async def stop(process: Process) -> None:
        process.put(LifeWord.STOP)
        async with asyncio.timeout(30):
            await process.up._ticker.ended()

    assert process.live(stop) is None
    assert process.up.commanded
    assert process.vitals.state is LifeState.STOPPED


@pytest.mark.parametrize(("stop_orders", "left"), [("leave", 1), ("cancel", 0)])
def test_what_becomes_of_working_orders_at_the_end_is_set(tmp_path: Path, stop_orders: str, left: int):
    process = Process(settings_in(tmp_path, stop_orders=stop_orders), LOW)

    process.live(ticks("10:35"))

    assert len(process.up.account.world.journal.account.working()) == left
    assert process.up.account.beats.summary().working == left


def test_the_run_is_summed_up_and_told(tmp_path: Path):
    with twins.twin(twins.says({})) as platform:
        process = Process(settings_in(tmp_path, alerts={**hook(platform), "day_summary": False}), BUY)
        process.live(ticks("10:34", "10:35", "14:30"))
        summary = asyncio.run(process.up.end_told())

    told = [one for one in platform.bodies if one["kind"] == "stopped"]
    assert len(told) == 1
    assert summary.sessions == {Outcome.DONE: 1, Outcome.MISSED: 2}
    assert (summary.placed, summary.filled, summary.refused) == (1, 1, 0)
    assert str(summary.profit_cny) == "-5.02"  # Bought at 10.01, and nobody saw a price since; 5.00 + 0.02.
    assert summary.positions == {WATCHED: 200}
    assert summary.last_hash == process.up.account.world.journal.events[-1].hash
    assert summary.last_hash in told[0]["text"]
    assert "-5.02" in told[0]["text"]


def test_a_stop_in_a_session_lets_it_come_to_its_end(tmp_path: Path):
    process = Process(settings_in(tmp_path), BUY)

    async def act(process: Process) -> None:
        process.clock.jump(friday("10:35"))
        ticking = asyncio.create_task(process.up.tick())
        await asyncio.sleep(0)
        process.up.stop()
        await ticking

    process.live(act)

    assert outcomes(process) == [Outcome.DONE]


def test_vitals_are_of_their_own_account_and_whole(tmp_path: Path):
    process = Process(settings_in(tmp_path, account="second"))

    process.live(ticks("10:35"))

    text = (tmp_path / "second" / VITALS_NAME).read_text(encoding="utf-8")
    assert json.loads(text)["account"] == "second"
    assert read_vitals(tmp_path / "second") == replace(process.vitals)
