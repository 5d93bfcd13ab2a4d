"""Every call of akshare and tushare that is used, made by the libraries as they are; a program of its own.

    python -m tests.market_twins.vendor_calls [DAY]

Prints one JSON object: by call what it gave, each told as rows of text. It knows of the twins only what
its environment says.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.market_twins.wire_tushare import TOKEN

Calls = Mapping[str, Callable[[], Any]]


def akshare_calls(day: str) -> Calls:
    """Return the calls by name; some tell more than one thing, by what they are asked."""
    ak = importlib.import_module("akshare")
    dashed = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    return {
        "stock_bid_ask_em": lambda: ak.stock_bid_ask_em(symbol="600519"),
        "stock_bid_ask_em sealed": lambda: ak.stock_bid_ask_em(symbol="603019"),
        "stock_bid_ask_em suspended": lambda: ak.stock_bid_ask_em(symbol="688012"),
        "stock_zh_a_hist_min_em 1": lambda: ak.stock_zh_a_hist_min_em(
            symbol="600519", start_date=f"{dashed} 00:00:00", period="1"
        ),
        "stock_zh_a_hist_min_em 60": lambda: ak.stock_zh_a_hist_min_em(
            symbol="600519", start_date=f"{dashed} 00:00:00", period="60", adjust="qfq"
        ),
        "stock_zh_a_hist": lambda: ak.stock_zh_a_hist(
            symbol="600036", period="daily", start_date="20260701", end_date=day, adjust="qfq"
        ),
        "stock_zh_a_hist raw": lambda: ak.stock_zh_a_hist(
            symbol="600036", period="daily", start_date="20260701", end_date=day, adjust=""
        ),
        "stock_info_sh_name_code": lambda: ak.stock_info_sh_name_code(symbol="主板A股"),
        "stock_info_sh_name_code STAR": lambda: ak.stock_info_sh_name_code(symbol="科创板"),
        "stock_info_sz_name_code": lambda: ak.stock_info_sz_name_code(symbol="A股列表"),
        "stock_info_bj_name_code": ak.stock_info_bj_name_code,
        "stock_zh_a_st_em": ak.stock_zh_a_st_em,
        "stock_tfp_em": lambda: ak.stock_tfp_em(date=day),
        "fund_overview_em": lambda: ak.fund_overview_em(symbol="510300"),
        "stock_zh_a_spot_em": ak.stock_zh_a_spot_em,
        "stock_zh_a_spot": ak.stock_zh_a_spot,
        "stock_zh_a_spot_tx": ak.stock_zh_a_spot_tx,
        "stock_news_em": lambda: ak.stock_news_em(symbol="600519"),
        "stock_fhps_detail_em": lambda: ak.stock_fhps_detail_em(symbol="600036"),
        "tool_trade_date_hist_sina": ak.tool_trade_date_hist_sina,
    }


def tushare_calls(day: str) -> Calls:
    """Return the calls by name."""
    pro = importlib.import_module("tushare").pro_api(TOKEN)
    stranger = importlib.import_module("tushare.pro.client").DataApi("of somebody else")
    return {
        "trade_cal": lambda: pro.trade_cal(exchange="SSE", start_date="20260710", end_date=day),
        "daily": lambda: pro.daily(ts_code="600036.SH", start_date="20260713", end_date=day),
        "adj_factor": lambda: pro.adj_factor(ts_code="600036.SH", start_date="20260713", end_date=day),
        "stk_mins": lambda: pro.stk_mins(
            ts_code="600519.SH", freq="60min", start_date=f"{day[:4]}-{day[4:6]}-{day[6:]} 00:00:00"
        ),
        "rt_k": lambda: pro.rt_k(ts_code="600519.SH"),
        "stk_limit": lambda: pro.stk_limit(trade_date=day),
        "suspend_d": lambda: pro.suspend_d(trade_date=day),
        "stock_basic": lambda: pro.stock_basic(list_status="L"),
        "namechange": lambda: pro.namechange(ts_code="600666.SH"),
        "dividend": lambda: pro.dividend(ts_code="600036.SH"),
        "index_weight": lambda: pro.index_weight(index_code="000016.SH"),
        "a call without the right": lambda: pro.query("cyq_perf"),
        "a token nobody knows": lambda: stranger.daily(ts_code="600036.SH"),
    }


def told(call: Callable[[], Any]) -> list[list[str]] | str:
    """Return a frame as rows of text under its columns, or the exception the library raised."""
    try:
        frame = call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return [[str(name) for name in frame.columns], *(list(map(str, row)) for row in _rows(frame))]


def _rows(frame: Any) -> Iterator[tuple[Any, ...]]:
    return iter(frame.itertuples(index=False, name=None))


def main(day: str) -> None:
    """Make all calls, several at a time, and print what they gave."""
    warnings.simplefilter("ignore")
    calls = {f"akshare {name}": call for name, call in akshare_calls(day).items()}
    calls |= {f"tushare {name}": call for name, call in tushare_calls(day).items()}
    with ThreadPoolExecutor(8) as threads:
        given = dict(zip(calls, threads.map(told, calls.values()), strict=True))
    print(json.dumps(given, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "20260714")
