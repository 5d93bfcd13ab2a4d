"""What alerts say, in English and Chinese: of each its title and, under `.text`, the rest."""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.alerts import AlertKind, Severity

_SEVERITIES: Mapping[Severity, tuple[str, str]] = {
    Severity.INFO: ("info", "通知"),
    Severity.WARNING: ("WARNING", "警告"),
    Severity.CRITICAL: ("CRITICAL", "严重"),
}

_NAMES: Mapping[AlertKind, tuple[str, str]] = {
    AlertKind.MISSED: ("slot missed", "错过时段"),
    AlertKind.FAILED: ("session failed", "时段失败"),
    AlertKind.BAD_ANSWERS: ("no usable answers", "连续无有效回答"),
    AlertKind.OVER_BUDGET: ("over budget", "超出预算"),
    AlertKind.SAY_DO: ("said and done differ", "言行不一"),
    AlertKind.UNRESOLVED: ("order unresolved", "委托状态未明"),
    AlertKind.RECONCILIATION: ("differs from the broker", "与券商不符"),
    AlertKind.HALT: ("trading halted", "停止交易"),
    AlertKind.NOT_HALTED: ("not halted", "未能停止交易"),
    AlertKind.LIFTED: ("halt lifted", "解除停止"),
    AlertKind.KILLED: ("killed", "急停"),
    AlertKind.PAUSED: ("paused", "已暂停"),
    AlertKind.RESUMED: ("resumed", "已恢复"),
    AlertKind.STOPPED: ("stopped", "已停止运行"),
    AlertKind.BROKEN: ("account stopped by a fault", "账户因故障停止"),
    AlertKind.DAILY_LOSS: ("daily loss", "单日亏损"),
    AlertKind.DRAWDOWN: ("drawdown", "回撤"),
    AlertKind.PRICES: ("prices disagree", "行情源不一致"),
    AlertKind.CALENDAR: ("calendar", "交易日历"),
    AlertKind.CLOCK: ("clock", "时钟"),
    AlertKind.REPAIRED: ("audit trail completed", "审计轨迹已补全"),
    AlertKind.OUTBOX: ("alerts damaged", "告警文件损坏"),
    AlertKind.DAY: ("end of day", "收盘小结"),
    AlertKind.WATCHDOG: ("watchdog", "看门狗"),
    AlertKind.RECOVERED: ("recovered", "已恢复"),
    AlertKind.TEST: ("test", "测试"),
}

_TEXTS: Mapping[str, tuple[str, str]] = {
    "alert.at": ("account {account}, {at}", "账户 {account}，{at}"),
    "alert.held_back": ("{count} more of this were held back before.", "此前另有 {count} 条同类告警未发送。"),
    "alarm.missed": ("Slot {slot} was missed", "错过时段 {slot}"),
    "alarm.missed.text": (
        "No session ran: {why}. Nothing was traded in it. Was the machine off or asleep, or its clock moved?",
        "该时段没有运行：{why}。未进行任何交易。请检查机器是否关机、休眠或时钟被调整。",
    ),
    "alarm.failed": ("Session {slot} failed", "时段 {slot} 失败"),
    "alarm.failed.text": (
        "Nothing was traded from there on: {why}",
        "自此未再交易：{why}",
    ),
    "alarm.failed.unanswered": ("The broker does not answer", "券商没有应答"),
    "alarm.failed.unanswered.text": (
        "Its statement could not be compared: {why}\nA process that began sends nothing until it is; slots "
        "that pass are missed. It is asked again by itself.",
        "无法核对券商对账数据：{why}\n新启动的进程在核对完成前不发出任何委托，期间的时段记为错过；"
        "系统会自动重试。",
    ),
    "alarm.clock": ("The machine's clock is in doubt", "机器时钟存疑"),
    "alarm.clock.text": (
        "{why}\nWhere it was set, nothing is sent and no slot is missed until it agrees again or has gone on "
        "evenly for two minutes. Set it right, and see what sets it.",
        "{why}\n时钟被调整后，在其恢复一致或平稳走时两分钟之前，不发出委托，也不记错过。请校正时钟并查明原因。",
    ),
    "alarm.clock.off": ("The machine's clock is off", "机器时钟不准"),
    "alarm.clock.off.text": (
        "In slot {slot} it was {reading}. While it is off by more than 2 s no order goes by any live quote. "
        "Set it by a time server, and see `doctor`.",
        "时段 {slot}：{reading}。误差超过 2 秒期间，不按任何实时行情下单。"
        "请用时间服务器校时，并用 doctor 检查。",
    ),
    "alarm.bad_answers": (
        "{count} sessions in a row without a usable answer",
        "连续 {count} 个时段没有有效回答",
    ),
    "alarm.bad_answers.text": (
        "Only exits trade. The last one, {slot}: {why}",
        "仅执行风控卖出。最近一次 {slot}：{why}",
    ),
    "alarm.over_budget": ("The models' budget is used up", "模型预算已用尽"),
    "alarm.over_budget.text": (
        "Session {slot} did not ask a model: {why}. Raise the budget, or wait for its next day or month.",
        "时段 {slot} 未询问某个模型：{why}。请提高预算，或等待下一日（月）。",
    ),
    "alarm.say_do": ("Session {slot} did not do what was said", "时段 {slot} 言行不一"),
    "alarm.say_do.text": (
        "{findings}\nThis is a fault of the program or of its record. Look with `show`; do not trade on.",
        "{findings}\n这是程序或记录的错误。请用 show 查看；不要继续交易。",
    ),
    "alarm.unresolved": ("An order of {subject} is unresolved", "{subject} 有一笔委托状态未明"),
    "alarm.unresolved.text": (
        "{why}\nIt is asked for again by itself. If it stays, look it up at the broker and `settle` it.",
        "{why}\n系统会自动再次查询；若仍未明，请在券商处查明后执行 settle 告知结果。",
    ),
    "alarm.reconciliation": ("{subject} differs from the broker", "{subject} 与券商不符"),
    "alarm.reconciliation.text": (
        "{why}\nSettle why before you `lift` the halt.",
        "{why}\n请查明原因后再执行 lift 解除。",
    ),
    "alarm.halt": ("Trading halted: {subject}", "停止交易：{subject}"),
    "alarm.halt.text": (
        "{why} [{cause}]\n`status` prints the call that lifts it.",
        "{why} [{cause}]\nstatus 会给出解除命令。",
    ),
    "alarm.lifted": ("Halt lifted: {subject}", "已解除停止交易：{subject}"),
    "alarm.lifted.text": ("{why}", "{why}"),
    "alarm.killed": ("Killed: nothing leaves any more", "急停：不再发出任何委托"),
    "alarm.killed.text": (
        "{why}\nThe process ends. `kill --undo` takes it back, then start it again.",
        "{why}\n进程将结束。执行 kill --undo 解除后重新启动。",
    ),
    "alarm.paused": ("Paused: no session begins", "已暂停：不再开始新时段"),
    "alarm.paused.text": (
        "{why}\nEach slot that comes is on record as missed and is not told of one by one. `resume` ends it.",
        "{why}\n其间每个时段记为错过，不再逐一告警。执行 resume 恢复。",
    ),
    "alarm.resumed": ("Resumed: sessions begin again", "已恢复：重新开始运行时段"),
    "alarm.resumed.text": ("{why}", "{why}"),
    "alarm.stopped": ("Stopped: {count} sessions since {since}", "已停止运行：自 {since} 起 {count} 个时段"),
    "alarm.not_halted": ("NOT halted: {title}", "未能停止交易：{title}"),
    "alarm.not_halted.text": (
        "The halt could not be put: {why}\nThe account trades on. Stop it now: run_live.py kill",
        "停止指令未能写入：{why}\n账户仍在交易。请立即执行：run_live.py kill",
    ),
    "alarm.outbox": ("The file of alerts was damaged", "告警文件已损坏"),
    "alarm.outbox.text": (
        "{why}\nIt lies beside as {aside}; what waited there to be sent is not. The account goes on.",
        "{why}\n原文件保留为 {aside}；其中待发送的告警不会再发出。账户继续运行。",
    ),
    "alarm.broken": ("The account is stopped by a fault", "账户因故障停止运行"),
    "alarm.broken.text": (
        "{why}\nNothing is traded and no slot is recorded until it is mended and started again.",
        "{why}\n在修复并重新启动之前，不交易，也不记录任何时段。",
    ),
    "alarm.prices": (
        "Prices of {source} and {other} disagree",
        "{source} 与 {other} 的行情不一致",
    ),
    "alarm.prices.text": (
        "Slot {slot}, of {compared} symbols: {fields}. What they disagree on is not traded. Compare them "
        "with `quotes SYMBOL --source all`; order or leave out sources with data_source.sources.",
        "时段 {slot}，比较 {compared} 只证券：{fields}。不一致的证券不交易。用 quotes 代码 --source all "
        "对照各行情源；可在 data_source.sources 中调整顺序或去掉某个源。",
    ),
    "alarm.prices.silent": ("Source {source} gives no prices", "行情源 {source} 没有行情"),
    "alarm.prices.silent.text": (
        "From slot {slot} on: {why}\nWhat the other sources confirm is traded; with one source less a symbol "
        "may go unconfirmed and be refused. See `quotes SYMBOL --source all`. This is told once, until the "
        "source gives a price again.",
        "自时段 {slot} 起：{why}\n其他行情源能相互印证的证券照常交易；少一个源，部分证券可能无法印证"
        "而被拒绝。请用 quotes 代码 --source all 查看。该源恢复之前不再重复告警。",
    ),
    "alarm.prices.bars": ("No bars came", "没有取得 K 线"),
    "alarm.prices.bars.text": (
        "In slot {slot}: {why}\nA rule that reckons with bars decides nothing without them, and limits that "
        "need them refuse. This is told once, until bars come again.",
        "时段 {slot}：{why}\n依赖 K 线的规则策略无法决策，依赖 K 线的限额一律拒绝。"
        "K 线恢复之前不再重复告警。",
    ),
    "alarm.daily_loss.near": ("Daily loss near its limit: {used}", "单日亏损接近上限：{used}"),
    "alarm.daily_loss.near.text": (
        "The limit is {allowed}; from there on nothing is bought that day.",
        "上限为 {allowed}；达到后当日不再买入。",
    ),
    "alarm.daily_loss.over": ("Daily loss over its limit: {used}", "单日亏损超过上限：{used}"),
    "alarm.daily_loss.over.text": (
        "The limit is {allowed}; nothing is bought for the rest of the day.",
        "上限为 {allowed}；当日不再买入。",
    ),
    "alarm.drawdown.near": ("Drawdown near its limit: {used}", "回撤接近上限：{used}"),
    "alarm.drawdown.near.text": (
        "The limit is {allowed}; at it the account is halted until a person lifts it.",
        "上限为 {allowed}；达到后账户停止交易，直至人工解除。",
    ),
    "alarm.drawdown.over": ("Drawdown over its limit: {used}", "回撤超过上限：{used}"),
    "alarm.drawdown.over.text": (
        "The limit is {allowed}; the account is halted until a person lifts it.",
        "上限为 {allowed}；账户停止交易，直至人工解除。",
    ),
    "alarm.calendar.runway": (
        "The calendar ends in {days} days, on {until}",
        "交易日历将在 {days} 天后（{until}）到期",
    ),
    "alarm.calendar.runway.text": (
        "Later days are not known and not traded. Upgrade, or name a file with `calendar_overlay`.",
        "此后的日期未知，不会交易。请升级，或用 calendar_overlay 指定文件。",
    ),
    "alarm.calendar.unknown": ("{day} is not in the calendar", "{day} 不在交易日历中"),
    "alarm.calendar.unknown.text": (
        "Nothing is traded on a day nobody knows. Upgrade, or name a file with `calendar_overlay`.",
        "未知日期不会交易。请升级，或用 calendar_overlay 指定文件。",
    ),
    "alarm.repaired": ("The audit trail was completed after a crash", "崩溃后审计轨迹已补全"),
    "alarm.repaired.text": (
        "{torn} bytes of a torn line, {lines} lines written from the journal. Nothing is lost.",
        "残行 {torn} 字节，自日志补写 {lines} 行。没有丢失。",
    ),
    "alarm.test": ("Test of channel {channel}", "通道 {channel} 测试"),
    "alarm.test.text": (
        "Whoever reads this will be told of alerts.",
        "能看到本消息，即能收到告警。",
    ),
}

ALARMS: Mapping[str, tuple[str, str]] = {
    **{f"severity.{severity}": words for severity, words in _SEVERITIES.items()},
    **{f"alarm_name.{kind}": words for kind, words in _NAMES.items()},
    **_TEXTS,
}
