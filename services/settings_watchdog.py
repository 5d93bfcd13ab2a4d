"""The section on the watchdog: what it takes for wrong, how often it looks, and what it does about it."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from services.domain.watched import Watched
from services.settings_values import Measure, Number, Ratio, Section, Unit, Whole, web_address


class WatchdogSettings(Section):
    """What the process beside the trading one looks at, and from when on it tells of it."""

    folder: Annotated[
        Path | None,
        Field(description="Where it keeps its own files. Empty: `<data_dir>-watchdog`, beside the folder."),
    ] = None
    look_s: Annotated[Whole, Unit("s"), Field(ge=1, le=60, description="How often it looks.")] = 15
    repeat_s: Annotated[
        Whole,
        Unit("s"),
        Field(ge=60, le=604_800, description="What lasts is told again after so long."),
    ] = 14_400
    halt_on: Annotated[
        tuple[Watched, ...],
        Field(description="What, found critical, also halts the account until a person lifts it."),
    ] = (Watched.DAILY_LOSS,)
    beat_s_max: Annotated[
        Whole, Unit("s"), Field(ge=20, le=600, description="For so long the process may say nothing.")
    ] = 60
    starting_s_max: Annotated[
        Whole,
        Unit("s"),
        Field(ge=30, le=86_400, description="For so long it may start, or be unreconciled with the broker."),
    ] = 600
    tick_s_max: Annotated[
        Whole,
        Unit("s"),
        Field(ge=120, le=86_400, description="For so long its loop may be on one turn, a session included."),
    ] = 1200
    open_s_max: Annotated[
        Whole,
        Unit("s"),
        Field(
            ge=0, le=86_400,
            description="For so long an order may be unresolved, or differ what the broker holds.",
        ),
    ] = 300  # fmt: skip
    daily_loss_ratio_max: Annotated[
        Ratio | None, Field(description="Loss of a day from which it tells, critical. Empty: none.")
    ] = None
    prices_s_max: Annotated[
        Whole | None,
        Unit("s"),
        Field(
            ge=30, le=86_400,
            description="How old prices may be while the market trades. Empty: each slot needs its own.",
        ),
    ] = None  # fmt: skip
    memory_mib_max: Annotated[
        Whole, Unit("MiB"), Field(ge=64, le=1_048_576, description="Memory of the trading process.")
    ] = 1024
    memory_growth_ratio_max: Annotated[
        Number,
        Unit("ratio"),
        Field(gt=0, le=100, description="Its growth since ten minutes after its start."),
    ] = Decimal("1")
    cpu_ratio_max: Annotated[
        Number,
        Unit("ratio of one processor"),
        Field(gt=0, le=1024, description="Its share over ten minutes."),
    ] = Decimal("0.9")
    descriptors_ratio_max: Annotated[
        Ratio, Field(description="Its open files and sockets, of those the system allows it.")
    ] = Decimal("0.8")
    disk_free_mib_min: Annotated[
        Whole,
        Unit("MiB"),
        Field(ge=10, le=1_048_576, description="Free space at the data folder; a tenth of it is critical."),
    ] = 1024
    disk_free_ratio_min: Annotated[
        Number, Unit("ratio"), Field(ge=0, lt=1, description="Free share of that file system.")
    ] = Decimal("0.05")
    log_mib_max: Annotated[
        Whole, Unit("MiB"), Field(ge=1, le=1_048_576, description="Log files in the data folder, together.")
    ] = 1024
    clock_offset_s_max: Annotated[
        Measure, Unit("s"), Field(gt=0, le=60, description="By how much the clock may be wrong.")
    ] = 2.0
    clock_every_s: Annotated[
        Whole, Unit("s"), Field(ge=60, le=86_400, description="How often the clock is compared with hosts'.")
    ] = 900
    clock_unknown_s_max: Annotated[
        Whole,
        Unit("s"),
        Field(ge=600, le=604_800, description="For so long it may be that no host says what time it is."),
    ] = 21_600
    calendar_check: Annotated[
        bool, Field(description="Compare trading days with other sources once a day.")
    ] = True
    dead_man_url: Annotated[
        SecretStr | None,
        Field(
            description="Address that is asked while all is well with the watchdog itself; whoever runs it "
            "alerts when that stops. From KAIPAN_DEAD_MAN_URL.",
            repr=False,
        ),
    ] = None
    dead_man_every_s: Annotated[
        Whole, Unit("s"), Field(ge=10, le=86_400, description="How often it is asked.")
    ] = 60

    @field_validator("dead_man_url")
    @classmethod
    def _address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            web_address(url.get_secret_value())
        return url
