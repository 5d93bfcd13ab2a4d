"""Checks the bars of a price file one by one and lays them out as a panel."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from math import nan
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.domain.bars import Adjustment, CorporateAction, FloatArray, Frequency, Panel, VolumeUnit
from services.domain.instruments import Instrument, Market, NotASymbol, Symbol, parse_symbol
from services.domain.value import Value
from services.market.bar_times import BarTime, bar_time, market_of
from services.market.ex_references import with_ex_references
from services.market.raw_bars import PriceFileError, RawBar

PRICES = ("open", "high", "low", "close")


class DeclaredFacts(Value, frozen=True, kw_only=True):
    """What a price file cannot say of itself."""

    adjustment: Adjustment = Adjustment.UNKNOWN
    volume_unit: VolumeUnit = VolumeUnit.UNKNOWN
    instruments: tuple[Instrument, ...] = ()
    actions: tuple[CorporateAction, ...] = ()


class _Series(msgspec.Struct):
    """The bars of one symbol so far, as plain numbers; `open_line` is the line of a bar in progress."""

    symbol: Symbol
    name: str
    first_line: int
    open_line: int = 0
    last_line: int = 0
    last_label: str = ""
    ends: array[int] = msgspec.field(default_factory=lambda: array("q"))
    columns: tuple[array[float], ...] = msgspec.field(
        default_factory=lambda: tuple(array("d") for _ in range(6))
    )


class PanelBuilder:
    """Takes bars in file order and refuses the first that cannot be true, with its place and the mend."""

    def __init__(self, path: Path, frequency: Frequency | None = None) -> None:
        self._path = path
        self._frequency = frequency
        self._market: Market | None = None
        self._series: dict[str, _Series] = {}
        self._times: dict[int, BarTime] = {}

    def add(self, bar: RawBar) -> None:
        """Take one bar.

        Raises:
            PriceFileError: The bar contradicts itself, the ones before it, or what was asked for.
        """
        series = self._series.get(bar.symbol) or self._begin(bar)
        when = self._when(bar, series)
        self._require_order(bar, series, when)
        if bar.open is not None and bar.high is bar.low is bar.close is bar.volume is None:
            self._require_positive(bar, ("open", "prev_close"))
            series.open_line = bar.line
        else:
            self._require_whole(bar)
        series.last_line, series.last_label = bar.line, bar.label
        series.ends.append(when.end_s)
        self._times[when.end_s] = when
        values = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.prev_close)
        for column, value in zip(series.columns, values, strict=True):
            column.append(nan if value is None else value)

    def panel(self, facts: DeclaredFacts) -> Panel:
        """Return everything taken as a panel whose `digest` is still empty.

        Raises:
            PriceFileError: There was no bar, or the declared facts name a symbol that is not there.
        """
        if not self._series or self._frequency is None:
            raise PriceFileError(f"{self._path}: has no bars; is it the right file?")
        all_series = list(self._series.values())
        times = [self._times[end] for end in sorted(self._times)]
        ends = np.array([when.end_s for when in times], dtype=np.int64)
        matrices = _matrices(all_series, ends)
        self._require_known(facts)
        panel = Panel(
            symbols=tuple(series.symbol for series in all_series),
            names=tuple(series.name for series in all_series),
            starts=np.array([when.start_s for when in times], dtype=np.int64),
            ends=ends,
            days=np.array([when.day for when in times], dtype=np.int64),
            open=matrices[0],
            high=matrices[1],
            low=matrices[2],
            close=matrices[3],
            volume=matrices[4],
            prev_close=None if np.isnan(matrices[5]).all() else matrices[5],
            frequency=self._frequency,
            adjustment=facts.adjustment,
            volume_unit=facts.volume_unit,
            source=f"file:{self._path.name}",
            digest="",
            instruments={instrument.symbol: instrument for instrument in facts.instruments},
            actions=facts.actions,
        )
        try:
            return with_ex_references(panel)
        except ValueError as problem:
            raise PriceFileError(f"{self._path}.meta.json: actions: {problem}; correct the action") from None

    def _begin(self, bar: RawBar) -> _Series:
        try:
            symbol = parse_symbol(bar.symbol)
        except NotASymbol as problem:
            raise PriceFileError(f"{self._path}:{bar.line}: {problem}{_ticker_hint(bar.symbol)}") from None
        market = market_of(symbol)
        if self._market is None:
            self._market = market
        elif market is not self._market:
            raise PriceFileError(
                f"{self._path}:{bar.line}: {symbol} is of another market than the symbols before it; "
                "keep one market a file"
            )
        series = _Series(symbol=symbol, name=bar.name, first_line=bar.line)
        self._series[symbol] = series
        return series

    def _when(self, bar: RawBar, series: _Series) -> BarTime:
        try:
            when = bar_time(bar.label, market_of(series.symbol))
        except ValueError as problem:
            raise self._refused(bar, str(problem)) from None
        if self._frequency is None:
            self._frequency = when.frequency
        elif when.frequency is not self._frequency:
            raise self._refused(
                bar,
                f"a {when.frequency} bar where {self._frequency} bars are expected; keep them in two files",
            )
        return when

    def _require_order(self, bar: RawBar, series: _Series, when: BarTime) -> None:
        if not series.ends:
            return
        before = f"line {series.last_line} ({series.last_label})"
        if when.end_s == series.ends[-1]:
            raise self._refused(bar, f"the same bar stands at {before}; leave one of them")
        if when.end_s < series.ends[-1]:
            raise self._refused(
                bar, f"is earlier than {before}; sort each symbol's bars by time, oldest first"
            )
        if series.open_line:
            raise PriceFileError(
                f"{self._path}:{series.open_line}: {bar.symbol} {series.last_label}: "
                "high, low and close missing; complete it, only a symbol's last bar may have its open alone"
            )

    def _require_whole(self, bar: RawBar) -> None:
        """Refuse a bar that lacks a field, or whose numbers cannot be a bar's."""
        if bar.open is None or bar.high is None or bar.low is None or bar.close is None or bar.volume is None:
            missing = [name for name in (*PRICES, "volume") if getattr(bar, name) is None]
            raise self._refused(bar, f"{', '.join(missing)} missing; complete the bar or leave it out")
        self._require_positive(bar, (*PRICES, "prev_close"))
        if bar.high < bar.low:
            raise self._refused(
                bar, f"high {bar.high} is below low {bar.low}; correct the bar or leave it out"
            )
        for name, price in (("open", bar.open), ("close", bar.close)):
            if not bar.low <= price <= bar.high:
                raise self._refused(
                    bar, f"{name} {price} is outside low {bar.low} to high {bar.high}; correct the bar"
                )
        if bar.volume < 0:
            raise self._refused(bar, f"volume is {bar.volume}; it is 0 or more, correct the bar")

    def _require_positive(self, bar: RawBar, names: tuple[str, ...]) -> None:
        for name in names:
            price = getattr(bar, name)
            if price is not None and price <= 0:
                raise self._refused(
                    bar, f"{name} is {price}; a price is above 0, correct the bar or leave it out"
                )

    def _require_known(self, facts: DeclaredFacts) -> None:
        named = [fact.symbol for fact in facts.instruments] + [fact.symbol for fact in facts.actions]
        for symbol in named:
            if symbol not in self._series:
                raise PriceFileError(
                    f"{self._path}.meta.json: {symbol} is not in {self._path.name}; take it out"
                )

    def _refused(self, bar: RawBar, why: str) -> PriceFileError:
        return PriceFileError(f"{self._path}:{bar.line}: {bar.symbol} {bar.label}: {why}")


def build_panel(
    path: Path, bars: Iterable[RawBar], facts: DeclaredFacts, frequency: Frequency | None = None
) -> Panel:
    """Return all `bars` as a panel whose `digest` is still empty.

    Raises:
        PriceFileError: As `PanelBuilder.add` and `PanelBuilder.panel` raise it.
    """
    builder = PanelBuilder(path, frequency)
    for bar in bars:
        builder.add(bar)
    return builder.panel(facts)


def _matrices(all_series: list[_Series], ends: NDArray[np.int64]) -> list[FloatArray]:
    matrices = [np.full((len(ends), len(all_series)), nan) for _ in range(6)]
    for column, series in enumerate(all_series):
        rows = np.searchsorted(ends, np.frombuffer(series.ends, dtype=np.int64))
        for matrix, values in zip(matrices, series.columns, strict=True):
            matrix[rows, column] = np.frombuffer(values, dtype=np.float64)
    return matrices


def _ticker_hint(text: str) -> str:
    return f"; did you mean {text}.US?" if text.isascii() and text.isalpha() and text.isupper() else ""
