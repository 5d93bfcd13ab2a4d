"""What a run over recorded prices is opened with."""

from __future__ import annotations

from pathlib import Path

from commands.folders import AccountFolder
from commands.opening import open_period
from services.market.columns import panel_path
from services.settings_file import load_settings

CSV = """ts_code,trade_date,open,high,low,close,vol
600519.SH,20260105,10.00,10.50,9.90,10.20,1000
600519.SH,20260106,10.20,10.60,10.00,10.40,1000
"""


def test_a_panel_is_opened_and_checked_once_for_the_run_and_for_what_its_journal_names(tmp_path: Path):
    prices = tmp_path / "prices.csv"
    prices.write_text(CSV)
    settings = load_settings(None, overrides={"data_dir": str(tmp_path)}, environment={}, dotenv=None)
    folder = AccountFolder(tmp_path, "main")

    period = open_period(settings, folder, prices=prices, start=None, end=None, cache=None)

    assert panel_path(folder.panels, period.panel.digest).is_file()
    assert period.panels.get(period.panel.digest) is period.panel
