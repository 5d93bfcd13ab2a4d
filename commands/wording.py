"""What the commands say, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from commands.data_wording import DATA
from commands.lifecycle_wording import LIFECYCLE
from commands.settle_wording import SETTLE
from commands.watch_wording import WATCH
from monitor.wording import worded

CATALOGUE: Mapping[str, tuple[str, str]] = {
    "run.demo": (
        "DEMO: a made-up market, {start} to {end}, on a virtual clock. No price here is real.",
        "演示：虚构行情，{start} 至 {end}，虚拟时钟。以下价格均非真实。",
    ),
    "run.sessions": ("sessions", "交易时段"),
    "run.finished_before": (
        "This run is finished already; nothing in {folder} was changed.",
        "该运行此前已完成；{folder} 未作任何改动。",
    ),
    "run.woken": ("           {at}  waiting orders are sent:", "           {at}  等待中的委托现在发出："),
    "run.audit": ("audit trail  {path}", "审计轨迹  {path}"),
    "run.report": ("report       {path}", "报告      {path}"),
    "run.next": (
        "next: run_live.py sessions | show latest | replay all | verify  with --data-dir {data_dir}{account}",
        "接下来：run_live.py sessions | show latest | replay all | verify，加 --data-dir {data_dir}{account}",
    ),
    "run.killed": (
        "KILLED ({why}): {orders} order(s) were working, {working} still are.",
        "已急停（{why}）：当时挂单 {orders} 笔，仍挂单 {working} 笔。",
    ),
    "run.killed.working": (
        "{working} order(s) could not be cancelled: cancel them at the broker, or run `kill` again.",
        "{working} 笔委托未能撤销：请在券商处撤单，或再次执行 kill。",
    ),
    "run.killed.undo": (
        "No order leaves while the kill file is there. To take it away: run_live.py kill --undo",
        "急停文件存在期间不发出任何委托。解除：run_live.py kill --undo",
    ),
    "backup.copying": ("copying and verifying the account", "正在复制并校验账户"),
    "backup.packing": ("packing", "正在打包"),
    "backup.restoring": ("reading and verifying the backup", "正在读取并校验备份"),
    "backup.done": (
        "{path}  {megabytes} MB, {events} events, verified; last hash {hash}",
        "{path}  {megabytes} MB，{events} 个事件，已校验；末尾哈希 {hash}",
    ),
    "backup.removed": ("removed {path}", "已删除 {path}"),
    "backup.restored": (
        "{path}  as of {at}, {events} events, verified; last hash {hash}",
        "{path}  截至 {at}，{events} 个事件，已校验；末尾哈希 {hash}",
    ),
    "live.started": (
        "{account}: paper trading on live prices from {source}; agent {agent}; {count} symbols. "
        "Stop with Ctrl-C.",
        "{account}：以 {source} 实时行情模拟交易；决策者 {agent}；{count} 只证券。按 Ctrl-C 停止。",
    ),
    "live.next": ("next session {slot}", "下一时段 {slot}"),
    "live.no_next": ("no session is planned in the next 30 days", "未来 30 天内没有计划的时段"),
    "live.nothing_due": ("no slot of today has come yet", "今天尚无到点的时段"),
    "live.already_run": ("today's latest slot has its session already", "今天最近的时点已经运行过"),
    "live.not_a_trading_day": ("{day} is not a trading day", "{day} 不是交易日"),
    "live.standby": (
        "another process runs this account; waiting for it to end",
        "另一进程正在运行该账户；等待其结束",
    ),
    "live.stopped": ("stopped; the journal is complete", "已停止；日志完整"),
    "live.tick_failed": ("session not run: {why}", "时段未能运行：{why}"),
    "quotes.asking": ("asking {sources}", "正在询问 {sources}"),
    "live.redis_down": (
        "Redis does not answer ({why}); quotes are kept in this process alone",
        "Redis 无响应（{why}）；行情仅在本进程内缓存",
    ),
    "alert.failed": ("alert channel {channel}: {why}", "告警通道 {channel}：{why}"),
    "alert.no_secret": (
        "alert channel {channel} is not used: {variable} is not set",
        "告警通道 {channel} 未启用：{variable} 未设置",
    ),
    "alert.outbox": ("alerts cannot be kept: {why}", "告警无法保存：{why}"),
    "alert.not_halted": (
        "a critical alert could not halt the account: {why}",
        "严重告警未能停止账户交易：{why}",
    ),
    "alert.page": ("the day's page could not be written: {why}", "当日页面未能写入：{why}"),
    **WATCH,
    "alert.test.ok": ("ok    {channel} ({type})", "正常  {channel}（{type}）"),
    "alert.test.failed": ("FAIL  {channel} ({type}): {why}", "失败  {channel}（{type}）：{why}"),
    "day.text": ("{title}\n{text}", "{title}\n{text}"),
    "day.page": ("page         {path}", "页面      {path}"),
    "day.sent": ("sent to {channel}", "已发送至 {channel}"),
    "llm.counts": (
        "models: {asked} answers asked for, {found} kept ones used",
        "模型：询问 {asked} 次，使用已保存的回答 {found} 次",
    ),
    "llm.damaged": (
        "a kept answer cannot be used and is asked for anew: {why}",
        "一条已保存的回答不可用，重新询问：{why}",
    ),
    "llm.no_key": (
        "no API key is set for model {model}: it will hardly answer; doctor --agent {agent} names it",
        "模型 {model} 未设置 API 密钥，很可能不予回答；doctor --agent {agent} 会指出应设置的变量",
    ),
    "watchlist.boardless": (
        "watched but never traded, since no board is known for the code: {symbols}; an index, or another "
        "exchange's suffix?",
        "仅观察、不交易（代码不属于任何已知板块）：{symbols}；是指数，还是后缀写错？",
    ),
    "llm.not_kept": ("an answer could not be kept: {why}", "一条回答未能保存：{why}"),
    "synthetic": (
        "DEMO: a made-up market. No name or price here is real.",
        "演示：虚构行情，名称与价格均非真实。",
    ),
    "status.next": ("next session {slot}", "下一时段 {slot}"),
    "status.halt": ("HALT since {since}  {halt}", "停止交易，自 {since}  {halt}"),
    "status.halt.put": (
        "HALT asked for at {since}, in force at the next order or start  {halt}",
        "已于 {since} 要求停止交易，下一笔委托或启动时生效  {halt}",
    ),
    "status.lift.reconciliation": (
        "    the broker's books differ from the journal: settle why, then {command}",
        "    券商账目与日志不符：查明原因后执行 {command}",
    ),
    "status.lift.unresolved": (
        "    asked for again by itself; else look it up at the broker, then say so: {command}",
        "    系统会自动再次查询；若仍未明，在券商处查明后告知：{command}",
    ),
    "status.lift.limit": (
        "    lifting it begins the count anew: {command}",
        "    解除后重新计数：{command}",
    ),
    "status.lift.person": ("    to lift it: {command}", "    解除：{command}"),
    "status.lift.alert": (
        "    look at what the alert tells, then {command}",
        "    查看该告警后执行 {command}",
    ),
    "status.kill": (
        "KILL FILE: {why}. Nothing leaves; to take it away: run_live.py kill --undo",
        "急停文件：{why}。不发出任何委托；解除：run_live.py kill --undo",
    ),
    "status.unread": (
        "what was asked from outside cannot be read: {why}",
        "无法读取外部指令：{why}",
    ),
    "halt.put": (
        "halted: {subject}. A running process obeys before its next order, any other at its start.",
        "已停止交易：{subject}。运行中的进程在下一笔委托前遵守，其他进程启动时遵守。",
    ),
    "halt.put.lift": ("to lift it: {command}", "解除：{command}"),
    "lift.put": (
        "lifted: {subject}, from the next session on. A difference with the broker that is still there halts "
        "again.",
        "已解除：{subject}，自下一时段起。与券商的差异若仍存在，将再次停止。",
    ),
    "put.taken": ("{account}: its process has taken it", "{account}：其进程已接收"),
    "put.put": (
        "{account}: its process has NOT taken it yet; it looks before every order, and after its session. "
        "Where `status` says that it does not answer: run_live.py kill",
        "{account}：其进程尚未接收；它在每笔委托之前及时段结束后查看。"
        "若 status 显示进程无响应：run_live.py kill",
    ),
    "put.waits": (
        "{account}: no process runs it; the next one takes it before anything else",
        "{account}：当前无进程；下一个进程启动时首先接收",
    ),
    "kill.put": ("KILL: {path} is there; no order leaves any more", "急停：已放置 {path}；不再发出任何委托"),
    "kill.running": (
        "{account}: its process cancels what works and stops, at its next look, within a minute",
        "{account}：其进程将在一分钟内撤单并停止",
    ),
    "kill.stopped": (
        "{account}: no process; {orders} order(s) were working, {working} still are",
        "{account}：无进程；当时挂单 {orders} 笔，仍挂单 {working} 笔",
    ),
    "kill.finished": ("{account}: its run was finished already", "{account}：其运行此前已完成"),
    "kill.failed": (
        "{account}: what works could not be cancelled: {why}",
        "{account}：未能撤单：{why}",
    ),
    "kill.undone": (
        "{path} is gone; start the account again to trade",
        "{path} 已移除；重新启动账户即可交易",
    ),
    "kill.undone.still": (
        "{path} is gone, but the data folder's kill file still stops the account",
        "{path} 已移除，但数据目录的急停文件仍在，该账户仍被停止",
    ),
    "sessions.id": ("    {session}", "    {session}"),
    "verify.reading": ("reading the record", "正在读取记录"),
    "verify.whole": (
        "whole: {events} events and {lines} audit lines agree",
        "完整：{events} 条事件与 {lines} 行审计记录一致",
    ),
    "verify.broken": (
        "NOT as it was written: {count} problem(s) in {events} events and {lines} audit lines",
        "记录有改动：{events} 条事件、{lines} 行审计记录中发现 {count} 个问题",
    ),
    "verify.hash": (
        "the hash stands at event {event} of {events}, written {at}: all up to there is as it was.",
        "该哈希位于第 {event} 个事件（共 {events} 个），写于 {at}：此前的记录未被改动。",
    ),
    "verify.problem": ("  {record}: {problem}", "  {record}：{problem}"),
    "replay.all": ("living every session again", "正在重放全部时段"),
    "replay.all_done": (
        "{identical} of {sessions} sessions come out identical",
        "{sessions} 个时段中有 {identical} 个重放结果完全一致",
    ),
    "replay.asking": ("asking {agent}", "正在询问 {agent}"),
    "replay.identical": (
        "identical: {session}, {events} events recomputed and compared",
        "完全一致：{session}，重新计算并比较了 {events} 条事件",
    ),
    "replay.differs": (
        "DIFFERS: {session}, {count} difference(s) in {events} events",
        "不一致：{session}，{events} 条事件中有 {count} 处不同",
    ),
    "replay.difference": (
        "  {session} {step} {field}\n    recorded   {recorded}\n    recomputed {recomputed}",
        "  {session} {step} {field}\n    记录  {recorded}\n    重算  {recomputed}",
    ),
    "replay.version": (
        "  note: {name} was {recorded} then, is {today} today",
        "  注意：{name} 当时为 {recorded}，现为 {today}",
    ),
    "replay.sides": (
        "{session}: {recorded} as recorded, {other} in its place",
        "{session}：记录中的 {recorded}，换成 {other}",
    ),
    "replay.recorded": ("as recorded", "记录"),
    "replay.other": ("other mind", "另一决策者"),
    "replay.part.decision": ("decision", "决策"),
    "replay.part.orders": ("orders", "委托"),
    "replay.part.refusals": ("refusals", "拒绝"),
    "replay.part.fills": ("fills", "成交"),
    "rules.checked": ("{passed} of {cases} cases pass", "{cases} 个算例中 {passed} 个通过"),
    "rules.failed": (
        "  {id}: expected {expected}, the rulebook says {got}",
        "  {id}：期望 {expected}，规则库给出 {got}",
    ),
    "rules.expects_nothing": (
        "  {id}: states nothing to compare with; the rulebook says {got}",
        "  {id}：未给出期望值；规则库给出 {got}",
    ),
    "rules.unsupported": ("  {id}: cannot be answered: {why}", "  {id}：无法回答：{why}"),
    "arena.begins": (
        "{count} entrants trade {start} to {end}, an account each",
        "{count} 个参赛者交易 {start} 至 {end}，各有独立账户",
    ),
    "arena.ended": ("  {name}: {gain}", "  {name}：{gain}"),
    "arena.was_there": ("  {name}: {gain} (had finished before)", "  {name}：{gain}（此前已完成）"),
    "arena.failed": ("  {name}: could not be run: {why}", "  {name}：无法运行：{why}"),
    "arena.live.begins": (
        "{count} entrants trade on live prices of {source}, an account each; stop with Ctrl-C",
        "{count} 个参赛者以 {source} 实时行情交易，各有独立账户；按 Ctrl-C 停止",
    ),
    "arena.live.failed": (
        "{name}: stopped: {why}; the others go on",
        "{name}：已停止：{why}；其他账户继续",
    ),
    "arena.live.killed": (
        "{name}: stopped by the kill file ({why}); {orders} orders worked, {working} still do",
        "{name}：因急停文件停止（{why}）；当时 {orders} 笔委托未了结，尚余 {working} 笔",
    ),
    "arena.live.stopped": ("stopped; the journals are complete", "已停止；各账户日志完整"),
    "arena.replayed": (
        "{agent} over {sessions} sessions: orders {orders}, refusals {refusals}, worth at the next session "
        "{worth} more; mean of a session {mean} bp",
        "{agent}，{sessions} 场：委托 {orders}，拒单 {refusals}，下一场时多 {worth}；每场平均 {mean} 基点",
    ),
    "arena.not_decided": ("  {session}: {why}", "  {session}：{why}"),
    "arena.by_the_mask": ("{agent}, masked against unmasked", "{agent}，遮蔽对未遮蔽"),
    "arena.page": ("page         {path}", "页面      {path}"),
    "local.serving": (
        "{model} answers at {url}; stop with Ctrl-C",
        "{model} 已在 {url} 提供服务；按 Ctrl-C 停止",
    ),
    "local.stopped": ("the server is stopped; now without it:", "服务已停止；以下不再需要它："),
    "local.answers": (
        "answers    {asked}, none came {faults} times; bad ones: {bad}",
        "回答      {asked} 次，无回答 {faults} 次；不合格：{bad}",
    ),
    "local.refusals": ("refusals   {refusals}", "拒绝      {refusals}"),
    "local.tokens": (
        "tokens     {read} read, {written} written; latency of a decision p50 {p50}, p95 {p95}",
        "词元      读入 {read}，写出 {written}；每次决策耗时 p50 {p50}，p95 {p95}",
    ),
    "interrupted": ("interrupted; start again to go on", "已中断；再次启动即可继续"),
    **DATA,
    **LIFECYCLE,
    **SETTLE,
}


def tell(key: str, lang: str, /, **values: object) -> str:
    """Return the wording of `key` in `lang` ("en" or "zh"), its placeholders filled.

    Raises:
        KeyError: No such key or language, or a placeholder without a value.
    """
    return worded(CATALOGUE, key, lang, values)
