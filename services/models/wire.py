"""A request as a server of some dialect takes it: the JSON object of a chat completion. Pure."""

from __future__ import annotations

import msgspec

from services.domain.conversation import Message, ModelRequest, Role, ToolCall
from services.models.dialects import ANSWER_TOOL, Dialect, Form, ThoughtsBack

_JSON_WORD = "Answer with one json object."


def payload(request: ModelRequest, dialect: Dialect) -> dict[str, object]:
    """Return the body of the request: parameters a server of that dialect does not know are left out.

    Where tools are offered and it cannot demand a form beside them, none is demanded.
    """
    form = _form(request, dialect)
    tools = [_tool(spec.name, spec.description, spec.parameters) for spec in request.tools]
    if form is Form.TOOL:
        tools.append(_tool(ANSWER_TOOL, "Give your answer.", request.schema))
    body: dict[str, object] = {
        "model": request.model,
        "messages": [*_word_for(form, request), *(_message(said, dialect) for said in request.messages)],
    }
    if tools:
        body["tools"] = tools
    body.update(_demand(form, request, dialect))
    if request.extra:
        body.update(msgspec.json.decode(request.extra, type=dict[str, object]))
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.output_tokens_max is not None:
        body[dialect.bound] = request.output_tokens_max
    return body


def _form(request: ModelRequest, dialect: Dialect) -> Form:
    """Return the form that is demanded of this request's answer."""
    if not request.schema or (request.tools and not dialect.form_with_tools):
        return Form.TEXT
    return dialect.form


def _demand(form: Form, request: ModelRequest, dialect: Dialect) -> dict[str, object]:
    match form:
        case Form.SCHEMA:
            schema = {"name": "decision", "strict": True, "schema": msgspec.json.decode(request.schema)}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case Form.OBJECT:
            return {"response_format": {"type": "json_object"}}
        case Form.TOOL if dialect.forced_choice and request.tools:
            return {"tool_choice": "required"}
        case Form.TOOL if dialect.forced_choice:
            return {"tool_choice": {"type": "function", "function": {"name": ANSWER_TOOL}}}
    return {}


def _word_for(form: Form, request: ModelRequest) -> list[dict[str, object]]:
    """Return the word json as a message of its own, where a server wants it and nobody said it."""
    if form is not Form.OBJECT or any("json" in said.content.lower() for said in request.messages):
        return []
    return [{"role": "system", "content": _JSON_WORD}]


def _tool(name: str, description: str, parameters: str) -> dict[str, object]:
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": msgspec.json.decode(parameters),
        },
    }


def _message(said: Message, dialect: Dialect) -> dict[str, object]:
    if said.role is Role.TOOL:
        return {"role": "tool", "tool_call_id": said.call_id, "content": said.content}
    message: dict[str, object] = {"role": str(said.role), "content": said.content}
    if said.tool_calls:
        message["tool_calls"] = [_call(call) for call in said.tool_calls]
        message.update(_thoughts(said, dialect))
    return message


def _thoughts(said: Message, dialect: Dialect) -> dict[str, object]:
    match dialect.thoughts_back:
        case ThoughtsBack.FIELD if said.reasoning:
            return {"reasoning_content": said.reasoning}
        case ThoughtsBack.IN_CONTENT if said.reasoning:
            return {"content": f"<think>\n{said.reasoning}\n</think>\n\n{said.content}"}
    return {}


def _call(call: ToolCall) -> dict[str, object]:
    return {
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.tool, "arguments": call.arguments},
    }
