"""`python -m tests.simulation`: whole histories of an account, one from each seed, and what held of them.

Progress and findings go to stderr, one JSON object to stdout. Exit status 1 where a promise was not kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.simulation.campaign import found, run_campaign
from tests.simulation.life import lived
from tests.simulation.planted import TABLE
from tests.simulation.promises import violations


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.simulation")
    options.add_argument("--seeds", type=int, default=2000, help="how many histories to live")
    options.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    options.add_argument("--processes", type=int, default=None, help="all cores where not given")
    options.add_argument("--seed", type=int, default=None, help="live this one alone")
    options.add_argument("--trace", action="store_true", help="with --seed: print every touch")
    options.add_argument("--planted", action="store_true", help="find every planted bug")
    chosen = options.parse_args()
    if chosen.seed is not None:
        return _one(chosen.seed, trace=chosen.trace)
    if chosen.planted:
        return _planted()
    of = commit()
    tally, wall_s = run_campaign(chosen.first, chosen.seeds, chosen.processes, of)
    print(json.dumps({"commit": of, **tally.as_json(chosen.first, wall_s)}, ensure_ascii=False))
    return bool(tally.failed)


def _one(seed: int, *, trace: bool) -> int:
    outside = lived(seed, trace=trace)
    if outside.trace is not None:
        sys.stderr.write(f"{outside.scenario.kind}\n{outside.scenario.weather}\n{outside.scenario.acts}\n")
        sys.stderr.write("\n".join(outside.trace) + "\n")
    broken = [str(one) for one in violations(outside)]
    sys.stderr.write("".join(f"seed {seed}, commit {commit()}: {one}\n" for one in broken))
    print(json.dumps({"seed": seed, "violations": broken}, ensure_ascii=False))
    return bool(broken)


def _planted() -> int:
    seeds: dict[str, int | None] = {}
    for name, bug in TABLE.items():
        shown = found(name)
        seeds[name] = shown[0] if shown else None
        how = f"seed {shown[0]}: {shown[1]}" if shown else f"not found within {bug.seeds_max} seeds"
        sys.stderr.write(f"{name}: {how}\n")
    shown_in = sum(seed is not None for seed in seeds.values())
    print(json.dumps({"planted": len(seeds), "found": shown_in, "seeds": seeds}))
    return None in seeds.values()


def commit() -> str:
    """Return the commit that is checked out, `+` where files differ from it; empty outside of git."""
    git = ["git", "-C", str(Path(__file__).parents[2]), "describe", "--always", "--dirty=+"]
    try:
        return subprocess.run(git, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
