"""What the gate makes smaller where the configuration lets it: from what, to what, by which rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

from risk.limits import Degrees, Desk, Limits, OrderCaps, PortfolioLimits, Resize, Sizing, SizingMethod
from services.domain.orders import Intent, Rule
from tests.unit.gate_desk import FUND, MAIN, OTHER, STAR, TUE, bars, book, buy, d, desk, lot, sell

Step = tuple[Rule, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An order, the policy that brings it down, and each step on its way: rule, asked, left."""

    policy: Resize | None
    desk: Desk
    asked: tuple[Intent, ...]
    steps: tuple[Step, ...]

    def with_policies(self, *policies: Resize) -> Desk:
        """Return the desk under other policies."""
        return replace(self.desk, limits=replace(self.desk.limits, resize=policies))


def case(policy: Resize | None, at_desk: Desk, asked: Intent, *steps: Step) -> Case:
    return Case(policy=policy, desk=at_desk, asked=(asked,), steps=steps)


def capped(**one: object) -> Limits:
    return Limits(caps=replace(OrderCaps(), **one))


def bound(**one: object) -> Limits:
    return Limits(portfolio=PortfolioLimits(**one))


HELD_300 = book(lot(MAIN, 300))
MIXED = book(lot(MAIN, 200), lot(MAIN, 100, on=TUE))
ODD = book(lot(MAIN, 250), lot(MAIN, 49, on=TUE))
RATIO = Limits(position_ratio_max=d("0.2"))
HUNDRED_THOUSAND = "100000.00"
ATR = Limits(sizing=Sizing(method=SizingMethod.ATR, bars=4))
# The last of four bars each 0.10 from the one before: 1 % of 100 000.00 by twice 0.10 is 5000 shares,
# and 20 % of it at 10.00 buys 2000.
DIMES = bars({MAIN: [0.1 / 9.9, -0.1 / 10, 0.1 / 9.9, -0.1 / 10.1]})
# Each 0.50: 1000 shares lose 1 % by twice that.
WIDE = bars({MAIN: [0.5 / 9.5, -0.5 / 10, 0.5 / 9.5, 0.5 / 9.5 * 0]})

CASES: tuple[Case, ...] = (
    case(Resize.SELLABLE, desk(account=HELD_300), sell(shares=400), (Rule.POSITION, 400, 300)),
    case(Resize.SELLABLE, desk(account=MIXED), sell(shares=300), (Rule.T_PLUS_1, 300, 200)),
    # 250 may be sold of 299: 200, or 199 with the odd lot.
    case(Resize.SELLABLE, desk(account=ODD), sell(shares=299), (Rule.T_PLUS_1, 299, 200)),
    case(
        Resize.SELLABLE,
        desk(account=MIXED),
        sell(shares=500),
        (Rule.POSITION, 500, 300),
        (Rule.T_PLUS_1, 300, 200),
    ),
    case(Resize.LOT, desk(), buy(shares=250), (Rule.BOARD_LOT, 250, 200)),
    case(Resize.LOT, desk(), buy(shares=1_000_100), (Rule.ORDER_MAX, 1_000_100, 1_000_000)),
    case(Resize.LOT, desk(account=HELD_300), sell(shares=250), (Rule.BOARD_LOT, 250, 200)),
    # 200 at 10.00 cost 2000.00, 5.00 commission and 0.02 transfer fee.
    case(Resize.CASH, desk(account=book(cash="2005.02")), buy(shares=300), (Rule.CASH, 300, 200)),
    case(Resize.CASH, desk(account=book(cash="2005.01")), buy(shares=300), (Rule.CASH, 300, 100)),
    case(
        Resize.CASH,
        desk(account=book(cash="3005.03"), limits=Limits(cash_reserve_cny_min=d("1000.00"))),
        buy(shares=300),
        (Rule.CASH_RESERVE, 300, 200),
    ),
    # A lot of STAR is 200 or more, one by one: 2204.99 pay 219 at 10.00, and 5.00 commission.
    case(Resize.CASH, desk(account=book(cash="2204.99")), buy(STAR, 300), (Rule.CASH, 300, 219)),
    case(
        Resize.CAP,
        desk(limits=capped(order_cny_max=d("2500.00"))),
        buy(shares=300),
        (Rule.ORDER_CNY, 300, 200),
    ),
    case(
        Resize.CAP,
        desk(limits=capped(order_cny_max=d("2500.00")), account=HELD_300),
        sell(shares=300),
        (Rule.ORDER_CNY, 300, 200),
    ),
    case(
        Resize.CAP,
        desk(limits=capped(notional_cny_session_max=d("2500.00"))),
        buy(shares=300),
        (Rule.NOTIONAL, 300, 200),
    ),
    case(
        Resize.CAP,
        desk(limits=capped(turnover_ratio_session_max=d("0.025")), equity=HUNDRED_THOUSAND),
        buy(shares=300),
        (Rule.TURNOVER, 300, 200),
    ),
    case(
        Resize.CAP,
        desk(limits=Limits(degrees=Degrees(capital_cny_max=d("2500.00")))),
        buy(shares=300),
        (Rule.CAPITAL, 300, 200),
    ),
    case(
        Resize.CAP,
        desk(limits=RATIO, equity=HUNDRED_THOUSAND),
        buy(shares=2100),
        (Rule.POSITION_RATIO, 2100, 2000),
    ),
    case(
        Resize.CAP,
        desk(limits=RATIO, equity=HUNDRED_THOUSAND, account=HELD_300),
        buy(shares=2100),
        (Rule.POSITION_RATIO, 2100, 1700),
    ),
    case(
        Resize.CAP,
        desk(limits=bound(sector_unknown_ratio_max=d("0.2")), equity=HUNDRED_THOUSAND),
        buy(shares=2100),
        (Rule.SECTOR, 2100, 2000),
    ),
    case(
        Resize.CAP,
        desk(limits=bound(gross_ratio_max=d("0.2")), equity=HUNDRED_THOUSAND),
        buy(shares=2100),
        (Rule.GROSS_EXPOSURE, 2100, 2000),
    ),
    # A configured size always binds, and what is held counts.
    case(
        None,
        desk(limits=ATR, equity=HUNDRED_THOUSAND, history=DIMES),
        buy(shares=2100),
        (Rule.SIZING, 2100, 2000),
    ),
    case(
        None,
        desk(limits=ATR, equity=HUNDRED_THOUSAND, history=WIDE),
        buy(shares=2100),
        (Rule.SIZING, 2100, 1300),
    ),
    case(
        None,
        desk(limits=Limits(sizing=Sizing(method=SizingMethod.EQUAL_WEIGHT)), equity=HUNDRED_THOUSAND),
        buy(OTHER, 2100),
        (Rule.SIZING, 2100, 2000),
    ),
    case(
        None,
        desk(
            limits=Limits(sizing=Sizing(method=SizingMethod.FIXED_RATIO)),
            equity=HUNDRED_THOUSAND,
            account=HELD_300,
        ),
        buy(shares=2100),
        (Rule.SIZING, 2100, 1700),
    ),
)

NO_ORDER_LEFT: tuple[Case, ...] = (
    # What the policy leaves is not an order: the rule refuses after all.
    case(Resize.SELLABLE, desk(), sell(), (Rule.POSITION, 100, 0)),
    case(
        Resize.SELLABLE, desk(account=book(lot(MAIN, 300, on=TUE))), sell(shares=300), (Rule.T_PLUS_1, 300, 0)
    ),
    case(Resize.LOT, desk(), buy(shares=99), (Rule.BOARD_LOT, 99, 0)),
    case(Resize.LOT, desk(), buy(STAR, 199), (Rule.BOARD_LOT, 199, 0)),
    case(Resize.CASH, desk(account=book(cash="1005.00")), buy(shares=300), (Rule.CASH, 300, 0)),
    case(Resize.CASH, desk(account=book(cash="0.00")), buy(FUND), (Rule.CASH, 100, 0)),
    case(Resize.CAP, desk(limits=capped(order_cny_max=d("999.99"))), buy(), (Rule.ORDER_CNY, 100, 0)),
    # How many orders there are, and what bars say, no smaller size can mend.
    case(Resize.CAP, desk(limits=capped(orders_session_max=0)), buy(), (Rule.ORDER_COUNT, 100, 0)),
    case(Resize.CAP, desk(limits=capped(orders_per_second_max=0)), buy(), (Rule.ORDER_RATE, 100, 0)),
    case(
        Resize.CAP,
        desk(limits=Limits(daily_loss_ratio_max=d("0.05")), equity="95.00", day_equity="100.00"),
        buy(),
        (Rule.DAILY_LOSS, 100, 0),
    ),
    case(
        Resize.CAP,
        desk(limits=bound(correlation_max=d("0.5")), account=book(lot(OTHER, 100))),
        buy(),
        (Rule.CORRELATION, 100, 0),
    ),
    case(Resize.CAP, desk(limits=bound(var_ratio_max=d("0.5"))), buy(), (Rule.VAR, 100, 0)),
)
