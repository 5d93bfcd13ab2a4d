"""What `quotes` says, and what is said where no vendor can be reached, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.plain_text import printable
from monitor.wording import worded

CATALOGUE: Mapping[str, tuple[str, str]] = {
    "title": ("{at}, sources {sources}", "{at}，行情源 {sources}"),
    "symbol": ("symbol", "代码"),
    "source": ("source", "来源"),
    "last": ("last", "最新"),
    "prev_close": ("prev. close", "昨收"),
    "limits": ("limits", "涨跌停"),
    "bid": ("bid", "买一"),
    "ask": ("ask", "卖一"),
    "age": ("age", "时延"),
    "gate": ("{symbol}: {verdict}", "{symbol}：{verdict}"),
    "age_s": ("{age_s} s", "{age_s} 秒"),
    "unknown": ("-", "-"),
    "empty": ("empty", "空"),
    "passes": ("may be traded", "可交易"),
    "confirmed": ("may be traded, confirmed by {source}", "可交易，{source} 印证"),
    "sound": ("sound", "自洽"),
    "sealed_up": ("; sealed at the upper limit: cannot be bought", "；封涨停：不能买入"),
    "sealed_down": ("; sealed at the lower limit: cannot be sold", "；封跌停：不能卖出"),
    "barred": ("[{flaw}] {why}", "[{flaw}] {why}"),
    "failed": ("{source} gave nothing: {why}", "{source} 无结果：{why}"),
    "resting": (
        "{host} is left alone until {until}: {why}",
        "{host} 暂停询问至 {until}：{why}",
    ),
    "clock": (
        "this machine's clock: {ahead_s} s from {hosts}, give or take {within_s} s",
        "本机时钟：与 {hosts} 相差 {ahead_s} 秒，误差 {within_s} 秒以内",
    ),
    "clock_wrong": (
        "this machine's clock is OFF: {ahead_s} s from {hosts}, give or take {within_s} s; set it",
        "本机时钟不准：与 {hosts} 相差 {ahead_s} 秒，误差 {within_s} 秒以内；请校时",
    ),
    "book": ("bids {bids}  asks {asks}", "买盘 {bids}  卖盘 {asks}"),
    "no_facts": (
        "the symbols' facts are not known, so limits are only those the sources state: {why}",
        "证券基本信息未知，涨跌停仅以行情源所述为准：{why}",
    ),
    "no_source": (
        "there is no source {source!r}; there is all, {known}",
        "没有行情源 {source!r}；可用 all、{known}",
    ),
    "unreachable": (
        "No source of live prices can be reached from here.",
        "当前环境无法连接任何实时行情源。",
    ),
    "unreachable.hosts": ("hosts", "主机"),
    "unreachable.host": ("{host}: {why}", "{host}：{why}"),
    "unreachable.variables": ("environment variables", "环境变量"),
    "unreachable.set": ("{name} is set: {about}", "{name} 已设置：{about}"),
    "unreachable.unset": ("{name} is not set: {about}", "{name} 未设置：{about}"),
    "about.HTTPS_PROXY": ("the proxy through which all vendors are asked", "访问全部行情源所用的代理"),
    "about.NO_PROXY": ("hosts asked without it, parted by commas", "不经代理访问的主机，以逗号分隔"),
    "about.REQUESTS_CA_BUNDLE": (
        "a file of certificates, where a proxy has its own",
        "证书文件，用于代理自带证书的网络",
    ),
    "about.KAIPAN_DATA_API_KEY": (
        "the token of tushare, for data_source.type: tushare",
        "tushare 的令牌，用于 data_source.type: tushare",
    ),
    "unreachable.alternatives": ("without them", "替代办法"),
    "alternative.sources": (
        "data_source.sources in the configuration: other vendors, of {known}",
        "配置中的 data_source.sources：改用其他行情源，可选 {known}",
    ),
    "alternative.file": (
        "run_live.py --prices FILE: the main job on recorded prices",
        "run_live.py --prices 文件：用历史行情运行主流程",
    ),
    "alternative.demo": (
        "run_live.py --demo: a made-up market, no network at all",
        "run_live.py --demo：虚构行情，完全不需要网络",
    ),
    "alternative.doctor": (
        "run_live.py doctor: what else is missing",
        "run_live.py doctor：检查还缺什么",
    ),
}


def words(key: str, lang: str, /, **values: object) -> str:
    """Return the wording of `key` on one line, strangers' words in `values` made safe to show.

    Raises:
        KeyError: No such key, or a placeholder without a value.
    """
    return " ".join(printable(worded(CATALOGUE, key, lang, values)).split())
