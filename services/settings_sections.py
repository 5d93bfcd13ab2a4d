"""The sections of the configuration, the risk section apart."""

import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from services.domain.bars import Adjustment, VolumeUnit
from services.settings_debate import DebateSettings
from services.settings_models import PriceSettings, checked_extra
from services.settings_signals import SignalsSettings
from services.settings_tools import NewsVendor, ToolName
from services.settings_values import (
    CalendarDay,
    ClockTime,
    Key,
    Measure,
    Number,
    Section,
    Unit,
    Whole,
    web_address,
)

# How other programs spell a key of a model.
MODEL_ALIASES = {"basemodel": "model", "openai_base_url": "base_url", "openai_api_key": "api_key"}

QuoteSource = Literal["eastmoney", "sina", "tencent", "tushare", "akshare", "yahoo", "sina_us", "broker"]


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
    sources: Annotated[
        tuple[QuoteSource, ...],
        Field(
            description="Who is asked for quotes, in order of preference. Empty: for `akshare` eastmoney, "
            "sina, tencent; for `tushare` tushare, sina, tencent; on the US market yahoo, sina_us. "
            "`broker`: the broker's own, where it offers any."
        ),
    ] = ()
    deadline_s: Annotated[
        Measure,
        Unit("s"),
        Field(gt=0, le=60, description="Longest one source may take for all quotes, retries included."),
    ] = 10.0
    requests_per_s_max: Annotated[
        Measure,
        Unit("requests/s"),
        Field(gt=0, le=200, description="Most requests to one host; East Money bans who asks too often."),
    ] = 50.0
    burst_requests_max: Annotated[
        Whole,
        Unit("requests"),
        Field(ge=1, le=200, description="How many of them may go at once after a pause."),
    ] = 20
    concurrent_requests_max: Annotated[
        Whole, Unit("requests"), Field(ge=1, le=64, description="Most requests under way to one host.")
    ] = 8
    book_symbols_max: Annotated[
        Whole,
        Unit("symbols"),
        Field(
            ge=0,
            le=2000,
            description="Up to so many symbols East Money is asked one by one, with order book and price "
            "limits; more are asked in lists, without.",
        ),
    ] = 300
    use_cache: Annotated[
        bool, Field(description="Keep a vendor's quotes for a moment, for all accounts that ask for them.")
    ] = True
    cache_ttl_seconds: Annotated[
        Whole,
        Unit("s"),
        Field(
            ge=0,
            description="Longest a vendor's quote is kept; never longer than half of `quote_gate.age_s_max`.",
        ),
    ] = 60
    redis_url: Annotated[
        SecretStr | None,
        Field(
            description="Redis that shares those quotes with other processes; with a password: from "
            "KAIPAN_REDIS_URL. Empty: each process keeps its own. Needs the extra `redis`.",
            repr=False,
        ),
    ] = None

    @field_validator("sources")
    @classmethod
    def _each_once(cls, sources: tuple[QuoteSource, ...]) -> tuple[QuoteSource, ...]:
        if len(set(sources)) < len(sources):
            raise ValueError("names a source twice")
        return sources

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"(rediss?|unix)://", url.get_secret_value()):
            raise ValueError("must begin with redis://, rediss:// or unix://, or be left empty")
        return url


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
        AfterValidator(web_address),
        Field(description="Address of an OpenAI-compatible endpoint; also written `openai_base_url`."),
    ] = "https://api.openai.com/v1"
    api_key: Annotated[
        SecretStr | None,
        Field(
            description="From `<NAME>_API_KEY` (the name in capitals, other signs as `_`), "
            "at api.openai.com else OPENAI_API_KEY; also written `openai_api_key`.",
            repr=False,
        ),
    ] = None
    enabled: Annotated[bool, Field(description="Whether it may be asked.")] = True
    dialect: Annotated[
        Literal[
            "json_schema",
            "json_object",
            "tool_call",
            "compatible",
            "openai",
            "deepseek",
            "qwen",
            "dashscope",
            "zhipu",
            "glm",
            "moonshot",
            "kimi",
            "minimax",
            "ollama",
            "vllm",
            "llamacpp",
            "xllamacpp",
        ],
        Field(
            description="Which server it is, or how that is told the answer's form: `compatible` tells it "
            "nothing but the messages."
        ),
    ] = "json_schema"
    temperature: Annotated[
        Measure | None, Field(ge=0, le=2, description="Sampling temperature; empty: the provider's own.")
    ] = None
    output_tokens_max: Annotated[
        Whole | None,
        Unit("tokens"),
        Field(
            gt=0,
            le=1_000_000,
            description="Most tokens of one answer, thoughts included. Empty: the provider's own limit; "
            "a budget then counts 8192.",
        ),
    ] = None
    extra: Annotated[
        Mapping[str, Any],
        AfterValidator(checked_extra),
        Field(
            description="What else its server is told in every request, as JSON values, such as "
            "`enable_thinking: false`; recorded, so never a secret."
        ),
    ] = {}
    deadline_s: Annotated[
        Measure,
        Unit("s"),
        Field(gt=0, le=3600, description="Longest one request may take, retries included."),
    ] = 120.0
    price: Annotated[
        PriceSettings | None,
        Field(description="What its tokens cost. Empty: not known; money is not counted."),
    ] = None
    training_cutoff: Annotated[
        CalendarDay | None,
        Unit("YYYY-MM-DD"),
        Field(description="Last day its training data may hold; a backtest up to it measures memory."),
    ] = None
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
    deadline_s: Annotated[
        Measure,
        Unit("s"),
        Field(
            gt=0,
            le=7200,
            description="Longest one decision may take: look-ups, second answers and fall-backs included.",
        ),
    ] = 240.0
    fallback: Annotated[
        tuple[str, ...],
        Field(description="Names of the models asked, in order, where the first brings no usable answer."),
    ] = ()
    debate: DebateSettings = DebateSettings()
    briefing_tokens_max: Annotated[
        Whole,
        Unit("tokens, estimated high"),
        Field(
            ge=1_000,
            le=1_000_000,
            description="Longest briefing of a mind that reads; what does not fit is left out and named.",
        ),
    ] = 24_000
    memory_sessions: Annotated[
        Whole,
        Unit("sessions"),
        Field(
            ge=0,
            le=200,
            description="Last sessions a mind is told of with what came of them; today's and those of the "
            "trading day before always.",
        ),
    ] = 10
    max_steps: Annotated[
        Whole,
        Field(ge=1, le=1000, description="Accepted from AI-Trader files; has no effect."),
    ] = 1
    tools: Annotated[
        tuple[ToolName, ...],
        Field(
            description="What a model may look up in a session, read-only and of its moment. Empty: nothing."
        ),
    ] = ()
    tool_steps_max: Annotated[
        Whole, Unit("rounds"), Field(ge=1, le=100, description="Most rounds of look-ups in a session.")
    ] = 8
    tool_calls_max: Annotated[
        Whole, Unit("calls"), Field(ge=1, le=1000, description="Most look-ups in a session.")
    ] = 24
    tool_bytes_max: Annotated[
        Whole,
        Unit("bytes"),
        Field(ge=1_000, le=10_000_000, description="Most that look-ups answer in a session."),
    ] = 131_072
    news_file: Annotated[
        Path | None,
        Field(
            description="CSV or JSON lines for the tools `news` and `announcements`; its content is part of "
            "a run's identity."
        ),
    ] = None
    news_sources: Annotated[
        tuple[NewsVendor, ...],
        Field(
            description="Vendors that the tools `news` and `announcements` ask on live prices: eastmoney, "
            "cninfo (announcements alone), tushare (token). Empty: the file alone."
        ),
    ] = ()
    signals: SignalsSettings = SignalsSettings()


class PricesSettings(Section):
    """Facts of recorded prices that are declared, never guessed; a file beside them may declare some too."""

    adjustment: Annotated[Adjustment | None, Field(description="How the series treats ex-rights days.")] = (
        None
    )
    volume_unit: Annotated[VolumeUnit | None, Field(description="What one unit of volume is.")] = None
    index: Annotated[
        str,
        Field(
            pattern=r"^([0-9]{6}\.(SH|SZ|BJ|CSI))?$",
            description="With prices of the history store: an index, e.g. 000016.SH; only its members of the "
            "day may be bought. Empty: no such limit.",
        ),
    ] = ""
