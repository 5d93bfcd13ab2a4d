"""The sections on what a model may look up."""

import re
from typing import Annotated, Literal

from services.settings_values import About, Check, NotEmpty, Pattern, Range, Section, Unit, optional_address

ToolName = Literal["quote", "bars", "indicators", "news", "announcements", "positions", "calculator"]

NewsVendor = Literal["eastmoney", "cninfo", "tushare"]

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_TOOL = r"[A-Za-z0-9_-]{1,42}"


def _callable_names(tools: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(_TOOL, tool) for tool in tools):
        raise ValueError("a tool's name is at most 42 letters, digits, _ and -; models can call no other")
    return tools


def _names_only(names: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(_VARIABLE, name) for name in names):
        raise ValueError("is a list of names; set their values in the environment or .env")
    return names


def _name_only(name: str) -> str:
    if name and (not re.fullmatch(_VARIABLE, name) or len(name) > 64):
        raise ValueError("is the name of a variable; set its value in the environment or .env")
    return name


class McpServerSettings(Section, frozen=True, kw_only=True):
    """One server of outside tools: a command that is started for a session, or an address."""

    name: Annotated[
        str,
        Pattern(r"[a-z][a-z0-9-]{0,19}"),
        About("What it is called here; a tool of it is offered as `NAME__TOOL`."),
    ]
    tools: Annotated[
        tuple[str, ...],
        NotEmpty(),
        Check(_callable_names),
        About("Which of its tools may be called; all others are not offered."),
    ]
    command: Annotated[str, About("Program that speaks the protocol over its standard streams.")] = ""
    args: Annotated[tuple[str, ...], About("The command's arguments; no secrets in them.")] = ()
    env: Annotated[
        tuple[str, ...],
        Check(_names_only),
        About(
            "Names of the variables the command gets, from the environment or `.env`; it gets no "
            "others. Programs that look for others by name need PATH."
        ),
    ] = ()
    url: Annotated[str, Check(optional_address), About("Address that speaks the protocol over HTTP.")] = ""
    token_env: Annotated[
        str,
        Check(_name_only),
        About("Name of the variable that holds the address's bearer token. Empty: none."),
    ] = ""
    deadline_s: Annotated[
        float,
        Unit("s"),
        Range(gt=0, le=300),
        About("Longest its start or one answer may take; then it is ended."),
    ] = 20.0

    def check(self) -> None:
        """Hold the command's keys against the address's."""
        if bool(self.command) is bool(self.url):
            raise ValueError("needs either a command or a url")
        if self.url and (self.args or self.env):
            raise ValueError("args and env go with a command, not with a url")
        if self.token_env and not self.url:
            raise ValueError("token_env goes with a url; a command gets its secrets by env")
