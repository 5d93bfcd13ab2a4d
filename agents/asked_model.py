"""A language model as the configuration has it: who answers for it, and with which parameters."""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.conversation import Message, ModelReply, ModelRequest, ToolSpec
from services.domain.decision import ModelCall
from services.ports import ModelClient


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedModel:
    """A model to be asked.

    `name` is what the configuration calls it, `model` what its provider does, `endpoint` its address
    without secrets. `temperature` and `output_tokens_max` None leave the choice to the server; `extra`
    is a JSON object, as text, of what else it is told.
    """

    name: str
    client: ModelClient
    model: str
    endpoint: str = ""
    dialect: str = ""
    temperature: float | None = None
    output_tokens_max: int | None = None
    extra: str = ""

    def request(
        self, messages: tuple[Message, ...], schema: str = "", tools: tuple[ToolSpec, ...] = ()
    ) -> ModelRequest:
        """Return a request to this model; `schema` is its answer's JSON schema as text, empty for any."""
        return ModelRequest(
            endpoint=self.endpoint,
            model=self.model,
            messages=messages,
            schema=schema,
            tools=tools,
            temperature=self.temperature,
            output_tokens_max=self.output_tokens_max,
            dialect=self.dialect,
            extra=self.extra,
        )


def call_of(request: ModelRequest, reply: ModelReply) -> ModelCall:
    """Return the record of one request: its digest and parameters, and what the reply took."""
    return ModelCall(
        request=request.digest,
        model=reply.model or request.model,
        parameters=_parameters(request),
        finish_reason=reply.finish_reason,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        latency_ms=reply.latency_ms,
        attempts=reply.attempts,
        cost_cny=reply.cost_cny,
    )


def _parameters(request: ModelRequest) -> str:
    """Return the parameters as `name=value` words; what was left to the server is left out."""
    given: dict[str, object] = {
        "endpoint": request.endpoint or None,
        "dialect": request.dialect or None,
        "temperature": request.temperature,
        "output_tokens_max": request.output_tokens_max,
        "extra": request.extra or None,
        "schema": "yes" if request.schema else None,
        "tools": len(request.tools) or None,
    }
    return " ".join(f"{name}={value}" for name, value in given.items() if value is not None)
