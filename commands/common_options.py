"""The options that every command takes, before or after its name."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any

import typer

from commands.flags import Account, Config, DataDir, Json, Lang
from services.domain.value import Value


class Common(Value, frozen=True, kw_only=True):
    """The options that every command takes, and what the main job's ones override."""

    data_dir: Path | None
    config: Path | None
    account: str | None
    lang: str | None
    as_json: bool

    def under(self, outer: Common | None) -> Common:
        """Return these options, with those not given taken from before the command's name."""
        if outer is None:
            return self
        return Common(
            data_dir=self.data_dir or outer.data_dir,
            config=self.config or outer.config,
            account=self.account or outer.account,
            lang=self.lang or outer.lang,
            as_json=self.as_json or outer.as_json,
        )

    def overrides(self) -> dict[str, object]:
        """Return the settings the command line states."""
        given = {"data_dir": self.data_dir, "account": self.account, "lang": self.lang}
        return {key: str(value) for key, value in given.items() if value is not None}


def with_common(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes the common options too, and hands them to `command` as its first argument.

    Those given before the command's name count where it does not state them itself.
    """
    shared = signature(_shared, eval_str=True).parameters
    _first, *own = signature(command, eval_str=True).parameters.values()
    context = Parameter("ctx", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *own, *shared.values()]

    def run(ctx: typer.Context, **given: Any) -> None:
        common = Common(**{name: given.pop(name) for name in shared})
        command(common.under(ctx.obj), **given)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # What typer reads.
    return run


def take_common(
    ctx: typer.Context,
    data_dir: DataDir = None,
    config: Config = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Take the common options before the name of a command in a group, and keep them for that command."""
    common = Common(data_dir=data_dir, config=config, account=account, lang=lang, as_json=as_json)
    ctx.obj = common.under(ctx.obj)


def _shared(
    data_dir: DataDir = None,
    config: Config = None,
    account: Account = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Take the common options; only the signature matters."""
