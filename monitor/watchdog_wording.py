"""What the watchdog says, in English and Chinese: of each finding its title and, under `.text`, the rest."""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.watched import Watched

_NAMES: Mapping[Watched, tuple[str, str]] = {
    Watched.BEAT: ("heartbeat", "心跳"),
    Watched.STATE: ("state", "运行状态"),
    Watched.STARTING: ("start-up", "启动"),
    Watched.TICK: ("loop", "主循环"),
    Watched.SLOT: ("slots", "时段"),
    Watched.JOURNAL: ("journal", "日志"),
    Watched.UNRESOLVED: ("unresolved orders", "未明委托"),
    Watched.RECONCILIATION: ("positions", "持仓核对"),
    Watched.DAILY_LOSS: ("P&L today", "当日盈亏"),
    Watched.PRICES: ("price age", "行情时效"),
    Watched.OUTBOX: ("alerts", "告警发送"),
    Watched.MEMORY: ("memory", "内存"),
    Watched.CPU: ("processor", "处理器"),
    Watched.DESCRIPTORS: ("open files", "文件句柄"),
    Watched.LOG: ("log files", "日志文件"),
    Watched.DISK: ("disk", "磁盘"),
    Watched.CLOCK: ("clock", "时钟"),
    Watched.CALENDAR: ("calendar", "交易日历"),
    Watched.DEAD_MAN: ("dead-man ping", "外部心跳"),
}

_ACCOUNT: Mapping[str, tuple[str, str]] = {
    "watch.journal.none": ("There is no account to watch", "没有可监视的账户"),
    "watch.journal.none.text": (
        "Its journal holds nothing: it was never started, or the folder is gone. Start it, or correct the "
        "watchdog's --config.",
        "其日志为空：从未启动，或文件夹已丢失。请启动该账户，或修正看门狗的 --config。",
    ),
    "watch.journal.unreadable": ("The journal cannot be read", "日志无法读取"),
    "watch.journal.unreadable.text": (
        "{why}\nWhether slots run cannot be told. Look with `verify`; restore a backup if it is damaged.",
        "{why}\n无法判断时段是否运行。请用 verify 检查；若已损坏，请从备份恢复。",
    ),
    "watch.beat.none": ("No process has said a word yet", "尚无任何进程报告状态"),
    "watch.beat.none.text": (
        "There is a journal and no vitals beside it: nothing runs the account. Start it.",
        "日志存在而没有状态文件：没有进程在运行该账户。请启动。",
    ),
    "watch.beat.unreadable": ("The process's vitals cannot be read", "进程状态文件无法读取"),
    "watch.beat.unreadable.text": (
        "{why}\nWhether it lives cannot be told. See the folder's owner and the disk.",
        "{why}\n无法判断其是否存活。请检查文件夹权限与磁盘。",
    ),
    "watch.beat.silent": ("The loop has been silent for {since}", "主循环已静默 {since}"),
    "watch.beat.silent.text": (
        "Process {pid} on {host} was {state} and says nothing any more: killed, stopped, hung or asleep. "
        "Nothing is traded. Look at the service's log, then start it again.",
        "{host} 上的进程 {pid} 原为 {state}，现已无响应：被终止、挂起、卡死或机器休眠。"
        "未进行任何交易。请查看服务日志后重新启动。",
    ),
    "watch.beat.left": ("The process is gone without a word", "进程已消失且未留下说明"),
    "watch.beat.left.text": (
        "Process {pid} on {host} was {state}, and nobody has the account's lock any more: it was killed. "
        "Nothing is traded. Look at the service's log, then start it again.",
        "{host} 上的进程 {pid} 原为 {state}，现已无进程持有账户锁：进程已被终止。"
        "未进行任何交易。请查看服务日志后重新启动。",
    ),
    "watch.state.error": ("The process ended with an error", "进程因错误而结束"),
    "watch.state.error.text": (
        "{why}\nNothing is traded until it is mended and started again.",
        "{why}\n在修复并重新启动之前不会交易。",
    ),
    "watch.starting": ("It has been starting for {since}", "启动已持续 {since}"),
    "watch.starting.text": ("{why}\nNothing is traded meanwhile.", "{why}\n其间不会交易。"),
    "watch.starting.unreconciled": (
        "It has not been reconciled with the broker for {since}",
        "与券商核对未完成已 {since}",
    ),
    "watch.starting.unreconciled.text": (
        "{why}\nNothing is traded until the broker's statement has come. Is the broker to be reached?",
        "{why}\n在取得券商对账单之前不会交易。请检查与券商的连接。",
    ),
    "watch.tick": ("One turn of the loop takes {since} already", "主循环单次已耗时 {since}"),
    "watch.tick.text": (
        "{why}\nThe process lives, but does not come through: something outside does not answer. Start it "
        "again if it stays so.",
        "{why}\n进程存活但未能完成一轮：外部某处没有应答。若持续如此，请重新启动。",
    ),
    "watch.slot": ("Slot {slot} did not run", "时段 {slot} 未运行"),
    "watch.slot.text": (
        "It is over its grace and has no session, not even one on record as missed. The process last said: "
        "{state}. Nothing was traded in it.",
        "已超过宽限而没有任何记录（连错过都未记录）。进程最后状态：{state}。该时段未进行交易。",
    ),
    "watch.slot.cut": ("Slot {slot} was begun and not ended", "时段 {slot} 已开始但未结束"),
    "watch.slot.cut.text": (
        "Its session is on record without an end, and its process, last {state}, is gone. Start it: it ends "
        "the session, or records it as missed. Orders that left may be working at the broker meanwhile.",
        "该时段的会话已有记录但没有结束，而进程（最后状态 {state}）已不在。请启动进程：它会结束该会话，"
        "或记录为错过。已发出的委托此间可能仍在券商处有效。",
    ),
    "watch.slot.ahead": ("The record goes to slot {slot}, after now", "记录已到时段 {slot}，晚于当前时间"),
    "watch.slot.ahead.text": (
        "The clock says {now}: it is wrong now, or was when the record was written. No slot up to that one "
        "is run. Set the clock right.",
        "当前时钟为 {now}：时钟现在有误，或写入记录时有误。在此之前的时段都不会运行。请校正时钟。",
    ),
    "watch.unresolved": (
        "An order of {symbol} has been unresolved for {since}",
        "{symbol} 的委托状态未明已 {since}",
    ),
    "watch.unresolved.text": (
        "{why}\nLook it up at the broker, then settle it or `lift`.",
        "{why}\n请在券商处查明后处理或执行 lift。",
    ),
    "watch.reconciliation": (
        "{symbol} has differed from the broker for {since}",
        "{symbol} 与券商不符已 {since}",
    ),
    "watch.reconciliation.text": (
        "{why}\nSettle why before you `lift` the halt.",
        "{why}\n请查明原因后再执行 lift 解除。",
    ),
    "watch.daily_loss": ("Loss of the day: {used}", "当日亏损：{used}"),
    "watch.daily_loss.text": (
        "{cny} CNY today; the watchdog's limit is {allowed}.",
        "当日 {cny} 元；看门狗限额为 {allowed}。",
    ),
    "watch.daily_loss.unknown": ("P&L of the day is not known", "当日盈亏未知"),
    "watch.daily_loss.unknown.text": (
        "The process does not tell it, so that the watchdog's limit cannot be looked at.",
        "进程未报告该值，无法核对看门狗限额。",
    ),
    "watch.prices.slot": ("No prices came at slot {slot}", "时段 {slot} 没有取得行情"),
    "watch.prices.slot.text": (
        "The session ran without new ones. See `show` of it and the source's state.",
        "该时段未取得新行情。请查看 show 与行情源状态。",
    ),
    "watch.prices.old": ("The last prices are {since} old", "最新行情已过去 {since}"),
    "watch.prices.old.text": ("The market trades and none came since.", "市场在交易中，此后没有新行情。"),
    "watch.outbox.account": ("{count} alerts were given up", "{count} 条告警已放弃发送"),
    "watch.outbox.account.text": (
        "The account's own channels do not take them. Try `alert test`.",
        "账户自身的通道未能接收。请执行 alert test。",
    ),
    "watch.outbox.own": ("The watchdog cannot write its outbox", "看门狗无法写入发件箱"),
    "watch.outbox.own.text": (
        "{why}\nAlerts are tried once and not kept. See `watchdog.folder` and the disk.",
        "{why}\n告警仅尝试一次而不留存。请检查 watchdog.folder 与磁盘。",
    ),
    "watch.memory": ("The process holds {used} MiB", "进程占用 {used} MiB 内存"),
    "watch.memory.text": (
        "At most {allowed} MiB are expected. Start it again at a quiet hour, and report it.",
        "预期不超过 {allowed} MiB。请择时重启并报告。",
    ),
    "watch.memory.grown": ("The process grew to {used} MiB", "进程内存增至 {used} MiB"),
    "watch.memory.grown.text": (
        "It held {then} MiB ten minutes after its start. Start it again at a quiet hour, and report it.",
        "启动十分钟后为 {then} MiB。请择时重启并报告。",
    ),
    "watch.cpu": ("The process takes {used} of a processor", "进程占用处理器 {used}"),
    "watch.cpu.text": (
        "Over ten minutes, more than {allowed}. It may be in an endless loop, or the machine too small.",
        "十分钟平均，超过 {allowed}。可能陷入死循环，或机器过小。",
    ),
    "watch.descriptors": ("The process has {used} files open", "进程已打开 {used} 个文件"),
    "watch.descriptors.text": (
        "The system allows it {allowed}. Start it again, and report it.",
        "系统上限为 {allowed}。请重启并报告。",
    ),
}

_MACHINE: Mapping[str, tuple[str, str]] = {
    "watch.disk.unknown": ("The disk cannot be looked at", "无法查看磁盘"),
    "watch.disk.unknown.text": (
        "{why}\nIs the data folder there, and its file system mounted?",
        "{why}\n数据文件夹是否存在、文件系统是否已挂载？",
    ),
    "watch.disk.full": ("The disk is full: {free} MiB free", "磁盘已满：剩余 {free} MiB"),
    "watch.disk.full.text": (
        "{ratio} of it; {wanted} MiB are wanted. Without room for the journal nothing is traded. Free some.",
        "占 {ratio}；至少需要 {wanted} MiB。日志无处可写时不会交易。请清理空间。",
    ),
    "watch.disk.low": ("The disk fills up: {free} MiB free", "磁盘空间不足：剩余 {free} MiB"),
    "watch.disk.low.text": (
        "{ratio} of it; {wanted} MiB are wanted. Free some before the journal has no room.",
        "占 {ratio}；至少需要 {wanted} MiB。请在日志无处可写之前清理。",
    ),
    "watch.log": ("Log files take {used} MiB", "日志文件占用 {used} MiB"),
    "watch.log.text": (
        "At most {allowed} MiB are expected. See that they are rotated.",
        "预期不超过 {allowed} MiB。请检查日志轮转。",
    ),
    "watch.clock.unknown": ("The clock was not compared for {since}", "时钟已 {since} 未能核对"),
    "watch.clock.unknown.text": (
        "No host said what time it is. Is the network there?",
        "没有主机给出时间。请检查网络。",
    ),
    "watch.clock.wrong": ("The clock is {offset_s} s off", "时钟偏差 {offset_s} 秒"),
    "watch.clock.wrong.text": (
        "Compared with {host}. Turn on time synchronisation (NTP): slots fire by this clock.",
        "与 {host} 比较。请开启时间同步（NTP）：时段按该时钟触发。",
    ),
    "watch.calendar.unreadable": ("The calendar cannot be read", "交易日历无法读取"),
    "watch.calendar.unreadable.text": (
        "{why}\nA running process goes on with what it read last; one that starts now refuses to.",
        "{why}\n运行中的进程沿用上次读取的内容；新启动的进程将拒绝启动。",
    ),
    "watch.calendar.runway": (
        "The calendar ends in {days} days, on {until}",
        "交易日历将在 {days} 天后（{until}）到期",
    ),
    "watch.calendar.runway.text": (
        "Later days are not known and not traded. Upgrade, or name a file with `calendar_overlay`; "
        "`calendar check --lines` prints what other sources know.",
        "此后的日期未知，不会交易。请升级，或用 calendar_overlay 指定文件；"
        "calendar check --lines 可列出其他来源已知的日期。",
    ),
    "watch.calendar.differs": (
        "{day} is {ours} here and {theirs} by {source}",
        "{day}：本地为 {ours}，{source} 为 {theirs}",
    ),
    "watch.calendar.differs.text": (
        "Ask the exchange, then write one line into the file that `calendar_overlay` names: `{day}: open` or "
        "`{day}: closed`. A running process reads it before its next slot.",
        "请以交易所公告为准，在 calendar_overlay 指定的文件中写一行：`{day}: open` 或 `{day}: closed`。"
        "运行中的进程会在下一时段前读取。",
    ),
    "watch.dead_man": ("The dead-man ping has failed for {since}", "外部心跳失败已 {since}"),
    "watch.dead_man.text": (
        "{why}\nWhoever runs that service will alert too. Is the network there, is the address right?",
        "{why}\n该服务也会告警。请检查网络与地址。",
    ),
}

_TURNS: Mapping[str, tuple[str, str]] = {
    "watch.lasts": ("Still: {what}", "仍在持续：{what}"),
    "watch.lasts.text": ("So for {since}.", "已持续 {since}。"),
    "watch.over": ("Recovered: {what}", "已恢复：{what}"),
    "watch.over.text": ("It lasted {since}.", "共持续 {since}。"),
    "watch.acted": (
        "The account was told to halt: its process obeys before its next order, and one that cannot take "
        "the halt sends nothing anyway. Only `lift` ends it.",
        "已要求该账户停止交易：进程在下一笔委托之前遵守；无法接收该命令的进程本就不会发出委托。"
        "仅 lift 可解除。",
    ),
    "watch.once.account": ("account {account}", "账户 {account}"),
    "watch.once.ok": ("well", "正常"),
    "watch.once.untold": ("cannot be told", "无法判断"),
    "watch.once.warning": ("WARNING", "警告"),
    "watch.once.critical": ("CRITICAL", "严重"),
}

WATCH: Mapping[str, tuple[str, str]] = {
    **{f"watched.{what}": words for what, words in _NAMES.items()},
    **_ACCOUNT,
    **_MACHINE,
    **_TURNS,
}
