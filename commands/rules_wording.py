"""What `rules explain` says, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.rules.explanation import Topic

_TOPICS: Mapping[Topic, tuple[str, str]] = {
    Topic.BOARD: ("board, by code", "板块（按代码）"),
    Topic.TIMETABLE: ("phases", "交易时段"),
    Topic.LIMIT: ("daily limit", "涨跌幅限制"),
    Topic.LIMIT_ST: ("daily limit, risk-warned (ST)", "涨跌幅限制：风险警示（ST）"),
    Topic.LIMIT_SHARE_REFORM: ("daily limit, share reform pending", "涨跌幅限制：未完成股改"),
    Topic.LIMIT_WIDE_FUND: ("daily limit, funds of 20% stocks only", "涨跌幅限制：仅含 20% 股票的基金"),
    Topic.LIMIT_ROUNDING: ("rounding of limits", "涨跌停价取整"),
    Topic.LIMIT_ONE_TICK: ("limit at least one tick away", "涨跌停价至少相差一个价位"),
    Topic.UNLIMITED_DAYS: ("first days without a limit", "上市初期不设涨跌幅"),
    Topic.FIRST_DAY: ("first day of other listings, on the issue price", "其他方式上市首日（按发行价）"),
    Topic.DELISTING_FIRST_DAY: ("first day of a delisting period", "退市整理期首日"),
    Topic.FIRST_DAY_CALL: ("opening call of such a first day", "该首日的开盘集合竞价"),
    Topic.RELISTING_FIRST_DAY: ("first day of a share listed again", "重新上市首日"),
    Topic.CALL_PRICES: ("order prices in calls, days without a limit", "集合竞价申报价格（不设涨跌幅日）"),
    Topic.HALTS: ("halts, days without a limit", "盘中临时停牌（不设涨跌幅日）"),
    Topic.LOTS: ("order sizes", "申报数量"),
    Topic.TICK: ("tick", "最小价位"),
    Topic.CAGE: ("price cage, continuous trading", "价格笼子（连续竞价）"),
    Topic.SELLABLE: ("when bought shares may be sold", "买入后可卖"),
    Topic.CASH: ("proceeds of a sale", "卖出所得资金"),
    Topic.STAMP_DUTY: ("stamp duty", "印花税"),
    Topic.TRANSFER_FEE: ("transfer fee", "过户费"),
    Topic.HANDLING_FEE: ("exchange handling fee", "经手费"),
    Topic.CSRC_LEVY: ("regulator's levy", "证管费"),
    Topic.COMMISSION_CAP: ("highest commission", "佣金上限"),
    Topic.DIVIDEND_TAX: ("dividend tax by holding period", "红利税（按持有期）"),
    Topic.ST_DAILY_CAP: ("daily buy cap, risk-warned stock", "风险警示股单日买入上限"),
    Topic.PROGRAMMATIC: ("programmatic trading", "程序化交易"),
    Topic.DAY_TRADER: ("pattern day trader", "日内交易者规则"),
}

_VALUES: Mapping[str, tuple[str, str]] = {
    "none": ("none", "无"),
    "unknown": ("not known on that day: what needs it is refused", "该日未知：需要它的操作将被拒绝"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "no_limit": ("no limit", "不设限制"),
    "of_issue": ("{down} to {up} of the issue price", "发行价的 {down} 至 {up}"),
    "half_up": ("half-up to the tick", "四舍五入至价位"),
    "inward": ("limit-up cut off, limit-down rounded up", "涨停价舍去，跌停价进位"),
    "free_days": ("{days} trading day(s)", "{days} 个交易日"),
    "refused_unknown": ("not known, so refused", "未知，故拒绝"),
    "call_prices": (
        "opening call, of the issue price or previous close: {down} to {up}; "
        "closing call, around the last trade: {later}",
        "开盘集合竞价（按发行价或前收盘价）：{down} 至 {up}；收盘集合竞价（按最新成交价）：{later}",
    ),
    "halts": (
        "{minutes} minutes at the first move of {moves} from the open, over by {latest}",
        "较开盘价首次涨跌 {moves} 各停牌 {minutes} 分钟，至迟 {latest} 复牌",
    ),
    "lots": (
        "buy {minimum} or more in steps of {step}; odd lot: {odd}; at most {limit} an order, "
        "market order {market}",
        "买入不少于 {minimum}，递增 {step}；零股：{odd}；单笔上限 {limit}，市价单 {market}",
    ),
    "remainder": ("the remainder complete, once", "零股须一次性卖出"),
    "whole_position": ("a position below the minimum all at once", "不足最低数量的持仓须一次性卖出"),
    "not_taken": ("not taken", "不接受"),
    "cage": (
        "buy to reference +{percent}, sell to -{percent}{ticks}; outside is {fate}",
        "买入不高于基准 +{percent}，卖出不低于 -{percent}{ticks}；超出者{fate}",
    ),
    "cage_ticks": (", or {ticks} ticks where that is wider", "，或 {ticks} 个价位（取较宽者）"),
    "parked": ("parked", "暂存"),
    "rejected": ("rejected", "拒绝"),
    "same_day": ("the same day (T+0)", "当日（T+0）"),
    "next_day": ("from the next trading day (T+1)", "次一交易日起（T+1）"),
    "cash_cn": (
        "buy at once; may be withdrawn after {days} trading day(s)",
        "立即可用于买入；{days} 个交易日后可取",
    ),
    "cash_us": (
        "settle after {days} session(s); a cash account that sells before then risks a violation",
        "{days} 个交易日后交收；现金账户在此之前卖出可能违规",
    ),
    "stamp": ("buy {buy}, sell {sell} of the amount", "买入 {buy}，卖出 {sell}（按成交金额）"),
    "of_amount": ("{rate} of the amount", "成交金额的 {rate}"),
    "of_par": ("{rate} of par value (1.00 a share)", "面值的 {rate}（每股 1.00）"),
    "tax": (
        "to a month {month}, to a year {year}, longer {longer}",
        "一个月内 {month}，一年内 {year}，超过一年 {longer}",
    ),
    "shares": ("{shares} shares an account", "每账户 {shares} 股"),
    "report": (
        "report to the broker before the first order; high-frequency from {second} orders and cancels "
        "a second or {day} a day",
        "首次下单前须经券商报告；每秒申报撤单达 {second} 笔或每日达 {day} 笔即为高频",
    ),
    "report_only": ("report to the broker before the first order", "首次下单前须经券商报告"),
    "equity": (
        "equity below {amount} USD and 4 day trades in 5 days",
        "权益低于 {amount} 美元且 5 日内 4 次日内交易",
    ),
}

_LINES: Mapping[str, tuple[str, str]] = {
    "title": ("{symbol}{name} on {day}: {board}, {kind}", "{symbol}{name}，{day}：{board}，{kind}"),
    "book": ("rulebook {version}, known until {until}", "规则库 {version}，有效至 {until}"),
    "day.open": ("a trading day", "交易日"),
    "day.closed": ("NOT a trading day", "非交易日"),
    "day.unknown": ("whether it is a trading day is not known", "是否交易日未知"),
    "early": ("closes early, at {at}", "提前于 {at} 收市"),
    "column.from": ("from", "起始"),
    "column.to": ("to", "截止"),
    "column.phase": ("phase", "时段"),
    "column.orders": ("orders", "申报"),
    "column.cancels": ("cancels", "撤单"),
    "column.matching": ("matching", "撮合"),
    "after_hours.yes": (
        "after-hours trading at the close: eligible, orders {windows}, at most 1,000,000 shares each",
        "盘后固定价格交易：可参与，申报时间 {windows}，单笔不超过 1,000,000 股",
    ),
    "after_hours.no": (
        "after-hours trading at the close: not for this instrument",
        "盘后固定价格交易：不可参与",
    ),
    "band.limited": (
        "limits on a previous close of {prev}: {down} to {up}",
        "以前收盘价 {prev} 计：{down} 至 {up}",
    ),
    "band.unlimited": ("no price limit on this day", "当日不设涨跌幅限制"),
    "opening_call": ("opening call: orders from {down} to {up}", "开盘集合竞价：申报价格 {down} 至 {up}"),
    "opening_call.open": ("no limit", "不设限制"),
    "band.unasked": (
        "give --prev-close for the limits in prices (ex-rights adjustment already in it)",
        "给出 --prev-close（已除权）即可算出涨跌停价",
    ),
    "fees": (
        "{side} {shares} at {price}: commission {commission}, stamp duty {stamp_duty}, "
        "transfer fee {transfer_fee}, handling {handling_fee}, levy {csrc_fee}, total {total}",
        "{side} {shares}，价 {price}：佣金 {commission}，印花税 {stamp_duty}，过户费 {transfer_fee}，"
        "经手费 {handling_fee}，证管费 {csrc_fee}，合计 {total}",
    ),
    "fees.unknown": ("what it costs is not known on that day", "当日费用未知"),
    "at": (
        "at {at}: {phase} ({start}-{end}); orders {orders}, cancels {cancels}, matching {matches}, "
        "after-hours orders {after_hours}",
        "{at}：{phase}（{start}-{end}）；申报 {orders}，撤单 {cancels}，撮合 {matches}，"
        "盘后申报 {after_hours}",
    ),
    "at.unknown": (
        "at {at}: the phase is not known (no timetable of that day is in the book)",
        "{at}：时段未知（规则库没有当日的时间表）",
    ),
    "assumed.kind": (
        "ASSUMED, not known: an ordinary fund ({kind}); its code does not tell, so give --kind",
        "假定而非已知：普通基金（{kind}）；代码无法判断，请给出 --kind",
    ),
    "assumed.st": (
        "ASSUMED, not known: no risk warning (ST) and no delisting period; give --name",
        "假定而非已知：无风险警示（ST），不在退市整理期；请给出 --name",
    ),
    "assumed.listing": (
        "ASSUMED, not known: listed long ago; give --listed-on",
        "假定而非已知：早已上市；请给出 --listed-on",
    ),
    "phase.pre_open": ("before the open", "开盘前"),
    "phase.open_call": ("opening call", "开盘集合竞价"),
    "phase.open_call_no_cancel": ("opening call, no cancels", "开盘集合竞价（不可撤单）"),
    "phase.gap": ("gap before trading", "集合竞价与连续竞价之间"),
    "phase.continuous": ("continuous trading", "连续竞价"),
    "phase.lunch": ("lunch", "午间休市"),
    "phase.close_call": ("closing call", "收盘集合竞价"),
    "phase.after_hours_wait": ("after-hours orders", "盘后申报"),
    "phase.after_hours": ("after-hours trading at the close", "盘后固定价格交易"),
    "phase.closed": ("closed", "收市"),
    "side.buy": ("buy", "买入"),
    "side.sell": ("sell", "卖出"),
    "until_further": ("known until {until}", "已知至 {until}"),
}

CATALOGUE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{f"topic.{topic}": words for topic, words in _TOPICS.items()},
        **{f"value.{key}": words for key, words in _VALUES.items()},
        **_LINES,
    }
)
