"""Models from Hugging Face, for those who are online: what a repository holds, and its data files.

Only safetensors and text are fetched, no pickle and no code, and every file is checked against the hub's
own digests.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import Literal

from pydantic import ValidationError

from core.errors import ModelMissing
from core.manifest import DATA_FILES, Artifact, DataFile, HubSource
from core.settings import Settings

OTHER_FORMATS = ("onnx", "openvino")  # folders of the same weights again


def describe_repo(repo: str, settings: Settings) -> Artifact:
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


def download_repo(artifact: Artifact, source: HubSource, settings: Settings, into: Path) -> None:
    """Fetch the artifact's files at its commit."""
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
    rmtree(into / ".cache", ignore_errors=True)  # the library's bookkeeping


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
