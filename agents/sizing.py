"""How many shares a rule may ask for, so that the gate and the exchange can say yes. Pure."""

from __future__ import annotations

from decimal import Decimal

from services.domain.decision import Briefing
from services.domain.instruments import Instrument, Kind, Symbol
from services.domain.orders import Side
from services.rules import (
    OutsideRulebook,
    Phase,
    PhaseSpan,
    Rules,
    after_hours_eligible,
    phase_at,
    round_lot_down,
    rules_of,
    settlement_days,
)

BUY_MARGIN = Decimal("1.0115")
"""Cash set aside for 1 CNY of a buy: a marketable limit lies up to 1% above the quote, then come fees."""
SELL_MARGIN = Decimal("0.985")
"""Cash counted on for 1 CNY of a sell: it may fill 1% below the quote, less fees and stamp duty."""
FEE_FLOOR_CNY = Decimal(6)
"""Set aside for each buy besides: the minimum commission of 5.00 and the transfer fee of a small order."""

_BUY, _SELL = Side.BUY, Side.SELL
_NOT_ALWAYS = frozenset({Phase.AFTER_HOURS_WAIT, Phase.AFTER_HOURS, Phase.CLOSED})
"""The phases in which not every order of the day can still trade."""


class TradableRules:
    """Tells under which rules an order of one slot trades that day, symbol by symbol."""

    __slots__ = ("_briefing", "_open")

    def __init__(self, briefing: Briefing) -> None:
        self._briefing = briefing
        self._open: list[tuple[PhaseSpan, ...]] = []
        """The timetables met by which every order of the slot trades: those of most symbols are two."""

    def of(self, symbol: Symbol) -> Rules | None:
        """Return the rules under which an order of this slot trades today.

        None where an order could not trade any more that day (after hours, for what has no fixed-price
        trading), or where the rulebook does not know; lunch counts as tradable, the order waits.
        """
        slot = self._briefing.slot
        try:
            rules = rules_of(symbol, slot.day)
            for timetable in self._open:
                if rules.phases is timetable:
                    return rules
            phase = phase_at(rules, slot.at).phase
        except OutsideRulebook:
            return None
        if phase not in _NOT_ALWAYS:
            self._open.append(rules.phases)
            return rules
        if phase is Phase.CLOSED:
            return None
        instrument = self._briefing.instruments.get(symbol) or Instrument(symbol=symbol)
        return rules if after_hours_eligible(rules, kind_of(rules, instrument), instrument) else None


def kind_of(rules: Rules, instrument: Instrument | None) -> Kind:
    """Return what the instrument is: by its own data, else by its board."""
    return rules.kind if instrument is None or instrument.kind is None else instrument.kind


def shares_for(rules: Rules, cash_cny: Decimal, last_cny: Decimal) -> int:
    """Return the most shares in valid lots whose purchase surely fits into `cash_cny`, 0 when none does."""
    return shares_worth(rules, cash_cny - FEE_FLOOR_CNY, last_cny)


def shares_worth(rules: Rules, spare_cny: Decimal, last_cny: Decimal) -> int:
    """Return `shares_for` where the fee is set aside already."""
    # A negative quotient is below every lot.
    return round_lot_down(rules, _BUY, int(spare_cny // (last_cny * BUY_MARGIN)), 0)


def shares_to_sell(briefing: Briefing, rules: Rules, symbol: Symbol, held: int, most: int) -> int:
    """Return how many of `most` shares may be sold today in one order of valid size (T+1), 0 for none."""
    day = briefing.slot.day
    wait_days = settlement_days(kind_of(rules, briefing.instruments.get(symbol)), day, rules.board)
    sellable = briefing.book.sellable(symbol, day, wait_days)
    if sellable <= 0:
        return 0
    return round_lot_down(rules, _SELL, most if most < sellable else sellable, held)
