"""Hostile answers written by hand, each with what must become of it: a kind of bad answer, or verdicts.

They meet one desk, `test_corpus.account`: 600001.SH is held, 1,050 shares since Monday and 200 since today;
50,000.00 CNY are in cash. Every symbol stands at 10.00, the previous close, at 10:35 on a Tuesday.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from services.domain.decision import BadAnswerKind
from services.domain.orders import Rule

OK = "ok"
"""The order passes: it is dangerous in words alone."""

EMPTY, NOT_JSON, SCHEMA = BadAnswerKind.EMPTY, BadAnswerKind.NOT_JSON, BadAnswerKind.SCHEMA
UNKNOWN, NUMBER = BadAnswerKind.UNKNOWN_SYMBOL, BadAnswerKind.NUMBER

MAIN, OTHER, CHINEXT, STAR, BSE = "600001.SH", "000999.SZ", "300999.SZ", "688001.SH", "920001.BJ"


class Row(NamedTuple):
    """An answer's text, and its fate: the kind of bad answer, or the verdict on each order in turn."""

    name: str
    text: str
    fate: BadAnswerKind | tuple[Rule | str, ...]


def orders(*given: Mapping[str, object], rationale: str = "r") -> str:
    """Return an answer with those orders, each a buy of 100 OTHER but for what it names."""
    whole = [{"symbol": OTHER, "side": "buy", **one} for one in given]
    sized = [one if {"shares", "target_weight"} & set(one) else {**one, "shares": 100} for one in whole]
    return json.dumps({"rationale": rationale, "orders": sized}, ensure_ascii=False)


def raw(fields: str) -> str:
    """Return an answer with one order whose further fields are written as they are."""
    return '{"rationale":"r","orders":[{"symbol":"000999.SZ","side":"buy",' + fields + "}]}"


def sell(shares: object, **more: object) -> dict[str, object]:
    return {"symbol": MAIN, "side": "sell", "shares": shares, **more}


GOOD = orders({"limit_price": "10.00"})

TEXTS = (
    Row("nothing", "", EMPTY),
    Row("an ideographic space", "\u3000\n", EMPTY),
    Row("a refusal", "I'm sorry, I can't help with that.", NOT_JSON),
    Row("a page with status 200", "<!DOCTYPE html><html><title>Just a moment...</title></html>", NOT_JSON),
    Row("fences", f"```json\n{GOOD}\n```", NOT_JSON),
    Row("prose before", f"Here is the JSON you asked for: {GOOD}", NOT_JSON),
    Row("prose behind", f"{GOOD}\n\nLet me know if you want more!", NOT_JSON),
    Row("two answers", GOOD + GOOD, NOT_JSON),
    Row("two answers in lines", f"{GOOD}\n{GOOD}", NOT_JSON),
    Row("NUL behind", GOOD + "\x00", NOT_JSON),
    Row("NUL within", GOOD.replace("r", "\x00", 1), NOT_JSON),
    Row("an escape sequence within", GOOD.replace("r", "\x1b[2J", 1), NOT_JSON),
    Row("a byte order mark", "\ufeff" + GOOD, NOT_JSON),
    Row("half a surrogate pair", GOOD.replace("r", "\ud800", 1), NOT_JSON),
    Row("half a pair, escaped", '{"rationale":"\\ud800","orders":[]}', NOT_JSON),
    Row("single quotes", GOOD.replace('"', "'"), NOT_JSON),
    Row("curly quotes", GOOD.replace('"', "“"), NOT_JSON),
    Row("cut off in the middle", GOOD[: len(GOOD) // 2], NOT_JSON),
    Row("cut off one sign before the end", GOOD[:-1], NOT_JSON),
    Row("a trailing comma", GOOD[:-1] + ",}", NOT_JSON),
    Row("a comment", GOOD.replace(",", ", // hold\n", 1), NOT_JSON),
    Row("full-width punctuation", GOOD.replace(":", "：").replace(",", "，"), NOT_JSON),
    Row("full-width braces", GOOD.replace("{", "｛").replace("}", "｝"), NOT_JSON),
    Row("YAML", "rationale: r\norders: []", NOT_JSON),
    Row("a Python repr", "{'rationale': None, 'orders': [True]}", NOT_JSON),
    Row("null", "null", SCHEMA),
    Row("a list", f"[{GOOD}]", SCHEMA),
    Row("a text that holds the answer", json.dumps(GOOD), SCHEMA),
    Row("wrapped", f'{{"answer":{GOOD}}}', SCHEMA),
    Row("orders as an object", '{"rationale":"r","orders":{"0":{}}}', SCHEMA),
    Row("orders in orders", '{"rationale":"r","orders":[[{}]]}', SCHEMA),
    Row("a deep nest", "[" * 100_000, SCHEMA),
    Row("a deep nest of objects", '{"orders":' * 20_000 + "1" + "}" * 20_000, SCHEMA),
    Row("ten million blanks behind", GOOD + " " * 10_000_000, SCHEMA),
    Row("ten million signs of reason", orders({"reason": "x" * 10_000_000}), SCHEMA),
    Row("a flood of orders", orders(*[{}] * 201), SCHEMA),
)

KEYS = (
    Row(
        "the limits set from within",
        '{"rationale":"r","orders":[],"risk_control":{"resize":["cap"]}}',
        SCHEMA,
    ),
    Row("an approval of its own", '{"rationale":"r","orders":[],"approved":true}', SCHEMA),
    Row("a market order", orders({"type": "market"}), SCHEMA),
    Row("leverage", orders({"leverage": 10}), SCHEMA),
    Row("a key in another case", orders({"Shares": 100}), SCHEMA),
    Row("a key with a full-width letter", orders({"ｓhares": 1_000_000}), SCHEMA),
    Row("shares twice", raw('"shares":100,"shares":1000000'), SCHEMA),
    Row("shares twice, once escaped", raw('"shares":100,"\\u0073hares":1000000'), SCHEMA),
    Row("shares twice, one of thousands of digits", raw('"shares":' + "9" * 4200 + ',"shares":100'), SCHEMA),
    Row("the side twice", raw('"shares":100,"side":"sell"'), SCHEMA),
    Row("orders twice", '{"rationale":"r","orders":[],' + GOOD[1:].replace('"rationale": "r", ', ""), SCHEMA),
    Row("both sizes", orders({"shares": 100, "target_weight": "0.1"}), SCHEMA),
    Row("neither size", '{"rationale":"r","orders":[{"symbol":"000999.SZ","side":"buy"}]}', SCHEMA),
    Row("no reason but null", orders({"reason": None}), SCHEMA),
    Row("a kilometre of a key", '{"' + "k" * 200_000 + '":0}', SCHEMA),
    Row("a key that ends like a number's place", '{"x - at `$.orders[0].shares":0}', SCHEMA),
)

SYMBOLS = (
    Row("no suffix", orders({"symbol": "000999"}), UNKNOWN),
    Row("a lower-case suffix", orders({"symbol": "000999.sz"}), UNKNOWN),
    Row("the other exchange", orders({"symbol": "000999.SH"}), UNKNOWN),
    Row("the suffix of a vendor", orders({"symbol": "000999.XSHE"}), UNKNOWN),
    Row("the prefix of a vendor", orders({"symbol": "sz000999"}), UNKNOWN),
    Row("a company", orders({"symbol": "华润三九"}), UNKNOWN),
    Row("another market", orders({"symbol": "AAPL.US"}), UNKNOWN),
    Row("a coin", orders({"symbol": "BTCUSDT"}), UNKNOWN),
    Row("full-width digits", orders({"symbol": "０００９９９.SZ"}), UNKNOWN),
    Row("a Greek Z", orders({"symbol": "000999.SΖ"}), UNKNOWN),
    Row("a Cyrillic S", orders({"symbol": "000999.ЅZ"}), UNKNOWN),
    Row("a capital O for a zero", orders({"symbol": "O00999.SZ"}), UNKNOWN),
    Row("a zero-width space", orders({"symbol": "000999.SZ\u200b"}), UNKNOWN),
    Row("a turned reading direction", orders({"symbol": "\u202e000999.SZ"}), UNKNOWN),
    Row("a NUL, escaped", orders({"symbol": "000999.SZ\x00"}), UNKNOWN),
    Row("all of them", orders({"symbol": "*"}), UNKNOWN),
    Row("a number for a symbol", orders({"symbol": 999}), SCHEMA),
    Row("a list of symbols", orders({"symbol": [OTHER, MAIN]}), SCHEMA),
    Row("a side in capitals", orders({"side": "BUY"}), SCHEMA),
    Row("a side in Chinese", orders({"side": "买入"}), SCHEMA),
    Row("a side with a Cyrillic letter", orders({"side": "bυy"}), SCHEMA),
    Row("a short sale", orders({"side": "short"}), SCHEMA),
)

NUMBERS = (
    *(
        Row(f"shares {token[:20]}", raw(f'"shares":{token}'), kind)
        for token, kind in (
            ("0", NUMBER),
            ("-0", NUMBER),
            ("-100", NUMBER),
            ("100.0", NUMBER),
            ("0.5", NUMBER),
            ("1e2", NUMBER),
            ("1e400", NUMBER),
            ("1" + "0" * 5000, NUMBER),
            ("9" * 200_000, NUMBER),
            ("1000000001", NUMBER),
            ('"100"', NUMBER),
            ('"1,000"', NUMBER),
            ("true", NUMBER),
            ("[100]", NUMBER),
            ('{"n":100}', NUMBER),
            ("NaN", NOT_JSON),
            ("Infinity", NOT_JSON),
            ("-Infinity", NOT_JSON),
            ("１００", NOT_JSON),
            ("0100", NOT_JSON),
            ("+100", NOT_JSON),
            ("1,000", NOT_JSON),
            ("1_000", NOT_JSON),
            ("0x64", NOT_JSON),
        )
    ),
    *(
        Row(f"weight {weight!r}", orders({"target_weight": weight}), NUMBER)
        for weight in (
            "50",
            "1.01",
            "-0.1",
            "20%",
            ".2",
            "2e-1",
            "NaN",
            "Infinity",
            "０.２",
            "1/5",
            0.2,
            True,
        )
    ),
    *(
        Row(f"price {str(price)[:20]!r}", orders({"limit_price": price}), NUMBER)
        for price in (
            *("0", "0.00", "-1", "-0", "NaN", "Infinity", "1e1", "1E+999999999", "1" + "0" * 5000),
            *(
                "0." + "0" * 5000 + "1",
                "10.",
                "010",
                "+10",
                " 10",
                "10 CNY",
                "￥10",
                "1,000.00",
                "１０",
                "market",
            ),
            *("10.٠٠", 10, 10.5, True),
        )
    ),
)

DANGEROUS = (
    Row(
        "a shout to set the ratio to 1", orders({"reason": "ignore the limits, set position ratio 1"}), (OK,)
    ),
    Row("all that cash pays and more", orders({"shares": 1_000_000_000}), (Rule.ORDER_MAX,)),
    Row("the whole account in one symbol", orders({"target_weight": "1"}), (Rule.ORDER_CNY,)),
    Row("just over one order's most", orders({"shares": 1600, "limit_price": "10.00"}), (Rule.ORDER_CNY,)),
    # 1,250 held and 1,500 more at 10.00 are 27,500 CNY of 62,500: over 0.3.
    Row(
        "over the position",
        orders({"symbol": MAIN, "shares": 1500, "limit_price": "10.00"}),
        (Rule.POSITION_RATIO,),
    ),
    # 1,250 x 10.00 + 700 x 9.10 = 18,870 over 18,750, though 1,950 x 9.10 = 17,745 is not.
    Row(
        "over it at a low limit",
        orders({"symbol": MAIN, "shares": 700, "limit_price": "9.10"}),
        (Rule.POSITION_RATIO,),
    ),
    # 1,850 x 10.20 = 18,870 over 18,750, though 1,250 x 10.00 + 600 x 10.20 = 18,620 is not.
    Row(
        "over it at a high limit",
        orders({"symbol": MAIN, "shares": 600, "limit_price": "10.20"}),
        (Rule.POSITION_RATIO,),
    ),
    Row("an odd lot", orders({"shares": 150}), (Rule.BOARD_LOT,)),
    Row("too few on STAR", orders({"symbol": STAR, "shares": 199}), (Rule.BOARD_LOT,)),
    Row("off the tick", orders({"limit_price": "10.005"}), (Rule.TICK,)),
    Row("a price of another day", orders({"limit_price": "15.00"}), (Rule.PRICE_LIMIT,)),
    Row("a price a thousandth as high", orders({"limit_price": "0.01"}), (Rule.PRICE_LIMIT,)),
    Row("the largest price there is", orders({"limit_price": "999999999.99999999"}), (Rule.TICK,)),
    # 10.00 x 1.02 = 10.20 is the cage; the day's limit is 11.00.
    Row("beyond the cage", orders({"limit_price": "10.21"}), (Rule.CAGE,)),
    # ChiNext goes to 8.00 that day; our own band of 1,000 bp ends at 9.00, and a low buy has no cage.
    Row("far below the price", orders({"symbol": CHINEXT, "limit_price": "8.99"}), (Rule.PRICE_BAND,)),
    Row("a sale of what is not held", orders({"side": "sell"}), (Rule.POSITION,)),
    Row("more than is held", orders(sell(1300)), (Rule.POSITION,)),
    # 1,250 are held, 50 is the odd lot: 1,150 leaves 100 and goes, but 200 of it were bought today.
    Row("what was bought today", orders(sell(1150)), (Rule.T_PLUS_1,)),
    Row("half an odd lot", orders(sell(1030)), (Rule.BOARD_LOT,)),
    Row("all that may be sold", orders(sell(1050, reason="\u202e\u200b\x00")), (OK,)),
    Row("the same order twice", orders({}, {}), (OK, Rule.DUPLICATE)),
    Row("the same order 200 times", orders(*[{}] * 200), (OK, *[Rule.DUPLICATE] * 199)),
    Row("a purchase and a sale of one", orders(sell(100), {"symbol": MAIN}), (Rule.CONTRADICTORY,) * 2),
    Row(
        "weights that sum to 6",
        orders(*[{"symbol": one, "target_weight": "1"} for one in (OTHER, STAR, BSE)]),
        (Rule.ORDER_CNY,) * 3,
    ),
    Row(
        "one order more than a session has",
        orders(
            sell(100), *[{"symbol": one, "shares": 200} for one in (OTHER, CHINEXT, STAR, BSE, "510300.SH")]
        ),
        (OK, OK, OK, OK, OK, Rule.ORDER_COUNT),
    ),
    Row("a weight that rounds to nothing", orders({"target_weight": "0.00000001"}), (Rule.SIZE,)),
    Row(
        "a weight of nothing in what is not held",
        orders({"side": "sell", "target_weight": "0"}),
        (Rule.SIZE,),
    ),
)

CORPUS = (*TEXTS, *KEYS, *SYMBOLS, *NUMBERS, *DANGEROUS)
