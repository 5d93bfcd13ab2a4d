"""`rules explain` and `rules check` as a person or another program calls them."""

import json
import re
from pathlib import Path

import pytest

from commands.audit_wording import CATALOGUE as AUDIT_WORDS
from commands.rules_wording import CATALOGUE as RULES_WORDS
from services.rules.cases import CATEGORIES as RULEBOOK_CATEGORIES
from tests.command_line import call

CASES = Path(__file__).parents[3] / "shared/cases/rules_cases.json"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(autouse=True)
def _calendar_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the calendars computed once for all tests here."""
    monkeypatch.setenv("KAIPAN_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


def rows(done: dict[str, object]) -> dict[str, dict[str, object]]:
    listed = done["rows"]
    assert isinstance(listed, list)
    return {row["topic"]: row for row in listed}


def explain(*arguments: object) -> dict[str, object]:
    done = call("rules", "explain", *arguments, "--json")
    assert (done.code, done.err) == (0, "")
    return done.json


def test_every_row_has_its_value_dates_source_and_confidence():
    done = explain("600519.SH", "--on", "2026-11-20", "--prev-close", "1500", "--at", "15:10")

    found = rows(done)
    assert {"board", "timetable", "limit", "lots", "tick", "cage", "sellable", "cash"} <= found.keys()
    assert {"stamp_duty", "transfer_fee", "st_daily_cap", "programmatic", "dividend_tax"} <= found.keys()
    for row in found.values():
        assert row["known"]
        assert row["source"]
        assert row["confidence"] in ("H", "M", "L")
        assert row["since"] <= "2026-11-20" <= row["known_until"]
    assert found["stamp_duty"]["value"] == {"buy": "0", "sell": "0.0005"}
    assert found["stamp_duty"]["since"] == "2023-08-28"
    assert done["known_until"] == "2026-12-31"


def test_the_band_the_fees_and_the_moment_are_worked_out():
    done = explain("600519.SH", "--on", "2026-11-20", "--prev-close", "1500", "--at", "15:10")

    # 1,500.00 x 1.1 and x 0.9; 1,000 shares: commission 2.5 bp, transfer fee 0.001%, stamp duty 0.05%.
    assert done["band"] == {
        "mode": "limited",
        "prev_close": "1500",
        "limit_down": "1350.00",
        "limit_up": "1650.00",
    }
    buy, sell = done["fees_example"]
    assert (buy["commission"], buy["transfer_fee"], buy["stamp_duty"], buy["total"]) == (
        "375.00",
        "15.00",
        "0.00",
        "390.00",
    )
    assert (sell["stamp_duty"], sell["total"]) == ("750.00", "1140.00")
    at = done["at"]
    assert (at["phase"], at["orders"], at["after_hours_orders"], at["matches"]) == (
        "after_hours",
        False,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("arguments", "band"),
    [
        (("600001.SH", "--on", "2026-07-03", "--prev-close", "10", "--name", "*ST测试"), ("9.50", "10.50")),
        (("600001.SH", "--on", "2026-07-06", "--prev-close", "10", "--name", "*ST测试"), ("9.00", "11.00")),
        (("600182.SH", "--on", "2026-09-24", "--prev-close", "12", "--name", "S佳通"), ("11.40", "12.60")),
        (("920001.BJ", "--on", "2026-09-01", "--prev-close", "17.09"), ("11.97", "22.21")),
        (
            ("588000.SH", "--on", "2026-11-20", "--prev-close", "1.003", "--kind", "etf_equity_20"),
            ("0.802", "1.204"),
        ),
    ],
)
def test_names_kinds_and_boards_make_the_band(arguments, band):
    done = explain(*arguments)

    assert (done["band"]["limit_down"], done["band"]["limit_up"]) == band


@pytest.mark.parametrize(
    ("on", "mode"), [("2026-11-20", "unlimited"), ("2026-11-23", None), ("2026-11-16", "unlimited")]
)
def test_the_first_five_trading_days_have_no_limit(on, mode):
    # Listed on Monday 2026-11-16; the fifth trading day is Friday 11-20.
    done = explain("301001.SZ", "--on", on, "--listed-on", "2026-11-16")

    assert (done["band"] or {}).get("mode") == mode


@pytest.mark.parametrize(
    ("arguments", "phase", "orders"),
    [
        (("600519.SH", "--on", "2026-11-20", "--at", "10:00"), "continuous", True),
        (("600519.SH", "--on", "2026-11-20", "--at", "12:00"), "lunch", False),
        (("600519.SH", "--on", "2026-10-01", "--at", "10:00"), "closed", False),
        (("600519.SH", "--on", "2016-01-04", "--at", "14:00"), "closed", False),
        (("600519.SH", "--on", "2016-01-04", "--at", "13:32"), "continuous", True),
        (("161725.SZ", "--on", "2026-11-20", "--at", "15:10"), "closed", False),
        (("AAPL.US", "--on", "2026-11-27", "--at", "13:30"), "closed", False),
        (("AAPL.US", "--on", "2026-11-27", "--at", "12:59"), "continuous", True),
    ],
)
def test_what_is_possible_at_a_time(arguments, phase, orders):
    at = explain(*arguments)["at"]

    assert (at["phase"], at["orders"]) == (phase, orders)


@pytest.mark.parametrize(
    ("symbol", "call"),
    [
        ("688001.SH", {"limit_down": "5.00", "limit_up": "90.00"}),  # 50% and 900% of 10.00
        ("301001.SZ", {"limit_down": None, "limit_up": "90.00"}),
        ("920001.BJ", None),  # unlimited, and what its call takes is not known
    ],
)
def test_the_opening_call_of_an_unlimited_day_has_its_own_range(symbol, call):
    asked = (symbol, "--on", "2026-11-16", "--listed-on", "2026-11-16", "--prev-close", "10")

    assert explain(*asked)["opening_call"] == call
    assert explain(symbol, "--on", "2026-11-16", "--prev-close", "10")["opening_call"] is None


def test_a_person_reads_the_range_of_the_opening_call():
    asked = ("301001.SZ", "--on", "2026-11-16", "--listed-on", "2026-11-16", "--prev-close", "10")
    english, chinese = (call("rules", "explain", *asked, "--lang", lang) for lang in ("en", "zh"))

    assert "90.00" in english.out
    assert "90.00" in chinese.out


@pytest.mark.parametrize(
    ("symbol", "on", "phase"),
    [
        ("508000.SH", "2026-07-03", "continuous"),
        ("508000.SH", "2026-07-06", "close_call"),
        ("180101.SZ", "2026-07-03", "close_call"),
    ],
)
def test_reits_have_the_timetable_of_their_exchange(symbol, on, phase):
    done = explain(symbol, "--on", on, "--at", "14:58")

    assert done["at"]["phase"] == phase
    timetable = [span["phase"] for span in rows(done)["timetable"]["value"]]
    assert ("close_call" in timetable) is (phase == "close_call")


def test_halts_and_call_prices_are_rows():
    found = rows(explain("300750.SZ", "--on", "2026-11-20"))

    assert found["halts"]["value"] == {
        "moves": ["0.30", "0.60"],
        "halt_s": 600,
        "resumes_at_latest": "14:57:00",
    }
    assert found["call_prices"]["value"] == {"opening": {"up": "9.00", "down": None}, "later_ratio": "0.10"}
    assert found["call_prices"]["confidence"] == "M"


def test_us_symbols_have_rules_of_their_own():
    done = explain("AAPL.US", "--on", "2026-11-27")

    found = rows(done)
    assert (done["board"], done["trading_day"], done["early_close"]) == ("US", "open", "13:00:00")
    assert done["band"] == {"mode": "unlimited"}
    assert found["cash"]["value"] == 1
    assert "programmatic" not in found


def test_what_is_not_known_that_early_is_said():
    done = explain("600519.SH", "--on", "2003-05-30", "--at", "10:00")

    assert rows(done)["timetable"]["known"] is False
    assert done["fees_example"] == []
    assert done["at"] == {"at": "10:00:00", "phase": "unknown"}


def test_a_person_reads_that_the_phase_of_an_early_day_is_not_known():
    asked = ("rules", "explain", "600519.SH", "--on", "2006-06-30", "--at", "10:31")

    for lang in ("en", "zh"):
        done = call(*asked, "--lang", lang)
        assert (done.code, "10:31:00" in done.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "assumed"),
    [
        (("510300.SH",), {"kind"}),  # a fund's code does not tell what it holds
        (("510300.SH", "--kind", "etf_equity"), set()),
        (("600519.SH",), {"st", "listing"}),
        (("600519.SH", "--name", "贵州茅台"), {"listing"}),
        (("600519.SH", "--name", "贵州茅台", "--listed-on", "2001-08-27"), set()),
        (("508000.SH",), {"listing"}),  # a first day of its own, no risk warnings
        (("113050.SH",), {"listing"}),
        (("900901.SH",), {"st"}),
        (("AAPL.US",), set()),
    ],
)
def test_facts_that_nobody_stated_are_said_to_be_assumed(arguments, assumed):
    done = explain(*arguments, "--on", "2026-11-20")

    assert {fact for fact in ("kind", "st", "listing") if done[f"{fact}_assumed"]} == assumed


def test_a_person_reads_what_is_assumed_and_how_to_state_it():
    for lang in ("en", "zh"):
        fund = call("rules", "explain", "510300.SH", "--on", "2026-11-20", "--lang", lang).out
        share = call("rules", "explain", "600519.SH", "--on", "2026-11-20", "--lang", lang).out

        assert "--kind" in fund
        assert "--name" in share
        assert "--listed-on" in share


@pytest.mark.parametrize(
    ("symbol", "unknown"),
    [
        ("508000.SH", {"handling_fee", "csrc_levy"}),
        ("113050.SH", {"handling_fee", "csrc_levy"}),
        ("900901.SH", {"stamp_duty", "transfer_fee", "handling_fee", "csrc_levy"}),
        ("510300.SH", set()),
        ("920001.BJ", set()),
    ],
)
def test_a_cost_that_is_not_in_the_book_is_a_row_that_is_not_known(symbol, unknown):
    found = rows(explain(symbol, "--on", "2026-11-20"))

    costs = ("stamp_duty", "transfer_fee", "handling_fee", "csrc_levy")
    assert {topic for topic in costs if not found[topic]["known"]} == unknown


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("600519.SH", "--on", "2027-01-04"), "2026-12-31"),
        (("600519.SH", "--on", "1990-12-19"), "600519.SH"),
        (("600519", "--on", "2026-11-20"), "600519.SH"),
        (("999999.SH", "--on", "2026-11-20"), "999999.SH"),
        (("600519.SH", "--on", "2026-11-20", "--prev-close", "dear"), "--prev-close dear"),
        (("600519.SH", "--on", "2026-11-20", "--prev-close", "0"), "--prev-close 0"),
        (("600519.SH", "--on", "2026-11-20", "--at", "25:00"), "--at 25:00"),
        (("600519.SH", "--on", "2026-11-20", "--kind", "boat"), "--kind boat"),
        (("600519.SH", "--on", "2026-11-20", "--listed-on", "2026-11-23"), "--listed-on"),
        (("600519.SH",), "--on"),
        (("600519.SH", "--on", "soon"), "--on"),
    ],
)
def test_what_cannot_be_explained_is_one_line_and_exit_2(arguments, named):
    done = call("rules", "explain", *arguments)

    assert (done.code, done.out) == (2, "")
    assert named in done.err
    assert len(done.err.splitlines()) == 1


def test_a_person_reads_every_rule_with_its_source():
    asked = ("rules", "explain", "600519.SH", "--on", "2026-11-20", "--prev-close", "1500")

    pages = [call(*asked, "--lang", lang) for lang in ("en", "zh")]

    for page in pages:
        assert page.code == 0
        for told in ("1350.00", "2023-08-28", "2026-12-31", "上证发〔2026〕41号"):
            assert told in page.out
    assert len(CHINESE.findall(pages[1].out)) > 2 * len(CHINESE.findall(pages[0].out))


def test_every_wording_is_there_in_chinese():
    both = {**RULES_WORDS, **AUDIT_WORDS}

    assert all(CHINESE.search(zh) for key, (_, zh) in both.items() if key not in ("holds", "lines"))
    assert not any(CHINESE.search(en) for en, _ in both.values())


@pytest.mark.skipif(not CASES.exists(), reason="the worked cases are not beside this checkout")
def test_the_worked_cases_all_pass():
    done = call("rules", "check", CASES, "--json")

    assert (done.code, done.err) == (0, "")
    got = done.json
    assert (got["cases"], got["passed"], got["failed"], got["unsupported"]) == (139, 139, [], [])
    assert got["results"][0] == {"id": "after_hours-01", "got": {"after_hours_trading": True}}


def cases(folder: Path, *stated: object) -> Path:
    path = folder / "cases.json"
    path.write_text(json.dumps({"cases": stated}), encoding="utf-8")
    return path


RIGHT = {
    "id": "right",
    "category": "lot",
    "input": {"board": "STAR", "side": "buy", "qty": 201},
    "expect": {"valid": True, "reason": "ok"},
}


def test_a_case_that_differs_is_named_with_both_sides(tmp_path: Path):
    wrong = {**RIGHT, "id": "wrong", "expect": {"valid": False, "reason": "below_min"}}
    odd = {**RIGHT, "id": "odd", "category": "weather"}

    done = call("rules", "check", cases(tmp_path, RIGHT, wrong, odd), "--json")

    assert done.code == 1
    got = done.json
    assert got["passed"] == 1
    assert got["failed"] == [
        {"id": "wrong", "expected": wrong["expect"], "got": {"valid": True, "reason": "ok"}}
    ]
    assert got["unsupported"] == ["odd"]
    assert got["results"][2] == {"id": "odd", "got": None}


def test_a_person_reads_which_case_differs(tmp_path: Path):
    done = call(
        "rules", "check", cases(tmp_path, {**RIGHT, "expect": {"valid": False}}, {**RIGHT, "input": 5})
    )

    assert done.code == 1
    assert "right" in done.out


def test_the_example_of_the_documentation_passes(tmp_path: Path):
    page = (Path(__file__).parents[2] / "docs/rules.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "cases.json"
    path.write_text(example, encoding="utf-8")

    done = call("rules", "check", path, "--json")

    assert (done.code, done.json["passed"]) == (0, 2)


def test_every_category_is_documented():
    page = (Path(__file__).parents[2] / "docs/rules.md").read_text(encoding="utf-8")
    table = page.partition("| category |")[2].split("\n\n")[0]
    listed = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}

    assert listed == {*RULEBOOK_CATEGORIES, "calendar"}
    assert len(listed) == 17


@pytest.mark.parametrize("content", ["", "{", "[1", '{"cases": 1}', "[]", '{"cases": []}'])
def test_a_damaged_file_is_one_line_and_exit_2(content, tmp_path: Path):
    path = tmp_path / "damaged.json"
    path.write_text(content)

    done = call("rules", "check", path)

    assert done.code == 2
    assert "damaged.json" in done.err
    assert len(done.err.splitlines()) == 1


def test_options_are_taken_before_the_command_and_after_it(tmp_path: Path):
    file = cases(tmp_path, RIGHT)
    places = (
        ("--json", "rules", "check", file),
        ("rules", "--json", "check", file),
        ("rules", "check", file, "--json"),
    )

    assert [call(*arguments).json["passed"] for arguments in places] == [1, 1, 1]
