"""What `doctor` says, in English and in Chinese: of each finding its detail and, under `.mend`, the mend."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_HEADINGS: Mapping[str, tuple[str, str]] = {
    "looking": ("looking at this machine, the account and the network", "正在检查本机、账户与网络"),
    "state.ok": ("ok", "正常"),
    "state.warn": ("warn", "注意"),
    "state.fail": ("FAIL", "不通过"),
    "whole": ("Nothing is missing, {warnings} to look at.", "没有缺失，{warnings} 项需留意。"),
    "missing": ("{failures} to mend, {warnings} to look at.", "{failures} 项不通过，{warnings} 项需留意。"),
}

_NAMES: Mapping[str, tuple[str, str]] = {
    "name.python": ("Python", "Python"),
    "name.config": ("configuration", "配置"),
    "name.secrets": ("secrets", "密钥"),
    "name.agent": ("agent", "决策者"),
    "name.broker": ("broker", "券商"),
    "name.watchlist": ("watchlist", "证券池"),
    "name.risk": ("risk limits", "风控限额"),
    "name.live": ("going live", "实盘条件"),
    "name.prices": ("price source", "行情源"),
    "name.host": ("host", "主机"),
    "name.facts": ("bars, facts, news", "K 线、资料、新闻"),
    "name.model": ("model endpoint", "模型端点"),
    "name.alerts": ("alerts", "告警"),
    "name.calendar": ("calendar", "交易日历"),
    "name.data_dir": ("data folder", "数据文件夹"),
    "name.disk": ("disk", "磁盘"),
    "name.account": ("account", "账户"),
    "name.journal": ("journal", "日志"),
    "name.clock": ("clock", "时钟"),
    "name.vitals": ("process", "进程"),
    "name.inbox": ("inbox", "命令收件箱"),
    "name.watchdog": ("watchdog", "看门狗"),
    "name.days": ("trading days", "交易日比对"),
}

_CONFIGURATION: Mapping[str, tuple[str, str]] = {
    "python.ok": ("{version}", "{version}"),
    "python.old": ("{version} is older than {least}", "{version} 低于 {least}"),
    "python.old.mend": ("install Python {least} or later", "请安装 Python {least} 或更高版本"),
    "config.file": ("{path}: mode {mode}, {frequency}", "{path}：模式 {mode}，{frequency}"),
    "config.defaults": (
        "no file given, the defaults: mode {mode}, {frequency}",
        "未指定文件，使用默认值：模式 {mode}，{frequency}",
    ),
    "config.unreadable": ("{why}", "{why}"),
    "config.unreadable.mend": ("mend the file and ask again", "修正该文件后重试"),
    "secrets.none": ("this configuration needs none", "该配置不需要密钥"),
    "secrets.set": ("{key}: set, from {variables}", "{key}：已设置，来自 {variables}"),
    "secrets.local": (
        "{key}: not set; an endpoint on this machine mostly needs none",
        "{key}：未设置；本机端点通常不需要",
    ),
    "secrets.missing": ("{key}: not set", "{key}：未设置"),
    "secrets.missing.mend": (
        "set {variables} in the environment or in .env",
        "请在环境变量或 .env 中设置 {variables}",
    ),
    "or": (" or ", " 或 "),
    "agent.ok": ("{agent}", "{agent}"),
    "agent.wrong": ("{why}", "{why}"),
    "agent.wrong.mend": (
        "correct agent_type or --agent: rule[:NAME], llm[:MODEL], debate[:MODEL] or scripted:FILE",
        "请修正 agent_type 或 --agent：rule[:名称]、llm[:模型]、debate[:模型] 或 scripted:文件",
    ),
    "broker.simulated": ("the simulated exchange: no real money", "模拟交易所：不涉及真实资金"),
    "broker.not_real": (
        "a real broker is needed; {broker} is the simulated exchange",
        "实盘须接真实券商；{broker} 是模拟交易所",
    ),
    "broker.unknown": (
        "there is no adapter for the real broker {broker} in this version",
        "本版本没有券商 {broker} 的适配器",
    ),
    "broker.not_real.mend": ("run with --mode paper", "请以 --mode paper 运行"),
    "broker.unknown.mend": (
        "run with --mode paper and broker.type simulated",
        "请以 --mode paper 且 broker.type 为 simulated 运行",
    ),
}

_ALERTS: Mapping[str, tuple[str, str]] = {
    "alerts.ok": ("{channel} ({type}), from {least} on", "{channel}（{type}），级别 {least} 起"),
    "alerts.none": ("no channel: nobody is told of anything", "没有通道：任何告警都不会发出"),
    "alerts.none.mend": (
        "add one under alerts.channels (docs/alerts.md)",
        "请在 alerts.channels 下添加通道（docs/alerts.md）",
    ),
    "alerts.secret": ("{channel} ({type}): its secret is not set", "{channel}（{type}）：密钥未设置"),
    "alerts.secret.mend": (
        "set {variable} in the environment or in .env",
        "请在环境变量或 .env 中设置 {variable}",
    ),
}

_LIVE: Mapping[str, tuple[str, str]] = {
    "risk.idle": (
        "risk_control.{key} is set and does nothing: it needs one of {needs}",
        "risk_control.{key} 已设置但不起作用：需要同时设置 {needs} 之一",
    ),
    "risk.idle.mend": ("set what it needs, or take it out", "设置所需的键，或删除该键"),
    "watchlist.boardless": (
        "{symbols}: watched but never traded, since no board is known for the code",
        "{symbols}：仅观察、不交易，代码不属于任何已知板块",
    ),
    "watchlist.boardless.mend": (
        "mend the suffix (.SH, .SZ, .BJ); an index may stay",
        "改正后缀（.SH、.SZ、.BJ）；指数可保留",
    ),
    "live.ok": (
        "programmatic trading is reported, and the limits are set",
        "程序化交易已报告，限额已设置",
    ),
    "live.unreported": (
        "programmatic_trading.reported is not true",
        "programmatic_trading.reported 不为 true",
    ),
    "live.unreported.mend": (
        "report programmatic trading through the broker before the first order, then set it",
        "首笔委托前经券商报告程序化交易，再予设置",
    ),
    "live.unacknowledged": (
        "programmatic_trading.acknowledged is not true",
        "programmatic_trading.acknowledged 不为 true",
    ),
    "live.unacknowledged.mend": (
        "wait until the broker has acknowledged the report, then set it",
        "待券商确认该报告后再予设置",
    ),
    "live.undeclared": (
        "programmatic_trading.{declared_key} is empty",
        "programmatic_trading.{declared_key} 为空",
    ),
    "live.undeclared.mend": (
        "set it to what was declared to the broker",
        "设为向券商申报的数值",
    ),
    "live.over_declared": (
        "risk_control.{key} is {ours}, more than the {declared} of programmatic_trading.{declared_key}",
        "risk_control.{key} 为 {ours}，超过 programmatic_trading.{declared_key} 的 {declared}",
    ),
    "live.over_declared.mend": (
        "lower it, or declare the change first",
        "调低，或先申报变更",
    ),
    "live.too_many": (
        "risk_control.{key} is {ours}; from {threshold} on an account is a high-frequency one",
        "risk_control.{key} 为 {ours}；达到 {threshold} 即为高频账户",
    ),
    "live.too_many.mend": ("set it to at most {most}", "设为不超过 {most}"),
    "live.high_frequency": (
        "programmatic_trading.{declared_key} is {declared}; from {threshold} on an account is a "
        "high-frequency one, which is not for this program",
        "programmatic_trading.{declared_key} 为 {declared}；达到 {threshold} 即为高频账户，本程序不适用",
    ),
    "live.high_frequency.mend": ("declare less", "申报更低的数值"),
    "live.limit_unset": ("risk_control.{key} sets no limit", "risk_control.{key} 未设限额"),
    "live.limit_unset.mend": (
        "set it to a ratio below 1, see docs/risk.md",
        "设为小于 1 的比例，见 docs/risk.md",
    ),
    "live.rules_unknown": ("{why}", "{why}"),
    "live.rules_unknown.mend": ("upgrade to a version whose rulebook is newer", "请升级到规则更新的版本"),
}

_NETWORK: Mapping[str, tuple[str, str]] = {
    "prices.ok": ("{source} is installed", "{source} 已安装"),
    "prices.broken": ("{source} cannot be loaded: {why}", "{source} 无法加载：{why}"),
    "prices.broken.mend": (
        "install the run-time lock: pip install -r requirements.lock",
        "请安装运行时依赖：pip install -r requirements.lock",
    ),
    "prices.unknown": ("{why}", "{why}"),
    "prices.unknown.mend": (
        "set data_source.type akshare and leave data_source.sources empty, or run with --prices FILE",
        "请将 data_source.type 设为 akshare 且 data_source.sources 留空，或以 --prices 文件 运行",
    ),
    "facts.ok": ("{count} hosts can be reached", "{count} 个主机可以连通"),
    "facts.unreachable": (
        "{down} of {count} hosts cannot be reached: {hosts}",
        "{count} 个主机中有 {down} 个无法连通：{hosts}",
    ),
    "facts.unreachable.mend": (
        "symbols whose facts are not known are refused; check the network on the way there",
        "资料未知的证券将被拒单；请检查到这些主机的网络",
    ),
    "host.ok": ("{host} can be reached", "{host} 可以连通"),
    "host.unusable": ("{host} cannot be asked from here: {why}", "当前环境无法访问 {host}：{why}"),
    "host.unusable.mend": (
        "correct that environment variable, or unset it",
        "请改正该环境变量，或将其清除",
    ),
    "host.unreachable": ("{host} cannot be reached: {why}", "{host} 无法连通：{why}"),
    "host.unreachable.mend": (
        "check network, DNS and firewall on the way to {host}",
        "请检查到 {host} 的网络、DNS 与防火墙",
    ),
    "host.proxied": (
        "{host} is asked through the proxy that {variable} names, which can be reached; "
        "whether it lets this through is not known",
        "{host} 经由 {variable} 指定的代理访问，代理可以连通；代理是否放行未知",
    ),
    "host.proxied.mend": (
        "if requests fail, put {host} into NO_PROXY",
        "若请求失败，请将 {host} 加入 NO_PROXY",
    ),
    "host.proxy_down": (
        "{host} is asked through the proxy that {variable} names, which cannot be reached: {why}",
        "{host} 经由 {variable} 指定的代理访问，但代理无法连通：{why}",
    ),
    "host.proxy_down.mend": (
        "start the proxy, unset {variable}, or put {host} into NO_PROXY",
        "请启动代理、取消 {variable}，或将 {host} 加入 NO_PROXY",
    ),
    "not_an_address": ("that is no address", "不是有效地址"),
    "clock.ok": ("{offset_s} s from the clock of {host}", "与 {host} 的时钟相差 {offset_s} 秒"),
    "clock.wrong": ("{offset_s} s from the clock of {host}", "与 {host} 的时钟相差 {offset_s} 秒"),
    "clock.wrong.mend": (
        "turn on time synchronisation (NTP); at most {most_s} s are accepted",
        "请开启时间同步（NTP）；最多允许相差 {most_s} 秒",
    ),
    "clock.unknown": (
        "cannot be told: no host says what time it is",
        "无法判断：没有主机给出时间",
    ),
    "clock.unknown.mend": ("ask again with a network", "请联网后重试"),
}

_ACCOUNT: Mapping[str, tuple[str, str]] = {
    "calendar.ok": ("known until {until}, {days} days ahead", "已知至 {until}，还有 {days} 天"),
    "calendar.short": ("known until {until}, only {days} days ahead", "仅已知至 {until}，只剩 {days} 天"),
    "calendar.ended": (
        "known until {until}: nothing is traded on a day that is not known",
        "仅已知至 {until}：未知的日子不会交易",
    ),
    "calendar.wrong": ("{why}", "{why}"),
    "calendar.short.mend": (
        "upgrade exchange_calendars, or name a file of later days with calendar_overlay",
        "请升级 exchange_calendars，或以 calendar_overlay 指定后续交易日文件",
    ),
    "calendar.ended.mend": (
        "upgrade exchange_calendars, or name a file of later days with calendar_overlay",
        "请升级 exchange_calendars，或以 calendar_overlay 指定后续交易日文件",
    ),
    "calendar.wrong.mend": (
        "mend the file that calendar_overlay names, or empty the key",
        "请修正 calendar_overlay 指定的文件，或清空该项",
    ),
    "data_dir.ok": ("{path} can be written", "{path} 可写"),
    "data_dir.unwritable": ("{path} cannot be written: {why}", "{path} 无法写入：{why}"),
    "data_dir.unwritable.mend": (
        "give its folder to this user, or choose another with --data-dir",
        "请为当前用户授予该文件夹权限，或以 --data-dir 另选",
    ),
    "disk.ok": ("{free} GiB free", "剩余 {free} GiB"),
    "disk.low": ("{free} GiB free, {least} are wanted", "剩余 {free} GiB，建议至少 {least}"),
    "disk.full": (
        "{free} GiB free: the journal may not be writable soon",
        "剩余 {free} GiB：日志可能很快无法写入",
    ),
    "disk.low.mend": ("free some space, or choose another --data-dir", "请清理空间，或以 --data-dir 另选"),
    "disk.full.mend": ("free some space, or choose another --data-dir", "请清理空间，或以 --data-dir 另选"),
    "account.free": ("{account}: no process runs it", "{account}：没有进程在运行"),
    "account.busy": ("{account}: another process runs it", "{account}：另一进程正在运行"),
    "account.busy.mend": (
        "stop that process first, or start with --standby",
        "请先停止该进程，或以 --standby 启动",
    ),
    "account.unknown": ("{account}: cannot be told: {why}", "{account}：无法判断：{why}"),
    "account.unknown.mend": ("see the journal's line", "参见日志一项"),
    "journal.ok": ("{place} can be read", "{place} 可读"),
    "journal.none": ("{place}: none yet, the first session makes it", "{place}：尚未建立，首个时段会创建"),
    "journal.fault": ("{place}: {why}", "{place}：{why}"),
    "journal.fault.mend": (
        "see `verify`; a journal of a newer version needs that version",
        "参见 `verify`；较新版本的日志需要相应版本",
    ),
    "journal.server.mend": (
        "start the PostgreSQL server or correct journal_url; empty it for SQLite",
        "请启动 PostgreSQL 服务器或修正 journal_url；清空则使用 SQLite",
    ),
    "journal.driver": ("the PostgreSQL driver is missing", "缺少 PostgreSQL 驱动"),
    "journal.driver.mend": ("install kaipan[postgres]", "请安装 kaipan[postgres]"),
    "journal.server": ("{place}: {why}", "{place}：{why}"),
    "late": ("no answer within {wait_s} s", "{wait_s} 秒内无应答"),
}

_RUNNING: Mapping[str, tuple[str, str]] = {
    "vitals.none": ("none has run it yet", "尚无进程运行过"),
    "vitals.ok": ("{state}, it said at {at}", "{state}，报告于 {at}"),
    "vitals.silent": (
        "process {pid} was {state} at {at} and has said nothing since: it died, or hangs",
        "进程 {pid} 于 {at} 为 {state}，此后无响应：已终止或卡死",
    ),
    "vitals.silent.mend": ("look at its log, then start it again", "请查看日志后重新启动"),
    "vitals.error": ("it ended with an error at {at}: {why}", "于 {at} 因错误结束：{why}"),
    "vitals.error.mend": ("mend that, then start it again", "请修复后重新启动"),
    "vitals.fault": ("its vitals cannot be read: {why}", "状态文件无法读取：{why}"),
    "vitals.fault.mend": (
        "see who owns vitals.json; a damaged one may be deleted, the process writes it anew",
        "请检查 vitals.json 的属主；已损坏的可删除，进程会重写",
    ),
    "inbox.none": ("nothing was put yet", "尚无命令"),
    "inbox.ok": ("can be read, {count} commands so far", "可读，至今 {count} 条命令"),
    "inbox.fault": ("cannot be read: {why}", "无法读取：{why}"),
    "inbox.fault.mend": (
        "while it cannot be read nothing is sent; see who owns inbox.sqlite3; set a damaged one aside under "
        "another name (halts in force stay in the journal)",
        "无法读取期间不会发出委托；请检查 inbox.sqlite3 的属主；"
        "若已损坏，请将其改名移开（已生效的停止仍在日志中）",
    ),
    "watchdog.ok": ("gives a sign of life elsewhere", "向外部发送心跳"),
    "watchdog.alone": (
        "no dead-man address: nobody hears when this machine dies",
        "没有外部心跳地址：本机失效时无人知晓",
    ),
    "watchdog.alone.mend": (
        "set KAIPAN_DEAD_MAN_URL and run `watchdog` (docs/watchdog.md)",
        "请设置 KAIPAN_DEAD_MAN_URL 并运行 watchdog（docs/watchdog.md）",
    ),
    "days.ok": ("the same by {sources}", "与 {sources} 一致"),
    "days.differs": ("{count} told differently: {days}", "{count} 天不同：{days}"),
    "days.differs.mend": (
        "ask the exchange, then write a line such as 2027-01-04: open into the file of calendar_overlay",
        "请以交易所公告为准，在 calendar_overlay 文件中写入如 2027-01-04: open 的一行",
    ),
    "days.silent": ("nobody else could be asked: {why}", "无法询问其他来源：{why}"),
    "days.silent.mend": ("ask again with a network", "请联网后重试"),
}

CATALOGUE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {**_RUNNING, **_HEADINGS, **_NAMES, **_CONFIGURATION, **_ALERTS, **_LIVE, **_NETWORK, **_ACCOUNT}
)
