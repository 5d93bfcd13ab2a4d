"""What the summary of a stopped process says, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

RUN: Mapping[str, tuple[str, str]] = {
    "run_view.sessions": ("Sessions: {count} ({outcomes})", "时段：{count}（{outcomes}）"),
    "run_view.orders": (
        "Orders: {placed} placed, {filled} filled; {refused} refused",
        "委托：下单 {placed} 笔，成交 {filled} 笔；拒单 {refused} 笔",
    ),
    "run_view.equity": (
        "P&L since the start: {profit}; equity {equity}",
        "启动以来盈亏：{profit}；总资产 {equity}",
    ),
    "run_view.positions": ("Positions: {held}", "持仓：{held}"),
    "run_view.left": (
        "Left as they are: {working} working orders, {waiting} waiting ones",
        "保留原状：挂单 {working} 笔，等待中 {waiting} 笔",
    ),
    "run_view.halts": ("Halts in force: {count}", "生效中的停止交易：{count}"),
    "run_view.paused": ("Still {why}", "仍处于暂停：{why}"),
    "run_view.journal": (
        "Journal: {events} events, last hash {hash}",
        "日志：{events} 条事件，末端哈希 {hash}",
    ),
}
