from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder: no `.env`, no data and no journal of the developer's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAIPAN_JOURNAL_URL", raising=False)
    monkeypatch.setenv("no_proxy", "*")
