"""The issue's own calls on real prices; skipped where they are not beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import call, trail

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no real prices beside the checkout")


# 2025-10-10 to 2025-11-19 has 29 trading days: the National Day holidays were over on the 8th.
@pytest.mark.parametrize(("mode", "frequency", "year", "start", "end", "sessions"), [
    ("backtest", "daily", 2025, "2025-10-10", "2025-11-19", 29),
    ("paper", "daily", 2025, "2025-10-10", "2025-11-19", 29),
    ("backtest", "hourly", 2025, "2025-10-10", "2025-11-19", 4 * 29),
    ("backtest", "daily", 2026, "2025-12-01", "2025-12-12", 10),  # With 603019's limit-down day.
    ("backtest", "hourly", 2026, "2026-01-05", "2026-01-09", 4 * 5),  # With 600028's limit-up open.
])  # fmt: skip
def test_real_prices_run_verify_and_replay(
    mode: str, frequency: str, year: int, start: str, end: str, sessions: int, tmp_path: Path
):
    prices = DATA / f"astock-{year}" / f"{frequency}.jsonl"
    done = call(
        "--mode", mode, "--frequency", frequency, "--prices", prices, "--start", start, "--end", end,
        "--data-dir", tmp_path, "--no-report", "--json",
    )  # fmt: skip

    assert (done.code, done.err) == (0, "")
    found = done.json
    assert (found["sessions"], found["agent"], found["initial_cash"]) == (sessions, "rule:momentum", 100000.0)
    assert isinstance(found["fills"], int)
    assert found["fills"] > 0
    lines = trail(tmp_path)
    assert [line["id"] for line in lines] == list(range(len(lines)))
    assert call("verify", "--data-dir", tmp_path).code == 0
    assert call("replay", "all", "--data-dir", tmp_path, "--json").json == {
        "sessions": sessions,
        "identical": sessions,
        "differing": [],
    }
