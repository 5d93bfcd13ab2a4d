"""Sessions whose exits sell without a mind, wait where they cannot, and say so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from commands.twin import Twin
from risk.limits import ExitTerms, Limits
from services.clock import VirtualClock
from services.domain.bars import CorporateAction
from services.domain.events import Closed, Dividend, Exits, Opening, Outcome, Verdicts
from services.domain.instruments import Symbol
from services.domain.orders import Origin, Rule
from services.domain.quotes import VendorSnapshot
from services.ports import AgentFault
from tests.crash.touches import Crash, Door, Fate
from tests.exchange_market import MAIN, MON, OTHER, TUE, Bar, at, panel
from tests.unit.vendor import Vendor
from tests.unit.world import HOLD, Live, Memory, Setup, answer, order

MONDAY = ("20260713-1035", "20260713-1135", "20260713-1405", "20260713-1505")
TUESDAY = ("20260714-1035", "20260714-1135", "20260714-1405", "20260714-1505")

BUY = answer(order("buy", MAIN, 1000))
STOP = Limits(stop_loss_ratio=Decimal("0.05"))
TRAIL = Limits(exits=ExitTerms(trailing_stop_ratio=Decimal("0.05")))
SILENT = AgentFault("an answer", "timed out")
PAID = CorporateAction(symbol=MAIN, ex_date=TUE, cash_per_share=Decimal("1.00"))


def bars(*prices: float, actions: tuple[CorporateAction, ...] = ()) -> Setup:
    """Return a market in which MAIN stands at each price for an hour of Monday and Tuesday.

    Tuesday's reference is 10.00, with an action 1.00 less than Monday's last price.
    """
    series: dict[Symbol, list[Bar]] = {MAIN: [(one,) * 4 for one in prices], OTHER: [(10.0,) * 4] * 8}
    known = {MAIN: [10.0, prices[3] - 1.0 if actions else 10.0], OTHER: [10.0, 10.0]}
    return Setup(market=panel(series, prev_close=known, actions=actions), answers=[BUY])


def wanted(live: Live, label: str) -> Exits:
    value = live.value(label, "exits")
    assert isinstance(value, Exits)
    return value


def armed(live: Live, label: str) -> list[tuple[str, int, Rule]]:
    return [(one.symbol, one.shares, one.rule) for one in wanted(live, label).armed]


def outcome(live: Live, label: str) -> Outcome:
    value = live.value(label, "closed")
    assert isinstance(value, Closed)
    return value.outcome


def sold(live: Live) -> list[tuple[str, Origin]]:
    """Return the sessions in which MAIN was sold, and who wanted it."""
    found = [live.journal.value(event) for event in live.kinds("order_terms")]
    return [(one.session[:13], one.origin) for one in found if one.side == "sell"]


# Bought at 10.00 on Monday at 10:35, at 10.50 on Monday afternoon; what it costs on Tuesday at 10:35.
@pytest.mark.parametrize(
    ("limits", "last", "reason"),
    [
        (STOP, 9.50, "stop loss"),
        (Limits(exits=ExitTerms(take_profit_ratio=Decimal("0.06"))), 10.60, "take profit"),
        (TRAIL, 9.97, "trailing stop"),  # 10.50 less a twentieth is 9.975
        (Limits(exits=ExitTerms(time_stop_days=1)), 10.00, "time stop"),
    ],
)
@pytest.mark.parametrize("said", [SILENT, "I would rather keep it.", HOLD])
def test_an_exit_goes_out_whatever_the_mind_says(limits, last, reason, said):
    setup = bars(10.0, 10.0, 10.5, 10.5, last, last, last, last)
    script = [BUY, HOLD, HOLD, HOLD, said]

    live = replace(setup, limits=limits, answers=script).open().run(at(TUE, "10:40"))

    assert [one.why.partition(":")[0] for one in wanted(live, TUESDAY[0]).intents] == [reason]
    assert outcome(live, TUESDAY[0]) is (Outcome.DONE if said == HOLD else Outcome.RISK_ONLY)
    assert sold(live) == [(TUESDAY[0], Origin.EXIT)]
    assert live.journal.account.book.holdings() == {}


def test_what_was_bought_today_stays_armed_and_is_sold_the_next_day():
    setup = replace(bars(10.0, 10.0, 9.4, 9.4, 9.4, 9.4, 9.4, 9.4), limits=STOP)

    live = setup.open().run()

    for label in MONDAY[2:]:
        assert wanted(live, label).intents == ()
        assert armed(live, label) == [(MAIN, 1000, Rule.T_PLUS_1)]
        assert "verdicts" not in live.steps(label)
    assert armed(live, TUESDAY[0]) == []
    assert sold(live) == [(TUESDAY[0], Origin.EXIT)]
    assert "exits" not in live.steps(TUESDAY[1])


def test_a_price_that_recovers_overnight_disarms_the_stop():
    setup = replace(bars(10.0, 10.0, 9.4, 9.4, 9.6, 9.6, 9.6, 9.6), limits=STOP)

    live = setup.open().run()

    assert armed(live, MONDAY[3]) == [(MAIN, 1000, Rule.T_PLUS_1)]
    assert "exits" not in live.steps(TUESDAY[0])
    assert live.journal.account.book.holdings() == {MAIN: 1000}


class Sealed(Vendor):
    """A vendor whose book has no bid where the price stands at the lower limit."""

    async def get_current_prices(self, symbols: object) -> VendorSnapshot:
        shown = await super().get_current_prices(symbols)  # type: ignore[arg-type]  # Passed on as it is.
        quotes = (
            replace(one, bids=()) if one.last_cny == one.limit_down_cny else one for one in shown.quotes
        )
        return replace(shown, quotes=tuple(quotes))


PLUNGE: Mapping[str, str] = {"0713": "10.00", "0714": "9.00"}


def sealed_till(hour: int) -> Setup:
    """Return a market in which MAIN costs 10.00 on Monday, and is sealed at 9.00 until `hour` of Tuesday."""

    def price(symbol: Symbol, moment: datetime) -> str | None:
        if symbol == OTHER:
            return "10.00"
        free = moment.date() == TUE and moment.time() >= time(hour)
        return "9.10" if free else PLUNGE[f"{moment:%m%d}"]

    def vendor(clock: VirtualClock) -> Sealed:
        return Sealed(clock, price)

    return Setup(vendor=vendor, answers=[BUY, HOLD, HOLD, HOLD, SILENT], limits=STOP)


def test_a_stop_on_a_sealed_holding_stays_armed_until_somebody_buys():
    live = sealed_till(14).open().run()

    for label in TUESDAY[:2]:
        assert wanted(live, label).intents == ()
        assert armed(live, label) == [(MAIN, 1000, Rule.LIMIT_DOWN)]
    assert sold(live) == [(TUESDAY[2], Origin.EXIT)]
    assert live.journal.account.book.holdings() == {}


def test_a_holding_nobody_prices_says_that_an_exit_cannot_be_ruled_out():
    def price(symbol: Symbol, moment: datetime) -> str | None:
        return None if symbol == MAIN and moment.date() == TUE else "10.00"

    setup = Setup(vendor=lambda clock: Vendor(clock, price), answers=[BUY], limits=TRAIL)

    live = setup.open().run(at(TUE, "10:40"))

    assert armed(live, TUESDAY[0]) == [(MAIN, 1000, Rule.QUOTE_MISSING)]
    assert opening(live, TUESDAY[0]).peaks_cny == {MAIN: Decimal("10.01")}  # paid the ask


def unpriced_at_first() -> Setup:
    """Return a market in which nobody prices MAIN where Tuesday's first session looks."""

    def price(symbol: Symbol, moment: datetime) -> str | None:
        return None if symbol == MAIN and at(TUE, "09:00") < moment < at(TUE, "11:00") else "10.00"

    limits = replace(STOP, daily_loss_ratio_max=Decimal("0.05"))
    return Setup(vendor=lambda clock: Vendor(clock, price), answers=[BUY], limits=limits)


def test_the_days_base_is_what_its_first_session_found_also_where_a_price_came_later():
    live = unpriced_at_first().open().run(at(TUE, "14:10"))

    first, later = opening(live, TUESDAY[0]), opening(live, TUESDAY[2])
    assert (first.unpriced, later.unpriced) == ((MAIN,), ())
    # 1000 MAIN at the previous close of 10.00, and the cash that the purchase left.
    assert later.day_equity_cny == first.book.cash_cny + 10_000


def opening(live: Live, label: str) -> Opening:
    value = live.value(label, "book")
    assert isinstance(value, Opening)
    return value


def test_a_peak_is_kept_from_session_to_session_and_moves_with_an_ex_day():
    """A dividend of 1.00 a share: the 10.50 of Monday is 9.50 on Tuesday, where the price is 9.10."""
    setup = bars(10.0, 10.0, 10.5, 10.5, 9.1, 9.1, 9.1, 9.0, actions=(PAID,))

    live = replace(setup, limits=TRAIL).open().run()

    peaks = [opening(live, label).peaks_cny.get(MAIN) for label in (*MONDAY, *TUESDAY)]
    assert peaks == [None, *map(Decimal, ["10.0", "10.5", "10.5", "9.5", "9.5", "9.5"]), None]
    # A twentieth under 9.50 is 9.025: 9.10 keeps the shares, 9.00 at 14:05 sells them.
    assert sold(live) == [(TUESDAY[2], Origin.EXIT)]


def test_a_dividend_is_kept_and_does_not_make_a_stop_loss_fire():
    """Bought at 10.00, 1.00 a share received: the stop at 9.50 is at 8.50 from the ex-day on."""
    setup = bars(10.0, 10.0, 10.0, 10.0, 9.0, 9.0, 9.0, 8.5, actions=(PAID,))

    live = replace(setup, limits=STOP).open().run()

    paid = (Dividend(day=TUE, cny_per_share=Decimal("1.00")),)
    kept = [opening(live, label).dividends for label in (MONDAY[3], *TUESDAY)]
    assert kept == [{}, {MAIN: paid}, {MAIN: paid}, {MAIN: paid}, {}]
    assert sold(live) == [(TUESDAY[2], Origin.EXIT)]


def test_peaks_are_not_kept_where_no_trailing_stop_asks_for_them():
    live = replace(bars(*[10.0] * 8), limits=STOP).open().run()

    assert opening(live, TUESDAY[0]).peaks_cny == {}


def test_a_sale_by_exit_and_one_by_the_mind_are_one_sale():
    setup = replace(bars(*[10.0] * 4, *[9.2] * 4), limits=STOP)
    script = [BUY, HOLD, HOLD, HOLD, answer(order("sell", MAIN, 500))]

    live = replace(setup, answers=script).open().run(at(TUE, "10:40"))

    verdicts = live.value(TUESDAY[0], "verdicts")
    assert isinstance(verdicts, Verdicts)
    assert [one.origin for one in verdicts.refused] == [Origin.DECISION]
    assert sold(live) == [(TUESDAY[0], Origin.EXIT)]


def test_a_mind_that_buys_what_an_exit_sells_does_not_stop_the_exit():
    setup = replace(bars(*[10.0] * 4, *[9.2] * 4), limits=STOP)

    live = replace(setup, answers=[BUY, HOLD, HOLD, HOLD, BUY]).open().run(at(TUE, "10:40"))

    assert sold(live) == [(TUESDAY[0], Origin.EXIT)]
    assert live.journal.account.book.holdings() == {}


def dying(fate: Fate) -> Setup:
    """A dividend of 1.00 and five new shares for ten: 10.00 is (10.00 - 1.00) / 1.5 = 6.00 the day after.

    1500 x 5.60 and 1000.00 received are less than 9500.00; the peak of 6.00 has fallen by more than 0.30.
    """
    given = replace(PAID, shares_per_share=Decimal("0.5"))
    setup = bars(*[10.0] * 4, 6.0, 6.0, 6.0, 5.6, actions=(given,))
    limits = replace(STOP, exits=TRAIL.exits)
    doors: Any = {
        "prices": lambda source: Door(source, fate, "prices"),
        "broker": lambda broker, _journal: Door(broker, fate, "broker"),
        "agent": lambda agent: Door(agent, fate, "agent"),
    }
    series = replace(setup.market, prev_close=np.array([[10.0, 10.0]] * 4 + [[6.0, 10.0]] * 4))
    return replace(setup, market=series, limits=limits, **doors)


def told(setup: Setup) -> list[str]:
    return [event.body for event in setup.store.events() if event.kind in {"exits", "opening"}]


def test_a_process_that_dies_at_any_door_finds_the_same_peaks_dividends_and_exits_again():
    fate = Fate()
    whole = dying(fate)
    live = whole.open().run()

    assert opening(live, TUESDAY[2]).peaks_cny == {MAIN: Decimal("6.00")}
    assert [one.why[:9] for one in wanted(live, TUESDAY[2]).intents] == ["stop loss"]
    assert fate.count > 40
    for number in range(1, fate.count + 1):
        setup = dying(Fate(dies_at=number))
        with pytest.raises(Crash):
            setup.open().run()
        setup.open().run()
        assert told(setup) == told(whole)


@pytest.mark.parametrize("cut", [at(MON, "14:05"), at(TUE, "10:34"), at(TUE, "14:00")])
def test_a_process_that_ends_between_sessions_forgets_no_armed_exit(cut):
    whole, parted = sealed_till(14), sealed_till(14)
    whole.open().run()

    parted.open().run(cut)
    parted.open().run()

    assert told(whole) == told(parted)
    assert len(told(whole)) == 3 + 8  # exits in three of eight sessions


@pytest.mark.parametrize(
    "setup",
    [
        sealed_till(14),
        replace(bars(10.0, 10.0, 9.4, 9.4, *[9.4] * 4), limits=STOP),
        replace(bars(10.0, 10.0, 10.5, 10.5, *[9.1] * 3, 9.0, actions=(PAID,)), limits=TRAIL),
        replace(bars(*[10.0] * 4, *[9.0] * 3, 8.5, actions=(PAID,)), limits=STOP),
        replace(bars(*[10.0] * 8), limits=Limits(exits=ExitTerms(time_stop_days=1))),
        unpriced_at_first(),
    ],
)
def test_sessions_with_exits_come_out_the_same_when_lived_again(setup):
    live = setup.open().run()

    twin = Twin(setup.store, setup.genesis, Memory(setup.market))
    asyncio.run(twin.replay.run())

    assert live.kinds("exits")
    assert twin.journal.differences == []
    assert list(twin.journal.events) == list(setup.store.events())
