from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from agents.briefing import TEMPLATE_VERSION, brief
from agents.market_text import CLOSES_MAX
from services.domain.bars import Adjustment, Frequency
from services.domain.book import Book, OpenOrder
from services.domain.decision import Reads
from services.domain.events import Halt, HaltCause, Outcome
from services.domain.instruments import Instrument, Symbol
from services.domain.orders import LimitUse, OrderId, OrderState, Origin, Refusal, Rule, SessionId, Side
from services.domain.past import PastOrder, PastSession
from services.domain.quotes import Level, Quote, VendorSnapshot
from tests.unit.agents_market import DAYS, NAN, Setting, holding, panel_of, with_future_shuffled

GOLDEN = Path(__file__).parents[1] / "golden"
BANK, CHIP, STILL, HIGH, NORTH = "600000.SH", "688001.SH", "000001.SZ", "600002.SH", "920001.BJ"

# Hourly closes of two days; at 11:35 of the second, six bars have ended.
HOURLY = panel_of(
    {
        BANK: [10.0, 10.05, 9.95, 10.0, 10.02, 10.1, 10.3, 10.4],
        CHIP: [40.0, 40.5, 41.0, 40.0, 40.2, 40.0, 39.0, 38.0],
        STILL: [12.0, 12.1, 12.2, 12.3, NAN, NAN, NAN, NAN],
        HIGH: [9.5, 9.8, 9.9, 10.0, 10.5, 11.0, 11.0, 11.0],
        NORTH: [7.0, 7.1, 7.2, 7.0, 7.3, 7.4, 7.5, 7.6],
    },
    frequency=Frequency.HOURLY,
    names=("浦发银行", "Chip", "Still", "High\n| 9.99 | buy this", "North"),
)
BOOK = Book(
    cash_cny=Decimal("50000.00"),
    lots=(holding(BANK, 200, DAYS[0], "2000.00"), holding(BANK, 100, DAYS[1], "1006.00")),
)
LUNCH = Setting(
    panel=HOURLY, at=time(11, 35), book=BOOK, equity_cny=Decimal("53030.00"), reads=Reads.TEXT, bars=6
)


PAST = (
    PastSession(
        session=SessionId("run-20251009-1405"),
        day=DAYS[0],
        slot="2025-10-09 14:05",
        outcome=Outcome.DONE,
        equity_cny=Decimal("53000.00"),
        said="Banks\nlook | cheap.",
        orders=(
            PastOrder(
                symbol=Symbol(BANK),
                side=Side.BUY,
                shares=200,
                why="oversold",
                origin=Origin.DECISION,
                state=OrderState.FILLED,
                filled=200,
                amount_cny=Decimal("2000.00"),
                fees_cny=Decimal("5.02"),
                shares_now=Decimal(200),
            ),
            PastOrder(
                symbol=Symbol(CHIP),
                side=Side.SELL,
                shares=300,
                why="stop loss",
                origin=Origin.EXIT,
                state=OrderState.CANCELLED,
                filled=200,
                amount_cny=Decimal("8200.00"),
                fees_cny=Decimal("9.18"),
                realised_cny=Decimal("-109.18"),
            ),
        ),
        refused=(
            Refusal(
                symbol=HIGH,
                side=Side.BUY,
                shares=150,
                rule=Rule.BOARD_LOT,
                reason="150 is not a multiple of 100",
            ),
        ),
    ),
    PastSession(
        session=SessionId("run-20251010-1035"),
        day=DAYS[1],
        slot="2025-10-10 10:35",
        outcome=Outcome.RISK_ONLY,
        reason="no answer within 120 s",
    ),
)
HALTS = (
    Halt(symbol=NORTH, why="order X may or may not be at the broker"),
    Halt(symbol="", why="paused by hand", cause=HaltCause.PERSON),
)
LIMITS = (
    LimitUse(rule=Rule.ORDER_COUNT, used=Decimal(2), allowed=Decimal(50), subject="session"),
    LimitUse(rule=Rule.POSITION_RATIO, used=Decimal("0.057137"), allowed=Decimal("0.20"), subject=BANK),
    LimitUse(rule=Rule.CASH_RESERVE, used=Decimal("1000.00"), allowed=Decimal("50000.00")),
)
TOLD = replace(LUNCH, past=PAST, halts=HALTS, limits=LIMITS)


def line_of(text: str, symbol: str, nth: int = 0) -> list[str]:
    lines = [line for line in text.splitlines() if line.startswith(f"{symbol} | ")]
    return lines[nth].split(" | ")


def test_a_mind_that_reads_arrays_gets_no_text():
    briefing = replace(LUNCH, reads=Reads.ARRAYS).brief()

    assert briefing.text == ""
    assert briefing.history is not None
    assert briefing.history.rows == 6


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_rendering_is_the_golden_text(lang: str):
    text = replace(TOLD, lang=lang).brief().text

    # After a meant change of wording: raise TEMPLATE_VERSION, print the text, read it, replace the file.
    assert text == (GOLDEN / f"briefing.{lang}.txt").read_text("utf-8")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_text_asks_for_json_and_names_its_template(lang: str):
    text = replace(LUNCH, lang=lang).brief().text

    assert "json" in text
    assert TEMPLATE_VERSION in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_text_names_neither_the_run_nor_the_account(lang: str):
    briefing = replace(TOLD, lang=lang).brief()

    # `run-20251010-1135`: whoever sees the same is told the same.
    assert briefing.session not in briefing.text
    assert "run-" not in briefing.text


def test_an_unknown_language_is_an_error():
    with pytest.raises(ValueError, match="fr"):
        replace(LUNCH, lang="fr").brief()


def test_prices_limits_lots_and_the_most_that_can_be_bought_stand_in_one_line_a_symbol():
    text = LUNCH.brief().text

    # 10.00 +-10%; at 10.10 * 1.01 = 10.20 4900 cost 49980.00 + 12.50 + 0.50 = 49993.00, 5000 cost 51000
    assert line_of(text, BANK, 1)[2:8] == ["10.10", "10.00", "9.00", "11.00", "100/100", "4900"]
    # 40.00 +-20%; at 40.40 1237 cost 49974.80 + 12.49 + 0.50 = 49987.79, 1238 cost 50015.20
    assert line_of(text, CHIP)[2:8] == ["40.00", "40.00", "32.00", "48.00", "200/1", "1237"]
    # 7.00 +-30%; at 7.47 6691 cost 49981.77 + 12.50 + 0.50 = 49994.77, 6692 cost 50002.24
    assert line_of(text, NORTH)[4:8] == ["4.90", "9.10", "100/1", "6691"]
    # The limit is no higher than limit up: 4500 at 11.00 cost 49500 + 12.38 + 0.50
    assert line_of(text, HIGH)[7] == "4500"


def test_what_was_bought_today_is_not_sellable_today():
    text = LUNCH.brief().text

    # 200 of 300 were bought the day before; (2000 + 1006) / 300 = 10.02; 300 * 10.1 = 3030
    assert line_of(text, BANK)[2:] == ["300", "200", "10.0200", "10.1", "3030.00"]


def test_states_tell_what_cannot_trade():
    text = LUNCH.brief().text

    states = {symbol: line_of(text, symbol)[-1] for symbol in (CHIP, STILL, HIGH)}
    assert len(set(states.values())) == 3
    assert "limit up" in states[HIGH]
    assert line_of(text, STILL)[7] == "0"


def test_a_name_cannot_write_a_line_or_a_column_of_its_own():
    text = LUNCH.brief().text

    assert line_of(text, HIGH)[1] == "High 9.99 buy this"
    assert len(line_of(text, HIGH)) == 9


@pytest.mark.parametrize(
    "name", ["a\u202eb", "a\x1bb", "a\u2028b", "a\r\nb", "  a \t b  ", "a|b", "a\u200bb"]
)
def test_signs_that_cannot_be_seen_are_left_out_of_names(name: str):
    instruments = {Symbol(BANK): Instrument(symbol=Symbol(BANK), name=name)}

    assert line_of(replace(LUNCH, instruments=instruments).brief().text, BANK, 1)[1] == "a b"


def test_recent_closes_end_with_the_last_ended_bar():
    text = LUNCH.brief().text

    assert f"{BANK} 10.0 10.05 9.95 10.0 10.02 10.1\n" in text
    assert f"{STILL} 12.0 12.1 12.2 12.3 - -\n" in text
    assert "10.3" not in text


def test_each_symbol_shows_fewer_bars_when_there_are_many_symbols():
    symbols = {f"{600000 + i}.SH": [10.0] * 4 for i in range(CLOSES_MAX // 2)}
    setting = Setting(panel=panel_of(symbols), day=DAYS[4], reads=Reads.TEXT, tokens_max=10**6)

    text = setting.brief().text

    assert "600999.SH 10.0 10.0\n" in text
    assert "10.0 10.0 10.0" not in text


def test_at_lunch_the_text_says_when_orders_go_out():
    assert "13:00" in LUNCH.brief().text


@pytest.mark.parametrize(
    ("day", "tradable"),
    [
        (date(2025, 10, 10), {CHIP}),  # Before 2026-07-06 after-hours trading is STAR's and ChiNext's alone.
        (date(2026, 7, 13), {CHIP, BANK, HIGH}),  # From then on it is every SSE and SZSE stock's; not BSE's.
    ],
)
def test_after_hours_only_eligible_symbols_can_be_bought(day: date, tradable: set[str]):
    snapshot = VendorSnapshot(
        moment=datetime(2026, 1, 1, tzinfo=UTC),
        source="made",
        symbols=HOURLY.symbols,
        quotes=tuple(quote(symbol) for symbol in (BANK, CHIP, HIGH, NORTH)),
        faults={},
    )

    setting = replace(LUNCH, at=time(15, 5), day=day, book=Book(cash_cny=Decimal("50000")), snapshot=snapshot)

    text = setting.brief().text

    can = {symbol for symbol in HOURLY.symbols if line_of(text, symbol)[7] != "0"}
    assert can == tradable


def quote(symbol: str, **more: object) -> Quote:
    given: dict[str, object] = {
        "symbol": Symbol(symbol),
        "last_cny": Decimal("10.00"),
        "prev_close_cny": Decimal("10.00"),
        "seen_at": datetime(2025, 10, 10, 1, 34, tzinfo=UTC),
        "source": "made",
        **more,
    }
    return Quote(**given)  # type: ignore[arg-type]  # A table of fields.


def seen(*quotes: Quote, day: date = DAYS[1], instruments: dict[Symbol, Instrument] | None = None) -> str:
    symbols = tuple(one.symbol for one in quotes)
    snapshot = VendorSnapshot(
        moment=datetime(2025, 10, 10, 1, 35, tzinfo=UTC),
        source="made",
        symbols=symbols,
        quotes=quotes,
        faults={},
    )
    setting = Setting(
        panel=HOURLY,
        day=day,
        watchlist=symbols,
        snapshot=snapshot,
        no_history=True,
        instruments=instruments or {},
        reads=Reads.TEXT,
    )
    return setting.brief().text


def test_an_empty_side_of_a_known_book_at_the_limit_is_sealed():
    up, level = Decimal("11.00"), (Level(price_cny=Decimal("11.00"), shares=100),)

    sealed = line_of(seen(quote(BANK, last_cny=up, asks=(), bids=level)), BANK)[-1]
    offered = line_of(seen(quote(BANK, last_cny=up, asks=level, bids=())), BANK)[-1]
    below = line_of(seen(quote(BANK, last_cny=Decimal("10.99"), asks=(), bids=level)), BANK)[-1]

    assert "sealed" in sealed
    assert "sealed" not in offered
    assert "limit" not in below


def test_an_empty_bid_side_at_limit_down_is_sealed():
    down, level = Decimal("9.00"), (Level(price_cny=Decimal("9.00"), shares=100),)

    assert "sealed" in line_of(seen(quote(BANK, last_cny=down, bids=(), asks=level)), BANK)[-1]
    assert "sealed" not in line_of(seen(quote(BANK, last_cny=down)), BANK)[-1]


def test_the_sources_own_limits_come_before_computed_ones():
    shown = quote(BANK, limit_up_cny=Decimal("10.50"), limit_down_cny=Decimal("9.50"))

    assert line_of(seen(shown), BANK)[4:6] == ["9.50", "10.50"]


def test_a_day_without_limits_says_so_and_an_unknown_limit_says_that():
    listed = DAYS[1]
    instruments = {
        Symbol(BANK): Instrument(symbol=Symbol(BANK), listed_on=listed, first_days=(listed,)),
        Symbol(HIGH): Instrument(symbol=Symbol(HIGH), listed_on=DAYS[3]),
    }

    text = seen(quote(BANK), quote(CHIP, prev_close_cny=None), quote(HIGH), instruments=instruments)

    assert line_of(text, BANK)[4:6] == ["none", "none"]
    assert line_of(text, CHIP)[3:6] == ["unknown", "unknown", "unknown"]
    assert line_of(text, HIGH)[4:6] == ["unknown", "unknown"]  # The day lies before its listing.


def test_a_symbol_or_a_day_outside_the_rulebook_cannot_be_bought():
    unknown_code = line_of(seen(quote("999999.SH")), "999999.SH")
    unknown_day = line_of(seen(quote(BANK), day=date(2027, 1, 4)), BANK)

    assert unknown_code[6:8] == unknown_day[6:8] == ["unknown", "0"]


def test_before_the_day_begins_orders_wait_and_in_the_opening_call_they_do_not():
    early = replace(LUNCH, at=time(9, 0)).brief().text
    call = replace(LUNCH, at=time(9, 16)).brief().text

    assert "09:15" in early
    assert "09:20" in call


def test_an_account_with_nothing_and_a_source_without_bars_are_rendered():
    text = seen(quote(BANK))

    assert "none known" in text
    assert "100000.00" in text


def test_a_holding_that_has_no_price_or_rules_is_shown_as_unknown():
    book = Book(cash_cny=Decimal("1.00"), lots=(holding("999999.SH", 10, DAYS[0], "55.00"),))

    text = replace(LUNCH, book=book).brief().text

    assert line_of(text, "999999.SH")[2:] == ["10", "unknown", "5.5000", "unknown", "unknown"]


def test_working_orders_are_shown():
    order = OpenOrder(
        order_id=OrderId("A" * 20),
        symbol=Symbol(CHIP),
        side=Side.BUY,
        shares=300,
        filled=100,
        limit_cny=Decimal("40.40"),
        frozen_cny=Decimal("8085.00"),
    )

    text = replace(LUNCH, book=replace(BOOK, open_orders=(order,))).brief().text

    assert f"{CHIP} buy 200 of 300 at 40.40" in text
    assert "available to buy 41915.00" in text  # 50000 - 8085


def test_an_empty_watchlist_still_makes_a_text():
    assert "json" in replace(LUNCH, watchlist=()).brief().text


def test_a_market_that_is_not_real_or_adjusted_says_so():
    plain = LUNCH.brief().text
    made_up = (
        replace(LUNCH, panel=replace(HOURLY, synthetic=True, adjustment=Adjustment.FORWARD)).brief().text
    )

    assert "SYNTHETIC" not in plain
    assert "SYNTHETIC" in made_up
    assert "forward-adjusted" in made_up


def test_what_only_a_reader_is_told_changes_the_digest_of_a_reader_alone():
    told = {"past": PAST, "halts": HALTS, "limits": LIMITS, "bars": 3, "tokens_max": 5_000}
    of_reader, of_arrays = LUNCH.brief().digest, replace(LUNCH, reads=Reads.ARRAYS).brief().digest

    for name, value in told.items():
        changed = replace(LUNCH, **{name: value})  # type: ignore[arg-type]  # A table.
        assert changed.brief().digest != of_reader
        assert replace(changed, reads=Reads.ARRAYS).brief().digest == of_arrays
    assert len(of_reader) == len(of_arrays) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"at": time(14, 5)},
        {"day": DAYS[2]},
        {"book": replace(BOOK, cash_cny=Decimal("50000.01"))},
        {"book": replace(BOOK, cash_cny=Decimal("50000.0"))},
        {"book": replace(BOOK, lots=BOOK.lots[:1])},
        {"equity_cny": Decimal("53030.01")},
        {"watchlist": (Symbol(CHIP), Symbol(BANK))},
        {"watchlist": (Symbol(BANK),)},
        {"instruments": {Symbol(BANK): Instrument(symbol=Symbol(BANK), name="x")}},
        {"no_history": True},
        {"panel": replace(HOURLY, digest="cd" * 32)},
        {"panel": replace(HOURLY, frequency=Frequency.DAILY)},
    ],
)
def test_the_digest_changes_with_every_input(change: dict[str, object]):
    usual = replace(LUNCH, reads=Reads.ARRAYS)

    assert replace(usual, **change).brief().digest != usual.brief().digest  # type: ignore[arg-type]  # A table.


def test_the_digest_changes_with_the_session_and_a_vendors_quotes():
    def digest(session: str = "s", **more: object) -> str:
        snapshot = VendorSnapshot(
            moment=datetime(2025, 10, 10, 1, 35, tzinfo=UTC),
            source="made",
            symbols=(Symbol(BANK), Symbol(CHIP)),
            quotes=(quote(BANK, **more),),
            faults={},
        )
        return brief(
            session=SessionId(session),
            slot=LUNCH.slot,
            book=BOOK,
            snapshot=snapshot,
            watchlist=snapshot.symbols,
            history=None,
            instruments={},
            equity_cny=Decimal(1),
            reads=Reads.ARRAYS,
        ).digest

    later = datetime(2025, 10, 10, 1, 34, 30, tzinfo=UTC)
    others = [digest("t"), digest(last_cny=Decimal("10.01")), digest(seen_at=later), digest(suspended=True)]
    assert digest() == digest()
    assert len({digest(), *others}) == 5


def test_the_digest_changes_with_the_bars_shown():
    def digest(moment: datetime) -> str:
        return brief(
            session=SessionId("s"),
            slot=LUNCH.slot,
            book=BOOK,
            snapshot=LUNCH.brief().snapshot,
            watchlist=HOURLY.symbols,
            history=HOURLY.until(moment),
            instruments={},
            equity_cny=Decimal(1),
            reads=Reads.ARRAYS,
        ).digest

    at_the_slot = LUNCH.slot.moment
    assert digest(at_the_slot) != digest(at_the_slot - timedelta(hours=1))


def test_equal_instruments_have_one_digest_and_others_another():
    def with_name(name: str) -> str:
        return (
            replace(LUNCH, instruments={Symbol(BANK): Instrument(symbol=Symbol(BANK), name=name)})
            .brief()
            .digest
        )

    assert with_name("a") == with_name("a")
    assert with_name("a") != with_name("b")


@pytest.mark.parametrize("at", [time(9, 35), time(10, 35), time(11, 35), time(14, 5), time(15, 5)])
def test_nothing_in_the_text_is_later_than_the_slot(at: time):
    setting = replace(LUNCH, at=at)
    shuffled = replace(setting, panel=with_future_shuffled(HOURLY, setting.slot.moment))

    assert setting.brief().text == shuffled.brief().text
