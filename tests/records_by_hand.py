"""Records and prices written by hand, for the audit."""

import json
from decimal import Decimal
from pathlib import Path

from monitor.foreign_record import ForeignRecord, read_record
from monitor.record_audit import RecordAudit
from monitor.record_prices import LabelledPrices
from monitor.record_strict import audit_strict
from services.domain.bars import Adjustment
from services.market.price_files import load_prices
from services.rules import Commission

MAIN, STAR, ST = "600000.SH", "688001.SH", "600001.SH"
THU, FRI, MON, TUE = "2025-10-09", "2025-10-10", "2025-10-13", "2025-10-14"

Bar = tuple[str, str, str, str, str]


def priced(
    folder: Path,
    bars: dict[str, dict[str, Bar]],
    names: dict[str, str] | None = None,
    facts: dict[str, object] | None = None,
    adjustment: Adjustment | None = Adjustment.RAW,
) -> LabelledPrices:
    """Return prices of bars (open, high, low, close, volume) by symbol and label."""
    lines = []
    for symbol, series in bars.items():
        hourly = " " in next(iter(series))
        lines.append(
            {
                "Meta Data": {"2. Symbol": symbol, "2.1. Name": (names or {}).get(symbol, "")},
                f"Time Series ({'60min' if hourly else 'Daily'})": {
                    label: {
                        "1. buy price": bar[0],
                        "2. high": bar[1],
                        "3. low": bar[2],
                        "4. sell price": bar[3],
                        "5. volume": bar[4],
                    }
                    for label, bar in series.items()
                },
            }
        )
    path = folder / "prices.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    if facts is not None:
        path.with_name("prices.jsonl.meta.json").write_text(json.dumps(facts), encoding="utf-8")
    return LabelledPrices(load_prices(path, cache_dir=None, adjustment=adjustment))


def flat(price: str = "10.00") -> Bar:
    """Return a bar that opens and closes at one price and moved around it."""
    return price, "10.50", "9.50", price, "100000"


def four_days(folder: Path, symbol: str = MAIN, **bars: Bar) -> LabelledPrices:
    return priced(folder, {symbol: {THU: flat(), FRI: flat(), MON: flat(), TUE: flat()}})


class Record:
    """Writes a record line by line, each following from the one before unless told otherwise."""

    def __init__(self, cash: str = "100000.0", day: str = THU, **positions: int) -> None:
        self.rows: list[dict[str, object]] = [{"date": day, "id": 0, "positions": {"CASH": float(cash)}}]
        self.cash, self.held = Decimal(cash), dict(positions)
        self.rows[0]["positions"] = {**self.held, "CASH": float(self.cash)}

    def trade(
        self, side: str, symbol: str, shares: int, day: str, price: str = "10.00", **more: object
    ) -> "Record":
        sign = 1 if side == "buy" else -1
        self.cash -= Decimal(price) * shares * sign
        self.held[symbol] = self.held.get(symbol, 0) + shares * sign
        self.rows.append(
            {
                "date": day,
                "id": len(self.rows),
                "this_action": {"action": side, "symbol": symbol, "amount": shares},
                "positions": {**self.held, "CASH": float(self.cash)},
                **more,
            }
        )
        return self

    def rest(self, day: str) -> "Record":
        self.rows.append(
            {
                "date": day,
                "id": len(self.rows),
                "this_action": {"action": "no_trade", "symbol": "", "amount": 0},
                "positions": {**self.held, "CASH": float(self.cash)},
            }
        )
        return self

    def moved(
        self, action: str, symbol: str, day: str, *, shares: int = 0, cash: str = "0.00", **more: object
    ) -> "Record":
        """Add a dividend, bonus shares or an adjustment."""
        self.cash += Decimal(cash)
        self.held[symbol] = self.held.get(symbol, 0) + shares
        self.rows.append(
            {
                "date": day,
                "id": len(self.rows),
                "this_action": {"action": action, "symbol": symbol, "amount": shares},
                "positions": {**self.held, "CASH": float(self.cash)},
                **more,
            }
        )
        return self

    @property
    def read(self) -> ForeignRecord:
        return read_record("".join(json.dumps(row) + "\n" for row in self.rows).encode())


def strict(record: Record, prices: LabelledPrices) -> RecordAudit:
    return audit_strict(record.read, prices, Commission())


def rules_of(audit: RecordAudit) -> list[tuple[int, str]]:
    return [(one.line, str(one.rule)) for one in audit.violations]
