"""The models of one account: their servers, the cache of their answers, and the budget they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agents.asked_model import AskedModel
from agents.budgeted import BudgetedAgent
from commands.failures import CommandFailed, Exit
from commands.past import Past
from services.models.answer_store import AnswerStore
from services.models.budget import Budget, BudgetedClient, Purse
from services.models.cached import CachedClient, Counts, LlmMode, Told, untold
from services.models.openai_client import OpenAiClient, endpoint_of
from services.models.prices import Price
from services.ports import Agent
from services.settings import Mode, Settings, SettingsError
from services.settings_models import PriceSettings, extra_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where answers are kept, whether kept ones are used, how often they were, and who is told of trouble."""

    folder: Path
    mode: LlmMode
    counts: Counts = field(default_factory=Counts)
    told: Told = untold


def keeping_of(settings: Settings, mode: LlmMode | None = None, told: Told = untold) -> Keeping:
    """Return how the settings' data folder keeps answers; without a `mode` a backtest reads them first."""
    usual = LlmMode.CACHE if settings.mode is Mode.BACKTEST else LlmMode.LIVE
    return Keeping(folder=settings.data_dir / "llm-cache", mode=mode or usual, told=told)


class ModelDesk:
    """Makes the models that minds of one account ask; all of them draw on one budget."""

    def __init__(self, settings: Settings, keeping: Keeping, past: Past) -> None:
        self._settings, self._keeping = settings, keeping
        given = settings.budget
        budget = Budget(
            tokens_per_session=given.tokens_per_session,
            cny_per_session=given.cny_per_session,
            cny_per_day=given.cny_per_day,
            cny_per_month=given.cny_per_month,
        )
        self._purse = Purse(budget, past.spent, past.takings)

    def model(self, name: str | None) -> AskedModel:
        """Return the enabled model of that name, or the first enabled one where `name` is None.

        Raises:
            CommandFailed: There is none, it cannot be asked as it is configured, or it has no price
                and a budget of money is set.
        """
        asking = self._settings.agent_config
        try:
            model = self._settings.model_for(name)
            purse, price = self._purse, _price(model.price)
            if price is None and purse.budget.of_money:
                raise ValueError(f"model {model.name} has no price, and a budget in CNY is set; add it")
            server = OpenAiClient(
                base_url=model.base_url,
                api_key=model.api_key.reveal() if model.api_key else "",
                name=f"model {model.name}",
                dialect=model.dialect,
                temperature=model.temperature,
                deadline_s=model.deadline_s,
                attempts_max=asking.max_retries,
                first_wait_s=asking.base_delay,
                before_retry=lambda request, lost: client.before_retry(request, lost),
            )
        except SettingsError as error:
            raise CommandFailed(Exit.USAGE, str(error)) from error
        except ValueError as error:
            raise CommandFailed(Exit.USAGE, f"models: {error}") from error
        keeping = self._keeping
        cached = CachedClient(
            server, AnswerStore(keeping.folder), keeping.mode, counts=keeping.counts, told=keeping.told
        )
        client = BudgetedClient(cached, purse, price)
        return AskedModel(
            name=model.name,
            client=client,
            model=model.model,
            endpoint=endpoint_of(model.base_url),
            dialect=model.dialect,
            temperature=model.temperature,
            output_tokens_max=model.output_tokens_max,
            extra=extra_text(model.extra),
        )

    def budgeted(self, agent: Agent) -> Agent:
        """Return the mind, each decision of which is a session of the budget."""
        return BudgetedAgent(agent, self._purse)


def _price(settings: PriceSettings | None) -> Price | None:
    if settings is None:
        return None
    return Price(input_cny=settings.input, output_cny=settings.output, cached_input_cny=settings.cached_input)
