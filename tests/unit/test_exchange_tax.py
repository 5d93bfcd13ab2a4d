"""Ex-days to the cent: what holders get, what a sale owes on it, and the limits of the day."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pytest

from services.brokers.bar_matching import BarMarket
from services.brokers.ledger import MemoryLedger, Moved
from services.brokers.pricing import Frictions
from services.brokers.simulated import SimulatedExchange
from services.clock import VirtualClock
from services.domain.bars import Adjustment, CorporateAction, Panel
from services.domain.fills import Movement, MovementKind
from services.domain.instruments import Instrument, Kind, Market, Symbol
from services.domain.quotes import PanelSnapshot
from services.market.ex_references import with_ex_references
from services.rules import Commission
from services.slots import ZONES
from tests.exchange_market import FLAT, MAIN, OTHER, WHOLE_DAY, Bar, Weekdays, at, buy, exchange, panel, sell

# Days on which nothing changes but the date: prices stay at 10.00.
BOUGHT, EX, MONTH_TO_THE_DAY, A_DAY_MORE = (
    date(2026, 5, 15),  # a Friday
    date(2026, 5, 18),
    date(2026, 6, 15),
    date(2026, 6, 16),
)
CASH = Decimal("0.25")


def action(**given: str) -> CorporateAction:
    return CorporateAction(symbol=MAIN, ex_date=EX, **{name: Decimal(text) for name, text in given.items()})


class Holder:
    """An account that bought 1,000 MAIN on 2026-05-15 at 10.00, and the exchange it is at."""

    def __init__(self, *actions: CorporateAction, kind: Kind | None = None, taxed: bool = True) -> None:
        days = (BOUGHT, EX, MONTH_TO_THE_DAY, A_DAY_MORE)
        market = panel(
            {MAIN: [FLAT] * 4}, days=days, hours=WHOLE_DAY, prev_close={MAIN: (10.0,) * 4}, actions=actions
        )
        self.clock, self.ledger = VirtualClock(at(BOUGHT, "09:35")), MemoryLedger()
        self.broker: SimulatedExchange = exchange(
            market,
            self.clock,
            ledger=self.ledger,
            dividend_tax=taxed,
            instruments={} if kind is None else {MAIN: Instrument(symbol=MAIN, kind=kind)},
        )
        asyncio.run(self.broker.submit_order(buy(MAIN, 1000, "10.00", name="BUY", day=BOUGHT)))

    def sell(self, shares: int, day: date, name: str = "SELL") -> Movement | None:
        """Sell at 10.00 and return the tax that this made due."""
        self.clock.jump(at(day, "09:35"))
        placed = sell(MAIN, shares, "10.00", name=name, day=day)
        asyncio.run(self.broker.submit_order(placed))
        fills = [fill for fill in asyncio.run(self.broker.get_fills(day)) if fill.order_id == placed.order_id]
        assert sum(fill.shares for fill in fills) == shares
        moved = asyncio.run(self.broker.get_movements(day))
        return next((one for one in moved if one.order_id == placed.order_id), None)

    @property
    def cash(self) -> Decimal:
        return asyncio.run(self.broker.get_balance()).cash_cny


def test_a_sale_within_a_month_owes_a_fifth_of_the_dividend_and_later_a_tenth() -> None:
    soon, late = Holder(action(cash_per_share="0.25")), Holder(action(cash_per_share="0.25"))

    # 1000 x 0.25 = 250.00, of it 20% = 50.00 and 10% = 25.00; 05-15 to 06-15 is exactly a month.
    tax = soon.sell(1000, MONTH_TO_THE_DAY)
    assert tax is not None
    assert (tax.kind, tax.symbol, tax.shares, tax.cash_cny, tax.day) == (
        MovementKind.ADJUST,
        MAIN,
        0,
        Decimal("-50.00"),
        MONTH_TO_THE_DAY,
    )
    # 100000 - 10000 - 5.00 - 0.10 + 250.00 + 10000 - (5.00 + 5.00 + 0.10) - 50.00
    assert soon.cash == Decimal("100184.80")
    later = late.sell(1000, A_DAY_MORE)
    assert later is not None
    assert later.cash_cny == Decimal("-25.00")


def test_bonus_shares_are_taxed_at_par_and_capitalisation_is_not() -> None:
    # 3 for 10, of which 1 out of profit: 1000 x 0.1 x 1.00 = 100.00 taxed, 20% = 20.00.
    holder = Holder(action(shares_per_share="0.3", bonus_per_share="0.1"))

    tax = holder.sell(1300, MONTH_TO_THE_DAY)

    assert tax is not None
    assert tax.cash_cny == Decimal("-20.00")
    assert Holder(action(shares_per_share="0.3")).sell(1300, MONTH_TO_THE_DAY) is None


def test_a_sale_of_a_part_owes_its_part_and_the_rest_owes_the_rest_later() -> None:
    holder = Holder(action(cash_per_share="0.25"))

    first = holder.sell(400, MONTH_TO_THE_DAY, "FIRST")
    second = holder.sell(600, A_DAY_MORE, "SECOND")

    # 400 x 0.25 x 20% = 20.00; 600 x 0.25 x 10% = 15.00
    assert first is not None
    assert second is not None
    assert (first.cash_cny, second.cash_cny) == (Decimal("-20.00"), Decimal("-15.00"))


def test_shares_bought_on_the_ex_day_owe_nothing_and_are_sold_last() -> None:
    holder = Holder(action(cash_per_share="0.25"))
    holder.clock.jump(at(EX, "09:35"))
    asyncio.run(holder.broker.submit_order(buy(MAIN, 500, "10.00", name="MORE", day=EX)))

    first = holder.sell(1200, MONTH_TO_THE_DAY, "FIRST")
    second = holder.sell(300, A_DAY_MORE, "SECOND")

    # The 1000 that were entitled are among the first 1200: 50.00 in all.
    assert first is not None
    assert first.cash_cny == Decimal("-50.00")
    assert second is None


def test_new_shares_are_sold_before_those_bought_on_the_ex_day_and_are_as_old_as_the_old_ones() -> None:
    later = CorporateAction(symbol=MAIN, ex_date=MONTH_TO_THE_DAY, cash_per_share=CASH)
    holder = Holder(action(shares_per_share="0.1"), later)
    holder.clock.jump(at(EX, "09:35"))
    asyncio.run(holder.broker.submit_order(buy(MAIN, 500, "10.00", name="MORE", day=EX)))

    tax = holder.sell(1100, A_DAY_MORE)

    # 1,000 and their 100 new ones, of 05-15: 1100 x 0.25 = 275.00, of it 10%. Those of 05-18 would owe 20%.
    assert tax is not None
    assert tax.cash_cny == Decimal("-27.50")


@pytest.mark.parametrize("kind", [Kind.ETF_EQUITY, Kind.REIT])
def test_what_a_fund_distributes_is_not_taxed(kind: Kind) -> None:
    assert Holder(action(cash_per_share="0.25"), kind=kind).sell(1000, MONTH_TO_THE_DAY) is None


def test_an_exchange_that_is_told_not_to_books_no_tax() -> None:
    assert Holder(action(cash_per_share="0.25"), taxed=False).sell(1000, MONTH_TO_THE_DAY) is None


def test_the_ledger_read_anew_holds_the_tax_and_reckons_the_next_one_alike() -> None:
    holder = Holder(action(cash_per_share="0.25"))
    holder.sell(400, MONTH_TO_THE_DAY, "FIRST")
    cash = holder.cash

    again = Holder(action(cash_per_share="0.25"))
    again.ledger = holder.ledger
    again.clock.jump(at(MONTH_TO_THE_DAY, "09:36"))
    again.broker = exchange(
        panel(
            {MAIN: [FLAT] * 4},
            days=(BOUGHT, EX, MONTH_TO_THE_DAY, A_DAY_MORE),
            hours=WHOLE_DAY,
            prev_close={MAIN: (10.0,) * 4},
            actions=(action(cash_per_share="0.25"),),
        ),
        again.clock,
        ledger=holder.ledger,
        dividend_tax=True,
    )

    assert again.cash == cash
    tax = again.sell(600, A_DAY_MORE, "SECOND")
    assert tax is not None
    assert tax.cash_cny == Decimal("-15.00")


def test_a_ledger_taken_up_at_an_earlier_moment_shows_a_sale_together_with_its_tax() -> None:
    holder = Holder(action(cash_per_share="0.25"))
    holder.sell(1000, MONTH_TO_THE_DAY)
    cash = holder.cash

    earlier = Holder(action(cash_per_share="0.25"))
    earlier.broker = exchange(
        panel({MAIN: [FLAT]}, days=(BOUGHT,), hours=WHOLE_DAY, prev_close={MAIN: (10.0,)}),
        VirtualClock(at(MONTH_TO_THE_DAY, "09:30")),
        ledger=holder.ledger,
    )

    assert earlier.cash == cash


def test_new_shares_cost_nothing_more_and_a_cut_off_fraction_is_told() -> None:
    holder = Holder(action(shares_per_share="0.0015"))
    holder.clock.jump(at(EX, "09:35"))

    (given,) = asyncio.run(holder.broker.get_movements(EX))

    # 1000 x 0.0015 = 1.5
    assert (given.kind, given.shares, given.cash_cny) == (MovementKind.BONUS, 1, Decimal("0.00"))
    assert "0.5" in given.why


def references(bars: list[Bar], *actions: CorporateAction, adjustment: Adjustment = Adjustment.RAW) -> Panel:
    days = (BOUGHT, EX, MONTH_TO_THE_DAY, A_DAY_MORE)
    other: list[Bar] = [FLAT] * 4
    market = panel(
        {MAIN: bars, OTHER: other}, days=days, hours=WHOLE_DAY, actions=actions, adjustment=adjustment
    )
    return with_ex_references(market)


def test_a_raw_file_with_declared_ex_days_has_its_limits_from_the_ex_reference() -> None:
    # (10.00 - 0.25) / 1.3 = 7.50
    market = references(
        [FLAT, (7.5, 7.6, 7.4, 7.5), FLAT, FLAT], action(cash_per_share="0.25", shares_per_share="0.3")
    )
    offer = asyncio.run(BarMarket(market).offer(MAIN, at(EX, "09:35")))
    quote = PanelSnapshot(panel=market, moment=at(EX, "09:35")).get(MAIN)

    assert offer is not None
    assert quote is not None
    assert offer.prev_close_cny == quote.prev_close_cny == Decimal("7.5")
    # The day after it is the last close again, and other symbols are left alone.
    after = asyncio.run(BarMarket(market).offer(MAIN, at(MONTH_TO_THE_DAY, "09:35")))
    aside = asyncio.run(BarMarket(market).offer(OTHER, at(EX, "09:35")))
    assert after is not None
    assert aside is not None
    assert (after.prev_close_cny, aside.prev_close_cny) == (Decimal("7.5"), Decimal("10.0"))


def test_a_stock_suspended_on_its_ex_day_has_the_reference_until_it_trades() -> None:
    market = references([FLAT, None, (9.8, 9.9, 9.7, 9.8), FLAT], action(cash_per_share="0.25"))

    offers = [
        asyncio.run(BarMarket(market).offer(MAIN, at(day, "09:35")))
        for day in (EX, MONTH_TO_THE_DAY, A_DAY_MORE)
    ]

    shown = [None if offer is None else offer.prev_close_cny for offer in offers]
    assert shown == [Decimal("9.75"), Decimal("9.75"), Decimal("9.8")]


def test_two_ex_days_without_a_trade_between_them_are_reckoned_one_on_the_other() -> None:
    second = CorporateAction(symbol=MAIN, ex_date=MONTH_TO_THE_DAY, shares_per_share=Decimal("0.5"))
    market = references([FLAT, None, None, (6.5, 6.6, 6.4, 6.5)], action(cash_per_share="0.25"), second)

    offer = asyncio.run(BarMarket(market).offer(MAIN, at(A_DAY_MORE, "09:35")))

    # 10.00 - 0.25 = 9.75, and 9.75 / 1.5 = 6.50
    assert offer is not None
    assert offer.prev_close_cny == Decimal("6.5")


def test_adjusted_prices_are_left_as_they_are() -> None:
    market = references([FLAT] * 4, action(cash_per_share="0.25"), adjustment=Adjustment.FORWARD)

    assert market.prev_close is None


def test_an_action_that_takes_more_than_the_share_is_named() -> None:
    with pytest.raises(ValueError, match=f"{MAIN} {EX}"):
        references([FLAT] * 4, action(cash_per_share="10.00"))


def test_a_us_dividend_owes_no_mainland_tax() -> None:
    share, zone, days = Symbol("AAPL.US"), ZONES[Market.US], (BOUGHT, EX, MONTH_TO_THE_DAY)
    paid = CorporateAction(symbol=share, ex_date=EX, cash_per_share=Decimal("0.25"))
    bars = panel({share: [FLAT] * 3}, days=days, hours=WHOLE_DAY, actions=(paid,))
    clock = VirtualClock(datetime.combine(BOUGHT, time(9, 35), zone))
    opens = [int(datetime.combine(day, time(9, 30), zone).timestamp()) for day in days]
    market = replace(bars, starts=np.array(opens), ends=np.array(opens) + 23_400)
    broker = SimulatedExchange(
        market=BarMarket(market),
        clock=clock,
        calendar=Weekdays(),
        cash_cny=Decimal("20000.00"),
        commission=Commission(),
        ledger=MemoryLedger(),
        instruments={},
        frictions=Frictions(dividend_tax=True),
        zone=zone,
    )
    assert asyncio.run(broker.submit_order(buy(share, 1000, "10.00", day=BOUGHT))).reason == ""

    clock.jump(datetime.combine(MONTH_TO_THE_DAY, time(9, 35), zone))
    sold = sell(share, 1000, "10.00", name="SELL", day=MONTH_TO_THE_DAY)
    assert asyncio.run(broker.submit_order(sold)).reason == ""

    assert [one.cash_cny for one in asyncio.run(broker.get_movements(BOUGHT))] == [Decimal("250.00")]


def test_a_rights_issue_moves_the_reference_and_is_named_but_not_taken_up() -> None:
    # (10.00 + 0.3 x 6.00) / 1.3 = 9.0769..., and with 0.25 of cash (9.75 + 1.80) / 1.3 = 8.8846...
    rights = action(rights_per_share="0.3", rights_price_cny="6.00")
    both = action(cash_per_share="0.25", rights_per_share="0.3", rights_price_cny="6.00")
    moved = [
        asyncio.run(BarMarket(references([FLAT] * 4, one)).offer(MAIN, at(EX, "09:35")))
        for one in (rights, both)
    ]
    assert [None if offer is None else offer.prev_close_cny for offer in moved] == [
        Decimal("9.08"),
        Decimal("8.88"),
    ]

    holder = Holder(rights)
    cash = holder.cash
    holder.clock.jump(at(EX, "09:35"))
    (named,) = asyncio.run(holder.broker.get_movements(EX))

    assert (named.kind, named.shares, named.cash_cny) == (MovementKind.ADJUST, 0, Decimal("0.00"))
    assert "0.3" in named.why
    assert "6.00" in named.why
    assert holder.cash == cash
    assert [one.shares for one in asyncio.run(holder.broker.get_positions())] == [1000]
    assert holder.sell(1000, MONTH_TO_THE_DAY) is None


@pytest.mark.parametrize(
    ("symbol", "bought", "ex_date"),
    [
        # From 2025-10-09 on the exchange calls the share by another code.
        (Symbol("830001.BJ"), date(2025, 10, 8), date(2025, 10, 9)),
        # The rulebook ends with the year.
        (MAIN, date(2026, 12, 31), date(2027, 1, 4)),
    ],
)
def test_a_dividend_comes_in_on_a_day_of_which_the_rulebook_does_not_speak(
    symbol: Symbol, bought: date, ex_date: date
) -> None:
    paid = CorporateAction(symbol=symbol, ex_date=ex_date, cash_per_share=CASH)
    market = panel(
        {symbol: [FLAT] * 2}, days=(bought, ex_date), hours=WHOLE_DAY, prev_close={symbol: (10.0,) * 2}
    )
    clock, ledger = VirtualClock(at(bought, "09:35")), MemoryLedger()
    broker = exchange(replace(market, actions=(paid,)), clock, ledger=ledger, dividend_tax=True)
    asyncio.run(broker.submit_order(buy(symbol, 1000, "10.00", name="BUY", day=bought)))

    clock.jump(at(ex_date, "09:35"))
    moved = asyncio.run(broker.get_movements(ex_date))

    assert [(one.kind, one.cash_cny) for one in moved] == [(MovementKind.DIVIDEND, Decimal("250.00"))]
    assert [one.taxable_per_share for one in ledger.entries() if isinstance(one, Moved)] == [CASH]
