"""Prompts are data: TOML files with a version and messages in which `$names` are filled in. Writes none.

A file is checked when it is read: one that lacks a name its code fills in, or has another, is refused.
"""

import tomllib
from collections.abc import Collection
from pathlib import Path
from string import Template

from pydantic import Field, ValidationError

from agent.llm.chat import Message
from core.errors import InvalidSource
from core.record import Record

WAY_OUT = "put it right, or install aisle anew"


class Prompt(Record):
    """A prompt as it was written; `id` says which it was where answers are kept or compared."""

    name: str
    version: int = Field(ge=1)
    messages: tuple[Message, ...] = Field(min_length=1)

    @property
    def id(self) -> str:
        """The name with the version."""
        return f"{self.name}-{self.version}"

    def fill(self, **values: str) -> tuple[Message, ...]:
        """Return the messages with every name replaced; `$` in a value means nothing."""
        return tuple(
            message.model_copy(update={"content": Template(message.content).substitute(values)})
            for message in self.messages
        )


def load_prompt(path: Path, names: Collection[str]) -> Prompt:
    """Read a prompt whose messages must use exactly these names, and end with the user's."""
    try:
        prompt = Prompt(name=path.stem, **tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidSource(
            f"cannot read the prompt {path} ({error.strerror}); install aisle anew"
        ) from error
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise InvalidSource(f"{path}: {where}: {problem['msg']}; {WAY_OUT}") from error
    except (ValueError, TypeError) as error:  # no TOML, no UTF-8, or a name of its own
        raise InvalidSource(f"{path} is not a prompt: {error}; {WAY_OUT}") from error
    if prompt.messages[-1].role != "user":
        raise InvalidSource(f"{path}: the last message must be the user's; {WAY_OUT}")
    templates = [Template(message.content) for message in prompt.messages]
    if not all(template.is_valid() for template in templates):
        raise InvalidSource(f"{path} has a $ without a name, which is written $$; {WAY_OUT}")
    used = {name for template in templates for name in template.get_identifiers()}
    if odd := sorted(used ^ set(names)):
        state = "lacks" if odd[0] in names else "has an unknown"
        raise InvalidSource(f"{path} {state} ${odd[0]}; {WAY_OUT}")
    return prompt
