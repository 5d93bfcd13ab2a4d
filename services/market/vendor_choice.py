"""Makes what tells bars and facts beside the quotes of the sources that a configuration names."""

from __future__ import annotations

from collections.abc import Sequence

from services.market.akshare_source import AkshareSource
from services.market.bar_chain import BarChain
from services.market.bars_and_facts import ChainedVendors
from services.market.ex_day_chain import DistributionTeller, ExDayChain
from services.market.facts_chain import FactsChain, FactsTeller, IndustryTeller
from services.market.feeds.choice import Surroundings, call_gate, sources_of, tushare_calls, wire_of
from services.market.feeds.eastmoney_distributions import RIGHTS, EastMoneyDistributions
from services.market.feeds.eastmoney_industries import EastMoneyIndustries
from services.market.feeds.sina_bars import SinaBars
from services.market.feeds.sina_rights import SinaRights
from services.market.feeds.tencent_bars import TencentBars
from services.market.feeds.tushare_bars import TushareBars
from services.market.feeds.tushare_distributions import TushareDistributions
from services.market.recent_bars import BarFeed
from services.market.tushare_facts import TushareFacts
from services.settings_sections import DataSourceSettings, QuoteSource

TABLES_DEADLINE_S = 20.0
"""Longest that bars or facts may take by tushare's tables, some of which are asked symbol by symbol."""


def bars_and_facts_of(settings: DataSourceSettings, around: Surroundings) -> ChainedVendors:
    """Return bars and facts of the mainland market, by the sources of its quotes in their order.

    What East Money tells comes by akshare. Facts that no source of them tells are asked of akshare, whose
    lists are the exchanges' own, whatever the sources are. Make it once a process.
    """
    names = sources_of(settings)
    akshare = AkshareSource(around.clock, gate=call_gate("akshare", settings, around))
    by_tables = tushare_calls(settings, around, TABLES_DEADLINE_S)
    makers: dict[str, BarFeed] = {
        "eastmoney": akshare,
        "akshare": akshare,
        "sina": SinaBars(wire_of(settings, around)),
        "tencent": TencentBars(wire_of(settings, around)),
        "tushare": TushareBars(by_tables),
    }
    bars = tuple(dict.fromkeys(makers[name] for name in names if name in makers)) or (akshare,)
    tellers: tuple[FactsTeller, ...] = (akshare,)
    if "tushare" in names:
        tellers = (TushareFacts(by_tables), akshare)
    asks_east_money = not {"eastmoney", "akshare"}.isdisjoint(names)
    industries: IndustryTeller | None = None
    if asks_east_money:
        industries = EastMoneyIndustries(wire_of(settings, around))
    facts = FactsChain(tellers, industries)
    dividends: list[DistributionTeller] = []
    if asks_east_money:
        dividends.append(EastMoneyDistributions(wire_of(settings, around)))
    if "tushare" in names:
        dividends.append(TushareDistributions(by_tables))
    chain = BarChain(bars, around.clock, settings.type)
    ex_days = (ExDayChain(dividends), _rights(names, settings, around))
    return ChainedVendors(chain, facts, ex_days, around.clock)


def _rights(names: Sequence[QuoteSource], settings: DataSourceSettings, around: Surroundings) -> ExDayChain:
    """Return who tells rights issues: East Money, and Sina, which needs a request a symbol."""
    asked: list[DistributionTeller] = []
    if not {"eastmoney", "akshare"}.isdisjoint(names):
        asked.append(EastMoneyDistributions(wire_of(settings, around), RIGHTS))
    if "sina" in names:
        asked.append(SinaRights(wire_of(settings, around)))
    return ExDayChain(asked[:1], confirming=asked[1:])
