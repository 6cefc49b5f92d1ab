"""LangChain's agent over our own seams: a `ChatModel` decides, capabilities act. Judges nothing.

Budget, cancellation and failures stay the `ChatModel`'s: what it raises comes out as it was raised.
"""

import json
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, hook_config
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, InvalidToolCall, ToolCall, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langsmith.run_helpers import tracing_context

from agent.llm.chat import Ask, Call, Cancel, ChatModel, Message, Reply, Tool
from tools.calling import Capability, Outcome
from tools.langchain_tools import AGAIN, CapabilityTool, langchain_tools

# In their order, as they are told; who listens ends it long before the limit.
ONE_BY_ONE: Any = {"max_concurrency": 1, "recursion_limit": 200}
LONGEST_WRITTEN = 10_000  # characters
MOST_WRITTEN = 6  # calls; who writes them out easily goes on and on
DECODER = json.JSONDecoder()
ROLES = {"system": "system", "human": "user", "ai": "assistant", "tool": "tool"}


class Decided(NamedTuple):
    """What the model answered: how many tools it called, and the tokens it took."""

    calls: int
    tokens: int


class Done(NamedTuple):
    """A call that was made, or why it was not: `unheard` if there is no such tool or no arguments."""

    tool: str
    outcome: Outcome | None
    problem: str = ""
    unheard: bool = False


class SeamModel(BaseChatModel):
    """A `ChatModel` as LangChain knows models; it has to call a tool every time."""

    model: Any  # a ChatModel; pydantic cannot check protocols
    cancel: Any = None
    prompt: str
    max_tokens: int
    seconds_left: Callable[[], float]
    offers: Callable[[str], bool]
    tools: tuple[Tool, ...] = ()

    @property
    def _llm_type(self) -> str:
        return "aisle"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> "SeamModel":
        """The model with tools to call."""
        offered = [tool.capability for tool in tools if isinstance(tool, CapabilityTool)]
        return self.model_copy(
            update={
                "tools": tuple(
                    Tool(name=one.name, description=one.description, parameters=one.parameters)
                    for one in offered
                )
            }
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002  theirs
        run_manager: Any = None,  # noqa: ARG002
        **_: Any,
    ) -> ChatResult:
        ask = Ask(
            messages=tuple(map(_message, messages)),
            tools=tuple(tool for tool in self.tools if self.offers(tool.name)),
            max_tokens=self.max_tokens,
            prompt=self.prompt,
            timeout_s=max(0.001, self.seconds_left()),
        )
        reply: Reply = self.model.complete(ask, self.cancel)
        calls = reply.calls or written_calls(reply.text, {tool.name for tool in ask.tools}, len(messages))
        return ChatResult(generations=[ChatGeneration(message=_answer(reply, calls))])


class Malformed(AgentMiddleware[Any, Any]):
    """Answers calls whose arguments are no JSON; by itself the agent would take them for its end."""

    @hook_config(can_jump_to=["model"])
    def after_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:  # noqa: ARG002  theirs
        """Tell the model, and ask it again unless other calls are to be made first."""
        last = state["messages"][-1]
        told = [
            ToolMessage(
                f"{AGAIN}: the arguments are no JSON object",
                name=call["name"],
                tool_call_id=call["id"],
                status="error",
                additional_kwargs={"unheard": True},
            )
            for call in last.invalid_tool_calls
        ]
        if not told:
            return None
        return {"messages": told} if last.tool_calls else {"messages": told, "jump_to": "model"}


def converse(
    model: ChatModel,
    messages: Sequence[Message],
    capabilities: Iterable[Capability],
    *,
    prompt: str,
    max_tokens: int,
    seconds_left: Callable[[], float],
    offers: Callable[[str], bool],
    cancel: Cancel | None = None,
) -> Generator[Decided | Done, None, None]:
    """Let the model call tools, and yield what it decides and what is done; it ends when nobody listens.

    Each time it is asked, `offers` says by name which of the tools it is shown.
    """
    tools = langchain_tools(capabilities)
    seam = SeamModel(
        model=model,
        cancel=cancel,
        prompt=prompt,
        max_tokens=max_tokens,
        seconds_left=seconds_left,
        offers=offers,
        cache=False,
    )
    agent = create_agent(seam, tools, middleware=[Malformed()])
    said: Any = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
    names = {tool.name for tool in tools}
    updates: Any = agent.stream(said, ONE_BY_ONE, stream_mode="updates")
    with closing(updates):
        while update := _untraced(updates):
            for changed in update.values():
                for message in (changed or {}).get("messages", ()):
                    yield _event(message, names)


def _untraced(updates: Any) -> Any:
    """The next update. What turns LangSmith off is a context variable: who goes on may be another thread."""
    with tracing_context(enabled=False):
        return next(updates, None)


def _event(message: BaseMessage, names: set[str]) -> Decided | Done:
    if isinstance(message, AIMessage):
        used = message.usage_metadata
        calls = len(message.tool_calls) + len(message.invalid_tool_calls)
        return Decided(calls, used["total_tokens"] if used else 0)
    name, status = message.name or "", getattr(message, "status", "")
    if status == "error":
        unheard = name not in names or bool(message.additional_kwargs.get("unheard"))
        return Done(name, None, message.text, unheard)
    return Done(name, getattr(message, "artifact", None))


def _message(message: BaseMessage) -> Message:
    calls: tuple[Call, ...] = ()
    if isinstance(message, AIMessage):
        made = [(c["id"], c["name"], json.dumps(c["args"])) for c in message.tool_calls]
        made += [(c["id"], c["name"] or "", c["args"] or "") for c in message.invalid_tool_calls]
        calls = tuple(Call(id=id or "", name=name, arguments=said) for id, name, said in made)
    answers = message.tool_call_id if isinstance(message, ToolMessage) else ""
    return Message.model_validate(
        {"role": ROLES[message.type], "content": message.text, "calls": calls, "call_id": answers}
    )


def written_calls(text: str, names: set[str], turn: int) -> tuple[Call, ...]:
    """The calls that an answer writes out instead of making them, as small models do behind many servers:
    objects with the name of a tool and its arguments.
    """
    calls: dict[tuple[str, str], Call] = {}
    text = text[:LONGEST_WRITTEN]
    at = text.find("{")
    while at >= 0:
        try:
            said, end = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            said, end = None, at + 1
        if isinstance(said, dict) and said.get("name") in names and isinstance(said.get("arguments"), dict):
            name, arguments = said["name"], json.dumps(said["arguments"])
            id = f"written-{turn}-{len(calls)}"
            calls.setdefault((name, arguments), Call(id=id, name=name, arguments=arguments))
        at = text.find("{", end)
    return tuple(calls.values())[:MOST_WRITTEN]


def _answer(reply: Reply, calls: Iterable[Call]) -> AIMessage:
    heard: list[ToolCall] = []
    unheard: list[InvalidToolCall] = []
    for call in calls:
        arguments = call.object
        if arguments is None:
            unheard.append(
                InvalidToolCall(
                    type="invalid_tool_call", id=call.id, name=call.name, args=call.arguments, error=None
                )
            )
        else:
            heard.append(ToolCall(type="tool_call", id=call.id, name=call.name, args=arguments))
    usage = reply.usage
    counted = usage and UsageMetadata(
        input_tokens=usage.prompt,
        output_tokens=usage.completion,
        total_tokens=usage.prompt + usage.completion,
    )
    text = reply.text if reply.calls or not heard else ""  # the calls were the text
    return AIMessage(text, tool_calls=heard, invalid_tool_calls=unheard, usage_metadata=counted)
