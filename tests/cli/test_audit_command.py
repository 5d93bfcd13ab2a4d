"""`audit` as a person or another program calls it."""

import json
import re
from pathlib import Path

import pytest

from commands.audit_view import tell
from tests.command_line import call, call_process, four_days

RECORDED = Path(__file__).parents[3] / "shared/data/astock-2025"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
FIELDS = {
    "records",
    "trades",
    "cash_mismatches",
    "position_mismatches",
    "violations",
    "final_cash",
    "positions",
    "equity",
    "turnover",
    "fees",
    "return_gross",
    "return_net",
    "cannot_know",
    "unverified",
    "damage",
}


def record(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "position.jsonl"
    opening = {"date": "2025-10-09", "id": 0, "positions": {"CASH": 10_000.0}}
    path.write_text("".join(json.dumps(row) + "\n" for row in (opening, *rows)), encoding="utf-8")
    return path


def bought(shares: int = 100, cash: float = 9_000.0, day: str = "2025-10-10") -> dict[str, object]:
    action = {"action": "buy", "symbol": "600000.SH", "amount": shares}
    return {"date": day, "id": 1, "this_action": action, "positions": {"600000.SH": shares, "CASH": cash}}


@pytest.mark.parametrize("terms", ["legacy", "strict"])
def test_a_clean_record_exits_0(terms: str, tmp_path: Path):
    done = call(
        "audit", record(tmp_path, bought()), "--prices", four_days(tmp_path), "--rules", terms, "--json"
    )

    assert (done.code, done.err) == (0, "")
    found = done.json
    assert found.keys() >= FIELDS
    assert (found["records"], found["trades"], found["turnover"]) == (2, 1, 1000.0)
    # 9,000 + 100 x 10.50; commission 5.00 and transfer fee 0.01 under the true rules.
    assert found["equity"] == {"2025-10-09": 10000.0, "2025-10-10": 10050.0}
    assert found["fees"] == (0.0 if terms == "legacy" else 5.01)
    assert bool(found["cannot_know"]) == (terms == "strict")


def test_what_is_found_exits_1_and_is_named_by_its_line(tmp_path: Path):
    path = record(tmp_path, bought(shares=150, cash=8_600.0))

    done = call("audit", path, "--prices", four_days(tmp_path), "--rules", "strict", "--json")

    assert done.code == 1
    (violation,) = done.json["violations"]
    assert violation.keys() >= {"line", "rule", "symbol", "shares", "reason"}
    assert (violation["line"], violation["rule"], violation["symbol"], violation["shares"]) == (
        1,
        "board_lot",
        "600000.SH",
        150,
    )
    (cash,) = done.json["cash_mismatches"]
    assert cash == {"line": 1, "expected": 8500.0, "recorded": 8600.0}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_reads_what_was_found(lang: str, tmp_path: Path):
    path = record(tmp_path, bought(shares=150, cash=8_600.0))

    done = call("audit", path, "--prices", four_days(tmp_path), "--lang", lang)

    assert done.code == 1
    assert "600000.SH" in done.out
    assert bool(CHINESE.search(done.out)) == (lang == "zh")


@pytest.mark.parametrize("terms", ["legacy", "strict"])
def test_what_cannot_be_verified_exits_1_and_is_named_by_its_line(terms: str, tmp_path: Path):
    action = {"action": "dividend", "symbol": "600000.SH", "amount": 0}
    credited = {"date": "2025-10-10", "id": 1, "this_action": action, "positions": {"CASH": 9_000_000.0}}
    path = record(tmp_path, credited)

    done = call("audit", path, "--prices", four_days(tmp_path), "--rules", terms, "--json")

    assert (done.code, done.json["cash_mismatches"], done.json["violations"]) == (1, [], [])
    assert done.json["unverified"] == [{"line": 1, "what": "undeclared"}]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_record_with_unverified_lines_is_not_said_to_be_in_order(lang: str, tmp_path: Path):
    action = {"action": "adjust", "symbol": "600000.SH", "amount": 0}
    came = {"date": "2025-10-10", "id": 1, "this_action": action}
    path = record(tmp_path, {**came, "positions": {"600000.SH": 900_000, "CASH": 10_000.0}})

    done = call("audit", path, "--prices", four_days(tmp_path), "--lang", lang)

    assert done.code == 1
    assert tell("clean", lang) not in done.out
    assert tell("unverified", lang) in done.out
    assert tell("doubt.adjusted", lang) in done.out


def test_damage_is_described_and_the_rest_judged(tmp_path: Path):
    path = record(tmp_path, bought())
    with path.open("a", encoding="utf-8") as file:
        file.write('{"date": "2025-10-13", "id": 2, "pos')

    done = call("audit", path, "--prices", four_days(tmp_path), "--rules", "legacy", "--json")

    assert done.code == 1
    assert [one["line"] for one in done.json["damage"]] == [2]
    assert (done.json["records"], done.json["trades"], done.json["violations"]) == (3, 1, [])


@pytest.mark.parametrize("content", [b"", b"\n\n", b"not a record\n", b"\x00\xff" * 100, b"[]\n{}\n"])
def test_a_file_without_a_readable_line_exits_2(content: bytes, tmp_path: Path):
    path = tmp_path / "position.jsonl"
    path.write_bytes(content)

    done = call("audit", path, "--prices", four_days(tmp_path))

    assert done.code == 2
    assert "position.jsonl" in done.err
    assert len(done.err.splitlines()) == 1


def test_an_hourly_record_is_not_held_to_daily_prices(tmp_path: Path):
    path = record(tmp_path, bought(day="2025-10-10 10:30:00"))

    done = call("audit", path, "--prices", four_days(tmp_path))

    assert done.code == 2
    assert "hourly" in done.err
    assert "daily" in done.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nowhere.jsonl", "--prices", "{prices}"), "nowhere.jsonl"),
        (("{record}", "--prices", "nowhere.csv"), "nowhere.csv"),
        (("{record}", "--prices", "{record}"), "position.jsonl"),
        (("{record}", "--prices", "{prices}", "--rules", "kind"), "--rules kind"),
        (("{record}",), "--prices"),
        (("{folder}", "--prices", "{prices}"), "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_2(arguments, named, tmp_path: Path):
    places = {"record": record(tmp_path, bought()), "prices": four_days(tmp_path), "folder": tmp_path}

    done = call("audit", *(one.format(**places) for one in arguments))

    assert done.code == 2
    assert named in done.err
    assert len(done.err.splitlines()) == 1


def test_a_run_of_ones_own_passes_the_rules_it_was_made_under(tmp_path: Path):
    prices, data = four_days(tmp_path), tmp_path / "data"
    period = ("--start", "2025-10-10", "--end", "2025-10-14")
    ran = call(
        "--mode",
        "backtest",
        *period,
        "--prices",
        prices,
        "--data-dir",
        data,
        "--agent",
        "rule:buy_and_hold",
        "--json",
    )
    assert ran.code == 0

    done = call("audit", ran.json["audit"], "--prices", prices, "--rules", "strict", "--json")

    assert (done.code, done.json["violations"], done.json["cash_mismatches"]) == (0, [], [])
    assert done.json["trades"] == ran.json["fills"] > 0


def test_a_run_through_an_ex_day_passes_with_its_dividend_bonus_shares_and_tax(tmp_path: Path):
    days = ("2025-10-09", "2025-10-10", "2025-10-13", "2025-10-14")
    opens = dict(zip(days, ("10", "10", "5", "5"), strict=True))
    bars = {
        day: {
            "1. buy price": at,
            "2. high": at + ".2",
            "3. low": at,
            "4. sell price": at,
            "5. volume": "90000",
        }
        for day, at in opens.items()
    }
    prices, answers, data = tmp_path / "prices.jsonl", tmp_path / "answers.txt", tmp_path / "data"
    prices.write_text(
        json.dumps({"Meta Data": {"2. Symbol": "600000.SH"}, "Time Series (Daily)": bars}) + "\n"
    )
    action = {"symbol": "600000.SH", "ex_date": days[2], "cash_per_share": "0.1", "shares_per_share": "1"}
    facts = {"adjustment": "raw", "volume_unit": "share", "actions": [{**action, "bonus_per_share": "0.5"}]}
    prices.with_name("prices.jsonl.meta.json").write_text(json.dumps(facts))
    # Bought, and on the ex-day sold with the bonus shares that came on it.
    orders = [("buy", 1000), ("sell", 2000)]
    texts = (
        json.dumps({"rationale": "", "orders": [{"symbol": "600000.SH", "side": side, "shares": shares}]})
        for side, shares in orders
    )
    answers.write_text("".join(json.dumps(text) + "\n" for text in texts))
    run = ("--mode", "backtest", "--start", days[1], "--end", days[2], "--prices", prices, "--json")
    ran = call(*run, "--agent", f"scripted:{answers}", "--data-dir", data)
    assert ran.json["fills"] == 2

    done = call("audit", ran.json["audit"], "--prices", prices, "--json")

    assert done.code == 0
    assert [done.json[name] for name in ("violations", "damage", "unverified", "corporate_actions")] == [
        []
    ] * 4


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded runs are not beside this checkout")
def test_a_recorded_run_is_audited_in_a_process_of_its_own():
    run = RECORDED / "recorded/hourly-gpt-5.position.jsonl"
    expected = json.loads((RECORDED / "recorded/expected.json").read_text(encoding="utf-8"))["hourly-gpt-5"]

    done = call_process("audit", run, "--prices", RECORDED / "hourly.jsonl", "--rules", "strict", "--json")

    assert (done.code, done.err) == (1, "")
    found = done.json
    assert found["equity"] == expected["equity_by_ts"]
    assert [one["line"] for one in found["violations"] if one["rule"] == "t_plus_1"] == expected[
        "t_plus_1_violation_lines"
    ]
    assert [one["line"] for one in found["violations"] if one["rule"] == "limit_up"] == [189]
