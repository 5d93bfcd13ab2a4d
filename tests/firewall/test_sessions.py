"""The same hostile answers through whole sessions, as an operator runs them: command, files and all."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from commands.stored_account import stored_account
from services.domain.events import Closed, Outcome
from services.domain.instruments import Symbol
from services.market.demo import demo_panel
from services.settings import Settings
from tests.firewall.answers import Shown, draw_answer
from tests.replay.finished import lived, ran, settings_in, verified

SESSIONS = 20
"""Four a day on the five days of the demo."""
MEGABYTE = 1_000_000
RISK = {
    "risk_control.max_single_position_ratio": "0.25",
    "risk_control.orders_per_session_max": "6",
    "risk_control.max_gross_ratio": "0.8",
}


def shown() -> tuple[Shown, ...]:
    """Return what a mind would know of the demo's symbols on the first morning."""
    panel = demo_panel()
    return tuple(
        Shown(
            symbol=Symbol(symbol),
            last=(last := Decimal(repr(float(panel.close[0, column])))),
            tick=(tick := Decimal("0.001") if symbol[:1] in "15" else Decimal("0.01")),
            held=0,
            lowest=(last * Decimal("0.9")).quantize(tick),
            highest=(last * Decimal("1.1")).quantize(tick),
        )
        for column, symbol in enumerate(panel.symbols)
        if panel.close[0, column] > 0
    )


def script(folder: Path, texts: list[str]) -> Path:
    """Write a script of answers; half a surrogate pair is written as its escape."""
    path = folder / "hostile.jsonl"
    path.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="ascii")
    return path


def lived_through(folder: Path, texts: list[str], mode: str = "paper") -> Settings:
    """Return the settings of an account whose mind said those texts, one a session."""
    named = f"scripted:{script(folder, texts)}"
    return ran(settings_in(folder / "data", mode=mode, agent_type=named, **RISK), demo=True)


def outcomes(settings: Settings) -> Counter[Outcome]:
    with stored_account(settings) as stored:
        closed = [stored.journal.value(one) for one in stored.journal.events if one.step == "closed"]
    return Counter(one.outcome for one in closed if isinstance(one, Closed))


@pytest.mark.parametrize("mode", ["paper", "backtest"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_session_ends_and_the_account_verifies_and_replays(
    tmp_path: Path, mode: str, seed: int
) -> None:
    rng = Random(f"sessions/{seed}")
    known = shown()
    answers = [draw_answer(rng, known) for _ in range(SESSIONS)]

    settings = lived_through(tmp_path, [one.text for one in answers], mode)

    ended = outcomes(settings)
    assert ended.total() == SESSIONS
    assert set(ended) <= {Outcome.DONE, Outcome.NO_TRADE, Outcome.RISK_ONLY}
    assert ended[Outcome.RISK_ONLY] >= 3
    assert ended[Outcome.DONE] >= 1
    assert verified(settings)[0] == 0
    assert [one.differences for one in lived(settings)] == [()] * SESSIONS


def test_an_answer_of_ten_megabytes_is_a_bad_one_and_is_not_kept_whole(tmp_path: Path) -> None:
    enormous = '{"rationale": "' + "长" * (10 * MEGABYTE // 3) + '", "orders": []}'

    settings = lived_through(tmp_path, [enormous, enormous])

    kept = sum(one.stat().st_size for one in settings.data_dir.rglob("*") if one.is_file())
    assert kept < 4 * MEGABYTE
    assert outcomes(settings)[Outcome.RISK_ONLY] == 2
    assert verified(settings)[0] == 0
    assert all(not one.differences for one in lived(settings))


def test_half_of_a_surrogate_pair_goes_through_a_session(tmp_path: Path) -> None:
    settings = lived_through(tmp_path, ['{"rationale": "\ud800", "orders": []}'])

    assert outcomes(settings)[Outcome.RISK_ONLY] == 1
    assert verified(settings)[0] == 0
