"""Where an account's files lie in the data folder."""

from __future__ import annotations

from pathlib import Path

from services.domain.value import Value


class AccountFolder(Value, frozen=True):
    """`<data-dir>/<account>/` and what is in it; stored panels are shared by a data folder's accounts."""

    data_dir: Path
    account: str

    @property
    def root(self) -> Path:
        """The account's own folder."""
        return self.data_dir / self.account

    @property
    def journal(self) -> Path:
        """The SQLite journal."""
        return self.root / "journal.sqlite3"

    @property
    def audit(self) -> Path:
        """The audit trail."""
        return self.root / "position" / "position.jsonl"

    @property
    def ledger(self) -> Path:
        """The simulated exchange's own ledger."""
        return self.root / "exchange.sqlite3"

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.root / "report.html"

    @property
    def panels(self) -> Path:
        """The stored price panels."""
        return self.data_dir / "panels"
