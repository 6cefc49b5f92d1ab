"""Capabilities as LangChain tools, for agents built with it. Adds nothing to them but the form."""

from collections.abc import Iterable
from typing import Any

from langchain_core.tools import BaseTool, ToolException

from core.errors import TryAgain
from tools.calling import Capability, Outcome

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
