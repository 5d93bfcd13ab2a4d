"""Which vendor tells what kind of items. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.news import NewsKind
from services.settings_tools import NewsVendor

NEWS_VENDORS: Mapping[NewsKind, frozenset[NewsVendor]] = {
    NewsKind.NEWS: frozenset({"eastmoney", "tushare"}),
    NewsKind.ANNOUNCEMENT: frozenset({"eastmoney", "cninfo", "tushare"}),
}
