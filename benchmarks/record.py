"""What the record costs: verifying and replaying a session; and what the gate costs.

python -m benchmarks.record [--years 1] [--frequency hourly] [--every 1]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

from msgspec.structs import replace

from benchmarks.backtest import Backtest, Work, backtest
from commands.composition import Panels, instruments_of
from commands.recorded_run import Watch
from commands.replay import lived_again
from commands.stored_account import stored_account
from risk.gate import review
from risk.limits import Desk, Limits
from services.clock import SystemClock, stopwatch_s
from services.domain.bars import Frequency
from services.domain.book import Book
from services.domain.instruments import Market
from services.domain.orders import Intent, SessionId, Side
from services.domain.quotes import PanelSnapshot
from services.journal.sql_store import SqlStore
from services.journal.verify import verify
from services.rules import Commission
from services.slots import local, slots_of

_ORDERS = 5


def bench(work: Work) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder_name:
        ready = backtest(work, Path(folder_name))
        events = ready.run.execute(Watch()).events
        sessions = sum(event.step == "opened" for event in events)
        began_s = stopwatch_s()
        with closing(SqlStore.open_read_only(ready.folder.journal, "main")) as store:
            found = verify(store, ready.folder.audit, "main", SystemClock(), Panels(ready.folder.panels).get)
        verify_s = stopwatch_s() - began_s
        began_s = stopwatch_s()
        stored = replace(ready.settings, data_dir=Path(folder_name))
        with stored_account(stored) as account:
            differences = sum(len(one.differences) for one in lived_again(account, None))
        replay_s = stopwatch_s() - began_s
        return {
            "sessions": sessions,
            "problems": len(found.problems),
            "differences": differences,
            "verify_us_per_session": round(verify_s / sessions * 1e6),
            "replay_us_per_session": round(replay_s / sessions * 1e6),
            "gate_us_per_order": _gate_us(ready),
        }


def _gate_us(ready: Backtest) -> float:
    """Return what one order costs in a review of five buys, quotes included."""
    panel, taken_s, judged = ready.panel, [], 0
    for day in ready.days[1:]:
        slot = slots_of(Market.CN, panel.frequency, day)[0]
        moment = slot.moment + timedelta(seconds=1)
        snapshot = PanelSnapshot(panel=panel, moment=moment)
        desk = Desk(
            session=SessionId("bench"),
            names=("bench", "main", slot.label),
            market=Market.CN,
            day=day,
            moment=moment,
            local=local(moment, Market.CN).time(),
            book=Book(cash_cny=Decimal("1000000.00")),
            snapshot=snapshot,
            first=snapshot,
            watchlist=frozenset(panel.symbols),
            instruments=instruments_of(panel, panel.symbols),
            limits=Limits(),
            commission=Commission(),
            equity_cny=Decimal("1000000.00"),
            day_equity_cny=Decimal("1000000.00"),
        )
        intents = [
            Intent(symbol=symbol, side=Side.BUY, shares=100, index=i)
            for i, symbol in enumerate(panel.symbols[:_ORDERS])
        ]
        began_s = stopwatch_s()
        judged += len(review(intents, desk).approved)
        taken_s.append(stopwatch_s() - began_s)
    if judged < len(taken_s) * _ORDERS * 0.9:
        raise RuntimeError("the gate refused what it was to let through")
    return round(median(taken_s) / _ORDERS * 1e6, 1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, default=50)
    options.add_argument("--years", type=int, default=1)
    options.add_argument("--frequency", default="hourly")
    options.add_argument("--every", type=int, default=1)
    given = options.parse_args()
    work = Work(
        symbols=given.symbols, years=given.years, frequency=Frequency(given.frequency), every=given.every
    )
    print(json.dumps(bench(work)))


if __name__ == "__main__":
    main()
