"""An option stands above its command and its type in the signature: no type checker compares the two."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import click
import pytest

import run_live
from commands.common_options import Common
from commands.families import COMMANDS

VALUES = {
    click.Path: Path.__name__,
    click.DateTime: datetime.__name__,
    click.IntRange: int.__name__,
    type(click.INT): int.__name__,
    type(click.STRING): str.__name__,
    type(click.BOOL): bool.__name__,
}


def value_of(one: click.Parameter) -> str:
    """Return the type of the value that a command is given for an option or an argument."""
    kind = next(VALUES[parent] for parent in type(one.type).__mro__ if parent in VALUES)
    if one.nargs == -1 or (isinstance(one, click.Option) and one.multiple):
        return f"Sequence[{kind}]"
    sure = one.required or isinstance(one.default, (str, int)) or getattr(one, "is_flag", False)
    return kind if sure else f"{kind} | None"


def mismatches(command: click.Command) -> Iterator[str]:
    assert command.callback is not None
    first, *taken = inspect.signature(inspect.unwrap(command.callback)).parameters.values()
    wanted = {one.name: str(one.annotation) for one in taken}
    shared = Common.__struct_fields__ if first.annotation == "Common" else ()
    given = {str(one.name): value_of(one) for one in command.params if one.name not in shared}
    for name in sorted({*given, *wanted}):
        if given.get(name) != wanted.get(name):
            yield f"{command.name} {name}: declared {given.get(name)}, taken {wanted.get(name)}"


def below(commands: Mapping[str, click.Command]) -> Iterator[click.Command]:
    for one in commands.values():
        yield one
        if isinstance(one, click.Group):
            yield from below(one.commands)


def test_every_command_takes_what_its_options_give():
    commands = [run_live.app, *below(COMMANDS)]

    assert len(commands) > 40
    assert [found for one in commands for found in mismatches(one)] == []


@pytest.mark.parametrize(("option", "found"), [
    (click.option("--days", type=int), "x days: declared int | None, taken int"),
    (click.option("--days", default="3"), "x days: declared str, taken int"),
    (click.option("--days", type=int, multiple=True), "x days: declared Sequence[int], taken int"),
    (click.option("--hours", "days", type=int, required=True), None),
])  # fmt: skip
def test_a_type_that_is_not_the_options_would_be_seen(
    option: Callable[[Callable[..., None]], Callable[..., None]], found: str | None
):
    @click.command("x")
    @option
    @click.pass_context
    def command(ctx: click.Context, days: int) -> None:
        """Take a number."""

    assert list(mismatches(command)) == ([] if found is None else [found])
