"""The command line's options and its manual, in the language asked for on the command line."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

ZH = any(one == "--lang=zh" for one in sys.argv) or any(
    one == "--lang" and after == "zh" for one, after in zip(sys.argv, sys.argv[1:], strict=False)
)


def said(en: str, zh: str) -> str:
    """Return the wording in the language asked for on the command line."""
    return zh if ZH else en


MANUAL = said(
    """Kaipan lets a language model trade A-shares unattended.

Without a command it runs the main job: at each slot (daily 09:35; hourly 10:35, 11:35, 14:05, 15:05) \
one session asks prices, asks the agent, passes its wishes through the gate, hands what is approved to \
the broker and writes the audit trail position.jsonl.

Exit codes: 0 done, 1 a check found differences, 2 usage or configuration, 3 a source, broker or \
account is not available, 4 stopped by a kill file, 130 interrupted.""",
    """Kaipan（开盘）让大语言模型无人值守地交易 A 股。

不带子命令即运行主流程：在每个时点（日频 09:35；小时频 10:35、11:35、14:05、15:05）执行一个交易时段：\
取行情、询问决策者、经风控闸门、将获批委托交给券商，并写入审计轨迹 position.jsonl。

退出码：0 完成；1 检查发现差异；2 用法或配置有误；3 数据源、券商或账户不可用；\
4 因急停文件停止；130 被中断。""",
)

EXAMPLES = said(
    """Examples:

run_live.py --mode paper --frequency hourly --demo

run_live.py --mode backtest --frequency daily --prices daily.jsonl --start 2025-10-10 --end 2025-11-19

run_live.py --mode paper --frequency hourly --config configs/paper.yaml

run_live.py verify --data-dir kaipan-data/demo""",
    """示例：

run_live.py --mode paper --frequency hourly --demo --lang zh

run_live.py --mode backtest --frequency daily --prices daily.jsonl --start 2025-10-10 --end 2025-11-19

run_live.py --mode paper --frequency hourly --config configs/paper.yaml

run_live.py verify --data-dir kaipan-data/demo""",
)

DataDir = Annotated[
    Path | None,
    typer.Option(help=said("Folder of all that is kept.", "数据文件夹。"), show_default=False),
]
Config = Annotated[
    Path | None,
    typer.Option(
        help=said("YAML or JSON configuration file.", "YAML 或 JSON 配置文件。"), show_default=False
    ),
]
Account = Annotated[
    str | None,
    typer.Option(
        help=said(
            "The account's name (default main; for halt, lift and kill: every one).",
            "账户名（默认 main；halt、lift、kill 默认为全部账户）。",
        ),
        show_default=False,
    ),
]
Lang = Annotated[
    str | None, typer.Option(help=said("Language: en or zh.", "语言：en 或 zh。"), show_default=False)
]
Json = Annotated[
    bool,
    typer.Option("--json", help=said("One JSON object on stdout.", "标准输出只给出一个 JSON 对象。")),
]
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y%m%d"], metavar="DATE", show_default=False),
]

OPTIONS = {
    "mode": "--mode",
    "frequency": "--frequency",
    "market": "--market",
    "agent_type": "--agent",
    "agent_config.initial_cash": "--cash",
    "prices.adjustment": "--adjustment",
    "prices.volume_unit": "--volume-unit",
    "prices.index": "--index",
    "data_dir": "--data-dir",
    "account": "--account",
    "lang": "--lang",
}
"""What a key of the configuration is called on the command line."""


ChannelName = Annotated[
    str | None,
    typer.Option(
        "--channel",
        metavar="NAME",
        help=said("One channel of the configuration alone.", "仅测试配置中的一个通道。"),
        show_default=False,
    ),
]
OfDay = Annotated[
    datetime | None,
    typer.Option(
        "--date",
        formats=["%Y-%m-%d", "%Y%m%d"],
        metavar="DATE",
        help=said("Which day; the account's last one by default.", "哪一天；默认为账户最近一日。"),
        show_default=False,
    ),
]
SendIt = Annotated[
    bool, typer.Option("--send", help=said("Send it to the alert channels too.", "同时发送至告警通道。"))
]


ModeName = Annotated[
    str | None,
    typer.Option(
        help=said("paper (default), live or backtest.", "paper（默认）、live 或 backtest。"),
        show_default=False,
    ),
]
FrequencyName = Annotated[
    str | None,
    typer.Option(
        help=said("daily (default; demo: hourly) or hourly.", "daily（默认；演示为 hourly）或 hourly。"),
        show_default=False,
    ),
]
MarketName = Annotated[
    str | None,
    typer.Option(help=said("cn (default) or us.", "cn（默认）或 us。"), show_default=False),
]
AgentSpec = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        help=said(
            "Who decides: rule[:NAME[:OPTION=N,...]], llm[:MODEL], debate[:MODEL] or scripted:FILE.",
            "决策者：rule、rule:名称[:选项=数,...]、llm、llm:模型、debate、debate:模型 或 scripted:文件。",
        ),
        show_default=False,
    ),
]
LlmModeName = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="cache|live|off",
        help=said(
            "Answers of models: cache reads kept ones first (default of a backtest and of replay), live asks "
            "and keeps (default otherwise), off asks and keeps none.",
            "模型回答：cache 先用已保存的（回测与 replay 默认），live 总是询问并保存（其他默认），"
            "off 总是询问且不保存。",
        ),
        show_default=False,
    ),
]
PriceFile = Annotated[
    Path | None,
    typer.Option(
        help=said(
            "Recorded prices: merged.jsonl, tushare-style CSV or Parquet; or bars of the history store: "
            "history:1d, history:60m.",
            "历史行情文件：merged.jsonl、tushare 式 CSV 或 Parquet；或 history:1d、history:60m：本地历史库。",
        ),
        show_default=False,
    ),
]
IndexName = Annotated[
    str | None,
    typer.Option(
        "--index",
        metavar="SYMBOL",
        help=said(
            "With --prices history:…: buy only what belonged to this index on the day, e.g. 000016.SH.",
            "配合 --prices history:…：仅可买入当日属于该指数的证券，例如 000016.SH。",
        ),
        show_default=False,
    ),
]
Demo = Annotated[
    bool,
    typer.Option("--demo", help=said("The embedded, made-up market and week.", "内置虚构行情与一周。")),
]
Once = Annotated[
    bool,
    typer.Option("--once", help=said("Run the current slot and exit.", "运行当前时点后退出。")),
]
Live = Annotated[
    bool,
    typer.Option(
        "--live",
        help=said(
            "On live prices, with simulated money, until stopped.", "以实时行情、模拟资金运行，直至停止。"
        ),
    ),
]
ReplayedSession = Annotated[
    str | None,
    typer.Option(
        help=said("With --mode backtest: replay this session.", "配合 --mode backtest：重放该时段。"),
        show_default=False,
    ),
]
Standby = Annotated[
    bool,
    typer.Option(
        "--standby", help=said("Wait for the process that has the account.", "等待占用账户的进程结束。")
    ),
]
Cash = Annotated[
    str | None,
    typer.Option(help=said("Opening balance of a new account.", "新账户的初始资金。"), show_default=False),
]
AdjustmentName = Annotated[
    str | None,
    typer.Option(
        help=said(
            "Declared of --prices: raw, forward or backward.",
            "声明复权方式：raw、forward 或 backward。",
        ),
        show_default=False,
    ),
]
VolumeUnitName = Annotated[
    str | None,
    typer.Option(
        help=said("Declared of --prices: share or lot.", "声明成交量单位：share 或 lot。"),
        show_default=False,
    ),
]
NoReport = Annotated[
    bool, typer.Option("--no-report", help=said("Write no HTML report.", "不生成 HTML 报告。"))
]

Why = Annotated[
    str,
    typer.Option("--why", metavar="TEXT", help=said("The reason, for the record.", "原因，写入记录。")),
]
WhyKilled = Annotated[
    str,
    typer.Option(
        "--why",
        metavar="TEXT",
        help=said(
            "The reason, for the record; needed but with --undo.", "原因，写入记录；除 --undo 外必填。"
        ),
        show_default=False,
    ),
]
HaltedSymbol = Annotated[
    str,
    typer.Option(
        "--symbol",
        metavar="SYMBOL",
        help=said("One symbol alone.", "仅此一只证券。"),
        show_default=False,
    ),
]
Undo = Annotated[bool, typer.Option("--undo", help=said("Take the kill file away.", "移除急停文件。"))]

RequiredDay = Annotated[
    datetime,
    typer.Option("--on", formats=["%Y-%m-%d", "%Y%m%d"], metavar="DATE", help=said("The day.", "日期。")),
]
PrevClose = Annotated[
    str | None,
    typer.Option(
        metavar="PRICE",
        help=said(
            "The ex-adjusted previous close, for the limits in prices.",
            "前收盘价（已除权），用于计算涨跌停价。",
        ),
        show_default=False,
    ),
]
AtTime = Annotated[
    str | None,
    typer.Option(
        metavar="HH:MM",
        help=said(
            "A time of that day, in the market's zone: what is possible then.",
            "当日某一时刻（市场当地时间）：可做什么。",
        ),
        show_default=False,
    ),
]
SecurityName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=said("Its name: ST, *ST and 退 in it count.", "证券简称：其中的 ST、*ST、退 起作用。"),
        show_default=False,
    ),
]
ListedOn = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y%m%d"],
        metavar="DATE",
        help=said("Its first trading day.", "上市首日。"),
        show_default=False,
    ),
]
KindName = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help=said(
            "What a fund is, e.g. etf_gold_t0, etf_equity_20.", "基金种类，例如 etf_gold_t0、etf_equity_20。"
        ),
        show_default=False,
    ),
]
PricesOfRecord = Annotated[
    Path,
    typer.Option(
        "--prices",
        help=said("The prices the record was traded on.", "该记录交易所依据的历史行情文件。"),
        show_default=False,
    ),
]
TermsName = Annotated[
    str,
    typer.Option(
        "--rules",
        metavar="legacy|strict",
        help=said(
            "legacy: the arena's terms (the labelled bar's open, no fees); strict: the rules of the day.",
            "legacy：竞技场规则（所标 K 线的开盘价、无费用）；strict：当时的交易规则。",
        ),
    ),
]

Imports = Annotated[
    list[Path] | None,
    typer.Option(
        "--import",
        metavar="FILE",
        help=said(
            "A recorded run (position.jsonl) that enters with its decisions; may be given again.",
            "以其决策参赛的历史记录（position.jsonl）；可重复给出。",
        ),
        show_default=False,
    ),
]
ArenaPage = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="PATH",
        help=said("Where to write the page.", "页面输出路径。"),
        show_default=False,
    ),
]
FirstSession = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="ID|DATE",
        help=said("The first recorded session, or its day.", "首个已记录时段的 ID 或日期。"),
    ),
]
LastSession = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="ID|DATE",
        help=said("The last one; left out: the first alone.", "最后一个；省略则仅首个（日）。"),
        show_default=False,
    ),
]
OtherMinds = Annotated[
    list[str],
    typer.Option(
        "--agent",
        metavar="SPEC",
        help=said("Whom to ask instead; may be given again.", "换谁来决策；可重复给出。"),
    ),
]
ServedPort = Annotated[
    int,
    typer.Option(
        min=0,
        max=65535,
        help=said("Port on the loopback; 0: a free one.", "本机回环端口；0 为任一空闲端口。"),
    ),
]
WritingThreads = Annotated[
    int,
    typer.Option(min=1, max=64, help=said("Threads that write an answer.", "生成回答所用线程数。")),
]
Masked = Annotated[
    bool,
    typer.Option(
        "--masked",
        help=said(
            "Ask behind a mask: other codes, names, dates and prices, no news; what differs was remembered.",
            "遮蔽后询问：更换代码、名称、日期与价格，且无新闻；差异即来自模型记忆。",
        ),
    ),
]
MaskSeed = Annotated[
    int,
    typer.Option("--seed", metavar="N", help=said("Which mask --masked makes.", "--masked 所用的种子。")),
]
