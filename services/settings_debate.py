"""The section on the debate of several voices."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from services.settings_values import Section, Whole

_Model = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.+-]{0,63})?$")]
Analyst = Literal["technical", "news", "fundamentals"]


class DebateSettings(Section):
    """Who speaks in a debate; a voice without a model of its own has that of `debate:MODEL`."""

    rounds: Annotated[
        Whole, Field(ge=0, le=5, description="How often bull and bear take turns before the trader answers.")
    ] = 1
    analysts: Annotated[
        tuple[Analyst, ...],
        Field(
            description="Who reports first. `news` and `fundamentals` are asked only where tools give "
            "them something to go by."
        ),
    ] = ("technical", "news", "fundamentals")
    technical: Annotated[_Model, Field(description="Name of the technical analyst's model.")] = ""
    news: Annotated[_Model, Field(description="Name of the news analyst's model.")] = ""
    fundamentals: Annotated[_Model, Field(description="Name of the fundamental analyst's model.")] = ""
    bull: Annotated[_Model, Field(description="Name of the bull's model.")] = ""
    bear: Annotated[_Model, Field(description="Name of the bear's model.")] = ""
    trader: Annotated[_Model, Field(description="Name of the trader's model, whose last answer counts.")] = ""
    reviewer: Annotated[
        _Model, Field(description="Name of the risk reviewer's model, which can only shrink or veto.")
    ] = ""

    @field_validator("analysts")
    @classmethod
    def _once_each(cls, analysts: tuple[Analyst, ...]) -> tuple[Analyst, ...]:
        if len(set(analysts)) < len(analysts):
            raise ValueError("each analyst is named once")
        return analysts
