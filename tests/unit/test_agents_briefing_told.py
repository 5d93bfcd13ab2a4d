"""What a mind that reads is told beside prices and book, and what is left out of a long text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from agents.briefing import brief
from agents.market_state import market_state
from agents.phrases import Cut
from agents.rendering import render, split_answer
from agents.shape import Shape
from services.domain.bars import Frequency
from services.domain.book import Book
from services.domain.decision import Reads
from services.domain.events import Halt, Outcome
from services.domain.instruments import Symbol
from services.domain.orders import (
    LimitUse,
    OrderState,
    Origin,
    Rule,
    SessionId,
    Side,
)
from services.domain.past import PastOrder, PastSession
from services.domain.quotes import Quote, VendorSnapshot
from services.domain.tokens import tokens_bound
from services.rules import Commission
from tests.unit.agents_market import DAYS, NAN, Setting, holding, panel_of

BANK, CHIP, GONE = Symbol("600000.SH"), Symbol("688001.SH"), Symbol("000002.SZ")
TEN = [10.0] * 20
BASE = Setting(
    panel=panel_of({BANK: TEN, CHIP: [40.0] * 20}, frequency=Frequency.HOURLY),
    day=DAYS[4],
    at=time(14, 5),
    reads=Reads.TEXT,
)


def past(day: int = 3, **more: object) -> PastSession:
    given: dict[str, object] = {
        "session": SessionId("s"),
        "day": DAYS[day],
        "slot": f"{DAYS[day]} 10:35",
        "outcome": Outcome.DONE,
        **more,
    }
    return PastSession(**given)  # type: ignore[arg-type]  # A table of fields.


def bought(**more: object) -> PastOrder:
    given: dict[str, object] = {
        "symbol": BANK,
        "side": Side.BUY,
        "shares": 100,
        "why": "",
        "origin": Origin.DECISION,
        "state": OrderState.FILLED,
        "filled": 100,
        "amount_cny": Decimal("800.00"),
        "fees_cny": Decimal("5.00"),
        "shares_now": Decimal(100),
        **more,
    }
    return PastOrder(**given)  # type: ignore[arg-type]  # A table of fields.


def line(text: str, start: str) -> str:
    return next(one for one in text.splitlines() if one.startswith(start))


def told(*sessions: PastSession, **more: object) -> str:
    return replace(BASE, past=sessions, **more).brief().text  # type: ignore[arg-type]  # A table.


def test_what_a_buy_made_counts_dividends_new_shares_and_its_own_fees():
    order = bought(shares_now=Decimal(150), received_cny=Decimal("30.00"))

    # 150 * 10.00 + 30.00 - 800.00 - 5.00 = 725.00; 725 / 800 = 90.63%; the average price is 8.00.
    assert "at 8.0000, until now +725.00 (+90.62%)" in told(past(orders=(order,)))


def test_what_a_sale_earned_and_what_its_price_did_since_are_told():
    sale = bought(side=Side.SELL, realised_cny=Decimal("-12.30"), amount_cny=Decimal("1250.00"))
    unknown = replace(sale, realised_cny=None)

    # Sold at 12.50, now 10.00: -20%.
    assert "earned -12.30, its price since then -20.00%" in told(past(orders=(sale,)))
    assert "earned unknown" in told(past(orders=(unknown,)))


def test_an_order_of_what_has_no_price_now_is_told_without_a_result():
    buy, sale = bought(symbol=GONE), bought(symbol=GONE, side=Side.SELL, realised_cny=Decimal(1))

    text = told(past(orders=(buy, sale)))

    assert "until now unknown (unknown)" in text
    assert "since then" not in line(text, "- sell")


@pytest.mark.parametrize("state", [None, *OrderState])
def test_an_order_without_a_fill_says_what_became_of_it(state: OrderState | None):
    text = told(past(orders=(bought(filled=0, state=state),)))

    assert "nothing filled" in line(text, "- buy")


@pytest.mark.parametrize("outcome", [None, *Outcome])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_outcome_has_its_words(outcome: Outcome | None, lang: str):
    assert str(DAYS[3]) in told(past(outcome=outcome), lang=lang)


def test_since_a_session_the_equity_changed_by_so_much():
    earlier = past(equity_cny=Decimal("80000.00"))

    assert "equity 80000.00, until now +25.00%" in told(earlier)  # 100000 / 80000 - 1


def test_where_a_holding_has_no_price_the_equity_is_not_compared_and_that_is_said():
    book = Book(cash_cny=Decimal("100.00"), lots=(holding(GONE, 100, DAYS[0]),))

    text = told(past(equity_cny=Decimal("80000.00")), book=book)

    assert "until now unknown" in text
    assert "without a price" in text


@pytest.mark.parametrize("words", ["buy\nnow", "buy | now", "buy\u202e now"])
def test_a_minds_own_words_and_reasons_stay_on_their_line(words: str):
    order = bought(why=words)

    text = told(past(said=words, reason=words, orders=(order,)), halts=(Halt(symbol="", why=words),))

    assert text.count("buy now") == 4


def test_a_long_rationale_is_cut():
    assert "x" * 160 not in told(past(said="x" * 500))


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_limit_of_any_rule_can_be_told(rule: Rule, lang: str):
    use = LimitUse(rule=rule, used=Decimal("0.25"), allowed=Decimal(1))

    assert "0.25" in told(lang=lang, limits=(use,)) or "25.00%" in told(lang=lang, limits=(use,))


def test_the_market_is_told_as_a_whole():
    # From 10.0 to 11.0 over the last bar and down from 40.0 to 38.0: +10% and -5%, mean +2.5%.
    panel = panel_of({BANK: [*TEN[:19], 11.0], CHIP: [*[40.0] * 19, 38.0]}, frequency=Frequency.HOURLY)
    state = market_state(replace(BASE, panel=panel, at=time(15, 5)).brief())

    assert (state.up, state.down, state.flat, state.unpriced) == (1, 1, 0, 0)
    assert state.change == pytest.approx(0.025)
    assert state.change_5 == pytest.approx(0.025)
    # 19 moves are known, the first bar has none: neither a change of 20 nor a volatility.
    assert (state.change_20, state.volatility) == (None, None)


def test_twenty_moves_tell_change_and_volatility():
    # 21 bars are more than five days of four, so daily bars of one price and one rise.
    moves = market_state(replace(BASE, day=DAYS[4], at=time(15, 5)).brief())
    assert moves.change == 0.0
    assert moves.flat == 2


def test_without_any_price_nothing_is_said_of_the_market():
    empty = panel_of({BANK: [NAN] * 20}, frequency=Frequency.HOURLY)

    state = market_state(replace(BASE, panel=empty).brief())
    text = replace(BASE, panel=empty).brief().text

    assert (state.change, state.change_5) == (None, None)
    assert "MARKET (" not in text
    assert "INDICATORS" not in text


def test_a_gap_of_all_symbols_begins_the_moves_anew():
    prices = [*TEN[:10], NAN, *TEN[:9]]
    gapped = replace(BASE, panel=panel_of({BANK: prices}, frequency=Frequency.HOURLY))

    assert market_state(replace(gapped, at=time(15, 5)).brief()).change_5 is not None
    assert market_state(replace(gapped, day=DAYS[3], at=time(10, 35)).brief()).change_5 is None


def test_a_symbol_that_is_not_charted_moves_nothing():
    watch = (BANK, GONE)

    assert market_state(replace(BASE, watchlist=watch).brief()).unpriced == 1
    assert market_state(replace(BASE, no_history=True).brief()).change_5 is None


def buyable(cash: str, *, price: float = 10.0, shape: Shape | None = None, at: time = time(14, 5)) -> int:
    setting = replace(
        BASE,
        panel=panel_of({BANK: [price] * 20}, frequency=Frequency.HOURLY),
        book=Book(cash_cny=Decimal(cash)),
        at=at,
    )
    text = render(replace(setting, reads=Reads.ARRAYS).brief(), "en", shape or Shape())
    row = [one for one in text.splitlines() if one.startswith(f"{BANK} | ")][-0]
    return int(row.split(" | ")[7])


@pytest.mark.parametrize(
    ("cash", "shape", "shares"),
    [
        # 100 at 10.10 cost 1010.00 + 5.00 + 0.01 = 1015.01.
        ("1015.01", Shape(), 100),
        ("1015.00", Shape(), 0),
        ("1115.01", Shape(reserve_cny=Decimal(100)), 100),
        ("1115.00", Shape(reserve_cny=Decimal(100)), 0),
        ("50.00", Shape(reserve_cny=Decimal(100)), 0),
        ("0.00", Shape(), 0),
        # 100 at 10.00 cost 1000.00 + 5.00 + 0.01.
        ("1005.01", Shape(marketable_bp=Decimal(0)), 100),
        # A commission of 10% is 101.00.
        ("1111.01", Shape(commission=Commission(rate=Decimal("0.1"))), 100),
        ("1111.00", Shape(commission=Commission(rate=Decimal("0.1"))), 0),
        # 10000 at 10.10 cost 101000.00 + 25.25 + 1.01 = 101026.26.
        ("101026.26", Shape(), 10_000),
        ("101026.25", Shape(), 9_900),
    ],
)
def test_the_most_that_can_be_bought_pays_its_fees_and_leaves_the_reserve(
    cash: str, shape: Shape, shares: int
):
    assert buyable(cash, shape=shape) == shares


def test_where_a_fee_is_not_known_nothing_can_be_bought():
    then = date(2013, 1, 21)  # Handling fee and levy of that day are not in the rulebook.
    quote = Quote(
        symbol=BANK,
        last_cny=Decimal("10.00"),
        prev_close_cny=Decimal("10.00"),
        seen_at=datetime(2013, 1, 21, 2, 35, tzinfo=UTC),
        source="made",
    )
    snapshot = VendorSnapshot(
        moment=quote.seen_at, source="made", symbols=(BANK,), quotes=(quote,), faults={}
    )
    setting = replace(BASE, day=then, at=time(10, 35), snapshot=snapshot, watchlist=(BANK,), no_history=True)

    def most(commission: Commission) -> str:
        text = render(setting.brief(), "en", Shape(commission=commission))
        return line(text, f"{BANK} | ").split(" | ")[7]

    assert most(Commission(all_in=False)) == "0"
    assert most(Commission()) == "9800"  # 98000 * 1.01 = 98980.00 and 24.75 and 58.80 by par value


def test_after_hours_a_buy_is_reckoned_at_the_close():
    setting = replace(BASE, at=time(15, 5), book=Book(cash_cny=Decimal("8200.00")))

    # 200 at 40.00 cost 8000.00 + 5.00 + 0.08; at 40.40 it would be 8080: 203 and 202 shares fit.
    row = [one for one in setting.brief().text.splitlines() if one.startswith(f"{CHIP} | ")]
    assert row[0].split(" | ")[7] == "204"  # 204 * 40 = 8160 + 5.00 + 0.08 = 8165.08; 205 cost 8205.08


CROWD = Setting(
    panel=panel_of(
        {f"{600000 + i}.SH": [10.0 + i / 10 + j / 100 for j in range(20)] for i in range(40)},
        frequency=Frequency.HOURLY,
    ),
    day=DAYS[4],
    at=time(14, 5),
    reads=Reads.TEXT,
    book=Book(cash_cny=Decimal(50_000), lots=(holding("600005.SH", 100, DAYS[0]),)),
    past=(past(0, said="older"), past(3, said="freshly"), past(4, said="today")),
)


def fitted(tokens_max: int, lang: str = "en", **more: object) -> str:
    briefing = replace(CROWD, **more).brief()  # type: ignore[arg-type]  # A table.
    return render(briefing, lang, Shape(tokens_max=tokens_max))


WHOLE = tokens_bound(fitted(10**6))


def test_a_text_that_fits_leaves_nothing_out():
    assert "LEFT OUT" not in fitted(WHOLE)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("tokens_max", [1_100, 1_200, 2_000, 3_000, 5_000, 8_000, 10_000, WHOLE - 1])
def test_a_text_stays_within_its_tokens_and_says_what_it_leaves_out(tokens_max: int, lang: str):
    tokens_max += 600 * (lang == "zh")

    text = fitted(tokens_max, lang)

    assert tokens_bound(text) <= tokens_max
    assert ("LEFT OUT" in text) is (lang == "en")
    assert ("略去" in text) is (lang == "zh")


def test_parts_go_in_their_order_and_what_must_be_told_stays():
    present = {
        "older": Cut.OLDER_SESSIONS,
        "RECENT CLOSES": Cut.CLOSES,
        "freshly": Cut.SESSIONS,
        "INDICATORS": Cut.INDICATORS,
        "MARKET (": Cut.MARKET,
    }
    gone: list[Cut] = []
    for tokens_max in range(WHOLE, 900, -100):
        text = fitted(tokens_max)
        gone += [cut for mark, cut in present.items() if mark not in text and cut not in gone]
        assert "HOLDINGS" in text
        assert "600005.SH |  | 100 | 100".replace(" |  | ", " | - | ") in text
        assert '"rationale"' in text

    order = list(Cut)
    assert gone == sorted(gone, key=order.index)
    assert len(gone) == len(present)


def test_closes_become_fewer_before_they_go():
    shown: list[int] = []
    for tokens_max in range(WHOLE, 2_000, -200):
        closes = [one for one in fitted(tokens_max).splitlines() if one.startswith("600000.SH 1")]
        shown += [len(one.split()) - 1 for one in closes]

    assert list(dict.fromkeys(shown)) == [19, 10, 5]  # 19 bars have ended.


def test_as_many_lines_of_the_watchlist_stay_as_fit_and_always_what_is_held():
    text = fitted(2_000)

    shown = [one for one in text.splitlines() if one.endswith("trades")]
    assert 1 < len(shown) < 40
    assert shown[0].startswith("600000.SH")
    assert any(one.startswith("600005.SH") for one in shown)
    assert f"{40 - len(shown)} watchlist symbols" in text


def test_where_even_what_must_be_told_is_too_long_it_is_told_and_said():
    text = fitted(100)

    assert "HOLDINGS" in text
    assert "longer than the 100 tokens" in text
    assert tokens_bound(text) > 100


def test_a_short_list_that_cannot_be_cut_further_is_said_too():
    bare = replace(CROWD, watchlist=(), past=(), no_history=True, book=Book(cash_cny=Decimal(1)))

    assert "LEFT OUT: " in render(bare.brief(), "en", Shape(tokens_max=1))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_form_of_the_answer_can_be_taken_off_a_text(lang: str):
    text = replace(BASE, lang=lang).brief().text

    found, facts, form = split_answer(text)

    assert found == lang
    assert f"{facts}\n\n{form}" == text
    assert "`side`" in form
    assert "`side`" not in facts
    assert split_answer("nothing") == ("en", "nothing", "")


def test_arrays_cost_no_words():
    briefing = brief(
        session=SessionId("s"),
        slot=BASE.slot,
        book=BASE.book,
        snapshot=BASE.brief().snapshot,
        watchlist=(BANK,),
        history=None,
        instruments={},
        equity_cny=Decimal(1),
        reads=Reads.ARRAYS,
        past=(past(),),
        halts=(Halt(symbol="", why="w"),),
    )

    assert (briefing.text, briefing.past, briefing.halts, briefing.limits) == ("", (), (), ())
