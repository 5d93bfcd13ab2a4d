"""A mod for rqalpha, which knows days and minutes: its minutes become the four ends of hourly bars."""

from datetime import datetime, time
from pathlib import Path

import numpy as np
from rqalpha.core.events import EVENT, Event
from rqalpha.data.base_data_source import BaseDataSource
from rqalpha.interface import AbstractEventSource, AbstractMod
from rqalpha.utils.datetime_func import convert_dt_to_int

ENDS = (time(10, 30), time(11, 30), time(14, 0), time(15, 0))


class Hours(BaseDataSource):
    """The bundle's data, with the hourly bars where minutes are asked for."""

    def __init__(self, base_config, config):
        super().__init__(base_config)
        self._bars = np.load(Path(config.folder) / "bars.npy")
        self._stamps = np.ascontiguousarray(self._bars[0]["datetime"])
        self._rows = {int(stamp): row for row, stamp in enumerate(self._stamps)}
        self._columns = {name: column for column, name in enumerate(config.names)}

    def get_bar(self, instrument, dt, frequency):
        if frequency == "1d":
            return super().get_bar(instrument, dt, frequency)
        column, row = self._columns.get(instrument.order_book_id), self._rows.get(int(convert_dt_to_int(dt)))
        return None if column is None or row is None else self._bars[column][row]

    def history_bars(self, instrument, bar_count, frequency, fields, dt, **options):
        if frequency != "1m":
            return super().history_bars(instrument, bar_count, frequency, fields, dt, **options)
        rows = self._bars[self._columns[instrument.order_book_id]]
        end = self._stamps.searchsorted(int(convert_dt_to_int(dt)), side="right")
        found = rows[max(0, end - bar_count) : end]
        return found if fields is None else found[fields]

    def get_trading_minutes_for(self, instrument, trading_dt):
        return [datetime.combine(trading_dt.date(), end) for end in ENDS]

    def available_data_range(self, frequency):
        return super().available_data_range("1d")


class Events(AbstractEventSource):
    """A day's events, with four bars."""

    def __init__(self, env):
        self._env = env

    def events(self, start_date, end_date, frequency):
        for stamp in self._env.data_proxy.get_trading_dates(start_date, end_date):
            day = stamp.to_pydatetime().date()
            for kind, at in (
                (EVENT.BEFORE_TRADING, time(9, 0)),
                (EVENT.OPEN_AUCTION, time(9, 27)),
                *((EVENT.BAR, end) for end in ENDS),
                (EVENT.AFTER_TRADING, time(15, 30)),
            ):
                moment = datetime.combine(day, at)
                yield Event(kind, calendar_dt=moment, trading_dt=moment)


class Mod(AbstractMod):
    def start_up(self, env, mod_config):
        env.set_data_source(Hours(env.config.base, mod_config))
        env.set_event_source(Events(env))

    def tear_down(self, code, exception=None):
        return None


def load_mod():
    return Mod()
