"""`quotes`: what each source says, what the gate makes of it, and what to do without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.clock import VirtualClock
from services.domain.instruments import Facts, Instrument, Symbol
from services.market.feeds.breaker import HostState, Standing
from services.market.feeds.host_registry import HostRegistry
from services.market.raw_quotes import RawQuote, RawQuotes
from services.ports import PriceFault
from services.settings import Settings
from tests.command_line import Ran, call
from tests.unit.raw_market import FakeFeed, clock_at, raw
from tests.unit.test_vendor_source import Rest

MOUTAI, CATL, SMIC = "600519.SH", "300750.SZ", "688981.SH"
NOW = clock_at("10:35:01")


def fine(symbol: Symbol, now: datetime) -> RawQuote:
    return replace(raw(symbol), stamped_at=now - timedelta(seconds=3))


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the vendors say, by name; a PriceFault is one that says nothing."""
    says: dict[str, Any] = dict.fromkeys(("eastmoney", "sina", "tencent"), fine)

    class Feed(FakeFeed):
        async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
            if isinstance(said := says[self.name], PriceFault):
                raise said
            return await super().quotes(symbols)

        def host_states(self) -> tuple[HostState, ...]:
            resting = isinstance(says[self.name], PriceFault)
            standing = Standing.RESTING if resting else Standing.SERVING
            return (HostState(host=f"{self.name}.example", standing=standing, why="HTTP 403"),)

    def feeds(settings: Settings, clock: VirtualClock, _hosts: HostRegistry) -> tuple[Feed, ...]:
        names = settings.data_source.sources or ("eastmoney", "sina", "tencent")
        return tuple(
            Feed(name, clock, lambda symbol, now, name=name: says[name](symbol, now), takes_s=0.0)
            for name in names
        )

    monkeypatch.setattr("commands.quotes.feeds_for", feeds)
    monkeypatch.setattr("commands.quotes.bars_and_facts", lambda *_around: Rest(says.get("facts", Facts())))
    monkeypatch.setattr("services.clock.SystemClock", lambda: VirtualClock(NOW))
    return says


def test_quotes_are_judged_by_the_facts_of_the_day(vendors: dict[str, Any]):
    """Both sources state a fifth where the share, listed long ago, moves a tenth."""
    wide = {"limits": ("8.00", "12.00")}
    for name in ("eastmoney", "sina", "tencent"):
        vendors[name] = lambda symbol, now: replace(raw(symbol, **wide), stamped_at=now)
    before = told(call("quotes", MOUTAI, "--json"))

    vendors["facts"] = Facts(instruments=(Instrument(symbol=Symbol(MOUTAI), listed_on=date(2001, 8, 27)),))
    after = told(call("quotes", MOUTAI, "--json"))

    assert [one[0]["flaw"] for one in (before, after)] == [None, "limits_disagree"]


def test_where_the_facts_cannot_be_told_it_says_so(vendors: dict[str, Any]):
    vendors["facts"] = None

    done = call("quotes", MOUTAI, "--json")

    assert (done.code, told(done)[0]["tradable"]) == (0, True)
    assert "none" in done.json["no_facts"]
    assert "none" in call("quotes", MOUTAI).out


def test_five_levels_a_side_are_shown(vendors: dict[str, Any]):
    bids = tuple((f"9.9{9 - level}", 100 * (level + 1)) for level in range(6))

    def deep(symbol: Symbol, now: datetime) -> RawQuote:
        return replace(raw(symbol, bids=bids), stamped_at=now)

    vendors["eastmoney"] = deep
    shown = call("quotes", MOUTAI).out

    assert all(f"{price}×{shares}" in shown for price, shares in bids[:5])
    assert f"{bids[5][0]}×" not in shown


def told(done: Ran) -> list[dict[str, Any]]:
    found = done.json["symbols"]
    assert isinstance(found, list)
    return found


def test_each_symbol_has_its_price_limits_book_age_source_and_verdict(vendors: dict[str, Any]):
    done = call("quotes", MOUTAI, CATL, SMIC, "--json")

    assert done.code == 0
    first = told(done)[0]
    assert [one["symbol"] for one in told(done)] == [MOUTAI, CATL, SMIC]
    assert (first["last"], first["prev_close"]) == ("10.00", "10.00")
    assert (first["limit_down"], first["limit_up"]) == ("9.00", "11.00")
    assert (first["bids"], first["asks"]) == ([["9.99", 50_000]], [["10.01", 50_000]])
    assert (first["age_s"], first["source"], first["confirmed_by"]) == (3.0, "eastmoney", "sina")
    assert (first["tradable"], first["flaw"], first["why"]) == (True, None, "")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("source", [None, "all", "sina"])
def test_a_person_gets_a_table(vendors: dict[str, Any], lang: str, source: str | None):
    done = call("quotes", MOUTAI, SMIC, "--lang", lang, *(() if source is None else ("--source", source)))

    rows = [line for line in done.out.splitlines() if line.startswith((MOUTAI, SMIC))]
    prices = [row for row in rows if "10.00" in row and "9.00-11.00" in row and "9.99×50000" in row]
    # With `all` what each of the three says of the two, and a line with the verdict on each.
    assert (len(prices), len(rows)) == ((6, 8) if source == "all" else (2, 2))
    assert done.code == 0


def test_one_source_alone_is_asked_by_name_and_confirmed_by_nobody(vendors: dict[str, Any]):
    found = call("quotes", MOUTAI, "--source", "tencent", "--json")

    (one,) = told(found)
    assert (one["source"], one["tradable"], one["flaw"]) == ("tencent", False, "unchecked")
    assert [by["flaw"] for by in one["by_source"]] == [None]


@pytest.mark.parametrize(("spoil", "flaw", "rule"), [
    ({"last_cny": Decimal("10.50")}, "last_differs", "quote_disagrees"),
    ({"prev_close_cny": Decimal("9.99"), "limit_up_cny": None, "limit_down_cny": None},
     "prev_close_differs", "quote_disagrees"),
])  # fmt: skip
def test_a_symbol_the_gate_bars_tells_by_which_rule_and_with_which_numbers(
    vendors: dict[str, Any], spoil: dict[str, Any], flaw: str, rule: str
):
    vendors["sina"] = lambda symbol, now: replace(fine(symbol, now), **spoil)

    (one,) = told(call("quotes", MOUTAI, "--json"))
    text = call("quotes", MOUTAI).out

    assert (one["tradable"], one["flaw"], one["rule"]) == (False, flaw, rule)
    assert f"[{flaw}]" in text
    assert all(str(number) in text for number in spoil.values() if number is not None)


def test_a_sealed_board_is_told(vendors: dict[str, Any]):
    def sealed(symbol: Symbol, now: datetime) -> RawQuote:
        up = raw(symbol, last="11.00", bids=(("11.00", 900),), asks=())
        down = raw(symbol, last="9.00", bids=(), asks=(("9.00", 900),))
        return replace(up if symbol == MOUTAI else down, stamped_at=now)

    vendors.update(dict.fromkeys(vendors, sealed))

    up, down = told(call("quotes", MOUTAI, CATL, "--json"))

    assert (up["sealed"], down["sealed"], up["tradable"]) == ("up", "down", True)
    assert call("quotes", MOUTAI).out != call("quotes", CATL).out


def test_a_source_that_fails_is_named_and_the_others_go_on(vendors: dict[str, Any]):
    vendors["eastmoney"] = PriceFault("eastmoney", "HTTP 403")

    done = call("quotes", MOUTAI, "--json")
    text = call("quotes", MOUTAI).out

    assert (done.code, told(done)[0]["source"], told(done)[0]["confirmed_by"]) == (0, "sina", "tencent")
    assert done.json["faults"] == {"eastmoney": "eastmoney: HTTP 403"}
    assert [one["host"] for one in done.json["hosts"]] == ["eastmoney.example"]  # type: ignore[union-attr,index,call-overload]  # A list.
    assert text.count("HTTP 403") == 2


def test_a_symbol_without_a_quote_tells_what_each_source_said(vendors: dict[str, Any]):
    vendors.update(
        dict.fromkeys(vendors, lambda symbol, now: fine(symbol, now) if symbol == MOUTAI else "no such share")
    )

    _, missing = told(call("quotes", MOUTAI, CATL, "--json"))

    assert (missing["tradable"], missing["flaw"], missing["last"]) == (False, "missing", None)
    assert missing["why"].count("no such share") == 3
    assert CATL in call("quotes", MOUTAI, CATL).out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_a_network_one_screen_names_hosts_variables_and_alternatives(
    vendors: dict[str, Any], monkeypatch: pytest.MonkeyPatch, lang: str
):
    vendors.update({name: PriceFault(name, "cannot be reached") for name in vendors})
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hush-hush@proxy.example:8080")
    monkeypatch.delenv("NO_PROXY", raising=False)

    done = call("quotes", MOUTAI, "--lang", lang)
    as_json = call("quotes", MOUTAI, "--lang", lang, "--json")

    assert (done.code, as_json.code) == (3, 3)
    lines = done.out.splitlines()
    assert len(lines) <= 24
    for name in ("vendor.example", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "KAIPAN_DATA_API_KEY"):
        assert name in done.out
    for way_out in ("--prices", "--demo", "data_source.sources", "doctor"):
        assert way_out in done.out
    assert "hush-hush" not in done.out + as_json.out
    assert as_json.json["advice"] == lines


@pytest.mark.parametrize(("asked", "named"), [
    (("600519",), "600519.SH"),  # What was probably meant.
    ((MOUTAI, "--source", "sinaa"), "sinaa"),
])  # fmt: skip
def test_a_slip_is_one_line_that_says_what_there_is(
    vendors: dict[str, Any], asked: tuple[str, ...], named: str
):
    done = call("quotes", *asked)

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert named in done.err


@pytest.mark.parametrize(("config", "code", "named"), [
    ("data_source: {type: nobody}", 3, "nobody"),
    ("data_source: {sources: [sina]}", 2, "data_source.sources"),
    ("data_source: {type: tushare}", 2, "KAIPAN_DATA_API_KEY"),
])  # fmt: skip
def test_a_configuration_without_prices_one_could_believe_is_one_line(
    tmp_path: Any, config: str, code: int, named: str
):
    (tmp_path / "own.yaml").write_text(config, encoding="utf-8")

    done = call("quotes", MOUTAI, "--config", "own.yaml")
    run = call("--once", "--config", "own.yaml", "--data-dir", tmp_path / "data")

    for one in (done, run):
        assert (one.code, len(one.err.splitlines())) == (code, 1)
        assert named in one.err
    assert not (tmp_path / "data").exists()
