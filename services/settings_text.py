"""A configuration file's text as plain values: YAML, or JSON with `//` comments; numbers stay exact."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

import yaml

from services.settings import SettingsError
from services.text_encoding import first_line_not_utf8

N = TypeVar("N", int, Decimal)
Raw = dict[str, object]

_NUMERIC = list("-+0123456789")
_NO_NUMBER = "a number that cannot be read; write a shorter one"
# Keys are plain: a sentence in Chinese, in a text of several lines, is none.
_WIDE_COLON = re.compile(r"[ -]*[a-z_]+ *：")
_JSON_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*')


def read_raw(path: Path) -> Raw:
    """Return the mapping a file writes: text, int, Decimal, bool, None, lists and mappings.

    A file whose name ends in `.json` or `.jsonc`, or whose text begins with `{` or `//`, is JSON;
    any other is YAML. An empty YAML file is an empty mapping.

    Raises:
        SettingsError: Missing, unreadable, not UTF-8, a syntax error, a key twice, or no mapping.
    """
    text = _text_of(path)
    is_json = path.suffix.lower() in {".json", ".jsonc"} or text.lstrip().startswith(("{", "//"))
    try:
        raw = _from_json(text) if is_json else _from_yaml(text)
    except _Unreadable as problem:
        raise SettingsError(f"{path}: {problem}") from None
    except RecursionError:
        raise SettingsError(f"{path}: nested too deeply; write it flatter") from None
    if raw is None and not is_json:
        return {}
    if not isinstance(raw, dict):
        raise SettingsError(f"{path}: line 1: must be a mapping of keys, such as `mode: paper`")
    return raw


class _Unreadable(ValueError):
    """What is wrong with the text, with its line; never with the text itself, which may hold a secret."""


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        line = first_line_not_utf8(path)
        raise SettingsError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from None
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; name one with --config") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error


def without_comments(text: str) -> str:
    """Return JSON text without its `//` comments; what stands in a string, and every line, stays."""
    return _JSON_TOKEN.sub(lambda token: "" if token[0].startswith("//") else token[0], text)


def _from_json(text: str) -> object:
    try:
        return json.loads(
            without_comments(text),
            parse_int=_whole,
            parse_float=_exact,
            parse_constant=_no_constant,
            object_pairs_hook=_no_key_twice,
        )
    except json.JSONDecodeError as error:
        raise _Unreadable(f"line {error.lineno}: not JSON: {error.msg}") from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _Unreadable(_NO_NUMBER) from None


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _Unreadable(_NO_NUMBER) from None


def _no_constant(name: str) -> object:
    raise _Unreadable(f"{name} is not a number; write a finite one")


def _no_key_twice(pairs: list[tuple[str, object]]) -> Raw:
    found: Raw = {}
    for key, value in pairs:
        if key in found:
            raise _Unreadable(f"key {key!r}: written twice; keep one")
        found[key] = value
    return found


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain values: 09:35 and 000001 stay text, and 0.20 is exact; other tags are refused."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML reads this name off the class.
    yaml_constructors = {  # noqa: RUF012 - as above.
        None: yaml.SafeLoader.construct_undefined,
        "tag:yaml.org,2002:null": yaml.SafeLoader.construct_yaml_null,
        "tag:yaml.org,2002:seq": yaml.SafeLoader.construct_yaml_seq,
        "tag:yaml.org,2002:str": yaml.SafeLoader.construct_yaml_str,
    }

    def exact_mapping(self, node: yaml.Node) -> Raw:
        """Return a mapping with text keys, each once."""
        if not isinstance(node, yaml.MappingNode):
            raise _Unreadable(f"line {node.start_mark.line + 1}: must be a mapping of keys")
        found: Raw = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Unreadable(f"line {line}: a key must be a plain name")
            if key_node.value in found:
                raise _Unreadable(f"line {line}: key {key_node.value!r}: written twice; keep one")
            found[key_node.value] = self.construct_object(value_node, deep=True)
        return found

    def truth(self, node: yaml.ScalarNode) -> bool:
        """Return whether it is `true`."""
        written = self.construct_scalar(node)
        if written not in {"true", "True", "false", "False"}:
            raise _Unreadable(f"line {node.start_mark.line + 1}: must be true or false")
        return written in {"true", "True"}

    def whole_number(self, node: yaml.ScalarNode) -> int:
        """Return the whole number."""
        return self._number(_whole, node)

    def exact_number(self, node: yaml.ScalarNode) -> Decimal:
        """Return the number as written."""
        return self._number(_exact, node)

    def _number(self, read: Callable[[str], N], node: yaml.ScalarNode) -> N:
        try:
            return read(self.construct_scalar(node))
        except _Unreadable as problem:
            raise _Unreadable(f"line {node.start_mark.line + 1}: {problem}") from None


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(~|null|Null|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9]*)$"), _NUMERIC)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$"), _NUMERIC
)
_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.exact_mapping)
_Loader.add_constructor("tag:yaml.org,2002:bool", _Loader.truth)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.whole_number)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.exact_number)


def _mistake(text: str, line: int, problem: str | None) -> str:
    """Return what is wrong at or before a line that is not YAML, and the mend of what is often mistyped."""
    for number, one in enumerate(text.split("\n")[:line], start=1):
        if _WIDE_COLON.match(one):
            return f"line {number}: not YAML: '：' after a key; write ': ', the plain colon and a space"
    mend = "; indent with spaces, no tabs" if "\\t" in (problem or "") else ""
    return f"line {line}: not YAML: {problem}{mend}"


def _from_yaml(text: str) -> object:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _Unreadable(_mistake(text, line, error.problem)) from None
    except yaml.YAMLError as error:
        raise _Unreadable(f"not YAML: {type(error).__name__}; look for unprintable characters") from None
