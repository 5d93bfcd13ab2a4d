"""The alert channels of a configuration."""

from __future__ import annotations

from monitor.delivery import QuietHours, Terms
from monitor.sender import Line
from services.alerts.mail import Mail
from services.alerts.post import Poster
from services.alerts.push import PushPlus, ServerChan, Telegram
from services.alerts.robots import DingTalk, Feishu, WeCom
from services.alerts.webhook import Webhook
from services.domain.alerts import Severity
from services.ports import AlertChannel, Clock
from services.settings import Settings
from services.settings_alerts import AlertSettings, ChannelSettings
from services.settings_secrets import channel_variable
from services.settings_values import Secret
from services.slots import ZONES

_NEED_NO_TOKEN = frozenset({"email", "webhook"})
_PORTS = {"ssl": 465, "starttls": 587, "none": 25}


def enabled(settings: Settings) -> tuple[ChannelSettings, ...]:
    """Return the channels that are used."""
    return tuple(one for one in settings.alerts.channels if one.enabled)


def lines_of(settings: Settings, clock: Clock) -> tuple[Line, ...]:
    """Return the channels that can be used, with what holds of each; one without its secret is left out."""
    quiet = _quiet_hours(settings.alerts, settings)
    return tuple(
        Line(
            channel=channel_of(one, clock),
            lang=one.lang or settings.lang,
            terms=Terms(
                severity_min=Severity(one.severity_min), per_minute_max=one.per_minute_max, quiet=quiet
            ),
        )
        for one in enabled(settings)
        if not missing_secret(one)
    )


def missing_secret(channel: ChannelSettings) -> str:
    """Return the variable that must be set before the channel can be used, empty where none must."""
    needed = channel.type not in _NEED_NO_TOKEN or bool(channel.user) or _names(channel, "token")
    if needed and channel.token is None:
        return channel_variable(channel.name, "TOKEN")
    if _names(channel, "sign_secret") and channel.sign_secret is None:
        return channel_variable(channel.name, "SIGN")
    return ""


def channel_of(channel: ChannelSettings, clock: Clock) -> AlertChannel:
    """Return the channel that the settings describe; its secrets are those of the environment."""
    token, sign = _secret(channel.token), _secret(channel.sign_secret)
    poster = Poster(
        channel=channel.name,
        secrets=tuple(secret for secret in (token, sign) if secret),
        deadline_s=channel.deadline_s,
    )
    match channel.type:
        case "email":
            return _mail(channel, poster, clock, token)
        case "webhook":
            return _webhook(channel, poster, token, sign)
        case "wecom" | "dingtalk" | "feishu":
            return _robot(channel, poster, clock, token, sign)
        case "serverchan" | "pushplus" | "telegram":
            return _push(channel, poster, token)


def _robot(
    channel: ChannelSettings, poster: Poster, clock: Clock, token: str, sign: str
) -> WeCom | DingTalk | Feishu:
    name, base = channel.name, {"base_url": channel.url} if channel.url else {}
    if channel.type == "wecom":
        return WeCom(name=name, poster=poster, token=token, **base)
    if channel.type == "dingtalk":
        return DingTalk(name=name, poster=poster, clock=clock, token=token, sign_secret=sign, **base)
    return Feishu(name=name, poster=poster, clock=clock, token=token, sign_secret=sign, **base)


def _push(channel: ChannelSettings, poster: Poster, token: str) -> ServerChan | PushPlus | Telegram:
    name, base = channel.name, {"base_url": channel.url} if channel.url else {}
    if channel.type == "serverchan":
        return ServerChan(name=name, poster=poster, token=token, **base)
    if channel.type == "pushplus":
        return PushPlus(name=name, poster=poster, token=token, topic=channel.topic, **base)
    return Telegram(name=name, poster=poster, chat_id=channel.chat_id, token=token, **base)


def _mail(channel: ChannelSettings, poster: Poster, clock: Clock, token: str) -> Mail:
    return Mail(
        name=channel.name,
        poster=poster,
        clock=clock,
        host=channel.host,
        port=channel.port or _PORTS[channel.security],
        security=channel.security,
        sender=channel.sender,
        to=channel.to,
        user=channel.user,
        token=token,
    )


def _webhook(channel: ChannelSettings, poster: Poster, token: str, sign: str) -> Webhook:
    return Webhook(
        name=channel.name,
        poster=poster,
        url=channel.url,
        body=channel.body,
        headers=channel.headers,
        token=token,
        sign_secret=sign,
        characters_max=channel.characters_max,
        success_key=channel.success_key,
        success_value=channel.success_value,
    )


def _names(channel: ChannelSettings, secret: str) -> bool:
    """Answer whether a hook's template names the secret."""
    template = f"{channel.url}{channel.body}{channel.headers}"
    return channel.type == "webhook" and f"{{{secret}}}" in template


def _secret(secret: Secret | None) -> str:
    return "" if secret is None else secret.reveal()


def _quiet_hours(alerts: AlertSettings, settings: Settings) -> QuietHours | None:
    if alerts.quiet_from is None or alerts.quiet_until is None:
        return None
    return QuietHours(begin=alerts.quiet_from, end=alerts.quiet_until, zone=ZONES[settings.market])
