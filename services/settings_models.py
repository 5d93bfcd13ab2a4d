"""The sections on what models cost and may take."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.settings_values import Number, Section, Unit, Whole

_PerMillion = Annotated[Number, Unit("CNY per million tokens"), Field(ge=0, le=1_000_000)]
_Cny = Annotated[Number, Unit("CNY"), Field(gt=0, le=1_000_000)]


class PriceSettings(Section):
    """What a model's tokens cost; as the provider's price list says it."""

    input: Annotated[_PerMillion, Field(description="Tokens read.")]
    output: Annotated[_PerMillion, Field(description="Tokens written, its thoughts included.")]
    cached_input: Annotated[
        _PerMillion | None,
        Field(description="Tokens read that the provider had in its own cache. Empty: as `input`."),
    ] = None


class BudgetSettings(Section):
    """What an account's models may take; a request that might go beyond it is not made."""

    tokens_per_session: Annotated[
        Whole | None,
        Unit("tokens"),
        Field(gt=0, description="Most tokens of one session, read and written. Empty: no limit."),
    ] = None
    cny_per_session: Annotated[
        _Cny | None, Field(description="Most that one session may cost. Empty: no limit.")
    ] = None
    cny_per_day: Annotated[
        _Cny | None, Field(description="Most that the sessions of a trading day may cost. Empty: no limit.")
    ] = None
    cny_per_month: Annotated[
        _Cny | None,
        Field(description="Most that the sessions of a calendar month may cost. Empty: no limit."),
    ] = None
