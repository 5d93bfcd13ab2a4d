"""The options that every command takes, before or after its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from commands import flags
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

    Those given before the command's name count where it does not state them itself. A group hands them
    on to the command that follows.
    """

    @flags.data_dir
    @flags.config
    @flags.account
    @flags.lang
    @flags.as_json
    @click.pass_context
    @wraps(command)
    def run(
        ctx: click.Context,
        /,
        data_dir: Path | None,
        config: Path | None,
        account: str | None,
        lang: str | None,
        as_json: bool,
        **own: Any,
    ) -> None:
        common = Common(data_dir=data_dir, config=config, account=account, lang=lang, as_json=as_json)
        ctx.obj = common.under(ctx.obj)
        command(ctx.obj, **own)

    return run


def subcommand_follows() -> bool:
    """Return whether the group that runs is only on the way to one of its commands."""
    return click.get_current_context().invoked_subcommand is not None
