"""The exchange's reference prices of ex-days, for raw series whose files state none. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from services.domain.bars import Adjustment, CorporateAction, FloatArray, Panel
from services.domain.money import from_float
from services.rules import OutsideRulebook, ex_reference, rules_of


def with_ex_references(panel: Panel) -> Panel:
    """Return the panel with the previous close of each ex-day reckoned from the declared actions.

    Adjusted prices hold their ex-days already. What the file states is kept. A stock that does not
    trade on its ex-day has the reference until it does. Limits are then reckoned from it, not from
    the last raw close.

    Raises:
        ValueError: An action takes more from a share than it was worth; the message names it.
    """
    if not panel.actions or panel.adjustment is not Adjustment.RAW:
        return panel
    stated = np.full(panel.close.shape, np.nan) if panel.prev_close is None else panel.prev_close.copy()
    free = np.isnan(stated)
    ordered = sorted(panel.actions, key=lambda action: (action.symbol, action.ex_date))
    for (symbol, ex_date), actions in groupby(ordered, key=lambda action: (action.symbol, action.ex_date)):
        _refer(panel, (stated, free), panel.column[symbol], ex_date, tuple(actions))
    return panel if np.isnan(stated).all() else replace(panel, prev_close=stated)


def _refer(
    panel: Panel,
    references: tuple[FloatArray, NDArray[np.bool_]],
    column: int,
    ex_date: date,
    actions: Sequence[CorporateAction],
) -> None:
    """Write the reference of one ex-day into the cells that are free: of which the file says nothing."""
    stated, free = references
    first = int(np.searchsorted(panel.days, ex_date.toordinal()))
    before = np.flatnonzero(~np.isnan(panel.close[:first, column]))
    if first == len(panel.days) or not before.size:
        return
    symbol, last = panel.symbols[column], int(before[-1])
    # Two ex-days without a trade between them: the second one is reckoned from the first one's reference.
    earlier = stated[last + 1 : first, column]
    known = earlier[~np.isnan(earlier)]
    close = float(known[-1]) if known.size else float(panel.close[last, column])
    try:
        reference = ex_reference(
            from_float(close),
            cash=sum((action.cash_per_share for action in actions), Decimal(0)),
            share_ratio=sum((action.shares_per_share for action in actions), Decimal(0)),
            **_rights(actions),
            tick=rules_of(symbol, ex_date).tick,
        )
    except OutsideRulebook:
        return
    except ValueError as problem:
        raise ValueError(f"{symbol} {ex_date}: {problem}") from None
    rows = slice(first, _through_first_trade(panel, column, first))
    stated[rows, column] = np.where(free[rows, column], float(reference), stated[rows, column])


def _rights(actions: Sequence[CorporateAction]) -> dict[str, Decimal]:
    """Return ratio and price of the day's rights issues as those of one."""
    ratio = sum((action.rights_per_share for action in actions), Decimal(0))
    paid = sum((action.rights_per_share * action.rights_price_cny for action in actions), Decimal(0))
    return {"rights_ratio": ratio, "rights_price": paid / ratio} if ratio else {}


def _through_first_trade(panel: Panel, column: int, first: int) -> int:
    """Return the row after the last of the first day, from `first` on, on which the symbol trades."""
    traded: NDArray[np.int64] = np.flatnonzero(~np.isnan(panel.open[first:, column]))
    if not traded.size:
        return len(panel.days)
    day = panel.days[first + int(traded[0])]
    return int(np.searchsorted(panel.days, day, side="right"))
