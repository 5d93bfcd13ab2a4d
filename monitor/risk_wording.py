"""What the risk report says, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RISK: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "risk.market.calm": ("market: neither falling nor volatile", "市场状态：平稳"),
        "risk.market.falling": (
            "market: falling; limits and sizes scaled by {scale}",
            "市场状态：下跌；限额与仓位乘以 {scale}",
        ),
        "risk.market.volatile": (
            "market: volatile; limits and sizes scaled by {scale}",
            "市场状态：高波动；限额与仓位乘以 {scale}",
        ),
        "risk.market.falling_volatile": (
            "market: falling and volatile; limits and sizes scaled by {scale}",
            "市场状态：下跌且高波动；限额与仓位乘以 {scale}",
        ),
        "risk.market.unknown": (
            "market: its state is not known, so both scales hold: {scale}",
            "市场状态：未知，故两种缩放同时生效：{scale}",
        ),
        "risk.limits": ("Use of the limits", "限额使用"),
        "risk.limit": ("Limit", "限额"),
        "risk.most": ("Highest use", "最高使用"),
        "risk.allowed": ("Allowed", "允许"),
        "risk.ratio": ("Of it", "占比"),
        "risk.last": ("Last", "最近"),
        "risk.near": ("Near misses", "接近次数"),
        "risk.when": ("When", "时点"),
        "risk.used": ("Used", "已用"),
        "risk.changed": ("Made smaller", "被缩减"),
        "risk.changed.count": ("{count} made smaller", "缩减 {count}"),
        "risk.changed.order": ("{asked} made {shares}", "{asked} 缩减为 {shares}"),
        "risk.shadow": ("Shadow: decided, not sent", "影子单：已决策，未发送"),
        "risk.shadow.count": ("{count} in shadow, not sent", "影子单 {count}，未发送"),
        "risk.shadow.mark": ("passed, in shadow: not sent", "通过，影子模式：未发送"),
        "risk.halts": ("Halts", "停止交易记录"),
        "risk.halt.since": ("since {since}", "自 {since}"),
        "risk.halt.end": ("Lifted", "解除"),
        "risk.halt.in_force": ("in force", "生效中"),
        "risk.halt.until": ("{since} to {lifted}: {why}", "{since} 至 {lifted}：{why}"),
        "risk.armed": ("Exits still armed", "待执行的退出"),
        "risk.drawdown": ("Deepest below the highest equity", "距最高总资产的最大回撤"),
        "risk.daily_loss": ("Largest loss of a day at a session", "时段所见最大单日亏损"),
        "risk.traffic.per_day": ("Orders and cancels, busiest day", "委托与撤单，最多一日"),
        "risk.traffic.per_second": ("Orders and cancels, fullest second", "委托与撤单，最密一秒"),
        "risk.traffic.account": ("own cap", "自设上限"),
        "risk.traffic.high_frequency": ("high-frequency from there on", "达到即为高频交易"),
        "risk.traffic.below": ("below", "未接近"),
        "risk.traffic.near": ("NEAR it", "接近"),
        "risk.traffic.over": ("OVER it", "超过"),
        "risk.traffic.unknown": (
            "the bound of that day is NOT KNOWN to the rulebook",
            "规则库不知道当日的界限",
        ),
        "risk.asked": ("Orders asked for", "请求的委托"),
        "risk.suggestions": ("Suggestions", "建议"),
        "risk.asked.buy": ("buys", "笔买入"),
        "risk.asked.sell": ("sells", "笔卖出"),
        "risk.asked.both": ("orders", "笔委托"),
        "risk.advice.halted": (
            "{rule} halted the account {count} time(s): look at what lost before lifting it; {keys} sets it.",
            "{rule}使账户停止 {count} 次：解除前先查明亏损来源；由 {keys} 设定。",
        ),
        "risk.advice.unset": (
            "No limit is set by {keys}: a careful person sets them.",
            "{keys} 未设限额：审慎起见请设置。",
        ),
        "risk.advice.armed": (
            "The exit of {symbol} has been due for {count} sessions and is held back ({rule}): look at it "
            "yourself.",
            "{symbol} 的退出已连续 {count} 个时段无法执行（{rule}）：请人工处理。",
        ),
        "risk.advice.refused": (
            "{rule} refused {count} of {asked} {what}: `show` of those sessions says why.",
            "{rule}拒绝了 {asked} {what}中的 {count} 笔：原因见这些时段的 show。",
        ),
        "risk.advice.refused.loosen": (
            "{rule} refused {count} of {asked} {what}: have the agent ask for what fits, or change {keys}.",
            "{rule}拒绝了 {asked} {what}中的 {count} 笔：让决策者按限额请求，或调整 {keys}。",
        ),
        "risk.advice.refused.shrink": (
            "{rule} refused {count} of {asked} {what}: have the agent ask for less, or let the gate make it "
            "smaller (resize: [{resize}]).",
            "{rule}拒绝了 {asked} {what}中的 {count} 笔：让决策者请求更少，"
            "或允许闸门缩减（resize: [{resize}]）。",
        ),
        "risk.advice.refused.resize": (
            "{rule} refused {count} of {asked} {what}: have the agent ask for less, let the gate make it "
            "smaller (resize: [{resize}]), or loosen {keys}.",
            "{rule}拒绝了 {asked} {what}中的 {count} 笔：让决策者请求更少、"
            "允许闸门缩减（resize: [{resize}]），或放宽 {keys}。",
        ),
        "risk.advice.near": (
            "{keys} came to {used} of {allowed} on {day}: the next step is refused.",
            "{keys} 于 {day} 用到 {allowed} 中的 {used}：再进一步即被拒绝。",
        ),
        "risk.advice.near.floor": (
            "On {day} {used} were left of which {keys} keeps {allowed}: the next step is refused.",
            "{day} 剩余 {used}，其中 {keys} 要求保留 {allowed}：再进一步即被拒绝。",
        ),
        "risk.advice.beyond": (
            "{keys} came to {used} of {allowed} on {day} by prices alone: it holds buys, and nothing is sold "
            "for it.",
            "{keys} 于 {day} 因价格变动达到 {used}（允许 {allowed}）：它只限制买入，不会因此卖出。",
        ),
        "risk.advice.shadow": (
            "{count} order(s) passed and were not sent, since {keys} is on: set it to false to trade.",
            "{count} 笔委托通过但未发送，因为 {keys} 已开启：设为 false 即交易。",
        ),
    }
)
"""English and Chinese of each key, with the same placeholders."""
