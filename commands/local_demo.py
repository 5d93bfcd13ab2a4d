"""`local-model --demo`: the demo week decided by a real model, then replayed and checked without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from commands.failures import CommandFailed, Exit
from commands.options import RunOptions
from commands.replay import replay
from commands.run import run
from commands.screen import Screen
from commands.stored_account import stored_account
from commands.verify import verify
from monitor.arena_row import Answers, answers_of
from monitor.figures import UNDEFINED
from monitor.summary import summarise
from services.market.atomic_file import write_whole
from services.settings import Settings, SettingsError

Serve = Callable[[int], AbstractContextManager[str]]
"""Starts a server on a port (0: a free one), yields its base URL, and stops it."""


class _Kept(Screen):
    """A screen that keeps the JSON objects of the commands shown on it instead of printing them."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen.lang, as_json=screen.as_json)
        self.kept: list[Mapping[str, Any]] = []

    def result(self, value: Mapping[str, Any]) -> None:
        """Keep the object."""
        self.kept.append(value)


def local_demo(settings: Settings, serve: Serve, screen: Screen, cache: Path | None) -> Exit:
    """Run the week, or go on with one that was cut off; stop the server; replay every session; verify.

    The server has the port that the run began with: its address is part of what the run is known by.

    Raises:
        CommandFailed: The settings ask another model, the server does not start, or what a command says.
    """
    kept = _Kept(screen)
    port_file = settings.data_dir / settings.account / "local-model.port"
    asked = _asked(settings)
    with serve(_port(port_file)) as url:
        screen.line("local.serving", url=url, model=asked)
        write_whole(port_file, [f"{url.rsplit(':', 1)[1].partition('/')[0]}\n".encode()])
        code = run(_asking(settings, url), RunOptions(demo=True, cache=cache), kept)
    if code is not Exit.DONE:
        return code
    screen.line("local.stopped")
    codes = (replay(settings, "all", None, kept), verify(settings, kept))
    with stored_account(settings) as account:
        answers = answers_of(account.events, account.journal.value)
        refusals = summarise(account.events, account.panel, account.journal.value).refusals
    ran, replayed, verified = kept.kept
    screen.result({"model": _figures(answers, refusals), "run": ran, "replay": replayed, "verify": verified})
    _show(answers, refusals, screen)
    return max(codes)


def _port(port_file: Path) -> int:
    """Return the port that the run began with, 0 where it has not begun.

    Raises:
        CommandFailed: The file holds no port.
    """
    if not port_file.exists():
        return 0
    text = port_file.read_text().strip()
    if not text.isdecimal():
        raise CommandFailed(Exit.USAGE, f"{port_file}: holds no port; choose another --data-dir")
    return int(text)


def _asked(settings: Settings) -> str:
    """Return the name of the model that decides.

    Raises:
        CommandFailed: No model does.
    """
    kind, _, name = settings.agent_type.partition(":")
    if kind not in ("llm", "debate"):
        raise CommandFailed(Exit.USAGE, f"agent_type {settings.agent_type}: no model decides; give llm:NAME")
    try:
        return settings.model_for(name or None).name
    except SettingsError as error:
        raise CommandFailed(Exit.USAGE, str(error)) from error


def _asking(settings: Settings, url: str) -> Settings:
    """Return the settings with the deciding model at the server's address."""
    name = _asked(settings)
    models = tuple(
        replace(model, base_url=url, api_key=None) if model.name == name else model
        for model in settings.models
    )
    return replace(settings, models=models)


def _figures(answers: Answers, refusals: Mapping[str, int]) -> dict[str, Any]:
    return {
        "answers": answers.asked,
        "no_answer": answers.faults,
        "bad_answers": dict(answers.bad),
        "refusals": dict(refusals),
        "input_tokens": answers.input_tokens,
        "output_tokens": answers.output_tokens,
        "latency_p50_ms": answers.latency_p50_ms,
        "latency_p95_ms": answers.latency_p95_ms,
    }


def _show(answers: Answers, refusals: Mapping[str, int], screen: Screen) -> None:
    screen.line("local.answers", asked=answers.asked, faults=answers.faults, bad=_counts(answers.bad))
    screen.line("local.refusals", refusals=_counts(refusals))
    screen.line(
        "local.tokens",
        read=answers.input_tokens,
        written=answers.output_tokens,
        p50=_seconds(answers.latency_p50_ms),
        p95=_seconds(answers.latency_p95_ms),
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or UNDEFINED


def _seconds(latency_ms: int | None) -> str:
    return UNDEFINED if latency_ms is None else f"{latency_ms / 1000:.1f} s"
