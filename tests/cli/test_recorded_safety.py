"""What a run over recorded prices does when its folder is not as it left it, or is told to stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.rule import rule_agent
from commands.folders import AccountFolder
from commands.minds import Mind
from commands.opening import open_recorded
from commands.recorded_run import RecordedRun, Watch
from commands.recorded_settings import run_settings
from services.journal.account_lock import AccountBusy, account_lock
from services.settings_file import load_settings
from tests.command_line import call, trail

DEMO = ("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report", "--json")


class CutOff(Exception):
    """The process would have died here."""


def demo_run(data_dir: Path, mode: str = "paper") -> RecordedRun:
    """Return a run over the demo market in that folder."""
    overrides = {
        "mode": mode,
        "frequency": "hourly",
        "data_dir": str(data_dir),
        "agent_config.initial_cash": "1000000.00",
    }
    settings = load_settings(None, overrides=overrides, environment={}, dotenv=None)
    folder = AccountFolder(data_dir, "main")
    agent = rule_agent("momentum")
    mind = Mind(name=agent.name, make=lambda _ordinal_of: agent)
    recorded = open_recorded(settings, folder, mind, prices=None, start=None, end=None, cache=None)
    decided = run_settings(settings, recorded.watchlist, recorded.panel.source)
    return RecordedRun(recorded, decided, mind, folder, folder.journal, lambda lock: lock.acquire())


def cut_off_after_a_session(data_dir: Path) -> AccountFolder:
    """Run the demo until its first session has ended, and leave it so."""
    run = demo_run(data_dir)

    def die(*_said: object) -> None:
        raise CutOff

    with pytest.raises(CutOff):
        run.execute(Watch(ended=die))
    return AccountFolder(data_dir, "main")


def test_a_run_that_was_cut_off_goes_on(tmp_path):
    cut_off_after_a_session(tmp_path)

    assert call(*DEMO, "--data-dir", tmp_path).json["sessions"] == 20


def test_a_ledger_that_is_gone_is_not_replaced_by_one_with_full_cash(tmp_path):
    folder = cut_off_after_a_session(tmp_path)
    folder.ledger.unlink()

    ran = call(*DEMO, "--data-dir", tmp_path)

    assert ran.code == 3
    assert str(folder.ledger) in ran.err
    assert not folder.ledger.exists()


def test_with_an_empty_kill_file_there_nothing_is_begun_and_the_record_is_whole(tmp_path):
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "KILL").touch()

    ran = call(*DEMO, "--data-dir", tmp_path)

    assert (ran.code, ran.json["sessions"], ran.json["fills"]) == (4, 0, 0)
    assert ran.json["killed"] == {"orders": 0, "working": 0}
    assert call("verify", "--data-dir", tmp_path).code == 0
    assert call("replay", "all", "--data-dir", tmp_path).code == 0


def test_a_run_killed_half_way_goes_on_where_it_was_once_the_file_is_gone(tmp_path):
    folder = cut_off_after_a_session(tmp_path)
    (tmp_path / "KILL").touch()
    assert call(*DEMO, "--data-dir", tmp_path).code == 4
    (tmp_path / "KILL").unlink()

    ran = call(*DEMO, "--data-dir", tmp_path)

    assert (ran.code, ran.json["sessions"], ran.json["killed"]) == (0, 20, None)
    assert call("verify", "--data-dir", tmp_path).code == 0
    assert call("replay", "all", "--data-dir", tmp_path).code == 0
    assert folder.audit.is_file()


def test_a_made_up_market_is_marked_on_every_line_and_in_every_view(tmp_path):
    call(*DEMO, "--data-dir", tmp_path)
    session = call("sessions", "--data-dir", tmp_path, "--json").json

    shown = call("show", session["sessions"][0]["id"], "--data-dir", tmp_path, "--json").json

    assert all(line["synthetic"] is True for line in trail(tmp_path))
    assert session["synthetic"] is True
    assert shown["synthetic"] is True
    assert json.loads(call("status", "--data-dir", tmp_path, "--json").out)["synthetic"] is True


@pytest.mark.parametrize("mode", ["backtest", "paper"])
def test_the_end_of_an_audit_trail_is_left_to_the_process_that_may_be_writing_it(tmp_path, mode: str):
    folder = AccountFolder(tmp_path, "main")
    demo_run(tmp_path, mode).execute(Watch())
    whole = folder.audit.read_bytes()
    folder.audit.write_bytes(whole[:-100])
    other = account_lock(folder.journal, "main")
    other.acquire()

    with pytest.raises(AccountBusy):
        demo_run(tmp_path, mode).execute(Watch())
    left = folder.audit.read_bytes()
    other.release()
    again = demo_run(tmp_path, mode).execute(Watch())

    assert left == whole[:-100]
    assert again.already_finished
    assert folder.audit.read_bytes() == whole
