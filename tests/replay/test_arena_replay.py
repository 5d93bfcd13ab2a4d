"""Other minds over recorded sessions: each session by itself, and what of it would have been different."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scheduler.replay import Replay
from services.journal.journal import JournalDrift
from tests.command_line import answer, bar, call, order, table
from tests.provider_twin import ProviderTwin, hangs, says

DAYS = ("20251009", "20251010", "20251013", "20251014")


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """An account that bought 100 shares at the open of the first of four days and then held."""
    # Opens 10.00, 10.20, 10.50 and 10.00; the limits of each day are far away.
    bars = [
        bar("600000.SH", day, prices)
        for day, prices in zip(
            DAYS, ("10,10.4,9.9,10.1", "10.2,10.6,10.1,10.4", "10.5,10.7,10.2,10.3", "10,10.3,9.9,10.1"),
            strict=True,
        )
    ]  # fmt: skip
    prices = table(tmp_path / "prices.csv", bars)
    script = tmp_path / "script.jsonl"
    script.write_text(json.dumps(answer(order("buy", 100))) + "\n", encoding="utf-8")
    done = call(
        "--mode", "backtest", "--prices", prices, "--adjustment", "raw", "--volume-unit", "share",
        "--agent", f"scripted:{script}", "--data-dir", tmp_path / "data", "--json", "--no-report",
    )  # fmt: skip
    assert done.code == 0
    assert done.json["fills"] == 1
    return tmp_path / "data"


def replayed(data: Path, *arguments: object) -> Any:
    found = call("arena", "replay", *arguments, "--data-dir", data, "--json")
    assert found.code == 0, found.err
    return found.json


def script(folder: Path, *answers: str) -> str:
    path = folder / f"other-{len(list(folder.glob('other-*')))}.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in answers), encoding="utf-8")
    return f"scripted:{path}"


def test_the_very_mind_again_changes_nothing(account: Path, tmp_path: Path):
    same = f"scripted:{tmp_path / 'script.jsonl'}"

    found = replayed(account, "--from", "2025-10-09", "--to", "2025-10-14", "--agent", same)

    (table,) = found["agents"]
    assert found["sessions"] == 4
    assert table["total"] == {"orders": 0, "refusals": 0, "notional": 0.0, "next_mark": 0.0}
    assert [one["recorded"] for one in table["sessions"]] == [one["other"] for one in table["sessions"]]


def test_a_mind_that_holds_saves_the_fee_and_forgoes_the_gain(account: Path, tmp_path: Path):
    found = replayed(account, "--from", "2025-10-09", "--agent", script(tmp_path))

    (table,) = found["agents"]
    (one,) = table["sessions"]
    # Bought 100 at the open of 10.00: 1,000.00 and 5.01 of fees (commission 5.00, transfer fee 0.01).
    # The next session opens at 10.20: 98,994.99 + 1,020.00 = 100,014.99; who held has 100,000.00.
    assert one["recorded"]["next_mark"] == 100_014.99
    assert one["other"] == {"orders": 0, "refusals": 0, "notional": 0.0, "next_mark": 100_000.0, "why": ""}
    assert one["difference"]["orders"] == -1
    assert one["difference"]["next_mark"] == -14.99
    # The limit is 1 % over the open: 10.10 for 100 shares.
    assert one["difference"]["notional"] == -1010.0


def test_each_session_begins_with_what_the_record_left(account: Path, tmp_path: Path):
    """A mind that buys in every session never finds more than the recorded 100 shares before it."""
    buys = answer(order("buy", 200))

    found = replayed(
        account, "--from", session_ids(account)[1], "--to", session_ids(account)[2], "--agent",
        script(tmp_path, *[buys] * 4),
    )  # fmt: skip

    (table,) = found["agents"]
    second, third = table["sessions"]
    # 200 more at 10.20: 2,040.00 and 5.02; at 10.50 the next day 100 + 200 are worth 3,150.00:
    # 98,994.99 - 2,045.02 + 3,150.00 = 100,099.97; the record has 98,994.99 + 1,050.00 = 100,044.99.
    assert (second["recorded"]["next_mark"], second["other"]["next_mark"]) == (100_044.99, 100_099.97)
    # 200 more at 10.50: 2,100.00 and 5.02; at 10.00: 98,994.99 - 2,105.02 + 3,000.00 = 99,889.97;
    # the record has 98,994.99 + 1,000.00 = 99,994.99.
    assert (third["recorded"]["next_mark"], third["other"]["next_mark"]) == (99_994.99, 99_889.97)
    # 54.98 - 105.02
    assert table["total"]["next_mark"] == -50.04


def session_ids(account: Path) -> list[str]:
    sessions: Any = call("sessions", "--data-dir", account, "--json").json["sessions"]
    return [one["id"] for one in sessions]


def test_what_a_mind_is_refused_is_counted_and_the_last_session_has_no_next(account: Path, tmp_path: Path):
    too_much = answer(order("buy", 1_000_000), order("sell", 500))
    other = script(tmp_path, *[too_much] * 4)

    found = replayed(account, "--from", "2025-10-14", "--agent", other)

    (one,) = found["agents"][0]["sessions"]
    assert one["difference"]["refusals"] == 2
    assert one["difference"]["next_mark"] is None
    assert found["agents"][0]["compared"] == 0
    assert found["agents"][0]["next_mark_difference"] is None


def test_several_models_are_asked_and_one_that_fails_is_named(account: Path, tmp_path: Path):
    buy = answer(order("buy", 100))
    with ProviderTwin(says(buy)) as fine, ProviderTwin(hangs) as hanging:
        config = tmp_path / "models.json"
        models = [
            {"name": "fine", "model": "m", "base_url": fine.url},
            {"name": "hangs", "model": "m", "base_url": hanging.url, "deadline_s": "0.3"},
        ]
        config.write_text(json.dumps({"models": models, "agent_config": {"max_retries": 1}}))
        found = replayed(
            account, "--config", config, "--from", "2025-10-10", "--to", "2025-10-13",
            "--agent", "llm:fine", "--agent", "llm:hangs",
        )  # fmt: skip
        asked = len(fine.requests)
        again = replayed(
            account, "--config", config, "--from", "2025-10-10", "--to", "2025-10-13", "--agent", "llm:fine"
        )
        assert len(fine.requests) == asked == 2, "kept answers are asked for again"

    good, late = found["agents"]
    assert [one["difference"]["orders"] for one in good["sessions"]] == [1, 1]
    assert all(one["other"]["why"] for one in late["sessions"])
    assert again["agents"][0] == good


@pytest.mark.parametrize(("arguments", "named"), [
    (("--from", "2025-10-11"), "--from 2025-10-11"),
    (("--from", "2025-10-09", "--to", "nonsense"), "--to nonsense"),
    (("--from", "2025-10-14", "--to", "2025-10-09"), "exchange"),
])  # fmt: skip
def test_a_span_that_is_none_is_one_line(account: Path, arguments: tuple[str, ...], named: str):
    found = call("arena", "replay", *arguments, "--agent", "rule:hold", "--data-dir", account)

    assert found.code == 2
    assert named in found.err
    assert len(found.err.strip().splitlines()) == 1


def test_the_account_is_not_changed(account: Path, tmp_path: Path):
    before = {path: path.read_bytes() for path in account.rglob("*") if path.is_file()}

    replayed(account, "--from", "2025-10-09", "--to", "2025-10-14", "--agent", script(tmp_path))

    assert {path: path.read_bytes() for path in account.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_is_shown_a_line_for_each_mind(account: Path, tmp_path: Path, lang: str):
    # Four sessions have three that follow: too few for an interval.
    found = call(
        "arena", "replay", "--from", "2025-10-09", "--to", "2025-10-14", "--agent", "rule:hold",
        "--agent", script(tmp_path, "no json"), "--data-dir", account, "--lang", lang,
    )  # fmt: skip

    assert found.code == 0
    assert "rule:hold" in found.out
    assert "not_json" in found.out


def test_a_session_that_does_not_come_out_again_is_named(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def drifted(*_arguments: object) -> None:
        raise JournalDrift("the limits changed")

    monkeypatch.setattr(Replay, "run", drifted)

    found = call(
        "arena", "replay", "--from", "2025-10-09", "--agent", "rule:hold", "--data-dir", account, "--json"
    )

    assert found.code == 3
    agents: Any = found.json["agents"]
    (one,) = agents[0]["sessions"]
    assert (one["other"], one["difference"], one["failed"]) == (None, None, "the limits changed")
