"""No secret stands in a file, and none is ever shown."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest

from services.settings import Settings, SettingsError
from services.settings_file import find_secrets, load_settings
from services.settings_secrets import model_variable

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


@pytest.mark.parametrize(
    "text",
    [
        "broker: {api_key: SECRET}",
        "broker: {api_secret: SECRET}",
        "data_source: {api_key: SECRET}",
        "models: [{name: a, model: b, api_key: SECRET}]",
        "models: [{name: a, model: b, openai_api_key: SECRET}]",
        "models: [{name: a, model: b, base_url: 'https://u:SECRET@h/v1'}]",
        "models: [{name: a, model: b, api_key: x, openai_api_key: SECRET}]",
        "models: [SECRET]",
        "models: SECRET",
        "broker: SECRET",
        "broker: {api_key: [SECRET]}",
        "broker: {api_key: {inner: SECRET}}",
        "token: SECRET",
        "mcp_servers: [{name: a, tools: [b], url: 'https://h', token_env: SECRET}]",
        "journal_url: postgresql://user:SECRET@host/db",
        "journal_url: postgresql://host/db?password=SECRET",
        "journal_url: 'postgresql://[SECRET'",
        "broker: {api_key: SECRET, slippage_bp: [",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text.replace("SECRET", CANARY))

    shown: BaseException | None = caught.value
    while shown is not None:
        assert CANARY not in str(shown)
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("broker: {api_key: abc}", "KAIPAN_BROKER_API_KEY"),
        ("broker: {api_secret: abc}", "KAIPAN_BROKER_API_SECRET"),
        ("data_source: {api_key: abc}", "KAIPAN_DATA_API_KEY"),
        ("models: [{name: deepseek-chat, model: b, api_key: abc}]", "DEEPSEEK_CHAT_API_KEY"),
        ("models: [{model: b, api_key: abc}]", "OPENAI_API_KEY"),
        ("journal_url: postgresql://u:abc@h/db", "KAIPAN_JOURNAL_URL"),
    ],
)
def test_the_refusal_of_a_literal_names_the_variable_to_set(tmp_path: Path, text: str, variable: str) -> None:
    assert any(variable in line for line in refusal(tmp_path, text))


def key_of(settings: Settings) -> str | None:
    key = settings.models[0].api_key
    return None if key is None else key.reveal()


@pytest.mark.parametrize("written", ["", "api_key:", "api_key: xxx", "api_key: XXX", "api_key: ''"])
def test_a_model_without_a_key_in_the_file_takes_its_own_variable_first(tmp_path: Path, written: str) -> None:
    text = f"models:\n  - name: qwen\n    model: qwen-max\n    {written}\n"

    both = load(tmp_path, text, {"QWEN_API_KEY": "own", "OPENAI_API_KEY": "common"})
    common = load(tmp_path, text, {"QWEN_API_KEY": "xxx", "OPENAI_API_KEY": " common "})
    neither = load(tmp_path, text, {})

    assert (key_of(both), key_of(common), key_of(neither)) == ("own", "common", None)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("base_url: https://api.openai.com/v1", "common"),
        ("openai_base_url: https://API.OpenAI.com/v1", "common"),
        ("base_url: https://api.deepseek.com/v1", None),
        ("openai_base_url: https://api.deepseek.com/v1", None),
        ("base_url: http://127.0.0.1:8080/v1", None),
        ("base_url: http://api.openai.com/v1", None),  # In the clear, for anybody on the way.
        ("base_url: https://api.openai.com.example.org/v1", None),
        ("base_url: https://example.org/api.openai.com", None),
    ],
)
def test_openais_key_is_for_openais_server_alone(tmp_path: Path, address: str, key: str | None) -> None:
    text = f"models:\n  - name: other\n    model: m\n    {address}\n"

    assert key_of(load(tmp_path, text, {"OPENAI_API_KEY": "common"})) == key
    assert key_of(load(tmp_path, text, {"OPENAI_API_KEY": "common", "OTHER_API_KEY": "own"})) == "own"


def test_a_stranger_called_openai_gets_no_key_of_openais(tmp_path: Path) -> None:
    text = "models: [{name: openai, model: m, base_url: 'https://h.example/v1'}]"

    assert key_of(load(tmp_path, text, {"OPENAI_API_KEY": "common"})) is None
    assert key_of(load(tmp_path, text, {"MODEL_OPENAI_API_KEY": "own"})) == "own"


def test_a_literal_key_of_a_stranger_without_a_name_is_refused_without_openais_variable(
    tmp_path: Path,
) -> None:
    text = "models: [{model: b, base_url: 'https://h.example/v1', api_key: abc}]"

    assert not [line for line in refusal(tmp_path, text) if "OPENAI_API_KEY" in line]


def test_a_named_variable_is_the_only_one_looked_at(tmp_path: Path) -> None:
    text = "models: [{name: qwen, model: qwen-max, api_key: '${OTHER}'}]"

    assert key_of(load(tmp_path, text, {"QWEN_API_KEY": "own", "OPENAI_API_KEY": "common"})) is None
    assert key_of(load(tmp_path, text, {"OTHER": "named", "OPENAI_API_KEY": "common"})) == "named"


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("deepseek", "DEEPSEEK_API_KEY"),
        ("gpt-5.1+x", "GPT_5_1_X_API_KEY"),
        ("4o", "MODEL_4O_API_KEY"),  # A shell cannot set a variable that begins with a digit.
    ],
)
def test_the_variable_of_a_model_is_one_a_shell_can_set(name: str, variable: str) -> None:
    assert model_variable(name) == variable


def test_secrets_come_from_a_dotenv_file_and_the_environment_wins(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("KAIPAN_DATA_API_KEY=from-file\nKAIPAN_BROKER_API_KEY='from-file'\nEMPTY\n")

    settings = load_settings(None, environment={"KAIPAN_DATA_API_KEY": "from-environment"}, dotenv=dotenv)

    assert settings.data_source.api_key is not None
    assert settings.data_source.api_key.reveal() == "from-environment"
    assert settings.broker.api_key is not None
    assert settings.broker.api_key.reveal() == "from-file"


def test_a_dotenv_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes("A=密".encode("gbk"))

    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(None, environment={}, dotenv=dotenv)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that cannot be read")
def test_a_dotenv_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(None, environment={}, dotenv=Path("/proc/self/mem"))


def test_the_processes_own_environment_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIPAN_JOURNAL_URL", "postgresql://u:p@host/db")

    url = load_settings(None, dotenv=None).journal_url

    assert url is not None
    assert url.reveal() == "postgresql://u:p@host/db"


def test_a_journal_address_without_a_password_may_stand_in_the_file(tmp_path: Path) -> None:
    url = load(tmp_path, "journal_url: postgresql+psycopg://host/db").journal_url

    assert url is not None
    assert url.reveal() == "postgresql+psycopg://host/db"


def test_settings_never_print_a_secret(tmp_path: Path) -> None:
    environment = dict.fromkeys(
        ("KAIPAN_DATA_API_KEY", "KAIPAN_BROKER_API_KEY", "KAIPAN_BROKER_API_SECRET", "OPENAI_API_KEY"), CANARY
    )
    environment["KAIPAN_JOURNAL_URL"] = f"postgresql://u:{CANARY}@h/db"

    settings = load(tmp_path, "models: [{name: a, model: b}]", environment)

    assert settings.broker.api_secret is not None
    for shown in (repr(settings), str(settings), str(asdict(settings)), str(settings.broker.api_secret)):
        assert CANARY not in shown
    with pytest.raises(TypeError):  # No record can hold one.
        msgspec.json.encode(settings)


def test_what_secrets_are_looked_for_and_found_is_told_without_them(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("models: [{name: ds, model: b}]\nbroker: {api_key: '${BK}'}")

    keys = {secret.key: secret for secret in find_secrets(path, environment={"BK": CANARY}, dotenv=None)}

    assert keys["broker.api_key"].variables == ("BK",)
    assert keys["broker.api_key"].present
    assert keys["models[0].api_key"].variables == ("DS_API_KEY", "OPENAI_API_KEY")
    assert not keys["models[0].api_key"].present
    assert CANARY not in repr(keys)
