"""The section on the debate of several voices."""

from typing import Annotated, Literal

from services.settings_values import About, Distinct, Pattern, Range, Section

_Model = Annotated[str, Pattern(r"([A-Za-z0-9][A-Za-z0-9_.+-]{0,63})?")]
Analyst = Literal["technical", "news", "fundamentals"]


class DebateSettings(Section, frozen=True, kw_only=True):
    """Who speaks in a debate; a voice without a model of its own has that of `debate:MODEL`."""

    rounds: Annotated[
        int, Range(ge=0, le=5), About("How often bull and bear take turns before the trader answers.")
    ] = 1
    analysts: Annotated[
        tuple[Analyst, ...],
        Distinct("each analyst is named once"),
        About(
            "Who reports first. `news` and `fundamentals` are asked only where tools give "
            "them something to go by."
        ),
    ] = ("technical", "news", "fundamentals")
    technical: Annotated[_Model, About("Name of the technical analyst's model.")] = ""
    news: Annotated[_Model, About("Name of the news analyst's model.")] = ""
    fundamentals: Annotated[_Model, About("Name of the fundamental analyst's model.")] = ""
    bull: Annotated[_Model, About("Name of the bull's model.")] = ""
    bear: Annotated[_Model, About("Name of the bear's model.")] = ""
    trader: Annotated[_Model, About("Name of the trader's model, whose last answer counts.")] = ""
    reviewer: Annotated[
        _Model, About("Name of the risk reviewer's model, which can only shrink or veto.")
    ] = ""

    @property
    def models(self) -> frozenset[str]:
        """The names of the models that voices have of their own."""
        voices = (
            self.technical, self.news, self.fundamentals, self.bull, self.bear, self.trader, self.reviewer,
        )  # fmt: skip
        return frozenset(voices) - {""}
