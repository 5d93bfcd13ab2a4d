"""Halts of accounts that share a PostgreSQL database: one of its own, one of all, lifted each by itself."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

from tests.command_line import Ran, call

DEMO = ("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report", "--end", "2026-07-13", "--json")


def test_accounts_in_one_database_are_halted_and_lifted_as_files_are(
    tmp_path: Path, new_database: Callable[[], str]
):
    config = tmp_path / "kaipan.yaml"
    config.write_text(f'journal_url: "{new_database()}"\n', encoding="utf-8")
    there = ("--config", config, "--data-dir", tmp_path / "data")

    def on(account: str, *arguments: object) -> Ran:
        return call(*arguments, *there, "--account", account)

    assert on("nobody", "halt", "--why", "x").code == 2
    assert call("halt", "--why", "all", *there).code == 0

    first = on("one", *DEMO)
    lifted = call("lift", "--why", "settled", *there)
    second = on("two", *DEMO)
    own = on("one", "halt", "--why", "own")

    assert [one.code for one in (first, lifted, second, own)] == [0, 0, 0, 0]
    assert first.json["fills"] == 0
    assert second.json["fills"] != 0
    assert [one["why"] for one in on("one", "status", "--json").json["halts"]] == ["own"]  # type: ignore[attr-defined]
    assert on("two", "status", "--json").json["halts"] == []
    killed = call("kill", "--why", "enough", *there, "--json")
    assert (killed.code, [one["account"] for one in killed.json["accounts"]]) == (0, ["one", "two"])  # type: ignore[attr-defined]
    for name in ("one", "two"):
        assert on(name, "verify", "--json").json["problems"] == []
        assert on(name, "replay", "all", "--json").json["differing"] == []
    gc.collect()  # A connection that nobody gave back is found now, and fails the test.
