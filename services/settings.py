"""What the operator decides: every key of the configuration file, with unit, range and default."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, NewType

from services.domain.bars import Frequency
from services.domain.instruments import Market, Symbol, parse_symbol
from services.settings_alerts import AlertSettings
from services.settings_arena import ArenaSettings
from services.settings_keys import keys_of, kind_of
from services.settings_logs import LogSettings
from services.settings_models import BudgetSettings
from services.settings_quotes import QuoteGateSettings
from services.settings_risk import ProgrammaticSettings, RiskSettings
from services.settings_sections import (
    AgentSettings,
    BrokerSettings,
    DataSourceSettings,
    ModelSettings,
    PricesSettings,
    ScheduleSettings,
)
from services.settings_tools import McpServerSettings
from services.settings_values import About, Beside, Check, NamesDiffer, Pattern, Range, Secret, Section, Unit
from services.settings_watchdog import WatchdogSettings

ConfigHash = NewType("ConfigHash", str)

_AGENT_SPEC = r"(rule|llm|debate)(:.+)?|scripted:.+"
_AGENT_CLASSES = {
    "baseagent": "llm",
    "baseagent_hour": "llm",
    "baseagentastock": "llm",
    "baseagentastock_hour": "llm",
}

# Where files lie does not change what is decided. The language does, for a mind that reads: a run goes on
# in the one it began with, whatever language its owner looks at it in.
# Who else is in an arena changes nothing for an account of it, nor does who is told of it or watches it.
# What becomes of orders at a stop is on record when it happens, and no recorded run stops so.
_NOT_HASHED = frozenset(
    {
        "data_dir",
        "journal_url",
        "lang",
        "score_file",
        "sector_file",
        "news_file",
        "arena",
        "alerts",
        "watchdog",
        "logs",
        "stop_orders",
    }
)


class SettingsError(ValueError):
    """The configuration cannot be used: one line a problem, each with the file, the key and the mend."""


class Mode(StrEnum):
    """Which world a run lives in."""

    BACKTEST = "backtest"
    PAPER = "paper"
    LIVE = "live"


def _agent_spec(spec: str) -> str:
    spec = _AGENT_CLASSES.get(spec.lower(), spec)
    if not re.fullmatch(_AGENT_SPEC, spec):
        raise ValueError("must be rule[:NAME], llm[:MODEL], debate[:MODEL], scripted:FILE or BaseAgentAStock")
    return spec


def _postgres(url: Secret) -> Secret:
    if not re.match(r"postgresql(\+psycopg)?://", url.reveal()):
        raise ValueError("must begin with postgresql:// or be left empty for SQLite")
    return url


def _symbols(symbols: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
    for symbol in symbols:
        parse_symbol(symbol)
        if symbols.count(symbol) > 1:
            raise ValueError(f"{symbol} is named twice")
    return symbols


def _traded_there(symbols: tuple[Symbol, ...], market: Market) -> None:
    for symbol in symbols:
        if symbol.endswith(".US") != (market is Market.US):
            raise ValueError(f"{symbol} does not trade on market {market.value!r}")


class Settings(Section, frozen=True, kw_only=True):
    """The whole configuration; the defaults alone are a valid one.

    Secrets are values of the environment or `.env`, put in by `services.settings_file.load_settings`.
    """

    mode: Annotated[Mode, About("Recorded prices, simulated money, or real.")] = Mode.PAPER
    agent_type: Annotated[
        str,
        Check(_agent_spec),
        About(
            "Who decides: `rule[:NAME]`, `llm[:MODEL]`, `debate[:MODEL]` or `scripted:FILE`; "
            "`BaseAgent` and `BaseAgentAStock` mean `llm`."
        ),
    ] = "rule"
    market: Annotated[Market, About("Which market's calendar, zone and rules.")] = Market.CN
    frequency: Annotated[Frequency, About("How often a session fires.")] = Frequency.DAILY
    schedule: ScheduleSettings = ScheduleSettings()
    data_source: DataSourceSettings = DataSourceSettings()
    quote_gate: QuoteGateSettings = QuoteGateSettings()
    broker: BrokerSettings = BrokerSettings()
    risk_control: RiskSettings = RiskSettings()
    programmatic_trading: ProgrammaticSettings = ProgrammaticSettings()
    models: Annotated[
        tuple[ModelSettings, ...], NamesDiffer("models"), About("The language models, best first.")
    ] = ()
    agent_config: AgentSettings = AgentSettings()
    mcp_servers: Annotated[
        tuple[McpServerSettings, ...],
        NamesDiffer("servers"),
        About("Servers of outside tools; needs the extra `mcp`."),
    ] = ()
    mcp_in_backtest: Annotated[
        bool,
        About(
            "Ask those servers on recorded prices too, though nobody can tell whether they "
            "answer with what came later."
        ),
    ] = False
    budget: BudgetSettings = BudgetSettings()
    arena: ArenaSettings = ArenaSettings()
    alerts: AlertSettings = AlertSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    logs: LogSettings = LogSettings()
    account: Annotated[
        str, Pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}"), About("The account's name and folder.")
    ] = "main"
    lang: Annotated[Literal["en", "zh"], About("Language of screen, report and what a model is asked.")] = (
        "en"
    )
    data_dir: Annotated[Path, About("Folder of all that is kept.")] = Path("kaipan-data")
    journal_url: Annotated[
        Secret | None,
        Check(_postgres),
        About(
            "PostgreSQL address of the journal; with a password: from KAIPAN_JOURNAL_URL. "
            "Empty: SQLite in the account's folder."
        ),
    ] = None
    watchlist: Annotated[
        tuple[Symbol, ...],
        Check(_symbols),
        Beside("market", _traded_there),
        About("Symbols that may be traded. Empty: all of the price file."),
    ] = ()
    calendar_overlay: Annotated[
        Path | None, About("File of trading days known better than the calendar library.")
    ] = None
    grace_s: Annotated[
        int, Unit("s"), Range(ge=1, le=3600), About("How late a slot may still run, else missed.")
    ] = 300
    keep_orders: Annotated[
        bool, About("Leave working orders alone at the next slot instead of cancelling them.")
    ] = False
    stop_orders: Annotated[
        Literal["leave", "cancel"],
        About(
            "Working orders when the process is stopped (`stop`, Ctrl-C, SIGTERM): "
            "they go on working, or are cancelled."
        ),
    ] = "leave"
    prices: PricesSettings = PricesSettings()

    @property
    def slot_times(self) -> tuple[time, ...] | None:
        """The slots' market-local times for the chosen frequency; None for the market's own."""
        times = self.schedule.daily if self.frequency is Frequency.DAILY else self.schedule.hourly
        return times or None

    @property
    def config_hash(self) -> ConfigHash:
        """SHA-256 (hex) of all that can change a decision: no secrets or folders in it.

        A number's value counts, not its spelling: 0.2 and 0.20 hash alike.
        """
        text = json.dumps(_canonical(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return ConfigHash(hashlib.sha256(text.encode()).hexdigest())

    def model_for(self, name: str | None) -> ModelSettings:
        """Return the enabled model of that name, or the first enabled one where `name` is None.

        Raises:
            SettingsError: There is none.
        """
        enabled = [model for model in self.models if model.enabled]
        for model in enabled:
            if name is None or model.name == name:
                return model
        known = ", ".join(model.name for model in enabled) or "none"
        wanted = "an enabled model" if name is None else f"an enabled model named {name!r}"
        raise SettingsError(f"config: key 'models': needs {wanted}; enabled now: {known}")


def _canonical(value: object) -> object:
    """Return the hashed form of settings: mappings of text, secrets left out."""
    if isinstance(value, Section):
        return {
            name: _canonical(getattr(value, name))
            for name, key in keys_of(type(value)).items()
            if name not in _NOT_HASHED and kind_of(key.type).of is not Secret
        }
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, Decimal):
        # By its text: arithmetic would round it to 28 digits, and what differs beyond would hash alike.
        whole, point, fraction = f"{value:f}".partition(".")
        return f"{whole}{point}{fraction.rstrip('0')}".rstrip(".")
    return value if value is None or isinstance(value, bool | int | float) else str(value)
