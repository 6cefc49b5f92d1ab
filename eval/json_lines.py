"""Records from a file of JSON lines, each with an id of its own. What they mean is the caller's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from core.errors import InvalidSource
from eval.trec import lines


class _Named(Protocol):
    @property
    def id(self) -> str: ...


Noted = TypeVar("Noted", bound=_Named)


def read_json_lines(
    path: Path, validate: Callable[[Any], Noted], what: str, shape: str = ""
) -> tuple[Noted, ...]:
    """Every line validated; `what` a line holds and the `shape` of one are said of a line that is wrong."""
    found: dict[str, Noted] = {}
    for number, line in lines(path):
        place = f"{path}:{number}"
        try:
            noted = validate(json.loads(line))
        except json.JSONDecodeError as error:
            raise InvalidSource(f"{place}: not JSON ({error.msg})") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or what
            hint = f"; a line is {shape}" if shape else ""
            raise InvalidSource(f"{place}: {field}: {first['msg']}{hint}") from error
        if noted.id in found:
            raise InvalidSource(f"{place}: {what} {noted.id} is there twice")
        found[noted.id] = noted
    return tuple(found.values())
