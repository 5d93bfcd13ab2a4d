"""The wall times as a picture: one panel a row, one bar a peer, drawn as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.peers.roster import BARE, OURS, Peer
from benchmarks.peers.rows import Row
from benchmarks.peers.tables import Runs, typical

_NAMES_PX, _BARS_PX, _LINE_PX, _HEAD_PX, _GAP_PX = 150, 250, 19, 34, 26
_PANEL_PX = _NAMES_PX + _BARS_PX + 70
_COLOURS = {OURS: "#c8102e", BARE: "#9a9a9a"}
_OTHERS = "#4472a8"


def plot(runs: Runs, rows: Sequence[Row], peers: Sequence[Peer]) -> str:
    """Return an SVG of the rows, two beside each other, each peer's median wall time in seconds."""
    panels = [(row, times) for row in rows if (times := _sorted(runs, row, peers))]
    height_px = _HEAD_PX + _LINE_PX * len(peers) + _GAP_PX
    parts = []
    for number, (row, times) in enumerate(panels):
        x, y = number % 2 * (_PANEL_PX + _GAP_PX), number // 2 * height_px
        parts.append(f'<g transform="translate({x + 10},{y + 10})">{_panel(row, times)}</g>')
    width_px, whole_px = 2 * _PANEL_PX + _GAP_PX + 20, (len(panels) + 1) // 2 * height_px
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px} {whole_px}" '
        'font-family="system-ui, sans-serif" font-size="12">\n'
        f'<rect width="{width_px}" height="{whole_px}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _sorted(runs: Runs, row: Row, peers: Sequence[Peer]) -> list[tuple[float, str]]:
    times = ((typical(runs, row, peer, lambda of: of.wall_s), peer.name) for peer in peers)
    return sorted((wall_s, name) for wall_s, name in times if wall_s is not None)


def _panel(row: Row, times: list[tuple[float, str]]) -> str:
    longest_s = max(wall_s for wall_s, _ in times)
    lines = [f'<text x="0" y="14" font-weight="600">{escape(row.title)}: wall time, s</text>']
    for number, (wall_s, name) in enumerate(times):
        y, wide = _HEAD_PX + number * _LINE_PX, max(1.0, wall_s / longest_s * _BARS_PX)
        weight = ' font-weight="600"' if name == OURS else ""
        lines += [
            f'<text x="{_NAMES_PX - 8}" y="{y}" text-anchor="end"{weight}>{escape(name)}</text>',
            f'<rect x="{_NAMES_PX}" y="{y - 10}" width="{wide:.1f}" height="12" '
            f'fill="{_COLOURS.get(name, _OTHERS)}"/>',
            f'<text x="{_NAMES_PX + wide + 6:.1f}" y="{y}"{weight}>{wall_s:.2f}</text>',
        ]
    return "\n".join(lines)
