"""What was said between a session and its models, and what it took."""

from __future__ import annotations

import json

from agents.asked_model import AskedModel, call_of
from services.domain.conversation import Message, ModelReply, Role, ToolSpec
from services.domain.decision import ModelCall, RawAnswer, Usage
from services.domain.money import ZERO
from services.ports import AgentFault


class Talk:
    """The transcript of one session, in order, and the record of every request in it.

    `text` is the answer as it stands, None while no model gave one; `model` is who gave it. `fault` is
    what ended the asking before there was one to use, `over_budget` why the first that was forbidden was.
    """

    def __init__(self) -> None:
        self.text: str | None = None
        self.model = ""
        self.transcript: list[dict[str, str]] = []
        self.calls: list[ModelCall] = []
        self.fault = ""
        self.over_budget = ""

    def say(self, message: Message) -> Message:
        """Write down what a model is told, and return it."""
        line = {"role": str(message.role), "content": message.content}
        if message.call_id:
            line["call_id"] = message.call_id
        self.transcript.append(line)
        return message

    async def ask(
        self,
        model: AskedModel,
        messages: list[Message],
        schema: str = "",
        tools: tuple[ToolSpec, ...] = (),
    ) -> ModelReply:
        """Return the model's reply to the messages, written down.

        Raises:
            AgentFault: There is none.
        """
        request = model.request(tuple(messages), schema, tools)
        try:
            reply = await model.client.complete(request)
        except AgentFault as fault:
            if fault.over_budget:
                self.over_budget = self.over_budget or fault.why
            raise
        self.calls.append(call_of(request, reply))
        self.transcript.append(_line(reply))
        return reply

    def stands(self, reply: ModelReply, model: AskedModel) -> None:
        """Let a reply be the answer until a better one comes."""
        self.text, self.model = reply.content, reply.model or model.model

    def failed(self, why: str) -> None:
        """Write down that a model, or the time for it, failed."""
        self.transcript.append({"role": "fault", "content": why})

    def answer(self) -> RawAnswer:
        """Return the answer that stands, with all that was said and the sum of what it took."""
        return RawAnswer(
            text=self.text or "",
            model=self.model or (self.calls[-1].model if self.calls else ""),
            transcript=tuple(self.transcript),
            usage=Usage(
                input_tokens=sum(call.input_tokens for call in self.calls),
                output_tokens=sum(call.output_tokens for call in self.calls),
                latency_ms=sum(call.latency_ms for call in self.calls),
                attempts=sum(call.attempts for call in self.calls),
                cost_cny=sum((call.cost_cny for call in self.calls), ZERO),
            ),
            calls=tuple(self.calls),
            fault=self.fault,
            over_budget=self.over_budget,
        )


def assistant(reply: ModelReply, calls_max: int = 0) -> Message:
    """Return a reply as a message of the conversation, with the first `calls_max` of its tool calls."""
    return Message(
        role=Role.ASSISTANT,
        content=reply.content,
        tool_calls=reply.tool_calls[:calls_max],
        reasoning=reply.reasoning if reply.tool_calls else "",
    )


def _line(reply: ModelReply) -> dict[str, str]:
    line = {"role": "assistant", "content": reply.content, "finish_reason": reply.finish_reason}
    if reply.reasoning:
        line["reasoning"] = reply.reasoning
    if reply.tool_calls:
        calls = [
            {"id": one.call_id, "tool": one.tool, "arguments": one.arguments} for one in reply.tool_calls
        ]
        line["tool_calls"] = json.dumps(calls, ensure_ascii=False)
    return line
