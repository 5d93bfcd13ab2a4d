"""What the commands on an account's life say, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

_STATES: Mapping[str, tuple[str, str]] = {
    "starting": ("starting", "启动中"),
    "running": ("running", "运行中"),
    "paused": ("paused", "已暂停"),
    "stopping": ("stopping", "停止中"),
    "stopped": ("stopped", "已停止"),
    "error": ("error", "故障"),
    "finished": ("finished", "已完成"),
    "unreadable": ("unreadable", "无法读取"),
    "silent": ("NOT ANSWERING", "无应答"),
}

_STATUS: Mapping[str, tuple[str, str]] = {
    "status.starting": ("a process is starting this account", "一个进程正在启动该账户"),
    "status.running": ("a process is running this account", "该账户正由一个进程运行"),
    "status.paused": ("a process has this account; it is paused", "该账户由一个进程持有，处于暂停"),
    "status.stopping": ("its process is ending", "其进程正在结束"),
    "status.stopped": ("no process is running this account", "当前没有进程运行该账户"),
    "status.error": (
        "no process is running this account: the last one failed",
        "无进程运行该账户：上一进程因故障结束",
    ),
    "status.finished": ("the run is finished", "运行已完成"),
    "status.silent": (
        "NOT ANSWERING since {since}: its process hangs or is stopped",
        "自 {since} 起无应答：其进程挂起或被暂停",
    ),
    "status.died": (
        "the last process ended without a word after {at}; the next start goes on from the journal",
        "上一进程在 {at} 之后未作说明即结束；下次启动将从日志继续",
    ),
    "status.trouble": ("trouble: {why}", "问题：{why}"),
    "status.figures": (
        "since {since} (up {uptime}): {sessions} sessions, {placed} orders placed, {filled} filled; "
        "P&L today {pnl}",
        "自 {since}（已运行 {uptime}）：{sessions} 个时段，下单 {placed} 笔，成交 {filled} 笔；"
        "当日盈亏 {pnl}",
    ),
    "status.given_up": (
        "{count} alerts reached nobody; see `alert test`",
        "{count} 条告警未能送达；请执行 alert test",
    ),
    "status.source_silent": (
        "{source} gives no prices: {why}",
        "{source} 没有行情：{why}",
    ),
    "status.pause": (
        "PAUSED since {since}: {why}. No session begins; to end it: run_live.py resume",
        "自 {since} 起暂停：{why}。不再开始新时段；恢复：run_live.py resume",
    ),
}

_WORDS: Mapping[str, tuple[str, str]] = {
    "life.pause.taken": (
        "{account}: paused; no session begins until `resume`",
        "{account}：已暂停；在 resume 之前不再开始新时段",
    ),
    "life.pause.put": (
        "{account}: its process pauses once the session under way is through",
        "{account}：其进程将在当前时段结束后暂停",
    ),
    "life.pause.waits": (
        "{account}: no process runs it; the next one begins paused",
        "{account}：当前无进程；下一个进程启动即处于暂停",
    ),
    "life.pause.already": ("{account}: is paused already", "{account}：此前已暂停"),
    "life.pause.failed": ("{account}: not paused: {why}", "{account}：未能暂停：{why}"),
    "life.resume.taken": ("{account}: resumed, from its next slot on", "{account}：已恢复，自下一时段起"),
    "life.resume.put": (
        "{account}: its process has not taken it yet; see `status`",
        "{account}：其进程尚未接收；请查看 status",
    ),
    "life.resume.waits": (
        "{account}: no process runs it; the next one begins unpaused",
        "{account}：当前无进程；下一个进程启动时不再暂停",
    ),
    "life.resume.already": ("{account}: is not paused", "{account}：未处于暂停"),
    "life.resume.failed": ("{account}: not resumed: {why}", "{account}：未能恢复：{why}"),
    "life.stop.taken": ("{account}: is ending", "{account}：正在结束"),
    "life.stop.put": (
        "{account}: ends once the session under way is through",
        "{account}：将在当前时段结束后停止",
    ),
    "life.stop.waits": ("{account}: its process has just ended", "{account}：其进程刚刚结束"),
    "life.stop.already": ("{account}: no process runs it", "{account}：当前无进程运行"),
    "life.stop.failed": ("{account}: not stopped: {why}", "{account}：未能停止：{why}"),
    "life.start.taken": ("{account}: is started again", "{account}：已重新启动"),
    "life.start.put": (
        "{account}: nobody has taken it; see `status`, or run the account by itself",
        "{account}：尚无进程接收；请查看 status，或单独运行该账户",
    ),
    "life.start.waits": ("{account}: nobody listens for it", "{account}：没有进程在等待"),
    "life.start.already": ("{account}: is running already", "{account}：已在运行"),
    "life.start.failed": ("{account}: not started: {why}", "{account}：未能启动：{why}"),
}

_HOUSE: Mapping[str, tuple[str, str]] = {
    "up.begins": (
        "{count} accounts in this process; stop with Ctrl-C, or one of them with `stop --account`",
        "本进程运行 {count} 个账户；按 Ctrl-C 全部停止，或用 stop --account 停止其一",
    ),
    "up.stopped": (
        "stopped; `run_live.py start` starts it again in this process",
        "已停止；run_live.py start 可在本进程中重新启动",
    ),
    "up.failed": ("stopped by a fault: {why}; the others go on", "因故障停止：{why}；其他账户继续"),
    "up.ended": ("stopped; the journals are complete", "已停止；各账户日志完整"),
}

LIFECYCLE: Mapping[str, tuple[str, str]] = {
    "life.summary": ("{text}", "{text}"),
    "life.vitals": (
        "how the account is doing cannot be written, nobody outside sees it: {why}",
        "账户运行状况无法写入，外部无法查看：{why}",
    ),
    **{f"list.state.{state}": words for state, words in _STATES.items()},
    "list.account": ("account", "账户"),
    "list.state": ("state", "状态"),
    "list.mode": ("mode", "模式"),
    "list.equity": ("equity", "总资产"),
    "list.pnl": ("P&L today", "当日盈亏"),
    "list.next": ("next slot", "下一时段"),
    "list.halts": ("halts", "停止交易"),
    "list.killed": ("KILL FILE", "急停文件"),
    "list.none": ("no account lies in {data_dir}", "{data_dir} 中没有账户"),
    **_STATUS,
    **_WORDS,
    **_HOUSE,
}
