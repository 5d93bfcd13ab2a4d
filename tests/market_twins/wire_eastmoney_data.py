"""East Money's other hosts: the data centre, the search for news, the profiles of funds."""

from __future__ import annotations

import json
from datetime import date
from urllib.parse import parse_qs

from tests.market_twins.market import Market, Share, Trade
from tests.market_twins.net import Asked, Reply


def data_center(market: Market, asked: Asked) -> Reply:
    """`datacenter-web.eastmoney.com`: suspensions, what a share pays out, and rights it offers."""
    if asked.query.get("reportName") == "RPT_CUSTOM_SUSPEND_DATA_INTERFACE":
        rows = [_suspension(share, market.day) for share in market.listed.values()]
    else:
        codes = asked.query.get("filter", "").split('"')[1::2]
        row_of = _allotment if asked.query.get("reportName") == "RPT_IPO_ALLOTMENT" else _bonus
        rows = [row_of(share, market.day) for share in market.listed.values() if share.code in codes]
    there = [row for row in rows if row is not None]
    if not there:
        return _json({"result": None, "success": False, "message": "返回数据为空", "code": 9201})
    result = {"pages": 1, "data": there, "count": len(there)}
    return _json({"version": "1", "result": result, "success": True, "message": "ok", "code": 0})


def _suspension(share: Share, day: date) -> dict[str, object] | None:
    if share.trade not in (Trade.SUSPENDED, Trade.HALTED):
        return None
    halted = share.trade is Trade.HALTED
    return {
        "SECURITY_CODE": share.code, "SECURITY_NAME_ABBR": share.name, "SUSPEND_START_TIME": f"{day} 10:00:00"
        if halted else f"{day} 09:30:00", "SUSPEND_END_TIME": f"{day} 14:00:00" if halted else None,
        "SUSPEND_EXPIRE": "盘中停牌" if halted else "连续停牌", "SUSPEND_REASON": "重大事项",
        "TRADE_MARKET": "上交所" if share.place == "sh" else "深交所",
        "SUSPEND_START_DATE": f"{day} 00:00:00",
        "PREDICT_RESUME_DATE": f"{day} 00:00:00" if halted else None, "TRADE_MARKET_CODE": "069001001",
        "SECURITY_TYPE_CODE": "058001001", "SECUCODE": share.symbol,
    }  # fmt: skip


def _bonus(share: Share, day: date) -> dict[str, object] | None:
    """Return a pay-out of the share in the thirty fields of its report, in their order."""
    if not share.dividend:
        return None
    before = share.days[-1].day
    return {
        "SECUCODE": share.symbol, "SECURITY_CODE": share.code, "SECURITY_INNER_CODE": "1",
        "SECURITY_NAME_ABBR": share.name, "ORG_CODE": "1", "BONUS_IT_RATIO": None, "BONUS_RATIO": None,
        "IT_RATIO": None, "PRETAX_BONUS_RMB": float(share.dividend * 10),
        "PUBLISH_DATE": f"{before} 00:00:00", "EQUITY_RECORD_DATE": f"{before} 00:00:00",
        "EX_DIVIDEND_DATE": f"{day} 00:00:00", "REPORT_DATE": f"{day.year - 1}-12-31 00:00:00",
        "ASSIGN_PROGRESS": "实施分配", "IMPL_PLAN_PROFILE": f"10派{share.dividend * 10}元(含税)",
        "NOTICE_DATE": f"{before} 00:00:00", "SECURITY_TYPE_CODE": "058001001", "MARKET_TYPE": "1",
        "IS_BFD": "1", "BASIC_EPS": 5.6, "BVPS": 40.1, "PER_CAPITAL_RESERVE": 2.6,
        "PER_UNASSIGN_PROFIT": 20.1, "PNP_YOY_RATIO": 1.2, "TOTAL_SHARES": 25_219_845_601,
        "PLAN_NOTICE_DATE": f"{before} 00:00:00",
        "DIVIDENT_RATIO": 0.0447, "D10_CLOSE_ADJCHRATE": None, "BD10_CLOSE_ADJCHRATE": None,
        "D30_CLOSE_ADJCHRATE": None,
    }  # fmt: skip


def _allotment(share: Share, day: date) -> dict[str, object] | None:
    """Return a rights issue: the record day is today, and it trades again on its ex-day."""
    if share.rights is None:
        return None
    return {
        "SECUCODE": share.symbol, "SECURITY_CODE": share.code, "SECURITY_NAME_ABBR": share.name,
        "CORRECODE": f"08{share.code[2:]}", "FINANCE_CODE": "1", "PLACING_RATIO": float(share.rights.for_ten),
        "ISSUE_PRICE": float(share.rights.price), "TOTAL_SHARES_BEFORE": 3_881_608_005, "ISSUE_NUM": None,
        "TOTAL_SHARES_AFTER": None, "EQUITY_RECORD_DATE": f"{day} 00:00:00",
        "EX_DIVIDEND_DATE": f"{share.rights.ex_day} 00:00:00", "PAY_START_DATE": None, "PAY_END_DATE": None,
        "LISTING_DATE": None, "FIRST_NOTICE_DATE": f"{share.days[-1].day} 00:00:00",
    }  # fmt: skip


def search(market: Market, asked: Asked) -> Reply:
    """`search-api-web.eastmoney.com`: news on a share, wrapped in a call of JavaScript."""
    stated = json.loads(asked.query["param"])
    items = [
        {
            "date": f"{one.at:%Y-%m-%d %H:%M:%S}", "image": "", "code": f"2026{index:014d}",
            "title": f"<em>{one.title}</em>", "content": one.text, "mediaName": one.medium,
        }
        for index, one in enumerate(market.news) if one.symbol[:6] == stated["keyword"]
    ]  # fmt: skip
    body = json.dumps({"code": 0, "msg": "OK", "result": {"cmsArticleWebOld": items}}, ensure_ascii=False)
    return Reply(f"{asked.query['cb']}({body})".encode(), "text/javascript; charset=utf-8")


def announcements(market: Market, asked: Asked) -> Reply:
    """`np-anotice-stock.eastmoney.com`: announcements, filed under a day and shown the evening before."""
    code = asked.query.get("stock_list", "")
    rows = [
        {
            "art_code": f"AN2026{index:012d}", "codes": [{"stock_code": code, "market_code": "1"}],
            "columns": [{"column_name": "其他"}], "display_time": f"{one.at:%Y-%m-%d %H:%M:%S}:123",
            "notice_date": f"{one.at:%Y-%m-%d} 00:00:00", "title": f"{one.medium}:{one.title}",
        }
        for index, one in enumerate(market.announced) if one.symbol[:6] == code
    ]  # fmt: skip
    data = {"list": rows, "page_index": 1, "page_size": 50, "total_hits": len(rows)}
    return _json({"data": data, "error": "", "success": 1})


def disclosure(market: Market, asked: Asked) -> Reply:
    """`www.cninfo.com.cn`: what it calls each code, and announcements by their day alone."""
    if asked.path == "/new/data/szse_stock.json":
        names = [{"code": symbol[:6], "orgId": f"gs{symbol[:6]}"} for symbol in market.codes()]
        return _json({"stockList": names})
    form = parse_qs(asked.body.decode())
    code, _, called = form["stock"][0].partition(",")
    since, _, until = form["seDate"][0].partition("~")
    rows = [
        {
            "secCode": code, "secName": one.medium, "orgId": called, "announcementId": f"12{index:08d}",
            "announcementTitle": one.title, "adjunctUrl": f"finalpage/{one.at:%Y-%m-%d}/12{index:08d}.PDF",
            "announcementTime": int(one.at.replace(hour=0, minute=0, second=0).timestamp() * 1000),
        }
        for index, one in enumerate(market.announced)
        if one.symbol[:6] == code and called == f"gs{code}" and since <= f"{one.at:%Y-%m-%d}" <= until
    ]  # fmt: skip
    return _json({"totalAnnouncement": len(rows), "announcements": rows or None, "hasMore": False})


def fund(_market: Market, asked: Asked) -> Reply:
    """`fundf10.eastmoney.com`: the profile of a fund, its last table as akshare reads it."""
    code = asked.path.removeprefix("/jbgk_").removesuffix(".html")
    rows = (
        ("基金全称", "某沪深300交易型开放式指数证券投资基金", "基金简称", "沪深300ETF"),
        ("基金代码", f"{code}（主代码）", "基金类型", "指数型-股票"),
        ("业绩比较基准", "沪深300指数", "跟踪标的", "沪深300指数"),
    )
    cells = "".join(f"<tr><th>{a}</th><td>{b}</td><th>{c}</th><td>{d}</td></tr>" for a, b, c, d in rows)
    page = f"<html><body><table><tr><td>.</td></tr></table><table>{cells}</table></body></html>"
    return Reply(page.encode(), "text/html; charset=utf-8")


def _json(body: object) -> Reply:
    return Reply(json.dumps(body, ensure_ascii=False).encode())
