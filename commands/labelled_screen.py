"""A screen of one account among several: each sentence says first whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.screen import Screen
from commands.wording import tell

if TYPE_CHECKING:
    from rich.console import RenderableType


class LabelledScreen(Screen):
    """A screen that says before each sentence on what goes on whose it is."""

    def __init__(self, screen: Screen, label: str) -> None:
        super().__init__(screen.lang, as_json=screen.as_json)
        self._label = f"{label}:"

    def note(self, key: str, **values: object) -> None:
        """Print a sentence on what goes on with the account."""
        from rich.text import Text

        self.log(key, **values)
        self.show_event(Text(tell(key, self.lang, **values)))

    def show_event(self, renderable: RenderableType) -> None:
        """Print what just happened on the account."""
        self.console.print(self._label, renderable)
