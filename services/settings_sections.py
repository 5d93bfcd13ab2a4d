"""The sections of the configuration and the kinds of value in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from services.domain.bars import Adjustment, VolumeUnit

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

# How other programs spell a key of a model.
MODEL_ALIASES = {"basemodel": "model", "openai_base_url": "base_url", "openai_api_key": "api_key"}


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a key, as the table of keys shows it."""

    name: str


def _plain_number(value: object) -> object:
    """Return a number as the exact Decimal it was written as; other things pass on to be refused."""
    if isinstance(value, int | float):
        value = repr(value)
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise ValueError("must be a plain number such as 0.2, without thousands separators or units")
        return Decimal(value)
    return value


def _clock_time(value: object) -> object:
    """Return the market-local time that a text like `09:35` writes."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        return time.fromisoformat(value)
    raise ValueError('must be a market-local time in quotes, such as "09:35"')


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _address(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+.*", url) or urlsplit(url).username is not None:
        raise ValueError("must be an http(s) address without user name or password")
    return url.rstrip("/")


Number = Annotated[Decimal, BeforeValidator(_plain_number)]
Whole = Annotated[int, BeforeValidator(_plain_number)]
Measure = Annotated[float, BeforeValidator(_plain_number)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Ratio = Annotated[Number, Unit("ratio"), Field(gt=0, le=1)]
Key = Annotated[str, BeforeValidator(_lower), Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Section(BaseModel):
    """A part of the configuration: closed, unchangeable, silent about secrets."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=False,
    )


class ScheduleSettings(Section):
    """At which times a session fires."""

    daily: Annotated[
        tuple[ClockTime, ...],
        Unit("HH:MM, market-local"),
        Field(description="Slots of frequency daily. Empty: the market's own (cn 09:35, us 09:35)."),
    ] = ()
    hourly: Annotated[
        tuple[ClockTime, ...],
        Unit("HH:MM, market-local"),
        Field(
            description="Slots of frequency hourly. Empty: the market's own "
            "(cn 10:35 11:35 14:05 15:05, us 10:05 to 15:05)."
        ),
    ] = ()

    @field_validator("daily", "hourly")
    @classmethod
    def _ascending(cls, times: tuple[time, ...]) -> tuple[time, ...]:
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("times must ascend and differ")
        return times


class DataSourceSettings(Section):
    """Where live prices come from."""

    type: Annotated[Key, Field(description="Vendor of live prices; `akshare` needs no key.")] = "akshare"
    api_key: Annotated[
        SecretStr | None, Field(description="Vendor's key, from KAIPAN_DATA_API_KEY.", repr=False)
    ] = None
    use_cache: Annotated[
        bool, Field(description="Accepted; has no effect: parsed prices are always kept.")
    ] = True
    cache_ttl_seconds: Annotated[
        Whole,
        Unit("s"),
        Field(ge=0, description="Accepted; has no effect: a vendor is asked anew in every session."),
    ] = 60


class BrokerSettings(Section):
    """Who executes orders, and what that costs."""

    type: Annotated[Key, Field(description="`simulated` is the built-in exchange: no real money.")] = (
        "simulated"
    )
    api_key: Annotated[
        SecretStr | None, Field(description="Broker's key, from KAIPAN_BROKER_API_KEY.", repr=False)
    ] = None
    api_secret: Annotated[
        SecretStr | None, Field(description="Broker's secret, from KAIPAN_BROKER_API_SECRET.", repr=False)
    ] = None
    account_id: Annotated[str, Field(description="The account's number at the broker.")] = ""
    commission_rate: Annotated[
        Number, Unit("ratio of amount"), Field(ge=0, le=Decimal("0.01"), description="Commission per order.")
    ] = Decimal("0.00025")
    commission_min: Annotated[
        Number,
        Unit("CNY per order"),
        Field(ge=0, le=1000, decimal_places=2, description="Least commission of an order."),
    ] = Decimal("5.00")
    commission_all_in: Annotated[
        bool,
        Field(
            description="The exchange's handling fee and the regulator's levy are inside the commission; "
            "stamp duty and transfer fee come on top either way."
        ),
    ] = True
    slippage_bp: Annotated[
        Number,
        Unit("bp of price"),
        Field(ge=0, le=1000, description="By how much simulated fills are worse."),
    ] = Decimal(0)
    slippage_ticks: Annotated[
        Whole,
        Unit("ticks"),
        Field(ge=0, le=100, description="By how many ticks simulated fills are worse, beside `slippage_bp`."),
    ] = 0
    volume_cap_ratio: Annotated[
        Number,
        Unit("ratio of the bar's volume"),
        Field(
            ge=0,
            le=1,
            description="Most of a bar's volume that simulated orders may trade on one side; 0 sets no cap. "
            "Without effect where the price file's volume unit is not declared.",
        ),
    ] = Decimal("0.25")
    dividend_tax: Annotated[
        bool,
        Field(
            description="Simulated sales of stocks bear an individual's tax on dividends and bonus shares, "
            "by how long each lot was held."
        ),
    ] = True


class RiskSettings(Section):
    """What the gate holds every order to, whatever the agent says. A ratio of 1 sets no limit."""

    max_single_position_ratio: Annotated[
        Ratio, Field(description="Most of the account's equity in one symbol after a buy.")
    ] = Decimal(1)
    max_daily_loss_ratio: Annotated[
        Ratio, Field(description="No buys once the day's loss reaches this part of the day's opening equity.")
    ] = Decimal(1)
    min_cash_reserve: Annotated[
        Number,
        Unit("CNY (us: USD)"),
        Field(ge=0, decimal_places=2, description="Cash that buys must leave; an amount, not a ratio."),
    ] = Decimal("0.00")
    enable_stop_loss: Annotated[
        bool, Field(description="Sell a holding that lost `stop_loss_ratio`, without asking the agent.")
    ] = False
    stop_loss_ratio: Annotated[
        Number,
        Unit("ratio"),
        Field(gt=0, lt=1, description="Loss against average cost at which a holding is sold."),
    ] = Decimal("0.10")
    marketable_bp: Annotated[
        Whole, Unit("bp of price"), Field(ge=0, le=1000, description="Distance of a limit made for no limit.")
    ] = 100
    drift_bp_max: Annotated[
        Whole,
        Unit("bp of price"),
        Field(ge=1, le=10000, description="Most a price may move between question and order."),
    ] = 200
    order_ttl_s: Annotated[
        Whole, Unit("s"), Field(ge=1, le=3600, description="Time in which an approved order may be sent.")
    ] = 60
    quote_age_s_max: Annotated[
        Whole, Unit("s"), Field(ge=1, le=3600, description="Oldest quote an order is judged by.")
    ] = 180

    @field_validator("min_cash_reserve")
    @classmethod
    def _amount(cls, reserve: Decimal) -> Decimal:
        if 0 < reserve < 1:
            raise ValueError("is an amount, not a ratio: write for example 10000")
        return reserve


class ModelSettings(Section):
    """One language model that may be asked."""

    name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$", description="What `--agent llm:NAME` calls it."),
    ]
    model: Annotated[
        str, Field(min_length=1, description="The provider's name of the model; also written `basemodel`.")
    ]
    base_url: Annotated[
        str,
        AfterValidator(_address),
        Field(description="Address of an OpenAI-compatible endpoint; also written `openai_base_url`."),
    ] = "https://api.openai.com/v1"
    api_key: Annotated[
        SecretStr | None,
        Field(
            description="From `<NAME>_API_KEY` (the name in capitals, other signs as `_`), "
            "else OPENAI_API_KEY; also written `openai_api_key`.",
            repr=False,
        ),
    ] = None
    enabled: Annotated[bool, Field(description="Whether it may be asked.")] = True
    dialect: Annotated[
        Literal["json_schema", "json_object"],
        Field(description="How the endpoint is told the answer's form; DeepSeek knows `json_object` only."),
    ] = "json_schema"
    temperature: Annotated[
        Measure | None, Field(ge=0, le=2, description="Sampling temperature; empty: the provider's own.")
    ] = None
    deadline_s: Annotated[
        Measure, Unit("s"), Field(gt=0, le=3600, description="Longest one answer may take, retries included.")
    ] = 120.0
    signature: Annotated[
        str, Field(description="Accepted from AI-Trader files; has no effect, use `account`.")
    ] = ""

    @model_validator(mode="before")
    @classmethod
    def _one_name_each(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        keys = dict(given)
        for other, name in MODEL_ALIASES.items():
            if other in keys:
                if name in keys:
                    raise ValueError(f"{other!r} and {name!r} are the same key: keep one")
                keys[name] = keys.pop(other)
        return keys


class AgentSettings(Section):
    """What an account starts with and how hard a model is asked."""

    initial_cash: Annotated[
        Number,
        Unit("CNY (us: USD)"),
        Field(gt=0, le=Decimal(10) ** 12, decimal_places=2, description="Opening balance of a new account."),
    ] = Decimal("100000.00")
    max_retries: Annotated[
        Whole, Unit("attempts"), Field(ge=1, le=10, description="Most attempts at one answer of a model.")
    ] = 3
    base_delay: Annotated[
        Measure, Unit("s"), Field(ge=0, le=60, description="First wait between attempts; doubles each time.")
    ] = 1.0
    max_steps: Annotated[
        Whole,
        Field(ge=1, le=1000, description="Accepted from AI-Trader files; has no effect."),
    ] = 1


class PricesSettings(Section):
    """Facts of a price file that are declared, never guessed; a file beside it may declare them too."""

    adjustment: Annotated[Adjustment | None, Field(description="How the series treats ex-rights days.")] = (
        None
    )
    volume_unit: Annotated[VolumeUnit | None, Field(description="What one unit of volume is.")] = None
