"""What can be set and how: `AISLE_*` in the environment, then `aisle.toml`, then the defaults below.

The only module that reads the environment. It decides nothing else and opens nothing but that one file.
"""

import difflib
import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from core.errors import InvalidSettings

PREFIX = "AISLE_"
CONFIG = "AISLE_CONFIG"  # where aisle.toml is, when it is not in the working directory
TESTS = "AISLE_TEST_"  # what the test suite reads for itself

NonEmpty = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _default_cache() -> Path:
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():  # the XDG specification: a relative path is to be ignored
        return xdg / "aisle"
    try:
        return Path.home() / ".cache" / "aisle"
    except RuntimeError as error:
        raise InvalidSettings("no home folder to keep models in; set AISLE_CACHE to a folder") from error


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    parts = urlsplit(value)  # a ValueError of its own where brackets do not match
    if not parts.hostname or parts.port == 0:  # reading the port checks that it is a number
        raise ValueError("names no host")
    return value.rstrip("/")


def _path_or_url(value: str) -> str:
    return _http_url(value) if "://" in value else value


def _url_and_model(value: str, prefix: str = "") -> str:
    url, _, model = value.removeprefix(prefix).partition("#")
    if not model:
        raise ValueError(f"must name the model after the address: {prefix}URL#MODEL")
    if "@" in urlsplit(_http_url(url)).netloc:
        raise ValueError("must not hold a password; set llm_api_key")
    return f"{prefix}{_http_url(url)}#{model}"


def _reranker(value: str) -> str:
    return _url_and_model(value, "llm:") if value.startswith("llm:") else value


def _llm(value: str) -> str:
    if "://" not in value and value not in ("none", "embedded"):
        raise ValueError("must be none, embedded, or URL#MODEL")
    return _url_and_model(value) if "://" in value else value


Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Everything that can be set, checked. One flat name each, the same in the file and, upper-cased with
    `AISLE_` in front, in the environment.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    index: Annotated[NonEmpty, AfterValidator(_path_or_url)] = "demo.index"  # a folder, or a server's URL
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"  # of prices that name none

    cache: Annotated[Path, AfterValidator(Path.expanduser)] = Field(default_factory=_default_cache)
    offline: bool = False  # never fetch a model; use what is cached
    hf_endpoint: Annotated[NonEmpty, AfterValidator(_http_url)] = "https://huggingface.co"
    hf_token: SecretStr | None = None

    encoder: NonEmpty = "minilm"  # a name in the manifest, a folder, or a Hugging Face id
    encoder_max_tokens: int = Field(default=64, ge=8)  # docs/LOG.md: as good as 256 here, three times as fast
    # "default" is the adapter that Aisle brings, "none" no reranking at all; else a folder, a Hugging Face id
    # of a cross-encoder, or llm:URL#MODEL for a language model behind an OpenAI-compatible address
    reranker: Annotated[NonEmpty, AfterValidator(_reranker)] = "default"
    blend: NonEmpty = "default"  # a file that `aisle train blend` wrote
    reranker_max_tokens: int = Field(default=32, ge=16)  # docs/LOG.md: as good as 64 here, half the time
    # "none", "embedded" for the small model that Aisle brings, or URL#MODEL of an OpenAI-compatible address
    llm: Annotated[NonEmpty, AfterValidator(_llm)] = "none"
    llm_api_key: SecretStr | None = None
    llm_timeout_s: float = Field(default=20.0, gt=0, allow_inf_nan=False)  # of a call with all its retries
    llm_cache_mb: int = Field(default=64, ge=0)  # of answers kept on disk; 0: none
    llm_prices: dict[str, tuple[Amount, Amount]] = {}  # model: price of a million tokens in, and out
    llm_turn_calls: int | None = Field(default=8, ge=1)
    llm_turn_tokens: int | None = Field(default=40_000, ge=1)
    llm_turn_cost: Amount | None = None  # in the currency of llm_prices
    llm_day_calls: int | None = Field(default=None, ge=1)  # of all processes that share the cache folder
    llm_day_tokens: int | None = Field(default=None, ge=1)
    llm_day_cost: Amount | None = None
    data: Annotated[Path, AfterValidator(Path.expanduser)] = Path(
        "aisle-data"
    )  # conversations, behaviour log
    conversation_days: int = Field(default=30, ge=1)  # that a conversation is kept after its last turn
    behavior: bool = True  # whether what shoppers do is logged at all
    behavior_days: int = Field(default=90, ge=1)  # that the log is kept

    serve_keys: Annotated[Path, AfterValidator(Path.expanduser)] | None = None  # file of `aisle keys`
    serve_key_per_minute: int = Field(default=600, ge=1)  # requests of one key
    serve_address_per_minute: int = Field(default=300, ge=1)  # requests of one address without a key
    serve_timeout_s: float = Field(
        default=10.0, gt=0, allow_inf_nan=False
    )  # then partial results are answered
    serve_body_kb: int = Field(default=256, ge=1)
    serve_origins: tuple[str, ...] = ()  # that browsers may call from: CORS is off without any

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int = Field(default=0, ge=0)  # 0: every core

    qdrant_api_key: SecretStr | None = None
    qdrant_timeout_s: float = Field(default=30.0, gt=0, allow_inf_nan=False)
    qdrant_shards: int = Field(default=1, ge=1)
    qdrant_replicas: int = Field(default=1, ge=1)
    quantization: Literal["none", "int8"] = "none"
    on_disk: bool = False  # vectors stay on disk rather than in memory

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, then environment, then file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_config_file())


def load_settings(**overrides: Any) -> Settings:
    """Return the settings in force; an override of `None` counts as not given."""
    _refuse_unknown_variables()
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = "; ".join(_explain(problem, given) for problem in error.errors())
        raise InvalidSettings(problems) from None  # the cause could show a secret
    except (OSError, ValueError) as error:  # a TOML or UTF-8 mistake is a ValueError
        raise InvalidSettings(f"cannot read {_config_file()}: {error}") from error


def _config_file() -> Path:
    chosen = os.environ.get(CONFIG)
    if not chosen:
        return Path("aisle.toml")
    path = Path(chosen).expanduser()
    if not path.is_file():
        raise InvalidSettings(f"{CONFIG} names {chosen}, which is not a file")
    return path


def _refuse_unknown_variables() -> None:
    allowed = [CONFIG, *(PREFIX + name.upper() for name in Settings.model_fields)]
    for variable in sorted(os.environ):
        upper = variable.upper()
        if upper.startswith(PREFIX) and not upper.startswith(TESTS) and upper not in allowed:
            raise InvalidSettings(f"unknown variable {variable}{_closest(upper, allowed, PREFIX)}")


def _closest(name: str, allowed: list[str], prefix: str = "") -> str:
    """Suggest by the part after `prefix`: what all names share makes any two look alike."""
    known = [word.removeprefix(prefix) for word in sorted(allowed)]
    near = difflib.get_close_matches(name.removeprefix(prefix), known, n=1)
    return f"; did you mean {prefix}{near[0]}?" if near else f"; known: {', '.join(sorted(allowed))}"


def _explain(problem: ErrorDetails, given: dict[str, Any]) -> str:
    name = str(problem["loc"][0])
    fields = Settings.model_fields
    if problem["type"] == "extra_forbidden":
        where = "" if name in given else f" in {_config_file()}"
        return f"unknown setting {name}{where}{_closest(name, list(fields))}"
    if name in given:
        origin = name
    elif any(variable.upper() == PREFIX + name.upper() for variable in os.environ):
        origin = PREFIX + name.upper()
    else:
        origin = f"{name} in {_config_file()}"
    secret = "SecretStr" in str(fields[name].annotation)
    value = "" if secret else f" {problem['input']!r}"
    return f"{origin}:{value} is not allowed ({problem['msg'].removeprefix('Value error, ')})"
