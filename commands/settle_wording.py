"""What `settle` says, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

SETTLE: Mapping[str, tuple[str, str]] = {
    "settle.filled": (
        "settled: {side} {shares} {symbol} at {price}, fees {fees} (order {order}); the rest of it is gone",
        "已告知：{side} {symbol} {shares} 股，成交价 {price}，费用 {fees}（委托 {order}）；其余视为失效",
    ),
    "settle.gone": (
        "settled: order {order} ({side} {symbol}) is gone; what the broker had told of it stays",
        "已告知：委托 {order}（{side} {symbol}）已失效；券商此前确认的成交保留",
    ),
    "settle.when": (
        "A running process takes it within seconds, else the next start does.",
        "运行中的进程将在数秒内采用；否则在下次启动时采用。",
    ),
}
