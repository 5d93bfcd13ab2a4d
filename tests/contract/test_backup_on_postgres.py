"""A backup of an account whose journal lies in PostgreSQL, put back into a database and into files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.command_line import call, trail

DEMO = ("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report", "--end", "2026-07-13", "--json")


def test_an_account_moves_from_a_database_to_files_and_into_another(
    tmp_path: Path, new_database: Callable[[], str]
):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    for config in (first, second):
        config.write_text(f'journal_url: "{new_database()}"\n', encoding="utf-8")
    assert call(*DEMO, "--config", first, "--data-dir", tmp_path / "data").code == 0

    made = call(
        "backup", "--config", first, "--data-dir", tmp_path / "data", "--to", tmp_path / "kept", "--json"
    )
    archive = str(made.json["file"])
    as_files = call("restore", archive, "--data-dir", tmp_path / "files")
    elsewhere = call("restore", archive, "--config", second, "--data-dir", tmp_path / "elsewhere")
    again = call("restore", archive, "--config", second, "--data-dir", tmp_path / "third")

    assert (as_files.code, elsewhere.code, again.code) == (0, 0, 2)
    assert trail(tmp_path / "files") == trail(tmp_path / "data") == trail(tmp_path / "elsewhere")
    assert call("verify", "--data-dir", tmp_path / "files").code == 0
    assert call("verify", "--config", second, "--data-dir", tmp_path / "elsewhere").code == 0
    assert not (tmp_path / "elsewhere/main/journal.sqlite3").exists()
