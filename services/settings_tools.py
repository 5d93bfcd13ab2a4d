"""The sections on what a model may look up."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from services.settings_values import Measure, Section, Unit, web_address

ToolName = Literal["quote", "bars", "indicators", "news", "announcements", "positions", "calculator"]

NewsVendor = Literal["eastmoney", "cninfo", "tushare"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOOL = re.compile(r"[A-Za-z0-9_-]{1,42}")


class McpServerSettings(Section):
    """One server of outside tools: a command that is started for a session, or an address."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9-]{0,19}$",
            description="What it is called here; a tool of it is offered as `NAME__TOOL`.",
        ),
    ]
    tools: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="Which of its tools may be called; all others are not offered."),
    ]
    command: Annotated[
        str, Field(description="Program that speaks the protocol over its standard streams.")
    ] = ""
    args: Annotated[tuple[str, ...], Field(description="The command's arguments; no secrets in them.")] = ()
    env: Annotated[
        tuple[str, ...],
        Field(
            description="Names of the variables the command gets, from the environment or `.env`; it gets no "
            "others. Programs that look for others by name need PATH."
        ),
    ] = ()
    url: Annotated[str, Field(description="Address that speaks the protocol over HTTP.")] = ""
    token_env: Annotated[
        str,
        Field(description="Name of the variable that holds the address's bearer token. Empty: none."),
    ] = ""
    deadline_s: Annotated[
        Measure,
        Unit("s"),
        Field(gt=0, le=300, description="Longest its start or one answer may take; then it is ended."),
    ] = 20.0

    @field_validator("tools")
    @classmethod
    def _callable_names(cls, tools: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_TOOL.fullmatch(tool) for tool in tools):
            raise ValueError("a tool's name is at most 42 letters, digits, _ and -; models can call no other")
        return tools

    @field_validator("env")
    @classmethod
    def _names_only(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_VARIABLE.fullmatch(name) for name in names):
            raise ValueError("is a list of names; set their values in the environment or .env")
        return names

    @field_validator("token_env")
    @classmethod
    def _name_only(cls, name: str) -> str:
        if name and (not _VARIABLE.fullmatch(name) or len(name) > 64):
            raise ValueError("is the name of a variable; set its value in the environment or .env")
        return name

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        return web_address(url) if url else url

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.command) is bool(self.url):
            raise ValueError("needs either a command or a url")
        if self.url and (self.args or self.env):
            raise ValueError("args and env go with a command, not with a url")
        if self.token_env and not self.url:
            raise ValueError("token_env goes with a url; a command gets its secrets by env")
        return self
