"""`python -m tests.firewall`: hostile answers against random books and markets, judged independently.

Progress and findings go to stderr, one JSON object to stdout. Exit status 1 where any order came out
that is outside a limit, or anything crashed.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.firewall.campaign import run_campaign, run_cases, seeded, shown, smallest


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.firewall")
    options.add_argument("--count", type=int, default=100_000, help="answers to try")
    options.add_argument("--seed", type=seeded, default=20261120, help="a number, or `random`")
    options.add_argument("--processes", type=int, default=None, help="all cores where not given")
    options.add_argument("--case", type=int, default=None, help="run this case alone and shrink it")
    chosen = options.parse_args()
    if chosen.case is not None:
        tally = run_cases(chosen.seed, [chosen.case])
        lines = [*tally.failed, smallest(chosen.seed, chosen.case)] if tally.failed else ["no finding"]
        sys.stderr.write("\n".join(lines) + "\n")
        return bool(tally.failed)
    tally, wall_s = run_campaign(chosen.seed, chosen.count, chosen.processes)
    for line in shown(tally, chosen.seed):
        sys.stderr.write(line + "\n")
    print(json.dumps({"seed": chosen.seed, **tally.as_json(wall_s)}, ensure_ascii=False))
    return bool(tally.failed)


if __name__ == "__main__":
    sys.exit(main())
