"""A rule that lets itself be told in words, as a language model is, and keeps what it was shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from agents.rule import rule_agent
from commands.folders import AccountFolder
from commands.minds import Mind
from commands.opening import open_recorded
from commands.recorded_run import Outcome, RecordedRun, Watch
from commands.recorded_settings import run_settings
from services.domain.bars import Panel
from services.domain.decision import Briefing, RawAnswer, Reads
from services.ports import Agent
from services.settings import Settings

NAME = "llm:reader"


class ReadingMind:
    """Decides as the rule does and reads text; `shown` are its briefings, in order.

    `seen` is called with each briefing before it decides.
    """

    name = NAME
    reads = Reads.TEXT

    def __init__(
        self, rule: Agent | None = None, seen: Callable[[Briefing], None] = lambda _briefing: None
    ) -> None:
        self._rule, self._seen = rule or rule_agent("momentum"), seen
        self.shown: list[Briefing] = []

    async def decide(self, briefing: Briefing) -> RawAnswer:
        self._seen(briefing)
        self.shown.append(briefing)
        return await self._rule.decide(briefing)


def run_reading(
    settings: Settings,
    agent: ReadingMind,
    *,
    prices: Path | None = None,
    start: date | None = None,
    end: date | None = None,
    instead: Panel | None = None,
) -> Outcome:
    """Run an account over a price file, or over the demo market, with a mind that reads.

    `instead` takes the place of the file's prices.
    """
    folder = AccountFolder(settings.data_dir, settings.account)
    mind = Mind(name=agent.name, make=lambda _past: agent)
    recorded = open_recorded(
        settings, folder, mind, prices=prices, start=start, end=end, cache=settings.data_dir.parent / "cache"
    )
    if instead is not None:
        recorded.panels.keep(instead)
        genesis = replace(recorded.genesis, panel=instead.digest)
        recorded = replace(recorded, panel=instead, genesis=genesis)
    run = RecordedRun(
        recorded,
        run_settings(settings, recorded.watchlist, recorded.panel.source),
        mind,
        folder,
        folder.journal,
        lambda lock: lock.acquire(),
    )
    return run.execute(Watch())
