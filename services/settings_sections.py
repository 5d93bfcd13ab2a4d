"""The sections of the configuration, the risk section apart."""

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from services.domain.bars import Adjustment, VolumeUnit
from services.settings_debate import DebateSettings
from services.settings_models import PriceSettings, checked_extra
from services.settings_signals import SignalsSettings
from services.settings_tools import NewsVendor, ToolName
from services.settings_values import (
    About,
    Check,
    Distinct,
    Key,
    NotEmpty,
    Pattern,
    Places,
    Range,
    Secret,
    Section,
    Unit,
    web_address,
)

# How other programs spell a key of a model.
MODEL_ALIASES = {"basemodel": "model", "openai_base_url": "base_url", "openai_api_key": "api_key"}

QuoteSource = Literal["eastmoney", "sina", "tencent", "tushare", "akshare", "yahoo", "sina_us", "broker"]


def _ascending(times: tuple[time, ...]) -> tuple[time, ...]:
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("times must ascend and differ")
    return times


def _redis(url: Secret) -> Secret:
    if not re.match(r"(rediss?|unix)://", url.reveal()):
        raise ValueError("must begin with redis://, rediss:// or unix://, or be left empty")
    return url


class ScheduleSettings(Section, frozen=True, kw_only=True):
    """At which times a session fires."""

    daily: Annotated[
        tuple[time, ...],
        Unit("HH:MM, market-local"),
        Check(_ascending),
        About("Slots of frequency daily. Empty: the market's own (cn 09:35, us 09:35)."),
    ] = ()
    hourly: Annotated[
        tuple[time, ...],
        Unit("HH:MM, market-local"),
        Check(_ascending),
        About(
            "Slots of frequency hourly. Empty: the market's own "
            "(cn 10:35 11:35 14:05 15:05, us 10:05 to 15:05)."
        ),
    ] = ()


class DataSourceSettings(Section, frozen=True, kw_only=True):
    """Where live prices come from."""

    type: Annotated[Key, About("Vendor of live prices; `akshare` needs no key.")] = "akshare"
    api_key: Annotated[Secret | None, About("Vendor's key, from KAIPAN_DATA_API_KEY.")] = None
    sources: Annotated[
        tuple[QuoteSource, ...],
        Distinct("names a source twice"),
        About(
            "Who is asked for quotes, in order of preference. Empty: for `akshare` eastmoney, "
            "sina, tencent; for `tushare` tushare, sina, tencent; on the US market yahoo, sina_us. "
            "`broker`: the broker's own, where it offers any."
        ),
    ] = ()
    deadline_s: Annotated[
        float,
        Unit("s"),
        Range(gt=0, le=60),
        About("Longest one source may take for all quotes, retries included."),
    ] = 10.0
    requests_per_s_max: Annotated[
        float,
        Unit("requests/s"),
        Range(gt=0, le=200),
        About("Most requests to one host; East Money bans who asks too often."),
    ] = 50.0
    burst_requests_max: Annotated[
        int,
        Unit("requests"),
        Range(ge=1, le=200),
        About("How many of them may go at once after a pause."),
    ] = 20
    concurrent_requests_max: Annotated[
        int, Unit("requests"), Range(ge=1, le=64), About("Most requests under way to one host.")
    ] = 8
    book_symbols_max: Annotated[
        int,
        Unit("symbols"),
        Range(ge=0, le=2000),
        About(
            "Up to so many symbols East Money is asked one by one, with order book and price "
            "limits; more are asked in lists, without."
        ),
    ] = 300
    use_cache: Annotated[
        bool, About("Keep a vendor's quotes for a moment, for all accounts that ask for them.")
    ] = True
    cache_ttl_seconds: Annotated[
        int,
        Unit("s"),
        Range(ge=0),
        About("Longest a vendor's quote is kept; never longer than half of `quote_gate.age_s_max`."),
    ] = 60
    redis_url: Annotated[
        Secret | None,
        Check(_redis),
        About(
            "Redis that shares those quotes with other processes; with a password: from "
            "KAIPAN_REDIS_URL. Empty: each process keeps its own. Needs the extra `redis`."
        ),
    ] = None


class BrokerSettings(Section, frozen=True, kw_only=True):
    """Who executes orders, and what that costs."""

    type: Annotated[Key, About("`simulated` is the built-in exchange: no real money.")] = "simulated"
    api_key: Annotated[Secret | None, About("Broker's key, from KAIPAN_BROKER_API_KEY.")] = None
    api_secret: Annotated[Secret | None, About("Broker's secret, from KAIPAN_BROKER_API_SECRET.")] = None
    account_id: Annotated[str, About("The account's number at the broker.")] = ""
    commission_rate: Annotated[
        Decimal, Unit("ratio of amount"), Range(ge=0, le=Decimal("0.01")), About("Commission per order.")
    ] = Decimal("0.00025")
    commission_min: Annotated[
        Decimal,
        Unit("CNY per order"),
        Range(ge=0, le=1000),
        Places(2),
        About("Least commission of an order."),
    ] = Decimal("5.00")
    commission_all_in: Annotated[
        bool,
        About(
            "The exchange's handling fee and the regulator's levy are inside the commission; "
            "stamp duty and transfer fee come on top either way."
        ),
    ] = True
    slippage_bp: Annotated[
        Decimal,
        Unit("bp of price"),
        Range(ge=0, le=1000),
        About("By how much simulated fills are worse."),
    ] = Decimal(0)
    slippage_ticks: Annotated[
        int,
        Unit("ticks"),
        Range(ge=0, le=100),
        About("By how many ticks simulated fills are worse, beside `slippage_bp`."),
    ] = 0
    volume_cap_ratio: Annotated[
        Decimal,
        Unit("ratio of the bar's volume"),
        Range(ge=0, le=1),
        About(
            "Most of a bar's volume that simulated orders may trade on one side; 0 sets no cap. "
            "Without effect where the price file's volume unit is not declared."
        ),
    ] = Decimal("0.25")
    dividend_tax: Annotated[
        bool,
        About(
            "Simulated sales of stocks bear an individual's tax on dividends and bonus shares, "
            "by how long each lot was held."
        ),
    ] = True


class ModelSettings(Section, frozen=True, kw_only=True):
    """One language model that may be asked."""

    other_names: ClassVar[Mapping[str, str]] = MODEL_ALIASES

    name: Annotated[
        str,
        Pattern(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}"),
        About("What `--agent llm:NAME` calls it."),
    ]
    model: Annotated[str, NotEmpty(), About("The provider's name of the model; also written `basemodel`.")]
    base_url: Annotated[
        str,
        Check(web_address),
        About("Address of an OpenAI-compatible endpoint; also written `openai_base_url`."),
    ] = "https://api.openai.com/v1"
    api_key: Annotated[
        Secret | None,
        About(
            "From `<NAME>_API_KEY` (the name in capitals, other signs as `_`), "
            "at api.openai.com else OPENAI_API_KEY; also written `openai_api_key`."
        ),
    ] = None
    enabled: Annotated[bool, About("Whether it may be asked.")] = True
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
        About(
            "Which server it is, or how that is told the answer's form: `compatible` tells it "
            "nothing but the messages."
        ),
    ] = "json_schema"
    temperature: Annotated[
        float | None, Range(ge=0, le=2), About("Sampling temperature; empty: the provider's own.")
    ] = None
    output_tokens_max: Annotated[
        int | None,
        Unit("tokens"),
        Range(gt=0, le=1_000_000),
        About(
            "Most tokens of one answer, thoughts included. Empty: the provider's own limit; "
            "a budget then counts 8192."
        ),
    ] = None
    extra: Annotated[
        Mapping[str, Any],
        Check(checked_extra),
        About(
            "What else its server is told in every request, as JSON values, such as "
            "`enable_thinking: false`; recorded, so never a secret."
        ),
    ] = {}
    deadline_s: Annotated[
        float,
        Unit("s"),
        Range(gt=0, le=3600),
        About("Longest one request may take, retries included."),
    ] = 120.0
    price: Annotated[
        PriceSettings | None,
        About("What its tokens cost. Empty: not known; money is not counted."),
    ] = None
    training_cutoff: Annotated[
        date | None,
        Unit("YYYY-MM-DD"),
        About("Last day its training data may hold; a backtest up to it measures memory."),
    ] = None
    signature: Annotated[str, About("Accepted from AI-Trader files; has no effect, use `account`.")] = ""


class AgentSettings(Section, frozen=True, kw_only=True):
    """What an account starts with and how hard a model is asked."""

    initial_cash: Annotated[
        Decimal,
        Unit("CNY (us: USD)"),
        Range(gt=0, le=Decimal(10) ** 12),
        Places(2),
        About("Opening balance of a new account."),
    ] = Decimal("100000.00")
    max_retries: Annotated[
        int, Unit("attempts"), Range(ge=1, le=10), About("Most attempts at one answer of a model.")
    ] = 3
    base_delay: Annotated[
        float, Unit("s"), Range(ge=0, le=60), About("First wait between attempts; doubles each time.")
    ] = 1.0
    deadline_s: Annotated[
        float,
        Unit("s"),
        Range(gt=0, le=7200),
        About("Longest one decision may take: look-ups, second answers and fall-backs included."),
    ] = 240.0
    fallback: Annotated[
        tuple[str, ...],
        About("Names of the models asked, in order, where the first brings no usable answer."),
    ] = ()
    debate: DebateSettings = DebateSettings()
    briefing_tokens_max: Annotated[
        int,
        Unit("tokens, estimated high"),
        Range(ge=1_000, le=1_000_000),
        About("Longest briefing of a mind that reads; what does not fit is left out and named."),
    ] = 24_000
    memory_sessions: Annotated[
        int,
        Unit("sessions"),
        Range(ge=0, le=200),
        About(
            "Last sessions a mind is told of with what came of them; today's and those of the "
            "trading day before always."
        ),
    ] = 10
    max_steps: Annotated[
        int,
        Range(ge=1, le=1000),
        About("Accepted from AI-Trader files; has no effect."),
    ] = 1
    tools: Annotated[
        tuple[ToolName, ...],
        About("What a model may look up in a session, read-only and of its moment. Empty: nothing."),
    ] = ()
    tool_steps_max: Annotated[
        int, Unit("rounds"), Range(ge=1, le=100), About("Most rounds of look-ups in a session.")
    ] = 8
    tool_calls_max: Annotated[
        int, Unit("calls"), Range(ge=1, le=1000), About("Most look-ups in a session.")
    ] = 24
    tool_bytes_max: Annotated[
        int,
        Unit("bytes"),
        Range(ge=1_000, le=10_000_000),
        About("Most that look-ups answer in a session."),
    ] = 131_072
    news_file: Annotated[
        Path | None,
        About(
            "CSV or JSON lines for the tools `news` and `announcements`; its content is part of "
            "a run's identity."
        ),
    ] = None
    news_sources: Annotated[
        tuple[NewsVendor, ...],
        About(
            "Vendors that the tools `news` and `announcements` ask on live prices: eastmoney, "
            "cninfo (announcements alone), tushare (token). Empty: the file alone."
        ),
    ] = ()
    signals: SignalsSettings = SignalsSettings()


class PricesSettings(Section, frozen=True, kw_only=True):
    """Facts of recorded prices that are declared, never guessed; a file beside them may declare some too."""

    adjustment: Annotated[Adjustment | None, About("How the series treats ex-rights days.")] = None
    volume_unit: Annotated[VolumeUnit | None, About("What one unit of volume is.")] = None
    index: Annotated[
        str,
        Pattern(r"([0-9]{6}\.(SH|SZ|BJ|CSI))?"),
        About(
            "With prices of the history store: an index, e.g. 000016.SH; only its members of the "
            "day may be bought. Empty: no such limit."
        ),
    ] = ""
