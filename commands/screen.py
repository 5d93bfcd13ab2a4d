"""What a command shows: one JSON object, or lines and tables for a person."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from commands.wording import tell
from services.ports import Log, no_log

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class Screen:
    """Where a command's words go: with `as_json` one object on stdout and nothing else there."""

    def __init__(self, lang: str, *, as_json: bool) -> None:
        self.lang, self.as_json = lang, as_json
        self.log: Log = no_log
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """The console: stdout, or stderr where stdout belongs to the JSON."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=self.as_json, highlight=False, soft_wrap=True)
        return self._console

    def result(self, value: Mapping[str, Any]) -> None:
        """Print the command's one JSON object, if JSON was asked for."""
        if self.as_json:
            sys.stdout.write(printed_json(value) + "\n")
            sys.stdout.flush()

    def failed(self, message: str, code: int) -> None:
        """Print why a command failed: a line on stderr, and the JSON object where one was asked for.

        What no UTF-8 can write, such as a byte of another encoding in an argument, is printed as its escape.
        """
        message = _escaped(message)
        print(message, file=sys.stderr)
        self.result({"error": message, "exit_code": int(code)})

    def line(self, key: str, **values: object) -> None:
        """Print a sentence of the catalogue for a person."""
        if not self.as_json:
            from rich.text import Text

            self.console.print(Text(tell(key, self.lang, **values)))

    def note(self, key: str, **values: object) -> None:
        """Print a sentence on what goes on: on stdout, or on stderr where stdout belongs to the JSON.

        It is in the log too, where there is one.
        """
        from rich.text import Text

        self.log(key, **values)

        self.console.print(Text(tell(key, self.lang, **values)))

    def show_event(self, renderable: RenderableType) -> None:
        """Print what just happened: on stdout, or on stderr where stdout belongs to the JSON."""
        self.console.print(renderable)

    def show(self, renderable: RenderableType) -> None:
        """Print a table or a view for a person."""
        if not self.as_json:
            self.console.print(renderable)

    def sides(self, recorded: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> None:
        """Print two sides of a session, part by part."""
        if self.as_json:
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(show_lines=True)
        table.add_column("")
        table.add_column(tell("replay.recorded", self.lang))
        table.add_column(tell("replay.other", self.lang))
        for part, ours in recorded.items():
            table.add_row(
                tell(f"replay.part.{part}", self.lang),
                Text("\n".join(ours) or "-"),
                Text("\n".join(other[part]) or "-"),
            )
        self.console.print(table)

    @contextmanager
    def waiting(self, key: str, **values: object) -> Iterator[None]:
        """Show that something is under way, where stderr is a terminal."""
        from rich.console import Console

        console = Console(stderr=True)
        if not console.is_terminal:
            yield
            return
        with console.status(tell(key, self.lang, **values)):
            yield

    @contextmanager
    def progress(self, key: str) -> Iterator[Progress]:
        """Show a bar that the yielded object moves, where stderr is a terminal."""
        if not sys.stderr.isatty():
            yield Progress(None, None)
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        console = Console(stderr=True)
        with Bar(*columns, console=console, transient=True) as bar:
            yield Progress(bar, bar.add_task(tell(key, self.lang), total=None))


class Progress:
    """A bar under way, or nothing where `bar` is None."""

    def __init__(self, bar: Any, task: Any) -> None:
        self._bar, self._task = bar, task

    def expect(self, total: int) -> None:
        """Set how many steps there are."""
        if self._bar is not None:
            self._bar.update(self._task, total=total)

    def step(self) -> None:
        """Move on by one."""
        if self._bar is not None:
            self._bar.advance(self._task)


def printed_json(value: Mapping[str, Any]) -> str:
    """Return an object as JSON text; what no UTF-8 can write, such as a byte of a path, is its escape."""
    import orjson

    try:
        written = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except TypeError:
        # Looked for only here: the result of a run can be large, and hardly any holds such a text.
        written = orjson.dumps(_escaped(value), option=orjson.OPT_INDENT_2)
    return written.decode()


def _escaped(value: Any) -> Any:
    """Return a text, or all texts of a value, with the escape of what no UTF-8 can write."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_escaped(key): _escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    return value
