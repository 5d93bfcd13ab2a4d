"""Small journals and panels by hand, for what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import sha256

import numpy as np

from services.domain.bars import Adjustment, CorporateAction, Frequency, Panel, VolumeUnit
from services.domain.decision import Decision, Usage
from services.domain.events import (
    BodyRef,
    Closed,
    Event,
    Genesis,
    Opened,
    Outcome,
    RunFinished,
    SettingsRecord,
    Verdicts,
)
from services.domain.fills import Fees, Fill, FillId
from services.domain.instruments import Market, Symbol
from services.domain.orders import (
    Intent,
    OrderId,
    OrderTerms,
    Origin,
    Refusal,
    Rule,
    SessionId,
    Side,
)
from services.journal.chain import GENESIS_HASH, link
from services.journal.codec import VERSION, decode, encode, kind_of
from services.slots import ZONES

CHINA = ZONES[Market.CN]
A, B = Symbol("600519.SH"), Symbol("000001.SZ")
MON, TUE, WED = date(2025, 10, 13), date(2025, 10, 14), date(2025, 10, 15)
NAN = float("nan")


def at(day: date, text: str = "09:35") -> datetime:
    return datetime.combine(day, time.fromisoformat(text), CHINA)


def session_id(day: date, text: str = "09:35") -> SessionId:
    return SessionId(f"{day:%Y%m%d}-{text.replace(':', '')}-main-run")


class JournalByHand:
    """Writes events one after the other, chained as a real journal's."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.bodies: dict[str, bytes] = {}
        self.session = ""
        self.moment = at(MON, "00:00")

    def write(self, step: str, value: object, *, large: bool = False) -> None:
        kind, body = kind_of(value), encode(value)
        if large:
            digest = sha256(body.encode()).hexdigest()
            self.bodies[digest] = body.encode()
            kind, body = "body_ref", encode(BodyRef(kind=kind, body=digest))
        prev = self.events[-1].hash if self.events else GENESIS_HASH
        stamp = self.moment.astimezone(UTC).isoformat()
        self.events.append(
            link(len(self.events) + 1, "main", self.session, step, kind, VERSION, stamp, body, prev)
        )

    def value(self, event: Event) -> object:
        body = decode(event.kind, event.version, event.body)
        if isinstance(body, BodyRef):
            return decode(body.kind, event.version, self.bodies[body.body].decode())
        return body

    def genesis(self, *, end: date | None = WED, synthetic: bool = False) -> None:
        self.write(
            "genesis",
            Genesis(
                account="main",
                mode="backtest",
                run_id="run",
                market="cn",
                frequency="daily",
                cash_cny=Decimal("10000.00"),
                agent="scripted",
                opened_at=self.moment,
                watchlist=(A, B),
                start=MON,
                end=end,
                synthetic=synthetic,
            ),
        )

    def settings(self, **values: str) -> None:
        self.write("settings", SettingsRecord(config_hash="c" * 64, values=values))

    def open(self, day: date, text: str = "09:35") -> None:
        self.session, self.moment = session_id(day, text), at(day, text)
        self.write(
            "opened",
            Opened(
                session=SessionId(self.session),
                day=day,
                at=f"{day.isoformat()} {text}:00",
                slot=self.moment,
                mode="backtest",
                agent="scripted",
                versions={"kaipan": "0.1.0"},
                config_hash="c" * 64,
            ),
        )

    def close(self, outcome: Outcome = Outcome.DONE, reason: str = "") -> None:
        self.write("closed", Closed(outcome=outcome, reason=reason))

    def finish(self) -> None:
        self.session = ""
        self.write("run_finished", RunFinished(sessions=3, last=""))

    def trade(self, terms: OrderTerms, price: str, fees: Fees, *, number: int = 1) -> None:
        """Let the whole order trade at once."""
        self.write(f"intended:{terms.order_id}", terms)
        self.fill(terms, price, fees, number=number)

    def fill(
        self, terms: OrderTerms, price: str, fees: Fees, *, number: int = 1, shares: int | None = None
    ) -> None:
        fill = fill_of(terms, price, fees, self.moment, number=number, shares=shares)
        self.write(f"fill:{fill.fill_id}", fill)


def terms_of(
    session: str, side: Side, shares: int, *, symbol: Symbol = A, limit: str = "12.00", why: str = "because"
) -> OrderTerms:
    day = datetime.strptime(session[:8], "%Y%m%d").replace(tzinfo=CHINA).date()
    return OrderTerms(
        order_id=OrderId(f"{side.upper()}{symbol[:6]}{session[:8]}"[:20]),
        session=SessionId(session),
        symbol=symbol,
        side=side,
        shares=shares,
        limit_cny=Decimal(limit),
        freeze_cny=Decimal(limit) * shares + 6 if side is Side.BUY else Decimal("0.00"),
        not_before=at(day),
        send_by=at(day, "09:36"),
        day=day,
        why=why,
        origin=Origin.DECISION,
        index=0,
        rules_version="cn-1",
    )


def fill_of(
    terms: OrderTerms,
    price: str,
    fees: Fees,
    moment: datetime,
    *,
    number: int = 1,
    shares: int | None = None,
) -> Fill:
    traded = terms.shares if shares is None else shares
    return Fill(
        fill_id=FillId(f"{terms.order_id}-{number}"),
        order_id=terms.order_id,
        symbol=terms.symbol,
        side=terms.side,
        shares=traded,
        price_cny=Decimal(price),
        amount_cny=Decimal(price) * traded,
        fees=fees,
        trade_date=terms.day,
        traded_at=moment,
    )


def refused(rule: Rule, reason: str = "numbers", *, symbol: str = A, index: int = 0) -> Refusal:
    return Refusal(symbol=symbol, side=Side.BUY, shares=100, rule=rule, reason=reason, index=index)


def decided(*intents: Intent, rationale: str = "thought about it") -> Decision:
    return Decision(intents=intents, rationale=rationale, model="m", usage=Usage(), answer_hash="a" * 64)


def three_days(*, hostile: str = "because", finished: bool = True) -> JournalByHand:
    """Monday buys 100 A at 10.00, Tuesday has two refusals, Wednesday sells them at 12.00.

    Cash: 10000 - 1000 - 5.01 = 8994.99; + 1200 - 5.61 = 10189.38.
    """
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.write("decision", decided(rationale=hostile))
    buy = terms_of(journal.session, Side.BUY, 100, why=hostile)
    journal.write("verdicts", Verdicts(approved=(buy,)))
    journal.trade(buy, "10.00", Fees(commission=Decimal("5.00"), transfer_fee=Decimal("0.01")))
    journal.close(Outcome.DONE, hostile)
    journal.open(TUE)
    journal.write("decision", decided(rationale=hostile))
    refusals = (refused(Rule.CASH, hostile), refused(Rule.T_PLUS_1, "asks 100, sellable 0", index=1))
    journal.write("verdicts", Verdicts(refused=refusals))
    journal.close(Outcome.NO_TRADE)
    journal.open(WED)
    sell = terms_of(journal.session, Side.SELL, 100, limit="11.00")
    journal.write("verdicts", Verdicts(approved=(sell,)))
    fees = Fees(commission=Decimal("5.00"), stamp_duty=Decimal("0.60"), transfer_fee=Decimal("0.01"))
    journal.trade(sell, "12.00", fees)
    journal.close()
    if finished:
        journal.finish()
    return journal


def daily_panel(
    names: Sequence[str] = ("甲", "乙"),
    actions: tuple[CorporateAction, ...] = (),
    *,
    synthetic: bool = False,
) -> Panel:
    """Three daily bars of A and B: B is suspended on Tuesday, Wednesday's bars have their open alone."""
    days = (MON, TUE, WED)
    opens = np.array([[10.0, 20.0], [11.0, NAN], [12.0, 21.0]])
    closes = np.array([[10.5, 20.0], [11.5, NAN], [NAN, NAN]])
    return Panel(
        symbols=(A, B),
        names=tuple(names),
        starts=np.array([int(at(day, "09:30").timestamp()) for day in days], dtype=np.int64),
        ends=np.array([int(at(day, "15:00").timestamp()) for day in days], dtype=np.int64),
        days=np.array([day.toordinal() for day in days], dtype=np.int64),
        open=opens,
        high=closes,
        low=closes,
        close=closes,
        volume=np.zeros((3, 2)),
        frequency=Frequency.DAILY,
        adjustment=Adjustment.RAW,
        volume_unit=VolumeUnit.SHARE,
        source="hand",
        digest="d" * 64,
        actions=actions,
        synthetic=synthetic,
    )
