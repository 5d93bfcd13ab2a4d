"""A page of --help: plain text that fits the terminal, in English or in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

from commands.manual import said

_WIDE = re.compile("[\u2e80-\u9fff\uff00-\uff60]")
# What stays together: a word, or a Chinese character, with the marks that may not be parted from it.
_PIECES = re.compile(
    r"\s*[（《「]*(?:[^\s\u2e80-\u9fff\uff00-\uff60]+|[^\s（《「])[，。；：、）》」]*|\s*[（《「]+$"
)
_EXTRA = re.compile(r"\[[^\[\]]*\]$")
_IN_CHINESE = {"Options": "选项", "Commands": "命令", "Positional arguments": "参数", "Examples": "示例"}


class HelpPage(click.HelpFormatter):
    """A page whose lines are counted in columns: a Chinese character takes two, and may end a line."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how the command is called."""
        super().write_usage(prog, args, prefix or said("Usage: ", "用法："))

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        self.write(said(f"{heading}:", f"{_IN_CHINESE.get(heading, heading)}：") + "\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs, which an empty line parts."""
        indent = " " * self.current_indent
        paragraphs = (wrapped(one, self.width - self.current_indent) for one in text.split("\n\n"))
        self.write("\n\n".join("\n".join(indent + line for line in lines) for lines in paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and, beside them, what is told of each."""
        rows = list(rows)
        indent = " " * self.current_indent
        first = min(max(len(name) for name, _told in rows), col_max) + col_spacing
        for name, told in rows:
            lines = wrapped(
                said(told, _EXTRA.sub(_in_chinese, told)), self.width - self.current_indent - first
            )
            if len(name) + col_spacing > first and told:
                self.write(f"{indent}{name}\n")
                name = ""
            for line in lines:
                self.write(f"{indent}{name:{first}}{line}".rstrip() + "\n")
                name = ""


def _in_chinese(extra: re.Match[str]) -> str:
    """Return what stands behind an option, its default and whether it is asked for, in Chinese."""
    return extra[0].replace("default: ", "默认：").replace("required", "必填").replace("; ", "；")


def wrapped(text: str, width: int) -> list[str]:
    """Return a text's lines, no wider than `width` columns unless one word is; at least one line."""
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if line and _columns(line + piece) > width:
            lines.append(line)
            piece = piece.lstrip()
        else:
            piece = line + piece
        line = piece
    return [*lines, line]


def _columns(text: str) -> int:
    return len(text) + len(_WIDE.findall(text))
