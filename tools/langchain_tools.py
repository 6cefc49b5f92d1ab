"""Capabilities, and the functions of the table, as LangChain tools. Adds nothing to them but the form."""

import json
from collections.abc import Iterable
from typing import Any

from langchain_core.tools import BaseTool, ToolException

from core.errors import TryAgain
from tools.calling import Capability, Outcome
from tools.functions import Caller, Function

AGAIN = "try again differently"


class CapabilityTool(BaseTool):
    """A capability; the `Outcome` is its message's artifact, a mistake is told as text to try again."""

    capability: Capability

    def _run(self, /, **arguments: Any) -> tuple[str, Outcome]:
        """Call it. Models invent argument names: `self` is only safe from them by its position."""
        try:
            outcome = self.capability.call(arguments)
        except TryAgain as error:
            raise ToolException(f"{AGAIN}: {error}") from error
        return outcome.text, outcome


def langchain_tools(capabilities: Iterable[Capability]) -> list[CapabilityTool]:
    """A tool for each of them."""
    return [
        CapabilityTool(
            name=capability.name,
            description=capability.description,
            args_schema=dict(capability.parameters),
            response_format="content_and_artifact",
            handle_tool_error=True,
            capability=capability,
        )
        for capability in capabilities
    ]


class FunctionTool(BaseTool):
    """A function of the table; its message is the answer as JSON, with the answer itself as artifact."""

    function: Function
    caller: Caller

    def _run(self, /, **arguments: Any) -> tuple[str, dict[str, Any]]:
        """Call it."""
        try:
            answer = self.function.call(arguments, self.caller)
        except TryAgain as error:
            raise ToolException(f"{AGAIN}: {error}") from error
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")), answer


def function_tools(functions: Iterable[Function], caller: Caller) -> list[FunctionTool]:
    """A tool for each of them, called in the name of one caller."""
    return [
        FunctionTool(
            name=function.name,
            description=function.description,
            args_schema=dict(function.takes),
            response_format="content_and_artifact",
            handle_tool_error=True,
            function=function,
            caller=caller,
        )
        for function in functions
    ]
