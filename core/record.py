"""The base of every record that crosses a room's border: frozen, strict about names, never a dict."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable value; an unknown field is an error, so a renamed one cannot be lost in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
