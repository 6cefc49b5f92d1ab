"""A small model inside this process: llama.cpp's server on loopback, behind the same client as any other.

It answers only who knows its key, which is made up at every start, so that no web page can use it.
"""

import ctypes
import hashlib
import os
import secrets
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from agent.llm.chat import Ask, Cancel, Pieces, Reply
from agent.llm.client import OpenAIChat
from agent.llm.failures import Endpoint
from core.artifacts import Progress, resolve
from core.errors import ModelDamaged, ModelMissing
from core.manifest import manifest
from core.settings import Settings

MODEL = "smollm2"
CONTEXT = 2048  # tokens of prompt and answer together
BATCH = 256  # tokens of a prompt between two looks at whether the caller is still there
OPENMP = "libgomp.so.1"
PROMPT_CACHE_MB = 32  # for prompts that other prompts took the place of; the last one is kept besides


class EmbeddedChat:
    """A `ChatModel` over a GGUF file and, if given, a LoRA adapter for it."""

    def __init__(self, gguf: Path, adapter: Path | None, threads: int, timeout_s: float, name: str) -> None:
        self.name = name
        key = secrets.token_urlsafe()
        self._server: Any = _start(gguf, adapter, threads, key)
        endpoint = Endpoint(f"{self._server.listening_address}/v1", name, SecretStr(key))
        self._client = OpenAIChat(endpoint, timeout_s)

    def complete(self, ask: Ask, cancel: Cancel | None = None) -> Reply:
        """Return the whole answer."""
        return self._client.complete(ask, cancel)

    def stream(self, ask: Ask, cancel: Cancel | None = None) -> Pieces:
        """Yield the answer's text as it comes, then the reply."""
        return self._client.stream(ask, cancel)

    def close(self) -> None:
        """End all calls, stop the server and free its memory."""
        self._client.close()
        self._server = None  # the server stops with its last reference


def open_embedded(
    settings: Settings, adapter: Path | None = None, on_progress: Progress | None = None
) -> EmbeddedChat:
    """Load the model that Aisle brings, fetched if need be, with a LoRA adapter in GGUF form."""
    [file] = manifest()[MODEL].files
    gguf = resolve(MODEL, settings, on_progress) / file.path
    name = MODEL
    if adapter:
        if not adapter.is_file():
            raise ModelMissing(f"no adapter at {adapter}; train one with: aisle train planner")
        with adapter.open("rb") as weights:
            name += f"+{adapter.stem}-{hashlib.file_digest(weights, 'sha256').hexdigest()[:8]}"
    return EmbeddedChat(gguf, adapter, settings.threads, settings.llm_timeout_s, name)


def _start(gguf: Path, adapter: Path | None, threads: int, key: str) -> Any:
    xllamacpp, cores = _import(), os.cpu_count() or 1
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = threads or max(1, cores // 2)  # one token at a time: more only wait
    params.cpuparams_batch.n_threads = threads or cores
    params.cache_ram_mib = PROMPT_CACHE_MB
    params.fit_params = False  # there is no other device to fit it to
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [key]
    params.ui = params.endpoint_slots = False
    params.cors_origins = ""
    params.verbosity = 0
    if adapter:
        lora = xllamacpp.CommonAdapterLoraInfo()
        lora.path, lora.scale = str(adapter), 1.0
        params.lora_adapters = [lora]
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:  # says no more than that it failed
        if adapter:
            raise ModelDamaged(
                f"{adapter} does not fit {gguf.name}, or one of them is damaged; "
                f"run: aisle models pull {MODEL}, or train anew with: aisle train planner"
            ) from error
        raise ModelDamaged(f"{gguf} cannot be loaded; run: aisle models pull {MODEL}") from error


def _import() -> Any:
    """Load llama.cpp. It needs OpenMP's library, which a bare Debian lacks and torch brings along.

    Threads of OpenMP wait by spinning unless told otherwise before it is loaded. On two cores that others
    use too, two threads that spin made 2 tokens a second, and two that do not, 53.
    """
    os.putenv("OMP_WAIT_POLICY", "passive")
    try:
        return import_module("xllamacpp")
    except ImportError as error:
        torch = find_spec("torch")
        openmp = Path(torch.origin).parent / "lib" / OPENMP if torch and torch.origin else Path()
        if OPENMP not in str(error) or not openmp.is_file():
            raise ModelMissing(f"llama.cpp cannot be loaded ({error}); set AISLE_LLM=none") from error
    ctypes.CDLL(str(openmp))
    return import_module("xllamacpp")
