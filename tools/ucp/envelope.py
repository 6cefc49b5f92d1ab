"""The protocol's own part of every answer, and refusals. Knows neither HTTP nor MCP."""

from core.errors import AisleError, TryAgain
from tools.messages import Message, Severity
from tools.ucp import EXTENSION, EXTENSION_VERSION, LOOKUP, SEARCH, VERSION
from tools.ucp.shapes import Envelope, Refusal


def envelope(capability: str) -> Envelope:
    """Of an answer that is one."""
    return Envelope(
        version=VERSION,
        status="success",
        capabilities={
            capability: ({"version": VERSION},),
            EXTENSION: ({"version": EXTENSION_VERSION, "extends": capability},),
        },
    )


def refusal(code: str, content: str, severity: Severity, capability: str = LOOKUP) -> Refusal:
    """Of an answer that there is not."""
    said = Message(type="error", code=code, content=content, severity=severity)
    failed = Envelope(version=VERSION, status="error", capabilities={capability: ({"version": VERSION},)})
    return Refusal(ucp=failed, messages=(said,))


def refused(error: AisleError, capability: str = SEARCH) -> Refusal:
    """An error as the protocol tells it: whether other arguments would help is in the severity and code."""
    if isinstance(error, TryAgain):
        return refusal("invalid_request", str(error), "recoverable", capability)
    return refusal("unavailable", str(error), "unrecoverable", capability)
