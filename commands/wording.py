"""What the commands say, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

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
        "next: run_live.py sessions | show ID | replay ID | verify  with --data-dir {data_dir}{account}",
        "接下来：run_live.py sessions | show ID | replay ID | verify，加上 --data-dir {data_dir}{account}",
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
    "synthetic": (
        "DEMO: a made-up market. No name or price here is real.",
        "演示：虚构行情，名称与价格均非真实。",
    ),
    "status.running": ("a process is running this account", "该账户正由一个进程运行"),
    "status.stopped": ("no process is running this account", "当前没有进程运行该账户"),
    "status.finished": ("the run is finished", "运行已完成"),
    "status.next": ("next session {slot}", "下一时段 {slot}"),
    "status.halt": ("HALT {symbol}: {why}", "暂停交易 {symbol}：{why}"),
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
    "interrupted": ("interrupted; start again to go on", "已中断；再次启动即可继续"),
}


def tell(key: str, lang: str, /, **values: object) -> str:
    """Return the wording of `key` in `lang` ("en" or "zh"), its placeholders filled.

    Raises:
        KeyError: No such key or language, or a placeholder without a value.
    """
    return worded(CATALOGUE, key, lang, values)
