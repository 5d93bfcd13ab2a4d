"""What `audit` says, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitor.record_audit import Doubt, Terms

_TERMS: Mapping[Terms, tuple[str, str]] = {
    Terms.LEGACY: (
        "the arena's terms: the labelled bar's open, no fees, lots of 100",
        "竞技场规则：所标 K 线的开盘价、无费用、100 股整数倍",
    ),
    Terms.STRICT: ("the exchanges' rules of each day", "各日当时的交易所规则"),
}

_DOUBTS: Mapping[Doubt, tuple[str, str]] = {
    Doubt.BOOK: (
        "whether a bar's open could have been had: bars have no order book and no cage reference",
        "开盘价是否真能成交：K 线没有盘口，也没有价格笼子的基准",
    ),
    Doubt.ORDERS: (
        "which orders were sent, when and at which limit: the record has fills alone",
        "曾发出何种委托、何时、限价多少：记录只有成交",
    ),
    Doubt.VOLUME: (
        "whether there was volume for the size, and what the trades would have moved",
        "成交量是否足够、交易会造成多大冲击",
    ),
    Doubt.FACTS: (
        "listing days, risk warnings and kinds of funds beyond what names say: stocks count as long listed",
        "名称之外的上市日、风险警示与基金种类：股票一律视为早已上市",
    ),
    Doubt.REFERENCE: (
        "the exchange's previous close: limits are on the file's last close of the day before, "
        "which is wrong on ex-days",
        "交易所的前收盘价：涨跌停按文件中前一日最后收盘价计算，除权日会有误",
    ),
    Doubt.ADJUSTMENT: (
        "prices as they were: the file is not declared raw, so limits and amounts are approximate",
        "当时的真实价格：文件未声明为未复权，涨跌停与金额均为近似",
    ),
    Doubt.CORPORATE_ACTIONS: (
        "dividends and new shares: no ex-day is declared beside the prices",
        "分红送转：行情旁未声明除权除息日",
    ),
    Doubt.NEW_SHARES: (
        "whether new shares were bonus shares, which are taxed, or capitalisation, which is assumed",
        "新增股份是送股（应税）还是转增；此处按转增计算",
    ),
    Doubt.CONTRACT: (
        "the broker's contract: the configured commission is assumed",
        "券商佣金合同：按配置的佣金计算",
    ),
    Doubt.NO_BAR: (
        "the price of what has no bar in the file",
        "文件中没有对应 K 线的成交价格",
    ),
    Doubt.NO_REFERENCE: (
        "the limits on the first day of the file",
        "文件首日的涨跌停价",
    ),
    Doubt.OUTSIDE_BAND: (
        "the limits where the fill lies outside those computed: an ex-day, or another adjustment",
        "成交价落在推算涨跌停之外时的真实涨跌停：除权日或复权不同",
    ),
    Doubt.RULES_UNKNOWN: ("rules of a day the rulebook does not cover", "规则库未覆盖之日的规则"),
    Doubt.AFTER_GAP: (
        "whether cash and shares follow from a line that cannot be read",
        "前一行无法读取时，资金与持仓是否衔接",
    ),
    Doubt.NOT_VALUED: (
        "the equity while something without a price was held",
        "持有无价格证券期间的总资产",
    ),
    Doubt.PRICE: (
        "whether anybody traded at the stated price: the bar has neither low nor high",
        "所写价格是否真有成交：K 线没有最高价与最低价",
    ),
    Doubt.UNDECLARED: (
        "whether booked dividends and new shares came: no ex-day is declared beside the prices",
        "所记分红与新增股份是否属实：行情旁未声明除权除息日",
    ),
    Doubt.ADJUSTED: (
        "why an adjustment brought or took what it did",
        "调整行增减资金或股份的缘由",
    ),
    Doubt.TAX_NOT_BOOKED: (
        "the tax on dividends the record booked: it took none after the sale, and none is reckoned here",
        "记录已入账分红的应缴税：卖出后未扣，此处亦未计",
    ),
}

_LINES: Mapping[str, tuple[str, str]] = {
    "title": (
        "{path}: {records} lines, {trades} trades, held to {terms}",
        "{path}：{records} 行，{trades} 笔成交，依据：{terms}",
    ),
    "clean": ("nothing found", "未发现问题"),
    "unverified": (
        "nothing refuted, but not all of it can be verified; lines counted from 0:",
        "未见矛盾，但有内容无法核实（行号从 0 起）：",
    ),
    "unverified_line": ("  line {line} cannot be verified: {what}", "  第 {line} 行无法核实：{what}"),
    "found": ("found, lines counted from 0:", "发现以下问题（行号从 0 起）："),
    "damage": ("  line {line} {problem}", "  第 {line} 行：{problem}"),
    "cash": (
        "  line {line}: CASH is {recorded}, from the line before follows {expected}",
        "  第 {line} 行：CASH 为 {recorded}，按上一行应为 {expected}",
    ),
    "position": (
        "  line {line}: {recorded} shares of {symbol}, from the line before follow {expected}",
        "  第 {line} 行：{symbol} 为 {recorded} 股，按上一行应为 {expected}",
    ),
    "violation": (
        "  line {line}: {side} {shares} {symbol}: {rule} ({reason})",
        "  第 {line} 行：{side} {shares} {symbol}：{rule}（{reason}）",
    ),
    "holds": ("at the end: cash {cash}; {positions}", "期末：现金 {cash}；{positions}"),
    "figures": (
        "equity {equity}, turnover {turnover}, return {gross}",
        "总资产 {equity}，成交额 {turnover}，收益 {gross}",
    ),
    "costs": (
        "fees would have been {fees}; with fees, tax and ex-days the return would have been {net}",
        "应付费用 {fees}；计入费用、税与除权后收益为 {net}",
    ),
    "ex_day": (
        "  ex-day {day} {symbol}: {held} held, {cash} in cash, {shares} new shares, tax {tax}",
        "  除权日 {day} {symbol}：持有 {held}，现金 {cash}，新增 {shares} 股，税 {tax}",
    ),
    "cannot_know": ("cannot know: {what}", "无法得知：{what}"),
    "lines": (" (lines {lines})", "（第 {lines} 行）"),
}

CATALOGUE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{f"terms.{terms}": words for terms, words in _TERMS.items()},
        **{f"doubt.{doubt}": words for doubt, words in _DOUBTS.items()},
        **_LINES,
    }
)
