"""When an exit sells, why, how much, and what of it stays armed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st_

from risk.dividends import dividends_after
from risk.exits import exits, peaks_after
from risk.gate import review
from risk.limits import ExitTerms, Limits
from services.domain.book import Book, OpenOrder
from services.domain.events import ArmedExit, Dividend, Exits, Halt, HaltCause
from services.domain.fills import Movement, MovementKind
from services.domain.instruments import Instrument, Kind, Span, Symbol
from services.domain.orders import Intent, Origin, Rule, Side
from services.domain.quotes import Quote
from services.rules import lot_problem, rules_of
from tests.unit.gate_desk import (
    ALL,
    BSE,
    CHINEXT,
    FUND,
    MAIN,
    MON,
    OTHER,
    RICH,
    STAR,
    TUE,
    book,
    d,
    desk,
    lot,
    of_kind,
    quote,
    refused,
    snapshot,
    st,
    working,
)

FRI = date(2026, 7, 10)
THU = date(2026, 7, 9)
TENTH = Limits(stop_loss_ratio=d("0.1"))
GAIN = Limits(exits=ExitTerms(take_profit_ratio=d("0.2")))
TRAIL = Limits(exits=ExitTerms(trailing_stop_ratio=d("0.05")))
DAYS = Limits(exits=ExitTerms(time_stop_days=2))
EVERY = Limits(
    stop_loss_ratio=d("0.1"),
    exits=ExitTerms(take_profit_ratio=d("0.2"), trailing_stop_ratio=d("0.05"), time_stop_days=2),
)
WEEK = (THU, FRI, MON, TUE)


def due(
    account: Book,
    *quotes: Quote,
    limits: Limits = TENTH,
    instruments: Mapping[Symbol, Instrument] | None = None,
    peaks: Mapping[str, Decimal] | None = None,
    days: Sequence[date] = WEEK,
    dividends: Mapping[str, tuple[Dividend, ...]] | None = None,
    halts: Sequence[Halt] = (),
    at: time = time(10, 35),
) -> Exits:
    return exits(
        account,
        snapshot(*(quotes or (quote(last="8.00"),))),
        TUE,
        limits,
        at=at,
        instruments=instruments or {},
        peaks_cny=peaks or {},
        traded_days=days,
        dividends=dividends or {},
        halts=halts,
    )


def shares(found: Exits) -> dict[Symbol, int | None]:
    return {intent.symbol: intent.shares for intent in found.intents}


def armed(found: Exits) -> list[tuple[str, int, Rule]]:
    return [(one.symbol, one.shares, one.rule) for one in found.armed]


def reasons(found: Exits) -> list[str]:
    return [intent.why.partition(":")[0] for intent in found.intents]


# Cost 10.00 a share: a tenth under it is 9.00, a fifth over it 12.00; a twentieth under a peak of
# 11.00 is 10.45. Bought on Friday, Monday and Tuesday are two trading days.
@pytest.mark.parametrize(
    ("limits", "last", "bought", "reason"),
    [
        (TENTH, "9.01", MON, None),
        (TENTH, "9.00", MON, "stop loss"),
        (TENTH, "8.99", MON, "stop loss"),
        (GAIN, "11.99", MON, None),
        (GAIN, "12.00", MON, "take profit"),
        (GAIN, "12.01", MON, "take profit"),
        (TRAIL, "10.46", MON, None),
        (TRAIL, "10.45", MON, "trailing stop"),
        (TRAIL, "10.44", MON, "trailing stop"),
        (DAYS, "10.00", MON, None),
        (DAYS, "10.00", FRI, "time stop"),
        (DAYS, "10.00", THU, "time stop"),
        (EVERY, "10.46", MON, None),
        (EVERY, "9.00", FRI, "stop loss"),  # before the trailing and the time stop
        (EVERY, "12.00", FRI, "take profit"),  # before the time stop
        (EVERY, "10.45", FRI, "trailing stop"),  # before the time stop
        (EVERY, "10.46", FRI, "time stop"),
        (Limits(), "0.01", THU, None),
    ],
)
def test_the_first_exit_that_applies_is_the_reason(limits, last, bought, reason):
    account = book(lot(MAIN, 100, "1000.00", on=bought))

    found = due(account, quote(last=last), limits=limits, peaks={MAIN: d("11.00")})

    assert reasons(found) == ([] if reason is None else [reason])
    assert found.armed == ()


DRAWDOWN = Halt(symbol="", why="down", cause=HaltCause.LIMIT, by="drawdown")
STREAK = Halt(symbol="", why="losing", cause=HaltCause.LIMIT, by="losing_streak")
SELLS_OUT = Limits(exits=ExitTerms(on_drawdown=True))


@pytest.mark.parametrize(
    ("limits", "halts", "sold"),
    [
        (SELLS_OUT, (DRAWDOWN,), {MAIN: 100, OTHER: 200}),
        (SELLS_OUT, (STREAK, DRAWDOWN), {MAIN: 100, OTHER: 200}),
        (SELLS_OUT, (STREAK,), {}),
        (SELLS_OUT, (), {}),
        (Limits(), (DRAWDOWN,), {}),
    ],
)
def test_the_drawdown_that_halted_the_account_sells_everything_where_that_is_set(limits, halts, sold):
    account = book(lot(MAIN, 100), lot(OTHER, 200))

    found = due(account, quote(), quote(OTHER), limits=limits, halts=halts)

    assert shares(found) == sold


def test_what_the_drawdown_cannot_sell_today_stays_armed():
    found = due(book(lot(MAIN, 100, on=TUE)), quote(), limits=SELLS_OUT, halts=(DRAWDOWN,))

    assert (shares(found), armed(found)) == ({}, [(MAIN, 100, Rule.T_PLUS_1)])


def test_a_drawdown_comes_before_a_stop_loss():
    both = replace(TENTH, exits=ExitTerms(on_drawdown=True))

    assert reasons(due(book(lot(MAIN, 100)), limits=both, halts=(DRAWDOWN,))) == ["drawdown"]


def test_a_take_profit_and_a_trailing_stop_due_together_are_a_take_profit():
    """At 12.00 after a peak of 13.00 both are due: 12.35 is a twentieth under the peak."""
    found = due(book(lot(MAIN, 100)), quote(last="12.00"), limits=EVERY, peaks={MAIN: d("13.00")})

    assert reasons(found) == ["take profit"]


@pytest.mark.parametrize(
    ("limits", "last", "sells"),
    [(TENTH, "9.91", False), (TENTH, "9.90", True), (GAIN, "13.19", False), (GAIN, "13.20", True)],
)
def test_the_cost_is_the_average_over_all_lots(limits, last, sells):
    account = book(lot(MAIN, 100, "1000.00"), lot(MAIN, 300, "3400.00"))  # 11.00 a share

    assert shares(due(account, quote(last=last), limits=limits)) == ({MAIN: 400} if sells else {})


def test_the_boundary_is_exact_where_the_average_has_no_end():
    account = book(lot(MAIN, 300, "1000.00"))  # 3.333... a share: nine tenths are 3.00, twelve 4.00

    assert shares(due(account, quote(last="3.00"))) == {MAIN: 300}
    assert shares(due(account, quote(last="3.01"))) == {}
    assert shares(due(account, quote(last="4.00"), limits=GAIN)) == {MAIN: 300}
    assert shares(due(account, quote(last="3.99"), limits=GAIN)) == {}


def test_free_shares_lower_the_cost():
    account = book(lot(MAIN, 100, "1000.00"), lot(MAIN, 100, "0.00"))  # 5.00 a share, stop at 4.50

    assert shares(due(account, quote(last="5.00"))) == {}
    assert shares(due(account, quote(last="4.50"))) == {MAIN: 200}


# 100 shares bought for 1000.00 on Friday, 1.00 a share paid on Monday: 9.00 is worth what 10.00 was.
@pytest.mark.parametrize(
    ("limits", "paid_on", "last", "sells"),
    [
        (TENTH, MON, "8.01", False),
        (TENTH, MON, "8.00", True),
        (GAIN, MON, "10.99", False),
        (GAIN, MON, "11.00", True),
        (TENTH, FRI, "9.01", False),  # whoever buys on the ex-day receives nothing
        (TENTH, FRI, "9.00", True),
    ],
)
def test_a_dividend_received_is_neither_a_loss_nor_a_gain(limits, paid_on, last, sells):
    account, paid = book(lot(MAIN, 100, on=FRI)), {MAIN: (Dividend(day=paid_on, cny_per_share=d("1.00")),)}

    assert bool(due(account, quote(last=last), limits=limits, dividends=paid).intents) is sells


def test_a_lot_bought_after_the_ex_day_received_nothing():
    """2000.00 paid, 100.00 received on the older half: a tenth down is 1800.00, so 8.50 a share."""
    account = book(lot(MAIN, 100, on=FRI), lot(MAIN, 100, on=MON))
    paid = {MAIN: (Dividend(day=MON, cny_per_share=d("1.00")),)}

    assert shares(due(account, quote(last="8.51"), dividends=paid)) == {}
    assert shares(due(account, quote(last="8.50"), dividends=paid)) == {MAIN: 200}


@pytest.mark.parametrize("limits", [TENTH, GAIN])
@pytest.mark.parametrize("last", ["9.00", "0.01"])
def test_shares_that_cost_nothing_have_neither_loss_nor_gain(limits, last):
    assert due(book(lot(MAIN, 100, "0.00")), quote(last=last), limits=limits) == Exits(intents=())


def test_a_trailing_stop_without_a_peak_counts_the_price_of_now_as_the_highest():
    assert due(book(lot(MAIN, 100)), quote(last="1.00"), limits=TRAIL) == Exits(intents=())


@pytest.mark.parametrize(
    ("days", "sells"),
    [
        ((FRI, MON, TUE), True),
        ((FRI, TUE), False),  # no session on Monday: one day held
        ((MON, TUE, TUE + timedelta(days=1)), True),
        ((FRI, TUE, TUE + timedelta(days=1)), False),  # what came later, when the past is lived again
    ],
)
def test_a_time_stop_counts_the_days_with_a_session_after_the_purchase(days, sells):
    account = book(lot(MAIN, 100, on=FRI))

    assert bool(due(account, quote(), limits=DAYS, days=days).intents) is sells


def test_a_time_stop_counts_from_the_oldest_lot():
    account = book(lot(MAIN, 100, on=MON), lot(MAIN, 100, on=FRI))

    assert shares(due(account, quote(), limits=DAYS)) == {MAIN: 200}


def test_exits_are_numbered_and_say_where_they_come_from():
    account = book(lot(MAIN, 100), lot(OTHER, 100), lot(FUND, 100))

    found = due(account, quote(last="8.00"), quote(OTHER), quote(FUND, last="8.00"))

    assert [(one.symbol, one.index, one.side, one.origin) for one in found.intents] == [
        (MAIN, 0, Side.SELL, Origin.EXIT),
        (FUND, 1, Side.SELL, Origin.EXIT),
    ]
    assert all(one.limit_cny is None and one.why for one in found.intents)


SEALED = quote(last="9.00", limits=("9.00", "11.00"), bids=(), asks=("9.00",))


@pytest.mark.parametrize(
    ("lots", "shown", "sold", "left"),
    [
        # (shares held from before, shares of today), the quote, shares sold now, what stays armed
        ((300, 0), quote(last="8.00"), 300, []),
        ((0, 300), quote(last="8.00"), None, [(MAIN, 300, Rule.T_PLUS_1)]),
        ((200, 100), quote(last="8.00"), 200, [(MAIN, 100, Rule.T_PLUS_1)]),
        # Of 300 held 150 are sellable: a sale of 150 would be refused, and protect nothing.
        ((150, 150), quote(last="8.00"), 100, [(MAIN, 200, Rule.BOARD_LOT)]),
        ((299, 0), quote(last="8.00"), 299, []),  # the odd lot leaves with the rest
        ((300, 0), quote(last="8.00", suspended=True), None, [(MAIN, 300, Rule.SUSPENDED)]),
        ((300, 0), quote(OTHER), None, [(MAIN, 300, Rule.QUOTE_MISSING)]),
        ((300, 0), SEALED, None, [(MAIN, 300, Rule.LIMIT_DOWN)]),
        ((0, 300), SEALED, None, [(MAIN, 300, Rule.T_PLUS_1)]),
        ((200, 100), SEALED, None, [(MAIN, 300, Rule.LIMIT_DOWN)]),
        ((0, 300), replace(SEALED, suspended=True), None, [(MAIN, 300, Rule.SUSPENDED)]),
        # A tick above the limit, a bid, no book known, or no previous close: the gate will tell.
        ((300, 0), replace(SEALED, last_cny=d("9.01")), 300, []),
        ((300, 0), quote(last="9.00", bids=("9.00",)), 300, []),
        ((300, 0), quote(last="9.00"), 300, []),
        ((300, 0), quote(last="9.00", prev=None, bids=()), 300, []),
    ],
)
def test_what_cannot_be_sold_now_stays_armed(lots, shown, sold, left):
    before, today = lots
    held = [lot(MAIN, before, str(10 * before))] if before else []
    held += [lot(MAIN, today, str(10 * today), on=TUE)] if today else []
    stop = Limits(stop_loss_ratio=d("0.05"))

    found = due(book(*held), shown, limits=stop)

    assert shares(found) == ({} if sold is None else {MAIN: sold})
    assert armed(found) == left
    assert all(one.why and one.reason for one in found.armed)


@pytest.mark.parametrize(
    ("symbol", "held", "today", "sold", "left"),
    [
        (STAR, 150, 200, None, [(STAR, 350, Rule.BOARD_LOT)]),  # less than the board's least order
        (STAR, 199, 0, 199, []),
        (STAR, 250_000, 0, 100_000, [(STAR, 150_000, Rule.ORDER_MAX)]),
        (STAR, 100_000, 0, 100_000, []),
        (STAR, 100_000, 100, 100_000, [(STAR, 100, Rule.T_PLUS_1)]),
        (STAR, 100_001, 0, 100_000, [(STAR, 1, Rule.ORDER_MAX)]),
        (MAIN, 1_000_000, 0, 1_000_000, []),
        (MAIN, 1_000_100, 0, 1_000_000, [(MAIN, 100, Rule.ORDER_MAX)]),
        (BSE, 150, 50, 150, [(BSE, 50, Rule.T_PLUS_1)]),
    ],
)
def test_an_order_takes_what_its_board_lets_it_take(symbol, held, today, sold, left):
    lots = [lot(symbol, held, str(10 * held))]
    lots += [lot(symbol, today, str(10 * today), on=TUE)] if today else []

    found = due(book(*lots), quote(symbol, last="8.00"))

    assert shares(found) == ({} if sold is None else {symbol: sold})
    assert armed(found) == left


@pytest.mark.parametrize(
    ("symbol", "held", "sold", "left"),
    [
        (STAR, 250_000, 250_000, []),  # the auction takes 100,000 of them
        (CHINEXT, 300_100, 300_100, []),  # the auction takes 300,000
        (STAR, 1_200_000, 1_000_000, [(STAR, 200_000, Rule.ORDER_MAX)]),
        (MAIN, 1_000_100, 1_000_000, [(MAIN, 100, Rule.ORDER_MAX)]),
    ],
)
def test_after_hours_an_order_takes_up_to_a_million_shares(symbol, held, sold, left):
    found = due(book(lot(symbol, held, str(10 * held))), quote(symbol, last="8.00"), at=time(15, 5))

    assert shares(found) == {symbol: sold}
    assert armed(found) == left


@pytest.mark.parametrize(
    ("known", "sold"),
    [({}, {}), (of_kind(FUND, Kind.ETF_EQUITY), {}), (of_kind(FUND, Kind.ETF_GOLD_T0), {FUND: 300})],
)
def test_a_fund_that_settles_the_same_day_is_sold_the_same_day(known, sold):
    account = book(lot(FUND, 300, "3000.00", on=TUE))

    found = due(account, quote(FUND, last="8.00"), instruments=known)

    assert shares(found) == sold
    assert armed(found) == ([] if sold else [(FUND, 300, Rule.T_PLUS_1)])


def test_a_risk_warning_told_by_the_facts_or_the_name_narrows_the_seal():
    """Under the rules before 2026-07-06 the band of a warned main board share was 5 %: sealed at 9.50."""
    day, shown = date(2026, 7, 3), quote(last="9.50", bids=(), day=date(2026, 7, 3))
    account, stop = book(lot(MAIN, 100, on=date(2026, 7, 2))), Limits(stop_loss_ratio=d("0.05"))

    def asked(one: Quote, facts: Mapping[Symbol, Instrument]) -> Exits:
        return exits(
            account,
            snapshot(one),
            day,
            stop,
            at=time(10, 35),
            instruments=facts,
            peaks_cny={},
            traded_days=(day,),
        )

    assert armed(asked(shown, st())) == [(MAIN, 100, Rule.LIMIT_DOWN)]
    assert armed(asked(replace(shown, name="*ST PLAIN"), {})) == [(MAIN, 100, Rule.LIMIT_DOWN)]
    assert shares(asked(shown, {})) == {MAIN: 100}


def test_what_is_declared_suspended_for_the_day_waits():
    known = {MAIN: Instrument(symbol=MAIN, suspended=(Span(since=TUE, until=TUE),))}

    found = due(book(lot(MAIN, 100)), quote(last="8.00"), instruments=known)

    assert (found.intents, armed(found)) == ((), [(MAIN, 100, Rule.SUSPENDED)])


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_while_an_order_in_the_symbol_is_open_its_exit_waits(side):
    open_order: OpenOrder = replace(working(MAIN), side=side)

    account = book(lot(MAIN, 300, "3000.00"), lot(OTHER, 100), open_orders=(open_order,))

    found = due(account, quote(last="8.00"), quote(OTHER, last="8.00"))

    assert shares(found) == {OTHER: 100}
    assert armed(found) == [(MAIN, 300, Rule.UNRESOLVED)]


def test_without_a_price_an_exit_says_that_nobody_can_tell_unless_its_time_is_up():
    account = book(lot(MAIN, 100, on=MON), lot(OTHER, 100, on=FRI))

    found = due(account, quote(FUND), limits=EVERY)

    assert found.intents == ()
    assert armed(found) == [(MAIN, 100, Rule.QUOTE_MISSING), (OTHER, 100, Rule.QUOTE_MISSING)]
    assert [one.why.startswith("time stop") for one in found.armed] == [False, True]
    assert due(account, quote(FUND), limits=Limits()) == Exits(intents=())


def test_where_the_rulebook_is_silent_the_gate_says_so():
    strange = Symbol("777777.SH")
    account = book(lot(strange, 150, "1500.00", on=TUE), cash=RICH)
    shown = quote(strange, last="8.00")

    found = due(account, shown)

    assert shares(found) == {strange: 150}
    assert refused(review(found.intents, desk(shown, account=account))) == [Rule.RULES_UNKNOWN]


def test_every_exit_passes_the_gate():
    account = book(
        lot(MAIN, 150, "1500.00"),
        lot(MAIN, 150, "1500.00", on=TUE),
        lot(STAR, 250_000, "2500000.00"),
        lot(OTHER, 299, "2990.00"),
    )
    quotes = [quote(symbol, last="8.90", prev="9.00") for symbol in (MAIN, STAR, OTHER)]
    at_desk = desk(*quotes, account=account, watchlist=())

    judged = review(due(account, *quotes).intents, at_desk)

    assert {order.terms.symbol: order.terms.shares for order in judged.approved} == {
        MAIN: 100,
        STAR: 100_000,
        OTHER: 299,
    }


lots_of_a_book = st_.lists(
    st_.tuples(st_.sampled_from(ALL), st_.integers(1, 2_500_000), st_.sampled_from((FRI, MON, TUE))),
    max_size=12,
)


@given(
    lots_of_a_book,
    st_.dictionaries(st_.sampled_from(ALL), st_.integers(1, 20_000), max_size=6),
    st_.sampled_from((TENTH, GAIN, TRAIL, DAYS, EVERY)),
    st_.sampled_from((Kind.ETF_EQUITY, Kind.ETF_BOND_T0)),
)
def test_an_exit_never_sells_more_than_may_be_sold_nor_a_size_no_order_has(held, cents, limits, kind):
    account = book(*(lot(symbol, count, "100000.00", on=day) for symbol, count, day in held))
    quotes = [quote(symbol, last=str(Decimal(price) / 100)) for symbol, price in cents.items()]

    found = due(account, *quotes, limits=limits, instruments=of_kind(FUND, kind))

    for intent in found.intents:
        same_day = intent.symbol == FUND and kind is Kind.ETF_BOND_T0
        assert intent.shares is not None
        assert 0 < intent.shares <= account.sellable(intent.symbol, TUE, 0 if same_day else 1)
        rules = rules_of(intent.symbol, TUE)
        assert lot_problem(rules, Side.SELL, intent.shares, account.held(intent.symbol)) is None
    sold = {intent.symbol: intent.shares or 0 for intent in found.intents}
    assert len(sold) == len(found.intents)
    for one in found.armed:
        assert one.shares + sold.get(Symbol(one.symbol), 0) == account.held(Symbol(one.symbol))


def moved(
    kind: MovementKind, shares: int = 0, cash: str = "0.00", symbol: Symbol = MAIN, name: str = ""
) -> Movement:
    return Movement(
        movement_id=name or f"{kind}-{symbol}",
        kind=kind,
        symbol=symbol,
        shares=shares,
        cash_cny=d(cash),
        day=TUE,
        why="",
    )


BONUS, DIVIDEND, ADJUST = MovementKind.BONUS, MovementKind.DIVIDEND, MovementKind.ADJUST


@pytest.mark.parametrize(
    ("known", "last", "movements", "peak"),
    [
        ("11.00", "10.99", (), "11.00"),
        ("11.00", "11.01", (), "11.01"),
        ("11.00", None, (), "11.00"),
        (None, "10.50", (), "10.50"),
        (None, "9.50", (), "10.00"),  # bought at 10.00 since the last session: that was a price
        # 100 shares become 200: half the peak. 130: 11.05 / 1.3 = 8.50.
        ("11.00", "5.00", (moved(BONUS, 100),), "5.50"),
        ("11.05", "5.00", (moved(BONUS, 30),), "8.50"),
        ("11.00", "5.51", (moved(BONUS, 100),), "5.51"),
        # 25.00 on 100 shares are 0.25 a share.
        ("11.00", "10.00", (moved(DIVIDEND, cash="25.00"),), "10.75"),
        # (11.00 - 1.00) / 2, whichever of the two is booked first.
        ("11.00", "4.00", (moved(DIVIDEND, cash="100.00"), moved(BONUS, 100)), "5.00"),
        ("11.00", "4.00", (moved(BONUS, 100), moved(DIVIDEND, cash="100.00")), "5.00"),
        ("0.50", "0.01", (moved(DIVIDEND, cash="50.00"),), "0.01"),  # never below a tick
        ("0.50", None, (moved(DIVIDEND, cash="50.00"),), "0.01"),
        ("0.50", None, (moved(DIVIDEND, cash="60.00"),), "0.01"),
        ("11.00", "10.00", (moved(ADJUST, cash="-50.00"),), "11.00"),  # a tax on an earlier sale
        ("11.00", "10.00", (moved(ADJUST, 100),), "11.00"),
        ("11.00", "10.00", (moved(DIVIDEND, cash="50.00", symbol=OTHER),), "11.00"),
        (None, "4.00", (moved(BONUS, 100),), "5.00"),  # 10.00 paid, halved
    ],
)
def test_a_peak_rises_with_the_price_and_falls_with_an_ex_day_alone(known, last, movements, peak):
    peaks = {} if known is None else {MAIN: d(known)}
    shown = snapshot(*([] if last is None else [quote(last=last)]))

    assert peaks_after(peaks, book(lot(MAIN, 100)), movements, shown) == {MAIN: d(peak)}


def test_a_peak_ends_with_its_holding_and_peaks_are_in_order_of_symbols():
    account = book(lot(MAIN, 100), lot(OTHER, 100))

    peaks = peaks_after({FUND: d("99.00")}, account, (), snapshot(quote(), quote(OTHER)))

    assert list(peaks) == [OTHER, MAIN]  # 000999.SZ, 600001.SH


@pytest.mark.parametrize(
    ("known", "movements", "cny_per_share"),
    [
        ((), (), []),
        (("0.50",), (), ["0.50"]),
        ((), (moved(DIVIDEND, cash="25.00"),), ["0.25"]),
        (("0.50",), (moved(DIVIDEND, cash="25.00"),), ["0.50", "0.25"]),
        (("0.50",), (moved(BONUS, 100),), ["0.25"]),
        (("0.50",), (moved(BONUS, 100), moved(DIVIDEND, cash="20.00", name="2")), ["0.25", "0.10"]),
        (("0.50",), (moved(ADJUST, 100, "-5.00"),), ["0.50"]),
        ((), (moved(ADJUST, 100), moved(DIVIDEND, cash="25.00")), ["0.125"]),
        (("0.50",), (moved(DIVIDEND, cash="25.00", symbol=OTHER),), ["0.50"]),
    ],
)
def test_dividends_are_kept_by_the_share_of_now(known, movements, cny_per_share):
    """100 shares are held; what was known was paid on Monday, a movement is of Tuesday."""
    before = {MAIN: tuple(Dividend(day=MON, cny_per_share=d(one)) for one in known)}

    found = dividends_after(before, book(lot(MAIN, 100, on=FRI)), movements)

    assert [one.cny_per_share for one in found.get(MAIN, ())] == [d(one) for one in cny_per_share]
    assert set(found) <= {MAIN}


def test_dividends_before_the_oldest_lot_or_of_what_is_held_no_more_are_forgotten():
    early, ex_day, late = (Dividend(day=day, cny_per_share=d("1.00")) for day in (FRI, MON, TUE))
    account = book(lot(MAIN, 100, on=MON), lot(OTHER, 100, on=FRI))

    found = dividends_after(dict.fromkeys((MAIN, OTHER, FUND), (early, ex_day, late)), account, ())

    assert list(found.items()) == [(OTHER, (ex_day, late)), (MAIN, (late,))]


def test_what_was_received_is_whole_cents_however_a_bonus_splits_it():
    """100.00 on 100 shares that became 130: 0.7692... a share. At a gain of a tenth of 1000.00 they sell.

    130 x 7.69 = 999.70 and 100.00 received are 1099.70; 7.70 gives 1101.00. The cost of 1000.91 needs
    1101.001, one of 1000.90 (the tenth more is 1100.99) does not.
    """
    paid = dividends_after(
        {MAIN: (Dividend(day=MON, cny_per_share=d("1.00")),)},
        book(lot(MAIN, 100, on=FRI)),
        (moved(BONUS, 30),),
    )
    tenth = Limits(exits=ExitTerms(take_profit_ratio=d("0.1")))

    for cost, last, sells in (
        ("1000.00", "7.69", False),
        ("1000.00", "7.70", True),
        ("1000.90", "7.70", True),
        ("1000.91", "7.70", False),
    ):
        account = book(lot(MAIN, 100, cost, on=FRI), lot(MAIN, 30, "0.00", on=FRI))
        assert bool(due(account, quote(last=last), limits=tenth, dividends=paid).intents) is sells


def test_a_boundary_met_to_the_cent_is_met():
    """100.00 on 300 shares are 0.333... a share; 4.00 x 300 + 100.00 is the gain of 0.3 on 1000.00."""
    account = book(lot(MAIN, 300, "1000.00", on=FRI))
    paid = dividends_after({}, account, (moved(DIVIDEND, cash="100.00"),))
    limits = Limits(exits=ExitTerms(take_profit_ratio=d("0.3")))

    assert shares(due(account, quote(last="4.00"), limits=limits, dividends=paid)) == {MAIN: 300}
    assert shares(due(account, quote(last="3.99"), limits=limits, dividends=paid)) == {}


def test_an_ex_dividend_day_is_no_fall():
    """A share at 10.00 pays 1.00 and opens at 9.00: a twentieth under its moved peak is 8.55."""
    account, paid = book(lot(MAIN, 100)), (moved(DIVIDEND, cash="100.00"),)

    for last, sells in (("9.00", False), ("8.56", False), ("8.55", True)):
        peaks = peaks_after({MAIN: d("10.00")}, account, paid, snapshot(quote(last=last)))
        assert bool(due(account, quote(last=last), limits=TRAIL, peaks=peaks).intents) is sells


def test_a_peak_of_a_fund_keeps_its_finer_tick_and_an_unknown_code_moves_by_the_cent():
    strange = Symbol("777777.SH")
    for symbol, peak in ((FUND, "3.967"), (strange, "3.97")):
        paid = (moved(DIVIDEND, cash="3.33", symbol=symbol),)  # 4.000 - 0.0333 = 3.9667

        assert peaks_after({symbol: d("4.000")}, book(lot(symbol, 100)), paid, snapshot()) == {
            symbol: d(peak)
        }


def test_an_armed_exit_says_what_how_much_why_and_what_is_in_the_way():
    (one,) = due(book(lot(MAIN, 300, "3000.00", on=TUE)), quote(last="8.00")).armed

    assert one == ArmedExit(symbol=MAIN, shares=300, why=one.why, rule=Rule.T_PLUS_1, reason=one.reason)
    assert {"8.00", "9.000", "10.000"} <= set(one.why.replace(",", " ").split())
    assert "300" in one.reason


def test_an_exit_is_an_intent_like_any_other():
    (one,) = due(book(lot(MAIN, 100))).intents

    assert one == Intent(symbol=MAIN, side=Side.SELL, shares=100, why=one.why, origin=Origin.EXIT)
