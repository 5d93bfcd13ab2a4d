"""The section on the watchdog: what it takes for wrong, how often it looks, and what it does about it."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from services.domain.watched import Watched
from services.settings_values import About, Check, Range, Ratio, Secret, Section, Unit, web_address


def _address(url: Secret) -> Secret:
    web_address(url.reveal())
    return url


class WatchdogSettings(Section, frozen=True, kw_only=True):
    """What the process beside the trading one looks at, and from when on it tells of it."""

    folder: Annotated[
        Path | None,
        About("Where it keeps its own files. Empty: `<data_dir>-watchdog`, beside the folder."),
    ] = None
    look_s: Annotated[int, Unit("s"), Range(ge=1, le=60), About("How often it looks.")] = 15
    repeat_s: Annotated[
        int,
        Unit("s"),
        Range(ge=60, le=604_800),
        About("What lasts is told again after so long."),
    ] = 14_400
    halt_on: Annotated[
        tuple[Watched, ...],
        About("What, found critical, also halts the account until a person lifts it."),
    ] = (Watched.DAILY_LOSS,)
    beat_s_max: Annotated[
        int, Unit("s"), Range(ge=20, le=600), About("For so long the process may say nothing.")
    ] = 60
    starting_s_max: Annotated[
        int,
        Unit("s"),
        Range(ge=30, le=86_400),
        About("For so long it may start, or be unreconciled with the broker."),
    ] = 600
    tick_s_max: Annotated[
        int,
        Unit("s"),
        Range(ge=120, le=86_400),
        About("For so long its loop may be on one turn, a session included."),
    ] = 1200
    open_s_max: Annotated[
        int,
        Unit("s"),
        Range(ge=0, le=86_400),
        About("For so long an order may be unresolved, or differ what the broker holds."),
    ] = 300
    daily_loss_ratio_max: Annotated[
        Ratio | None, About("Loss of a day from which it tells, critical. Empty: none.")
    ] = None
    prices_s_max: Annotated[
        int | None,
        Unit("s"),
        Range(ge=30, le=86_400),
        About("How old prices may be while the market trades. Empty: each slot needs its own."),
    ] = None
    memory_mib_max: Annotated[
        int, Unit("MiB"), Range(ge=64, le=1_048_576), About("Memory of the trading process.")
    ] = 1024
    memory_growth_ratio_max: Annotated[
        Decimal,
        Unit("ratio"),
        Range(gt=0, le=100),
        About("Its growth since ten minutes after its start."),
    ] = Decimal("1")
    cpu_ratio_max: Annotated[
        Decimal,
        Unit("ratio of one processor"),
        Range(gt=0, le=1024),
        About("Its share over ten minutes."),
    ] = Decimal("0.9")
    descriptors_ratio_max: Annotated[
        Ratio, About("Its open files and sockets, of those the system allows it.")
    ] = Decimal("0.8")
    disk_free_mib_min: Annotated[
        int,
        Unit("MiB"),
        Range(ge=10, le=1_048_576),
        About("Free space at the data folder; a tenth of it is critical."),
    ] = 1024
    disk_free_ratio_min: Annotated[
        Decimal, Unit("ratio"), Range(ge=0, lt=1), About("Free share of that file system.")
    ] = Decimal("0.05")
    log_mib_max: Annotated[
        int, Unit("MiB"), Range(ge=1, le=1_048_576), About("Log files in the data folder, together.")
    ] = 1024
    clock_offset_s_max: Annotated[
        float, Unit("s"), Range(gt=0, le=60), About("By how much the clock may be wrong.")
    ] = 2.0
    clock_every_s: Annotated[
        int, Unit("s"), Range(ge=60, le=86_400), About("How often the clock is compared with hosts'.")
    ] = 900
    clock_unknown_s_max: Annotated[
        int,
        Unit("s"),
        Range(ge=600, le=604_800),
        About("For so long it may be that no host says what time it is."),
    ] = 21_600
    calendar_check: Annotated[bool, About("Compare trading days with other sources once a day.")] = True
    dead_man_url: Annotated[
        Secret | None,
        Check(_address),
        About(
            "Address that is asked while all is well with the watchdog itself; whoever runs it "
            "alerts when that stops. From KAIPAN_DEAD_MAN_URL."
        ),
    ] = None
    dead_man_every_s: Annotated[int, Unit("s"), Range(ge=10, le=86_400), About("How often it is asked.")] = 60
