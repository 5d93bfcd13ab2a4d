"""Bars in shares and in lots, read as one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial, reduce

import numpy as np

from services.domain.bars import VolumeUnit
from services.domain.instruments import Symbol
from services.history.index import HistoryError
from services.history.series import PRICES, Kind, Series, conflicts, together, without
from services.history.store import HistoryStore, in_unit
from services.market.feeds.fields import LOT_SHARES


def read_together(
    store: HistoryStore, kinds: Sequence[Kind], chosen: VolumeUnit | None, symbols: Sequence[Symbol]
) -> dict[Symbol, Series]:
    """Return the bars of each symbol in one unit, those of several kinds together.

    Where shares and lots of one moment tell other volumes, those of the chosen unit count.

    Raises:
        HistoryError: They do, and none is chosen; or they tell other prices.
    """
    shares = len(kinds) > 1 or chosen is VolumeUnit.SHARE
    unit = VolumeUnit.SHARE if shares else kinds[0].volume_unit
    pieces: dict[Symbol, list[Series]] = {}
    for kind in sorted(kinds, key=lambda one: (one.volume_unit is not chosen, one.volume_unit is not unit)):
        for series in store.read(kind, symbols):
            pieces.setdefault(series.symbol, []).append(in_unit(series, unit))
    return {symbol: reduce(partial(_beside, chosen=chosen), some) for symbol, some in pieces.items()}


def _beside(ours: Series, theirs: Series, *, chosen: VolumeUnit | None) -> Series:
    """Return our bars, and theirs of other moments.

    Raises:
        HistoryError: Prices of one moment differ, or volumes where no unit is chosen. Volumes less than a lot
            apart do not: one of them was rounded.
    """
    prices = conflicts(ours, theirs, PRICES)
    differ = prices or (() if chosen else _volumes_apart(ours, theirs))
    if differ:
        what, mend = ("prices", "") if prices else ("volumes", "choose with --volume-unit, or ")
        raise HistoryError(
            f"the history holds {ours.symbol} in shares and in lots, and the {what} of "
            f"{ours.label_of(min(differ))} differ; {mend}take one of them away with `data remove`"
        )
    return together((ours, without(theirs, ours.ends)))


def _volumes_apart(ours: Series, theirs: Series) -> tuple[int, ...]:
    """Return the ends of bars in shares whose volumes lie a lot or more apart."""
    ends, left, right = np.intersect1d(ours.ends, theirs.ends, assume_unique=True, return_indices=True)
    apart = np.abs(ours.volume[left] - theirs.volume[right]) >= LOT_SHARES
    return tuple(int(end) for end in ends[apart])
