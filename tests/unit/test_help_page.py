"""How a text of the help is parted into lines: counted in columns, of which a Chinese character takes two."""

import pytest

from commands.help_page import HelpPage, wrapped


@pytest.mark.parametrize(("text", "width", "lines"), [
    ("", 10, [""]),
    ("one two three", 13, ["one two three"]),
    ("one two three", 12, ["one two", "three"]),
    ("one two three", 7, ["one two", "three"]),
    ("extraordinarily so", 5, ["extraordinarily", "so"]),  # a word is never broken
    ("交易时段", 8, ["交易时段"]),
    ("交易时段", 7, ["交易时", "段"]),
    ("交易，时段", 5, ["交", "易，", "时段"]),  # no line begins with a comma
    ("交易（时段）", 6, ["交易", "（时", "段）"]),  # none ends with what opens
    ("周期 60m 的 K 线", 8, ["周期 60m", "的 K 线"]),
    ("见history:1d。", 8, ["见", "history:1d。"]),
])  # fmt: skip
def test_a_text_is_parted_where_it_may_be(text: str, width: int, lines: list[str]):
    assert wrapped(text, width) == lines


def test_a_heading_that_nobody_translated_stands_as_it_is():
    page = HelpPage()

    page.write_heading("Arguments")

    assert page.getvalue() == "Arguments:\n"
