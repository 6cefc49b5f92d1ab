"""The seam where what openai, LangChain and the network raise becomes `ModelUnavailable` with a way out.

Keys stay out of messages, also where a server repeats them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from agent.llm.chat import Abandoned
from core.errors import ModelUnavailable

if TYPE_CHECKING:
    from openai import APIConnectionError, APIError, APIStatusError

LONGEST_REASON = 200  # characters of what a server says


@dataclass(frozen=True)
class Endpoint:
    """A model at an OpenAI-compatible address."""

    url: str
    model: str
    api_key: SecretStr | None = None


@contextmanager
def translated(endpoint: Endpoint, timeout_s: float) -> Iterator[None]:
    """Translate what a call to `endpoint` can raise."""
    import openai

    model, url = endpoint.model, endpoint.url
    try:
        yield
    except (TimeoutError, openai.APITimeoutError) as error:
        raise Abandoned(
            f"{model} at {url} did not answer in {timeout_s:g} s; try again, or raise AISLE_LLM_TIMEOUT_S"
        ) from error
    except openai.APIConnectionError as error:
        raise _disconnected(endpoint, error) from error
    except openai.APIStatusError as error:
        raise ModelUnavailable(_refusal(endpoint, error)) from error
    except openai.APIError as error:  # in the middle of a stream
        raise Abandoned(
            f"{url} broke off for {model}{_reason(endpoint, error)}; try again, or change AISLE_LLM"
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:  # JSON, but no completion
        raise ModelUnavailable(
            f"{url} answered without a completion; is it an OpenAI-compatible address?"
        ) from error


def _disconnected(endpoint: Endpoint, error: "APIConnectionError") -> ModelUnavailable:
    import httpx2

    cause: BaseException | None = error
    while cause and not isinstance(cause, httpx2.TransportError):
        cause = cause.__cause__
    if isinstance(cause, httpx2.ReadError | httpx2.RemoteProtocolError):
        return Abandoned(f"{endpoint.url} broke off for {endpoint.model}; try again, or change AISLE_LLM")
    return ModelUnavailable(
        f"{endpoint.url} cannot be reached ({cause or error}); check the address or change AISLE_LLM"
    )


def _refusal(endpoint: Endpoint, error: "APIStatusError") -> str:
    model, url, reason = endpoint.model, endpoint.url, _reason(endpoint, error)
    match error.status_code:
        case 401 | 403:
            return f"{url} refused the key for {model}; set AISLE_LLM_API_KEY"
        case 404:
            return f"{url} has no {model}{reason}; check AISLE_LLM"
        case 429:
            return f"{url} takes no more requests for {model} now{reason}; wait, or change AISLE_LLM"
        case status if status >= 500:
            return f"{url} answered {status} for {model}{reason}; try again later, or change AISLE_LLM"
        case status:
            return f"{url} refused the request for {model} with {status}{reason}; change AISLE_LLM"


def _reason(endpoint: Endpoint, error: "APIError") -> str:
    """What the server gives as its reason, on one line and without the key."""
    said = error.body.get("message") if isinstance(error.body, dict) else None
    if not isinstance(said, str):
        return ""
    key = endpoint.api_key.get_secret_value() if endpoint.api_key else ""
    if key:
        said = said.replace(key, "***")
    plain = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return f" ({plain[:LONGEST_REASON]})" if plain else ""
