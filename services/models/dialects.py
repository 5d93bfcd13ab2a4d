"""What the providers' servers understand beside the messages themselves, as a table. Pure.

A dialect belongs to a server, not to a model: what only some of its models can is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How a server is told the form of an answer."""

    SCHEMA = "schema"
    OBJECT = "object"
    TOOL = "tool"
    TEXT = "text"


class ThoughtsBack(StrEnum):
    """How a server wants the thoughts before a tool call to be said again with it."""

    NEVER = "never"
    FIELD = "field"
    IN_CONTENT = "in_content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one kind of server is spoken to.

    `form_with_tools` tells whether tools may be offered while a form is demanded. `bound` is the
    parameter that bounds the tokens of an answer, thoughts included. `forced_choice` tells whether
    `tool_choice` may demand a call. `thinks_aloud` tells that thoughts may stand before the answer in
    the text, between <think> and </think>. `temperature_max` is the highest that is taken;
    `temperature_zero` whether 0 is.
    """

    form: Form
    form_with_tools: bool = False
    bound: str = "max_tokens"
    forced_choice: bool = True
    thinks_aloud: bool = False
    thoughts_back: ThoughtsBack = ThoughtsBack.NEVER
    temperature_max: float = 2.0
    temperature_zero: bool = True


DIALECTS: Mapping[str, Dialect] = {
    # The forms alone, for servers that are no other.
    "json_schema": Dialect(form=Form.SCHEMA, form_with_tools=True),
    "json_object": Dialect(form=Form.OBJECT),
    "tool_call": Dialect(form=Form.TOOL, form_with_tools=True, thinks_aloud=True),
    "compatible": Dialect(form=Form.TEXT, form_with_tools=True, thinks_aloud=True),
    # platform.openai.com: structured outputs; `max_tokens` is refused by its reasoning models.
    "openai": Dialect(form=Form.SCHEMA, form_with_tools=True, bound="max_completion_tokens"),
    # api-docs.deepseek.com, JSON output: the word json must stand in the prompt, and what is no JSON
    # comes as blanks; thinking mode: thoughts must be said again with the calls they led to.
    "deepseek": Dialect(form=Form.OBJECT, thoughts_back=ThoughtsBack.FIELD),
    # DashScope's compatible mode: schemas are known to some models only, and no call can be demanded.
    "qwen": Dialect(form=Form.OBJECT, forced_choice=False),
    # open.bigmodel.cn: temperatures from 0 to 1, no schemas, `tool_choice` auto alone.
    "zhipu": Dialect(form=Form.OBJECT, forced_choice=False, temperature_max=1.0),
    # platform.moonshot: temperatures from 0 to 1; thinking models want their thoughts back.
    "moonshot": Dialect(
        form=Form.OBJECT, forced_choice=False, thoughts_back=ThoughtsBack.FIELD, temperature_max=1.0
    ),
    # platform.minimax.io: neither `response_format` nor `tool_choice`; thoughts stand in the content and
    # must be kept there; temperatures above 0 up to 1.
    "minimax": Dialect(
        form=Form.TEXT,
        form_with_tools=True,
        bound="max_completion_tokens",
        forced_choice=False,
        thinks_aloud=True,
        thoughts_back=ThoughtsBack.IN_CONTENT,
        temperature_max=1.0,
        temperature_zero=False,
    ),
    # Local servers bind the answer by a grammar, under which no tool can be called.
    "ollama": Dialect(form=Form.SCHEMA, forced_choice=False, thinks_aloud=True),
    "vllm": Dialect(form=Form.SCHEMA, thinks_aloud=True),
    "llamacpp": Dialect(form=Form.SCHEMA, forced_choice=False, thinks_aloud=True),
}
"""The dialects by the name that the configuration gives them."""

ALIASES: Mapping[str, str] = {
    "dashscope": "qwen",
    "xllamacpp": "llamacpp",
    "glm": "zhipu",
    "kimi": "moonshot",
}
"""Other names of the same servers."""

ANSWER_TOOL = "answer"
"""The tool by which an answer is given where its form is that of a tool call."""


def dialect_named(name: str) -> Dialect:
    """Return the dialect of that name.

    Raises:
        ValueError: There is none.
    """
    found = DIALECTS.get(ALIASES.get(name, name))
    if found is None:
        raise ValueError(f"dialect {name!r} is not known; there are {', '.join((*DIALECTS, *ALIASES))}")
    return found
