"""A market as the bundle that rqalpha reads: the files that its data source opens."""

import json
import pickle

import h5py
import numpy as np
from rule import FIELDS

BAR = np.dtype(
    [
        ("datetime", "<i8"),
        *((field, "<f8") for field in ("open", "close", "high", "low", "volume", "total_turnover")),
        ("limit_up", "<f8"),
        ("limit_down", "<f8"),
    ]
)
_INDEX = "000001.XSHG"
_EMPTY = ("funds", "futures", "dividends", "split_factor", "ex_cum_factor", "suspended_days", "st_stock_days")
_FUTURE = {
    "underlying_symbol": "IF",
    "commission_type": "by_money",
    "open_commission_ratio": 0.0,
    "close_commission_ratio": 0.0,
    "close_commission_today_ratio": 0.0,
    "margin_rate": 0.1,
    "tick_size": 0.2,
}
"""rqalpha wants to know one future, traded or not."""
_STOCK = {
    "type": "CS",
    "exchange": "XSHG",
    "listed_date": "2010-01-04",
    "de_listed_date": "0000-00-00",
    "round_lot": 100.0,
    "board_type": "MainBoard",
    "status": "Active",
    "special_type": "Normal",
    "sector_code": "none",
    "sector_code_name": "none",
    "industry_code": "none",
    "industry_name": "none",
    "trading_hours": "09:31-11:30,13:01-15:00",
    "market_tplus": 1,
    "concept_names": "null",
}


def code(symbol):
    """Return a symbol as rqalpha writes it: `600000.XSHG`."""
    return f"{symbol[:6]}.XSHG"


def stamp(moment):
    """Return a moment as the number rqalpha reckons with: 20251231150000."""
    return int(moment.strftime("%Y%m%d%H%M%S"))


def bars(prices, stamps):
    """Return the market's own bars, symbol × time."""
    found = np.empty((prices.columns, prices.rows), dtype=BAR)
    found["datetime"] = stamps
    for field in FIELDS:
        found[field] = getattr(prices, field).T
    found["total_turnover"] = (prices.volume * prices.close).T
    found["limit_up"], found["limit_down"] = prices.up.T, prices.down.T
    return found


def write_bundle(prices, folder):
    """Write the bundle; `bars.npy` beside it holds the hourly bars, which it has no place for."""
    dates = [int(day.replace("-", "")) for day in prices.days]
    np.save(folder / "trading_dates.npy", np.array(dates, dtype=np.int64))
    own = bars(prices, [stamp(moment) for moment in prices.moments()])
    np.save(folder / "bars.npy", own)
    daily = _by_day(own, prices.bars_a_day, np.array(dates) * 1_000_000)
    with h5py.File(folder / "stocks.h5", "w") as file:
        for symbol, rows in zip(prices.symbols, daily, strict=True):
            file.create_dataset(code(symbol), data=rows)
    with h5py.File(folder / "indexes.h5", "w") as file:
        unlimited = [name for name in BAR.names if not name.startswith("limit")]
        file.create_dataset(_INDEX, data=daily[0][unlimited])
    for name in _EMPTY:
        h5py.File(folder / f"{name}.h5", "w").close()
    curve = np.zeros(len(dates), dtype=[("date", "<i8"), ("0S", "<f8"), ("1Y", "<f8")])
    curve["date"] = dates
    with h5py.File(folder / "yield_curve.h5", "w") as file:
        file.create_dataset("data", data=curve)
    (folder / "future_info.json").write_text(json.dumps([_FUTURE]))
    (folder / "share_transformation.json").write_text("{}")
    stocks = [_named(code(symbol)) for symbol in prices.symbols]
    index = _named(_INDEX) | {"type": "INDX", "round_lot": 1.0, "market_tplus": 0}
    (folder / "instruments.pk").write_bytes(pickle.dumps([*stocks, index], protocol=2))
    (folder / "whole.json").write_text(json.dumps({"bars": prices.rows}))


def _named(name):
    return _STOCK | {"order_book_id": name, "symbol": name, "abbrev_symbol": name}


def _by_day(own, bars_a_day, stamps):
    """Return daily bars, each made of the bars of its day."""
    spans = own.reshape(len(own), -1, bars_a_day)
    found = spans[:, :, 0].copy()
    found["datetime"] = stamps
    found["high"], found["low"] = spans["high"].max(2), spans["low"].min(2)
    found["close"] = spans["close"][:, :, -1]
    for field in ("volume", "total_turnover"):
        found[field] = spans[field].sum(2)
    return found
