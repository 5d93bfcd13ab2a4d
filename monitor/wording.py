"""What the screen and the report say, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from monitor.alarm_wording import ALARMS
from monitor.arena_wording import ARENA
from monitor.day_wording import DAY
from monitor.risk_wording import RISK
from monitor.run_wording import RUN
from monitor.say_do_wording import SAY_DO
from monitor.watchdog_wording import WATCH
from services.domain.decision import BadAnswerKind
from services.domain.events import Outcome
from services.domain.fills import MovementKind
from services.domain.orders import OrderState, Rule, Side

LANGUAGES = ("en", "zh")

_RULES: Mapping[Rule, tuple[str, str]] = {
    Rule.SYMBOL_UNKNOWN: ("symbol not known", "代码未知"),
    Rule.NOT_ALLOWED: ("not let go live", "不在允许清单"),
    Rule.RULES_UNKNOWN: ("exchange rules not known", "交易规则未知"),
    Rule.QUOTE_MISSING: ("no quote", "没有行情"),
    Rule.QUOTE_STALE: ("quote too old", "行情过期"),
    Rule.QUOTE_DISAGREES: ("sources disagree", "行情来源不一致"),
    Rule.HALTED: ("trading halted here", "已停止交易"),
    Rule.UNRESOLVED: ("an order is unresolved", "有订单状态未明"),
    Rule.DUPLICATE: ("second order for symbol and side", "同代码同方向重复"),
    Rule.CONTRADICTORY: ("buy and sell of one symbol", "同时买卖同一代码"),
    Rule.SUSPENDED: ("suspended", "停牌"),
    Rule.PHASE: ("no trading at that time", "该时段不可交易"),
    Rule.SIZE: ("size not valid", "数量无效"),
    Rule.POSITION: ("more than is held", "超过持仓"),
    Rule.BOARD_LOT: ("not a valid lot", "不合交易单位"),
    Rule.ORDER_MAX: ("order too large", "单笔超上限"),
    Rule.T_PLUS_1: ("bought today (T+1)", "当日买入不可卖（T+1）"),
    Rule.TICK: ("price not on the tick", "不合最小价位"),
    Rule.PRICE_LIMIT: ("outside the day's limits", "超出涨跌幅限制"),
    Rule.LIMIT_UP: ("sealed at limit up", "封死涨停"),
    Rule.LIMIT_DOWN: ("sealed at limit down", "封死跌停"),
    Rule.CAGE: ("outside the price cage", "超出价格笼子"),
    Rule.PRICE_BAND: ("too far from the last price", "偏离最新价过大"),
    Rule.DRIFT: ("price drifted since the decision", "决策后价格偏离过大"),
    Rule.ST_DAILY_CAP: ("daily cap for ST shares", "风险警示股单日上限"),
    Rule.ORDER_CNY: ("limit of one order's value", "单笔金额上限"),
    Rule.ORDER_COUNT: ("limit of orders", "委托笔数上限"),
    Rule.ORDER_RATE: ("limit of orders a second", "委托频率上限"),
    Rule.NOTIONAL: ("limit of orders' value", "委托总额上限"),
    Rule.TURNOVER: ("turnover limit", "换手上限"),
    Rule.DAILY_LOSS: ("daily loss limit", "单日亏损上限"),
    Rule.DRAWDOWN: ("drawdown limit", "回撤上限"),
    Rule.LOSING_STREAK: ("losing sales in a row", "连续亏损上限"),
    Rule.SIZING: ("sizing rule", "仓位规则"),
    Rule.CAPITAL: ("capital let go live", "可用资本上限"),
    Rule.POSITION_RATIO: ("position limit", "单一持仓上限"),
    Rule.SECTOR: ("sector limit", "行业集中度上限"),
    Rule.GROSS_EXPOSURE: ("limit of all that is invested", "总仓位上限"),
    Rule.CORRELATION: ("correlation with a holding", "相关性上限"),
    Rule.VAR: ("value at risk", "在险价值上限"),
    Rule.CASH_RESERVE: ("cash reserve", "现金保留"),
    Rule.CASH: ("not enough cash", "资金不足"),
}

_OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.DONE: ("done", "完成"),
    Outcome.NO_TRADE: ("no trade", "无交易"),
    Outcome.MARKET_CLOSED: ("market closed", "休市"),
    Outcome.CALENDAR_UNKNOWN: ("calendar not known", "日历未知"),
    Outcome.RISK_ONLY: ("exits only", "仅风控卖出"),
    Outcome.HALTED: ("halted", "已停止"),
    Outcome.MISSED: ("missed", "错过"),
    Outcome.FAILED: ("failed", "失败"),
}

_BAD_ANSWERS: Mapping[BadAnswerKind, tuple[str, str]] = {
    BadAnswerKind.NOT_GIVEN: ("no answer given", "没有给出回答"),
    BadAnswerKind.EMPTY: ("empty answer", "回答为空"),
    BadAnswerKind.NOT_JSON: ("answer is not JSON", "回答不是 JSON"),
    BadAnswerKind.SCHEMA: ("answer does not fit the contract", "回答不合格式约定"),
    BadAnswerKind.UNKNOWN_SYMBOL: ("answer names an unknown symbol", "回答含未知代码"),
    BadAnswerKind.NUMBER: ("answer holds an invalid number", "回答含无效数字"),
}

_STATES: Mapping[str, tuple[str, str]] = {
    "IDLE": ("idle", "空闲"),
    "FETCHING": ("fetching", "取数"),
    "ANALYZING": ("analysing", "分析"),
    "DECIDING": ("deciding", "决策"),
    "EXECUTING": ("executing", "执行"),
    "COMPLETED": ("completed", "已完成"),
    "NO_TRADE": ("no trade", "无交易"),
    "HALTED": ("halted", "已停止"),
    "MISSED": ("missed", "错过"),
    "FAILED": ("failed", "失败"),
}

_SIDES: Mapping[Side, tuple[str, str]] = {Side.BUY: ("buy", "买入"), Side.SELL: ("sell", "卖出")}

_MOVEMENTS: Mapping[MovementKind, tuple[str, str]] = {
    MovementKind.DIVIDEND: ("dividend", "分红"),
    MovementKind.BONUS: ("bonus shares", "送转股"),
    MovementKind.ADJUST: ("adjustment", "调整"),
}

_ORDER_STATES: Mapping[OrderState, tuple[str, str]] = {
    OrderState.WORKING: ("working", "挂单中"),
    OrderState.FILLED: ("filled", "全部成交"),
    OrderState.CANCELLED: ("cancelled", "已撤"),
    OrderState.EXPIRED: ("expired", "已失效"),
    OrderState.REJECTED: ("rejected by the broker", "券商拒单"),
}

_COMMON: Mapping[str, tuple[str, str]] = {
    "account": ("Account", "账户"),
    "mode": ("Mode", "模式"),
    "mode.paper": ("paper", "模拟盘"),
    "mode.live": ("live", "实盘"),
    "mode.backtest": ("backtest", "回测"),
    "frequency": ("Frequency", "频率"),
    "frequency.daily": ("daily", "日线"),
    "frequency.hourly": ("hourly", "小时线"),
    "market": ("Market", "市场"),
    "agent": ("Agent", "决策者"),
    "run": ("Run", "运行编号"),
    "period": ("Period", "区间"),
    "sessions": ("Sessions", "场次"),
    "undecided": ("No usable answer", "无可用决策"),
    "sessions.undecided": (
        "{count} of {sessions} sessions: model or source failed",
        "{sessions} 场中 {count} 场：模型或数据源失败",
    ),
    "sessions.split": (
        "{sessions} ({completed} completed, {no_trade} without a trade)",
        "{sessions}（完成 {completed}，无交易 {no_trade}）",
    ),
    "orders": ("Orders", "委托"),
    "fills": ("Fills", "成交"),
    "refusals": ("Refusals", "拒单"),
    "initial_cash": ("Opening cash", "初始资金"),
    "final_cash": ("Cash", "现金"),
    "final_equity": ("Equity", "总资产"),
    "return": ("Return", "收益率"),
    "annual_return": ("Annualised return", "年化收益率"),
    "volatility": ("Volatility", "年化波动率"),
    "max_drawdown": ("Deepest drawdown", "最大回撤"),
    "sharpe": ("Sharpe ratio", "夏普比率"),
    "sortino": ("Sortino ratio", "索提诺比率"),
    "calmar": ("Calmar ratio", "卡玛比率"),
    "win_rate": ("Days that gained", "上涨日占比"),
    "fees": ("Fees", "费用"),
    "fees.commission": ("Commission", "佣金"),
    "fees.stamp_duty": ("Stamp duty", "印花税"),
    "fees.transfer_fee": ("Transfer fee", "过户费"),
    "fees.handling_fee": ("Handling fee", "经手费"),
    "fees.csrc_fee": ("Regulatory fee", "证管费"),
    "fees.total": ("Total", "合计"),
    "positions": ("Positions", "持仓"),
    "symbol": ("Symbol", "代码"),
    "name": ("Name", "名称"),
    "shares": ("Shares", "股数"),
    "cost": ("Cost", "成本"),
    "price": ("Price", "价格"),
    "value": ("Value", "市值"),
    "profit": ("Profit", "盈亏"),
    "side": ("Side", "方向"),
    "amount": ("Amount", "金额"),
    "reason": ("Reason", "理由"),
    "rule": ("Rule", "规则"),
    "count": ("Count", "次数"),
    "time": ("Time", "时间"),
    "session": ("Session", "场次编号"),
    "state": ("State", "状态"),
    "outcome": ("Outcome", "结果"),
    "limit": ("Limit", "限价"),
    "none": ("none", "无"),
    "unknown": ("not known", "未知"),
    "synthetic.short": ("DEMO MARKET", "演示行情"),
    "synthetic": (
        "Demo market: every name and price here is invented. None of it is a real security or result.",
        "演示行情：本页所有名称与价格均为虚构，不代表任何真实证券或业绩。",
    ),
    "training.overlap": (
        "{known} of {days} trading days lie up to {cutoff}, the end of its model's training data: what it "
        "did there may be memory. `replay ID --agent llm:NAME --masked` asks it behind a mask.",
        "{days} 个交易日中有 {known} 个不晚于模型训练数据截止日 {cutoff}，当时的表现可能出自记忆；"
        "用 `replay ID --agent llm:名称 --masked` 可在遮蔽后重新询问。",
    ),
    "approximate.short": ("APPROXIMATE", "近似"),
    "approximate": (
        "Approximate: fills were judged on bars, not on an order book, or a fact about an instrument was "
        "not known. Real fills can differ.",
        "近似结果：成交依据 K 线而非盘口判断，或某些证券资料未知；真实成交可能不同。",
    ),
    "outside.asked": (
        "Outside tools had a part in {count} sessions. What they say cannot be cut at a session's moment: on "
        "recorded prices they may have told what came later.",
        "有 {count} 个时段使用了外部工具。其内容无法按时段截断：在历史行情上，它们可能透露了之后的信息。",
    ),
    "outside.off": (
        "The outside tools of the configuration were kept off in {count} sessions on recorded prices.",
        "配置中的外部工具在 {count} 个历史行情时段中未启用。",
    ),
}

_SCREEN: Mapping[str, tuple[str, str]] = {
    "view.broker": ("Account before the decision", "决策前账户"),
    "view.cash": (
        "cash {cash}, of which {available} may buy now",
        "现金 {cash}，其中可用 {available}",
    ),
    "view.holding": (
        "{symbol} {shares} shares, {sellable} sellable",
        "{symbol} {shares} 股，可卖 {sellable}",
    ),
    "view.movements": ("Came or went without an order", "非交易变动"),
    "view.decision": ("Decision", "决策"),
    "view.no_decision": ("no decision", "没有决策"),
    "view.hold": ("hold: no order wanted", "持有：不下单"),
    "view.bad_answer": ("{kind}: {reason}", "{kind}：{reason}"),
    "view.model": ("model", "模型"),
    "view.wanted": ("Wanted", "意向"),
    "view.weight": ("to {weight} of equity", "至总资产的 {weight}"),
    "view.verdicts": ("Verdicts", "裁决"),
    "view.approved": ("approved", "通过"),
    "view.deferred": ("waits for the proceeds of sells", "待卖出资金到位"),
    "view.refused": ("refused", "拒绝"),
    "view.waits": ("waits until {time}", "等待至 {time}"),
    "view.orders": ("Orders sent", "已发委托"),
    "view.fills": ("Fills", "成交"),
    "view.faults": ("What failed", "故障"),
    "view.halts": ("Halted from here on", "自此停止交易"),
    "halt.account": ("account", "账户"),
    "halt.everywhere": ("every account", "全部账户"),
    "halt.reconciliation": ("differs from the broker", "与券商不符"),
    "halt.unresolved": ("order not resolved", "委托状态未明"),
    "halt.limit": ("limit reached", "触及限额"),
    "halt.person": ("by a person", "人工"),
    "halt.alert": ("by an alert", "告警"),
    "view.runs_on": ("Runs on", "运行版本"),
    "view.config": ("config {hash}", "配置 {hash}"),
    "view.counts": ("orders {orders}, fills {fills}", "委托 {orders}，成交 {fills}"),
    "view.refused_count": ("{count} refused", "拒绝 {count}"),
    "view.armed": ("Exits that are due and stay armed", "已触发、待执行的退出"),
    "view.armed_count": ("{count} armed", "待执行退出 {count}"),
    "view.open": ("at work or not heard of yet", "未完结"),
}

_REPORT: Mapping[str, tuple[str, str]] = {
    "report.title": ("Kaipan report: {account}", "开盘 · 账户报告：{account}"),
    "report.equity": ("Equity", "资产曲线"),
    "report.equity.note": (
        "Account against an equal-weight, buy-and-hold basket of the watchlist over the same period.",
        "账户对比同期等权买入并持有自选股的基准。",
    ),
    "report.account_line": ("Account", "账户"),
    "report.benchmark": ("Watchlist, equal weight", "自选股等权"),
    "report.drawdown": ("Drawdown", "回撤"),
    "report.exposure": ("Exposure (holdings / equity)", "仓位（持仓 / 总资产）"),
    "report.prices": ("Trades on the price", "价格与买卖点"),
    "report.pick": ("Symbol", "代码"),
    "report.metrics": ("Metrics", "指标"),
    "report.metrics.note": (
        "From end-of-day equity; a year has 252 trading days, the risk-free rate is 0.",
        "按每日收盘后总资产计算；一年 252 个交易日，无风险利率为 0。",
    ),
    "report.benchmark_return": ("Return of the benchmark", "基准收益率"),
    "report.risk": ("Risk", "风控"),
    "report.risk.note": (
        "The highest use of each limit by any session's orders, were they all filled, in the limit's own "
        "unit; a near miss used 80 % of it or more and was not refused.",
        "各限额在任一时段的最高使用（假设委托全部成交），单位同该限额；使用达 80% 以上且未被拒绝计为接近。",
    ),
    "report.refusals": ("Refusals by rule", "按规则统计的拒单"),
    "report.refused_orders": ("What was refused", "拒单明细"),
    "report.armed": ("Exits that were due and stayed armed", "已触发、暂不可执行的退出"),
    "report.trades": ("Trades", "交易明细"),
    "report.trades.note": (
        "Profit of a sale: its amount less its fees and the cost of the oldest shares; the fees of the "
        "purchase are not in it.",
        "卖出盈亏 = 成交金额 − 本次费用 − 先进先出成本；不含买入时的费用。",
    ),
    "report.older": (
        "The newest {shown} of {all} are shown; the others are in position.jsonl.",
        "仅显示最近 {shown} 条，共 {all} 条；其余见 position.jsonl。",
    ),
    "report.sessions": ("Sessions", "场次"),
    "report.identity": ("Run identity", "运行标识"),
    "report.versions": ("Versions", "版本"),
    "report.last_hash": ("Journal's last hash", "日志末端哈希"),
    "report.events": ("Journal events", "日志事件数"),
    "report.panel": ("Price data", "行情数据"),
    "report.settings": ("Settings", "设置"),
    "report.finished": ("Run finished", "运行已结束"),
    "report.unfinished": (
        "This run has not come to its end: the last value is that of its last session.",
        "本次运行尚未结束：末值为最后一场的估值。",
    ),
    "report.no_prices": ("No price history is at hand for this account.", "该账户没有可用的历史价格。"),
    "report.empty": ("Nothing yet.", "暂无。"),
    "report.yes": ("yes", "是"),
    "report.no": ("no", "否"),
}

CATALOGUE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{f"rule.{rule}": words for rule, words in _RULES.items()},
        **{f"outcome.{outcome}": words for outcome, words in _OUTCOMES.items()},
        **{f"bad_answer.{kind}": words for kind, words in _BAD_ANSWERS.items()},
        **{f"state.{state}": words for state, words in _STATES.items()},
        **{f"side.{side}": words for side, words in _SIDES.items()},
        **{f"movement.{kind}": words for kind, words in _MOVEMENTS.items()},
        **{f"order_state.{state}": words for state, words in _ORDER_STATES.items()},
        **_COMMON,
        **_SCREEN,
        **_REPORT,
        **ALARMS,
        **ARENA,
        **DAY,
        **RISK,
        **RUN,
        **SAY_DO,
        **WATCH,
    }
)


def say(key: str, lang: str, /, **values: object) -> str:
    """Return the wording of `key` in `lang` ("en" or "zh"), its placeholders filled with `values`.

    Raises:
        KeyError: No such key, no such language, or a placeholder without a value.
    """
    return worded(CATALOGUE, key, lang, values)


def worded(
    catalogue: Mapping[str, tuple[str, str]], key: str, lang: str, values: Mapping[str, object]
) -> str:
    """Return the wording of `key` in any catalogue of (English, Chinese); see `say`.

    Raises:
        KeyError: As `say`.
    """
    if lang not in LANGUAGES:
        raise KeyError(f"no wording in the language {lang!r}")
    text = catalogue[key][LANGUAGES.index(lang)]
    return text.format_map(values) if "{" in text else text
