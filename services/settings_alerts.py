"""The section on alerts: who is told of what, when, and by which way."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from services.alerts.hook_template import PLACEHOLDERS, unknown_placeholders
from services.domain.alerts import AlertKind
from services.settings_values import ClockTime, Measure, Section, Unit, Whole, web_address

ChannelType = Literal["wecom", "dingtalk", "feishu", "serverchan", "pushplus", "telegram", "email", "webhook"]
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "telegram": ("chat_id",),
    "email": ("host", "sender", "to"),
    "webhook": ("url", "body"),
}
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def _address(url: str) -> str:
    return web_address(url) if url else url


class ChannelSettings(Section):
    """One way to a person; which keys it needs depends on its type."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$",
            description="What `alert test --channel NAME` and the records call it.",
        ),
    ]
    type: Annotated[ChannelType, Field(description="Which platform it is.")]
    enabled: Annotated[bool, Field(description="Whether it is used.")] = True
    token: Annotated[
        SecretStr | None,
        Field(
            description="The robot's key or address, the SendKey, the bot's token, the mail password or the "
            "hook's secret; from `KAIPAN_ALERT_<NAME>_TOKEN`.",
            repr=False,
        ),
    ] = None
    sign_secret: Annotated[
        SecretStr | None,
        Field(
            description="What a DingTalk or Feishu robot signs with, or a hook's second secret; from "
            "`KAIPAN_ALERT_<NAME>_SIGN`.",
            repr=False,
        ),
    ] = None
    url: Annotated[
        str,
        AfterValidator(_address),
        Field(description="Address of the hook, or of a platform of one's own. Empty: the usual one."),
    ] = ""
    lang: Annotated[
        Literal["en", "zh"] | None, Field(description="Language of what it is sent. Empty: `lang`.")
    ] = None
    severity_min: Annotated[
        Literal["info", "warning", "critical"], Field(description="The least that it is sent.")
    ] = "info"
    per_minute_max: Annotated[
        Whole,
        Unit("messages"),
        Field(ge=1, le=60, description="Most messages in any minute; WeCom and DingTalk take 20."),
    ] = 10
    deadline_s: Annotated[
        Measure, Unit("s"), Field(gt=0, le=60, description="Longest one attempt may take.")
    ] = 10.0
    chat_id: Annotated[str, Field(description="Telegram: the chat it writes to.")] = ""
    topic: Annotated[str, Field(description="PushPlus: the group. Empty: yourself alone.")] = ""
    host: Annotated[str, Field(description="Mail: the SMTP server.")] = ""
    port: Annotated[
        Whole | None, Field(ge=1, le=65535, description="Mail: its port. Empty: 465, with starttls 587.")
    ] = None
    security: Annotated[
        Literal["ssl", "starttls", "none"],
        Field(description="Mail: how the connection is encrypted; `none` to this machine alone."),
    ] = "ssl"
    user: Annotated[str, Field(description="Mail: who logs in. Empty: nobody does.")] = ""
    sender: Annotated[str, Field(description="Mail: the address it comes from.")] = ""
    to: Annotated[tuple[str, ...], Field(description="Mail: the addresses it goes to.")] = ()
    body: Annotated[
        Mapping[str, Any],
        Field(description="Hook: the JSON that is sent; texts in it may hold placeholders."),
    ] = {}
    headers: Annotated[Mapping[str, str], Field(description="Hook: headers beside it.")] = {}
    characters_max: Annotated[
        Whole,
        Unit("characters"),
        Field(ge=20, le=100_000, description="Hook: most characters of title and text together."),
    ] = 2000
    success_key: Annotated[
        str, Field(description="Hook: key of the answer that tells success, dotted. Empty: the status does.")
    ] = ""
    success_value: Annotated[str, Field(description="Hook: what it holds then.")] = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = [key for key in _NEEDS.get(self.type, ()) if not getattr(self, key)]
        if missing:
            raise ValueError(f"type {self.type} needs {', '.join(missing)}")
        if self.security == "none" and self.type == "email" and self.host not in _LOCAL:
            raise ValueError("security none goes to this machine alone; use ssl or starttls")
        if bool(self.success_key) is not bool(self.success_value):
            raise ValueError("success_key and success_value go together")
        strangers = unknown_placeholders((self.url, self.body, self.headers))
        if self.type == "webhook" and strangers:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ValueError(f"{{{strangers[0]}}} is no placeholder; there are {known}")
        return self


class AlertSettings(Section):
    """Who is told of what, when, and what an alert does beside."""

    channels: Annotated[tuple[ChannelSettings, ...], Field(description="The ways to a person.")] = ()
    halt_on: Annotated[
        tuple[AlertKind, ...],
        Field(description="Kinds of critical alert that also halt the account until a person lifts it."),
    ] = (AlertKind.UNRESOLVED, AlertKind.RECONCILIATION, AlertKind.SAY_DO)
    bad_answers_max: Annotated[
        Whole,
        Unit("sessions"),
        Field(ge=1, le=100, description="Sessions in a row without a usable answer that are told of."),
    ] = 3
    repeat_s: Annotated[
        Whole,
        Unit("s"),
        Field(ge=0, le=86_400, description="For so long after an alert others of its topic are held back."),
    ] = 1800
    quiet_from: Annotated[
        ClockTime | None,
        Unit("HH:MM, market-local"),
        Field(description="When the quiet hours begin; only critical alerts are sent in them."),
    ] = None
    quiet_until: Annotated[
        ClockTime | None, Unit("HH:MM, market-local"), Field(description="When they end.")
    ] = None
    attempts_max: Annotated[
        Whole,
        Unit("attempts"),
        Field(ge=1, le=1000, description="After so many failed attempts a channel gives an alert up."),
    ] = 100
    day_summary: Annotated[bool, Field(description="Send a summary of each trading day after its close.")] = (
        True
    )
    day_summary_at: Annotated[
        ClockTime | None,
        Unit("HH:MM, market-local"),
        Field(description="When it is made. Empty: cn 15:45, us 16:15."),
    ] = None

    @field_validator("channels")
    @classmethod
    def _names_differ(cls, channels: tuple[ChannelSettings, ...]) -> tuple[ChannelSettings, ...]:
        names = [channel.name for channel in channels]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two channels are named {name!r}: rename one")
        return channels

    @model_validator(mode="after")
    def _quiet_hours(self) -> Self:
        if (self.quiet_from is None) is not (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until go together")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet_from and quiet_until are the same: give two times, or leave both out")
        return self
