"""The command line's options that more than one command takes, and the kinds of their values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands.manual import said

PATH = click.Path(path_type=Path)


class Day(click.DateTime):
    """A day as people write it: 2025-01-31 or 20250131."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the day's midnight.

        Raises:
            click.BadParameter: It is none.
        """
        try:
            if _of_other_digits(value):
                raise click.BadParameter(value)
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(
                said(
                    f"must be a day such as 2025-01-31; got {value}", f"须为日期，如 2025-01-31；现为 {value}"
                ),
                param,
                ctx,
            )


DAY = Day(["%Y-%m-%d", "%Y%m%d"])


class Count(click.IntRange):
    """A whole number from `min` to `max`, both included."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number.

        Raises:
            click.BadParameter: It is none, or out of bounds.
        """
        if _of_other_digits(value):
            self.fail(
                said(
                    f"must be a whole number in the digits 0 to 9; got {value}",
                    f"须为半角数字的整数；现为 {value}",
                ),
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


def _of_other_digits(value: object) -> bool:
    """Answer whether it may hold digits such as full-width ones, which the standard library reads."""
    return isinstance(value, str) and not value.isascii()


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

data_dir = click.option(
    "--data-dir",
    type=PATH,
    help=said("Folder of all that is kept.", "数据文件夹。"),
)
config = click.option(
    "--config",
    type=PATH,
    help=said("YAML or JSON configuration file.", "YAML 或 JSON 配置文件。"),
)
account = click.option(
    "--account",
    help=said(
        "The account's name (default main; for halt, lift and kill: every one).",
        "账户名（默认 main；halt、lift、kill 默认为全部账户）。",
    ),
)
lang = click.option("--lang", help=said("Language: en or zh.", "语言：en 或 zh。"))
as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help=said("One JSON object on stdout.", "标准输出只给出一个 JSON 对象。"),
)

mode = click.option(
    "--mode", help=said("paper (default), live or backtest.", "paper（默认）、live 或 backtest。")
)
frequency = click.option(
    "--frequency",
    help=said("daily (default; demo: hourly) or hourly.", "daily（默认；演示为 hourly）或 hourly。"),
)
market = click.option("--market", help=said("cn (default) or us.", "cn（默认）或 us。"))
agent = click.option(
    "--agent",
    metavar="SPEC",
    help=said(
        "Who decides: rule[:NAME[:OPTION=N,...]], llm[:MODEL], debate[:MODEL] or scripted:FILE.",
        "决策者：rule、rule:名称[:选项=数,...]、llm、llm:模型、debate、debate:模型 或 scripted:文件。",
    ),
)
llm = click.option(
    "--llm",
    metavar="cache|live|off",
    help=said(
        "Answers of models: cache reads kept ones first (default of a backtest and of replay), live asks "
        "and keeps (default otherwise), off asks and keeps none.",
        "模型回答：cache 先用已保存的（回测与 replay 默认），live 总是询问并保存（其他默认），"
        "off 总是询问且不保存。",
    ),
)
prices = click.option(
    "--prices",
    type=PATH,
    help=said(
        "Recorded prices: merged.jsonl, tushare-style CSV or Parquet; or bars of the history store: "
        "history:1d, history:60m.",
        "历史行情文件：merged.jsonl、tushare 式 CSV 或 Parquet；或 history:1d、history:60m：本地历史库。",
    ),
)
start = click.option("--start", type=DAY, metavar="DATE", help=said("The first day.", "首日。"))
end = click.option("--end", type=DAY, metavar="DATE", help=said("The last day.", "末日。"))
demo = click.option(
    "--demo", is_flag=True, help=said("The embedded, made-up market and week.", "内置虚构行情与一周。")
)
once = click.option(
    "--once", is_flag=True, help=said("Run the current slot and exit.", "运行当前时点后退出。")
)
standby = click.option(
    "--standby",
    is_flag=True,
    help=said("Wait for the process that has the account.", "等待占用账户的进程结束。"),
)
cash = click.option("--cash", help=said("Opening balance of a new account.", "新账户的初始资金。"))
adjustment = click.option(
    "--adjustment",
    help=said("Declared of --prices: raw, forward or backward.", "声明复权方式：raw、forward 或 backward。"),
)
volume_unit = click.option(
    "--volume-unit",
    help=said("Declared of --prices: share or lot.", "声明成交量单位：share 或 lot。"),
)
index = click.option(
    "--index",
    metavar="SYMBOL",
    help=said(
        "With --prices history:…: buy only what belonged to this index on the day, e.g. 000016.SH.",
        "配合 --prices history:…：仅可买入当日属于该指数的证券，例如 000016.SH。",
    ),
)

why = click.option(
    "--why",
    metavar="TEXT",
    default="",
    help=said("The reason, for the record.", "原因，写入记录。"),
)
needed_why = click.option(
    "--why",
    metavar="TEXT",
    required=True,
    help=said("The reason, for the record.", "原因，写入记录。"),
)
halted_symbol = click.option(
    "--symbol",
    metavar="SYMBOL",
    default="",
    help=said("One symbol alone.", "仅此一只证券。"),
)
masked = click.option(
    "--masked",
    is_flag=True,
    help=said(
        "Ask behind a mask: other codes, names, dates and prices, no news; what differs was remembered.",
        "遮蔽后询问：更换代码、名称、日期与价格，且无新闻；差异即来自模型记忆。",
    ),
)
mask_seed = click.option(
    "--seed",
    type=int,
    metavar="N",
    default=1,
    show_default=True,
    help=said("Which mask --masked makes.", "--masked 所用的种子。"),
)
