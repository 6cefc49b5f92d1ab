"""A `ChatModel` behind any OpenAI-compatible address, through LangChain. Counts no costs, keeps no answers.

Only what is meant goes out: no trace to LangSmith, no key, organisation or project of another program.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from agent.llm.background import Background
from agent.llm.chat import Abandoned, Ask, Call, Cancel, Message, Pieces, Reply, Token, Unusable, Usage
from agent.llm.failures import Endpoint, translated

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Request
    from langchain_core.messages import AIMessage
    from langchain_openai import ChatOpenAI

RETRIES = 2  # of 408, 409, 429, 5xx and lost connections: with jitter, or when Retry-After says
CONNECT_S = 5.0
OPENAI = "api.openai.com"  # knows `max_completion_tokens`, which others refuse or ignore
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Emit = Callable[[str], None]


class OpenAIChat:
    """The model at `endpoint`; nothing is asked, nor LangChain imported, before the first call."""

    def __init__(self, endpoint: Endpoint, timeout_s: float, name: str | None = None) -> None:
        self.name = name or endpoint.model
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._background = Background(self.name)
        self._http: AsyncClient | None = None

    def complete(self, ask: Ask, cancel: Cancel | None = None) -> Reply:
        """Return the whole answer."""
        return self._background.result(self._answer(ask), cancel)

    def stream(self, ask: Ask, cancel: Cancel | None = None) -> Pieces:
        """Yield the answer's text as it comes, then the reply."""
        return self._background.pieces(lambda emit: self._answer(ask, emit), cancel)

    def close(self) -> None:
        """End all calls and close the connections."""
        self._background.close(self._disconnect)

    async def _disconnect(self) -> None:
        if self._http:
            await self._http.aclose()

    async def _answer(self, ask: Ask, emit: Emit | None = None) -> Reply:
        if self._http is None:
            self._http = open_http(self._endpoint)
        chat = open_langchain(self._endpoint, ask, self._http)
        timeout_s = ask.timeout_s or self._timeout_s
        messages = [written(message) for message in ask.messages]
        started, first_ms = perf_counter(), None
        with translated(self._endpoint, timeout_s), _untraced():
            async with asyncio.timeout(timeout_s):
                if emit is None:
                    answer = await chat.ainvoke(messages)
                else:
                    answer = None
                    async for chunk in chat.astream(messages):
                        answer = chunk if answer is None else answer + chunk
                        if chunk.text:
                            first_ms = first_ms or _ms_since(started)
                            emit(chunk.text)
        if answer is None or (emit and not answer.response_metadata.get("finish_reason")):
            raise Abandoned(f"{self._endpoint.url} broke off for {self._endpoint.model}; try again")
        usage = _usage(answer)
        text, cut = checked(answer, ask, usage, self.name)
        ms = _ms_since(started)
        calls = called(answer) if ask.tools else ()
        tokens = _tokens(answer) if ask.weighed else ()
        return Reply(
            text=text,
            calls=calls,
            model=self.name,
            usage=usage,
            ms=ms,
            first_ms=first_ms,
            tokens=tokens,
            cut=cut,
        )


def open_langchain(endpoint: Endpoint, ask: Ask, http: "AsyncClient") -> "ChatOpenAI":
    """Return LangChain's client, set for one ask: it knows which models refuse which parameters."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    own = urlsplit(endpoint.url).hostname == OPENAI
    body: dict[str, Any] = {} if own else {"max_tokens": ask.max_tokens}
    if ask.returns:
        body["response_format"] = response_format(ask.returns)
    if ask.tools:
        body |= offered(ask)
    return ChatOpenAI(
        model=endpoint.model,
        base_url=endpoint.url,
        api_key=endpoint.api_key or SecretStr("none"),  # otherwise it takes OPENAI_API_KEY
        http_async_client=http,
        openai_proxy=None,
        max_retries=RETRIES,
        temperature=ask.temperature,
        seed=ask.seed,
        logprobs=True if ask.weighed else None,
        top_logprobs=ask.weighed or None,
        max_completion_tokens=ask.max_tokens if own else None,
        extra_body=body or None,
        stream_usage=True,
        stream_chunk_timeout=None,  # the whole call has one
        use_responses_api=False,
        output_version="v0",
        cache=False,
    )


def open_http(endpoint: Endpoint) -> "AsyncClient":
    """Return the connections: through the proxy of the environment, unless the model is on this machine."""
    import httpx2

    async def only_what_is_meant(request: "Request") -> None:
        for header in ("OpenAI-Organization", "OpenAI-Project"):
            request.headers.pop(header, None)
        if endpoint.api_key is None:
            request.headers.pop("Authorization", None)

    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(None, connect=CONNECT_S),
        trust_env=urlsplit(endpoint.url).hostname not in LOOPBACK,
        event_hooks={"request": [only_what_is_meant]},
    )


def response_format(returns: type[BaseModel]) -> dict[str, Any]:
    """Describe a record as the answer's form; `strict` where OpenAI's strict mode takes its schema."""
    schema = returns.model_json_schema()
    described = {"name": returns.__name__, "schema": schema, "strict": _is_strict(schema)}
    return {"type": "json_schema", "json_schema": described}


def offered(ask: Ask) -> dict[str, Any]:
    """Describe the tools of an ask, one of which has to be called."""
    tools = [{"type": "function", "function": tool.model_dump()} for tool in ask.tools]
    return {"tools": tools, "tool_choice": "required"}


def written(message: Message) -> dict[str, Any]:
    """Write a message as the protocol has it; arguments that are no JSON as none, for servers parse them."""
    said: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        said["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
            for call in message.calls
            for arguments in [call.arguments if call.object is not None else "{}"]
        ]
    if message.role == "tool":
        said["tool_call_id"] = message.call_id
    return said


def called(answer: "AIMessage") -> tuple[Call, ...]:
    """Return the calls in an answer, also those whose arguments are no JSON; one without an id gets one."""
    calls = [(call["id"], call["name"], json.dumps(call["args"])) for call in answer.tool_calls]
    calls += [(call["id"], call["name"] or "", call["args"] or "") for call in answer.invalid_tool_calls]
    return tuple(
        Call(id=id or f"call-{place}", name=name, arguments=arguments)
        for place, (id, name, arguments) in enumerate(calls)
    )


def checked(answer: "AIMessage", ask: Ask, usage: Usage | None, name: str) -> tuple[str, bool]:
    """Return the text and whether it was cut, or raise `Unusable`."""
    text, why = answer.text, answer.response_metadata.get("finish_reason")
    way_out = "ask differently, or change AISLE_LLM"
    if answer.additional_kwargs.get("refusal") or why == "content_filter":
        raise Unusable(f"{name} refused to answer; {way_out}", usage)
    calls = called(answer)
    if calls and ask.tools:
        return text, why == "length"
    if not text.strip():
        did = f"called {calls[0].name!r}, which it was not offered" if calls else "answered nothing"
        raise Unusable(f"{name} {did}; {way_out}", usage)
    if ask.returns:
        try:
            ask.returns.model_validate_json(text)
        except ValidationError as error:
            if why == "length":
                raise Unusable(
                    f"{name} needs more than {ask.max_tokens} tokens; allow more", usage
                ) from error
            problem = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, problem["loc"])) or "its JSON"
            raise Unusable(
                f"{name} answered in another form ({where}: {problem['msg']}); {way_out}", usage
            ) from error
    return text, why == "length"


def _is_strict(schema: Any) -> bool:
    """Every object names all its properties as required and allows no others."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if isinstance(schema.get("properties"), Mapping) and (
        schema.get("additionalProperties") is not False
        or set(schema["properties"]) != set(schema.get("required", ()))
    ):
        return False
    return all(map(_is_strict, schema.values()))


def _usage(answer: "AIMessage") -> Usage | None:
    counted = answer.usage_metadata
    if not counted or not counted["input_tokens"]:
        return None
    known = counted.get("input_token_details", {}).get("cache_read") or 0
    return Usage(prompt=counted["input_tokens"], completion=counted["output_tokens"], cached=known)


def _tokens(answer: "AIMessage") -> tuple[Token, ...]:
    """The tokens with their alternatives; none from a server that does not tell them."""
    told = (answer.response_metadata.get("logprobs") or {}).get("content") or ()
    return tuple(
        Token(
            text=one["token"],
            alternatives={other["token"]: other["logprob"] for other in one.get("top_logprobs") or ()},
        )
        for one in told
    )


def _ms_since(started: float) -> float:
    return (perf_counter() - started) * 1e3


@contextmanager
def _untraced() -> Iterator[None]:
    """LangSmith traces whatever its environment variables say, with all prompts; not here."""
    from langsmith.run_helpers import tracing_context

    with tracing_context(enabled=False):
        yield
