"""The tools by which other programs read a stored account: each opens its journal for reading alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
import orjson

from agents.toolbox import BriefingToolbox
from agents.tools.account import positions
from agents.tools.tool import Arguments, Refused, Tool, json_text, tool
from commands.failures import CommandFailed
from commands.last_seen import last_seen
from commands.screen import Screen, printed_json
from commands.stored_account import stored_account
from commands.verify import verify
from commands.views import sessions, show, status
from services.clock import SystemClock
from services.domain.conversation import ToolCall, ToolSpec
from services.ports import Fault
from services.settings import Settings

RESULT_SIGNS_MAX = 1_000_000
SESSIONS_MAX = 1_000
MARKET_TOOLS = ("quote", "bars", "indicators", "calculator")
"""Those of a model that are offered too; they know what the account's last session saw."""

_Id = Annotated[
    str,
    msgspec.Meta(
        max_length=100,
        description="A session's id as `sessions` lists it, a beginning that no other has, or `latest`.",
    ),
]
_Last = Annotated[int, msgspec.Meta(ge=1, le=SESSIONS_MAX, description="How many, the latest ones.")]


A = TypeVar("A", bound=Arguments)


class NothingAsked(Arguments):
    """Nothing is asked but what there is."""


class SessionsArguments(Arguments):
    """How many sessions."""

    last: _Last = 50


class SessionArguments(Arguments):
    """Which session."""

    id: _Id


class _Kept(Screen):
    """A screen that keeps a command's one object instead of printing it."""

    def __init__(self, lang: str) -> None:
        super().__init__(lang, as_json=True)
        self.kept: Mapping[str, Any] = {}

    def result(self, value: Mapping[str, Any]) -> None:
        """Keep the object."""
        self.kept = value


class AccountTools:
    """The read-only tools of one stored account; nothing here can place, cancel or allow an order."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own = {one.spec.name: one for one in self._made()}

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return the tools as they are told of: the account's, and those on prices once it has seen some."""
        try:
            with stored_account(self._settings) as account:
                market = BriefingToolbox(last_seen(account), MARKET_TOOLS).specs
        except (CommandFailed, Fault):
            market = ()
        return (*(one.spec for one in self._own.values()), *market)

    async def call(self, call: ToolCall) -> str:
        """Return a tool's answer, or the one line that says why there is none."""
        own = self._own.get(call.tool)
        if own is not None:
            return await own.ask(call.arguments)
        try:
            with stored_account(self._settings) as account:
                return await BriefingToolbox(last_seen(account), MARKET_TOOLS).call(call)
        except (CommandFailed, Fault) as error:
            return f"{call.tool} refused: {error}"

    def _made(self) -> tuple[Tool, ...]:
        return (
            self._tool(
                "status",
                "The account as a whole: state, figures, risk, holdings, halts.",
                NothingAsked,
                lambda _asked, screen: status(self._settings, screen, SystemClock().now()),
            ),
            self._tool(
                "sessions",
                "The account's sessions, oldest first: id, day, slot, outcome, how many orders and fills.",
                SessionsArguments,
                self._sessions,
            ),
            self._tool(
                "session",
                "The record of one session: inputs, decision, verdicts, orders, fills, reasons.",
                SessionArguments,
                lambda asked, screen: show(self._settings, asked.id, screen),
            ),
            self._tool(
                "positions",
                "Cash, holdings with their lots and working orders as of the last record, valued at the "
                "prices that the last session saw.",
                NothingAsked,
                self._positions,
            ),
            self._tool(
                "verify",
                "Whether the journal and the audit trail are whole and say one thing, with each problem.",
                NothingAsked,
                lambda _asked, screen: verify(self._settings, screen),
            ),
        )

    def _tool(
        self,
        name: str,
        description: str,
        arguments: type[A],
        command: Callable[[A, Screen], object],
    ) -> Tool:
        """Return a tool that says what a command prints with `--json`."""

        async def answer(asked: A) -> object:
            screen = _Kept(self._settings.lang)
            try:
                command(asked, screen)
            except CommandFailed as failed:
                raise Refused(str(failed)) from failed
            # The screen's own encoder knows every value that a command prints.
            return orjson.loads(printed_json(screen.kept))

        return tool(name, description, arguments, answer, told=_told)

    def _sessions(self, asked: SessionsArguments, screen: Screen) -> None:
        kept = _Kept(self._settings.lang)
        sessions(self._settings, kept)
        rows = kept.kept["sessions"]
        screen.result({**kept.kept, "sessions": rows[-asked.last :], "all": len(rows)})

    def _positions(self, _asked: NothingAsked, screen: Screen) -> None:
        with stored_account(self._settings) as account:
            seen = last_seen(account)
        value = {**positions(seen), "priced_at": seen.snapshot.moment, "session": seen.session}
        screen.result(msgspec.to_builtins(value))


def _told(value: object) -> str:
    text = json_text(value)
    if len(text) > RESULT_SIGNS_MAX:
        raise Refused(f"the answer is longer than {RESULT_SIGNS_MAX} signs; ask for less")
    return text
