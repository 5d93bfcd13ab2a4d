"""The section on the log of a process that stays up."""

from typing import Annotated

from pydantic import Field

from services.settings_values import Section, Unit, Whole


class LogSettings(Section):
    """How large the log file of an account grows, and how many older ones are kept."""

    bytes_max: Annotated[
        Whole,
        Unit("bytes"),
        Field(ge=10_000, le=1_000_000_000, description="A full log file is kept and a new one begun."),
    ] = 10_000_000
    files: Annotated[
        Whole, Unit("files"), Field(ge=1, le=1000, description="Older log files kept beside the present one.")
    ] = 9
