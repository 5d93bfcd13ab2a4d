"""Many sessions asked of one mind draw on one budget, day by day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command_line import answer, call, order
from tests.provider_twin import ProviderTwin, like

MONDAY, TUESDAY = "2026-07-13", "2026-07-14"


def config(tmp_path: Path, twin: ProviderTwin, budget: dict[str, object]) -> Path:
    model = {
        "name": "twin",
        "model": "twin-1",
        "base_url": twin.url,
        "dialect": "openai",
        "output_tokens_max": 1000,
        "price": {"input": 0, "output": 8000},
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"agent_type": "llm", "models": [model], "budget": budget}))
    return path


@pytest.mark.parametrize(
    ("budget", "asked"),
    [
        # A session may take 1000 x 0.008 = 8 CNY and takes 30 x 0.008 = 0.24. On each of the two days
        # 0.00 + 8 and 0.24 + 8 fit into 8.30, 0.48 + 8 does not.
        ({"cny_per_day": 8.3}, 4),
        # In the month 0.24 x 4 + 8 = 8.96 fits, and 0.24 x 5 + 8 does not.
        ({"cny_per_month": 9}, 5),
        ({"cny_per_session": 8.3}, 8),
    ],
)
def test_a_budget_holds_for_all_sessions_that_one_mind_is_asked(
    tmp_path: Path, budget: dict[str, object], asked: int
):
    folder = tmp_path / "data"
    demo = ("--mode", "backtest", "--demo", "--frequency", "hourly", "--start", MONDAY, "--end", TUESDAY)
    assert call(*demo, "--no-report", "--data-dir", folder).code == 0
    buys = answer(order("buy", 100, "605901.SH"))

    with ProviderTwin(like("openai", lambda _asked: buys)) as twin:
        arguments = (
            "arena", "replay", "--from", MONDAY, "--to", TUESDAY, "--agent", "llm:twin",
            "--config", config(tmp_path, twin, budget), "--data-dir", folder, "--json",
        )  # fmt: skip
        first, second = call(*arguments), call(*arguments)

        assert len(twin.requests) == asked
    assert first.json == second.json
