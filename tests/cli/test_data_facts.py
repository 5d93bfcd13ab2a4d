"""Facts and ex-days that a person declares, and how what was wrong is taken back."""

import json
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.domain.bars import CorporateAction
from services.domain.instruments import Instrument, Span, Symbol
from services.history.descriptions import Described
from services.history.index import Index
from services.history.spans import Days
from services.history.tables import FactTables
from tests.cli.test_data_command import daily as daily
from tests.cli.test_data_command import imported
from tests.command_line import call

pytest.importorskip("pyarrow", reason="the store needs the extra parquet")

ONE, TWO = Symbol("600000.SH"), Symbol("600519.SH")
OCTOBER = ["2025-10-01", "2025-10-31"]
RUN = (
    "--mode",
    "backtest",
    "--frequency",
    "daily",
    "--agent",
    "rule:buy_and_hold",
    "--no-report",
    "--prices",
    "history:1d",
)


def meta(daily: Path, **told: object) -> None:
    daily.with_name(f"{daily.name}.meta.json").write_text(json.dumps(told))


def facts_file(folder: Path, **told: object) -> Path:
    path = folder / "facts.json"
    path.write_text(json.dumps(told))
    return path


def tables(data: Path) -> FactTables:
    return FactTables(Index(data / "history"))


def dividend(day: str, symbol: str = ONE) -> dict[str, object]:
    return {"symbol": symbol, "ex_date": day, "cash_per_share": "0.5"}


def ex_days(data: Path) -> list[tuple[str, str]]:
    return [(one.symbol, str(one.ex_date)) for one in tables(data).actions()]


def test_an_ex_day_put_right_in_the_file_beside_replaces_the_wrong_one(daily: Path, tmp_path: Path):
    meta(daily, actions=[dividend("2025-10-10"), dividend("2025-10-13", TWO)])
    imported(daily, tmp_path)
    meta(daily, actions=[dividend("2025-10-13")])

    imported(daily, tmp_path)

    assert ex_days(tmp_path) == [(ONE, "2025-10-13")]


def test_bars_that_contradict_the_store_bring_no_facts(daily: Path, tmp_path: Path):
    imported(daily, tmp_path)
    other = tmp_path / "other.csv"
    other.write_text(daily.read_text().replace(",10.1,", ",10.2,"))
    meta(other, instruments={ONE: {"listed_on": "1999-11-10"}}, actions=[dividend("2025-10-10")])

    done = imported(other, tmp_path)

    assert done.code == 2
    assert (tables(tmp_path).described(), ex_days(tmp_path)) == ({}, [])


@pytest.mark.parametrize(
    "where", ["services.history.store.note_covered", "services.history.tables.FactTables.describe"]
)
def test_an_import_cut_off_before_its_commit_leaves_neither_bars_nor_facts(
    daily: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    meta(daily, instruments={ONE: {"st": [{"since": "2025-10-01"}]}})

    def cut_off(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(where, cut_off)
        imported(daily, tmp_path)

    listed: Any = call("data", "list", "--data-dir", tmp_path, "--json").json
    assert (listed["bars"], tables(tmp_path).described()) == ([], {})


def test_a_suspension_that_a_person_declares_is_not_missed_in_a_run(daily: Path, tmp_path: Path):
    lines = daily.read_text().splitlines(keepends=True)
    daily.write_text("".join(line for line in lines if not line.startswith(f"{ONE},20251014")))
    imported(daily, tmp_path)
    run = (*RUN, "--start", "2025-10-09", "--end", "2025-10-14", "--data-dir", tmp_path)
    halt = {"suspended": [{"since": "2025-10-14", "until": "2025-10-17"}]}

    refused = call(*run)
    brought = call(
        "data", "import", facts_file(tmp_path, days=OCTOBER, instruments={ONE: halt}), "--data-dir", tmp_path
    )
    done = call(*run)

    assert refused.code == 2
    assert "data import" in refused.err
    assert (brought.code, done.code) == (0, 0)
    (told,) = tables(tmp_path).described()[ONE]
    assert (told.days, told.instrument.suspended) == (
        Days(date(2025, 10, 1), date(2025, 10, 31)),
        (Span(since=date(2025, 10, 14), until=date(2025, 10, 17)),),
    )


def test_facts_of_files_are_replaced_and_those_of_a_vendor_stay(tmp_path: Path):
    whole = Days(date(2025, 10, 1), date(2025, 10, 31))
    theirs = Instrument(symbol=ONE, name="浦发银行", listed_on=date(1999, 11, 10))
    mine = Instrument(symbol=TWO, name="贵州茅台", listed_on=date(2001, 8, 27))
    tables(tmp_path).describe(
        [
            Described(instrument=theirs, industry="", source="tushare", days=whole),
            Described(instrument=mine, industry="", source="file:old.csv", days=whole),
        ]
    )
    path = facts_file(
        tmp_path, days=OCTOBER, instruments={one: {"listed_on": "2000-01-04"} for one in (ONE, TWO)}
    )

    done = call("data", "import", path, "--data-dir", tmp_path, "--json")

    found = {symbol: one.instrument.listed_on for symbol, (one,) in tables(tmp_path).described().items()}
    told: Any = done.json
    assert found == {ONE: date(1999, 11, 10), TWO: date(2000, 1, 4)}
    assert told["imported"][0]["stays"] == [ONE]


def test_facts_beside_a_price_file_fill_the_days_of_which_a_vendor_told_nothing(daily: Path, tmp_path: Path):
    early = Days(date(2025, 10, 1), date(2025, 10, 10))
    theirs = Instrument(symbol=ONE, listed_on=date(1999, 11, 10))
    tables(tmp_path).describe([Described(instrument=theirs, industry="", source="tushare", days=early)])
    meta(daily, instruments={ONE: {"listed_on": "2000-01-04"}})

    imported(daily, tmp_path)

    found = [(one.days.first, one.source) for one in tables(tmp_path).described()[ONE]]
    assert found == [(date(2025, 10, 1), "tushare"), (date(2025, 10, 11), "file:daily.csv")]


def test_a_file_of_facts_cut_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = facts_file(
        tmp_path,
        days=OCTOBER,
        instruments={ONE: {"listed_on": "1999-11-10"}},
        actions=[dividend("2025-10-10")],
    )

    def cut_off(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("services.history.tables.FactTables.name_actions", cut_off)
        call("data", "import", path, "--data-dir", tmp_path)

    assert tables(tmp_path).described() == {}


def test_a_rights_issue_is_declared_without_bars(tmp_path: Path):
    rights = {"symbol": ONE, "ex_date": "2025-10-10", "rights_per_share": "0.3", "rights_price_cny": "5"}

    done = call(
        "data", "import", facts_file(tmp_path, days=OCTOBER, actions=[rights]), "--data-dir", tmp_path
    )

    assert done.code == 0
    assert ex_days(tmp_path) == [(ONE, "2025-10-10")]


@pytest.mark.parametrize("told", [
    {"instruments": {ONE: {}}},                                        # no days
    {"days": ["2025-10-31", "2025-10-01"]},                            # the wrong way round
    {"days": OCTOBER, "instruments": {"600000": {}}},                  # no symbol
    {"days": OCTOBER, "instruments": {ONE: {"listed": "1999-11-10"}}},  # no key
    {"days": OCTOBER, "actions": [dividend("tomorrow")]},
    {"days": OCTOBER, "bars": []},
    # What the file put right could not take back, and what would be lost without a word.
    {"days": OCTOBER, "actions": [dividend("2025-10-10"), dividend("2025-11-03")]},
    {"days": OCTOBER, "instruments": {ONE: {"suspended": [{"since": "2025-10-17", "until": "2025-10-13"}]}}},
    {"days": OCTOBER, "instruments": {ONE: {"st": [{"since": "2025-01-02", "until": "2025-09-30"}]}}},
    {"days": OCTOBER, "instruments": {ONE: {"suspended": [{"since": "2025-11-03"}]}}},
    {"days": OCTOBER, "instruments": {ONE: {"delisting": {"since": "2025-10-17", "until": "2025-10-13"}}}},
])  # fmt: skip
def test_a_file_of_facts_that_is_none_is_refused_in_a_line_that_names_it(
    tmp_path: Path, told: dict[str, object]
):
    path = facts_file(tmp_path, **told)

    done = call("data", "import", path, "--data-dir", tmp_path)

    assert done.code == 2
    assert str(path) in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert (tables(tmp_path).described(), ex_days(tmp_path)) == ({}, [])


@pytest.mark.parametrize(("told", "key"), [
    ({"actions": [dividend("2025-10-10"), dividend("2025-11-03")]}, r"actions[1]"),
    ({"instruments": {ONE: {"suspended": [{"since": "2025-10-17", "until": "2025-10-13"}]}}},
     f"instruments.{ONE}.suspended"),
    ({"instruments": {ONE: {"st": [{"since": "2025-01-02", "until": "2025-09-30"}]}}},
     f"instruments.{ONE}.st[0]"),
])  # fmt: skip
def test_what_a_file_of_facts_says_of_other_days_is_refused_with_its_key(
    tmp_path: Path, told: dict[str, object], key: str
):
    done = call("data", "import", facts_file(tmp_path, days=OCTOBER, **told), "--data-dir", tmp_path)

    assert done.code == 2
    assert key in done.err


def test_a_suspension_that_began_before_the_days_of_a_file_is_told_of_these_days(tmp_path: Path):
    halt = {"suspended": [{"since": "2025-09-01", "until": "2025-10-13"}]}

    done = call(
        "data", "import", facts_file(tmp_path, days=OCTOBER, instruments={ONE: halt}), "--data-dir", tmp_path
    )

    assert done.code == 0
    (told,) = tables(tmp_path).described()[ONE]
    assert told.instrument.suspended == (Span(since=date(2025, 10, 1), until=date(2025, 10, 13)),)


def test_a_span_that_ends_before_it_begins_is_refused_beside_bars_too(daily: Path, tmp_path: Path):
    meta(daily, instruments={ONE: {"suspended": [{"since": "2025-10-17", "until": "2025-10-13"}]}})

    done = imported(daily, tmp_path)

    assert done.code != 0
    assert tables(tmp_path).described() == {}


def test_a_file_of_facts_that_is_not_there_is_refused_in_a_line(tmp_path: Path):
    done = call("data", "import", tmp_path / "absent.json", "--data-dir", tmp_path)

    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1


def filled(data: Path) -> None:
    whole = Days(date(2025, 10, 1), date(2025, 10, 31))
    for symbol in (ONE, TWO):
        facts = Instrument(symbol=symbol, listed_on=date(1999, 11, 10))
        tables(data).describe([Described(instrument=facts, industry="", source="x", days=whole)])
        action = CorporateAction(symbol=symbol, ex_date=date(2025, 10, 10))
        tables(data).keep_actions(symbol, whole, [action], "x")
        tables(data).keep_factors(symbol, whole, {whole.first: action.cash_per_share + 1}, "x")


@pytest.mark.parametrize(("named", "left"), [(("--symbols", ONE), [TWO]), (("--all",), [])])
def test_facts_are_taken_away_of_those_named(tmp_path: Path, named: tuple[str, ...], left: list[str]):
    filled(tmp_path)

    done = call("data", "remove", "--facts", *named, "--data-dir", tmp_path, "--json")

    index = sqlite3.connect(tmp_path / "history" / "history.sqlite3")
    there = [
        [row[0] for row in index.execute(f"SELECT DISTINCT symbol FROM {table}")]  # Our own names.
        for table in ("described", "actions", "factors", "covered")
    ]
    index.close()
    assert done.json["removed_facts"] == 2 - len(left)
    assert there == [left] * 4


def test_members_of_an_index_are_taken_away(tmp_path: Path):
    lists, stays = tmp_path / "members.csv", tmp_path / "stays.csv"
    lists.write_text(
        "index_code,con_code,trade_date\n999999.SH,600000.SH,20250930\n999998.SH,600000.SH,20250930\n"
    )
    stays.write_text("index_code,con_code,in_date,out_date\n999999.SH,600000.SH,20200615,\n")
    call("data", "import", lists, stays, "--data-dir", tmp_path)

    done = call("data", "remove", "--members", "999999.SH", "--data-dir", tmp_path, "--json")

    # One list and one span.
    assert done.json["removed_members"] == 2
    assert (list(tables(tmp_path).indexes()), tables(tmp_path).stays("999999.SH")) == (["999998.SH"], ())


@pytest.mark.parametrize("named", [
    ("--facts",),
    ("--facts", "--symbols", ONE, "--all"),
    ("--facts", "--symbols", ONE, "--frequency", "1d"),
    ("--members", "999999.SH", "--all"),
    ("--members", "999999.SH", "--symbols", ONE),
    ("--members", "999999.SH", "--facts", "--all"),
])  # fmt: skip
def test_nothing_is_removed_where_too_much_or_too_little_is_named(tmp_path: Path, named: tuple[str, ...]):
    filled(tmp_path)

    done = call("data", "remove", *named, "--data-dir", tmp_path)

    assert done.code == 2
    assert len(tables(tmp_path).described()) == 2


def test_two_files_of_which_nobody_said_how_they_are_adjusted_are_not_joined(daily: Path, tmp_path: Path):
    head, *lines = daily.read_text().splitlines()
    for name, days in (("one", ("20251009", "20251010")), ("two", ("20251013", "20251014"))):
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join([head, *(line for line in lines if line.split(",")[1] in days)]) + "\n")
        call("data", "import", path, "--volume-unit", "lot", "--data-dir", tmp_path)

    done = call(*RUN, "--data-dir", tmp_path)
    made = call("data", "resample", "--from", "1d", "--to", "1w", "--data-dir", tmp_path)

    assert (done.code, made.code) == (2, 2)
    assert "file:one.csv" in done.err
    assert "--adjustment" in done.err


def test_one_file_that_grew_is_joined_with_itself(daily: Path, tmp_path: Path):
    whole = daily.read_text()
    for text in ("".join(line for line in whole.splitlines(keepends=True) if "20251014" not in line), whole):
        daily.write_text(text)
        call("data", "import", daily, "--volume-unit", "lot", "--data-dir", tmp_path)

    assert call(*RUN, "--data-dir", tmp_path).code == 0
