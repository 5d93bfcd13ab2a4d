"""What every HTML page of ours is made of, so that it needs nothing else, not even a network."""

from __future__ import annotations

import json
from importlib.resources import files

from monitor.json_value import Json

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
"""The Content-Security-Policy of a page: it loads nothing."""


def script_json(value: Json) -> str:
    """Return JSON that cannot end the script element it stands in."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        written = written.replace(char, f"\\u{ord(char):04x}")
    return written


def plotly() -> str:
    """Return the charting library's own text, as its package ships it."""
    source = files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    return source.replace("</script", "<\\/script")
