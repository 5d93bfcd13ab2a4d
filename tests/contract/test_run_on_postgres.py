"""The product on a PostgreSQL journal: the same run, the same evidence, several accounts in one database."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path

from tests.command_line import call, trail

DEMO = ("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report", "--end", "2026-07-14", "--json")


def test_two_accounts_in_one_database_run_verify_and_replay_like_files(
    tmp_path: Path, new_database: Callable[[], str]
):
    config = tmp_path / "kaipan.yaml"
    config.write_text(f'journal_url: "{new_database()}"\n', encoding="utf-8")
    there = ("--config", config, "--data-dir", tmp_path / "data")

    long_winded = json.dumps(json.dumps({"rationale": "hold " * 2000, "orders": []}))
    (tmp_path / "talk.jsonl").write_text(long_winded + "\n", encoding="utf-8")
    minds = {"one": (), "two": ("--agent", f"scripted:{tmp_path / 'talk.jsonl'}")}

    ran = [call(*DEMO, *there, "--account", name, *mind) for name, mind in minds.items()]
    on_file = call(*DEMO, "--data-dir", tmp_path / "file", "--account", "one")

    assert [one.code for one in ran] == [0, 0]
    assert ran[0].json["final_cash"] == on_file.json["final_cash"]
    assert trail(tmp_path / "data", "one") == trail(tmp_path / "file", "one")
    for name in ("one", "two"):
        assert call("verify", *there, "--account", name, "--json").json["problems"] == []
        assert call("replay", "all", *there, "--account", name, "--json").json["differing"] == []
    gc.collect()  # A connection that nobody gave back is found now, and fails the test.
