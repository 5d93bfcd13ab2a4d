"""The configuration: what is accepted, what is refused, and that no secret is ever shown."""

import json
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from services.domain.bars import Adjustment, Frequency
from services.domain.instruments import Market
from services.settings import Mode, Settings, SettingsError, _canonical
from services.settings_file import load_settings
from services.settings_table import configuration_markdown
from services.settings_text import read_raw, without_comments

ROOT = Path(__file__).parents[2]
CANARY = "sk-canary-7731"


def load(
    folder: Path, text: str, environment: Mapping[str, str] | None = None, name: str = "c.yaml"
) -> Settings:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environment=environment or {}, dotenv=None)


def refusal(folder: Path, text: str, name: str = "c.yaml") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(folder, text, name=name)
    return str(caught.value).splitlines()


def test_the_defaults_alone_are_the_documented_ones() -> None:
    settings = load_settings(None, environment={}, dotenv=None)

    assert (settings.mode, settings.market, settings.frequency) == (Mode.PAPER, Market.CN, Frequency.DAILY)
    assert (settings.account, settings.agent_type, settings.broker.type) == ("main", "rule", "simulated")
    assert str(settings.agent_config.initial_cash) == "100000.00"
    assert str(settings.broker.commission_rate) == "0.00025"
    assert str(settings.broker.commission_min) == "5.00"
    assert settings.slot_times is None


def test_a_file_in_the_style_of_the_older_design_is_accepted(tmp_path: Path) -> None:
    text = """{
      // JSON, with comments
      "mode": "paper", "agent_type": "BaseAgentAStock", "market": "cn", "frequency": "hourly",
      "schedule": {"daily": ["09:35"], "hourly": ["10:35", "14:05"]},
      "data_source": {"type": "tushare", "api_key": "xxx", "use_cache": true, "cache_ttl_seconds": 30},
      "broker": {"type": "simulated", "api_key": "", "api_secret": "xxx", "account_id": 10086},
      "risk_control": {"max_single_position_ratio": 0.2, "max_daily_loss_ratio": 0.05,
                       "min_cash_reserve": 10000, "enable_stop_loss": true, "stop_loss_ratio": 0.1},
      "models": [{"name": "gpt", "basemodel": "gpt-5", "signature": "gpt-5",
                  "openai_base_url": "https://example.com/v1/", "openai_api_key": "${MY_KEY}"}], // one
      "agent_config": {"max_steps": 30, "max_retries": 3, "base_delay": 0.5, "initial_cash": 100000.0}
    }"""

    settings = load(tmp_path, text, {"MY_KEY": CANARY}, name="c.json")

    assert settings.agent_type == "llm"
    assert settings.slot_times == (time(10, 35), time(14, 5))
    assert settings.risk_control.max_single_position_ratio == Decimal("0.2")
    assert settings.broker.account_id == "10086"
    assert settings.data_source.api_key is None
    model = settings.model_for("gpt")
    assert (model.model, model.base_url) == ("gpt-5", "https://example.com/v1")
    assert model.api_key is not None
    assert model.api_key.reveal() == CANARY


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("BaseAgentAStock", "llm"),
        ("baseagent", "llm"),
        ("BaseAgentAStock_Hour", "llm"),
        ("rule", "rule"),
        ("rule:momentum", "rule:momentum"),
        ("llm:deepseek", "llm:deepseek"),
        ("scripted:answers.txt", "scripted:answers.txt"),
    ],
)
def test_agent_type_names_who_decides(tmp_path: Path, given: str, meant: str) -> None:
    assert load(tmp_path, f"agent_type: {given}").agent_type == meant


def test_numbers_are_exactly_what_is_written(tmp_path: Path) -> None:
    text = "agent_config: {initial_cash: 123456789.10}\nbroker: {commission_rate: 3e-4, slippage_bp: '0.5'}"

    settings = load(tmp_path, text)

    assert str(settings.agent_config.initial_cash) == "123456789.10"
    assert settings.broker.commission_rate == Decimal("0.0003")
    assert settings.broker.slippage_bp == Decimal("0.5")


def test_json_numbers_are_exact_too(tmp_path: Path) -> None:
    # A binary float would make 0.1 from this number.
    settings = load(tmp_path, '{"broker": {"slippage_bp": 0.1000000000000000001}}', name="c.json")

    assert str(settings.broker.slippage_bp) == "0.1000000000000000001"


def test_unquoted_times_and_codes_stay_text(tmp_path: Path) -> None:
    # YAML 1.1 reads 10:35 as the number 635 and 000001 as octal.
    path = tmp_path / "c.yaml"
    path.write_text("a: 10:35\nb: 000001\nc: on\nd: 2025-01-01\ne: nullable\nf: 1.2.3\n")

    assert read_raw(path) == {
        "a": "10:35",
        "b": "000001",
        "c": "on",
        "d": "2025-01-01",
        "e": "nullable",
        "f": "1.2.3",
    }


def test_keys_left_blank_have_their_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, "mode:\nrisk_control:\nbroker:\n  slippage_bp:\n  type: simulated\n")

    assert settings == load_settings(None, environment={}, dotenv=None)


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing yet\n") == load_settings(None, environment={}, dotenv=None)


@pytest.mark.parametrize(
    ("text", "key", "right"),
    [
        ("frequncy: daily", "frequncy", "frequency"),
        (
            "risk_control: {max_daily_los_ratio: 0.1}",
            "risk_control.max_daily_los_ratio",
            "max_daily_loss_ratio",
        ),
        ("initial_cash: 5", "initial_cash", "agent_config.initial_cash"),
        ("data_source: {token: abc}", "data_source.token", "api_key"),
        ("models: [{name: a, model: b, base_ur: c}]", "models[0].base_ur", "base_url"),
        ("Mode: paper", "Mode", "mode"),
    ],
)
def test_an_unknown_key_is_one_line_with_the_nearest_right_name(
    tmp_path: Path, text: str, key: str, right: str
) -> None:
    (line,) = refusal(tmp_path, text)

    assert line.startswith(f"{tmp_path / 'c.yaml'}: key '{key}': ")
    assert f"'{right}'" in line


def test_a_key_like_no_other_lists_what_is_there(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, "prices: {zzz: 1}")

    assert "adjustment" in line
    assert "volume_unit" in line


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("mode: papr", "mode"),
        ("market: hk", "market"),
        ("frequency: weekly", "frequency"),
        ("agent_type: wizard", "agent_type"),
        ("lang: fr", "lang"),
        ('lang: "a\\nb"', "lang"),  # A line break in the value makes no second line.
        ("account: ../other", "account"),
        ("account: ''", "account"),
        ("schedule: {hourly: [14:05, 10:35]}", "schedule.hourly"),
        ("schedule: {daily: [09:35, 09:35]}", "schedule.daily"),
        ("schedule: {daily: ['24:00']}", "schedule.daily[0]"),
        ("schedule: {daily: [635]}", "schedule.daily[0]"),
        ("schedule: {daily: '09:35'}", "schedule.daily"),
        ("broker: {commission_rate: 2.5}", "broker.commission_rate"),
        ("broker: {commission_min: 5.001}", "broker.commission_min"),
        ("broker: {slippage_bp: '1,000'}", "broker.slippage_bp"),
        ("broker: {slippage_bp: -1}", "broker.slippage_bp"),
        ("broker: 5", "broker"),
        ("risk_control: {max_single_position_ratio: 0}", "risk_control.max_single_position_ratio"),
        ("risk_control: {max_single_position_ratio: 20}", "risk_control.max_single_position_ratio"),
        ("risk_control: {min_cash_reserve: 0.1}", "risk_control.min_cash_reserve"),
        ("risk_control: {max_drawdown_ratio: 1}", "risk_control.max_drawdown_ratio"),
        ("risk_control: {max_losing_sales: 0}", "risk_control.max_losing_sales"),
        ("risk_control: {orders_per_second_max: 11}", "risk_control.orders_per_second_max"),
        ("risk_control: {orders_per_day_max: 2001}", "risk_control.orders_per_day_max"),
        ("risk_control: {orders_per_day_max: 1}", "risk_control.orders_per_day_max"),
        ("risk_control: {var_bars: 20, var_horizon_bars: 21}", "risk_control.var_horizon_bars"),
        ("risk_control: {exit_on_drawdown: true}", "risk_control.exit_on_drawdown"),
        ("risk_control: {order_value_max: 0.001}", "risk_control.order_value_max"),
        ("risk_control: {resize: [shares]}", "risk_control.resize[0]"),
        ("risk_control: {resize: cap}", "risk_control.resize"),
        ("risk_control: {var_confidence: 0.5}", "risk_control.var_confidence"),
        ("risk_control: {var_bars: 4}", "risk_control.var_bars"),
        ("risk_control: {sizing: kelly}", "risk_control.sizing"),
        ("risk_control: {scale_in_downtrend: 1.1}", "risk_control.scale_in_downtrend"),
        ("risk_control: {allowed_symbols: [600519]}", "risk_control.allowed_symbols"),
        ("risk_control: {sectors: {600519: food}}", "risk_control.sectors"),
        ("risk_control: {sectors: [600519.SH]}", "risk_control.sectors"),
        (
            "programmatic_trading: {declared_orders_per_day: 0}",
            "programmatic_trading.declared_orders_per_day",
        ),
        ("risk_control: {order_ttl_s: 1.5}", "risk_control.order_ttl_s"),
        ("risk_control: {order_ttl_s: true}", "risk_control.order_ttl_s"),
        ("risk_control: {enable_stop_loss: 7}", "risk_control.enable_stop_loss"),
        ("risk_control: {stop_loss_ratio: .nan}", "risk_control.stop_loss_ratio"),
        ("agent_config: {initial_cash: true}", "agent_config.initial_cash"),
        ("agent_config: {initial_cash: NaN}", "agent_config.initial_cash"),
        ("agent_config: {initial_cash: １００}", "agent_config.initial_cash"),
        ("agent_config: {initial_cash: 0}", "agent_config.initial_cash"),
        ("agent_config: {initial_cash: [5]}", "agent_config.initial_cash"),
        ("grace_s: 0", "grace_s"),
        ("risk_control: {take_profit_ratio: 1e9999999}", "risk_control.take_profit_ratio"),
        ("broker: {slippage_bp: 1e-99999999}", "broker.slippage_bp"),
        ("models: [{name: a}]", "models[0].model"),
        ("models: [{name: a, model: b}, {name: a, model: c}]", "models"),
        ("models: [{name: a, model: b, basemodel: c}]", "models[0]"),
        ("models: [{name: a, model: b, dialect: xml}]", "models[0].dialect"),
        ("models: [{name: a, model: b, base_url: 'ftp://x'}]", "models[0].base_url"),
        ("models: [{name: a, model: b, base_url: 5}]", "models[0].base_url"),
        ("models: {name: a}", "models"),
        ("models: [5]", "models[0]"),
        ("watchlist: [600519]", "watchlist"),
        ("watchlist: [600519.SH, 600519.SH]", "watchlist"),
        ("watchlist: [AAPL.US]", "watchlist"),
        ("market: us\nwatchlist: [600519.SH]", "watchlist"),
        ("journal_url: mysql://host/db", "journal_url"),
        ("prices: {adjustment: maybe}", "prices.adjustment"),
    ],
)
def test_a_bad_value_is_one_line_naming_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    (line,) = refusal(tmp_path, text)

    assert line.startswith(f"{tmp_path / 'c.yaml'}: key '{key}': ")


def test_every_problem_is_told_at_once_one_line_each(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "mode: papr\nlang: fr\nbroker: {api_key: abc}\nfrequncy: daily")

    assert sorted(line.split("'")[1] for line in lines) == ["broker.api_key", "frequncy", "lang", "mode"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("c.yaml", "mode: paper\nbroker: {type: [\n", "line 3"),
        ("c.yaml", "mode: paper\nlang: en\nmode: live\n", "line 3"),
        ("c.yaml", "mode: paper\n\tlang: en\n", "line 2"),
        ("c.yaml", "mode: paper\n\tlang: en\n", "spaces"),
        ("c.yaml", "mode: paper\nlang：en\naccount: a\n", "line 2"),
        ("c.yaml", "mode: paper\nlang：en\naccount: a\n", "'：'"),
        ("c.yaml", "mode: paper\nmodels:\n  - name：a\n    model: b\n", "line 3"),
        ("c.yaml", "? [a]\n: 1\n", "line 1"),
        ("c.yaml", "- mode\n", "line 1"),
        ("c.yaml", "mode: !!python/object:os.system x\n", "line 1"),
        ("c.yaml", "mode: pa\x00per\n", "not YAML"),
        ("c.yaml", "[" * 5000, "nested"),
        ("c.json", '{\n"mode": "paper",\n"lang" "en"}', "line 3"),
        ("c.json", '{"mode": "paper", "mode": "live"}', "'mode'"),
        ("c.json", '{"grace_s": NaN}', "NaN"),
        ("c.yaml", "mode: paper\ngrace_s: " + "1" * 5000, "line 2"),
        ("c.yaml", "mode: paper\ngrace_s: 1e99999999999999999999", "line 2"),
        ("c.yaml", "mode: paper\ngrace_s: !!int much", "line 2"),
        ("c.yaml", "mode: paper\ngrace_s: !!float much", "line 2"),
        ("c.yaml", "mode: paper\ngrace_s: !!int {a: 1}", "line 2"),
        ("c.yaml", "mode: paper\nkeep_orders: !!bool abc", "line 2"),
        ("c.yaml", "mode: paper\nbroker: !!map x", "line 2"),
        ("c.yaml", "mode: paper\nwatchlist: !!seq x", "line 2"),
        ("c.yaml", "mode: paper\naccount: !!timestamp x", "line 2"),
        ("c.yaml", "mode: paper\naccount: !!binary x", "line 2"),
        ("c.json", '{"grace_s": ' + "1" * 5000 + "}", "number"),
        ("c.json", '{"grace_s": 1e99999999999999999999}', "number"),
        ("c.json", "[]", "line 1"),
        ("c.json", "", "line 1"),
    ],
)
def test_text_that_cannot_be_read_is_one_line_saying_where(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (line,) = refusal(tmp_path, text, name=name)

    assert line.startswith(f"{tmp_path / name}: ")
    assert says in line


def test_a_missing_file_a_folder_and_other_encodings_are_refused(tmp_path: Path) -> None:
    gbk = tmp_path / "gbk.yaml"
    gbk.write_bytes("mode: paper\naccount: 账户".encode("gbk"))

    for path in (tmp_path / "missing.yaml", tmp_path, gbk):
        with pytest.raises(SettingsError) as caught:
            load_settings(path, environment={}, dotenv=None)
        assert str(caught.value).startswith(f"{path}: ")
        assert len(str(caught.value).splitlines()) == 1
    assert "line 2" in str(caught.value)  # the last of them: the line to open an editor at


@pytest.mark.parametrize(
    ("name", "text"), [("c.yaml", b"mode: backtest\n"), ("c.json", b'{"mode": "backtest"}')]
)
def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path, name: str, text: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + text)

    assert load_settings(path, environment={}, dotenv=None).mode is Mode.BACKTEST


def test_comments_are_taken_out_of_json_but_not_out_of_its_strings() -> None:
    text = '{"a": "https://x/\\"//y", // gone "b": 1\n"b": 2} // end'

    assert json.loads(without_comments(text)) == {"a": 'https://x/"//y', "b": 2}


def test_the_command_line_wins_over_the_file_and_is_named_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("mode: paper\nagent_config: {max_retries: 2}\n")

    settings = load_settings(
        path,
        overrides={"mode": "backtest", "agent_config.initial_cash": "500.00"},
        environment={},
        dotenv=None,
    )
    with pytest.raises(SettingsError) as caught:
        load_settings(path, overrides={"account": "a/b"}, environment={}, dotenv=None)

    assert (settings.mode, settings.agent_config.max_retries) == (Mode.BACKTEST, 2)
    assert str(settings.agent_config.initial_cash) == "500.00"
    assert str(caught.value).startswith("command line: key 'account': ")


def test_an_override_inside_something_that_is_no_section_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("agent_config: 5\n")

    with pytest.raises(SettingsError, match="agent_config"):
        load_settings(path, overrides={"agent_config.initial_cash": "1.00"}, environment={}, dotenv=None)


def test_the_hash_is_of_values_not_of_spelling_secrets_or_folders(tmp_path: Path) -> None:
    plain = load(tmp_path, "broker: {slippage_bp: 2}")
    same = load(
        tmp_path,
        '{"broker": {"slippage_bp": "2.00"}, "data_dir": "elsewhere"}',
        {"KAIPAN_BROKER_API_KEY": CANARY, "KAIPAN_JOURNAL_URL": "postgresql://h/db"},
        name="c.json",
    )

    assert plain.config_hash == same.config_hash
    assert len(plain.config_hash) == 64


@pytest.mark.parametrize(
    "text",
    [
        "mode: backtest",
        "broker: {slippage_bp: 0.01}",
        "risk_control: {enable_stop_loss: true}",
        "schedule: {daily: [09:36]}",
        "watchlist: [600519.SH]",
        "models: [{name: a, model: b}]",
        "prices: {adjustment: raw}",
        "keep_orders: true",
        "account: other",
    ],
)
def test_the_hash_changes_with_every_value_that_can_change_a_decision(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).config_hash != load_settings(None, environment={}, dotenv=None).config_hash


@pytest.mark.parametrize(
    ("number", "other"),
    [
        # The last digit is the 31st.
        ("0.1000000000000000000000000000001", "0.1000000000000000000000000000002"),
        ("1.000000000000000000000000000001", "1"),
    ],
)
def test_the_hash_tells_numbers_apart_by_every_digit(tmp_path: Path, number: str, other: str) -> None:
    one, two = (load(tmp_path, f"broker: {{slippage_bp: '{text}'}}") for text in (number, other))

    assert one.config_hash != two.config_hash


@pytest.mark.parametrize(
    ("spelt", "hashed"),
    [("10", "10"), ("1e1", "10"), ("10.50", "10.5"), ("0.00", "0"), ("3e-4", "0.0003"), ("-0.0", "-0")],
)
def test_a_number_is_hashed_in_its_plain_form(spelt: str, hashed: str) -> None:
    # Journals hold hashes made of these forms.
    assert _canonical(Decimal(spelt)) == hashed


def test_the_first_enabled_model_is_asked_where_none_is_named(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "models: [{name: a, model: x, enabled: false}, {name: b, model: y}, {name: c, model: z}]"
    )

    assert settings.model_for(None).name == "b"
    assert settings.model_for("c").model == "z"
    for name in ("a", "nobody"):
        with pytest.raises(SettingsError, match="b, c"):
            settings.model_for(name)


def test_no_model_at_all_is_a_clear_refusal() -> None:
    with pytest.raises(SettingsError, match="models"):
        load_settings(None, environment={}, dotenv=None).model_for(None)


def test_declared_facts_of_a_price_file_are_read(tmp_path: Path) -> None:
    assert load(tmp_path, "prices: {adjustment: forward}").prices.adjustment is Adjustment.FORWARD


def test_settings_cannot_be_changed_once_read() -> None:
    settings = load_settings(None, environment={}, dotenv=None)

    with pytest.raises(AttributeError):
        settings.account = "other"


@pytest.mark.parametrize("name", ["demo", "demo-llm", "paper", "backtest", "live", "arena"])
def test_every_shipped_configuration_loads_and_names_its_mode(name: str) -> None:
    settings = load_settings(ROOT / f"configs/{name}.yaml", environment={}, dotenv=None)

    assert settings.mode.value == (name if name in ("backtest", "live") else "paper")


def test_no_configuration_is_shipped_without_a_test() -> None:
    shipped = {path.stem for path in (ROOT / "configs").glob("*.yaml")}

    assert shipped == {"demo", "demo-llm", "paper", "backtest", "live", "arena"}


def test_the_page_of_keys_is_the_codes_own() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")

    assert page == configuration_markdown(), "run `make docs`"


def test_every_key_is_on_the_page_with_its_meaning_and_default() -> None:
    rows = [line.split(" | ") for line in configuration_markdown().splitlines() if line.startswith("| `")]

    assert all(cells[1].strip() for cells in rows)
    assert ["| `risk_control.order_ttl_s`", "s", "`60` |"] in [
        [cells[0], cells[3], cells[4]] for cells in rows
    ]
    # Counted by hand; of risk_control: orders 10, portfolio 16, exits 7, sizing 7, state 6, the rest 7.
    counted = {"schedule": 2, "data_source": 11, "broker": 11, "risk_control": 53, "programmatic_trading": 4}
    sections = [cells[0].removeprefix("| `").partition(".")[0] for cells in rows]
    assert {section: sections.count(section) for section in counted} == counted
