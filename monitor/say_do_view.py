"""Findings of the say-do check as sentences, as JSON and as a part of the report. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from monitor.plain_text import printable
from monitor.say_do import Finding
from monitor.wording import say

SHOWN_MAX = 200
"""A longer list shows its newest findings and how many there are."""


def sentence(finding: Finding, lang: str) -> str:
    """Return what does not fit, in words; a stranger's words in it are printable and on one line."""
    values = {name: " ".join(printable(value).split()) for name, value in finding.values.items()}
    if "side" in values:
        values["side"] = say(f"side.{values['side']}", lang)
    return say(f"say_do.{finding.kind}", lang, **values)


def findings_as_json(findings: Iterable[Finding], lang: str) -> list[Mapping[str, object]]:
    """Return the findings as a command prints them."""
    return [
        {
            "session": one.session,
            "kind": str(one.kind),
            "hard": one.kind.hard,
            "sentence": sentence(one, lang),
        }
        for one in findings
    ]


def findings_section(findings: Sequence[Finding], lang: str) -> str:
    """Return the findings as HTML, the newest first; a sentence where there are none."""
    if not findings:
        return f'<p class="note">{escape(say("say_do.all_well", lang))}</p>'
    rows = []
    for one in reversed(findings[-SHOWN_MAX:]):
        mark = ' class="bad"' if one.kind.hard else ""
        words = escape(sentence(one, lang))
        rows.append(f"<tr><td>{escape(printable(one.session))}</td><td{mark}>{words}</td></tr>")
    counted = escape(say("say_do.count", lang, count=len(findings)))
    return f'<p class="note">{counted}</p><table class="plain">{"".join(rows)}</table>'
