"""The recorded runs of real models in one arena over the real prices: by their own terms, by true rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import bar, call, table

DATA = Path(__file__).parents[2] / "../shared/data/astock-2025"
DECLARED = {
    "daily": ("--adjustment", "raw", "--volume-unit", "share"),
    "hourly": ("--adjustment", "forward", "--volume-unit", "lot"),
}


@pytest.fixture(scope="module", params=["daily", "hourly"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the leaderboard of one frequency's two recorded runs."""
    if not DATA.exists():
        pytest.skip("the shared market data is not beside this checkout")
    frequency = request.param
    records = sorted((DATA / "recorded").glob(f"{frequency}-*.position.jsonl"))
    assert len(records) == 2
    imports = [one for path in records for one in ("--import", path)]
    found = call(
        "arena", "--mode", "backtest", "--frequency", frequency, "--account", "arena",
        "--prices", DATA / f"{frequency}.jsonl", *DECLARED[frequency], *imports,
        "--data-dir", tmp_path_factory.mktemp("arena"), "--json",
    )  # fmt: skip
    assert found.code == 0
    expected = json.loads((DATA / "recorded" / "expected.json").read_text(encoding="utf-8"))
    return {
        "board": found.json,
        "lines": {line["name"]: line for line in found.json["rows"]},  # type: ignore[union-attr, index, attr-defined]
        "expected": {one["name"]: expected[Path(one["file"]).name.split(".position")[0]]
                     for one in found.json["imports"]},  # type: ignore[attr-defined, index]
    }  # fmt: skip


def test_the_legacy_lines_are_what_the_records_are_known_to_come_to(played: dict[str, Any]):
    assert len(played["expected"]) == 2
    for name, known in played["expected"].items():
        line = played["lines"][f"{name} (legacy)"]

        assert line["final_cash"] == pytest.approx(known["final_cash"], abs=0.005)
        assert line["positions"] == known["final_holdings"]
        assert line["orders"] == known["trades"]
        assert line["turnover"] == pytest.approx(known["turnover"], abs=0.005)
        last_of_day = {label[:10]: equity for label, equity in known["equity_by_ts"].items()}
        assert line["equity"] == pytest.approx(last_of_day, abs=0.005)
        assert line["fees"] == 0


def test_the_true_rule_lines_paid_fees_and_met_refusals(played: dict[str, Any]):
    for name in played["expected"]:
        line = played["lines"][name]

        assert (line["kind"], line["state"]) == ("record", "finished")
        assert line["fees"] > 0
        assert sum(line["refusals"].values()) > 0
        assert line["initial_cash"] == 100_000
        assert 0 < line["fills"] <= line["orders"]


def test_every_recorded_trade_became_part_of_an_order_or_is_named(played: dict[str, Any]):
    for one in played["board"]["imports"]:
        known = played["expected"][one["name"]]

        assert one["trades"] + len(one["left_out"]) == known["trades"]


def test_same_day_sales_and_small_star_lots_are_refused_by_name(played: dict[str, Any]):
    refused: dict[str, int] = {}
    for name in played["expected"]:
        for rule, count in played["lines"][name]["refusals"].items():
            refused[rule] = refused.get(rule, 0) + count

    if played["board"]["frequency"] == "hourly":
        assert refused.get("t_plus_1", 0) > 0
    assert refused.get("board_lot", 0) > 0


def test_everybody_is_compared_with_everybody_over_the_same_days(played: dict[str, Any]):
    count = len(played["lines"])

    pairs = played["board"]["pairs"]
    assert len(pairs) == count * (count - 1) // 2
    assert {pair["days"] for pair in pairs} == {30}
    assert played["board"]["short_sample"] is True


def test_a_record_that_begins_with_shares_is_refused(tmp_path: Path):
    prices = table(tmp_path / "prices.csv", [bar("600000.SH", "20251009")])
    record = tmp_path / "position.jsonl"
    record.write_text('{"date": "2025-10-09", "id": 0, "positions": {"600000.SH": 100, "CASH": 5.0}}\n')

    found = call(
        "arena", "--mode", "backtest", "--prices", prices, "--adjustment", "raw", "--import", record,
        "--data-dir", tmp_path / "data",
    )  # fmt: skip

    assert found.code == 2
    assert "line 0" in found.err


def test_an_hourly_record_on_daily_prices_is_refused(tmp_path: Path):
    prices = table(tmp_path / "prices.csv", [bar("600000.SH", "20251009")])
    lines = (
        '{"date": "2025-10-09 08:30:00", "id": 0, "positions": {"CASH": 5000.0}}',
        '{"date": "2025-10-09 10:30:00", "id": 1, "this_action": {"action": "no_trade", "symbol": "", '
        '"amount": 0}, "positions": {"CASH": 5000.0}}',
    )
    record = tmp_path / "hourly.position.jsonl"
    record.write_text("\n".join(lines) + "\n")

    found = call(
        "arena", "--mode", "backtest", "--prices", prices, "--adjustment", "raw", "--import", record,
        "--data-dir", tmp_path / "data",
    )  # fmt: skip

    assert found.code == 2
    assert "hourly" in found.err


def test_a_record_is_called_by_its_file_or_by_its_models_folder(tmp_path: Path):
    prices = table(tmp_path / "prices.csv", [bar("600000.SH", "20251009")])
    opening = '{"date": "2025-10-09", "id": 0, "positions": {"CASH": 100000.0}}\n'
    paths = (tmp_path / "deep-one/position/position.jsonl", tmp_path / "x-2.5.position.jsonl")
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(opening)

    found = call(
        "arena", "--mode", "backtest", "--prices", prices, "--adjustment", "raw", "--account", "a",
        "--import", paths[0], "--import", paths[1], "--data-dir", tmp_path / "data", "--json",
    )  # fmt: skip

    imports: Any = found.json["imports"]
    assert [one["name"] for one in imports] == ["deep-one", "x-2-5"]
