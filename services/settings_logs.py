"""The section on the log of a process that stays up."""

from typing import Annotated

from services.settings_values import About, Range, Section, Unit


class LogSettings(Section, frozen=True, kw_only=True):
    """How large the log file of an account grows, and how many older ones are kept."""

    bytes_max: Annotated[
        int,
        Unit("bytes"),
        Range(ge=10_000, le=1_000_000_000),
        About("A full log file is kept and a new one begun."),
    ] = 10_000_000
    files: Annotated[
        int, Unit("files"), Range(ge=1, le=1000), About("Older log files kept beside the present one.")
    ] = 9
