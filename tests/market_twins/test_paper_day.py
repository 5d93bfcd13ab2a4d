"""A trading day of `run_live.py --mode paper --frequency hourly` on vendors' twins and a leaping clock."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from services.domain.bars import Panel
from services.market.columns import open_panel
from tests.command_line import ROOT, answer, call, order, script, trail
from tests.market_twins.market import CN
from tests.market_twins.seeded import seeded_market
from tests.market_twins.us_market import NEW_YORK, us_market
from tests.market_twins.wire_tushare import TOKEN

WATCHED = "600519.SH, 601318.SH, 600036.SH, 600900.SH, 300750.SZ, 000001.SZ, 603019.SH, 688981.SH"

ANSWERS = (
    answer(order("buy", 100, "600519.SH"), order("buy", 1000, "000001.SZ"), order("buy", 100, "603019.SH")),
    answer(order("buy", 200, "601318.SH")),
    answer(order("buy", 300, "600036.SH")),
    answer(order("buy", 500, "600900.SH")),
)
"""One a slot. 603019 is sealed at its upper limit; what is asked for at 11:35 waits for 13:00."""

BEFORE_NOON = {"600519.SH": 100, "000001.SZ": 1000}
ALL_DAY = BEFORE_NOON | {"601318.SH": 200, "600036.SH": 300, "600900.SH": 500}

NONE: tuple[str, ...] = ()
YESTERDAY = "yesterday, stamped today"


def noon(host: str, fault: str) -> tuple[str, ...]:
    return ("--spell", host, fault, "12:00")


@dataclass(frozen=True)
class Lived:
    """A day that was lived: the program's end, and where its record lies."""

    code: int
    err: str
    data: Path

    @property
    def outcomes(self) -> list[str]:
        sessions: Any = call("sessions", "--data-dir", self.data, "--json").json["sessions"]
        return [one["outcome"] for one in sessions]

    @property
    def fills(self) -> list[dict[str, Any]]:
        return [line for line in trail(self.data) if line.get("fill_id")]

    @property
    def bought(self) -> dict[str, int]:
        return {line["this_action"]["symbol"]: line["this_action"]["amount"] for line in self.fills}

    @property
    def sources_of_orders(self) -> dict[str, set[tuple[str, str]]]:
        """By slot whose prices the orders went by, and who confirmed them."""
        with closing(sqlite3.connect(self.data / "main" / "journal.sqlite3")) as journal:
            found = journal.execute("SELECT session, body FROM events WHERE step = 'requote'").fetchall()
        return {
            session.split("-")[1]: {
                (one["source"], one["confirmed_by"]) for one in json.loads(body)["quotes"]
            }
            for session, body in found
        }

    @property
    def hosts(self) -> set[str]:
        return set(json.loads(self.err.splitlines()[-1])["asked"])


def run(folder: Path, source: str, twins: tuple[str, ...], *arguments: str) -> CompletedProcess[str]:
    """Run the program on the twins as `twins` has them, in a process of its own and in that folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KAIPAN_")}
    # The library of Yahoo keeps its cookies there.
    inherited["HOME"] = str(folder)
    secret = {"KAIPAN_DATA_API_KEY": TOKEN} if source == "tushare" else {}
    return subprocess.run(
        [sys.executable, "-m", "tests.market_twins.paper_day", *twins, "--", *arguments],
        cwd=folder, env=inherited | secret | {"PYTHONPATH": str(ROOT)},
        capture_output=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip


def live(folder: Path, source: str, spells: tuple[str, ...], sources: str = "") -> Lived:
    """Live the day on a source with the faults of `spells`; `sources` are the usual ones where not told."""
    named = f"{{type: {source}, sources: [{sources}]}}"
    (folder / "own.yaml").write_text(f"watchlist: [{WATCHED}]\ndata_source: {named}\n", encoding="utf-8")
    done = run(
        folder, source, spells,
        "--mode", "paper", "--frequency", "hourly", "--config", "own.yaml", "--data-dir", "data",
        "--cash", "1000000", "--agent", script(folder / "script.jsonl", ANSWERS),
    )  # fmt: skip
    return Lived(done.returncode, done.stderr, folder / "data")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAIPAN_JOURNAL_URL", raising=False)


def whole(data: Path) -> bool:
    """Answer whether the record agrees with itself and every session comes out of it again."""
    verified = call("verify", "--data-dir", data, "--json").json
    replayed = call("replay", "all", "--data-dir", data, "--json").json
    return bool(verified["ok"]) and (replayed["identical"], replayed["differing"]) == (4, [])


@pytest.mark.parametrize(("source", "spells", "hosts"), [
    ("akshare", NONE, {"push2.eastmoney.com", "hq.sinajs.cn"}),
    ("tushare", NONE, {"api.tushare.pro", "hq.sinajs.cn"}),
    ("akshare", noon("*.eastmoney.com", "reset"), {"push2.eastmoney.com", "hq.sinajs.cn", "qt.gtimg.cn"}),
    ("tushare", noon("api.tushare.pro", "http 429"), {"api.tushare.pro", "hq.sinajs.cn", "qt.gtimg.cn"}),
], ids=["akshare", "tushare", "East Money banned", "tushare banned"])  # fmt: skip
def test_a_day_trades_in_all_its_slots(source: str, spells: tuple[str, ...], hosts: set[str], tmp_path: Path):
    lived = live(tmp_path, source, spells)

    assert lived.code == 0, lived.err
    assert lived.outcomes == ["done"] * 4
    assert lived.bought == ALL_DAY
    assert hosts <= lived.hosts
    market = seeded_market()
    for fill in lived.fills:
        at = datetime.fromisoformat(fill["trade_time"]).replace(tzinfo=CN)
        sight = market.sight(fill["this_action"]["symbol"], at)
        assert sight is not None
        # Bought of who sells cheapest; after the close at the close.
        price = sight.last if at.hour == 15 else sight.asks[0].price
        assert Decimal(fill["price"]) == price
    assert whole(lived.data)


def test_after_a_ban_of_twenty_hours_the_vendor_is_asked_again(tmp_path: Path):
    # From 16:00 of the day before until noon.
    lived = live(tmp_path, "akshare", ("--ban", "push2.eastmoney.com", "2026-07-13T16:00"))

    assert lived.code == 0, lived.err
    assert lived.bought == ALL_DAY
    assert lived.sources_of_orders == {
        "1035": {("sina", "tencent")},
        "1135": {("sina", "tencent")},
        "1405": {("eastmoney", "sina")},
        "1505": {("eastmoney", "sina")},
    }
    assert whole(lived.data)


@pytest.mark.parametrize(("source", "frequency", "bars"), [
    ("akshare", "daily", "sina"), ("akshare", "hourly", "sina"), ("tushare", "hourly", "tushare"),
])  # fmt: skip
def test_a_rule_trades_while_east_money_is_banned(source: str, frequency: str, bars: str, tmp_path: Path):
    # From 16:00 of the day before, twenty hours, all its hosts: until noon.
    (tmp_path / "own.yaml").write_text(f"watchlist: [{WATCHED}]\ndata_source: {{type: {source}}}\n")

    done = run(
        tmp_path, source, ("--ban", "*.eastmoney.com", "2026-07-13T16:00"),
        "--mode", "paper", "--frequency", frequency, "--config", "own.yaml", "--data-dir", "data",
        "--cash", "1000000", "--agent", "rule:momentum",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    lived = Lived(done.returncode, done.stderr, tmp_path / "data")
    assert set(lived.outcomes) <= {"done", "no_trade"}
    # The top five, but for what stands sealed at its limit.
    assert len(lived.bought) >= 4
    sources = {panel.source for panel in panels(lived.data)}
    # After noon an hourly session asks East Money again, by one request first.
    assert f"{bars}:history" in sources <= {f"{bars}:history", "akshare+sina:history", "akshare:history"}
    if source == "tushare":
        # No fact and no bar was asked of East Money at all.
        assert {"api.tushare.pro", "hq.sinajs.cn", "vip.stock.finance.sina.com.cn"} <= lived.hosts
        assert not any(host.endswith("eastmoney.com") for host in lived.hosts)
        with closing(sqlite3.connect(lived.data / "main" / "journal.sqlite3")) as journal:
            (body,) = journal.execute("SELECT body FROM events WHERE step = 'facts' ORDER BY seq").fetchone()
        told = json.loads(body)
        assert (told["source"], told["unknown"], told["industries"]["600519.SH"]) == ("tushare", {}, "制造")
        assert [(one["symbol"], one["cash_per_share"]) for one in told["distributions"]] == [
            ("600036.SH", "1.97")
        ]
    replayed = call("replay", "all", "--data-dir", lived.data, "--json").json
    assert replayed["differing"] == []


def test_a_day_of_us_shares_trades_in_all_its_slots(tmp_path: Path):
    (tmp_path / "own.yaml").write_text("watchlist: [AAPL.US, KO.US]\n")
    answers = (answer(order("buy", 100, "AAPL.US")), *[answer()] * 4, answer(order("sell", 40, "AAPL.US")))

    done = run(
        tmp_path, "yahoo", ("--us",),
        "--market", "us", "--mode", "paper", "--frequency", "hourly", "--config", "own.yaml",
        "--data-dir", "data", "--cash", "1000000", "--agent", script(tmp_path / "script.jsonl", answers),
    )  # fmt: skip

    lived = Lived(done.returncode, done.stderr, tmp_path / "data")
    assert lived.code == 0, lived.err
    assert lived.outcomes == ["done", *["no_trade"] * 4, "done"]
    assert [line["this_action"]["amount"] for line in lived.fills] == [100, 40]
    assert {one for pair in lived.sources_of_orders.values() for one in pair} == {("yahoo", "sina_us")}
    market = us_market()
    for fill, towards in zip(lived.fills, (1, -1), strict=True):
        sight = market.sight("AAPL.US", datetime.fromisoformat(fill["trade_time"]).replace(tzinfo=NEW_YORK))
        assert sight is not None
        assert isinstance(sight.last, Decimal)
        # No book is told: a fill is on the last price or on the worse side of it.
        assert 0 <= (Decimal(fill["price"]) - sight.last) * towards <= sight.last / 500
    assert {"query2.finance.yahoo.com", "hq.sinajs.cn"} <= lived.hosts
    assert call("verify", "--data-dir", lived.data, "--json").json["ok"]
    assert call("replay", "all", "--data-dir", lived.data, "--json").json["differing"] == []


def panels(data: Path) -> list[Panel]:
    """Return the bars that the sessions went by."""
    return [open_panel(path.parent, path.stem) for path in (data / "panels").rglob("*.panel")]


@pytest.mark.parametrize(("spells", "sources", "outcomes", "bought"), [
    (noon("*", "reset"), "", ["failed", "failed"], BEFORE_NOON),
    # What was so at 11:30 is no price of 13:00, though no time of trading has passed since.
    (noon("*", "stale"), "", ["no_trade", "no_trade"], BEFORE_NOON),
    # Where one of two contradicts the other there is no third to settle it.
    (noon("*.eastmoney.com", YESTERDAY), "eastmoney, sina", ["no_trade", "no_trade"], BEFORE_NOON),
], ids=["every vendor bans", "every vendor stands still", "yesterday under today's stamp"])  # fmt: skip
def test_no_order_goes_by_prices_nobody_can_vouch_for(
    spells: tuple[str, ...], sources: str, outcomes: list[str], bought: dict[str, int], tmp_path: Path
):
    lived = live(tmp_path, "akshare", spells, sources)

    assert lived.code == 0, lived.err
    assert lived.outcomes == ["done", "done", *outcomes]
    assert lived.bought == bought
    assert whole(lived.data)


def test_quotes_are_told_with_the_gates_verdict(tmp_path: Path):
    asked = ("600519.SH", "300750.SZ", "688981.SH", "603019.SH", "688012.SH", "002415.SZ")

    done = run(tmp_path, "akshare", ("--at", "10:35"), "quotes", *asked, "--json", "--data-dir", "data")

    assert done.returncode == 0, done.stderr
    told = {one["symbol"]: one for one in json.loads(done.stdout)["symbols"]}
    assert [told[symbol]["tradable"] for symbol in asked] == [True, True, True, True, False, False]
    # 1450.00 less and more a tenth, 380.20 and 120.40 a fifth.
    assert [(told[symbol]["limit_down"], told[symbol]["limit_up"]) for symbol in asked[:3]] == [
        ("1305.0", "1595.0"), ("304.16", "456.24"), ("96.32", "144.48"),
    ]  # fmt: skip
    assert {told[symbol]["confirmed_by"] for symbol in asked[:4]} == {"sina"}
    assert (told["603019.SH"]["asks"], told["603019.SH"]["sealed"] != "") == ([], True)
    assert [told[symbol]["flaw"] for symbol in asked[4:]] == ["suspended", "halted"]
