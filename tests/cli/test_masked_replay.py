"""A recorded session decided behind a mask, and what the mask changes, as the commands show it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import answer, call, contents, order
from tests.provider_twin import Asked, Line, ProviderTwin, completion

MONDAY, TUESDAY = "2026-07-13", "2026-07-14"
REAL_CODES = ("605901", "605902", "003901", "301991", "688991")


def shown(asked: Asked) -> list[str]:
    """Return the symbols that the request lets an answer name."""
    schema = asked.body["response_format"]["json_schema"]["schema"]
    found: list[str] = schema["$defs"]["symbol"]["enum"]
    return found


def buys_the_first(asked: Asked, line: Line) -> None:
    body = completion(answer(order("buy", 100, shown(asked)[0])))
    line.respond(200, json.dumps(body).encode())


def buys_what_it_remembers(asked: Asked, line: Line) -> None:
    """Name a real symbol whatever is shown."""
    body = completion(answer(order("buy", 100, "605901.SH")))
    line.respond(200, json.dumps(body).encode())


@pytest.fixture
def twin() -> Iterator[ProviderTwin]:
    with ProviderTwin(buys_the_first) as twin:
        yield twin


@pytest.fixture
def config(tmp_path: Path, twin: ProviderTwin) -> Path:
    model = {"name": "twin", "model": "twin-1", "base_url": twin.url, "dialect": "openai"}
    path = tmp_path / "config.json"
    tools = {"tools": ["quote", "bars"]}
    path.write_text(json.dumps({"agent_type": "llm", "models": [model], "agent_config": tools}))
    return path


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Two days of the demo as the momentum rule decided them."""
    folder = tmp_path / "data"
    ran = call(
        "--mode", "backtest", "--demo", "--frequency", "hourly", "--start", MONDAY, "--end", TUESDAY,
        "--no-report", "--data-dir", folder,
    )  # fmt: skip
    assert ran.code == 0
    return folder


def session_of(folder: Path) -> str:
    listed = call("sessions", "--json", "--data-dir", folder).json["sessions"]
    return str(listed[2]["id"])  # type: ignore[index]  # Plain JSON.


def test_a_masked_replay_asks_about_nothing_real_and_decides_the_real_session(
    recorded: Path, config: Path, twin: ProviderTwin
):
    before, session = contents(recorded / "main"), session_of(recorded)

    ran = call(
        "replay", session, "--agent", "llm:twin", "--masked", "--seed", 5,
        "--config", config, "--data-dir", recorded, "--json",
    )  # fmt: skip

    assert ran.code == 0
    prompt = twin.requests[0].prompt
    assert [code for code in REAL_CODES if code in prompt] == []
    assert re.findall(r"20[0-3]\d-\d\d-\d\d", prompt) == []
    assert "tools" not in twin.requests[0].body
    # What was bought is the first of the real watchlist, under its own name.
    assert ran.json["other"]["decision"] == ["buy 605901.SH 100 buy it"]  # type: ignore[index]  # Plain JSON.
    assert len(ran.json["other"]["fills"]) == 1  # type: ignore[index]
    assert ran.json["mask_seed"] == 5
    assert ran.json["transcript"][0] == {"role": "mask", "content": "seed 5"}  # type: ignore[index]
    assert ran.json["transcript"][1]["content"] == twin.requests[0].body["messages"][0]["content"]  # type: ignore[index]
    assert contents(recorded / "main") == before


def test_a_real_symbol_that_the_mask_did_not_show_buys_nothing(
    recorded: Path, config: Path, twin: ProviderTwin
):
    twin.behaviour = buys_what_it_remembers
    options = ("--agent", "llm:twin", "--config", config, "--data-dir", recorded, "--json")

    plain = call("replay", session_of(recorded), *options)
    masked = call("replay", session_of(recorded), *options, "--masked")

    assert plain.json["other"]["fills"] != []  # type: ignore[index]  # Plain JSON.
    assert masked.json["other"]["fills"] == []  # type: ignore[index]
    assert masked.json["other"]["orders"] == []  # type: ignore[index]
    # Behind the mask it is asked a second time, with what was wrong.
    assert [len(twin.requests), plain.json["mask_seed"]] == [3, None]


def test_what_the_mask_changes_over_sessions_is_shown_in_pairs(
    recorded: Path, config: Path, twin: ProviderTwin
):
    ran = call(
        "arena", "replay", "--from", MONDAY, "--to", TUESDAY, "--agent", "llm:twin", "--masked",
        "--config", config, "--data-dir", recorded, "--json",
    )  # fmt: skip

    assert ran.code == 0
    assert [one["agent"] for one in ran.json["agents"]] == ["llm:twin", "llm:twin (masked)"]  # type: ignore[attr-defined, index]
    (pairs,) = ran.json["masked"]  # type: ignore[misc]  # One agent.
    assert (pairs["agent"], len(pairs["sessions"]), len(twin.requests)) == ("llm:twin", 8, 16)  # type: ignore[index]
    # It buys the first of the list either way: the mask changes nothing.
    assert {one["difference"]["next_mark"] for one in pairs["sessions"][:-1]} == {0.0}  # type: ignore[index]
    assert pairs["total"]["orders"] == 0  # type: ignore[index]


def test_a_mind_that_remembers_is_told_from_one_that_reads(recorded: Path, config: Path, twin: ProviderTwin):
    twin.behaviour = buys_what_it_remembers

    ran = call(
        "arena", "replay", "--from", MONDAY, "--agent", "llm:twin", "--masked",
        "--config", config, "--data-dir", recorded, "--json",
    )  # fmt: skip

    (pairs,) = ran.json["masked"]  # type: ignore[misc]  # One agent.
    assert pairs["total"]["orders"] == -4  # type: ignore[index]  # One buy less in each of the day's sessions.


def test_without_a_mask_nothing_is_paired(recorded: Path, config: Path):
    ran = call(
        "arena", "replay", "--from", MONDAY, "--agent", "llm:twin",
        "--config", config, "--data-dir", recorded, "--json",
    )  # fmt: skip

    assert (ran.json["mask_seed"], ran.json["masked"]) == (None, [])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("replay", "SESSION", "--masked"), "--agent"),
        (("replay", "SESSION", "--masked", "--agent", "rule:momentum"), "--masked"),
        (("arena", "replay", "--from", MONDAY, "--masked", "--agent", "rule:momentum"), "--masked"),
    ],
)
def test_a_mask_for_a_mind_that_reads_nothing_is_one_line(
    recorded: Path, arguments: tuple[str, ...], named: str
):
    session = session_of(recorded)

    ran = call(*(session if one == "SESSION" else one for one in arguments), "--data-dir", recorded)

    assert ran.code == 2
    assert named in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_person_is_shown_what_the_mask_changes(recorded: Path, config: Path, lang: str):
    ran = call(
        "arena", "replay", "--from", MONDAY, "--agent", "llm:twin", "--masked", "--lang", lang,
        "--config", config, "--data-dir", recorded,
    )  # fmt: skip

    assert ran.code == 0
    assert "llm:twin (masked)" in ran.out
