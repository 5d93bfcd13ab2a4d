"""The section on alerts: who is told of what, when, and by which way."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Literal

from services.alerts.hook_template import PLACEHOLDERS, unknown_placeholders
from services.domain.alerts import AlertKind
from services.settings_values import (
    About,
    Check,
    NamesDiffer,
    Pattern,
    Range,
    Secret,
    Section,
    Unit,
    optional_address,
)

ChannelType = Literal["wecom", "dingtalk", "feishu", "serverchan", "pushplus", "telegram", "email", "webhook"]
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "telegram": ("chat_id",),
    "email": ("host", "sender", "to"),
    "webhook": ("url", "body"),
}
_MAIL = re.compile(r"""[^\s@<>()\[\],:;"\\]+@[^\s@<>()\[\],:;"\\]+""")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class ChannelSettings(Section, frozen=True, kw_only=True):
    """One way to a person; which keys it needs depends on its type."""

    name: Annotated[
        str,
        Pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}"),
        About("What `alert test --channel NAME` and the records call it."),
    ]
    type: Annotated[ChannelType, About("Which platform it is.")]
    enabled: Annotated[bool, About("Whether it is used.")] = True
    token: Annotated[
        Secret | None,
        About(
            "The robot's key or address, the SendKey, the bot's token, the mail password or the "
            "hook's secret; from `KAIPAN_ALERT_<NAME>_TOKEN`."
        ),
    ] = None
    sign_secret: Annotated[
        Secret | None,
        About(
            "What a DingTalk or Feishu robot signs with, or a hook's second secret; from "
            "`KAIPAN_ALERT_<NAME>_SIGN`."
        ),
    ] = None
    url: Annotated[
        str,
        Check(optional_address),
        About("Address of the hook, or of a platform of one's own. Empty: the usual one."),
    ] = ""
    lang: Annotated[Literal["en", "zh"] | None, About("Language of what it is sent. Empty: `lang`.")] = None
    severity_min: Annotated[Literal["info", "warning", "critical"], About("The least that it is sent.")] = (
        "info"
    )
    per_minute_max: Annotated[
        int,
        Unit("messages"),
        Range(ge=1, le=60),
        About("Most messages in any minute; WeCom and DingTalk take 20."),
    ] = 10
    deadline_s: Annotated[float, Unit("s"), Range(gt=0, le=60), About("Longest one attempt may take.")] = 10.0
    chat_id: Annotated[str, About("Telegram: the chat it writes to.")] = ""
    topic: Annotated[str, About("PushPlus: the group. Empty: yourself alone.")] = ""
    host: Annotated[str, About("Mail: the SMTP server.")] = ""
    port: Annotated[
        int | None, Range(ge=1, le=65535), About("Mail: its port. Empty: 465, with starttls 587.")
    ] = None
    security: Annotated[
        Literal["ssl", "starttls", "none"],
        About("Mail: how the connection is encrypted; `none` to this machine alone."),
    ] = "ssl"
    user: Annotated[str, About("Mail: who logs in. Empty: nobody does.")] = ""
    sender: Annotated[str, About("Mail: the address it comes from.")] = ""
    to: Annotated[tuple[str, ...], About("Mail: the addresses it goes to.")] = ()
    body: Annotated[
        Mapping[str, Any],
        About("Hook: the JSON that is sent; texts in it may hold placeholders."),
    ] = {}
    headers: Annotated[Mapping[str, str], About("Hook: headers beside it.")] = {}
    characters_max: Annotated[
        int,
        Unit("characters"),
        Range(ge=20, le=100_000),
        About("Hook: most characters of title and text together."),
    ] = 2000
    success_key: Annotated[
        str, About("Hook: key of the answer that tells success, dotted. Empty: the status does.")
    ] = ""
    success_value: Annotated[str, About("Hook: what it holds then.")] = ""

    def check(self) -> None:
        """Hold the keys against what the channel's type needs."""
        missing = [key for key in _NEEDS.get(self.type, ()) if not getattr(self, key)]
        if missing:
            raise ValueError(f"type {self.type} needs {', '.join(missing)}")
        wrong = [one for one in (self.sender, *self.to) if not _is_mail_address(one)]
        if self.type == "email" and wrong:
            raise ValueError(f"{wrong[0]!r} is no mail address; write one like me@example.com")
        if self.security == "none" and self.type == "email" and self.host not in _LOCAL:
            raise ValueError("security none goes to this machine alone; use ssl or starttls")
        if bool(self.success_key) is not bool(self.success_value):
            raise ValueError("success_key and success_value go together")
        strangers = unknown_placeholders((self.url, self.body, self.headers))
        if self.type == "webhook" and strangers:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ValueError(f"{{{strangers[0]}}} is no placeholder; there are {known}")


class AlertSettings(Section, frozen=True, kw_only=True):
    """Who is told of what, when, and what an alert does beside."""

    channels: Annotated[
        tuple[ChannelSettings, ...], NamesDiffer("channels"), About("The ways to a person.")
    ] = ()
    halt_on: Annotated[
        tuple[AlertKind, ...],
        About("Kinds of critical alert that also halt the account until a person lifts it."),
    ] = (AlertKind.UNRESOLVED, AlertKind.RECONCILIATION, AlertKind.SAY_DO)
    bad_answers_max: Annotated[
        int,
        Unit("sessions"),
        Range(ge=1, le=100),
        About("Sessions in a row without a usable answer that are told of."),
    ] = 3
    repeat_s: Annotated[
        int,
        Unit("s"),
        Range(ge=0, le=86_400),
        About("For so long after an alert others of its topic are held back."),
    ] = 1800
    quiet_from: Annotated[
        time | None,
        Unit("HH:MM, market-local"),
        About("When the quiet hours begin; only critical alerts are sent in them."),
    ] = None
    quiet_until: Annotated[time | None, Unit("HH:MM, market-local"), About("When they end.")] = None
    attempts_max: Annotated[
        int,
        Unit("attempts"),
        Range(ge=1, le=1000),
        About("After so many failed attempts a channel gives an alert up."),
    ] = 100
    day_summary: Annotated[bool, About("Send a summary of each trading day after its close.")] = True
    day_summary_at: Annotated[
        time | None,
        Unit("HH:MM, market-local"),
        About("When it is made. Empty: cn 15:45, us 16:15."),
    ] = None

    def check(self) -> None:
        """Hold the beginning and the end of the quiet hours against each other."""
        if (self.quiet_from is None) is not (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until go together")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet_from and quiet_until are the same: give two times, or leave both out")


def _is_mail_address(text: str) -> bool:
    """Answer whether the text is a mail address, as it is or as `Name <me@example.com>`."""
    name, opened, address = text.rpartition("<")
    if opened:
        if not address.endswith(">") or "@" in name:
            return False
        address = address[:-1]
    return _MAIL.fullmatch(address) is not None
