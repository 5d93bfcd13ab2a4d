"""Arithmetic for a model: an expression in, an exact decimal out; nothing else is evaluated. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

EXPRESSION_SIGNS_MAX = 300
DIGITS = 28
"""Significant digits of every step and result."""

_EXPONENT_MAX = 60
_POWER_MAX = 1000
_SIGNS = re.compile(r"[0-9a-zA-Z_.,+\-*/%() ]+")
# A number that runs into a word, of which Python would warn.
_RUN_TOGETHER = re.compile(r"\d[a-df-zA-DF-Z_]|\d[eE](?![+-]?\d)")
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_CONTEXT = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_UP,
    Emin=-_EXPONENT_MAX,
    Emax=_EXPONENT_MAX,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)


class NotArithmetic(ValueError):
    """The expression cannot be worked out; the message says what to mend."""


def calculate(expression: str) -> Decimal:
    """Return the value of an expression of numbers, `+ - * / // % **`, brackets and a few functions.

    The functions are `abs`, `min`, `max`, `round(x, places)` and `sqrt`. Every step is rounded half
    up to `DIGITS` significant digits; `//` and `%` round toward 0.

    Raises:
        NotArithmetic: It is too long, holds anything else, or has no finite value within 1e60.
    """
    if len(expression) > EXPRESSION_SIGNS_MAX or not _SIGNS.fullmatch(expression):
        raise NotArithmetic(
            f"an expression is at most {EXPRESSION_SIGNS_MAX} signs: plain numbers, + - * / // % **, "
            "brackets, abs, min, max, round, sqrt"
        )
    if _RUN_TOGETHER.search(expression):
        raise NotArithmetic("a number runs into letters; write plain numbers such as 1000 or 2.5e3")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        return _value(tree.body, expression.strip())
    except (SyntaxError, MemoryError, RecursionError):
        raise NotArithmetic("the expression cannot be read; check its brackets and operators") from None
    except DecimalException as error:
        raise NotArithmetic(f"there is no such value: {type(error).__name__}") from None


def _value(node: ast.expr, text: str) -> Decimal:
    match node:
        case ast.Constant():
            return _number(text[node.col_offset : node.end_col_offset])
        case ast.UnaryOp(op=ast.USub()):
            return _CONTEXT.minus(_value(node.operand, text))
        case ast.UnaryOp(op=ast.UAdd()):
            return _value(node.operand, text)
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name]([_value(argument, text) for argument in node.args])
    raise NotArithmetic(f"{text[node.col_offset : node.end_col_offset][:40]!r} is not arithmetic")


def _number(written: str) -> Decimal:
    if not _NUMBER.fullmatch(written):
        raise NotArithmetic(f"{written[:40]!r} is no plain number")
    return _CONTEXT.create_decimal(written)


def _power(value: Decimal, exponent: Decimal) -> Decimal:
    if abs(exponent) > _POWER_MAX:
        raise NotArithmetic(f"an exponent is at most {_POWER_MAX}")
    return _CONTEXT.power(value, exponent)


_OPERATORS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: _CONTEXT.add,
    ast.Sub: _CONTEXT.subtract,
    ast.Mult: _CONTEXT.multiply,
    ast.Div: _CONTEXT.divide,
    ast.FloorDiv: _CONTEXT.divide_int,
    ast.Mod: _CONTEXT.remainder,
    ast.Pow: _power,
}


def _some(values: Sequence[Decimal], most: int, name: str) -> Sequence[Decimal]:
    if not 1 <= len(values) <= most:
        raise NotArithmetic(f"{name} takes 1 to {most} values")
    return values


def _rounded(values: Sequence[Decimal]) -> Decimal:
    places = values[1] if len(_some(values, 2, "round")) == 2 else Decimal(0)
    if places != int(places) or not 0 <= places <= 20:
        raise NotArithmetic("round(x, places) takes 0 to 20 places")
    return _CONTEXT.quantize(values[0], Decimal(1).scaleb(-int(places)))


_FUNCTIONS: Mapping[str, Callable[[Sequence[Decimal]], Decimal]] = {
    "abs": lambda values: _CONTEXT.abs(_some(values, 1, "abs")[0]),
    "min": lambda values: min(_some(values, 100, "min")),
    "max": lambda values: max(_some(values, 100, "max")),
    "round": _rounded,
    "sqrt": lambda values: _CONTEXT.sqrt(_some(values, 1, "sqrt")[0]),
}
