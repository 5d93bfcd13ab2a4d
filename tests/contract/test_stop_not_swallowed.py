"""A command to stop reaches the account also after a restore, a lost list, and a list put back as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from commands.failures import CommandFailed, Exit
from commands.halts import Said, halt, lift
from commands.screen import Screen
from commands.stored_account import journal_place
from commands.taking import Patience
from services.clock import VirtualClock
from services.domain.inbox import Scope
from services.journal.database import open_for_writing
from services.journal.inbox import INBOX_NAME
from services.journal.sql_store import SqlStore
from services.settings import Settings
from tests.command_line import call
from tests.unit.staying_up import FRIDAY, HOLDS, WATCHED, Process, friday, settings_in, ticks
from tests.unit.world import answer, order

BUY = answer(order("buy", WATCHED, 200))  # type: ignore[arg-type]  # A symbol.

Place = Callable[[str], Settings]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A function that returns the settings of an account in a data folder, or database, of that name."""
    if request.param == "sqlite":
        return lambda name: settings_in(tmp_path / name)
    urls: dict[str, str] = {}

    def settings(name: str) -> Settings:
        if name not in urls:
            urls[name] = request.getfixturevalue("new_database")()
        return settings_in(tmp_path / name, journal_url=urls[name])

    return settings


def put(settings: Settings, scope: Scope, *words: str) -> None:
    """Say words as a person does; nobody is waited for."""
    patience = Patience(clock=VirtualClock(FRIDAY), wait_s=0)
    for word in words:
        say = halt if word == "halt" else lift
        assert say(settings, Said(scope=scope, why="w"), Screen("en", as_json=False), patience) is Exit.DONE


def events(settings: Settings) -> list[tuple[str, str]]:
    """Return step and body of every event."""
    where = journal_place(settings, Process(settings).folder)
    with closing(SqlStore.open_read_only(where, "main")) as store:
        return [(one.step, one.body) for one in store.events()]


def orders(settings: Settings) -> int:
    """Return how many orders ever left."""
    return sum(step.startswith("sent:") and "withheld" not in body for step, body in events(settings))


def began(settings: Settings, scope: Scope) -> None:
    """Let an account take a halt and a lift, and come to rest."""
    Process(settings, HOLDS).live(ticks("10:01"))
    put(settings, scope, "halt", "lift")
    Process(settings, HOLDS, now=friday("10:02")).live(ticks("10:03"))
    assert sum(step.startswith(f"command:{scope}:") for step, _ in events(settings)) == 2


def buys(settings: Settings) -> int:
    """Let the account live over two slots with a mind that buys in each; return the orders that left."""
    Process(settings, BUY, BUY, BUY, now=friday("10:30")).live(ticks("10:35", "11:35"))
    return orders(settings)


def moved(settings: Settings, into: Settings, tmp_path: Path) -> None:
    """Back the account up and restore it elsewhere."""
    configs = []
    for number, one in enumerate((settings, into)):
        config = tmp_path / f"{number}.yaml"
        url = "" if one.journal_url is None else f'journal_url: "{one.journal_url.reveal()}"\n'
        config.write_text(f"frequency: hourly\n{url}", encoding="utf-8")
        configs.append(config)
    made = call(
        "backup", "--config", configs[0], "--data-dir", settings.data_dir, "--to", tmp_path / "kept", "--json"
    )
    assert made.code == 0, made.err
    back = call("restore", str(made.json["file"]), "--config", configs[1], "--data-dir", into.data_dir)
    assert back.code == 0, back.err


def lose(settings: Settings) -> None:
    """Remove every list of commands."""
    for path in settings.data_dir.rglob(INBOX_NAME):
        path.unlink()
    if settings.journal_url is not None:
        changed(settings, "DROP TABLE commands", "DROP TABLE command_marks")


def changed(settings: Settings, *statements: str) -> None:
    where = journal_place(settings, Process(settings).folder)
    files = [where] if isinstance(where, str) else list(settings.data_dir.rglob(INBOX_NAME))
    for one in files:
        with closing(open_for_writing(one, wal=False)) as database, database.transaction("c") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


def test_without_a_halt_it_buys(place: Place):
    began(place("one"), Scope.HERE)

    assert buys(place("one")) == 1  # That of 11:35 waits for 13:00.


@pytest.mark.parametrize("scope", list(Scope))
def test_a_halt_after_a_restore_lets_no_order_leave(place: Place, scope: Scope, tmp_path: Path):
    began(place("one"), scope)
    moved(place("one"), place("two"), tmp_path)

    put(place("two"), scope, "halt")

    assert buys(place("two")) == 0


@pytest.mark.parametrize("scope", list(Scope))
def test_a_halt_that_nobody_took_before_the_backup_is_restored_with_it(
    place: Place, scope: Scope, tmp_path: Path
):
    began(place("one"), scope)
    put(place("one"), scope, "halt")
    moved(place("one"), place("two"), tmp_path)

    assert buys(place("two")) == 0
    put(place("two"), Scope.HERE, "lift")


@pytest.mark.parametrize("scope", list(Scope))
def test_a_halt_after_the_lists_were_lost_lets_no_order_leave_and_can_be_lifted(place: Place, scope: Scope):
    began(place("one"), scope)
    lose(place("one"))

    put(place("one"), scope, "halt")
    assert buys(place("one")) == 0

    lose(place("one"))
    put(place("one"), scope, "lift")
    Process(place("one"), BUY, BUY, BUY, now=friday("14:00")).live(ticks("14:05"))
    assert orders(place("one")) == 1


@pytest.mark.parametrize("scope", list(Scope))
def test_a_list_that_was_cut_withholds_all_orders_until_a_person_lifts_that(place: Place, scope: Scope):
    began(place("one"), scope)
    cut = ("DELETE FROM commands WHERE seq > 1", "DELETE FROM command_marks WHERE seq > 1")
    changed(place("one"), *cut)

    assert buys(place("one")) == 0
    assert [body for step, body in events(place("one")) if "cut-" in step and '"alert"' in body] != []
    put(place("one"), Scope.HERE, "lift")
    Process(place("one"), BUY, BUY, BUY, now=friday("14:00")).live(ticks("14:05"))
    assert orders(place("one")) == 1


def test_a_halt_put_to_a_list_that_was_cut_is_taken_though_its_number_was_given_before(place: Place):
    began(place("one"), Scope.HERE)
    cut = ("DELETE FROM commands WHERE seq > 1", "DELETE FROM command_marks WHERE seq > 1")
    changed(place("one"), *cut)

    put(place("one"), Scope.HERE, "halt")  # Number 2, as the lift before it.
    Process(place("one"), HOLDS, now=friday("10:04")).live(ticks("10:05"))

    taken = [step.split(":")[2] for step, _ in events(place("one")) if step.startswith("command:here:")]
    assert taken == ["1", "2", "2", "2"]  # A halt and a lift; what says that the list was cut; the halt.


# Whether it was taken is told.


def test_a_halt_waits_until_a_process_that_is_there_has_taken_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("commands.ticking.INBOX_LOOK_S", 0.01)
    told: list[str] = []

    def say(process: Process, word: str) -> None:
        capsys.readouterr()
        patience = Patience(clock=process.clock)
        what = halt if word == "halt" else lift
        what(process.settings, Said(scope=Scope.HERE, why="w"), Screen("en", as_json=True), patience)
        told.append(capsys.readouterr().out)

    async def act(process: Process) -> None:
        await asyncio.to_thread(say, process, "halt")
        await asyncio.to_thread(say, process, "lift")

    Process(settings_in(tmp_path)).live(act)

    assert ['"outcome": "taken"' in one for one in told] == [True, True]


def test_a_halt_that_is_not_taken_is_said_to_be_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def held_up(everywhere: bool) -> Callable[[Process], Awaitable[None]]:
        async def act(process: Process) -> None:
            async with process.up._ticker._turn:  # A session is under way.
                patience = Patience(clock=process.clock, wait_s=0.5)
                said = Said(scope=Scope.EVERYWHERE if everywhere else Scope.HERE, why="w")
                args = (process.settings, said, Screen("en", as_json=False), patience)
                assert await asyncio.to_thread(halt, *args) is Exit.DONE

        return act

    for everywhere in (False, True):
        capsys.readouterr()
        Process(settings_in(tmp_path)).live(held_up(everywhere))

        assert "main: its process has NOT taken it yet" in capsys.readouterr().out


def test_a_halt_waits_for_nobody_where_no_process_is(tmp_path: Path):
    Process(settings_in(tmp_path)).live()

    done = call("halt", "--why", "w", "--data-dir", tmp_path, "--json")

    assert done.json["accounts"] == [{"account": "main", "outcome": "waits"}]


def test_a_lift_of_what_no_list_and_no_journal_holds_is_refused(tmp_path: Path):
    Process(settings_in(tmp_path)).live()

    with pytest.raises(CommandFailed):
        lift(settings_in(tmp_path), Said(scope=Scope.EVERYWHERE, why="w"), Screen("en", as_json=False))
