"""What screen and page say of an arena."""

from __future__ import annotations

from collections.abc import Mapping

ARENA: Mapping[str, tuple[str, str]] = {
    "arena.title": ("Kaipan arena: {account}", "开盘 · 竞技场：{account}"),
    "arena.leaderboard": ("Leaderboard", "排行榜"),
    "arena.leaderboard.note": (
        "Same prices, same rules, one account each. In brackets: where 95 of 100 resamples of the days lie.",
        "行情与规则相同，各有独立账户。括号内为对交易日重抽样后 95% 落入的区间。",
    ),
    "arena.entrant": ("Entrant", "参赛者"),
    "arena.kind": ("Kind", "类别"),
    "arena.kind.model": ("model", "模型"),
    "arena.kind.entrant": ("entrant", "参赛者"),
    "arena.kind.record": ("record", "记录"),
    "arena.kind.legacy": ("legacy", "原口径"),
    "arena.kind.baseline": ("baseline", "基线"),
    "arena.kind.index": ("index", "指数"),
    "arena.mean_daily": ("Mean daily return", "日均收益率"),
    "arena.turnover": ("Turnover / equity", "成交额 / 总资产"),
    "arena.trading": ("Trading", "交易"),
    "arena.risk_only": ("Exits only", "仅风控卖出"),
    "arena.answers": ("Answers of models", "模型回答"),
    "arena.answers.note": (
        "Latency is from the request to the answer, attempts and second answers included; a kept answer "
        "counts with what it took when it was given.",
        "延迟自请求至得到回答，含重试与再次作答；已保存的回答按当时所用计。",
    ),
    "arena.asked": ("Answers", "回答数"),
    "arena.faults": ("No answer", "无回答"),
    "arena.bad": ("Bad answers", "无效回答"),
    "arena.tokens_in": ("Tokens read", "输入 token"),
    "arena.tokens_out": ("Tokens written", "输出 token"),
    "arena.cost": ("Cost, CNY", "花费（元）"),
    "arena.p50": ("Latency p50, s", "延迟 p50（秒）"),
    "arena.p95": ("Latency p95, s", "延迟 p95（秒）"),
    "arena.pairs": ("Differences, same days", "同日差异"),
    "arena.pairs.note": (
        "Row less column: mean daily return, in bp. A figure whose interval leaves out 0 stands in bold.",
        "行减列：日均收益率之差（基点）。区间不含 0 者加粗。",
    ),
    "arena.curves": ("Equity, opening = 100", "资产曲线（期初 = 100）"),
    "arena.known": ("What this does and does not show", "结果的含义与局限"),
    "arena.index": ("index", "指数"),
    "arena.note.failed": ("{name} could not be run: {why}", "{name} 无法运行：{why}"),
    "arena.note.killed": ("{name} was stopped by the kill file.", "{name} 因急停文件停止。"),
    "arena.note.under_way": (
        "The accounts go on: each line is as of its last session, at the prices that one saw.",
        "各账户仍在运行：每行截至其最近一个时段，按该时段所见价格估值。",
    ),
    "arena.note.later": (
        "{name} began on {day}, later than others: its return is of fewer days; compare the differences.",
        "{name} 于 {day} 开始，晚于其他参赛者：其收益率覆盖的交易日较少，请以同日差异比较。",
    ),
    "arena.note.short": (
        "{days} trading days are a short sample (under {usual}): its intervals come out too narrow, and a "
        "ranking by it mostly ranks luck.",
        "仅 {days} 个交易日，样本过短（不足 {usual} 日）：区间偏窄，名次多半取决于运气。",
    ),
    "arena.note.one_period": (
        "One period of one market: resampling its days says nothing of days unlike them.",
        "仅一个市场的一段时间：对其重抽样不能说明与之不同的行情。",
    ),
    "arena.note.pairs": (
        "Of {pairs} differences {clear} leave out 0; were all entrants equally good, about {by_chance} "
        "would do so by chance.",
        "{pairs} 组差异中 {clear} 组的区间不含 0；若各方水平相同，约有 {by_chance} 组会偶然如此。",
    ),
    "arena.note.cutoff": (
        "{name}: {days} of {all} days lie up to its training cut-off ({cutoff}); what it did there may be "
        "memory.",
        "{name}：{all} 日中有 {days} 日不晚于其训练截止日（{cutoff}），当时的表现可能出自记忆。",
    ),
    "arena.note.no_cutoff": (
        "Nobody declared a training cut-off of {names}: whether it remembers these days is not known.",
        "{names} 未声明训练截止日：是否记得这些日子无从得知。",
    ),
    "arena.note.legacy": (
        "A legacy line is what a record counts for itself: the labelled bar's open, no fees, nothing "
        "refused. Its refusals are lines even those terms forbid.",
        "“原口径”为记录自身的算法：所标 K 线开盘价、无费用、从不拒单；其拒单为该口径下也不允许的行。",
    ),
    "arena.note.left_out": (
        "{name}: {count} recorded trades became no order.",
        "{name}：{count} 笔记录的交易未转成委托。",
    ),
}
