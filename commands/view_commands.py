"""What an account shows of itself: status, sessions, one session, checks, reports."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from commands import flags
from commands.common_options import Common, with_common
from commands.entry import day_of, run_on_account
from commands.flags import DAY, PATH
from commands.groups import Group
from commands.manual import said

app = Group()


@app.command(help=said("What is running, what is held, what comes next.", "运行状态、持仓与下一时段。"))
@with_common
def status(common: Common) -> None:
    """Show the account's state."""
    from commands.views import status as show_status
    from services.clock import SystemClock

    run_on_account(common, lambda settings, screen: show_status(settings, screen, SystemClock().now()))


@app.command(help=said("The list of sessions.", "时段列表。"))
@with_common
def sessions(common: Common) -> None:
    """List the account's sessions."""
    from commands.views import sessions as list_sessions

    run_on_account(common, list_sessions)


@app.command(
    help=said(
        "One session: inputs, decision, verdicts, orders, fills, reasons. ID may be cut short where no other "
        "begins so; 'latest' is the last one.",
        "查看一个时段：输入、决策、风控结论、委托、成交与原因。"
        "ID 可只写不致混淆的开头部分；latest 为最近一个。",
    )
)
@click.argument("session", metavar="ID")
@with_common
def show(common: Common, session: str) -> None:
    """Show one session."""
    from commands.views import show as show_one

    run_on_account(common, lambda settings, screen: show_one(settings, session, screen))


@app.command(
    help=said(
        "Check journal, position.jsonl and the two against each other; never writes.",
        "校验日志、position.jsonl 及二者一致性；从不写入。",
    )
)
@click.option(
    "--last-hash",
    metavar="HASH",
    help=said(
        "A last hash told before, by a day's summary: say at which event it stands.",
        "此前收盘小结给出的末端哈希：说明它位于哪个事件。",
    ),
)
@with_common
def verify(common: Common, last_hash: str | None) -> None:
    """Check the record."""
    from commands.verify import verify as check

    run_on_account(common, lambda settings, screen: check(settings, screen, last_hash))


@app.command(help=said("The HTML report of an account and period.", "生成账户与区间的 HTML 报告。"))
@click.option("--out", type=PATH, help=said("Where to write it.", "输出路径。"))
@flags.start
@flags.end
@with_common
def report(common: Common, out: Path | None, start: datetime | None, end: datetime | None) -> None:
    """Write the HTML report."""
    from commands.report import report as write

    run_on_account(
        common,
        lambda settings, screen: write(settings, screen, out=out, start=day_of(start), end=day_of(end)),
    )


@app.command(
    help=said(
        "What is missing to run this configuration, with the mend.",
        "检查运行该配置还缺什么，并给出补救办法。",
    )
)
@flags.agent
@with_common
def doctor(common: Common, agent: str | None) -> None:
    """Check what this configuration needs."""
    from commands.doctor import doctor as examine
    from services.clock import SystemClock

    run_on_account(
        common,
        lambda settings, screen: examine(settings, common.config, screen, SystemClock().now()),
        agent_type=agent,
    )


@app.command(
    help=said(
        "The summary of a trading day: trades, P&L, positions, refusals, model cost, next slots.",
        "交易日小结：成交、盈亏、持仓、拒单、模型费用与下一时段。",
    )
)
@click.option(
    "--date",
    type=DAY,
    metavar="DATE",
    help=said("Which day; the account's last one by default.", "哪一天；默认为账户最近一日。"),
)
@click.option("--send", is_flag=True, help=said("Send it to the alert channels too.", "同时发送至告警通道。"))
@with_common
def day(common: Common, date: datetime | None, send: bool) -> None:
    """Show the summary of a day."""
    from commands.day import day as show_day

    run_on_account(common, lambda settings, screen: show_day(settings, day_of(date), screen, send=send))


@app.command(
    help=said(
        "Serve the account to other programs as read-only tools (Model Context Protocol, standard streams); "
        "no order can be placed through it.",
        "以只读工具的形式（MCP，标准输入输出）向其他程序提供账户信息；无法通过它下单。",
    )
)
@with_common
def mcp(common: Common) -> None:
    """Serve the account's read-only tools."""
    from commands.mcp_server import serve

    run_on_account(common, serve)
