"""`python -m tests.crash.kills`: processes killed by SIGKILL until so many are dead, and what held of it all.

Progress and findings go to stderr, one JSON object to stdout. Exit status 1 where a promise was not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.crash.kills.campaign import Ground, Place, found, on_files, run_kills

PLANTED: Mapping[str, int] = {
    "intent-after-the-send": 10,
    "ask-nobody-after-a-crash": 10,
    "resend-when-unsure": 20,
    "unknown-is-rejected": 20,
    "random-ids": 10,
    "fold-a-fill-twice": 40,
    "skip-the-start": 20,
    "no-halt-after-cannot-tell": 20,
    "a-second-session-for-a-slot": 20,
    "skip-a-slot-silently": 20,
    "end-twice": 20,
}
"""Bugs that a kill brings to light, and how many seeds from 0 on must show each."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.crash.kills")
    options.add_argument("--kills", type=int, default=1000, help="how many processes to kill at least")
    options.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    options.add_argument("--folder", type=Path, help="where the files lie; in memory where not given")
    options.add_argument("--small-disk", action="store_true", help="on disks that really fill up")
    options.add_argument("--planted", action="store_true", help="find every planted bug")
    chosen = options.parse_args()
    if chosen.planted:
        return _planted()
    with ExitStack() as opened:
        place_of = _postgres(opened) if chosen.store == "postgres" else lambda _worker: on_files
        ground = Ground(folder=chosen.folder, small=chosen.small_disk)
        tally, wall_s = run_kills(chosen.kills, chosen.first, chosen.workers, place_of, ground)
    print(json.dumps({"store": chosen.store, **tally.as_json(wall_s)}))
    return bool(tally.failed)


def _postgres(opened: ExitStack) -> Callable[[int], Place]:
    from tests.crash.kills.postgres import postgres_places

    return opened.enter_context(postgres_places())


def _planted() -> int:
    seeds: dict[str, int | None] = {}
    for name, seeds_max in PLANTED.items():
        shown = found(name, seeds_max)
        seeds[name] = shown[0] if shown else None
        sys.stderr.write(f"{name}: {f'seed {shown[0]}: {shown[1]}' if shown else 'not found'}\n")
    print(
        json.dumps(
            {"planted": len(seeds), "found": sum(one is not None for one in seeds.values()), "seeds": seeds}
        )
    )
    return None in seeds.values()


if __name__ == "__main__":
    sys.exit(main())
