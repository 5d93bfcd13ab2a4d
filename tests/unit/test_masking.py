from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.mask_codes import NoCode, stand_in
from agents.masked_agent import MaskedAgent
from agents.masked_briefing import masked_briefing
from agents.masked_prices import PriceMask, price_masks
from agents.masking import NEUTRAL_YEAR, Mask, answer_text, mask_of, unmasked_answer
from agents.page import row_of
from agents.parsing import parse
from agents.shape import Shape
from services.domain.bars import CorporateAction
from services.domain.book import Book, OpenOrder
from services.domain.decision import BadAnswer, Briefing, Decision, RawAnswer, Reads
from services.domain.events import Halt, HaltCause
from services.domain.instruments import Board, Instrument, Symbol
from services.domain.orders import (
    Intent,
    LimitUse,
    OrderId,
    Origin,
    Refusal,
    Rule,
    SessionId,
    Side,
)
from services.domain.past import PastOrder, PastSession
from services.domain.quotes import Level, Quote, VendorSnapshot
from services.ports import AgentFault
from services.rules import rules_of
from tests.reading_mind import ReadingMind, run_reading
from tests.replay.finished import settings_in
from tests.unit.agents_market import DAYS, Setting, holding, panel_of

SHARED = Path(__file__).parents[2] / "../shared/data/astock-2025"
REAL = ("600519.SH", "000858.SZ", "300750.SZ", "688981.SH", "510300.SH", "920001.BJ")
NAMES = ("贵州茅台", "五粮液", "宁德时代", "中芯国际", "沪深300ETF", "某北交所")
CLOSES = {
    "600519.SH": [1450.00, 1462.51, 1455.03, 1470.11, 1466.67],
    "000858.SZ": [121.30, 122.01, 120.95, 121.77, 123.00],
    "300750.SZ": [380.10, 384.55, 379.99, 391.20, 402.00],
    "688981.SH": [128.88, 130.10, 131.45, 127.77, 129.90],
    "510300.SH": [4.612, 4.633, 4.598, 4.641, 4.655],
    "920001.BJ": [12.34, 12.50, 12.41, 12.62, 12.55],
}


def mentioned(day: date) -> PastSession:
    """A session whose every word names something real."""
    return PastSession(
        session=SessionId("20251010-0935-main-live"),
        day=day,
        slot=f"{day.isoformat()} 09:35",
        equity_cny=Decimal("98765.43"),
        said="贵州茅台 600519.SH looks cheap on 2025-10-10",
        reason="五粮液 fell on 2025-10-10",
        orders=(
            PastOrder(
                symbol=Symbol("600519.SH"),
                side=Side.SELL,
                shares=100,
                why="贵州茅台 at 1462.51",
                origin=Origin.DECISION,
                filled=100,
                amount_cny=Decimal("146251.00"),
                fees_cny=Decimal("41.13"),
                realised_cny=Decimal("321.45"),
            ),
        ),
        refused=(
            Refusal(
                symbol="000858.SZ", side=Side.BUY, shares=100, rule=Rule.CASH,
                reason="000858.SZ 五粮液 costs 12201.00",
            ),
        ),
    )  # fmt: skip


def rich(**changes: object) -> Setting:
    """A session in which everything that a briefing can hold is there."""
    panel = panel_of(CLOSES, names=NAMES)
    actions = (
        CorporateAction(symbol=Symbol("000858.SZ"), ex_date=DAYS[1], cash_per_share=Decimal("2.58")),
        CorporateAction(symbol=Symbol("000858.SZ"), ex_date=DAYS[4], cash_per_share=Decimal("7.77")),
    )
    panel = replace(panel, actions=actions, prev_close=np.roll(panel.close, 1, axis=0))
    setting = Setting(
        panel=panel,
        day=DAYS[3],
        reads=Reads.TEXT,
        instruments={
            Symbol(symbol): Instrument(symbol=Symbol(symbol), name=name, issue_price_cny="31.39")
            for symbol, name in zip(REAL, NAMES, strict=True)
        },
        book=Book(
            cash_cny=Decimal("54321.98"),
            lots=(holding("600519.SH", 100, DAYS[1], "146251.00"), holding("510300.SH", 700, DAYS[3])),
            open_orders=(
                OpenOrder(
                    order_id=OrderId("A" * 20), symbol=Symbol("300750.SZ"), side=Side.BUY, shares=100,
                    filled=0, limit_cny=Decimal("391.20"), frozen_cny=Decimal("39125.00"),
                ),
            ),
            sold_cny=Decimal("0.00"),
        ),
        equity_cny=Decimal("204590.68"),
        past=(mentioned(DAYS[1]),),
        halts=(Halt(symbol="688981.SH", why="中芯国际 differs at the broker", cause=HaltCause.PERSON),),
        limits=(
            LimitUse(rule=Rule.ORDER_CNY, used=Decimal("12345.00"), allowed=Decimal("30000")),
            LimitUse(rule=Rule.ORDER_COUNT, used=Decimal(1), allowed=Decimal(20), subject="day"),
            LimitUse(rule=Rule.POSITION_RATIO, used=Decimal("0.71"), allowed=Decimal(1), subject="600519.SH"),
            LimitUse(rule=Rule.SECTOR, used=Decimal("0.71"), allowed=Decimal("0.9"), subject="白酒"),
        ),
    )  # fmt: skip
    return replace(setting, **changes)  # type: ignore[arg-type]  # Any field of it.


def hidden(briefing: Briefing, seed: int = 7, lang: str = "en") -> tuple[Mask, Briefing]:
    mask = mask_of(briefing, seed)
    return mask, masked_briefing(mask, briefing, lang, Shape())


def real_words(briefing: Briefing) -> set[str]:
    """Return every symbol, code, name, date and session that the real session can be recognised by."""
    words: set[str] = set()
    for symbol in {*briefing.watchlist, *briefing.book.holdings()}:
        words |= {symbol, symbol.partition(".")[0]}
        quote = briefing.snapshot.get(symbol)
        names = {quote.name if quote else "", getattr(briefing.instruments.get(symbol), "name", "")}
        words |= {part for name in names for part in (name, *name.split()) if len(part) > 1}
    panel = briefing.history.panel if briefing.history else None
    days = {briefing.slot.day} | {one.day for one in briefing.past}
    days |= {date.fromordinal(day) for day in panel.days.tolist()} if panel is not None else set()
    for day in days:
        words |= {day.isoformat(), f"{day:%Y%m%d}", f"{day.year}-"}
    return words | {briefing.session}


def survivors(briefing: Briefing, text: str) -> set[str]:
    return {word for word in real_words(briefing) if word in text}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_symbol_name_date_or_word_of_the_session_survives(lang: str):
    briefing = rich(lang=lang).brief()

    _, masked = hidden(briefing, lang=lang)

    # The search finds all of them in what is not masked, so it would find them here.
    assert len(survivors(briefing, briefing.text)) > 12
    assert survivors(briefing, masked.text) == set()
    for spoken in ("茅台", "五粮液", "looks cheap", "白酒", "differs at", "98765.43", "54321.98", "1462.51"):
        assert spoken in briefing.text
        assert spoken not in masked.text


def test_nothing_real_survives_in_any_session_of_the_demo(tmp_path: Path):
    mind = ReadingMind()
    run_reading(settings_in(tmp_path / "data", mode="backtest"), mind)

    found = [survivors(one, hidden(one)[1].text) for one in mind.shown]

    assert len(found) == 20
    assert all(survivors(one, one.text) for one in mind.shown)
    assert found == [set()] * 20


@pytest.mark.skipif(not SHARED.exists(), reason="the shared price files are not beside the checkout")
def test_nothing_real_survives_in_sessions_on_real_prices(tmp_path: Path):
    mind = ReadingMind()
    run_reading(
        settings_in(tmp_path / "data", mode="backtest", frequency="daily"),
        mind, prices=SHARED / "daily.jsonl", start=date(2025, 10, 13), end=date(2025, 10, 16),
    )  # fmt: skip

    assert mind.shown
    for one in mind.shown:
        assert survivors(one, hidden(one)[1].text) == set()


def test_the_market_behind_the_mask_moves_as_the_real_one():
    briefing = rich().brief()

    _, masked = hidden(briefing)

    def told(text: str, title: str) -> str:
        return next(line for line in text.splitlines() if line.startswith(title))

    # The mean change to 0.01 %: rounding to the tick moves no price by more.
    real, other = (float(re.findall(r"mean change ([+-][\d.]+)%", one.text)[0]) for one in (briefing, masked))
    assert real == pytest.approx(other, abs=0.02)
    assert told(briefing.text, "today").split(";")[0] == told(masked.text, "today").split(";")[0]


def test_boards_rules_shares_and_weekdays_stay():
    briefing = rich().brief()

    mask, masked = hidden(briefing)

    for real, other in mask.symbols.items():
        assert rules_of(other, briefing.slot.day) == rules_of(real, briefing.slot.day)
    assert [*masked.book.holdings().values()] == [100, 700]
    assert mask.date(briefing.slot.day).weekday() == briefing.slot.day.weekday()
    assert mask.date(briefing.slot.day).year == NEUTRAL_YEAR
    assert f"Slot {mask.date(briefing.slot.day).isoformat()} 09:35:00" in masked.text


def test_amounts_add_up_behind_the_mask():
    briefing = rich().brief()

    mask, masked = hidden(briefing)

    def rest(one: Briefing) -> Decimal:
        held = one.book.holdings().items()
        return (
            one.equity_cny
            - one.book.cash_cny
            - sum(one.snapshot.last(symbol) * shares for symbol, shares in held)
        )  # type: ignore[operator, misc]  # All have prices.

    assert rest(masked) == pytest.approx(rest(briefing) * mask.factor, abs=Decimal("0.01"))


def test_the_same_seed_and_session_make_the_same_mask_and_another_seed_another():
    briefing = rich().brief()

    assert hidden(briefing, 7)[1].text == hidden(briefing, 7)[1].text
    assert hidden(briefing, 7)[1].text != hidden(briefing, 8)[1].text
    assert mask_of(briefing, 7).symbols != mask_of(replace(briefing, session=SessionId("other")), 7).symbols


def test_masked_limits_are_what_the_rules_make_of_the_masked_previous_close():
    briefing = rich().brief()

    mask, masked = hidden(briefing)

    for symbol in masked.watchlist:
        quote = masked.snapshot.get(symbol)
        assert quote is not None
        computed = row_of(replace(masked, snapshot=_without_limits(masked, quote)), symbol)
        assert (quote.limit_down_cny, quote.limit_up_cny) == (computed.limit_down_cny, computed.limit_up_cny)
    assert mask.prices[Symbol("600519.SH")].masked_up is not None


def _without_limits(briefing: Briefing, quote: Quote) -> VendorSnapshot:
    bare = replace(quote, limit_down_cny=None, limit_up_cny=None)
    return VendorSnapshot(
        moment=briefing.snapshot.moment, source="hand", symbols=(quote.symbol,), quotes=(bare,), faults={}
    )


def vendor(**quote: object) -> Setting:
    shown = Quote(
        symbol=Symbol("600519.SH"), last_cny=Decimal("1595.00"), prev_close_cny=Decimal("1450.00"),
        seen_at=Setting(panel=panel_of(CLOSES)).slot.moment, source="vendor", name="贵州茅台",
    )  # fmt: skip
    one = replace(shown, **quote)  # type: ignore[arg-type]  # Any field of it.
    snapshot = VendorSnapshot(
        moment=one.seen_at, source="vendor", symbols=(one.symbol,), quotes=(one,), faults={}
    )
    return Setting(
        panel=panel_of(CLOSES), reads=Reads.TEXT, snapshot=snapshot, no_history=True, watchlist=(one.symbol,)
    )


@pytest.mark.parametrize(
    ("quote", "state"),
    [
        # 1450 x 1.1 = 1595, 1450 x 0.9 = 1305.
        ({"last_cny": Decimal("1595.00"), "asks": ()}, "sealed limit up"),
        ({"last_cny": Decimal("1305.00"), "bids": ()}, "sealed limit down"),
        ({"last_cny": Decimal("1594.99")}, "| trades"),
        ({"last_cny": Decimal("1305.01")}, "| trades"),
    ],
)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_price_at_its_limit_is_at_the_masked_one_and_no_other_is(
    quote: dict[str, object], state: str, seed: int
):
    assert state in hidden(vendor(**quote).brief(), seed)[1].text


def test_limits_that_are_the_sources_own_are_rescaled():
    levels = (Level(price_cny=Decimal("1500.00"), shares=300),)
    given_limits = {"limit_down_cny": Decimal("1400.00"), "limit_up_cny": Decimal("1600.00")}

    mask, masked = hidden(vendor(last_cny=Decimal("1500.00"), bids=levels, **given_limits).brief())

    quote = masked.snapshot.get(masked.watchlist[0])
    assert quote is not None
    assert quote.limit_up_cny == Decimal("1600.00") * mask.factor
    assert quote.limit_down_cny == Decimal("1400.00") * mask.factor
    assert quote.bids == (Level(price_cny=Decimal("1500.00") * mask.factor, shares=300),)


@pytest.mark.parametrize(
    "quote", [{"prev_close_cny": None}, {"limit_up_cny": Decimal("1600.00"), "prev_close_cny": None}]
)
def test_a_quote_that_does_not_say_everything_is_masked_as_far_as_it_does(quote: dict[str, object]):
    briefing = vendor(**quote).brief()

    mask, masked = hidden(briefing)

    one = masked.snapshot.get(masked.watchlist[0])
    assert one is not None
    assert one.prev_close_cny is None
    assert one.limit_up_cny == (Decimal("1600.00") * mask.factor if "limit_up_cny" in quote else None)


def test_a_symbol_without_a_quote_stays_without_one():
    briefing = rich(watchlist=(*map(Symbol, REAL), Symbol("601398.SH"))).brief()

    _, masked = hidden(briefing)

    assert masked.snapshot.get(masked.watchlist[-1]) is None


def decisions(symbols: tuple[str, ...], band: PriceMask) -> st.SearchStrategy[Decision]:
    """Decisions with limits anywhere: on ticks, between them, in the band, at its ends and beyond."""
    low, high = band.down, band.up
    assert low is not None
    assert high is not None
    on_tick = st.integers(1, 400_000).map(lambda ticks: ticks * Decimal("0.01"))
    near = st.sampled_from([low, high]).flatmap(
        lambda end: st.integers(-3, 3).map(lambda ticks: end + ticks * Decimal("0.01"))
    )
    between = st.integers(1, 40_000_000).map(lambda parts: parts * Decimal("0.0001"))
    intent = st.builds(
        Intent,
        symbol=st.sampled_from(symbols).map(Symbol),
        side=st.sampled_from(Side),
        shares=st.integers(1, 10**6),
        target_weight=st.none(),
        limit_cny=st.one_of(st.none(), on_tick, near, between),
        why=st.text(max_size=8),
        origin=st.just(Origin.DECISION),
        index=st.integers(0, 3),
    )
    return st.builds(
        Decision,
        intents=st.lists(intent, max_size=4).map(tuple),
        rationale=st.text(max_size=8),
        model=st.just("m"),
        usage=st.just(RawAnswer(text="", model="m").usage),
        answer_hash=st.just("00"),
    )


@given(data=st.data(), seed=st.integers(0, 1_000_000))
@settings(max_examples=300, deadline=None)
def test_a_masked_decision_comes_back_as_it_was(data: st.DataObject, seed: int):
    mask = mask_of(BRIEFING, seed)
    decision = data.draw(decisions(REAL, mask.prices[Symbol("600519.SH")]))

    masked = mask.masked(decision)

    assert mask.unmasked(masked) == decision
    assert not {one.symbol for one in masked.intents} & set(REAL)


BRIEFING = rich().brief()


def answered(text: str, seed: int = 7) -> RawAnswer:
    return unmasked_answer(mask_of(BRIEFING, seed), RawAnswer(text=text, model="m"), BRIEFING.watchlist)


def one_order(symbol: str, limit: str | None = None, **size: object) -> str:
    order = {
        "symbol": symbol,
        "side": "buy",
        **(size or {"shares": 100}),
        "limit_price": limit,
        "reason": "r",
    }
    return json.dumps({"rationale": "because", "orders": [order]})


def test_an_answer_is_read_as_of_the_real_symbols_and_prices():
    mask = mask_of(BRIEFING, 7)
    prices = mask.prices[Symbol("000858.SZ")]
    limit = prices.masked(Decimal("121.50"))

    told = answered(one_order(mask.symbols[Symbol("000858.SZ")], str(limit)))

    decision = parse(told, BRIEFING.watchlist)
    assert isinstance(decision, Decision)
    assert [(one.symbol, one.shares, one.limit_cny) for one in decision.intents] == [
        ("000858.SZ", 100, Decimal("121.50"))
    ]
    assert (decision.rationale, decision.intents[0].why) == ("because", "r")
    assert told.transcript[0] == {"role": "mask", "content": "seed 7"}


def test_a_weight_and_no_limit_come_back():
    symbol = mask_of(BRIEFING, 7).symbols[Symbol("300750.SZ")]

    decision = parse(answered(one_order(symbol, target_weight="0.25")), BRIEFING.watchlist)

    assert isinstance(decision, Decision)
    assert [(one.symbol, one.target_weight, one.limit_cny) for one in decision.intents] == [
        ("300750.SZ", Decimal("0.25"), None)
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (one_order("600519.SH"), "unknown_symbol"),  # Real, and not shown: it was remembered.
        (one_order("600519.SH").replace("600519", "\\u0036\\u0030\\u0030519"), "unknown_symbol"),
        (one_order("605999.SH"), "unknown_symbol"),
        ("no json", "not_json"),
        ("", "empty"),
    ],
)
def test_an_answer_that_is_bad_behind_the_mask_is_bad_before_it(text: str, kind: str):
    bad = parse(answered(text), BRIEFING.watchlist)

    assert isinstance(bad, BadAnswer)
    assert str(bad.kind) == kind


def test_every_board_has_codes_that_are_of_the_same_board():
    day = date(2026, 3, 2)
    real = (
        *REAL, "501018.SH", "161725.SZ", "159915.SZ", "508000.SH", "180101.SZ", "113052.SH", "123107.SZ",
        "900901.SH", "200012.SZ",
    )  # fmt: skip

    for symbol in map(Symbol, real):
        other = stand_in(symbol, day, {*real}, Random(1))
        assert rules_of(other, day) == rules_of(symbol, day), symbol
        assert other not in real


def test_a_us_symbol_gets_a_ticker_longer_than_any_and_never_the_same_twice():
    taken: set[str] = set()
    first = stand_in(Symbol("AAPL.US"), date(2025, 10, 10), taken, Random(1))
    second = stand_in(Symbol("MSFT.US"), date(2025, 10, 10), {first}, Random(1))

    assert first != second
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-Z]{6}\.US", first)


@pytest.mark.parametrize("symbol", ["999999.SH", "600519.SH"])
def test_a_symbol_for_which_nothing_can_stand_is_said(symbol: str):
    taken = {f"{code:06d}.SH" for code in range(605000, 606000)}

    with pytest.raises(NoCode, match=symbol):
        stand_in(Symbol(symbol), date(2025, 10, 10), taken, Random(1))


def test_what_only_looks_like_a_date_stays():
    mask = mask_of(BRIEFING, 7)

    assert mask.text("2025-13-45 9999-12-31") == "2025-13-45 9999-12-31"
    assert mask.symbol("") == ""
    assert mask.symbol("never seen") == "-"


def test_an_empty_past_and_a_source_without_bars_are_masked():
    briefing = rich(no_history=True, past=(), halts=(), limits=()).brief()

    _, masked = hidden(briefing)

    assert masked.history is None
    assert survivors(briefing, masked.text) == set()


def test_before_the_first_bar_has_ended_there_is_nothing_to_rescale():
    briefing = rich(day=DAYS[0], at=time(9, 35), past=()).brief()

    _, masked = hidden(briefing)

    assert masked.history is not None
    assert masked.history.rows == 0


class Asked:
    """A mind that buys the first symbol it is shown, and keeps what that was."""

    name = "llm:asked"
    reads = Reads.TEXT

    def __init__(self) -> None:
        self.shown: list[Briefing] = []

    async def decide(self, briefing: Briefing) -> RawAnswer:
        self.shown.append(briefing)
        said = ({"role": "user", "content": briefing.text},)
        return RawAnswer(text=one_order(briefing.watchlist[0]), model="m", transcript=said)


def masked_mind(agent: Asked, seed: int = 7) -> MaskedAgent:
    return MaskedAgent(agent, seed=seed, lang="en", shape=Shape())


def test_a_masked_mind_never_sees_the_session_and_decides_it_all_the_same():
    asked = Asked()

    told = asyncio.run(masked_mind(asked).decide(BRIEFING))

    assert survivors(BRIEFING, asked.shown[0].text) == set()
    decision = parse(told, BRIEFING.watchlist)
    assert isinstance(decision, Decision)
    assert decision.intents[0].symbol == "600519.SH"
    assert [line["role"] for line in told.transcript] == ["mask", "user"]
    assert survivors(BRIEFING, told.transcript[1]["content"]) == set()


def test_a_mind_that_reads_arrays_cannot_be_masked():
    asked = Asked()
    asked.reads = Reads.ARRAYS

    with pytest.raises(ValueError, match="reads no text"):
        masked_mind(asked)


def test_a_session_that_cannot_be_masked_has_no_answer():
    briefing = rich(watchlist=(Symbol("999999.SH"),)).brief()

    with pytest.raises(AgentFault, match="mask"):
        asyncio.run(masked_mind(Asked()).decide(briefing))


def test_the_name_and_what_is_read_are_the_minds():
    mind = masked_mind(Asked())

    assert (mind.name, mind.reads) == ("llm:asked (masked)", Reads.TEXT)


def test_an_answer_is_written_as_the_contract_has_it():
    decision = parse(RawAnswer(text=one_order("600519.SH", "12.30"), model="m"), (Symbol("600519.SH"),))
    assert isinstance(decision, Decision)

    assert json.loads(answer_text(decision)) == json.loads(one_order("600519.SH", "12.30"))


def test_boards_of_the_mask_are_all_that_there_are():
    # A board that is added needs codes that stand for nobody.
    assert {str(board) for board in Board} == {
        "SSE_MAIN", "SZSE_MAIN", "STAR", "CHINEXT", "BSE", "SSE_ETF", "SZSE_ETF", "REIT", "CB", "SSE_B",
        "SZSE_B", "US",
    }  # fmt: skip


@pytest.mark.parametrize("symbol", ["600519.SH", "999999.SH"])
def test_limits_that_the_rules_cannot_tell_are_rescaled(symbol: str):
    # The day lies before the listing of the one; of the other no board is known.
    quote = {
        "symbol": Symbol(symbol),
        "last_cny": Decimal("1500.00"),
        "limit_down_cny": Decimal("1400.00"),
        "limit_up_cny": Decimal("1600.00"),
    }
    listed = Instrument(symbol=Symbol(symbol), listed_on=date(2030, 1, 2))
    briefing = replace(vendor(**quote), instruments={Symbol(symbol): listed}).brief()

    (found,) = price_masks(briefing, (Symbol(symbol),), Decimal("2.5")).values()

    assert (found.masked_down, found.masked_up) == (Decimal("3500.00"), Decimal("4000.00"))


def test_a_name_that_the_quote_alone_tells_is_hidden_too():
    briefing = vendor().brief()

    _, masked = hidden(briefing)

    assert "贵州茅台" in briefing.text
    assert "贵州茅台" not in masked.text


def test_no_code_stands_for_one_and_is_another_real_one_of_the_session():
    real = tuple(Symbol(f"{code}.SH") for code in range(605600, 605740))
    briefing = rich(watchlist=real).brief()

    mask = mask_of(briefing, 7)

    assert set(mask.symbols.values()).isdisjoint(mask.symbols)
    assert len(set(mask.symbols.values())) == len(mask.symbols)


def test_sectors_are_told_apart_and_not_named():
    assert "S01" in hidden(BRIEFING)[1].text


@given(seed=st.integers(0, 1_000_000), ticks=st.integers(-4, 4), upper=st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_limit_beyond_the_band_behind_the_mask_is_beyond_it_before(seed: int, ticks: int, upper: bool):
    prices = mask_of(BRIEFING, seed).prices[Symbol("600519.SH")]
    end, masked_end = (prices.up, prices.masked_up) if upper else (prices.down, prices.masked_down)
    assert end is not None
    assert masked_end is not None

    found = prices.unmasked(masked_end + ticks * prices.tick)

    beyond, inside = (ticks > 0, ticks < 0) if upper else (ticks < 0, ticks > 0)
    assert (found > end if upper else found < end) is beyond
    assert (found < end if upper else found > end) is inside
