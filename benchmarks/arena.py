"""One slot of an arena of models that all think: how long until every account's session is written.

python -m benchmarks.arena                                 8 models at 3 s each
python -m benchmarks.arena --models 8 --wait 30            the full thing
python -m benchmarks.arena --models 64
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.synthetic_market import market
from commands.arena_entrants import entrants_of
from commands.arena_run import Ended, run_arena
from commands.composition import Panels
from commands.folders import AccountFolder
from commands.opening import Period
from commands.screen import Screen
from services.calendars import MarketCalendar
from services.clock import stopwatch_s
from services.domain.bars import Frequency
from services.domain.instruments import Market
from services.settings import Settings
from services.settings_file import load_settings
from services.settings_places import cache_folder

_ANSWER = json.dumps(
    {
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": '{"rationale":"Wait.","orders":[]}'},
            }
        ],
        "model": "slow",
        "usage": {"prompt_tokens": 4000, "completion_tokens": 20},
    }
).encode()


@contextmanager
def slow_models(wait_s: float) -> Iterator[str]:
    """Yield the address of a server that answers every request after `wait_s`, however many there are."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    ports: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length:" in line
        )
        await reader.readexactly(length)
        await asyncio.sleep(wait_s)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + f"Content-Length: {len(_ANSWER)}\r\n\r\n".encode()
            + _ANSWER
        )
        await writer.drain()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    yield f"http://127.0.0.1:{ports[0]}/v1"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def _settings(models: int, wait_s: float, address: str, data_dir: Path) -> Settings:
    one = {"base_url": address, "model": "slow", "deadline_s": str(wait_s + 60)}
    return load_settings(
        None,
        overrides={
            "mode": "paper",
            "account": "arena",
            "data_dir": str(data_dir),
            "models": [{**one, "name": f"m{number}"} for number in range(models)],
            "agent_config.deadline_s": str(wait_s + 120),
            "agent_config.initial_cash": "1000000.00",
            "arena.baselines": [],
            "arena.parallel_max": str(models),
        },
        environment={},
        dotenv=None,
    )


def _period(data_dir: Path) -> Period:
    """Return the last of a year's days, one slot, over 50 symbols."""
    calendar = MarketCalendar(Market.CN, cache_folder())
    first, last = calendar.known_until.replace(month=1, day=1, year=2025), calendar.known_until
    days = [day for day in calendar.trading_days(first, last) if day.year == first.year]
    panel = market(50, tuple(days), Frequency.DAILY)
    panels = Panels(AccountFolder(data_dir, "arena").panels)
    panels.keep(panel)
    return Period(
        panel=panel,
        watchlist=panel.symbols,
        calendar=calendar,
        panels=panels,
        start=days[-1],
        end=days[-1],
    )


def measure(models: int, wait_s: float) -> float:
    """Return the seconds from the start of a slot until every model's session is on the disk.

    Raises:
        RuntimeError: An account did not come to its end with an answer.
    """
    with slow_models(wait_s) as address, TemporaryDirectory() as folder:
        data_dir = Path(folder)
        settings, period = _settings(models, wait_s, address, data_dir), _period(data_dir)
        entrants = entrants_of(settings, period, (), "off", Screen("en", as_json=True))
        through: list[Ended] = []
        began_s = stopwatch_s()
        asyncio.run(run_arena(entrants, period, settings.arena.parallel_max, through.append))
        took_s = stopwatch_s() - began_s
    answered = sum(one.row.answers is not None and one.row.answers.asked == 1 for one in through)
    if answered != models:
        raise RuntimeError(f"{answered} of {models} models answered: {[one.row.why for one in through]}")
    return took_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", type=int, default=8)
    parser.add_argument("--wait", type=float, default=3.0, help="seconds each model takes")
    given = parser.parse_args()
    measure(1, 0.0)  # A process that trades all day has loaded its libraries long ago.
    took_s = measure(given.models, given.wait)
    print(json.dumps({"models": given.models, "wait_s": given.wait, "slot_s": round(took_s, 2)}))


if __name__ == "__main__":
    main()
