"""What the end-of-day summary says, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

DAY: Mapping[str, tuple[str, str]] = {
    "day.title": ("{day} {account}: {profit}", "{day} {account}：{profit}"),
    "day.title.unknown": ("{day} {account}: no session", "{day} {account}：无时段"),
    "day.line": ("{heading}: {row}", "{heading}：{row}"),
    "day.profit": ("P&L", "当日盈亏"),
    "day.equity": ("Equity", "总资产"),
    "day.cash": ("Cash", "现金"),
    "day.valued": ("{equity}, {at}", "{equity}，{at}"),
    "day.valued.close": ("valued at the day's closes", "按当日收盘价估值"),
    "day.valued.session": ("valued at the prices of {time}", "按 {time} 的价格估值"),
    "day.sessions": ("Sessions", "时段"),
    "day.trades": ("Trades", "成交"),
    "day.positions": ("Positions", "持仓"),
    "day.refusals": ("Refusals", "拒单"),
    "day.halts": ("Halts in force", "生效中的停止交易"),
    "day.models": ("Models", "模型"),
    "day.models.figures": (
        "{cost} CNY, {tokens} tokens in {answers} answers",
        "{cost} 元，{answers} 次回答共 {tokens} 词元",
    ),
    "day.next": ("Next slots", "下一交易日时段"),
    "day.journal": ("Journal", "日志"),
    "day.journal.figures": ("{events} events, last hash {hash}", "{events} 条事件，末端哈希 {hash}"),
    "day.more": ("… and {count} more", "… 另有 {count} 项"),
    "day.trade": (
        "{side} {symbol} {shares} @ {price}, fees {fees}",
        "{side} {symbol} {shares} 股 @ {price}，费用 {fees}",
    ),
    "day.gain": (", gained {gain}", "，盈亏 {gain}"),
    "day.position": (
        "{symbol} {shares} @ {price} = {value}, cost {cost}",
        "{symbol} {shares} 股 @ {price} = {value}，成本 {cost}",
    ),
}
