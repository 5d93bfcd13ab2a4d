"""What the models of an account may look up, put together from the configuration."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from agents.look_ups import ToolLimits
from agents.outside_tools import Allowed
from agents.session_tools import SessionTools, ToolUsingAgent
from commands.failures import CommandFailed, Exit
from services.domain.decision import Briefing
from services.domain.news import NewsKind
from services.news.vendors import NEWS_VENDORS
from services.news_file import FileNews, News, NewsFileError, read_news
from services.ports import Agent, NewsSource, Toolbox
from services.settings import Settings
from services.settings_file import variables
from services.settings_tools import McpServerSettings

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams


class ToolDesk:
    """The tools of one account's models, and their limits.

    A run over recorded prices reads the news as they were at the start, and leaves outside servers
    alone unless the configuration wants them; where `live`, the news are read anew in every session.

    Raises:
        CommandFailed: The news file cannot be used, a tool needs one, or the extra `mcp` is missing.
    """

    def __init__(self, settings: Settings, *, live: bool) -> None:
        self._settings, self._live = settings, live
        self._news = _news(settings)
        if settings.mcp_servers:
            _require_mcp()

    @property
    def script(self) -> str:
        """SHA-256 (hex) of the news file, empty where there is none."""
        return "" if self._news is None else self._news.digest

    @property
    def limits(self) -> ToolLimits:
        """How much may be looked up in one session."""
        asking = self._settings.agent_config
        return ToolLimits(
            steps_max=asking.tool_steps_max,
            calls_max=asking.tool_calls_max,
            bytes_max=asking.tool_bytes_max,
        )

    def equipped(self, make: Callable[[Callable[[Briefing], Toolbox | None], float], Agent]) -> Agent:
        """Return the mind that `make` makes of a way to a session's toolbox, with its tools around it.

        `make` is told the seconds that a decision may take, which shrink by what its tools take to start.
        """
        settings = self._settings
        tools = SessionTools(
            settings.agent_config.tools,
            self._source(),
            [_allowed(server) for server in settings.mcp_servers],
            outside=self._live or settings.mcp_in_backtest,
        )
        return ToolUsingAgent(
            lambda left_s: make(tools.toolbox_for, left_s), tools, settings.agent_config.deadline_s
        )

    def _source(self) -> NewsSource | None:
        vendors, file = self._settings.agent_config.news_sources, self._file()
        if not vendors:
            return file
        from commands.news_desk import news_of

        return news_of(self._settings, file, live=self._live)

    def _file(self) -> NewsSource | None:
        news, path = self._news, self._settings.agent_config.news_file
        if news is None or path is None:
            return None
        market = self._settings.market
        return FileNews(lambda: read_news(path, market) if self._live else news, news.name)


def _news(settings: Settings) -> News | None:
    asking = settings.agent_config
    if asking.news_file is None:
        _require_vendors(settings)
        return None
    try:
        return read_news(asking.news_file, settings.market)
    except NewsFileError as error:
        raise CommandFailed(Exit.USAGE, f"agent_config.news_file: {error}") from error


def _require_vendors(settings: Settings) -> None:
    """Do nothing where vendors serve the tools on what was published, or none of these is wanted."""
    asking = settings.agent_config
    for kind, names in NEWS_VENDORS.items():
        tool = "news" if kind is NewsKind.NEWS else "announcements"
        if tool in asking.tools and names.isdisjoint(asking.news_sources):
            raise CommandFailed(
                Exit.USAGE,
                f"agent_config.tools: {tool} needs agent_config.news_file, or one of "
                f"{', '.join(sorted(names))} in agent_config.news_sources; name one or take it out",
            )
    if "tushare" in asking.news_sources and settings.data_source.api_key is None:
        raise CommandFailed(
            Exit.USAGE,
            "agent_config.news_sources: tushare needs its token in KAIPAN_DATA_API_KEY, in the environment "
            "or .env; or leave it out",
        )


def _require_mcp() -> None:
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise CommandFailed(Exit.USAGE, "mcp_servers: needs the extra mcp: pip install mcp")


def _allowed(settings: McpServerSettings) -> Allowed:
    from services.mcp_client.server import McpServer

    given = variables((*settings.env, settings.token_env))

    def connect() -> AbstractAsyncContextManager[TransportStreams]:
        if settings.url:
            from services.mcp_client.web import addressed

            return addressed(settings.url, given.get(settings.token_env, ""), settings.deadline_s)
        from services.mcp_client.pipe import piped

        return piped(settings.command, settings.args, given)

    server = McpServer(settings.name, connect, settings.deadline_s, given.values())
    return Allowed(server=server, tools=settings.tools)
