"""`data`: files and vendors into the store, checks that name what is wrong, and runs on what is there."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import PROGRAM, Ran, answer, call, call_process, order, script, trail
from tests.market_twins.hosts import vendor_twins
from tests.market_twins.net import VendorNet
from tests.market_twins.seeded import DAY, seeded_market
from tests.market_twins.wire_tushare import TOKEN

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

SHARED = Path(__file__).parents[2] / "../shared/data"
OLD, NEW = SHARED / "astock-2025", SHARED / "astock-2026"
real = pytest.mark.skipif(not SHARED.exists(), reason="the real price files are not beside the checkout")

LATE_UNITS = {"601600.SH", "601766.SH"}
"""In the later daily file these two count shares, all others lots."""


def found(done: Ran, where: int | None = 0) -> list[dict[str, Any]]:
    """Return what was found in a file, or between files, notes aside."""
    told: Any = done.json
    findings = told["between"] if where is None else told["checked"][where]["findings"]
    return [one for one in findings if one["certainty"] != "note"]


def kinds(findings: list[dict[str, Any]]) -> set[str]:
    return {one["kind"] for one in findings}


def symbols(findings: list[dict[str, Any]], kind: str) -> set[str]:
    return {symbol for one in findings if one["kind"] == kind for symbol in one["symbols"]}


def check(*arguments: object) -> Ran:
    return call("data", "check", *arguments, "--json")


@real
@pytest.mark.parametrize("name", ["daily", "hourly"])
def test_each_of_the_earlier_files_is_sound_by_itself(name: str):
    done = check(OLD / f"{name}.jsonl")

    assert (done.code, found(done)) == (0, [])


@real
def test_the_earlier_files_must_not_be_mixed():
    # By their README: raw prices and shares in the one, forward-adjusted prices and lots in the other.
    done = check(OLD / "daily.jsonl", OLD / "hourly.jsonl")

    between = found(done, None)
    assert done.code == 1
    assert kinds(between) == {"adjustment_differs", "unit_differs"}
    # Twelve shares had their ex-day in the period; of all fifty the volumes lie a hundredfold apart.
    assert len(symbols(between, "adjustment_differs")) == 12
    assert len(symbols(between, "unit_differs")) == 50


@real
def test_the_later_daily_file_has_a_halt_and_two_shares_in_another_unit():
    done = check(NEW / "daily.jsonl")

    findings = found(done)
    assert done.code == 1
    assert kinds(findings) == {"missing_days", "unit_unlikely"}
    (halt,) = [one for one in findings if one["kind"] == "missing_days"]
    assert (halt["symbols"], halt["bars"], halt["first"], halt["last"]) == (
        ["688012.SH"],
        9,
        "2025-12-19",
        "2025-12-31",
    )
    assert symbols(findings, "unit_unlikely") == LATE_UNITS


@real
def test_the_later_hourly_file_lacks_bars_and_tells_of_the_rebalance():
    done = check(NEW / "hourly.jsonl")

    findings = found(done)
    assert done.code == 1
    assert kinds(findings) == {"missing_bars", "missing_days"}
    assert symbols(findings, "missing_days") == {"688012.SH"}
    # On Christmas Eve all that traded lack what came after 10:30.
    assert {(one["first"], one["last"]) for one in findings if one["kind"] == "missing_bars"} == {
        ("2025-12-24 11:30", "2025-12-24 15:00")
    }
    told: Any = done.json
    notes = [one for one in told["checked"][0]["findings"] if one["certainty"] == "note"]
    assert symbols(notes, "begins_late") == {"600104.SH", "600111.SH", "600930.SH", "603019.SH"}
    assert symbols(notes, "ends_early") == LATE_UNITS


@real
def test_the_later_daily_file_is_partly_adjusted():
    done = check(NEW / "daily.jsonl", NEW / "hourly.jsonl", OLD / "daily.jsonl")

    between = found(done, None)
    in_part = [one for one in between if "in part" in one["detail"]]
    against_old = {
        symbol
        for one in between
        if one["kind"] == "adjustment_differs" and str(OLD) in one["detail"]
        and "hourly" not in one["detail"]
        for symbol in one["symbols"]
    }  # fmt: skip
    assert done.code == 1
    assert symbols(between, "unit_mixed") == LATE_UNITS
    assert against_old == LATE_UNITS
    # Ex-days after the earlier file's end: adjusted in the hours from there on, and in no day.
    assert symbols(in_part, "adjustment_differs") == {
        "600036.SH", "600519.SH", "600887.SH", "601288.SH", "601398.SH", "601658.SH", "601888.SH",
        "601985.SH", "601988.SH", "603501.SH",
    }  # fmt: skip


@pytest.fixture
def daily(tmp_path: Path) -> Path:
    """Two shares on four days, raw, in lots with amounts in thousands of CNY, as tushare tells them."""
    path = tmp_path / "daily.csv"
    lines = ["ts_code,trade_date,open,high,low,close,vol,amount"]
    for symbol in ("600000.SH", "600519.SH"):
        for day in ("20251009", "20251010", "20251013", "20251014"):
            lines.append(f"{symbol},{day},10,10.5,9.9,10.1,1000.5,1010.5")
    path.write_text("\n".join(lines) + "\n")
    return path


MEMBERS = """index_code,con_code,trade_date,weight
999999.SH,600000.SH,20250930,9.8
999999.SH,600000.SH,20251010,9.8
999999.SH,600519.SH,20251013,9.8
"""
"""Lists of an index of which nobody knows how many members it has."""


def imported(daily: Path, data: Path) -> Ran:
    return call(
        "data", "import", daily, "--adjustment", "raw", "--volume-unit", "lot", "--data-dir", data, "--json"
    )


def test_a_file_is_imported_once_and_lists_with_its_source(daily: Path, tmp_path: Path):
    first, again = (imported(daily, tmp_path) for _ in range(2))

    bars: Any = call("data", "list", "--data-dir", tmp_path, "--json").json["bars"]
    assert [one.json["imported"][0]["new_bars"] for one in (first, again)] == [8, 0]  # type: ignore[index]
    # 1000.5 lots hold half a lot: volumes are kept in shares.
    assert [(one["kind"], one["source"], one["symbols"], one["bars"]) for one in bars] == [
        ("1d raw, volume in share", "file:daily.csv", 2, 8)
    ]
    assert call("data", "check", "--data-dir", tmp_path).code == 0


def test_a_file_with_errors_is_not_imported_at_all(daily: Path, tmp_path: Path):
    daily.write_text(daily.read_text().replace("10.5,9.9,10.1", "9.5,9.9,10.1", 1))

    done = imported(daily, tmp_path)

    assert done.code == 2
    assert "high_low" in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert call("data", "list", "--data-dir", tmp_path, "--json").json["bars"] == []


def test_facts_and_ex_days_beside_a_file_come_along(daily: Path, tmp_path: Path):
    daily.with_name("daily.csv.meta.json").write_text(
        json.dumps(
            {
                "instruments": {"600000.SH": {"name": "浦发银行", "listed_on": "1999-11-10"}},
                "actions": [{"symbol": "600519.SH", "ex_date": "2025-10-10", "cash_per_share": "0.5"}],
            }
        )
    )

    imported(daily, tmp_path)

    facts: Any = call("data", "list", "--data-dir", tmp_path, "--json").json["facts"]
    assert facts == {"instruments": 1, "actions": 1, "days": 0}


def test_a_changed_file_of_the_store_fails_the_check(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)
    (part,) = tmp_path.glob("history/cn/1d/*.parquet")
    part.write_bytes(part.read_bytes() + b"x")

    done = check("--data-dir", tmp_path)

    assert (done.code, kinds(found(done))) == (1, {"damaged"})


def test_what_a_damaged_file_held_may_be_imported_again_once_it_is_taken_out(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)
    (part,) = tmp_path.glob("history/cn/1d/*.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 3] ^= 1
    part.write_bytes(content)
    asked = ("data", "remove", "--data-dir", tmp_path)

    ran, refused = call(*RUN, "--prices", "history:1d", "--data-dir", tmp_path), imported(daily, tmp_path)
    removed = call(*asked, "--damaged", "--json").json
    again: Any = imported(daily, tmp_path).json

    assert (ran.code, refused.code) == (2, 2)
    assert "data remove --damaged" in ran.err
    assert removed == {"removed_bars": 8}
    assert again["imported"][0]["new_bars"] == 8
    assert check("--data-dir", tmp_path).code == 0
    assert call(*asked, "--damaged", "--symbols", "600000.SH").code == 2


def test_the_same_file_under_another_declaration_is_stored_beside(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)

    for new in (8, 0):
        other = call(
            "data", "import", daily, "--adjustment", "forward", "--volume-unit", "lot",
            "--data-dir", tmp_path, "--json",
        )  # fmt: skip
        assert other.json["imported"][0]["new_bars"] == new  # type: ignore[index]

    bars: Any = call("data", "list", "--data-dir", tmp_path, "--json").json["bars"]
    assert sorted((one["kind"], one["bars"]) for one in bars) == [
        ("1d forward, volume in share", 8),
        ("1d raw, volume in share", 8),
    ]


@pytest.mark.parametrize("line", [
    "600519.SH,20991231,10,10.5,9.9,10.1,1000.5,1010.5",
    "600519.SH,99991231,10,10.5,9.9,10.1,1000.5,1010.5",
    "600519.SH,20251015,10,1e13,9.9,10.1,1000.5,1010.5",
    "600519.SH,20251015,10,10.5,9.9,10.1,1e20,1010.5",
])  # fmt: skip
def test_a_bar_of_the_future_or_of_absurd_size_is_refused_in_a_line(daily: Path, tmp_path: Path, line: str):
    daily.write_text(f"{daily.read_text()}{line}\n")

    done = imported(daily, tmp_path)

    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1
    assert check(daily).code == 1


def test_a_store_that_cannot_be_read_or_written_is_unavailable(daily: Path, tmp_path: Path):
    (tmp_path / "history").write_text("a file in its place")
    written = imported(daily, tmp_path)
    (tmp_path / "history").unlink()
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "history.sqlite3").write_bytes(b"no database at all" * 400)

    listed = call("data", "list", "--data-dir", tmp_path)
    ran = call(*RUN, "--prices", "history:1d", "--data-dir", tmp_path)

    assert [one.code for one in (written, listed, ran)] == [3, 3, 3]
    assert [len(one.err.strip().splitlines()) for one in (written, listed, ran)] == [1, 1, 1]


def test_bars_that_contradict_the_store_are_named(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)
    daily.write_text(daily.read_text().replace("10.1,1000.5", "10.2,1000.5", 1))

    done = imported(daily, tmp_path)

    assert done.code == 2
    assert "600000.SH" in done.err
    assert "2025-10-09" in done.err


def test_removed_bars_make_room_for_others(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)

    asked = ("--symbols", "600000.SH", "--frequency", "1d", "--data-dir", tmp_path)
    assert call("data", "remove", *asked, "--json").json == {"removed_bars": 4}

    assert imported(daily, tmp_path).json["imported"][0]["new_bars"] == 4  # type: ignore[index]


@pytest.mark.parametrize("named", [
    ("--frequency", "1d"),
    ("--symbols", "", "--frequency", "1d"),
    ("--symbols", "600000.SH"),
    ("--symbols", "600000.SH", "--all", "--frequency", "1d"),
    ("--all",),
    ("--all", "--damaged"),
    ("--damaged", "--frequency", "1d"),
    (),
])  # fmt: skip
def test_nothing_is_removed_that_was_not_named(daily: Path, tmp_path: Path, named: tuple[str, ...]):
    imported(daily, tmp_path)

    done = call("data", "remove", *named, "--data-dir", tmp_path)

    assert done.code == 2
    assert "--all --frequency 60m" in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert check("--data-dir", tmp_path).json["checked"][0]["symbols"] == 2  # type: ignore[index]


def test_all_of_a_length_are_removed_where_all_are_named(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)

    done = call("data", "remove", "--all", "--frequency", "1d", "--data-dir", tmp_path, "--json")

    assert done.json == {"removed_bars": 8}
    assert list(tmp_path.glob("history/cn/1d/*")) == []


def test_a_store_whose_index_is_lost_does_not_call_itself_empty(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)
    (tmp_path / "history" / "history.sqlite3").unlink()
    common = ("--data-dir", tmp_path)

    listed, checked = call("data", "list", *common), check(*common)

    assert "history.sqlite3" in listed.out
    assert call("data", "list", *common, "--json").json["orphans"] == 1
    assert (checked.code, kinds(found(checked))) == (1, {"orphaned"})
    assert call("data", "remove", "--orphans", *common, "--json").json == {"removed_files": 1}
    assert check(*common).code == 0


def test_a_price_with_more_decimals_than_are_kept_is_refused_with_file_and_line(daily: Path, tmp_path: Path):
    daily.write_text(daily.read_text().replace("10.5,9.9,10.1,", "10.5,9.9,10.12345678,", 1))

    done = imported(daily, tmp_path)

    assert done.code == 2
    assert str(daily) in done.err
    assert "line 1" in done.err or "line 2" in done.err
    assert "10.12345678" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_file_of_another_market_is_refused_with_the_option_that_mends_it(tmp_path: Path):
    path = tmp_path / "us.csv"
    path.write_text(
        "ts_code,trade_date,open,high,low,close,vol\n"
        "AAPL.US,20251009,10,10.5,9.9,10.1,100\nAAPL.US,20251010,10,10.5,9.9,10.1,100\n"
    )

    refused = call("data", "import", path, "--data-dir", tmp_path)
    taken = call("data", "import", path, "--market", "us", "--data-dir", tmp_path, "--json")

    assert (refused.code, taken.code) == (2, 0)
    assert "AAPL.US" in refused.err
    assert "--market us" in refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert kinds(found(check(path))) == {"other_market"}
    assert check("--market", "us", "--data-dir", tmp_path).json["checked"][0]["bars"] == 2  # type: ignore[index]


def test_a_list_of_members_shorter_than_its_index_is_not_imported(tmp_path: Path):
    path = tmp_path / "members.csv"
    path.write_text(MEMBERS.replace("999999.SH", "000016.SH"))

    done = call("data", "import", path, "--data-dir", tmp_path)

    assert done.code == 2
    assert str(path) in done.err
    assert "the index has 50" in done.err
    assert call("data", "list", "--data-dir", tmp_path, "--json").json.get("indexes", {}) == {}


def test_a_run_over_days_the_store_does_not_know_is_refused_in_a_line(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)

    done = call(*RUN, "--prices", "history:1d", "--start", "2025-09-01", "--data-dir", tmp_path)

    assert done.code == 2
    # The exchange rested from the first to the eighth of October: of these days there is nothing to know.
    assert "2025-09-01..2025-09-30" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_files_of_neighbouring_days_make_one_period(daily: Path, tmp_path: Path):
    head, *lines = daily.read_text().splitlines()
    for name, days in (("one", ("20251009", "20251010")), ("two", ("20251013", "20251014"))):
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join([head, *(line for line in lines if line.split(",")[1] in days)]) + "\n")
        imported(path, tmp_path)

    # A weekend lies between them.
    done = call(*RUN, "--prices", "history:1d", "--data-dir", tmp_path)

    assert done.code == 0
    assert check("--data-dir", tmp_path).code == 0


@pytest.mark.parametrize("told", [True, False])
def test_who_left_between_two_lists_is_bought_only_where_its_last_day_is_told(
    daily: Path, tmp_path: Path, told: bool
):
    imported(daily, tmp_path)
    lists, stays = tmp_path / "members.csv", tmp_path / "stays.csv"
    lists.write_text(MEMBERS.replace("999999.SH,600000.SH,20251010,9.8\n", ""))
    stays.write_text("index_code,con_code,in_date,out_date\n999999.SH,600000.SH,20200615,20251013\n")
    for path in (lists, stays) if told else (lists,):
        assert call("data", "import", path, "--data-dir", tmp_path).code == 0
    buy = answer(order("buy", 100, "600000.SH"))
    mind = script(tmp_path / "answers.jsonl", [answer(), buy, buy, answer()])

    call(
        "--mode", "backtest", "--frequency", "daily", "--prices", "history:1d", "--index", "999999.SH",
        "--agent", mind, "--no-report", "--data-dir", tmp_path,
    )  # fmt: skip

    bought = [line["date"][:10] for line in trail(tmp_path)[1:] if line["this_action"]["action"] == "buy"]
    assert bought == (["2025-10-10"] if told else [])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_reads_what_is_there_and_what_is_wrong(daily: Path, tmp_path: Path, lang: str):
    common = ("--data-dir", tmp_path, "--lang", lang)
    daily.write_text(daily.read_text() + "600519.SH,20251014,10,10.5,9.9,10.1,1000.5,1010.5\n")

    done = call("data", "check", daily, *common)

    assert done.code == 1
    assert "600519.SH" in done.out
    assert call("data", "check", *common).code == 0
    assert call("data", "list", *common).code == 0


def test_a_file_that_cannot_be_read_fails_its_check(tmp_path: Path):
    (tmp_path / "cut.jsonl").write_text('{"Meta Data": {"2. Symbol"')

    for name in ("cut.jsonl", "absent.csv"):
        done = check(tmp_path / name)
        assert (done.code, kinds(found(done))) == (1, {"unreadable"})


def test_longer_bars_are_made_of_shorter_ones(tmp_path: Path):
    lines = ["ts_code,trade_time,open,high,low,close,vol"]
    for day in ("2025-10-09", "2025-10-10"):
        for hour in ("10:30", "11:30", "14:00", "15:00"):
            lines.append(f"600000.SH,{day} {hour}:00,10,10.5,9.9,10.1,100")
    path = tmp_path / "hours.csv"
    path.write_text("\n".join(lines[:-1]) + "\n")
    call("data", "import", path, "--data-dir", tmp_path)

    made: Any = call("data", "resample", "--from", "60m", "--to", "1d", "--data-dir", tmp_path, "--json").json

    # The second day's last hour is missing: its day is not over, as far as the store knows.
    assert [(one["new_bars"], one["left_out"]) for one in made["resampled"]] == [(1, 1)]
    back = call("data", "resample", "--from", "1d", "--to", "60m", "--data-dir", tmp_path)
    none = call("data", "resample", "--from", "5m", "--to", "1d", "--data-dir", tmp_path)
    odd = call("data", "resample", "--from", "2m", "--to", "1d", "--data-dir", tmp_path)
    assert (back.code, none.code, odd.code) == (2, 2, 2)


def test_a_files_last_day_counts_only_where_it_is_whole(tmp_path: Path):
    lines = ["ts_code,trade_time,open,high,low,close,vol"]
    for symbol, hours in (("600000.SH", 7), ("600519.SH", 6)):
        for number in range(hours):
            day, hour = divmod(number, 4)
            at = ("10:30", "11:30", "14:00", "15:00")[hour]
            lines.append(f"{symbol},2025-10-{9 + day:02d} {at}:00,10,10.5,9.9,10.1,100")
    path = tmp_path / "hours.csv"
    path.write_text("\n".join(lines) + "\n")

    told: Any = call("data", "import", path, "--data-dir", tmp_path, "--json").json

    # From the end of the holiday's eve to the last day with a bar at three.
    assert told["imported"][0]["days"] == ["2025-10-01", "2025-10-09"]


def test_a_week_that_is_not_over_is_not_made(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)

    made: Any = call("data", "resample", "--from", "1d", "--to", "1w", "--data-dir", tmp_path, "--json").json

    # Thursday and Friday make a week; of the next one there are Monday and Tuesday alone.
    assert [(one["new_bars"], one["symbols"]) for one in made["resampled"]] == [(2, 2)]


RUN = ("--mode", "backtest", "--frequency", "daily", "--agent", "rule:buy_and_hold", "--no-report", "--json")


def test_a_run_on_the_store_is_the_run_on_the_file(daily: Path, tmp_path: Path):
    imported(daily, tmp_path / "stored")
    file = call(
        *RUN,
        "--prices",
        daily,
        "--adjustment",
        "raw",
        "--volume-unit",
        "lot",
        "--data-dir",
        tmp_path / "file",
    )

    stored = call(*RUN, "--prices", "history:1d", "--data-dir", tmp_path / "stored")

    lives = [
        [(line["date"], line["this_action"], line["positions"]) for line in trail(tmp_path / name)[1:]]
        for name in ("file", "stored")
    ]
    assert (file.code, stored.code) == (0, 0)
    # Nobody said that there were no ex-days.
    assert "history:1d, approximate" in stored.err
    assert "600519.SH" in stored.err
    assert lives[0] == lives[1]
    assert len(lives[0]) > 4


def test_only_the_members_of_the_day_are_bought_and_former_ones_may_be_sold(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)
    lists = tmp_path / "members.csv"
    lists.write_text(MEMBERS)
    call("data", "import", lists, "--data-dir", tmp_path)
    answers = [
        answer(),
        answer(order("buy", 100, "600000.SH")),
        answer(order("buy", 100, "600519.SH"), order("buy", 100, "600000.SH")),
        answer(order("sell", 100, "600000.SH"), order("buy", 100, "600519.SH")),
    ]
    mind = script(tmp_path / "answers.jsonl", answers)

    done = call(
        "--mode", "backtest", "--frequency", "daily", "--prices", "history:1d", "--index", "999999.SH",
        "--agent", mind, "--no-report", "--json", "--data-dir", tmp_path,
    )  # fmt: skip

    bought = [
        (line["date"][:10], line["this_action"]["action"], line["this_action"]["symbol"])
        for line in trail(tmp_path)[1:]
        if line["this_action"]["action"] in ("buy", "sell")
    ]
    assert done.code == 0
    assert bought == [
        ("2025-10-10", "buy", "600000.SH"),
        ("2025-10-13", "buy", "600519.SH"),
        ("2025-10-14", "sell", "600000.SH"),
        ("2025-10-14", "buy", "600519.SH"),
    ]
    assert call("replay", "all", "--data-dir", tmp_path).code == 0
    assert call("verify", "--data-dir", tmp_path).code == 0


@pytest.mark.parametrize("more", [
    ("--prices", "history:5m"),
    ("--prices", "history:60m"),
    ("--prices", "history:1d", "--index", "000300.SH"),
])  # fmt: skip
def test_what_the_store_cannot_give_is_said_in_a_line(daily: Path, tmp_path: Path, more: tuple[str, ...]):
    imported(daily, tmp_path)

    done = call(*RUN, *more, "--data-dir", tmp_path)

    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1


def test_an_index_goes_with_the_store_alone(daily: Path, tmp_path: Path):
    done = call(*RUN, "--prices", daily, "--index", "000016.SH", "--data-dir", tmp_path)

    assert done.code == 2
    assert "history:1d" in done.err


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorNet]:
    """The vendors' twins after the close of their day."""
    moment = datetime(DAY.year, DAY.month, DAY.day, 8, 0, tzinfo=UTC)
    with vendor_twins(tmp_path_factory.mktemp("net"), seeded_market(), lambda: moment) as found:
        yield found


def surroundings(net: VendorNet) -> dict[str, str]:
    return {**net.environment, "NO_PROXY": "", "no_proxy": "", "KAIPAN_DATA_API_KEY": TOKEN}


def download(net: VendorNet, data: Path, *more: str) -> Ran:
    return call_process(
        "data", "download", "--start", f"{DAY.replace(day=1)}", "--end", f"{DAY}", "--data-dir", data,
        "--json", *more, environment=surroundings(net),
    )  # fmt: skip


@pytest.mark.parametrize("source", ["akshare", "tushare"])
@pytest.mark.parametrize("length", ["1d", "60m"])
def test_a_vendors_bars_come_over_its_own_wire(net: VendorNet, tmp_path: Path, source: str, length: str):
    asked = ("--symbols", "600519.SH,000001.SZ", "--frequency", length, "--source", source)

    first, again = (download(net, tmp_path, *asked) for _ in range(2))

    assert first.code == 0, first.out + first.err
    assert set(first.json["stored"]) == {"600519.SH", "000001.SZ"}  # type: ignore[call-overload]
    assert first.json["new_bars"] > 0  # type: ignore[operator]
    assert (again.json["already"], again.json["new_bars"]) == (2, 0)


def test_an_indexs_members_come_with_their_bars_and_facts(net: VendorNet, tmp_path: Path):
    done = download(net, tmp_path, "--index", "999999.SH", "--source", "tushare")

    listed: Any = call("data", "list", "--data-dir", tmp_path, "--json").json
    assert done.code in (0, 1), done.err
    assert listed["indexes"]["999999.SH"]["days"] >= 1
    assert listed["facts"]["instruments"] > 0
    assert listed["facts"]["days"] > 0


def test_a_share_that_was_delisted_is_told_with_its_last_day(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
):
    moment = datetime(DAY.year, DAY.month, DAY.day, 8, 0, tzinfo=UTC)
    market = seeded_market()
    gone = replace(market.listed["600519.SH"], delisted_on=DAY)
    left = replace(market, listed={**market.listed, "600519.SH": gone})
    with vendor_twins(tmp_path_factory.mktemp("left"), left, lambda: moment) as net:
        done = download(net, tmp_path, "--symbols", "600519.SH", "--source", "tushare")

    index = sqlite3.connect(tmp_path / "history" / "history.sqlite3")
    (body,) = (json.loads(row[0]) for row in index.execute("SELECT body FROM described"))
    index.close()
    assert done.code in (0, 1), done.err
    assert body["delisting"]["until"] == f"{DAY - timedelta(days=1)}"


def test_a_list_of_members_cut_short_by_the_vendor_is_not_kept(net: VendorNet, tmp_path: Path):
    # The vendor's market has 17 shares, the index 50.
    done = download(net, tmp_path, "--index", "000016.SH", "--source", "tushare")

    assert done.code == 3
    assert "17 members" in done.err
    assert call("data", "list", "--data-dir", tmp_path, "--json").json["bars"] == []


def test_without_a_network_one_screen_says_what_to_do(tmp_path: Path):
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_PROXY": ""}

    done = call_process(
        "data", "download", "--symbols", "600519.SH", "--start", "2025-10-09", "--end", "2025-10-10",
        "--data-dir", tmp_path, environment=nowhere,
    )  # fmt: skip

    assert done.code == 3, done.err
    assert "push2his.eastmoney.com" in done.out
    assert "HTTPS_PROXY" in done.out
    assert "data import" in done.out
    assert len(done.out.splitlines()) < 25


@pytest.mark.parametrize("wrong", [
    (),
    ("--symbols", "600519"),
    ("--symbols", "600519.SH", "--frequency", "2m"),
    ("--symbols", "600519.SH", "--source", "nobody"),
    ("--symbols", "600519.SH", "--source", "tushare"),
    ("--symbols", "600519.SH", "--end", "2025-01-01"),
])  # fmt: skip
def test_what_cannot_be_asked_for_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: tuple[str, ...]
):
    monkeypatch.delenv("KAIPAN_DATA_API_KEY", raising=False)

    done = call("data", "download", "--start", "2025-10-09", *wrong, "--data-dir", tmp_path)

    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1


def kept(data: Path) -> tuple[dict[str, bytes], dict[str, list[Any]]]:
    """Return what a store holds: the bytes of its files by name, and its index without the moments."""
    store = data / "history"
    files = {path.name: path.read_bytes() for path in store.glob("cn/*/*.parquet")}
    index = sqlite3.connect(store / "history.sqlite3")
    tables = {
        name: sorted(index.execute(f"SELECT {columns} FROM {name}").fetchall())  # Our own names.
        for name, columns in {
            "parts": "digest, market, length, adjustment, volume_unit, source",
            "spans JOIN parts ON part = id": "digest, symbol, first, last, bars",
            **dict.fromkeys(("covered", "described", "actions", "factors", "days"), "*"),
        }.items()
    }
    index.close()
    return files, tables


@pytest.mark.parametrize("parts_before", [1, 2])
def test_a_download_killed_anywhere_and_gone_on_with_is_an_undisturbed_one(
    net: VendorNet, tmp_path: Path, parts_before: int
):
    every = ",".join(list(seeded_market().listed)[:12])
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    asked = (
        "data", "download", "--start", f"{DAY.replace(day=1)}", "--end", f"{DAY}",
        "--symbols", every, "--source", "tushare", "--json",
    )  # fmt: skip
    environment = surroundings(net)
    killed = subprocess.Popen(
        [*PROGRAM, *asked, "--data-dir", str(cut)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    parts = cut / "history" / "cn" / "1d"
    for _ in range(1200):
        if killed.poll() is not None or len(list(parts.glob("*.parquet"))) >= parts_before:
            break
        time.sleep(0.025)
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=30)
    left = len(list(parts.glob("*.parquet")))

    done = call_process(*asked, "--data-dir", cut, environment=environment)
    undisturbed = call_process(*asked, "--data-dir", whole, environment=environment)

    told: Any = json.loads(done.out)
    # Four symbols are asked for together: three parts in all.
    assert left >= parts_before
    assert told["already"] + len(told["stored"]) + len(told["set_aside"]) + len(told["failed"]) == 12
    assert done.code == undisturbed.code
    assert kept(cut) == kept(whole)


@pytest.mark.parametrize("content", [None, b"", "贵州茅台".encode("gbk")])
def test_a_file_that_cannot_be_read_is_named_once_where_it_is_imported(tmp_path: Path, content: bytes | None):
    path = tmp_path / "prices.csv"
    if content is not None:
        path.write_bytes(content)

    done = call("data", "import", path, "--data-dir", tmp_path / "data")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert done.err.startswith(f"{path}:")
    assert done.err.count("prices.csv") == 1
