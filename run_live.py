"""Kaipan's way in: reads the command line and the configuration, and hands over to a command."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import (
    backup_commands,
    data_commands,
    lifecycle_commands,
    quotes_command,
    settle_command,
    watch_commands,
)
from commands.common_options import Common, with_common
from commands.entry import day_of, run_command, run_on_account, settings_of, stated
from commands.flags import (
    EXAMPLES,
    MANUAL,
    Account,
    AdjustmentName,
    AgentSpec,
    ArenaPage,
    AtTime,
    Cash,
    ChannelName,
    Config,
    DataDir,
    Day,
    Demo,
    FirstSession,
    FrequencyName,
    HaltedSymbol,
    Imports,
    IndexName,
    Json,
    KindName,
    Lang,
    LastSession,
    ListedOn,
    Live,
    LlmModeName,
    MarketName,
    Masked,
    MaskSeed,
    ModeName,
    NoReport,
    OfDay,
    Once,
    OtherMinds,
    PrevClose,
    PriceFile,
    PricesOfRecord,
    ReplayedSession,
    RequiredDay,
    SecurityName,
    SendIt,
    ServedPort,
    Standby,
    TermsName,
    Undo,
    VolumeUnitName,
    Why,
    WhyKilled,
    WritingThreads,
    said,
)
from commands.options import RunOptions
from commands.usage import OneLineUsage
from services.settings_places import cache_folder

if TYPE_CHECKING:
    from commands.screen import Screen
    from services.domain.inbox import Scope
    from services.settings import Settings

app = typer.Typer(
    cls=OneLineUsage,
    help=MANUAL,
    epilog=EXAMPLES,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def main_job(
    ctx: typer.Context,
    mode: ModeName = None,
    frequency: FrequencyName = None,
    market: MarketName = None,
    agent: AgentSpec = None,
    llm: LlmModeName = None,
    prices: PriceFile = None,
    start: Day = None,
    end: Day = None,
    demo: Demo = False,
    once: Once = False,
    session: ReplayedSession = None,
    standby: Standby = False,
    cash: Cash = None,
    adjustment: AdjustmentName = None,
    volume_unit: VolumeUnitName = None,
    index: IndexName = None,
    no_report: NoReport = False,
    data_dir: DataDir = None,
    config: Config = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Run the main job."""
    common = Common(data_dir=data_dir, config=config, account=account, lang=lang, as_json=as_json)
    if ctx.invoked_subcommand is not None:
        ctx.obj = common
        return
    if session is not None:
        _replay_of_main_job(common, mode, session, agent, llm)
    given: dict[str, object | None] = {
        "mode": mode,
        "frequency": frequency or ("hourly" if demo and config is None else None),
        "market": market,
        "agent_type": agent,
        "agent_config.initial_cash": cash,
        **_of_prices(adjustment, volume_unit, index),
    }
    options = RunOptions(
        prices=prices,
        demo=demo,
        start=day_of(start),
        end=day_of(end),
        once=once,
        standby=standby,
        report=not no_report,
        cache=cache_folder(),
        llm=llm,
    )

    def command(screen: Screen) -> int:
        from commands.run import run

        settings, there = _with_usual_folder(settings_of(common, stated(given), demo), options)
        screen.lang = settings.lang
        return run(settings, there, screen)

    run_command(common, command)


def _with_usual_folder(settings: Settings, options: RunOptions) -> tuple[Settings, RunOptions]:
    """Return the settings; where nobody chose a data folder, each kind of run has its own.

    The history store stays where it is for all of them.
    """
    options = replace(options, history=settings.data_dir / "history")
    if "data_dir" in settings.model_fields_set or not options.recorded:
        return settings, options
    kind = "demo" if options.demo else str(settings.mode)
    name = kind if kind != "paper" else "paper-on-file"
    return settings.model_copy(update={"data_dir": settings.data_dir / name}), options


def _of_prices(
    adjustment: str | None, volume_unit: str | None, index: str | None
) -> dict[str, object | None]:
    """Return what is stated of recorded prices, by the settings' keys."""
    return {"prices.adjustment": adjustment, "prices.volume_unit": volume_unit, "prices.index": index}


def _replay_of_main_job(
    common: Common, mode: str | None, session: str, agent: str | None, llm: str | None
) -> None:
    if mode not in (None, "backtest"):

        def refuse(_screen: Screen) -> int:
            from commands.failures import CommandFailed, Exit

            raise CommandFailed(Exit.USAGE, f"--session goes with --mode backtest, not {mode}")

        run_command(common, refuse)
    _replay(common, session, agent, llm)


def _replay(
    common: Common, session: str, agent: str | None, llm: str | None, mask_seed: int | None = None
) -> None:
    from commands.replay import replay

    run_on_account(
        common,
        lambda settings, screen: replay(settings, session, agent, screen, llm, mask_seed),
        agent_type=agent,
    )


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
        "One session: inputs, decision, verdicts, orders, fills, reasons.",
        "查看一个时段：输入、决策、风控结论、委托、成交与原因。",
    )
)
@with_common
def show(
    common: Common,
    session: Annotated[str, typer.Argument(metavar="ID")],
) -> None:
    """Show one session."""
    from commands.views import show as show_one

    run_on_account(common, lambda settings, screen: show_one(settings, session, screen))


@app.command(
    help=said(
        "Live a recorded session again and compare; --agent puts another mind in its place. "
        "ID 'all' replays every session.",
        "重放一个已记录的时段并比较；--agent 换另一决策者。ID 为 all 时重放全部。",
    )
)
@with_common
def replay(
    common: Common,
    session: Annotated[str, typer.Argument(metavar="ID")],
    agent: Annotated[str | None, typer.Option(metavar="SPEC", show_default=False)] = None,
    llm: LlmModeName = None,
    masked: Masked = False,
    seed: MaskSeed = 1,
) -> None:
    """Replay one session."""
    _replay(common, session, agent, llm, seed if masked else None)


@app.command(
    help=said(
        "Check journal, position.jsonl and the two against each other; never writes.",
        "校验日志、position.jsonl 及二者一致性；从不写入。",
    )
)
@with_common
def verify(
    common: Common,
    last_hash: Annotated[
        str | None,
        typer.Option(
            metavar="HASH",
            help=said(
                "A last hash told before, by a day's summary: say at which event it stands.",
                "此前收盘小结给出的末端哈希：说明它位于哪个事件。",
            ),
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check the record."""
    from commands.verify import verify as check

    run_on_account(common, lambda settings, screen: check(settings, screen, last_hash))


@app.command(help=said("The HTML report of an account and period.", "生成账户与区间的 HTML 报告。"))
@with_common
def report(
    common: Common,
    out: Annotated[
        Path | None,
        typer.Option(help=said("Where to write it.", "输出路径。"), show_default=False),
    ] = None,
    start: Day = None,
    end: Day = None,
) -> None:
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
@with_common
def doctor(common: Common) -> None:
    """Check what this configuration needs."""
    from commands.doctor import doctor as examine
    from services.clock import SystemClock

    run_on_account(
        common,
        lambda settings, screen: examine(settings, common.config, screen, SystemClock().now()),
    )


@app.command(
    help=said(
        "Stop trading until it is lifted: of every account in the data folder, of one with --account, of one "
        "--symbol. A running process obeys before its next order.",
        "停止交易直至解除：数据目录内全部账户、--account 指定的账户或 --symbol 指定的证券；"
        "运行中的进程在下一笔委托之前即遵守。",
    )
)
@with_common
def halt(common: Common, why: Why, symbol: HaltedSymbol = "") -> None:
    """Halt accounts or a symbol."""
    from commands.halts import Said
    from commands.halts import halt as put

    said_so = Said(scope=_scope(common), why=why, symbol=symbol)
    run_on_account(common, lambda settings, screen: put(settings, said_so, screen))


@app.command(
    help=said(
        "End a halt, whoever or whatever made it; `status` prints the call for each.",
        "解除停止交易，无论由谁或何种原因触发；status 会给出每一项的解除命令。",
    )
)
@with_common
def lift(common: Common, why: Why, symbol: HaltedSymbol = "") -> None:
    """Lift a halt."""
    from commands.halts import Said
    from commands.halts import lift as put

    said_so = Said(scope=_scope(common), why=why, symbol=symbol)
    run_on_account(common, lambda settings, screen: put(settings, said_so, screen))


@app.command(
    help=said(
        "The kill switch: nothing leaves any more, working orders are cancelled, processes stop. Of every "
        "account in the data folder, or of one with --account.",
        "急停：不再发出任何委托，撤销挂单，停止进程；针对数据目录内全部账户，或 --account 指定的账户。",
    )
)
@with_common
def kill(common: Common, why: WhyKilled = "", undo: Undo = False) -> None:
    """Put or remove the kill file."""
    from commands.kill import kill as stop_everything
    from commands.kill import undo as take_away

    scope = _scope(common)

    def command(settings: Settings, screen: Screen) -> int:
        if undo:
            return take_away(settings, scope, screen)
        return stop_everything(settings, scope, why, screen, cache_folder())

    run_on_account(common, command)


def _scope(common: Common) -> Scope:
    """Return whether the command line names one account."""
    from services.domain.inbox import Scope

    return Scope.EVERYWHERE if common.account is None else Scope.HERE


@app.command(
    help=said(
        "The summary of a trading day: trades, P&L, positions, refusals, model cost, next slots.",
        "交易日小结：成交、盈亏、持仓、拒单、模型费用与下一时段。",
    )
)
@with_common
def day(common: Common, date: OfDay = None, send: SendIt = False) -> None:
    """Show the summary of a day."""
    from commands.day import day as show_day

    run_on_account(common, lambda settings, screen: show_day(settings, day_of(date), screen, send=send))


alert_app = typer.Typer(
    help=said("The channels by which a person is told.", "告警通道。"),
    rich_markup_mode="rich",
)
app.add_typer(alert_app, name="alert")


@alert_app.callback()
def alert(
    ctx: typer.Context,
    data_dir: DataDir = None,
    config: Config = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Take the common options for the commands below `alert`."""
    common = Common(data_dir=data_dir, config=config, account=account, lang=lang, as_json=as_json)
    ctx.obj = common.under(ctx.obj)


@alert_app.command(
    "test",
    help=said(
        "Send a message to every configured channel, and say of each whether it was taken.",
        "向每个已配置的通道发送测试消息，并逐一说明是否被接收。",
    ),
)
@with_common
def alert_test(common: Common, channel: ChannelName = None) -> None:
    """Try the alert channels."""
    from commands.alert_test import alert_test as try_channels

    run_on_account(common, lambda settings, screen: try_channels(settings, channel, screen))


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


rules_app = typer.Typer(
    help=said(
        "The exchanges' dated rules: explain them, or check a file of worked cases.",
        "交易所规则（按日期）：解释，或核对算例文件。",
    ),
    rich_markup_mode="rich",
)
app.add_typer(rules_app, name="rules")


@rules_app.callback()
def rules(
    ctx: typer.Context,
    data_dir: DataDir = None,
    config: Config = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Take the common options for the commands below `rules`."""
    common = Common(data_dir=data_dir, config=config, account=account, lang=lang, as_json=as_json)
    ctx.obj = common.under(ctx.obj)


@rules_app.command(
    help=said(
        "Every rule that applies to a symbol on a day, with dates and sources.",
        "某证券某日适用的全部规则，附有效期与来源。",
    )
)
@with_common
def explain(
    common: Common,
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL")],
    on: RequiredDay,
    prev_close: PrevClose = None,
    at: AtTime = None,
    name: SecurityName = "",
    listed_on: ListedOn = None,
    kind: KindName = None,
) -> None:
    """Explain the rules of a day."""
    from commands.rules_explain import Asked, explain_rules

    asked = Asked(
        symbol=symbol,
        on=on.date(),
        prev_close=prev_close,
        at=at,
        name=name,
        listed_on=day_of(listed_on),
        kind=kind,
    )
    run_on_account(common, lambda settings, screen: explain_rules(settings, asked, screen, cache_folder()))


@rules_app.command(
    help=said(
        "Answer a file of worked cases and compare; exit 1 where one differs.",
        "回答算例文件并比较；有不同则退出码为 1。",
    )
)
@with_common
def check(
    common: Common,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
) -> None:
    """Check worked cases."""
    from commands.rules_check import check_rules

    run_on_account(common, lambda settings, screen: check_rules(settings, file, screen, cache_folder()))


@app.command(
    help=said(
        "Audit any AI-Trader-style position.jsonl against recorded prices and the dated rules.",
        "对照历史行情与当时规则，审计任意 AI-Trader 式 position.jsonl。",
    )
)
@with_common
def audit(
    common: Common,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    prices: PricesOfRecord,
    terms: TermsName = "strict",
    adjustment: AdjustmentName = None,
    volume_unit: VolumeUnitName = None,
) -> None:
    """Audit a record."""
    from commands.audit import audit as audit_record

    declared = {"prices.adjustment": adjustment, "prices.volume_unit": volume_unit}
    run_on_account(
        common, lambda settings, screen: audit_record(settings, screen, file, prices, terms), **declared
    )


arena_app = typer.Typer(
    help=said(
        "Many minds on the same prices, an account each: a leaderboard with intervals and paired "
        "differences. Recorded prices with --prices or --demo, live ones with --live; with neither it shows "
        "what lies there.",
        "多个决策者在同一行情上各用独立账户交易：排行榜，附区间与同日差异。--prices 或 --demo 用历史行情，"
        "--live 用实时行情；都不给则显示已有账户的排行榜。",
    ),
    rich_markup_mode="rich",
    invoke_without_command=True,
)
app.add_typer(arena_app, name="arena")


@arena_app.callback()
def arena(
    ctx: typer.Context,
    prices: PriceFile = None,
    demo: Demo = False,
    start: Day = None,
    end: Day = None,
    imports: Imports = None,
    live: Live = False,
    once: Once = False,
    html: ArenaPage = None,
    llm: LlmModeName = None,
    mode: ModeName = None,
    frequency: FrequencyName = None,
    market: MarketName = None,
    cash: Cash = None,
    adjustment: AdjustmentName = None,
    volume_unit: VolumeUnitName = None,
    index: IndexName = None,
    data_dir: DataDir = None,
    config: Config = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Run the entrants and show the leaderboard."""
    common = Common(data_dir=data_dir, config=config, account=account, lang=lang, as_json=as_json)
    common = common.under(ctx.obj)
    if ctx.invoked_subcommand is not None:
        ctx.obj = common
        return
    given: dict[str, object | None] = {
        "mode": mode,
        "frequency": frequency or ("hourly" if demo and common.config is None else None),
        "market": market,
        "agent_config.initial_cash": cash,
        **_of_prices(adjustment, volume_unit, index),
    }

    def command(screen: Screen) -> int:
        from commands.arena import ArenaOptions
        from commands.arena import arena as compare

        options = ArenaOptions(
            prices=prices,
            demo=demo,
            start=day_of(start),
            end=day_of(end),
            imports=tuple(imports or ()),
            live=live,
            once=once,
            html=html,
            llm=llm,
            cache=cache_folder(),
        )
        asked = settings_of(common, stated(given), demo)
        settings = options.in_usual_folder(asked)
        screen.lang = settings.lang
        return compare(settings, replace(options, history=asked.data_dir / "history"), screen)

    run_command(common, command)


@arena_app.command(
    "replay",
    help=said(
        "Ask other minds over recorded sessions of one account, each session by itself; shows paired "
        "differences in orders, refusals and value.",
        "让其他决策者逐一重做某账户的已记录时段，显示委托、拒单与市值的成对差异。",
    ),
)
@with_common
def arena_replay(
    common: Common,
    first: FirstSession,
    agents: OtherMinds,
    last: LastSession = None,
    llm: LlmModeName = None,
    masked: Masked = False,
    seed: MaskSeed = 1,
) -> None:
    """Replay sessions with other minds."""

    def command(screen: Screen) -> int:
        from commands.arena_replay import SessionSpan
        from commands.arena_replay import arena_replay as ask_others

        others = [settings_of(common, {"agent_type": spec}) for spec in agents]
        screen.lang = others[0].lang
        span = SessionSpan(first=first, last=last or first)
        return ask_others(others, span, llm, screen, seed if masked else None)

    run_command(common, command)


@app.command(
    "local-model",
    help=said(
        "Serve a small language model on this machine until Ctrl-C (extra local-llm); --demo runs the demo "
        "week with it, then replays and verifies it without.",
        "在本机提供一个小型语言模型，按 Ctrl-C 停止（附加组件 local-llm）；--demo 用它运行演示周，"
        "随后在无模型的情况下重放并校验。",
    ),
)
@with_common
def local_model(
    common: Common,
    port: ServedPort = 0,
    threads: WritingThreads = 1,
    demo: Demo = False,
) -> None:
    """Serve a local model."""

    def command(screen: Screen) -> int:
        from commands.local_model import local_model as serve
        from commands.local_model import served

        if not demo:
            return serve(port, threads, screen)
        from commands.local_demo import local_demo

        config = common.config or Path(__file__).parent / "configs" / "demo-llm.yaml"
        settings = settings_of(replace(common, config=config), {}, demo)
        screen.lang = settings.lang
        return local_demo(settings, lambda kept: served(port or kept, threads), screen, cache_folder())

    run_command(common, command)


backup_commands.add_to(app)
data_commands.add_to(app)
lifecycle_commands.add_to(app)
quotes_command.add_to(app)
settle_command.add_to(app)
watch_commands.add_to(app)


def main() -> None:
    """Run the command line."""
    try:
        app()
    finally:
        # The memory goes back whole: nothing in it need be searched first.
        gc.freeze()


if __name__ == "__main__":
    main()
